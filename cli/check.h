/* guise run --check: the program by both engines, their calls compared. */
#ifndef GUISE_CHECK_H
#define GUISE_CHECK_H

#include "cli/run.h"

/* The exit status, or COMMAND_FAILED with *why filled in. */
int check_run(const struct run_options *given, char **argv, struct failure *why);

#endif
