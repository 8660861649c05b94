/* POSIX timers: Linux's, which tell of their expiry by one of its signals. */
#include "syscalls/timer.h"

#include "syscalls/linux.h"
#include "syscalls/resource.h"
#include "syscalls/signal.h"

#include <string.h>

/* The Linux signal that carries the guest's; those that share one cannot be told apart
 * when a timer sends them. */
static int signal_on_host(const struct call *c, int guest)
{
	const struct signal *s = signal_by_guest(c->personality, guest);

	if (!s)
		return -EINVAL;
	return s->host == HOST_SIGNAL_CARRIER ? -EOPNOTSUPP : s->host;
}

int timer_event_to_host(const struct call *c, const struct timer_event *e, struct host_event *to)
{
	*to = (struct host_event){.value = e->value, .how = e->how};
	if (e->how == TIMER_EVENT_NONE)
		return 0;
	to->signal = signal_on_host(c, e->signal);
	if (to->signal < 0)
		return to->signal;
	if (e->how == TIMER_EVENT_THREAD) {
		to->thread = host_thread_of(e->thread);
		if (!to->thread)
			return -EINVAL;
	}
	return 0;
}

/* Linux counts timers upwards, so an old number comes back only after all others. */
static void remember_thread_timer(struct process *p, int32_t number)
{
	uint32_t i = __atomic_fetch_add(&p->thread_timers.made, 1, __ATOMIC_RELAXED);

	p->thread_timers.id[i % COUNT(p->thread_timers.id)] = number + 1;
}

void timers_forked(struct process *p)
{
	memset(&p->thread_timers, 0, sizeof p->thread_timers);
}

bool timer_tells_thread(const struct process *p, int32_t number)
{
	for (size_t i = 0; p->thread_timers.made && i < COUNT(p->thread_timers.id); i++)
		if (p->thread_timers.id[i] == number + 1)
			return true;
	return false;
}

/* timer_create(clock, event or null, number *) */
TRANSLATOR(timer_create)
{
	struct timer_event event;
	struct host_event to = {0};
	uint64_t clock, event_at = 0, number_at = scratch(c, sizeof(int32_t));
	int32_t number;
	long r = arg_value(c, 0, &clock);

	if (r == 0 && c->a[1])
		r = arg_in(c, 1, &event);
	if (r == 0 && c->a[1])
		r = timer_event_to_host(c, &event, &to);
	if (r < 0)
		return r;
	if (c->a[1])
		event_at = scratch(c, sizeof to);
	if (!number_at || (c->a[1] && !event_at))
		return -ENOMEM;
	if (c->a[1] && put_guest(c, event_at, &to, sizeof to) < 0)
		return -EFAULT;
	/* Without an event both systems send SIGALRM with the timer's number. */
	r = host(c, __NR_timer_create, clock, event_at, number_at);
	if (r < 0)
		return r == -EOPNOTSUPP ? -EINVAL : r;
	r = get_guest(c, &number, number_at, sizeof number);
	if (r == 0)
		r = put_guest(c, c->a[2], &number, sizeof number);
	if (r < 0)
		(void)host(c, __NR_timer_delete, number); /* nobody knows its number */
	else if (c->a[1] && to.how == TIMER_EVENT_THREAD)
		remember_thread_timer(c->thread->process, number);
	return r;
}

/* timerfd_settime(fd, flags, new, old or null).  What shall be is read before anything else is
 * looked at. */
TRANSLATOR(timerfd_settime)
{
	struct itimerspec time;
	uint64_t fd, flags, new = scratch(c, sizeof time), old = scratch(c, sizeof time);
	long r = new &&old ? arg_in(c, 2, &time) : -ENOMEM;

	if (r == 0)
		r = arg_values(c, 1, &flags, 0, &fd);
	if (r == 0)
		r = put_guest(c, new, &time, sizeof time);
	if (r == 0)
		r = host(c, __NR_timerfd_settime, fd, flags, new, c->a[3] ? old : 0);
	if (r < 0 || !c->a[3])
		return r;
	r = get_guest(c, &time, old, sizeof time);
	return r < 0 ? r : arg_out(c, 3, &time);
}
