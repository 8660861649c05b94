/* Profiles in files: options of a command by their long names, in YAML. */
#ifndef GUISE_PROFILE_FILE_H
#define GUISE_PROFILE_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/command.h"

struct profile_file {
	char *name; /* as messages have it */
	char *inherits; /* the profile it adds to, or NULL */
	unsigned inherits_line;
	size_t n;
	struct profile_entry {
		const struct option_row *row;
		char *value; /* NULL: the option takes none */
		unsigned line;
	} entries[MOST_GIVEN];
};

/* Whether the value of --profile is a file's name; else it is a profile's, of guise's own or of
 * one found by profile_file_find(). */
bool profile_file_is_named(const char *profile);

/* The file of a profile that is called by its name alone, where those are kept: to be freed;
 * NULL if there is none. */
char *profile_file_find(const char *name);

/* Reads it, as far as anybody trustworthy has written it: 0, or -1 with *why filled in.  What
 * is read is to be freed either way. */
int profile_file_read(const char *path, const struct command *c, struct profile_file *out,
		      struct failure *why);
int profile_file_parse(const char *text, size_t size, const struct command *c,
		       struct profile_file *out, struct failure *why);
void profile_file_free(struct profile_file *f);

/* What it says of options that are not given, into the struct of the command's rows: 0 or -1. */
int profile_file_apply(const struct profile_file *f, void *into, struct failure *why);

/* A failure that is about what the file says is told with its line. */
void profile_file_locate(const struct profile_file *f, struct failure *why);

/* What is given as such a file, which inherits that (or NULL): 0, or -1 if it cannot be written. */
int profile_file_print(const struct command *c, const void *given, const char *inherits, FILE *out);

#endif
