/* guise info: what a program is, what it wants, and what will not work. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/names.h"
#include "cli/places.h"
#include "sandbox/scope.h"
#include "syscalls/launch.h"
#include "syscalls/personality.h"

struct given_options {
	struct given_list places;
	const char *root;
	bool json;
};

#define AT(member) offsetof(struct given_options, member)
static const struct option_row rows[] = {
	{"ro", TAKES_LIST, AT(places), "PATH[:DEST]", "as if run with it"},
	{"rw", TAKES_LIST, AT(places), "PATH[:DEST]", "as if run with it"},
	{"root", TAKES_TEXT, AT(root), "DIR", "as if run with it"},
	{"json", TAKES_NOTHING, AT(json), NULL, "print JSON"},
};

struct found {
	const char *file;
	struct inspection about;
	struct inspect_view view;
	struct inspect_problem problems[INSPECT_PROBLEMS];
	size_t n_problems;
};

static const char *kind(const struct inspection *i)
{
	if (i->is_script)
		return "script";
	if (i->image.facts.interpreter[0])
		return "dynamically linked";
	return i->image.position_free ? "static, position-independent" : "static";
}

static const char *form(const struct inspection *i)
{
	return i->image.position_free ? "ET_DYN" : "ET_EXEC";
}

static int status_of(const struct found *f)
{
	for (size_t p = 0; p < f->n_problems; p++)
		if (f->problems[p].status)
			return f->problems[p].status;
	return 0;
}

/* The system's name for the release; its number where it has no name. */
static void describe_release(const struct inspection *i, char *to, size_t size)
{
	if (i->release_name[0])
		(void)snprintf(to, size, "%s (%u)", i->release_name, i->release);
	else if (i->release)
		(void)snprintf(to, size, "%u", i->release);
	else
		(void)snprintf(to, size, "any");
}

/* ---- Text ---------------------------------------------------------------------- */

static void print_line(const char *name, const char *value)
{
	printf("%-12s %s\n", name, value);
}

static void print_libraries(const struct found *f)
{
	char path[PATH_MAX];

	for (uint32_t n = 0; n < f->about.n_libraries; n++) {
		bool there = inspect_find_library(&f->about, &f->view, n, path, sizeof path) == 0;
		printf("%-12s %s (%s)\n", n ? "" : "libraries", f->about.libraries[n],
		       there ? path : "not there");
	}
}

static void print_program(const struct found *f)
{
	const struct inspection *i = &f->about;
	char release[128];

	describe_release(i, release, sizeof release);
	printf("%-12s %s (%s)\n", "system", i->system ? i->system->title : "unknown",
	       brand_evidence_name(i->evidence));
	print_line("release", release);
	printf("%-12s %s, ELF64 %s, x86-64\n", "kind", kind(i), form(i));
	if (i->image.facts.interpreter[0])
		print_line("interpreter", i->image.facts.interpreter);
	print_libraries(f);
	if (i->toolchain[0])
		print_line("built by", i->toolchain);
	print_line("symbols", i->has_symbols ? "yes" : "stripped");
}

static void print_text(const struct found *f)
{
	print_line("file", f->file);
	if (f->about.is_script) {
		print_line("kind", "script");
		print_line("interpreter", f->about.script_interpreter);
		if (f->about.script_argument[0])
			print_line("argument", f->about.script_argument);
	} else if (f->about.error == IMAGE_OK) {
		print_program(f);
	} else if (f->about.system && f->about.error != IMAGE_MACHINE &&
		   f->about.evidence != BRAND_DEFAULT) {
		print_line("system", f->about.system->title);
	}
	for (size_t p = 0; p < f->n_problems; p++)
		print_line(f->problems[p].status ? "problem" : "remark", f->problems[p].what);
	print_line("runs", status_of(f) ? "no" : "yes");
}

/* ---- JSON ------------------------------------------------------------------------ */

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string_nocheck(text) : json_null();
}

static json_t *json_libraries(const struct found *f)
{
	json_t *list = json_array();
	char path[PATH_MAX];

	for (uint32_t n = 0; n < f->about.n_libraries; n++) {
		bool there = inspect_find_library(&f->about, &f->view, n, path, sizeof path) == 0;
		json_array_append_new(list, json_pack("{s:o, s:o}", "name",
						      text_or_null(f->about.libraries[n]), "path",
						      there ? text_or_null(path) : json_null()));
	}
	return list;
}

static json_t *json_problems(const struct found *f)
{
	json_t *list = json_array();

	for (size_t p = 0; p < f->n_problems; p++)
		json_array_append_new(list, json_pack("{s:o, s:i}", "what",
						      text_or_null(f->problems[p].what), "status",
						      f->problems[p].status));
	return list;
}

static json_t *json_program(const struct found *f)
{
	const struct inspection *i = &f->about;

	return json_pack("{s:o, s:s, s:o, s:I, s:s, s:s, s:o, s:o, s:o, s:b}", "system",
			 text_or_null(i->system ? i->system->name : NULL), "evidence",
			 brand_evidence_name(i->evidence), "release", text_or_null(i->release_name),
			 "release_number", (json_int_t)i->release, "kind", kind(i), "type", form(i),
			 "interpreter", text_or_null(i->image.facts.interpreter), "libraries",
			 json_libraries(f), "toolchain", text_or_null(i->toolchain), "symbols",
			 i->has_symbols);
}

static int print_json(const struct found *f, struct failure *why)
{
	const struct inspection *i = &f->about;
	json_t *all = json_pack("{s:o}", "file", text_or_null(f->file));

	if (i->is_script)
		json_object_update_new(all,
				       json_pack("{s:s, s:o, s:o}", "kind", "script", "interpreter",
						 text_or_null(i->script_interpreter), "argument",
						 text_or_null(i->script_argument)));
	else if (i->error == IMAGE_OK)
		json_object_update_new(all, json_program(f));
	json_object_set_new(all, "problems", json_problems(f));
	json_object_set_new(all, "runs", json_boolean(status_of(f) == 0));
	return json_print(all, 2, why);
}

/* ---- The command -------------------------------------------------------------------- */

/* What a script's interpreter cannot do, the script cannot. */
static void follow_script(struct found *f, struct box_options *box)
{
	struct failure why = {0};
	struct program_name name;
	struct inspection of_interpreter;

	if (!f->about.is_script)
		return;
	if (names_interpreter(box, f->file, f->about.script_interpreter, &name, &why) < 0) {
		struct inspect_problem *p = &f->problems[f->n_problems++];
		p->status = why.status;
		(void)snprintf(p->what, sizeof p->what, "%s", why.text + strlen(f->file) + 2);
		return;
	}
	if (inspect_file(name.fd, &of_interpreter) == 0 &&
	    names_host_system(&of_interpreter, box, &why) == 0)
		f->n_problems = inspect_problems(&of_interpreter, &f->view, f->problems,
						 INSPECT_PROBLEMS);
	close(name.fd);
}

static int look(struct found *f, struct box_options *box, bool json, struct failure *why)
{
	struct program_name name;

	if (names_program(box, f->file, &name, why) < 0)
		return COMMAND_FAILED;
	AUTO_CLOSE int fd = name.fd;
	int r = inspect_file(fd, &f->about);
	if (r < 0)
		return failure_set(why, EXIT_NOT_RUNNABLE, "%s: %s; check the file", f->file,
				   strerror(-r));
	if (names_host_system(&f->about, box, why) < 0)
		return COMMAND_FAILED;
	(void)inspect_details(fd, &f->about); /* what it cannot tell is not told */
	f->n_problems = inspect_problems(&f->about, &f->view, f->problems, INSPECT_PROBLEMS);
	follow_script(f, box);
	r = 0;
	if (json)
		r = print_json(f, why);
	else
		print_text(f);
	inspect_free(&f->about);
	return r < 0 ? COMMAND_FAILED : status_of(f);
}

static int info(int argc, char **argv, struct failure *why)
{
	struct given_options given = {0};
	struct box_options box = {0};
	int first = options_parse(&command_info, &given, argc, argv, why);

	if (first < 0)
		return first;
	if (first + 1 != argc)
		return failure_set(why, EXIT_GUISE,
				   "info: give one program; see guise info --help");
	struct found f = {.file = argv[first], .view = {names_open, &box, NULL}};
	int status = COMMAND_FAILED;
	box.root = given.root;
	if (places_read(&given.places, &box, why) == 0)
		status = look(&f, &box, given.json, why);
	for (size_t i = 0; i < box.n_binds; i++) {
		free((char *)box.binds[i].from);
		free((char *)box.binds[i].to);
	}
	return status;
}

const struct command command_info = {
	.name = "info",
	.operands = "PROGRAM",
	.summary = "tells what a program is and whether it will run",
	.more = "\nThe exit status is 0 if it will run, else what guise run would exit with (126, 127).\n",
	.rows = rows,
	.n_rows = COUNT(rows),
	.run = info,
};
