/* guise run, for the commands that run a program in some other way too. */
#ifndef GUISE_RUN_H
#define GUISE_RUN_H

#include "cli/command.h"
#include "cli/limits.h"
#include "cli/lives.h"
#include "sandbox/options.h"

struct run_options {
	struct given_list places, environment;
	const char *profile, *root, *net, *directory, *hostname, *personality, *release, *engine,
		*weaker;
	bool keep_environment, clear_environment, no_working, no_patch, check_uses, quiet, dry_run,
		time_namespace;
	struct limit_options limits;
	struct life_options life;
	const char *report, *stats_json;
	const char *core, *core_size;
	bool print_profile, procfs, stats, check;
	bool ephemeral;
};

struct run_trace {
	struct box_trace box;
	uint32_t flags; /* SETTINGS_TRACE... */
	uint32_t string; /* bytes shown of what is read and written */
};

/* Everything but 0-2; before anything is opened for the run. */
int run_close_others(struct failure *why);

/* Runs argv in its sandbox, traced or (NULL) not: the exit status, or COMMAND_FAILED. */
int run_program(const struct run_options *given, const struct run_trace *trace, char **argv,
		struct failure *why);

#endif
