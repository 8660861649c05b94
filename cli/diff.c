/* guise diff: what a program changed in an overlay whose changes were kept. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/changes.h"
#include "cli/command.h"
#include "cli/json.h"
#include "sandbox/scope.h"
#include "syscalls/launch.h"

struct given_options {
	bool json;
};

#define AT(member) offsetof(struct given_options, member)
static const struct option_row rows[] = {
	{"json", TAKES_NOTHING, AT(json), NULL, "print JSON"},
};

/* ---- Lines -------------------------------------------------------------------------- */

static int print_change(void *context, const struct change *c)
{
	if (c->kind != CHANGE_NONE)
		changes_print(c);
	return 0;
}

static int nothing(void *context, const struct change *c)
{
	return 0;
}

/* ---- JSON ---------------------------------------------------------------------------- */

static const char *type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "link";
	case S_IFIFO:
		return "pipe";
	case S_IFSOCK:
		return "socket";
	default:
		return "device";
	}
}

/* A name that is no UTF-8 is written as the lines have it, which is. */
static json_t *json_path(const char *path)
{
	json_t *plain = json_string(path);
	char *text = NULL;
	size_t n;

	if (plain)
		return plain;
	FILE *out = open_memstream(&text, &n);
	if (!out)
		return NULL;
	tree_print_path(out, path);
	if (fclose(out) == 0)
		plain = json_string(text);
	free(text);
	return plain;
}

static int add_json(void *context, const struct change *c)
{
	mode_t mode = c->now.st_mode ? c->now.st_mode : c->before.st_mode;
	char target[PATH_MAX] = "", bits[8];

	if (c->kind == CHANGE_NONE)
		return 0;
	ssize_t n = S_ISLNK(c->now.st_mode) ? readlinkat(c->in, c->name, target, sizeof target - 1)
					    : 0;
	target[n > 0 ? n : 0] = 0;
	(void)snprintf(bits, sizeof bits, "%04o", mode & 07777); /* fits */
	const char *risk = c->now.st_mode ? tree_risk(c->path, &c->now, target) : NULL;
	json_t *entry = json_pack("{s:s, s:o, s:s, s:s, s:o*, s:s*}", "change",
				  changes_words[c->kind], "path", json_path(c->path), "type",
				  type_of(mode), "mode", bits, "target",
				  n > 0 ? json_path(target) : NULL, "risk", risk);
	return entry && json_array_append_new(context, entry) == 0 ? 0 : -ENOMEM;
}

/* ---- The command ------------------------------------------------------------------------ */

static int explain(int error, const char *directory, const char *path, struct failure *why)
{
	if (error == -EOPNOTSUPP)
		return failure_set(why, EXIT_GUISE,
				   "%s: %s: moved by means guise does not use; mount the overlay "
				   "to see it",
				   directory, path);
	return failure_set(why, EXIT_GUISE, "%s: %s: %s; look at it there", directory, path,
			   strerror(-error));
}

static int compare(const struct changes *c, const char *directory, bool json, struct failure *why)
{
	char path[TREE_PATH];
	json_t *list = json ? json_array() : NULL;
	const struct changes_visitor lines = {print_change, print_change, nothing, NULL};
	const struct changes_visitor entries = {add_json, add_json, nothing, list};
	AUTO_CLOSE int lower = open(c->origin, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lower < 0)
		return failure_set(why, EXIT_GUISE, "%s: %s; it was changed in %s", c->origin,
				   strerror(errno), directory);
	if (json && !list)
		return failure_set(why, EXIT_GUISE, "out of memory");
	int r = changes_walk(c->upper, lower, json ? &entries : &lines, path);
	if (r < 0) {
		json_decref(list);
		return explain(r, directory, path, why);
	}
	return json ? json_print(list, 2, why) : 0;
}

static int diff(int argc, char **argv, struct failure *why)
{
	struct given_options given = {0};
	struct changes changes;
	int first = options_parse(&command_diff, &given, argc, argv, why);

	if (first < 0)
		return first;
	if (first + 1 != argc)
		return failure_set(why, EXIT_GUISE,
				   "diff: give one directory with changes; see guise diff --help");
	if (changes_open(&changes, argv[first], why) < 0)
		return COMMAND_FAILED;
	int r = compare(&changes, argv[first], given.json, why);
	changes_close(&changes);
	return r;
}

const struct command command_diff = {
	.name = "diff",
	.operands = "DIR",
	.summary = "shows what a program changed in an overlay",
	.more = "\nA: added, M: changed, P: another mode, D: removed.  DIR is where the changes were\n"
		"kept (guise run --overlay PATH:upper=DIR).\n",
	.rows = rows,
	.n_rows = sizeof rows / sizeof *rows,
	.run = diff,
};
