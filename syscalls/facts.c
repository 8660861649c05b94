/* Reading what Linux tells in /proc: see facts.h. */
#include "syscalls/facts.h"

#include <string.h>

#include "syscalls/launch.h"
#include "syscalls/linux.h"
#include "syscalls/process.h"

#define NAME_ROOM 64

size_t facts_number(char to[20], uint64_t n)
{
	char digits[20];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + n % 10);
	while (n /= 10);
	for (size_t i = 0; i < count; i++)
		to[i] = digits[count - 1 - i];
	return count;
}

/* PID/NAME where Linux can read it; 0 if there is no room. */
static uint64_t place_of(struct call *c, int pid, const char *name)
{
	char path[NAME_ROOM];
	size_t n = facts_number(path, (uint64_t)pid), length = strlen(name);
	uint64_t at = scratch(c, sizeof path);

	if (!at || n + 1 + length >= sizeof path)
		return 0;
	path[n++] = '/';
	memcpy(path + n, name, length + 1);
	return put_guest(c, at, path, n + length + 1) < 0 ? 0 : at;
}

/* Linux's errors for a process that is not there (ENOENT; ESRCH: just gone), may not be
 * looked into, or a procfs that is not there: the descriptor is a file then, or none. */
static long tell(long r)
{
	switch (r) {
	case -ENOENT:
	case -EACCES:
	case -EPERM:
	case -ENOTDIR:
	case -EBADF:
		return -ESRCH;
	default:
		return r;
	}
}

long facts_open(struct call *c, int pid, const char *name)
{
	uint64_t path = place_of(c, pid, name);

	if (!path)
		return -ENOMEM;
	return tell(host(c, __NR_openat, HIDDEN_PROCESSES, path, O_RDONLY | O_CLOEXEC, 0));
}

static long read_file(struct call *c, int pid, const char *name, uint64_t at, size_t n,
		      uint64_t offset)
{
	long fd, r;

	if (!at)
		return -ENOMEM;
	fd = facts_open(c, pid, name);
	if (fd < 0)
		return fd;
	r = host(c, __NR_pread64, fd, at, n, offset);
	(void)host(c, __NR_close, fd); /* only read from */
	return tell(r);
}

long facts_read(struct call *c, int pid, const char *name, void *to, size_t n, uint64_t offset)
{
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, n);
	long r = read_file(c, pid, name, at, n, offset);

	if (r > 0 && get_guest(c, to, at, (size_t)r) < 0)
		r = -EFAULT;
	c->scratch_used = mark;
	return r;
}

long facts_link(struct call *c, int pid, const char *name, char *to, size_t size)
{
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, size), path = place_of(c, pid, name);
	long r = at && path ? host(c, __NR_readlinkat, HIDDEN_PROCESSES, path, at, size) : -ENOMEM;

	if (r > 0 && (size_t)r == size)
		r = -ENAMETOOLONG;
	if (r > 0 && get_guest(c, to, at, (size_t)r) < 0)
		r = -EFAULT;
	c->scratch_used = mark;
	if (r >= 0)
		to[r] = 0;
	return tell(r);
}

/* A path leads to the descriptor's file only if it leads to its mount. */
static bool is_inside(struct call *c, int fd, const char *path, size_t n)
{
	struct opening_facts o;
	struct statx st;
	uint64_t name = scratch(c, n + 1), at = scratch(c, sizeof st);

	return name && at && facts_opening(c, c->thread->process->pid, fd, &o) == 0 &&
	       put_guest(c, name, path, n + 1) == 0 &&
	       host(c, __NR_statx, AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, at) == 0 &&
	       get_guest(c, &st, at, sizeof st) == 0 && st.stx_mnt_id == o.mount;
}

long facts_path(struct call *c, int fd, char *to, size_t size)
{
	static const char deleted[] = " (deleted)";
	size_t mark = c->scratch_used, n;
	char name[32] = "fd/";
	bool found;
	long r;

	name[3 + facts_number(name + 3, (uint64_t)fd)] = 0;
	r = facts_link(c, c->thread->process->pid, name, to, size);
	if (r < 0)
		return r == -ESRCH ? -ENOSYS : r;
	n = (size_t)r;
	found = to[0] == '/' && (n < sizeof deleted || memcmp(to + n - (sizeof deleted - 1),
							      deleted, sizeof deleted) != 0);
	found = found && is_inside(c, fd, to, n);
	c->scratch_used = mark;
	return found ? r : -ENOENT;
}

/* ---- Lists ------------------------------------------------------------------------ */

static bool is_number(const char *name, size_t room, int32_t *n)
{
	*n = 0;
	for (size_t i = 0; i < room && name[i]; i++) {
		if (name[i] < '0' || name[i] > '9' || *n > INT32_MAX / 10 - 1)
			return false;
		*n = *n * 10 + (name[i] - '0');
	}
	return name[0] != 0;
}

/* The records of one getdents64 to the list: 0 or -E2BIG. */
static int add_numbers(const char *bytes, size_t n, int32_t *list, size_t *used, size_t room)
{
	enum { NAME_AT = 19 };
	uint16_t length;
	int32_t number;

	for (size_t at = 0; at + NAME_AT < n; at += length) {
		memcpy(&length, bytes + at + 16, sizeof length);
		if (length <= NAME_AT || length > n - at)
			break;
		if (!is_number(bytes + at + NAME_AT, length - NAME_AT, &number))
			continue;
		if (*used == room)
			return -E2BIG;
		list[(*used)++] = number;
	}
	return 0;
}

static long read_list(struct call *c, long fd, uint64_t at, int32_t *list, size_t room)
{
	char bytes[2048];
	size_t used = 0;

	for (;;) {
		long n = host(c, __NR_getdents64, fd, at, sizeof bytes);
		int r = n > 0 ? get_guest(c, bytes, at, (size_t)n) : 0;

		if (n > 0 && r == 0)
			r = add_numbers(bytes, (size_t)n, list, &used, room);
		if (n <= 0 || r < 0)
			return n < 0 ? tell(n) : r < 0 ? r : (long)used;
	}
}

long facts_list(struct call *c, int pid, const char *name, int32_t *list, size_t room)
{
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, 2048), path = pid ? place_of(c, pid, name) : scratch(c, 2);
	long fd, r = at && path ? 0 : -ENOMEM;

	if (r == 0 && !pid)
		r = put_guest(c, path, ".", 2);
	if (r < 0)
		return r;
	fd = host(c, __NR_openat, HIDDEN_PROCESSES, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return tell(fd);
	r = read_list(c, fd, at, list, room);
	(void)host(c, __NR_close, fd); /* only read from */
	c->scratch_used = mark;
	return r;
}
