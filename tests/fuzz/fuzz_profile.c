/* The reader of profile files, on anything at all; and what it reads, printed and read again, is
 * the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/profile_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

struct options {
	struct given_list places, environment;
	const char *net, *root;
	bool here, there;
};

#define AT(member) offsetof(struct options, member)
static const struct option_row rows[] = {
	{"ro", TAKES_LIST, AT(places), "PATH[:DEST]", ""},
	{"rw", TAKES_LIST, AT(places), "PATH[:DEST]", ""},
	{"env", TAKES_LIST, AT(environment), "NAME[=VALUE]", ""},
	{"net", TAKES_TEXT, AT(net), "none|host", ""},
	{"root", TAKES_TEXT, AT(root), "DIR", ""},
	{"here", TAKES_NOTHING, AT(here), NULL, ""},
	{"there", TAKES_NOTHING, AT(there), NULL, ""},
};
static const struct command command = {.name = "run",
				       .rows = rows,
				       .n_rows = sizeof rows / sizeof *rows};

static bool read_text(const char *text, size_t size, struct profile_file *f, struct options *g)
{
	struct failure why = {0};

	*f = (struct profile_file){.name = strdup("fuzz")};
	*g = (struct options){0};
	MUST(f->name);
	if (profile_file_parse(text, size, &command, f, &why) < 0) {
		MUST(why.status && why.text[0] && !strchr(why.text, '\n'));
		return false;
	}
	MUST(f->n <= MOST_GIVEN);
	MUST(profile_file_apply(f, g, &why) == 0);
	return true;
}

static void same_text(const char *a, const char *b)
{
	MUST(!a == !b && (!a || strcmp(a, b) == 0));
}

static void same_list(const struct given_list *a, const struct given_list *b)
{
	MUST(a->n == b->n);
	for (size_t i = 0; i < a->n; i++) {
		same_text(a->list[i].option, b->list[i].option);
		same_text(a->list[i].value, b->list[i].value);
	}
}

static void print_and_read(const struct profile_file *f, const struct options *g)
{
	struct profile_file again;
	struct options got;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	MUST(out && profile_file_print(&command, g, f->inherits, out) == 0 && fclose(out) == 0);
	MUST(read_text(text, size, &again, &got));
	same_text(f->inherits, again.inherits);
	same_text(g->net, got.net);
	same_text(g->root, got.root);
	same_list(&g->places, &got.places);
	same_list(&g->environment, &got.environment);
	MUST(g->here == got.here && g->there == got.there);
	profile_file_free(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool prepared;
	struct profile_file f;
	struct options g;

	if (!prepared)
		(void)unsetenv("HOME"); /* "~/" stays as it is: nothing of this machine's */
	prepared = true;
	if (read_text((const char *)data, size, &f, &g))
		print_and_read(&f, &g);
	profile_file_free(&f);
	return 0;
}
