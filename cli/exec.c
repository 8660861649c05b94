/* guise exec: another program in a running sandbox. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/lives.h"
#include "cli/run.h"
#include "loader/inspect.h"
#include "sandbox/control.h"
#include "sandbox/join.h"
#include "sandbox/scope.h"
#include "syscalls/abi.h"
#include "syscalls/launch.h"

struct exec_options {
	struct given_list environment;
	const char *directory;
	struct life_options life;
};

#define AT(member) offsetof(struct exec_options, member)
static const struct option_row rows[] = {
	{"chdir", TAKES_TEXT, AT(directory), "DIR",
	 "start in DIR of the sandbox (where its own program started)"},
	{"env", TAKES_LIST, AT(environment), "NAME[=VALUE]", "set NAME besides, or pass it on"},
	{"no-tty", TAKES_NOTHING, AT(life.no_terminal), NULL,
	 "no terminal of its own: the caller's as it is"},
	{"timeout", TAKES_TEXT, AT(life.timeout), "DURATION", "end it after so long"},
	{"kill-after", TAKES_TEXT, AT(life.kill_after), "DURATION",
	 "and by force after so long again (" GRACE_SECONDS "s)"},
};

/* NAME=VALUE as it is; NAME with the caller's value, if there is one. */
static char **read_environment(const struct given_list *given)
{
	char **list = calloc(given->n + 1, sizeof *list);
	size_t n = 0;

	for (size_t i = 0; list && i < given->n; i++) {
		const char *value = given->list[i].value, *own;
		char *made = NULL;

		if (strchr(value, '='))
			made = strdup(value);
		else if ((own = getenv(value)) && asprintf(&made, "%s=%s", value, own) < 0)
			made = NULL;
		if (made)
			list[n++] = made;
	}
	return list;
}

static void free_environment(char **list)
{
	for (char **v = list; v && *v; v++)
		free(*v);
	free(list);
}

static int run_inside(const struct exec_options *given, const char *name, char **argv,
		      struct failure *why)
{
	struct box_options box = {.argv = argv};
	struct join_request r = {.directory = given->directory, .argv = argv};

	if (lives_read(&given->life, &box, why) < 0)
		return COMMAND_FAILED;
	AUTO_CLOSE int connection = control_connect(name, false, why);
	if (connection < 0)
		return COMMAND_FAILED;
	char **environment = read_environment(&given->environment);
	r.environment = environment;
	int status = box_join(connection, name, &r, &box, why);
	free_environment(environment);
	return status;
}

static int exec(int argc, char **argv, struct failure *why)
{
	struct exec_options given = {0};
	int first = options_parse(&command_exec, &given, argc, argv, why);

	if (first < 0)
		return first;
	if (argc - first < 2)
		return failure_set(why, EXIT_GUISE,
				   "exec: needs a name and a program; see "
				   "guise exec --help");
	if (run_close_others(why) < 0)
		return COMMAND_FAILED;
	return run_inside(&given, argv[first], argv + first + 1, why);
}

const struct command command_exec = {
	.name = "exec",
	.operands = "NAME PROGRAM [ARGUMENTS...]",
	.summary = "runs another program in a running sandbox",
	.more = "\nThe exit status is as that of guise run; 127, too, if there is no such sandbox.\n",
	.rows = rows,
	.n_rows = COUNT(rows),
	.run = exec,
};
