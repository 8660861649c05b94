/* guise ps and guise stats: the sandboxes that are running, and what they use. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/lives.h"
#include "sandbox/control.h"
#include "sandbox/scope.h"
#include "syscalls/abi.h"
#include "syscalls/launch.h"

struct ps_options {
	bool json;
};

static const struct option_row rows[] = {
	{"json", TAKES_NOTHING, offsetof(struct ps_options, json), NULL, "as JSON"},
};

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "?";
}

static long long number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* ---- ps ------------------------------------------------------------------------------- */

static void print_age(long long started)
{
	long long age = (long long)time(NULL) - started;

	if (age < 0)
		age = 0;
	if (age < 100)
		printf("%5llds", age);
	else if (age < 100 * 60)
		printf("%5lldm", age / 60);
	else if (age < 100 * 3600)
		printf("%5lldh", age / 3600);
	else
		printf("%5lldd", age / 86400);
}

static void print_safely(const char *s)
{
	for (; *s; s++)
		putchar((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
}

static void print_line(const json_t *o, int width)
{
	const json_t *arguments = json_object_get(o, "arguments"), *a;
	size_t i;

	printf("%-*s %8lld  %-10s ", width, text(o, "name"), number(o, "pid"), text(o, "system"));
	print_age(number(o, "started"));
	printf(" ");
	json_array_foreach(arguments, i, a)
	{
		putchar(' ');
		print_safely(json_string_value(a) ? json_string_value(a) : "?");
	}
	putchar('\n');
}

static int width_of(const json_t *all, const char *title)
{
	size_t i, width = strlen(title);
	const json_t *o;

	json_array_foreach(all, i, o)
	{
		if (strlen(text(o, "name")) > width)
			width = strlen(text(o, "name"));
	}
	return (int)width;
}

static int ps(int argc, char **argv, struct failure *why)
{
	struct ps_options given = {0};
	int first = options_parse(&command_ps, &given, argc, argv, why);
	json_t *all, *o;
	size_t i;

	if (first < 0)
		return first;
	if (first < argc)
		return failure_set(why, EXIT_GUISE,
				   "ps: %s: takes no operands; see guise ps --help", argv[first]);
	all = lives_all();
	if (!all)
		return failure_set(why, EXIT_GUISE, "out of memory");
	if (given.json)
		return json_print(all, 2, why);
	int width = width_of(all, "NAME");
	if (json_array_size(all))
		printf("%-*s %8s  %-10s %6s  %s\n", width, "NAME", "PID", "SYSTEM", "AGE",
		       "COMMAND");
	json_array_foreach(all, i, o)
	{
		print_line(o, width);
	}
	json_decref(all);
	return 0;
}

/* ---- stats ------------------------------------------------------------------------------- */

static json_t *known(uint64_t n)
{
	return n == USAGE_UNKNOWN ? json_null() : json_integer((json_int_t)n);
}

static json_t *usage_json(const char *name, const struct usage *u)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "name", name, "cpu_usec",
			 known(u->cpu_usec), "memory", known(u->memory), "memory_limit",
			 known(u->memory_limit), "processes", known(u->processes), "read",
			 known(u->read), "written", known(u->written), "source",
			 u->by_groups ? "cgroup" : "proc");
}

static void print_size(uint64_t n)
{
	char size[16] = "-";

	if (n != USAGE_UNKNOWN)
		lives_print_size(size, n);
	printf(" %7s", size);
}

static void print_usage_line(const char *name, const struct usage *u, int width)
{
	printf("%-*s %9.2f", width, name, (double)u->cpu_usec / 1e6);
	print_size(u->memory);
	print_size(u->memory_limit);
	printf(" %9" PRIu64, u->processes);
	print_size(u->read);
	print_size(u->written);
	putchar('\n');
}

static int ask(const char *name, struct usage *out, struct failure *why)
{
	struct message m = {.kind = MESSAGE_USAGE};
	AUTO_CLOSE int fd = control_connect(name, false, why);

	if (fd < 0 || control_ask(fd, name, &m, NULL, why) < 0)
		return -1;
	*out = m.usage;
	return 0;
}

struct asked {
	bool json;
	int width;
	json_t *list;
};

static int show(struct asked *a, const char *name, struct failure *why)
{
	struct usage u;

	if (ask(name, &u, why) < 0)
		return -1;
	if (a->json)
		(void)json_array_append_new(a->list, usage_json(name, &u));
	else
		print_usage_line(name, &u, a->width);
	return 0;
}

/* Of those that are not named, one that ends meanwhile is none to complain of. */
static int show_all(struct asked *a, const json_t *all, struct failure *why)
{
	const json_t *o;
	size_t i;

	json_array_foreach(all, i, o)
	{
		struct failure one = {0};

		if (show(a, text(o, "name"), &one) < 0 && one.status != EXIT_NOT_FOUND) {
			*why = one;
			return -1;
		}
	}
	return 0;
}

static int stats(int argc, char **argv, struct failure *why)
{
	struct ps_options given = {0};
	int first = options_parse(&command_stats, &given, argc, argv, why), r = 0;

	if (first < 0)
		return first;
	json_t *all = lives_all();
	struct asked a = {given.json, width_of(all, "NAME"), json_array()};
	if (!all || !a.list)
		return failure_set(why, EXIT_GUISE, "out of memory");
	if (!given.json && (first < argc || json_array_size(all)))
		printf("%-*s %9s %7s %7s %9s %7s %7s\n", a.width, "NAME", "CPU s", "MEMORY",
		       "LIMIT", "PROCESSES", "READ", "WRITTEN");
	for (int i = first; r == 0 && i < argc; i++)
		r = show(&a, argv[i], why);
	if (first == argc)
		r = show_all(&a, all, why);
	json_decref(all);
	if (r == 0 && given.json)
		return json_print(a.list, 2, why);
	json_decref(a.list);
	return r < 0 ? COMMAND_FAILED : 0;
}

const struct command command_ps = {
	.name = "ps",
	.operands = "",
	.summary = "lists the sandboxes that are running",
	.more = "",
	.rows = rows,
	.n_rows = COUNT(rows),
	.run = ps,
};

const struct command command_stats = {
	.name = "stats",
	.operands = "[NAME...]",
	.summary = "tells what running sandboxes use",
	.more = "",
	.rows = rows,
	.n_rows = COUNT(rows),
	.run = stats,
};
