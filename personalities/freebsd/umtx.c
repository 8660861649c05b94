/* FreeBSD's _umtx_op: which operation it is; waits and wakes, and what is remembered.
 * sys/kern/kern_umtx.c, sys/sys/umtx.h, sys/sys/_umtx.h, 13.2 and 15.  umtx_word.c says how
 * sleeping is done. */
#include "personalities/freebsd/umtx.h"

#include "personalities/freebsd/thread.h"
#include "syscalls/engine.h"

#include <linux/futex.h>

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
		return umtx_cond_wait(c);
	case CV_SIGNAL:
		return umtx_cond_wake(c, c->a[0], 1);
	case CV_BROADCAST:
		return umtx_cond_wake(c, c->a[0], UMTX_ALL);
	case RW_RDLOCK:
		return rw_lock(c, false);
	case RW_WRLOCK:
		return rw_lock(c, true);
	case RW_UNLOCK:
		return umtx_rw_unlock(c, c->a[0]);
	case SEM_WAIT:
		return umtx_sem_wait(c);
	case SEM_WAKE:
		return umtx_sem_wake(c);
	case SEM2_WAIT:
		return umtx_sem2_wait(c);
	case SEM2_WAKE:
		return umtx_sem2_wake(c);
	default:
		return mutexes(c);
	}
}
