/* What a killed supervisor would leave behind, where whoever is left finds it; and a word of it to
 * process 1. */
#ifndef GUISE_LEFTOVERS_H
#define GUISE_LEFTOVERS_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <termios.h>

#include "sandbox/record.h"

/* In memory the supervisor shares with its cleaner.  Names only: the cleaner has no descriptor
 * open. */
struct leftovers {
	struct record record; /* its name is empty if there is none */
	char tty[PATH_MAX]; /* the caller's terminal; "": not to be restored */
	bool raw; /* it is, or just may be */
	struct termios modes_raw, modes_saved;
	atomic_bool goes_beside; /* process 1 need not wait for it (beside.c) */
};

/* NULL without memory. */
struct leftovers *leftovers_new(void);
void leftovers_free(struct leftovers *l);
/* In the cleaner. */
void leftovers_clean(void *leftovers);

#endif
