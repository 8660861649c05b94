/* The options of guise run that limit what a sandbox may use up. */
#ifndef GUISE_CLI_LIMITS_H
#define GUISE_CLI_LIMITS_H

#include "cli/command.h"
#include "sandbox/failure.h"
#include "sandbox/limits.h"

/* As they were given. */
struct limit_options {
	const char *of[LIMIT_KINDS]; /* NULL: not given */
	struct given_list io;
	bool best_effort;
};

/* 0, or -1 with *why filled in. */
int limits_read(const struct limit_options *given, struct limits *out, struct failure *why);

/* "64M" and the like to bytes; false if it is none. */
bool limits_size(const char *text, uint64_t *out);

#endif
