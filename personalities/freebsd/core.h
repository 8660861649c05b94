#ifndef GUISE_FREEBSD_CORE_H
#define GUISE_FREEBSD_CORE_H

#include "syscalls/core.h"

/* siginfo_t, as a handler would get it. */
int freebsd_siginfo(struct call *c, const struct signal_info *info, void *to);

extern const struct core_format freebsd_core;

#endif
