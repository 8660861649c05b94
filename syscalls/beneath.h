/* Paths that may not lead out of the directory they start from. */
#ifndef GUISE_BENEATH_H
#define GUISE_BENEATH_H

#include "syscalls/abi.h"

/* openat(2) as if with RESOLVE_BENEATH: -EXDEV where the path, or a symbolic link on its
 * way, leads out.  Uses openat, readlinkat, close. */
long beneath_open(struct call *c, uint64_t dir, uint64_t path, uint32_t flags, uint32_t mode);

#endif
