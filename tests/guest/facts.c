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

/* sys/user.h: offsets in struct kinfo_proc and struct kinfo_file. */
enum { PROC_SIZE = 1088, PROC_PID = 72, PROC_PPID = 76, PROC_STATE = 388, PROC_NAME = 447 };
enum { PROC_THREADS = 596 };
enum { FILE_TYPE = 4, FILE_FD = 8, FILE_KIND = 32, FILE_PATH = 368, FILE_SIZE = 1392 };
enum { KERN = 1, PROC = 14, BY_PID = 1, ALL_PROCESSES = 8, WITH_THREADS = 16, ARGS = 7 };
enum { PATHNAME = 12, FILES = 33, ENVIRONMENT = 35, VECTOR = 36, LIMIT = 37, DIRECTORY = 42 };
enum { N_FILES = 43 };

static char big[65536];

static int word(const char *at)
{
	int n;

	memcpy(&n, at, sizeof n);
	return n;
}

/* kern.proc.WHAT.ARGUMENT: how many bytes came to `big`. */
static long ask(int what, int argument, unsigned depth)
{
	uint64_t size = sizeof big;
	long r = sys(SYS___sysctl, ((int[]){KERN, PROC, what, argument, 3}), depth, big, &size, 0,
		     0);

	return r < 0 ? r : (long)size;
}

static const char *process(int pid, long n)
{
	for (long at = 0; at < n; at += PROC_SIZE)
		if (word(big + at + PROC_PID) == pid)
			return big + at;
	return 0;
}

static void processes(const char *program)
{
	int ends[2], me = (int)sys(SYS_getpid);
	long fd = sys(SYS_open, "file", 0);

	sys(SYS_pipe2, ends, 0);
	long child = sys(SYS_fork);
	if (child == 0) {
		sys(SYS_close, ends[1]);
		sys(SYS_read, ends[0], text, 1); /* until the parent has looked */
		quit(0);
	}
	IS(50, ask(BY_PID, me, 4), PROC_SIZE);
	IS(51, word(big), PROC_SIZE);
	IS(52, word(big + PROC_PID), me);
	IS(53, big[PROC_STATE], 2); /* SRUN */
	CHECK(54, ends_with(program, big + PROC_NAME));
	IS(55, word(big + PROC_THREADS), 1);
	long n = ask(ALL_PROCESSES, 0, 3);
	CHECK(56, n >= 2 * PROC_SIZE && n % PROC_SIZE == 0 && process(me, n));
	CHECK(57, process((int)child, n));
	IS(58, word(process((int)child, n) + PROC_PPID), me);
	IS(59, ask(BY_PID, 99998, 4), -ESRCH);
	IS(60, ask(BY_PID, me, 3), -EINVAL);
	IS(61, ask(BY_PID | WITH_THREADS, me, 4), PROC_SIZE);
	/* Another one's words are those it was started with. */
	n = ask(ARGS, (int)child, 4);
	CHECK(62, n == (long)strlen(program) + 1 && !strcmp(big, program));
	n = ask(PATHNAME, (int)child, 4);
	CHECK(63, n > 1 && big[0] == '/');
	IS(64, ask(ARGS, 99998, 4), -ESRCH);
	/* Files: the engine's own are not among them. */
	long files = ask(N_FILES, 0, 4) == 4 ? word(big) : 0;
	n = ask(FILES, me, 4);
	bool seen = false;
	for (long at = 0; at < n; at += word(big + at)) {
		int number = word(big + at + FILE_FD);
		CHECK(65, word(big + at) > FILE_PATH && number < 1000);
		files -= number >= 0;
		if (number == fd) {
			seen = true;
			IS(66, word(big + at + FILE_TYPE), 1); /* KF_TYPE_VNODE */
			IS(67, word(big + at + FILE_KIND), 1); /* KF_VTYPE_VREG */
			CHECK(68, ends_with(big + at + FILE_PATH, "/file"));
		}
	}
	CHECK(69, seen);
	IS(70, files, 0);
	IS(71, ask(DIRECTORY, -1, 4), -ESRCH);
	IS(77, ask(DIRECTORY, me, 4), FILE_SIZE);
	CHECK(72, !strcmp(big + FILE_PATH, here));
	IS(73, ask(LIMIT, (int)child, 5), 16);
	CHECK(74, ask(VECTOR, me, 4) > 16 * 16);
	CHECK(75, ask(ENVIRONMENT, (int)child, 4) > 0);
	sys(SYS_close, ends[1]);
	IS(76, exit_of(child), 0);
	sys(SYS_close, ends[0]);
	sys(SYS_close, fd);
}

/* The new value is the number of a device (sys/fs/devfs: kern.devname). */
static void devices(void)
{
	uint64_t null = 1 << 8 | 3, size = sizeof text;

	IS(80, sys(SYS___sysctlbyname, "kern.devname", 12, text, &size, &null, sizeof null), 0);
	CHECK(81, !strcmp(text, "null"));
	struct {
		int room, pad;
		char *to;
	} arg = {.room = sizeof text, .to = text};
	long fd = sys(SYS_open, "/dev/zero", 0);
	IS(82, sys(SYS_ioctl, fd, 0x80106678, &arg), 0); /* FIODGNAME */
	CHECK(83, !strcmp(text, "zero"));
	arg.room = 4;
	IS(84, sys(SYS_ioctl, fd, 0x80106678, &arg), -EINVAL);
	sys(SYS_close, fd);
	fd = sys(SYS_open, "file", 0);
	IS(85, sys(SYS_ioctl, fd, 0x80106678, &arg), -ENOTTY);
	sys(SYS_close, fd);
}

/* sys/procctl.h */
enum { REAP_ACQUIRE = 2, REAP_RELEASE, REAP_STATUS, REAP_GETPIDS, REAP_KILL, SIGKILL = 9 };
struct reaper_status {
	unsigned flags, children, descendants;
	int reaper, pid;
	unsigned pad[15];
};
struct reaper_pid {
	int pid, subtree;
	unsigned flags, pad[15];
};
struct reaper_kill {
	int number;
	unsigned flags;
	int subtree;
	unsigned killed;
	int failed;
	unsigned pad[15];
};

static void reapers(void)
{
	struct reaper_status status = {0};
	struct reaper_pid pids[4] = {0};
	struct {
		unsigned count, pad[15];
		struct reaper_pid *to;
	} list = {.count = COUNT(pids), .to = pids};
	struct reaper_kill kill = {.number = SIGKILL};
	int ends[2], me = (int)sys(SYS_getpid), status_word = 0;

	IS(90, sys(SYS_procctl, 0, 0, REAP_RELEASE, 0), -EINVAL);
	IS(91, sys(SYS_procctl, 0, 0, REAP_ACQUIRE, 0), 0);
	IS(92, sys(SYS_procctl, 0, 0, REAP_ACQUIRE, 0), -EBUSY);
	IS(93, sys(SYS_procctl, 0, 0, REAP_KILL, &kill), -ESRCH);
	sys(SYS_pipe2, ends, 0);
	long child = sys(SYS_fork);
	if (child == 0) {
		if (sys(SYS_fork) == 0) {
			sys(SYS_close, ends[1]);
			sys(SYS_read, ends[0], text, 1);
			quit(1);
		}
		quit(0);
	}
	IS(94, exit_of(child), 0);
	IS(95, sys(SYS_procctl, 0, me, REAP_STATUS, &status), 0);
	CHECK(96, status.flags == 1 && status.reaper == me);
	CHECK(97, status.children == 1 && status.descendants == 1 && status.pid > child);
	IS(98, sys(SYS_procctl, 0, 0, REAP_GETPIDS, &list), 0);
	CHECK(99, pids[0].pid == status.pid && pids[0].flags == 3 && !pids[1].flags);
	IS(100, sys(SYS_procctl, 0, 0, REAP_KILL, &kill), 0);
	CHECK(101, kill.killed == 1 && kill.failed == -1);
	IS(102, sys(SYS_wait4, -1, &status_word, 0, 0), status.pid);
	IS(103, status_word & 0x7f, SIGKILL);
	kill.number = 0;
	IS(104, sys(SYS_procctl, 0, 0, REAP_KILL, &kill), -EINVAL);
	IS(105, sys(SYS_procctl, 0, 0, REAP_RELEASE, 0), 0);
	sys(SYS_close, ends[0]);
	sys(SYS_close, ends[1]);
}

/* Any size will do that has room for every processor; the rest of a longer one is zero. */
static void processors(void)
{
	enum { WHICH = 3, OF_PROCESS = 2 };
	uint64_t few[32];

	memset(few, 255, sizeof few);
	IS(110, sys(SYS_cpuset_getaffinity, WHICH, OF_PROCESS, -1, sizeof few, few), 0);
	CHECK(111, few[0] && !few[16] && !few[31]);
	IS(112, sys(SYS_cpuset_setaffinity, WHICH, OF_PROCESS, -1, sizeof few, few), 0);
	few[31] = 1;
	IS(113, sys(SYS_cpuset_setaffinity, WHICH, OF_PROCESS, -1, sizeof few, few), -EINVAL);
	IS(114, sys(SYS_cpuset_getaffinity, WHICH, OF_PROCESS, -1, 0, few), -ERANGE);
}

/* break: the result is where it is; below its beginning it is only asked for. */
static void breaks(void)
{
	long at = sys(SYS_break, 0);

	CHECK(115, at > 0 && at % (long)PAGE == 0);
	IS(116, sys(SYS_break, at + 2 * (long)PAGE), at + 2 * (long)PAGE);
	((volatile char *)at)[2 * PAGE - 1] = 1;
	IS(117, sys(SYS_break, 1), at + 2 * (long)PAGE);
	IS(118, sys(SYS_break, at), at);
}

/* sys/mount.h: struct statfs. */
enum { STATFS_SIZE = 2344, STATFS_ON = 1320, MNT_NOWAIT = 2 };

/* The mounts: the root's, /dev's, ours; each with the path it is at. */
static void mounts(void)
{
	bool root = false, dev = false;
	long n = sys(SYS_getfsstat, 0, 0, MNT_NOWAIT);
	CHECK(119, n >= 3);
	n = sys(SYS_getfsstat, big, sizeof big, MNT_NOWAIT);
	CHECK(120, n >= 3);
	for (long i = 0; i < n; i++) {
		const char *on = big + i * STATFS_SIZE + STATFS_ON;
		root |= !strcmp(on, "/");
		dev |= !strcmp(on, "/dev");
	}
	CHECK(121, root && dev);
	long fd = sys(SYS_open, "/dev/shm", 0);
	IS(122, sys(SYS_fstatfs, fd, big), 0);
	CHECK(123, !strcmp(big + STATFS_ON, "/dev/shm"));
	sys(SYS_close, fd);
	/* The kinds that may be told, one of which is that: struct xvfsconf. */
	uint64_t size = sizeof big;
	IS(39, sys(SYS___sysctlbyname, "vfs.conflist", 12, big, &size, 0, 0), 0);
	CHECK(42, size >= 48 && size % 48 == 0 && !strcmp(big + 8, "tmpfs"));
	IS(124, sys(SYS_chdir, "/dev/shm"), 0);
	IS(37, sys(SYS_statfs, ".", big), 0);
	CHECK(38, !strcmp(big + STATFS_ON, "/dev/shm"));
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
	processes(argv[0]);
	devices();
	reapers();
	processors();
	breaks();
	mounts();
}
