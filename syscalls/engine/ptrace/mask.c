/* Signals of traced threads: actions, masks, waiting and sending. */
#include "syscalls/engine/ptrace/supervisor.h"
#include "syscalls/signal.h"
#include "syscalls/signal_info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#define HOST_BIT(n) (1UL << ((n)-1))

struct kernel_action {
	uint64_t handler, flags, restorer, mask;
};

static int set_host_action(struct tracee *t, int host, uint64_t handler, uint64_t flags)
{
	const struct kernel_action a = {.handler = handler, .flags = flags};
	uint64_t at = tracee_area(t);

	if (!at || thread_put(&t->thread, at + AREA_ARGUMENT, &a, sizeof a) < 0)
		return -ENOMEM;
	return (int)LINUX(t, rt_sigaction, host, at + AREA_ARGUMENT, 0, 8);
}

int engine_action_default(struct tracee *t, int host)
{
	return set_host_action(t, host, (uint64_t)SIG_DFL, 0);
}

struct dropped {
	const struct guest *guest;
	int number;
};

static void drop_pending(struct tracee *t, void *context)
{
	const struct dropped *d = context;
	struct pending **at = &t->pending;

	while (t->guest == d->guest && *at) {
		struct pending *p = *at;

		if (p->info.number != d->number || p->info.is_fault) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		free(p);
	}
}

static bool is_ignored(const struct action *a, const struct signal *s)
{
	return a->handler == HANDLER_IGNORE ||
	       (a->handler == HANDLER_DEFAULT && s->by_default == SIGNAL_IGNORED);
}

/* Linux never runs a handler here.  It is told what is ignored, which terminals ask for, and how
 * children's ends are to be treated. */
int engine_action_changed(struct call *c, int n)
{
	struct tracee *t = of_thread(c->thread);
	const struct signal *s = signal_by_guest(c->personality, n);
	const struct action *a = &c->thread->process->actions[n - 1];
	uint64_t flags = 0;

	if (s && is_ignored(a, s)) /* what is pending is forgotten, as Linux does with its own */
		tracee_each(drop_pending, &(struct dropped){t->guest, n});
	if (!s || s->host == SIGTRAP || signal_is_carrier(c->personality, s->host))
		return 0;
	flags |= a->flags & ACTION_NOCLDSTOP ? SA_NOCLDSTOP : 0;
	flags |= a->flags & ACTION_NOCLDWAIT ? SA_NOCLDWAIT : 0;
	if (s->host != SIGCHLD && sigset_has(&t->guest->process.counted.set, n))
		return set_host_action(t, s->host, (uint64_t)SIG_DFL, flags);
	return set_host_action(t, s->host,
			       (uint64_t)(a->handler == HANDLER_IGNORE ? SIG_IGN : SIG_DFL), flags);
}

void engine_mask_changed(struct call *c)
{
	(void)c; /* Linux is told before it matters: signals_push_mask() */
}

void engine_settle_masks(struct call *c)
{
	signals_push_mask(of_thread(c->thread));
}

/* What was blocked and pending before is not counted: it is taken in hand now. */
int engine_counted_changed(struct call *c, int n)
{
	struct tracee *t = of_thread(c->thread);
	int r = engine_action_changed(c, n);

	signals_push_mask(t);
	(void)LINUX(t, sched_yield); /* as good as any, to have it arrive */
	for (struct pending *p = t->pending; p; p = p->next)
		if (p->info.number == n)
			p->uncounted = 0;

	return r == -EINVAL ? 0 : r; /* KILL and STOP: Linux tells nobody */
}

void engine_let_counted_in(struct call *c)
{
	signals_push_mask(of_thread(c->thread));
}

int engine_pending(struct call *c, struct sigset *set)
{
	struct tracee *t = of_thread(c->thread);
	uint64_t host = 0, at = tracee_area(t);
	long r = at ? 0 : -ENOMEM;

	signals_push_mask(t);
	if (r == 0)
		r = LINUX(t, rt_sigpending, at + AREA_ARGUMENT, sizeof host);
	if (r == 0)
		r = get_guest(c, &host, at + AREA_ARGUMENT, sizeof host);
	if (r < 0)
		return (int)r;
	*set = (struct sigset){0};
	for (int n = 1; n <= 64; n++) {
		int guest = host & HOST_BIT(n) ? signal_from_host(c->personality, n) : 0;

		if (guest)
			sigset_add(set, guest);
	}
	for (const struct pending *p = t->pending; p; p = p->next)
		sigset_add(set, p->info.number);
	return 0;
}

long engine_pause(struct call *c)
{
	const struct row *row = c->row;
	long r;

	c->row = NULL; /* a call of the engine's own */
	r = host_wait(c, __NR_pause);
	c->row = row;
	return r;
}

/* ---- Waiting ------------------------------------------------------------------------ */

/* The lowest number that is in hand and wanted, or 0. */
static int find_wanted(const struct tracee *t, const struct sigset *set)
{
	int lowest = 0;

	for (const struct pending *p = t->pending; p; p = p->next)
		if (sigset_has(set, p->info.number) && (!lowest || p->info.number < lowest))
			lowest = p->info.number;
	return lowest;
}

static int take_wanted(struct tracee *t, int n, struct signal_info *info)
{
	struct pending **at = &t->pending, *p = *at;

	while (p->info.number != n)
		at = &p->next, p = *at;
	*info = p->info;
	*at = p->next;
	free(p);
	return n;
}

struct argument {
	uint64_t wanted;
	struct {
		int64_t seconds, nanoseconds;
	} timeout;
	siginfo_t si;
};

static long wait_host(struct call *c, uint64_t at, uint64_t wanted, uint64_t timeout, siginfo_t *si)
{
	struct tracee *t = of_thread(c->thread);
	struct argument a = {.wanted = wanted,
			     .timeout = {(int64_t)(timeout / 1000000000),
					 (int64_t)(timeout % 1000000000)}};
	long n = put_guest(c, at, &a, sizeof a);

	if (n < 0)
		return n;
	n = tracee_call(t, true, __NR_rt_sigtimedwait,
			(const uint64_t[]){at, at + offsetof(struct argument, si),
					   timeout == UINT64_MAX
						   ? 0
						   : at + offsetof(struct argument, timeout),
					   8, 0, 0});
	if (n > 0 && get_guest(c, &a, at, sizeof a) < 0)
		return -EFAULT;
	*si = a.si;
	return n;
}

/* Linux holds back what is waited for, whoever else would have it: engine/resident/mask.c. */
static long wait_masked(struct call *c, const struct sigset *set, uint64_t timeout,
			struct signal_info *info)
{
	struct tracee *t = of_thread(c->thread);
	uint64_t wanted = sigset_to_host(c->personality, set) & ~HOST_BIT(SIGTRAP);
	uint64_t area = tracee_area(t), mask;
	siginfo_t si;
	long n;

	if (!area)
		return -ENOMEM;
	signals_push_mask(t);
	mask = t->host_mask | wanted;
	(void)tracee_request(t, PTRACE_SETSIGMASK, sizeof mask, (uint64_t)&mask);
	if (is_traced())
		trace_begun(&t->thread, 0);
	n = wait_host(c, area + AREA_ARGUMENT, wanted, timeout, &si);
	(void)tracee_request(t, PTRACE_SETSIGMASK, sizeof mask, (uint64_t)&t->host_mask);
	if (n <= 0)
		return n;
	signal_info_from_host(&t->guest->process, &si, info);
	if (!signal_info_is_again(&si))
		signal_count(t, info->number);
	if (info->number && sigset_has(set, info->number))
		return info->number;
	signal_add(t, &si, info); /* it came by the same Linux signal */
	return CALL_AGAIN;
}

/* Those of them before n. */
static struct sigset below(const struct sigset *set, int n)
{
	struct sigset lower = *set;

	for (int i = n; i <= MAX_SIGNAL; i++)
		sigset_remove(&lower, i);
	return lower;
}

/* Of what Linux holds and what is held here the lowest number comes first. */
long engine_wait_signal(struct call *c, const struct sigset *set, uint64_t timeout,
			struct signal_info *info)
{
	struct tracee *t = of_thread(c->thread);
	int held = find_wanted(t, set);
	struct sigset lower = held ? below(set, held) : *set;
	long n;

	if (!held && signals_wanted(t))
		return CALL_AGAIN;
	n = wait_masked(c, &lower, held ? 0 : timeout, info);
	if (n > 0)
		return n;
	held = find_wanted(t, set);
	return held ? take_wanted(t, held, info) : n;
}

/* ---- Sending ------------------------------------------------------------------------------ */

/* By the guest itself: whom it may signal is for Linux to say. */
long engine_send(struct call *c, int pid, int host_tid, int n, int code, uint64_t value)
{
	const struct signal *s = signal_by_guest(c->personality, n);
	struct tracee *t = of_thread(c->thread);
	uint64_t at = s ? tracee_area(t) : 0;
	siginfo_t si;
	int r;

	if (!s)
		return -EINVAL;
	signal_info_wrap(&si, s->host, n, code, value);
	si.si_pid = c->thread->process->pid;
	si.si_uid = getuid();
	r = at ? put_guest(c, at + AREA_ARGUMENT, &si, sizeof si) : -ENOMEM;
	if (r < 0)
		return r;
	if (host_tid)
		return LINUX(t, rt_tgsigqueueinfo, pid, host_tid, s->host, at + AREA_ARGUMENT);
	return LINUX(t, rt_sigqueueinfo, pid, s->host, at + AREA_ARGUMENT);
}

/* ---- Beginnings ------------------------------------------------------------------------------- */

/* Linux keeps who ignores what over exec, and so does the handover for those it lacks. */
void signals_begin(struct tracee *t, const struct handover *h)
{
	struct process *p = t->thread.process;
	struct sigset ignored;

	sigset_take_over(p->personality, h->mask, &t->thread.mask);
	sigset_take_over(p->personality, h->ignored, &ignored);
	for (int n = 1; n <= MAX_SIGNAL; n++)
		if (sigset_has(&ignored, n))
			p->actions[n - 1].handler = HANDLER_IGNORE;
	t->host_mask = 0;
	(void)tracee_request(t, PTRACE_SETSIGMASK, sizeof t->host_mask, (uint64_t)&t->host_mask);
	signals_push_mask(t);
}

void signals_ignored(const struct process *p, uint64_t ignored[HANDOVER_SET])
{
	struct sigset set = {0};

	for (int n = 1; n <= MAX_SIGNAL; n++)
		if (p->actions[n - 1].handler == HANDLER_IGNORE)
			sigset_add(&set, n);
	sigset_hand_over(p->personality, &set, ignored);
}
