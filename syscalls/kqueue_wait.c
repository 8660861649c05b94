/* kevent(2): waiting for events and telling of them, as kqueue_scan in sys/kern/kern_event.c of
 * the systems that have it.
 *
 * In the steady state it is one epoll_pwait2, and for each descriptor that can be read one
 * FIONREAD: events say how much there is.  Nothing is done for what is registered and idle. */
#include "syscalls/kqueue.h"

#include <linux/eventpoll.h>

#include "syscalls/engine.h"
#include "syscalls/linux.h"
#include "syscalls/time.h"

/* Events taken from Linux at once. */
#define BATCH 256

/* How often what Linux says nothing of is looked at, while there is a knote for it. */
#define LOOK_INTERVAL_NS (50 * 1000 * 1000UL)

/* What becomes of a knote that was just reported. */
static void reported(struct call *c, struct knote *k)
{
	const struct filter *f = kqueue_filter(k);
	struct watch *w = f->is_polled ? k->watch : NULL;
	bool watched_closely = w && watch_is_level(w);
	if (k->event.flags & EVENT_ONESHOT) {
		kqueue_drop(c, k);
		return;
	}
	if (k->event.flags & EVENT_CLEAR) {
		k->event.data = 0;
		k->event.notes = 0;
		if (f->cleared)
			f->cleared(k);
	}
	if (k->event.flags & EVENT_DISPATCH)
		k->status |= KNOTE_DISABLED;
	k->status &= ~(uint32_t)KNOTE_ACTIVE;
	if (k->event.flags & EVENT_DISPATCH) {
		if (w)
			watch_renew(c, w, false);
	} else if (!(k->event.flags & EVENT_CLEAR) && !watched_closely) {
		kqueue_activate(c, k);
	}
}

/* The queue to the guest's list: how many events, or -errno. */
static long deliver(struct call *c, struct kqueue *kq, long room)
{
	long n = 0;
	for (uint32_t left = kq->queued; left && kq->first && n < room; left--) {
		struct knote *k = kq->first;
		bool checked = k->status & KNOTE_CHECKED;
		kqueue_dequeue(k);
		if (k->status & KNOTE_DISABLED)
			continue;
		if (!checked && !(k->event.flags & EVENT_ONESHOT) &&
		    !kqueue_filter(k)->check(c, k)) {
			k->status &= ~(uint32_t)KNOTE_ACTIVE;
			continue;
		}
		int r = arg_out_at(c, ARG_EVENTS, n, &k->event);
		if (r < 0)
			return r;
		n++;
		reported(c, k);
	}
	for (struct knote *k = kq->first; k; k = k->next)
		k->status &= ~(uint32_t)KNOTE_CHECKED;
	if (kq->first)
		(void)kqueue_ring(c, kq); /* this thread finds the queue anyway */
	return n;
}

/* What Linux said of this kqueue's descriptors becomes active knotes. */
static int take_events(struct call *c, struct kqueue *kq, uint64_t at, long n)
{
	for (long i = 0; i < n; i++) {
		struct epoll_event local,
			*seen = scratch_seen(c, at + i * sizeof local, sizeof local, &local);
		if (!seen)
			return -EFAULT;
		const struct epoll_event e = *seen;
		if (e.data == TOKEN_BELL)
			kq->rung = false;
		else if (e.data == TOKEN_ALARM)
			kqueue_alarm(c, kq);
		else if (e.data == TOKEN_FILES)
			file_happened(c, kq);
		else if (e.data == TOKEN_SIGNALS)
			kqueue_signals(c, kq);
		else if (e.data == TOKEN_BOARD)
			process_news(c, kq);
		else
			watch_happened(c, kq, e.data, (uint32_t)e.events);
	}
	return 0;
}

/* How long a kevent waits. */
struct wait {
	bool for_ever;
	uint64_t ns; /* at the beginning; 0: not at all */
	uint64_t buffer; /* for Linux's events */
	long room; /* in the guest's list */
};

static struct kqueue *kqueue_of(struct call *c)
{
	const struct descriptor *d = descriptor_find(c->thread->process, (int)c->a[ARG_KQUEUE]);
	return d ? d->kqueue : NULL;
}

/* One epoll_pwait2, the lock released around it. */
static long sleep_in(struct call *c, struct kqueue *kq, const struct wait *w, uint64_t ns)
{
	struct lock *lock = &kq->table->lock;
	size_t mark = c->scratch_used;
	uint64_t timeout = ns == UINT64_MAX ? 0 : scratch_timespec(c, ns);
	long max = w->room < BATCH ? w->room : BATCH;
	if (ns != UINT64_MAX && !timeout)
		return -ENOMEM;
	/* One event of Linux may be two of the guest's, and those of the helpers are none. */
	kq->sleepers++;
	lock_release(lock);
	long n = ns ? host_wait(c, __NR_epoll_pwait2, c->a[ARG_KQUEUE], w->buffer, max, timeout)
		    : host(c, __NR_epoll_pwait2, c->a[ARG_KQUEUE], w->buffer, max, timeout);
	lock_take(lock);
	kq->sleepers--;
	c->scratch_used = mark;
	return n;
}

/* The ring that woke this thread woke no other: each sleeper rings for the next. */
static long leave_closed(struct call *c, struct kqueue *kq)
{
	kq->rung = false;
	if (kq->sleepers)
		(void)kqueue_ring(c, kq);
	else
		kqueue_free(c, kq);
	return -EBADF;
}

/* Sleeps once and delivers what there is: events, 0 for none yet, or -errno. */
static long wait_once(struct call *c, struct kqueue *kq, const struct wait *w, uint64_t ns)
{
	file_look_at_all(c, kq);
	process_look_at_all(c, kq);
	if (kq->signals)
		engine_let_counted_in(c);
	if (kq->first)
		ns = 0;
	else if ((kq->files || kq->words) && ns > LOOK_INTERVAL_NS)
		ns = LOOK_INTERVAL_NS;
	long n = sleep_in(c, kq, w, ns);
	if (kq->closed)
		return leave_closed(c, kq);
	if (n < 0)
		return n;
	n = take_events(c, kq, w->buffer, n);
	return n < 0 ? n : deliver(c, kq, w->room);
}

static int time_left(struct call *c, const struct wait *w, uint64_t *ns)
{
	*ns = w->for_ever ? UINT64_MAX : 0;
	if (w->for_ever || !w->ns)
		return 0;
	int r = deadline_from(c, CLOCK_MONOTONIC, w->ns);
	return r < 0 ? r : remaining_ns(c, CLOCK_MONOTONIC, ns);
}

static long wait_for_events(struct call *c, struct lock *lock, const struct wait *w)
{
	for (;;) {
		uint64_t ns;
		long n = time_left(c, w, &ns);
		if (n < 0)
			return n;
		lock_take(lock);
		struct kqueue *kq = kqueue_of(c);
		n = kq ? wait_once(c, kq, w, ns) : -EBADF;
		lock_release(lock);
		if (n || !ns)
			return n;
	}
}

/* More than 2^31 seconds is for ever (sys/kern/kern_event.c: kqueue_scan). */
static int wait_argument(struct call *c, struct wait *w)
{
	struct __kernel_timespec t;
	w->room = (int)c->a[ARG_N_EVENTS];
	w->for_ever = !c->a[ARG_TIMEOUT];
	w->ns = 0;
	if (w->room < 0)
		return -EINVAL;
	if (!w->for_ever) {
		int r = arg_in(c, ARG_TIMEOUT, &t);
		if (r == 0)
			r = ns_of_timespec(&t, &w->ns);
		if (r < 0)
			return r;
		w->for_ever = t.tv_sec > INT32_MAX;
	}
	w->buffer = scratch(c, BATCH * sizeof(struct epoll_event));
	return w->buffer ? 0 : -ENOMEM;
}

static long change(struct call *c, struct lock *lock, bool *go_on)
{
	lock_take(lock);
	struct kqueue *kq = kqueue_of(c);
	long r = kq ? kqueue_apply(c, kq, go_on) : -EBADF;
	lock_release(lock);
	return r;
}

TRANSLATOR(kevent)
{
	struct descriptors *d = c->thread->process->descriptors;
	/* A deadline says that an earlier attempt has made the changes. */
	bool changed = c->deadline, go_on = true;
	long r = 0;
	if (!d)
		return -EBADF;
	if (!changed && c->a[ARG_N_CHANGES])
		r = change(c, &d->lock, &go_on);
	if (r || !go_on)
		return r;

	struct wait w;
	r = wait_argument(c, &w);
	if (r < 0)
		return r;
	if (!w.room)
		return kqueue_of(c) ? 0 : -EBADF;
	if (w.for_ever)
		c->deadline = NS_MAX;
	r = wait_for_events(c, &d->lock, &w);
	/* Made anew from the start, the call would make its changes twice. */
	return r == CALL_AGAIN && c->a[ARG_N_CHANGES] ? -EINTR : r;
}
