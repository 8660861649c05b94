/* Priorities as FreeBSD counts them.
 *
 * Real-time priorities are 0 to 31: for sched_* 31 is the best, for rtprio 0 is.  Linux's
 * are 1 to 99, the best last.  Time-sharing processes have one there, and none on Linux. */
#include "personalities/freebsd/schedule.h"

#include "syscalls/abi.h"
#include "syscalls/linux.h"
#include "syscalls/resource.h"

/* Sets the policy and real-time priority of a host task. */
static long set_policy(struct call *c, uint64_t target, int policy, int priority)
{
	uint64_t at = scratch(c, sizeof priority);

	if (!at)
		return -ENOMEM;
	if (put_guest(c, at, &priority, sizeof priority) < 0)
		return -EFAULT;
	return host(c, __NR_sched_setscheduler, target, policy, at);
}

static long get_priority(struct call *c, uint64_t target, int *priority)
{
	uint64_t at = scratch(c, sizeof *priority);
	long r;

	if (!at)
		return -ENOMEM;
	r = host(c, __NR_sched_getparam, target, at);
	return r < 0 ? r : get_guest(c, priority, at, sizeof *priority);
}

/* ---- sched_* (sys/kern/ksched.c) ----------------------------------------------------- */

static long change(struct call *c, long policy, uint64_t param)
{
	int priority;
	long r = get_guest(c, &priority, param, sizeof priority);

	if (r < 0)
		return r;
	if (policy == SCHED_FIFO || policy == SCHED_RR) {
		if (priority < 0 || priority > REALTIME_PRIORITY_MAX)
			return -EINVAL;
		return set_policy(c, c->a[0], (int)policy, priority + 1);
	}
	if (priority < 0 || priority > TIMESHARE_PRIORITY_MAX)
		return -EINVAL;
	return set_policy(c, c->a[0], SCHED_NORMAL, 0);
}

TRANSLATOR(freebsd_sched_setscheduler)
{
	uint64_t policy;
	int r = arg_value(c, 1, &policy);

	return r < 0 ? r : change(c, (long)policy, c->a[2]);
}

TRANSLATOR(freebsd_sched_setparam)
{
	long policy = host(c, __NR_sched_getscheduler, c->a[0]);

	return policy < 0 ? policy : change(c, policy, c->a[1]);
}

TRANSLATOR(freebsd_sched_getparam)
{
	long policy = host(c, __NR_sched_getscheduler, c->a[0]), r = 0;
	int priority = TIMESHARE_PRIORITY_MAX;

	if (policy < 0)
		return policy;
	if (policy == SCHED_FIFO || policy == SCHED_RR) {
		r = get_priority(c, c->a[0], &priority);
		if (r < 0)
			return r;
		priority--;
		if (priority > REALTIME_PRIORITY_MAX)
			priority = REALTIME_PRIORITY_MAX;
	}
	return put_guest(c, c->a[1], &priority, sizeof priority);
}

/* ---- rtprio (sys/rtprio.h, sys/priority.h) ------------------------------------------------ */

struct rtprio {
	uint16_t type;
	uint16_t prio;
};
enum { TYPE_REALTIME = 2, TYPE_NORMAL = 3, TYPE_IDLE = 4, TYPE_FIFO = 10 };

static long lookup(struct call *c, uint64_t target)
{
	struct rtprio rtp = {.type = TYPE_NORMAL};
	long policy = host(c, __NR_sched_getscheduler, target), r;
	int priority;

	if (policy < 0)
		return policy;
	if (policy == SCHED_IDLE)
		rtp.type = TYPE_IDLE;
	if (policy == SCHED_FIFO || policy == SCHED_RR) {
		r = get_priority(c, target, &priority);
		if (r < 0)
			return r;
		rtp.type = policy == SCHED_FIFO ? TYPE_FIFO : TYPE_REALTIME;
		rtp.prio = priority > REALTIME_PRIORITY_MAX
				   ? 0
				   : (uint16_t)(REALTIME_PRIORITY_MAX + 1 - priority);
	}
	return put_guest(c, c->a[2], &rtp, sizeof rtp);
}

static long set(struct call *c, uint64_t target)
{
	struct rtprio rtp;
	long r = get_guest(c, &rtp, c->a[2], sizeof rtp);

	if (r < 0)
		return r;
	if (rtp.prio > REALTIME_PRIORITY_MAX && rtp.type != TYPE_NORMAL)
		return -EINVAL;
	switch (rtp.type) {
	case TYPE_NORMAL:
		return set_policy(c, target, SCHED_NORMAL, 0);
	case TYPE_IDLE:
		return set_policy(c, target, SCHED_IDLE, 0);
	case TYPE_REALTIME:
		return set_policy(c, target, SCHED_RR, REALTIME_PRIORITY_MAX + 1 - rtp.prio);
	case TYPE_FIFO:
		return set_policy(c, target, SCHED_FIFO, REALTIME_PRIORITY_MAX + 1 - rtp.prio);
	default:
		return -EINVAL;
	}
}

static long rtprio(struct call *c, uint64_t target)
{
	uint64_t function;
	int r = arg_value(c, 0, &function);

	if (r < 0)
		return r;
	return function == RTPRIO_SET ? set(c, target) : lookup(c, target);
}

TRANSLATOR(freebsd_rtprio)
{
	if ((int32_t)c->a[1] < 0)
		return -ESRCH;
	return rtprio(c, c->a[1]);
}

TRANSLATOR(freebsd_rtprio_thread)
{
	int32_t thread = (int32_t)c->a[1];
	int target = thread ? host_thread_of(thread) : 0;

	if (thread && !target)
		return -ESRCH;
	return rtprio(c, (uint64_t)target);
}
