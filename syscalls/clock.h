/* Clocks that Linux lacks, for a personality's table of clock numbers. */
#ifndef GUISE_CLOCK_H
#define GUISE_CLOCK_H

/* The time of day in whole seconds. */
#define CLOCK_WHOLE_SECONDS 64

#endif
