/* The path of a call that has a directory to start from and flags (the ...at family). */
#ifndef GUISE_LOOKUP_H
#define GUISE_LOOKUP_H

#include "syscalls/abi.h"

/* Whether the last name is followed where it is a symbolic link. */
enum lookup_last { LOOKUP_NEVER, LOOKUP_UNLESS_NOFOLLOW, LOOKUP_IF_FOLLOW };

struct lookup {
	uint64_t directory, path, flags; /* as Linux shall have them */
	bool is_ours; /* the directory */
};

/* Arguments `at` (the directory) and at + 1, and the flags in argument `flags`.  A path that must
 * stay beneath its directory (AT_BENEATH) is walked here; what is left is one name, which then is
 * no link that would be followed.  0 or -errno; then, once the call is made, lookup_end().
 * Uses openat, readlinkat, close. */
int lookup_begin(struct call *c, int at, int flags, enum lookup_last last, struct lookup *to);
void lookup_end(struct call *c, const struct lookup *l);

/* Whether the path is empty and means the descriptor itself. */
bool lookup_is_empty(struct call *c, const struct lookup *l);

#endif
