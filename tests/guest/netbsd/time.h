/* Clocks: sys/time.h. */
#ifndef GUEST_TIME_H
#define GUEST_TIME_H

#include "tests/guest/bsd.h"

/* Every one there is, the last two the thread's and the process's; a number that is none. */
#define CLOCKS 0, 1, 2, 3, 0x20000000, 0x40000000
#define NO_CLOCK 4

#endif
