/* POSIX message queues: sys/mqueue.h, sys/kern/uipc_mqueue.c. */
#include "tests/guest/guest.h"

enum { O_WRONLY = 1, O_RDWR = 2, O_NONBLOCK = 4, O_CREAT = 0x200, O_EXCL = 0x800 };
enum { SIGUSR1 = 30, SI_MESGQ = 0x10005, SA_SIGINFO = 0x40, SIG_BLOCK = 1 };

struct attributes {
	long flags, most, size, now, reserved[4];
};
struct event {
	int how, signal;
	long value;
	long pad[8];
};
struct info {
	int signal, error, code, pid;
	unsigned uid;
	int status;
	void *address;
	long value;
	long pad[5];
};
_Static_assert(sizeof(struct info) == 80 && sizeof(struct event) == 80, "sys/signal.h");

static void opening(void)
{
	struct attributes a = {.most = 4, .size = 32};

	IS(1, sys(SYS_kmq_open, "/qq", O_RDWR, 0, 0), -ENOENT);
	IS(2, sys(SYS_kmq_open, "/a/b", O_RDWR | O_CREAT, 0600, 0), -EINVAL);
	IS(3, sys(SYS_kmq_open, "/", O_RDWR | O_CREAT, 0600, 0), -EINVAL);
	IS(4, sys(SYS_kmq_open, "/..", O_RDWR | O_CREAT, 0600, 0), -EINVAL);
	IS(5, sys(SYS_kmq_open, "/qq", 3, 0, 0), -EINVAL);
	IS(6, sys(SYS_kmq_open, "/qq", O_RDWR | O_CREAT, 0600, 8), -EFAULT);
	a.most = 0;
	IS(7, sys(SYS_kmq_open, "/qq", O_RDWR | O_CREAT, 0600, &a), -EINVAL);
	a.most = 4;
	long fd = sys(SYS_kmq_open, "/qq", O_RDWR | O_CREAT | O_EXCL, 0600, &a);
	CHECK(8, fd >= 0);
	IS(9, sys(SYS_kmq_open, "/qq", O_RDWR | O_CREAT | O_EXCL, 0600, &a), -EEXIST);
	IS(10, sys(SYS_fcntl, fd, 1, 0), 1); /* closed by execve */
	/* The slash may be left out. */
	long same = sys(SYS_kmq_open, "qq", O_WRONLY | O_NONBLOCK, 0, 0);
	CHECK(11, same >= 0);
	IS(12, sys(SYS_kmq_timedsend, same, "x", 1, 0, 0), 0);
	IS(13, sys(SYS_kmq_timedreceive, same, &a, sizeof a, 0, 0), -EBADF);
	IS(14, sys(SYS_kmq_setattr, same, 0, &a), 0);
	CHECK(15, a.flags == O_NONBLOCK && a.most == 4 && a.size == 32 && a.now == 1);
	IS(16, sys(SYS_close, same), 0);
	IS(17, sys(SYS_close, fd), 0);
	IS(18, sys(SYS_kmq_unlink, "/qq"), 0);
	IS(19, sys(SYS_kmq_unlink, "/qq"), -ENOENT);
}

static void messages(void)
{
	struct attributes a = {.most = 2, .size = 8}, other = {.flags = O_NONBLOCK};
	struct timespec soon;
	unsigned priority;
	char text[8];
	struct {
		int fd;
		short events, revents;
	} p;

	long fd = sys(SYS_kmq_open, "/m", O_RDWR | O_CREAT, 0600, &a);
	CHECK(20, fd >= 0);
	IS(21, sys(SYS_kmq_timedsend, fd, "low", 4, 1, 0), 0);
	IS(22, sys(SYS_kmq_timedsend, fd, "high", 5, 9, 0), 0);
	IS(23, sys(SYS_kmq_timedsend, fd, "too long!", 9, 9, 0), -EMSGSIZE);
	sys(SYS_clock_gettime, 0, &soon);
	IS(24, sys(SYS_kmq_timedsend, fd, "x", 1, 0, &soon), -ETIMEDOUT);
	IS(25, sys(SYS_kmq_timedreceive, fd, text, 3, 0, 0), -EMSGSIZE);
	IS(26, sys(SYS_kmq_timedreceive, fd, text, 8, &priority, 0), 5);
	CHECK(27, priority == 9 && !strcmp(text, "high"));
	IS(28, sys(SYS_kmq_timedreceive, fd, text, 8, &priority, 0), 4);
	CHECK(29, priority == 1 && !strcmp(text, "low"));
	IS(30, sys(SYS_kmq_setattr, fd, &other, &a), 0);
	CHECK(31, a.flags == 0 && a.now == 0);
	IS(32, sys(SYS_kmq_timedreceive, fd, text, 8, 0, 0), -EAGAIN);
	other.flags = 0x100;
	IS(33, sys(SYS_kmq_setattr, fd, &other, 0), -EINVAL);
	other.flags = 0;
	IS(34, sys(SYS_kmq_setattr, fd, &other, 0), 0);
	p.fd = (int)fd, p.events = 1;
	IS(35, sys(SYS_poll, &p, 1, 0), 0);
	/* A wait for another process. */
	long pid = sys(SYS_fork);
	if (pid == 0)
		quit(sys(SYS_kmq_timedsend, fd, "child", 6, 0, 0) ? 1 : 0);
	IS(36, sys(SYS_kmq_timedreceive, fd, text, 8, 0, 0), 6);
	CHECK(37, !strcmp(text, "child"));
	IS(38, wait_for(pid), 0);
	IS(39, sys(SYS_kmq_timedsend, 0, "x", 1, 0, 0), -EBADF);
	sys(SYS_close, fd);
	IS(40, sys(SYS_kmq_unlink, "/m"), 0);
}

/* The first message in an empty queue is told of, once. */
static void notes(void)
{
	struct event e = {.how = 1, .signal = SIGUSR1, .value = 77}, bad = {.how = 9};
	uint32_t set[4] = {1u << (SIGUSR1 - 1)};
	struct info info = {0};
	struct timespec most = {10, 0}, none = {0, 0};

	long fd = sys(SYS_kmq_open, "/n", O_RDWR | O_CREAT, 0600, 0);
	CHECK(41, fd >= 0);
	IS(42, sys(SYS_sigprocmask, SIG_BLOCK, set, 0), 0);
	IS(43, sys(SYS_kmq_notify, fd, &bad), -EINVAL);
	IS(44, sys(SYS_kmq_notify, fd, &e), 0);
	IS(45, sys(SYS_kmq_notify, fd, &e), -EBUSY);
	IS(46, sys(SYS_kmq_timedsend, fd, "1", 1, 0, 0), 0);
	IS(47, sys(SYS_sigtimedwait, set, &info, &most), SIGUSR1);
	CHECK(48, info.code == SI_MESGQ && info.value == 77);
	IS(49, sys(SYS_kmq_timedsend, fd, "2", 1, 0, 0), 0);
	IS(50, sys(SYS_sigtimedwait, set, &info, &none), -EAGAIN);
	IS(51, sys(SYS_kmq_notify, fd, &e), 0);
	IS(52, sys(SYS_kmq_notify, fd, 0), 0);
	IS(53, sys(SYS_kmq_notify, 0, 0), -EBADF);
	sys(SYS_kmq_unlink, "/n");
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	opening();
	messages();
	notes();
}
