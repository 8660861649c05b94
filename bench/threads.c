/* Whether threads disturb each other.
 *
 *     threads calls N THREADS    each makes N calls of getppid at the same time
 *     threads lock N 2           two hand a word to and fro N times, each asleep until the other wakes it
 *
 * Prints the nanoseconds of a call (of a hand-over and the way back). */
#include "bench/stubs.h"

STUB(getppid, 39, 110);

#define MOST 16
static char stacks[MOST][16384] __attribute__((aligned(16)));
static volatile int started, over, go;
static volatile int turn;
static long n, n_threads;
static void (*work)(long);

static noinline void run(long i)
{
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	while (!go)
		__asm__ volatile("pause");
	work(i);
	__atomic_add_fetch(&over, 1, __ATOMIC_SEQ_CST);
}

#ifdef NATIVE
STUB_(futex, 202);
STUB_(leave, 60); /* exit */

/* clone(2) with the thread's number on its stack: a child pops it, and calls run_and_leave. */
static __attribute__((used)) void run_and_leave(long i)
{
	run(i);
	do_call(leave, 0);
}
long start_thread(long flags, void *stack);
__asm__(".pushsection .text\n"
	"start_thread: mov $56, %eax\n"
	"	xor %edx, %edx\n	xor %r10d, %r10d\n	xor %r8d, %r8d\n"
	"	syscall\n"
	"	test %rax, %rax\n"
	"	jnz 1f\n"
	"	pop %rdi\n"
	"	call run_and_leave\n"
	"1:	ret\n"
	".popsection\n");

static bool begin(long i)
{
	long *top = (long *)(stacks[i] + sizeof stacks[i] - 16);
	*top = i;
	/* CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM */
	return start_thread(0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000, top) > 0;
}

static void sleep_while(int is)
{
	do_call(futex, &turn, 128 /* WAIT, private */, is, 0);
}

static void wake(void)
{
	do_call(futex, &turn, 129 /* WAKE, private */, 1);
}
#else
STUB(thr_exit, 431, 0);
STUB(_umtx_op, 454, 0);
STUB(thr_new, 455, 0);

static void run_and_leave(void *i)
{
	run((long)i);
	do_call(thr_exit, 0);
}

static bool begin(long i)
{
	static long ids[MOST];
	struct { /* sys/thr.h: struct thr_param */
		void (*start)(void *);
		void *arg;
		char *stack;
		size_t stack_size;
		char *tls;
		size_t tls_size;
		long *child_tid, *parent_tid;
		int flags, pad;
		void *rtp, *spare[3];
	} p = {.start = run_and_leave,
	       .arg = (void *)i,
	       .stack = stacks[i],
	       .stack_size = sizeof stacks[i],
	       .child_tid = &ids[i],
	       .parent_tid = &ids[i]};
	return do_call(thr_new, &p, sizeof p) == 0;
}

static void sleep_while(int is)
{
	do_call(_umtx_op, &turn, 15 /* WAIT_UINT_PRIVATE */, is, 0, 0);
}

static void wake(void)
{
	do_call(_umtx_op, &turn, 16 /* WAKE_PRIVATE */, 1, 0, 0);
}
#endif

static void make_calls(long i)
{
	for (long left = n; left > 0; left--)
		do_call(getppid);
}

static void hand_over(long i)
{
	for (long left = n; left > 0; left--) {
		while (turn != i)
			sleep_while(!i);
		turn = !i;
		wake();
	}
}

void test(int argc, char **argv, char **envp)
{
	CHECK(1, argc == 4 && (n = number(argv[2])) > 0);
	work = !strcmp(argv[1], "calls") ? make_calls : hand_over;
	n_threads = number(argv[3]);
	CHECK(2, n_threads > 0 && n_threads <= MOST && (work == make_calls || n_threads == 2));
	for (long i = 1; i < n_threads; i++)
		CHECK(3, begin(i));
	while (started < n_threads - 1)
		__asm__ volatile("pause");
	long before = now();
	go = 1;
	run(0);
	while (over < n_threads)
		__asm__ volatile("pause");
	print_number((now() - before) / n);
	print("\n");
}
