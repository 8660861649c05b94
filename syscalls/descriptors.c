/* The table of descriptors.h. */
#include "syscalls/descriptors.h"

#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <string.h>

#include "syscalls/kqueue.h"
#include "syscalls/linux.h"
#include "syscalls/procdesc.h"

_Static_assert(DESCRIPTORS_MAX % DESCRIPTORS_CHUNK == 0, "whole chunks");
#define CHUNK_BYTES (DESCRIPTORS_CHUNK * sizeof(struct descriptor))

static struct descriptors *table_of(const struct process *p)
{
	return __atomic_load_n(&p->descriptors, __ATOMIC_ACQUIRE);
}

/* Threads may come here at once: the first to store its table wins. */
static struct descriptors *table_make(struct process *p)
{
	struct descriptors *d = table_of(p);
	if (d)
		return d;
	struct descriptors *fresh = engine_pages(sizeof *fresh);
	if (!fresh)
		return NULL;
	if (__atomic_compare_exchange_n(&p->descriptors, &d, fresh, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		end_bare(p);
		return fresh;
	}
	engine_free_pages(fresh, sizeof *fresh);
	return d;
}

static struct descriptor *entry_of(const struct descriptors *d, uint32_t fd)
{
	if (fd >= DESCRIPTORS_MAX)
		return NULL;
	struct descriptor *chunk = __atomic_load_n(&d->chunks[fd / DESCRIPTORS_CHUNK],
						   __ATOMIC_ACQUIRE);
	return chunk ? &chunk[fd % DESCRIPTORS_CHUNK] : NULL;
}

static struct descriptor *entry_make(struct descriptors *d, uint32_t fd)
{
	struct descriptor *entry = entry_of(d, fd);
	if (entry || fd >= DESCRIPTORS_MAX)
		return entry;
	struct descriptor *fresh = engine_pages(CHUNK_BYTES), *chunk = NULL;
	if (!fresh)
		return NULL;
	if (!__atomic_compare_exchange_n(&d->chunks[fd / DESCRIPTORS_CHUNK], &chunk, fresh, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		engine_free_pages(fresh, CHUNK_BYTES);
	uint32_t end = (fd / DESCRIPTORS_CHUNK + 1) * DESCRIPTORS_CHUNK;
	uint32_t was = __atomic_load_n(&d->end, __ATOMIC_RELAXED);
	while (was < end && !__atomic_compare_exchange_n(&d->end, &was, end, false,
							 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	return entry_of(d, fd);
}

struct descriptor *descriptor_find(const struct process *p, int fd)
{
	const struct descriptors *d = table_of(p);
	return d && fd >= 0 ? entry_of(d, fd) : NULL;
}

struct descriptor *descriptor_make(struct process *p, int fd)
{
	struct descriptors *d = fd >= 0 ? table_make(p) : NULL;
	return d ? entry_make(d, fd) : NULL;
}

static uint32_t flags_of(const struct descriptor *entry)
{
	return entry ? __atomic_load_n(&entry->flags, __ATOMIC_RELAXED) : 0;
}

int descriptor_set(struct process *p, int fd, uint32_t flags)
{
	struct descriptor *entry = descriptor_make(p, fd);
	if (!entry)
		return -ENOMEM;
	__atomic_fetch_or(&entry->flags, flags, __ATOMIC_RELAXED);
	return 0;
}

void descriptor_clear(struct process *p, int fd, uint32_t flags)
{
	struct descriptor *entry = descriptor_find(p, fd);
	if (entry)
		__atomic_fetch_and(&entry->flags, ~flags, __ATOMIC_RELAXED);
}

bool descriptor_has(const struct process *p, int fd, uint32_t flags)
{
	return flags_of(descriptor_find(p, fd)) & flags;
}

bool descriptor_is_hidden_high(const struct process *p, int fd)
{
	return fd <= HIDDEN_LAST || descriptor_has(p, fd, DESCRIPTOR_HIDDEN);
}

long descriptor_made(struct call *c, long fd, uint64_t flags)
{
	if (fd < 0 || !(flags & O_CLOSE_ON_FORK))
		return fd;
	int r = descriptor_set(c->thread->process, (int)fd, DESCRIPTOR_CLOSE_ON_FORK);
	if (r == 0)
		return fd;
	(void)host(c, __NR_close, fd); /* just made */
	return r;
}

long descriptors_made(struct call *c, uint64_t at, uint64_t to, uint64_t flags, int32_t ends[2])
{
	struct process *p = c->thread->process;
	uint32_t kept = flags & O_CLOSE_ON_FORK ? DESCRIPTOR_CLOSE_ON_FORK : 0;
	long r = get_guest(c, ends, at, 2 * sizeof *ends);
	if (r < 0)
		return r;
	for (int i = 0; i < 2 && r == 0 && kept; i++)
		r = descriptor_set(p, ends[i], kept);
	if (r == 0)
		r = put_guest(c, to, ends, 2 * sizeof *ends);
	for (int i = 0; i < 2 && r < 0; i++) { /* nobody would know them */
		descriptor_clear(p, ends[i], kept);
		(void)host(c, __NR_close, ends[i]);
	}
	return r;
}

int descriptor_hide(struct call *c, int fd)
{
	struct process *p = c->thread->process;
	long to = host(c, __NR_fcntl, fd, F_DUPFD_CLOEXEC, HIDDEN_LAST + 1);
	(void)host(c, __NR_close, fd); /* its number is only given back */
	if (to < 0)
		return to == -EINVAL ? -EMFILE : to;
	int r = descriptor_set(p, to, DESCRIPTOR_HIDDEN);
	if (r < 0) {
		(void)host(c, __NR_close, to); /* just made */
		return r;
	}
	return to;
}

static bool in_use(const struct descriptor *entry)
{
	return entry->flags || entry->kqueue || entry->watches || entry->pid || entry->rights;
}

void descriptor_closing(struct call *c, int fd)
{
	struct process *p = c->thread->process;
	struct descriptor *entry = descriptor_find(p, fd);
	if (!entry || !in_use(entry))
		return;
	struct descriptors *d = table_of(p);
	lock_take(&d->lock);
	if (entry->watches)
		kqueue_unwatch(c, fd, entry);
	if (entry->kqueue)
		kqueue_closing(c, fd, entry);
	if (entry->pid)
		procdesc_closing(c, fd);
	*entry = (struct descriptor){0};
	lock_release(&d->lock);
}

void descriptor_moved(struct call *c, int fd)
{
	struct process *p = c->thread->process;
	struct descriptor *entry = descriptor_find(p, fd);
	if (!entry || !entry->watches)
		return;
	struct descriptors *d = table_of(p);
	lock_take(&d->lock);
	kqueue_moved(c, entry);
	lock_release(&d->lock);
}

/* What belongs to the open file goes along; registrations belong to the number. */
#define OF_OPEN_FILE \
	(DESCRIPTOR_NO_SIGPIPE | DESCRIPTOR_SHUT_WRITE | DESCRIPTOR_CONNECTING | \
	 DESCRIPTOR_LOCAL_DATAGRAM | DESCRIPTOR_SHUT_LISTENING)

static void copy_process(struct descriptors *d, struct descriptor *to,
			 const struct descriptor *from)
{
	to->pid = from->pid;
	to->maker = from->maker;
	to->status = from->status;
	d->processes += from->pid != 0;
}

void descriptor_duplicated(struct call *c, int from, int to)
{
	struct process *p = c->thread->process;
	struct descriptor *old = descriptor_find(p, from);
	if (!old || !(old->kqueue || old->pid || old->rights || (flags_of(old) & OF_OPEN_FILE)))
		return;
	struct descriptor *new = descriptor_make(p, to);
	if (!new && old->rights)
		(void)host(c, __NR_close, to); /* rather none than one with all rights */
	if (!new)
		return; /* without memory for it, it stays a plain descriptor */
	new->rights = old->rights;
	struct descriptors *d = table_of(p);
	lock_take(&d->lock);
	new->flags |= old->flags &OF_OPEN_FILE;
	new->error = old->error;
	copy_process(d, new, old);
	new->kqueue = old->kqueue;
	if (new->kqueue)
		kqueue_duplicated(new->kqueue);
	lock_release(&d->lock);
}

long descriptor_duplicate_onto(struct call *c, int from, int to, uint32_t host_flags)
{
	struct process *p = c->thread->process;
	if (from < 0 || to < 0 || descriptor_is_hidden(p, from) || descriptor_is_hidden(p, to))
		return -EBADF;
	struct descriptor *entry = descriptor_find(p, to);
	if (entry && in_use(entry)) {
		/* Nothing of `to` may be lost if `from` is not open. */
		long r = host(c, __NR_fcntl, from, F_GETFD);
		if (r < 0)
			return r;
		descriptor_closing(c, to);
	}
	long r = host(c, __NR_dup3, from, to, host_flags);
	if (r >= 0)
		descriptor_duplicated(c, from, to);
	return r;
}

/* The lowest hidden number at or above `from`, or UINT32_MAX. */
static uint32_t next_hidden(const struct descriptors *d, uint32_t from)
{
	if (from <= HIDDEN_LAST)
		return from < HIDDEN_FIRST ? HIDDEN_FIRST : from;
	uint32_t end = d ? __atomic_load_n(&d->end, __ATOMIC_ACQUIRE) : 0;
	for (uint32_t fd = from; fd < end; fd++)
		if (flags_of(entry_of(d, fd)) & DESCRIPTOR_HIDDEN)
			return fd;
	return UINT32_MAX;
}

static void closing_range(struct call *c, uint32_t first, uint32_t last)
{
	const struct process *p = c->thread->process;
	const struct descriptors *d = table_of(p);
	if (!d)
		return;
	uint32_t end = __atomic_load_n(&d->end, __ATOMIC_ACQUIRE);
	for (uint32_t fd = first; fd < end && fd <= last; fd++)
		if (!descriptor_is_hidden(p, fd))
			descriptor_closing(c, fd);
}

long descriptors_close_range(struct call *c, uint32_t first, uint32_t last, uint32_t host_flags)
{
	if (last < first)
		return -EINVAL;
	if (!(host_flags & CLOSE_RANGE_CLOEXEC))
		closing_range(c, first, last);
	const struct descriptors *d = table_of(c->thread->process);
	for (uint64_t at = first; at <= last;) {
		uint32_t hidden = next_hidden(d, at);
		if (hidden > at) {
			uint32_t stop = hidden - 1 < last ? hidden - 1 : last;
			long r = host(c, __NR_close_range, at, stop, host_flags);
			if (r < 0)
				return r;
		}
		at = (uint64_t)hidden + 1;
	}
	return 0;
}

void descriptors_lock(struct process *p)
{
	struct descriptors *d = table_of(p);
	if (d)
		lock_take(&d->lock);
}

void descriptors_unlock(struct process *p)
{
	struct descriptors *d = table_of(p);
	if (d)
		lock_release(&d->lock);
}

/* Kqueues and what serves them, and what the guest keeps for itself. */
static bool not_inherited(const struct descriptor *entry)
{
	return entry->kqueue || (entry->flags & (DESCRIPTOR_HELPER | DESCRIPTOR_CLOSE_ON_FORK));
}

void descriptors_forked(struct call *c)
{
	struct descriptors *d = c->thread->process->descriptors;
	if (c->thread->process->counted.bell)
		c->thread->process->counted = (struct counted){0};
	if (!d)
		return;
	d->n_left = 0; /* the parent's children */
	for (uint32_t fd = 0; fd < d->end; fd++) {
		struct descriptor *entry = entry_of(d, fd);
		if (!entry || !in_use(entry))
			continue;
		entry->watches = NULL;
		if (!not_inherited(entry))
			continue;
		(void)host(c, __NR_close, fd); /* the child's share of it */
		d->processes -= entry->pid != 0;
		*entry = (struct descriptor){0};
	}
	kqueue_free_all(d);
}

int descriptors_copy(struct call *c, const struct descriptors *from, struct descriptors **to)
{
	*to = NULL;
	if (!from)
		return 0;
	struct descriptors *d = engine_pages(sizeof *d);
	if (!d)
		return -ENOMEM;
	for (uint32_t fd = 0; fd < from->end; fd++) {
		const struct descriptor *old = entry_of(from, fd);
		if (!old || !in_use(old))
			continue;
		if (not_inherited(old)) {
			(void)host(c, __NR_close, fd); /* in the child alone */
			continue;
		}
		struct descriptor *new = entry_make(d, fd);
		if (!new) {
			descriptors_free(d);
			return -ENOMEM;
		}
		new->flags = old->flags;
		new->error = old->error;
		new->rights = old->rights;
		copy_process(d, new, old);
	}
	*to = d;
	return 0;
}

void descriptors_free(struct descriptors *d)
{
	if (!d)
		return;
	kqueue_free_all(d);
	for (size_t i = 0; i < COUNT(d->chunks); i++)
		if (d->chunks[i])
			engine_free_pages(d->chunks[i], CHUNK_BYTES);
	engine_free_pages(d, sizeof *d);
}
