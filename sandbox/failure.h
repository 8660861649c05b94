/* Why a program could not be started: one line for the user, and the exit status. */
#ifndef GUISE_FAILURE_H
#define GUISE_FAILURE_H

struct failure {
	int status; /* enum in syscalls/launch.h; 0 if nothing failed */
	char text[768]; /* "FILE: what it is; the cure", without newline */
};

/* Fills in the first failure (later ones are its consequences); always -1. */
__attribute__((format(printf, 3, 4))) int failure_set(struct failure *f, int status,
						      const char *format, ...);

#endif
