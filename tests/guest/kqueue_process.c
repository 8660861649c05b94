/* EVFILT_PROC: kern/kern_event.c (filt_procattach, filt_proc, knote_fork). */
#include "tests/guest/kqueue.h"

#define EXIT 0x80000000u
#define FORK 0x40000000u
#define EXEC 0x20000000u
enum { TRACK = 1, TRACKERR = 2, CHILD = 4 };
enum { SIG_USR1 = 30, SIG_TERM = 15, SIG_KILL = 9 };

static char *program;
static char **environment;

/* A child that does as the letters say: f forks one that exits with 5, F one that goes on with
 * what follows, e executes, s sleeps, k is killed; then it exits with 7.  It begins when a byte
 * comes through the pipe. */
static long begin[2];

static void go_on(const char *what)
{
	for (; *what; what++) {
		long child = *what == 'f' || *what == 'F' ? sys(SYS_fork) : -1;
		if (child == 0 && *what == 'f')
			quit(5);
		if (child > 0)
			wait_for(child);
		if (child > 0 && *what == 'F')
			break;
		if (*what == 's')
			sleep_ms(50);
		if (*what == 'k')
			sys(SYS_kill, sys(SYS_getpid), SIG_USR1);
		if (*what == 'e') {
			char *argv[] = {program, (char *)what + 1, 0};
			sys(SYS_execve, program, argv, environment);
		}
	}
	quit(7);
}

static long ready(const char *what)
{
	int p[2];
	char c;
	sys(SYS_pipe2, p, 0);
	begin[0] = p[0], begin[1] = p[1];
	long child = sys(SYS_fork);
	if (child == 0) {
		sys(SYS_read, p[0], &c, 1);
		sys(SYS_close, p[0]);
		sys(SYS_close, p[1]);
		go_on(what);
	}
	return child;
}

static void let_go(void)
{
	sys(SYS_write, begin[1], "x", 1);
	sys(SYS_close, begin[0]);
	sys(SYS_close, begin[1]);
}

/* All notes about the process, until it has exited or nothing more comes. */
static int64_t status;
static uint32_t all_notes(long kq, long pid)
{
	uint32_t notes = 0;
	status = -1;
	while (!(notes & EXIT) && collect(kq, 1000) > 0) {
		for (size_t i = 0; i < COUNT(ev) && ev[i].filter; i++) {
			if (ev[i].ident != (uint64_t)pid || ev[i].filter != PROC)
				return ~0U;
			notes |= ev[i].fflags;
			if (ev[i].fflags & EXIT)
				status = ev[i].data;
		}
	}
	return notes;
}

static void exits(void)
{
	long kq = sys(SYS_kqueue), child = ready("");
	IS(1, change(kq, child, PROC, ADD, EXIT, 0), 0);
	IS(2, collect(kq, 0), 0);
	let_go();
	IS(3, collect(kq, 5000), 1);
	CHECK(4, ev[0].ident == (uint64_t)child && ev[0].filter == PROC && ev[0].fflags == EXIT);
	IS(5, ev[0].data, 7 << 8);
	CHECK(6, (ev[0].flags & EV_EOF) && (ev[0].flags & ONESHOT) && ev[0].udata == 0xabcd);
	IS(7, collect(kq, 0), 0);
	IS(8, change(kq, child, PROC, DELETE, 0, 0), -ENOENT);
	/* Dead, but not waited for: only its end can be asked for. */
	IS(9, change(kq, child, PROC, ADD, FORK, 0), -ESRCH);
	IS(10, change(kq, child, PROC, ADD, EXIT, 0), 0);
	IS(11, collect(kq, 0), 1);
	IS(12, ev[0].data, 7 << 8);
	IS(13, wait_for(child), 7 << 8); /* still there to be waited for */
	IS(14, change(kq, child, PROC, ADD, EXIT, 0), -ESRCH);
	IS(15, change(kq, 0x7fffffff, PROC, ADD, EXIT, 0), -ESRCH);
	IS(16, change(kq, -1, PROC, ADD, EXIT, 0), -ESRCH);
	IS(17, change(kq, sys(SYS_getpid), PROC, ADD, 0x10, 0), -EINVAL);
	/* By a signal of its own, by one of ours, by one that no program sees. */
	child = ready("k");
	change(kq, child, PROC, ADD, EXIT, 0);
	let_go();
	IS(18, all_notes(kq, child), EXIT);
	IS(19, status & 0x7f, SIG_USR1);
	wait_for(child);
	static const int signals[] = {SIG_TERM, SIG_KILL};
	for (int i = 0; i < 2; i++) {
		child = ready("");
		change(kq, child, PROC, ADD, EXIT, 0);
		sys(SYS_kill, child, signals[i]);
		IS(20, all_notes(kq, child), EXIT);
		IS(21, status, signals[i]);
		wait_for(child);
		let_go();
	}
	/* Waited for before the kqueue was looked at. */
	child = ready("");
	change(kq, child, PROC, ADD, EXIT, 0);
	let_go();
	wait_for(child);
	IS(22, all_notes(kq, child), EXIT);
	IS(23, status, 7 << 8);
	/* Nobody asked for its end: nothing is told, and the registration goes. */
	child = ready("");
	IS(24, change(kq, child, PROC, ADD, EXEC, 0), 0);
	let_go();
	wait_for(child);
	IS(25, collect(kq, 50), 0);
	IS(26, change(kq, child, PROC, DELETE, 0, 0), -ENOENT);
	/* Deleted in time. */
	child = ready("");
	change(kq, child, PROC, ADD, EXIT, 0);
	IS(27, change(kq, child, PROC, DELETE, 0, 0), 0);
	let_go();
	wait_for(child);
	IS(28, collect(kq, 20), 0);
	sys(SYS_close, kq);
}

/* A process that is not the watcher's child: its parent's other child. */
static void strangers(void)
{
	static const char *const does[] = {"", "k", "s"};
	for (int i = 0; i < 3; i++) {
		long child = ready(does[i]), other = sys(SYS_fork);
		if (other == 0) {
			long kq = sys(SYS_kqueue);
			if (change(kq, child, PROC, ADD, EXIT | FORK, 0))
				quit(1);
			let_go();
			if (i == 2)
				sys(SYS_kill, child, SIG_KILL);
			if (all_notes(kq, child) != EXIT)
				quit(2);
			quit((i == 0 && status == 7 << 8) ||
					     (i == 1 && (status & 0x7f) == SIG_USR1) ||
					     (i == 2 && status == SIG_KILL)
				     ? 0
				     : 3);
		}
		sleep_ms(100); /* dead for a while, and nobody has waited for it */
		wait_for(child);
		IS(30, wait_for(other), 0);
		sys(SYS_close, begin[0]);
		sys(SYS_close, begin[1]);
	}
}

static void forks(void)
{
	long kq = sys(SYS_kqueue), child = ready("sfse");
	IS(40, change(kq, child, PROC, ADD, EXIT | FORK | EXEC, 0), 0);
	let_go();
	IS(41, collect(kq, 5000), 1);
	IS(42, ev[0].fflags, FORK);
	CHECK(43, !(ev[0].flags & EV_EOF));
	IS(44, all_notes(kq, child), EXEC | EXIT);
	IS(45, status, 7 << 8);
	wait_for(child);
	/* Only what was asked for. */
	child = ready("fe");
	change(kq, child, PROC, ADD, EXEC | EXIT, 0);
	let_go();
	wait_for(child);
	IS(46, all_notes(kq, child), EXEC | EXIT);
	/* One's own, and of several who ask each is told. */
	long second = sys(SYS_kqueue), own = sys(SYS_getpid);
	change(kq, own, PROC, ADD, FORK, 0);
	change(second, own, PROC, ADD | ONESHOT, FORK, 0);
	long forked = sys(SYS_fork);
	if (forked == 0)
		quit(0);
	wait_for(forked);
	IS(47, collect(kq, 0), 1);
	IS(48, ev[0].fflags, FORK);
	IS(49, collect(second, 0), 1);
	long vforked = sys(SYS_vfork);
	if (vforked == 0)
		sys(SYS__exit, 0);
	wait_for(vforked);
	IS(50, collect(kq, 0), 1);
	IS(51, collect(second, 0), 0);
	IS(52, collect(kq, 0), 0);
	sys(SYS_close, second);
	sys(SYS_close, kq);
}

/* A child, its child, and that one's: each is told of in its own right. */
static void track(void)
{
	long kq = sys(SYS_kqueue), child = ready("FfFe");
	int births = 0, ends = 0, forked = 0, executed = 0;
	uint64_t born[8] = {0};
	IS(60, change(kq, child, PROC, ADD, TRACK | EXIT | FORK | EXEC, 0), 0);
	let_go();
	while (ends < 4 && collect(kq, 2000) > 0) {
		for (size_t i = 0; i < COUNT(ev) && ev[i].filter; i++) {
			uint32_t notes = ev[i].fflags;
			CHECK(61, ev[i].filter == PROC && ev[i].udata == 0xabcd);
			CHECK(62, !(notes & TRACKERR));
			if (notes & CHILD) {
				IS(63, notes, CHILD);
				CHECK(64, births < 8 && ev[i].data > 0);
				if (births == 0)
					IS(65, ev[i].data, child);
				born[births++] = ev[i].ident;
			}
			if (notes & EXIT) {
				bool known = ev[i].ident == (uint64_t)child;
				for (int n = 0; n < births; n++)
					known |= ev[i].ident == born[n];
				CHECK(66, known);
				CHECK(67, ev[i].data == 7 << 8 || ev[i].data == 5 << 8);
				ends++;
			}
			forked += (notes & FORK) != 0;
			executed += (notes & EXEC) != 0;
		}
	}
	IS(68, births, 3);
	IS(69, ends, 4);
	CHECK(70, forked >= 2 && executed == 1);
	IS(71, collect(kq, 0), 0);
	wait_for(child);
	sys(SYS_close, kq);
}

/* As many as there is room for: each is told. */
static void many(void)
{
	enum { QUEUES = 1100 };
	static long kq[QUEUES];
	long child = ready("f");
	int n = 0;
	while (n < QUEUES) {
		kq[n] = sys(SYS_kqueue);
		if (kq[n] < 0 || change(kq[n], child, PROC, ADD, FORK, 0) < 0)
			break;
		n++;
	}
	CHECK(80, n > 100);
	let_go();
	wait_for(child);
	for (int i = 0; i < n; i++) {
		IS(81, collect(kq[i], 1000), 1);
		IS(82, ev[0].fflags, FORK);
	}
	for (int i = 0; i <= n && i < QUEUES; i++)
		sys(SYS_close, kq[i]);
}

void test(int argc, char **argv, char **envp)
{
	program = argv[0];
	environment = envp;
	if (argc > 1)
		go_on(argv[1]);
	exits();
	strangers();
	forks();
	track();
	many();
}
