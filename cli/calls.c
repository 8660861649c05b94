/* guise calls: the support table, from the rows themselves. */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/json.h"
#include "loader/brand.h"
#include "syscalls/launch.h"
#include "syscalls/personality.h"

struct given_options {
	bool json, markdown;
};

#define AT(member) offsetof(struct given_options, member)
static const struct option_row options[] = {
	{"json", TAKES_NOTHING, AT(json), NULL, "print JSON"},
	{"markdown", TAKES_NOTHING, AT(markdown), NULL, "print Markdown"},
};

/* By enum row_kind; ROW_ABSENT has none. */
static const char *const states[] = {
	[ROW_SAME] = "same",
	[ROW_CALL] = "translated",
	[ROW_TODO] = "todo",
	[ROW_REFUSED] = "refused",
};
#define STATES COUNT(states)

struct totals {
	unsigned all, by[STATES];
};

static struct totals count(const struct personality *p)
{
	struct totals t = {0};

	for (uint32_t nr = 0; p->rows && nr < p->n_rows; nr++) {
		if (p->rows[nr].kind == ROW_ABSENT)
			continue;
		t.all++;
		t.by[p->rows[nr].kind]++;
	}
	return t;
}

/* A Linux call's name; to be freed. */
static char *host_name(int nr)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, nr);
	char number[16];

	if (name)
		return name;
	(void)snprintf(number, sizeof number, "%d", nr); /* fits */
	return strdup(number);
}

/* "openat fstat", cut to size. */
static void host_names(const struct row *r, const char *separator, char *to, size_t size)
{
	size_t n = 0;

	to[0] = 0;
	for (const int16_t *u = r->uses; u && *u != END_OF_USES && n < size; u++) {
		char *name = host_name(*u);
		int added = snprintf(to + n, size - n, "%s%s", n ? separator : "",
				     name ? name : "?");
		free(name);
		if (added > 0)
			n += (size_t)added;
	}
}

/* ---- Text ------------------------------------------------------------------------- */

static void print_totals(const struct personality *p)
{
	struct totals t = count(p);

	printf("%u calls: %u same, %u translated, %u todo, %u refused\n", t.all, t.by[ROW_SAME],
	       t.by[ROW_CALL], t.by[ROW_TODO], t.by[ROW_REFUSED]);
}

static void print_text(const struct personality *p)
{
	char uses[512];

	printf("%s (%s): ", p->title, p->name);
	if (!p->rows) {
		printf("recognised, not run\n");
		return;
	}
	print_totals(p);
	printf("\n%5s  %-28s %-10s  %s\n", "nr", "name", "state", "Linux calls; note");
	for (uint32_t nr = 0; nr < p->n_rows; nr++) {
		const struct row *r = &p->rows[nr];
		if (r->kind == ROW_ABSENT)
			continue;
		host_names(r, " ", uses, sizeof uses);
		printf("%5u  %-28s %-10s  %s%s%s\n", nr, r->name, states[r->kind], uses,
		       *uses && r->reason ? "; " : "", r->reason ? r->reason : "");
	}
}

/* ---- Markdown ----------------------------------------------------------------------- */

static void print_cell(const char *text)
{
	printf(" ");
	for (; text && *text; text++) {
		if (*text == '|')
			putchar('\\');
		putchar(*text);
	}
	printf(" |");
}

static void print_markdown(const struct personality *p)
{
	char uses[512];

	printf("# %s system calls\n\n", p->title);
	if (!p->rows) {
		printf("Programs of this system are recognised; they do not run.\n");
		return;
	}
	print_totals(p);
	printf("\nMade by `guise calls %s --markdown`.\n\n", p->name);
	printf("| nr | name | state | Linux calls | note |\n|---:|---|---|---|---|\n");
	for (uint32_t nr = 0; nr < p->n_rows; nr++) {
		const struct row *r = &p->rows[nr];
		if (r->kind == ROW_ABSENT)
			continue;
		host_names(r, ", ", uses, sizeof uses);
		printf("| %u |", nr);
		print_cell(r->name);
		print_cell(states[r->kind]);
		print_cell(uses);
		print_cell(r->reason);
		printf("\n");
	}
}

/* ---- JSON ---------------------------------------------------------------------------- */

static json_t *json_uses(const struct row *r)
{
	json_t *list = json_array();

	for (const int16_t *u = r->uses; u && *u != END_OF_USES; u++) {
		char *name = host_name(*u);
		json_array_append_new(list, json_string(name ? name : "?"));
		free(name);
	}
	return list;
}

static json_t *json_row(uint32_t nr, const struct row *r)
{
	return json_pack("{s:I, s:s, s:s, s:o, s:s?}", "nr", (json_int_t)nr, "name", r->name,
			 "state", states[r->kind], "linux", json_uses(r), "note", r->reason);
}

static json_t *json_totals(const struct personality *p)
{
	struct totals t = count(p);
	json_t *all = json_pack("{s:I}", "all", (json_int_t)t.all);

	for (size_t s = ROW_SAME; s < STATES; s++)
		json_object_set_new(all, states[s], json_integer(t.by[s]));
	return all;
}

static json_t *json_system(const struct personality *p)
{
	json_t *calls = json_array();

	for (uint32_t nr = 0; p->rows && nr < p->n_rows; nr++)
		if (p->rows[nr].kind != ROW_ABSENT)
			json_array_append_new(calls, json_row(nr, &p->rows[nr]));
	return json_pack("{s:s, s:s, s:b, s:o, s:o}", "name", p->name, "title", p->title, "runs",
			 p->rows != NULL, "totals", json_totals(p), "calls", calls);
}

static int print_json(const struct personality *only, struct failure *why)
{
	json_t *list = json_array();

	for_each_personality(p)
		if (!only || p == only)
			json_array_append_new(list, json_system(p));
	json_t *all = json_pack("{s:o}", "systems", list);
	return json_print(all, 1, why);
}

/* ---- The command ------------------------------------------------------------------------ */

static void print_all(const struct personality *only, void (*print)(const struct personality *))
{
	bool first = true;

	for_each_personality(p) {
		if (only && p != only)
			continue;
		if (!first)
			putchar('\n');
		first = false;
		print(p);
	}
}

static int calls(int argc, char **argv, struct failure *why)
{
	struct given_options given = {0};
	const struct personality *only = NULL;
	int first = options_parse(&command_calls, &given, argc, argv, why);

	if (first < 0)
		return first;
	if (first < argc) {
		only = brand_named(argv[first]);
		if (!only)
			return failure_set(why, EXIT_GUISE,
					   "calls: %s: unknown system; guise calls lists them",
					   argv[first]);
		/* Options may follow the system's name, too. */
		int rest = options_parse(&command_calls, &given, argc - first, argv + first, why);
		if (rest < 0)
			return rest;
		first += rest;
	}
	if (first < argc || (given.json && given.markdown))
		return failure_set(
			why, EXIT_GUISE,
			"calls: one system and one form at a time; see guise calls --help");
	if (given.json)
		return print_json(only, why);
	print_all(only, given.markdown ? print_markdown : print_text);
	return 0;
}

const struct command command_calls = {
	.name = "calls",
	.operands = "[SYSTEM]",
	.summary = "lists the systems' calls and how each is done",
	.more = "",
	.rows = options,
	.n_rows = COUNT(options),
	.run = calls,
};
