/* Threads: sys/thr.h, sys/umtx.h, kern/kern_thr.c, kern/kern_umtx.c. */
#include "tests/guest/guest.h"

enum {
	UMTX_WAIT = 2,
	UMTX_WAKE = 3,
	UMTX_WAIT_UINT = 11,
	UMTX_WAIT_UINT_PRIVATE = 15,
	UMTX_WAKE_PRIVATE = 16
};
enum { SI_LWP = 0x10007, SI_QUEUE = 0x10002, SIGUSR1 = 30, SIGUSR2 = 31 };
#define SET_FSBASE 129
#define GET_FSBASE 128

struct param {
	void (*start)(void *);
	void *arg;
	char *stack;
	size_t stack_size;
	char *tls;
	size_t tls_size;
	long *child_tid, *parent_tid;
	int flags, pad;
	void *rtp, *spare[3];
};
_Static_assert(sizeof(struct param) == 104, "sys/thr.h");

struct umtx_time {
	struct timespec timeout;
	uint32_t flags, clock;
};

#define N 8
static char stacks[N][32768] __attribute__((aligned(16)));
static long blocks[N][4];
static volatile long state[N];

static long dead[N];

/* thr_exit(state) stores 1 and wakes who waits there, when the stack is free. */
static void finish(long i)
{
	sys(SYS_thr_exit, &dead[i]);
	quit(120);
}

static void join(long i)
{
	while (__atomic_load_n(&dead[i], __ATOMIC_SEQ_CST) == 0)
		sys(SYS__umtx_op, &dead[i], UMTX_WAIT, 0);
}

static long child_tid[N], parent_tid[N];

static long begin(int i, void (*fn)(void *), void *arg)
{
	struct param p = {
		.start = fn,
		.arg = arg,
		.stack = stacks[i],
		.stack_size = sizeof stacks[i],
		.tls = (char *)blocks[i],
		.tls_size = sizeof blocks[i],
		.child_tid = &child_tid[i],
		.parent_tid = &parent_tid[i],
	};
	blocks[i][0] = (long)blocks[i];
	blocks[i][1] = 1000 + i;
	dead[i] = 0;
	return sys(SYS_thr_new, &p, sizeof p);
}

static volatile long total;
static long pid;

static long tls_word(void)
{
	long v;
	__asm__ volatile("mov %%fs:8, %0" : "=r"(v));
	return v;
}

static void worker(void *arg)
{
	long i = (long)arg, self = 0;
	sys(SYS_thr_self, &self);
	/* Its own number is known before it runs; TLS is its own; the process is one. */
	IS(8, self, child_tid[i]);
	CHECK(9, self >= 100000);
	IS(10, tls_word(), 1000 + i);
	IS(48, sys(SYS_getpid), pid);
	state[i] = 1;
	for (int n = 0; n < 10000; n++)
		__atomic_add_fetch(&total, 1, __ATOMIC_RELAXED);
	finish(i);
}

static void creation(void)
{
	long self = 0;
	pid = sys(SYS_getpid);
	IS(1, sys(SYS_thr_self, &self), 0);
	CHECK(2, self >= 100000 && self != sys(SYS_getpid));
	static long block[4];
	block[0] = (long)block;
	block[1] = 4242;
	void *base = block;
	IS(3, sys(SYS_sysarch, SET_FSBASE, &base), 0);
	IS(4, tls_word(), 4242);
	base = 0;
	IS(5, sys(SYS_sysarch, GET_FSBASE, &base), 0);
	CHECK(6, base == block);
	for (long i = 0; i < N; i++)
		IS(7, begin((int)i, worker, (void *)i), 0);
	for (long i = 0; i < N; i++)
		join(i);
	for (int i = 0; i < N; i++) {
		CHECK(49, state[i] == 1 && child_tid[i] == parent_tid[i] && child_tid[i] != self);
		for (int j = 0; j < i; j++)
			CHECK(50, child_tid[i] != child_tid[j]);
	}
	IS(11, total, N * 10000);
	IS(12, tls_word(), 4242);
	struct param p = {.start = worker};
	IS(13, sys(SYS_thr_new, &p, sizeof p + 1), -EINVAL);
	IS(14, sys(SYS_thr_new, 8, sizeof p), -EFAULT);
}

static void waiting(void)
{
	unsigned word = 5;
	long wide = 5;
	struct timespec t = {0, 50000000};
	long before = now_ms();
	IS(15, sys(SYS__umtx_op, &word, UMTX_WAIT_UINT_PRIVATE, 5, 0, &t), -ETIMEDOUT);
	CHECK(16, now_ms() - before >= 50);
	/* Another value there: nothing to wait for, and no error. */
	IS(17, sys(SYS__umtx_op, &word, UMTX_WAIT_UINT_PRIVATE, 6, 0, &t), 0);
	IS(18, sys(SYS__umtx_op, &word, UMTX_WAIT_UINT, 6, 0, &t), 0);
	IS(19, sys(SYS__umtx_op, &word, UMTX_WAIT_UINT, 5, 0, &t), -ETIMEDOUT);
	/* WAIT compares a whole long. */
	IS(20, sys(SYS__umtx_op, &wide, UMTX_WAIT, 5 + (1L << 32), 0, &t), 0);
	IS(21, sys(SYS__umtx_op, &wide, UMTX_WAIT, 5, 0, &t), -ETIMEDOUT);
	/* The size says that a clock and flags follow the time. */
	struct umtx_time u = {.clock = 4, .flags = 1};
	sys(SYS_clock_gettime, 4, &u.timeout);
	u.timeout.nsec += 60000000;
	if (u.timeout.nsec >= 1000000000)
		u.timeout.sec++, u.timeout.nsec -= 1000000000;
	before = now_ms();
	IS(22, sys(SYS__umtx_op, &word, UMTX_WAIT_UINT_PRIVATE, 5, sizeof u, &u), -ETIMEDOUT);
	CHECK(23, now_ms() - before >= 58 && now_ms() - before < 2000);
	u = (struct umtx_time){.timeout = {0, 40000000}, .clock = 0, .flags = 0};
	before = now_ms();
	IS(24, sys(SYS__umtx_op, &word, UMTX_WAIT_UINT_PRIVATE, 5, sizeof u, &u), -ETIMEDOUT);
	CHECK(25, now_ms() - before >= 40);
	t.nsec = 1000000000;
	IS(26, sys(SYS__umtx_op, &word, UMTX_WAIT_UINT_PRIVATE, 5, 0, &t), -EINVAL);
	IS(27, sys(SYS__umtx_op, 8, UMTX_WAIT_UINT_PRIVATE, 5, 0, 0), -EFAULT);
	IS(28, sys(SYS__umtx_op, &word, UMTX_WAKE_PRIVATE, 1), 0);
	IS(29, sys(SYS__umtx_op, &word, 12345, 1) < 0, 1);
}

static volatile unsigned turn;

static void player(void *arg)
{
	for (unsigned n = 0; n < 1000; n++) {
		unsigned now;
		while ((now = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) % 2 == 0)
			sys(SYS__umtx_op, &turn, UMTX_WAIT_UINT_PRIVATE, now);
		__atomic_add_fetch(&turn, 1, __ATOMIC_SEQ_CST);
		sys(SYS__umtx_op, &turn, UMTX_WAKE_PRIVATE, 1);
	}
	finish(0);
}

static void ping_pong(void)
{
	IS(30, begin(0, player, 0), 0);
	for (unsigned n = 0; n < 1000; n++) {
		unsigned now;
		__atomic_add_fetch(&turn, 1, __ATOMIC_SEQ_CST);
		sys(SYS__umtx_op, &turn, UMTX_WAKE_PRIVATE, 1);
		while ((now = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) % 2 == 1)
			sys(SYS__umtx_op, &turn, UMTX_WAIT_UINT_PRIVATE, now);
	}
	join(0);
	IS(31, turn, 2000);
}

struct sigaction {
	void *handler;
	int flags;
	uint32_t mask[4];
};
static volatile long caught_by, caught_code;
static volatile unsigned ready, stop;

static void caught(int signal, int *info, void *uc)
{
	long self;
	sys(SYS_thr_self, &self);
	caught_by = self;
	caught_code = info[2];
}

static void sleeper(void *arg)
{
	uint32_t all[4] = {~0u, ~0u, ~0u, ~0u};
	if (arg)
		sys(SYS_sigprocmask, 1, all, 0);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!stop)
		sleep_ms(5);
	finish((long)arg);
}

static void signals(void)
{
	struct sigaction a = {caught, 0x40, {0}};
	long self;
	sys(SYS_thr_self, &self);
	sys(SYS_sigaction, SIGUSR1, &a, 0);
	ready = 0;
	IS(32, begin(0, sleeper, 0), 0);
	IS(33, begin(1, sleeper, (void *)1), 0);
	while (ready < 2)
		sleep_ms(1);
	IS(34, sys(SYS_thr_kill, child_tid[0], SIGUSR1), 0);
	for (int i = 0; i < 1000 && !caught_by; i++)
		sleep_ms(1);
	CHECK(35, caught_by == child_tid[0] && caught_code == SI_LWP);
	IS(36, sys(SYS_thr_kill, self, SIGUSR1), 0);
	CHECK(37, caught_by == self);
	/* A signal with a value, to one thread. */
	caught_code = 0;
	IS(56, sys(SYS_sigqueue, child_tid[0], SIGUSR1 | 1L << 31, 7), 0);
	for (int i = 0; i < 1000 && !caught_code; i++)
		sleep_ms(1);
	CHECK(58, caught_by == child_tid[0] && caught_code == SI_QUEUE);
	IS(57, sys(SYS_sigqueue, 99, SIGUSR1 | 1L << 31, 7), -ESRCH);
	IS(38, sys(SYS_thr_kill, 99, SIGUSR1), -ESRCH);
	IS(39, sys(SYS_thr_kill, self, 200), -EINVAL);
	IS(40, sys(SYS_thr_kill2, sys(SYS_getpid), self, 0), 0);
	/* For the process: whoever does not block it. */
	uint32_t usr1[4] = {1u << 29, 0, 0, 0};
	sys(SYS_sigprocmask, 1, usr1, 0);
	caught_by = 0;
	sys(SYS_kill, sys(SYS_getpid), SIGUSR1);
	for (int i = 0; i < 1000 && !caught_by; i++)
		sleep_ms(1);
	IS(41, caught_by, child_tid[0]);
	sys(SYS_sigprocmask, 2, usr1, 0);
	stop = 1;
	join(0);
	join(1);
	IS(42, sys(SYS_thr_set_name, self, "main"), 0);
}

static volatile long ticks_of[2];

static void ticked(int signal)
{
	long me;

	sys(SYS_thr_self, &me);
	ticks_of[me == child_tid[0]]++;
}

/* A timer for one thread ticks there, though that blocks its signal for a while. */
static void blinking(void *arg)
{
	uint32_t alarm[4] = {1u << 13};

	while (!stop && ticks_of[1] < 3) {
		sys(SYS_sigprocmask, 1, alarm, 0);
		sleep_ms(3);
		sys(SYS_sigprocmask, 2, alarm, 0);
	}
	finish(0);
}

static void timers(void)
{
	struct sigaction a = {ticked, 0, {0}};
	struct {
		int notify, signal;
		long value;
		int thread, pad;
		long spare[7];
	} event = {4, 14, 0, 0, 0, {0}}; /* SIGEV_THREAD_ID, SIGALRM */
	struct timespec every[2] = {{0, 2000000}, {0, 2000000}};
	int timer = -1;

	sys(SYS_sigaction, 14, &a, 0);
	stop = 0;
	IS(66, begin(0, blinking, 0), 0);
	event.thread = (int)child_tid[0];
	IS(67, sys(SYS_ktimer_create, 4, &event, &timer), 0);
	IS(68, sys(SYS_ktimer_settime, timer, 0, every, 0), 0);
	join(0);
	IS(69, ticks_of[0], 0);
	IS(70, sys(SYS_ktimer_delete, timer), 0);
}

/* Processors: the set of all is the sandbox's, and there is none beyond it. */
static void processors(void)
{
	uint8_t all[128] = {0}, one[128] = {0};
	int last = -1;

	IS(71, sys(SYS_cpuset_getaffinity, 1, 2, -1, sizeof all, all), 0);
	for (int i = 0; i < 1024; i++)
		if (all[i / 8] >> i % 8 & 1)
			last = i;
	CHECK(72, last >= 0);
	one[last / 8] = (uint8_t)(1 << last % 8);
	IS(73, sys(SYS_cpuset_setaffinity, 3, 1, -1, sizeof one, one), 0);
	memset(one, 0, sizeof one);
	IS(74, sys(SYS_cpuset_getaffinity, 3, 1, -1, sizeof one, one), 0);
	CHECK(75, one[last / 8] == 1 << last % 8 && memcmp(one, all, last / 8) <= 0);
	one[127] |= 0x80;
	IS(76, sys(SYS_cpuset_setaffinity, 3, 1, -1, sizeof one, one), -EINVAL);
	memset(one, 0, sizeof one);
	IS(77, sys(SYS_cpuset_getaffinity, 1, 2, -1, sizeof one, one), 0);
	CHECK(78, !memcmp(one, all, sizeof all));
	IS(79, sys(SYS_cpuset_setaffinity, 3, 1, -1, sizeof all, all), 0);
}

/* A fork in a threaded program copies only the thread that asked. */
static void forking(void)
{
	ready = stop = 0;
	IS(43, begin(0, sleeper, 0), 0);
	long child = sys(SYS_fork);
	if (child == 0) {
		long me;
		sys(SYS_thr_self, &me);
		int ends[2];
		sys(SYS_pipe2, ends, 0);
		quit(me >= 100000 && ends[0] >= 0 ? 0 : 1);
	}
	IS(44, wait_for(child), 0);
	stop = 1;
	join(0);
	/* The process goes when its first thread says so, whatever the others do. */
	child = sys(SYS_fork);
	if (child == 0) {
		stop = 0;
		begin(1, sleeper, 0);
		quit(21);
	}
	IS(45, wait_for(child), 21 << 8);
}

static void many(void)
{
	for (int round = 0; round < 50; round++) {
		for (long i = 0; i < N; i++)
			IS(46, begin((int)i, worker, (void *)i), 0);
		for (long i = 0; i < N; i++)
			join(i);
	}
	IS(47, total, 51L * N * 10000);
}

/* Who wakes himself does not sleep the next time, once (libthr's cancellation). */
static void self_woken(void)
{
	struct timespec t = {0, 20000000};
	uint32_t word = 0;
	long self = 0;

	sys(SYS_thr_self, &self);
	IS(59, sys(SYS_thr_wake, self), 0);
	IS(60, sys(SYS__umtx_op, &word, 15, 0, 0, 0), -EINTR); /* WAIT_UINT_PRIVATE, no limit */
	IS(61, sys(SYS__umtx_op, &word, 15, 0, sizeof t, &t), -ETIMEDOUT);
	IS(62, sys(SYS_thr_wake, self), 0);
	t.sec = 1000;
	IS(63, sys(SYS_nanosleep, &t, 0), -EINTR);
	IS(64, sys(SYS_thr_wake, self), 0);
	IS(65, sys(SYS_thr_suspend, &t), 0);
}

void test(int argc, char **argv, char **envp)
{
	creation();
	waiting();
	ping_pong();
	signals();
	timers();
	processors();
	forking();
	self_woken();
	many();
}
