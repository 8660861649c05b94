/* Files and directories. */
#include "file.h"

#ifdef SYS_freebsd11_fstat
struct old_stat {
	uint32_t dev, ino;
	uint16_t mode, nlink;
	uint32_t uid, gid, rdev;
	struct timespec atim, mtim, ctim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags, gen;
	int32_t spare;
	struct timespec birthtim;
};
_Static_assert(sizeof(struct old_stat) == 120, "struct freebsd11_stat");
#endif

static char text[4096];

static void open_flags(void)
{
	long fd = sys(SYS_open, "f", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	CHECK(1, fd >= 0);
	IS(2, sys(SYS_open, "f", O_RDWR | O_CREAT | O_EXCL, 0640), -EEXIST);
	IS(3, sys(SYS_fcntl, fd, F_GETFD), 1);
	IS(4, sys(SYS_fcntl, fd, F_GETFL), O_RDWR);
	IS(5, sys(SYS_write, fd, "hello", 5), 5);
	IS(6, sys(SYS_symlink, "f", "link"), 0);
	/* O_NOFOLLOW on a symbolic link is not ELOOP. */
	IS(7, sys(SYS_open, "link", O_RDONLY | O_NOFOLLOW), -OPEN_LINK_ERROR);
	IS(8, sys(SYS_open, "missing", O_RDONLY), -ENOENT);
	IS(9, sys(SYS_open, "f", O_RDONLY | O_DIRECTORY), -ENOTDIR);
	IS(10, sys(SYS_open, ".", O_WRONLY), -EISDIR);
	/* A bit nobody defined, and both write-only and read-write. */
	IS(11, sys(SYS_open, "f", 3), -EINVAL);

	long app = sys(SYS_openat, AT_FDCWD, "f", O_WRONLY | O_APPEND | O_NONBLOCK);
	IS(12, sys(SYS_fcntl, app, F_GETFL), O_WRONLY | O_APPEND | O_NONBLOCK);
	IS(13, sys(SYS_fcntl, app, F_SETFL, O_APPEND), 0);
	IS(14, sys(SYS_fcntl, app, F_GETFL), O_WRONLY | O_APPEND);
	IS(15, sys(SYS_write, app, " you", 4), 4);
	IS(16, sys(SYS_pread, fd, text, sizeof text, 0), 9);
	IS(17, memcmp(text, "hello you", 9), 0);
	IS(18, sys(SYS_read, app, text, 1), -EBADF);
	IS(19, sys(SYS_close, app), 0);
	IS(20, sys(SYS_close, app), -EBADF);

	/* O_EXLOCK is open and flock(LOCK_EX) at once. */
	long locked = sys(SYS_open, "f", O_RDWR | O_EXLOCK | O_NONBLOCK);
	CHECK(21, locked >= 0);
	IS(22, sys(SYS_open, "f", O_RDWR | O_SHLOCK | O_NONBLOCK), -EAGAIN);
	IS(23, sys(SYS_flock, fd, LOCK_EX | LOCK_NB), -EAGAIN);
	IS(24, sys(SYS_close, locked), 0);
	IS(25, sys(SYS_flock, fd, LOCK_EX | LOCK_NB), 0);
	IS(26, sys(SYS_flock, fd, LOCK_UN), 0);
	IS(27, sys(SYS_close, fd), 0);
}

static void offsets(void)
{
	long fd = sys(SYS_open, "g", O_RDWR | O_CREAT | O_TRUNC, 0600);
	IS(28, sys(SYS_pwrite, fd, "abcdef", 6, 10), 6);
	IS(29, sys(SYS_lseek, fd, 0, 2), 16);
	IS(30, sys(SYS_lseek, fd, -6, 1), 10);
	IS(31, sys(SYS_read, fd, text, 2), 2);
	IS(32, sys(SYS_lseek, fd, 0, 1), 12);
	IS(33, sys(SYS_lseek, fd, -1, 0), -EINVAL);
	IS(34, sys(SYS_lseek, fd, 0, 99), -EINVAL);
	IS(35, sys(SYS_ftruncate, fd, 12), 0);
	IS(36, sys(SYS_truncate, "g", 11), 0);
	struct {
		void *base;
		size_t len;
	} v[2] = {{text, 10}, {text + 100, 10}};
	IS(37, sys(SYS_preadv, fd, v, 2, 0), 11);
	IS(38, text[100], 'a');
	IS(39, sys(SYS_lseek, fd, 0, 0), 0);
	IS(40, sys(SYS_readv, fd, v, 2), 11);
	IS(41, sys(SYS_readv, fd, v, 5000), -EINVAL);
	IS(42, sys(SYS_fsync, fd), 0);
#ifdef SYS_posix_fallocate
	/* Its error is its result, and no failure. */
	long out[2];
	IS(43, raw(out, SYS_posix_fallocate, fd, 0, 0), 0);
	IS(44, out[0], EINVAL);
#endif
	sys(SYS_close, fd);
}

static void stats(void)
{
	struct stat st;
	long fd = sys(SYS_open, "f", O_RDONLY);
	memset(&st, 0xff, sizeof st);
	IS(45, sys(SYS_fstat, fd, &st), 0);
	IS(47, st.mode, 0100640);
	CHECK(49, st.nlink == 1 && st.size == 9);
	IS(51, st.uid, (uint32_t)sys(SYS_geteuid));
	CHECK(52, st.spare[0] == 0 && st.spare[COUNT(st.spare) - 1] == 0);
	CHECK(53, st.blksize > 0 && st.mtim.sec > 1600000000);
	IS(54, sys(SYS_fstatat, AT_FDCWD, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	IS(55, st.mode & 0170000, 0120000);
	IS(60, sys(SYS_fstatat, AT_FDCWD, "f", &st, 0x40000000), -EINVAL);
	IS(61, sys(SYS_fstat, 999, &st), -EBADF);
#ifdef SYS_freebsd11_fstat
	struct old_stat old;
	memset(&old, 0xff, sizeof old);
	IS(46, sys(SYS_freebsd11_fstat, fd, &old), 0);
	sys(SYS_fstat, fd, &st);
	CHECK(48, old.mode == 0100640 && old.nlink == 1 && old.size == 9);
	CHECK(50, (uint32_t)st.ino == old.ino && st.mtim.sec == old.mtim.sec &&
			  st.mtim.nsec == old.mtim.nsec);
	IS(56, sys(SYS_freebsd11_lstat, "link", &old), 0);
	IS(57, old.mode & 0170000, 0120000);
	IS(58, sys(SYS_freebsd11_stat, "link", &old), 0);
	IS(59, old.mode & 0170000, 0100000);
#endif
	struct timespec times[2] = {{1000, 5}, {2000, 7}};
	IS(62, sys(SYS_utimensat, AT_FDCWD, "f", times, 0), 0);
	times[0].nsec = UTIME_OMIT;
	times[1].sec = 3000;
	IS(63, sys(SYS_futimens, fd, times), 0);
	sys(SYS_fstat, fd, &st);
	CHECK(64,
	      st.atim.sec == 1000 && st.atim.nsec == 5 && st.mtim.sec == 3000 && st.mtim.nsec == 7);
	sys(SYS_close, fd);
}

/* Every name of a directory once. */
static int count_names(bool *saw_file, bool *saw_sub)
{
	long fd = sys(SYS_open, "dir", O_RDONLY | O_DIRECTORY), got;
	int n = 0;
	static char buf[512];
	while ((got = read_entries(fd, buf, sizeof buf)) > 0)
		for (char *at = buf; at < buf + got; n++) {
			struct dirent *e = (struct dirent *)at;
			CHECK(65, ENTRY_LENGTH(e) > 0 && e->namlen == strlen(e->name));
			*saw_file |= !strcmp(e->name, "file-000") && e->type == 8;
			*saw_sub |= !strcmp(e->name, "sub") && e->type == 4;
			at += ENTRY_LENGTH(e);
		}
	sys(SYS_close, fd);
	return n;
}

#ifdef SYS_freebsd11_getdirentries
/* The form of before release 12: struct freebsd11_dirent. */
static int count_names_old(void)
{
	long fd = sys(SYS_open, "dir", O_RDONLY | O_DIRECTORY), base, got;
	int n = 0;
	static char buf[512];
	while ((got = sys(SYS_freebsd11_getdirentries, fd, buf, sizeof buf, &base)) > 0)
		for (char *at = buf; at < buf + got; n++) {
			uint16_t length = *(uint16_t *)(at + 4);
			CHECK(71, length > 0 && at[7] == (int)strlen(at + 8));
			CHECK(72, at[6] == (strcmp(at + 8, "sub") && at[8] != '.' ? 8 : 4));
			at += length;
		}
	sys(SYS_close, fd);
	return n;
}
#endif

static void directories(void)
{
	IS(66, sys(SYS_mkdir, "dir", 0755), 0);
	IS(67, sys(SYS_mkdir, "dir", 0755), -EEXIST);
	IS(68, sys(SYS_mkdir, "dir/sub", 0700), 0);
	char name[] = "dir/file-000";
	for (int i = 0; i < 40; i++) {
		name[10] = (char)('0' + i / 10);
		name[11] = (char)('0' + i % 10);
		sys(SYS_close, sys(SYS_open, name, O_CREAT | O_WRONLY, 0600));
	}
	bool file = false, sub = false;
	IS(69, count_names(&file, &sub), 43);
	CHECK(70, file && sub);
#ifdef SYS_freebsd11_getdirentries
	IS(71, count_names_old(), 43);
#endif
	IS(73, sys(SYS_rmdir, "dir"), -ENOTEMPTY);
	IS(74, sys(SYS_unlinkat, AT_FDCWD, "dir/sub", AT_REMOVEDIR), 0);
	IS(75, sys(SYS_rename, "dir/file-000", "dir/moved"), 0);
	IS(76, sys(SYS_link, "dir/moved", "dir/hard"), 0);
	IS(77, sys(SYS_unlink, "dir/moved"), 0);
	IS(78, sys(SYS_access, "dir/hard", 4), 0);
	IS(79, sys(SYS_access, "dir/moved", 0), -ENOENT);
	IS(80, sys(SYS_chmod, "dir/hard", 0400), 0);
	IS(81, sys(SYS_readlink, "link", text, sizeof text), 1);
	IS(82, sys(SYS_readlink, "f", text, sizeof text), -EINVAL);
	/* unlink of a directory is EPERM: unlink(2). */
	IS(83, sys(SYS_unlink, "dir"), -EPERM);
	IS(84, sys(SYS_chdir, "dir"), 0);
	long r = sys(SYS___getcwd, text, sizeof text);
	size_t n = strlen(text);
	IS(85, r, GETCWD_RESULT(n));
	CHECK(86, text[0] == '/' && n > 4 && !strcmp(text + n - 4, "/dir"));
	IS(87, sys(SYS___getcwd, text, 3), -ERANGE);
	IS(88, sys(SYS_chdir, ".."), 0);
}

static void locks(void)
{
	long fd = sys(SYS_open, "f", O_RDWR);
	struct flock l = {.start = 2, .len = 3, .type = F_WRLCK};
	IS(89, sys(SYS_fcntl, fd, F_SETLK, &l), 0);
	long child = sys(SYS_fork);
	if (child == 0) {
		struct flock other = {.start = 0, .len = 0, .type = F_RDLCK};
		long failed = 0;
		failed |= sys(SYS_fcntl, fd, F_SETLK, &other) != -EAGAIN;
		failed |= sys(SYS_fcntl, fd, F_GETLK, &other) != 0;
		failed |= other.type != F_WRLCK || other.start != 2 || other.len != 3;
		failed |= other.pid != sys(SYS_getppid);
		quit((int)failed);
	}
	IS(90, wait_for(child), 0);
	l.type = 77;
	IS(91, sys(SYS_fcntl, fd, F_SETLK, &l), -EINVAL);
	sys(SYS_close, fd);
}

static void descriptors(void)
{
	int ends[2];
	IS(92, make_pipe(ends, O_CLOEXEC | O_NONBLOCK), 0);
	IS(93, sys(SYS_fcntl, ends[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	IS(94, sys(SYS_read, ends[0], text, 1), -EAGAIN);
	IS(95, sys(SYS_write, ends[1], "xyz", 3), 3);
	int n = 0;
	IS(96, sys(SYS_ioctl, ends[0], FIONREAD, &n), 0);
	IS(97, n, 3);
	int off = 0;
	IS(98, sys(SYS_ioctl, ends[0], FIONBIO, &off), 0);
	IS(99, sys(SYS_fcntl, ends[0], F_GETFL) & O_NONBLOCK, 0);
	IS(100, make_pipe(ends, 0x40000000), -EINVAL);

	/* pipe(2) of old returns both ends in registers. */
	long two[2];
	IS(101, raw(two, PIPE_IN_REGISTERS), 0);
	IS(102, sys(SYS_write, two[1], "q", 1), 1);
	IS(103, sys(SYS_read, two[0], text, 9), 1);

	IS(104, sys(SYS_dup2, two[0], 100), 100);
	IS(105, sys(SYS_fcntl, two[0], F_DUPFD, 200), 200);
	IS(106, sys(SYS_fcntl, two[0], F_DUPFD_CLOEXEC, 200), 201);
	IS(107, sys(SYS_fcntl, 201, F_GETFD), 1);
#ifdef F_DUP2FD
	IS(108, sys(SYS_fcntl, two[0], F_DUP2FD, 202), 202);
	IS(109, sys(SYS_fcntl, two[0], F_DUP2FD_CLOEXEC, 203), 203);
	IS(110, sys(SYS_fcntl, 203, F_GETFD), 1);
#endif
#ifdef SYS_close_range
	IS(111, sys(SYS_close_range, 200, 203, 0), 0);
	IS(112, sys(SYS_close, 202), -EBADF);
#endif
	/* What the engine keeps for itself is not there for the guest. */
	for (long fd = 1000; fd < 1024; fd++)
		CHECK(113, sys(SYS_fcntl, fd, F_GETFD) == -EBADF);
	IS(114, sys(SYS_fcntl, two[0], 12345), -EINVAL);

	struct pollfd p[2] = {{(int)two[0], 1, 0}, {(int)two[1], 4, 0}};
	IS(115, sys(SYS_poll, p, 2, 0), 1);
	CHECK(116, p[0].revents == 0 && p[1].revents == 4);
	sys(SYS_write, two[1], "q", 1);
	IS(117, sys(SYS_poll, p, 2, 1000), 2);
	uint64_t in[16] = {0}, outs[16] = {0};
	in[two[0] / 64] |= 1UL << two[0] % 64;
	outs[two[1] / 64] |= 1UL << two[1] % 64;
	struct timeval zero = {0, 0};
	IS(118, sys(SYS_select, 128, in, outs, 0, &zero), 2);
	CHECK(119, in[two[0] / 64] == 1UL << two[0] % 64);
	struct pollfd none = {-1, 1, 5};
	long before = now_ms();
	IS(120, sys(SYS_poll, &none, 1, 50), 0);
	CHECK(121, now_ms() - before >= 50 && none.revents == 0);
	/* Neither a time nor for ever; more than SSIZE_MAX bytes; what is in no directory. */
	CHECK(124, sys(SYS_poll, &none, 1, -2) == -EINVAL &&
			   sys(SYS_write, 1, pages(1), -1L) == -EINVAL &&
			   sys(SYS_unlink, "/") == -UNLINK_ROOT_ERROR);
	struct pollfd bad = {998, 1, 0};
	IS(122, sys(SYS_poll, &bad, 1, 0), 1);
	IS(123, bad.revents, 0x20); /* POLLNVAL */
}

void test(int argc, char **argv, char **envp)
{
	open_flags();
	offsets();
	stats();
	directories();
	locks();
	descriptors();
}
