/* Clocks, sleeping, interval timers. */
#include "syscalls/time.h"

#include "syscalls/clock.h"
#include "syscalls/engine.h"
#include "syscalls/linux.h"
#include "syscalls/process.h"
#include "syscalls/resource.h"

int ns_of_timespec(const struct __kernel_timespec *t, uint64_t *ns)
{
	if (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= (long long)NS_PER_SECOND)
		return -EINVAL;
	if ((uint64_t)t->tv_sec >= NS_MAX / NS_PER_SECOND)
		*ns = NS_MAX;
	else
		*ns = (uint64_t)t->tv_sec * NS_PER_SECOND + (uint64_t)t->tv_nsec;
	return 0;
}

struct __kernel_timespec timespec_of_ns(uint64_t ns)
{
	return (struct __kernel_timespec){.tv_sec = (long long)(ns / NS_PER_SECOND),
					  .tv_nsec = (long long)(ns % NS_PER_SECOND)};
}

uint64_t scratch_timespec(struct call *c, uint64_t ns)
{
	struct __kernel_timespec t = timespec_of_ns(ns);
	uint64_t at = scratch(c, sizeof t);

	if (at && put_guest(c, at, &t, sizeof t) < 0)
		return 0;
	return at;
}

int now_ns(struct call *c, int host_clock, uint64_t *ns)
{
	struct __kernel_timespec t;
	long r = engine_clock(c, host_clock, &t);

	return r < 0 ? (int)r : ns_of_timespec(&t, ns);
}

int deadline_from(struct call *c, int host_clock, uint64_t relative_ns)
{
	uint64_t now = 0, then;
	int r;

	if (c->deadline)
		return 0;
	r = now_ns(c, host_clock, &now);
	if (r < 0)
		return r;
	if (__builtin_add_overflow(now, relative_ns, &then) || then > NS_MAX)
		then = NS_MAX;
	c->deadline = then ? then : 1;
	return 0;
}

int remaining_ns(struct call *c, int host_clock, uint64_t *ns)
{
	uint64_t now = 0;
	int r = now_ns(c, host_clock, &now);

	if (r < 0)
		return r;
	*ns = c->deadline > now ? c->deadline - now : 0;
	return 0;
}

/* ---- Reading clocks -------------------------------------------------------------- */

/* Numbers with the top bit are CPU-time clocks that clock_of_cpu_time() handed out: they
 * are Linux's own, but for the kind that means a descriptor. */
static int clock_value(struct call *c, int i, uint64_t *clock)
{
	int32_t number = (int32_t)c->a[i];

	if (number >= 0)
		return arg_value(c, i, clock);
	if ((number & 3) == 3)
		return -EINVAL;
	*clock = (uint64_t)(int64_t)number;
	return 0;
}

TRANSLATOR(clock_gettime)
{
	struct __kernel_timespec now;
	uint64_t clock;
	bool whole;
	long r = clock_value(c, 0, &clock);

	if (r < 0)
		return r;
	whole = clock == CLOCK_WHOLE_SECONDS;
	r = engine_clock(c, whole ? CLOCK_REALTIME_COARSE : (int)clock, &now);
	if (whole)
		now.tv_nsec = 0;
	return r < 0 ? r : arg_out(c, 1, &now);
}

TRANSLATOR(clock_getres)
{
	struct __kernel_timespec resolution = {.tv_sec = 1};
	uint64_t clock, at = scratch(c, sizeof resolution);
	long r = at ? clock_value(c, 0, &clock) : -ENOMEM;

	if (r == 0 && clock != CLOCK_WHOLE_SECONDS) {
		r = host(c, __NR_clock_getres, clock, at);
		if (r == 0)
			r = get_guest(c, &resolution, at, sizeof resolution);
	}
	return r == 0 && c->a[1] ? arg_out(c, 1, &resolution) : r;
}

/* clock_getcpuclockid2(id, kind of id, clock *): a process or a thread, 0 being the caller. */
TRANSLATOR(clock_of_cpu_time)
{
	uint64_t kind, id = c->a[0];
	int32_t clock;
	long r = arg_value(c, 1, &kind);

	if (r < 0)
		return r;
	if (kind == CPU_CLOCK_THREAD) {
		id = (uint64_t)(id ? host_thread_of((int64_t)id) : c->thread->host_tid);
		if (!id)
			return -ESRCH;
	}
	if (id > INT32_MAX / 8)
		return -ESRCH;
	clock = CPU_CLOCK_OF(id, CPU_CLOCK_SCHED | (uint32_t)kind);
	r = host(c, __NR_clock_getres, clock, 0); /* is there such a process? */
	if (r < 0)
		return r == -EINVAL ? -ESRCH : r;
	return put_guest(c, c->a[2], &clock, sizeof clock);
}

/* ---- Sleeping ---------------------------------------------------------------------- */

/* Until c->deadline, or an absolute time. */
static long sleep_until(struct call *c, uint64_t clock, uint64_t when)
{
	uint64_t at = scratch_timespec(c, when);

	if (!at)
		return -ENOMEM;
	return host_wait(c, __NR_clock_nanosleep, clock, TIMER_ABSTIME, at, 0);
}

/* The remainder is written whenever the sleep is cut short; a retried call writes it again. */
static long give_remainder(struct call *c, int clock, int i)
{
	struct __kernel_timespec t;
	uint64_t left;
	int r;

	if (!c->a[i])
		return -EINTR;
	r = remaining_ns(c, clock, &left);
	if (r < 0)
		return r;
	t = timespec_of_ns(left);
	r = arg_out(c, i, &t);
	return r < 0 ? r : -EINTR;
}

/* What is left goes to argument `remainder`. */
static long sleep_for(struct call *c, int clock, uint64_t ns, int remainder)
{
	long r = deadline_from(c, clock, ns);

	if (r == 0)
		r = sleep_until(c, (uint64_t)clock, c->deadline);
	return r == -EINTR ? give_remainder(c, clock, remainder) : r;
}

/* A time before the clock's beginning has passed: no sleep, and no error. */
static int wanted_sleep(struct call *c, int i, uint64_t *ns)
{
	struct __kernel_timespec t;
	int r = arg_in(c, i, &t);

	if (r < 0)
		return r;
	if (t.tv_sec < 0 && t.tv_nsec >= 0 && t.tv_nsec < (long long)NS_PER_SECOND) {
		*ns = 0;
		return 0;
	}
	return ns_of_timespec(&t, ns);
}

/* Relative sleeps count on the monotonic clock: setting the time of day must not move them. */
TRANSLATOR(nanosleep)
{
	uint64_t ns;
	int r = wanted_sleep(c, 0, &ns);

	if (r < 0 || !ns)
		return r;
	return sleep_for(c, CLOCK_MONOTONIC, ns, 1);
}

TRANSLATOR(clock_nanosleep)
{
	uint64_t clock, flags, ns = 0;
	int r = clock_value(c, 0, &clock);

	if (r == 0)
		r = arg_value(c, 1, &flags);
	if (r == 0)
		r = wanted_sleep(c, 2, &ns);
	if (r < 0)
		return r;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_WHOLE_SECONDS:
		clock = CLOCK_REALTIME;
		break;
	case CLOCK_TAI:
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
		clock = CLOCK_MONOTONIC;
		break;
	case CLOCK_THREAD_CPUTIME_ID:
		return -EINVAL;
	default:
		return (int64_t)clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID ? -EOPNOTSUPP
									       : -EINVAL;
	}
	if (!ns)
		return 0;
	if (flags & TIMER_ABSTIME)
		return sleep_until(c, clock, ns);
	return sleep_for(c, CLOCK_MONOTONIC, ns, 3);
}

/* ---- Interval timers ------------------------------------------------------------------ */

/* Without a new value it only asks; Linux would stop the timer. */
TRANSLATOR(setitimer)
{
	struct itimerval time;
	uint64_t which, new = scratch(c, sizeof time), old = scratch(c, sizeof time);
	long r = new &&old ? arg_value(c, 0, &which) : -ENOMEM;

	if (r == 0 && c->a[1])
		r = arg_in(c, 1, &time);
	if (r == 0 && c->a[1])
		r = put_guest(c, new, &time, sizeof time);
	if (r < 0)
		return r;
	if (!c->a[1] && !c->a[2])
		return 0;
	r = c->a[1] ? host(c, __NR_setitimer, which, new, c->a[2] ? old : 0)
		    : host(c, __NR_getitimer, which, old);
	if (r < 0 || !c->a[2])
		return r;
	r = get_guest(c, &time, old, sizeof time);
	return r < 0 ? r : arg_out(c, 2, &time);
}
