/* Clocks: sys/_clock_id.h. */
#ifndef GUEST_TIME_H
#define GUEST_TIME_H

#include "tests/guest/bsd.h"

/* Every one there is, and its precise and fast names; a number that is none. */
#define CLOCKS 0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define NO_CLOCK 3
#define CLOCK_SECOND 13 /* whole seconds */

#endif
