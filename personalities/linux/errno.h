/* Both walks over errno.def: numbers are the host's own. */
#ifndef GUISE_LINUX_ERRNO_H
#define GUISE_LINUX_ERRNO_H

#include "syscalls/abi.h"

static const uint16_t linux_errnos[] = {
#define ERROR(name) [name] = name,
#include "personalities/linux/errno.def"
#undef ERROR
};

static const char *const linux_errno_names[] = {
#define ERROR(name) [name] = #name,
#include "personalities/linux/errno.def"
#undef ERROR
};

#endif
