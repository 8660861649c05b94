/* EVFILT_VNODE, and EVFILT_READ of files: kern/vfs_subr.c (vop_*_post). */
#include "tests/guest/kqueue.h"

enum {
	N_DELETE = 1,
	N_WRITE = 2,
	N_EXTEND = 4,
	N_ATTRIB = 8,
	N_LINK = 0x10,
	N_RENAME = 0x20,
	N_REVOKE = 0x40,
	N_OPEN = 0x80,
	N_CLOSE = 0x100,
	N_CLOSE_WRITE = 0x200,
	N_READ = 0x400,
	N_ALL = 0x7ff,
	N_GROWS = N_WRITE | N_EXTEND, /* one hint: told whole if any of it was asked for */
	QUIET = N_ALL & ~(N_OPEN | N_CLOSE | N_CLOSE_WRITE | N_READ),
};
enum { RDONLY = 0, WRONLY = 1, RDWR = 2, CREAT = 0x200, TRUNC = 0x400, DIRECTORY = 0x20000 };

/* The notes of the only event there is; 0: none. */
static uint32_t notes(long kq)
{
	long n = collect(kq, 0);
	return n == 1 && ev[0].filter == VNODE ? ev[0].fflags : n ? ~0U : 0;
}

static void touch(const char *path)
{
	sys(SYS_close, sys(SYS_open, path, WRONLY | CREAT, 0600));
}

static void file(void)
{
	long kq = sys(SYS_kqueue), fd = sys(SYS_open, "file", RDWR | CREAT, 0600);
	char c;
	IS(1, change(kq, fd, VNODE, ADD | CLEAR, QUIET, 0), 0);
	IS(2, notes(kq), 0);
	sys(SYS_write, fd, "abc", 3);
	IS(3, notes(kq), N_WRITE | N_EXTEND);
	CHECK(4, ev[0].ident == (uint64_t)fd && ev[0].udata == 0xabcd && ev[0].data == 0);
	IS(5, notes(kq), 0);
	sys(SYS_pwrite, fd, "x", 1, 0);
	IS(6, notes(kq), N_WRITE);
	sys(SYS_fchmod, fd, 0640);
	IS(7, notes(kq), N_ATTRIB);
	sys(SYS_link, "file", "other");
	IS(8, notes(kq), N_LINK);
	sys(SYS_rename, "other", "third");
	IS(9, notes(kq), N_RENAME);
	sys(SYS_unlink, "third");
	IS(10, notes(kq), N_DELETE);
	touch("new");
	sys(SYS_rename, "new", "file"); /* it replaces the one watched */
	IS(11, notes(kq), N_DELETE);
	sys(SYS_write, fd, "abc", 3); /* it is there still */
	CHECK(12, notes(kq) & N_WRITE);
	sys(SYS_close, fd);

	fd = sys(SYS_open, "file", RDONLY);
	IS(13, change(kq, fd, VNODE, ADD | CLEAR, N_ALL, 0), 0);
	long other = sys(SYS_open, "file", RDWR);
	IS(14, notes(kq), N_OPEN);
	sys(SYS_write, other, "abcdef", 6);
	IS(15, notes(kq), N_WRITE | N_EXTEND);
	sys(SYS_pread, fd, &c, 1, 0);
	IS(16, notes(kq), N_READ);
	sys(SYS_close, other);
	IS(17, notes(kq), N_CLOSE_WRITE);
	sys(SYS_close, sys(SYS_open, "file", RDONLY));
	IS(18, notes(kq), N_OPEN | N_CLOSE);
	sys(SYS_truncate, "file", 2);
	CHECK(19, notes(kq) & N_ATTRIB);
	/* Only what was asked for, and by number: a copy is another registration. */
	long copy = sys(SYS_dup, fd);
	IS(20, change(kq, fd, VNODE, ADD | CLEAR, N_ATTRIB, 0), 0);
	IS(21, change(kq, copy, VNODE, ADD | CLEAR, N_WRITE, 0), 0);
	other = sys(SYS_open, "file", WRONLY);
	sys(SYS_write, other, "abcdef", 6);
	IS(22, notes(kq), N_GROWS);
	IS(23, ev[0].ident, copy);
	sys(SYS_fchmod, other, 0600);
	IS(24, notes(kq), N_ATTRIB);
	IS(25, ev[0].ident, fd);
	sys(SYS_close, copy);
	sys(SYS_fchmod, other, 0644);
	sys(SYS_write, other, "y", 1);
	IS(26, notes(kq), N_ATTRIB);
	sys(SYS_close, fd); /* and the registration with it */
	sys(SYS_fchmod, other, 0600);
	IS(27, notes(kq), 0);
	sys(SYS_close, other);
	sys(SYS_close, kq);
}

static void directory(void)
{
	long kq = sys(SYS_kqueue);
	sys(SYS_mkdir, "dir", 0700);
	sys(SYS_mkdir, "elsewhere", 0700);
	long fd = sys(SYS_open, "dir", RDONLY | DIRECTORY);
	IS(30, change(kq, fd, VNODE, ADD | CLEAR, QUIET, 0), 0);
	touch("dir/a");
	IS(31, notes(kq), N_WRITE);
	sys(SYS_mkdir, "dir/sub", 0700);
	IS(32, notes(kq), N_WRITE | N_LINK);
	sys(SYS_rename, "dir/a", "dir/b");
	IS(33, notes(kq), N_WRITE);
	sys(SYS_rename, "dir/b", "outside");
	IS(34, notes(kq), N_WRITE | N_EXTEND);
	sys(SYS_rename, "dir/sub", "sub");
	IS(35, notes(kq), N_WRITE | N_EXTEND | N_LINK);
	sys(SYS_rename, "sub", "dir/sub");
	IS(36, notes(kq), N_WRITE | N_EXTEND | N_LINK);
	sys(SYS_rmdir, "dir/sub");
	IS(37, notes(kq), N_WRITE | N_LINK);
	sys(SYS_rename, "outside", "dir/c");
	IS(38, notes(kq), N_WRITE | N_EXTEND);
	sys(SYS_unlink, "dir/c");
	IS(39, notes(kq), N_WRITE);
	sys(SYS_fchmod, fd, 0750);
	IS(40, notes(kq), N_ATTRIB);
	sys(SYS_rename, "dir", "elsewhere/moved");
	IS(41, notes(kq), N_RENAME);
	/* Removed from where it is by now, though it is open. */
	IS(42, sys(SYS_rmdir, "elsewhere/moved"), 0);
	IS(43, notes(kq), N_DELETE);
	IS(44, notes(kq), 0);
	sys(SYS_close, fd);
	IS(45, sys(SYS_rmdir, "elsewhere"), 0);
	sys(SYS_close, kq);
}

static void flags(void)
{
	long kq = sys(SYS_kqueue), fd = sys(SYS_open, "flags", RDWR | CREAT | TRUNC, 0600);
	/* Without EV_CLEAR it stays. */
	IS(50, change(kq, fd, VNODE, ADD, N_WRITE | N_ATTRIB, 0), 0);
	sys(SYS_write, fd, "a", 1);
	IS(51, notes(kq), N_GROWS);
	sys(SYS_fchmod, fd, 0640);
	IS(52, notes(kq), N_GROWS | N_ATTRIB);
	IS(53, notes(kq), N_GROWS | N_ATTRIB);
	IS(54, change(kq, fd, VNODE, DELETE, 0, 0), 0);
	IS(55, notes(kq), 0);
	IS(56, change(kq, fd, VNODE, DELETE, 0, 0), -ENOENT);
	IS(57, change(kq, fd, VNODE, ADD | ONESHOT, N_WRITE, 0), 0);
	sys(SYS_write, fd, "a", 1);
	IS(58, notes(kq), N_GROWS);
	sys(SYS_write, fd, "a", 1);
	IS(59, notes(kq), 0);
	IS(60, change(kq, fd, VNODE, ENABLE, N_WRITE, 0), -ENOENT);
	IS(61, change(kq, fd, VNODE, ADD | DISPATCH | CLEAR, N_WRITE, 0), 0);
	sys(SYS_write, fd, "a", 1);
	IS(62, notes(kq), N_GROWS);
	sys(SYS_write, fd, "a", 1);
	IS(63, notes(kq), 0);
	/* What came while it was disabled is told then. */
	IS(64, change(kq, fd, VNODE, ENABLE, N_WRITE, 0), 0);
	IS(65, notes(kq), N_GROWS);
	IS(66, change(kq, fd, VNODE, DISABLE, N_WRITE, 0), 0);
	struct kevent c = {(uint64_t)fd, VNODE, ADD | RECEIPT, N_WRITE, 0, 0, {0}};
	IS(67, sys(SYS_kevent, kq, &c, 1, ev, 1, &zero), 1);
	CHECK(68, (ev[0].flags & ERROR) && ev[0].data == 0);
	/* What is no file, and notes that are none. */
	int p[2];
	sys(SYS_socketpair, 1, 1, 0, p);
	IS(69, change(kq, p[0], VNODE, ADD, N_WRITE, 0), -EINVAL);
	IS(70, change(kq, fd, VNODE, ADD, 0x800, 0), -EINVAL);
	IS(71, change(kq, 999, VNODE, ADD, N_WRITE, 0), -EBADF);
	sys(SYS_pipe2, p, 0);
	IS(72, change(kq, p[0], VNODE, ADD, N_WRITE, 0), -EINVAL);
	/* A named pipe's name. */
	sys(SYS_mkfifo, "fifo", 0600);
	long pipe = sys(SYS_open, "fifo", RDWR);
	IS(73, change(kq, pipe, VNODE, ADD | ONESHOT, N_DELETE, 0), 0);
	IS(74, change(kq, pipe, READ, ADD, 0, 0), 0);
	sys(SYS_unlink, "fifo");
	IS(75, notes(kq), N_DELETE);
	sys(SYS_write, pipe, "x", 1);
	IS(76, collect(kq, 0), 1);
	IS(77, ev[0].filter, READ);
	sys(SYS_close, kq);
}

/* One who sleeps is woken by another process, long before any interval is over. */
static void sleepers(void)
{
	long kq = sys(SYS_kqueue), fd = sys(SYS_open, "wake", RDWR | CREAT | TRUNC, 0600);
	IS(80, change(kq, fd, VNODE, ADD | CLEAR, N_WRITE, 0), 0);
	long child = sys(SYS_fork);
	if (child == 0) {
		/* The registration is not the child's. */
		if (change(kq, fd, VNODE, DELETE, 0, 0) != -EBADF)
			quit(1);
		sleep_ms(30);
		quit(sys(SYS_write, fd, "x", 1) == 1 ? 0 : 2);
	}
	IS(81, collect(kq, 5000), 1);
	IS(82, ev[0].fflags, N_GROWS);
	IS(83, wait_for(child), 0);
	IS(84, change(kq, fd, VNODE, DELETE, 0, 0), 0);

	/* READ: data is how far it is to the end. */
	IS(85, change(kq, fd, READ, ADD, 0, 0), 0);
	IS(86, collect(kq, 0), 0);
	child = sys(SYS_fork);
	if (child == 0) {
		long own = sys(SYS_open, "wake", WRONLY);
		sleep_ms(30);
		quit(sys(SYS_pwrite, own, "abcd", 4, 0) == 4 ? 0 : 1);
	}
	long before = now_ms();
	IS(87, collect(kq, 5000), 1);
	CHECK(88, ev[0].data == 3 && now_ms() - before < 4000);
	IS(89, wait_for(child), 0);
	IS(90, collect(kq, 0), 1); /* a level */
	sys(SYS_lseek, fd, 0, 2);
	IS(91, collect(kq, 0), 0);
	sys(SYS_lseek, fd, 1, 0);
	IS(92, collect(kq, 100), 1);
	IS(93, ev[0].data, 3);
	sys(SYS_close, kq);
}

/* As many files as a watcher of a tree has, one of which changes. */
static void many(void)
{
	enum { FILES = 300 };
	long kq = sys(SYS_kqueue), fd[FILES];
	char name[] = "many000";
	for (int i = 0; i < FILES; i++) {
		name[4] = (char)('0' + i / 100);
		name[5] = (char)('0' + i / 10 % 10);
		name[6] = (char)('0' + i % 10);
		fd[i] = sys(SYS_open, name, RDWR | CREAT, 0600);
		IS(100, change(kq, fd[i], VNODE, ADD | CLEAR, QUIET, 0), 0);
	}
	IS(101, collect(kq, 0), 0);
	for (int i = 0; i < FILES; i += 7) {
		sys(SYS_write, fd[i], "x", 1);
		IS(102, notes(kq), N_WRITE | N_EXTEND);
		IS(103, ev[0].ident, fd[i]);
	}
	for (int i = 0; i < FILES; i++)
		sys(SYS_close, fd[i]);
	IS(104, collect(kq, 0), 0);
	sys(SYS_close, kq);
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	file();
	directory();
	flags();
	sleepers();
	many();
}
