/* The weaker sandbox: without namespaces. */
#ifndef GUISE_WEAKER_H
#define GUISE_WEAKER_H

#include "sandbox/failure.h"
#include "sandbox/options.h"
#include "sandbox/plan.h"

/* As plan_make(): refuses what cannot be had so. */
int weaker_plan(const struct box_options *o, struct plan *out, struct failure *why);

/* As box_run(). */
int weaker_run(const struct plan *plan, const struct box_options *options, struct failure *why);

#endif
