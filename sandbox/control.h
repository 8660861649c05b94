/* What others may ask of a running sandbox, and who answers: its supervisor. */
#ifndef GUISE_CONTROL_H
#define GUISE_CONTROL_H

#include <poll.h>
#include <stdbool.h>

#include "sandbox/channel.h"
#include "sandbox/record.h"

/* ---- The supervisor's side --------------------------------------------------------- */

#define CONTROL_CLIENTS 16
#define CONTROL_POLLS (1 + CONTROL_CLIENTS)

struct control {
	struct record *record; /* NULL: nobody is to know of it */
	int clients[CONTROL_CLIENTS]; /* -1: free */
};

#define CONTROL_NONE \
	{ \
		.clients = {[0 ... CONTROL_CLIENTS - 1] = -1}, \
	}

struct box;

/* Makes the sandbox known by its name: 0, or -1 with b->why filled in.  Where no record can
 * be made a sandbox runs unknown, unless the user gave it a name. */
int control_open(struct box *b);
void control_close(struct box *b);
void control_poll(const struct box *b, struct pollfd fds[CONTROL_POLLS]);
void control_serve(struct box *b, const struct pollfd fds[CONTROL_POLLS]);

/* ---- The other side ------------------------------------------------------------------ */

/* Asks, and waits for the answer, which takes the question's place: 0, or -1 with *why. */
int control_ask(int connection, const char *name, struct message *m,
		const struct channel_descriptors *give, struct failure *why);
/* A connection to that sandbox, or -1 with *why.  `rouse`: if it is stopped with its
 * caller's shell it is continued, so that it can answer. */
int control_connect(const char *name, bool rouse, struct failure *why);

#endif
