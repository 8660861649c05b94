/* What a resident is given when it is executed: the contract between whoever starts
 * it (sandbox/ for the first program, the resident itself at every guest exec) and
 * its start code.
 *
 *   argv[0]    "guise"
 *   argv[1]    the handover (struct handover in hexadecimal, handover_encode())
 *   argv[2]    the program's path as the guest knows it
 *   argv[3..]  the guest's own argument vector
 *   envp       the guest's own environment
 *
 * and, on reserved high descriptors that no guest call can see, close, duplicate or
 * count, what has to outlive exec.  All are harmless if reached some other way: the
 * images are sealed.
 */
#ifndef GUISE_LAUNCH_H
#define GUISE_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

/* Below the usual soft limit of 1024, so that the kernel's descriptor table stays
 * small (fork copies it), and above what programs choose by hand.  All of them are open,
 * used or not, so that Linux never gives one to the guest. */
#define HIDDEN_FIRST 1008
#define HIDDEN_LAST 1015
enum hidden {
	HIDDEN_RESIDENT = HIDDEN_FIRST, /* the resident's image, a sealed memfd */
	HIDDEN_SETTINGS, /* struct settings, a sealed memfd */
	HIDDEN_TRACE, /* the ring trace records go to (trace.h), if anybody wants them */
	HIDDEN_BELL, /* wakes their reader */
	HIDDEN_PROCESSES, /* what Linux tells of the processes inside (facts.h) */
	HIDDEN_BOARD, /* what processes tell each other (board.h), a memfd */
	HIDDEN_BOARD_BELL, /* rung when there is news: an eventfd nobody reads */
	HIDDEN_LIFE, /* of a process that has a descriptor: its end of a pair (procdesc.c) */
};

_Static_assert(HIDDEN_LIFE <= HIDDEN_LAST, "all have a place");

/* Chosen once for a sandbox. */
#define SETTINGS_MAGIC 0x31455355u
enum settings_flags {
	SETTINGS_CHECK_USES =
		1, /* stop with a message at a Linux call its row did not declare (tests) */
	SETTINGS_TRACE = 2, /* records of all calls to HIDDEN_TRACE */
	SETTINGS_NO_PATCH = 4, /* every call through the trap */
	SETTINGS_TALLY = 8, /* how calls are made, to the tally behind the board (tally.h) */
	SETTINGS_TRACE_TIMES = 0x100, /* when each began, and how long it took */
	SETTINGS_TRACE_BARE = 0x200, /* not what arguments point to */
	SETTINGS_TRACE_LOSSY = 0x400, /* rather lose records than wait */
	SETTINGS_CORE = 0x10, /* signals that do so in its system leave a core file (core.h) */
	SETTINGS_TRACE_STACKS = 0x800, /* wait for the reader, who reads the caller's stack */
};
struct settings {
	uint32_t magic;
	uint32_t flags;
	uint32_t trace_string; /* bytes shown of what is read and written */
	char personality[16]; /* forced; "" = by brand */
	char release
		[32]; /* e.g. "14.2-RELEASE"; "" = the program's note, else the system's default */
};

/* What one program image hands to the next. */
#define HANDOVER_SET 3 /* words of a signal set */
enum handover_flags {
	HANDOVER_FIRST =
		1, /* no filter is installed yet: install it; open the program by path instead */
};
struct handover {
	uint32_t flags;
	int32_t program; /* the program, open for reading; closed once it is mapped */
	uint32_t guarded; /* 0, or what the personality's guard_hand_over() made, and 1 */
	uint64_t mask[HANDOVER_SET]; /* blocked signals, as sigset_hand_over() has them */
	uint64_t ignored[HANDOVER_SET]; /* ignored signals, likewise */
};

#define HANDOVER_TEXT (2 * sizeof(struct handover) + 1)

/* To hexadecimal, NUL-terminated; and back: 0, or -EINVAL if it is not one. */
void handover_encode(char out[HANDOVER_TEXT], const struct handover *h);
int handover_decode(struct handover *h, const char *text);

struct personality;
/* "14.2-RELEASE", "14.2" or "1402000" to the system's number of it: 0, or -EINVAL if it is none. */
int release_number(const char *text, const struct personality *p, uint32_t *number);

/* Exit statuses of guise itself. */
enum {
	EXIT_DIFFERS = 123, /* --check: the engines do */
	EXIT_TIME_IS_UP = 124, /* as timeout(1) has it */
	EXIT_GUISE = 125, /* our own failure */
	EXIT_NOT_RUNNABLE = 126,
	EXIT_NOT_FOUND = 127,
};

#endif
