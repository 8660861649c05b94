/* Profiles: options of guise run that belong together for one purpose. */
#ifndef GUISE_PROFILE_H
#define GUISE_PROFILE_H

#include "cli/command.h"
#include "cli/names.h"

/* What a profile starts from and what it decides. */
struct profile_request {
	const char *program; /* as it was given */
	struct box_options *box; /* places are added; working is known */
	enum environment_base environment;
	struct failure *why;
};

/* The names, as an option's value is written: "a|b". */
#define PROFILE_NAMES "default|strict|open|runner"

/* What the profile says of options that are not given (presets.c), into the struct of that
 * command's rows: 0, or -1 with *why filled in. */
int profile_presets(const char *name, const struct command *command, void *into,
		    struct failure *why);

bool profile_is_known(const char *name);

/* Whether there is more to a profile than options: then they cannot stand for it. */
bool profile_finds_out(const char *name);

/* What no option says: 0, or -1 with *why filled in. */
int profile_apply(const char *name, struct profile_request *request);

#endif
