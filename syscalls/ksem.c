/* Semaphores of the kernel's own (ksem_*), which libraries made sem_init and sem_open with before
 * they had words of memory for it.
 *
 * Such a semaphore is a file in memory that says so in its first word: with a name among the memory
 * objects, where no guest's name for one leads, or without.  So its descriptor is inherited,
 * duplicated, passed on and closed as any other, and the last one takes the semaphore along.  A call
 * maps the file for as long as it takes; the value is a word that everybody's waiters sleep on.
 *
 * Nobody counts the waiters: one that is killed could not take itself off the count.  Who has to know
 * whether there are any wakes them all, and they look at the value anew.
 *
 * A guest may write to such a file by other means, or cut it short.  It spoils its own semaphore:
 * memory that is gone is EFAULT here, as everywhere. */
#include "syscalls/ksem.h"

#include <limits.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <string.h>

#include "syscalls/descriptors.h"
#include "syscalls/file.h"
#include "syscalls/process.h"

struct page {
	uint32_t magic, value, flags;
};
#define MAGIC 0x6d65736bu /* "ksem" */
#define VALUE_MOST ((uint32_t)INT32_MAX) /* SEM_VALUE_MAX */
enum { NAMELESS = 1, DEAD = 2 };
#define WORD(at, member) ((at) + offsetof(struct page, member))

/* ---- Making ----------------------------------------------------------------------------- */

/* An open file becomes a semaphore: the descriptor, or -errno and it is closed. */
static long fill(struct call *c, long fd, const struct page *p)
{
	uint64_t at = scratch(c, sizeof *p);
	long r = at ? put_guest(c, at, p, sizeof *p) : -ENOMEM;

	if (fd < 0)
		return fd;
	if (r == 0)
		r = host(c, __NR_pwrite64, fd, at, sizeof *p, 0);
	if (r >= 0)
		r = host(c, __NR_ftruncate, fd, GUEST_PAGE);
	if (r < 0)
		(void)host(c, __NR_close, fd); /* our own */
	return r < 0 ? r : fd;
}

static long make_nameless(struct call *c, const struct ksem *k)
{
	static const char name[] = "semaphore";
	struct page p = {.magic = MAGIC, .value = k->value, .flags = NAMELESS};
	uint64_t at = scratch(c, sizeof name);
	long fd;

	if (!at || put_guest(c, at, name, sizeof name) < 0)
		return -ENOMEM;
	fd = host(c, __NR_memfd_create, at, 1 /* MFD_CLOEXEC */);
	if (fd >= 0)
		(void)host(c, __NR_fchmod, fd, k->mode & 0777); /* only fstat can tell */
	return fill(c, fd, &p);
}

/* Complete before it has its name, so that nobody finds half a one. */
static long make_named(struct call *c, const struct ksem *k, uint64_t name)
{
	char own[sizeof MEMORY_OBJECTS + sizeof "ksem--." + (size_t)2 * 10] = MEMORY_OBJECTS
		"ksem-";
	struct page p = {.magic = MAGIC, .value = k->value};
	uint64_t at = scratch(c, sizeof own);
	uint32_t tid = (uint32_t)c->thread->host_tid;
	size_t n = strlen(own);
	long fd, r;

	for (unsigned shift = 32; shift; shift -= 4)
		own[n++] = "0123456789abcdef"[tid >> (shift - 4) & 15];
	own[n++] = '.';
	own[n++] = 0;
	if (!at || put_guest(c, at, own, n) < 0)
		return -ENOMEM;
	(void)host(c, __NR_unlinkat, AT_FDCWD, at,
		   0); /* of a maker of that number that was killed */
	fd = host(c, __NR_openat, AT_FDCWD, at, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  k->mode & 0777);
	fd = fill(c, fd, &p);
	r = fd < 0 ? fd : host(c, __NR_linkat, AT_FDCWD, at, AT_FDCWD, name, 0);
	(void)host(c, __NR_unlinkat, AT_FDCWD, at, 0);
	if (r < 0 && fd >= 0)
		(void)host(c, __NR_close, fd);
	return r < 0 ? r : fd;
}

/* Found by its name, or made, whichever can be done: others make and unlink at the same time. */
static long find_or_make(struct call *c, const struct ksem *k)
{
	bool may_find = (k->flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	uint64_t name;
	long r = memory_object_path(c, k->name, "sem-", &name);

	while (r >= 0) {
		if (may_find) {
			r = host(c, __NR_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
			if (r != -ENOENT || !(k->flags & O_CREAT))
				return r;
		}
		r = make_named(c, k, name);
		if (r != -EEXIST || !may_find)
			return r;
		r = 0;
	}
	return r;
}

long ksem_make(struct call *c, const struct ksem *k)
{
	int64_t id = 0;
	long fd;
	int r;

	if (k->value > VALUE_MOST || (k->flags & ~(uint64_t)(O_CREAT | O_EXCL)))
		return -EINVAL;
	r = put_guest(c, k->id, &id, sizeof id); /* before anything is made */
	if (r < 0)
		return r;
	fd = k->name ? find_or_make(c, k) : make_nameless(c, k);
	if (fd < 0)
		return fd;
	id = fd;
	r = put_guest(c, k->id, &id, sizeof id);
	if (r < 0)
		(void)host(c, __NR_close, fd);
	return r;
}

TRANSLATOR(ksem_unlink)
{
	uint64_t name;
	long r = memory_object_path(c, c->a[0], "sem-", &name);

	if (r == 0) /* who may not use it may not unlink it */
		r = host(c, __NR_faccessat2, AT_FDCWD, name, R_OK | W_OK, AT_SYMLINK_NOFOLLOW);
	return r < 0 ? r : host(c, __NR_unlinkat, AT_FDCWD, name, 0);
}

/* ---- Using ------------------------------------------------------------------------------ */

struct mapped {
	uint64_t fd, at;
	uint32_t flags;
};

static int word(struct call *c, uint64_t at, uint32_t *value)
{
	return get_guest(c, value, at, sizeof *value);
}

static long put_down(struct call *c, const struct mapped *m, long r)
{
	(void)host(c, __NR_munmap, m->at, GUEST_PAGE); /* our own */
	return r == -EFAULT ? -EINVAL : r;
}

/* The semaphore of argument 0; whatever else that is, it is EINVAL. */
static long take_up(struct call *c, struct mapped *m)
{
	uint32_t magic = 0;
	long r;

	if (arg_value(c, 0, &m->fd) < 0)
		return -EINVAL;
	r = host(c, __NR_mmap, 0, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (is_error(r))
		return r == -ENOMEM ? r : -EINVAL;
	m->at = (uint64_t)r;
	r = word(c, WORD(m->at, magic), &magic);
	if (r == 0)
		r = word(c, WORD(m->at, flags), &m->flags);
	if (r < 0 || magic != MAGIC || (m->flags & DEAD))
		return put_down(c, m, -EINVAL);
	return 0;
}

static long wake(struct call *c, const struct mapped *m, int n)
{
	return host(c, __NR_futex, WORD(m->at, value), FUTEX_WAKE, n);
}

TRANSLATOR(ksem_post)
{
	struct mapped m;
	uint32_t value;
	long r = take_up(c, &m);

	if (r < 0)
		return r;
	r = word(c, WORD(m.at, value), &value);
	do {
		if (r < 0 || value >= VALUE_MOST)
			return put_down(c, &m, r < 0 ? r : -EOVERFLOW);
		r = swap_guest(c, WORD(m.at, value), &value, value + 1);
	} while (r != 0);
	r = wake(c, &m, 1);
	return put_down(c, &m, r < 0 ? r : 0);
}

/* One less: 0, or -EAGAIN if there is nothing to take. */
static long take(struct call *c, const struct mapped *m)
{
	uint32_t value;
	long r = word(c, WORD(m->at, value), &value);

	while (r >= 0) {
		if (!value)
			return -EAGAIN;
		r = swap_guest(c, WORD(m->at, value), &value, value - 1);
		if (r == 0)
			return 0;
	}
	return r;
}

/* Until that time of the wall clock; 0: for ever. */
static long await(struct call *c, uint64_t until)
{
	struct mapped m;
	long r = take_up(c, &m);

	if (r < 0)
		return r;
	for (;;) {
		r = take(c, &m);
		if (r != -EAGAIN)
			return put_down(c, &m, r);
		r = host_wait(c, __NR_futex, WORD(m.at, value),
			      FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, until, 0,
			      FUTEX_BITSET_MATCH_ANY);
		if (r < 0 && r != -EAGAIN)
			return put_down(c, &m, r);
	}
}

TRANSLATOR(ksem_wait)
{
	return await(c, 0);
}

TRANSLATOR(ksem_timedwait)
{
	struct timespec t;
	uint64_t until;
	int r;

	if (!c->a[1])
		return await(c, 0);
	r = arg_in(c, 1, &t);
	if (r < 0)
		return r;
	if (t.tv_nsec < 0 || t.tv_nsec >= 1000000000)
		return -EINVAL;
	if (t.tv_sec < 0) /* long ago, which Linux does not take */
		t = (struct timespec){0};
	until = scratch(c, sizeof t);
	r = until ? put_guest(c, until, &t, sizeof t) : -ENOMEM;
	return r < 0 ? r : await(c, until);
}

TRANSLATOR(ksem_trywait)
{
	struct mapped m;
	long r = take_up(c, &m);

	return r < 0 ? r : put_down(c, &m, take(c, &m));
}

TRANSLATOR(ksem_getvalue)
{
	struct mapped m;
	uint32_t value = 0;
	long r = take_up(c, &m);

	if (r < 0)
		return r;
	r = put_down(c, &m, word(c, WORD(m.at, value), &value));
	return r < 0 ? r : put_guest(c, c->a[1], &value, sizeof value);
}

static long close_it(struct call *c, const struct mapped *m)
{
	descriptor_closing(c, (int)m->fd);
	return host(c, __NR_close, m->fd);
}

TRANSLATOR(ksem_close)
{
	struct mapped m;
	long r = take_up(c, &m);

	if (r == 0)
		r = put_down(c, &m, m.flags & NAMELESS ? -EINVAL : 0);
	return r < 0 ? r : close_it(c, &m);
}

/* Nobody uses it any more, by whatever descriptor. */
static long kill_it(struct call *c, const struct mapped *m)
{
	uint32_t dead = m->flags | DEAD;
	long sleepers;

	if (!(m->flags & NAMELESS))
		return -EINVAL;
	sleepers = wake(c, m, INT_MAX);
	if (sleepers)
		return sleepers < 0 ? sleepers : -EBUSY;
	return put_guest(c, WORD(m->at, flags), &dead, sizeof dead);
}

TRANSLATOR(ksem_destroy)
{
	struct mapped m;
	long r = take_up(c, &m);

	if (r == 0)
		r = put_down(c, &m, kill_it(c, &m));
	return r < 0 ? r : close_it(c, &m);
}
