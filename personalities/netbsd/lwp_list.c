/* Which threads a process has, and which have ended without anybody having waited for them: sys/kern/kern_lwp.c,
 * NetBSD 7.99.
 *
 * The list is in pages of the translator's own.  A child's copy of its parent's is not its own, and that of a
 * child that shares its parent's memory is not even a copy: both begin anew. */
#include "personalities/netbsd/lwp_list.h"

#include <string.h>

#include "syscalls/engine.h"

#define LWPS_FIRST 4096UL

static size_t bytes_for(uint32_t room)
{
	return sizeof(struct lwps) + room * sizeof(struct lwp);
}

struct lwps *lwps_of(struct process *p)
{
	struct lwps *l = p->own;

	if (l && l->pid == p->pid)
		return l;
	l = engine_pages(LWPS_FIRST);
	if (!l)
		return NULL;
	l->pid = p->pid;
	l->room = (LWPS_FIRST - sizeof *l) / sizeof l->lwp[0];
	l->lwp[l->n++] = (struct lwp){.id = p->pid, .state = LWP_RUNS};
	p->own = l;
	return l;
}

struct lwp *lwps_find(struct lwps *l, int32_t id)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->lwp[i].id == id && l->lwp[i].state != LWP_FREE)
			return &l->lwp[i];
	return NULL;
}

int lwps_make_room(struct call *c, struct lwp **place)
{
	struct process *p = c->thread->process;
	struct lwps *l = lwps_of(p), *more;

	if (!l)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->n; i++)
		if (l->lwp[i].state == LWP_FREE) {
			*place = &l->lwp[i];
			return 0;
		}
	if (l->n == l->room) {
		uint32_t room = 2 * l->room;

		more = engine_pages(bytes_for(room));
		if (!more)
			return -ENOMEM;
		memcpy(more, l, bytes_for(l->n));
		more->room = room;
		p->own = more; /* the old one is kept: somebody may sleep on its count */
		lwps_changed(c, l);
		l = more;
	}
	*place = &l->lwp[l->n++];
	return 0;
}

void lwps_changed(struct call *c, struct lwps *l)
{
	__atomic_add_fetch(&l->changes, 1, __ATOMIC_RELEASE);
	engine_wake_word(c, &l->changes);
}
