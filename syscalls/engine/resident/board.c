/* What this process tells the others on the board (board.h). */
#include "syscalls/board.h"

#include "syscalls/engine.h"
#include "syscalls/engine/resident/resident.h"
#include "syscalls/kqueue.h"
#include "syscalls/signal.h"

#include <asm/signal.h>
#include <linux/mman.h>

#define BOARD ((struct board *)RESIDENT_BOARD)
_Static_assert(sizeof(struct board) <= RESIDENT_LIMIT - RESIDENT_BOARD, "fits its place");

struct board *engine_board(void)
{
	return BOARD;
}

void board_open(void)
{
	long r = LINUX(mmap, RESIDENT_BOARD, sizeof(struct board), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED, HIDDEN_BOARD, 0);

	if (is_error(r))
		die(EXIT_GUISE, "cannot map what processes share: error %l", -r);
}

static void ring(void)
{
	uint64_t one = 1;

	(void)LINUX(write, HIDDEN_BOARD_BELL, &one, sizeof one); /* full: it rings already */
}

void board_forked(int pid)
{
	if (board_tell(BOARD, pid, BOARD_FORKED))
		ring();
}

/* In the child, before its program runs: who follows the parent follows it. */
void board_born(int parent, int pid)
{
	uint32_t top = board_top(BOARD);
	bool told = false;

	for (uint32_t i = 0; i < top; i++) {
		struct board_entry e;

		if (!board_get(BOARD, i, &e) || e.pid != parent || !(e.wants & NOTE_TRACK))
			continue;
		e.pid = pid;
		e.parent = parent;
		int at = board_add(BOARD, &e, BOARD_BORN);
		if (at >= 0)
			board_mark(BOARD, (uint32_t)at);
		else
			(void)board_tell(BOARD, parent, BOARD_NOT_FOLLOWED); /* it is there */
		told = true;
	}
	if (told)
		ring();
}

/* Another program now; the kqueues of the one before are gone. */
void board_executed(int pid)
{
	uint32_t top = board_top(BOARD);

	for (uint32_t i = 0; i < top; i++) {
		struct board_entry e;

		if (board_get(BOARD, i, &e) && e.watcher == pid)
			board_drop(BOARD, i);
	}
	if (top && board_tell(BOARD, pid, BOARD_EXECUTED))
		ring();
}

/* It has not ended yet: no reason to ring. */
void board_exits(int pid, int status)
{
	(void)board_tell(BOARD, pid, BOARD_EXITED | ((uint32_t)status & BOARD_STATUS));
}

void board_killed(const struct resident *r, int guest)
{
	const struct process *p = r->thread.process;
	const struct signal *s = signal_by_guest(p->personality, guest);

	board_exits(p->pid, s ? s->host : SIGKILL);
}

void engine_reaped(struct call *c, int pid, int status)
{
	(void)c;
	if (board_tell(BOARD, pid, BOARD_EXITED | ((uint32_t)status & BOARD_STATUS)))
		ring();
}
