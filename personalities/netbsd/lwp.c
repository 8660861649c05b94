/* LWPs: NetBSD's threads.  sys/kern/sys_lwp.c, sys/kern/kern_lwp.c; NetBSD 7.99, and the prototypes
 * of 10.
 *
 * A thread's number is Linux's: since 10.0 the numbers of threads and processes are one set there,
 * too, and a process's first thread has its number.
 *
 * Who was not detached is remembered after its end until somebody waits for it: lwp_list.h. */
#include "personalities/netbsd/lwp.h"

#include <string.h>

#include "personalities/netbsd/context.h"
#include "personalities/netbsd/lwp_list.h"
#include "syscalls/engine.h"
#include "syscalls/signal.h"

/* ---- Birth and end -------------------------------------------------------------------------------- */

/* The vector state of the context is what the new thread begins with: it inherits its maker's. */
static int borrow_vectors(struct call *c, const struct ucontext *uc, uint64_t *legacy,
			  uint64_t *rest)
{
	int e;

	*legacy = 0;
	if (!(uc->flags & UC_FPU))
		return 0;
	*legacy = scratch(c, engine_vector_size());
	*rest = *legacy + 512;
	if (!*legacy)
		return -ENOMEM;
	e = engine_save_vectors(c->thread, *legacy, *rest, engine_vector_size() - 512);
	if (e == 0)
		e = netbsd_load_vectors(c->thread, c->a[0]);
	if (e < 0)
		*legacy = 0; /* nothing was changed */
	return e;
}

static long begin(struct call *c, const struct ucontext *uc, const struct regs *regs)
{
	const struct new_thread n = {
		.has_regs = true,
		.regs = *regs,
		.tls = uc->flags & UC_TLSBASE ? uc->m.tlsbase : engine_get_base(c->thread, 0),
		.parent_tid = c->a[2],
		.tid_size = sizeof(int32_t),
	};
	struct sigset mask = c->thread->mask;
	uint64_t legacy, rest = 0;
	long r = borrow_vectors(c, uc, &legacy, &rest);

	if (r == 0) {
		if (uc->flags & UC_SIGMASK)
			signal_set_mask(c, &uc->mask); /* which it inherits */
		r = engine_new_thread(c, &n);
		signal_set_mask(c, &mask);
	}
	if (legacy) /* saved a moment ago, where the guest does not write: cannot fail */
		(void)engine_load_vectors(c->thread, legacy, rest, engine_vector_size() - 512);
	return r;
}

/* _lwp_create(context, flags, number) */
TRANSLATOR(netbsd_lwp_create)
{
	struct process *p = c->thread->process;
	struct lwp *place;
	struct ucontext uc;
	struct regs regs;
	uint64_t flags;
	long r = arg_value(c, 1, &flags);

	if (r == 0)
		r = get_guest(c, &uc, c->a[0], sizeof uc);
	if (r == 0 && !(uc.flags & UC_CPU))
		r = -EINVAL;
	if (r == 0)
		r = netbsd_registers(&uc.m, &regs);
	if (r == 0)
		r = put_guest(c, c->a[2], &(int32_t){0},
			      sizeof(int32_t)); /* EFAULT, while it may */
	if (r < 0)
		return r;
	lock_take(&p->lock); /* it may end before it is in the list */
	r = lwps_make_room(c, &place);
	if (r == 0) {
		r = begin(c, &uc, &regs);
		*place = (struct lwp){.id = (int32_t)r,
				      .state = is_error(r)	      ? LWP_FREE
					       : flags & LWP_DETACHED ? LWP_RUNS_DETACHED
								      : LWP_RUNS};
	}
	lock_release(&p->lock);
	return r < 0 ? r : 0;
}

/* The last thread's end is the process's (lwp_exit: exit1()). */
TRANSLATOR(netbsd_lwp_exit)
{
	struct process *p = c->thread->process;
	struct lwps *l;
	struct lwp *self;

	lock_take(&p->lock);
	l = lwps_of(p);
	self = l ? lwps_find(l, c->thread->tid) : NULL;
	if (self && self->control)
		(void)put_guest(c, self->control, &(int32_t){CPU_EXITED},
				sizeof(int32_t)); /* if the program has it still */
	if (self)
		self->state = self->state == LWP_RUNS ? LWP_ENDED : LWP_FREE;
	if (l)
		lwps_changed(c, l);
	lock_release(&p->lock);
	if (__atomic_sub_fetch(&p->n_threads, 1, __ATOMIC_ACQ_REL) == 0)
		engine_exit_process(c, 0);
	engine_exit_thread(c);
}

/* ---- Waiting ------------------------------------------------------------------------------------------ */

/* One that has ended, id or (0) any: its number; 0: there is one to wait for; -errno. */
static int32_t collect(struct lwps *l, int32_t self, int32_t id)
{
	bool found = false;

	for (uint32_t i = 0; i < l->n; i++) {
		struct lwp *t = &l->lwp[i];

		if (id && t->id == id && t->state != LWP_FREE &&
		    (id == self || t->waits_for == self))
			return -EDEADLK;
		if (t->id == self || (id && t->id != id) || t->state == LWP_FREE ||
		    t->state == LWP_RUNS_DETACHED)
			continue;
		found = true;
		if (t->state == LWP_ENDED) {
			t->state = LWP_FREE;
			return t->id;
		}
	}
	return found ? 0 : -ESRCH;
}

/* _lwp_wait(number, departed) */
TRANSLATOR(netbsd_lwp_wait)
{
	struct process *p = c->thread->process;
	int32_t id = (int32_t)c->a[0], self = c->thread->tid, gone;

	for (;;) {
		struct lwps *l;
		struct lwp *me;
		uint32_t seen = 0;
		long r;

		lock_take(&p->lock);
		l = lwps_of(p);
		gone = l ? collect(l, self, id) : -ENOMEM;
		me = l ? lwps_find(l, self) : NULL;
		if (l)
			seen = l->changes;
		if (me)
			me->waits_for = gone == 0 ? id : 0;
		lock_release(&p->lock);
		if (gone)
			break;
		r = engine_wait_word(c, &l->changes, seen, 0);
		if (r < 0 && r != -EAGAIN)
			return r;
	}
	if (gone < 0)
		return gone;
	return c->a[1] ? put_guest(c, c->a[1], &gone, sizeof gone) : 0;
}

TRANSLATOR(netbsd_lwp_detach)
{
	struct process *p = c->thread->process;
	struct lwps *l;
	struct lwp *t;
	int r = 0;

	lock_take(&p->lock);
	l = lwps_of(p);
	t = l ? lwps_find(l, (int32_t)c->a[0]) : NULL;
	if (!t)
		r = l ? -ESRCH : -ENOMEM;
	else if (t->state == LWP_RUNS_DETACHED)
		r = -EINVAL;
	else
		t->state = t->state == LWP_ENDED ? LWP_FREE : LWP_RUNS_DETACHED;
	if (r == 0)
		lwps_changed(c, l);
	lock_release(&p->lock);
	return r;
}

/* ---- The thread of a number ----------------------------------------------------------------------- */

struct thread *netbsd_thread(struct call *c, int32_t id)
{
	struct process *p = c->thread->process;
	struct lwps *l;
	struct lwp *t;
	bool runs;

	lock_take(&p->lock);
	l = lwps_of(p);
	t = l ? lwps_find(l, id) : NULL;
	runs = t && t->state != LWP_ENDED; /* whatever Linux still has of it */
	lock_release(&p->lock);
	return runs ? engine_find_thread(c, id) : NULL;
}

/* ---- The rest ------------------------------------------------------------------------------------------- */

TRANSLATOR(netbsd_lwp_self)
{
	return c->thread->tid;
}

TRANSLATOR(netbsd_lwp_getprivate)
{
	return (long)engine_get_base(c->thread, 0);
}

TRANSLATOR(netbsd_lwp_setprivate)
{
	return engine_set_base(c->thread, 0, c->a[0]);
}

enum { MAXCOMLEN = 16 };

static struct thread *named(struct call *c)
{
	return (int32_t)c->a[0] ? netbsd_thread(c, (int32_t)c->a[0]) : c->thread;
}

/* _lwp_setname(number, name): a longer one is cut. */
TRANSLATOR(netbsd_lwp_setname)
{
	char name[MAXCOMLEN] = {0};
	long r = get_guest_string(c, name, c->a[1], sizeof name);
	struct thread *t = named(c);

	if (r < 0 && r != -ENAMETOOLONG)
		return r;
	if (!t)
		return -ESRCH;
	name[MAXCOMLEN - 1] = 0;
	memcpy(t->name, name, sizeof name);
	return 0;
}

/* _lwp_getname(number, name, room) */
TRANSLATOR(netbsd_lwp_getname)
{
	struct thread *t = named(c);
	size_t n = t ? strlen(t->name) + 1 : 0;
	int r;

	if (!t)
		return -ESRCH;
	if (n <= c->a[2])
		return put_guest(c, c->a[1], t->name, n);
	r = put_guest(c, c->a[1], t->name, c->a[2]);
	return r < 0 ? r : -ENAMETOOLONG;
}
