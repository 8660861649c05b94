/* FreeBSD on amd64: the system's rows and what its programs expect at their start, at a
 * call and at a signal.  Sources: sys/kern/imgact_elf.c, sys/kern/kern_exec.c,
 * sys/amd64/amd64/exec_machdep.c, vm_machdep.c, trap.c, sigtramp.S; FreeBSD 15 and 13.2. */
#include "syscalls/personality.h"

#include "personalities/freebsd/capability.h"
#include "personalities/freebsd/core.h"
#include "personalities/freebsd/errno.h"
#include "personalities/freebsd/inotify.h"
#include "personalities/freebsd/start.h"
#include "personalities/freebsd/types.h"
#include "syscalls/engine.h"
#include "syscalls/process.h"
#include "syscalls/signal.h"

#include <asm/signal.h>
#include <linux/mman.h>
#include <string.h>

/* ---- Rows ------------------------------------------------------------------------- */

#define ROWS "personalities/freebsd/syscalls.def"
#include "syscalls/declare.h"

static const struct row rows[] = {
#include "personalities/freebsd/syscalls.def"
};

static const struct signal signals[] = {
#define SIGNAL(g, h, d, n) {.guest = (g), .host = (h), .by_default = SIGNAL_##d, .name = (n)},
#include "personalities/freebsd/signals.def"
#undef SIGNAL
};

/* ---- Releases ------------------------------------------------------------------------ */

/* __FreeBSD_version: 1402000 is 14.2. */
static void release_name(uint32_t release, char *buf, size_t size)
{
	uint32_t parts[] = {release / 100000, release / 1000 % 100};
	char text[32];
	size_t n = 0;

	for (size_t i = 0; i < COUNT(parts); i++) {
		if (parts[i] >= 10)
			text[n++] = (char)('0' + parts[i] / 10 % 10);
		text[n++] = (char)('0' + parts[i] % 10);
		text[n++] = i == 0 ? '.' : '-';
	}
	memcpy(text + n, "RELEASE", sizeof "RELEASE");
	n += sizeof "RELEASE";
	if (size)
		memcpy(buf, text, n < size ? n : size);
	if (n > size && size)
		buf[size - 1] = 0;
}

/* ---- Calls ------------------------------------------------------------------------------ */

/* Numbers 0 and 198 are the call whose number is their first argument. */
#define SYS_SYSCALL 0
#define SYS___SYSCALL 198

static unsigned fetch_registers(struct call *c)
{
	const struct regs *r = &c->thread->regs;

	c->nr = (uint32_t)r->rax;
	if (__builtin_expect(c->nr == SYS_SYSCALL || c->nr == SYS___SYSCALL, false)) {
		const uint64_t shifted[] = {r->rsi, r->rdx, r->r10, r->r8, r->r9};

		c->nr = (uint32_t)r->rdi;
		memcpy(c->a, shifted, sizeof shifted);
		return COUNT(shifted);
	}
	c->a[0] = r->rdi;
	c->a[1] = r->rsi;
	c->a[2] = r->rdx;
	c->a[3] = r->r10;
	c->a[4] = r->r8;
	c->a[5] = r->r9;
	return 6;
}

static int fetch(struct call *c)
{
	unsigned n = fetch_registers(c);

	c->row = find_row(c->personality, c->nr);
	/* More arguments are on the stack, above the return address: read only if declared. */
	if (c->row && c->row->args[n].pass)
		return get_guest(c, c->a + n, c->thread->regs.rsp + 8,
				 (MAX_ARGS - n) * sizeof c->a[0]);
	return 0;
}

static uint16_t errno_of(long error)
{
	enum { EINVAL_ = 22 };
	unsigned long n = (unsigned long)-error;

	return n < COUNT(freebsd_errnos) && freebsd_errnos[n] ? freebsd_errnos[n] : EINVAL_;
}

static void leave(struct call *c, long result)
{
	struct regs *r = &c->thread->regs;
	bool as_value = c->row && (c->row->flags & ROW_POSIX_ERROR);

	if (is_error(result) && !as_value) {
		r->rax = errno_of(result);
		r->rflags |= FLAG_CARRY;
		return;
	}
	r->rax = is_error(result) ? errno_of(result) : (uint64_t)result;
	if (c->has_second)
		r->rdx = c->second;
	r->rflags &= ~FLAG_CARRY;
}

#define SYSCALL_LENGTH 2 /* 0f 05 */

static void restart(struct call *c)
{
	c->thread->regs.rip -= SYSCALL_LENGTH;
}

/* x86_set_fork_retval: the child sees 0, and 1 in the second register. */
static void leave_child(struct call *c)
{
	struct regs *r = &c->thread->regs;

	r->rax = 0;
	r->rdx = 1;
	r->rflags &= ~FLAG_CARRY;
}

/* ---- Signals ------------------------------------------------------------------------------------ */

/* Offsets within mcontext_t (x86/ucontext.h), of 800 bytes. */
struct mcontext {
	uint64_t onstack;
	uint64_t rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
	uint32_t trap;
	uint16_t fs, gs;
	uint64_t address;
	uint32_t flags;
	uint16_t es, ds;
	uint64_t error, rip, cs, rflags, rsp, ss;
	uint64_t length, fp_format, fp_owned;
	uint8_t fp[512];
	uint64_t fsbase, gsbase, xfpu, xfpu_length, tlsbase;
	uint64_t spare[3];
};
_Static_assert(sizeof(struct mcontext) == 800, "mcontext_t");
_Static_assert(offsetof(struct mcontext, rip) == 160, "mc_rip");
_Static_assert(offsetof(struct mcontext, fp) == 224, "mc_fpstate");
_Static_assert(offsetof(struct mcontext, fsbase) == 736, "mc_fsbase");

struct ucontext {
	struct sigset mask;
	struct mcontext m;
	uint64_t link;
	uint64_t stack_base, stack_size;
	uint32_t stack_flags, pad;
	uint32_t flags;
	uint32_t spare[7];
};
_Static_assert(sizeof(struct ucontext) == 880, "ucontext_t");
_Static_assert(offsetof(struct ucontext, stack_base) == 824, "uc_stack");

struct frame {
	uint64_t handler, pad;
	struct ucontext uc;
	uint8_t siginfo[80];
};
_Static_assert(sizeof(struct frame) == 976, "struct sigframe");

enum {
	MC_HASSEGS = 1,
	MC_HASBASES = 2,
	MC_HASFPXSTATE = 4,
	MC_HASTLSBASE = 8,
	MC_KNOWN = 15,
	MC_FPFMT_XMM = 0x10002,
	MC_FPOWNED_NONE = 0x20000,
	MC_FPOWNED_FPU = 0x20001,
	MC_FPOWNED_PCB = 0x20002,
};
/* sys/amd64: GSEL of the user's selectors, as the system numbers them. */
enum { FREEBSD_CS = 0x43, FREEBSD_SS = 0x3b, FREEBSD_FS = 0x13, FREEBSD_GS = 0x1b };

#define RED_ZONE 128
#define FLAG_TRAP 0x100UL
#define FLAG_DIRECTION 0x400UL
#define LEGACY_VECTORS 512

static void fill_mcontext(struct thread *t, const struct signal_info *info, struct mcontext *m)
{
	const struct regs *r = &t->regs;

	*m = (struct mcontext){
		.onstack = signal_on_altstack(t),
		.rdi = r->rdi,
		.rsi = r->rsi,
		.rdx = r->rdx,
		.rcx = r->rcx,
		.r8 = r->r8,
		.r9 = r->r9,
		.rax = r->rax,
		.rbx = r->rbx,
		.rbp = r->rbp,
		.r10 = r->r10,
		.r11 = r->r11,
		.r12 = r->r12,
		.r13 = r->r13,
		.r14 = r->r14,
		.r15 = r->r15,
		.rip = r->rip,
		.rflags = r->rflags,
		.rsp = r->rsp,
		.cs = FREEBSD_CS,
		.ss = FREEBSD_SS,
		.ds = FREEBSD_SS,
		.es = FREEBSD_SS,
		.fs = FREEBSD_FS,
		.gs = FREEBSD_GS,
		.trap = (uint32_t)info->trap,
		.error = info->fault_error,
		.address = info->is_fault ? info->address : 0,
		.flags = MC_HASSEGS | MC_HASFPXSTATE,
		.length = sizeof *m,
		.fp_format = MC_FPFMT_XMM,
		.fp_owned = MC_FPOWNED_FPU,
		.fsbase = engine_get_base(t, 0),
		.gsbase = engine_get_base(t, 1),
		.xfpu_length = engine_vector_size() - LEGACY_VECTORS,
	};
}

static void fill_ucontext(struct thread *t, const struct signal_info *info, struct ucontext *uc)
{
	*uc = (struct ucontext){
		.mask = t->mask,
		.stack_base = t->altstack_base,
		.stack_size = t->altstack_size,
		.stack_flags = t->altstack_disabled    ? 4
			       : signal_on_altstack(t) ? 1
						       : 0,
	};
	fill_mcontext(t, info, &uc->m);
}

static void enter_handler(struct thread *t, const struct signal_info *info, const struct action *a,
			  uint64_t frame)
{
	struct regs *r = &t->regs;

	r->rdi = (uint64_t)info->number;
	r->rsi = a->flags & ACTION_SIGINFO ? frame + offsetof(struct frame, siginfo)
					   : (uint64_t)(int64_t)info->code;
	r->rdx = frame + offsetof(struct frame, uc);
	r->rcx = info->address;
	r->rsp = frame;
	r->rip = t->process->trampoline;
	r->rflags &= ~(FLAG_TRAP | FLAG_DIRECTION);
}

int freebsd_siginfo(struct call *c, const struct signal_info *info, void *to)
{
	return to_guest(c, &type_siginfo, info, to);
}

/* sendsig() */
static int push_signal(struct thread *t, const struct signal_info *info, const struct action *a)
{
	struct call c = {.thread = t, .personality = t->process->personality};
	struct frame f = {.handler = a->handler};
	uint64_t sp, at;
	int e;

	fill_ucontext(t, info, &f.uc);
	if (!t->altstack_disabled && !signal_on_altstack(t) && (a->flags & ACTION_ONSTACK))
		sp = t->altstack_base + t->altstack_size;
	else
		sp = t->regs.rsp - RED_ZONE;
	sp = (sp - f.uc.m.xfpu_length) & ~63UL;
	f.uc.m.xfpu = sp;
	at = (sp - sizeof f) & ~15UL;
	if (a->flags & ACTION_SIGINFO) {
		e = freebsd_siginfo(&c, info, f.siginfo);
		if (e < 0)
			return e;
	}
	e = thread_put(t, at, &f, sizeof f);
	if (e == 0)
		e = engine_save_vectors(t, at + offsetof(struct frame, uc.m.fp), f.uc.m.xfpu,
					f.uc.m.xfpu_length);
	if (e == 0)
		enter_handler(t, info, a, at);
	return e;
}

static int restore_vectors(struct thread *t, const struct mcontext *m, uint64_t at)
{
	bool more = m->flags & MC_HASFPXSTATE;

	if (m->fp_format != MC_FPFMT_XMM && m->fp_owned != MC_FPOWNED_NONE)
		return -EINVAL;
	if (m->fp_owned == MC_FPOWNED_NONE) {
		engine_reset_vectors(t);
		return 0;
	}
	if (m->fp_owned != MC_FPOWNED_FPU && m->fp_owned != MC_FPOWNED_PCB)
		return -EINVAL;
	return engine_load_vectors(t, at + offsetof(struct mcontext, fp), more ? m->xfpu : 0,
				   more ? m->xfpu_length : 0);
}

/* The flags a program may set for itself; the rest (I/O level, VM) stay as they are. */
#define FLAGS_USER 0x254dd5UL /* CF PF AF ZF SF TF DF OF NT AC ID */

static int restore(struct call *c, const struct ucontext *uc, uint64_t at)
{
	const struct mcontext *m = &uc->m;
	struct thread *t = c->thread;
	int e;

	if ((m->flags & ~(uint32_t)MC_KNOWN) || (m->cs & 3) != 3 ||
	    (m->rflags & ~(FLAGS_USER | FLAGS_INITIAL)) || m->rip >> 47)
		return -EINVAL;
	e = restore_vectors(t, m, at + offsetof(struct ucontext, m));
	if (e < 0)
		return e;
	t->regs = (struct regs){
		.rdi = m->rdi,
		.rsi = m->rsi,
		.rdx = m->rdx,
		.rcx = m->rcx,
		.r8 = m->r8,
		.r9 = m->r9,
		.rax = m->rax,
		.rbx = m->rbx,
		.rbp = m->rbp,
		.r10 = m->r10,
		.r11 = m->r11,
		.r12 = m->r12,
		.r13 = m->r13,
		.r14 = m->r14,
		.r15 = m->r15,
		.rip = m->rip,
		.rsp = m->rsp,
		.rflags = (m->rflags & FLAGS_USER) | FLAGS_INITIAL,
	};
	signal_set_mask(c, &uc->mask);
	return 0;
}

/* As the kernel: a bad base is not reported. */
static void restore_base(struct thread *t, const struct mcontext *m)
{
	if (m->fsbase != engine_get_base(t, 0))
		(void)engine_set_base(t, 0, m->fsbase);
}

/* sigreturn(ucontext) */
TRANSLATOR(sigreturn)
{
	struct ucontext uc;
	int e = get_guest(c, &uc, c->a[0], sizeof uc);

	if (e == 0)
		e = restore(c, &uc, c->a[0]);
	if (e < 0)
		return e;
	restore_base(c->thread, &uc.m);
	return CALL_DONE;
}

/* getcontext, setcontext and swapcontext: the same structure without the vector state's second
 * part, which the library asks sysarch for if it has room.  The bases are told, and are a
 * context's own only if somebody marks them so: another thread may go on with it. */
static int save_context(struct call *c, uint64_t to)
{
	static const struct signal_info none;
	struct ucontext uc;
	int e;

	fill_ucontext(c->thread, &none, &uc);
	uc.m.rax = 0;
	uc.m.rdx = 0;
	uc.m.rflags &= ~FLAG_CARRY;
	uc.m.flags = MC_HASSEGS;
	uc.m.xfpu_length = 0;
	e = put_guest(c, to, &uc, offsetof(struct ucontext, spare));
	if (e < 0)
		return e;
	return engine_save_vectors(c->thread, to + offsetof(struct ucontext, m.fp), 0, 0);
}

static long load_context(struct call *c, uint64_t from)
{
	struct ucontext uc;
	int e = get_guest(c, &uc, from, sizeof uc);

	if (e == 0)
		e = restore(c, &uc, from);
	if (e < 0)
		return e;
	if (uc.m.flags & MC_HASBASES)
		restore_base(c->thread, &uc.m);
	return CALL_DONE;
}

TRANSLATOR(getcontext)
{
	return c->a[0] ? save_context(c, c->a[0]) : -EINVAL;
}

TRANSLATOR(setcontext)
{
	return c->a[0] ? load_context(c, c->a[0]) : -EINVAL;
}

TRANSLATOR(swapcontext)
{
	int e = c->a[0] && c->a[1] ? save_context(c, c->a[0]) : -EINVAL;

	return e < 0 ? e : load_context(c, c->a[1]);
}

/* trap.c: trap_user().  Trap numbers are the system's own (x86/trap.h), by the processor's. */
static void describe_fault(struct signal_info *info)
{
	enum { BUS_OBJERR = 3, SIGFPE_ = 8, SIGBUS_ = 10 };
	enum { LINUX_INTDIV = 1, LINUX_INTOVF = 2, FPE_INTOVF = 1, FPE_INTDIV = 2 };
	static const uint8_t traps[] = {
		[0] = 18, [1] = 10,  [2] = 19, [3] = 3,	  [4] = 23,  [5] = 24,
		[6] = 1,  [7] = 22,  [8] = 23, [10] = 26, [11] = 27, [12] = 26,
		[13] = 9, [14] = 12, [16] = 6, [17] = 14, [19] = 29,
	};
	enum { PAGE_FAULT = 14, GENERAL_PROTECTION = 13, LINUX_SI_KERNEL = 0x80 };

	if (info->trap == GENERAL_PROTECTION && info->host_code == LINUX_SI_KERNEL) {
		info->number = SIGBUS_;
		info->code = BUS_OBJERR;
	}
	if (info->host_code == LINUX_SI_KERNEL && info->trap != GENERAL_PROTECTION)
		info->code = 1; /* TRAP_BRKPT, ILL_ILLOPC: the first of each kind */
	if (info->number == SIGFPE_ && info->code <= LINUX_INTOVF)
		info->code = info->code == LINUX_INTDIV ? FPE_INTDIV : FPE_INTOVF;
	if (info->number == SIGBUS_ && info->trap == PAGE_FAULT)
		info->code = BUS_OBJERR;
	if ((unsigned)info->trap < COUNT(traps))
		info->trap = traps[info->trap];
}

PERSONALITY(freebsd) = {
	.name = "freebsd",
	.title = "FreeBSD",
	.core = &freebsd_core,
	.brand = {.osabi = 9,
		  .note = "FreeBSD",
		  .note_type = 1,
		  .old_brand = "FreeBSD",
		  .interpreters = {"/libexec/ld-elf.so.1", "/usr/libexec/ld-elf.so.1"}},
	.rows = rows,
	.n_rows = COUNT(rows),
	.errnos = freebsd_errnos,
	.n_errnos = COUNT(freebsd_errnos),
	.errno_names = freebsd_errno_names,
	.n_errno_names = COUNT(freebsd_errno_names),
	.signals = signals,
	.n_signals = COUNT(signals),
	.max_signal = 128,
	.tid_offset = TID_BASE,
	.no_call_signal = 12, /* SIGSYS: kern_sig.c, nosys() */
	.default_release = 1402000,
	.default_release_name = "14.2-RELEASE",
	.release_unit = 1000,
	.release_major = 100000,
	.release_name = release_name,
	.fetch = fetch,
	.error_flag = FLAG_CARRY,
	.leave = leave,
	.restart = restart,
	.leave_child = leave_child,
	.guard = freebsd_guard,
	.guard_hand_over = freebsd_guard_hand_over,
	.guard_take_up = freebsd_guard_take_up,
	.copy_state = freebsd_copy_state,
	.start = freebsd_start,
	.push_signal = push_signal,
	.describe_fault = describe_fault,
};
REGISTER_PERSONALITY(freebsd);

int freebsd_host_clock(struct call *c, uint32_t guest, uint64_t *host)
{
	return value_to_host(c, &type_clock, guest, host);
}
