/* guise run --stats: how the calls were made. */
#ifndef GUISE_CLI_TALLY_H
#define GUISE_CLI_TALLY_H

#include "sandbox/failure.h"
#include "sandbox/plan.h"

/* Performs the plan and tells on standard error what the residents counted: the program's
 * status, or -1. */
int tally_run(const struct plan *plan, struct box_options *box, struct failure *why);

#endif
