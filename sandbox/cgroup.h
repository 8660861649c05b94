/* The control groups of a sandbox: where the kernel counts processor time, memory, processes
 * and disk traffic for all of it together, and holds it to a limit. */
#ifndef GUISE_CGROUP_H
#define GUISE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum controller {
	CONTROLLER_CPU,
	CONTROLLER_MEMORY,
	CONTROLLER_PIDS,
	CONTROLLER_IO,
	CONTROLLERS,
};
#define CONTROLLER_BIT(c) (1U << (c))

/* ---- Where (cgroup_find.c) ---------------------------------------------------------- */

/* The directories of the caller's own groups. */
struct cgroup_map {
	char *v1[CONTROLLERS]; /* NULL: no hierarchy of version 1 has that controller */
	char *v2; /* NULL: none, or out of sight */
	size_t v2_mount; /* so much of it is the mount point */
};

/* own and mounts: as /proc/self/cgroup and /proc/self/mountinfo are; 0 or -errno. */
int cgroup_find(FILE *own, FILE *mounts, struct cgroup_map *out);
/* For this process. */
int cgroup_find_own(struct cgroup_map *out);
void cgroup_map_free(struct cgroup_map *m);

/* A directory in which groups with these controllers can be made. */
struct cgroup_parent {
	unsigned version; /* 0: there is none */
	char *path; /* to be freed */
	bool leave; /* version 2: guise is to leave it, and the controllers to be turned on */
	const char *reason, *cure; /* if there is none */
};

void cgroup_choose(const struct cgroup_map *m, unsigned controllers,
		   struct cgroup_parent out[CONTROLLERS]);

/* Whether a disk's scheduler goes by the weights of groups. */
bool cgroup_weighs_io(void);

/* The controller's name in a hierarchy of that version. */
const char *controller_name(enum controller c, unsigned version);

/* ---- The groups of one sandbox (cgroup.c) --------------------------------------------- */

struct cgroup_group {
	char *path; /* NULL: not made */
	unsigned version;
	int fd; /* its directory, locked as long as anybody uses it */
	int join; /* what a process writes to, to be in it */
};

struct cgroup {
	char name[40]; /* of each of its groups */
	pid_t cleaner; /* 0 in the cleaner itself */
	unsigned n;
	struct cgroup_group of[CONTROLLERS];
	bool inside; /* process 1 was born in that of version 2 */
};

struct box;

/* As clone(2) with these flags, into the group of version 2 if there is one. */
long cgroup_clone(struct box *b, uint64_t flags);
/* Whatever was in them has ended. */
void cgroup_remove(struct box *b);

#define CGROUP_UNKNOWN UINT64_MAX /* no group of the sandbox counts it */

struct cgroup_usage {
	uint64_t cpu_usec, throttled_usec;
	uint64_t memory, memory_most, memory_limit; /* bytes */
	uint64_t pids, pids_limit;
	uint64_t io_read, io_written; /* bytes */
	uint64_t out_of_memory; /* processes killed for lack of memory */
	uint64_t limit_hit; /* times the limit left no other way (version 2) */
};

/* What the groups with these directories have used; all CGROUP_UNKNOWN for none. */
void cgroup_usage(const char *const *paths, size_t n, struct cgroup_usage *out);

#endif
