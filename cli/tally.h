/* guise run --stats and --stats-json: how the calls were made. */
#ifndef GUISE_CLI_TALLY_H
#define GUISE_CLI_TALLY_H

#include "cli/run.h"
#include "sandbox/failure.h"
#include "sandbox/plan.h"

/* Performs the plan and tells what the residents counted, on standard error, in a file, or both:
 * the program's status, or -1. */
int tally_run(const struct run_options *given, const struct plan *plan, struct box_options *box,
	      struct failure *why);

#endif
