/* LWPs: NetBSD's threads.  sys/kern/sys_lwp.c, sys/kern/kern_lwp.c; NetBSD 7.99, and the prototypes
 * of 10.
 *
 * A thread's number is Linux's: since 10.0 the numbers of threads and processes are one set there,
 * too, and a process's first thread has its number.
 *
 * Who was not detached is remembered after its end until somebody waits for it.  That is the
 * process's list, in pages of the translator's own: its first words are a lock's, which is the
 * process's, and a count of changes that waiters sleep on.  A forked child finds its parent's list
 * and begins anew.
 *
 * A park is a permit: unpark sets the thread's wake word, park takes it or sleeps until it is
 * set, so that none is lost, whoever comes first.  The objects (hints) two threads name are for
 * the kernel's own sorting: they change nothing. */
#include "personalities/netbsd/lwp.h"

#include <linux/futex.h>
#include <linux/time.h>
#include <string.h>

#include "personalities/netbsd/context.h"
#include "syscalls/engine.h"
#include "syscalls/signal.h"
#include "syscalls/text.h"
#include "syscalls/time.h"

/* ---- The list ------------------------------------------------------------------------------- */

enum lwp_state { LWP_FREE, LWP_RUNS, LWP_RUNS_DETACHED, LWP_ENDED };

struct lwps {
	int32_t pid; /* whose list it is */
	uint32_t changes; /* counted up at each; waiters sleep on it */
	uint32_t n, room;
	struct lwp {
		int32_t id;
		int32_t waits_for; /* 0: nobody */
		uint32_t state; /* enum lwp_state */
	} lwp[];
};

#define LWPS_FIRST 4096UL

static size_t bytes_for(uint32_t room)
{
	return sizeof(struct lwps) + room * sizeof(struct lwp);
}

/* The list of the calling process, made at first; NULL: no memory.  The process's lock is held. */
static struct lwps *list_of(struct process *p)
{
	struct lwps *l = p->own;

	if (!l) {
		l = engine_pages(LWPS_FIRST);
		if (!l)
			return NULL;
		l->room = (LWPS_FIRST - sizeof *l) / sizeof l->lwp[0];
		p->own = l;
	}
	if (l->pid != p->pid) {
		l->pid = p->pid;
		l->n = 0;
		l->lwp[l->n++] = (struct lwp){.id = p->pid, .state = LWP_RUNS};
	}
	return l;
}

static struct lwp *find(struct lwps *l, int32_t id)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->lwp[i].id == id && l->lwp[i].state != LWP_FREE)
			return &l->lwp[i];
	return NULL;
}

/* A place for one more: 0 or -ENOMEM. */
static int make_room(struct process *p, struct lwp **place)
{
	struct lwps *l = list_of(p), *more;

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
		l->changes++;
		l = more;
	}
	*place = &l->lwp[l->n++];
	return 0;
}

static void tell_change(struct call *c, struct lwps *l)
{
	__atomic_add_fetch(&l->changes, 1, __ATOMIC_RELEASE);
	engine_wake_word(c, &l->changes);
}

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
	r = make_room(p, &place);
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
	l = list_of(p);
	self = l ? find(l, c->thread->tid) : NULL;
	if (self)
		self->state = self->state == LWP_RUNS ? LWP_ENDED : LWP_FREE;
	if (l)
		tell_change(c, l);
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
		l = list_of(p);
		gone = l ? collect(l, self, id) : -ENOMEM;
		me = l ? find(l, self) : NULL;
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
	l = list_of(p);
	t = l ? find(l, (int32_t)c->a[0]) : NULL;
	if (!t)
		r = l ? -ESRCH : -ENOMEM;
	else if (t->state == LWP_RUNS_DETACHED)
		r = -EINVAL;
	else
		t->state = t->state == LWP_ENDED ? LWP_FREE : LWP_RUNS_DETACHED;
	if (r == 0)
		tell_change(c, l);
	lock_release(&p->lock);
	return r;
}

/* ---- Park and unpark --------------------------------------------------------------------------------- */

static struct thread *thread_of(struct call *c, int32_t id)
{
	struct process *p = c->thread->process;
	struct lwps *l;
	struct lwp *t;
	bool runs;

	lock_take(&p->lock);
	l = list_of(p);
	t = l ? find(l, id) : NULL;
	runs = t && t->state != LWP_ENDED; /* whatever Linux still has of it */
	lock_release(&p->lock);
	return runs ? engine_find_thread(c, id) : NULL;
}

static int unpark(struct call *c, int32_t id)
{
	struct thread *t = thread_of(c, id);

	if (!t)
		return -ESRCH;
	__atomic_store_n(&t->wake, 1, __ATOMIC_RELEASE);
	engine_wake_word(c, &t->wake);
	return 0;
}

static bool take_permit(struct thread *t)
{
	uint32_t set = 1;

	return __atomic_compare_exchange_n(&t->wake, &set, 0, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

/* Until c->deadline, or for ever.  A permit that was there before is told apart (lwp_park:
 * EALREADY). */
static long park(struct call *c, bool has_end)
{
	struct thread *t = c->thread;
	uint64_t timeout = has_end ? scratch_timespec(c, c->deadline) : 0;

	if (take_permit(t))
		return -EALREADY;
	for (;;) {
		long r = engine_wait_word(c, &t->wake, 0, timeout);

		if (take_permit(t))
			return 0;
		if (r < 0 && r != -EAGAIN)
			return r;
	}
}

/* The end of a park, on the clock that only goes forward: nobody inside can set the other. */
static int park_end(struct call *c, int clock, bool absolute, int i)
{
	struct __kernel_timespec ts;
	uint64_t ns, now = 0;
	int r = arg_in(c, i, &ts);

	if (r == 0 && absolute && ts.tv_sec < 0)
		ts = (struct __kernel_timespec){0}; /* long ago */
	if (r == 0)
		r = ns_of_timespec(&ts, &ns);
	if (r == 0 && absolute)
		r = now_ns(c, clock, &now);
	return r < 0 ? r : deadline_from(c, CLOCK_MONOTONIC, ns > now ? ns - now : 0);
}

/* What is left goes back to argument i. */
static void put_rest(struct call *c, int i)
{
	struct __kernel_timespec ts;
	uint64_t left;

	if (remaining_ns(c, CLOCK_MONOTONIC, &left) < 0)
		return;
	ts = timespec_of_ns(left);
	(void)put_guest(c, c->a[i], &ts, sizeof ts); /* as the kernel: not reported */
}

/* ___lwp_park60(clock, flags, time, whom to unpark, hint, its hint): of a relative time what is
 * left goes back. */
TRANSLATOR(netbsd_lwp_park)
{
	uint64_t clock, absolute = true;
	long r = 0;

	if (c->a[2]) {
		r = arg_values(c, 0, &clock, 1, &absolute);
		if (r == 0 && (int)clock != CLOCK_REALTIME && (int)clock != CLOCK_MONOTONIC)
			r = -EINVAL;
		if (r == 0)
			r = park_end(c, (int)clock, absolute, 2);
	}
	if (r == 0 && (int32_t)c->a[3] && !c->kept) {
		r = unpark(c, (int32_t)c->a[3]);
		c->kept = 1; /* once, however often the call is made again */
	}
	if (r < 0)
		return r;
	r = park(c, c->a[2]);
	if (r != CALL_AGAIN && !absolute)
		put_rest(c, 2);
	return r;
}

/* _lwp_park before 7.0: the time is absolute, on the clock of the day. */
TRANSLATOR(netbsd_lwp_park_old)
{
	long r = c->a[0] ? park_end(c, CLOCK_REALTIME, true, 0) : 0;

	if (r == 0 && (int32_t)c->a[1] && !c->kept) {
		r = unpark(c, (int32_t)c->a[1]);
		c->kept = 1;
	}
	return r < 0 ? r : park(c, c->a[0]);
}

TRANSLATOR(netbsd_lwp_unpark)
{
	return unpark(c, (int32_t)c->a[0]);
}

/* _lwp_unpark_all(numbers, how many, hint): without numbers it says how many it takes. */
TRANSLATOR(netbsd_lwp_unpark_all)
{
	enum { MOST = 1024 }; /* LWP_UNPARK_MAX */
	int32_t id;

	if (!c->a[0])
		return MOST;
	if (!c->a[1] || c->a[1] > MOST)
		return -EINVAL;
	for (uint64_t i = 0; i < c->a[1]; i++) {
		int r = get_guest(c, &id, c->a[0] + i * sizeof id, sizeof id);

		if (r < 0)
			return r;
		(void)unpark(c, id); /* who is not there is passed over */
	}
	return 0;
}

/* ---- Futexes: sys/kern/sys_futex.c, 10.0 ------------------------------------------------------------- */

/* Waits, which have a time: relative for FUTEX_WAIT, absolute for the other. */
static long futex_wait(struct call *c, int op, uint64_t host_op)
{
	bool absolute = op == FUTEX_WAIT_BITSET;
	int clock = host_op & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	uint32_t bits = absolute ? (uint32_t)c->a[6] : FUTEX_BITSET_MATCH_ANY;
	int r = c->a[3] ? park_end(c, clock, absolute, 3) : 0;
	uint64_t timeout = c->a[3] && r == 0 ? scratch_timespec(c, c->deadline) : 0;

	if (r < 0)
		return r;
	host_op = (host_op & FUTEX_PRIVATE_FLAG) | FUTEX_WAIT_BITSET;
	return host_wait(c, __NR_futex, c->a[0], host_op, (uint32_t)c->a[2], timeout, 0, bits);
}

/* __futex(word, operation, value, time, word 2, value 2, value 3) */
TRANSLATOR(netbsd_futex)
{
	uint64_t host_op;
	int op = (int)c->a[1] & 0x7f;

	if (arg_value(c, 1, &host_op) < 0)
		return -ENOSYS;
	switch (op) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		return futex_wait(c, op, host_op);
	default:
		return host(c, __NR_futex, c->a[0], host_op, (uint32_t)c->a[2], (int32_t)c->a[5],
			    c->a[4], (uint32_t)c->a[6]);
	}
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

TRANSLATOR(netbsd_lwp_kill)
{
	int n = (int)c->a[1];

	if (n < 0 || (uint32_t)n > c->personality->max_signal)
		return -EINVAL;
	if (!thread_of(c, (int32_t)c->a[0]))
		return -ESRCH;
	return n ? engine_send(c, c->thread->process->pid, (int32_t)c->a[0], n, CODE_THREAD, 0) : 0;
}

enum { MAXCOMLEN = 16 };

static struct thread *named(struct call *c)
{
	return (int32_t)c->a[0] ? thread_of(c, (int32_t)c->a[0]) : c->thread;
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

/* ---- For the trace ------------------------------------------------------------------------------------ */

size_t netbsd_tell_status(char *to, size_t size, const void *guest, size_t n)
{
	enum { CONTINUED = 0xffff };
	static const char *const names[] = {
#define SIGNAL(g, h, d, name) [g] = (name),
#include "personalities/netbsd/signals.def"
#undef SIGNAL
	};
	struct text t = {.to = to, .size = size};
	uint32_t status;

	if (n < sizeof status)
		return 0;
	memcpy(&status, guest, sizeof status);
	text_wait_status(&t, status, CONTINUED, names, COUNT(names));
	return t.n;
}
