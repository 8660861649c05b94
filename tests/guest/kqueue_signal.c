/* EVFILT_SIGNAL: kern/kern_sig.c (filt_signal, tdsendsignal). */
#include "tests/guest/kqueue.h"

enum { SIG_CHLD = 20, SIG_WINCH = 28, SIG_USR1 = 30, SIG_USR2 = 31, SIG_TERM = 15, SIG_RT = 70 };
enum { BLOCK = 1, UNBLOCK = 2 };
struct set {
	uint32_t bits[4];
};
struct action {
	void *handler;
	int flags;
	struct set mask;
};

static volatile int caught;

static void handler(int n)
{
	caught = n;
}

static void act(int n, void *what)
{
	struct action a = {.handler = what};
	sys(SYS_sigaction, n, &a, 0);
}
#define DEFAULT ((void *)0)
#define IGNORE ((void *)1)

static void mask(int how, int n)
{
	struct set s = {{0}};
	s.bits[(n - 1) / 32] = 1U << ((n - 1) % 32);
	sys(SYS_sigprocmask, how, &s, 0);
}

static bool pending(int n)
{
	struct set s = {{0}};
	sys(SYS_sigpending, &s);
	return s.bits[(n - 1) / 32] >> ((n - 1) % 32) & 1;
}

static void send(int n, int times)
{
	while (times--)
		sys(SYS_kill, sys(SYS_getpid), n);
}

/* How many of signal n a kqueue tells of: 0 if nothing, -1 if anything else. */
static long told(long kq, int n)
{
	long got = collect(kq, 0);
	if (got == 0)
		return 0;
	return got == 1 && ev[0].filter == SIGNAL && ev[0].ident == (uint64_t)n ? ev[0].data : -1;
}

static void dispositions(void)
{
	long kq = sys(SYS_kqueue);
	act(SIG_USR1, handler);
	IS(1, change(kq, SIG_USR1, SIGNAL, ADD, 0, 0), 0);
	IS(2, told(kq, SIG_USR1), 0);
	send(SIG_USR1, 1);
	IS(3, caught, SIG_USR1);
	IS(4, told(kq, SIG_USR1), 1);
	CHECK(5, ev[0].udata == 0xabcd && (ev[0].flags & CLEAR));
	IS(6, told(kq, SIG_USR1), 0);
	send(SIG_USR1, 3);
	IS(7, told(kq, SIG_USR1), 3);
	/* Ignored ones count. */
	act(SIG_USR1, IGNORE);
	send(SIG_USR1, 2);
	IS(8, told(kq, SIG_USR1), 2);
	/* Ignored before it was asked about, and by default. */
	act(SIG_USR2, IGNORE);
	IS(9, change(kq, SIG_USR2, SIGNAL, ADD, 0, 0), 0);
	IS(10, change(kq, SIG_WINCH, SIGNAL, ADD, 0, 0), 0);
	send(SIG_USR2, 1);
	IS(11, told(kq, SIG_USR2), 1);
	send(SIG_WINCH, 2);
	IS(12, told(kq, SIG_WINCH), 2);
	/* So do blocked ones, each, although one is pending already. */
	act(SIG_USR1, handler);
	caught = 0;
	mask(BLOCK, SIG_USR1);
	send(SIG_USR1, 2);
	IS(13, told(kq, SIG_USR1), 2);
	CHECK(14, !caught && pending(SIG_USR1));
	send(SIG_USR1, 1);
	IS(15, told(kq, SIG_USR1), 1);
	mask(UNBLOCK, SIG_USR1);
	IS(16, caught, SIG_USR1);
	IS(17, told(kq, SIG_USR1), 0);
	CHECK(18, !pending(SIG_USR1));
	/* What was blocked before it was asked about: pending counts not, what comes then does. */
	mask(BLOCK, SIG_TERM);
	send(SIG_TERM, 1);
	IS(19, change(kq, SIG_TERM, SIGNAL, ADD, 0, 0), 0);
	IS(20, told(kq, SIG_TERM), 0);
	CHECK(21, pending(SIG_TERM));
	send(SIG_TERM, 1);
	IS(22, told(kq, SIG_TERM), 1);
	/* sigwait takes it, and it is not counted again. */
	struct set s = {{1U << (SIG_TERM - 1)}};
	int got = 0;
	IS(23, sys(SYS_sigwait, &s, &got), 0);
	IS(24, got, SIG_TERM);
	CHECK(25, !pending(SIG_TERM) && told(kq, SIG_TERM) == 0);
	mask(UNBLOCK, SIG_TERM);
	/* Real-time signals, and one beyond those that Linux has. */
	act(SIG_RT, handler);
	act(100, handler);
	IS(26, change(kq, SIG_RT, SIGNAL, ADD, 0, 0), 0);
	send(SIG_RT, 2);
	IS(27, told(kq, SIG_RT), 2);
	IS(28, change(kq, 100, SIGNAL, ADD, 0, 0), 0);
	send(100, 1);
	IS(29, told(kq, 100), 1);
	/* Not asked about any more: ignored as ever. */
	IS(30, change(kq, SIG_USR2, SIGNAL, DELETE, 0, 0), 0);
	send(SIG_USR2, 1);
	IS(31, told(kq, SIG_USR2), 0);
	sys(SYS_close, kq);
	send(SIG_USR2, 1);
	send(SIG_USR1, 1);
}

static void flags(void)
{
	long kq = sys(SYS_kqueue), second = sys(SYS_kqueue);
	act(SIG_USR1, IGNORE);
	IS(40, change(kq, SIG_USR1, SIGNAL, ADD | ONESHOT, 0, 0), 0);
	send(SIG_USR1, 1);
	IS(41, told(kq, SIG_USR1), 1);
	send(SIG_USR1, 1);
	IS(42, told(kq, SIG_USR1), 0);
	IS(43, change(kq, SIG_USR1, SIGNAL, DELETE, 0, 0), -ENOENT);
	/* What came while it was disabled is told then, and each kqueue has its own count. */
	IS(44, change(kq, SIG_USR1, SIGNAL, ADD, 0, 0), 0);
	IS(45, change(second, SIG_USR1, SIGNAL, ADD | DISPATCH, 0, 0), 0);
	IS(46, change(kq, SIG_USR1, SIGNAL, DISABLE, 0, 0), 0);
	send(SIG_USR1, 2);
	IS(47, told(kq, SIG_USR1), 0);
	IS(48, told(second, SIG_USR1), 2);
	send(SIG_USR1, 1);
	IS(49, change(kq, SIG_USR1, SIGNAL, ENABLE, 0, 0), 0);
	IS(50, told(kq, SIG_USR1), 3);
	IS(51, told(second, SIG_USR1), 0);
	IS(52, change(second, SIG_USR1, SIGNAL, ENABLE, 0, 0), 0);
	IS(53, told(second, SIG_USR1), 1);
	/* What is no signal is taken, and never comes; that of STOP nobody could see. */
	IS(54, change(kq, 500, SIGNAL, ADD, 0, 0), 0);
	IS(55, change(kq, 17, SIGNAL, ADD, 0, 0), -EINVAL);
	sys(SYS_close, second);
	send(SIG_USR1, 1);
	IS(57, told(kq, SIG_USR1), 1);
	sys(SYS_close, kq);
}

static void processes(void)
{
	long kq = sys(SYS_kqueue), parent = sys(SYS_getpid);
	act(SIG_CHLD, DEFAULT);
	act(SIG_USR1, IGNORE);
	IS(60, change(kq, SIG_CHLD, SIGNAL, ADD, 0, 0), 0);
	IS(61, change(kq, SIG_USR1, SIGNAL, ADD, 0, 0), 0);
	/* One who sleeps is woken; kevent goes on if there is no handler. */
	long child = sys(SYS_fork);
	if (child == 0) {
		sleep_ms(30);
		sys(SYS_kill, parent, SIG_USR1);
		/* Its own are not the parent's. */
		send(SIG_USR1, 1);
		sleep_ms(100);
		quit(0);
	}
	IS(62, collect(kq, 5000), 1);
	CHECK(63, ev[0].ident == SIG_USR1 && ev[0].data == 1);
	IS(64, wait_for(child), 0);
	IS(65, collect(kq, 1000), 1);
	CHECK(66, ev[0].ident == SIG_CHLD && ev[0].data == 1);
	/* A handler ends the wait; the event is there for the next. */
	act(SIG_USR1, handler);
	caught = 0;
	child = sys(SYS_fork);
	if (child == 0) {
		sleep_ms(30);
		long failed = sys(SYS_kill, parent, SIG_USR1);
		sleep_ms(100);
		quit(failed ? 1 : 0);
	}
	IS(67, collect(kq, 5000), -EINTR);
	IS(68, caught, SIG_USR1);
	IS(69, collect(kq, 1000), 1);
	CHECK(70, ev[0].ident == SIG_USR1 && ev[0].data == 1);
	IS(71, wait_for(child), 0);
	CHECK(72, collect(kq, 1000) == 1 && ev[0].ident == SIG_CHLD);
	/* Ignored, SIGCHLD is not counted, and nothing is to be waited for. */
	act(SIG_CHLD, IGNORE);
	child = sys(SYS_fork);
	if (child == 0)
		quit(0);
	IS(73, sys(SYS_wait4, child, 0, 0, 0), -ECHILD);
	IS(74, collect(kq, 0), 0);
	act(SIG_CHLD, DEFAULT);
	sys(SYS_close, kq);
}

void test(int argc, char **argv, char **envp)
{
	/* The program again: what was ignored and counted is ignored still. */
	if (argc > 1) {
		send(SIG_USR2, 1);
		CHECK(90, pending(SIG_USR1)); /* it was blocked, and came */
		return;
	}
	dispositions();
	flags();
	processes();
	long kq = sys(SYS_kqueue);
	IS(91, change(kq, SIG_WINCH, SIGNAL, ADD, 0xabcd, 0), 0); /* it has no notes to look at */
	IS(92, change(kq, SIG_WINCH, SIGNAL, DELETE, 0, 0), 0);
	act(SIG_USR2, IGNORE);
	IS(80, change(kq, SIG_USR2, SIGNAL, ADD, 0, 0), 0);
	IS(81, change(kq, SIG_USR1, SIGNAL, ADD, 0, 0), 0);
	act(SIG_USR1, handler);
	mask(BLOCK, SIG_USR1);
	send(SIG_USR1, 1);
	IS(82, told(kq, SIG_USR1), 1);
	char *again[] = {argv[0], "again", 0};
	sys(SYS_execve, argv[0], again, envp);
	CHECK(83, false);
}
