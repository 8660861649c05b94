/* guise trace: guise run, with what the program asks of its system written down. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/run.h"
#include "syscalls/trace.h"
#include "trace/reader.h"

struct trace_options {
	struct run_options run; /* first: run's option rows write to it */
	const char *output, *string;
	struct given_list names;
	bool summary, clock, since_last, spent, follow, stacks, lossy;
};

#define AT(member) offsetof(struct trace_options, member)
static const struct option_row rows[] = {
	{"output", TAKES_TEXT, AT(output), "FILE", "write to FILE, not to standard error"},
	{"calls", TAKES_LIST, AT(names), "[!]NAME,...", "only these calls, or (!) all but these"},
	{"summary", TAKES_NOTHING, AT(summary), NULL, "count calls, errors and time instead"},
	{"string-limit", TAKES_TEXT, AT(string), "SIZE",
	 "bytes shown of what is read or written (32)"},
	{"time", TAKES_NOTHING, AT(clock), NULL, "the time of day in front of each line"},
	{"relative", TAKES_NOTHING, AT(since_last), NULL, "seconds since the line before"},
	{"spent", TAKES_NOTHING, AT(spent), NULL, "seconds the call took, behind each line"},
	{"follow", TAKES_NOTHING, AT(follow), NULL, "children too (they always are)"},
	{"stack", TAKES_NOTHING, AT(stacks), NULL, "behind each line, the stack of the caller"},
	{"lossy", TAKES_NOTHING, AT(lossy), NULL, "rather lose lines than slow the program down"},
};

static int read_string(const char *given, uint32_t *size, struct failure *why)
{
	char *end;

	*size = TRACE_STRING;
	if (!given)
		return 0;
	errno = 0;
	unsigned long n = strtoul(given, &end, 10);
	if (*given < '0' || *given > '9' || *end || errno || n > TRACE_STRING_MAX)
		return failure_set(why, EXIT_GUISE, "-s %s: not a number up to %d", given,
				   TRACE_STRING_MAX);
	*size = (uint32_t)n;
	return 0;
}

static bool is_call(const char *name)
{
	for_each_personality(p)
		for (uint32_t i = 0; i < p->n_rows; i++)
			if (p->rows[i].name && strcmp(p->rows[i].name, name) == 0)
				return true;
	return false;
}

/* A comma list; "!" in front of the first turns all of them around. */
static int add_names(struct reader_options *o, char *list, struct failure *why)
{
	char *save = NULL;

	if (*list == '!') {
		o->all_but = true;
		list++;
	}
	for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		if (!is_call(name))
			return failure_set(why, EXIT_GUISE,
					   "-e %s: no call of any system has that name; `guise "
					   "calls SYSTEM` lists them",
					   name);
		if (o->n_names == READER_NAMES)
			return failure_set(why, EXIT_GUISE, "-e: more than %d names", READER_NAMES);
		o->names[o->n_names++] = name;
	}
	return 0;
}

/* The words are cut up where they are: argv's own. */
static int read_names(const struct given_list *given, struct reader_options *o, struct failure *why)
{
	for (size_t i = 0; i < given->n; i++)
		if (add_names(o, (char *)given->list[i].value, why) < 0)
			return -1;
	return 0;
}

/* Its own copy of standard error: the program may close or redirect what it has. */
static FILE *open_output(const char *path, struct failure *why)
{
	FILE *out = NULL;

	if (path) {
		out = fopen(path, "we");
	} else {
		int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

		out = fd < 0 ? NULL : fdopen(fd, "w");
	}
	if (!out)
		(void)failure_set(why, EXIT_GUISE, "-o %s: %s; check the path",
				  path ? path : "(standard error)", strerror(errno));
	else
		(void)setvbuf(out, NULL, _IOFBF, 1 << 16);
	return out;
}

static uint32_t settings(const struct trace_options *o)
{
	bool times = o->clock || o->since_last || o->spent || o->summary;

	return SETTINGS_TRACE | (times ? SETTINGS_TRACE_TIMES : 0) |
	       (o->stacks ? SETTINGS_TRACE_STACKS : 0) | (o->summary ? SETTINGS_TRACE_BARE : 0) |
	       (o->lossy ? SETTINGS_TRACE_LOSSY : 0);
}

static int run_traced(const struct trace_options *o, struct reader *reader,
		      const struct reader_options *view, uint32_t string, char **argv,
		      struct failure *why)
{
	struct run_trace t = {
		.box = {.drain = reader_drain, .reader = reader},
		.flags = settings(o),
		.string = string,
	};
	int e = reader_open(reader, view, &t.box.ring, &t.box.bell);

	if (e < 0)
		return failure_set(why, EXIT_GUISE, "no memory for the trace: %s", strerror(-e));
	int status = run_program(&o->run, &t, argv, why);
	reader_close(reader);
	close(t.box.ring);
	close(t.box.bell);
	return status;
}

/* The program's status counts; unless the trace could not be written. */
static int close_output(FILE *out, const char *path, int status, struct failure *why)
{
	bool failed = ferror(out);

	if (fclose(out) == 0 && !failed)
		return status;
	return failure_set(why, EXIT_GUISE, "%s: the trace could not be written",
			   path ? path : "standard error");
}

static int trace(int argc, char **argv, struct failure *why)
{
	struct trace_options given = {0};
	int first = options_parse(&command_trace, &given, argc, argv, why);
	struct reader_options view = {0};
	uint32_t string;

	if (first < 0)
		return first;
	if (first == argc)
		return failure_set(why, EXIT_GUISE, "trace: no program; see guise trace --help");
	if (given.stacks && given.summary)
		return failure_set(why, EXIT_GUISE,
				   "-k and -c exclude each other: a table has no stacks; give one");
	if (read_string(given.string, &string, why) < 0 ||
	    read_names(&given.names, &view, why) < 0 || run_close_others(why) < 0)
		return COMMAND_FAILED;
	view.summary = given.summary;
	view.clock = given.clock;
	view.since_last = given.since_last;
	view.spent = given.spent;
	view.stacks = given.stacks;
	view.out = open_output(given.output, why);
	struct reader *reader = view.out ? malloc(sizeof *reader) : NULL;
	if (!reader)
		return failure_set(why, EXIT_GUISE, "out of memory");
	int status = run_traced(&given, reader, &view, string, argv + first, why);
	free(reader);
	return close_output(view.out, given.output, status, why);
}

const struct command command_trace = {
	.name = "trace",
	.operands = "[--] PROGRAM [ARGUMENTS...]",
	.summary = "runs a program and writes down its calls",
	.more = "\nThe exit status is that of guise run.\n",
	.rows = rows,
	.n_rows = sizeof rows / sizeof *rows,
	.letters = "oecstrTfk",
	.also = &command_run,
	.run = trace,
};
