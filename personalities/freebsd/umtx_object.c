/* UMTX_OP_SHM: a page of memory that belongs to an address in shared memory, and is found by
 * whoever maps the same.  sys/kern/kern_umtx.c (umtx_shm), 13.2 and 15.
 *
 * libthr keeps a lock that processes share there: pthread_mutex_t is a pointer, so in shared
 * memory it holds a mark, and the lock is beside it.
 *
 * The kernel there finds the page by the object that is mapped and the place in it.  Linux says
 * which object that is (device, number, offset) in /proc/self/maps alone; a file of that name
 * among the memory objects is the page.  Memory that is not shared belongs to one process, whose
 * number is the name then.  The page lives until it is destroyed, or with the sandbox: nobody
 * tells when the last mapping of an object goes. */
#include <string.h>

#include "personalities/freebsd/umtx.h"
#include "syscalls/facts.h"
#include "syscalls/file.h"
#include "syscalls/linux.h"
#include "syscalls/process.h"

enum { CREATE = 1, LOOK_UP = 2, DESTROY = 4, IS_ALIVE = 8 }; /* UMTX_SHM_* */
#define PAGES MEMORY_OBJECTS "lock-"

static size_t add_number(char *to, size_t n, uint64_t value, char end)
{
	n += facts_number(to + n, value);
	to[n++] = end;
	return n;
}

/* PAGES device-inode-offset. or process-address. */
static int name_page(struct call *c, const struct mapping_facts *m, uint64_t *at)
{
	char name[sizeof PAGES + (size_t)3 * 21 + 1] = PAGES;
	size_t n = sizeof PAGES - 1;

	if (m->is_shared) {
		n = add_number(name, n, m->device, '-');
		n = add_number(name, n, m->inode, '-');
		n = add_number(name, n, m->offset + (c->a[3] - m->begin), '.');
	} else {
		n = add_number(name, n, (uint64_t)c->thread->process->pid, '-');
		n = add_number(name, n, c->a[3], '.');
	}
	name[n++] = 0;
	*at = scratch(c, n);
	return *at ? put_guest(c, *at, name, n) : -ENOMEM;
}

/* Its size is set by whoever opens it: the maker may not have come to that yet. */
static long open_page(struct call *c, uint64_t name, uint32_t flags)
{
	long fd = host(c, __NR_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags,
		       0600);
	long r;

	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd == -ENOSPC ? -ENOMEM : fd;
	r = host(c, __NR_ftruncate, fd, GUEST_PAGE);
	if (r < 0) {
		(void)host(c, __NR_close, fd); /* our own */
		return r;
	}
	return fd;
}

/* The page itself is asked about: ENOTTY once it was destroyed. */
static long is_alive(const struct mapping_facts *m)
{
	bool is_page = strncmp(m->path, PAGES, sizeof PAGES - 1) == 0;

	if (!m->is_readable)
		return -EFAULT;
	return is_page && m->is_deleted ? -ENOTTY : 0;
}

long umtx_object(struct call *c)
{
	uint32_t what = (uint32_t)c->a[2] & (CREATE | LOOK_UP | DESTROY | IS_ALIVE);
	struct mapping_facts m = {0};
	uint64_t name;
	long r;

	if (!what || (what & (what - 1)))
		return -EINVAL;
	r = facts_mapping(c, c->a[3], &m);
	if (r < 0)
		return r == -ENOENT ? -EFAULT : r == -ESRCH ? -EOPNOTSUPP : r;
	if (what == IS_ALIVE)
		return is_alive(&m);
	if (!m.is_writable)
		return -EFAULT;
	r = name_page(c, &m, &name);
	if (r < 0)
		return r;
	if (what != DESTROY)
		return open_page(c, name, what == CREATE ? O_CREAT : 0);
	r = host(c, __NR_unlinkat, AT_FDCWD, name, 0);
	return r == -ENOENT ? -ESRCH : r;
}
