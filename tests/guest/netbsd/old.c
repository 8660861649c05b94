/* Calls that releases before 6.0 (and 4.0, and 10.0) made, with a time_t of 32 bits and smaller structures:
 * sys/compat of NetBSD 7.99. */
#include "tests/guest/guest.h"
#include "file.h"

enum { CREATE_RDWR = 0x202 };

struct timespec50 {
	int32_t sec, pad;
	int64_t nsec;
};
struct timeval50 {
	int64_t sec, usec;
};

static void clocks(void)
{
	struct timespec now;
	struct timespec50 old = {-1, -1, -1}, short_time = {.nsec = 1000000}, wrong = {.nsec = -1};
	struct timeval50 day, none = {0};

	IS(1, sys(SYS_compat_50_clock_gettime, 3, &old), 0);
	IS(2, old.pad, 0);
	IS(3, sys(SYS_clock_gettime, 3, &now), 0);
	CHECK(4, now.sec - old.sec >= 0 && now.sec - old.sec < 60);
	IS(5, sys(SYS_compat_50_clock_getres, 3, &old), 0);
	CHECK(6, old.sec == 0 && old.nsec > 0);
	IS(7, sys(SYS_compat_50_clock_getres, 3, 0), 0);
	IS(8, sys(SYS_compat_50_clock_gettime, 3, 8), -EFAULT);
	IS(9, sys(SYS_compat_50_gettimeofday, &day, 0), 0);
	CHECK(10, day.sec > 1600000000 && day.usec >= 0 && day.usec < 1000000);
	IS(11, sys(SYS_compat_50_nanosleep, &short_time, &old), 0);
	IS(12, sys(SYS_compat_50_nanosleep, &wrong, 0), -EINVAL);
	IS(13, sys(SYS_compat_50_nanosleep, 8, 0), -EFAULT);
	IS(14, sys(SYS_compat_50_select, 0, 0, 0, 0, &none), 0);
	IS(15, sys(SYS_compat_50_pselect, 0, 0, 0, 0, &short_time, 0), 0);
	IS(16, sys(SYS_compat_50_pollts, 0, 0, &short_time, 0), 0);
	IS(17, sys(SYS_compat_50_pollts, 0, 0, &wrong, 0), -EINVAL);
	long kq = sys(SYS_kqueue);
	IS(18, sys(SYS_compat_50_kevent, kq, 0, 0, &now, 0, &short_time), 0);
	IS(19, sys(SYS_compat_50_settimeofday, &day, 0), -EPERM);
	IS(20, sys(SYS_compat_50__lwp_park, &short_time, 0, 0, 0), -ETIMEDOUT); /* long ago */
}

static void timers(void)
{
	struct {
		struct timespec50 interval, value;
	} set = {.value = {.sec = 1000}}, got;
	struct {
		struct timeval50 interval, value;
	} it = {.value = {.sec = 1000}}, was;
	int timer;

	IS(30, sys(SYS_timer_create, 3, 0, &timer), 0);
	IS(31, sys(SYS_compat_50_timer_settime, timer, 0, &set, 0), 0);
	IS(32, sys(SYS_compat_50_timer_gettime, timer, &got), 0);
	CHECK(33, got.value.sec >= 900 && got.value.sec <= 1000 && got.value.pad == 0);
	IS(34, sys(SYS_compat_50_setitimer, 0, &it, 0), 0);
	IS(35, sys(SYS_compat_50_getitimer, 0, &was), 0);
	CHECK(36, was.value.sec >= 900 && was.value.usec >= 0 && was.interval.usec == 0);
	it.value.sec = 0;
	IS(37, sys(SYS_compat_50_setitimer, 0, &it, &was), 0);
	CHECK(38, was.value.sec >= 900);
}

static void children(void)
{
	int64_t usage[18];
	int status;
	long pid = sys(SYS_fork);

	if (pid == 0)
		quit(7);
	memset(usage, 0xee, sizeof usage);
	IS(40, sys(SYS_compat_50_wait4, pid, &status, 0, usage), pid);
	IS(41, status, 7 << 8);
	CHECK(42, usage[1] >= 0 && usage[1] < 1000000 && usage[3] >= 0 && usage[3] < 1000000);
	IS(43, sys(SYS_compat_50_getrusage, 0, usage), 0);
	CHECK(44, usage[1] >= 0 && usage[1] < 1000000 && usage[4] > 0);
}

struct stat13 {
	uint32_t dev, ino, mode, nlink, uid, gid, rdev;
	struct timespec50 atim, mtim, ctim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags, gen, spare;
	struct timespec50 birthtim;
};
_Static_assert(sizeof(struct stat13) == 128, "compat/sys/stat.h");
struct stat30 {
	uint32_t dev, mode;
	uint64_t ino;
	uint32_t nlink, uid, gid, rdev;
	struct timespec50 atim, mtim, ctim, birthtim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags, gen, spare[2];
};
_Static_assert(sizeof(struct stat30) == 136, "compat/sys/stat.h");

struct dirent12 {
	uint32_t fileno;
	uint16_t reclen;
	uint8_t type, namlen;
	char name[];
};

static void files(void)
{
	const char *name = "/tmp/old.file";
	struct timeval50 times[2] = {{1000000000, 1}, {1100000000, 999999}};
	struct stat now;
	struct stat13 s13;
	struct stat30 s30;
	long fd = sys(SYS_open, name, CREATE_RDWR, 0640);

	CHECK(50, fd >= 0);
	IS(51, sys(SYS_write, fd, "abc", 3), 3);
	IS(52, sys(SYS_compat_50_utimes, name, times), 0);
	IS(53, sys(SYS_fstat, fd, &now), 0);
	CHECK(54, now.mtim.sec == 1100000000 && now.mtim.nsec == 999999000);
	memset(&s30, 0xee, sizeof s30);
	IS(55, sys(SYS_compat_50___stat30, name, &s30), 0);
	CHECK(56, s30.dev == now.dev && s30.ino == now.ino && s30.mode == 0100640);
	CHECK(57, s30.nlink == 1 && s30.size == 3 && s30.mtim.sec == 1100000000);
	CHECK(58, s30.mtim.pad == 0 && s30.mtim.nsec == 999999000 && s30.spare[1] == 0);
	IS(59, sys(SYS_compat_50___fstat30, fd, &s30), 0);
	IS(60, s30.atim.sec, 1000000000);
	memset(&s13, 0xee, sizeof s13);
	IS(61, sys(SYS_compat_30___lstat13, name, &s13), 0);
	CHECK(62, s13.ino == (uint32_t)now.ino && s13.mode == 0100640 && s13.nlink == 1);
	CHECK(63, s13.size == 3 && s13.mtim.sec == 1100000000 && s13.rdev == 0);
	CHECK(64, s13.birthtim.pad == 0 && s13.blksize == now.blksize);
	times[0].usec = 1000000;
	IS(65, sys(SYS_compat_50_futimes, fd, times), -EINVAL);
	IS(66, sys(SYS_compat_50_lutimes, name, 0), 0);

	char list[1024];
	bool found = false;
	long dir = sys(SYS_open, "/tmp", 0),
	     n = sys(SYS_compat_30_getdents, dir, list, sizeof list);
	for (long at = 0; at < n;) {
		const struct dirent12 *e = (void *)(list + at);

		CHECK(67, e->namlen == strlen(e->name) && e->reclen % 4 == 0 && e->reclen > 8);
		found |= !strcmp(e->name, "old.file") && e->type == 8;
		at += e->reclen;
	}
	CHECK(68, found);

	/* struct statvfs: the names at 172, 204 and 1228. */
	static char old[2256], new[3296];
	IS(69, sys(SYS_compat_90_statvfs1, "/tmp", old, 1), 0);
	IS(70, sys(SYS___statvfs190, "/tmp", new, 1), 0);
	CHECK(71, !strcmp(old + 172, new + 192) && !strcmp(old + 204, new + 224));
	CHECK(72, !memcmp(old, new, 40) && old[172]);
	IS(73, sys(SYS_compat_90_fstatvfs1, fd, old, 1), 0);
	CHECK(74, sys(SYS_compat_90_getvfsstat, old, sizeof old, 2) == 1 && old[204] == '/');

	IS(75, sys(SYS_compat_50_mknod, "/tmp/old.fifo", 010600, 0), 0);
	IS(76, sys(SYS_compat_50___lstat30, "/tmp/old.fifo", &s30), 0);
	IS(77, s30.mode, 010600);
	IS(78, sys(SYS_unlink, "/tmp/old.fifo"), 0);
	IS(79, sys(SYS_unlink, name), 0);
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	clocks();
	timers();
	children();
	files();
}
