/* A storm of locks: two processes of five threads each, on every kind of lock, their own and
 * those they share, with and without a limit on nine clocks, while a timer's signals cut in.
 * Threads and processes end while they hold robust locks.  At the end of each round all meet,
 * and the last to come counts: what was done under a lock, what went through the queues, who
 * was found dead; nothing may be held, and nothing may grow.
 *
 *     storm_locks [SECONDS]
 *
 * sys/umtx.h, sys/_umtx.h, kern/kern_umtx.c; libthr. */
#include "tests/guest/locks.h"

enum kind { PLAIN, CHECKED, NESTED, INHERITS, PROTECTS, LASTS, LASTS_INHERITS, N_KINDS };
enum { ITEMS = 4, PERMITS = 3, STEPS = 60, BATCH = 24, SLEEPERS = STRANDS };
enum { ALL = PROCESSES * STRANDS };

/* A mutex with what it guards: a and b are equal when it is free. */
struct lock {
	struct mutex m;
	uint32_t kind, holder, depth;
	volatile long a, b;
	long died, mended; /* owners: told by themselves, found */
};

struct queue {
	struct mutex m;
	struct cond room, there;
	long item[ITEMS], n, in, out, sum_in, sum_out;
};

/* Sleepers on words of their own, woken many at a time: libthr's own condition variables. */
struct bed {
	struct mutex m;
	uint32_t *sleeper[SLEEPERS];
	long n, beds;
};

struct objects {
	struct lock lock[N_KINDS];
	struct rwlock rw;
	volatile long written[2];
	long writes;
	struct queue queue;
	struct sem sem;
	uint32_t inside;
};

static struct world {
	struct objects o;
	struct mutex m;
	struct cond all_here;
	long here, rounds, ends_at;
	uint32_t killed;
	bool over;
	long locked[N_KINDS], written; /* by all, of the shared objects */
} * world;

static struct objects home; /* of one process */
static struct bed bed;
static long home_locked[N_KINDS], home_written;
static struct robust robust[STRANDS];
static volatile uint32_t alarms;

static void on_alarm(int signal)
{
	alarms++;
}

static void init(struct objects *o, uint32_t shared)
{
	static const uint32_t flags[N_KINDS] = {
		[INHERITS] = INHERIT,
		[PROTECTS] = PROTECT,
		[LASTS] = ROBUST,
		[LASTS_INHERITS] = ROBUST | INHERIT,
	};

	for (uint32_t k = 0; k < N_KINDS; k++) {
		o->lock[k].kind = k;
		o->lock[k].m.flags = flags[k] | shared;
		if (k == PROTECTS)
			o->lock[k].m.owner = CONTESTED, o->lock[k].m.ceiling[0] = 15;
	}
	o->rw.flags = o->queue.m.flags = o->queue.room.flags = o->queue.there.flags = shared;
	o->queue.room.clock = 4;
	o->sem = (struct sem){PERMITS, shared};
}

static void count(long *at)
{
	__atomic_add_fetch(at, 1, __ATOMIC_RELAXED);
}

/* A limit, no longer than a moment, or none. */
static struct umtx_time *limit(struct strand *s, struct umtx_time *u)
{
	if (chance(s, 3))
		return 0;
	*u = some_time(s, (long)chance(s, 3000));
	return u;
}

/* ---- Mutexes ----------------------------------------------------------------------------- */

static struct mutex **list_of(struct robust *r, const struct lock *l)
{
	return l->m.flags & SHARED ? &r->shared : &r->own;
}

/* Takes it: 0, EBUSY or ETIMEDOUT.  A robust one is in the thread's list while it is held; that
 * of an owner who died is mended. */
static long take(struct lock *l, struct robust *r, uint32_t me, bool only_try, struct umtx_time *u)
{
	bool lasts = l->m.flags & ROBUST;
	long e;

	if (lasts)
		__atomic_store_n(&r->inactive, &l->m, __ATOMIC_SEQ_CST);
	e = mutex_lock(&l->m, me, only_try, u);
	if (e == -EOWNERDEAD_) {
		l->b = l->a;
		l->mended++;
		l->holder = 0;
	}
	if (lasts && (e == 0 || e == -EOWNERDEAD_)) {
		l->m.link = *list_of(r, l);
		__atomic_store_n(list_of(r, l), &l->m, __ATOMIC_SEQ_CST);
	}
	if (lasts)
		__atomic_store_n(&r->inactive, 0, __ATOMIC_SEQ_CST);
	if (e != 0 && e != -EOWNERDEAD_)
		return e;
	IS(1, l->holder, 0);
	l->holder = me;
	return 0;
}

static void give(struct lock *l, struct robust *r, uint32_t me)
{
	IS(2, l->holder, me);
	l->holder = 0;
	if (!(l->m.flags & ROBUST)) {
		mutex_unlock(&l->m, me);
		return;
	}
	__atomic_store_n(&r->inactive, &l->m, __ATOMIC_SEQ_CST);
	IS(3, (long)*list_of(r, l), (long)&l->m);
	__atomic_store_n(list_of(r, l), l->m.link, __ATOMIC_SEQ_CST);
	mutex_unlock(&l->m, me);
	__atomic_store_n(&r->inactive, 0, __ATOMIC_SEQ_CST);
}

static void work_under(struct lock *l)
{
	IS(4, l->a, l->b);
	l->a++;
	l->b++;
}

/* What a kind adds to the plain one. */
static void twice(struct lock *l, uint32_t me)
{
	if (l->kind == NESTED && (load(&l->m.owner) & ~CONTESTED) == me) {
		l->depth++;
		IS(5, l->depth, 1);
		l->depth--;
	} else if (l->kind == INHERITS) {
		IS(6, sys(SYS__umtx_op, &l->m, MUTEX_LOCK, 0, 0, 0), -EDEADLK);
	} else if (l->kind == PROTECTS) {
		IS(7, sys(SYS__umtx_op, &l->m, MUTEX_TRYLOCK, 0, 0, 0), -EBUSY);
	}
}

static void mutexes(struct strand *s, struct objects *o)
{
	static const char *const names[] = {
		"plain mutex",	   "checked mutex", "nested mutex",	      "inheriting mutex",
		"protected mutex", "robust mutex",  "robust inheriting mutex"};
	struct lock *l = &o->lock[chance(s, N_KINDS)];
	struct robust *r = &robust[s->number];
	uint32_t me = (uint32_t)s->tid;
	struct umtx_time u;

	step(s, names[l->kind], o == &home ? 0 : &l->m.owner);
	if (l->kind == CHECKED && (load(&l->m.owner) & ~CONTESTED) != me)
		IS(8, sys(SYS__umtx_op, &l->m, MUTEX_UNLOCK, 0, 0, 0), -EPERM);
	if (take(l, r, me, chance(s, 8) == 0, limit(s, &u)) != 0)
		return;
	work_under(l);
	twice(l, me);
	if (chance(s, 16) == 0)
		sys(SYS_sched_yield);
	give(l, r, me);
	count(o == &home ? &home_locked[l->kind] : &world->locked[l->kind]);
}

/* ---- Owners who end ----------------------------------------------------------------------- */

struct mortal {
	struct strand *s;
	struct lock *l;
	struct robust robust;
	long over;
	char stack[16384] __attribute__((aligned(16)));
};
static struct mortal mortals[STRANDS];

/* Takes it, begins something and does not end it. */
static void die_holding(struct lock *l, struct robust *r)
{
	begin_robust(r);
	IS(9, take(l, r, (uint32_t)thread_self(), false, 0), 0);
	l->a++;
	l->died++;
}

static void mortal_thread(void *arg)
{
	struct mortal *m = arg;

	die_holding(m->l, &m->robust);
	end_thread(&m->over);
}

static void thread_ends(struct strand *s, struct lock *l)
{
	struct mortal *m = &mortals[s->number];
	long tid = 0;

	m->l = l;
	m->over = 0;
	IS(10, new_thread(mortal_thread, m, m->stack, sizeof m->stack, &tid), 0);
	join_thread(&m->over);
}

/* Locks and unlocks until it is killed, wherever it is. */
static void until_killed(struct lock *l, struct robust *r)
{
	uint32_t me = (uint32_t)thread_self();

	begin_robust(r);
	for (;;) {
		take(l, r, me, false, 0);
		work_under(l);
		give(l, r, me);
	}
}

static void process_ends(struct strand *s, struct lock *l)
{
	bool by_kill = chance(s, 2);
	uint64_t moment = chance(s, 2000);
	long child = sys(SYS_fork);
	struct timespec t = {0, (long)moment * 1000};

	if (child == 0) {
		if (by_kill)
			until_killed(l, &mortals[s->number].robust);
		die_holding(l, &mortals[s->number].robust);
		quit(0);
	}
	CHECK(11, child > 0);
	if (by_kill) {
		sys(SYS_nanosleep, &t, 0);
		__atomic_add_fetch(&world->killed, 1, __ATOMIC_SEQ_CST);
		IS(12, sys(SYS_kill, child, SIGKILL), 0);
	}
	IS(13, wait_for(child), by_kill ? SIGKILL : 0);
}

static void endings(struct strand *s)
{
	if (chance(s, 2)) {
		step(s, "a process ends", &world->o.lock[LASTS].m.owner);
		process_ends(s, &world->o.lock[LASTS]);
	} else {
		struct objects *o = chance(s, 2) ? &home : &world->o;

		step(s, "a thread ends", o == &home ? 0 : &o->lock[LASTS].m.owner);
		thread_ends(s, &o->lock[chance(s, 2) ? LASTS : LASTS_INHERITS]);
	}
}

/* ---- The others --------------------------------------------------------------------------- */

static void readers_and_writers(struct strand *s, struct objects *o)
{
	bool writes = chance(s, 4) == 0;
	struct umtx_time u;
	long r;

	step(s, writes ? "write lock" : "read lock", o == &home ? 0 : &o->rw.state);
	r = rw_lock(&o->rw, writes, limit(s, &u));
	if (r == -ETIMEDOUT)
		return;
	IS(14, r, 0);
	IS(15, o->written[0], o->written[1]);
	if (writes) {
		o->written[0]++;
		if (chance(s, 8) == 0)
			sys(SYS_sched_yield);
		o->written[1]++;
		count(o == &home ? &home_written : &world->written);
	}
	rw_unlock(&o->rw);
}

static void semaphores(struct strand *s, struct objects *o)
{
	struct umtx_time u;
	long r;

	step(s, "semaphore", o == &home ? 0 : &o->sem.count);
	r = sem_wait(&o->sem, limit(s, &u));
	if (r == -ETIMEDOUT)
		return;
	IS(16, r, 0);
	CHECK(17, __atomic_add_fetch(&o->inside, 1, __ATOMIC_SEQ_CST) <= PERMITS);
	if (chance(s, 4) == 0)
		sys(SYS_sched_yield);
	__atomic_sub_fetch(&o->inside, 1, __ATOMIC_SEQ_CST);
	sem_post(&o->sem);
}

/* Until it may go on; the mutex is held before and after. */
static void queue_wait(struct strand *s, struct queue *q, struct cond *v)
{
	struct umtx_time u;
	long r = cond_wait(v, &q->m, limit(s, &u));

	if (r != -ETIMEDOUT && r != -EINTR)
		IS(18, r, 0);
	IS(19, mutex_lock(&q->m, (uint32_t)s->tid, false, 0), 0);
}

/* As many strands put as take, each as often as the others. */
static void queues(struct strand *s, struct objects *o, bool puts)
{
	uint32_t me = (uint32_t)s->tid;
	struct queue *q = &o->queue;

	step(s, puts ? "put" : "take", o == &home ? 0 : &q->m.owner);
	IS(20, mutex_lock(&q->m, me, false, 0), 0);
	while (q->n == (puts ? ITEMS : 0))
		queue_wait(s, q, puts ? &q->room : &q->there);
	if (puts) {
		q->item[q->n++] = ++q->in;
		q->sum_in += q->in;
	} else {
		q->sum_out += q->item[--q->n];
		q->out++;
	}
	mutex_unlock(&q->m, me);
	cond_wake(puts ? &q->there : &q->room, chance(s, 4) == 0);
}

/* Lies down, or wakes all who do; in each process some always get up by themselves. */
static void beds(struct strand *s)
{
	struct umtx_time u = some_time(s, 2000);
	uint32_t me = (uint32_t)s->tid, word = 0, *woken[SLEEPERS];
	long n;

	step(s, "bed", 0);
	mutex_lock(&bed.m, me, false, 0);
	if (chance(s, 2)) {
		n = bed.n;
		memcpy(woken, bed.sleeper, (size_t)n * sizeof *woken);
		for (long i = 0; i < n; i++)
			__atomic_store_n(woken[i], 1, __ATOMIC_SEQ_CST);
		bed.n = 0;
		/* Under the lock: the words are on stacks. */
		IS(21, sys(SYS__umtx_op, woken, NWAKE_PRIVATE, n, 0, 0), 0);
		mutex_unlock(&bed.m, me);
		return;
	}
	bed.sleeper[bed.n++] = &word;
	bed.beds++;
	mutex_unlock(&bed.m, me);
	while (!load(&word) && umtx_timed(&word, UMTX_WAIT_PRIVATE, 0, &u) != -ETIMEDOUT)
		;
	mutex_lock(&bed.m, me, false, 0);
	for (long i = 0; i < bed.n; i++)
		if (bed.sleeper[i] == &word) {
			bed.sleeper[i] = bed.sleeper[--bed.n];
			break;
		}
	mutex_unlock(&bed.m, me);
}

/* ---- Rounds ------------------------------------------------------------------------------- */

static void nothing_held(const struct objects *o, const long *locked, long written)
{
	long locks = 0;

	for (int k = 0; k < N_KINDS; k++) {
		const struct lock *l = &o->lock[k];
		uint32_t owner = load(&l->m.owner);

		CHECK(22, owner == 0 || owner == CONTESTED || owner == OWNER_DEAD);
		if (k < LASTS)
			IS(23, l->a == locked[k] && l->b == locked[k], 1);
		locks += locked[k];
	}
	CHECK(24, locks > 0);
	IS(25, o->written[0] == written && o->written[1] == written, 1);
	IS(26, o->rw.state & (WRITE_OWNER | READERS), 0);
	IS(27, o->inside, 0);
	IS(28, o->sem.count & ~CONTESTED, PERMITS);
	IS(29, o->queue.n, 0);
	IS(30, o->queue.in == o->queue.out && o->queue.sum_in == o->queue.sum_out, 1);
}

/* Each owner who died by a call was found by one other, or will be by the next; of those who
 * were killed some held the lock. */
static void all_found(struct objects *o, long killed)
{
	for (int k = LASTS; k < N_KINDS; k++) {
		const struct lock *l = &o->lock[k];
		long found = l->mended + (load(&l->m.owner) == OWNER_DEAD);

		CHECK(31, found >= l->died && found <= l->died + (k == LASTS ? killed : 0));
	}
}

/* That an owner was killed is seen by who waits for the lock. */
static void find_killed(struct strand *s)
{
	struct lock *l = &world->o.lock[LASTS];
	struct robust *r = &robust[s->number];

	IS(37, take(l, r, (uint32_t)s->tid, false, 0), 0);
	give(l, r, (uint32_t)s->tid);
}

/* All meet; the last looks whether everything is in order, and says if it goes on. */
static bool meet(struct strand *s)
{
	uint32_t me = (uint32_t)s->tid;
	long round;
	bool over;

	step(s, "meeting", &world->m.owner);
	IS(32, mutex_lock(&world->m, me, false, 0), 0);
	round = world->rounds;
	if (++world->here == ALL) {
		find_killed(s);
		nothing_held(&world->o, world->locked, world->written);
		all_found(&world->o, world->killed);
		world->here = 0;
		world->rounds++;
		world->over = now_ms() >= world->ends_at;
		cond_wake(&world->all_here, true);
	}
	while (world->rounds == round) {
		sys(SYS__umtx_op, &world->all_here, CV_WAIT, 0, &world->m, 0);
		IS(33, mutex_lock(&world->m, me, false, 0), 0);
	}
	over = world->over;
	mutex_unlock(&world->m, me);
	return !over;
}

/* The others of the process do nothing to these: all are at the meeting's other end, or wait
 * for this one. */
static void audit(long round)
{
	enum { SETTLED = 3 };
	static long memory, fds;

	nothing_held(&home, home_locked, home_written);
	all_found(&home, 0);
	if (round < SETTLED || !memory) {
		fds = open_descriptors();
		memory = memory_so_far();
	}
	check_growth((int)fds, memory);
}

static void one_of_many(struct strand *s)
{
	struct objects *o = chance(s, 2) ? &home : &world->o;

	switch (chance(s, 8)) {
	case 0:
	case 1:
		readers_and_writers(s, o);
		return;
	case 2:
		semaphores(s, o);
		return;
	case 3:
		beds(s);
		return;
	default:
		mutexes(s, o);
	}
}

/* The middle strand of an odd number takes no part in the queues. */
static void round_of(struct strand *s)
{
	bool takes_part = s->number < STRANDS / 2 * 2, puts = s->number % 2;

	for (int i = 0; i < STEPS; i++) {
		one_of_many(s);
		if (takes_part && i < 2 * BATCH)
			queues(s, i < BATCH ? &home : &world->o, puts);
	}
	if (chance(s, 3) == 0)
		endings(s);
}

static void live(void *arg)
{
	struct strand *s = arg;
	bool goes_on;

	s->tid = thread_self();
	begin_robust(&robust[s->number]);
	do {
		round_of(s);
		goes_on = meet(s);
		if (s->number == 0)
			audit(world->rounds);
		goes_on = meet(s) && goes_on;
	} while (goes_on);
	if (s->number)
		end_thread(&s->over);
}

static void life(struct strand *first)
{
	handle(SIGALRM, on_alarm, first->process % 2 ? SA_RESTART : 0);
	init(&home, 0);
	alarm_every(1500);
	run_strands(first, live);
	alarm_every(0);
	CHECK(34, alarms > 0 && bed.beds > 0);
}

void test(int argc, char **argv, char **envp)
{
	world = shared_memory(sizeof *world);
	init(&world->o, SHARED);
	world->m.flags = world->all_here.flags = SHARED;
	world->ends_at = now_ms() + 1000 * seconds_given(argc, argv, 3);
	storm(life);
	for (int k = 0; k < N_KINDS; k++)
		CHECK(35, world->locked[k] > 0);
	CHECK(36, world->rounds >= 2);
	if (argc > 1) {
		print_number(world->rounds);
		print(" rounds\n");
	}
}
