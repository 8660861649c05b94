/* What this process adds to the tally (tally.h). */
#include "syscalls/tally.h"

#include "syscalls/board.h"
#include "syscalls/engine/resident/resident.h"

#include <linux/mman.h>
#include <string.h>

#define TALLY ((struct tally *)(RESIDENT_BOARD + TALLY_AT))
_Static_assert(sizeof(struct board) <= TALLY_AT, "lies behind the board");
_Static_assert(TALLY_AT + sizeof(struct tally) <= RESIDENT_LIMIT - RESIDENT_BOARD, "layout.h");

void tally_open(void)
{
	long r = LINUX(mmap, TALLY, sizeof(struct tally), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED, HIDDEN_BOARD, TALLY_AT);

	if (is_error(r))
		die(EXIT_GUISE, "cannot map what --stats counts in: error %l", -r);
	space.tallies = true;
}

/* ---- Cells ------------------------------------------------------------------ */

/* Neighbours that are looked at; each may cost a call. */
#define CLOSE_BY 64

static bool is_gone(uint64_t owner)
{
	return LINUX(tgkill, owner >> 32, owner & UINT32_MAX, 0) == -ESRCH;
}

/* Thread numbers are given in turn, so that the cell of one's own number is mostly free. */
static struct tally_cell *find_cell(uint64_t self)
{
	for (uint32_t i = 0; i < CLOSE_BY; i++) {
		struct tally_cell *cell = &TALLY->cells[((uint32_t)self + i) % TALLY_CELLS];
		uint64_t owner = __atomic_load_n(&cell->owner, __ATOMIC_ACQUIRE);

		if (owner && owner != self && !is_gone(owner))
			continue;
		if (__atomic_compare_exchange_n(&cell->owner, &owner, self, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return cell;
	}
	return NULL;
}

void tally_join(struct resident *r, enum tally_part part, int pid)
{
	uint64_t *const counts[] = {[TALLY_PROCESS] = &TALLY->processes,
				    [TALLY_THREAD] = &TALLY->threads,
				    [TALLY_PROGRAM] = &TALLY->programs};
	uint64_t self = (uint64_t)pid << 32 | (uint32_t)r->thread.host_tid;
	struct tally_cell *cell = find_cell(self);

	if (!cell)
		__atomic_add_fetch(&TALLY->crowded, 1, __ATOMIC_RELAXED);
	r->cell = cell ? cell : &r->own_cell;
	__atomic_add_fetch(counts[part], 1, __ATOMIC_RELAXED);
}

/* ---- Sites ------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}

static const char *name_of(const struct process *p)
{
	const char *slash = strrchr(p->path, '/');

	return slash ? slash + 1 : p->path;
}

static void copy_name(char to[TALLY_NAME], const char *from)
{
	size_t n = strlen(from);

	memcpy(to, from, n < TALLY_NAME ? n : TALLY_NAME - 1); /* the rest is zero */
}

void tally_program(const struct process *p)
{
	space.program_key = 0;
	for (const char *s = p->path; *s; s++)
		space.program_key = mix(space.program_key, (unsigned char)*s);
}

static struct tally_site *find_site(const struct resident *r, uint64_t at)
{
	const struct process *p = r->thread.process;
	uint64_t key = mix(space.program_key, at) | 1;

	for (uint32_t i = 0; i < TALLY_SITES; i++) {
		struct tally_site *site = &TALLY->sites[(key + i) % TALLY_SITES];
		uint64_t seen = 0;

		if (__atomic_compare_exchange_n(&site->key, &seen, key, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE)) {
			const struct row *row = find_row(p->personality,
							 (uint32_t)r->thread.regs.rax);

			site->at = at;
			copy_name(site->program, name_of(p));
			copy_name(site->call, row ? row->name : "?");
			return site;
		}
		if (seen == key)
			return site;
	}
	return NULL;
}

#define SYSCALL_SIZE 2 /* bytes of the instruction */

void tally_trap(struct resident *r)
{
	struct tally_site *site = find_site(r, r->thread.regs.rip - SYSCALL_SIZE);

	r->cell->trapped++;
	__atomic_add_fetch(site ? &site->times : &TALLY->elsewhere, 1, __ATOMIC_RELAXED);
}

/* ---- Calls -------------------------------------------------------------------- */

static uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

void tally_begin(struct resident *r)
{
	r->tallied.went_out = false;
	r->tallied.timed = r->cell->calls % TALLY_SAMPLE == 0;
	r->tallied.in_linux = 0;
	if (r->tallied.timed)
		r->tallied.began = ticks();
}

void tally_end(struct resident *r)
{
	struct tally_cell *cell = r->cell;

	if (!r->tallied.went_out)
		cell->in_place++;
	if (!r->tallied.timed)
		return;
	uint64_t took = ticks() - r->tallied.began - r->tallied.in_linux;

	if (took > TALLY_TOO_LONG)
		return;
	cell->timed++;
	cell->ticks += took;
}

uint64_t tally_goes_out(struct resident *r)
{
	r->tallied.went_out = true;
	return r->tallied.timed ? ticks() : 0;
}

void tally_came_back(struct resident *r, uint64_t since)
{
	if (since)
		r->tallied.in_linux += ticks() - since;
}

void tally_is_linux(struct resident *r)
{
	r->tallied.went_out = true;
	r->tallied.timed = false;
}
