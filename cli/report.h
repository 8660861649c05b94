/* guise run --report: what the program left in the host's directories that the host may run. */
#ifndef GUISE_REPORT_H
#define GUISE_REPORT_H

#include <stdio.h>
#include <time.h>

#include "sandbox/failure.h"
#include "sandbox/plan.h"

struct report {
	FILE *out; /* NULL: none is wanted */
	const char *path;
	struct timespec begin;
};

/* Before the program starts; path may be NULL, "-" is standard error: 0 or -1. */
int report_open(struct report *r, const char *path, struct failure *why);

/* When nothing runs any more: looks through what the plan showed writable.  0 or -1. */
int report_write(struct report *r, const struct plan *plan, struct failure *why);

#endif
