/* Locks as a threads library makes them: the free and the simple by an exchange in the memory
 * itself, by _umtx_op what needs waiting.  What libthr's thr_umtx.c and thr_mutex.c do to the
 * words (release 15), and kern_umtx.c wants of them. */
#ifndef GUEST_LOCKS_H
#define GUEST_LOCKS_H

#include "tests/guest/storm.h"

enum {
	MUTEX_TRYLOCK = 4,
	MUTEX_LOCK = 5,
	MUTEX_UNLOCK = 6,
	CV_WAIT = 8,
	CV_SIGNAL = 9,
	CV_BROADCAST = 10,
	RW_RDLOCK = 12,
	RW_WRLOCK = 13,
	RW_UNLOCK = 14,
	MUTEX_WAIT = 17,
	NWAKE_PRIVATE = 21,
	MUTEX_WAKE2 = 22,
	SEM2_WAIT = 23,
	SEM2_WAKE = 24,
	ROBUST_LISTS = 26,
};
enum { SHARED = 1, INHERIT = 4, PROTECT = 8, ROBUST = 16, NONCONSISTENT = 32 };
enum { EOWNERDEAD_ = 96 }; /* sys/errno.h */
#define CONTESTED 0x80000000u
#define OWNER_DEAD 0x80000010u

struct mutex {
	uint32_t owner, flags, ceiling[2];
	struct mutex *link;
	uint32_t spare[2];
};
struct cond {
	uint32_t waiters, flags, clock, spare;
};
struct rwlock {
	uint32_t state, flags, readers, writers, spare[4];
};
struct sem {
	uint32_t count, flags;
};

/* A time for _umtx_op, and what clock it is on. */
struct umtx_time {
	struct timespec t;
	uint32_t is_absolute, clock;
};

/* The robust mutexes a thread holds, and the one it is taking or giving: struct
 * umtx_robust_lists_params. */
struct robust {
	struct mutex *shared, *own, *inactive;
};

static inline void begin_robust(struct robust *r)
{
	void *lists[3] = {&r->shared, &r->own, &r->inactive};

	*r = (struct robust){0};
	IS(90, sys(SYS__umtx_op, 0, ROBUST_LISTS, sizeof lists, lists, 0), 0);
}

static inline bool swap(uint32_t *at, uint32_t was, uint32_t to)
{
	return __atomic_compare_exchange_n(at, &was, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline uint32_t load(const uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_SEQ_CST);
}

/* In so many microseconds, on any of the clocks, from now or by the clock. */
static inline struct umtx_time some_time(struct strand *s, long us)
{
	static const uint32_t clocks[] = {0, 4, 5, 7, 8, 9, 10, 11, 12};
	struct umtx_time u = {.clock = clocks[chance(s, COUNT(clocks))],
			      .is_absolute = chance(s, 2) != 0};

	if (u.is_absolute)
		IS(91, sys(SYS_clock_gettime, u.clock, &u.t), 0);
	u.t.nsec += us * 1000;
	u.t.sec += u.t.nsec / 1000000000;
	u.t.nsec %= 1000000000;
	return u;
}

static inline long umtx_timed(void *at, int op, long value, struct umtx_time *u)
{
	return sys(SYS__umtx_op, at, op, value, u ? sizeof *u : 0, u);
}

/* ---- Mutexes ----------------------------------------------------------------------------- */

/* 0, EOWNERDEAD, EBUSY or ETIMEDOUT, negative. */
static inline long mutex_lock(struct mutex *m, uint32_t me, bool only_try, struct umtx_time *u)
{
	bool by_kernel = m->flags & (PROTECT | INHERIT);
	uint32_t owner;
	long r;

	for (;;) {
		owner = load(&m->owner);
		if (!(m->flags & PROTECT) && owner == 0 && swap(&m->owner, 0, me))
			return 0;
		if (!by_kernel && owner == CONTESTED && swap(&m->owner, owner, me | CONTESTED))
			return 0;
		if (!by_kernel && owner == OWNER_DEAD && swap(&m->owner, owner, me | CONTESTED))
			return -EOWNERDEAD_;
		if (only_try && !by_kernel)
			return -EBUSY;
		r = by_kernel ? umtx_timed(m, only_try ? MUTEX_TRYLOCK : MUTEX_LOCK, 0, u)
			      : umtx_timed(m, MUTEX_WAIT, 0, u);
		if (r == -ETIMEDOUT || r == -EBUSY || r == -EOWNERDEAD_ || (by_kernel && r == 0))
			return r;
		if (r != -EINTR)
			IS(92, r, 0);
	}
}

static inline void mutex_unlock(struct mutex *m, uint32_t me)
{
	uint32_t flags = m->flags, owner;

	if (flags & (PROTECT | NONCONSISTENT) || (flags & INHERIT && !swap(&m->owner, me, 0))) {
		IS(93, sys(SYS__umtx_op, m, MUTEX_UNLOCK, 0, 0, 0), 0);
		return;
	}
	if (flags & INHERIT)
		return;
	do {
		owner = load(&m->owner);
		IS(94, owner & ~CONTESTED, me);
	} while (!swap(&m->owner, owner, 0));
	if (owner & CONTESTED)
		IS(95, sys(SYS__umtx_op, m, MUTEX_WAKE2, flags, 0, 0), 0);
}

/* ---- Locks for reading and writing ---------------------------------------------------------- */

#define WRITE_OWNER 0x80000000u
#define WRITE_WAITERS 0x40000000u
#define READ_WAITERS 0x20000000u
#define READERS 0x1fffffffu

static inline long rw_lock(struct rwlock *w, bool writes, struct umtx_time *u)
{
	uint32_t state;
	long r;

	do {
		while (state = load(&w->state), writes ? !(state & (WRITE_OWNER | READERS))
						       : !(state & (WRITE_OWNER | WRITE_WAITERS)))
			if (swap(&w->state, state, writes ? state | WRITE_OWNER : state + 1))
				return 0;
		r = umtx_timed(w, writes ? RW_WRLOCK : RW_RDLOCK, 0, u);
	} while (r == -EINTR);
	return r;
}

static inline void rw_unlock(struct rwlock *w)
{
	uint32_t state = load(&w->state);

	if (state & WRITE_OWNER) {
		if (swap(&w->state, WRITE_OWNER, 0))
			return;
	} else {
		for (; !(state & (WRITE_WAITERS | READ_WAITERS)) || (state & READERS) != 1;
		     state = load(&w->state))
			if (swap(&w->state, state, state - 1))
				return;
	}
	IS(96, sys(SYS__umtx_op, w, RW_UNLOCK, 0, 0, 0), 0);
}

/* ---- Condition variables and semaphores ------------------------------------------------------ */

enum { CV_ABSTIME = 2, CV_CLOCKID = 4 };

/* 0, EINTR or ETIMEDOUT, negative; the mutex is given and not taken again. */
static inline long cond_wait(struct cond *v, struct mutex *m, struct umtx_time *u)
{
	long how = 0;

	if (u) {
		how = (u->is_absolute ? CV_ABSTIME : 0) | (v->clock == u->clock ? CV_CLOCKID : 0);
		if (!(how & CV_CLOCKID))
			u->t = (struct timespec){0, 2000000}, how = 0; /* on the system's own */
	}
	return sys(SYS__umtx_op, v, CV_WAIT, how, m, u ? &u->t : 0);
}

static inline void cond_wake(struct cond *v, bool all)
{
	if (load(&v->waiters))
		IS(97, sys(SYS__umtx_op, v, all ? CV_BROADCAST : CV_SIGNAL, 0, 0, 0), 0);
}

static inline long sem_wait(struct sem *s, struct umtx_time *u)
{
	uint32_t count;
	long r;

	do {
		while ((count = load(&s->count)) & ~CONTESTED)
			if (swap(&s->count, count, count - 1))
				return 0;
		r = umtx_timed(s, SEM2_WAIT, 0, u);
	} while (r == 0 || r == -EINTR);
	return r;
}

static inline void sem_post(struct sem *s)
{
	if (__atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST) & CONTESTED)
		IS(98, sys(SYS__umtx_op, s, SEM2_WAKE, 0, 0, 0), 0);
}

#endif
