/* Linux's struct pollfd, for a personality's description of its own. */
#ifndef GUISE_POLL_H
#define GUISE_POLL_H

#include <stdint.h>

struct host_pollfd {
	int32_t fd;
	int16_t events;
	int16_t revents;
};

#endif
