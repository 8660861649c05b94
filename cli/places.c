#include "cli/places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/names.h"
#include "sandbox/scope.h"
#include "syscalls/abi.h"

static int out_of_memory(struct failure *why)
{
	return failure_set(why, EXIT_GUISE, "out of memory");
}

static char *absolute(const char *path, struct failure *why)
{
	char *whole = *path ? names_absolute(path) : NULL;

	if (!*path)
		(void)failure_set(why, EXIT_GUISE, "'': an empty path; give one");
	else if (!whole)
		(void)failure_set(why, EXIT_GUISE, "%s: %s; check the path", path, strerror(errno));
	return whole;
}

/* "PATH" or "PATH:DEST"; DEST is absolute, so a colon without a slash belongs to PATH. */
static int split_bind(const char *value, struct bind *out, struct failure *why)
{
	const char *colon = strrchr(value, ':');
	bool two = colon && colon[1] == '/';
	AUTO_FREE char *from = two ? strndup(value, (size_t)(colon - value)) : strdup(value);

	if (!from || !*from)
		return failure_set(why, EXIT_GUISE, "%s: not PATH or PATH:DEST; give a path",
				   value);
	out->to = absolute(two ? colon + 1 : from, why);
	out->from = absolute(from, why);
	return out->to && out->from ? 0 : -1;
}

static int read_only(const char *value, struct bind *out, struct failure *why)
{
	return split_bind(value, out, why);
}

static int writable(const char *value, struct bind *out, struct failure *why)
{
	out->writable = true;
	return split_bind(value, out, why);
}

static int hide(const char *value, struct bind *out, struct failure *why)
{
	out->kind = BIND_HIDE;
	out->to = absolute(value, why);
	return out->to ? 0 : -1;
}

/* ---- What takes memory -------------------------------------------------------------- */

/* "16m": a positive number, and perhaps a unit tmpfs(5) knows.  Without a bound a program
 * could fill the host's memory, which is what 0 would mean. */
static bool is_amount(const char *text, const char *units)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;

	return digits > 0 && digits < 16 && strspn(text, "0") < digits &&
	       (!*unit || (unit[1] == 0 && strchr(units, *unit)));
}

static bool is_size(const char *text)
{
	return is_amount(text, "kKmMgG");
}

static bool is_count(const char *text)
{
	return is_amount(text, "kKmM");
}

/* No set-user-ID bits: they would mean nothing there. */
static bool is_mode(const char *text)
{
	size_t n = strlen(text);

	return n >= 3 && n <= 5 && strspn(text, "01234567") == n && strtoul(text, NULL, 8) <= 01777;
}

static const struct memory_key {
	const char *name, *mount; /* as it is given, and as the file system calls it */
	bool (*fits)(const char *);
} keys[] = {
	{"size", "size", is_size},
	{"inodes", "nr_inodes", is_count},
	{"mode", "mode", is_mode},
};
#define FOR_OVERLAY 2 /* the first; its mode is that of what is below */

static int read_key(const char *option, size_t n_keys, const char *word,
		    const char *values[COUNT(keys)], struct failure *why)
{
	for (size_t i = 0; i < n_keys; i++) {
		size_t n = strlen(keys[i].name);
		if (strncmp(word, keys[i].name, n) != 0 || word[n] != '=')
			continue;
		if (!keys[i].fits(word + n + 1))
			return failure_set(
				why, EXIT_GUISE,
				"--%s: %s: not a bounded amount or a mode; give size=64m, "
				"inodes=4k or mode=0755",
				option, word);
		values[i] = word + n + 1;
		return 0;
	}
	return failure_set(why, EXIT_GUISE, "--%s: %s: unknown; give size= or inodes=%s", option,
			   word, n_keys > FOR_OVERLAY ? " or mode=" : "");
}

/* "inodes=1k,mode=0700" as mount options. */
static char *memory_options(const char *option, size_t n_keys, const char *text,
			    struct failure *why)
{
	const char *values[COUNT(keys)] = {NULL};
	AUTO_FREE char *words = strdup(text);
	char *rest = words, *all = strdup("");

	for (char *word; rest && *text && (word = strsep(&rest, ","));)
		if (read_key(option, n_keys, word, values, why) < 0) {
			free(all);
			return NULL;
		}
	for (size_t i = 0; words && all && i < n_keys; i++) {
		AUTO_FREE char *before = all;
		if (!values[i])
			all = take_text(&before);
		else if (asprintf(&all, "%s%s%s=%s", before, *before ? "," : "", keys[i].mount,
				  values[i]) < 0)
			all = NULL;
	}
	if (!all)
		(void)out_of_memory(why);
	return all;
}

/* Cuts what follows a last colon off if it looks like "key=...": it, or NULL. */
static char *cut_keys(char *value)
{
	static const char *const known[] = {":size=", ":inodes=", ":mode=", ":upper="};
	char *at = NULL;

	for (size_t i = 0; !at && i < COUNT(known); i++)
		at = strstr(value, known[i]);
	if (!at)
		return NULL;
	*at = 0;
	return at + 1;
}

static int tmpfs(const char *value, struct bind *out, struct failure *why)
{
	AUTO_FREE char *path = strdup(value);

	if (!path)
		return out_of_memory(why);
	const char *given = cut_keys(path);
	out->kind = BIND_TMPFS;
	out->to = absolute(path, why);
	if (!out->to)
		return -1;
	out->text = memory_options("tmpfs", COUNT(keys), given ? given : "", why);
	return out->text ? 0 : -1;
}

/* A directory that need not be there yet. */
static char *to_be_made(const char *path, struct failure *why)
{
	char *whole = *path ? names_absolute(path) : NULL;

	if (whole)
		return whole;
	if (!*path || errno != ENOENT)
		return absolute(path, why);
	AUTO_FREE char *copy = strdup(path);
	if (!copy) {
		(void)out_of_memory(why);
		return NULL;
	}
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/';)
		copy[--n] = 0;
	char *name = strrchr(copy, '/');
	if (!name || strcmp(name, "/..") == 0)
		return absolute(path, why);
	*name++ = 0;
	AUTO_FREE char *parent = absolute(copy, why);
	return parent && asprintf(&whole, "%s/%s", parent, name) >= 0 ? whole : NULL;
}

static int overlay(const char *value, struct bind *out, struct failure *why)
{
	static const char upper[] = "upper=";
	AUTO_FREE char *path = strdup(value);

	if (!path)
		return out_of_memory(why);
	const char *given = cut_keys(path);
	out->kind = BIND_OVERLAY;
	if (split_bind(path, out, why) < 0)
		return -1;
	if (given && strncmp(given, upper, sizeof upper - 1) == 0) {
		out->changes = to_be_made(given + sizeof upper - 1, why);
		return out->changes ? 0 : -1;
	}
	out->text = memory_options("overlay", FOR_OVERLAY, given ? given : "", why);
	return out->text ? 0 : -1;
}

/* ---- All of them ------------------------------------------------------------------------ */

static const struct {
	const char *option;
	int (*read)(const char *value, struct bind *out, struct failure *why);
} kinds[] = {
	{"ro", read_only}, {"rw", writable}, {"tmpfs", tmpfs}, {"hide", hide}, {"overlay", overlay},
};

static int read_place(const struct given *given, struct bind *out, struct failure *why)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(kinds[i].option, given->option) == 0)
			return kinds[i].read(given->value, out, why);
	return failure_set(why, EXIT_GUISE, "--%s: names no place", given->option);
}

static struct bind *another(struct box_options *box, struct failure *why)
{
	if (box->n_binds < BOX_BINDS)
		return &box->binds[box->n_binds++];
	(void)failure_set(why, EXIT_GUISE, "more than %d places; combine some", BOX_BINDS);
	return NULL;
}

int places_read(const struct given_list *given, struct box_options *box, struct failure *why)
{
	for (size_t i = 0; i < given->n; i++) {
		struct bind *b = another(box, why);
		if (!b || read_place(&given->list[i], b, why) < 0)
			return -1;
	}
	return 0;
}

int places_show_working(struct box_options *box, struct failure *why)
{
	struct bind *b = another(box, why);

	if (!b)
		return -1;
	*b = (struct bind){.from = strdup(box->working),
			   .to = strdup(box->working),
			   .writable = true};
	box->working = NULL;
	return b->from && b->to ? 0 : out_of_memory(why);
}

const char *const places_version_control[] = {".git", ".hg", ".jj", ".svn", ".bzr", NULL};

int places_protect(struct box_options *box, const char *directory, struct failure *why)
{
	struct stat st;

	for (const char *const *name = places_version_control; *name; name++) {
		AUTO_FREE char *path = NULL;
		if (asprintf(&path, "%s/%s", directory, *name) < 0)
			return out_of_memory(why);
		if (lstat(path, &st) < 0)
			continue;
		struct bind *b = another(box, why);
		if (!b)
			return -1;
		*b = (struct bind){.kind = BIND_FREEZE, .to = take_text(&path)};
	}
	return 0;
}

void places_throw_away(struct bind *b)
{
	b->kind = BIND_OVERLAY;
	b->writable = false;
}

void places_free(struct bind *b)
{
	free((char *)b->from);
	free((char *)b->to);
	free((char *)b->text);
	free((char *)b->changes);
}
