/* The board of board.h. */
#include "syscalls/board.h"

#include "syscalls/abi.h"

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static bool replace(uint64_t *word, uint64_t old, uint64_t new)
{
	return __atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static uint64_t generation(uint64_t word)
{
	return word >> 32 << 32;
}

uint32_t board_top(const struct board *b)
{
	uint32_t top = __atomic_load_n(&b->top, __ATOMIC_ACQUIRE);

	if (!__atomic_load_n(&b->used, __ATOMIC_ACQUIRE))
		return 0;
	return top < BOARD_ENTRIES ? top : BOARD_ENTRIES;
}

static void raise_top(struct board *b, uint32_t top)
{
	uint32_t was = __atomic_load_n(&b->top, __ATOMIC_RELAXED);

	while (was < top && !__atomic_compare_exchange_n(&b->top, &was, top, false,
							 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

int board_add(struct board *b, const struct board_entry *like, uint32_t word)
{
	for (uint32_t i = 0; i < BOARD_ENTRIES; i++) {
		struct board_entry *e = &b->entries[i];
		uint64_t free = load(&e->word), next = generation(free) + (1UL << 32);

		if ((free & BOARD_TAKEN) || !replace(&e->word, free, next | BOARD_TAKEN))
			continue;
		e->kqueue = like->kqueue;
		e->udata = like->udata;
		e->pid = like->pid;
		e->parent = like->parent;
		e->watcher = like->watcher;
		e->wants = like->wants;
		e->flags = like->flags;
		raise_top(b, i + 1);
		__atomic_fetch_add(&b->used, 1, __ATOMIC_RELEASE);
		__atomic_store_n(&e->word, next | BOARD_TAKEN | BOARD_USED | word,
				 __ATOMIC_RELEASE);
		return (int)i;
	}
	return -ENOMEM;
}

void board_drop(struct board *b, uint32_t i)
{
	uint64_t word = load(&b->entries[i].word);

	while (!replace(&b->entries[i].word, word, generation(word)))
		word = load(&b->entries[i].word);
	if (word & BOARD_TAKEN)
		__atomic_fetch_sub(&b->used, 1, __ATOMIC_RELEASE);
}

void board_mark(struct board *b, uint32_t i)
{
	__atomic_fetch_or(&b->marked[i / 64], 1UL << (i % 64), __ATOMIC_RELEASE);
}

bool board_get(const struct board *b, uint32_t i, struct board_entry *e)
{
	const struct board_entry *from = &b->entries[i];
	uint64_t word = load(&from->word);

	if (!(word & BOARD_USED))
		return false;
	*e = *from;
	e->word = word;
	return load(&from->word) == word; /* else it has just changed, or is another by now */
}

/* How it ended is told once, first by the process itself. */
static uint64_t with(uint64_t old, uint32_t word)
{
	return (old & BOARD_EXITED) ? old | (word & BOARD_NEWS) : old | word;
}

bool board_tell(struct board *b, int pid, uint32_t word)
{
	uint32_t top = board_top(b);
	bool told = false;

	for (uint32_t i = 0; i < top; i++) {
		struct board_entry *e = &b->entries[i];
		uint64_t old = load(&e->word);

		while ((old & BOARD_USED) && e->pid == pid) {
			if (replace(&e->word, old, with(old, word))) {
				board_mark(b, i);
				told = true;
				break;
			}
			old = load(&e->word);
		}
	}
	return told;
}

uint64_t board_take(struct board *b, uint32_t i)
{
	return __atomic_fetch_and(&b->entries[i].word, ~(uint64_t)BOARD_NEWS, __ATOMIC_ACQ_REL);
}

/* ---- Ends ------------------------------------------------------------------------------- */

/* A word: the process above, below whether it was killed, and how it ended. */
#define END_KILLED (1UL << 32)
#define END_PROCESS 33

static uint64_t end_word(int pid, bool is_killed, uint32_t how)
{
	return (uint64_t)(uint32_t)pid << END_PROCESS | (is_killed ? END_KILLED : 0) | how;
}

void board_ends(struct board *b, int pid, bool is_killed, uint32_t how)
{
	if (!b)
		return;
	if (!is_killed && how <= 0xff)
		board_forget_end(b, pid); /* Linux says it all */
	else
		__atomic_store_n(&b->ends[(uint32_t)pid % BOARD_ENDS],
				 end_word(pid, is_killed, how), __ATOMIC_RELEASE);
}

bool board_end_of(const struct board *b, int pid, bool is_killed, uint32_t *how)
{
	uint64_t word = b ? load(&b->ends[(uint32_t)pid % BOARD_ENDS]) : 0;

	if (word >> 32 << 32 != end_word(pid, is_killed, 0))
		return false;
	*how = (uint32_t)word;
	return true;
}

void board_forget_end(struct board *b, int pid)
{
	uint64_t *at = b ? &b->ends[(uint32_t)pid % BOARD_ENDS] : 0, word = at ? load(at) : 0;

	if (word && word >> END_PROCESS == (uint32_t)pid)
		(void)replace(at, word, 0); /* else it is another's by now */
}
