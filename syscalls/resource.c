/* Limits, priorities, processors. */
#include "syscalls/resource.h"

#include <string.h>

#include "syscalls/linux.h"
#include "syscalls/process.h"

/* ---- Limits --------------------------------------------------------------------- */

/* A limit Linux does not have is not limited; it cannot be lowered either. */
static const struct rlimit64 unlimited = {.rlim_cur = RLIM64_INFINITY, .rlim_max = RLIM64_INFINITY};

TRANSLATOR(getrlimit)
{
	struct rlimit64 limit = unlimited;
	uint64_t which, at;
	long r = arg_value(c, 0, &which);

	if (r < 0)
		return r;
	if (which == RESOURCE_UNLIMITED)
		return arg_out(c, 1, &limit);
	at = scratch(c, sizeof limit);
	if (!at)
		return -ENOMEM;
	r = host(c, __NR_prlimit64, 0, which, 0, at);
	if (r == 0)
		r = get_guest(c, &limit, at, sizeof limit);
	return r < 0 ? r : arg_out(c, 1, &limit);
}

TRANSLATOR(setrlimit)
{
	struct rlimit64 limit;
	uint64_t which, at;
	long r = arg_value(c, 0, &which);

	if (r == 0)
		r = arg_in(c, 1, &limit);
	if (r < 0)
		return r;
	if (which == RESOURCE_UNLIMITED)
		return memcmp(&limit, &unlimited, sizeof limit) ? -EOPNOTSUPP : 0;
	at = scratch(c, sizeof limit);
	if (!at)
		return -ENOMEM;
	r = put_guest(c, at, &limit, sizeof limit);
	return r < 0 ? r : host(c, __NR_prlimit64, 0, which, at, 0);
}

/* How many descriptors a process may have. */
TRANSLATOR(getdtablesize)
{
	struct rlimit64 limit;
	uint64_t at = scratch(c, sizeof limit);
	long r;

	if (!at)
		return -ENOMEM;
	r = host(c, __NR_prlimit64, 0, RLIMIT_NOFILE, 0, at);
	if (r == 0)
		r = get_guest(c, &limit, at, sizeof limit);
	if (r < 0)
		return r;
	return limit.rlim_cur > INT32_MAX ? INT32_MAX : (long)limit.rlim_cur;
}

/* ---- Priorities -------------------------------------------------------------------- */

/* Linux answers 20 - nice, so that no answer looks like an error; the guest gets nice. */
TRANSLATOR(getpriority)
{
	uint64_t which;
	long r = arg_value(c, 0, &which);

	if (r == 0)
		r = host(c, __NR_getpriority, which, c->a[1]);
	return r < 0 ? r : (long)(uint32_t)(20 - r);
}

/* ---- Processors ----------------------------------------------------------------------- */

#define SET_MOST 128u /* bytes: 1024 processors */
#define SET_LONGEST 65536u /* of what a guest may call a set */

int host_thread_of(int64_t tid)
{
	return tid > TID_BASE && tid < INT32_MAX ? (int)(tid - TID_BASE) : 0;
}

/* -1 is the caller; a process is its first thread. */
static long affinity_target(uint64_t which, int64_t id)
{
	if (id == -1)
		return 0;
	if (which != PROCESSORS_OF_PROCESS && host_thread_of(id))
		return host_thread_of(id);
	if (which == PROCESSORS_OF_THREAD || id <= 0 || id >= TID_BASE)
		return -ESRCH;
	return id;
}

/* A set may be longer or shorter than ours; what is beyond has no processors. */
static int put_set(struct call *c, uint64_t to, const uint8_t mask[SET_MOST], uint64_t size)
{
	static const uint8_t none[SET_MOST];
	uint64_t n = size < SET_MOST ? size : SET_MOST;
	int r = size > SET_LONGEST ? -ERANGE : put_guest(c, to, mask, n);

	for (; r == 0 && n < size; n += SET_MOST)
		r = put_guest(c, to + n, none, size - n < SET_MOST ? size - n : SET_MOST);
	return r;
}

static int get_set(struct call *c, uint8_t mask[SET_MOST], uint64_t from, uint64_t size)
{
	uint8_t more[SET_MOST];
	uint64_t n = size < SET_MOST ? size : SET_MOST;
	int r = size > SET_LONGEST ? -ERANGE : get_guest(c, mask, from, n);

	for (; r == 0 && n < size; n += SET_MOST) {
		uint64_t part = size - n < SET_MOST ? size - n : SET_MOST;

		r = get_guest(c, more, from + n, part);
		for (uint64_t i = 0; r == 0 && i < part; i++)
			r = more[i] ? -EINVAL : 0;
	}
	return r;
}

/* Who has all the processors of the sandbox: its first process. */
#define ALL_PROCESSORS 1

static long processors_of(struct call *c, long target, uint8_t mask[SET_MOST])
{
	uint64_t at = scratch(c, SET_MOST);
	long r = at ? host(c, __NR_sched_getaffinity, target, SET_MOST, at) : -ENOMEM;

	if (r < 0)
		return r;
	return get_guest(c, mask, at, (size_t)r < SET_MOST ? (size_t)r : SET_MOST);
}

/* cpuset_getaffinity(level, which, id, size, mask): the wider sets are one. */
TRANSLATOR(cpuset_getaffinity)
{
	uint64_t level, which, size = c->a[3];
	uint8_t mask[SET_MOST] = {0};
	long target, r = arg_values(c, 0, &level, 1, &which);

	if (r < 0)
		return r;
	target = affinity_target(which, (int64_t)c->a[2]);
	if (target < 0)
		return target;
	r = processors_of(c, level == PROCESSORS_THEMSELVES ? target : ALL_PROCESSORS, mask);
	if (r < 0)
		return r;
	for (size_t i = size; i < SET_MOST; i++)
		if (mask[i])
			return -ERANGE; /* not room for every processor */
	return put_set(c, c->a[4], mask, size);
}

/* Processors that the sandbox has not: Linux would leave them out. */
static long check_processors(struct call *c, const uint8_t mask[SET_MOST])
{
	uint8_t all[SET_MOST] = {0};
	long r = processors_of(c, ALL_PROCESSORS, all);

	for (size_t i = 0; r == 0 && i < SET_MOST; i++)
		r = mask[i] & ~all[i] ? -EINVAL : 0;
	return r;
}

TRANSLATOR(cpuset_setaffinity)
{
	uint64_t level, which, at, size = c->a[3];
	uint8_t mask[SET_MOST] = {0};
	bool any = false;
	long target, r = arg_values(c, 0, &level, 1, &which);

	if (r < 0)
		return r;
	if (level != PROCESSORS_THEMSELVES)
		return -EPERM; /* the wider sets are the system's */
	target = affinity_target(which, (int64_t)c->a[2]);
	if (target < 0)
		return target;
	at = scratch(c, SET_MOST);
	if (!at)
		return -ENOMEM;
	r = get_set(c, mask, c->a[4], size);
	if (r == 0)
		r = put_guest(c, at, mask, SET_MOST);
	if (r < 0)
		return r;
	for (size_t i = 0; i < SET_MOST; i++)
		any |= mask[i];
	if (any)
		r = check_processors(c, mask);
	if (r < 0)
		return r;
	return any ? host(c, __NR_sched_setaffinity, target, SET_MOST, at) : -EDEADLK;
}

TRANSLATOR(sched_getcpu)
{
	uint32_t cpu;
	uint64_t at = scratch(c, sizeof cpu);
	long r;

	if (!at)
		return -ENOMEM;
	r = host(c, __NR_getcpu, at, 0, 0);
	if (r == 0)
		r = get_guest(c, &cpu, at, sizeof cpu);
	return r < 0 ? r : (long)cpu;
}

/* ---- Scheduling ---------------------------------------------------------------------- */

/* The policy goes back through its own table (the row's result type does not translate). */
TRANSLATOR(sched_getscheduler)
{
	long r = host(c, __NR_sched_getscheduler, c->a[0]);

	if (r < 0)
		return r;
	return (long)names_to_guest_known(c->row->result, (uint64_t)r);
}
