/* Signals: sys/signal.h. */
#ifndef GUEST_SIGNAL_H
#define GUEST_SIGNAL_H

#include "tests/guest/bsd.h"

struct sigset {
	uint32_t bits[4];
};
struct sigaction {
	void *handler;
	int flags;
	struct sigset mask;
};
_Static_assert(sizeof(struct sigaction) == 32, "sys/signal.h");

static inline long set_action(int signal, const struct sigaction *new, struct sigaction *old)
{
	return sys(SYS_sigaction, signal, new, old);
}

#endif
