/* What the kernel's Landlock can hold a sandbox to. */
#ifndef GUISE_LANDLOCK_H
#define GUISE_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* What a ruleset governs: struct landlock_ruleset_attr of Linux 6.12. */
struct landlock_scope {
	uint64_t files; /* LANDLOCK_ACCESS_FS_... */
	uint64_t ports; /* LANDLOCK_ACCESS_NET_... */
	uint64_t scoped; /* LANDLOCK_SCOPE_... */
};

/* The version of the running kernel's; 0: it has none, or it is switched off. */
unsigned landlock_version(void);

/* Everything a version can govern. */
struct landlock_scope landlock_all(unsigned version);

/* What a version lacks, by number from 0, NULL when there is no more of it: what is not held
 * by Landlock, and since which Linux it is.  ports: they are to be governed too. */
const char *landlock_lack(unsigned version, bool ports, unsigned i);

/* A ruleset in the making (a descriptor, or -errno), what it is to allow at a path, and its
 * enforcement on this process and what it starts: 0 or -errno. */
struct box;
int landlock_begin(unsigned version, bool ports);
int landlock_allow_read(int ruleset, const char *path);
int landlock_allow_write(int ruleset, const char *path);
int landlock_allow_device(int ruleset, const char *path);
int landlock_enforce(struct box *b, int ruleset);

/* Why there is none, and the cure. */
const char *landlock_cure(void);

#endif
