/* What a kept overlay (sandbox/overlay.h) has changed. */
#ifndef GUISE_CHANGES_H
#define GUISE_CHANGES_H

#include <stdbool.h>
#include <sys/stat.h>

#include "cli/tree.h"
#include "sandbox/failure.h"

enum change_kind {
	CHANGE_NONE, /* a directory on the way to changes */
	CHANGE_ADDED,
	CHANGE_CONTENT, /* or another kind of file */
	CHANGE_MODE, /* nothing but the mode */
	CHANGE_REMOVED,
};

struct change {
	enum change_kind kind;
	const char *path; /* within the tree */
	const char *name; /* its last part */
	unsigned depth; /* how many directories it is in */
	int in; /* the directory it is in, among the changes */
	struct stat now, before; /* not there: st_mode is 0 */
};

/* What to do with each: 0, or -errno to stop, which changes_walk() returns. */
struct changes_visitor {
	int (*change)(void *context,
		      const struct change *c); /* all but directories that are there */
	int (*enter)(void *context, const struct change *c); /* such a directory, and ... */
	int (*leave)(void *context,
		     const struct change *c); /* ... when all in it has been visited */
	void *context;
};

struct changes {
	int lock; /* the directory that was given; nobody else uses it */
	int upper; /* the changes */
	char *origin; /* what they are changes to */
};

/* Opens what `--overlay DIR:upper=path` has made: 0, or -1 with *why filled in. */
int changes_open(struct changes *c, const char *path, struct failure *why);
void changes_close(struct changes *c);

/* Compares changes with the directory `lower`: 0, or what stopped it.  path is where it was then,
 * or is to be looked at in between. */
int changes_walk(int upper, int lower, const struct changes_visitor *v, char path[TREE_PATH]);

/* One line: a letter, the path, and why to be careful. */
void changes_print(const struct change *c);

extern const char *const changes_words[]; /* "added", ... */

#endif
