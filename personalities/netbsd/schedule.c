/* Clocks of CPU time, scheduling and processors as NetBSD counts them: sys/kern/kern_time.c, sys_sched.c, 7.99;
 * sys/time.h, sys/sched.h, sys/idtype.h of 10. */
#include <string.h>

#include "personalities/netbsd/custom.h"
#include "personalities/netbsd/lwp.h"
#include "syscalls/linux.h"
#include "syscalls/process.h"

#include <linux/time.h>

/* ---- Clocks: with a process's or thread's number below ------------------------------------------------- */

enum { OF_THREAD = 0x20000000, OF_PROCESS = 0x40000000 };

int netbsd_clock_to_host(struct call *c, const void *guest, void *host)
{
	/* CLOCK_REALTIME, _VIRTUAL, _PROF, _MONOTONIC */
	static const int64_t clocks[] = {CLOCK_REALTIME, CPU_CLOCK_OF(0, CPU_CLOCK_USER),
					 CPU_CLOCK_OF(0, CPU_CLOCK_ALL), CLOCK_MONOTONIC};
	uint32_t n, id;
	int64_t clock;

	(void)c;
	memcpy(&n, guest, sizeof n);
	id = n & (OF_THREAD - 1);
	switch (n & ~(uint32_t)(OF_THREAD - 1)) {
	case 0:
		if (n >= COUNT(clocks))
			return -EINVAL;
		clock = clocks[n];
		break;
	case OF_THREAD:
		clock = id ? CPU_CLOCK_OF(id, CPU_CLOCK_SCHED | CPU_CLOCK_THREAD)
			   : CLOCK_THREAD_CPUTIME_ID;
		break;
	case OF_PROCESS:
		clock = id ? CPU_CLOCK_OF(id, CPU_CLOCK_SCHED) : CLOCK_PROCESS_CPUTIME_ID;
		break;
	default:
		return -EINVAL;
	}
	memcpy(host, &clock, sizeof clock);
	return 0;
}

/* clock_getcpuclockid2(kind of id, id, clock *) */
TRANSLATOR(netbsd_clock_of)
{
	enum { P_PID = 1, P_LWPID = 2 };
	uint32_t id = (uint32_t)c->a[1], clock;

	switch ((int)c->a[0]) {
	case P_PID:
		clock = OF_PROCESS | (id ? id : (uint32_t)c->thread->process->pid);
		break;
	case P_LWPID:
		clock = OF_THREAD | (id ? id : (uint32_t)c->thread->tid);
		break;
	default:
		return -EINVAL;
	}
	if (id >= OF_THREAD)
		return -ESRCH;
	return put_guest(c, c->a[2], &clock, sizeof clock);
}

/* ---- Priorities --------------------------------------------------------------------------------------- */

enum { SCHED_NONE = -1, SCHED_OTHER_ = 0, SCHED_RR_ = 2 };
enum { PRI_NONE = -1, PRI_MAX = 63, PRI_OF_OTHERS = 31 };

/* Whose Linux number (process, thread), 0 for the caller's; -ESRCH: nobody's. */
static long target_of(struct call *c)
{
	int32_t pid = (int32_t)c->a[0], lid = (int32_t)c->a[1];
	long r;

	if (!lid)
		return pid ? pid : c->thread->process->pid;
	if (pid < 0 || lid < 0)
		return -ESRCH;
	r = host(c, __NR_tgkill, pid ? pid : c->thread->process->pid, lid, 0);
	return r < 0 ? -ESRCH : lid;
}

/* _sched_getparam(process, thread, policy *, parameters *) */
TRANSLATOR(netbsd_sched_getparam)
{
	int32_t policy, priority = PRI_OF_OTHERS, real;
	uint64_t at = scratch(c, sizeof real);
	long r = at ? target_of(c) : -ENOMEM, who = r;

	if (r >= 0)
		r = host(c, __NR_sched_getscheduler, who);
	if (r < 0)
		return r == -EINVAL ? -ESRCH : r;
	policy = r == SCHED_FIFO || r == SCHED_RR ? (int32_t)r : SCHED_OTHER_;
	if (policy != SCHED_OTHER_) {
		r = host(c, __NR_sched_getparam, who, at);
		if (r == 0)
			r = get_guest(c, &real, at, sizeof real);
		if (r < 0)
			return r;
		priority = real - 1 < PRI_MAX ? real - 1 : PRI_MAX;
	}
	r = put_guest(c, c->a[3], &priority, sizeof priority);
	return r < 0 || !c->a[2] ? r : put_guest(c, c->a[2], &policy, sizeof policy);
}

/* _sched_setparam(process, thread, policy, parameters): a user keeps to SCHED_OTHER, which has no priority to
 * set (sched_listener_cb). */
TRANSLATOR(netbsd_sched_setparam)
{
	int32_t priority, policy = (int32_t)c->a[2];
	long r = get_guest(c, &priority, c->a[3], sizeof priority);

	if (r < 0)
		return r;
	if (priority == PRI_NONE && policy == SCHED_NONE)
		return 0;
	if (policy < SCHED_NONE || policy > SCHED_RR_ || priority < PRI_NONE || priority > PRI_MAX)
		return -EINVAL;
	r = target_of(c);
	if (r >= 0)
		r = host(c, __NR_sched_getscheduler, r);
	if (r < 0)
		return r == -EINVAL ? -ESRCH : r;
	if (policy == SCHED_NONE)
		policy = r == SCHED_FIFO || r == SCHED_RR ? (int32_t)r : SCHED_OTHER_;
	if (policy != SCHED_OTHER_)
		return -EPERM;
	return priority == PRI_NONE ? 0 : -EINVAL;
}

/* _sched_getaffinity(process, thread, size, set): nobody but the superuser binds a thread, so none is bound,
 * which is told by an empty set. */
TRANSLATOR(netbsd_sched_getaffinity)
{
	enum { SET_MOST = 4096 };
	static const uint8_t none[64];
	uint64_t size = c->a[2];
	long r = size && size <= SET_MOST ? target_of(c) : -EINVAL;

	if (r >= 0)
		r = host(c, __NR_sched_getscheduler, r); /* is it there? */
	if (r < 0)
		return r == -EINVAL && size && size <= SET_MOST ? -ESRCH : r;
	for (uint64_t n = 0; n < size; n += sizeof none) {
		uint64_t part = size - n < sizeof none ? size - n : sizeof none;

		r = put_guest(c, c->a[3] + n, none, part);
		if (r < 0)
			return r;
	}
	return 0;
}
