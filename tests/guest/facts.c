/* What a program is told of files and processes beyond its own memory: the path of an open
 * file, execution by descriptor (sys/kern/vfs_cache.c: kern___realpathat;
 * sys/kern/kern_exec.c). */
#include "tests/guest/guest.h"

enum { O_CREAT = 0x200, O_RDWR = 2, O_WRONLY = 1, O_EXEC = 0x40000, O_CLOEXEC = 0x100000 };
enum { AT_FDCWD = -100 };

static char text[4096], here[1024];

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static void real_paths(void)
{
	long fd = sys(SYS_open, "file", O_CREAT | O_RDWR, 0644);
	CHECK(1, fd >= 0);
	IS(2, sys(SYS_mkdir, "dir", 0755), 0);
	IS(3, sys(SYS_symlink, "../file", "dir/link"), 0);
	IS(4, sys(SYS___getcwd, here, sizeof here), 0);
	IS(5, sys(SYS___realpathat, AT_FDCWD, "dir/../dir/link", text, sizeof text, 0), 0);
	CHECK(6, !memcmp(text, here, strlen(here)) && !strcmp(text + strlen(here), "/file"));
	IS(7, sys(SYS___realpathat, AT_FDCWD, "/", text, sizeof text, 0), 0);
	CHECK(8, !strcmp(text, "/"));
	IS(9, sys(SYS___realpathat, AT_FDCWD, "none", text, sizeof text, 0), -ENOENT);
	IS(10, sys(SYS___realpathat, AT_FDCWD, "file/x", text, sizeof text, 0), -ENOTDIR);
	IS(11, sys(SYS___realpathat, AT_FDCWD, "dir", text, 4, 0), -ENAMETOOLONG);
	IS(12, sys(SYS___realpathat, AT_FDCWD, "dir", text, sizeof text, 1), -EINVAL);
	IS(13, sys(SYS___realpathat, AT_FDCWD, "dir", 1, sizeof text, 0), -EFAULT);
	IS(14, sys(SYS___realpathat, fd, "x", text, sizeof text, 0), -ENOTDIR);
	IS(15, sys(SYS___realpathat, 1009, "x", text, sizeof text, 0), -EBADF);
	long dir = sys(SYS_open, "dir", 0);
	IS(16, sys(SYS___realpathat, dir, ".", text, sizeof text, 0), 0);
	CHECK(17, ends_with(text, "/dir"));
	sys(SYS_close, dir);
	sys(SYS_close, fd);
}

static long exit_of(long child)
{
	int status = -1;

	return sys(SYS_wait4, child, &status, 0, 0) == child ? status >> 8 : -1;
}

/* The program executes itself through a descriptor, and is told its path all the same. */
static void executions(char *program, char **envp)
{
	static const int flags[] = {0, O_EXEC, O_CLOEXEC};
	char *const again[] = {program, (char *)"again", 0};

	for (size_t i = 0; i < COUNT(flags); i++) {
		long child = sys(SYS_fork);
		if (child == 0) {
			long fd = sys(SYS_open, program, flags[i]);
			CHECK(30, fd >= 0);
			sys(SYS_fexecve, fd, again, envp);
			quit(1);
		}
		IS(31, exit_of(child), 33);
	}
	long fd = sys(SYS_open, "file", 0);
	IS(32, sys(SYS_fexecve, fd, again, envp), -EACCES);
	sys(SYS_close, fd);
	fd = sys(SYS_open, "garbage", O_CREAT | O_WRONLY, 0755);
	sys(SYS_write, fd, "garbage", 7);
	IS(33, sys(SYS_fexecve, fd, again, envp), -EACCES);
	sys(SYS_close, fd);
	fd = sys(SYS_open, "garbage", 0);
	IS(34, sys(SYS_fexecve, fd, again, envp), -ENOEXEC);
	sys(SYS_close, fd);
	IS(35, sys(SYS_fexecve, 77, again, envp), -EBADF);
	IS(36, sys(SYS_fexecve, 1008, again, envp), -EBADF);
}

static void as_child(const char *program)
{
	uint64_t size = sizeof text;

	/* kern.proc.pathname of itself */
	IS(40, sys(SYS___sysctl, ((int[]){1, 14, 12, -1}), 4, text, &size, 0, 0), 0);
	CHECK(41, !strcmp(text, program));
	quit(33);
}

void test(int argc, char **argv, char **envp)
{
	if (argc > 1)
		as_child(argv[0]);
	real_paths();
	executions(argv[0], envp);
}
