/* What the parts of _umtx_op share: words of the guest's, times, sleeping and waking.
 * sys/kern/kern_umtx.c, 13.2 and 15.
 *
 * The kernel there keeps queues of sleepers, and changes an object's word while the queue is
 * held.  Here the queue is Linux's futex on that word, so that objects in memory shared by
 * processes need nothing else, and nothing is left of a process that is killed.  Three things
 * make up for the lock that is missing:
 *
 * - a sleeper names the value it saw, and looks again if the word has another;
 * - how many sleep is asked of Linux by requeueing them to where they are: that wakes nobody
 *   and says how many there were;
 * - "nobody waits" is written before the last look for sleepers, never after: a mark that is
 *   wrongly there costs a call, one that is wrongly missing would leave a sleeper for ever. */
#include "personalities/freebsd/umtx.h"

#include "personalities/freebsd/thread.h"
#include "syscalls/engine.h"
#include "syscalls/time.h"

#include <linux/futex.h>
#include <linux/time.h>

/* ---- Words ---------------------------------------------------------------------------- */

int umtx_get(struct call *c, uint64_t at, uint32_t *value)
{
	return get_guest(c, value, at, sizeof *value);
}

int umtx_put(struct call *c, uint64_t at, uint32_t value)
{
	return put_guest(c, at, &value, sizeof value);
}

int umtx_add(struct call *c, uint64_t at, uint32_t n, uint32_t *was)
{
	int r = umtx_get(c, at, was);

	if (r < 0)
		return r;
	do
		r = swap_guest(c, at, was, *was + n);
	while (r > 0);
	return r;
}

int umtx_change(struct call *c, uint64_t at, uint32_t set, uint32_t clear)
{
	uint32_t now;
	int r = umtx_get(c, at, &now);

	if (r < 0)
		return r;
	do
		r = (now & clear) || (~now & set) ? swap_guest(c, at, &now, (now & ~clear) | set)
						  : 0;
	while (r > 0);
	return r;
}

/* ---- Time ----------------------------------------------------------------------------- */

#define UMTX_ABSTIME 1u
#define POLL_NS 10000000ULL /* how often a clock is looked at that no timer follows */

static bool has_timer(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

/* umtx_abs_timeout_getsbt: clocks of the same time, and those that are looked at. */
static int host_clock(struct call *c, uint32_t guest, int *clock)
{
	enum { SECOND = 13 };
	uint64_t host;
	int r = freebsd_host_clock(c, guest, &host);

	if (r < 0)
		return r;
	*clock = (int)host;
	if (guest == SECOND || host == CLOCK_REALTIME_COARSE)
		*clock = CLOCK_REALTIME;
	if (host == CLOCK_MONOTONIC_COARSE || host == CLOCK_BOOTTIME)
		*clock = CLOCK_MONOTONIC;
	return 0;
}

/* UMTX_OP_SET_MIN_TIMEOUT: only clocks with timers know of it. */
static int not_too_soon(struct call *c, struct umtx_limit *l)
{
	uint64_t least = c->thread->process->least_wait, now;
	int r;

	if (!least || !has_timer(l->clock))
		return 0;
	r = now_ns(c, l->clock, &now);
	if (r == 0 && l->end < now + least)
		l->end = now + least;
	return r;
}

static int set_limit(struct call *c, struct umtx_limit *l, const struct umtx_time *t)
{
	struct __kernel_timespec ts = {.tv_sec = t->seconds, .tv_nsec = t->nanoseconds};
	uint64_t ns;
	int r = ns_of_timespec(&ts, &ns);

	if (r == 0)
		r = host_clock(c, t->clock, &l->clock);
	if (r < 0)
		return r;
	l->has = true;
	l->is_relative = !(t->flags & UMTX_ABSTIME);
	l->end = ns;
	if (l->is_relative) {
		/* Setting the time of day does not move them. */
		if (l->clock == CLOCK_REALTIME)
			l->clock = CLOCK_MONOTONIC;
		r = deadline_from(c, l->clock, ns);
		l->end = c->deadline;
	}
	return r < 0 ? r : not_too_soon(c, l);
}

static int make_room(struct call *c, struct umtx_limit *l)
{
	*l = (struct umtx_limit){.at = scratch(c, sizeof(struct __kernel_timespec))};
	return l->at ? 0 : -ENOMEM;
}

int umtx_limit(struct call *c, struct umtx_limit *l, uint64_t at, uint64_t size)
{
	struct umtx_time t = {0};
	int r = make_room(c, l);

	if (r < 0 || !at)
		return r;
	r = size <= SHORT_TIME ? get_guest(c, &t, at, SHORT_TIME) : arg_in(c, 4, &t);
	return r < 0 ? r : set_limit(c, l, &t);
}

int umtx_limit_on(struct call *c, struct umtx_limit *l, uint64_t at, uint32_t clock,
		  bool is_absolute)
{
	struct umtx_time t = {0};
	int r = make_room(c, l);

	if (r < 0 || !at)
		return r;
	r = get_guest(c, &t, at, SHORT_TIME);
	t.clock = clock;
	t.flags = is_absolute ? UMTX_ABSTIME : 0;
	return r < 0 ? r : set_limit(c, l, &t);
}

/* ---- Sleeping and waking -------------------------------------------------------------- */

static uint32_t futex(uint32_t op, const struct umtx_word *w)
{
	return op | (w->is_shared ? 0 : FUTEX_PRIVATE_FLAG);
}

static long sleep_to(struct call *c, const struct umtx_word *w, uint32_t value, uint64_t at,
		     uint64_t end, int clock)
{
	struct __kernel_timespec ts = timespec_of_ns(end);
	uint32_t op = futex(FUTEX_WAIT_BITSET, w);
	int r = at ? put_guest(c, at, &ts, sizeof ts) : 0;

	if (r < 0)
		return r;
	if (clock == CLOCK_REALTIME)
		op |= FUTEX_CLOCK_REALTIME;
	return host_wait(c, __NR_futex, w->at, op, value, at, 0,
			 w->who ? w->who : FUTEX_BITSET_MATCH_ANY);
}

/* One slice of a sleep, at most to the limit: -ETIMEDOUT only if that has come. */
static long sleep_slice(struct call *c, const struct umtx_word *w, uint32_t value,
			const struct umtx_limit *l, uint64_t slice)
{
	uint64_t now = 0, mono;
	long r = l->has ? now_ns(c, l->clock, &now) : 0;

	if (r < 0)
		return r;
	if (l->has && now >= l->end)
		return -ETIMEDOUT;
	if (l->has && l->end - now < slice)
		slice = l->end - now;
	r = now_ns(c, CLOCK_MONOTONIC, &mono);
	if (r < 0)
		return r;
	r = sleep_to(c, w, value, l->at, mono + slice, CLOCK_MONOTONIC);
	if (r != -ETIMEDOUT || !l->has)
		return r == -ETIMEDOUT ? -EAGAIN : r;
	r = now_ns(c, l->clock, &now);
	return r < 0 ? r : now >= l->end ? -ETIMEDOUT : -EAGAIN;
}

long umtx_sleep_on(struct call *c, const struct umtx_word *w, uint32_t value,
		   const struct umtx_limit *l, uint64_t slice)
{
	uint32_t now;
	long r;

	if (!slice && (!l->has || has_timer(l->clock)))
		return sleep_to(c, w, value, l->has ? l->at : 0, l->end, l->clock);
	if (slice)
		return sleep_slice(c, w, value, l, slice);
	do {
		r = sleep_slice(c, w, value, l, POLL_NS);
		if (r != -EAGAIN)
			return r;
		r = umtx_get(c, w->at, &now);
		if (r < 0)
			return r;
	} while (now == value);
	return -EAGAIN;
}

long umtx_wake_up(struct call *c, const struct umtx_word *w, uint32_t n)
{
	return host(c, __NR_futex, w->at, futex(FUTEX_WAKE_BITSET, w), n > UMTX_ALL ? UMTX_ALL : n,
		    0, 0, w->who ? w->who : FUTEX_BITSET_MATCH_ANY);
}

long umtx_sleepers(struct call *c, const struct umtx_word *w)
{
	return host(c, __NR_futex, w->at, futex(FUTEX_REQUEUE, w), 0, UMTX_ALL, w->at, 0);
}
