/* What the storms share: processes of several threads that do one random thing after another,
 * meet at the end of each round, and are watched by their parent.
 *
 *     storm_NAME [SECONDS]
 *
 * The parent looks at every strand's steps.  One that makes none for a while hangs: the parent
 * says which, and what each of them does, and the storm has failed.  No other limit is set to
 * how long anything takes. */
#ifndef GUEST_STORM_H
#define GUEST_STORM_H

#include "tests/guest/guest.h"

enum { PROCESSES = 2, STRANDS = 5, STACK = 65536, HANGS_MS = 40000 };
enum { WNOHANG = 1, SIGKILL = 9, SIGALRM = 14, SA_RESTART = 2, SA_SIGINFO = 0x40 };
enum {
	UMTX_WAIT = 2,
	UMTX_WAIT_UINT = 11,
	UMTX_WAIT_PRIVATE = 15,
	UMTX_WAKE_PRIVATE = 16,
	UMTX_WAKE_SHARED = 3
};

/* A thread of a process, in memory that all see. */
struct strand {
	const char *volatile doing;
	const volatile uint32_t *volatile at; /* the word it may sleep on */
	volatile uint64_t steps;
	long tid;
	uint32_t number, process; /* number: within the process */
	uint64_t seed;
	long over; /* set by thr_exit */
};

struct sigaction {
	void *handler;
	int flags;
	uint32_t mask[4];
};

static struct strand *strands; /* PROCESSES * STRANDS of them */
static char stacks[STRANDS][STACK] __attribute__((aligned(16)));

static inline long thread_self(void)
{
	long tid = 0;

	sys(SYS_thr_self, &tid);
	return tid;
}

static inline uint64_t chance(struct strand *s, uint64_t below)
{
	s->seed = s->seed * 6364136223846793005UL + 1442695040888963407UL;
	return (s->seed >> 33) % below;
}

static inline void step(struct strand *s, const char *doing, const volatile void *at)
{
	s->doing = doing;
	s->at = at;
	s->steps++;
}

static inline void *shared_memory(size_t size)
{
	long at = sys(SYS_mmap, 0, size, 3, 0x1001, -1, 0);

	CHECK(101, at > 0);
	return (void *)at;
}

/* A thread on a stack of its own; when it has ended, *over is 1. */
static inline long new_thread(void (*fn)(void *), void *arg, char *stack, size_t size, long *tid)
{
	struct {
		void (*start)(void *);
		void *arg;
		char *stack;
		size_t stack_size;
		void *tls;
		size_t tls_size;
		long *child_tid, *parent_tid;
		int flags, pad;
		void *rtp, *spare[3];
	} p = {.start = fn,
	       .arg = arg,
	       .stack = stack,
	       .stack_size = size,
	       .child_tid = tid,
	       .parent_tid = tid};

	return sys(SYS_thr_new, &p, sizeof p);
}

static inline void end_thread(long *over)
{
	sys(SYS_thr_exit, over);
	quit(102);
}

static inline void join_thread(long *over)
{
	while (__atomic_load_n(over, __ATOMIC_SEQ_CST) == 0)
		sys(SYS__umtx_op, over, UMTX_WAIT, 0, 0, 0);
}

static inline void handle(int signal, void *handler, int flags)
{
	struct sigaction a = {handler, flags, {0}};

	IS(103, sys(SYS_sigaction, signal, &a, 0), 0);
}

/* SIGALRM again and again, every so many microseconds; 0 ends it. */
static inline void alarm_every(long us)
{
	struct timeval t[2] = {{0, us}, {0, us}};

	IS(104, sys(SYS_setitimer, 0, t, 0), 0);
}

static inline int open_descriptors(void)
{
	enum { F_GETFD = 1, LOOKED_AT = 256 };
	int n = 0;

	for (int fd = 0; fd < LOOKED_AT; fd++)
		n += sys(SYS_fcntl, fd, F_GETFD, 0) >= 0;
	return n;
}

/* The most memory the process ever had, in KiB. */
static inline long memory_so_far(void)
{
	long usage[18] = {0};

	IS(105, sys(SYS_getrusage, 0, usage), 0);
	return usage[4];
}

/* Neither may grow once everything has been done a few times. */
static inline void check_growth(int fds_then, long memory_then)
{
	enum { ROOM = 16384 };

	IS(106, open_descriptors(), fds_then);
	if (memory_so_far() > memory_then + ROOM) {
		print_number(memory_then);
		print(" KiB at first, now ");
		print_number(memory_so_far());
		check_failed(107, "memory grows");
	}
}

static inline long seconds_given(int argc, char **argv, long otherwise)
{
	long n = 0;

	if (argc < 2)
		return otherwise;
	for (const char *s = argv[1]; *s; s++)
		n = n * 10 + *s - '0';
	return n;
}

static inline void tell_strands(void)
{
	for (int i = 0; i < PROCESSES * STRANDS; i++) {
		const struct strand *s = &strands[i];

		print_number(s->process);
		print(".");
		print_number(s->number);
		print(" thread ");
		print_number(s->tid);
		print(", step ");
		print_number((long)s->steps);
		print(": ");
		print(s->doing ? s->doing : "not begun");
		if (s->at) {
			print(", word ");
			print_number((long)*s->at);
		}
		print("\n");
	}
}

/* Every strand's steps go on, or it is over. */
static inline bool one_hangs(void)
{
	static uint64_t seen[PROCESSES * STRANDS];
	static long when[PROCESSES * STRANDS];
	long now = now_ms();

	for (int i = 0; i < PROCESSES * STRANDS; i++) {
		const struct strand *s = &strands[i];

		if (!when[i] || s->steps != seen[i] || s->over)
			when[i] = now;
		seen[i] = s->steps;
		if (now - when[i] > HANGS_MS) {
			print("strand ");
			print_number(i / STRANDS);
			print(".");
			print_number(i % STRANDS);
			print(" hangs\n");
			return true;
		}
	}
	return false;
}

/* The parent: until all its children have ended well. */
static inline void watch(const long *children)
{
	int left = PROCESSES, status = 0;

	while (left) {
		long pid = sys(SYS_wait4, -1, &status, WNOHANG, 0);

		if (pid > 0 && status == 0) {
			left--;
			continue;
		}
		if (pid == 0 && !one_hangs()) {
			sleep_ms(20);
			continue;
		}
		tell_strands();
		for (int i = 0; i < PROCESSES; i++)
			sys(SYS_kill, children[i], SIGKILL);
		IS(108, pid > 0 ? status : pid, 0);
	}
}

/* Begins the processes, each of which runs life(its first strand), and watches them. */
static inline void storm(void (*life)(struct strand *))
{
	long children[PROCESSES];

	strands = shared_memory(PROCESSES * STRANDS * sizeof *strands);
	for (uint32_t i = 0; i < PROCESSES * STRANDS; i++)
		strands[i] = (struct strand){.number = i % STRANDS,
					     .process = i / STRANDS,
					     .seed = (uint64_t)now_ms() * 31 + i};
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = sys(SYS_fork);
		if (children[i] == 0) {
			life(&strands[i * STRANDS]);
			quit(0);
		}
		CHECK(109, children[i] > 0);
	}
	watch(children);
}

/* The process's other strands run fn, and so does the first; then they are over. */
static inline void run_strands(struct strand *first, void (*fn)(void *))
{
	for (int i = 1; i < STRANDS; i++)
		IS(110, new_thread(fn, &first[i], stacks[i], STACK, &first[i].tid), 0);
	fn(first);
	for (int i = 1; i < STRANDS; i++)
		join_thread(&first[i].over);
	first->over = 1;
}

#endif
