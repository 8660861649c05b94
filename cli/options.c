#include <getopt.h>
#include <string.h>

#include "cli/command.h"
#include "syscalls/launch.h"

#define MOST_OPTIONS 80

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

bool options_given(const struct option_row *row, const void *into)
{
	const void *field = (const char *)into + row->offset;
	const struct given_list *list = field;

	switch (row->kind) {
	case TAKES_NOTHING:
		return *(const bool *)field;
	case TAKES_TEXT:
		return *(const char *const *)field != NULL;
	case TAKES_LIST:
		for (size_t i = 0; i < list->n; i++)
			if (strcmp(list->list[i].option, row->name) == 0)
				return true;
		return false;
	}
	return false;
}

int options_fall_back(const struct option_row *row, void *into, const char *value,
		      struct failure *why)
{
	struct given_list *list = (struct given_list *)((char *)into + row->offset);

	if (row->kind != TAKES_LIST)
		return options_given(row, into) ? 0 : store(row, into, value, why);
	if (store(row, into, value, why) < 0)
		return -1;
	memmove(list->list + 1, list->list, (list->n - 1) * sizeof *list->list);
	list->list[0] = (struct given){row->name, value};
	return 0;
}

char options_letter(const struct command *command, size_t i)
{
	return command->letters && i < strlen(command->letters) ? command->letters[i] : 0;
}

/* The rows as getopt_long wants them. */
struct parser {
	struct option longs[MOST_OPTIONS]; /* the last one is --help */
	const struct option_row *rows[MOST_OPTIONS];
	char letters[MOST_OPTIONS]; /* of the rows */
	char shorts[2 * MOST_OPTIONS + 4];
	int n;
};

static void add_rows(struct parser *p, const struct command *c, size_t *letters)
{
	for (size_t i = 0; i < c->n_rows && p->n < MOST_OPTIONS - 2; i++) {
		const struct option_row *row = &c->rows[i];
		bool takes = row->kind != TAKES_NOTHING;

		char letter = options_letter(c, i);

		p->rows[p->n] = row;
		p->letters[p->n] = letter;
		p->longs[p->n++] = (struct option){
			.name = row->name,
			.has_arg = takes ? required_argument : no_argument,
		};
		if (!letter)
			continue;
		p->shorts[(*letters)++] = letter;
		if (takes)
			p->shorts[(*letters)++] = ':';
	}
}

static void build(const struct command *c, struct parser *p)
{
	size_t letters = 3;

	/* "+": the program's own options are not ours. */
	*p = (struct parser){.shorts = "+:h"};
	add_rows(p, c, &letters);
	if (c->also)
		add_rows(p, c->also, &letters);
	p->longs[p->n] = (struct option){.name = "help", .val = 'h'};
}

static const struct option_row *find_row_of(const struct parser *p, int result, int at)
{
	if (result == 0)
		return p->rows[at];
	for (int i = 0; i < p->n; i++)
		if (p->letters[i] == result)
			return p->rows[i];
	return NULL;
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
	const struct option_row *row;
	struct parser parser;
	int at = 0;

	build(command, &parser);
	opterr = 0;
	optind = 0; /* anew, whatever was parsed before */
	for (;;) {
		int r = getopt_long(argc, argv, parser.shorts, parser.longs, &at);
		if (r == -1)
			return optind;
		if (r == 'h')
			return COMMAND_WANTS_HELP;
		row = find_row_of(&parser, r, at);
		if (!row)
			return complain(command, r, argv, why);
		if (store(row, into, optarg, why) < 0)
			return COMMAND_FAILED;
	}
}
