/* Calls on files, terminals, clocks and limits, made one by one in the loop engine with the
 * system's own numbers and layouts (FreeBSD 15 and 13.2 headers). */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "syscalls/engine/loop/loop.h"

Suite *file_suite(void);

static struct loop_thread *thread;
static struct process *process;
static const struct personality *system_;
static char dir[64], before[4096];

static void setup(void)
{
	thread = calloc(1, sizeof *thread);
	process = calloc(1, sizeof *process);
	ck_assert(thread && process);
	for_each_personality(p)
		if (!strcmp(p->name, "freebsd"))
			system_ = p;
	loop_begin(thread, process, system_);
	(void)snprintf(dir, sizeof dir, "/tmp/guise-file-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_ptr_nonnull(getcwd(before, sizeof before));
	ck_assert_int_eq(chdir(dir), 0);
}

static void teardown(void)
{
	char command[128];

	ck_assert_int_eq(chdir(before), 0);
	(void)snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
	free(thread);
	free(process);
}

#define CALL_(nr, ...) \
	loop_call(thread, nr, (const uint64_t[]){__VA_ARGS__}, \
		  sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))
#define AT(p) ((uint64_t)(uintptr_t)(p))
#define HERE ((uint64_t)-100)

/* sys/fcntl.h */
enum {
	G_NONBLOCK = 0x4,
	G_APPEND = 0x8,
	G_SHLOCK = 0x10,
	G_EXLOCK = 0x20,
	G_SYNC = 0x80,
	G_NOFOLLOW = 0x100,
	G_CREAT = 0x200,
	G_TRUNC = 0x400,
	G_EXCL = 0x800,
	G_DIRECT = 0x10000,
	G_DIRECTORY = 0x20000,
	G_EXEC = 0x40000,
	G_CLOEXEC = 0x100000,
	G_VERIFY = 0x200000,
	G_PATH = 0x400000,
	G_BENEATH = 0x800000,
	G_EMPTY_PATH = 0x2000000,
	G_NAMEDATTR = 0x4000000,
};

static long open_(const char *path, int flags)
{
	return CALL_(5, AT(path), (uint64_t)flags, 0644);
}

/* ---- open ---------------------------------------------------------------------------- */

START_TEST(open_flags_come_back)
{
	static const int sets[] = {
		0,
		1,
		2,
		2 | G_APPEND,
		2 | G_NONBLOCK,
		1 | G_SYNC,
		0x1000000,
		G_PATH,
		1 | G_APPEND | G_NONBLOCK,
	};
	ck_assert_int_ge(close((int)open_("f", 2 | G_CREAT)), 0);
	int flags = sets[_i];
	long fd = open_("f", flags);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(CALL_(92, (uint64_t)fd, 3), flags);
	(void)close((int)fd);
}
END_TEST

START_TEST(open_fails_as_there)
{
	ck_assert_int_ge(close((int)open_("f", 2 | G_CREAT)), 0);
	ck_assert_int_eq(symlink("f", "link"), 0);
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_eq(open_("link", G_NOFOLLOW), -EMLINK);
	ck_assert_int_eq(open_("link", G_NOFOLLOW | G_DIRECTORY), -EMLINK);
	ck_assert_int_eq(open_("loop", 0), -ELOOP);
	ck_assert_int_eq(open_("fifo", 1 | G_NONBLOCK), -ENXIO);
	ck_assert_int_eq(open_("d", 1), -EISDIR);
	ck_assert_int_eq(open_("f", G_DIRECTORY), -ENOTDIR);
	ck_assert_int_eq(open_("f", 3), -EINVAL);
	ck_assert_int_eq(open_("f", 0x1000), -EINVAL);
	ck_assert_int_eq(open_("f", G_NAMEDATTR), -EINVAL);
	ck_assert_int_eq(open_("f", G_EXEC | 1), -EINVAL);
	ck_assert_int_eq(open_("f", G_EXEC), -EACCES);
	ck_assert_int_eq(open_("new", G_CREAT | G_DIRECTORY | G_EXCL), -EINVAL);
	ck_assert_int_eq(open_("new", G_CREAT | G_DIRECTORY), -ENOENT);
	ck_assert_int_eq(open_("nope", 0), -ENOENT);
	ck_assert_int_eq(CALL_(5, 1, 0, 0), -EFAULT);
}
END_TEST

START_TEST(open_of_a_socket)
{
	struct {
		unsigned short family;
		char path[108];
	} address = {1, "sock"};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(s, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(open_("sock", 0), -EOPNOTSUPP);
	(void)close(s);
}
END_TEST

START_TEST(open_locks)
{
	long a = open_("f", 2 | G_CREAT | G_EXLOCK), b;

	ck_assert_int_ge(a, 0);
	ck_assert_int_eq(write((int)a, "abc", 3), 3);
	ck_assert_int_eq(open_("f", 2 | G_EXLOCK | G_NONBLOCK | G_TRUNC), -EAGAIN);
	struct stat st;
	ck_assert_int_eq(fstat((int)a, &st), 0);
	ck_assert_int_eq(st.st_size, 3); /* not cut before the lock is held */
	ck_assert_int_eq(CALL_(131, (uint64_t)a, 8), 0);
	b = open_("f", 2 | G_SHLOCK | G_TRUNC);
	ck_assert_int_ge(b, 0);
	ck_assert_int_eq(fstat((int)a, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	(void)close((int)a);
	(void)close((int)b);
}
END_TEST

START_TEST(open_special_flags)
{
	long fd, d;

	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_ge(close((int)open_("d/f", 2 | G_CREAT | G_VERIFY | G_DIRECT)), 0);
	d = open_("d", G_EXEC | G_DIRECTORY | G_CLOEXEC);
	ck_assert_int_ge(d, 0);
	fd = CALL_(499, (uint64_t)d, AT("f"), G_BENEATH, 0);
	ck_assert_int_ge(fd, 0);
	(void)close((int)fd);
	ck_assert_int_eq(CALL_(499, (uint64_t)d, AT("../d/f"), G_BENEATH, 0),
			 -140); /* E_NOTCAPABLE */
	ck_assert_int_eq(system_->errnos[140], 93);
	fd = CALL_(499, (uint64_t)d, AT(""), G_EMPTY_PATH, 0);
	ck_assert_int_ge(fd, 0);
	(void)close((int)fd);
	(void)close((int)d);
}
END_TEST

/* As Linux's own walk has it, for whatever a path may lead through. */
START_TEST(beneath_is_as_openat2_has_it)
{
	static const char *const paths[] = {
		"f",
		"./f",
		"s/../f",
		"s//g",
		"s/g",
		"s/",
		"s/.",
		"s/..",
		"..",
		"../d/f",
		"s/../../d/f",
		"/",
		"f/",
		"f/x",
		"none",
		"none/x",
		"s/none",
		"to-f",
		"to-f/",
		"to-s",
		"to-s/",
		"to-s/g",
		"to-s/../f",
		"s/to-up-f",
		"to-out",
		"to-out/f",
		"to-root",
		"to-root/tmp",
		"loop",
		"loop/x",
		"to-nothing",
		"s/to-out",
		"to-to-f",
		"s/../s/../s/g",
		".",
		"./",
		"s/./../s/to-up-f",
		"",
	};
	static const char *const links[][2] = {
		{"f", "d/to-f"},	  {"s", "d/to-s"},	     {"../f", "d/s/to-up-f"},
		{"..", "d/to-out"},	  {"/", "d/to-root"},	     {"loop", "d/loop"},
		{"gone", "d/to-nothing"}, {"../../x", "d/s/to-out"}, {"to-f", "d/to-to-f"},
	};
	const struct open_how beneath = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
	const struct open_how nofollow = {.flags = O_RDONLY | O_NOFOLLOW,
					  .resolve = RESOLVE_BENEATH};

	ck_assert_int_eq(mkdir("d", 0700) | mkdir("d/s", 0700), 0);
	ck_assert_int_ge(close((int)open_("d/f", 2 | G_CREAT)), 0);
	ck_assert_int_ge(close((int)open_("d/s/g", 2 | G_CREAT)), 0);
	for (size_t i = 0; i < COUNT(links); i++)
		ck_assert_int_eq(symlink(links[i][0], links[i][1]), 0);
	long d = open_("d", G_DIRECTORY);
	ck_assert_int_ge(d, 0);
	for (size_t i = 0; i < 2 * COUNT(paths); i++) {
		const char *path = paths[i / 2];
		const struct open_how *how = i % 2 ? &nofollow : &beneath;
		struct stat a, b;
		long want = syscall(SYS_openat2, d, path, how, sizeof *how);
		if (want < 0)
			want = -errno;
		long got = CALL_(499, (uint64_t)d, AT(path), i % 2 ? G_BENEATH | 0x100 : G_BENEATH,
				 0);
		if (want < 0) {
			want = want == -EXDEV ? -140 : want;
			/* a link where none may be is said in the system's own way */
			ck_assert_msg(got == want || (i % 2 && want == -ELOOP && got < 0),
				      "%s (%zu): %ld, not %ld", path, i % 2, got, want);
			continue;
		}
		ck_assert_msg(got >= 0, "%s: %ld", path, got);
		ck_assert_int_eq(fstat((int)want, &a) | fstat((int)got, &b), 0);
		ck_assert_uint_eq(a.st_ino, b.st_ino);
		(void)close((int)want);
		(void)close((int)got);
	}
	/* Nothing of the walk stays open. */
	long lowest = open_("d/f", 0);
	ck_assert_int_eq(lowest, d + 1);
	(void)close((int)lowest);
	/* Made where it belongs, through a link that leads to nothing too. */
	long made = CALL_(499, (uint64_t)d, AT("s/../to-nothing"), G_BENEATH | G_CREAT | 2, 0600);
	ck_assert_int_ge(made, 0);
	ck_assert_int_eq(access("d/gone", F_OK), 0);
	(void)close((int)made);
	(void)close((int)d);
}
END_TEST

START_TEST(created_files_are_never_sticky)
{
	struct stat st;
	long fd = CALL_(5, AT("f"), 2 | G_CREAT, 01777);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat((int)fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07000, 0);
	(void)close((int)fd);
	ck_assert_int_eq(CALL_(136, AT("d"), 01777), 0);
	ck_assert_int_eq(stat("d", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07000, 0);
}
END_TEST

/* ---- stat and directories ---------------------------------------------------------------- */

static uint64_t u64_at(const void *p, size_t at)
{
	uint64_t v;

	memcpy(&v, (const char *)p + at, sizeof v);
	return v;
}

static uint32_t u32_at(const void *p, size_t at)
{
	return (uint32_t)(u64_at(p, at - at % 4) & UINT32_MAX);
}

START_TEST(stat_tells_the_same_as_linux)
{
	uint8_t new[224], old[120], netbsd[128];
	struct stat st;
	long fd = open_("f", 2 | G_CREAT);

	ck_assert_int_eq(write((int)fd, "hello", 5), 5);
	ck_assert_int_eq(fstat((int)fd, &st), 0);
	ck_assert_int_eq(CALL_(551, (uint64_t)fd, AT(new)), 0);
	ck_assert_int_eq(CALL_(552, HERE, AT("f"), AT(new), 0), 0);
	ck_assert_int_eq(CALL_(188, AT("f"), AT(old)), 0);
	ck_assert_int_eq(CALL_(278, AT("f"), AT(netbsd)), 0);
	ck_assert_uint_eq(u64_at(new, 8), st.st_ino);
	ck_assert_uint_eq(u64_at(new, 16), 1);
	ck_assert_uint_eq(u32_at(new, 24) & 0xffff, st.st_mode);
	ck_assert_uint_eq(u64_at(new, 112), 5);
	ck_assert_uint_eq(u64_at(new, 64), (uint64_t)st.st_mtim.tv_sec);
	ck_assert_uint_eq(u64_at(new, 72), (uint64_t)st.st_mtim.tv_nsec);
	ck_assert_uint_eq(u32_at(old, 4), (uint32_t)st.st_ino);
	ck_assert_uint_eq(u32_at(old, 8), st.st_mode | 1u << 16);
	ck_assert_uint_eq(u64_at(old, 72), 5);
	ck_assert_uint_eq(u64_at(netbsd, 80), 5);
	ck_assert_int_eq(CALL_(552, HERE, AT("f"), AT(new), 0x100), -EINVAL);
	ck_assert_int_eq(CALL_(551, HERE, AT(new)), -EBADF);
	ck_assert_int_eq(CALL_(551, (uint64_t)fd, 1), -EFAULT);
	(void)close((int)fd);
}
END_TEST

START_TEST(device_numbers)
{
	uint8_t st[224];

	ck_assert_int_eq(CALL_(552, HERE, AT("/dev/null"), AT(st), 0), 0);
	ck_assert_uint_eq(u64_at(st, 40), 0x103); /* makedev(1, 3) */
}
END_TEST

#define FILES 300

static void make_files(void)
{
	for (int i = 0; i < FILES; i++) {
		char name[64];

		(void)snprintf(name, sizeof name, "%0*d", 1 + i % 40, i);
		(void)close((int)open_(name, 1 | G_CREAT));
	}
}

/* Counts the names in a directory read with a buffer of `size` bytes. */
static int count_names(uint64_t nr, size_t header, size_t length_at, size_t size)
{
	long fd = open_(".", G_DIRECTORY), n, base = -1;
	char buffer[8192];
	int names = 0;

	while ((n = CALL_(nr, (uint64_t)fd, AT(buffer), size, AT(&base))) > 0) {
		ck_assert_uint_le((size_t)n, size);
		for (long at = 0; at < n;) {
			uint16_t length;

			memcpy(&length, buffer + at + length_at, sizeof length);
			ck_assert_int_gt(length, 0);
			ck_assert_int_eq(length % 4, 0);
			ck_assert_uint_lt(strlen(buffer + at + header), length - header);
			at += length;
			names++;
		}
	}
	ck_assert_int_eq(n, 0);
	(void)close((int)fd);
	return names;
}

START_TEST(directories_are_read_whole)
{
	static const size_t sizes[] = {96, 128, 512, 1000, 4096, 8192};

	make_files();
	ck_assert_int_eq(count_names(554, 24, 16, sizes[_i]), FILES + 2);
	ck_assert_int_eq(count_names(196, 8, 4, sizes[_i]), FILES + 2);
}
END_TEST

START_TEST(directory_positions)
{
	char buffer[512], again[512];
	long fd, n, base, second, m;

	make_files();
	fd = open_(".", G_DIRECTORY);
	ck_assert_int_gt(CALL_(554, (uint64_t)fd, AT(buffer), sizeof buffer, AT(&base)), 0);
	ck_assert_int_eq(base, 0);
	n = CALL_(554, (uint64_t)fd, AT(buffer), sizeof buffer, AT(&second));
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(CALL_(478, (uint64_t)fd, (uint64_t)second, 0), second);
	m = CALL_(554, (uint64_t)fd, AT(again), sizeof again, AT(&base));
	ck_assert_int_eq(n, m);
	ck_assert_int_eq(base, second);
	ck_assert_mem_eq(buffer, again, (size_t)n);
	ck_assert_int_eq(CALL_(554, (uint64_t)fd, AT(buffer), 8, AT(&base)), -EINVAL);
	(void)close((int)fd);
	fd = open_("0", 0);
	ck_assert_int_eq(CALL_(554, (uint64_t)fd, AT(buffer), sizeof buffer, 0), -ENOTDIR);
	(void)close((int)fd);
}
END_TEST

START_TEST(file_systems)
{
	uint8_t new[2344], old[472], oldest[304];

	ck_assert_int_eq(CALL_(555, AT("/"), AT(new)), 0);
	ck_assert_uint_eq(u32_at(new, 0), 0x20140518);
	ck_assert_str_eq((char *)new + 1320, "/");
	ck_assert_int_gt(strlen((char *)new + 280), 0);
	ck_assert_int_eq(CALL_(396, AT("/"), AT(old)), 0);
	ck_assert_uint_eq(u32_at(old, 0), 0x20030518);
	ck_assert_str_eq((char *)old + 384, "/");
	ck_assert_uint_eq(u64_at(old, 16), u64_at(new, 16));
	ck_assert_int_eq(CALL_(157, AT("/"), AT(oldest)), 0);
	ck_assert_uint_eq(u64_at(oldest, 8), u64_at(new, 16));
	ck_assert_int_eq(CALL_(557, 0, 0, 2), 1);
	ck_assert_int_eq(CALL_(557, AT(new), sizeof new, 1), 1);
	ck_assert_int_eq(CALL_(557, AT(new), sizeof new, 9), -EINVAL);
	ck_assert_int_eq(CALL_(191, AT("/"), 4), 255);
	ck_assert_int_eq(CALL_(191, AT("/nope"), 4), -ENOENT);
	ck_assert_int_eq(CALL_(191, AT("/"), 1000), -EINVAL);
}
END_TEST

START_TEST(names_change_as_there)
{
	struct stat a, b;
	char text[64] = "";
	long fd = open_("f", 2 | G_CREAT), other;

	ck_assert_int_eq(symlink("f", "link"), 0);
	ck_assert_int_eq(CALL_(9, AT("link"), AT("hard")), 0);
	ck_assert_int_eq(lstat("hard", &a) | lstat("f", &b), 0);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
	ck_assert_int_eq(mkdir("d", 0700), 0);
	ck_assert_int_eq(CALL_(10, AT("d")), -EPERM);
	ck_assert_int_eq(CALL_(503, HERE, AT("d"), 0x800), 0);
	other = open_("other", 2 | G_CREAT);
	ck_assert_int_eq(CALL_(568, HERE, AT("f"), (uint64_t)other, 0), -EDEADLK);
	ck_assert_int_eq(CALL_(568, HERE, AT("f"), (uint64_t)fd, 0), 0);
	ck_assert_int_eq(CALL_(568, HERE, AT("other"), (uint64_t)-200, 0), 0);
	ck_assert_int_eq(CALL_(132, AT("fifo"), 0600), 0);
	ck_assert_int_eq(CALL_(559, HERE, AT("null"), 020666, 0x103), -EPERM);
	ck_assert_int_eq(CALL_(326, AT(text), sizeof text), 0);
	ck_assert_str_eq(text, dir);
	ck_assert_int_eq(CALL_(326, AT(text), 3), -ERANGE);
	(void)close((int)fd);
	(void)close((int)other);
}
END_TEST

START_TEST(times_and_modes)
{
	struct timespec times[2] = {{.tv_sec = 5, .tv_nsec = 7}, {.tv_nsec = -2}};
	struct timeval us[2] = {{.tv_sec = 9, .tv_usec = 8}, {.tv_sec = 9, .tv_usec = 1000000}};
	struct stat was, st;
	long fd = open_("f", 2 | G_CREAT);

	ck_assert_int_eq(fstat((int)fd, &was), 0);
	ck_assert_int_eq(CALL_(546, (uint64_t)fd, AT(times)), 0);
	ck_assert_int_eq(fstat((int)fd, &st), 0);
	ck_assert_int_eq(st.st_atim.tv_sec, 5);
	ck_assert_int_eq(st.st_atim.tv_nsec, 7);
	ck_assert_int_eq(st.st_mtim.tv_nsec, was.st_mtim.tv_nsec);
	times[0].tv_nsec = (1L << 30) - 1; /* Linux's UTIME_NOW is no number there */
	ck_assert_int_eq(CALL_(547, HERE, AT("f"), AT(times), 0), -EINVAL);
	ck_assert_int_eq(CALL_(138, AT("f"), AT(us)), -EINVAL);
	us[1].tv_usec = 3;
	ck_assert_int_eq(CALL_(138, AT("f"), AT(us)), 0);
	ck_assert_int_eq(fstat((int)fd, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 3000);
	ck_assert_int_eq(CALL_(490, HERE, AT("f"), 0600, 0x200), 0);
	ck_assert_int_eq(symlink("f", "link"), 0);
	ck_assert_int_eq(CALL_(274, AT("link"), 0600), -EOPNOTSUPP);
	ck_assert_int_eq(CALL_(34, AT("f"), 0), 0);
	ck_assert_int_eq(CALL_(34, AT("f"), 2), -EOPNOTSUPP);
	ck_assert_int_eq(CALL_(376, AT("f"), 4), 0);
	ck_assert_int_eq(CALL_(489, HERE, AT("f"), 2, 0x100), 0);
	(void)close((int)fd);
}
END_TEST

/* ---- Descriptors ----------------------------------------------------------------------------- */

START_TEST(fcntl_commands)
{
	struct {
		int64_t start, len;
		int32_t pid;
		int16_t type, whence;
		int32_t sysid, padding;
	} lock = {.type = 3};
	uint64_t fd = (uint64_t)open_("f", 2 | G_CREAT);
	long two;

	two = CALL_(92, fd, 17, 20);
	ck_assert_int_ge(two, 20);
	ck_assert_int_eq(CALL_(92, (uint64_t)two, 1), 1);
	ck_assert_int_eq(CALL_(92, fd, 10, 30), 30);
	ck_assert_int_eq(CALL_(92, fd, 18, 31), 31);
	ck_assert_int_eq(CALL_(92, 31, 1), 1);
	ck_assert_int_eq(CALL_(92, fd, 12, AT(&lock)), 0);
	ck_assert_int_eq(CALL_(92, fd, 8, AT(&lock)), 0);
	lock.type = 1;
	ck_assert_int_eq(CALL_(92, fd, 11, AT(&lock)), 0);
	ck_assert_int_eq(lock.type, 2);
	lock.type = 0;
	ck_assert_int_eq(CALL_(92, fd, 12, AT(&lock)), -EINVAL);
	ck_assert_int_eq(CALL_(92, fd, 4, G_APPEND | G_NONBLOCK | 0x40000000), 0);
	ck_assert_int_eq(CALL_(92, fd, 3), 2 | G_APPEND | G_NONBLOCK);
	ck_assert_int_eq(CALL_(92, fd, 4, G_SYNC), -EOPNOTSUPP);
	ck_assert_int_eq(CALL_(92, fd, 16, 0), 0);
	ck_assert_int_eq(CALL_(92, fd, 21, 0), 0);
	ck_assert_int_eq(CALL_(92, fd, 77, 0), -EINVAL);
	ck_assert_int_eq(CALL_(92, fd, 6, (uint64_t)-getpgrp()), 0);
	ck_assert_int_eq((int32_t)CALL_(92, fd, 5), -getpgrp());
	ck_assert_int_eq(CALL_(90, fd, 32), 32);
	ck_assert_int_eq(CALL_(90, fd, fd), (long)fd);
	ck_assert_int_eq(CALL_(90, fd, 1010), -EBADF);
	ck_assert_int_eq(CALL_(575, 20, 40, 0), 0);
	ck_assert_int_eq(CALL_(92, 32, 1), -EBADF);
	ck_assert_int_eq(CALL_(575, 40, 20, 0), -EINVAL);
	ck_assert_int_eq(CALL_(6, fd), 0);
	ck_assert_int_eq(CALL_(6, fd), -EBADF);
}
END_TEST

START_TEST(polling)
{
	struct {
		int32_t fd;
		int16_t events, revents;
	} p[2];
	uint64_t in[16] = {0};
	struct timeval now = {0}, bad = {.tv_usec = -1};
	int ends[2];

	ck_assert_int_eq(CALL_(542, AT(ends), 4), 0);
	memset(p, 0xaa, sizeof p); /* what was in revents does not matter */
	p[0].fd = ends[1];
	p[0].events = 0x104; /* POLLOUT | POLLWRBAND */
	p[1].fd = 1010;
	p[1].events = 1;
	ck_assert_int_eq(CALL_(209, AT(p), 2, 0), 2);
	ck_assert_int_eq(p[0].revents, 4);
	ck_assert_int_eq(p[1].revents, 0x20); /* the engine's own are not open */
	ck_assert_int_eq(p[1].fd, 1010);
	p[0].events = 0x2000;
	ck_assert_int_eq(CALL_(209, AT(p), 1, 0), -EINVAL);
	p[0].fd = ends[0];
	p[0].events = 0x41;
	ck_assert_int_eq(CALL_(209, AT(p), 1, 20), 0);
	ck_assert_int_eq(close(ends[1]), 0);
	ck_assert_int_eq(CALL_(209, AT(p), 1, (uint64_t)-1), 1);
	ck_assert_int_eq(p[0].revents, 0x51); /* the end can be read */
	in[ends[0] / 64] = 1UL << ends[0] % 64;
	ck_assert_int_eq(CALL_(93, 64, AT(in), 0, 0, AT(&now)), 1);
	ck_assert_int_eq(CALL_(93, 64, AT(in), 0, 0, AT(&bad)), -EINVAL);
	in[15] = 1UL << 50; /* 1010 */
	ck_assert_int_eq(CALL_(93, 1024, AT(in), 0, 0, AT(&now)), -EBADF);
	(void)close(ends[0]);
}
END_TEST

START_TEST(transfers)
{
	uint64_t a = (uint64_t)open_("a", 2 | G_CREAT), b = (uint64_t)open_("b", 2 | G_CREAT);
	struct {
		uint64_t at, length;
	} vector = {AT("head"), 4};
	struct {
		uint64_t before;
		int32_t n_before, padding;
		uint64_t after;
		int32_t n_after, padding_after;
	} around = {.before = AT(&vector), .n_before = 1};
	int64_t offset = 2, sent = 0, pad = 0;
	char text[32] = "";
	int s[2];

	ck_assert_int_eq(CALL_(174, a, AT("0123456789"), 10, (uint64_t)pad, 0), 10);
	ck_assert_int_eq(CALL_(173, a, AT(text), 4, (uint64_t)pad, 3), 4);
	ck_assert_str_eq(text, "3456");
	ck_assert_int_eq(CALL_(199, a, 0, 4, 0), 4);
	ck_assert_int_eq(CALL_(569, a, AT(&offset), b, 0, 5, 0), 5);
	ck_assert_int_eq(offset, 7);
	ck_assert_int_eq(CALL_(569, a, AT(&offset), b, 0, 5, 1), -EINVAL);
	ck_assert_int_eq(pread((int)b, text, sizeof text, 0), 5);
	ck_assert_mem_eq(text, "23456", 5);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ck_assert_int_eq(CALL_(393, a, (uint64_t)s[0], 6, 0, AT(&around), AT(&sent), 0x20010), 0);
	ck_assert_int_eq(sent, 8);
	ck_assert_int_eq(recv(s[1], text, 8, MSG_WAITALL), 8);
	ck_assert_mem_eq(text, "head6789", 8);
	ck_assert_int_eq(CALL_(393, a, (uint64_t)s[0], 0, 0, 0, 0, 4), -EINVAL);
	ck_assert_int_eq(CALL_(530, a, 0, 100), 0);
	ck_assert_int_eq(CALL_(531, a, 0, 0, 1), 0);
	ck_assert_int_eq(CALL_(531, a, 0, 0, 9), -EINVAL);
	(void)close(s[0]);
	(void)close(s[1]);
	(void)close((int)a);
	(void)close((int)b);
}
END_TEST

START_TEST(attributes)
{
	char text[64];

	(void)close((int)open_("f", 2 | G_CREAT));
	if (setxattr("f", "user.probe", "x", 1, 0) < 0)
		return; /* a file system without them */
	ck_assert_int_eq(CALL_(356, AT("f"), 1, AT("color"), AT("green"), 5), 5);
	ck_assert_int_eq(CALL_(357, AT("f"), 1, AT("color"), 0, 0), 5);
	ck_assert_int_eq(CALL_(357, AT("f"), 1, AT("color"), AT(text), 3), 3);
	ck_assert_mem_eq(text, "gre", 3);
	ck_assert_int_eq(CALL_(357, AT("f"), 1, AT("color"), AT(text), sizeof text), 5);
	ck_assert_int_eq(CALL_(357, AT("f"), 1, AT("nope"), AT(text), 3), -ENODATA);
	ck_assert_int_eq(system_->errnos[ENODATA], 87);
	ck_assert_int_eq(CALL_(357, AT("f"), 2, AT("color"), AT(text), 3), -EPERM);
	ck_assert_int_eq(CALL_(438, AT("f"), 1, 0, 0), 12);
	ck_assert_int_eq(CALL_(438, AT("f"), 1, AT(text), sizeof text), 12);
	ck_assert(text[0] == 5);
	ck_assert_int_eq(CALL_(358, AT("f"), 1, AT("color")), 0);
	ck_assert_int_eq(CALL_(438, AT("f"), 1, AT(text), sizeof text), 6);
}
END_TEST

START_TEST(memory_objects)
{
	long fd = CALL_(571, 1, 2 | G_CLOEXEC, 0, 1, 0), other;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(CALL_(92, (uint64_t)fd, 1), 1);
	ck_assert_int_eq(CALL_(480, (uint64_t)fd, 4096), 0);
	ck_assert_int_eq(CALL_(92, (uint64_t)fd, 19, 2), 0);
	ck_assert_int_eq(CALL_(92, (uint64_t)fd, 20), 2);
	ck_assert_int_eq(CALL_(480, (uint64_t)fd, 0), -EPERM);
	ck_assert_int_eq(CALL_(571, 1, 0, 0, 0, 0), -EINVAL);
	ck_assert_int_eq(CALL_(571, 1, 2 | G_APPEND, 0, 0, 0), -EINVAL);
	(void)close((int)fd);
	fd = CALL_(482, AT("/guise/test%1"), 2 | G_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	other = CALL_(482, AT("/guise/test%1"), 0, 0);
	ck_assert_int_ge(other, 0);
	ck_assert_int_eq(CALL_(482, AT("relative"), 2 | G_CREAT, 0600), -EINVAL);
	ck_assert_int_eq(CALL_(483, AT("/guise/test%1")), 0);
	ck_assert_int_eq(CALL_(483, AT("/guise/test%1")), -ENOENT);
	(void)close((int)fd);
	(void)close((int)other);
}
END_TEST

START_TEST(special_descriptors)
{
	struct {
		uint32_t value, flags;
	} event = {3, 5};
	uint64_t v = 0;
	long fd = CALL_(577, 1, AT(&event), sizeof event);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read((int)fd, &v, sizeof v), 8);
	ck_assert_uint_eq(v, 1); /* a semaphore */
	(void)close((int)fd);
	event.flags = 2;
	ck_assert_int_eq(CALL_(577, 1, AT(&event), sizeof event), -EINVAL);
	ck_assert_int_eq(CALL_(577, 3, AT(&event), sizeof event), -EINVAL);
	fd = CALL_(585, 4, 4 | G_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	(void)close((int)fd);
}
END_TEST

/* ---- Terminals ------------------------------------------------------------------------------- */

struct termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t cc[20];
	uint32_t ispeed, ospeed;
};
#define TIOCGETA 0x402c7413
#define TIOCSETA 0x802c7414

START_TEST(terminals)
{
	struct termios was, now;
	uint16_t size[4] = {24, 80, 0, 0}, got[4] = {0};
	struct {
		int32_t size, padding;
		uint64_t at;
	} where;
	char name[32];
	uint64_t master = (uint64_t)CALL_(504, 2 | 0x8000);

	ck_assert_int_ge((long)master, 0);
	ck_assert_int_eq(CALL_(54, master, TIOCGETA, AT(&was)), 0);
	ck_assert_uint_eq(was.iflag & 0x300, 0x300); /* ICRNL | IXON */
	ck_assert_uint_eq(was.cflag & 0xb00, 0xb00); /* CS8 | CREAD */
	ck_assert_uint_eq(was.lflag & 0x188, 0x188); /* ECHO | ISIG | ICANON */
	ck_assert_uint_eq(was.cc[8], 3); /* VINTR */
	ck_assert_uint_eq(was.cc[0], 4); /* VEOF */
	ck_assert_uint_eq(was.cc[7], 0xff); /* VERASE2 */
	ck_assert_uint_eq(was.ospeed, 38400);
	now = was;
	ck_assert_int_eq(CALL_(54, master, TIOCSETA, AT(&now)), 0);
	ck_assert_int_eq(CALL_(54, master, TIOCGETA, AT(&now)), 0);
	ck_assert_mem_eq(&was, &now, sizeof was);
	now.lflag &= ~0x108u;
	now.cc[16] = 0;
	now.cc[17] = 7;
	now.cc[8] = 0xff;
	now.ispeed = now.ospeed = 12345;
	ck_assert_int_eq(CALL_(54, master, TIOCSETA, AT(&now)), 0);
	ck_assert_int_eq(CALL_(54, master, TIOCGETA, AT(&was)), 0);
	ck_assert_mem_eq(&was, &now, sizeof was);
	ck_assert_int_eq(CALL_(54, master, 0x80087467, AT(size)), 0);
	ck_assert_int_eq(CALL_(54, master, 0x40087468, AT(got)), 0);
	ck_assert_mem_eq(size, got, sizeof size);
	ck_assert_int_eq(CALL_(54, master, 0x2000741c, 0), 0); /* TIOCPTMASTER */
	where.size = sizeof name;
	where.at = AT(name);
	ck_assert_int_eq(CALL_(54, master, 0x80106678, AT(&where)), 0); /* FIODGNAME */
	ck_assert_mem_eq(name, "pts/", 4);
	ck_assert_int_eq(CALL_(54, master, 0x12345678, 0), -ENOTTY);
	ck_assert_int_eq(CALL_(54, 999, TIOCGETA, AT(&was)), -EBADF);
	(void)close((int)master);
	long fd = open_("f", 2 | G_CREAT);
	ck_assert_int_eq(CALL_(54, (uint64_t)fd, TIOCGETA, AT(&was)), -ENOTTY);
	(void)close((int)fd);
}
END_TEST

/* ---- Time, limits, identity --------------------------------------------------------------------- */

START_TEST(clocks)
{
	static const int numbers[] = {0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	struct timespec t, nap = {.tv_nsec = 1000000}, past = {.tv_sec = -1}, left;
	int32_t cpu;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		ck_assert_int_eq(CALL_(232, (uint64_t)numbers[i], AT(&t)), 0);
		ck_assert_int_eq(CALL_(234, (uint64_t)numbers[i], AT(&t)), 0);
	}
	ck_assert_int_eq(CALL_(232, 13, AT(&t)), 0);
	ck_assert_int_eq(t.tv_nsec, 0);
	ck_assert_int_eq(CALL_(232, 3, AT(&t)), -EINVAL);
	ck_assert_int_eq(CALL_(247, 0, 0, AT(&cpu)), 0);
	ck_assert_int_lt(cpu, 0);
	ck_assert_int_eq(CALL_(232, (uint32_t)cpu, AT(&t)), 0);
	ck_assert_int_eq(CALL_(247, 99999, 0, AT(&cpu)), -ESRCH);
	ck_assert_int_eq(CALL_(240, AT(&nap), AT(&left)), 0);
	ck_assert_int_eq(CALL_(240, AT(&past), 0), 0);
	past.tv_nsec = -1;
	ck_assert_int_eq(CALL_(240, AT(&past), 0), -EINVAL);
	ck_assert_int_eq(CALL_(244, 4, 0, AT(&nap), 0), 0);
	ck_assert_int_eq(CALL_(244, 15, 0, AT(&nap), 0), -EOPNOTSUPP);
	ck_assert_int_eq(CALL_(244, 4, 2, AT(&nap), 0), -EINVAL);
	ck_assert_int_eq(CALL_(233, 0, AT(&nap)), -EPERM);
}
END_TEST

START_TEST(timers)
{
	struct {
		int32_t how, signal;
		uint64_t value;
		int32_t thread, padding[15];
	} event = {.how = 0};
	struct itimerspec {
		struct timespec interval, value;
	} set = {.value = {.tv_sec = 100}}, got;
	int32_t timer;

	ck_assert_uint_eq(sizeof event, 80);
	ck_assert_int_eq(CALL_(235, 4, AT(&event), AT(&timer)), 0);
	ck_assert_int_eq(CALL_(237, (uint32_t)timer, 0, AT(&set), 0), 0);
	ck_assert_int_eq(CALL_(238, (uint32_t)timer, AT(&got)), 0);
	ck_assert_int_ge(got.value.tv_sec, 99);
	ck_assert_int_eq(CALL_(239, (uint32_t)timer), 0);
	ck_assert_int_eq(CALL_(236, (uint32_t)timer), 0);
	ck_assert_int_eq(CALL_(236, (uint32_t)timer), -EINVAL);
	event.how = 3;
	ck_assert_int_eq(CALL_(235, 4, AT(&event), AT(&timer)), -EINVAL);
}
END_TEST

START_TEST(limits)
{
	int64_t limit[2];

	for (uint64_t i = 0; i < 16; i++) {
		ck_assert_int_eq(CALL_(194, i, AT(limit)), 0);
		ck_assert_int_ge(limit[0], 0);
		ck_assert_int_le(limit[0], limit[1]);
		ck_assert_int_eq(CALL_(195, i, AT(limit)), 0);
	}
	ck_assert_int_eq(CALL_(194, 16, AT(limit)), -EINVAL);
	ck_assert_int_eq(CALL_(194, 9, AT(limit)), 0);
	ck_assert_int_eq(limit[0], INT64_MAX);
	limit[0] = 1;
	ck_assert_int_eq(CALL_(195, 9, AT(limit)), -EOPNOTSUPP);
	ck_assert_int_gt(CALL_(89), 2);
	ck_assert_int_eq((int32_t)CALL_(100, 0, 0), 0);
}
END_TEST

START_TEST(processors)
{
	uint64_t mask[17];

	ck_assert_int_eq(CALL_(487, 3, 2, (uint64_t)-1, 32, AT(mask)), 0);
	ck_assert_uint_ne(mask[0], 0);
	ck_assert_int_eq(CALL_(487, 1, 1, (uint64_t)-1, 128, AT(mask)), 0);
	ck_assert_int_eq(CALL_(487, 3, 2, (uint64_t)-1, 136, AT(mask)), 0);
	ck_assert_uint_eq(mask[16], 0);
	ck_assert_int_eq(CALL_(487, 3, 2, (uint64_t)-1, 0, AT(mask)), -ERANGE);
	ck_assert_int_eq(CALL_(488, 3, 1, (uint64_t)-1, 128, AT(mask)), 0);
	memset(mask, 0, sizeof mask);
	ck_assert_int_eq(CALL_(488, 3, 1, (uint64_t)-1, 128, AT(mask)), -EDEADLK);
	ck_assert_int_eq(CALL_(332, 1), 31);
	ck_assert_int_eq(CALL_(333, 3), 0);
	ck_assert_int_eq(CALL_(330, 0), 2);
	uint16_t rtp[2] = {0};
	ck_assert_int_eq(CALL_(466, 0, 0, AT(rtp)), 0);
	ck_assert_uint_eq(rtp[0], 3);
}
END_TEST

START_TEST(identity)
{
	uint32_t groups[1025], newer[1024];
	char name[64] = "x";
	long n = CALL_(79, 0, 0), m = CALL_(595, 0, 0);

	ck_assert_int_eq(n, m + 1);
	ck_assert_int_eq(CALL_(79, 1025, AT(groups)), n);
	ck_assert_int_eq(CALL_(595, 1024, AT(newer)), m);
	ck_assert_uint_eq(groups[0], getegid());
	ck_assert_mem_eq(groups + 1, newer, (size_t)m * sizeof *newer);
	ck_assert_int_eq(CALL_(79, (uint64_t)m, AT(groups)), m ? -EINVAL : 1);
	ck_assert_int_eq(CALL_(49, AT(name), sizeof name), 0);
	ck_assert_str_eq(name, "");
	if (geteuid() == 0) {
		ck_assert_int_eq(CALL_(50, AT("somebody")), 0);
		ck_assert_int_eq(CALL_(49, AT(name), 5), -ERANGE);
		ck_assert_int_eq(CALL_(49, AT(name), sizeof name), 0);
		ck_assert_str_eq(name, "somebody");
	}
	ck_assert_int_eq(CALL_(253), 0);
}
END_TEST

Suite *file_suite(void)
{
	Suite *s = suite_create("file");
	TCase *t = tcase_create("calls");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, open_flags_come_back, 0, 9);
	tcase_add_test(t, open_fails_as_there);
	tcase_add_test(t, open_of_a_socket);
	tcase_add_test(t, open_locks);
	tcase_add_test(t, open_special_flags);
	tcase_add_test(t, beneath_is_as_openat2_has_it);
	tcase_add_test(t, created_files_are_never_sticky);
	tcase_add_test(t, stat_tells_the_same_as_linux);
	tcase_add_test(t, device_numbers);
	tcase_add_loop_test(t, directories_are_read_whole, 0, 6);
	tcase_add_test(t, directory_positions);
	tcase_add_test(t, file_systems);
	tcase_add_test(t, names_change_as_there);
	tcase_add_test(t, times_and_modes);
	tcase_add_test(t, fcntl_commands);
	tcase_add_test(t, polling);
	tcase_add_test(t, transfers);
	tcase_add_test(t, attributes);
	tcase_add_test(t, memory_objects);
	tcase_add_test(t, special_descriptors);
	tcase_add_test(t, terminals);
	tcase_add_test(t, clocks);
	tcase_add_test(t, timers);
	tcase_add_test(t, limits);
	tcase_add_test(t, processors);
	tcase_add_test(t, identity);
	suite_add_tcase(s, t);
	return s;
}
