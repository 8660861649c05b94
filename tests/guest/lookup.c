/* Paths that must stay beneath a directory (AT_RESOLVE_BENEATH, sys/fcntl.h; all of the ...at
 * calls of sys/kern/vfs_syscalls.c that take it), and those that are empty. */
#include "tests/guest/guest.h"

enum { O_RDWR = 2, O_CREAT = 0x200, O_DIRECTORY = 0x20000 };
enum {
	NOFOLLOW = 0x200,
	FOLLOW = 0x400,
	REMOVEDIR = 0x800,
	BENEATH = 0x2000,
	EMPTY_PATH = 0x4000,
};
#define FD_NONE (-200)
#define AT_FDCWD (-100)

static long base;
static char status[224];
#define MODE(at) (*(uint16_t *)((at) + 24) & 07777)

static void make(const char *path)
{
	sys(SYS_close, sys(SYS_open, path, O_RDWR | O_CREAT, 0644));
}

/* base/file, base/in -> file, base/out -> ../target, base/under/../../target; target */
static void set_up(void)
{
	sys(SYS_mkdir, "base", 0755);
	sys(SYS_mkdir, "base/under", 0755);
	sys(SYS_mkdir, "outside", 0755);
	make("base/file");
	make("target");
	sys(SYS_symlink, "file", "base/in");
	sys(SYS_symlink, "../target", "base/out");
	base = sys(SYS_open, "base", O_DIRECTORY);
	CHECK(1, base >= 0);
}

static void looking(void)
{
	IS(2, sys(SYS_faccessat, base, "file", 4, BENEATH), 0);
	IS(3, sys(SYS_faccessat, base, "in", 4, BENEATH), 0);
	IS(4, sys(SYS_faccessat, base, "out", 4, BENEATH), -ENOTCAPABLE);
	IS(5, sys(SYS_faccessat, base, "out", 4, BENEATH | NOFOLLOW), 0);
	IS(6, sys(SYS_faccessat, base, "../target", 4, BENEATH), -ENOTCAPABLE);
	IS(7, sys(SYS_faccessat, base, "under/../../target", 4, BENEATH), -ENOTCAPABLE);
	IS(8, sys(SYS_faccessat, base, "under/../file", 4, BENEATH), 0);
	IS(9, sys(SYS_faccessat, base, "/etc", 4, BENEATH), -ENOTCAPABLE);
	IS(10, sys(SYS_fstatat, base, "../target", status, BENEATH), -ENOTCAPABLE);
	IS(11, sys(SYS_fstatat, base, "in", status, BENEATH), 0);
	IS(12, sys(SYS_fstatat, base, "", status, BENEATH | EMPTY_PATH), 0);
	IS(13, sys(SYS_fstatat, base, "none", status, BENEATH), -ENOENT);
}

static void changing(void)
{
	long times[4] = {1000, 0, 2000, 0};

	IS(14, sys(SYS_fchmodat, base, "in", 0600, BENEATH), 0);
	IS(15, sys(SYS_fstatat, base, "file", status, 0), 0);
	IS(16, MODE(status), 0600);
	IS(17, sys(SYS_fchmodat, base, "out", 0600, BENEATH), -ENOTCAPABLE);
	IS(18, sys(SYS_fchownat, base, "file", -1, -1, BENEATH), 0);
	IS(19, sys(SYS_fchownat, base, "../target", -1, -1, BENEATH), -ENOTCAPABLE);
	IS(20, sys(SYS_chflagsat, base, "file", 0, BENEATH), 0);
	IS(21, sys(SYS_chflagsat, base, "../target", 0, BENEATH), -ENOTCAPABLE);
	IS(22, sys(SYS_utimensat, base, "in", times, BENEATH), 0);
	IS(23, sys(SYS_utimensat, base, "in", 0, BENEATH), 0);
	IS(24, sys(SYS_utimensat, base, "out", times, BENEATH), -ENOTCAPABLE);
	IS(25, sys(SYS_utimensat, base, "in", 8, 0), -EFAULT);
	/* An empty path means what is open. */
	IS(26, sys(SYS_fchmodat, base, "", 0700, EMPTY_PATH), 0);
	IS(27, sys(SYS_fstatat, AT_FDCWD, "base", status, 0), 0);
	IS(28, MODE(status), 0700);
	IS(29, sys(SYS_chflagsat, base, "", 0, EMPTY_PATH | BENEATH), 0);
	IS(30, sys(SYS_utimensat, base, "", times, EMPTY_PATH), 0);
	IS(31, sys(SYS_fchmodat, base, "", 0700, 0), -ENOENT);
	IS(32, sys(SYS_fchmodat, base, "file", 0600, 0x10000), -EINVAL);
}

static void names(void)
{
	IS(33, sys(SYS_linkat, base, "file", base, "second", BENEATH), 0);
	IS(34, sys(SYS_linkat, base, "in", base, "third", BENEATH | FOLLOW), 0);
	IS(35, sys(SYS_fstatat, base, "third", status, NOFOLLOW), 0);
	IS(36, *(uint64_t *)(status + 16), 3); /* the file's links, not a link to the link */
	IS(37, sys(SYS_linkat, base, "../target", base, "x", BENEATH), -ENOTCAPABLE);
	IS(38, sys(SYS_linkat, base, "out", base, "x", BENEATH | FOLLOW), -ENOTCAPABLE);
	IS(39, sys(SYS_unlinkat, base, "second", BENEATH), 0);
	IS(40, sys(SYS_unlinkat, base, "../target", BENEATH), -ENOTCAPABLE);
	IS(41, sys(SYS_unlinkat, base, "out", BENEATH), 0); /* the link itself */
	IS(42, sys(SYS_unlinkat, base, "../outside", BENEATH | REMOVEDIR), -ENOTCAPABLE);
	IS(43, sys(SYS_funlinkat, base, "third", FD_NONE, BENEATH), 0);
	long other = sys(SYS_open, "target", 0);
	IS(44, sys(SYS_funlinkat, base, "file", other, BENEATH), -EDEADLK);
	IS(45, sys(SYS_funlinkat, base, "../target", other, BENEATH), -ENOTCAPABLE);
	IS(46, sys(SYS_funlinkat, base, "under", FD_NONE, BENEATH | REMOVEDIR), 0);
	/* What was opened on the way is closed. */
	IS(47, sys(SYS_dup, other), other + 1);
}

/* A watch by a name in an open directory; names take no more room than they need. */
static void watches(void)
{
	struct {
		int wd;
		uint32_t mask, cookie, length;
		char name[32];
	} event;
	int flags = 4; /* IN_NONBLOCK */
	long fd = sys(SYS___specialfd, 2, &flags, sizeof flags);
	long here = sys(SYS_open, ".", O_DIRECTORY);

	CHECK(48, fd >= 0);
	long wd = sys(SYS_inotify_add_watch_at, fd, here, "target", 0x4 /* IN_ATTRIB */);
	CHECK(49, wd >= 0);
	CHECK(50, sys(SYS_inotify_add_watch_at, fd, base, "../target", 4) == wd &&
			  sys(SYS_inotify_add_watch_at, fd, base, "", 4) == -ENOENT &&
			  sys(SYS_inotify_add_watch_at, fd, base, "none", 4) == -ENOENT);
	IS(51, sys(SYS_fchmodat, here, "target", 0600, 0), 0);
	IS(52, sys(SYS_read, fd, &event, sizeof event), 16);
	CHECK(53, event.wd == wd && event.mask == 4 && event.length == 0);
	IS(54, sys(SYS_inotify_rm_watch, fd, wd), 0);
	IS(87, sys(SYS_read, fd, &event, 16), 16);
	CHECK(88, event.wd == wd && event.mask == 0x8000 /* IN_IGNORED */);

	wd = sys(SYS_inotify_add_watch_at, fd, here, "base", 0x100 /* IN_CREATE */);
	CHECK(70, wd >= 0);
	make("base/abc");
	make("base/abcd");
	IS(71, sys(SYS_read, fd, &event, 16), -EINVAL); /* no room for a name */
	IS(72, sys(SYS_read, fd, &event, 20), 20);
	CHECK(73, event.wd == wd && event.mask == 0x100 && event.length == 4 &&
			  !strcmp(event.name, "abc"));
	IS(74, sys(SYS_read, fd, &event, 23), 16); /* "abcd" and its NUL need 24 */
	CHECK(75, event.wd == -1 && event.mask == 0x4000 /* IN_Q_OVERFLOW */);
	IS(76, sys(SYS_read, fd, &event, 24), -EAGAIN);
	sys(SYS_unlinkat, base, "abc", 0);
	sys(SYS_unlinkat, base, "abcd", 0);
	sys(SYS_close, fd);
	sys(SYS_close, here);
}

/* Local sockets by names in an open directory. */
static void sockets(void)
{
	static const char name[] = "\x06\1sock", above[] = "\x0a\1../socket";
	long server = sys(SYS_socket, 1, 1, 0), client = sys(SYS_socket, 1, 1, 0);
	long other = sys(SYS_socket, 1, 1, 0);

	IS(77, sys(SYS_bindat, base, server, name, 6), 0);
	IS(78, sys(SYS_fstatat, base, "sock", status, NOFOLLOW), 0);
	IS(79, sys(SYS_listen, server, 5), 0);
	IS(80, sys(SYS_connectat, base, client, name, 6), 0);
	IS(81, sys(SYS_bindat, base, other, name, 6), -EADDRINUSE);
	IS(82, sys(SYS_bindat, base, other, above, 11), 0);
	IS(83, sys(SYS_fstatat, AT_FDCWD, "socket", status, NOFOLLOW), 0);
	IS(84, sys(SYS_connectat, base, other, "\x06\1none", 6), -ENOENT);
	IS(85, sys(SYS_connectat, base, other, "\x02\1", 2), -EINVAL);
	IS(86, sys(SYS_bindat, server, other, name, 6), -ENOTDIR);
	sys(SYS_unlinkat, base, "sock", 0);
	sys(SYS_close, server);
	sys(SYS_close, client);
	sys(SYS_close, other);
}

/* Kernel files and modules: sys/linker.h, sys/module.h. */
static void modules(void)
{
	static struct {
		int version;
		char name[1024];
		int references, id;
		void *address;
		size_t size;
		char path[1024];
	} file;
	struct {
		int version;
		char name[32];
		int references, id;
		long data;
	} module = {.version = sizeof module};

	IS(55, sys(SYS_kldnext, 0), 1);
	IS(56, sys(SYS_kldnext, 1), 0);
	IS(57, sys(SYS_kldfind, "/boot/kernel/kernel"), 1);
	IS(58, sys(SYS_kldfind, "zfs.ko"), -ENOENT);
	IS(59, sys(SYS_kldstat, 1, &file), -EINVAL);
	file.version = sizeof file;
	IS(60, sys(SYS_kldstat, 1, &file), 0);
	CHECK(61, file.id == 1 && !strcmp(file.name, "kernel") && !file.address);
	IS(62, sys(SYS_kldload, "zfs"), -EPERM);

	long first = sys(SYS_kldfirstmod, 1), sysv = sys(SYS_modfind, "sysvmsg"), n = 0;
	CHECK(63, first > 0 && first == sys(SYS_modnext, 0) && sysv > 0);
	for (long m = first; m > 0; m = sys(SYS_modfnext, m))
		n++;
	CHECK(64, n >= sysv);
	IS(65, sys(SYS_modstat, sysv, &module), 0);
	CHECK(66, module.id == sysv && !strcmp(module.name, "sysvmsg") && module.data == 0);
	IS(67, sys(SYS_modfind, "none"), -ENOENT);
	IS(68, sys(SYS_modnext, -1), -ENOENT);
	IS(69, sys(SYS_modstat, sysv, 0), -EFAULT);
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	set_up();
	looking();
	changing();
	names();
	watches();
	sockets();
	modules();
}
