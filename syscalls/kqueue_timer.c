/* Kqueue filters that are no descriptors': TIMER and USER. */
#include <linux/time.h>
#include <linux/timerfd.h>

#include "syscalls/errors.h"
#include "syscalls/kqueue.h"
#include "syscalls/linux.h"
#include "syscalls/time.h"

/* ---- Timers ----------------------------------------------------------------- */

/* The timers that run, soonest first; a new one usually belongs at the end. */
static void start_timer(struct knote *k)
{
	struct kqueue *kq = k->kq;
	struct knote *before = kq->last_timer;
	while (before && before->timer.at > k->timer.at)
		before = before->timer.sooner;
	k->timer.running = true;
	k->timer.sooner = before;
	k->timer.later = before ? before->timer.later : kq->first_timer;
	*(before ? &before->timer.later : &kq->first_timer) = k;
	*(k->timer.later ? &k->timer.later->timer.sooner : &kq->last_timer) = k;
}

static void stop_timer(struct knote *k)
{
	struct kqueue *kq = k->kq;
	if (!k->timer.running)
		return;
	k->timer.running = false;
	*(k->timer.sooner ? &k->timer.sooner->timer.later : &kq->first_timer) = k->timer.later;
	*(k->timer.later ? &k->timer.later->timer.sooner : &kq->last_timer) = k->timer.sooner;
}

static int make_alarm(struct call *c, struct kqueue *kq)
{
	if (kq->alarm >= 0)
		return 0;
	long fd = host(c, __NR_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int r = kqueue_hidden_event(c, kq, fd, TOKEN_ALARM);
	if (r < 0)
		return r;
	kq->alarm = r;
	return 0;
}

/* The timerfd to the soonest timer.  Nothing to do if it is later than the alarm: the
 * alarm then comes for nothing and sets itself anew. */
static int set_alarm(struct call *c, struct kqueue *kq)
{
	if (!kq->first_timer || (kq->alarm_at && kq->alarm_at <= kq->first_timer->timer.at))
		return 0;
	uint64_t at_ns = kq->first_timer->timer.at ? kq->first_timer->timer.at : 1;
	struct __kernel_itimerspec t = {.it_value = timespec_of_ns(at_ns)};
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, sizeof t);
	long r = at ? put_guest(c, at, &t, sizeof t) : -ENOMEM;
	if (r == 0)
		r = host(c, __NR_timerfd_settime, kq->alarm, TFD_TIMER_ABSTIME, at, 0);
	c->scratch_used = mark;
	if (r == 0)
		kq->alarm_at = at_ns;
	return (int)r;
}

/* One timer is due: counts its expirations and sets it going again. */
static void expire(struct call *c, struct knote *k, uint64_t now)
{
	uint64_t count = 1;
	stop_timer(k);
	if (k->timer.period && !(k->event.flags & EVENT_ONESHOT)) {
		count += (now - k->timer.at) / k->timer.period;
		k->timer.at += count * k->timer.period;
		start_timer(k);
	}
	k->event.data += (int64_t)count;
	kqueue_activate(c, k);
}

void kqueue_alarm(struct call *c, struct kqueue *kq)
{
	uint64_t now;
	kq->alarm_at = 0;
	if (now_ns(c, CLOCK_MONOTONIC, &now) < 0)
		return;
	while (kq->first_timer && kq->first_timer->timer.at <= now)
		expire(c, kq->first_timer, now);
	(void)set_alarm(c, kq); /* as it succeeded before */
}

/* sdata in its unit as nanoseconds; what is too large is for ever. */
static int timer_ns(struct knote *k, uint64_t *ns)
{
	uint64_t unit;
	if (k->parameter < 0)
		return -EINVAL;
	if (k->parameter == 0 && !(k->event.flags & EVENT_ONESHOT))
		k->parameter = 1;
	switch (k->notes & NOTE_UNIT) {
	case NOTE_SECONDS:
		unit = NS_PER_SECOND;
		break;
	case 0:
	case NOTE_MSECONDS:
		unit = 1000000;
		break;
	case NOTE_USECONDS:
		unit = 1000;
		break;
	case NOTE_NSECONDS:
		unit = 1;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_mul_overflow((uint64_t)k->parameter, unit, ns) || *ns > NS_MAX)
		*ns = NS_MAX;
	return 0;
}

/* An absolute time is one of the wall clock; as in the original, setting that clock later
 * does not move the timer (sys/kern/kern_event.c: filt_timervalidate). */
static int plan_timer(struct call *c, struct knote *k)
{
	uint64_t now, ns, wall;
	int r = timer_ns(k, &ns);
	if (r == 0)
		r = now_ns(c, CLOCK_MONOTONIC, &now);
	if (r < 0)
		return r;
	k->timer.period = ns;
	if (k->notes & NOTE_ABSOLUTE) {
		r = now_ns(c, CLOCK_REALTIME, &wall);
		if (r < 0)
			return r;
		ns = ns > wall ? ns - wall : 0;
		k->timer.period = 0;
	}
	k->timer.at = ns > NS_MAX - now ? NS_MAX : now + ns;
	start_timer(k);
	r = set_alarm(c, k->kq);
	if (r < 0)
		stop_timer(k);
	return r;
}

static int attach_timer(struct call *c, struct knote *k)
{
	int r = make_alarm(c, k->kq);
	if (r == 0)
		r = plan_timer(c, k);
	if (r == 0 && !(k->notes & NOTE_ABSOLUTE))
		k->event.flags |= EVENT_CLEAR;
	return r;
}

static void detach_timer(struct call *c, struct knote *k)
{
	(void)c;
	stop_timer(k);
}

/* What an earlier setting has counted is forgotten.  A setting that is wrong is not the
 * change's error but an event (filt_timertouch). */
static int timer_again(struct call *c, struct knote *k, const struct event *change)
{
	if (!(change->flags & EVENT_ADD))
		return 0;
	stop_timer(k);
	kqueue_dequeue(k);
	k->status &= ~(uint32_t)KNOTE_ACTIVE;
	k->event.data = 0;
	k->notes = change->notes;
	k->parameter = change->data;
	int r = plan_timer(c, k);
	if (r < 0) {
		k->event.flags |= EVENT_ERROR;
		k->event.data = guest_error(c, -r);
	}
	return 0;
}

static bool check_timer(struct call *c, struct knote *k)
{
	(void)c;
	return k->event.data != 0;
}

const struct filter kqueue_timer = {
	.notes = NOTE_UNIT | NOTE_ABSOLUTE,
	.attach = attach_timer,
	.detach = detach_timer,
	.again = timer_again,
	.check = check_timer,
};

/* ---- User events ------------------------------------------------------------ */

/* NOTE_TRIGGER counts only for a knote that is there already. */
static int attach_user(struct call *c, struct knote *k)
{
	return kqueue_make_bell(c, k->kq);
}

static void detach_user(struct call *c, struct knote *k)
{
	(void)c;
	(void)k;
}

static void clear_user(struct knote *k)
{
	k->triggered = false;
}

static int user_again(struct call *c, struct knote *k, const struct event *change)
{
	uint32_t flags = change->notes & NOTE_USER_FLAGS;
	(void)c;
	if (change->notes & NOTE_TRIGGER)
		k->triggered = true;
	switch (change->notes & NOTE_USER_HOW) {
	case NOTE_USER_AND:
		k->notes &= flags;
		break;
	case NOTE_USER_OR:
		k->notes |= flags;
		break;
	case NOTE_USER_COPY:
		k->notes = flags;
		break;
	default:
		break;
	}
	k->parameter = change->data;
	if (change->flags & EVENT_CLEAR)
		clear_user(k);
	return 0;
}

/* Flags and data are filled in as an event is taken from the queue, which does not happen
 * to one that is dropped with its first report. */
static bool check_user(struct call *c, struct knote *k)
{
	(void)c;
	if (!(k->event.flags & EVENT_ONESHOT)) {
		k->event.notes = k->notes;
		k->event.data = k->parameter;
	}
	return k->triggered;
}

const struct filter kqueue_user = {
	.notes = NOTE_TRIGGER | NOTE_USER_FLAGS | NOTE_USER_HOW,
	.attach = attach_user,
	.detach = detach_user,
	.again = user_again,
	.check = check_user,
	.cleared = clear_user,
};
