/* Both walks over errno.def: to the guest's number, and to its name. */
#ifndef GUISE_NETBSD_ERRNO_H
#define GUISE_NETBSD_ERRNO_H

#include "syscalls/abi.h"
#include "syscalls/linux.h"

/* Guest number by Linux number. */
static const uint16_t netbsd_errnos[] = {
#define ERRNO(guest, host) [host] = (guest),
#define ERRNO_AS(guest, host, text) [host] = (guest),
#define ERRNO_NAME(guest, text)
#define HOST_ERRNO(guest, host) [host] = (guest),
#include "personalities/netbsd/errno.def"
#undef ERRNO
#undef ERRNO_AS
#undef ERRNO_NAME
#undef HOST_ERRNO
};

/* Name by guest number. */
static const char *const netbsd_errno_names[] = {
#define ERRNO(guest, host) [guest] = #host,
#define ERRNO_AS(guest, host, text) [guest] = (text),
#define ERRNO_NAME(guest, text) [guest] = (text),
#define HOST_ERRNO(guest, host)
#include "personalities/netbsd/errno.def"
#undef ERRNO
#undef ERRNO_AS
#undef ERRNO_NAME
#undef HOST_ERRNO
};

_Static_assert(COUNT(netbsd_errno_names) == 99, "1 to ELAST");

#endif
