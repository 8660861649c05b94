/* What a process tells the others on the board (board.h). */
#include "syscalls/board.h"

#include "syscalls/engine.h"
#include "syscalls/kqueue.h"
#include "syscalls/signal.h"

#include <asm/signal.h>

void board_forked(int pid)
{
	if (board_tell(engine_board(), pid, BOARD_FORKED))
		engine_ring_board();
}

/* In the child, before its program runs: who follows the parent follows it. */
void board_born(int parent, int pid)
{
	struct board *board = engine_board();
	uint32_t top = board_top(board);
	bool told = false;

	for (uint32_t i = 0; i < top; i++) {
		struct board_entry e;

		if (!board_get(board, i, &e) || e.pid != parent || !(e.wants & NOTE_TRACK))
			continue;
		e.pid = pid;
		e.parent = parent;
		int at = board_add(board, &e, BOARD_BORN);
		if (at >= 0)
			board_mark(board, (uint32_t)at);
		else
			(void)board_tell(board, parent, BOARD_NOT_FOLLOWED); /* it is there */
		told = true;
	}
	if (told)
		engine_ring_board();
}

/* Another program now; the kqueues of the one before are gone. */
void board_executed(int pid)
{
	struct board *board = engine_board();
	uint32_t top = board_top(board);

	for (uint32_t i = 0; i < top; i++) {
		struct board_entry e;

		if (board_get(board, i, &e) && e.watcher == pid)
			board_drop(board, i);
	}
	if (top && board_tell(board, pid, BOARD_EXECUTED))
		engine_ring_board();
}

/* It has not ended yet: no reason to ring. */
void board_exits(int pid, int status)
{
	(void)board_tell(engine_board(), pid, BOARD_EXITED | ((uint32_t)status & BOARD_STATUS));
}

void board_killed(const struct process *p, int guest)
{
	const struct signal *s = signal_by_guest(p->personality, guest);

	if (s && signal_is_carrier(p->personality, s->host))
		board_ends(engine_board(), p->pid, true, (uint32_t)guest);
	board_exits(p->pid, s ? s->host : SIGKILL);
}

void board_reaped(int pid, int status)
{
	if (board_tell(engine_board(), pid, BOARD_EXITED | ((uint32_t)status & BOARD_STATUS)))
		engine_ring_board();
}
