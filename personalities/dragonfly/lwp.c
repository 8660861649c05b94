/* DragonFly's threads: sys/kern/kern_fork.c (lwp_create1), kern_exit.c (sys_extexit), kern_umtx.c, kern_sig.c,
 * kern_usched.c, sys/platform/pc64/x86_64/tls.c; 5.9.
 *
 * A thread's number is Linux's: it is one of all processes' there, where DragonFly begins with 1 in each. */
#include "personalities/dragonfly/lwp.h"

#include <linux/futex.h>
#include <linux/time.h>
#include <string.h>

#include "syscalls/engine.h"
#include "syscalls/personality.h"
#include "syscalls/signal.h"
#include "syscalls/text.h"
#include "syscalls/time.h"

/* ---- Birth and end ------------------------------------------------------------------------------- */

static long create(struct call *c)
{
	struct lwp_params p;
	int r = arg_in(c, 0, &p);

	if (r < 0)
		return r;
	/* cpu_prepare_lwp: no return address. */
	if (put_guest(c, p.stack - 8, "\0\0\0\0\0\0\0", 8) < 0 ||
	    (p.tid1 && put_guest(c, p.tid1, &(int32_t){0}, sizeof(int32_t)) < 0) ||
	    (p.tid2 && put_guest(c, p.tid2, &(int32_t){0}, sizeof(int32_t)) < 0))
		return -EFAULT;
	r = (int)engine_new_thread(c, &(struct new_thread){
					      .entry = p.function,
					      .arg = p.argument,
					      .stack = p.stack - 8,
					      .tls = engine_get_base(c->thread, 0),
					      .child_tid = p.tid1,
					      .parent_tid = p.tid2,
					      .tid_size = sizeof(int32_t),
				      });
	return r < 0 ? r : 0;
}

TRANSLATOR(dragonfly_lwp_create)
{
	return create(c);
}

#define MASK_BYTES 32 /* sizeof(cpumask_t): cpu/x86_64/include/cpumask.h */

/* The processors of a thread (0: the caller), all bytes: 0 or -errno. */
static long processors_of(struct call *c, int tid, uint64_t *at)
{
	const char zero[MASK_BYTES] = {0};
	long r;

	*at = scratch(c, MASK_BYTES);
	if (!*at)
		return -ENOMEM;
	r = put_guest(c, *at, zero, sizeof zero);
	if (r == 0)
		r = host(c, __NR_sched_getaffinity, tid, MASK_BYTES, *at);
	return r < 0 ? r : 0;
}

/* lwp_create2(parameters, processors): a set that has none of the machine's is no set.  The new thread has
 * its maker's, who has those for as long as that takes. */
TRANSLATOR(dragonfly_lwp_create2)
{
	uint64_t own, wanted = scratch(c, MASK_BYTES);
	char mask[MASK_BYTES];
	long r, limited;

	if (!c->a[1])
		return create(c);
	r = get_guest(c, mask, c->a[1], sizeof mask);
	if (r == 0)
		r = wanted ? processors_of(c, 0, &own) : -ENOMEM;
	if (r == 0)
		r = put_guest(c, wanted, mask, sizeof mask);
	if (r < 0)
		return r;
	limited = host(c, __NR_sched_setaffinity, 0, MASK_BYTES, wanted);
	r = create(c);
	if (limited == 0) /* they were its own a moment ago */
		(void)host(c, __NR_sched_setaffinity, 0, MASK_BYTES, own);
	return r;
}

/* extexit(how, status, address): what and how, checked before anything is done.  The last thread's end is the
 * process's. */
TRANSLATOR(dragonfly_extexit)
{
	enum { SIMPLE = 0, SETINT = 1, PROC = 0 << 16, LWP = 1 << 16 };
	uint32_t how = (uint32_t)c->a[0], action = how & 0xffff, who = how & 0xffff0000;
	uint32_t *alive = &c->thread->process->n_threads;
	uint32_t left = __atomic_load_n(alive, __ATOMIC_ACQUIRE);
	int32_t status = (int32_t)c->a[1];
	int r;

	if ((who != PROC && who != LWP) || (action != SIMPLE && action != SETINT))
		return -EINVAL;
	if (action == SETINT) {
		r = put_guest(c, c->a[2], &status, sizeof status);
		if (r < 0)
			return r;
	}
	while (who == LWP && left > 1)
		if (__atomic_compare_exchange_n(alive, &left, left - 1, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			engine_exit_thread(c);
	engine_exit_process(c, status);
}

/* ---- Sleep and wake-up ----------------------------------------------------------------------------- */

#define SLEEP_MOST_US 2000000 /* kern.umtx_timeout_max */

static int check_word(uint64_t at)
{
	return at & 3 ? -EFAULT : 0;
}

/* umtx_sleep(word, value, microseconds): 0 for woken; never longer than the most, and 0 microseconds are the
 * most.  It is found by its place in memory, whoever else has that mapped. */
TRANSLATOR(dragonfly_umtx_sleep)
{
	int32_t us = (int32_t)c->a[2];
	long r = us < 0 ? -EINVAL : check_word(c->a[0]);

	if (us == 0 || us > SLEEP_MOST_US)
		us = SLEEP_MOST_US;
	if (r == 0)
		r = deadline_from(c, CLOCK_MONOTONIC, (uint64_t)us * 1000);
	if (r < 0)
		return r;
	r = host_wait(c, __NR_futex, c->a[0], FUTEX_WAIT_BITSET, (uint32_t)c->a[1],
		      scratch_timespec(c, c->deadline), 0, FUTEX_BITSET_MATCH_ANY);
	switch (r) {
	case -EAGAIN:
		return -EBUSY; /* another value is there */
	case -ETIMEDOUT:
		return -EAGAIN;
	case -EFAULT:
		return -EINVAL;
	default:
		return r;
	}
}

/* umtx_wakeup(word, count): one, or everybody. */
TRANSLATOR(dragonfly_umtx_wakeup)
{
	long r = check_word(c->a[0]);

	if (r == 0)
		r = host(c, __NR_futex, c->a[0], FUTEX_WAKE, (int32_t)c->a[1] == 1 ? 1 : INT32_MAX);
	return r == -EFAULT ? -EINVAL : r < 0 ? r : 0;
}

/* ---- Thread areas ---------------------------------------------------------------------------------- */

/* sys/tls.h: struct tls_info */
struct tls_info {
	uint64_t base;
	int64_t size;
};
enum { WHICH_FS = 0, WHICH_GS = 1 };

/* set_tls_area(which, info, its size): a longer structure's rest is not looked at. */
TRANSLATOR(dragonfly_set_tls_area)
{
	struct tls_info info = {0};
	int which = (int)c->a[0], r;

	if (which < WHICH_FS || which > WHICH_GS)
		return -ERANGE;
	if ((int64_t)c->a[2] < 0)
		return -EINVAL;
	r = get_guest(c, &info, c->a[1], c->a[2] < sizeof info ? c->a[2] : sizeof info);
	if (r == 0 && (info.size < -1 || which == WHICH_GS))
		r = -EINVAL;
	return r < 0 ? r : engine_set_base(c->thread, 0, info.base);
}

TRANSLATOR(dragonfly_get_tls_area)
{
	struct tls_info info = {.size = -1};
	int which = (int)c->a[0];

	if (which < WHICH_FS || which > WHICH_GS)
		return -ERANGE;
	if ((int64_t)c->a[2] < 0)
		return -EINVAL;
	if (which == WHICH_FS)
		info.base = engine_get_base(c->thread, 0);
	return put_guest(c, c->a[1], &info, c->a[2] < sizeof info ? c->a[2] : sizeof info);
}

/* ---- Others ------------------------------------------------------------------------------------------ */

TRANSLATOR(dragonfly_lwp_gettid)
{
	return c->thread->tid;
}

/* A thread's number of process pid (0 and the caller's own: of it): 0 or -ESRCH. */
static long check_thread(struct call *c, int pid, int tid)
{
	return host(c, __NR_tgkill, pid, tid, 0);
}

/* lwp_kill(process, thread, signal): -1 is the own process. */
TRANSLATOR(dragonfly_lwp_kill)
{
	int pid = (int)c->a[0], tid = (int)c->a[1], n = (int)c->a[2];
	long r;

	if (tid == -1 || n < 0 || (uint32_t)n > c->personality->max_signal)
		return -EINVAL;
	if (pid == -1)
		pid = c->thread->process->pid;
	if (pid <= 0)
		return -EINVAL;
	if (tid <= 0)
		return -ESRCH;
	r = check_thread(c, pid, tid);
	return r < 0 || !n ? r : engine_send(c, pid, tid, n, CODE_THREAD, 0);
}

#define TITLE_MOST 32 /* of the names kept here; there it is 1024 */

static struct thread *named(struct call *c)
{
	int tid = (int)c->a[0];

	return tid == c->thread->tid ? c->thread : tid > 0 ? engine_find_thread(c, tid) : NULL;
}

/* lwp_setname(thread, name): a longer one is cut. */
TRANSLATOR(dragonfly_lwp_setname)
{
	char name[TITLE_MOST] = {0};
	long r = c->a[1] ? get_guest_string(c, name, c->a[1], sizeof name) : 0;
	struct thread *t = named(c);

	if (r < 0 && r != -ENAMETOOLONG)
		return r;
	if (!t)
		return -ESRCH;
	name[TITLE_MOST - 1] = 0;
	memcpy(t->name, name, sizeof name);
	return 0;
}

/* lwp_getname(thread, name, room): cut to the room. */
TRANSLATOR(dragonfly_lwp_getname)
{
	char name[TITLE_MOST] = {0};
	const struct thread *t = named(c);
	size_t n;

	if (!t)
		return -ESRCH;
	if (!c->a[2])
		return 0;
	n = strlen(t->name);
	if (n > c->a[2] - 1)
		n = c->a[2] - 1;
	memcpy(name, t->name, n);
	return put_guest(c, c->a[1], name, n + 1);
}

/* The thread two arguments name: 0 for the caller, or -errno. */
static long target_of(struct call *c, int pid, int tid)
{
	int own = c->thread->process->pid;

	if (pid < 0)
		return -EINVAL;
	if (tid < 0) /* the first of all */
		tid = pid ? pid : own;
	if (check_thread(c, pid ? pid : own, tid) < 0)
		return -ESRCH;
	return tid;
}

/* lwp_getaffinity(process, thread, processors) */
TRANSLATOR(dragonfly_lwp_getaffinity)
{
	char mask[MASK_BYTES];
	uint64_t at;
	long r = target_of(c, (int)c->a[0], (int)c->a[1]);

	if (r >= 0)
		r = processors_of(c, (int)r, &at);
	if (r == 0)
		r = get_guest(c, mask, at, sizeof mask);
	return r < 0 ? r : put_guest(c, c->a[2], mask, sizeof mask);
}

/* lwp_setaffinity(process, thread, processors): of the own process alone, as a user there. */
TRANSLATOR(dragonfly_lwp_setaffinity)
{
	char mask[MASK_BYTES];
	uint64_t at = scratch(c, MASK_BYTES);
	long r = c->a[0] ? -EPERM : get_guest(c, mask, c->a[2], sizeof mask);

	if (r == 0)
		r = at ? put_guest(c, at, mask, sizeof mask) : -ENOMEM;
	if (r == 0)
		r = target_of(c, 0, (int)c->a[1]);
	if (r >= 0)
		r = host(c, __NR_sched_setaffinity, r, MASK_BYTES, at);
	return r == -EINVAL ? -EPERM : r; /* none of the machine's is left */
}

/* usched_set(process, command, data, bytes): what needs no right is to ask. */
TRANSLATOR(dragonfly_usched_set)
{
	enum { SET_SCHEDULER = 0, GET_CPU = 4, GET_MASK = 5, LAST = 6 }; /* sys/usched.h */
	char mask[MASK_BYTES];
	int pid = (int)c->a[0], command = (int)c->a[1];
	int32_t cpu, bytes = (int32_t)c->a[3];
	uint64_t at;
	long r;

	if ((pid && pid != c->thread->process->pid) || command < SET_SCHEDULER || command > LAST)
		return -EINVAL;
	switch (command) {
	case GET_CPU:
		at = scratch(c, sizeof cpu);
		r = bytes == sizeof cpu ? 0 : -EINVAL;
		if (r == 0)
			r = at ? host(c, __NR_getcpu, at, 0, 0) : -ENOMEM;
		if (r == 0)
			r = get_guest(c, &cpu, at, sizeof cpu);
		return r < 0 ? r : put_guest(c, c->a[2], &cpu, sizeof cpu);
	case GET_MASK:
		r = bytes == MASK_BYTES ? processors_of(c, 0, &at) : -EINVAL;
		if (r == 0)
			r = get_guest(c, mask, at, sizeof mask);
		return r < 0 ? r : put_guest(c, c->a[2], mask, sizeof mask);
	default:
		return -EPERM;
	}
}

/* sched_get_priority_max and _min: the argument's type has the answer, which is no error though it may be
 * less than 0. */
TRANSLATOR(dragonfly_answer)
{
	struct regs *regs = &c->thread->regs;
	uint64_t answer;
	int r = arg_value(c, 0, &answer);

	if (r < 0 || (int64_t)answer >= 0)
		return r < 0 ? r : (long)answer;
	regs->rax = answer;
	regs->rflags &= ~FLAG_CARRY;
	return CALL_DONE;
}

/* ---- For the trace ------------------------------------------------------------------------------------ */

size_t dragonfly_tell_status(char *to, size_t size, const void *guest, size_t n)
{
	enum { CONTINUED = 0x13 };
	static const char *const names[] = {
#define SIGNAL(g, h, d, name) [g] = (name),
#include "personalities/dragonfly/signals.def"
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
