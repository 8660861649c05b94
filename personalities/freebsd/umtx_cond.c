/* FreeBSD's condition variables, UMTX_OP_CV_*: struct ucond, sys/kern/kern_umtx.c, 13.2 and 15.
 *
 * A condition variable counts its wakes in the word that the system's structure has to spare
 * (c_spare), since its own word does not change between two of them: a waiter that has given
 * up its mutex and does not sleep yet must see that it was signalled. */
#include "personalities/freebsd/umtx.h"

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

long umtx_cond_wake(struct call *c, uint64_t cond, uint32_t n)
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
long umtx_cond_wait(struct call *c)
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
