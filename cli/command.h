/* The commands of guise, and how their options are declared. */
#ifndef GUISE_COMMAND_H
#define GUISE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/failure.h"

enum option_kind {
	TAKES_NOTHING, /* bool: set */
	TAKES_TEXT, /* const char *: the last one given */
	TAKES_LIST, /* struct given_list: all, in order */
};

/* One option: where it goes in the command's own struct, and what it is for. */
struct option_row {
	const char *name;
	enum option_kind kind;
	size_t offset;
	const char *value; /* what it takes, for the help */
	const char *help;
};

#define MOST_GIVEN 256
struct given_list {
	size_t n;
	struct given {
		const char *option; /* row->name */
		const char *value;
	} list[MOST_GIVEN];
};

/* Returned by a command instead of an exit status: */
enum {
	COMMAND_FAILED = -1, /* *why says it */
	COMMAND_WANTS_HELP = -2, /* --help was given */
};

struct command {
	const char *name;
	const char *operands;
	const char *summary;
	const char *more; /* further lines of its help; "" */
	const struct option_row *rows;
	size_t n_rows;
	const char *letters; /* short forms of the first rows, in their order; NULL: none */
	const struct command *also; /* whose options are taken too: its struct comes first */
	/* The exit status, COMMAND_FAILED or COMMAND_WANTS_HELP. */
	int (*run)(int argc, char **argv, struct failure *why);
};

extern const struct command command_run, command_exec, command_ps, command_stats, command_stop,
	command_kill, command_trace, command_info, command_calls, command_binfmt, command_doctor,
	command_completion, command_diff, command_commit;

extern const struct command *const commands[]; /* commands.c; the last is NULL */

/* What the kernel executes for a registered program (binfmt.c): argv is guise, the path, and
 * the program's own arguments.  As run --profile runner. */
int run_for_kernel(int argc, char **argv, struct failure *why);

/* The short form of the command's row i, or 0. */
char options_letter(const struct command *command, size_t i);

/* Whether it was given. */
bool options_given(const struct option_row *row, const void *into);

/* A value for when it is not given, or, of a list, for before what is: 0 or -1. */
int options_fall_back(const struct option_row *row, void *into, const char *value,
		      struct failure *why);

/* Options of argv into the struct at `into`: the index of the first operand,
 * COMMAND_FAILED or COMMAND_WANTS_HELP. */
int options_parse(const struct command *command, void *into, int argc, char **argv,
		  struct failure *why);

#endif
