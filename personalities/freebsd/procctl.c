/* procctl(2): reapers, the signal at the parent's death, and no new privileges.
 * Contract: sys/kern/kern_procctl.c of FreeBSD 13.2 and 15. */
#include <linux/prctl.h>

#include "personalities/freebsd/reaper.h"
#include "syscalls/signal.h"

enum { BY_PROCESS = 0 }; /* sys/wait.h: P_PID */
enum command { /* sys/procctl.h: PROC_* */
	       REAP_ACQUIRE = 2,
	       REAP_RELEASE = 3,
	       REAP_STATUS = 4,
	       REAP_LIST = 5,
	       REAP_KILL = 6,
	       DEATH_SIGNAL = 11,
	       DEATH_SIGNAL_STATUS = 12,
	       NO_NEW_PRIVILEGES = 19,
	       NO_NEW_PRIVILEGES_STATUS = 20,
};

static long set_death_signal(struct call *c, uint64_t at)
{
	const struct signal *s;
	int32_t n;
	int r = get_guest(c, &n, at, sizeof n);

	if (r < 0)
		return r;
	if (n == 0)
		return host(c, __NR_prctl, PR_SET_PDEATHSIG, 0);
	s = signal_by_guest(c->personality, n);
	if (!s)
		return -EINVAL;
	if (s->host == HOST_SIGNAL_CARRIER)
		return -EOPNOTSUPP; /* Linux would not say which it was */
	return host(c, __NR_prctl, PR_SET_PDEATHSIG, s->host);
}

static long get_death_signal(struct call *c, uint64_t to)
{
	uint64_t at = scratch(c, sizeof(int32_t));
	int32_t n;
	long r = at ? host(c, __NR_prctl, PR_GET_PDEATHSIG, at) : -ENOMEM;

	if (r == 0)
		r = get_guest(c, &n, at, sizeof n);
	if (r < 0)
		return r;
	n = signal_from_host(c->personality, n);
	return put_guest(c, to, &n, sizeof n);
}

/* Everything in a sandbox has none to gain, and cannot have it otherwise. */
static long no_new_privileges(struct call *c, uint64_t at)
{
	int32_t on;
	int r = get_guest(c, &on, at, sizeof on);

	return r < 0 ? r : on == 1 ? 0 : -EINVAL;
}

static long no_new_privileges_status(struct call *c, uint64_t at)
{
	const int32_t on = 1;

	return put_guest(c, at, &on, sizeof on);
}

/* (kind of id, id, command, data) */
TRANSLATOR(freebsd_procctl)
{
	int32_t self = c->thread->process->pid, command = (int32_t)c->a[2], of = 0;

	if ((int32_t)c->a[0] != BY_PROCESS)
		return -EINVAL;
	if (c->a[1] != 0 && (int64_t)c->a[1] != self) {
		of = (int32_t)c->a[1];
		if ((command != REAP_STATUS && command != REAP_LIST) || !reaper_is_ours(c, of))
			return -EINVAL;
	}
	switch (command) {
	case REAP_ACQUIRE:
		return reaper_acquire(c);
	case REAP_RELEASE:
		return reaper_release(c);
	case REAP_STATUS:
		return reaper_status(c, of, c->a[3]);
	case REAP_LIST:
		return reaper_list(c, of, c->a[3]);
	case REAP_KILL:
		return reaper_kill(c, c->a[3]);
	case DEATH_SIGNAL:
		return set_death_signal(c, c->a[3]);
	case DEATH_SIGNAL_STATUS:
		return get_death_signal(c, c->a[3]);
	case NO_NEW_PRIVILEGES:
		return no_new_privileges(c, c->a[3]);
	case NO_NEW_PRIVILEGES_STATUS:
		return no_new_privileges_status(c, c->a[3]);
	default:
		return -EINVAL;
	}
}
