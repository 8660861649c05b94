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
 * Faults, and SIGSYS which is how calls get here, cannot be blocked in Linux; those sent
 * with kill are held in a set of their own while the guest blocks them.
 */
#include "syscalls/signal.h"

#include "syscalls/engine.h"
#include "syscalls/engine/resident/resident.h"

#include <asm/sigcontext.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <linux/audit.h>
#include <string.h>

#define HOST_BIT(n) (1UL << ((n)-1))
#define SYNCHRONOUS \
	(HOST_BIT(SIGSEGV) | HOST_BIT(SIGBUS) | HOST_BIT(SIGFPE) | HOST_BIT(SIGILL) | \
	 HOST_BIT(SIGTRAP) | HOST_BIT(SIGSYS))
#define SA_RESTORER 0x04000000
#define SYS_SECCOMP 1

/* si_code of what guise queues itself: the code the guest shall see is in si_errno, and
 * for HOST_SIGNAL_CARRIER the guest's number above it. */
#define CODE_WRAPPED (-60)
#define WRAP(number, code) ((int)((uint32_t)(number) << 20 | (uint32_t)(code)))
/* ... and of what Linux sent and guise queues again: Linux's code is in si_errno. */
#define CODE_REQUEUED (-61)

struct kernel_action {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

static void host_signal(int number, siginfo_t *si, struct ucontext *uc);

static int set_host_action(int n, uint64_t handler, uint64_t flags)
{
	struct kernel_action a = {
		.handler = handler,
		.flags = flags | SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
		.restorer = (uint64_t)gate_sigreturn,
		.mask = ~SYNCHRONOUS,
	};

	return (int)LINUX(rt_sigaction, n, &a, 0, 8);
}

static void set_host_mask(uint64_t mask)
{
	(void)LINUX(rt_sigprocmask, SIG_SETMASK, &mask, 0, 8); /* a plain word: cannot fail */
}

/* ---- From Linux's siginfo -------------------------------------------------- */

static int code_from_host(int code)
{
	switch (code) {
	case SI_USER:
		return CODE_USER;
	case SI_QUEUE:
		return CODE_QUEUE;
	case SI_TIMER:
		return CODE_TIMER;
	case SI_MESGQ:
		return CODE_MESGQ;
	case SI_ASYNCIO:
		return CODE_ASYNCIO;
	case SI_TKILL:
		return CODE_THREAD;
	case SI_KERNEL:
		return CODE_KERNEL;
	default:
		return code;
	}
}

static void convert_child(const struct personality *p, const siginfo_t *si,
			  struct signal_info *info)
{
	info->status = si->si_status;
	if (si->si_code != CLD_EXITED) {
		int n = signal_from_host(p, si->si_status);

		info->status = n ? n : si->si_status;
	}
}

static void set_host(struct signal_info *info, const siginfo_t *si)
{
	_Static_assert(sizeof info->host == sizeof *si, "struct signal_info");
	memcpy(info->host, si, sizeof info->host);
	info->has_host = true;
}

/* The guest's view of what Linux sent; info->number 0 if the guest has no such signal. */
static void convert(const struct resident *r, const siginfo_t *from, struct signal_info *info)
{
	const struct personality *p = r->thread.process->personality;
	siginfo_t si = *from;

	*info = (struct signal_info){0};
	if (si.si_code == CODE_REQUEUED) {
		si.si_code = si.si_errno;
		si.si_errno = 0;
	}
	info->number = signal_from_host(p, si.si_signo);
	info->host_code = si.si_code;
	info->pid = si.si_pid;
	info->uid = si.si_uid;
	if (si.si_code == CODE_WRAPPED) {
		uint32_t wrapped = (uint32_t)si.si_errno;

		info->code = (int)(wrapped & 0xfffff);
		if (signal_is_carrier(p, si.si_signo))
			info->number = (int)(wrapped >> 20 & 0x7f);
		info->value = (uint64_t)si.si_ptr;
		info->to_thread = info->code == CODE_THREAD;
		return;
	}
	set_host(info, &si);
	info->code = code_from_host(si.si_code);
	info->to_thread = si.si_code == SI_TKILL;
	if (si.si_signo == SIGCHLD && si.si_code > 0)
		convert_child(p, &si, info);
	else if (si.si_code == SI_QUEUE || si.si_code == SI_TIMER || si.si_code == SI_MESGQ)
		info->value = (uint64_t)si.si_ptr;
	if (si.si_code == SI_TIMER) {
		info->timer = si.si_tid;
		info->overrun = si.si_overrun;
		info->pid = 0;
		info->uid = 0;
	}
	/* A write to a broken pipe is the writing thread's own affair. */
	if (si.si_signo == SIGPIPE && si.si_pid == r->thread.process->pid)
		info->to_thread = true;
}

/* ---- Holding back ---------------------------------------------------------- */

/* Linux delivers it again, to whoever does not block it by then. */
static void queue_again(struct resident *r, const siginfo_t *from, bool to_thread)
{
	siginfo_t si = *from;
	int pid = r->thread.process->pid, n = si.si_signo;

	if (si.si_code != CODE_WRAPPED && si.si_code != CODE_REQUEUED) {
		si.si_errno = si.si_code;
		si.si_code = CODE_REQUEUED;
	}
	if (to_thread)
		(void)LINUX(rt_tgsigqueueinfo, pid, r->thread.host_tid, n, &si);
	else
		(void)LINUX(rt_sigqueueinfo, pid, n, &si);
}

/* A signal the guest blocks: where Linux can, it holds it; mask is Linux's, to be. */
static void hold(struct resident *r, const siginfo_t *si, bool to_thread)
{
	uint64_t bit = HOST_BIT(si->si_signo);

	if (bit & SYNCHRONOUS) {
		r->held |= bit;
		return;
	}
	r->host_blocked |= bit;
	queue_again(r, si, to_thread);
}

void signals_pass_on(struct resident *r)
{
	struct signal_info info;

	if (!r->has_host)
		return;
	convert(r, &r->host_info, &info);
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

static bool within(uint64_t ip, const char *begin, const char *end)
{
	return ip >= (uint64_t)begin && ip < (uint64_t)end;
}

static void save_registers(struct resident *r, const struct sigcontext *m)
{
	r->thread.regs = (struct regs){
		.rax = m->rax,
		.rdi = m->rdi,
		.rsi = m->rsi,
		.rdx = m->rdx,
		.r10 = m->r10,
		.r8 = m->r8,
		.r9 = m->r9,
		.rcx = m->rcx,
		.r11 = m->r11,
		.rbx = m->rbx,
		.rbp = m->rbp,
		.r12 = m->r12,
		.r13 = m->r13,
		.r14 = m->r14,
		.r15 = m->r15,
		.rsp = m->rsp,
		.rip = m->rip,
		.rflags = m->eflags,
	};
}

/* The guest cannot change the register but by an instruction that then we have as well. */
static void take_gs(struct resident *r)
{
	if (space.has_fsgsbase)
		(void)set_gs((uint64_t)r); /* by that instruction: cannot fail */
}

/* Something is in hand: nothing else comes until it is settled, and the thread is on its
 * way to where that happens. */
static void turn_to_boundary(struct resident *r, struct ucontext *uc)
{
	struct sigcontext *m = &uc->uc_mcontext;

	r->pending = 1;
	r->all_blocked = true;
	memset(&uc->uc_sigmask, 0xff, sizeof uc->uc_sigmask);
	*(uint64_t *)&uc->uc_sigmask = ~SYNCHRONOUS;
	if (is_guest(m)) {
		save_registers(r, m);
		take_gs(r);
		m->rip = (uint64_t)boundary;
	} else if (within(m->rip, exit_window, exit_window_end)) {
		m->rip = (uint64_t)boundary;
	} else if (within(m->rip, gate_wait_window, gate_wait_window_end)) {
		m->rip = (uint64_t)gate_wait_aborted;
	}
}

/* A call from outside the gate. */
static void trapped_call(struct resident *r, siginfo_t *si, struct ucontext *uc)
{
	struct sigcontext *m = &uc->uc_mcontext;

	if (is_guest(m) && si->si_arch == AUDIT_ARCH_X86_64) {
		save_registers(r, m);
		patch_trapped(r, &r->thread.regs);
		m->rcx = m->rip;
		m->rip = (uint64_t)entry_call;
		take_gs(r);
		return;
	}
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

static void fault(struct resident *r, int n, siginfo_t *si, struct ucontext *uc)
{
	struct sigcontext *m = &uc->uc_mcontext;
	const struct personality *p;

	if (!is_guest(m)) {
		if (recover(m))
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
	set_host(&r->raised, si);
	p->describe_fault(&r->raised);
	r->has_raised = true;
	turn_to_boundary(r, uc);
}

static void arrived(struct resident *r, siginfo_t *si, struct ucontext *uc)
{
	struct signal_info info;

	convert(r, si, &info);
	if (!info.number)
		return;
	if (sigset_has(&r->thread.mask, info.number)) {
		hold(r, si, info.to_thread);
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
	sw = (const void *)((const char *)uc->uc_mcontext.fpstate + 464);
	if (sw->magic1 != FP_XSTATE_MAGIC1 ||
	    sw->xstate_size > sizeof((struct resident *)0)->vectors)
		die(EXIT_GUISE, "this processor's vector state (%l bytes) is not supported",
		    (long)sw->xstate_size);
	space.vector_mask = sw->xfeatures & ~(1UL << 9); /* not the protection keys */
	space.vector_size = sw->xstate_size;
}

static void host_signal(int n, siginfo_t *si, struct ucontext *uc)
{
	struct resident *r = this_thread();

	learn_vectors(uc);
	if (n == SIGSYS && si->si_code == SYS_SECCOMP)
		trapped_call(r, si, uc);
	else if ((HOST_BIT(n) & SYNCHRONOUS) && si->si_code > 0)
		fault(r, n, si, uc);
	else
		arrived(r, si, uc);
}

/* ---- Settling --------------------------------------------------------------- */

/* Linux's mask becomes what the guest's needs. */
static void release_all(struct resident *r)
{
	r->pending = 0;
	if (!r->all_blocked)
		return;
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
	convert(r, &r->host_info, info);
	r->has_host = false;
	if (!info->is_fault && sigset_has(&r->thread.mask, info->number)) {
		hold(r, &r->host_info, info->to_thread);
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

static _Noreturn void terminate(struct resident *r, int guest)
{
	if (space.settings.flags & SETTINGS_TRACE)
		trace_event(r, TRACE_KILLED, guest);
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
		terminate(r, n);
	if (a->handler > HANDLER_IGNORE)
		return true;
	if (a->handler == HANDLER_IGNORE)
		return false;
	switch (signal_default_of(p->personality, n)) {
	case SIGNAL_TERMINATES:
		terminate(r, n);
	case SIGNAL_STOPS:
		by_default(r, n);
	}
	return false;
}

/* Held signals that the guest does not block any more, made up anew. */
static bool take_held(struct resident *r)
{
	const struct personality *p = r->thread.process->personality;

	for (int n = 1; r->held && n <= 31; n++) {
		int guest = signal_from_host(p, n);

		if (!(r->held & HOST_BIT(n)) || sigset_has(&r->thread.mask, guest))
			continue;
		r->held &= ~HOST_BIT(n);
		r->raised = (struct signal_info){.number = guest, .code = CODE_USER};
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
		if (take_held(r))
			continue;
		release_all(r);
		if (!r->has_host && !r->has_raised)
			return false;
	}
}

void signals_deliver(struct resident *r, const struct signal_info *info, const struct action *a)
{
	struct thread *t = &r->thread;

	if (t->mask_saved) {
		t->mask = t->saved_mask;
		t->mask_saved = false;
	}
	if (__builtin_expect(space.settings.flags & SETTINGS_TRACE, 0))
		trace_signal(r, info);
	if (t->process->personality->push_signal(t, info, a) < 0)
		terminate(r, t->process->personality->bad_stack_signal
				     ? (int)t->process->personality->bad_stack_signal
				     : signal_from_host(t->process->personality, SIGILL));
	mask_for_handler(&t->mask, a, info->number);
	engine_reset_vectors(t);
	r->host_blocked &= sigset_to_host(t->process->personality, &t->mask);
	if (r->has_raised || r->has_host)
		return; /* the exit path sees it */
	release_all(r);
}

/* ---- Actions and masks ------------------------------------------------------- */

/* Signals that Linux, too, ignores by default: left to it, since to ignore SIGCHLD
 * explicitly would mean something else. */
static bool linux_ignores(int host)
{
	return host == SIGCHLD || host == SIGURG || host == SIGWINCH || host == SIGCONT;
}

/* Linux's disposition for a guest action: the handler wherever the guest has one, might
 * block the signal, or shares its carrier; else what comes to the same. */
static uint64_t disposition(const struct personality *p, const struct signal *s,
			    const struct action *a)
{
	if (signal_is_carrier(p, s->host))
		return (uint64_t)host_signal;
	if (a->handler == HANDLER_IGNORE)
		return (uint64_t)SIG_IGN;
	if (a->handler == HANDLER_DEFAULT && s->by_default == SIGNAL_IGNORED)
		return (uint64_t)(linux_ignores(s->host) ? SIG_DFL : SIG_IGN);
	return (uint64_t)host_signal;
}

int engine_action_changed(struct call *c, int n)
{
	struct process *p = c->thread->process;
	const struct signal *s = signal_by_guest(p->personality, n);
	const struct action *a = &p->actions[n - 1];
	uint64_t handler, flags = 0;
	int r;

	if (!s || (HOST_BIT(s->host) & SYNCHRONOUS))
		return 0;
	handler = disposition(p->personality, s, a);
	flags |= a->flags & ACTION_NOCLDSTOP ? SA_NOCLDSTOP : 0;
	flags |= a->flags & ACTION_NOCLDWAIT ? SA_NOCLDWAIT : 0;
	r = set_host_action(s->host, handler, flags);
	if (r < 0)
		return r;
	if (handler == (uint64_t)host_signal)
		p->host_handled |= HOST_BIT(s->host);
	else
		p->host_handled &= ~HOST_BIT(s->host);
	return 0;
}

/* Signals the guest now blocks and that Linux would act upon by itself get the handler. */
static void handle_blocked(struct call *c)
{
	struct process *p = c->thread->process;

	for (uint32_t i = 0; i < p->personality->n_signals; i++) {
		const struct signal *s = &p->personality->signals[i];

		if (!sigset_has(&c->thread->mask, s->guest) || sigset_has(&p->watched, s->guest))
			continue;
		sigset_add(&p->watched, s->guest);
		if (!(p->host_handled & HOST_BIT(s->host)) && s->by_default != SIGNAL_IGNORED &&
		    p->actions[s->guest - 1].handler == HANDLER_DEFAULT)
			(void)engine_action_changed(c,
						    s->guest); /* KILL and STOP: refused, rightly */
	}
}

void engine_mask_changed(struct call *c)
{
	struct thread *t = c->thread;
	struct resident *r = of_thread(t);
	const struct process *p = t->process;

	if ((t->mask.bits[0] & ~p->watched.bits[0]) || (t->mask.bits[1] & ~p->watched.bits[1]))
		handle_blocked(c);
	if (r->held && !r->has_raised && take_held(r))
		r->pending = 1;
	if (r->host_blocked) {
		uint64_t freed = r->host_blocked & ~sigset_to_host(p->personality, &t->mask);

		r->host_blocked &= ~freed;
		if (freed && !r->all_blocked)
			(void)LINUX(rt_sigprocmask, SIG_UNBLOCK, &freed, 0, 8);
	}
}

void signals_push_mask(struct resident *r)
{
	const struct thread *t = &r->thread;

	r->host_blocked = sigset_to_host(t->process->personality, &t->mask) & ~SYNCHRONOUS;
	set_host_mask(r->host_blocked);
}

/* A signal that comes meanwhile is in hand, and Linux's mask is set when it is settled. */
void engine_settle_masks(struct call *c)
{
	struct resident *r = of_thread(c->thread);
	uint64_t wanted = sigset_to_host(c->personality, &c->thread->mask) & ~SYNCHRONOUS;

	if (wanted == r->host_blocked)
		return;
	(void)signals_block_all(r);
	r->host_blocked = wanted;
	if (!r->all_blocked)
		set_host_mask(wanted);
}

int engine_pending(struct call *c, struct sigset *set)
{
	struct resident *r = of_thread(c->thread);
	uint64_t host = 0;
	long e = LINUX(rt_sigpending, &host, 8);

	if (e < 0)
		return (int)e;
	host |= r->held;
	*set = (struct sigset){0};
	for (int n = 1; n <= 64; n++) {
		int guest = host & HOST_BIT(n) ? signal_from_host(c->personality, n) : 0;

		if (guest)
			sigset_add(set, guest);
	}
	return 0;
}

long engine_pause(struct call *c)
{
	if (space.watches_waits)
		trace_begun(of_thread(c->thread), 0);
	return gate_wait(__NR_pause, 0, 0, 0, 0, 0, 0);
}

/* What is in the engine's own hands already, if set names it. */
static int wait_held(struct resident *r, const struct sigset *set, struct signal_info *info)
{
	const struct personality *p = r->thread.process->personality;

	for (int n = 1; r->held && n <= 31; n++) {
		int guest = signal_from_host(p, n);

		if ((r->held & HOST_BIT(n)) && guest && sigset_has(set, guest)) {
			r->held &= ~HOST_BIT(n);
			*info = (struct signal_info){.number = guest, .code = CODE_USER};
			return guest;
		}
	}
	return 0;
}

static long wait_host(struct resident *r, uint64_t wanted, uint64_t timeout,
		      struct signal_info *info)
{
	struct {
		int64_t seconds, nanoseconds;
	} ts = {(int64_t)(timeout / 1000000000), (int64_t)(timeout % 1000000000)};
	siginfo_t si;
	long n;

	if (space.watches_waits)
		trace_begun(r, 0);
	n = gate_wait(__NR_rt_sigtimedwait, (uint64_t)&wanted, (uint64_t)&si,
		      timeout == UINT64_MAX ? 0 : (uint64_t)&ts, 8, 0, 0);

	if (n > 0) {
		convert(r, &si, info);
		n = info->number;
	}
	return n;
}

long engine_wait_signal(struct call *c, const struct sigset *set, uint64_t timeout,
			struct signal_info *info)
{
	struct resident *r = of_thread(c->thread);
	uint64_t wanted = sigset_to_host(c->personality, set) & ~SYNCHRONOUS;
	uint64_t blocked = r->host_blocked;
	long n = wait_held(r, set, info);

	if (n)
		return n;
	blocked |= sigset_to_host(c->personality, &r->thread.mask) & ~SYNCHRONOUS;
	set_host_mask(blocked | wanted);
	n = r->pending ? CALL_AGAIN : wait_host(r, wanted, timeout, info);
	r->host_blocked = blocked;
	if (!r->all_blocked)
		set_host_mask(blocked);
	return n;
}

void engine_raise(struct thread *t, const struct signal_info *info)
{
	struct resident *r = of_thread(t);

	if (!info->is_fault && sigset_has(&t->mask, info->number)) {
		const struct signal *s = signal_by_guest(t->process->personality, info->number);

		if (s && (HOST_BIT(s->host) & SYNCHRONOUS)) {
			r->held |= HOST_BIT(s->host);
			return;
		}
	}
	r->raised = *info;
	r->has_raised = true;
	r->pending = 1;
}

long engine_send(struct call *c, int pid, int host_tid, int n, int code, uint64_t value)
{
	const struct signal *s = signal_by_guest(c->personality, n);
	siginfo_t si = {0};

	if (!s)
		return -EINVAL;
	si.si_signo = s->host;
	si.si_code = CODE_WRAPPED;
	si.si_errno = WRAP(n, code);
	si.si_pid = c->thread->process->pid;
	si.si_uid = (uint32_t)LINUX(getuid);
	si.si_ptr = (void *)value;
	if (host_tid)
		return LINUX(rt_tgsigqueueinfo, pid, host_tid, s->host, &si);
	return LINUX(rt_sigqueueinfo, pid, s->host, &si);
}

/* ---- Beginnings ---------------------------------------------------------------- */

static const uint8_t synchronous[] = {SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

/* Signals whose default differs: ignored by the guest's system, deadly in Linux. */
static void adjust_defaults(struct process *p)
{
	for (uint32_t i = 0; i < p->personality->n_signals; i++) {
		const struct signal *s = &p->personality->signals[i];

		if (s->by_default == SIGNAL_IGNORED && !linux_ignores(s->host) &&
		    !signal_is_carrier(p->personality, s->host))
			(void)set_host_action(s->host, (uint64_t)SIG_IGN, 0);
	}
	if (!signal_is_carrier(p->personality, HOST_SIGNAL_CARRIER))
		return;
	(void)set_host_action(HOST_SIGNAL_CARRIER, (uint64_t)host_signal, 0);
	p->host_handled |= HOST_BIT(HOST_SIGNAL_CARRIER);
}

void signals_begin(struct resident *r, const struct handover *h)
{
	struct process *p = r->thread.process;
	struct sigset ignored;

	for (size_t i = 0; i < COUNT(synchronous); i++) {
		int e = set_host_action(synchronous[i], (uint64_t)host_signal, 0);

		if (e < 0)
			die(EXIT_GUISE, "cannot install a signal handler: error %d", -e);
		p->host_handled |= HOST_BIT(synchronous[i]);
	}
	sigset_take_over(p->personality, h->mask, &r->thread.mask);
	sigset_take_over(p->personality, h->ignored, &ignored);
	for (int n = 1; n <= MAX_SIGNAL; n++)
		if (sigset_has(&ignored, n))
			p->actions[n - 1].handler = HANDLER_IGNORE;
	adjust_defaults(p);
	signals_push_mask(r);
}

void signals_ignored(struct resident *r, uint64_t ignored[HANDOVER_SET])
{
	const struct process *p = r->thread.process;

	struct sigset set = {0};

	for (int n = 1; n <= MAX_SIGNAL; n++)
		if (p->actions[n - 1].handler == HANDLER_IGNORE)
			sigset_add(&set, n);
	sigset_hand_over(p->personality, &set, ignored);
}

void signals_child(struct resident *r)
{
	r->has_host = r->has_raised = false;
	r->pending = 0;
	r->held = 0;
	r->all_blocked = false;
}

/* ---- Vector state ---------------------------------------------------------------- */

#define XSAVE_LEGACY 512
#define XSAVE_HEADER 64
#define MXCSR_AT 24
#define MXCSR_INITIAL 0x1f80u
#define MXCSR_MASK 0xffffu

size_t engine_vector_size(void)
{
	return space.vector_size;
}

uint64_t engine_vector_mask(void)
{
	return space.vector_mask;
}

int engine_save_vectors(struct thread *t, uint64_t legacy, uint64_t rest)
{
	struct resident *r = of_thread(t);
	uint32_t low = (uint32_t)space.vector_mask, high = (uint32_t)(space.vector_mask >> 32);
	int e;

	memset(r->vectors, 0, space.vector_size);
	__asm__ volatile("xsave64 (%0)" : : "r"(r->vectors), "a"(low), "d"(high) : "memory");
	e = thread_put(t, legacy, r->vectors, XSAVE_LEGACY);
	if (e < 0)
		return e;
	return thread_put(t, rest, r->vectors + XSAVE_LEGACY, space.vector_size - XSAVE_LEGACY);
}

/* A header the processor accepts whatever the guest wrote: no compaction, no unknown
 * component. */
static void clean_header(char *area, bool has_rest)
{
	uint64_t header[XSAVE_HEADER / 8] = {0};

	if (has_rest)
		memcpy(header, area + XSAVE_LEGACY, sizeof header[0]);
	else
		header[0] = 3; /* x87 and SSE are in the legacy part */
	header[0] &= space.vector_mask;
	memset(header + 1, 0, sizeof header - sizeof header[0]);
	memcpy(area + XSAVE_LEGACY, header, sizeof header);
}

int engine_load_vectors(struct thread *t, uint64_t legacy, uint64_t rest, size_t rest_size)
{
	struct resident *r = of_thread(t);
	uint32_t mxcsr;
	int e;

	if (rest_size > space.vector_size - XSAVE_LEGACY || (rest && rest_size < XSAVE_HEADER))
		return -EINVAL;
	memset(r->vectors, 0, space.vector_size);
	e = thread_get(t, r->vectors, legacy, XSAVE_LEGACY);
	if (e == 0 && rest)
		e = thread_get(t, r->vectors + XSAVE_LEGACY, rest, rest_size);
	if (e < 0)
		return e;
	memcpy(&mxcsr, r->vectors + MXCSR_AT, sizeof mxcsr);
	if (mxcsr & ~MXCSR_MASK)
		return -EINVAL;
	clean_header(r->vectors, rest != 0);
	return vectors_load(r->vectors, space.vector_mask) < 0 ? -EINVAL : 0;
}

void engine_reset_vectors(struct thread *t)
{
	struct resident *r = of_thread(t);
	uint32_t mxcsr = MXCSR_INITIAL;

	memset(r->vectors, 0, XSAVE_LEGACY + XSAVE_HEADER);
	memcpy(r->vectors + MXCSR_AT, &mxcsr, sizeof mxcsr);
	(void)vectors_load(r->vectors, space.vector_mask); /* our own area: valid */
}
