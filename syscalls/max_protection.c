/* Limits of mappings: few programs have any, and those few a handful.  So there is nothing to keep
 * and nothing to ask until the first, and then a list, in pieces that are never given back.
 *
 * The lock is the process's.  A child of fork() finds the list as it was, but for a range another
 * thread was just writing: one is in force from the last of its words on.  A child of vfork() has
 * the very list, and a lock of its own; it makes no mappings before it executes. */
#include "syscalls/max_protection.h"

#include "syscalls/abi.h"
#include "syscalls/memory.h"
#include "syscalls/process.h"

#include <linux/mman.h>

#define RANGES 170

struct range {
	uint64_t at, most;
	uint64_t end; /* 0: no range */
};

struct max_protections {
	struct max_protections *next;
	struct range ranges[RANGES];
};

_Static_assert(sizeof(struct max_protections) <= 4096, "a page");

#define EACH(p, m, r) \
	for (struct max_protections *m = (p)->max_protections; m; m = m->next) \
		for (struct range *r = m->ranges; r < m->ranges + RANGES; r++)

static bool overlaps(const struct range *r, uint64_t at, uint64_t end)
{
	return r->at < end && at < r->end;
}

/* Room for two: what is cut out of the middle of one leaves two, and there may be a new one. */
static int make_room(struct process *p)
{
	struct max_protections *more;
	int n = 0;

	EACH(p, m, r)
	n += !r->end;
	if (n >= 2)
		return 0;
	more = engine_pages(sizeof *more);
	if (!more)
		return -ENOMEM;
	more->next = p->max_protections;
	p->max_protections = more;
	return 0;
}

int max_protection_begin(struct process *p, bool limits)
{
	int r;

	if (!limits && !p->max_protections)
		return 0;
	lock_take(&p->lock);
	r = make_room(p);
	if (r < 0)
		lock_release(&p->lock);
	return r < 0 ? r : 1;
}

void max_protection_end(struct process *p, int begun)
{
	if (begun)
		lock_release(&p->lock);
}

uint64_t max_protection_of(const struct process *p, uint64_t at, uint64_t n)
{
	uint64_t most = PROT_X_ALL;

	EACH(p, m, r)
	if (overlaps(r, at, at + n))
		most &= r->most;
	return most;
}

static void add(struct process *p, uint64_t at, uint64_t end, uint64_t most)
{
	EACH(p, m, r)
	if (!r->end) {
		r->at = at;
		r->most = most;
		__atomic_store_n(&r->end, end, __ATOMIC_RELEASE);
		return;
	}
}

static void cut_out(struct process *p, uint64_t at, uint64_t end)
{
	EACH(p, m, r)
	{
		struct range was = *r;

		if (!overlaps(r, at, end))
			continue;
		r->end = at > was.at ? at : 0;
		if (was.end > end)
			add(p, end, was.end, was.most);
	}
}

void max_protection_set(struct process *p, uint64_t at, uint64_t n, uint64_t most)
{
	cut_out(p, at, at + n);
	if ((most & PROT_X_ALL) != PROT_X_ALL)
		add(p, at, at + n, most & PROT_X_ALL);
}

int max_protection_copy(struct process *to, const struct process *from)
{
	const struct max_protections *m = from->max_protections;

	to->max_protections = NULL;
	for (; m; m = m->next) {
		struct max_protections *copy = engine_pages(sizeof *copy);

		if (!copy)
			return -ENOMEM;
		*copy = *m;
		copy->next = to->max_protections;
		to->max_protections = copy;
	}
	return 0;
}
