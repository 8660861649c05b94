/* Signals: what Linux is told of the guest's actions and masks, waiting and sending.
 * signal.c has the mechanism. */
#include "syscalls/core.h"
#include "syscalls/engine.h"
#include "syscalls/engine/resident/signals.h"
#include "syscalls/signal.h"
#include "syscalls/signal_info.h"

#include <string.h>

/* ---- Actions and masks ------------------------------------------------------- */

/* Signals that Linux, too, ignores by default: left to it, since to ignore SIGCHLD
 * explicitly would mean something else. */
static bool linux_ignores(int host)
{
	return host == SIGCHLD || host == SIGURG || host == SIGWINCH || host == SIGCONT;
}

/* Linux's disposition for a guest action: the handler wherever the guest has one, might
 * block the signal, or shares its carrier; else what comes to the same. */
static uint64_t disposition(const struct process *p, const struct signal *s, const struct action *a)
{
	if (signal_is_carrier(p->personality, s->host) || counted_needs_handler(p, s, a))
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
	handler = disposition(p, s, a);
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
			/* KILL and STOP are refused, rightly. */
			(void)engine_action_changed(c, s->guest);
	}
}

/* One that comes before Linux sees the call is in hand, and all are blocked until it is settled:
 * then the call must not be made, or a second one would come. */
void signals_let_in(const uint64_t *host)
{
	(void)gate_wait(NULL, __NR_rt_sigprocmask, SIG_UNBLOCK, (uint64_t)host, 0, 8, 0, 0);
}

static struct sigset queued_of(const struct resident *r)
{
	const struct sigset *mask = &r->thread.mask, *queued = &r->thread.process->queued;

	return (struct sigset){{mask->bits[0] & queued->bits[0], mask->bits[1] & queued->bits[1]}};
}

void signals_block_queued(struct resident *r, uint64_t masked)
{
	const struct process *p = r->thread.process;

	r->queued_blocked = queued_of(r);
	r->host_blocked &= ~p->queued_on_host;
	r->host_blocked |= masked & p->queued_on_host & ~counted_in_host(p);
}

/* What is blocked and unblocked in Linux now that the mask is another: *freed and the result. */
static uint64_t change_queued(struct resident *r, uint64_t *freed)
{
	const struct process *p = r->thread.process;
	struct sigset now = queued_of(r);
	uint64_t was = r->host_blocked;

	*freed = 0;
	if (!memcmp(&now, &r->queued_blocked, sizeof now))
		return 0;
	/* All or none, mostly: nothing to look up. */
	signals_block_queued(r, memcmp(&now, &p->queued, sizeof now)
					? sigset_to_host(p->personality, &now)
					: p->queued_on_host);
	*freed = was & ~r->host_blocked;
	return r->host_blocked & ~was;
}

void engine_mask_changed(struct call *c)
{
	struct thread *t = c->thread;
	struct resident *r = of_thread(t);
	const struct process *p = t->process;
	uint64_t freed, more, others;

	if ((t->mask.bits[0] & ~p->watched.bits[0]) || (t->mask.bits[1] & ~p->watched.bits[1]))
		handle_blocked(c);
	if (r->held && !r->has_raised && signals_take_held(r))
		r->pending = 1;
	more = change_queued(r, &freed);
	others = r->host_blocked & ~p->queued_on_host;
	if (others)
		freed |= others & ~sigset_to_host(p->personality, &t->mask);
	r->host_blocked &= ~freed;
	if (freed)
		signals_let_in(&freed);
	if (more && !r->all_blocked)
		(void)LINUX(rt_sigprocmask, SIG_BLOCK, &more, 0, 8);
}

void signals_push_mask(struct resident *r)
{
	const struct thread *t = &r->thread;

	r->host_blocked = sigset_to_host(t->process->personality, &t->mask) & ~SYNCHRONOUS;
	r->queued_blocked = queued_of(r);
	set_host_mask(r->host_blocked);
}

/* A signal that comes meanwhile is in hand, and Linux's mask is set when it is settled. */
void engine_settle_masks(struct call *c)
{
	struct resident *r = of_thread(c->thread);
	uint64_t wanted = sigset_to_host(c->personality, &c->thread->mask) & ~SYNCHRONOUS &
			  ~counted_in_host(c->thread->process);

	if (wanted == r->host_blocked)
		return;
	r->host_blocked = wanted;
	(void)set_host_mask_unless_pending(r, wanted); /* else when that is settled */
}

int engine_pending(struct call *c, struct sigset *set)
{
	struct resident *r = of_thread(c->thread);
	uint64_t host = 0;
	long e;

	tally_is_linux(r);
	e = LINUX(rt_sigpending, &host, 8);

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
	tally_is_linux(of_thread(c->thread));
	if (space.watches_waits)
		trace_begun(c->thread, 0);
	return gate_wait(c, __NR_pause, 0, 0, 0, 0, 0, 0);
}

/* What is in the engine's own hands already, if set names it. */
static int wait_held(struct resident *r, const struct sigset *set, struct signal_info *info)
{
	const struct personality *p = r->thread.process->personality;

	for (int n = 1; r->held && n <= 64; n++) {
		int guest = signal_from_host(p, n);

		if ((r->held & HOST_BIT(n)) && guest && sigset_has(set, guest)) {
			r->held &= ~HOST_BIT(n);
			*info = held_signal(r, guest);
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
		trace_begun(&r->thread, 0);
	n = gate_wait(NULL, __NR_rt_sigtimedwait, (uint64_t)&wanted, (uint64_t)&si,
		      timeout == UINT64_MAX ? 0 : (uint64_t)&ts, 8, 0, 0);

	if (n > 0) {
		signals_convert(r, &si, info);
		count_arrived(r, &si, info);
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
	tally_is_linux(r);
	blocked |= sigset_to_host(c->personality, &r->thread.mask) & ~SYNCHRONOUS;
	blocked &= ~counted_in_host(c->thread->process);
	r->host_blocked = blocked;
	if (!set_host_mask_unless_pending(r, blocked | wanted))
		return CALL_AGAIN;
	n = wait_host(r, wanted, timeout, info);
	(void)set_host_mask_unless_pending(r, blocked); /* else when that is settled */
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
	if (!info->is_fault)
		count_signal(r, info->number);
	r->raised = *info;
	r->has_raised = true;
	r->pending = 1;
}

long engine_send(struct call *c, int pid, int host_tid, int n, int code, uint64_t value)
{
	const struct signal *s = signal_by_guest(c->personality, n);
	siginfo_t si;

	if (!s)
		return -EINVAL;
	tally_is_linux(of_thread(c->thread));
	signal_info_wrap(&si, s->host, n, code, value);
	si.si_pid = c->thread->process->pid;
	si.si_uid = (uint32_t)LINUX(getuid);
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

/* Signals that leave a core file come here, to ask for it first. */
static void handle_cores(struct process *p)
{
	const struct core_format *core = p->personality->core;

	for (uint32_t i = 0; core && i < p->personality->n_signals; i++) {
		const struct signal *s = &p->personality->signals[i];

		if (!(space.settings.flags & SETTINGS_CORE) || s->guest > 64 ||
		    !(core->signals >> (s->guest - 1) & 1) || HOST_BIT(s->host) & SYNCHRONOUS ||
		    p->actions[s->guest - 1].handler != HANDLER_DEFAULT)
			continue;
		if (set_host_action(s->host, (uint64_t)host_signal, 0) == 0)
			p->host_handled |= HOST_BIT(s->host);
	}
}

/* Linux's real-time signals, but for the one that carries several of the guest's. */
static void learn_queued(struct process *p)
{
	enum { FIRST_QUEUED = 32 };

	for (uint32_t i = 0; i < p->personality->n_signals; i++) {
		const struct signal *s = &p->personality->signals[i];

		if (s->host >= FIRST_QUEUED && !signal_is_carrier(p->personality, s->host))
			sigset_add(&p->queued, s->guest);
	}
	p->queued_on_host = sigset_to_host(p->personality, &p->queued);
}

/* Ignored by the program before this one: Linux, too, shall do so, which had a handler of the
 * engine's there if a kqueue counted them. */
static void ignore_again(struct process *p, const struct signal *s, const struct sigset *ignored)
{
	if (!sigset_has(ignored, s->guest))
		return;
	p->actions[s->guest - 1].handler = HANDLER_IGNORE;
	if (!signal_is_carrier(p->personality, s->host) && !(HOST_BIT(s->host) & SYNCHRONOUS))
		(void)set_host_action(s->host, (uint64_t)SIG_IGN, 0); /* it has been, before */
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
	for (uint32_t i = 0; i < p->personality->n_signals; i++)
		ignore_again(p, &p->personality->signals[i], &ignored);
	adjust_defaults(p);
	handle_cores(p);
	learn_queued(p);
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
