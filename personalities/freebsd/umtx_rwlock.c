/* FreeBSD's read-write locks, UMTX_OP_RW_*: struct urwlock, sys/kern/kern_umtx.c, 13.2 and 15.
 *
 * Readers and writers sleep on the one state word and are told apart by the bits they can be
 * woken by.  Who leaves last takes the mark of his kind off the state, and then looks whether
 * another came meanwhile; that one is woken, and puts the mark back. */
#include "personalities/freebsd/umtx.h"

#define WRITE_OWNER 0x80000000u
#define WRITE_WAITERS 0x40000000u
#define READ_WAITERS 0x20000000u
#define READERS 0x1fffffffu
#define PREFER_READER 2u

enum { STATE = 0, FLAGS = 4, BLOCKED_READERS = 8, BLOCKED_WRITERS = 12 };
enum { WHO_READS = 1, WHO_WRITES = 2 };

/* What a reader or a writer does where the other does otherwise. */
struct side {
	uint32_t who, mark, takes; /* takes: added to the state by the lock */
	uint32_t blocked; /* offset of the count of sleepers */
};
static const struct side reader = {WHO_READS, READ_WAITERS, 1, BLOCKED_READERS};
static const struct side writer = {WHO_WRITES, WRITE_WAITERS, WRITE_OWNER, BLOCKED_WRITERS};

static long wake_side(struct call *c, struct umtx_word w, const struct side *s, uint32_t n)
{
	w.who = s->who;
	return umtx_wake_up(c, &w, n);
}

/* After a sleep: one less, and what the last one leaves behind. */
static long leave(struct call *c, uint64_t at, const struct umtx_word *w, const struct side *s)
{
	uint32_t was, left;
	long r = umtx_add(c, at + s->blocked, (uint32_t)-1, &was);

	if (r < 0 || was != 1)
		return r;
	r = umtx_change(c, at + STATE, 0, s->mark);
	if (r == 0)
		r = umtx_get(c, at + s->blocked, &left);
	if (r == 0 && left)
		r = wake_side(c, *w, s, UMTX_ALL);
	return r < 0 ? r : 0;
}

/* The state keeps the caller out, as seen in *state: sleeps until it may be otherwise. */
static long sleep_marked(struct call *c, uint64_t at, const struct umtx_word *w,
			 const struct side *s, uint32_t state, const struct umtx_limit *l)
{
	uint32_t was;
	long r = umtx_add(c, at + s->blocked, 1, &was), left;

	if (r < 0)
		return r;
	if (!(state & s->mark))
		r = swap_guest(c, at + STATE, &state, state | s->mark);
	if (r == 0)
		r = umtx_sleep_on(c, w, state | s->mark, l, 0);
	else if (r > 0)
		r = -EAGAIN;
	left = leave(c, at, w, s);
	return left < 0 ? left : r;
}

/* A writer that gave up must not keep out readers that waited for it. */
static void let_readers_in(struct call *c, uint64_t at, const struct umtx_word *w)
{
	uint32_t state;

	if (umtx_get(c, at + STATE, &state) == 0 && !(state & (WRITE_OWNER | WRITE_WAITERS)))
		(void)wake_side(c, *w, &reader, UMTX_ALL); /* the caller has an error already */
}

static long lock(struct call *c, uint64_t at, const struct side *s, uint32_t closed,
		 struct umtx_word *w, const struct umtx_limit *l)
{
	uint32_t state;
	long slept = 0, r;

	w->who = s->who;
	for (;;) {
		r = umtx_get(c, at + STATE, &state);
		while (r >= 0 && !(state & closed)) {
			if (s == &reader && (state & READERS) == READERS)
				return -EAGAIN;
			r = swap_guest(c, at + STATE, &state, state + s->takes);
			if (r == 0)
				return 0;
		}
		if (r < 0 || slept < 0)
			break;
		slept = sleep_marked(c, at, w, s, state, l);
		if (slept == -EAGAIN)
			slept = 0;
	}
	if (s == &writer)
		let_readers_in(c, at, w);
	return r < 0 ? r : slept;
}

static int open_lock(struct call *c, uint64_t at, struct umtx_word *w, uint32_t *flags)
{
	int r = umtx_get(c, at + FLAGS, flags);

	if (r == 0)
		*w = (struct umtx_word){.at = at + STATE, .is_shared = *flags & UMTX_SHARED};
	return r;
}

long umtx_read_lock(struct call *c, uint64_t at, uint32_t how, const struct umtx_limit *l)
{
	struct umtx_word w = {0};
	uint32_t flags;
	int r = open_lock(c, at, &w, &flags);

	if (r < 0)
		return r;
	return lock(c, at, &reader,
		    (flags | how) & PREFER_READER ? WRITE_OWNER : WRITE_OWNER | WRITE_WAITERS, &w,
		    l);
}

long umtx_write_lock(struct call *c, uint64_t at, const struct umtx_limit *l)
{
	struct umtx_word w = {0};
	uint32_t flags;
	int r = open_lock(c, at, &w, &flags);

	return r < 0 ? r : lock(c, at, &writer, WRITE_OWNER | READERS, &w, l);
}

/* Gives up what is held, and *state says how it was then. */
static int release(struct call *c, uint64_t at, uint32_t *state)
{
	int r = umtx_get(c, at + STATE, state);
	bool wrote = r == 0 && (*state & WRITE_OWNER);

	if (r < 0)
		return r;
	do {
		if (wrote ? !(*state & WRITE_OWNER) : !(*state & READERS))
			return -EPERM;
		r = swap_guest(c, at + STATE, state, wrote ? *state & ~WRITE_OWNER : *state - 1);
	} while (r > 0);
	return r;
}

long umtx_rw_unlock(struct call *c, uint64_t at)
{
	struct umtx_word w = {0};
	uint32_t flags, state;
	bool readers_first;
	long r = open_lock(c, at, &w, &flags);

	if (r == 0)
		r = release(c, at, &state);
	if (r < 0)
		return r;
	readers_first = (flags & PREFER_READER) || !(state & WRITE_WAITERS);
	if (readers_first && (state & READ_WAITERS))
		r = wake_side(c, w, &reader, UMTX_ALL);
	else if (state & WRITE_WAITERS)
		r = wake_side(c, w, &writer, 1);
	return r < 0 ? r : 0;
}
