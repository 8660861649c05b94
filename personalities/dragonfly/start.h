/* The initial stack and registers: personality.c's `start`. */
#ifndef GUISE_DRAGONFLY_START_H
#define GUISE_DRAGONFLY_START_H

#include "syscalls/personality.h"

#define FLAGS_INITIAL 0x202UL /* interrupts, and the bit that is always set */

int dragonfly_start(struct call *c, const struct start *s);

#endif
