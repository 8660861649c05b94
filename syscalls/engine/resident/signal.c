/* Signals in the resident.
 *
 * A Linux handler never runs guest code.  It takes one signal in hand, makes Linux hold
 * back all others, and lets the thread reach the boundary, where the guest's registers are
 * in the context and its vector registers in the processor; there the guest system's own
 * frame is built (signals_deliver).  So one path serves signals that hit guest code,
 * translators, and faults:
 *
 *     in guest code      registers to the context, continue at `boundary`
 *     in the exit path   the same; the registers are there already
 *     before a sleep     the gate's window is left: CALL_AGAIN
 *     elsewhere          the exit path will see r->pending
 *
 * Masks are kept here, not in Linux: changing one costs no call.  A signal that arrives
 * although the guest blocks it is blocked in Linux then and there, through the frame's own
 * mask, and queued again with the same siginfo; it is unblocked when the guest unblocks
 * it.  So a signal for the process still finds a thread that wants it, and sigpending
 * and sigwait ask Linux.
 *
 * Not so the signals of which Linux keeps each one: queued again, one would come behind those
 * sent after it.  They are blocked in Linux as soon as the guest blocks them
 * (signals_block_queued).
 *
 * Faults, and SIGSYS which is how calls get here, cannot be blocked in Linux; those sent
 * with kill are held in a set of their own while the guest blocks them.
 */
#include "syscalls/signal.h"

#include "syscalls/core.h"
#include "syscalls/engine.h"
#include "syscalls/engine/resident/signals.h"
#include "syscalls/signal_info.h"

#include <asm/sigcontext.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <linux/audit.h>
#include <string.h>

#define SA_RESTORER 0x04000000
#define SYS_SECCOMP 1

struct kernel_action {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

/* SIGSYS leaves the mask alone: mostly its handler does not return (trapped_call). */
int set_host_action(int n, uint64_t handler, uint64_t flags)
{
	struct kernel_action a = {
		.handler = handler,
		.flags = flags | SA_SIGINFO | SA_ONSTACK | SA_RESTORER |
			 (n == SIGSYS ? SA_NODEFER : 0),
		.restorer = (uint64_t)gate_sigreturn,
		.mask = n == SIGSYS ? 0 : ~SYNCHRONOUS,
	};

	return (int)LINUX(rt_sigaction, n, &a, 0, 8);
}

void set_host_mask(uint64_t mask)
{
	(void)LINUX(rt_sigprocmask, SIG_SETMASK, &mask, 0, 8); /* a plain word: cannot fail */
}

void signals_convert(const struct resident *r, const siginfo_t *from, struct signal_info *info)
{
	signal_info_from_host(r->thread.process, from, info);
}

/* ---- Holding back ---------------------------------------------------------- */

void signals_queue(const struct resident *r, const siginfo_t *from, int host_tid)
{
	siginfo_t si = *from;
	int pid = r->thread.process->pid, n = si.si_signo;

	signal_info_again(&si);
	if (host_tid)
		(void)LINUX(rt_tgsigqueueinfo, pid, host_tid, n, &si);
	else
		(void)LINUX(rt_sigqueueinfo, pid, n, &si);
}

/* To whoever does not block it by then. */
static void queue_again(struct resident *r, const siginfo_t *si, bool to_thread)
{
	signals_queue(r, si, to_thread ? r->thread.host_tid : 0);
}

/* A signal the guest blocks: where Linux can, it holds it; mask is Linux's, to be. */
static void hold(struct resident *r, const siginfo_t *si, const struct signal_info *info)
{
	uint64_t bit = HOST_BIT(si->si_signo);

	if (bit & SYNCHRONOUS) {
		r->held |= bit;
		return;
	}
	if (counted_held(r, si, info))
		return;
	r->host_blocked |= bit;
	queue_again(r, si, info->to_thread);
}

void signals_pass_on(struct resident *r)
{
	struct signal_info info;

	counted_give_back(r);
	if (!r->has_host)
		return;
	signals_convert(r, &r->host_info, &info);
	if (!info.to_thread)
		queue_again(r, &r->host_info, false);
}

uint64_t signals_block_all(struct resident *r)
{
	uint64_t all = ~SYNCHRONOUS, before = 0;

	(void)r;
	(void)LINUX(rt_sigprocmask, SIG_SETMASK, &all, &before, 8); /* plain words: cannot fail */
	return before;
}

bool set_host_mask_unless_pending(struct resident *r, uint64_t mask)
{
	(void)signals_block_all(r);
	if (r->pending) {
		r->all_blocked = true;
		return false;
	}
	set_host_mask(mask);
	return true;
}

void signals_unblock(struct resident *r, uint64_t mask)
{
	(void)r;
	set_host_mask(mask);
}

/* ---- The handler ------------------------------------------------------------ */

/* The slot is found from the stack: the guest may have changed its segment registers. */
static struct resident *this_thread(void)
{
	uint64_t sp = (uint64_t)__builtin_frame_address(0);

	return (struct resident *)((sp & ~(uint64_t)(SLOT_SIZE - 1)) + SLOT_CONTEXT);
}

static bool is_resident(uint64_t at)
{
	return at >= RESIDENT_BASE && at < RESIDENT_LIMIT;
}

static bool in_vdso(uint64_t ip)
{
	return ip >= space.vdso && ip < space.vdso_end;
}

/* The vDSO's code runs on the stack of whoever called it. */
static bool is_guest(const struct sigcontext *m)
{
	return !is_resident(m->rip) && !(in_vdso(m->rip) && is_resident(m->rsp));
}

#define FLAG_TRAP 0x100UL /* one instruction, then SIGTRAP */

static bool within(uint64_t ip, const char *begin, const char *end)
{
	return ip >= (uint64_t)begin && ip < (uint64_t)end;
}

/* The guest cannot change the register but by an instruction that then we have as well. */
static void take_gs(struct resident *r)
{
	if (space.has_fsgsbase)
		(void)set_gs((uint64_t)r); /* by that instruction: cannot fail */
}

static void block_in_frame(struct ucontext *uc)
{
	memset(&uc->uc_sigmask, 0xff, sizeof uc->uc_sigmask);
	*(uint64_t *)&uc->uc_sigmask = ~SYNCHRONOUS;
}

/* Something is in hand: nothing else comes until it is settled, and the thread is on its
 * way to where that happens. */
static void turn_to_boundary(struct resident *r, struct ucontext *uc)
{
	struct sigcontext *m = &uc->uc_mcontext;

	r->pending = 1;
	r->all_blocked = true;
	block_in_frame(uc);
	if (is_guest(m)) {
		signal_registers(m, &r->thread.regs);
		m->eflags &= ~FLAG_TRAP;
		take_gs(r);
		m->rip = (uint64_t)boundary;
		m->cs = USER_CS; /* a far call may have led it into 32-bit code */
	} else if (within(m->rip, exit_window, exit_window_end)) {
		m->rip = (uint64_t)boundary;
	} else if (within(m->rip, gate_wait_window, gate_wait_window_end)) {
		m->rip = (uint64_t)gate_wait_aborted;
	} else if (within(m->rip, gate_quick_window, gate_quick_window_end)) {
		m->rip = (uint64_t)gate_quick_aborted;
	}
}

/* What a frame says of the vector state in it: behind the 464 bytes that the processor has a use
 * for (arch/x86/include/uapi/asm/sigcontext.h). */
static const struct _fpx_sw_bytes *vectors_of(const struct ucontext *uc)
{
	return (const void *)((const char *)uc->uc_mcontext.fpstate + 464);
}

/* A guest's call.  The handler does not return, which saves a call of Linux's: it loads what
 * Linux would, the vector registers, and goes on as entry_call does.  Other signals may come
 * from its first instruction on, as they may behind entry_call. */
static _Noreturn void trapped_call(struct resident *r, const struct ucontext *uc)
{
	signal_registers(&uc->uc_mcontext, &r->thread.regs);
	patch_trapped(r, &r->thread.regs);
	r->cell->calls++;
	if (space.tallies)
		tally_trap(r);
	r->thread.regs.rcx = r->thread.regs.rip;
	take_gs(r);
	if (vectors_load(uc->uc_mcontext.fpstate, vectors_of(uc)->xfeatures) < 0)
		die(EXIT_GUISE, "a signal frame is not as Linux left it");
	enter_translator();
}

/* Another call from outside the gate. */
static void stray_call(struct resident *r, siginfo_t *si, struct ucontext *uc)
{
	struct sigcontext *m = &uc->uc_mcontext;

	if (in_vdso(m->rip) && is_resident(m->rsp)) {
		m->rax = (uint64_t)gate((long)m->rax, m->rdi, m->rsi, m->rdx, m->r10, m->r8, m->r9);
		return;
	}
	if (is_guest(m)) {
		/* Another architecture's call: here the instruction does not exist. */
		r->raised = (struct signal_info){
			.number = signal_from_host(r->thread.process->personality, SIGILL),
			.code = ILL_ILLOPC,
			.address = m->rip,
			.is_fault = true};
		r->has_raised = true;
		turn_to_boundary(r, uc);
		return;
	}
	die(EXIT_GUISE, "a call outside the gate at %x", m->rip);
}

struct fault_entry {
	uint64_t begin, end, resume;
};
extern const struct fault_entry __start_fault_table[], __stop_fault_table[];

/* True if the resident expected to fault there. */
static bool recover(struct sigcontext *m)
{
	for (const struct fault_entry *f = __start_fault_table; f < __stop_fault_table; f++) {
		if (m->rip >= f->begin && m->rip < f->end) {
			m->rip = f->resume;
			return true;
		}
	}
	return false;
}

/* A program that steps through its own instructions came here by a call: the flag goes on with
 * its registers, and not with ours.  True if that is what happened. */
static bool step_over(int n, const siginfo_t *si, struct sigcontext *m)
{
	if (n != SIGTRAP || si->si_code != TRAP_TRACE)
		return false;
	if (!within(m->rip, entry_call, entry_flags_saved))
		m->eflags &= ~FLAG_TRAP;
	return true;
}

static void fault(struct resident *r, int n, siginfo_t *si, struct ucontext *uc)
{
	struct sigcontext *m = &uc->uc_mcontext;
	const struct personality *p;

	if (!is_guest(m)) {
		if (recover(m) || step_over(n, si, m))
			return;
		(void)set_host_action(n, (uint64_t)SIG_DFL, 0);
		message("fault in the translator: signal %d at %x, address %x", n, m->rip,
			(uint64_t)si->si_addr);
		return; /* it faults again, for good */
	}
	p = r->thread.process->personality;
	r->raised = (struct signal_info){
		.number = signal_from_host(p, n),
		.host_code = si->si_code,
		.code = si->si_code,
		.address = n == SIGSEGV || n == SIGBUS ? (uint64_t)si->si_addr : m->rip,
		.trap = (int)m->trapno,
		.fault_error = m->err,
		.is_fault = true,
		.to_thread = true,
	};
	_Static_assert(sizeof r->raised.host == sizeof *si, "struct signal_info");
	memcpy(r->raised.host, si, sizeof *si);
	r->raised.has_host = true;
	p->describe_fault(&r->raised);
	r->has_raised = true;
	turn_to_boundary(r, uc);
}

static void arrived(struct resident *r, siginfo_t *si, struct ucontext *uc)
{
	struct signal_info info;

	signals_convert(r, si, &info);
	if (!info.number)
		return;
	count_arrived(r, si, &info);
	if (sigset_has(&r->thread.mask, info.number)) {
		hold(r, si, &info);
		*(uint64_t *)&uc->uc_sigmask |= r->host_blocked;
		return;
	}
	if (r->has_host) { /* only what cannot be blocked gets here: it waits like a blocked one */
		r->held |= HOST_BIT(si->si_signo);
		return;
	}
	r->host_info = *si;
	r->has_host = true;
	turn_to_boundary(r, uc);
}

/* What the processor's vector state looks like is told by any frame Linux built. */
static void learn_vectors(const struct ucontext *uc)
{
	const struct _fpx_sw_bytes *sw;

	if (space.vector_size || !uc->uc_mcontext.fpstate)
		return;
	sw = vectors_of(uc);
	if (sw->magic1 != FP_XSTATE_MAGIC1 ||
	    sw->xstate_size > sizeof((struct resident *)0)->vectors)
		die(EXIT_GUISE, "this processor's vector state (%l bytes) is not supported",
		    (long)sw->xstate_size);
	space.vector_mask = sw->xfeatures & ~(1UL << 9); /* not the protection keys */
	space.vector_size = sw->xstate_size;
}

/* SIGSYS for another reason, returning: as other signals, it is not interrupted by any; but one
 * may have come before it got here, and holds back the rest. */
static void not_a_call(struct resident *r, siginfo_t *si, struct ucontext *uc)
{
	(void)signals_block_all(r);
	if (si->si_code > 0)
		stray_call(r, si, uc);
	else
		arrived(r, si, uc);
	if (r->all_blocked)
		block_in_frame(uc);
}

/* The kernel's own: a call not through the gate. */
static bool is_call(const siginfo_t *si, const struct ucontext *uc)
{
	return si->si_code > 0 && si->si_arch == AUDIT_ARCH_X86_64 && is_guest(&uc->uc_mcontext);
}

void host_signal(int n, siginfo_t *si, struct ucontext *uc)
{
	struct resident *r = this_thread();

	learn_vectors(uc);
	if (n == SIGSYS && is_call(si, uc))
		trapped_call(r, uc);
	else if (n == SIGSYS)
		not_a_call(r, si, uc);
	else if ((HOST_BIT(n) & SYNCHRONOUS) && si->si_code > 0)
		fault(r, n, si, uc);
	else
		arrived(r, si, uc);
}

/* ---- Settling --------------------------------------------------------------- */

/* Linux's mask becomes what the guest's needs, unless there is more in hand.  Linux holds
 * everything back while that is decided: what was only raised here left its mask open. */
static void release_all(struct resident *r)
{
	if (!r->all_blocked)
		(void)signals_block_all(r);
	r->all_blocked = true;
	if (r->has_host || r->has_raised)
		return;
	r->pending = 0;
	r->all_blocked = false;
	set_host_mask(r->host_blocked);
}

/* Takes the next signal in hand: false if there is none. */
static bool take(struct resident *r, struct signal_info *info)
{
	if (r->has_raised) {
		*info = r->raised;
		r->has_raised = false;
		return true;
	}
	if (!r->has_host)
		return false;
	signals_convert(r, &r->host_info, info);
	r->has_host = false;
	if (!info->is_fault && sigset_has(&r->thread.mask, info->number)) {
		hold(r, &r->host_info, info);
		info->number = 0;
	}
	return true;
}

/* Linux's own default action, for real: the parent sees what happened. */
static void by_default(struct resident *r, int guest)
{
	const struct signal *s = signal_by_guest(r->thread.process->personality, guest);
	uint64_t unblocked;
	int n = s ? s->host : SIGKILL;

	(void)set_host_action(n, (uint64_t)SIG_DFL, 0);
	(void)LINUX(tgkill, r->thread.process->pid, r->thread.host_tid, n);
	unblocked = ~SYNCHRONOUS & ~HOST_BIT(n);
	set_host_mask(unblocked);
	set_host_mask(~SYNCHRONOUS);
	r->all_blocked = true;
	if (s && r->thread.process->host_handled & HOST_BIT(n))
		(void)set_host_action(n, (uint64_t)host_signal, 0);
}

static bool leaves_core(const struct resident *r, int guest)
{
	const struct core_format *core = r->thread.process->personality->core;

	return (space.settings.flags & SETTINGS_CORE) && core && guest <= 64 &&
	       core->signals >> (guest - 1) & 1;
}

static void ask_for_core(struct resident *r, const struct signal_info *info)
{
	const struct core_request q = {
		.info = *info,
		.process = (uint64_t)r->thread.process,
		.threads = (uint64_t)slot_of(0),
		.stride = SLOT_SIZE,
		.n_threads = space.top,
		.host_tid = r->thread.host_tid,
		.low = RESIDENT_BASE,
		.high = RESIDENT_LIMIT,
	};

	trace_core(&r->thread, &q);
}

static _Noreturn void terminate(struct resident *r, const struct signal_info *info)
{
	int guest = info->number;

	if (leaves_core(r, guest))
		ask_for_core(r, info);
	if (space.settings.flags & SETTINGS_TRACE)
		trace_event(&r->thread, TRACE_KILLED, guest);
	board_killed(r->thread.process, guest);
	by_default(r, guest);
	(void)LINUX(exit_group, 128 + guest);
	__builtin_trap();
}

static void get_action(struct process *p, int n, struct action *a)
{
	struct action *stored = &p->actions[n - 1];

	lock_take(&p->lock);
	*a = *stored;
	if ((a->flags & ACTION_RESETHAND) && a->handler > HANDLER_IGNORE) {
		stored->handler = HANDLER_DEFAULT;
		stored->flags &= ~(uint32_t)ACTION_SIGINFO;
	}
	lock_release(&p->lock);
}

/* True if a handler is to run. */
static bool decide(struct resident *r, const struct signal_info *info, struct action *a)
{
	struct process *p = r->thread.process;
	int n = info->number;

	get_action(p, n, a);
	if (info->is_fault && (a->handler <= HANDLER_IGNORE || sigset_has(&r->thread.mask, n)))
		terminate(r, info);
	if (a->handler > HANDLER_IGNORE)
		return true;
	if (a->handler == HANDLER_IGNORE)
		return false;
	switch (signal_default_of(p->personality, n)) {
	case SIGNAL_TERMINATES:
		terminate(r, info);
	case SIGNAL_STOPS:
		by_default(r, n);
	}
	return false;
}

bool signals_take_held(struct resident *r)
{
	const struct personality *p = r->thread.process->personality;

	for (int n = 1; r->held && n <= 64; n++) {
		int guest = r->held & HOST_BIT(n) ? signal_from_host(p, n) : 0;

		if (!guest || sigset_has(&r->thread.mask, guest))
			continue;
		r->held &= ~HOST_BIT(n);
		r->raised = held_signal(r, guest);
		r->has_raised = true;
		return true;
	}
	return false;
}

bool signals_settle(struct resident *r, struct signal_info *info, struct action *a)
{
	for (;;) {
		while (take(r, info))
			if (info->number && decide(r, info, a))
				return true;
		if (signals_take_held(r))
			continue;
		release_all(r);
		if (!r->has_host && !r->has_raised)
			return false;
	}
}

/* Its stack takes no frame. */
static _Noreturn void end_by_bad_stack(struct resident *r)
{
	const struct personality *p = r->thread.process->personality;
	const struct signal_info info = {
		.number = p->bad_stack_signal ? (int)p->bad_stack_signal
					      : signal_from_host(p, SIGILL),
		.code = CODE_KERNEL,
		.host_code = SI_KERNEL,
	};

	terminate(r, &info);
}

void signals_deliver(struct resident *r, const struct signal_info *info, const struct action *a)
{
	struct thread *t = &r->thread;
	uint64_t masked;

	if (t->mask_saved) {
		t->mask = t->saved_mask;
		t->mask_saved = false;
	}
	if (__builtin_expect(space.settings.flags & SETTINGS_TRACE, 0))
		trace_signal(t, info);
	if (t->process->personality->push_signal(t, info, a) < 0)
		end_by_bad_stack(r);
	mask_for_handler(&t->mask, a, info->number);
	engine_reset_vectors(t);
	masked = sigset_to_host(t->process->personality, &t->mask);
	r->host_blocked &= masked;
	signals_block_queued(r, masked);
	release_all(r); /* if there is more, the exit path sees it */
}
