/* Linux's struct pollfd, for a personality's description of its own. */
#ifndef GUISE_POLL_H
#define GUISE_POLL_H

#include <stdint.h>

struct host_pollfd {
	int32_t fd;
	int16_t events;
	int16_t revents;
};

/* What poll says of the descriptor now. */
struct call;
uint32_t poll_now(struct call *c, int fd, uint32_t events);

#endif
