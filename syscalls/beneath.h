/* Paths that may not lead out of the directory they start from. */
#ifndef GUISE_BENEATH_H
#define GUISE_BENEATH_H

#include "syscalls/abi.h"

/* openat(2) as if with RESOLVE_BENEATH: -EXDEV where the path, or a symbolic link on its
 * way, leads out.  Uses openat, readlinkat, close. */
long beneath_open(struct call *c, uint64_t dir, uint64_t path, uint32_t flags, uint32_t mode);

/* Where such a path ends, for a call that shall do something there: an open directory, and in
 * scratch a name in it, which is no symbolic link if links are followed.  -EXDEV as above.  The
 * directory is to be closed if it is ours. */
struct place {
	uint64_t directory;
	uint64_t name;
	bool is_ours;
};
long beneath_place(struct call *c, uint64_t dir, uint64_t path, bool follows, struct place *to);

#endif
