/* The tally: how a sandbox's calls were made, for guise run --stats.
 *
 * It lies behind the board, in memory that all residents and guise itself share, so that what a
 * killed process had counted is still there.  A thread counts in a cell that no other living
 * thread uses: plain additions, no lock, no shared cache line.  Cells are not given back.  Who
 * looks for one takes that of a thread which is gone, with all that it had counted; the sum over
 * all cells is what is told.  Without --stats a thread counts in its own context, for nobody:
 * that is less than asking whether to.
 *
 * Time is taken of one call in TALLY_SAMPLE, by the processor's clock.
 *
 * The guest can write here: what it can spoil is what is told of it. */
#ifndef GUISE_TALLY_H
#define GUISE_TALLY_H

#include <stdint.h>

#define TALLY_AT 0x20000 /* behind the board */
#define TALLY_CELLS 4096
#define TALLY_SITES 512
#define TALLY_NAME 32

/* A power of two up to 256: entry.S looks at the lowest byte of how many there were. */
#define TALLY_SAMPLE 256
/* One that took longer was interrupted, by another program or by a stop: not counted. */
#define TALLY_TOO_LONG (1 << 20)

struct tally_cell {
	uint64_t calls; /* first: entry.S counts them */
	uint64_t trapped; /* of these, by a signal each */
	uint64_t in_place; /* of these, without a call of Linux's */
	uint64_t timed, ticks; /* samples, and what they took in the translator */
	uint64_t owner; /* process and thread; 0: nobody's yet */
	uint64_t spare[2];
} __attribute__((aligned(64)));

/* An instruction that trapped. */
struct tally_site {
	uint64_t key; /* 0: none yet */
	uint64_t at, times;
	char program[TALLY_NAME], call[TALLY_NAME]; /* the first that was made there */
};

struct tally {
	uint64_t processes, threads, programs; /* that began; threads besides the first */
	uint64_t crowded; /* threads that found no cell: theirs is not told */
	uint64_t elsewhere; /* traps at sites for which there was no room */
	struct tally_cell cells[TALLY_CELLS];
	struct tally_site sites[TALLY_SITES];
};

#endif
