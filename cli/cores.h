/* --core: the supervisor's reader is told to write core files, or made for that alone. */
#ifndef GUISE_CORES_H
#define GUISE_CORES_H

#include "cli/run.h"

struct cores;
struct reader;
struct run_cores {
	struct run_trace trace; /* as the box is to have it */
	struct cores *cores; /* NULL: none are written */
	struct reader *own; /* NULL: the trace's, or none is needed */
};

/* 0, or -1 with *why filled in; run_cores_end() in either case. */
int run_cores_begin(struct run_cores *c, const struct run_options *given,
		    const struct run_trace *trace, struct failure *why);
void run_cores_end(struct run_cores *c);

#endif
