/* What lwp.c and the types share. */
#ifndef GUISE_NETBSD_LWP_H
#define GUISE_NETBSD_LWP_H

#include <stddef.h>

/* sys/lwp.h: flags of _lwp_create */
enum { LWP_DETACHED = 0x40 };

/* A wait status in words. */
size_t netbsd_tell_status(char *text, size_t size, const void *guest, size_t n);

#endif
