/* Signal frames and contexts: sys/arch/amd64/amd64/machdep.c (sendsig_siginfo, cpu_getmcontext,
 * cpu_setmcontext), sys/kern/kern_sig.c (getucontext, setucontext), sys/kern/sys_sig.c; NetBSD 7.99.
 *
 * A handler returns to its library's own code, which makes setcontext(2) of the frame's context.
 * There is room in it for the 512 bytes of vector state every processor has; what is beyond lies
 * above the frame (syscalls/vectors.h). */
#include "personalities/netbsd/context.h"

#include "personalities/netbsd/custom.h"
#include "personalities/netbsd/start.h"
#include "syscalls/engine.h"
#include "syscalls/signal.h"
#include "syscalls/vectors.h"

#include <asm/signal.h>
#include <string.h>

struct frame {
	uint64_t return_to;
	uint8_t siginfo[128];
	struct ucontext uc;
};
_Static_assert(sizeof(struct frame) == 920, "struct sigframe_siginfo");

#define RED_ZONE 128
#define FLAG_TRAP 0x100UL
#define FLAG_DIRECTION 0x400UL
#define CONTEXT_VECTORS (offsetof(struct ucontext, m) + offsetof(struct mcontext, fp))

/* LSEL(LUCODE_SEL, SEL_UPL) and LUDATA_SEL: amd64/segments.h */
enum { USER_CODE = 0x47, USER_DATA = 0x3f };

int netbsd_load_vectors(struct thread *t, uint64_t context)
{
	return vectors_restore(t, context + CONTEXT_VECTORS);
}

/* ---- Contexts -------------------------------------------------------------------------------- */

static void fill_mcontext(struct thread *t, const struct signal_info *info, struct mcontext *m)
{
	const struct regs *r = &t->regs;

	*m = (struct mcontext){
		.rdi = r->rdi,
		.rsi = r->rsi,
		.rdx = r->rdx,
		.rcx = r->rcx,
		.r8 = r->r8,
		.r9 = r->r9,
		.r10 = r->r10,
		.r11 = r->r11,
		.r12 = r->r12,
		.r13 = r->r13,
		.r14 = r->r14,
		.r15 = r->r15,
		.rbp = r->rbp,
		.rbx = r->rbx,
		.rax = r->rax,
		.es = USER_DATA,
		.ds = USER_DATA,
		.cs = USER_CODE,
		.ss = USER_DATA,
		.trap = (uint64_t)info->trap,
		.error = info->fault_error,
		.rip = r->rip,
		.rflags = r->rflags,
		.rsp = r->rsp,
		.tlsbase = engine_get_base(t, 0),
	};
}

static void fill_context(struct thread *t, const struct signal_info *info, struct ucontext *uc)
{
	*uc = (struct ucontext){
		.flags = UC_SIGMASK | UC_CPU | UC_FPU | UC_TLSBASE,
		.link = t->context_link,
		.mask = t->mask,
	};
	fill_mcontext(t, info, &uc->m);
}

/* The flags a program may set for itself; the rest (I/O level, VM) stay as they are. */
#define FLAGS_USER 0x254dd5UL /* CF PF AF ZF SF TF DF OF NT AC ID */

int netbsd_registers(const struct mcontext *m, struct regs *r)
{
	if ((m->rflags & ~(FLAGS_USER | FLAGS_INITIAL)) || (m->cs & 3) != 3 || (m->ss & 3) != 3 ||
	    m->rip >> 47)
		return -EINVAL;
	*r = (struct regs){
		.rdi = m->rdi,
		.rsi = m->rsi,
		.rdx = m->rdx,
		.rcx = m->rcx,
		.r8 = m->r8,
		.r9 = m->r9,
		.r10 = m->r10,
		.r11 = m->r11,
		.r12 = m->r12,
		.r13 = m->r13,
		.r14 = m->r14,
		.r15 = m->r15,
		.rbp = m->rbp,
		.rbx = m->rbx,
		.rax = m->rax,
		.rip = m->rip,
		.rsp = m->rsp,
		.rflags = (m->rflags & FLAGS_USER) | FLAGS_INITIAL,
	};
	return 0;
}

/* getcontext(context): the library puts its caller's place in. */
TRANSLATOR(netbsd_getcontext)
{
	static const struct signal_info none;
	struct thread *t = c->thread;
	struct ucontext uc;
	int e;

	fill_context(t, &none, &uc);
	uc.flags |= UC_STACK;
	if (signal_on_altstack(t)) {
		uc.stack_base = t->altstack_base;
		uc.stack_size = t->altstack_size;
		uc.stack_flags = 1; /* SS_ONSTACK */
	} else {
		uc.stack_base = t->process->stack_low;
		uc.stack_size = t->process->stack_high - t->process->stack_low;
	}
	e = put_guest(c, c->a[0], &uc, sizeof uc);
	return e < 0 ? e : engine_save_vectors(t, c->a[0] + CONTEXT_VECTORS, 0, 0);
}

/* setcontext(context): as the kernel, the mask first. */
TRANSLATOR(netbsd_setcontext)
{
	struct thread *t = c->thread;
	struct ucontext uc;
	struct regs regs;
	int e = get_guest(c, &uc, c->a[0], sizeof uc);

	if (e == 0 && !(uc.flags & UC_CPU))
		e = -EINVAL;
	if (e == 0)
		e = netbsd_registers(&uc.m, &regs);
	if (e == 0 && (uc.flags & UC_FPU))
		e = netbsd_load_vectors(t, c->a[0]);
	if (e < 0)
		return e;
	t->regs = regs;
	t->context_link = uc.link;
	if ((uc.flags & UC_TLSBASE) && uc.m.tlsbase != engine_get_base(t, 0))
		(void)engine_set_base(t, 0,
				      uc.m.tlsbase); /* a bad one is not reported there either */
	if (uc.flags & UC_SIGMASK)
		signal_set_mask(c, &uc.mask);
	return CALL_DONE;
}

/* ---- Signals ------------------------------------------------------------------------------------ */

/* sendsig_siginfo() */
int netbsd_push_signal(struct thread *t, const struct signal_info *info, const struct action *a)
{
	size_t beyond = vectors_beyond();
	struct call c = {.thread = t, .personality = t->process->personality};
	struct frame f = {.return_to = a->restorer};
	bool on = signal_on_altstack(t);
	uint64_t sp = t->regs.rsp - RED_ZONE, rest, at;
	int e;

	if (!t->altstack_disabled && !on && (a->flags & ACTION_ONSTACK))
		sp = t->altstack_base + t->altstack_size;
	rest = (sp - beyond) & ~63UL;
	at = ((rest - sizeof f) & ~15UL) - 8;
	fill_context(t, info, &f.uc);
	f.uc.flags |= on ? UC_SETSTACK : UC_CLRSTACK;
	e = netbsd_siginfo_to_guest(&c, info, f.siginfo);
	if (e == 0)
		e = thread_put(t, at, &f, sizeof f);
	if (e == 0)
		e = vectors_keep(t, at + offsetof(struct frame, uc) + CONTEXT_VECTORS, rest);
	if (e < 0)
		return e;
	t->regs.rdi = (uint64_t)info->number;
	t->regs.rsi = at + offsetof(struct frame, siginfo);
	t->regs.rdx = t->regs.r15 = at + offsetof(struct frame, uc);
	t->regs.rsp = at;
	t->regs.rip = a->handler;
	t->regs.rflags &= ~(FLAG_TRAP | FLAG_DIRECTION);
	return 0;
}

/* sys/siginfo.h: struct _ksiginfo */
struct siginfo_words {
	int32_t number, code, error, pad;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			uint64_t value;
		} sent;
		struct {
			int32_t pid;
			uint32_t uid;
			int32_t status;
		} child;
		struct {
			uint64_t address;
			int32_t trap;
		} fault;
		struct {
			int64_t band;
		} io;
	};
};

enum { SIGCHLD_ = 20, SIGIO_ = 23, SI_NOINFO = 32767 };

static int32_t guest_code(int32_t code)
{
	switch (code) {
	case CODE_USER:
		return 0; /* SI_USER */
	case CODE_QUEUE:
		return -1;
	case CODE_TIMER:
		return -2;
	case CODE_ASYNCIO:
		return -3;
	case CODE_MESGQ:
		return -4;
	case CODE_THREAD:
		return -5; /* SI_LWP */
	case CODE_KERNEL:
		return SI_NOINFO;
	default:
		return code;
	}
}

int netbsd_siginfo_to_guest(struct call *c, const void *host, void *guest)
{
	struct signal_info info;
	struct siginfo_words w = {0};

	(void)c;
	memcpy(&info, host, sizeof info);
	w.number = info.number;
	w.code = guest_code(info.code);
	w.error = info.error;
	if (info.is_fault) {
		w.fault.address = info.address;
		w.fault.trap = info.trap;
	} else if (info.number == SIGCHLD_ && info.code < CODE_USER) {
		w.child.pid = info.pid;
		w.child.uid = info.uid;
		w.child.status = info.status;
	} else if (info.number == SIGIO_ && info.code < CODE_USER) {
		w.io.band = info.band;
	} else {
		w.sent.pid = info.pid;
		w.sent.uid = info.uid;
		w.sent.value = info.value;
	}
	memset(guest, 0, 128);
	memcpy(guest, &w, sizeof w);
	return 0;
}

int netbsd_siginfo_to_host(struct call *c, const void *guest, void *host)
{
	(void)c, (void)guest, (void)host;
	return -EINVAL; /* it only goes out */
}

/* trap(): trap numbers are the system's own (x86/trap.h), by the processor's. */
void netbsd_describe_fault(struct signal_info *info)
{
	enum { SIGSEGV_ = 11, SEGV_ACCERR = 2 };
	enum { GENERAL_PROTECTION = 13, LINUX_SI_KERNEL = 0x80 };
	static const uint8_t traps[] = {
		[0] = 8,  [1] = 5,  [2] = 9,  [3] = 1,	 [4] = 10,  [5] = 11,  [6] = 0,
		[7] = 12, [8] = 13, [9] = 14, [10] = 15, [11] = 16, [12] = 17, [13] = 4,
		[14] = 6, [16] = 2, [17] = 7, [18] = 18, [19] = 19,
	};

	if (info->trap == GENERAL_PROTECTION && info->host_code == LINUX_SI_KERNEL)
		info->code = SEGV_ACCERR;
	else if (info->host_code == LINUX_SI_KERNEL)
		info->code = 1; /* TRAP_BRKPT, ILL_ILLOPC: the first of each kind */
	if ((unsigned)info->trap < COUNT(traps))
		info->trap = traps[info->trap];
}

/* __sigaction_sigtramp(signal, action, old action, trampoline, its version) */
TRANSLATOR(netbsd_sigaction)
{
	enum { SIGINFO_VERSION = 2, SIGINFO_VERSION_NEXT = 3 };
	struct action a;
	int version = (int)c->a[4], r;

	if (c->a[1]) {
		r = arg_in(c, 1, &a);
		if (r < 0)
			return r;
		if (a.handler > HANDLER_IGNORE &&
		    ((version != SIGINFO_VERSION && version != SIGINFO_VERSION_NEXT) || !c->a[3]))
			return -EINVAL;
	}
	return signal_act(c, &c->a[3]);
}
