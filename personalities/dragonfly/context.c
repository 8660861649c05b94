/* Signal frames: sys/platform/pc64/x86_64/machdep.c (sendsig, sys_sigreturn), npx.c (npxpush, npxpop) and
 * trap.c; cpu/x86_64/include/ucontext.h and sigframe.h; DragonFly 5.9.
 *
 * A context's vector state is told as that of a processor without wider registers (_MC_FPFMT_XMM); what
 * there is beyond lies above the frame (syscalls/vectors.h).  getcontext and its relatives are the library's
 * own, which goes back to a context by sigreturn. */
#include "personalities/dragonfly/context.h"

#include "personalities/dragonfly/custom.h"
#include "personalities/dragonfly/start.h"
#include "syscalls/engine.h"
#include "syscalls/signal.h"
#include "syscalls/vectors.h"

#include <string.h>

struct mcontext {
	uint64_t onstack;
	uint64_t rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
	uint64_t xflags, trap, address, flags, error, rip, cs, rflags, rsp, ss;
	uint32_t length, fp_format, fp_owned, reserved, unused[8];
	uint8_t fp[1024];
};
_Static_assert(sizeof(struct mcontext) == 1280, "mcontext_t");
_Static_assert(offsetof(struct mcontext, fp) == 256, "mc_fpregs");

struct ucontext {
	struct sigset mask;
	uint8_t pad[48];
	struct mcontext m;
	uint64_t link;
	uint64_t stack_base, stack_size;
	uint32_t stack_flags, pad2;
	uint64_t function, argument;
	uint32_t spare[4];
};
_Static_assert(sizeof(struct ucontext) == 1408, "ucontext_t");

struct frame {
	uint64_t handler;
	uint8_t pad[56];
	struct ucontext uc;
	uint8_t siginfo[80];
	uint8_t pad2[48];
};
_Static_assert(sizeof(struct frame) == 1600, "struct sigframe");
_Static_assert(offsetof(struct frame, uc) == 64, "SIGF_UC");

enum { FORMAT_XMM = 0x10002, OWNED_NONE = 0x20000, OWNED_FPU = 0x20001, OWNED_PCB = 0x20002 };
/* GSEL(GUCODE_SEL, SEL_UPL) and GUDATA_SEL: cpu/x86_64/include/segments.h */
enum { USER_CODE = 0x2b, USER_DATA = 0x23 };

#define RED_ZONE 128
#define FLAG_TRAP 0x100UL
#define FLAG_DIRECTION 0x400UL
#define CONTEXT_VECTORS (offsetof(struct ucontext, m) + offsetof(struct mcontext, fp))

/* ---- A handler's frame ----------------------------------------------------------------------- */

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
		.trap = (uint64_t)info->trap,
		.address = info->is_fault ? info->address : 0,
		.error = info->fault_error,
		.rip = r->rip,
		.cs = USER_CODE,
		.rflags = r->rflags,
		.rsp = r->rsp,
		.ss = USER_DATA,
		.length = sizeof *m,
		.fp_format = FORMAT_XMM,
		.fp_owned = OWNED_FPU,
	};
}

static void enter_handler(struct thread *t, const struct signal_info *info, const struct action *a,
			  uint64_t at, int32_t code)
{
	struct regs *r = &t->regs;

	r->rdi = (uint64_t)info->number;
	r->rsi = a->flags & ACTION_SIGINFO ? at + offsetof(struct frame, siginfo)
					   : (uint64_t)(int64_t)code;
	r->rdx = at + offsetof(struct frame, uc);
	r->rcx = info->is_fault ? info->address : 0;
	r->rsp = at;
	r->rip = t->process->trampoline;
	r->rflags &= ~(FLAG_TRAP | FLAG_DIRECTION);
}

/* sendsig() */
int dragonfly_push_signal(struct thread *t, const struct signal_info *info, const struct action *a)
{
	struct call c = {.thread = t, .personality = t->process->personality};
	bool on = signal_on_altstack(t);
	struct frame f = {
		.handler = a->handler,
		.uc = {.mask = t->mask,
		       .stack_base = t->altstack_base,
		       .stack_size = t->altstack_size,
		       .stack_flags = t->altstack_disabled ? 4 : on}, /* SS_DISABLE, SS_ONSTACK */
	};
	uint64_t sp = t->regs.rsp - RED_ZONE, rest, at;
	int e = 0;

	if (!t->altstack_disabled && !on && (a->flags & ACTION_ONSTACK))
		sp = t->altstack_base + t->altstack_size;
	rest = (sp - vectors_beyond()) & ~63UL;
	at = (rest - sizeof f) & ~15UL;
	fill_mcontext(t, info, &f.uc.m);
	if (a->flags & ACTION_SIGINFO)
		e = dragonfly_siginfo_to_guest(&c, info, f.siginfo);
	if (e == 0)
		e = thread_put(t, at, &f, sizeof f);
	if (e == 0)
		e = vectors_keep(t, at + offsetof(struct frame, uc) + CONTEXT_VECTORS, rest);
	if (e == 0)
		enter_handler(t, info, a, at, info->is_fault ? info->code : 0);
	return e;
}

/* ---- The way back ------------------------------------------------------------------------------ */

/* npxpop() */
static int restore_vectors(struct thread *t, const struct mcontext *m, uint64_t context)
{
	switch (m->fp_owned) {
	case OWNED_NONE:
		engine_reset_vectors(t);
		return 0;
	case OWNED_FPU:
	case OWNED_PCB:
		return vectors_restore(t, context + CONTEXT_VECTORS);
	default:
		return 0; /* they stay as they are */
	}
}

/* The flags a program may set for itself; the rest (I/O level, VM) stay as they are. */
#define FLAGS_USER 0x254dd5UL /* PSL_USERCHANGE and PSL_RF: CF PF AF ZF SF TF DF OF NT AC ID */
#define FLAG_RESUME 0x10000UL

/* sigreturn(context): a bad code selector is a SIGBUS there, too. */
TRANSLATOR(dragonfly_sigreturn)
{
	struct thread *t = c->thread;
	struct ucontext uc;
	const struct mcontext *m = &uc.m;
	int e = get_guest(c, &uc, c->a[0], sizeof uc);

	if (e == 0 && ((m->rflags & ~(FLAGS_USER | FLAGS_INITIAL | FLAG_RESUME)) ||
		       (m->cs & 3) != 3 || m->rip >> 47))
		e = -EINVAL;
	if (e == 0)
		e = restore_vectors(t, m, c->a[0]);
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
	signal_set_mask(c, &uc.mask);
	return CALL_DONE;
}

/* ---- siginfo ----------------------------------------------------------------------------------- */

/* sys/_siginfo.h: siginfo_t */
struct siginfo_words {
	int32_t number, error, code, pid;
	uint32_t uid;
	int32_t status;
	uint64_t address, value;
	int64_t band;
	int32_t spare[8];
};
_Static_assert(sizeof(struct siginfo_words) == 80, "siginfo_t");

/* sendsig() tells who sent it, and of a fault the reason and the address; all else is zero. */
int dragonfly_siginfo_to_guest(struct call *c, const void *host, void *guest)
{
	struct signal_info info;
	struct siginfo_words w = {0};

	(void)c;
	memcpy(&info, host, sizeof info);
	w.number = info.number;
	if (info.is_fault) {
		w.code = info.code;
		w.address = info.address;
	} else {
		w.pid = info.pid;
		w.uid = info.uid;
	}
	memcpy(guest, &w, sizeof w);
	return 0;
}

int dragonfly_siginfo_to_host(struct call *c, const void *guest, void *host)
{
	(void)c, (void)guest, (void)host;
	return -EINVAL; /* it only goes out */
}

/* trap(): trap numbers are the system's own (cpu/x86_64/include/trap.h), by the processor's. */
void dragonfly_describe_fault(struct signal_info *info)
{
	enum { SIGFPE_ = 8, SIGBUS_ = 10, SIGSEGV_ = 11 };
	enum { BUS_ADRERR = 2, BUS_OBJERR = 3, SEGV_MAPERR = 1, FPE_INTDIV = 2 };
	enum { DIVIDE = 0, NOT_PRESENT = 11, STACK = 12, PROTECTION = 13, PAGE = 14 };
	enum { LINUX_SI_KERNEL = 0x80 };
	static const uint8_t traps[] = {
		[0] = 18,  [1] = 10, [2] = 19,	[3] = 3,   [4] = 20,  [5] = 21,	 [6] = 1,
		[7] = 22,  [8] = 23, [9] = 24,	[10] = 25, [11] = 26, [12] = 27, [13] = 9,
		[14] = 12, [16] = 6, [17] = 14, [18] = 28, [19] = 29,
	};

	if (info->number == SIGFPE_) {
		info->code = info->trap == DIVIDE ? FPE_INTDIV : 0;
	} else if (info->trap == PROTECTION && info->host_code == LINUX_SI_KERNEL) {
		info->number = SIGBUS_;
		info->code = BUS_OBJERR;
	} else if (info->trap == STACK || info->trap == NOT_PRESENT) {
		info->number = SIGBUS_;
		info->code = BUS_ADRERR;
	} else if (info->trap == PAGE && info->number == SIGBUS_) {
		info->number =
			SIGSEGV_; /* a page beyond the end of its file is a page that is not there */
		info->code = SEGV_MAPERR;
	} else if (info->host_code == LINUX_SI_KERNEL) {
		info->code = 1; /* TRAP_BRKPT: the first of its kind */
	}
	if ((unsigned)info->trap < COUNT(traps))
		info->trap = traps[info->trap];
}
