/* Asynchronous I/O, attributes of files, several messages at once, mremap, the program's own file: sys/aio.h,
 * sys/extattr.h, sys/xattr.h, sys/socket.h, sys/mman.h. */
#include "tests/guest/guest.h"
#include "signal.h"

enum { CREATE_RDWR = 0x202 };
enum { LIO_NOP, LIO_WRITE, LIO_READ, LIO_NOWAIT = 0, LIO_WAIT = 1 };
enum { SIGUSR1 = 30, SI_ASYNCIO = -3, SIGEV_SIGNAL = 1 };
enum { EIO = 5, ALL_DONE = 3, ENOATTR = 93 };

/* ---- aio ------------------------------------------------------------------------------------------ */

struct block {
	long offset;
	void *buffer;
	size_t bytes;
	int fd, opcode, priority;
	struct {
		int how, signal;
		long value;
		void *function, *attributes;
	} event;
	int state, error;
	long result;
};
_Static_assert(sizeof(struct block) == 88, "sys/aio.h");

static volatile int got_code, got_value;
static void handler(int n, int *info, void *context)
{
	(void)n, (void)context;
	got_code = info[1];
	got_value = info[6];
}

static long error_of(struct block *b)
{
	long out[2];

	return raw(out, SYS_aio_error, b) ? -out[0] : out[0];
}

static void operations(void)
{
	static char text[16];
	struct sigaction a = {.handler = handler, .flags = 0x40};
	struct timespec none = {0};
	long fd = sys(SYS_open, "/tmp/asynchronous", CREATE_RDWR, 0600);
	struct block w = {.offset = 2, .buffer = "abcdef", .bytes = 6, .fd = (int)fd};
	struct block r = {.buffer = text, .bytes = 16, .fd = (int)fd}, *list[2] = {&r, &w};

	CHECK(1, fd >= 0);
	IS(2, sys(SYS___aio_suspend50, list, 0, &none), -EAGAIN);
	IS(3, error_of(&w), -EINVAL);
	IS(4, set_action(SIGUSR1, &a, 0), 0);
	w.event.how = SIGEV_SIGNAL;
	w.event.signal = SIGUSR1;
	w.event.value = 99;
	IS(5, sys(SYS_aio_write, &w), 0);
	CHECK(6, got_code == SI_ASYNCIO && got_value == 99);
	IS(7, sys(SYS___aio_suspend50, list + 1, 1, 0), 0);
	IS(8, error_of(&w), 0);
	IS(9, sys(SYS_aio_return, &w), 6);
	IS(10, sys(SYS_aio_return, &w), -EINVAL);
	IS(11, sys(SYS_aio_fsync, 0x80, &w), 0);
	IS(12, sys(SYS_aio_return, &w), 0);
	IS(13, sys(SYS_aio_fsync, 0x100, &w), -EINVAL);
	w.event.how = 0;
	w.opcode = LIO_WRITE;
	w.offset = 0;
	w.buffer = "xy";
	w.bytes = 2;
	r.opcode = LIO_NOP;
	IS(14, sys(SYS_lio_listio, LIO_WAIT, list, 2, 0), 0);
	IS(15, sys(SYS_aio_return, &w), 2);
	IS(16, sys(SYS_aio_read, &r), 0);
	IS(17, sys(SYS_aio_return, &r), 8);
	CHECK(18, !memcmp(text, "xyabcdef", 8));
	r.opcode = 5; /* no kind of its own: sys/aio.h */
	IS(19, sys(SYS_lio_listio, LIO_WAIT, list, 1, 0), -EIO);
	IS(20, sys(SYS_aio_cancel, fd, 0), ALL_DONE);
	IS(21, sys(SYS_aio_cancel, 99, 0), -EBADF);
	IS(22, sys(SYS_close, fd), 0);
}

/* ---- Attributes --------------------------------------------------------------------------------------- */

static void attributes(void)
{
	const char *name = "/tmp/asynchronous";
	char text[64];
	long r = sys(SYS_extattr_set_file, name, 1, "one", "first", 5);

	IS(30, sys(SYS_extattr_set_file, name, 2, "one", "first", 5), -EPERM);
	IS(31, sys(SYS_setxattr, name, "trusted.x", "first", 5, 0), -EPERM);
	IS(32, sys(SYS_extattr_set_file, name, 3, "one", "first", 5), -EINVAL);
	IS(33, sys(SYS_setxattr, name, "two", "2", 1, 3), -EINVAL);
	IS(34, sys(SYS_listxattr, "/tmp/none", 0, 0), -ENOENT);
	if (r == -EOPNOTSUPP) { /* memory's files have none before Linux 6.6 */
		IS(35, sys(SYS_getxattr, name, "one", text, 64), -EOPNOTSUPP);
		return;
	}
	IS(36, r, 5);
	IS(37, sys(SYS_getxattr, name, "one", text, 64), 5);
	CHECK(38, !memcmp(text, "first", 5));
	IS(39, sys(SYS_extattr_get_file, name, 1, "one", text, 2), 2);
	IS(40, sys(SYS_extattr_get_link, name, 1, "one", 0, 0), 5);
	IS(41, sys(SYS_setxattr, name, "one", "again", 5, 1), -EEXIST);
	IS(42, sys(SYS_lsetxattr, name, "two", "2", 1, 2), -ENOATTR);
	IS(43, sys(SYS_lsetxattr, name, "two", "2", 1, 1), 0);
	IS(44, sys(SYS_listxattr, name, text, 64), 8);
	CHECK(45, text[3] == 0 && text[7] == 0 && strlen(text) == 3);
	IS(46, sys(SYS_extattr_list_file, name, 1, text, 64), 8);
	CHECK(47, text[0] == 3 && text[4] == 3);
	IS(48, sys(SYS_removexattr, name, "one"), 0);
	IS(49, sys(SYS_extattr_delete_file, name, 1, "one"), -ENOATTR);
	long fd = sys(SYS_open, name, 2);
	IS(50, sys(SYS_fgetxattr, fd, "two", text, 64), 1);
	IS(51, sys(SYS_extattr_list_fd, fd, 1, 0, 0), 4);
	IS(52, sys(SYS_flistxattr, fd, text, 3), 0); /* no room for the first */
	IS(53, sys(SYS_fremovexattr, fd, "two"), 0);
	IS(54, sys(SYS_close, fd), 0);
}

/* ---- Messages --------------------------------------------------------------------------------------------- */

struct message {
	void *name;
	unsigned name_length;
	struct {
		void *at;
		size_t n;
	} * vectors;
	int n_vectors;
	void *control;
	unsigned control_length;
	int flags;
	unsigned length;
	int pad;
};
_Static_assert(sizeof(struct message) == 56, "struct mmsghdr");

static void messages(void)
{
	enum { MSG_DONTWAIT = 0x80, MSG_WAITFORONE = 0x2000 };
	char text[3][8];
	struct {
		void *at;
		size_t n;
	} out[2] = {{"one", 3}, {"second", 6}}, in[3];
	struct message send[2] = {0}, receive[3] = {0};
	struct timespec none = {0};
	int ends[2];

	for (int i = 0; i < 3; i++) {
		in[i].at = text[i];
		in[i].n = 8;
		receive[i].vectors = (void *)(in + i);
		receive[i].n_vectors = 1;
	}
	for (int i = 0; i < 2; i++) {
		send[i].vectors = (void *)(out + i);
		send[i].n_vectors = 1;
	}
	IS(60, sys(SYS_socketpair, 1, 2, 0, ends), 0);
	IS(61, sys(SYS_recvmmsg, ends[1], receive, 3, MSG_DONTWAIT, 0), -EAGAIN);
	IS(62, sys(SYS_sendmmsg, ends[0], send, 2, 0), 2);
	CHECK(63, send[0].length == 3 && send[1].length == 6);
	IS(64, sys(SYS_recvmmsg, ends[1], receive, 3, MSG_WAITFORONE, 0), 2);
	CHECK(65, receive[0].length == 3 && receive[1].length == 6);
	CHECK(66, !memcmp(text[0], "one", 3) && !memcmp(text[1], "second", 6));
	IS(67, sys(SYS_sendmmsg, ends[0], send, 2, 0), 2);
	IS(68, sys(SYS_recvmmsg, ends[1], receive, 2, 0, &none), 1); /* the time is over after it */
	IS(69, sys(SYS_recvmmsg, ends[1], 8, 2, 0, 0), -EFAULT);
	IS(70, sys(SYS_sendmmsg, 99, send, 2, 0), -EBADF);
}

/* ---- Memory, the program's file ------------------------------------------------------------------------------- */

static char *map(size_t n)
{
	return (char *)sys(SYS_mmap, 0, n, 3, 0x1002, -1, 0);
}

static void moves(void)
{
	enum { FIXED = 0x10 };
	char *from = map(2 * PAGE), *room = map(4 * PAGE), *other;

	from[PAGE] = 'x';
	IS(80, sys(SYS_mremap, from, 2 * PAGE, room, 4 * PAGE, FIXED), -ENOMEM);
	IS(81, sys(SYS_munmap, room, 4 * PAGE), 0);
	IS(82, sys(SYS_mremap, from, 2 * PAGE, room, 4 * PAGE, FIXED), (long)room);
	CHECK(83, room[PAGE] == 'x' && room[3 * PAGE] == 0);
	IS(84, sys(SYS_mremap, room, 4 * PAGE, 0, PAGE, 0), (long)room);
	other = (char *)sys(SYS_mremap, room, PAGE, 0, 64 * PAGE, 0);
	CHECK(85, (long)other > 0);
	other[63 * PAGE] = 'y';
	IS(86, sys(SYS_mremap, other + 1, PAGE, 0, PAGE, 0), -EINVAL);
	IS(87, sys(SYS_mremap, other, PAGE, 0, 0, 0), -EINVAL);
	IS(88, sys(SYS_mremap, other, PAGE, 0, PAGE, 4), -EINVAL); /* MAP_REMAPDUP */
	IS(89, sys(SYS_mremap, 0x7e0000000000, PAGE, 0, PAGE, 0), -EINVAL); /* the engine's */
	IS(90, sys(SYS_mremap, other, PAGE, 0x7e0000000000, PAGE, FIXED), -ENOMEM);
}

static void own_file(const char *name)
{
	char path[256] = {0};
	long n = sys(SYS_readlink, "/proc/curproc/exe", path, sizeof path);
	size_t own = strlen(name);

	CHECK(95, n > 1 && path[0] == '/' && path[n - 1] == name[own - 1]);
	IS(96, sys(SYS_readlinkat, -100, "/proc/curproc/exe", path, 3), 3);
	IS(97, sys(SYS_readlink, "/proc/curproc/exe", path, 0), -EINVAL);
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)envp;
	operations();
	attributes();
	messages();
	moves();
	own_file(argv[0]);
}
