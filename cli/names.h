/* Paths, programs and environments as the command line gives them. */
#ifndef GUISE_NAMES_H
#define GUISE_NAMES_H

#include <limits.h>

#include "cli/command.h"
#include "loader/inspect.h"
#include "sandbox/options.h"

/* Absolute, without "." and "//"; a path with ".." is resolved on the host.  To be freed;
 * NULL if it cannot be (errno). */
char *names_absolute(const char *path);

/* The file system as the program will see it: what the user gave, then --root.
 * struct inspect_view's open. */
int names_open(void *box_options, const char *path);

/* A program as it was asked for. */
struct program_name {
	char inside[PATH_MAX]; /* its path in the sandbox */
	char host[PATH_MAX]; /* where it is on the host, to be shown inside; "": not needed */
	int fd; /* open for reading */
};

/* Finds it inside, or on the host.  Not found: 127, not a program to run: 126. */
int names_program(const struct box_options *box, const char *name, struct program_name *out,
		  struct failure *why);

/* A script's interpreter, inside or on the host, found as names_program() would.  0, or -1
 * with *why in the script's name. */
int names_interpreter(const struct box_options *box, const char *script, const char *path,
		      struct program_name *out, struct failure *why);

/* A program of the host's own system that is linked at run time gets that system, read-only,
 * unless there is a root: places before all others, so that what the user names is on top. */
int names_host_system(const struct inspection *i, struct box_options *box, struct failure *why);

/* What the program gets as its environment. */
enum environment_base {
	ENVIRONMENT_SHORT,
	ENVIRONMENT_ALL,
	ENVIRONMENT_RUNNER, /* all, but temporary files go to the sandbox's own /tmp */
	ENVIRONMENT_NONE,
};
char **names_environment(enum environment_base base, const struct given_list *given,
			 const char *user, const char *home);

/* The caller's name, from passwd(5); "user" if it has none.  To be freed. */
char *names_user(unsigned uid);

#endif
