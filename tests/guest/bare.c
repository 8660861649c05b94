/* Calls that go straight to Linux until something has to be remembered of a descriptor: the same
 * before, when it happens, and after. */
#include "tests/guest/guest.h"

enum { AF_UNIX = 1, SOCK_STREAM = 1, SOL_SOCKET = 0xffff, SO_NOSIGPIPE = 0x0800 };
enum { SIGPIPE = 13, EVFILT_READ = -1, EV_ADD = 1, HIDDEN = 1010 };

/* sys/event.h */
struct kevent {
	unsigned long ident;
	short filter;
	unsigned short flags;
	unsigned int notes;
	long data;
	void *udata;
	unsigned long more[4];
};
_Static_assert(sizeof(struct kevent) == 64, "sys/event.h");

#define STUB(name, nr) \
	_Static_assert(SYS_##name == (nr), "the stub's number"); \
	long name(long, long, long); \
	__asm__(".pushsection .text\n.balign 64\n" #name ": mov $" #nr ", %eax\n" \
		"mov %rcx, %r10\nsyscall\njnc 1f\nneg %rax\n1: ret\n.popsection\n")
STUB(write, 4);
STUB(close, 6);

#define TIMES 24 /* a page's sites are patched at its sixth trap, and at further ones */

static volatile int signals;

static void on_pipe(int number)
{
	signals++;
}

static void make_pair(int ends[2])
{
	IS(1, sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void same_results(int fd)
{
	IS(2, write(fd, (long)"x", 1), 1);
	IS(3, write(fd, 8, 1), -EFAULT);
	IS(4, write(fd, (long)"x", -1), -EINVAL);
	IS(5, write(HIDDEN, (long)"x", 1), -EBADF);
	IS(6, write(-1, (long)"x", 1), -EBADF);
	IS(7, close(HIDDEN, 0, 0), -EBADF);
	IS(8, close(-1, 0, 0), -EBADF);
	IS(9, close((int)sys(SYS_dup, fd), 0, 0), 0);
}

/* A write to nobody raises one signal, or none where the socket says so. */
static void broken(int expected, bool silent)
{
	int ends[2], on = 1;

	make_pair(ends);
	signals = 0;
	if (silent)
		IS(10, sys(SYS_setsockopt, ends[0], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on), 0);
	IS(11, write(ends[0], (long)"x", 1), 1);
	IS(12, close(ends[1], 0, 0), 0);
	IS(13, write(ends[0], (long)"x", 1), -EPIPE);
	IS(14, signals, expected);
	IS(15, close(ends[0], 0, 0), 0);
}

/* A registration goes with its descriptor. */
static void watched(void)
{
	int ends[2], others[2];
	struct timespec none = {0, 0};
	long kq = sys(SYS_kqueue);
	struct kevent change = {.filter = EVFILT_READ, .flags = EV_ADD}, event;

	CHECK(16, kq >= 0);
	IS(17, sys(SYS_pipe2, ends, 0), 0);
	change.ident = (unsigned long)ends[0];
	IS(18, write(ends[1], (long)"x", 1), 1);
	IS(19, sys(SYS_kevent, kq, &change, 1, &event, 1, &none), 1);
	IS(20, close(ends[0], 0, 0), 0);
	IS(21, sys(SYS_pipe2, others, 0), 0);
	IS(22, others[0], ends[0]);
	IS(23, write(others[1], (long)"x", 1), 1);
	IS(24, sys(SYS_kevent, kq, 0, 0, &event, 1, &none), 0);
	IS(25, close(kq, 0, 0), 0);
}

void test(int argc, char **argv, char **envp)
{
	struct {
		void (*handler)(int);
		int flags;
		uint32_t mask[4];
		int pad;
	} action = {on_pipe, 0, {0}, 0};
	int ends[2];

	IS(26, sys(SYS_sigaction, SIGPIPE, &action, 0), 0);
	IS(27, sys(SYS_pipe2, ends, 0), 0);
	for (int n = 0; n < TIMES; n++) {
		same_results(ends[1]);
		broken(1, false);
	}
	broken(0, true);
	for (int n = 0; n < TIMES; n++) {
		same_results(ends[1]);
		broken(n & 1, !(n & 1));
	}
	watched();
	/* A child remembers what its parent does. */
	long child = sys(SYS_fork);
	if (child == 0) {
		broken(0, true);
		broken(1, false);
		watched();
		quit(0);
	}
	IS(28, wait_for(child), 0);
}
