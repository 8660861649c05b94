/* Packets between the processes of a sandbox, with descriptors where one is handed over. */
#ifndef GUISE_CHANNEL_H
#define GUISE_CHANNEL_H

#include <stdint.h>

#include "sandbox/failure.h"
#include "sandbox/usage.h"

enum message_kind {
	/* To init. */
	MESSAGE_SIGNAL, /* number: to the program and what shares its process group */
	MESSAGE_STOP, /* everything */
	MESSAGE_RESUME, /* what is stopped */
	MESSAGE_FOREGROUND, /* the program has its terminal to itself */
	MESSAGE_BACKGROUND, /* reading from its terminal stops it */
	MESSAGE_SETTLED, /* number: all is done beside; descriptor: the network namespace, if there is one */
	MESSAGE_IMAGES, /* are filled and sealed; the program's process hears it */
	MESSAGE_EXEC, /* another program; join.h says what the descriptors are */

	/* From init. */
	MESSAGE_TERMINAL, /* descriptor: the other end of the program's terminal */
	MESSAGE_READY, /* MESSAGE_FOREGROUND is done: ^C has somebody to go to */
	MESSAGE_STOPPED, /* the program stopped itself; number: the signal */
	MESSAGE_ENDED, /* number: the wait status */
	MESSAGE_FAILED, /* failure; from the program's process too */

	/* To a supervisor from outside (control.c), besides MESSAGE_EXEC and MESSAGE_SIGNAL. */
	MESSAGE_KILL, /* everything */
	MESSAGE_USAGE,
	MESSAGE_DONE, /* its answer.  number: 0 or errno; usage if that was asked for */
};

struct message {
	uint32_t kind;
	uint32_t number;
	union {
		struct failure failure;
		struct usage usage;
	};
};

#define CHANNEL_DESCRIPTORS 8 /* most in one packet */

struct channel_descriptors {
	unsigned n;
	int fd[CHANNEL_DESCRIPTORS];
};

/* One packet, with descriptors if there are any (or NULL): 0 or -errno. */
int channel_send(int channel, const struct message *m, const struct channel_descriptors *give);

/* 1 if there was a packet, 0 at the end, -errno.  Descriptors are the caller's to close. */
int channel_receive(int channel, struct message *m, struct channel_descriptors *got);

void channel_close_all(struct channel_descriptors *d);

#endif
