/* O_CLOFORK and its kin where a descriptor is made (kern/kern_descrip.c: open_to_fde_flags,
 * fdcopy), and errors that are not Linux's: what revoke and posix_openpt look at first
 * (kern/vfs_syscalls.c, kern/tty_pts.c). */
#include "tests/guest/guest.h"

/* Made so that children do not get them: each call that makes descriptors. */
static void not_for_children(void)
{
	enum { CLOFORK = 0x08000000, SOCK_CLOFORK = 0x40000000, CREAT_RDWR = 0x202 };
	long listening = sys(SYS_socket, 1, 1, 0);
	int pair[2];
	struct {
		unsigned char length, family;
		char path[14];
	} name = {sizeof name, 1, "not-for"};
	long fds[] = {sys(SYS_open, "kept", CREAT_RDWR | CLOFORK, 0600),
		      sys(SYS_openat, -100, "kept", CLOFORK),
		      sys(SYS_shm_open2, 1, 2 | CLOFORK, 0, 0, 0),
		      sys(SYS_socket, 1, 1 | SOCK_CLOFORK, 0),
		      -1,
		      -1,
		      -1,
		      -1,
		      -1};
	IS(1, sys(SYS_pipe2, pair, CLOFORK), 0);
	fds[4] = pair[0];
	fds[5] = pair[1];
	IS(2, sys(SYS_socketpair, 1, 1 | SOCK_CLOFORK, 0, pair), 0);
	fds[6] = pair[0];
	fds[7] = pair[1];
	IS(3, sys(SYS_bind, listening, &name, sizeof name), 0);
	IS(4, sys(SYS_listen, listening, 1), 0);
	IS(5, sys(SYS_connect, fds[3], &name, sizeof name), 0);
	fds[8] = sys(SYS_accept4, listening, 0, 0, SOCK_CLOFORK);
	for (int i = 0; i < (int)(sizeof fds / sizeof *fds); i++)
		IS(6, sys(SYS_fcntl, fds[i], 1), 4);
	IS(7, sys(SYS_write, fds[5], "x", 1), 1);
	IS(8, sys(SYS_read, fds[4], pair, 1), 1);
	long child = sys(SYS_fork);
	if (child == 0) {
		for (int i = 0; i < (int)(sizeof fds / sizeof *fds); i++)
			if (sys(SYS_fcntl, fds[i], 1) != -EBADF)
				quit(i + 1);
		quit(sys(SYS_fcntl, listening, 1) == 0 ? 0 : 100);
	}
	IS(9, wait_for(child), 0);
	IS(10, sys(SYS_pipe2, 16, CLOFORK), -EFAULT);
	IS(11, sys(SYS_pipe2, pair, 0), 0); /* and the numbers are given back */
	CHECK(12, sys(SYS_fcntl, pair[0], 1) == 0 && sys(SYS_fcntl, pair[1], 1) == 0);
	for (int i = 0; i < (int)(sizeof fds / sizeof *fds); i++)
		sys(SYS_close, fds[i]);
	sys(SYS_close, pair[0]);
	sys(SYS_close, pair[1]);
	sys(SYS_close, listening);
}

/* A range of them, with what is not open in it. */
static void range(void)
{
	IS(18, sys(SYS_fcntl, 2, 0, 60), 60);
	IS(19, sys(SYS_fcntl, 2, 0, 62), 62);
	IS(20, sys(SYS_close_range, 61, 59, 8), -EINVAL);
	IS(21, sys(SYS_close_range, 61, 200, 8), 0);
	CHECK(22, sys(SYS_fcntl, 60, 1) == 0 && sys(SYS_fcntl, 62, 1) == 4);
	IS(23, sys(SYS_fcntl, 2, 0, 61), 61);
	IS(24, sys(SYS_fcntl, 61, 1), 0);
	IS(25, sys(SYS_close_range, 60, 61, 12), 0);
	CHECK(26, sys(SYS_fcntl, 60, 1) == 5 && sys(SYS_fcntl, 61, 1) == 5);
	IS(27, sys(SYS_close_range, 60, 62, 0), 0);
	IS(28, sys(SYS_fcntl, 62, 1), -EBADF);
}

/* Errors that are not Linux's: of a descriptor that only names a file (sys_flock), of no path,
 * of a mapping the seals forbid (kern/uipc_shm.c: shm_mmap). */
static void errors(void)
{
	enum { O_PATH = 0x400000, EMPTY_PATH = 0x4000, ADD_SEALS = 19, SEAL_WRITE = 8 };
	unsigned char status[256];
	long fd = sys(SYS_open, "kept", O_PATH);
	IS(30, sys(SYS_flock, fd, 1), -EOPNOTSUPP);
	IS(31, sys(SYS_fstatat, fd, 0, status, EMPTY_PATH), -EFAULT);
	IS(32, sys(SYS_fstatat, fd, "", status, EMPTY_PATH), 0);
	sys(SYS_close, fd);
	IS(33, sys(SYS_flock, fd, 1), -EBADF);
	fd = sys(SYS_shm_open2, 1, 2, 0, 1, 0);
	IS(34, sys(SYS_ftruncate, fd, 4096), 0);
	IS(35, sys(SYS_fcntl, fd, ADD_SEALS, SEAL_WRITE), 0);
	IS(36, sys(SYS_write, fd, "x", 1), -EPERM);
	IS(37, sys(SYS_mmap, 0, 4096, 3, 1, fd, 0), -EACCES);
	sys(SYS_close, fd);
}

/* A hole to the end of all offsets; an object that changes places with none. */
static void holes(void)
{
	int64_t hole[2] = {1, INT64_MAX - 1};
	char text[4] = "";
	long fd = sys(SYS_open, "holes", 0x602, 0600);
	IS(40, sys(SYS_write, fd, "abc", 3), 3);
	IS(41, sys(SYS_fspacectl, fd, 1, hole, 0, hole), 0);
	CHECK(48, hole[0] == 3 && hole[1] == 0);
	IS(42, sys(SYS_pread, fd, text, 4, 0), 3);
	CHECK(43, text[0] == 'a' && !text[1] && !text[2]);
	sys(SYS_close, fd);
	IS(44, sys(SYS_shm_rename, "/no-object", "/other-object", 2), -ENOENT);
	fd = sys(SYS_shm_open2, "/an-object", 0x202, 0600, 0, 0);
	IS(45, sys(SYS_shm_rename, "/an-object", "/other-object", 2), 0);
	IS(46, sys(SYS_shm_unlink, "/an-object"), -ENOENT);
	IS(47, sys(SYS_shm_unlink, "/other-object"), 0);
	sys(SYS_close, fd);
}

/* What the kernel looks at before it refuses. */
static void refusals(void)
{
	IS(13, sys(SYS_revoke, 16), -EFAULT);
	IS(14, sys(SYS_revoke, "none"), -ENOENT);
	IS(15, sys(SYS_revoke, "kept"), -EINVAL);
	IS(16, sys(SYS_revoke, "/dev/null"), -EPERM);
	IS(17, sys(SYS_posix_openpt, 2 | 0x08000000), -EINVAL);
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	not_for_children();
	range();
	errors();
	holes();
	refusals();
}
