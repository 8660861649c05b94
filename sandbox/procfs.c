/* A /proc for programs that want one (--proc): the sandbox's own processes, and little else.
 *
 * It is a procfs of the sandbox's pid namespace.  The whole of it is read-only, so neither
 * /proc/sys nor /proc/PID/{mem,oom_score_adj,...} is written through it, and process 1, which
 * nobody may look into, is not there (hidepid=ptraceable).  Of what is about the machine and not
 * about processes, the program sees what is on the list below; everything else a kernel may have
 * there, now or later, is covered by something empty: kcore, keys, kallsyms, timer_list,
 * sysrq-trigger and all.
 *
 * Where the host's own /proc is covered in part, in a container, Linux allows no whole procfs
 * (fs/namespace.c: mount_too_revealing(), Linux 6.1): there are only the processes then
 * (subset=pid, Linux 5.8), which is nothing to be covered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

/* How much memory, how many processors, how busy: what programs size themselves by. */
static const char *const shown[] = {
	"cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "sys", "uptime", "version",
};
/* Of /proc/sys: limits and names; not the devices, drivers and file systems of the machine. */
static const char *const shown_settings[] = {"kernel", "net", "vm"};

static bool is_listed(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

/* Something empty of each kind, as two names in a file system that stays nowhere. */
static int make_empty(void)
{
	AUTO_CLOSE int store = tmpfs_make("mode=0555,size=4k,nr_inodes=4");
	if (store < 0)
		return store;
	AUTO_CLOSE int file = openat(store, "file", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
	if (file < 0 || mkdirat(store, "directory", 0555) < 0)
		return -errno;
	return take(&store);
}

static int cover(int dir, const char *name, bool directory, int empty)
{
	AUTO_CLOSE int place = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (place < 0)
		return -errno;
	AUTO_CLOSE int cloth = tree_clone(empty, directory ? "directory" : "file", 0, false);
	return cloth < 0 ? cloth : tree_attach(cloth, place);
}

/* Links (self, mounts, net) lead to the program's own; numbers are processes. */
static int cover_entry(int dir, const struct dirent *e, int empty)
{
	struct stat st;

	if (e->d_name[0] == '.' || (e->d_name[0] >= '0' && e->d_name[0] <= '9'))
		return 0;
	if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return 0;
	return cover(dir, e->d_name, S_ISDIR(st.st_mode), empty);
}

static int cover_all_but(int at, const char *name, const char *const *list, size_t n, int empty)
{
	int r = 0;
	int copy = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	for (struct dirent *e; r == 0 && (e = readdir(dir));)
		if (!is_listed(e->d_name, list, n))
			r = cover_entry(dirfd(dir), e, empty);
	closedir(dir);
	return r;
}

/* subset: "pid", or NULL for all of it. */
static int make_procfs(const char *subset)
{
	AUTO_CLOSE int fs = fsopen("proc", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "hidepid", "ptraceable", 0) < 0 ||
	    (subset && fsconfig(fs, FSCONFIG_SET_STRING, "subset", subset, 0) < 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int mount = fsmount(fs, FSMOUNT_CLOEXEC,
			    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				    MOUNT_ATTR_NOEXEC);
	return mount < 0 ? -errno : mount;
}

int step_procfs(struct box *b, const struct step *s)
{
	AUTO_CLOSE int proc = make_procfs(NULL);
	if (proc == -EPERM)
		proc = make_procfs("pid");
	if (proc < 0)
		return proc;
	AUTO_CLOSE int empty = make_empty();
	if (empty < 0)
		return empty;
	int r = place_attach(b, proc, s->to, true);
	if (r == 0)
		r = cover_all_but(proc, ".", shown, COUNT_OF(shown), empty);
	if (r == 0)
		r = cover_all_but(proc, "sys", shown_settings, COUNT_OF(shown_settings), empty);
	return r;
}
