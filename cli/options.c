#include <getopt.h>
#include <string.h>

#include "cli/command.h"
#include "syscalls/launch.h"

#define MOST_OPTIONS 40

static int store(const struct option_row *row, void *into, const char *value, struct failure *why)
{
	void *field = (char *)into + row->offset;
	struct given_list *list = field;

	switch (row->kind) {
	case TAKES_NOTHING:
		*(bool *)field = true;
		return 0;
	case TAKES_TEXT:
		*(const char **)field = value;
		return 0;
	case TAKES_LIST:
		if (list->n == MOST_GIVEN)
			return failure_set(why, EXIT_GUISE,
					   "--%s: given more than %d times; combine some",
					   row->name, MOST_GIVEN);
		list->list[list->n++] = (struct given){row->name, value};
		return 0;
	}
	return 0;
}

/* getopt_long's form of the rows; the last is --help. */
static size_t build(const struct command *c, struct option longs[MOST_OPTIONS])
{
	size_t n = 0;

	for (; n < c->n_rows && n < MOST_OPTIONS - 2; n++)
		longs[n] = (struct option){
			.name = c->rows[n].name,
			.has_arg = c->rows[n].kind == TAKES_NOTHING ? no_argument
								    : required_argument,
		};
	longs[n] = (struct option){.name = "help", .val = 'h'};
	longs[n + 1] = (struct option){0};
	return n;
}

static int complain(const struct command *c, int result, char *const *argv, struct failure *why)
{
	const char *what = argv[optind - 1];

	if (result == ':')
		return failure_set(why, EXIT_GUISE, "%s: needs a value; see guise %s --help", what,
				   c->name);
	if (optopt && strncmp(what, "--", 2) != 0)
		return failure_set(why, EXIT_GUISE, "-%c: unknown option; see guise %s --help",
				   optopt, c->name);
	return failure_set(why, EXIT_GUISE,
			   "%s: unknown, ambiguous or misused option; see guise %s --help", what,
			   c->name);
}

int options_parse(const struct command *command, void *into, int argc, char **argv,
		  struct failure *why)
{
	struct option longs[MOST_OPTIONS];
	int at;

	(void)build(command, longs);
	opterr = 0;
	optind = 0; /* anew, whatever was parsed before */
	for (;;) {
		/* "+": the program's own options are not ours. */
		int r = getopt_long(argc, argv, "+:h", longs, &at);
		if (r == -1)
			return optind;
		if (r == 'h')
			return COMMAND_WANTS_HELP;
		if (r != 0)
			return complain(command, r, argv, why);
		if (store(&command->rows[at], into, optarg, why) < 0)
			return COMMAND_FAILED;
	}
}
