/* Locks: every operation of _umtx_op, among threads and processes.  sys/umtx.h, sys/_umtx.h. */
#include "tests/guest/guest.h"

enum {
	MUTEX_TRYLOCK = 4,
	MUTEX_LOCK = 5,
	MUTEX_UNLOCK = 6,
	SET_CEILING = 7,
	CV_WAIT = 8,
	CV_SIGNAL = 9,
	CV_BROADCAST = 10,
	RW_RDLOCK = 12,
	RW_WRLOCK = 13,
	RW_UNLOCK = 14,
	MUTEX_WAIT = 17,
	MUTEX_WAKE = 18,
	SEM_WAIT = 19,
	SEM_WAKE = 20,
	MUTEX_WAKE2 = 22,
	SEM2_WAIT = 23,
	SEM2_WAKE = 24,
	OBJECT = 25,
	ROBUST_LISTS = 26,
	GET_MIN_TIMEOUT = 27,
	SET_MIN_TIMEOUT = 28,
};
enum { SHARED = 1, INHERIT = 4, PROTECT = 8, ROBUST = 16, NONCONSISTENT = 32 };
#define CONTESTED 0x80000000u
#define OWNER_DEAD 0x80000010u
#define NOT_RECOVERABLE 0x80000011u
#define EOWNERDEAD_ 96 /* sys/errno.h */
#define ENOTRECOVERABLE_ 95

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
struct sem2 {
	uint32_t count, flags;
};
struct sem {
	uint32_t waiters, count, flags;
};
struct limit {
	struct timespec timeout;
	uint32_t flags, clock;
	struct timespec left;
};

/* What two processes share. */
struct world {
	struct mutex mutex, robust;
	struct cond cond;
	struct rwlock rwlock;
	struct sem2 sem2;
	volatile uint32_t turn, inside[2], wrong;
	volatile long count[2];
};

static long self(void)
{
	long tid = 0;

	sys(SYS_thr_self, &tid);
	return tid;
}

static long op(void *at, int what, long val)
{
	return sys(SYS__umtx_op, at, what, val, 0, 0);
}

static long timed(void *at, int what, long val, long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	return sys(SYS__umtx_op, at, what, val, sizeof t, &t);
}

static void *shared_page(void)
{
	return (void *)sys(SYS_mmap, 0, 16384, 3, 0x1001, -1, 0);
}

/* ---- One thread alone ------------------------------------------------------------------ */

static void mutex_alone(void)
{
	struct mutex m = {0};
	uint32_t me = (uint32_t)self();

	IS(1, op(&m, MUTEX_TRYLOCK, 0), 0);
	IS(2, m.owner, me);
	IS(3, op(&m, MUTEX_TRYLOCK, 0), -EBUSY);
	long before = now_ms();
	IS(4, timed(&m, MUTEX_LOCK, 0, 40), -ETIMEDOUT);
	CHECK(5, now_ms() - before >= 40);
	IS(6, m.owner, me | CONTESTED);
	IS(7, op(&m, MUTEX_UNLOCK, 0), 0);
	IS(8, m.owner, 0);
	IS(9, op(&m, MUTEX_UNLOCK, 0), -EPERM);
	IS(10, op(&m, MUTEX_WAIT, 0), 0);
	m.owner = CONTESTED;
	IS(11, op(&m, MUTEX_WAKE, 0), 0);
	IS(12, m.owner, 0);
	m.owner = CONTESTED;
	IS(13, op(&m, MUTEX_LOCK, 0), 0);
	IS(14, m.owner, me | CONTESTED);
	IS(15, op(&m, MUTEX_WAKE2, 0), 0);
	IS(16, op(&m, MUTEX_UNLOCK, 0), 0);
	IS(17, op((void *)8, MUTEX_LOCK, 0), -EFAULT);
	m.flags = INHERIT | PROTECT;
	IS(18, op(&m, MUTEX_LOCK, 0), -EINVAL);
	m = (struct mutex){.flags = INHERIT};
	IS(19, op(&m, MUTEX_LOCK, 0), 0);
	IS(20, op(&m, MUTEX_LOCK, 0), -EDEADLK);
	IS(21, op(&m, MUTEX_UNLOCK, 0), 0);
}

static void ceilings(void)
{
	struct mutex m = {.owner = CONTESTED, .flags = PROTECT, .ceiling = {7, ~0u}};
	uint32_t old = 0;

	IS(30, op(&m, MUTEX_LOCK, 0), 0);
	IS(31, m.owner, (uint32_t)self() | CONTESTED);
	IS(32, sys(SYS__umtx_op, &m, SET_CEILING, 9, &old, 0), 0);
	IS(33, old, 7);
	IS(34, m.ceiling[0], 9);
	IS(35, op(&m, MUTEX_UNLOCK, 0), 0);
	IS(36, m.owner, CONTESTED);
	IS(37, sys(SYS__umtx_op, &m, SET_CEILING, 11, &old, 0), 0);
	IS(38, m.ceiling[0] == 11 && m.owner == CONTESTED, 1);
	IS(39, op(&m, SET_CEILING, 32), -EINVAL);
	m.ceiling[0] = 32;
	IS(40, op(&m, MUTEX_LOCK, 0), -EINVAL);
	m.flags = 0;
	IS(41, op(&m, SET_CEILING, 1), -EINVAL);
}

static void others_alone(void)
{
	struct mutex m = {0};
	struct cond v = {.clock = 4};
	struct timespec t = {0, 40000000};
	struct limit u = {.timeout = {0, 30000000}, .clock = 1};
	struct rwlock w = {0};
	struct sem2 s = {0};
	struct sem o = {0};
	long before = now_ms(), least = 1;

	IS(50, sys(SYS__umtx_op, &v, CV_WAIT, 0, &m, &t), -EPERM);
	op(&m, MUTEX_LOCK, 0);
	IS(51, sys(SYS__umtx_op, &v, CV_WAIT, 4, &m, &t), -ETIMEDOUT);
	CHECK(52, now_ms() - before >= 40);
	IS(53, m.owner, 0);
	IS(54, v.waiters, 0);
	v.clock = 14;
	op(&m, MUTEX_LOCK, 0);
	IS(55, sys(SYS__umtx_op, &v, CV_WAIT, 4, &m, &t), -EINVAL);
	IS(56, op(&v, CV_SIGNAL, 0) == 0 && op(&v, CV_BROADCAST, 0) == 0, 1);

	IS(57, op(&w, RW_UNLOCK, 0), -EPERM);
	IS(58, op(&w, RW_RDLOCK, 0), 0);
	IS(59, op(&w, RW_RDLOCK, 0), 0);
	IS(60, w.state, 2);
	IS(61, timed(&w, RW_WRLOCK, 0, 20), -ETIMEDOUT);
	IS(62, w.state == 2 && w.writers == 0, 1);
	IS(63, op(&w, RW_UNLOCK, 0) == 0 && op(&w, RW_UNLOCK, 0) == 0, 1);
	IS(64, op(&w, RW_WRLOCK, 0), 0);
	IS(65, w.state, 0x80000000u);
	IS(66, timed(&w, RW_RDLOCK, 0, 20), -ETIMEDOUT);
	IS(67, w.state == 0x80000000u && w.readers == 0, 1);
	IS(68, op(&w, RW_UNLOCK, 0), 0);
	/* A writer waits: a reader stays out, unless readers come first. */
	w = (struct rwlock){.state = 0x40000001};
	IS(69, timed(&w, RW_RDLOCK, 0, 20), -ETIMEDOUT);
	IS(70, timed(&w, RW_RDLOCK, 2, 20), 0);
	w = (struct rwlock){.state = 0x1fffffff};
	IS(71, op(&w, RW_RDLOCK, 0), -EAGAIN);

	IS(72, timed(&s, SEM2_WAIT, 0, 20), -ETIMEDOUT);
	IS(73, s.count, CONTESTED);
	s.count = 1;
	IS(74, op(&s, SEM2_WAIT, 0), 0);
	IS(75, op(&s, SEM2_WAKE, 0), 0);
	IS(76, timed(&o, SEM_WAIT, 0, 20), -ETIMEDOUT);
	IS(77, o.waiters, 1);
	o.count = 1;
	IS(78, op(&o, SEM_WAIT, 0) == 0 && op(&o, SEM_WAKE, 0) == 0, 1);
	/* A relative wait on a clock that stands still while one sleeps goes on; so an absolute
	 * one of the past. */
	u = (struct limit){.timeout = {0, 1}, .flags = 1, .clock = 15};
	s.count = 0;
	IS(79, sys(SYS__umtx_op, &s, SEM2_WAIT, 0, 24L, &u), -ETIMEDOUT);
	IS(80, sys(SYS__umtx_op, 0, SET_MIN_TIMEOUT, 60000000L, 0, 0), 0);
	IS(81, sys(SYS__umtx_op, 0, GET_MIN_TIMEOUT, 0, &least, 0), 0);
	IS(82, least, 60000000);
	before = now_ms();
	IS(83, timed(&s, SEM2_WAIT, 0, 1), -ETIMEDOUT);
	CHECK(84, now_ms() - before >= 59);
	IS(85, sys(SYS__umtx_op, 0, SET_MIN_TIMEOUT, -1L, 0, 0), -EINVAL);
	sys(SYS__umtx_op, 0, SET_MIN_TIMEOUT, 0, 0, 0);
}

/* ---- Two processes --------------------------------------------------------------------- */

enum { ROUNDS = 3000, CHILDREN = 3 };

/* As libthr does it: free at once, and the kernel only for who waits. */
static void lock(struct mutex *m)
{
	uint32_t none = 0, me = (uint32_t)self();

	if (!__atomic_compare_exchange_n(&m->owner, &none, me, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		while (op(m, MUTEX_LOCK, 0) != 0)
			;
}

static void unlock(struct mutex *m, bool by_kernel)
{
	if (by_kernel)
		op(m, MUTEX_UNLOCK, 0);
	else if (__atomic_exchange_n(&m->owner, 0, __ATOMIC_SEQ_CST) & CONTESTED)
		op(m, MUTEX_WAKE2, m->flags);
}

/* Under the mutex (0) or the lock for writing (1). */
static void exclusively(struct world *w, int by)
{
	if (__atomic_add_fetch(&w->inside[by], 1, __ATOMIC_SEQ_CST) != 1)
		w->wrong++;
	w->count[by]++;
	__atomic_sub_fetch(&w->inside[by], 1, __ATOMIC_SEQ_CST);
}

static void contend(struct world *w, int which)
{
	for (int i = 0; i < ROUNDS; i++) {
		lock(&w->mutex);
		exclusively(w, 0);
		unlock(&w->mutex, (i + which) % 2);
		while (op(&w->rwlock, i % 4 ? RW_RDLOCK : RW_WRLOCK, 0) != 0)
			;
		if (i % 4 == 0)
			exclusively(w, 1);
		else if (w->inside[1])
			w->wrong++;
		op(&w->rwlock, RW_UNLOCK, 0);
	}
}

/* Each waits for its turn, and passes it on. */
static void take_turns(struct world *w, uint32_t which)
{
	for (int i = 0; i < ROUNDS / 10; i++) {
		lock(&w->mutex);
		while (w->turn % CHILDREN != which) {
			long r = sys(SYS__umtx_op, &w->cond, CV_WAIT, 0, &w->mutex, 0);

			if (r != 0 && r != -EINTR)
				w->wrong++;
			lock(&w->mutex);
		}
		w->turn++;
		unlock(&w->mutex, false);
		op(&w->cond, CV_BROADCAST, 0);
	}
}

static long spawn(void)
{
	return sys(SYS_fork);
}

static long reap(void)
{
	int status = -1;

	sys(SYS_wait4, -1, &status, 0, 0);
	return status;
}

static void processes(void)
{
	struct world *w = shared_page();

	w->mutex.flags = w->cond.flags = w->rwlock.flags = w->sem2.flags = SHARED;
	for (int i = 0; i < CHILDREN; i++)
		if (spawn() == 0) {
			contend(w, i);
			take_turns(w, (uint32_t)i);
			sys(SYS__exit, 0);
		}
	for (int i = 0; i < CHILDREN; i++)
		IS(100 + i, reap(), 0);
	IS(103, w->wrong, 0);
	IS(104, w->count[0], CHILDREN * ROUNDS);
	IS(108, w->count[1], CHILDREN * ROUNDS / 4);
	IS(105, w->turn, CHILDREN * (ROUNDS / 10));
	IS(106, w->rwlock.readers == 0 && w->rwlock.writers == 0, 1);
	if (spawn() == 0) {
		sys(SYS__exit, op(&w->sem2, SEM2_WAIT, 0) == 0 && w->sem2.count ? 0 : 1);
	}
	while (!__atomic_load_n(&w->sem2.count, __ATOMIC_SEQ_CST))
		sys(SYS_sched_yield);
	__atomic_add_fetch(&w->sem2.count, 1, __ATOMIC_SEQ_CST);
	op(&w->sem2, SEM2_WAKE, 0);
	IS(107, reap(), 0);
}

/* ---- Robust mutexes --------------------------------------------------------------------- */

static struct mutex *list;

static void hold_robust(struct world *w)
{
	struct mutex **lists[3] = {&list, 0, 0};

	sys(SYS__umtx_op, 0, ROBUST_LISTS, sizeof lists, lists, 0);
	op(&w->robust, MUTEX_LOCK, 0);
	list = &w->robust;
	w->turn = 1;
}

static void owner_exits(struct world *w, bool by_kill)
{
	long child;

	w->robust = (struct mutex){.flags = SHARED | ROBUST};
	w->turn = 0;
	child = spawn();
	if (child == 0) {
		hold_robust(w);
		if (!by_kill)
			sys(SYS__exit, 0);
		for (;;)
			sys(SYS_sched_yield);
	}
	while (!w->turn)
		sys(SYS_sched_yield);
	if (by_kill)
		sys(SYS_kill, child, 9);
	IS(by_kill ? 120 : 110, reap(), by_kill ? 9 : 0);
	/* Seen by who only tries, too. */
	IS(by_kill ? 121 : 111,
	   by_kill ? op(&w->robust, MUTEX_TRYLOCK, 0) : timed(&w->robust, MUTEX_LOCK, 0, 5000),
	   -EOWNERDEAD_);
	IS(by_kill ? 122 : 112, w->robust.owner, (uint32_t)self() | CONTESTED);
	/* Given back as it is, it is lost. */
	w->robust.flags |= NONCONSISTENT;
	IS(by_kill ? 123 : 113, op(&w->robust, MUTEX_UNLOCK, 0), 0);
	IS(by_kill ? 124 : 114, w->robust.owner, NOT_RECOVERABLE);
	IS(by_kill ? 125 : 115, op(&w->robust, MUTEX_LOCK, 0), -ENOTRECOVERABLE_);
	IS(by_kill ? 126 : 116, op(0, ROBUST_LISTS, 25), -EINVAL);
}

/* ---- A page beside an address ------------------------------------------------------------- */

enum { CREATE = 1, LOOK_UP = 2, DESTROY = 4, IS_ALIVE = 8 };

static long object(long what, void *at)
{
	return sys(SYS__umtx_op, 0, OBJECT, what, at, 0);
}

static volatile uint32_t *map_page(long fd)
{
	return (uint32_t *)sys(SYS_mmap, 0, 4096, 3, 1, fd, 0);
}

/* Of the same object, mapped twice, and in another process. */
static void objects(void)
{
	char *one, *two, *key = shared_page();
	long memory = sys(SYS_shm_open2, 1, 2, 0600, 0, 0), fd;
	volatile uint32_t *page;

	sys(SYS_ftruncate, memory, 16384);
	one = (char *)sys(SYS_mmap, 0, 8192, 3, 1, memory, 0);
	two = (char *)sys(SYS_mmap, 0, 8192, 3, 1, memory, 4096);
	IS(22, object(LOOK_UP, one + 4160), -ESRCH);
	fd = object(CREATE, one + 4160);
	CHECK(23, fd >= 0);
	IS(24, sys(SYS_fcntl, fd, 1, 0), 1); /* F_GETFD: closed by exec */
	page = map_page(fd);
	*page = 41;
	IS(25, *map_page(object(LOOK_UP, two + 64)), 41);
	IS(26, object(LOOK_UP, two + 72), -ESRCH);
	CHECK(27, object(CREATE, key + 8) >= 0);
	if (spawn() == 0) {
		*map_page(object(CREATE, two + 64)) += 1;
		sys(SYS__exit, object(LOOK_UP, key + 8) < 0);
	}
	IS(28, reap(), 0);
	IS(29, *page, 42);
	IS(42, object(IS_ALIVE, (void *)page), 0);
	IS(43, object(DESTROY, two + 64), 0);
	IS(44, object(IS_ALIVE, (void *)page), -ENOTTY);
	IS(45, object(LOOK_UP, one + 4160), -ESRCH);
	IS(46, object(DESTROY, one + 4160), -ESRCH);
	IS(47, object(DESTROY, key + 8), 0);
	/* Memory of one's own: no other process finds it. */
	key = (char *)sys(SYS_mmap, 0, 4096, 3, 0x1002, -1, 0);
	CHECK(48, object(CREATE, key) >= 0 && object(LOOK_UP, key) >= 0);
	if (spawn() == 0)
		sys(SYS__exit, object(LOOK_UP, key) != -ESRCH);
	IS(49, reap(), 0);
	IS(86, object(DESTROY, key), 0);
	IS(87, object(CREATE | LOOK_UP, key), -EINVAL);
	IS(88, object(0, key), -EINVAL);
	sys(SYS_mprotect, key, 4096, 1);
	IS(89, object(CREATE, key), -EFAULT);
	IS(90, object(CREATE, (void *)64), -EFAULT);
}

void test(int argc, char **argv, char **envp)
{
	struct world *w = shared_page();

	objects();

	mutex_alone();
	ceilings();
	others_alone();
	processes();
	owner_exits(w, false);
	owner_exits(w, true);
}
