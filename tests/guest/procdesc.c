/* Process descriptors: sys/procdesc.h, kern/sys_procdesc.c. */
#include "tests/guest/kqueue.h"

enum { DAEMON = 1, CLOEXEC = 2, SIG_CHLD = 20, SIG_TERM = 15, SIG_KILL = 9, SIG_USR1 = 30 };
#define EXIT 0x80000000u
enum { NOHANG = 1, EXITED = 16, HUP = 0x10, F_GETFD = 1 };

static volatile int caught;

static void handler(int n)
{
	caught = n;
}

static long forever(int *fd, int flags)
{
	long pid = sys(SYS_pdfork, fd, flags);
	if (pid == 0)
		for (;;)
			sleep_ms(1000);
	return pid;
}

/* Is it there, and not only to be waited for?  A pipe's end of its own tells: it is closed. */
static bool ends_within(int alive, long ms)
{
	struct {
		int fd;
		short events, revents;
	} p = {alive, 1, 0};
	return sys(SYS_poll, &p, 1, ms) == 1 && (p.revents & HUP);
}

static int alive[2];

static void mark(void)
{
	sys(SYS_pipe2, alive, CLOEXEC ? 0x100000 : 0);
}

static short polled(int fd, long ms)
{
	struct {
		int fd;
		short events, revents;
	} p = {fd, 0, 0};
	sys(SYS_poll, &p, 1, ms);
	return p.revents;
}

static void ordinary(void)
{
	int fd = -1, status = 0, pid = 0;
	struct {
		void *handler;
		int flags;
		uint32_t mask[4];
	} act = {(void *)handler, 0, {0}};
	sys(SYS_sigaction, SIG_CHLD, &act, 0);
	long kq = sys(SYS_kqueue), child = sys(SYS_pdfork, &fd, 0);
	if (child == 0) {
		sleep_ms(50);
		quit(fd == -1 ? 5 : 6); /* the descriptor is the parent's alone */
	}
	CHECK(1, child > 0 && fd >= 3);
	IS(2, sys(SYS_fcntl, fd, F_GETFD), 0);
	IS(3, sys(SYS_pdgetpid, fd, &pid), 0);
	IS(4, pid, child);
	char st[224];
	IS(5, sys(SYS_fstat, fd, st), 0);
	IS(6, *(uint16_t *)(st + 24), 0100700);
	IS(7, polled(fd, 0), 0);
	IS(8, change(kq, fd, PROCDESC, ADD, EXIT, 0), 0);
	IS(9, collect(kq, 0), 0);
	IS(10, sys(SYS_wait4, -1, &status, NOHANG, 0), -ECHILD); /* by its number only */
	IS(11, collect(kq, 5000), 1);
	CHECK(12, ev[0].ident == (uint64_t)fd && ev[0].filter == PROCDESC && ev[0].fflags == EXIT);
	IS(13, ev[0].data, 5 << 8);
	CHECK(14, ev[0].flags & EV_EOF);
	IS(15, polled(fd, 1000) & HUP, HUP);
	sys(SYS_fstat, fd, st);
	IS(16, *(uint16_t *)(st + 24), 0100000);
	IS(17, sys(SYS_pdgetpid, fd, &pid), 0);
	IS(18, caught, 0); /* and says nothing of its end */
	IS(19, sys(SYS_wait4, child, &status, 0, 0), child);
	IS(20, status, 5 << 8);
	IS(21, sys(SYS_pdkill, fd, SIG_USR1), -ESRCH);
	/* Waited for, it can be asked about still. */
	IS(22, change(kq, fd, PROCDESC, ADD, EXIT, 0), 0);
	IS(23, collect(kq, 1000), 1);
	IS(24, ev[0].data, 5 << 8);
	IS(25, sys(SYS_close, fd), 0);
	sys(SYS_close, kq);
}

static void killing(void)
{
	int fd, status = 0;
	long child = forever(&fd, 0);
	IS(30, sys(SYS_pdkill, fd, 0), 0);
	IS(31, sys(SYS_pdkill, fd, 1000), -EINVAL);
	IS(32, sys(SYS_pdwait, fd, &status, NOHANG | EXITED, 0, 0), -EAGAIN);
	IS(33, sys(SYS_pdkill, fd, SIG_TERM), 0);
	IS(34, sys(SYS_pdwait, fd, &status, EXITED, 0, 0), 0);
	IS(35, status, SIG_TERM);
	IS(36, sys(SYS_pdwait, fd, &status, EXITED, 0, 0), -ESRCH);
	IS(37, sys(SYS_wait4, child, &status, 0, 0), -ECHILD);
	sys(SYS_close, fd);
	/* What is none. */
	IS(38, sys(SYS_pdkill, 0, SIG_TERM), -EINVAL);
	IS(39, sys(SYS_pdgetpid, 0, &fd), -EBADF);
	IS(40, sys(SYS_pdkill, 777, SIG_TERM), -EBADF);
	IS(41, sys(SYS_pdfork, &fd, 4), -EINVAL);
	long kq = sys(SYS_kqueue);
	IS(42, change(kq, 0, PROCDESC, ADD, EXIT, 0), -EINVAL);
	child = forever(&fd, CLOEXEC);
	IS(43, sys(SYS_fcntl, fd, F_GETFD), 1);
	IS(44, change(kq, fd, READ, ADD, 0, 0), -EINVAL);
	IS(45, change(kq, fd, PROCDESC, ADD, 1, 0), -EINVAL);
	sys(SYS_pdkill, fd, SIG_KILL);
	sys(SYS_wait4, child, 0, 0, 0);
	sys(SYS_close, fd);
	/* pdrfork, as far as it goes. */
	long again = sys(SYS_pdrfork, &fd, 0, 0x10000014);
	if (again == 0)
		quit(3);
	CHECK(46, again > 0);
	IS(47, sys(SYS_wait4, again, &status, 0, 0), again);
	IS(48, status, 3 << 8);
	IS(49, sys(SYS_pdrfork, &fd, 0, 0x10), -EINVAL);
	sys(SYS_close, fd);
	sys(SYS_close, kq);
}

/* The last copy to go ends the process, wherever it is. */
static void closing(void)
{
	int fd;
	mark();
	long child = forever(&fd, 0);
	sys(SYS_close, alive[1]);
	CHECK(60, !ends_within(alive[0], 30));
	long copy = sys(SYS_dup, fd);
	sys(SYS_close, fd);
	CHECK(61, !ends_within(alive[0], 30));
	sys(SYS_close, copy);
	CHECK(62, ends_within(alive[0], 5000));
	sys(SYS_close, alive[0]);
	/* One that is left is waited for in passing: it is no child any more. */
	sleep_ms(50);
	CHECK(63, sys(SYS_pdfork, &fd, 0) > 0 || (quit(0), false));
	IS(64, sys(SYS_wait4, child, 0, NOHANG, 0), -ECHILD);
	sys(SYS_close, fd);

	/* Held by a child, too, until that is gone. */
	mark();
	child = forever(&fd, 0);
	sys(SYS_close, alive[1]);
	long holder = sys(SYS_fork);
	if (holder == 0) {
		sleep_ms(150);
		quit(0);
	}
	sys(SYS_close, fd);
	CHECK(65, !ends_within(alive[0], 50));
	wait_for(holder);
	CHECK(66, ends_within(alive[0], 5000));
	sys(SYS_close, alive[0]);

	/* The maker is killed. */
	mark();
	long maker = sys(SYS_fork);
	if (maker == 0) {
		forever(&fd, 0);
		sys(SYS_kill, sys(SYS_getpid), SIG_KILL);
	}
	sys(SYS_close, alive[1]);
	wait_for(maker);
	CHECK(67, ends_within(alive[0], 5000));
	sys(SYS_close, alive[0]);

	/* A daemon goes on. */
	mark();
	child = forever(&fd, DAEMON);
	sys(SYS_close, alive[1]);
	sys(SYS_close, fd);
	CHECK(68, !ends_within(alive[0], 50));
	sys(SYS_kill, child, SIG_KILL);
	CHECK(69, ends_within(alive[0], 5000));
	sys(SYS_close, alive[0]);
}

/* Beyond execve: the descriptor for who holds it, the tie for the process. */
static void executing(char **argv, char **envp)
{
	int fd;
	char number[] = "000", *again[] = {argv[0], "holder", number, 0};
	char *sleeper[] = {argv[0], "sleep", 0};
	mark();
	long maker = sys(SYS_fork);
	if (maker == 0) {
		long child = sys(SYS_pdfork, &fd, 0);
		if (child == 0) {
			sys(SYS_fcntl, alive[1], 2, 0); /* stays open */
			sys(SYS_execve, argv[0], sleeper, envp);
		}
		number[0] = (char)('0' + fd / 100);
		number[1] = (char)('0' + fd / 10 % 10);
		number[2] = (char)('0' + fd % 10);
		sleep_ms(50);
		sys(SYS_execve, argv[0], again, envp);
	}
	sys(SYS_close, alive[1]);
	IS(80, wait_for(maker), 0);
	CHECK(81, ends_within(alive[0], 5000));
}

static void hold(const char *number)
{
	int fd = (number[0] - '0') * 100 + (number[1] - '0') * 10 + number[2] - '0', pid = 0;
	CHECK(90, sys(SYS_pdgetpid, fd, &pid) == 0 && pid > 0);
	IS(91, sys(SYS_pdkill, fd, 0), 0);
	long kq = sys(SYS_kqueue);
	IS(92, change(kq, fd, PROCDESC, ADD, EXIT, 0), 0);
	IS(93, collect(kq, 10), 0);
	IS(94, sys(SYS_close, fd), 0);
}

void test(int argc, char **argv, char **envp)
{
	if (argc > 1 && argv[1][0] == 's')
		for (;;)
			sleep_ms(1000);
	if (argc > 2) {
		hold(argv[2]);
		return;
	}
	ordinary();
	killing();
	closing();
	executing(argv, envp);
}
