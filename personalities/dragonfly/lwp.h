/* What lwp.c and the types share. */
#ifndef GUISE_DRAGONFLY_LWP_H
#define GUISE_DRAGONFLY_LWP_H

#include <stddef.h>
#include <stdint.h>

/* sys/lwp.h */
struct lwp_params {
	uint64_t function, argument, stack, tid1, tid2;
};

/* A wait status in words. */
size_t dragonfly_tell_status(char *text, size_t size, const void *guest, size_t n);

#endif
