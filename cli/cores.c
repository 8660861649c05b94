#include "cli/cores.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/limits.h"
#include "syscalls/launch.h"
#include "trace/cores.h"
#include "trace/reader.h"

#define MOST (4UL << 30) /* bytes of all core files, unless told */

static int make_reader(struct run_cores *c, struct failure *why)
{
	const struct reader_options o = {.cores = c->cores};
	struct reader *own = malloc(sizeof *own);
	int e = own ? reader_open(own, &o, &c->trace.box.ring, &c->trace.box.bell) : -ENOMEM;

	if (e < 0) {
		free(own);
		return failure_set(why, EXIT_GUISE, "no memory for core files: %s", strerror(-e));
	}
	c->own = own;
	c->trace.box.drain = reader_drain;
	c->trace.box.reader = own;
	return 0;
}

int run_cores_begin(struct run_cores *c, const struct run_options *given,
		    const struct run_trace *trace, struct failure *why)
{
	uint64_t most = MOST;

	*c = (struct run_cores){0};
	if (trace)
		c->trace = *trace;
	if (given->core_size && !limits_size(given->core_size, &most))
		return failure_set(why, EXIT_GUISE, "--core-size %s: give a size such as 100M",
				   given->core_size);
	if (!given->core)
		return given->core_size ? failure_set(why, EXIT_GUISE,
						      "--core-size: without --core there are none")
					: 0;
	int e = cores_open(given->core, most, &c->cores);
	if (e < 0)
		return failure_set(why, EXIT_GUISE, "--core %s: %s; name a file in a directory",
				   given->core, strerror(-e));
	c->trace.flags |= SETTINGS_CORE;
	if (!trace)
		return make_reader(c, why);
	((struct reader *)trace->box.reader)->options.cores = c->cores;
	return 0;
}

void run_cores_end(struct run_cores *c)
{
	if (c->own) {
		reader_close(c->own);
		close(c->trace.box.ring);
		close(c->trace.box.bell);
	}
	free(c->own);
	cores_close(c->cores);
}
