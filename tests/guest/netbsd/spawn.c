/* posix_spawn and __clone: sys/spawn.h, sys/sched.h. */
#include "tests/guest/guest.h"
#include "signal.h"

enum { FAE_OPEN, FAE_DUP2, FAE_CLOSE, FAE_CHDIR, FAE_FCHDIR };
struct action {
	int what, fd;
	union {
		const char *path;
		int new_fd;
	};
	int flags, mode;
};
struct actions {
	unsigned size, n;
	struct action *at;
};
struct attributes {
	short flags;
	int group, priority, policy;
	struct sigset defaults, mask;
};
_Static_assert(sizeof(struct action) == 24 && sizeof(struct attributes) == 48, "sys/spawn.h");
enum { SETPGROUP = 2, SETSCHEDPARAM = 4, SETSIGDEF = 0x10, SETSIGMASK = 0x20 };
enum { SIGUSR1 = 30, SIGUSR2 = 31, IGNORE = 1 };
enum { CREATE_RDWR = 0x202 };

static char *name;
static char *const no_environment[] = {NULL};

/* posix_spawn's failures are its result. */
static long spawn(const char *path, int *pid, const struct actions *a, const struct attributes *t,
		  char *const argv[])
{
	long out[2];

	return raw(out, SYS_posix_spawn, pid, path, a, t, argv, no_environment) ? -out[0] : out[0];
}

static int status_of(int pid)
{
	int status = -1;

	CHECK(1, sys(SYS_wait4, pid, &status, 0, 0) > 0);
	return status;
}

static void plain(void)
{
	char *const argv[] = {name, "exit", NULL};
	int pid = 0;

	IS(10, spawn(name, &pid, 0, 0, argv), 0);
	CHECK(11, pid > 0);
	IS(12, status_of(pid), 42 << 8);
	IS(13, spawn("/tmp/no.such", &pid, 0, 0, argv), ENOENT);
	IS(14, sys(SYS_wait4, -1, 0, 0, 0), -ECHILD); /* nothing is left of it */
	IS(15, spawn((char *)8, &pid, 0, 0, argv), EFAULT);
	IS(16, spawn(name, &pid, (void *)8, 0, argv), EFAULT);
	IS(17, spawn(name, (int *)8, 0, 0, argv), EFAULT);
	IS(18, status_of(-1), 42 << 8);
	IS(19, spawn(name, 0, 0, 0, argv), 0);
	IS(20, status_of(-1), 42 << 8);
}

static void files(void)
{
	char *const argv[] = {name, "files", NULL};
	long fd = sys(SYS_open, "/tmp/spawn.file", CREATE_RDWR, 0600);
	struct action list[] = {
		{.what = FAE_DUP2, .fd = (int)fd, .new_fd = 20},
		{.what = FAE_OPEN, .fd = 21, .path = "/tmp/spawn.file", .flags = 0},
		{.what = FAE_OPEN, .fd = (int)fd, .path = "/tmp", .flags = 0},
		{.what = FAE_CHDIR, .path = "/"},
		{.what = FAE_FCHDIR, .fd = (int)fd},
		{.what = FAE_CLOSE, .fd = 0},
	};
	struct actions all = {8, COUNT(list), list};
	int pid = 0;

	IS(30, sys(SYS_write, fd, "abc", 3), 3);
	IS(31, spawn(name, &pid, &all, 0, argv), 0);
	IS(32, status_of(pid), 0);
	IS(33, sys(SYS_fcntl, 20, 1), -EBADF); /* the caller's own are as they were */
	IS(34, sys(SYS_write, fd, "d", 1), 1);
	list[5].fd = 77;
	IS(35, spawn(name, &pid, &all, 0, argv), EBADF);
	list[5].what = 5;
	IS(36, spawn(name, &pid, &all, 0, argv), EINVAL);
	list[1].path = "/tmp/no.such";
	list[5].what = FAE_CLOSE;
	IS(37, spawn(name, &pid, &all, 0, argv), ENOENT);
	IS(38, sys(SYS_wait4, -1, 0, 0, 0), -ECHILD);
}

static volatile int handled;
static void handler(int n)
{
	handled = n;
}

static void settings(void)
{
	char *const argv[] = {name, "settings", NULL};
	struct sigaction ignore = {.handler = (void *)IGNORE}, catch = {.handler = handler};
	struct attributes a = {.flags = SETPGROUP | SETSIGDEF | SETSIGMASK};
	int pid = 0;

	IS(50, set_action(SIGUSR1, &ignore, 0), 0);
	IS(51, set_action(SIGUSR2, &catch, 0), 0);
	a.defaults.bits[0] = 1u << (SIGUSR1 - 1) | 1u << (9 - 1);
	a.mask.bits[0] = 1u << (SIGUSR2 - 1);
	IS(52, spawn(name, &pid, 0, &a, argv), 0);
	IS(53, status_of(pid), 0);
	IS(54, sys(SYS_kill, sys(SYS_getpid), SIGUSR2), 0);
	IS(55, handled, SIGUSR2); /* the caller's is as it was */
	a.flags = SETPGROUP;
	a.group = 99999999;
	CHECK(56, spawn(name, &pid, 0, &a, argv) > 0);
	a.flags = SETSCHEDPARAM;
	a.priority = 64;
	IS(57, spawn(name, &pid, 0, &a, argv), EINVAL);
}

static void clones(void)
{
	enum { CSIGNAL = 20 };
	long out[2];
	int status;

	IS(60, sys(SYS___clone, 0x100 | CSIGNAL, 0), -EINVAL);
	IS(61, sys(SYS___clone, SIGUSR1, 0), -EINVAL);
	CHECK(62, !raw(out, SYS___clone, CSIGNAL, 0));
	if (out[1] == 1)
		quit(9);
	IS(63, sys(SYS_wait4, out[0], &status, 0, 0), out[0]);
	IS(64, status, 9 << 8);
}

static int child(const char *what)
{
	struct sigset mask;
	struct sigaction now;
	char text[4], path[16];

	if (!strcmp(what, "exit"))
		return 42;
	if (!strcmp(what, "files")) {
		if (sys(SYS_write, 20, "x", 1) != 1 || sys(SYS_read, 21, text, 4) != 4 ||
		    memcmp(text, "abcx", 4) || sys(SYS_fcntl, 0, 1) != -EBADF)
			return 1;
		return sys(SYS___getcwd, path, sizeof path) == 5 && !strcmp(path, "/tmp") ? 0 : 2;
	}
	if (sys(SYS_getpgrp) != sys(SYS_getpid))
		return 3;
	if (sys(SYS_sigprocmask, 0, 0, &mask) != 0 || mask.bits[0] != 1u << (SIGUSR2 - 1))
		return 4;
	return set_action(SIGUSR1, 0, &now) == 0 && now.handler == 0 ? 0 : 5;
}

void test(int argc, char **argv, char **envp)
{
	(void)envp;
	if (argc > 1)
		quit(child(argv[1]));
	name = argv[0];
	plain();
	files();
	settings();
	clones();
}
