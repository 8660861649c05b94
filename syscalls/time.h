/* Clocks and deadlines, for every call that waits for a time.
 *
 * A call whose interruption the guest does not see is made again from the start, so a
 * relative timeout becomes an absolute one at the first attempt and stays in c->deadline.
 */
#ifndef GUISE_TIME_H
#define GUISE_TIME_H

#include <linux/time_types.h>

#include "syscalls/abi.h"

#define NS_PER_SECOND 1000000000ULL
#define NS_MAX ((uint64_t)INT64_MAX) /* the furthest the kernel counts; also "for ever" */

/* The Linux clock's time in nanoseconds: 0 or -errno.  Uses clock_gettime. */
int now_ns(struct call *c, int host_clock, uint64_t *ns);

/* Sets c->deadline to now + relative_ns unless an earlier attempt has: 0 or -errno.
 * Uses clock_gettime. */
int deadline_from(struct call *c, int host_clock, uint64_t relative_ns);

/* What is left until c->deadline, 0 once it has passed: 0 or -errno.  Uses clock_gettime. */
int remaining_ns(struct call *c, int host_clock, uint64_t *ns);

/* seconds and nanoseconds as one number: 0, or -EINVAL if either is out of its range
 * (seconds negative, nanoseconds not in 0..999999999).  What is too large is NS_MAX. */
int ns_of_timespec(const struct __kernel_timespec *t, uint64_t *ns);
struct __kernel_timespec timespec_of_ns(uint64_t ns);

/* A Linux timespec in scratch, holding ns: its address, or 0 if there is no room. */
uint64_t scratch_timespec(struct call *c, uint64_t ns);

#endif
