/* Memory: mappings, protections, the break.
 *
 * The only thing translated besides flags is what the guest may not touch: the resident's
 * own range, which looks to it like the end of the address space.
 */
#include "syscalls/memory.h"

#include "syscalls/abi.h"
#include "syscalls/engine.h"
#include "syscalls/launch.h"
#include "syscalls/max_protection.h"
#include "syscalls/process.h"

#include <linux/mman.h>

static uint64_t page_down(uint64_t a)
{
	return a & ~(GUEST_PAGE - 1);
}

static uint64_t page_up(uint64_t a)
{
	return page_down(a + GUEST_PAGE - 1);
}

/* Widens [*at, *at + *n) to whole pages, as the BSDs do for unaligned addresses. */
static int whole_pages(uint64_t *at, uint64_t *n)
{
	uint64_t end;

	if (__builtin_add_overflow(*at, *n, &end) || end > UINT64_MAX - GUEST_PAGE)
		return -EINVAL;
	*at = page_down(*at);
	*n = page_up(end) - *at;
	return engine_owns(*at, *n) ? -EINVAL : 0;
}

/* Splits what is asked for from what may ever be; *most is 0 where nothing is said of that.  More
 * than that cannot be asked for (sys/vm/vm_mmap.c: kern_mmap(), kern_mprotect()). */
static int split_protection(uint64_t *prot, uint64_t *most)
{
	*most = *prot >> PROT_X_MOST_SHIFT;
	*prot &= PROT_X_MOST(1) - 1;
	return *most && (*prot & ~*most) ? -EOPNOTSUPP : 0;
}

struct mapping {
	uint64_t at, size, prot, flags, fd, offset;
	uint64_t alignment;
};

static long map(struct call *c, const struct mapping *m)
{
	long r;

	if (m->flags & MAP_FIXED)
		engine_code_changed(c, m->at, m->size, false);
	r = host(c, __NR_mmap, m->at, m->size, m->prot, m->flags, m->fd, m->offset);
	if (r == -EEXIST)
		return -ENOMEM;
	if (is_error(r))
		return r;
	if (engine_owns((uint64_t)r, m->size)) {
		(void)host(c, __NR_munmap, r, m->size); /* just made */
		return -ENOMEM;
	}
	engine_code_changed(c, (uint64_t)r, m->size,
			    (m->prot & PROT_EXEC) && !(m->prot & PROT_WRITE) &&
				    (m->flags & MAP_PRIVATE));
	return r;
}

/* More than asked, then the ends cut off. */
static long map_aligned(struct call *c, const struct mapping *m)
{
	struct mapping wide = *m;
	uint64_t at, start, end;
	long r;

	if (__builtin_add_overflow(m->size, m->alignment, &wide.size))
		return -ENOMEM;
	wide.flags = (m->flags & ~(uint64_t)MAP_SHARED) | MAP_PRIVATE | MAP_ANONYMOUS |
		     MAP_NORESERVE;
	wide.prot = PROT_NONE;
	wide.fd = (uint64_t)-1;
	wide.offset = 0;
	r = map(c, &wide);
	if (is_error(r))
		return r;
	at = (uint64_t)r;
	start = (at + m->alignment - 1) & ~(m->alignment - 1);
	end = start + m->size;
	if (start > at)
		(void)host(c, __NR_munmap, at, start - at); /* of the reservation just made */
	if (at + wide.size > end)
		(void)host(c, __NR_munmap, end, at + wide.size - end);
	wide = *m;
	wide.at = start;
	wide.flags |= MAP_FIXED;
	return map(c, &wide);
}

/* Flags as Linux has them; -EINVAL for combinations that no system allows. */
static int shape(struct mapping *m)
{
	uint64_t extra = m->flags & ~0xffffffffUL;
	uint64_t log = extra >> MAP_X_ALIGN_SHIFT & 0xff;

	m->flags &= 0xffffffffUL;
	if (!(m->flags & (MAP_SHARED | MAP_PRIVATE)))
		m->flags |= MAP_PRIVATE;
	if ((m->flags & MAP_SHARED) && (m->flags & MAP_PRIVATE))
		return -EINVAL;
	if (extra & MAP_X_GUARD) {
		if (m->prot || m->offset || (int)m->fd != -1)
			return -EINVAL;
		m->flags |= MAP_ANONYMOUS | MAP_NORESERVE;
	}
	if (extra & MAP_X_STACK) {
		if ((int)m->fd != -1 ||
		    (m->prot & (PROT_READ | PROT_WRITE)) != (PROT_READ | PROT_WRITE))
			return -EINVAL;
		m->flags |= MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
	}
	if (extra & MAP_X_EXCL) {
		if (!(m->flags & MAP_FIXED))
			return -EINVAL;
		m->flags = (m->flags & ~(uint64_t)MAP_FIXED) | MAP_FIXED_NOREPLACE;
	}
	if ((m->flags & MAP_ANONYMOUS) && ((int)m->fd != -1 || m->offset))
		return -EINVAL;
	if (log && (log < 12 || log > 46))
		return -EINVAL;
	m->alignment = log ? 1UL << log : 0;
	return 0;
}

/* mmap(addr, length, prot, flags, fd, offset); an offset within a page moves the result. */
TRANSLATOR(mmap)
{
	struct mapping m = {.at = c->a[0], .size = c->a[1], .offset = c->a[5]};
	uint64_t within = m.offset & (GUEST_PAGE - 1), v, most;
	struct process *p = c->thread->process;
	bool fixed, no_core;
	int limited;
	long r = 0;

	if ((r = arg_value(c, 2, &m.prot)) < 0 || (r = arg_value(c, 3, &m.flags)) < 0)
		return r;
	if ((r = split_protection(&m.prot, &most)) < 0)
		return r;
	no_core = m.flags & MAP_X_NO_CORE && p->settings & SETTINGS_CORE;
	m.fd = (uint64_t)(int64_t)(int)c->a[4];
	if ((int)m.fd != -1 && (r = arg_value(c, 4, &v)) < 0)
		return r;
	r = shape(&m);
	if (r < 0)
		return r;
	m.offset -= within;
	if (!m.size || __builtin_add_overflow(m.size, within, &m.size) || m.size > 1UL << 47)
		return m.size ? -ENOMEM : -EINVAL;
	m.size = page_up(m.size);
	fixed = m.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	if (fixed) {
		if ((m.at & (GUEST_PAGE - 1)) != within)
			return -EINVAL;
		m.at -= within;
		if (engine_owns(m.at, m.size))
			return -EINVAL;
		if (m.alignment && (m.at & (m.alignment - 1)))
			return -EINVAL;
	} else if (m.at < LOWEST_PLACE || engine_owns(m.at, m.size)) {
		m.at = 0; /* a hint nobody can follow */
	}
	limited = max_protection_begin(p, most);
	if (limited < 0)
		return limited;
	r = m.alignment && !fixed ? map_aligned(c, &m) : map(c, &m);
	/* What the file does not allow: a sealed one is not written to, and nothing is executed
	 * where the mount forbids it.  A fixed place too low is EPERM for Linux, too. */
	if (r == -EPERM && (int)m.fd != -1 && !(fixed && m.at < LOWEST_PLACE))
		r = -EACCES;
	if (limited && !is_error(r))
		max_protection_set(p, (uint64_t)r, m.size, most ? most : PROT_X_ALL);
	max_protection_end(p, limited);
	if (no_core && !is_error(r)) /* just made, so that this cannot fail */
		(void)host(c, __NR_madvise, r, m.size, MADV_DONTDUMP);
	return is_error(r) ? r : r + (long)within;
}

/* The older form on several systems: a pad keeps the offset aligned. */
TRANSLATOR(mmap_padded)
{
	c->a[5] = c->a[6];
	return call_mmap(c);
}

TRANSLATOR(munmap)
{
	struct process *p = c->thread->process;
	uint64_t at = c->a[0], n = c->a[1];
	int r, limited;

	if (!n)
		return -EINVAL;
	r = whole_pages(&at, &n);
	if (r < 0 || (r = limited = max_protection_begin(p, false)) < 0)
		return r;
	engine_code_changed(c, at, n, false);
	r = (int)host(c, __NR_munmap, at, n);
	if (limited && r == 0)
		max_protection_set(p, at, n, PROT_X_ALL);
	max_protection_end(p, limited);
	return r;
}

/* most: 0, or what they may have at most from now on. */
static int protect(struct call *c, uint64_t at, uint64_t n, uint64_t prot, uint64_t most)
{
	struct process *p = c->thread->process;
	int limited = max_protection_begin(p, most), r = 0;

	if (limited < 0)
		return limited;
	if (limited && (prot | most) & ~max_protection_of(p, at, n))
		r = -EACCES;
	if (r == 0 && prot != (PROT_READ | PROT_EXEC))
		engine_code_changed(c, at, n, false);
	if (r == 0)
		r = (int)host(c, __NR_mprotect, at, n, prot);
	if (r == 0 && most)
		max_protection_set(p, at, n, most);
	max_protection_end(p, limited);
	return r;
}

TRANSLATOR(mprotect)
{
	uint64_t at = c->a[0], n = c->a[1], prot, most = 0;
	int r = arg_value(c, 2, &prot);

	if (r == 0)
		r = split_protection(&prot, &most);
	if (r == 0)
		r = whole_pages(&at, &n);
	return r < 0 ? r : protect(c, at, n, prot, most);
}

static long advise(struct call *c)
{
	uint64_t at = c->a[0], n = c->a[1], advice;
	int r = arg_value(c, 2, &advice);

	if (r == 0)
		r = whole_pages(&at, &n);
	if (r < 0)
		return r;
	if (advice == ADVISE_NOTHING)
		return 0;
	if (advice == ADVISE_REFUSED)
		return -EPERM;
	r = (int)host(c, __NR_madvise, at, n, advice);
	/* Linux refuses these two for locked or shared memory; advice may go unheeded. */
	return r == -EINVAL && (advice == MADV_FREE || advice == MADV_COLD) ? 0 : r;
}

TRANSLATOR(madvise)
{
	return advise(c);
}

/* What a child gets of the range, where Linux can say it at all. */
TRANSLATOR(minherit)
{
	return advise(c);
}

TRANSLATOR(msync)
{
	uint64_t at = c->a[0], n = c->a[1], flags;
	int r = arg_value(c, 2, &flags);

	if (r == 0)
		r = whole_pages(&at, &n);
	if (r < 0)
		return r;
	if (!(flags & (MS_ASYNC | MS_SYNC)))
		flags |= MS_SYNC;
	return host_wait(c, __NR_msync, at, n, flags);
}

/* The break is the guest's own: room after its program, mapped as it grows. */
TRANSLATOR(brk)
{
	struct process *p = c->thread->process;
	uint64_t now = page_up(p->brk_now), then = page_up(c->a[0]);
	long r = 0;

	if (c->a[0] < p->brk_start)
		return -EINVAL;
	if (c->a[0] > 1UL << 46 || engine_owns(now, then > now ? then - now : 0))
		return -ENOMEM;
	lock_take(&p->lock);
	if (then > now)
		r = host(c, __NR_mmap, now, then - now, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	else if (then < now)
		r = host(c, __NR_munmap, then, now - then);
	if (!is_error(r))
		p->brk_now = c->a[0];
	lock_release(&p->lock);
	return is_error(r) ? -ENOMEM : 0;
}
