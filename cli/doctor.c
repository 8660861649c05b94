/* guise doctor: what this kernel and this user may do, what is missing, and the cure.
 *
 * Nothing is taken from version numbers that can be tried: each line is the outcome of doing,
 * in a process of its own that ends at once, what a sandbox would do. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/json.h"
#include "sandbox/box.h"
#include "sandbox/landlock.h"
#include "sandbox/scope.h"
#include "syscalls/abi.h"
#include "syscalls/launch.h"

#ifndef MFD_EXEC /* linux/memfd.h, Linux 6.3 */
#define MFD_EXEC 0x0010U
#endif
#define HWCAP2_HAS_FSGSBASE 2 /* asm/hwcap2.h */
#define SPACES \
	(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define SLOW_MS 20.0 /* a sandbox is expected to start in a few */

struct given_options {
	bool json;
};

#define AT(member) offsetof(struct given_options, member)
static const struct option_row rows[] = {
	{"json", TAKES_NOTHING, AT(json), NULL, "print JSON"},
};

enum state { STATE_OK, STATE_LIMITED, STATE_MISSING };
static const char *const states[] = {
	[STATE_OK] = "ok",
	[STATE_LIMITED] = "limited",
	[STATE_MISSING] = "missing",
};

struct finding {
	enum state state;
	char why[256];
	const char *cure; /* NULL: nothing to do */
};

/* ---- Saying ------------------------------------------------------------------------- */

__attribute__((format(printf, 4, 5))) static void find(struct finding *f, enum state state,
						       const char *cure, const char *why, ...)
{
	va_list list;

	va_start(list, why);
	f->state = state;
	f->cure = cure;
	(void)vsnprintf(f->why, sizeof f->why, why, list); /* cut, if ever */
	va_end(list);
}

static long read_number(const char *path)
{
	char text[32] = "";
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
		return -1;
	return strtol(text, NULL, 10);
}

/* ---- Trying, in a child ------------------------------------------------------------------ */

static int write_line(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int map_ids(unsigned uid, unsigned gid)
{
	char line[64];

	int r = write_line("/proc/self/setgroups", "deny");
	if (r < 0)
		return r;
	(void)snprintf(line, sizeof line, "%u %u 1", uid, uid); /* fits */
	r = write_line("/proc/self/uid_map", line);
	if (r < 0)
		return r;
	(void)snprintf(line, sizeof line, "%u %u 1", gid, gid); /* fits */
	return write_line("/proc/self/gid_map", line);
}

/* 0, or -errno: of the clone or of the attempt.  An errno is an exit status. */
static int try(uint64_t spaces, int (*attempt)(void))
{
	unsigned uid = geteuid(), gid = getegid();
	int status;
	long pid = syscall(SYS_clone, spaces | SIGCHLD, 0, 0, 0, 0);

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		int r = spaces & CLONE_NEWUSER ? map_ids(uid, gid) : 0;
		if (r == 0 && attempt)
			r = attempt();
		_exit(-r & 255);
	}
	while (waitpid((pid_t)pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static int make_private(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

static int mount_tmpfs(void)
{
	int r = make_private();

	if (r < 0)
		return r;
	return mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m") < 0 ? -errno : 0;
}

static int mount_overlay(void)
{
	static const char *const directories[] = {"/tmp/l", "/tmp/u", "/tmp/w", "/tmp/m"};
	int r = mount_tmpfs();

	if (r < 0)
		return r;
	for (size_t i = 0; i < COUNT(directories); i++)
		if (mkdir(directories[i], 0755) < 0)
			return -errno;
	return mount("overlay", "/tmp/m", "overlay", 0,
		     "lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w,userxattr") < 0
		       ? -errno
		       : 0;
}

static int mount_proc(void)
{
	int r = make_private();

	if (r < 0)
		return r;
	return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? -errno
											  : 0;
}

/* Linux 6.7 */
static int mount_binfmt(void)
{
	int r = make_private();

	if (r < 0)
		return r;
	return mount("b", "/proc/sys/fs/binfmt_misc", "binfmt_misc", 0, NULL) < 0 ? -errno : 0;
}

/* fsopen(2) and its family as sandbox/mount.c uses them. */
static int use_mount_calls(void)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int mount = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID);
	if (mount < 0 || mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return -errno;
	int tree = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	return tree < 0 ? -errno : 0;
}

/* ---- The lines ---------------------------------------------------------------------------- */

static void look_at_kernel(struct finding *f)
{
	struct utsname u;
	unsigned major = 0, minor = 0;

	(void)uname(&u); /* cannot fail */
	(void)sscanf(u.release, "%u.%u", &major, &minor);
	if (strcmp(u.machine, "x86_64") != 0)
		find(f, STATE_MISSING, "use a 64-bit x86 system", "Linux %s on %s", u.release,
		     u.machine);
	else if (major < 6 || (major == 6 && minor < 1))
		find(f, STATE_LIMITED, "update to Linux 6.1 or later",
		     "Linux %s is older than any guise is tested on", u.release);
	else
		find(f, STATE_OK, NULL, "Linux %s", u.release);
}

static void look_at_namespaces(struct finding *f)
{
	const char *cure = confine_refusal();
	int r = try(CLONE_NEWUSER, NULL);

	if (!cure)
		cure = "raise the sysctls user.max_*_namespaces, or ask whoever confines this "
		       "process (a container's seccomp profile, a security module)";
	if (r < 0) {
		find(f, STATE_MISSING, cure, "no user namespace: %s", strerror(-r));
		return;
	}
	r = try(CLONE_NEWUSER | SPACES, make_private);
	if (r < 0)
		find(f, STATE_MISSING, cure, "a user namespace without rights in it: %s",
		     strerror(-r));
	else
		find(f, STATE_OK, NULL, "user, pid, mount, net, ipc, uts and cgroup");
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void look_at_cost(struct finding *f)
{
	double taken[9];

	for (size_t i = 0; i < COUNT(taken); i++) {
		double before = now_ms();
		if (try(CLONE_NEWUSER | SPACES, NULL) < 0) {
			find(f, STATE_MISSING, "see namespaces", "nothing to measure");
			return;
		}
		taken[i] = now_ms() - before;
	}
	qsort(taken, COUNT(taken), sizeof *taken, by_size);
	double median = taken[COUNT(taken) / 2];
	if (median > SLOW_MS)
		find(f, STATE_LIMITED,
		     "look for what slows clone(2): many network namespaces being torn down, "
		     "tracing, a debug kernel",
		     "a process in namespaces of its own takes %.1f ms", median);
	else
		find(f, STATE_OK, NULL, "a process in namespaces of its own takes %.1f ms", median);
}

static bool has_action(uint32_t action)
{
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static void look_at_seccomp(struct finding *f)
{
	static const char cure[] = "take a kernel with CONFIG_SECCOMP_FILTER, outside whatever "
				   "forbids seccomp(2)";

	if (!has_action(SECCOMP_RET_ALLOW) || !has_action(SECCOMP_RET_TRAP))
		find(f, STATE_MISSING, cure, "no filter that traps: %s", strerror(errno));
	else if (!has_action(SECCOMP_RET_USER_NOTIF))
		find(f, STATE_LIMITED, "take a kernel of 5.0 or later",
		     "filters that trap, none that notify");
	else
		find(f, STATE_OK, NULL, "filters that trap and that notify");
}

static void look_at_landlock(struct finding *f)
{
	unsigned version = landlock_version();
	const char *lack = landlock_lack(version, true, 0);

	if (!version)
		find(f, STATE_LIMITED, landlock_cure(), "not there: %s", lack);
	else if (lack)
		find(f, STATE_LIMITED, "update the kernel", "version %u: %s", version, lack);
	else
		find(f, STATE_OK, NULL, "version %u: files, ports, devices, signals, sockets",
		     version);
}

/* What a sandbox can be limited by, and where the kernel keeps it. */
static void look_at_cgroups(struct finding *f)
{
	static const char cure[] = "run in a unit or session with Delegate=yes "
				   "(systemd-run --user --scope), or as root; only limits need it";
	struct cgroup_parent parents[CONTROLLERS];
	struct cgroup_map map;
	char lacks[64] = "";
	bool v1 = false, v2 = false;
	int r = cgroup_find_own(&map);

	if (r < 0) {
		find(f, STATE_LIMITED, "mount cgroup2 at /sys/fs/cgroup", "none: %s", strerror(-r));
		return;
	}
	cgroup_choose(&map, (1U << CONTROLLERS) - 1, parents);
	for (int c = 0; c < CONTROLLERS; c++) {
		size_t n = strlen(lacks);
		v1 |= map.v1[c] != NULL;
		if (!parents[c].version)
			(void)snprintf(lacks + n, sizeof lacks - n, "%s%s", n ? ", " : "",
				       controller_name(c, 2)); /* all of them fit */
		free(parents[c].path);
	}
	v2 = map.v2 != NULL;
	cgroup_map_free(&map);
	find(f, *lacks ? STATE_LIMITED : STATE_OK, *lacks ? cure : NULL, "%s%s%s",
	     v1 && v2 ? "hybrid"
	     : v1     ? "version 1"
	     : v2     ? "version 2"
		      : "none in sight",
	     *lacks ? "; no limits on " : "", lacks);
}

static void look_at_overlay(struct finding *f)
{
	int r = try(CLONE_NEWUSER | CLONE_NEWNS, mount_overlay);

	if (r < 0)
		find(f, STATE_LIMITED, "load the module overlay, for --overlay and --ephemeral",
		     "none in a user namespace: %s", strerror(-r));
	else
		find(f, STATE_OK, NULL, "in a user namespace");
}

static void look_at_memory_files(struct finding *f)
{
	int r = try(CLONE_NEWUSER | CLONE_NEWNS, mount_tmpfs);

	if (r < 0)
		find(f, STATE_MISSING, "see namespaces; allow mounts in them", "none: %s",
		     strerror(-r));
	else
		find(f, STATE_OK, NULL, "in a user namespace");
}

static void look_at_mounts(struct finding *f)
{
	int r = try(CLONE_NEWUSER | CLONE_NEWNS, use_mount_calls);

	if (r < 0)
		find(f, STATE_MISSING,
		     "update to Linux 6.1 or later; in a container, allow fsopen, open_tree and "
		     "mount_setattr",
		     "fsopen and its family: %s", strerror(-r));
	else
		find(f, STATE_OK, NULL, "fsopen, open_tree, mount_setattr");
}

static void look_at_proc(struct finding *f)
{
	struct statfs fs;

	if (statfs("/proc", &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
		find(f, STATE_MISSING, "mount -t proc proc /proc", "none at /proc");
		return;
	}
	int r = try(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS, mount_proc);
	if (r < 0)
		find(f, STATE_LIMITED, "in a container, do not mask parts of /proc",
		     "--proc shows processes only: %s", strerror(-r));
	else
		find(f, STATE_OK, NULL, "whole");
}

static void look_at_memfd(struct finding *f)
{
	long level = read_number("/proc/sys/vm/memfd_noexec");
	int fd = memfd_create("doctor", MFD_CLOEXEC | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("doctor", MFD_CLOEXEC);
	if (fd < 0) {
		find(f, STATE_MISSING, "set the sysctl vm.memfd_noexec to 0 or 1",
		     "files in memory cannot be executed: %s", strerror(errno));
		return;
	}
	close(fd);
	find(f, STATE_OK, NULL, "executable%s", level == 1 ? " when asked for" : "");
}

static void look_at_fsgsbase(struct finding *f)
{
	if (getauxval(AT_HWCAP2) & HWCAP2_HAS_FSGSBASE)
		find(f, STATE_OK, NULL, "wrfsbase and wrgsbase may be used");
	else
		find(f, STATE_LIMITED, "do not boot with nofsgsbase; older processors lack it",
		     "threads are set up by system calls, which is slower");
}

static void look_at_binfmt(struct finding *f)
{
	int r = try(CLONE_NEWUSER | CLONE_NEWNS, mount_binfmt);
	bool mounted = access("/proc/sys/fs/binfmt_misc/register", F_OK) == 0;
	const char *own = r < 0 ? "; none in user namespaces (Linux 6.7)"
				: "; user namespaces may have their own";

	if (access("/proc/sys/fs/binfmt_misc", F_OK) < 0)
		find(f, STATE_LIMITED, "load the module binfmt_misc; only guise binfmt needs it",
		     "none");
	else if (!mounted)
		find(f, r < 0 ? STATE_LIMITED : STATE_OK,
		     r < 0 ? "as root, give guise binfmt install --mount" : NULL, "not mounted%s",
		     own);
	else if (access("/proc/sys/fs/binfmt_misc/register", W_OK) < 0)
		find(f, r < 0 ? STATE_LIMITED : STATE_OK,
		     r < 0 ? "as root, run guise binfmt install" : NULL, "root's%s", own);
	else
		find(f, STATE_OK, NULL, "writable%s", own);
}

static void look_at_descriptors(struct finding *f)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_max <= HIDDEN_LAST)
		find(f, STATE_MISSING, "raise it (ulimit -Hn), for good in limits.conf(5)",
		     "the hard limit is %lu, %d are needed", (unsigned long)l.rlim_max,
		     HIDDEN_LAST + 1);
	else
		find(f, STATE_OK, NULL, "hard limit %lu", (unsigned long)l.rlim_max);
}

static const struct {
	const char *name;
	void (*look)(struct finding *);
} checks[] = {
	{"kernel", look_at_kernel},	    {"namespaces", look_at_namespaces},
	{"namespace cost", look_at_cost},   {"seccomp", look_at_seccomp},
	{"mount calls", look_at_mounts},    {"tmpfs", look_at_memory_files},
	{"memory programs", look_at_memfd}, {"open files", look_at_descriptors},
	{"fsgsbase", look_at_fsgsbase},	    {"proc", look_at_proc},
	{"binfmt_misc", look_at_binfmt},    {"landlock", look_at_landlock},
	{"cgroups", look_at_cgroups},	    {"overlayfs", look_at_overlay},
};

/* ---- The command ---------------------------------------------------------------------------- */

static void print_text(const struct finding *f)
{
	for (size_t i = 0; i < COUNT(checks); i++) {
		printf("%-16s %-8s %s\n", checks[i].name, states[f[i].state], f[i].why);
		if (f[i].cure)
			printf("%-25s cure: %s\n", "", f[i].cure);
	}
}

static int print_json(const struct finding *f, bool runs, struct failure *why)
{
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT(checks); i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?}", "name",
						      checks[i].name, "state", states[f[i].state],
						      "why", f[i].why, "cure", f[i].cure));
	json_t *all = json_pack("{s:b, s:I, s:o}", "runs", runs, "uid", (json_int_t)geteuid(),
				"checks", list);
	return json_print(all, 2, why);
}

static int doctor(int argc, char **argv, struct failure *why)
{
	struct given_options given = {0};
	struct finding found[COUNT(checks)];
	bool runs = true;
	int first = options_parse(&command_doctor, &given, argc, argv, why);

	if (first < 0)
		return first;
	if (first < argc)
		return failure_set(why, EXIT_GUISE, "doctor: %s: takes no operands", argv[first]);
	for (size_t i = 0; i < COUNT(checks); i++) {
		checks[i].look(&found[i]);
		runs &= found[i].state != STATE_MISSING;
	}
	if (!given.json)
		print_text(found);
	else if (print_json(found, runs, why) < 0)
		return COMMAND_FAILED;
	return runs ? 0 : 1;
}

const struct command command_doctor = {
	.name = "doctor",
	.operands = "",
	.summary = "tells what this system lacks, and the cure",
	.more = "\nok: as it should be; limited: programs run, but not everything is possible or fast;\n"
		"missing: guise run cannot work, and the exit status is 1.\n",
	.rows = rows,
	.n_rows = COUNT(rows),
	.run = doctor,
};
