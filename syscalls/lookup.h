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

/* The same path from the root, for Linux calls that take no directory: where the directory is
 * to be found, and behind it the relative path at `path`.  Its length or -errno: EOPNOTSUPP, the
 * directory has no path (any more); ENAMETOOLONG.  A directory renamed between this and the call
 * is looked for in vain, as if by its old name.
 * Uses FACTS_PATH_USES. */
long lookup_whole(struct call *c, int directory, uint64_t path, char *to, size_t size);

/* Whether the path is empty and means the descriptor itself. */
bool lookup_is_empty(struct call *c, const struct lookup *l);

#endif
