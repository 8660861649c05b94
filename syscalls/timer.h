/* How a timer's expiry and the like are told: what a personality's description refers to. */
#ifndef GUISE_TIMER_H
#define GUISE_TIMER_H

#include "syscalls/abi.h"
#include "syscalls/process.h"

/* Linux's SIGEV_* (include/uapi/asm-generic/siginfo.h, which clashes with <signal.h>). */
enum { TIMER_EVENT_SIGNAL = 0, TIMER_EVENT_NONE = 1, TIMER_EVENT_THREAD = 4 };

struct timer_event {
	uint64_t value;
	int32_t how;
	int32_t signal; /* the guest's number */
	int32_t thread; /* the guest's number */
};

/* Linux's struct sigevent (include/uapi/asm-generic/siginfo.h). */
struct host_event {
	uint64_t value;
	int32_t signal;
	int32_t how;
	int32_t thread;
	int32_t padding[11];
};
_Static_assert(sizeof(struct host_event) == 64, "SIGEV_MAX_SIZE");

/* -EINVAL, or -EOPNOTSUPP for a signal that shares one of Linux's with others. */
int timer_event_to_host(const struct call *c, const struct timer_event *e, struct host_event *to);

/* Is the timer of that number one that tells a thread?  Linux's siginfo does not say. */
bool timer_tells_thread(const struct process *p, int32_t number);
void timers_forked(struct process *p); /* a child has none */

#endif
