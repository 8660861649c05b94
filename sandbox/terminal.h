/* The terminal of a program: its own, a pseudo-terminal of the sandbox, with the caller's
 * behind it. */
#ifndef GUISE_TERMINAL_H
#define GUISE_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <termios.h>

/* What the inside has to know to make one. */
struct terminal_wish {
	unsigned replaced; /* bit n: descriptor n is to be the program's terminal; 0: none */
	bool foreground; /* it has the terminal from the start */
	struct termios modes;
	struct winsize size;
};

/* ---- Outside: terminal.c ------------------------------------------------------------- */

struct leftovers;

#define TERMINAL_ROOM 16384

struct terminal_queue {
	size_t at, n;
	char bytes[TERMINAL_ROOM];
};

struct terminal {
	int tty; /* the caller's; -1: there is none */
	int master; /* of the program's; -1: not known yet, or hung up */
	bool due; /* the program has asked for it; not given up by stopping */
	bool taken; /* in raw mode, and what is typed is the program's */
	bool ready; /* the program's side knows that it was taken */
	bool keeps_output; /* others write lines to the caller's while it is taken */
	struct termios saved;
	struct leftovers *left; /* told while it is taken; may be NULL */
	struct terminal_queue in, out;
};

#define TERMINAL_NONE \
	{ \
		.tty = -1, .master = -1 \
	}

/* Looks at descriptors 0-2: what the inside is to make, and where it will lead. */
void terminal_find(struct terminal *t, struct terminal_wish *wish);
/* The other end arrived (the descriptor is taken over). */
void terminal_connect(struct terminal *t, int master);
/* The keyboard and the modes are the program's from now on: false if they cannot be, since
 * guise is in the background. */
bool terminal_take(struct terminal *t);
void terminal_release(struct terminal *t);
void terminal_resize(const struct terminal *t);

/* For poll(2): two entries; and what to do about them then. */
#define TERMINAL_POLLS 2
void terminal_poll(const struct terminal *t, struct pollfd fds[TERMINAL_POLLS]);
void terminal_relay(struct terminal *t, const struct pollfd fds[TERMINAL_POLLS]);
/* The rest of what the ended program wrote; true if `until` became readable before the end. */
bool terminal_drain(struct terminal *t, int until);
void terminal_close(struct terminal *t);

/* ---- Inside: pty.c -------------------------------------------------------------------- */

/* Makes the terminal in the session this process leads: both ends, or -errno. */
int pty_make(const struct terminal_wish *wish, int *master, int *slave);
/* In the program's process: 0-2 as wished, the foreground if wished. */
int pty_become(const struct terminal_wish *wish, int slave);

#endif
