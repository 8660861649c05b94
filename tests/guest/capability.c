/* Capsicum: sys/capsicum.h, kern/sys_capability.c, kern/vfs_lookup.c, cap_enter(2),
 * cap_rights_limit(2), rights(4). */
#include "tests/guest/guest.h"

#define RIGHT(word, bit) (1UL << (57 + (word)) | (bit))
#define CAP_READ RIGHT(0, 1)
#define CAP_WRITE RIGHT(0, 2)
#define CAP_SEEK RIGHT(0, 0xc)
#define CAP_MMAP_R RIGHT(0, 0x1d)
#define CAP_CREATE RIGHT(0, 0x40)
#define CAP_FEXECVE RIGHT(0, 0x80)
#define CAP_LOOKUP RIGHT(0, 0x400)
#define CAP_FCNTL RIGHT(0, 0x8000)
#define CAP_FSTAT RIGHT(0, 0x80000)
#define CAP_UNLINKAT RIGHT(0, 0x10000400)
#define CAP_ALL0 RIGHT(0, 0xfffffffffff)
#define CAP_EVENT RIGHT(1, 0x20)
#define CAP_IOCTL RIGHT(1, 0x80)
#define CAP_ALL1 RIGHT(1, 0x7fffff)
#define NOTHING0 RIGHT(0, 0)
#define NOTHING1 RIGHT(1, 0)

enum {
	CREATE = 0x200,
	RDWR = 2,
	DIRECTORY = 0x20000,
	EXECUTE = 0x40000,
	CLOEXEC = 0x100000,
	GETFD = 1,
	GETFL = 3,
	SETFL = 4,
	GETOWN = 5,
	DUPFD = 0,
	CWD = -100,
	FIONREAD = 0x4004667f,
	FIONBIO = 0x8004667e,
	AT_REMOVEDIR = 0x800,
	ECAPMODE = 94,
};

static long limit(long fd, unsigned long first, unsigned long second)
{
	unsigned long rights[2] = {NOTHING0 | first, NOTHING1 | second};
	return sys(SYS_cap_rights_limit, fd, rights);
}

static unsigned long rights_at(long fd, int word)
{
	unsigned long rights[2] = {0, 0};
	long r = sys(SYS___cap_rights_get, 0, fd, rights);
	return r < 0 ? (unsigned long)r : rights[word];
}

static long file(const char *name)
{
	return sys(SYS_open, name, CREATE | RDWR, 0644);
}

static void limits(void)
{
	unsigned long wrong[2] = {NOTHING1, NOTHING1};
	char byte[8] = "abcdefg";
	long fd = file("limited"), copy;
	CHECK(1, fd >= 3);
	IS(2, rights_at(fd, 0), CAP_ALL0);
	IS(3, rights_at(fd, 1), CAP_ALL1);
	IS(4, sys(SYS_cap_rights_limit, fd, wrong), -EINVAL);
	wrong[0] = CAP_ALL0 | 1UL << 62;
	IS(5, sys(SYS_cap_rights_limit, fd, wrong), -EINVAL);
	IS(6, limit(999, CAP_READ, 0), -EBADF);
	IS(7, limit(fd, CAP_READ | CAP_WRITE | CAP_SEEK | CAP_FCNTL, CAP_IOCTL), 0);
	IS(8, rights_at(fd, 0), CAP_READ | CAP_WRITE | CAP_SEEK | CAP_FCNTL);
	IS(9, rights_at(fd, 1), CAP_IOCTL);
	IS(10, sys(SYS_write, fd, byte, 7), 7);
	IS(11, sys(SYS_fstat, fd, pages(1)), -ENOTCAPABLE);
	IS(12, sys(SYS_mmap, 0, PAGE, 1, 1, fd, 0), -ENOTCAPABLE);
	IS(13, limit(fd, CAP_READ | CAP_FSTAT, 0), -ENOTCAPABLE);
	/* A copy has the same, and loses more by itself. */
	copy = sys(SYS_dup, fd);
	IS(14, limit(copy, CAP_READ, 0), 0);
	IS(15, sys(SYS_write, copy, byte, 1), -ENOTCAPABLE);
	IS(16, sys(SYS_write, fd, byte, 1), 1);
	IS(17, sys(SYS_pread, copy, byte, 1, 0), -ENOTCAPABLE);
	IS(18, sys(SYS_dup2, copy, fd), fd);
	IS(19, sys(SYS_write, fd, byte, 1), -ENOTCAPABLE);
	IS(20, sys(SYS_fcntl, fd, GETFL), -ENOTCAPABLE);
	IS(21, sys(SYS_fcntl, fd, DUPFD, 50), 50);
	IS(22, rights_at(50, 0), CAP_READ);
	/* Closed, the number is as new. */
	sys(SYS_close, fd);
	IS(23, file("limited"), fd);
	IS(24, rights_at(fd, 0), CAP_ALL0);
	sys(SYS_close, fd);
	sys(SYS_close, copy);
	sys(SYS_close, 50);
}

static void commands(void)
{
	unsigned long two[2] = {FIONREAD, FIONBIO}, got[4];
	long fd = file("limited");
	int number;
	uint32_t which = 0;
	IS(30, sys(SYS_cap_fcntls_get, fd, &which), 0);
	IS(31, which, 0x78);
	IS(32, sys(SYS_cap_fcntls_limit, fd, 1), -EINVAL);
	IS(33, sys(SYS_cap_fcntls_limit, fd, 1 << GETFL), 0);
	CHECK(34, sys(SYS_fcntl, fd, GETFL) >= 0);
	IS(35, sys(SYS_fcntl, fd, SETFL, 4), -ENOTCAPABLE);
	IS(36, sys(SYS_fcntl, fd, GETFD), 0);
	IS(37, sys(SYS_cap_fcntls_limit, fd, 1 << GETOWN), -ENOTCAPABLE);
	IS(38, sys(SYS_cap_ioctls_get, fd, got, 4), 0x7fffffffffffffff);
	IS(39, sys(SYS_cap_ioctls_limit, fd, two, 257), -EINVAL);
	IS(40, sys(SYS_cap_ioctls_limit, fd, two, 1), 0);
	IS(41, sys(SYS_ioctl, fd, FIONREAD, &number), 0);
	IS(42, sys(SYS_ioctl, fd, FIONBIO, &number), -ENOTCAPABLE);
	IS(43, sys(SYS_cap_ioctls_limit, fd, two, 2), -ENOTCAPABLE);
	IS(44, sys(SYS_cap_ioctls_get, fd, got, 4), 1);
	IS(45, got[0], FIONREAD);
	/* Without the right itself there are none. */
	IS(46, limit(fd, CAP_READ, 0), 0);
	IS(47, sys(SYS_cap_ioctls_get, fd, got, 4), 0);
	IS(48, sys(SYS_cap_fcntls_get, fd, &which), 0);
	IS(49, which, 0);
	sys(SYS_close, fd);
}

/* What can be reached from a directory that is limited, or in capability mode. */
static void lookups(long dir, bool mode)
{
	long in;
	IS(50, sys(SYS_openat, dir, "../limited", 0, 0), -ENOTCAPABLE);
	IS(51, sys(SYS_openat, dir, "out", 0, 0), -ENOTCAPABLE); /* a link to ../limited */
	IS(52, sys(SYS_openat, dir, "root", 0, 0), -ENOTCAPABLE); /* a link to / */
	IS(53, sys(SYS_openat, dir, "sub/../../limited", 0, 0), -ENOTCAPABLE);
	in = sys(SYS_openat, dir, "sub/../file", 0, 0);
	CHECK(54, in >= 0);
	sys(SYS_close, in);
	in = sys(SYS_openat, dir, "here", 0, 0); /* a link to sub/../file */
	CHECK(55, in >= 0);
	sys(SYS_close, in);
	IS(56, sys(SYS_fstatat, dir, "sub/../../limited", pages(1), 0), -ENOTCAPABLE);
	IS(57, sys(SYS_fstatat, dir, "out", pages(1), 0x200), 0); /* the link itself */
	IS(58, sys(SYS_faccessat, dir, "out", 0, 0), -ENOTCAPABLE);
	if (mode) {
		IS(59, sys(SYS_openat, dir, "/", 0, 0), -ENOTCAPABLE);
		IS(60, sys(SYS_openat, CWD, "file", 0, 0), -ECAPMODE);
		IS(61, sys(SYS_mkdirat, dir, "new/", 0755), 0);
		IS(62, sys(SYS_mkdirat, dir, "../new", 0755), -ENOTCAPABLE);
		IS(63, sys(SYS_renameat, dir, "new", dir, "sub/newer"), 0);
		IS(64, sys(SYS_renameat, dir, "sub/newer", dir, "../newer"), -ENOTCAPABLE);
		IS(65, sys(SYS_unlinkat, dir, "sub/newer", AT_REMOVEDIR), 0);
	}
}

static void below(void)
{
	long dir, in;
	sys(SYS_mkdir, "d", 0755);
	sys(SYS_mkdir, "d/sub", 0755);
	sys(SYS_close, file("d/file"));
	IS(70, sys(SYS_symlink, "../limited", "d/out"), 0);
	IS(71, sys(SYS_symlink, "/", "d/root"), 0);
	IS(72, sys(SYS_symlink, "sub/../file", "d/here"), 0);
	dir = sys(SYS_open, "d", DIRECTORY, 0);
	CHECK(73, dir >= 3);
	in = sys(SYS_openat, dir, "../limited", 0, 0);
	CHECK(74, in >= 3);
	sys(SYS_close, in);
	IS(75, limit(dir, CAP_LOOKUP | CAP_READ | CAP_FSTAT, 0), 0);
	lookups(dir, false);
	/* A file found there has no more rights than the directory. */
	in = sys(SYS_openat, dir, "file", 0, 0);
	IS(76, rights_at(in, 0), CAP_LOOKUP | CAP_READ | CAP_FSTAT);
	IS(77, sys(SYS_openat, dir, "file", RDWR, 0), -ENOTCAPABLE);
	IS(78, sys(SYS_unlinkat, dir, "file", 0), -ENOTCAPABLE);
	IS(79, sys(SYS_fchdir, dir), -ENOTCAPABLE);
	sys(SYS_close, in);
	sys(SYS_close, dir);
}

static void waiting(void)
{
	struct {
		int fd;
		short events, revents;
	} p = {0, 1, 0};
	struct {
		uint64_t ident;
		int16_t filter;
		uint16_t flags;
		uint32_t fflags;
		int64_t data;
		void *udata;
		uint64_t ext[4];
	} change = {0, -1, 1, 0, 0, 0, {0}};
	uint64_t set[16] = {0};
	struct timeval at_once = {0, 0};
	int ends[2];
	long kq = sys(SYS_kqueue);
	sys(SYS_pipe2, ends, 0);
	IS(80, limit(ends[0], CAP_READ, 0), 0);
	change.ident = (uint64_t)ends[0];
	IS(81, sys(SYS_kevent, kq, &change, 1, 0, 0, 0), -ENOTCAPABLE);
	p.fd = ends[0];
	IS(82, sys(SYS_poll, &p, 1, 0), 1);
	IS(83, p.revents, 0x20); /* POLLNVAL */
	set[ends[0] / 64] = 1UL << (ends[0] % 64);
	IS(84, sys(SYS_select, ends[0] + 1, set, 0, 0, &at_once), -ENOTCAPABLE);
	/* As high as a set's upper half. */
	set[ends[0] / 64] = 1UL << 40;
	sys(SYS_dup2, ends[0], 40);
	IS(85, sys(SYS_select, 41, set, 0, 0, &at_once), -ENOTCAPABLE);
	sys(SYS_close, 40);
	sys(SYS_close, ends[0]);
	sys(SYS_close, ends[1]);
	sys(SYS_close, kq);
}

/* The program again, with descriptor 40 limited and, `mode`, in capability mode. */
static void executed(bool mode)
{
	uint32_t now = 2;
	IS(90, rights_at(40, 0), CAP_READ | CAP_LOOKUP);
	IS(91, sys(SYS_write, 40, "x", 1), -ENOTCAPABLE);
	IS(92, sys(SYS_cap_getmode, &now), 0);
	IS(93, now, mode);
	if (mode)
		IS(94, sys(SYS_open, "limited", 0, 0), -ECAPMODE);
}

/* The exit status of this program, executed by a child that is limited. */
static int limited_exec(const char *name, char *how, bool enters)
{
	char *argv[] = {(char *)name, how, 0}, *envp[] = {0};
	long self = sys(SYS_open, name, 0, 0), child = sys(SYS_fork);
	if (child == 0) {
		sys(SYS_dup2, sys(SYS_open, "limited", 0, 0), 40);
		limit(40, CAP_READ | CAP_LOOKUP, 0);
		if (enters)
			sys(SYS_cap_enter);
		quit((int)-sys(SYS_fexecve, self, argv, envp));
	}
	sys(SYS_close, self);
	return wait_for(child);
}

static long sysctl(const char *name)
{
	uint32_t value[16];
	size_t size = sizeof value;
	return sys(SYS___sysctlbyname, name, strlen(name), value, &size, 0, 0);
}

static void mode(const char *name)
{
	char *argv[] = {(char *)name, 0}, *envp[] = {0};
	uint32_t now = 2, address[4] = {16 | 2 << 8, 0x0100007f, 0, 0};
	int ends[2];
	long dir = sys(SYS_open, "d", DIRECTORY, 0), other, udp, script = file("script");
	sys(SYS_write, script, "#!/script\n", 10);
	sys(SYS_fchmod, script, 0755);
	sys(SYS_close, script);
	script = sys(SYS_open, "script", 0, 0);
	sys(SYS_pipe2, ends, CLOEXEC);
	other = sys(SYS_fork);
	if (other == 0) {
		sys(SYS_close, ends[1]);
		sys(SYS_read, ends[0], &now, 1); /* to the parent's end */
		quit(0);
	}
	IS(100, sys(SYS_cap_getmode, &now), 0);
	IS(101, now, 0);
	CHECK(102, sysctl("kern.securelevel") >= 0);
	IS(103, sys(SYS_cap_enter), 0);
	sys(SYS_cap_getmode, &now);
	IS(104, now, 1);
	IS(105, sys(SYS_open, "limited", 0, 0), -ECAPMODE);
	IS(106, sys(SYS_chdir, "/"), -ECAPMODE);
	IS(124, sys(SYS_fexecve, script, argv, envp), -ECAPMODE);
	IS(107, sys(SYS_execve, name, argv, envp), -ECAPMODE);
	IS(108, sys(SYS_kill, other, 0), -ECAPMODE);
	IS(109, sys(SYS_kill, sys(SYS_getpid), 0), 0);
	lookups(dir, true);
	IS(110, sysctl("kern.securelevel"), -EPERM);
	CHECK(111, sysctl("kern.osreldate") >= 0);
	udp = sys(SYS_socket, 2, 2, 0);
	CHECK(112, udp >= 0);
	IS(113, sys(SYS_sendto, udp, "x", 1, 0, address, 16), -ECAPMODE);
	CHECK(114, sys(SYS_bind, udp, address, 16) == -ECAPMODE &&
			   sys(SYS_bindat, dir, sys(SYS_socket, 1, 1, 0), "\x0c\1/tmp/name", 12) ==
				   -ENOTCAPABLE);
	IS(115, sys(SYS_shm_open2, "/name", 0x202, 0600, 0, 0), -ECAPMODE);
	CHECK(116, sys(SYS_shm_open2, 1, 2, 0600, 0, 0) >= 0);
	IS(117, sys(SYS_cap_enter), 0);
	other = sys(SYS_fork);
	if (other == 0)
		quit(sys(SYS_open, "limited", 0, 0) == -ECAPMODE ? 0 : 1);
	IS(118, wait_for(other), 0);
}

/* Rights go along with what is sent: uipc_usrreq.c, unp_internalize(). */
static void sent(void)
{
	int ends[2], free = (int)file("limited"), fd = (int)file("limited");
	struct {
		uint32_t length;
		int level, type, padding, fd[2];
	} control = {24, 0xffff, 1, 0, {free, fd}}, got = {0, 0, 0, 0, {-1, -1}};
	struct {
		void *base;
		size_t n;
	} vector = {pages(1), 1};
	struct {
		void *name;
		long name_length;
		void *vectors;
		long n;
		void *control;
		uint32_t control_length, flags;
	} message = {0, 0, &vector, 1, &control, 24, 0};
	sys(SYS_socketpair, 1, 1, 0, ends);
	IS(95, limit(fd, CAP_READ, 0), 0);
	IS(96, sys(SYS_sendmsg, ends[0], &message, 0), 1);
	sys(SYS_close, fd);
	message.control = &got;
	IS(97, sys(SYS_recvmsg, ends[1], &message, 0), 1);
	CHECK(98, message.control_length == 24 && got.length == 24);
	IS(99, rights_at(got.fd[0], 0), CAP_ALL0);
	IS(119, rights_at(got.fd[1], 0), CAP_READ);
	IS(120, sys(SYS_write, got.fd[1], "x", 1), -ENOTCAPABLE);
	/* Nothing else came. */
	fd = got.fd[0] > got.fd[1] ? got.fd[0] : got.fd[1];
	IS(121, sys(SYS_fcntl, fd + 1, GETFD), -EBADF);
	for (int i = 0; i < 2; i++) {
		sys(SYS_close, ends[i]);
		sys(SYS_close, got.fd[i]);
	}
	sys(SYS_close, free);
}

void test(int argc, char **argv, char **envp)
{
	if (argc > 1) {
		executed(argv[1][0] == 'm');
		return;
	}
	limits();
	commands();
	below();
	waiting();
	sent();
	IS(122, limited_exec(argv[0], "plain", false), 0);
	IS(123, limited_exec(argv[0], "mode", true), 0);
	mode(argv[0]);
}
