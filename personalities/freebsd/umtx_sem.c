/* FreeBSD's semaphores, UMTX_OP_SEM2_* and, of programs before 11.0, UMTX_OP_SEM_*: struct _usem2
 * and _usem, sys/kern/kern_umtx.c, 13.2 and 15. */
#include "personalities/freebsd/umtx.h"

#include "syscalls/time.h"

#include <linux/time.h>

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

long umtx_sem2_wait(struct call *c)
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

long umtx_sem2_wake(struct call *c)
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
long umtx_sem_wait(struct call *c)
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

long umtx_sem_wake(struct call *c)
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
