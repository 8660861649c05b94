/* The least a sandboxed start costs: what the kernel must do, done by hand and nothing else.
 *
 *     floor ROOT PROGRAM [ARGUMENT...]
 *     floor --filter                     the filter as the kernel takes it, for other launchers
 *
 * Namespaces of all kinds guise makes, loopback up, ROOT read-only as the root directory, a /dev
 * with six devices and a /tmp in memory, pivot_root, no new privileges, Landlock, guise's own
 * filter for Linux programs.  No checks, no messages, no supervision: not for use.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* build/filter_native.c */
extern const struct sock_filter native_filter[];
extern const unsigned short native_filter_length;

#define SPACES \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)

/* ABI 6, Linux 6.12: Documentation/userspace-api/landlock.rst; a build host's header may lack it. */
struct ruleset {
	unsigned long long files, ports, scopes;
};
#define FILES_ALL 0xffffULL
#define FILES_READ 0xdULL /* execute, read files, read directories */
#define PORTS_ALL 3ULL
#define SCOPES_ALL 3ULL

static void must(long r, const char *what)
{
	if (r >= 0)
		return;
	perror(what);
	_exit(126);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	must(fd, path);
	must(write(fd, text, strlen(text)), path);
	close(fd);
}

static void map_user(unsigned uid, unsigned gid)
{
	char line[64];

	put("/proc/self/setgroups", "deny");
	(void)snprintf(line, sizeof line, "%u %u 1", uid, uid); /* fits */
	put("/proc/self/uid_map", line);
	(void)snprintf(line, sizeof line, "%u %u 1", gid, gid); /* fits */
	put("/proc/self/gid_map", line);
}

static void loopback(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(ioctl(s, SIOCSIFFLAGS, &lo), "lo");
	close(s);
}

static void devices(void)
{
	static const char *const names[] = {"null", "zero", "full", "random", "urandom", "tty"};
	char from[64], to[64];

	must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k"), "dev");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(from, sizeof from, "/dev/%s", names[i]); /* fits */
		(void)snprintf(to, sizeof to, "dev/%s", names[i]); /* fits */
		close(open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
		must(mount(from, to, NULL, MS_BIND, NULL), from);
	}
}

static void root_directory(const char *root)
{
	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "slave");
	must(mount(root, root, NULL, MS_BIND | MS_REC, NULL), root);
	must(mount(NULL, root, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL),
	     root);
	must(chdir(root), root);
	devices();
	must(mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=16m"), "tmp");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(chdir("/"), "/");
}

static void confine(void)
{
	struct ruleset all = {FILES_ALL, PORTS_ALL, SCOPES_ALL};
	struct landlock_path_beneath_attr read = {.allowed_access = FILES_READ};
	const struct sock_fprog filter = {native_filter_length, (void *)native_filter};

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
	must(rules, "landlock");
	read.parent_fd = open("/", O_PATH | O_CLOEXEC);
	must(syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &read, 0), "rule");
	must(syscall(SYS_landlock_restrict_self, rules, 0), "landlock");
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter),
	     "seccomp");
}

int main(int argc, char **argv)
{
	unsigned uid = geteuid(), gid = getegid();
	int status;

	if (argc == 2 && strcmp(argv[1], "--filter") == 0)
		return fwrite(native_filter, sizeof *native_filter, native_filter_length, stdout) !=
		       native_filter_length;
	if (argc < 3)
		return 125;
	long child = syscall(SYS_clone, SPACES | SIGCHLD, 0, 0, 0, 0);
	must(child, "clone");
	if (child == 0) {
		must(prctl(PR_SET_PDEATHSIG, SIGKILL), "pdeathsig");
		map_user(uid, gid);
		loopback();
		must(sethostname("floor", 5), "hostname");
		root_directory(argv[1]);
		confine();
		execv(argv[2], argv + 2);
		must(-1, argv[2]);
	}
	while (waitpid((pid_t)child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
