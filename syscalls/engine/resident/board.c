/* What this process tells the others on the board (board.h). */
#include "syscalls/board.h"

#include "syscalls/engine.h"
#include "syscalls/engine/resident/resident.h"
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

void engine_ring_board(void)
{
	uint64_t one = 1;

	(void)LINUX(write, HIDDEN_BOARD_BELL, &one, sizeof one); /* full: it rings already */
}

void engine_reaped(struct call *c, int pid, int status)
{
	(void)c;
	board_reaped(pid, status);
}
