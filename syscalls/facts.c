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
 * looked into, or a procfs that is not there: the descriptor is a file then. */
static long tell(long r)
{
	return r == -ENOENT || r == -EACCES || r == -EPERM ? -ESRCH : r == -ENOTDIR ? -ENOSYS : r;
}

static long read_file(struct call *c, int pid, const char *name, uint64_t at, size_t n,
		      uint64_t offset)
{
	uint64_t path = place_of(c, pid, name);
	long fd, r;

	if (!path || !at)
		return -ENOMEM;
	fd = host(c, __NR_openat, HIDDEN_PROCESSES, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return tell(fd);
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

/* Linux marks what was deleted, and what lies outside the root. */
long facts_path(struct call *c, int fd, char *to, size_t size)
{
	static const char deleted[] = " (deleted)";
	char name[32] = "fd/";
	size_t n = 3 + facts_number(name + 3, (uint64_t)fd);
	long r;

	name[n] = 0;
	r = facts_link(c, c->thread->process->pid, name, to, size);
	if (r < 0)
		return r;
	if (to[0] != '/' || ((size_t)r >= sizeof deleted &&
			     memcmp(to + r - (sizeof deleted - 1), deleted, sizeof deleted) == 0))
		return -ENOENT;
	return r;
}
