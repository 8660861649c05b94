/* Another program in a running sandbox. */
#ifndef GUISE_JOIN_H
#define GUISE_JOIN_H

#include "sandbox/failure.h"
#include "sandbox/options.h"
#include "sandbox/terminal.h"

/* What goes with MESSAGE_EXEC: 0-2, the channel to whoever asked, the request in a file. */
enum join_descriptor { JOIN_STDIO = 3, JOIN_CHANNEL = 3, JOIN_REQUEST, JOIN_DESCRIPTORS };

struct join_request {
	const char *directory; /* NULL: where the sandbox's own program began */
	char *const *argv; /* argv[0]: the program, by a path inside or a name in PATH */
	char *const *environment; /* NAME=VALUE, besides what the sandbox's own program has */
};

/* ---- Outside (join.c) ------------------------------------------------------------------ */

/* Runs it to its end in the sandbox that is connected: as box_run().  Of the options those
 * count that are about guise, not the sandbox (terminal, time). */
int box_join(int connection, const char *name, const struct join_request *r,
	     const struct box_options *options, struct failure *why);

/* ---- Inside ------------------------------------------------------------------------------- */

struct box;

/* From the file at fd into b: its wish, and its options, which are then those at `own`: 0 or
 * -errno.  What is allocated lives as long as the process. */
int join_unpack(struct box *b, int fd, struct box_options *own);
/* In the process that becomes the program, before its steps: 0, or -1 with b->why. */
int join_prepare(struct box *b);

#endif
