/* Both walks over errno.def: to the guest's number, and to its name. */
#ifndef GUISE_DRAGONFLY_ERRNO_H
#define GUISE_DRAGONFLY_ERRNO_H

#include "syscalls/abi.h"
#include "syscalls/linux.h"

/* Guest number by Linux number. */
static const uint16_t dragonfly_errnos[] = {
#define ERRNO(guest, host) [host] = (guest),
#define ERRNO_AS(guest, host, text) [host] = (guest),
#define ERRNO_NAME(guest, text)
#define HOST_ERRNO(guest, host) [host] = (guest),
#include "personalities/dragonfly/errno.def"
#undef ERRNO
#undef ERRNO_AS
#undef ERRNO_NAME
#undef HOST_ERRNO
};

/* Name by guest number. */
static const char *const dragonfly_errno_names[] = {
#define ERRNO(guest, host) [guest] = #host,
#define ERRNO_AS(guest, host, text) [guest] = (text),
#define ERRNO_NAME(guest, text) [guest] = (text),
#define HOST_ERRNO(guest, host)
#include "personalities/dragonfly/errno.def"
#undef ERRNO
#undef ERRNO_AS
#undef ERRNO_NAME
#undef HOST_ERRNO
};

_Static_assert(COUNT(dragonfly_errno_names) == 100, "1 to ELAST");

#endif
