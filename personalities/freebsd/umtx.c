/* FreeBSD's _umtx_op: waits and wakes, condition variables, semaphores, and what all share.
 * sys/kern/kern_umtx.c, sys/sys/umtx.h, sys/sys/_umtx.h, 13.2 and 15.
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
 *   wrongly there costs a call, one that is wrongly missing would leave a sleeper for ever.
 *
 * A condition variable counts its wakes in the word that the system's structure has to spare
 * (c_spare), since its own word does not change between two of them: a waiter that has given
 * up its mutex and does not sleep yet must see that it was signalled. */
#include "personalities/freebsd/umtx.h"

#include "personalities/freebsd/thread.h"
#include "syscalls/engine.h"
#include "syscalls/time.h"

#include <linux/futex.h>
#include <linux/time.h>

enum umtx_op {
	UMTX_WAIT = 2,
	UMTX_WAKE = 3,
	MUTEX_TRYLOCK = 4,
	MUTEX_LOCK = 5,
	MUTEX_UNLOCK = 6,
	SET_CEILING = 7,
	CV_WAIT = 8,
	CV_SIGNAL = 9,
	CV_BROADCAST = 10,
	UMTX_WAIT_UINT = 11,
	RW_RDLOCK = 12,
	RW_WRLOCK = 13,
	RW_UNLOCK = 14,
	UMTX_WAIT_UINT_PRIVATE = 15,
	UMTX_WAKE_PRIVATE = 16,
	MUTEX_WAIT = 17,
	MUTEX_WAKE = 18,
	SEM_WAIT = 19,
	SEM_WAKE = 20,
	UMTX_NWAKE_PRIVATE = 21,
	MUTEX_WAKE2 = 22,
	SEM2_WAIT = 23,
	SEM2_WAKE = 24,
	SHARED_OBJECT = 25,
	ROBUST_LISTS = 26,
	GET_MIN_TIMEOUT = 27,
	SET_MIN_TIMEOUT = 28,
};

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
#define SHORT_TIME 16 /* a bare timespec */
#define LONG_TIME 24
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

/* ---- Waits and wakes ------------------------------------------------------------------ */

static long wait_for(struct call *c, uint32_t value, bool is_shared)
{
	const struct umtx_word w = {.at = c->a[0], .is_shared = is_shared};
	struct umtx_limit l = {0};
	long r = umtx_limit(c, &l, c->a[4], c->a[3]);

	if (r == 0)
		r = umtx_sleep_on(c, &w, value, &l, 0);
	/* The value had changed already: as good as woken. */
	return r == -EAGAIN ? 0 : r;
}

/* UMTX_WAIT compares a long; the futex watches its low half, in which a change shows. */
static long wait_for_long(struct call *c)
{
	uint64_t now;
	int r = get_guest(c, &now, c->a[0], sizeof now);

	if (r < 0)
		return r;
	return now == c->a[2] ? wait_for(c, (uint32_t)now, true) : 0;
}

static long wake(struct call *c, uint64_t at, uint64_t n, bool is_shared)
{
	const struct umtx_word w = {.at = at, .is_shared = is_shared};
	long r = umtx_wake_up(c, &w, n > UMTX_ALL ? UMTX_ALL : (uint32_t)n);

	return r < 0 ? r : 0;
}

/* UMTX_NWAKE_PRIVATE: obj is an array of val addresses, all waiters of each. */
static long wake_many(struct call *c)
{
	enum { BATCH = 128 };
	uint64_t at[BATCH], left = c->a[2];

	for (uint64_t from = c->a[0]; left; from += sizeof at) {
		uint64_t n = left < BATCH ? left : BATCH;
		int r = get_guest(c, at, from, n * 8);

		if (r < 0)
			return r;
		for (uint64_t i = 0; i < n; i++)
			(void)wake(c, at[i], UMTX_ALL, false); /* as the kernel: no errors */
		left -= n;
	}
	return 0;
}

/* ---- Condition variables -------------------------------------------------------------- */

/* struct ucond */
enum { COND_WAITERS = 0, COND_FLAGS = 4, COND_CLOCK = 8, COND_WAKES = 12 };
enum { CHECK_UNPARKING = 1, CV_ABSTIME = 2, CV_CLOCKID = 4 };

static int cond_word(struct call *c, uint64_t cond, struct umtx_word *w)
{
	uint32_t flags;
	int r = umtx_get(c, cond + COND_FLAGS, &flags);

	if (r == 0)
		*w = (struct umtx_word){.at = cond + COND_WAKES, .is_shared = flags & UMTX_SHARED};
	return r;
}

/* Nobody waits: who came meanwhile is woken, and looks for himself. */
static long cond_is_empty(struct call *c, uint64_t cond, const struct umtx_word *w)
{
	uint32_t was;
	long r = umtx_put(c, cond + COND_WAITERS, 0);

	if (r == 0)
		r = umtx_add(c, w->at, 1, &was);
	return r < 0 ? r : umtx_wake_up(c, w, UMTX_ALL);
}

static long cond_wake(struct call *c, uint64_t cond, uint32_t n)
{
	struct umtx_word w = {0};
	uint32_t was;
	long r = cond_word(c, cond, &w);

	if (r == 0 && n == UMTX_ALL)
		r = cond_is_empty(c, cond, &w);
	else if (r == 0) {
		r = umtx_add(c, w.at, 1, &was);
		if (r == 0)
			r = umtx_wake_up(c, &w, n);
		if (r >= 0)
			r = umtx_sleepers(c, &w);
		if (r == 0)
			r = cond_is_empty(c, cond, &w);
	}
	return r < 0 ? r : 0;
}

/* The mutex is released once: a call that is repeated, for a signal that the guest does not
 * see, sleeps on, and one that is cut short by a handler is over. */
static long cond_sleep(struct call *c, uint64_t cond, const struct umtx_word *w, uint32_t wakes,
		       const struct umtx_limit *l)
{
	long r = umtx_sleep_on(c, w, wakes, l, 0);

	if (r == 0 || r == -EAGAIN)
		return 0;
	if (r == -ETIMEDOUT && umtx_sleepers(c, w) == 0)
		(void)cond_is_empty(c, cond, w); /* the mark stays: one call more than needed */
	return r == CALL_AGAIN ? -EINTR : r;
}

enum { THREAD_CPUTIME = 14, TAI = 16 }; /* sys/_clock_id.h */
#define RELEASED (1UL << 32) /* and the wakes there were then */

/* CV_WAIT(cond, flags, mutex, timespec) */
static long cond_wait(struct call *c)
{
	uint64_t cond = c->a[0];
	uint32_t clock = 0, wakes = 0, how = (uint32_t)c->a[2];
	struct umtx_limit l = {0};
	struct umtx_word w = {0};
	long r = cond_word(c, cond, &w);

	if (how & ~(uint32_t)(CHECK_UNPARKING | CV_ABSTIME | CV_CLOCKID))
		return -EINVAL;
	if (r == 0 && (how & CV_CLOCKID))
		r = umtx_get(c, cond + COND_CLOCK, &clock);
	if (r == 0 && clock >= THREAD_CPUTIME && clock != TAI)
		r = -EINVAL;
	if (r == 0)
		r = umtx_limit_on(c, &l, c->a[4], clock, how & CV_ABSTIME);
	if (r == 0 && !c->kept) {
		r = umtx_get(c, w.at, &wakes);
		if (r == 0)
			r = umtx_put(c, cond + COND_WAITERS, 1);
		if (r == 0)
			r = umtx_mutex_unlock(c, c->a[3], false);
		c->kept = RELEASED | wakes;
	}
	return r < 0 ? r : cond_sleep(c, cond, &w, (uint32_t)c->kept, &l);
}

/* ---- Semaphores ----------------------------------------------------------------------- */

#define SEM_WAITERS 0x80000000u /* USEM_HAS_WAITERS */
enum { SEM2_COUNT = 0, SEM2_FLAGS = 4 }; /* struct _usem2 */
enum { SEM_MARK = 0, SEM_COUNT = 4, SEM_FLAGS = 8 }; /* struct _usem */

static int sem_word(struct call *c, uint64_t at, uint64_t flags_at, struct umtx_word *w)
{
	uint32_t flags;
	int r = umtx_get(c, flags_at, &flags);

	if (r == 0)
		*w = (struct umtx_word){.at = at, .is_shared = flags & UMTX_SHARED};
	return r;
}

/* Without a limit, or with an absolute one, a handler may be followed by the same wait. */
static void may_restart(struct call *c, const struct umtx_limit *l)
{
	c->restarts = !l->has || !l->is_relative;
}

/* What is left of a relative wait, behind the time, if the caller said there is room. */
static long sem_remainder(struct call *c, const struct umtx_limit *l)
{
	struct __kernel_timespec t;
	uint64_t now;
	int r;

	if (!l->has || !l->is_relative || c->a[3] < LONG_TIME + SHORT_TIME)
		return -EINTR;
	r = now_ns(c, l->clock, &now);
	if (r < 0)
		return r;
	t = timespec_of_ns(l->end > now ? l->end - now : 0);
	r = put_guest(c, c->a[4] + LONG_TIME, &t, sizeof t);
	return r < 0 ? r : -EINTR;
}

static long sem2_wait(struct call *c)
{
	struct umtx_limit l = {0};
	struct umtx_word w = {0};
	uint32_t now;
	long r = sem_word(c, c->a[0] + SEM2_COUNT, c->a[0] + SEM2_FLAGS, &w);

	if (r == 0)
		r = umtx_limit(c, &l, c->a[4], c->a[3]);
	if (r < 0)
		return r;
	may_restart(c, &l);
	do {
		r = umtx_get(c, w.at, &now);
		if (r == 0 && (now & ~SEM_WAITERS))
			return 0;
		if (r == 0 && now != SEM_WAITERS)
			r = swap_guest(c, w.at, &now, SEM_WAITERS);
		if (r == 0)
			r = umtx_sleep_on(c, &w, SEM_WAITERS, &l, 0);
		else if (r > 0)
			r = -EAGAIN;
	} while (r == -EAGAIN);
	return r == -EINTR ? sem_remainder(c, &l) : r;
}

static long sem2_wake(struct call *c)
{
	struct umtx_word w = {0};
	uint32_t now = 0;
	long n = sem_word(c, c->a[0] + SEM2_COUNT, c->a[0] + SEM2_FLAGS, &w), r = 0;

	if (n == 0)
		n = umtx_sleepers(c, &w);
	if (n <= 0)
		return n;
	if (n == 1)
		r = umtx_change(c, w.at, 0, SEM_WAITERS);
	if (r == 0)
		r = umtx_wake_up(c, &w, 1);
	if (r < 0 || n > 1)
		return r < 0 ? r : 0;
	/* Who went to sleep since the count must be marked again. */
	n = umtx_sleepers(c, &w);
	if (n <= 0)
		return n;
	r = umtx_change(c, w.at, SEM_WAITERS, 0);
	if (r == 0)
		r = umtx_get(c, w.at, &now);
	if (r == 0 && (now & ~SEM_WAITERS))
		r = umtx_wake_up(c, &w, 1);
	return r < 0 ? r : 0;
}

/* The semaphores of programs before 11.0: mark and count are two words. */
static long sem_wait(struct call *c)
{
	struct umtx_limit l = {0};
	struct umtx_word w = {0};
	uint32_t count;
	long r = sem_word(c, c->a[0] + SEM_COUNT, c->a[0] + SEM_FLAGS, &w);

	if (r == 0)
		r = umtx_limit(c, &l, c->a[4], c->a[3]);
	if (r < 0)
		return r;
	may_restart(c, &l);
	r = umtx_put(c, c->a[0] + SEM_MARK, 1);
	if (r == 0)
		r = umtx_get(c, w.at, &count);
	if (r < 0 || count)
		return r;
	r = umtx_sleep_on(c, &w, 0, &l, 0);
	return r == -EAGAIN ? 0 : r;
}

static long sem_wake(struct call *c)
{
	struct umtx_word w = {0};
	uint32_t count = 0;
	long r = sem_word(c, c->a[0] + SEM_COUNT, c->a[0] + SEM_FLAGS, &w);

	if (r == 0)
		r = umtx_wake_up(c, &w, 1);
	if (r > 0)
		r = umtx_sleepers(c, &w);
	if (r != 0)
		return r < 0 ? r : 0;
	r = umtx_put(c, c->a[0] + SEM_MARK, 0);
	if (r == 0)
		r = umtx_sleepers(c, &w);
	if (r <= 0)
		return r;
	r = umtx_put(c, c->a[0] + SEM_MARK, 1);
	if (r == 0)
		r = umtx_get(c, w.at, &count);
	if (r == 0 && count)
		r = umtx_wake_up(c, &w, 1);
	return r < 0 ? r : 0;
}

/* ---- What is remembered --------------------------------------------------------------- */

/* ROBUST_LISTS(_, size, params): shorter ones leave the rest empty. */
static long robust_lists(struct call *c)
{
	uint64_t lists[3] = {0};
	int r;

	if (c->a[2] > sizeof lists)
		return -EINVAL;
	r = get_guest(c, lists, c->a[3], c->a[2]);
	if (r < 0)
		return r;
	c->thread->robust.shared = lists[0];
	c->thread->robust.own = lists[1];
	c->thread->robust.inactive = lists[2];
	return 0;
}

static long set_min_timeout(struct call *c)
{
	if ((int64_t)c->a[2] < 0)
		return -EINVAL;
	c->thread->process->least_wait = c->a[2];
	return 0;
}

/* ---- _umtx_op(obj, op, val, size of the timeout, timeout) ------------------------------ */

/* Locking without a limit is cut short by handlers alone (do_lock_umutex). */
static long lock_with_limit(struct call *c, enum umtx_mode mode)
{
	struct umtx_limit l = {0};
	long r = umtx_limit(c, &l, c->a[4], c->a[3]);

	if (r == 0)
		r = umtx_mutex_lock(c, c->a[0], &l, mode);
	if (mode == UMTX_LOCK && !l.has)
		c->is_cut = false;
	return r;
}

static long rw_lock(struct call *c, bool writes)
{
	struct umtx_limit l = {0};
	int r = umtx_limit(c, &l, c->a[4], c->a[3]);

	if (r < 0)
		return r;
	return writes ? umtx_write_lock(c, c->a[0], &l)
		      : umtx_read_lock(c, c->a[0], (uint32_t)c->a[2], &l);
}

static long mutexes(struct call *c)
{
	static const struct umtx_limit at_once = {0};

	switch ((int)c->a[1]) {
	case MUTEX_TRYLOCK:
		return umtx_mutex_lock(c, c->a[0], &at_once, UMTX_TRY);
	case MUTEX_LOCK:
		return lock_with_limit(c, UMTX_LOCK);
	case MUTEX_WAIT:
		return lock_with_limit(c, UMTX_AWAIT);
	case MUTEX_UNLOCK:
		return umtx_mutex_unlock(c, c->a[0], false);
	case MUTEX_WAKE:
		return umtx_mutex_wake(c, c->a[0]);
	case MUTEX_WAKE2:
		return umtx_mutex_repair(c, c->a[0], (uint32_t)c->a[2]);
	case SET_CEILING:
		return umtx_mutex_set_ceiling(c, c->a[0], (uint32_t)c->a[2], c->a[3]);
	case SHARED_OBJECT:
		return umtx_object(c);
	case ROBUST_LISTS:
		return robust_lists(c);
	case GET_MIN_TIMEOUT:
		return put_guest(c, c->a[3], &c->thread->process->least_wait, 8);
	case SET_MIN_TIMEOUT:
		return set_min_timeout(c);
	default:
		return -EINVAL;
	}
}

TRANSLATOR(umtx_op)
{
	switch ((int)c->a[1]) {
	case UMTX_WAIT:
		return wait_for_long(c);
	case UMTX_WAIT_UINT:
		return wait_for(c, (uint32_t)c->a[2], true);
	case UMTX_WAIT_UINT_PRIVATE:
		return wait_for(c, (uint32_t)c->a[2], false);
	case UMTX_WAKE:
		return wake(c, c->a[0], c->a[2], true);
	case UMTX_WAKE_PRIVATE:
		return wake(c, c->a[0], c->a[2], false);
	case UMTX_NWAKE_PRIVATE:
		return wake_many(c);
	case CV_WAIT:
		return cond_wait(c);
	case CV_SIGNAL:
		return cond_wake(c, c->a[0], 1);
	case CV_BROADCAST:
		return cond_wake(c, c->a[0], UMTX_ALL);
	case RW_RDLOCK:
		return rw_lock(c, false);
	case RW_WRLOCK:
		return rw_lock(c, true);
	case RW_UNLOCK:
		return umtx_rw_unlock(c, c->a[0]);
	case SEM_WAIT:
		return sem_wait(c);
	case SEM_WAKE:
		return sem_wake(c);
	case SEM2_WAIT:
		return sem2_wait(c);
	case SEM2_WAKE:
		return sem2_wake(c);
	default:
		return mutexes(c);
	}
}
