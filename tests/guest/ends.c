/* How a process ends, told in full: sys/wait.h, sys/signal.h, kern/kern_exit.c; process
 * descriptors by posix_spawn's pdrfork (kern_fork.c); a reaper seen by its child
 * (kern_procctl.c). */
#include "tests/guest/guest.h"

enum { P_PID = 0, WEXITED = 16, WNOWAIT = 8, WNOHANG = 1, SIGCHLD = 20, SIGKILL = 9 };
enum { CLD_EXITED = 1, CLD_KILLED = 2, REAP_ACQUIRE = 2, REAP_STATUS = 4, REAP_LIST = 5 };
enum { SIG_BLOCK = 1, RFSPAWN = 1 << 31 };
enum { WIDE = 0x5a5a5a5a };

struct siginfo {
	int signo, error, code, pid;
	uint32_t uid;
	int status;
	long rest[7];
};

static long child_of(int status, int signal)
{
	long child = sys(SYS_fork);

	if (child == 0) {
		if (signal)
			sys(SYS_kill, sys(SYS_getpid), signal);
		quit(status);
	}
	CHECK(1, child > 0);
	return child;
}

static void on_child(int signal)
{
}

/* Of an exit status wait's word has eight bits, and siginfo all. */
static void statuses(void)
{
	uint32_t chld[4] = {1u << (SIGCHLD - 1)};
	struct {
		void *handler;
		int flags;
		uint32_t mask[4];
	} action = {on_child, 0, {0}};
	struct siginfo info = {0};
	int status = 0;
	long child;

	IS(38, sys(SYS_sigaction, SIGCHLD, &action, 0), 0); /* not ignored, that is */
	IS(2, sys(SYS_sigprocmask, SIG_BLOCK, chld, 0), 0);
	child = child_of(WIDE, 0);
	IS(3, sys(SYS_wait6, P_PID, child, &status, WEXITED | WNOWAIT, 0, &info), child);
	IS(4, info.status, WIDE);
	IS(5, status, 0x5a00);
	IS(6, sys(SYS_sigwaitinfo, chld, &info), SIGCHLD);
	CHECK(7, info.pid == child && info.code == CLD_EXITED && info.status == WIDE);
	IS(8, sys(SYS_wait6, P_PID, child, &status, WEXITED, 0, &info), child);
	IS(9, info.status == WIDE && info.code == CLD_EXITED, 1);
	child = child_of(0x5a, 0);
	IS(10, sys(SYS_wait6, P_PID, child, &status, WEXITED, 0, &info), child);
	IS(11, info.status, 0x5a);
	child = child_of(-1, 0);
	IS(12, sys(SYS_wait6, P_PID, child, &status, WEXITED, 0, &info), child);
	CHECK(13, info.status == -1 && status == 0xff00);
}

/* Each of the many real-time signals by its own number. */
static void signals(void)
{
	static const int all[] = {9, 34, 65, 96, 97, 110, 125, 126};
	struct siginfo info = {0};
	int status = 0;

	for (size_t i = 0; i < COUNT(all); i++) {
		IS(14, wait_for(child_of(0, all[i])), all[i]);
		long child = child_of(0, all[i]);
		IS(15, sys(SYS_wait6, P_PID, child, &status, WEXITED, 0, &info), child);
		CHECK(16, status == all[i] && info.code == CLD_KILLED);
		IS(17, info.status, all[i]);
	}
}

/* pdrfork(fd, 0, RFSPAWN): a vfork with a descriptor.  Its child does nothing but exit, with 7. */
static long spawn(int *fd)
{
	long r = SYS_pdrfork;

	__asm__ volatile("syscall\n jnc 1f\n neg %0\n"
			 "1: test %0, %0\n jnz 2f\n"
			 "mov $7, %%edi\n mov %4, %%eax\n syscall\n"
			 "2:"
			 : "+a"(r)
			 : "D"(fd), "S"(0), "d"((long)RFSPAWN), "i"(SYS__exit)
			 : "rcx", "r11", "r8", "r9", "r10", "memory", "cc");
	return r;
}

static void spawning(void)
{
	int fd = -1, pid = 0, status = 0;
	long child = spawn(&fd);
	struct {
		int fd;
		short events, revents;
	} p;

	CHECK(18, child > 0 && fd >= 0);
	IS(19, sys(SYS_pdgetpid, fd, &pid), 0);
	IS(20, pid, child);
	p.fd = fd, p.events = 1, p.revents = 0;
	IS(21, sys(SYS_poll, &p, 1, 20000), 1);
	IS(22, p.revents & 0x10, 0x10); /* POLLHUP */
	IS(23, sys(SYS_pdwait, fd, &status, WEXITED, 0, 0), 0);
	IS(24, status, 7 << 8);
	IS(25, sys(SYS_close, fd), 0);
	IS(26, sys(SYS_wait4, child, &status, WNOHANG, 0), -ECHILD);
	IS(27, sys(SYS_pdrfork, &fd, 0, RFSPAWN | 0x10), -EINVAL);
	/* Not closed at exec unless asked for, and closed its end is the process's. */
	IS(28, sys(SYS_pdrfork, &fd, 4, RFSPAWN), -EINVAL);
}

struct reaper {
	uint32_t flags, children, descendants;
	int reaper, pid;
	uint32_t pad[15];
};

static void reapers(void)
{
	long parent = sys(SYS_getpid), child;
	struct reaper st = {0};

	IS(29, sys(SYS_procctl, P_PID, parent, REAP_ACQUIRE, 0), 0);
	child = sys(SYS_fork);
	if (child == 0) {
		struct reaper mine = {0};

		IS(30, sys(SYS_procctl, P_PID, parent, REAP_STATUS, &st), 0);
		CHECK(31, (st.flags & 3) == 1 && st.reaper == parent);
		CHECK(32, st.children == 1 && st.pid == sys(SYS_getpid));
		IS(33, sys(SYS_procctl, P_PID, sys(SYS_getpid), REAP_STATUS, &mine), 0);
		CHECK(34, (mine.flags & 3) == 0 && mine.reaper == parent);
		IS(35, sys(SYS_procctl, P_PID, parent, REAP_ACQUIRE, 0), -EINVAL);
		IS(36, sys(SYS_procctl, P_PID, 1, REAP_STATUS, &st), -EINVAL);
		quit(0);
	}
	IS(37, wait_for(child), 0);
}

void test(int argc, char **argv, char **envp)
{
	statuses();
	signals();
	spawning();
	reapers();
}
