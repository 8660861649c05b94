/* O_CLOFORK and its kin where a descriptor is made (kern/kern_descrip.c: open_to_fde_flags, fdcopy),
 * and what revoke and posix_openpt look at first (kern/vfs_syscalls.c, kern/tty_pts.c). */
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
	refusals();
}
