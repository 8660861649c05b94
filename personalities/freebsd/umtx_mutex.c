/* FreeBSD's mutexes, UMTX_OP_MUTEX_*: struct umutex, sys/kern/kern_umtx.c, 13.2 and 15.
 *
 * The library takes and gives a free mutex by itself; the kernel comes in when another thread
 * wants it.  The word is the owner's number, and the top bit says that somebody sleeps.
 *
 * Priorities: a mutex that inherits them (UMUTEX_PRIO_INHERIT) works as one and finds that the
 * caller holds it already, but lends none: Linux's own such futex wants its own thread numbers
 * in the word, and the guest's are others.  A ceiling (UMUTEX_PRIO_PROTECT) is checked and kept;
 * it raises the priority of privileged threads only, and there are none in a sandbox.
 *
 * A robust mutex whose owner ends by a call is given up by that call.  A process that is killed
 * makes none, so who sleeps on a robust mutex looks from time to time whether its owner is. */
#include "personalities/freebsd/umtx.h"

#include "syscalls/engine.h"
#include "syscalls/process.h"

#define CONTESTED 0x80000000u
#define OWNER_DEAD (CONTESTED | 0x10)
#define NOT_RECOVERABLE (CONTESTED | 0x11)

enum { PRIO_INHERIT = 4, PRIO_PROTECT = 8, ROBUST = 0x10, NONCONSISTENT = 0x20 };
#define PROTOCOL (PRIO_INHERIT | PRIO_PROTECT)

/* struct umutex */
enum { OWNER = 0, FLAGS = 4, CEILING = 8, OLD_CEILING = 12, LINK = 16 };

#define LOOK_NS 50000000ULL /* how often a robust mutex's owner is looked for */
enum { CEILING_MAX = 31 }; /* RTP_PRIO_MAX */

struct mutex {
	uint64_t at;
	uint32_t flags;
	struct umtx_word word;
};

static int open_mutex(struct call *c, uint64_t at, struct mutex *m)
{
	int r = umtx_get(c, at + FLAGS, &m->flags);

	if (r < 0)
		return r;
	m->at = at;
	m->word = (struct umtx_word){.at = at + OWNER, .is_shared = m->flags & UMTX_SHARED};
	return (m->flags & PROTOCOL) == PROTOCOL ? -EINVAL : 0;
}

static bool is_free(uint32_t owner)
{
	return !(owner & ~CONTESTED) || owner == OWNER_DEAD || owner == NOT_RECOVERABLE;
}

/* ---- Locking -------------------------------------------------------------------------- */

/* Takes a mutex that nobody holds, seen as *owner: 0 or -EOWNERDEAD it is the caller's, 1 it is
 * not free (any more). */
static int take_free(struct call *c, const struct mutex *m, uint32_t *owner)
{
	uint32_t was = *owner, id = (uint32_t)c->thread->tid;
	int r;

	if (was == NOT_RECOVERABLE)
		return -ENOTRECOVERABLE;
	if (was == 0 && (m->flags & PRIO_PROTECT))
		return 1; /* such a mutex is contested when it is free */
	if (was != 0 && was != CONTESTED && was != OWNER_DEAD)
		return 1;
	r = swap_guest(c, m->word.at, owner, was ? id | CONTESTED : id);
	return r == 0 && was == OWNER_DEAD ? -EOWNERDEAD : r;
}

/* Is the thread of that number gone?  A process that nobody has waited for yet is. */
static bool has_ended(struct call *c, uint32_t owner)
{
	uint32_t tid = owner & ~CONTESTED;

	return tid > TID_BASE && host(c, __NR_kill, tid - TID_BASE, 0) == -ESRCH;
}

/* Who does not wait looks but once. */
static long try_dead(struct call *c, const struct mutex *m, uint32_t owner)
{
	if (!(m->flags & ROBUST) || !has_ended(c, owner))
		return -EBUSY;
	return swap_guest(c, m->word.at, &owner, OWNER_DEAD);
}

/* The mutex is another's, seen as owner: sleeps until it may not be. */
static long sleep_on_owner(struct call *c, const struct mutex *m, uint32_t owner,
			   const struct umtx_limit *l)
{
	uint64_t slice = m->flags & ROBUST ? LOOK_NS : 0;
	int r = 0;

	if (slice && has_ended(c, owner))
		r = swap_guest(c, m->word.at, &owner, OWNER_DEAD);
	else if (!(owner & CONTESTED) && !(m->flags & PRIO_PROTECT))
		r = swap_guest(c, m->word.at, &owner, owner | CONTESTED);
	else
		return umtx_sleep_on(c, &m->word, owner, l, slice);
	if (r != 0)
		return r < 0 ? r : -EAGAIN;
	return umtx_sleep_on(c, &m->word, owner | CONTESTED, l, slice);
}

static int check_ceiling(struct call *c, const struct mutex *m)
{
	uint32_t ceiling;
	int r;

	if (!(m->flags & PRIO_PROTECT))
		return 0;
	r = umtx_get(c, m->at + CEILING, &ceiling);
	return r < 0 ? r : ceiling > CEILING_MAX ? -EINVAL : 0;
}

static long attempt(struct call *c, const struct mutex *m, const struct umtx_limit *l,
		    enum umtx_mode mode)
{
	uint32_t owner = 0;
	long slept = 0, r;

	for (;;) {
		r = umtx_get(c, m->word.at, &owner);
		if (r == 0 && mode == UMTX_AWAIT && is_free(owner) && !(m->flags & PROTOCOL))
			return 0;
		if (r == 0)
			r = take_free(c, m, &owner);
		if (r <= 0)
			return r;
		if (is_free(owner) && !(owner == 0 && (m->flags & PRIO_PROTECT)))
			continue;
		if ((m->flags & PRIO_INHERIT) && (owner & ~CONTESTED) == (uint32_t)c->thread->tid)
			return -EDEADLK;
		if (slept < 0)
			return slept;
		if (mode == UMTX_TRY) {
			slept = try_dead(c, m, owner);
			if (slept < 0)
				return slept;
			continue;
		}
		slept = sleep_on_owner(c, m, owner, l);
		if (slept == -EAGAIN)
			slept = 0;
	}
}

/* A lock without a limit is gone on with after any handler. */
long umtx_mutex_lock(struct call *c, uint64_t at, const struct umtx_limit *l, enum umtx_mode mode)
{
	struct mutex m = {0};
	long r = open_mutex(c, at, &m);

	if (r == 0)
		r = check_ceiling(c, &m);
	if (r == 0)
		r = attempt(c, &m, l, mode);
	return r == -EINTR && !l->has && mode == UMTX_LOCK ? CALL_AGAIN : r;
}

/* ---- Unlocking ------------------------------------------------------------------------ */

/* The mark of sleepers is put back if one is there that no mark speaks of; the next one is
 * woken if nobody holds the mutex. */
static long repair(struct call *c, const struct mutex *m)
{
	long n = umtx_sleepers(c, &m->word), r;
	uint32_t owner;

	if (n <= 0)
		return n;
	r = umtx_get(c, m->word.at, &owner);
	while (r >= 0 && !(owner & CONTESTED) && (n > 1 || owner)) {
		r = swap_guest(c, m->word.at, &owner, owner | CONTESTED);
		if (r == 0)
			owner |= CONTESTED;
	}
	if (r < 0)
		return umtx_wake_up(c, &m->word, UMTX_ALL) < 0 ? r : -EFAULT;
	r = is_free(owner) ? umtx_wake_up(c, &m->word, 1) : 0;
	return r < 0 ? r : 0;
}

static uint32_t free_value(const struct mutex *m, bool is_dead)
{
	if (is_dead)
		return OWNER_DEAD;
	if (m->flags & NONCONSISTENT)
		return NOT_RECOVERABLE;
	return m->flags & PRIO_PROTECT ? CONTESTED : 0;
}

long umtx_mutex_unlock(struct call *c, uint64_t at, bool is_dead)
{
	uint32_t owner = 0, next;
	struct mutex m = {0};
	long r = open_mutex(c, at, &m);

	if (r == 0)
		r = umtx_get(c, m.word.at, &owner);
	if (r < 0)
		return r;
	do {
		if ((owner & ~CONTESTED) != (uint32_t)c->thread->tid)
			return -EPERM;
		next = free_value(&m, is_dead);
		if ((owner & CONTESTED) && umtx_sleepers(c, &m.word) > 1)
			next |= CONTESTED;
		r = swap_guest(c, m.word.at, &owner, next);
	} while (r > 0);
	if (r < 0 || !(owner & CONTESTED))
		return r;
	return repair(c, &m);
}

/* UMTX_OP_MUTEX_WAKE, of libraries before 9.2: a mutex with nobody else there loses its mark. */
long umtx_mutex_wake(struct call *c, uint64_t at)
{
	struct mutex m = {0};
	uint32_t owner = 0;
	long n, r = open_mutex(c, at, &m);

	if (r == 0)
		r = umtx_get(c, m.word.at, &owner);
	if (r < 0 || !is_free(owner))
		return r;
	n = umtx_sleepers(c, &m.word);
	if (n >= 0 && n <= 1 && owner == CONTESTED)
		r = swap_guest(c, m.word.at, &owner, 0);
	if (r < 0 || n < 0)
		return r < 0 ? r : n;
	return repair(c, &m);
}

/* UMTX_OP_MUTEX_WAKE2: the flags come in the call, for the mutex may be gone already. */
long umtx_mutex_repair(struct call *c, uint64_t at, uint32_t flags)
{
	const struct mutex m = {.at = at,
				.flags = flags,
				.word = {.at = at + OWNER, .is_shared = flags & UMTX_SHARED}};

	return (flags & PROTOCOL) == PROTOCOL ? -EINVAL : repair(c, &m);
}

/* ---- Ceilings ------------------------------------------------------------------------- */

/* The caller holds the mutex, or takes it for the while. */
static long write_ceiling(struct call *c, const struct mutex *m, uint32_t ceiling, uint32_t *old)
{
	static const struct umtx_limit for_ever = {0};
	uint32_t owner = 0;
	bool mine;
	long r = umtx_get(c, m->word.at, &owner);

	mine = (owner & ~CONTESTED) == (uint32_t)c->thread->tid;
	if (r == 0 && owner == OWNER_DEAD)
		return -EOWNERDEAD;
	if (r == 0 && !mine)
		r = attempt(c, m, &for_ever, UMTX_LOCK);
	if (r == 0)
		r = umtx_get(c, m->at + CEILING, old);
	if (r == 0)
		r = umtx_put(c, m->at + CEILING, ceiling);
	return r == 0 && !mine ? umtx_mutex_unlock(c, m->at, false) : r;
}

long umtx_mutex_set_ceiling(struct call *c, uint64_t at, uint32_t ceiling, uint64_t old_at)
{
	struct mutex m = {0};
	uint32_t old = 0;
	long r = open_mutex(c, at, &m);

	if (r < 0)
		return r;
	if (!(m.flags & PRIO_PROTECT) || ceiling > CEILING_MAX)
		return -EINVAL;
	r = write_ceiling(c, &m, ceiling, &old);
	return r == 0 && old_at ? umtx_put(c, old_at, old) : r;
}

/* ---- The owner's end ------------------------------------------------------------------ */

/* One mutex of a list: 0 if the list goes on at *next. */
static long give_up(struct call *c, uint64_t at, uint64_t *next, bool is_inactive)
{
	uint32_t word[2];
	int r = get_guest(c, word, at, sizeof word);

	if (r == 0)
		r = get_guest(c, next, at + LINK, sizeof *next);
	if (r < 0)
		return r;
	if (!(word[1] & ROBUST))
		return -EINVAL;
	if ((word[0] & ~CONTESTED) != (uint32_t)c->thread->tid)
		return is_inactive ? 0 : -EINVAL;
	return umtx_mutex_unlock(c, at, true);
}

static void walk(struct call *c, uint64_t head, uint64_t *inactive)
{
	enum { LIST_MAX = 1000 }; /* kern.ipc.umtx_max_robust */
	uint64_t at = 0;

	if (!head || get_guest(c, &at, head, sizeof at) < 0)
		return;
	for (int i = 0; at && i < LIST_MAX; i++) {
		bool is_inactive = at == *inactive;

		if (is_inactive)
			*inactive = 0;
		/* A list that leads nowhere ends there: nobody is left to be told. */
		if (give_up(c, at, &at, is_inactive) < 0)
			return;
	}
}

void umtx_mutex_owner_ends(struct call *c)
{
	struct thread *t = c->thread;
	uint64_t inactive = 0, next;

	if (t->robust.inactive && get_guest(c, &inactive, t->robust.inactive, sizeof inactive) < 0)
		inactive = 0;
	walk(c, t->robust.shared, &inactive);
	walk(c, t->robust.own, &inactive);
	if (inactive)
		(void)give_up(c, inactive, &next, true); /* as in walk() */
	t->robust.shared = t->robust.own = t->robust.inactive = 0;
}
