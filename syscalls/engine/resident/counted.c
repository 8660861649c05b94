/* Signals that kqueues count (process.h: struct counted).
 *
 * They are counted as they arrive, so Linux has to deliver each one: it gets a handler for them
 * even where the guest ignores them, and they are not blocked in Linux even where the guest
 * blocks them, since of one that is pending already Linux would drop a second.  One that the
 * guest blocks goes to another thread that does not, or is held here, one of a kind, until it
 * is wanted.  Signals that share a carrier cannot be held by number and are left to Linux. */
#include "syscalls/engine.h"
#include "syscalls/engine/resident/signals.h"
#include "syscalls/signal.h"
#include "syscalls/signal_info.h"

static bool is_counted(const struct process *p, int guest)
{
	return guest && sigset_has(&p->counted.set, guest);
}

/* Ignored, SIGCHLD is not counted there either (kqueue(2)), and Linux would keep zombies. */
bool counted_needs_handler(const struct process *p, const struct signal *s, const struct action *a)
{
	return is_counted(p, s->guest) && !(s->host == SIGCHLD && a->handler == HANDLER_IGNORE);
}

uint64_t counted_in_host(const struct process *p)
{
	uint64_t set = sigset_to_host(p->personality, &p->counted.set);

	return signal_is_carrier(p->personality, HOST_SIGNAL_CARRIER)
		       ? set & ~HOST_BIT(HOST_SIGNAL_CARRIER)
		       : set;
}

void count_signal(struct resident *r, int guest)
{
	struct counted *counted = &r->thread.process->counted;
	uint64_t one = 1;

	if (!is_counted(r->thread.process, guest))
		return;
	__atomic_fetch_add(&counted->count[guest - 1], 1, __ATOMIC_RELEASE);
	(void)LINUX(write, counted->bell, &one, sizeof one); /* full: it rings already */
}

void count_arrived(struct resident *r, const siginfo_t *si, const struct signal_info *info)
{
	if (!signal_info_is_again(si) && !info->is_fault)
		count_signal(r, info->number);
}

/* For the process: a thread that does not block it shall have it. */
static bool pass_to_another(struct resident *r, const siginfo_t *si, int guest)
{
	for (uint32_t i = 0; i < space.top; i++) {
		struct resident *other = slot_of(i);

		if (other != r && other->thread.process == r->thread.process &&
		    !sigset_has(&other->thread.mask, guest)) {
			signals_queue(r, si, other->thread.host_tid);
			return true;
		}
	}
	return false;
}

bool counted_held(struct resident *r, const siginfo_t *si, const struct signal_info *info)
{
	struct process *p = r->thread.process;

	if (!(HOST_BIT(si->si_signo) & counted_in_host(p)))
		return false;
	if (!info->to_thread && pass_to_another(r, si, info->number))
		return true;
	if (!(r->held & HOST_BIT(si->si_signo)))
		r->held_info = *info;
	r->held |= HOST_BIT(si->si_signo);
	return true;
}

/* What is held, as it is told when the guest wants it. */
struct signal_info held_signal(const struct resident *r, int guest)
{
	if (r->held_info.number == guest)
		return r->held_info;
	return (struct signal_info){.number = guest, .code = CODE_USER};
}

/* The thread ends, or becomes another program: Linux holds what was held here. */
void counted_give_back(struct resident *r)
{
	uint64_t held = r->held & ~SYNCHRONOUS;

	for (int n = 1; n <= 64; n++) {
		siginfo_t si = {.si_signo = n, .si_code = SI_USER};

		if (held & HOST_BIT(n))
			signals_queue(r, &si, 0);
	}
	r->held &= SYNCHRONOUS;
}

void engine_let_counted_in(struct call *c)
{
	struct resident *r = of_thread(c->thread);
	uint64_t mine = r->host_blocked & counted_in_host(c->thread->process);

	r->host_blocked &= ~mine;
	if (mine)
		signals_let_in(&mine);
}

int engine_counted_changed(struct call *c, int n)
{
	struct process *p = c->thread->process;
	int r;

	lock_take(&p->lock);
	r = engine_action_changed(c, n);
	lock_release(&p->lock);
	engine_let_counted_in(c);
	return r == -EINVAL ? 0 : r; /* KILL: Linux tells nobody, and nobody is left to be told */
}
