/* procctl's PROC_REAP_*, each with the address of its data. */
#ifndef GUISE_FREEBSD_REAPER_H
#define GUISE_FREEBSD_REAPER_H

#include "syscalls/abi.h"

long reaper_acquire(struct call *c);
long reaper_release(struct call *c);
/* of: the caller's own reaper, or 0 for the caller. */
bool reaper_is_ours(struct call *c, int32_t pid);
long reaper_status(struct call *c, int32_t of, uint64_t to);
long reaper_list(struct call *c, int32_t of, uint64_t at);
long reaper_kill(struct call *c, uint64_t at);

#endif
