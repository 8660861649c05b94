/* The sandboxes of a user that are running: a locked file for each. */
#ifndef GUISE_RECORD_H
#define GUISE_RECORD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define RECORD_NAME 64 /* most letters of a name, with its end */

/* Letters, digits, and after the first one of them . _ - too. */
bool record_name_is_good(const char *name);

/* One's own, while one's sandbox runs. */
struct record {
	int file; /* locked; -1: there is none */
	int listener; /* whoever wants something of the sandbox connects here */
	char directory[PATH_MAX];
	char name[RECORD_NAME];
};

#define RECORD_NONE \
	{ \
		.file = -1, .listener = -1 \
	}

/* Makes it, with that text in it: 0, -EEXIST if another running sandbox has the name, or
 * -errno if there is no place for it. */
int record_make(struct record *r, const char *name, const void *text, size_t size);
void record_remove(struct record *r);
/* By its names alone, and if it is dead, for whoever is left. */
void record_sweep(const char *directory, const char *name);

typedef int record_found(void *mine, const char *name, const char *text, size_t size);

/* Calls `found` with the name and the text of every running one (a zero byte follows it), in no order; those of dead
 * ones are removed on the way.  It ends with the first answer that is not 0. */
int record_each(record_found *found, void *mine);

/* A connection to the sandbox of that name; -ENOENT if none is running. */
int record_connect(const char *name);

#endif
