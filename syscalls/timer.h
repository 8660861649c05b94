/* What a personality's description of a timer's event refers to. */
#ifndef GUISE_TIMER_H
#define GUISE_TIMER_H

#include <stdint.h>

/* Linux's SIGEV_* (include/uapi/asm-generic/siginfo.h, which clashes with <signal.h>). */
enum { TIMER_EVENT_SIGNAL = 0, TIMER_EVENT_NONE = 1, TIMER_EVENT_THREAD = 4 };

struct timer_event {
	uint64_t value;
	int32_t how;
	int32_t signal; /* the guest's number */
	int32_t thread; /* the guest's number */
};

#endif
