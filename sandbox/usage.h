/* What a sandbox uses, as a whole. */
#ifndef GUISE_USAGE_H
#define GUISE_USAGE_H

#include <stdint.h>
#include <sys/types.h>

#define USAGE_UNKNOWN UINT64_MAX

struct usage {
	uint64_t cpu_usec; /* by all that ever ran in it, if by_groups; else see usage.c */
	uint64_t memory; /* bytes */
	uint64_t memory_limit; /* USAGE_UNKNOWN: none of its own */
	uint64_t processes;
	uint64_t read, written; /* bytes, from and to disks */
	uint64_t by_groups; /* 1 if the kernel counted it in control groups */
};

struct box;

/* As the supervisor sees it. */
void usage_of(const struct box *b, struct usage *out);

#endif
