/* The board: what the residents of a sandbox tell each other about processes.
 *
 * Linux tells anybody when a process ends (pidfd), but nobody that it forked or executed, nor how
 * it ended if it is not one's own child.  Whoever wants to know puts an entry on the board, memory
 * that all residents share; the resident of the process it is about marks it there, and rings a
 * bell all share, too.  An entry that is to follow children is copied for each by the child
 * itself, before any of its program runs.
 *
 * A process may be killed at any instruction, so nothing here is locked: all that changes about
 * an entry is one word, whose generation tells an entry from a later one in its place.  Entries
 * of watchers that are gone are taken away when there is no room.  The guest can write here; what
 * it can spoil is what its own sandbox is told. */
#ifndef GUISE_BOARD_H
#define GUISE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#define BOARD_ENTRIES 1024

/* In the word: the generation above, below a Linux wait status of 16 bits. */
enum board_word {
	BOARD_STATUS = 0xffff,
	BOARD_TAKEN = 1 << 16,
	BOARD_USED = 1 << 17, /* filled in */
	BOARD_FORKED = 1 << 18,
	BOARD_EXECUTED = 1 << 19,
	BOARD_BORN = 1 << 20, /* made for a child of the one that is followed */
	BOARD_NOT_FOLLOWED = 1 << 21, /* for want of room */
	BOARD_EXITED = 1 << 22, /* the status is there */
	BOARD_NEWS = BOARD_FORKED | BOARD_EXECUTED | BOARD_BORN | BOARD_NOT_FOLLOWED,
};

struct board_entry {
	uint64_t word;
	uint64_t kqueue, udata; /* the watcher's own */
	int32_t pid, parent;
	int32_t watcher; /* process */
	uint32_t wants; /* enum event_notes */
	uint32_t flags; /* enum event_flags */
};

/* Linux keeps eight bits of an exit status, and of signals that share a carrier not which it was.
 * Who ends with more leaves it here for who waits: by number, the later for the earlier. */
#define BOARD_ENDS 512

struct board {
	uint32_t used;
	uint32_t top; /* no entry at or above was ever taken */
	uint64_t marked[BOARD_ENTRIES / 64]; /* entries with news, bit by bit */
	struct board_entry entries[BOARD_ENTRIES];
	uint64_t ends[BOARD_ENDS];
};

/* The process is about to end like this: by the guest's signal, or with a status. */
void board_ends(struct board *b, int pid, bool is_killed, uint32_t how);
/* What it left, if it did. */
bool board_end_of(const struct board *b, int pid, bool is_killed, uint32_t *how);
void board_forget_end(struct board *b, int pid); /* its number may be another's soon */

/* A new entry like `like`, its word apart: its number, or -ENOMEM. */
int board_add(struct board *b, const struct board_entry *like, uint32_t word);
void board_drop(struct board *b, uint32_t i);
void board_mark(struct board *b, uint32_t i);
/* True if the entry is there, and a copy of it. */
bool board_get(const struct board *b, uint32_t i, struct board_entry *e);
/* Marks all entries about the process: true if there were any. */
bool board_tell(struct board *b, int pid, uint32_t word);
/* The entry's word; the news in it are not news any more. */
uint64_t board_take(struct board *b, uint32_t i);
/* Entries to look at. */
uint32_t board_top(const struct board *b);

/* board_process.c: this process to those who watch it. */
void board_forked(int pid);
void board_born(int parent, int pid);
void board_executed(int pid);
void board_exits(int pid, int status); /* a Linux wait status */
struct process;
void board_killed(const struct process *p, int guest); /* by that signal */
void board_reaped(int pid, int status);

#endif
