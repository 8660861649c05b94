/* Directories: what is in one, and where one is.  Their file systems are in filesystem.c. */
#include <string.h>

#include "syscalls/facts.h"
#include "syscalls/file.h"

/* ---- Reading a directory --------------------------------------------------- */

/* Linux's records are turned into the guest's one by one.  A guest record may be larger
 * than Linux's by at most 8 bytes in 24, so three quarters of the guest's buffer always
 * fit; only where that holds not even one record is the whole size asked for, and what
 * did not fit is given back by seeking. */
#define READ_MOST 32768u
#define NAME_MOST 256u
#define HOST_NAME offsetof(struct linux_dirent64, d_name)

struct listing {
	const struct type *type; /* the guest's entry: guest_size is where its name begins */
	uint64_t to; /* guest buffer */
	uint64_t room;
	uint64_t done; /* bytes given */
};

static size_t align_up(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

/* Records are aligned as their inode number is. */
static size_t record_length(const struct type *t, size_t name)
{
	return align_up(t->guest_size + name + 1, t->fields[0].type->guest_size);
}

/* One record: true if it was given, false if there is no room, or -errno. */
static int give_entry(struct call *c, struct listing *l, const struct linux_dirent64 *d,
		      const char *name)
{
	char record[NAME_MOST + 40];
	size_t n = strlen(name), length = record_length(l->type, n);
	struct entry e = {
		.number = d->d_ino,
		.next = d->d_off,
		.length = (uint16_t)length,
		.name_length = (uint16_t)n,
		.type = d->d_type,
	};
	int r;

	if (length > l->room - l->done)
		return false;
	memset(record, 0, sizeof record);
	r = to_guest(c, l->type, &e, record);
	if (r < 0)
		return r;
	memcpy(record + l->type->guest_size, name, n);
	r = put_guest(c, l->to + l->done, record, length);
	if (r < 0)
		return r;
	l->done += length;
	return true;
}

/* Walks what Linux returned; *next is the position after the last record given. */
static int give_entries(struct call *c, struct listing *l, uint64_t from, uint64_t n,
			uint64_t *next, bool *all)
{
	*all = false;
	for (uint64_t at = 0; at < n;) {
		struct linux_dirent64 d;
		char name[NAME_MOST];
		size_t length;
		int r = get_guest(c, &d, from + at, HOST_NAME);

		if (r < 0)
			return r;
		if (d.d_reclen <= HOST_NAME || at + d.d_reclen > n)
			return -EIO;
		length = d.d_reclen - HOST_NAME;
		if (length > sizeof name)
			length = sizeof name;
		r = get_guest(c, name, from + at + HOST_NAME, length);
		if (r < 0)
			return r;
		name[length - 1] = 0;
		r = give_entry(c, l, &d, name);
		if (r <= 0)
			return r;
		*next = (uint64_t)d.d_off;
		at += d.d_reclen;
	}
	*all = true;
	return 0;
}

static long read_directory(struct call *c, uint64_t fd, struct listing *l, uint64_t start)
{
	uint64_t size = l->room / 4 * 3, at, next = start;
	bool all;
	long n;
	int r;

	if (size > READ_MOST)
		size = READ_MOST;
	at = scratch(c, READ_MOST);
	if (!at)
		return -ENOMEM;
	n = host(c, __NR_getdents64, fd, at, size);
	if (n == -EINVAL && l->room < READ_MOST)
		n = host(c, __NR_getdents64, fd, at, l->room);
	if (n <= 0)
		return n;
	r = give_entries(c, l, at, (uint64_t)n, &next, &all);
	if (r < 0)
		return r;
	if (!all) {
		n = host(c, __NR_lseek, fd, next, SEEK_SET);
		if (n < 0)
			return n;
	}
	return l->done ? (long)l->done : -EINVAL; /* not even one record fits */
}

/* getdirentries(fd, buffer, size, position *) and getdents, which has no position: the
 * buffer's type is the entry without its name. */
TRANSLATOR(getdirentries)
{
	struct listing l = {.type = c->row->args[1].type, .to = c->a[1], .room = c->a[2]};
	bool wants_position = c->row->args[3].pass && c->a[3];
	uint64_t fd;
	long start, n;
	int r = arg_value(c, 0, &fd);

	if (r == 0)
		r = arg_value(c, 2, &l.room);
	if (r < 0)
		return r;
	if (l.room > INT64_MAX)
		return -EINVAL;
	start = host(c, __NR_lseek, fd, 0, SEEK_CUR);
	if (start < 0)
		return start == -ESPIPE ? -ENOTDIR : start;
	n = read_directory(c, fd, &l, (uint64_t)start);
	if (n == -ENOTDIR && (host(c, __NR_fcntl, fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
		return -EBADF; /* asked before what it is */
	if (n < 0 || !wants_position)
		return n;
	r = put_guest(c, c->a[3], &start, sizeof start);
	return r < 0 ? r : n;
}

/* ---- Where one is -------------------------------------------------------------- */

/* A directory outside the root has no name for the guest; Linux marks it with a prefix. */
TRANSLATOR(getcwd)
{
	char first;
	long r;

	if (c->a[1] < 2)
		return -EINVAL;
	r = host(c, __NR_getcwd, c->a[0], c->a[1]);
	if (r < 0)
		return r;
	r = get_guest(c, &first, c->a[0], 1);
	if (r < 0)
		return r;
	return first == '/' ? 0 : -ENOENT;
}

/* Where the path leads, to the guest's buffer: its length. */
static long real_path(struct call *c, uint64_t directory, uint64_t from, uint64_t to, uint64_t size)
{
	char path[FACTS_PATH];
	long fd = host(c, __NR_openat, directory, from, O_PATH | O_CLOEXEC, 0), r, e;

	if (fd < 0)
		return fd;
	r = facts_path(c, (int)fd, path, sizeof path);
	(void)host(c, __NR_close, fd); /* only looked at */
	if (r < 0)
		return r;
	if ((uint64_t)r >= size)
		return -ENAMETOOLONG;
	e = put_guest(c, to, path, (size_t)r + 1);
	return e < 0 ? e : r;
}

/* realpathat(directory, path, buffer, its size, flags) */
TRANSLATOR(realpathat)
{
	uint64_t directory;
	long r = arg_value(c, 0, &directory);

	if (r < 0)
		return r;
	if ((int)c->a[4])
		return -EINVAL;
	r = real_path(c, directory, c->a[1], c->a[2], c->a[3]);
	return r < 0 ? r : 0;
}

/* realpath(path, buffer, its size): its length is the result. */
TRANSLATOR(realpath)
{
	if ((int64_t)c->a[2] < 0)
		return -EINVAL;
	return real_path(c, (uint64_t)AT_FDCWD, c->a[0], c->a[1], c->a[2]);
}
