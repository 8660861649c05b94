/* What NetBSD's threads show of themselves, and how they stop: sys/kern/sys_lwp.c, kern_lwp.c, sys_sched.c,
 * 7.99; sys/lwpctl.h of 10. */
#include <linux/mman.h>

#include "personalities/netbsd/lwp.h"
#include "personalities/netbsd/lwp_list.h"
#include "syscalls/engine.h"

/* ---- What a thread shows: _lwp_ctl ------------------------------------------------------------------------ */

/* struct lwpctl: the processor a thread is on, and how often it was taken from it. */
enum { SIZE_OF_LWPCTL = 8, FEATURE_CURCPU = 1 };

/* Room for one more, with the process's lock held: 0 or -errno. */
static long make_control(struct call *c, struct lwps *l, uint64_t *at)
{
	if (!l->controls || (l->n_controls + 1) * SIZE_OF_LWPCTL > GUEST_PAGE) {
		long r = host(c, __NR_mmap, 0, GUEST_PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (is_error(r))
			return r;
		r = engine_owns((uint64_t)r, GUEST_PAGE)
			    ? -ENOMEM
			    : (l->controls = (uint64_t)r, l->n_controls = 0, 0);
		if (r < 0)
			return r;
		(void)host(c, __NR_madvise, l->controls, GUEST_PAGE,
			   MADV_DONTFORK); /* a child that sees the page finds old numbers on it */
	}
	*at = l->controls + l->n_controls++ * (uint64_t)SIZE_OF_LWPCTL;
	return 0;
}

long call_sched_getcpu(struct call *c);
static long show(struct call *c, uint64_t control)
{
	long cpu = call_sched_getcpu(c);
	int32_t number = (int32_t)cpu;

	return cpu < 0 ? cpu : put_guest(c, control, &number, sizeof number);
}

/* _lwp_ctl(features, address *) */
TRANSLATOR(netbsd_lwp_ctl)
{
	struct process *p = c->thread->process;
	struct lwps *l;
	struct lwp *self;
	uint64_t at = 0;
	long r = 0;

	if ((uint32_t)c->a[0] & ~(uint32_t)FEATURE_CURCPU)
		return -ENODEV;
	lock_take(&p->lock);
	l = lwps_of(p);
	self = l ? lwps_find(l, c->thread->tid) : NULL;
	if (!self)
		r = -ENOMEM;
	else if (!self->control)
		r = make_control(c, l, &self->control);
	if (r == 0)
		at = self->control;
	lock_release(&p->lock);
	if (r == 0)
		r = show(c, at);
	return r < 0 ? r : put_guest(c, c->a[1], &at, sizeof at);
}

/* The calling thread's place in the list, with the lock held; or NULL. */
static struct lwp *own_place(struct process *p, int32_t tid)
{
	struct lwps *l = p->own && ((struct lwps *)p->own)->pid == p->pid ? p->own : NULL;

	return l ? lwps_find(l, tid) : NULL;
}

void netbsd_show_asleep(struct call *c, bool asleep)
{
	struct process *p = c->thread->process;
	struct lwp *self;
	uint64_t control;

	lock_take(&p->lock);
	self = own_place(p, c->thread->tid);
	control = self ? self->control : 0;
	lock_release(&p->lock);
	if (control && asleep)
		(void)put_guest(c, control, &(int32_t){CPU_NONE},
				sizeof(int32_t)); /* if the program has it still */
	else if (control)
		(void)show(c, control); /* likewise */
}

/* _sched_protect(priority): sys/kern/sys_sched.c.  The ceilings of threads without a priority of real time are
 * counted and change nothing, there as here. */
TRANSLATOR(netbsd_sched_protect)
{
	enum { LOWEST = 0, HIGHEST = 63 };
	struct process *p = c->thread->process;
	int32_t priority = (int32_t)c->a[0];
	struct lwp *self;
	struct lwps *l;
	int r = 0;

	if (priority < -1)
		return -EINVAL;
	if (priority > HIGHEST)
		return -EPERM;
	lock_take(&p->lock);
	l = lwps_of(p);
	self = l ? lwps_find(l, c->thread->tid) : NULL;
	if (!self)
		r = -ENOMEM;
	else if (priority >= LOWEST)
		self->protections++;
	else if (self->protections)
		self->protections--;
	else
		r = -EINVAL;
	lock_release(&p->lock);
	return r;
}

/* ---- Stopping ----------------------------------------------------------------------------------------------- */

/* Whether the thread is to sleep on *l's count at *seen. */
static bool is_suspended(struct process *p, int32_t id, struct lwps **l, uint32_t *seen)
{
	struct lwp *self;
	bool is;

	lock_take(&p->lock);
	*l = lwps_of(p);
	self = *l ? lwps_find(*l, id) : NULL;
	is = self && self->is_suspended;
	*seen = *l ? (*l)->changes : 0;
	lock_release(&p->lock);
	return is;
}

/* Is there another that goes on, who could have it go on again? */
static bool is_last(const struct lwps *l, const struct lwp *self)
{
	for (uint32_t i = 0; i < l->n; i++) {
		const struct lwp *t = &l->lwp[i];

		if (t != self && !t->is_suspended &&
		    (t->state == LWP_RUNS || t->state == LWP_RUNS_DETACHED))
			return false;
	}
	return true;
}

static int set_suspended(struct call *c, int32_t id, bool suspended)
{
	struct process *p = c->thread->process;
	struct lwps *l;
	struct lwp *t;
	int r = 0;

	lock_take(&p->lock);
	l = lwps_of(p);
	t = l ? lwps_find(l, id) : NULL;
	if (!t || t->state == LWP_ENDED) {
		r = l ? -ESRCH : -ENOMEM;
	} else if (suspended && is_last(l, t)) {
		r = -EDEADLK;
	} else {
		t->is_suspended = suspended;
		lwps_changed(c, l);
	}
	lock_release(&p->lock);
	return r;
}

/* _lwp_suspend(thread): the caller alone stops, until another has it go on. */
TRANSLATOR(netbsd_lwp_suspend)
{
	struct process *p = c->thread->process;
	int32_t id = (int32_t)c->a[0];
	struct lwps *l;
	uint32_t seen;
	int r = 0;

	if (id != c->thread->tid)
		return netbsd_thread(c, id) ? -EOPNOTSUPP : -ESRCH;
	if (!c->kept)
		r = set_suspended(c, id, true);
	c->kept = 1; /* once, however often the call is made again */
	while (r == 0 && is_suspended(p, id, &l, &seen)) {
		long e = engine_wait_word(c, &l->changes, seen, 0);

		if (e < 0 && e != -EAGAIN)
			return e; /* the handler runs, and then it stops again */
	}
	return r;
}

TRANSLATOR(netbsd_lwp_continue)
{
	return set_suspended(c, (int32_t)c->a[0], false);
}
