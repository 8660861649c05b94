/* Names, times and records of running sandboxes. */
#include "cli/lives.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/record.h"
#include "sandbox/scope.h"
#include "syscalls/launch.h"
#include "syscalls/personality.h"

/* ---- Values ------------------------------------------------------------------------ */

#define LONGEST_MS (10.0 * 366 * 24 * 3600 * 1000) /* what nobody needs more than */

int lives_duration(const char *option, const char *text, uint64_t *ms, struct failure *why)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = {{"", 1e3}, {"s", 1e3}, {"ms", 1}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
	char *end = NULL;
	bool plain = *text && strspn(text, "0123456789.") > 0; /* no sign, nan or hexadecimal */
	double n = plain ? strtod(text, &end) : 0;

	for (size_t i = 0; plain && i < COUNT(units); i++) {
		if (strcmp(end, units[i].name) != 0 || n * units[i].ms > LONGEST_MS)
			continue;
		*ms = (uint64_t)(n * units[i].ms + 0.5);
		return 0;
	}
	return failure_set(why, EXIT_GUISE,
			   "%s %s: not a duration; give one such as 90, 1.5m or 2h", option, text);
}

int lives_signal(const char *text, int *number, struct failure *why)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	char *end;
	long n = strtol(text, &end, 10);

	if (isdigit((unsigned char)*text) && !*end && n >= 1 && n <= 64) {
		*number = (int)n;
		return 0;
	}
	for (int i = 1; i < 32; i++) {
		if (!sigabbrev_np(i) || strcasecmp(name, sigabbrev_np(i)) != 0)
			continue;
		*number = i;
		return 0;
	}
	return failure_set(why, EXIT_GUISE, "%s: no signal; give a name such as TERM, or a number",
			   text);
}

void lives_print_size(char text[16], uint64_t bytes)
{
	static const char letters[] = "KMGTP";
	double n = (double)bytes;
	int i = -1;

	for (; n >= 1000 && letters[i + 1]; i++)
		n /= 1024;
	if (i < 0)
		(void)snprintf(text, 16, "%.0f", n); /* all fit */
	else
		(void)snprintf(text, 16, n < 10 ? "%.1f%c" : "%.0f%c", n, letters[i]);
}

/* ---- A record's text ----------------------------------------------------------------- */

/* KEY=VALUE, each with a zero byte at its end, as in /proc/PID/environ: a value may be anything. */
static char *describe(const struct box_options *o, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (!out)
		return NULL;
	fprintf(out, "pid=%d%cstarted=%lld%csystem=%s%cprogram=%s%c", getpid(), 0,
		(long long)time(NULL), 0, o->personality ? o->personality->name : "unknown", 0,
		o->program, 0);
	for (char *const *a = o->argv; *a; a++)
		fprintf(out, "argument=%s%c", *a, 0);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* PROGRAM-PID, of letters a name may have. */
static char *invent_name(const char *program)
{
	const char *base = strrchr(program, '/');
	char *name = NULL;

	base = base ? base + 1 : program;
	base += *base && !isalnum((unsigned char)*base);
	if (asprintf(&name, "%.*s-%d", RECORD_NAME - 16, *base ? base : "program", getpid()) < 0)
		return NULL;
	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '-';
	if (!isalnum((unsigned char)*name))
		*name = 'x';
	return name;
}

/* ---- The options ----------------------------------------------------------------------- */

static int read_name(const struct life_options *given, struct box_options *box, struct failure *why)
{
	box->name_is_given = given->name;
	if (given->name && !record_name_is_good(given->name))
		return failure_set(
			why, EXIT_GUISE,
			"--name %s: give up to %d letters, digits, and . _ - after the first",
			given->name, RECORD_NAME - 1);
	box->name = given->name ? strdup(given->name) : invent_name(box->program);
	box->about = box->name ? describe(box, &box->about_size) : NULL;
	return box->about ? 0 : failure_set(why, EXIT_GUISE, "out of memory");
}

int lives_read(const struct life_options *given, struct box_options *box, struct failure *why)
{
	const char *grace = given->kill_after ? given->kill_after : GRACE_SECONDS;

	box->no_terminal = given->no_terminal;
	box->timeout_text = given->timeout;
	if (given->timeout &&
	    lives_duration("--timeout", given->timeout, &box->timeout_ms, why) < 0)
		return -1;
	if (given->timeout && !box->timeout_ms)
		return failure_set(why, EXIT_GUISE, "--timeout %s: too short; give a longer one",
				   given->timeout);
	if (lives_duration("--kill-after", grace, &box->grace_ms, why) < 0)
		return -1;
	box->grace_ms += !box->grace_ms; /* at once, but after SIGTERM */
	return box->program ? read_name(given, box, why) : 0;
}

void lives_free(struct box_options *box)
{
	free((char *)box->name);
	free((char *)box->about);
}

/* ---- All of them ------------------------------------------------------------------------- */

/* What is no text is shown as good as it goes. */
static json_t *text_of(const char *s)
{
	json_t *whole = json_string(s);

	if (whole)
		return whole;
	AUTO_FREE char *copy = strdup(s);
	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(copy ? copy : "");
}

/* One field: that of a number, or of an argument, or text. */
static void add_field(json_t *one, const char *key, const char *value)
{
	bool number = strcmp(key, "pid") == 0 || strcmp(key, "started") == 0;

	if (strcmp(key, "argument") == 0)
		(void)json_array_append_new(json_object_get(one, "arguments"), text_of(value));
	else
		(void)json_object_set_new(one, key,
					  number ? json_integer(strtoll(value, NULL, 10))
						 : text_of(value));
}

/* Out of memory a field is left out. */
static int add(void *all, const char *name, const char *text, size_t size)
{
	json_t *one = json_pack("{s:s, s:[]}", "name", name, "arguments");
	const char *end = text + size;

	for (const char *next; one && text < end; text = next) {
		const char *value = strchr(text, '=');
		char key[16];
		next = text + strlen(text) + 1; /* a zero byte follows all of it */
		if (!value || (size_t)(value - text) >= sizeof key)
			continue; /* another version's */
		memcpy(key, text, (size_t)(value - text));
		key[value - text] = 0;
		add_field(one, key, value + 1);
	}
	(void)json_array_append_new(all, one); /* as said */
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const char *const name[] = {json_string_value(json_object_get(*(json_t *const *)a, "name")),
				    json_string_value(
					    json_object_get(*(json_t *const *)b, "name"))};

	return strcmp(name[0] ? name[0] : "", name[1] ? name[1] : "");
}

json_t *lives_all(void)
{
	json_t *found = json_array(), *sorted = json_array();
	size_t n;

	if (!found || !sorted || record_each(add, found) < 0)
		return NULL;
	n = json_array_size(found);
	AUTO_FREE json_t **list = calloc(n + 1, sizeof *list);
	for (size_t i = 0; list && i < n; i++)
		list[i] = json_array_get(found, i);
	if (list)
		qsort(list, n, sizeof *list, by_name);
	for (size_t i = 0; list && i < n; i++)
		(void)json_array_append(sorted, list[i]); /* of an array there is */
	json_decref(found);
	return sorted;
}
