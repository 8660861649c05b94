/* How NetBSD's threads wait for each other: sys/kern/sys_lwp.c, 7.99; sys/kern/sys_futex.c, 10.0.
 *
 * A park is a permit: unpark sets the thread's wake word, park takes it or sleeps until it is
 * set, so that none is lost, whoever comes first.  The objects (hints) two threads name are for
 * the kernel's own sorting: they change nothing. */
#include "personalities/netbsd/lwp.h"

#include <linux/futex.h>
#include <linux/time.h>

#include "syscalls/engine.h"
#include "syscalls/time.h"

/* ---- Park and unpark --------------------------------------------------------------------------------- */

/* A thread's wake word. */
enum { PARK_NOT, PARK_PERMIT, PARK_SLEEPS, PARK_CUT };

/* What it was before. */
static uint32_t set_word(struct call *c, struct thread *t, uint32_t to)
{
	uint32_t was = __atomic_exchange_n(&t->wake, to, __ATOMIC_ACQ_REL);

	engine_wake_word(c, &t->wake);
	return was;
}

static int unpark(struct call *c, int32_t id)
{
	struct thread *t = netbsd_thread(c, id);

	if (!t)
		return -ESRCH;
	(void)set_word(c, t, PARK_PERMIT);
	return 0;
}

/* _lwp_wakeup(thread): the end of its sleep, or of the next one if it does not sleep now. */
TRANSLATOR(netbsd_lwp_wakeup)
{
	struct thread *t = netbsd_thread(c, (int32_t)c->a[0]);

	if (!t)
		return -ESRCH;
	return set_word(c, t, PARK_CUT) == PARK_SLEEPS ? 0 : -ENODEV;
}

static bool change_word(struct thread *t, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&t->wake, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

/* Until c->deadline, or for ever.  A permit that was there before is told apart (lwp_park:
 * EALREADY). */
static long park(struct call *c, bool has_end)
{
	struct thread *t = c->thread;
	uint64_t timeout = has_end ? scratch_timespec(c, c->deadline) : 0;

	if (change_word(t, PARK_PERMIT, PARK_NOT) || change_word(t, PARK_CUT, PARK_NOT))
		return -EALREADY;
	(void)change_word(t, PARK_NOT, PARK_SLEEPS); /* or it is set by now: no sleep then */
	netbsd_show_asleep(c, true);
	for (;;) {
		long r = engine_wait_word(c, &t->wake, PARK_SLEEPS, timeout);

		if (change_word(t, PARK_PERMIT, PARK_NOT)) {
			r = 0;
		} else if (change_word(t, PARK_CUT, PARK_NOT)) {
			c->is_cut = true;
			r = -EINTR;
		} else if (r == 0 || r == -EAGAIN || !change_word(t, PARK_SLEEPS, PARK_NOT)) {
			continue;
		}
		netbsd_show_asleep(c, false);
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
	(void)arg_out(c, i, &ts); /* as the kernel: not reported */
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
