/* Ways out through files: directories kept open, descriptors left over, handles, set-user-id
 * programs, what the caller will run later. */
#include "tests/escape/probes/probe.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/prctl.h>
#include <linux/stat.h>
#include <linux/xattr.h>

#include <asm/ioctls.h>
#include <asm/statfs.h>

#include "syscalls/launch.h"

#define LONGEST 4096

static bool reaches_secret(int dir)
{
	const char *secret = fact("SECRET");
	long fd = host(__NR_openat, dir, *secret == '/' ? secret + 1 : secret, O_RDONLY);
	if (fd >= 0)
		host(__NR_close, fd);
	return fd >= 0;
}

CHECK_OF("1", secret, SELF_PLAIN, NULL, "the host's files by their names, and by 64 times ..")
{
	long fd = host(__NR_open, fact("SECRET"), O_RDWR | O_APPEND);
	refused("open", fd);
	host(__NR_write, fd, "#", 1); /* so that the host, too, sees it */
	refused("stat", host(__NR_access, fact("SECRET"), 0));
	for (int i = 0; i < 64; i++)
		host(__NR_chdir, "..");
	holds("nothing above", !reaches_secret(AT_FDCWD));
}

CHECK_OF("1", chroot, SELF_SPACE, NULL, "chroot, and out of it by a directory kept open")
{
	long dir = host(__NR_open, ".", O_RDONLY | O_DIRECTORY);
	host(__NR_chdir, "/tmp");
	host(__NR_mkdir, "probe-root", 0700);
	denied("chroot", host(__NR_chroot, "probe-root"));
	host(__NR_fchdir, dir);
	for (int i = 0; i < 64; i++)
		host(__NR_chdir, "..");
	holds("not outside", !reaches_secret(AT_FDCWD));
}

/* /proc/PID/root and cwd lead past every mount, for whoever may look at the process. */
CHECK_OF("2", proc_links, SELF_PLAIN, NULL, "/proc/PID/root and cwd of everybody one can name")
{
	static const char *const links[] = {"/root", "/cwd/../../../../../../../.."};
	char path[LONGEST];
	int reached = 0;
	for (long pid = 0; pid < 400; pid++)
		for (size_t i = 0; i < COUNT(links); i++) {
			const char *of = pid == 0     ? "self"
					 : pid == 399 ? fact("VICTIM")
						      : digits(pid);
			char dir[64];
			join(dir, sizeof dir, "/proc/", of, links[i]);
			join(path, sizeof path, dir, fact("SECRET"), "");
			reached += host(__NR_access, path, 0) == 0;
		}
	holds("none leads out", reached == 0);
}

CHECK_OF("2", cwd, SELF_NEVER, "a directory lies outside of a root only where something failed",
	 "the working directory lies inside the root")
{
	char path[LONGEST] = "";
	long n = host(__NR_getcwd, path, sizeof path);
	holds("getcwd", n > 0 && path[0] == '/');
	holds("nothing above", !reaches_secret(AT_FDCWD));
}

/* By the kernel's own account, not the translator's: all numbers, whatever it hides. */
CHECK_OF("3", descriptors, SELF_PLAIN, NULL, "descriptors that the caller left open")
{
	int strange = 0, first = -1;
	for (int fd = 3; fd < 65536; fd++) {
		if (host(__NR_fcntl, fd, F_GETFD) < 0)
			continue;
		if (has_resident() && fd >= HIDDEN_FIRST && fd <= HIDDEN_LAST)
			continue;
		strange++;
		first = first < 0 ? fd : first;
	}
	holds("none but 0-2", strange == 0);
	if (strange)
		inform("first", first);
}

/* The translator keeps a view of the processes, which has nothing above it. */
static bool is_procfs(int fd)
{
	struct statfs s = {0};
	return host(__NR_fstatfs, fd, &s) == 0 && s.f_type == PROC_SUPER_MAGIC;
}

CHECK_OF("3", descriptor_kinds, SELF_PLAIN, NULL,
	 "no descriptor is a directory that leads anywhere")
{
	int lead = 0, first = -1;
	for (int fd = 0; fd < 1100; fd++) {
		if (host(__NR_fcntl, fd, F_GETFD) < 0)
			continue;
		bool leads = is_procfs(fd) ? host(__NR_openat, fd, "../etc", O_PATH) >= 0
					   : host(__NR_fchdir, fd) == 0 ||
						     host(__NR_openat, fd, "..",
							  O_PATH | O_DIRECTORY) >= 0;
		first = leads && first < 0 ? fd : first;
		lead += leads;
	}
	holds("none", lead == 0);
	if (lead)
		inform("first", first);
}

CHECK_OF("4", processes_view, SELF_NEVER, "what is tried bare is in proc_links, launcher, settings",
	 "the translator's view of the processes: links, memory, settings")
{
	static const char *const followed[] = {"1/root/etc", "1/cwd/..", "1/exe", "1/ns/mnt",
					       "1/environ",  "1/mem",	 "1/fd",  "sys",
					       "kcore",	     "kallsyms", "keys",  "sysrq-trigger",
					       "net",	     "self/exe"};
	static const char *const of_self[] = {"/root/..", "/cwd/..",  "/fd/0",	"/fd/1008",
					      "/exe",	  "/ns/user", "/ns/pid"};
	static const char *const written[] = {"/mem",	    "/oom_score_adj", "/uid_map",
					      "/setgroups", "/comm",	      "/coredump_filter",
					      "/clear_refs"};
	int fd = 3;
	while (fd < 1100 && !is_procfs(fd))
		fd++;
	if (fd == 1100) {
		not_here("there is none, or it cannot be reached");
		return;
	}
	char path[64];
	for (size_t i = 0; i < COUNT(followed); i++)
		refused(followed[i], host(__NR_openat, fd, followed[i], O_RDONLY | O_NONBLOCK));
	for (size_t i = 0; i < COUNT(of_self); i++) {
		join(path, sizeof path, digits(own_pid()), of_self[i], "");
		refused(of_self[i], host(__NR_openat, fd, path, O_RDONLY | O_NONBLOCK));
	}
	for (size_t i = 0; i < COUNT(written); i++) {
		join(path, sizeof path, digits(own_pid()), written[i], "");
		refused(written[i], host(__NR_openat, fd, path, O_WRONLY));
	}
	refused("mounted", host(__NR_move_mount, fd, "", AT_FDCWD, "/tmp", 4));
}

/* What the translator keeps open must not be a way to change it, or what others read. */
CHECK_OF("4", hidden_files, SELF_PLAIN, NULL, "writing to the translator's image and settings")
{
	int fds[] = {HIDDEN_RESIDENT, HIDDEN_SETTINGS};
	if (!has_resident()) {
		/* Bare: any file of the caller's that is open for writing will do. */
		for (size_t i = 0; i < COUNT(fds); i++)
			fds[i] = (int)fact_number("WRITABLE");
	}
	if (fds[0] == 0) {
		not_here("no translator beside this program");
		return;
	}
	for (size_t i = 0; i < COUNT(fds); i++) {
		refused("pwrite", host(__NR_pwrite64, fds[i], "#", 1, 0));
		refused("ftruncate", host(__NR_ftruncate, fds[i], 100));
		/* Past the end of either; within it there is nothing to allocate. */
		refused("fallocate", host(__NR_fallocate, fds[i], 0, 0, 1L << 24));
		refused("a hole",
			host(__NR_fallocate, fds[i], 3 /* PUNCH_HOLE | KEEP_SIZE */, 8192, 4096));
		refused("mmap", host(__NR_mmap, 0, 4096, 3, 1, fds[i], 0));
	}
}

CHECK_OF("4", launcher, SELF_PLAIN, NULL, "/proc/PID/exe of init and of guise: read, write")
{
	static const char *const of[] = {"1", "self", "thread-self"};
	char path[LONGEST];
	for (size_t i = 0; i <= COUNT(of); i++) {
		const char *pid = i < COUNT(of) ? of[i] : fact("VICTIM");
		join(path, sizeof path, "/proc/", pid, "/exe");
		bool own = i == 1 || i == 2;
		long fd = host(__NR_open, path, O_RDWR);
		/* Its own file is only in use; the translator's image is sealed. */
		if (own)
			refused(pid, fd < 0 ? fd : host(__NR_pwrite64, fd, "#", 1, 0));
		else
			refused(pid, fd == -ETXTBSY ? 0 : fd);
		if (!own)
			refused("to read", host(__NR_open, path, O_RDONLY));
	}
}

CHECK_OF("12", handles, SELF_PLAIN, NULL, "files by handle, past the mounts")
{
	struct {
		unsigned bytes;
		int type;
		unsigned char data[128];
	} h = {.bytes = sizeof h.data};
	int mount_id;
	/* The handle alone tells no more than stat. */
	inform("name_to_handle_at", host(__NR_name_to_handle_at, AT_FDCWD, "/", &h, &mount_id, 0));
	denied("open_by_handle_at", host(__NR_open_by_handle_at, AT_FDCWD, &h, O_RDONLY));
	/* The root directory of most file systems: inode 2. */
	h.bytes = 8, h.type = 1;
	memset(h.data, 0, sizeof h.data);
	h.data[0] = 2;
	denied("open_by_handle_at", host(__NR_open_by_handle_at, AT_FDCWD, &h, O_RDONLY));
}

CHECK_OF("13", capabilities, SELF_PLAIN, NULL, "capabilities, or a way to get some")
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	memset(data, -1, sizeof data);
	long r = host(__NR_capget, &header, data);
	holds("none held", r == -ENOSYS || (r == 0 && !(data[0].effective | data[0].permitted |
							data[0].inheritable | data[1].effective |
							data[1].permitted)));
	int bounding = 0;
	for (int cap = 0; cap < 64; cap++)
		bounding += host(__NR_prctl, PR_CAPBSET_READ, cap) == 1;
	holds("none in the bounding set", bounding == 0);
	holds("no new privileges", host(__NR_prctl, PR_GET_NO_NEW_PRIVS) == 1);
}

CHECK_OF("13", capset, SELF_PLAIN, NULL, "capset and other users")
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct all[_LINUX_CAPABILITY_U32S_3] = {{~0u, ~0u, ~0u},
									     {~0u, ~0u, ~0u}};
	const struct __user_cap_data_struct one[_LINUX_CAPABILITY_U32S_3] = {{1, 1, 1}};
	unsigned group = 12345;
	refused("capset", host(__NR_capset, &header, all) & host(__NR_capset, &header, one));
	refused("setgroups", host(__NR_setgroups, 1, &group));
	refused("setresuid", host(__NR_setresuid, 12345, 12345, 12345));
	refused("setresgid", host(__NR_setresgid, 12345, 12345, 12345));
}

/* The test put a copy of this program in the directory, owned by another user, set-user-id. */
CHECK_OF("13", set_user_id, SELF_PLAIN, NULL, "a set-user-id program in a directory it is given")
{
	const char *copy = fact("SETUID");
	if (!*copy || host(__NR_access, copy, 1) < 0) {
		not_here("only root can prepare one");
		return;
	}
	long child = start_child();
	if (child == 0) {
		char *const argv[] = {(char *)copy, (char *)(through_gate() ? "gate" : "calls"),
				      "-", "privileged", NULL};
		host(__NR_execve, copy, argv, surroundings());
		end(2);
	}
	holds("its user stays", wait_child(child) != 1);
}

/* What a set-user-id program left behind in the caller's directory would do: run as the caller,
 * for anyone on the host who finds it. */
CHECK_OF("33", leave_set_user_id, SELF_PLAIN, NULL, "leaving a set-user-id program to the host")
{
	const int bits = 06755;
	long fd = host(__NR_open, "left", O_CREAT | O_RDWR, 0755);
	struct statx st = {0};
	if (fd < 0)
		broken("no file can be made", fd);
	host(__NR_chmod, "left", bits);
	host(__NR_fchmod, fd, bits);
	host(__NR_fchmodat, AT_FDCWD, "left", bits);
	host(452, AT_FDCWD, "left", bits, 0); /* fchmodat2, Linux 6.6 */
	host(__NR_statx, AT_FDCWD, "left", 0, STATX_MODE, &st);
	holds("by chmod", !(st.stx_mode & 06000));
	host(__NR_unlink, "left");

	host(__NR_umask, 0);
	host(__NR_close, host(__NR_open, "made", O_CREAT | O_RDWR, bits));
	host(__NR_close, host(__NR_openat, AT_FDCWD, "made", O_CREAT | O_RDWR, bits));
	host(__NR_close, host(__NR_creat, "made", bits));
	host(__NR_mknod, "made", S_IFREG | bits, 0);
	host(__NR_mknodat, AT_FDCWD, "made", S_IFREG | bits, 0);
	long r = host(__NR_statx, AT_FDCWD, "made", 0, STATX_MODE, &st);
	holds("by making one", r == -ENOENT || (r == 0 && !(st.stx_mode & 06000)));
	host(__NR_unlink, "made");
}

/* The mode lies in memory, where no filter sees it. */
CHECK_OF("33", openat2_set_user_id, SELF_PLAIN, NULL, "the same by openat2")
{
	const uint64_t how[3] = {O_CREAT | O_RDWR, 06755, 0}; /* struct open_how: linux/openat2.h */
	struct statx st = {0};
	host(__NR_umask, 0);
	host(__NR_openat2, AT_FDCWD, "made", how, sizeof how);
	long r = host(__NR_statx, AT_FDCWD, "made", 0, STATX_MODE, &st);
	holds("made without", r == -ENOENT || (r == 0 && !(st.stx_mode & 06000)));
	host(__NR_unlink, "made");
}

/* vfs capabilities, version 2: linux/capability.h */
CHECK_OF("33", leave_capabilities, SELF_PLAIN, NULL,
	 "leaving a program with capabilities, a device")
{
	const struct vfs_cap_data all = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
					 .data = {{~0u, 0}}};
	host(__NR_close, host(__NR_open, "left", O_CREAT | O_RDWR, 0755));
	refused("security.capability",
		host(__NR_setxattr, "left", "security.capability", &all, XATTR_CAPS_SZ_2, 0));
	refused("trusted", host(__NR_setxattr, "left", "trusted.x", "x", 1, 0));
	host(__NR_unlink, "left");
	refused("block device", host(__NR_mknod, "left", S_IFBLK | 0666, 254 << 8));
	refused("character device", host(__NR_mknod, "left", S_IFCHR | 0666, 1 << 8 | 1));
	host(__NR_unlink, "left");
}

/* A terminal or device there is the host's own unless the sandbox put another in its place, and a
 * file for reading is not the guest's.  One for writing was handed over, with its mode as with its
 * contents; pipes have no name anybody opens. */
CHECK_OF("33", stdio_modes, SELF_PLAIN, NULL,
	 "mode and times of the caller's terminal, device, or file for reading on 0-2")
{
	const long early[4] = {1, 1, 1, 1}; /* two struct timespec */
	int looked = 0;
	for (int fd = 0; fd <= 2; fd++) {
		struct statx was = {0}, is = {0};
		host(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &was);
		bool reads = (host(__NR_fcntl, fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
		bool own = host(__NR_ioctl, fd, TCGETS, scratch) == 0 && !is_hosts_terminal(fd);
		if (own || ((was.stx_mode & S_IFMT) != S_IFCHR &&
			    !((was.stx_mode & S_IFMT) == S_IFREG && reads)))
			continue;
		looked++;
		host(__NR_fchmod, fd, was.stx_mode ^ 0100);
		host(__NR_utimensat, fd, 0, early, 0);
		host(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &is);
		holds(digits(fd),
		      was.stx_mode == is.stx_mode && was.stx_mtime.tv_sec == is.stx_mtime.tv_sec);
	}
	if (!looked)
		not_here("none among 0-2");
}
