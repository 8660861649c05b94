/* Linux's signal frames on x86-64: arch/x86/kernel/signal_64.c, fpu/signal.c, Linux 6.1. */
#include "personalities/linux/frame.h"

#include "syscalls/engine.h"
#include "syscalls/personality.h"
#include "syscalls/process.h"
#include "syscalls/signal.h"

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <string.h>

struct context {
	uint64_t flags, link;
	uint64_t stack_base;
	uint32_t stack_flags, pad;
	uint64_t stack_size;
	struct sigcontext m;
	uint64_t mask;
};
_Static_assert(offsetof(struct context, m) == 40, "struct ucontext");
_Static_assert(sizeof(struct context) == 304, "struct ucontext");

/* struct rt_sigframe */
struct frame {
	uint64_t restorer;
	struct context uc;
	siginfo_t info;
};
_Static_assert(sizeof(struct frame) == 440, "struct rt_sigframe");

#define RED_ZONE 128
#define FLAG_TRAP 0x100UL
#define FLAG_DIRECTION 0x400UL
#define FLAG_RESUME 0x10000UL
#define LEGACY_VECTORS 512
#define SOFTWARE_BYTES 464 /* of the legacy part: struct _fpx_sw_bytes */
#define PAGE_FAULT 14
enum { STACK_ON = 1, STACK_DISABLED = 4 };
enum { USER_CODE = 0x33, USER_DATA = 0x2b };

static void fill_registers(const struct thread *t, const struct signal_info *info,
			   struct sigcontext *m)
{
	const struct regs *r = &t->regs;

	*m = (struct sigcontext){
		.r8 = r->r8,
		.r9 = r->r9,
		.r10 = r->r10,
		.r11 = r->r11,
		.r12 = r->r12,
		.r13 = r->r13,
		.r14 = r->r14,
		.r15 = r->r15,
		.rdi = r->rdi,
		.rsi = r->rsi,
		.rbp = r->rbp,
		.rbx = r->rbx,
		.rdx = r->rdx,
		.rax = r->rax,
		.rcx = r->rcx,
		.rsp = r->rsp,
		.rip = r->rip,
		.eflags = r->rflags,
		.cs = USER_CODE,
		.ss = USER_DATA,
		.err = info->fault_error,
		.trapno = (uint64_t)info->trap,
		.oldmask = t->mask.bits[0],
		.cr2 = info->is_fault && info->trap == PAGE_FAULT ? info->address : 0,
	};
}

/* The processor's state with the words that say how large it is: behind the legacy part's
 * own and behind the whole. */
static int save_vectors(struct thread *t, uint64_t at)
{
	uint32_t end = FP_XSTATE_MAGIC2;
	uint64_t size = engine_vector_size();
	struct _fpx_sw_bytes sw = {.magic1 = FP_XSTATE_MAGIC1,
				   .extended_size = (uint32_t)(size + FP_XSTATE_MAGIC2_SIZE),
				   .xfeatures = engine_vector_mask(),
				   .xstate_size = (uint32_t)size};
	int e = engine_save_vectors(t, at, at + LEGACY_VECTORS, size - LEGACY_VECTORS);

	if (e == 0)
		e = thread_put(t, at + SOFTWARE_BYTES, &sw, sizeof sw);
	return e < 0 ? e : thread_put(t, at + size, &end, sizeof end);
}

/* get_sigframe(): below the red zone or on the signal stack; the frame begins as if its
 * restorer had called the handler. */
static uint64_t place(const struct thread *t, const struct action *a, uint64_t *vectors)
{
	bool on = signal_on_altstack(t);
	uint64_t sp = t->regs.rsp - RED_ZONE;

	if ((a->flags & ACTION_ONSTACK) && !on && !t->altstack_disabled)
		sp = t->altstack_base + t->altstack_size;
	*vectors = (sp - engine_vector_size() - FP_XSTATE_MAGIC2_SIZE) & ~63UL;
	return ((*vectors - sizeof(struct frame)) & ~15UL) - 8;
}

/* A frame that would run out at the low end of the signal stack is not begun. */
static bool fits(const struct thread *t, const struct action *a, uint64_t at)
{
	bool used = !t->altstack_disabled && (signal_on_altstack(t) || (a->flags & ACTION_ONSTACK));

	return !used || (at >= t->altstack_base && at < t->altstack_base + t->altstack_size);
}

int linux_push_signal(struct thread *t, const struct signal_info *info, const struct action *a)
{
	struct call c = {.thread = t, .personality = t->process->personality};
	struct frame f = {.restorer = a->restorer};
	uint64_t vectors, at = place(t, a, &vectors);
	int e;

	if (!a->restorer || !fits(t, a, at))
		return -EFAULT;
	fill_registers(t, info, &f.uc.m);
	f.uc.flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	f.uc.stack_base = t->altstack_disabled ? 0 : t->altstack_base;
	f.uc.stack_size = t->altstack_disabled ? 0 : t->altstack_size;
	f.uc.stack_flags = t->altstack_disabled	   ? STACK_DISABLED
			   : signal_on_altstack(t) ? STACK_ON
						   : 0;
	f.uc.mask = t->mask.bits[0];
	f.uc.m.fpstate = (void *)vectors;
	e = to_guest(&c, &linux_siginfo, info, &f.info);
	if (e == 0)
		e = save_vectors(t, vectors);
	if (e == 0)
		e = thread_put(t, at, &f, sizeof f);
	if (e < 0)
		return e;
	t->regs.rdi = (uint64_t)info->number;
	t->regs.rsi = at + offsetof(struct frame, info);
	t->regs.rdx = at + offsetof(struct frame, uc);
	t->regs.rax = 0;
	t->regs.rsp = at;
	t->regs.rip = a->handler;
	t->regs.rflags &= ~(FLAG_TRAP | FLAG_DIRECTION | FLAG_RESUME);
	return 0;
}

void linux_describe_fault(struct signal_info *info)
{
	(void)info; /* Linux has described it */
}

/* ---- sigreturn -------------------------------------------------------------------------- */

/* fpu__restore_sig(): the words say whether there is more than the legacy part; where they do
 * not agree, it alone counts. */
static int load_vectors(struct thread *t, uint64_t at)
{
	struct _fpx_sw_bytes sw;
	uint32_t end = 0;
	bool more;

	if (!at) {
		engine_reset_vectors(t);
		return 0;
	}
	if (thread_get(t, &sw, at + SOFTWARE_BYTES, sizeof sw) < 0)
		return -EFAULT;
	more = sw.magic1 == FP_XSTATE_MAGIC1 && sw.xstate_size >= LEGACY_VECTORS + 64 &&
	       sw.xstate_size <= engine_vector_size() && sw.xstate_size <= sw.extended_size;
	if (more && thread_get(t, &end, at + sw.xstate_size, sizeof end) < 0)
		return -EFAULT;
	more = more && end == FP_XSTATE_MAGIC2;
	return engine_load_vectors(t, at, more ? at + LEGACY_VECTORS : 0,
				   more ? sw.xstate_size - LEGACY_VECTORS : 0);
}

static void restore_stack(struct thread *t, const struct context *uc)
{
	t->altstack_disabled = uc->stack_flags & STACK_DISABLED;
	t->altstack_base = uc->stack_base;
	t->altstack_size = uc->stack_size;
}

/* The flags a program may set for itself (FIX_EFLAGS, and what popf can). */
#define FLAGS_USER 0x254dd5UL /* CF PF AF ZF SF TF DF OF NT AC ID */
#define FLAGS_FIXED 0x202UL

/* Another process's bad frame ends it with SIGSEGV; so does one here. */
static long bad_frame(struct call *c)
{
	const struct signal_info info = {.number = SIGSEGV,
					 .code = SI_KERNEL,
					 .is_fault = true,
					 .to_thread = true};

	engine_raise(c->thread, &info);
	return CALL_DONE;
}

/* The restorer was returned to: the frame's first word is above the stack pointer. */
TRANSLATOR(linux_sigreturn)
{
	struct thread *t = c->thread;
	struct sigset mask = {0};
	struct context uc;

	if (get_guest(c, &uc, t->regs.rsp, sizeof uc) < 0 || uc.m.rip >> 47 ||
	    load_vectors(t, (uint64_t)uc.m.fpstate) < 0)
		return bad_frame(c);
	signal_registers(&uc.m, &t->regs);
	t->regs.rflags = (t->regs.rflags & FLAGS_USER) | FLAGS_FIXED;
	restore_stack(t, &uc);
	mask.bits[0] = uc.mask;
	signal_set_mask(c, &mask);
	engine_settle_masks(c);
	return CALL_DONE;
}
