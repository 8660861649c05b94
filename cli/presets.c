/* Profiles that are no more than options: each a table of what could have been given.
 *
 *	strict   nothing of the host's but the program: no directory, no network, no environment
 *	default  what guise run gives without options
 *	open     all the host's files to read, its network and the caller's environment; still
 *	         only the current directory to write, and no right more than any other
 *	runner   found out from where things are (profile.c), and this
 *
 * What is given besides has the last word: a value stands unless the same option is given,
 * and what is shown is put below what the user shows. */
#include <string.h>

#include "cli/profile.h"
#include "syscalls/abi.h"
#include "syscalls/launch.h"

/* One option, as it is on the command line. */
struct preset {
	const char *option;
	const char *value; /* NULL: it takes none */
	const char *unless; /* an option that excludes it; NULL: none */
};

static const struct preset none[] = {{0}};

static const struct preset strict[] = {
	{"no-cwd", NULL, NULL},		 {"net", "off", NULL},
	{"clear-env", NULL, "keep-env"}, {"env", "PATH=/usr/bin:/bin", NULL},
	{"env", "HOME=/tmp", NULL},	 {"time-namespace", NULL, NULL},
	{"open-files", "256", NULL},	 {"file-size", "64M", NULL},
	{"disk", "64M", NULL},		 {0},
};

/* /run holds the sockets of services that do things for whoever connects. */
static const struct preset open_to_read[] = {
	{"root", "/", NULL},
	{"hide", "/run", NULL},
	{"net", "host", NULL},
	{"keep-env", NULL, "clear-env"},
	{0},
};

/* A test's output is compared with what it should be, and its programs start others. */
static const struct preset runner[] = {{"quiet", NULL, NULL}, {"engine", "resident", NULL}, {0}};

static const struct {
	const char *name;
	const struct preset *presets;
} profiles[] = {
	{"default", none},
	{"strict", strict},
	{"open", open_to_read},
	{"runner", runner},
};

static const struct option_row *find_option(const struct command *c, const char *name)
{
	for (size_t i = 0; i < c->n_rows; i++)
		if (strcmp(c->rows[i].name, name) == 0)
			return &c->rows[i];
	return NULL;
}

/* From the last to the first: each goes before what is there. */
static int apply(const struct preset *presets, const struct command *c, void *into,
		 struct failure *why)
{
	size_t n = 0;

	while (presets[n].option)
		n++;
	while (n-- > 0) {
		const struct preset *p = &presets[n];
		const struct option_row *row = find_option(c, p->option);
		const struct option_row *other = p->unless ? find_option(c, p->unless) : NULL;

		if (!row)
			return failure_set(why, EXIT_GUISE, "profile: --%s: no such option",
					   p->option);
		if (other && options_given(other, into))
			continue;
		if (options_fall_back(row, into, p->value, why) < 0)
			return -1;
	}
	return 0;
}

bool profile_is_known(const char *name)
{
	for (size_t i = 0; i < COUNT(profiles); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return true;
	return false;
}

int profile_presets(const char *name, const struct command *c, void *into, struct failure *why)
{
	for (size_t i = 0; i < COUNT(profiles); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return apply(profiles[i].presets, c, into, why);
	return failure_set(why, EXIT_GUISE, "--profile %s: unknown; give " PROFILE_NAMES, name);
}
