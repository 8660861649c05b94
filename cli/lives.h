/* The options of guise run that are about its life and death, and what the commands for
 * running sandboxes share. */
#ifndef GUISE_CLI_LIVES_H
#define GUISE_CLI_LIVES_H

#include <jansson.h>

#include "sandbox/failure.h"
#include "sandbox/options.h"

#define GRACE_SECONDS "10"

/* As they were given. */
struct life_options {
	const char *timeout, *kill_after;
	const char *name;
	bool no_terminal;
};

/* Into the box: 0, or -1 with *why filled in.  After the program is known. */
int lives_read(const struct life_options *given, struct box_options *box, struct failure *why);
/* What was allocated for it. */
void lives_free(struct box_options *box);

/* "1.5", "500ms", "2m", ... of `option`, in milliseconds. */
int lives_duration(const char *option, const char *text, uint64_t *ms, struct failure *why);
/* "TERM", "SIGTERM" or "15". */
int lives_signal(const char *text, int *number, struct failure *why);

/* All running sandboxes, by name: an array of their records' objects, or NULL. */
json_t *lives_all(void);

/* Half of that is enough for any of it: "1.5M". */
void lives_print_size(char text[16], uint64_t bytes);

#endif
