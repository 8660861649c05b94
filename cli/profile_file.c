/* A profile file is a mapping from options to values:
 *
 *	inherits: strict        # a profile of guise's own
 *	ro: [/srv/data, ~/lib:/lib/x]
 *	net: host
 *	ephemeral: true
 *
 * or, where the order of different options counts, a sequence of such mappings.  What options
 * there are and what each takes is the command's own table; this file knows none by name but the
 * few that mean nothing in a profile.
 *
 * libyaml gives events with lines.  Aliases, tags and a second document are refused: nothing
 * here needs them, and some are how small files become large ones. */
#include "cli/profile_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "sandbox/scope.h"
#include "syscalls/abi.h"
#include "syscalls/launch.h"

#define LARGEST 65536
#define INHERITS "inherits"
#define SYSTEM_DIRECTORY "/etc/guise/profiles"
#define DIRECTORY "guise/profiles"
#define SUFFIX ".yaml"

/* What is about one run, not about a kind of program. */
static const struct {
	const char *option, *cure;
} never[] = {
	{"profile", "give " INHERITS " with the name of a profile"},
	{"dry-run", "give it on the command line"},
	{"print-profile", "give it on the command line"},
};

struct reader {
	yaml_parser_t parser;
	const struct command *command;
	struct profile_file *out;
	struct failure *why;
};

/* ---- Failures ----------------------------------------------------------------------- */

static int out_of_memory(struct failure *why)
{
	return failure_set(why, EXIT_GUISE, "out of memory");
}

static unsigned line_of(const yaml_event_t *e)
{
	return (unsigned)e->start_mark.line + 1;
}

/* "FILE:LINE: KEY: WHAT": key may be NULL. */
__attribute__((format(printf, 4, 5))) static int wrong(struct reader *r, unsigned line,
						       const char *key, const char *format, ...)
{
	char what[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof what, format, args); /* cut, if ever */
	va_end(args);
	return failure_set(r->why, EXIT_GUISE, "%s:%u: %s%s%s", r->out->name, line, key ? key : "",
			   key ? ": " : "", what);
}

static int next(struct reader *r, yaml_event_t *e)
{
	if (yaml_parser_parse(&r->parser, e)) {
		if (e->type != YAML_ALIAS_EVENT)
			return 0;
		(void)wrong(r, line_of(e), NULL, "an alias; write the value out");
		yaml_event_delete(e);
		return -1;
	}
	if (r->parser.error == YAML_MEMORY_ERROR)
		return out_of_memory(r->why);
	return wrong(r, (unsigned)r->parser.problem_mark.line + 1, NULL, "not YAML: %s; mend it",
		     r->parser.problem ? r->parser.problem : "unreadable");
}

/* ---- Values ---------------------------------------------------------------------------- */

static bool is_path(const struct option_row *row)
{
	return strncmp(row->value, "PATH", 4) == 0 || strcmp(row->value, "DIR") == 0;
}

/* A copy, with the caller's home directory for "~/" in front of a path. */
static char *expand(const struct option_row *row, const char *text)
{
	const char *home = getenv("HOME");
	char *whole;

	if (!is_path(row) || strncmp(text, "~/", 2) != 0 || !home || home[0] != '/')
		return strdup(text);
	return asprintf(&whole, "%s%s", home, text + 1) < 0 ? NULL : whole;
}

static int add(struct reader *r, const struct option_row *row, const char *text, unsigned line)
{
	struct profile_entry *e = &r->out->entries[r->out->n];

	if (r->out->n == MOST_GIVEN)
		return wrong(r, line, row->name, "more than %d values; combine some", MOST_GIVEN);
	e->row = row;
	e->line = line;
	e->value = text ? expand(row, text) : NULL;
	if (text && !e->value)
		return out_of_memory(r->why);
	r->out->n++;
	return 0;
}

/* Text, as one: no tag, no empty plain one (which is null), no byte 0. */
static int check_scalar(struct reader *r, const yaml_event_t *e, const char *key)
{
	const char *text = (const char *)e->data.scalar.value;
	bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (e->data.scalar.tag)
		return wrong(r, line_of(e), key, "a tag; leave it out");
	if (strlen(text) != e->data.scalar.length)
		return wrong(r, line_of(e), key, "holds a byte 0; leave it out");
	if (plain && (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0))
		return wrong(r, line_of(e), key, "has no value; give one, or leave the line out");
	return 0;
}

static int add_switch(struct reader *r, const struct option_row *row, const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;

	if (strcmp(text, "true") == 0)
		return add(r, row, NULL, line_of(e));
	if (strcmp(text, "false") == 0)
		return 0;
	return wrong(r, line_of(e), row->name, "takes true or false; give one of them");
}

static int add_scalar(struct reader *r, const struct option_row *row, const yaml_event_t *e)
{
	if (check_scalar(r, e, row->name) < 0)
		return -1;
	if (row->kind == TAKES_NOTHING)
		return add_switch(r, row, e);
	return add(r, row, (const char *)e->data.scalar.value, line_of(e));
}

/* All events up to the end of what has begun, each to be read by `read`, which refuses those that
 * do not belong there. */
static int read_until(struct reader *r, yaml_event_type_t end,
		      int (*read)(struct reader *, const yaml_event_t *, void *), void *context)
{
	yaml_event_t e;
	int result = 0;

	for (bool over = false; result == 0 && !over;) {
		if (next(r, &e) < 0)
			return -1;
		over = e.type == end;
		if (!over)
			result = read(r, &e, context);
		yaml_event_delete(&e);
	}
	return result;
}

static int read_element(struct reader *r, const yaml_event_t *e, void *context)
{
	const struct option_row *row = context;

	if (e->type == YAML_SCALAR_EVENT)
		return add_scalar(r, row, e);
	return wrong(r, line_of(e), row->name, "holds more than text; give a list of %s",
		     row->value);
}

static int read_value(struct reader *r, const struct option_row *row, const yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT)
		return add_scalar(r, row, e);
	if (e->type == YAML_SEQUENCE_START_EVENT && row->kind == TAKES_LIST)
		return read_until(r, YAML_SEQUENCE_END_EVENT, read_element, (void *)row);
	return wrong(r, line_of(e), row->name, "takes one value; give %s",
		     row->kind == TAKES_NOTHING ? "true or false" : row->value);
}

static int read_inherits(struct reader *r, const yaml_event_t *e)
{
	if (e->type != YAML_SCALAR_EVENT)
		return wrong(r, line_of(e), INHERITS, "takes one value; give a profile's name");
	if (check_scalar(r, e, INHERITS) < 0)
		return -1;
	r->out->inherits_line = line_of(e);
	r->out->inherits = strdup((const char *)e->data.scalar.value);
	return r->out->inherits ? 0 : out_of_memory(r->why);
}

/* ---- Keys -------------------------------------------------------------------------------- */

static const struct option_row *find_option(const struct command *c, const char *name)
{
	for (size_t i = 0; i < c->n_rows; i++)
		if (strcmp(c->rows[i].name, name) == 0)
			return &c->rows[i];
	return NULL;
}

/* seen: options of this mapping. */
static int check_key(struct reader *r, const yaml_event_t *key, const struct option_row *row,
		     const bool *seen)
{
	const char *name = (const char *)key->data.scalar.value;
	bool given = false;

	for (size_t i = 0; i < COUNT(never); i++)
		if (strcmp(never[i].option, name) == 0)
			return wrong(r, line_of(key), name, "not for a file; %s", never[i].cure);
	if (!row)
		return wrong(r, line_of(key), name, "no such option; see guise %s --help",
			     r->command->name);
	for (size_t i = 0; i < r->out->n; i++)
		given = given || r->out->entries[i].row == row;
	if (seen[row - r->command->rows] || (given && row->kind != TAKES_LIST))
		return wrong(r, line_of(key), name, "given twice; keep one");
	return 0;
}

static int read_pair(struct reader *r, const yaml_event_t *key, bool *seen)
{
	const char *name = (const char *)key->data.scalar.value;
	const struct option_row *row = find_option(r->command, name);
	bool inherits = strcmp(name, INHERITS) == 0;
	yaml_event_t value;

	if (inherits && r->out->inherits)
		return wrong(r, line_of(key), name, "given twice; keep one");
	if (!inherits && check_key(r, key, row, seen) < 0)
		return -1;
	if (next(r, &value) < 0)
		return -1;
	int result = inherits ? read_inherits(r, &value) : read_value(r, row, &value);
	if (!inherits)
		seen[row - r->command->rows] = true;
	yaml_event_delete(&value);
	return result;
}

static int read_key(struct reader *r, const yaml_event_t *e, void *seen)
{
	if (e->type == YAML_SCALAR_EVENT)
		return read_pair(r, e, seen);
	return wrong(r, line_of(e), NULL, "not an option; give a name");
}

static int read_mapping(struct reader *r)
{
	AUTO_FREE bool *seen = calloc(r->command->n_rows + 1, sizeof *seen);

	if (!seen)
		return out_of_memory(r->why);
	return read_until(r, YAML_MAPPING_END_EVENT, read_key, seen);
}

static int read_part(struct reader *r, const yaml_event_t *e, void *context)
{
	if (e->type == YAML_MAPPING_START_EVENT)
		return read_mapping(r);
	return wrong(r, line_of(e), NULL, "not \"option: value\"; give that");
}

/* ---- The file ---------------------------------------------------------------------------- */

static int read_root(struct reader *r, const yaml_event_t *e, void *context)
{
	unsigned *documents = context;

	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++*documents == 1)
			return 0;
		return wrong(r, line_of(e), NULL, "a second document; make it another file");
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	case YAML_SEQUENCE_START_EVENT:
		return read_until(r, YAML_SEQUENCE_END_EVENT, read_part, NULL);
	default:
		return read_part(r, e, NULL);
	}
}

int profile_file_parse(const char *text, size_t size, const struct command *c,
		       struct profile_file *out, struct failure *why)
{
	struct reader r = {.command = c, .out = out, .why = why};
	unsigned documents = 0;

	if (!yaml_parser_initialize(&r.parser))
		return out_of_memory(why);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
	int result = read_until(&r, YAML_STREAM_END_EVENT, read_root, &documents);
	yaml_parser_delete(&r.parser);
	return result;
}

/* Whoever can write it decides what programs may do. */
static int check_file(const char *path, const struct stat *st, struct failure *why)
{
	if (!S_ISREG(st->st_mode))
		return failure_set(why, EXIT_GUISE, "%s: not a file; give a profile", path);
	if (st->st_size > LARGEST)
		return failure_set(why, EXIT_GUISE, "%s: larger than %d bytes; shorten it", path,
				   LARGEST);
	if (st->st_mode & S_IWOTH)
		return failure_set(why, EXIT_GUISE, "%s: everybody may write to it; chmod o-w it",
				   path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return failure_set(why, EXIT_GUISE,
				   "%s: belongs to another user; copy it to a file of your own",
				   path);
	return 0;
}

int profile_file_read(const char *path, const struct command *c, struct profile_file *out,
		      struct failure *why)
{
	struct stat st;
	char text[LARGEST + 1];

	*out = (struct profile_file){.name = strdup(path)};
	if (!out->name)
		return out_of_memory(why);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return failure_set(why, EXIT_GUISE, "--profile %s: %s; check the path", path,
				   strerror(errno));
	if (check_file(path, &st, why) < 0)
		return -1;
	ssize_t n = read(fd, text, sizeof text);
	if (n < 0)
		return failure_set(why, EXIT_GUISE, "%s: %s; check the file", path,
				   strerror(errno));
	return profile_file_parse(text, (size_t)n, c, out, why);
}

void profile_file_free(struct profile_file *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->entries[i].value);
	free(f->inherits);
	free(f->name);
	*f = (struct profile_file){0};
}

/* From the last to the first: each goes before what is there. */
int profile_file_apply(const struct profile_file *f, void *into, struct failure *why)
{
	for (size_t i = f->n; i > 0; i--) {
		const struct profile_entry *e = &f->entries[i - 1];
		if (options_fall_back(e->row, into, e->value, why) < 0)
			return -1;
	}
	return 0;
}

/* ---- Where profiles are kept --------------------------------------------------------------- */

bool profile_file_is_named(const char *profile)
{
	size_t n = strlen(profile);

	return strchr(profile, '/') ||
	       (n >= sizeof SUFFIX && strcmp(profile + n - strlen(SUFFIX), SUFFIX) == 0);
}

/* "DIRECTORY/BETWEEN/NAME.yaml" if it is there; to be freed. */
static char *try_directory(const char *directory, const char *between, const char *name)
{
	char *path;

	if (!directory || directory[0] != '/' ||
	    asprintf(&path, "%s%s/%s" SUFFIX, directory, between, name) < 0)
		return NULL;
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* XDG Base Directory Specification 0.8: $XDG_CONFIG_HOME, or ~/.config. */
char *profile_file_find(const char *name)
{
	const char *configuration = getenv("XDG_CONFIG_HOME");
	char *found;

	if (configuration && *configuration)
		found = try_directory(configuration, "/" DIRECTORY, name);
	else
		found = try_directory(getenv("HOME"), "/.config/" DIRECTORY, name);
	return found ? found : try_directory(SYSTEM_DIRECTORY, "", name);
}

/* ---- Failures that come later ------------------------------------------------------------------ */

/* The entry a message is about: it begins with the option, or with the value. */
static const struct profile_entry *find_subject(const struct profile_file *f, const char *text)
{
	const struct profile_entry *found = NULL;

	for (size_t i = 0; i < f->n; i++) {
		const struct profile_entry *e = &f->entries[i];
		size_t n = strlen(e->row->name), path = e->value ? strcspn(e->value, ":") : 0;
		bool named = strncmp(text, "--", 2) == 0 &&
			     strncmp(text + 2, e->row->name, n) == 0 && strchr(" :", text[2 + n]);
		bool shown = path > 0 && strncmp(text, e->value, path) == 0 &&
			     strchr(":/", text[path]);
		bool said = e->value && strstr(text, e->value);

		if (shown || (named && (said || !found)))
			found = e;
	}
	return found;
}

void profile_file_locate(const struct profile_file *f, struct failure *why)
{
	const struct profile_entry *e = find_subject(f, why->text);
	struct failure told = {0};

	if (!e)
		return;
	(void)failure_set(&told, why->status, "%s:%u: %s: %s", f->name, e->line, e->row->name,
			  why->text);
	*why = told;
}

/* ---- Printing --------------------------------------------------------------------------------------- */

struct writer {
	yaml_emitter_t emitter;
	bool failed;
};

static void emit(struct writer *w, yaml_event_t *e, int initialised)
{
	if (initialised && w->failed)
		yaml_event_delete(e);
	w->failed = w->failed || !initialised || !yaml_emitter_emit(&w->emitter, e);
}

static void start_sequence(struct writer *w, yaml_sequence_style_t style)
{
	yaml_event_t e;

	emit(w, &e, yaml_sequence_start_event_initialize(&e, NULL, NULL, 1, style));
}

static void end_sequence(struct writer *w)
{
	yaml_event_t e;

	emit(w, &e, yaml_sequence_end_event_initialize(&e));
}

static void start_mapping(struct writer *w)
{
	yaml_event_t e;

	emit(w, &e,
	     yaml_mapping_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

static void end_mapping(struct writer *w)
{
	yaml_event_t e;

	emit(w, &e, yaml_mapping_end_event_initialize(&e));
}

/* Quoted where it would be read as something else than text. */
static void text(struct writer *w, const char *value)
{
	bool null = !*value || strcmp(value, "~") == 0 || strcmp(value, "null") == 0;
	yaml_event_t e;

	emit(w, &e,
	     yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)value,
					  (int)strlen(value), 1, 1,
					  null ? YAML_SINGLE_QUOTED_SCALAR_STYLE
					       : YAML_ANY_SCALAR_STYLE));
}

static void pair(struct writer *w, const char *key, const char *value)
{
	text(w, key);
	text(w, value);
}

/* The values from one place of a list on, of one option: how many. */
static size_t write_run(struct writer *w, const struct given_list *list, size_t from)
{
	const char *option = list->list[from].option;
	size_t n = 0;

	text(w, option);
	start_sequence(w, YAML_BLOCK_SEQUENCE_STYLE);
	for (; from + n < list->n && strcmp(list->list[from + n].option, option) == 0; n++)
		text(w, list->list[from + n].value);
	end_sequence(w);
	return n;
}

static bool is_for_files(const struct option_row *row)
{
	for (size_t i = 0; i < COUNT(never); i++)
		if (strcmp(never[i].option, row->name) == 0)
			return false;
	return true;
}

static void write_single(struct writer *w, const struct option_row *row, const void *given)
{
	const void *field = (const char *)given + row->offset;

	if (!is_for_files(row) || !options_given(row, given))
		return;
	if (row->kind == TAKES_NOTHING)
		pair(w, row->name, "true");
	if (row->kind == TAKES_TEXT)
		pair(w, row->name, *(const char *const *)field);
}

static const struct given_list *list_of(const struct command *c, size_t i, const void *given)
{
	if (c->rows[i].kind != TAKES_LIST)
		return NULL;
	for (size_t before = 0; before < i; before++)
		if (c->rows[before].offset == c->rows[i].offset)
			return NULL; /* it shares that one's */
	return (const struct given_list *)((const char *)given + c->rows[i].offset);
}

/* Options that share a list are told in the order they were given.  A mapping does that unless
 * one comes, then another, then the first again. */
static bool comes_again(const struct given_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		for (size_t later = i + 1; later < list->n; later++)
			if (strcmp(list->list[later].option, list->list[i].option) == 0 &&
			    strcmp(list->list[later - 1].option, list->list[i].option) != 0)
				return true;
	return false;
}

static bool needs_order(const struct command *c, const void *given)
{
	for (size_t i = 0; i < c->n_rows; i++) {
		const struct given_list *list = list_of(c, i, given);
		if (list && comes_again(list))
			return true;
	}
	return false;
}

static void write_list(struct writer *w, const struct given_list *list, bool ordered)
{
	for (size_t at = 0; at < list->n;) {
		if (ordered) {
			end_mapping(w);
			start_mapping(w);
		}
		at += write_run(w, list, at);
	}
}

static void write_document(struct writer *w, const struct command *c, const void *given,
			   const char *inherits)
{
	bool ordered = needs_order(c, given);

	if (ordered)
		start_sequence(w, YAML_BLOCK_SEQUENCE_STYLE);
	start_mapping(w);
	if (inherits)
		pair(w, INHERITS, inherits);
	for (size_t i = 0; i < c->n_rows; i++)
		write_single(w, &c->rows[i], given);
	for (size_t i = 0; i < c->n_rows; i++) {
		const struct given_list *list = list_of(c, i, given);
		if (list)
			write_list(w, list, ordered);
	}
	end_mapping(w);
	if (ordered)
		end_sequence(w);
}

static void write_all(struct writer *w, const struct command *c, const void *given,
		      const char *inherits)
{
	yaml_event_t e;

	emit(w, &e, yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING));
	emit(w, &e, yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1));
	write_document(w, c, given, inherits);
	emit(w, &e, yaml_document_end_event_initialize(&e, 1));
	emit(w, &e, yaml_stream_end_event_initialize(&e));
}

int profile_file_print(const struct command *c, const void *given, const char *inherits, FILE *out)
{
	struct writer w = {.failed = false};

	if (!yaml_emitter_initialize(&w.emitter))
		return -1;
	yaml_emitter_set_output_file(&w.emitter, out);
	yaml_emitter_set_unicode(&w.emitter, 1);
	yaml_emitter_set_width(&w.emitter, -1);
	write_all(&w, c, given, inherits);
	yaml_emitter_delete(&w.emitter);
	return w.failed ? -1 : 0;
}
