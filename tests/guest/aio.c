/* Asynchronous I/O: sys/aio.h, sys/kern/vfs_aio.c. */
#include "tests/guest/guest.h"

enum { O_RDWR = 2, O_CREAT = 0x200, O_SYNC = 0x80 };
enum { LIO_NOP, LIO_WRITE, LIO_READ, LIO_NOWAIT = 0, LIO_WAIT = 1 };
enum { SIGUSR1 = 30, SIG_BLOCK = 1, SI_ASYNCIO = 0x10004, SIGEV_NONE = 0, SIGEV_SIGNAL = 1 };
enum { EIO = 5, ALLDONE = 3 };

struct event {
	int how, signal;
	long value;
	long pad[8];
};
struct block {
	int fd;
	long offset;
	void *buffer;
	size_t bytes;
	int spare[2];
	void *spare2;
	int kind, priority;
	long status, error;
	void *spare3;
	struct event event;
};
_Static_assert(sizeof(struct block) == 160, "sys/aio.h");
struct old_block {
	int fd;
	long offset;
	void *buffer;
	size_t bytes;
	int how, signal;
	long value;
	int kind, priority;
	long status, error;
	void *spare;
};
_Static_assert(sizeof(struct old_block) == 80, "struct oaiocb");
struct info {
	int signal, error, code, pid;
	unsigned uid;
	int status;
	void *address;
	long value;
	long pad[5];
};

static long fd;
static char text[64];
static uint32_t set[4] = {1u << (SIGUSR1 - 1)};
static struct timespec at_once;

/* aio_error's answer is its result, which is no failure. */
static long error_of(void *block)
{
	long out[2];

	return raw(out, SYS_aio_error, block) ? -out[0] : out[0];
}

static void transfers(void)
{
	struct block w = {.fd = (int)fd, .buffer = "hello world", .bytes = 11};
	struct block r = {.fd = (int)fd, .buffer = text, .bytes = 5, .offset = 6};
	struct block *list[2] = {&w, 0};

	IS(1, sys(SYS_aio_suspend, list, 1, 0), -EAGAIN); /* nothing was ever begun */
	IS(2, error_of(&w), EINVAL);
	IS(3, sys(SYS_aio_write, &w), 0);
	IS(4, sys(SYS_aio_suspend, list, 1, 0), 0);
	IS(5, error_of(&w), 0);
	IS(6, sys(SYS_aio_return, &w), 11);
	IS(7, sys(SYS_aio_return, &w), -EINVAL); /* once */
	IS(8, error_of(&w), EINVAL);
	IS(9, sys(SYS_aio_read, &r), 0);
	IS(10, sys(SYS_aio_cancel, fd, &r), ALLDONE);
	IS(11, sys(SYS_aio_return, &r), 5);
	CHECK(12, !memcmp(text, "world", 5));
	IS(13, sys(SYS_lseek, fd, 0, 1), 0); /* where the file stands is left alone */

	struct {
		void *base;
		size_t length;
	} parts[2] = {{"ab", 2}, {"cd", 2}};
	struct block v = {.fd = (int)fd, .buffer = parts, .bytes = 2, .offset = 20};
	IS(14, sys(SYS_aio_writev, &v), 0);
	IS(15, sys(SYS_aio_return, &v), 4);
	parts[0].base = text, parts[1].base = text + 2;
	IS(16, sys(SYS_aio_readv, &v), 0);
	IS(17, sys(SYS_aio_return, &v), 4);
	CHECK(18, !memcmp(text, "abcd", 4));
	IS(19, sys(SYS_aio_fsync, O_SYNC, &v), 0);
	IS(20, sys(SYS_aio_return, &v), 0);
	IS(21, sys(SYS_aio_fsync, 1, &v), -EINVAL);
}

static void failures(void)
{
	struct block b = {.fd = 99, .buffer = text, .bytes = 4};
	long ends[2];

	b.event.pad[3] = 77;
	IS(22, sys(SYS_aio_read, &b), -EBADF);
	IS(23, error_of(&b), EBADF); /* who did not look at the call's answer finds it there */
	IS(24, b.event.pad[3], 77);
	b.fd = (int)fd;
	b.offset = -1;
	IS(25, sys(SYS_aio_read, &b), -EINVAL);
	b.offset = 0;
	b.event.how = 9;
	IS(26, sys(SYS_aio_read, &b), -EINVAL);
	b.event = (struct event){.how = SIGEV_SIGNAL, .signal = 200};
	IS(27, sys(SYS_aio_read, &b), -EINVAL);
	b.event.how = SIGEV_NONE;
	b.buffer = (void *)8; /* found out as it is done */
	IS(28, sys(SYS_aio_read, &b), 0);
	IS(29, error_of(&b), EFAULT);
	IS(30, sys(SYS_aio_return, &b), -EFAULT);
	/* What could wait for ever. */
	CHECK(31, raw(ends, SYS_freebsd10_pipe) == 0);
	b.fd = (int)ends[0];
	IS(32, sys(SYS_aio_read, &b), -EOPNOTSUPP);
	IS(33, sys(SYS_aio_cancel, 99, 0), -EBADF);
	IS(34, sys(SYS_aio_read, 8), -EFAULT);
	long other = sys(SYS_open, "a", 0);
	b.fd = (int)other;
	IS(35, sys(SYS_aio_write, &b), -EBADF);
}

static void told(void)
{
	struct block b = {.fd = (int)fd, .buffer = text, .bytes = 4};
	struct block *done = &b;
	struct info info;

	b.event = (struct event){.how = SIGEV_SIGNAL, .signal = SIGUSR1, .value = 4711};
	IS(36, sys(SYS_sigprocmask, SIG_BLOCK, set, 0), 0);
	IS(37, sys(SYS_aio_read, &b), 0);
	IS(38, sys(SYS_sigtimedwait, set, &info, &at_once), SIGUSR1);
	CHECK(39, info.code == SI_ASYNCIO && info.value == 4711);
	IS(40, sys(SYS_aio_waitcomplete, &done, 0), 4);
	CHECK(41, done == &b);
	IS(42, sys(SYS_aio_waitcomplete, &done, &at_once), -EAGAIN);
	CHECK(43, !done);
	struct timespec soon = {0, 20000000};
	long before = now_ms();
	IS(44, sys(SYS_aio_waitcomplete, &done, &soon), -EAGAIN);
	CHECK(45, now_ms() - before >= 19);
	/* A child has nothing of its parent's. */
	IS(46, sys(SYS_aio_read, &b), 0);
	IS(47, sys(SYS_sigtimedwait, set, &info, &at_once), SIGUSR1);
	long pid = sys(SYS_fork);
	if (pid == 0)
		quit(sys(SYS_aio_return, &b) == -EINVAL ? 0 : 1);
	IS(48, wait_for(pid), 0);
	IS(49, sys(SYS_aio_return, &b), 4);
}

static void lists(void)
{
	struct block w = {.fd = (int)fd, .buffer = "list", .bytes = 4, .kind = LIO_WRITE};
	struct block r = {.fd = (int)fd, .buffer = text, .bytes = 4, .kind = LIO_READ};
	struct block nothing = {.kind = LIO_NOP}, bad = {.fd = 99, .kind = LIO_READ};
	struct block *list[] = {&w, 0, &nothing, &r};
	struct event e = {.how = SIGEV_SIGNAL, .signal = SIGUSR1, .value = 12};
	struct info info;

	IS(50, sys(SYS_lio_listio, LIO_WAIT, list, 4, 0), 0);
	IS(51, sys(SYS_aio_return, &w), 4);
	IS(52, sys(SYS_aio_return, &r), 4);
	CHECK(53, !memcmp(text, "list", 4));
	list[1] = &bad;
	IS(54, sys(SYS_lio_listio, LIO_NOWAIT, list, 4, &e), -EIO);
	IS(55, error_of(&bad), EBADF);
	IS(56, error_of(&r), 0);
	IS(57, sys(SYS_sigtimedwait, set, &info, &at_once), SIGUSR1);
	CHECK(58, info.code == SI_ASYNCIO && info.value == 12);
	IS(59, sys(SYS_aio_return, &w), 4);
	IS(60, sys(SYS_aio_return, &r), 4);
	IS(61, sys(SYS_lio_listio, 7, list, 4, 0), -EINVAL);
	IS(62, sys(SYS_lio_listio, LIO_WAIT, list, 257, 0), -EINVAL);
	r.kind = 0x100;
	list[0] = &r;
	IS(63, sys(SYS_lio_listio, LIO_WAIT, list, 1, 0), -EIO);

	struct old_block o = {.fd = (int)fd, .buffer = text, .bytes = 2};
	IS(64, sys(SYS_freebsd6_aio_read, &o), 0);
	IS(65, sys(SYS_aio_return, &o), 2);

	/* So many may be done and not asked about. */
	static struct block many[257];
	for (int i = 0; i < 256; i++) {
		many[i] = (struct block){.fd = (int)fd, .buffer = text, .bytes = 1};
		CHECK(66, sys(SYS_aio_read, &many[i]) == 0);
	}
	many[256] = many[0];
	IS(67, sys(SYS_aio_read, &many[256]), -EAGAIN);
	IS(68, sys(SYS_aio_return, &many[100]), 1);
	IS(69, sys(SYS_aio_read, &many[256]), 0);
	for (int i = 0; i < 256; i++)
		CHECK(70, sys(SYS_aio_waitcomplete, &list[0], 0) == 1);
	CHECK(71, list[0] == &many[256]);
}

/* A kqueue is told: the ident is the block, the data its error, and it is known until the result
 * was asked for. */
struct change {
	uint64_t ident;
	short filter;
	unsigned short flags;
	unsigned notes;
	long data;
	void *udata;
	uint64_t ext[4];
};
enum { EVFILT_AIO = -3, EV_ADD = 1, EV_ONESHOT = 0x10, EV_EOF = 0x8000, SIGEV_KEVENT = 3 };

static void queues(void)
{
	struct block b = {.fd = (int)fd, .buffer = text, .bytes = 4};
	struct change e = {.ident = 1, .filter = EVFILT_AIO, .flags = EV_ADD}, got;
	long kq = sys(SYS_kqueue);

	b.event = (struct event){.how = SIGEV_KEVENT, .signal = (int)kq, .value = 99};
	IS(72, sys(SYS_kevent, kq, &e, 1, 0, 0, 0), -EPERM);
	e.flags |= 0x2000; /* EV_FLAG1, by which the kernel knows its own */
	IS(91, sys(SYS_kevent, kq, &e, 1, 0, 0, 0), -EPERM);
	IS(73, sys(SYS_aio_read, &b), 0);
	for (int i = 0; i < 2; i++) {
		IS(74, sys(SYS_kevent, kq, 0, 0, &got, 1, &at_once), 1);
		CHECK(75, got.ident == (uint64_t)&b && got.filter == EVFILT_AIO);
		CHECK(76, got.flags & EV_EOF && got.data == 0 && got.udata == (void *)99);
	}
	IS(77, sys(SYS_aio_return, &b), 4);
	IS(78, sys(SYS_kevent, kq, 0, 0, &got, 1, &at_once), 0);
	b.event.pad[0] = EV_ONESHOT;
	b.buffer = (void *)8;
	IS(79, sys(SYS_aio_read, &b), 0);
	IS(80, sys(SYS_kevent, kq, 0, 0, &got, 1, &at_once), 1);
	IS(81, got.data, EFAULT);
	IS(82, sys(SYS_kevent, kq, 0, 0, &got, 1, &at_once), 0);
	IS(83, sys(SYS_aio_return, &b), -EFAULT);
	/* None that is known after a call that failed. */
	b.fd = 99;
	IS(84, sys(SYS_aio_read, &b), -EBADF);
	b.fd = (int)fd;
	b.event.signal = (int)fd;
	IS(85, sys(SYS_aio_read, &b), -EBADF);
	b.event.signal = (int)kq;
	b.event.pad[0] = EV_ADD;
	IS(86, sys(SYS_aio_read, &b), -EINVAL);
	IS(87, sys(SYS_kevent, kq, 0, 0, &got, 1, &at_once), 0);
	/* Who polls it sees it. */
	b.event.pad[0] = 0;
	b.buffer = text;
	IS(88, sys(SYS_aio_read, &b), 0);
	struct {
		int fd;
		short events, revents;
	} p = {(int)kq, 1, 0};
	IS(89, sys(SYS_poll, &p, 1, 1000), 1);
	IS(90, sys(SYS_aio_return, &b), 4);
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	fd = sys(SYS_open, "a", O_RDWR | O_CREAT, 0600);
	transfers();
	failures();
	told();
	lists();
	queues();
}
