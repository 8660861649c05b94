/* A guest's call, from its registers to its registers.
 *
 * Interruptions
 * - A signal that came while a sleeping call slept makes Linux return EINTR; one that came
 *   before it began makes the gate return CALL_AGAIN.  Either way the signal is in hand,
 *   and what happens depends on what the guest wants of it.
 * - Nothing (it is blocked, ignored, or was handled by stopping): the translator is run
 *   again, as if nothing had been; timed calls keep their deadline in the call.
 * - A handler: with SA_RESTART, or when the call had not begun, the registers go back to
 *   the call instruction; else the guest sees EINTR.  Then the handler's frame is built.
 */
#include "syscalls/engine.h"
#include "syscalls/engine/resident/resident.h"
#include "syscalls/personality.h"

#include <string.h>

int get_guest(struct call *c, void *to, uint64_t from, size_t n)
{
	(void)c;
	return copy_guarded(to, (const void *)from, n);
}

int put_guest(struct call *c, uint64_t to, const void *from, size_t n)
{
	(void)c;
	return copy_guarded((void *)to, from, n);
}

int swap_guest(struct call *c, uint64_t at, uint32_t *seen, uint32_t value)
{
	(void)c;
	return at & 3 ? -EINVAL : swap_guarded((uint32_t *)at, seen, value);
}

int thread_get(struct thread *t, void *to, uint64_t from, size_t n)
{
	(void)t;
	return copy_guarded(to, (const void *)from, n);
}

int thread_put(struct thread *t, uint64_t to, const void *from, size_t n)
{
	(void)t;
	return copy_guarded((void *)to, from, n);
}

uint64_t scratch(struct call *c, size_t n)
{
	size_t at = (c->scratch_used + 15) & ~15UL;

	if (n > SCRATCH_SIZE || at > SCRATCH_SIZE - n)
		return 0;
	c->scratch_used = at + n;
	return of_thread(c->thread)->scratch_base + at;
}

void *scratch_seen(struct call *c, uint64_t at, size_t n, void *local)
{
	(void)c;
	(void)n;
	(void)local;
	return (void *)at;
}

/* A translator that makes a call its row does not declare is a hole in the allow-list's
 * derivation: stop there, where tests ask for it. */
static void check_use(const struct call *c, int nr)
{
	const int16_t *use = c->row ? c->row->uses : NULL;

	if (!c->row) /* the engine's own work: start and exec */
		return;
	for (; use && *use != END_OF_USES; use++)
		if (*use == nr)
			return;
	die(EXIT_GUISE, "%s makes Linux call %d, which its row does not declare", c->row->name, nr);
}

/* When it goes out, for the tally. */
static uint64_t watch_call(struct call *c, int nr)
{
	if (space.check_uses)
		check_use(c, nr);
	return space.tallies ? tally_goes_out(of_thread(c->thread)) : 0;
}

static __attribute__((noinline)) long watched_call(struct call *c, int nr, uint64_t a0, uint64_t a1,
						   uint64_t a2, uint64_t a3, uint64_t a4,
						   uint64_t a5)
{
	uint64_t since = watch_call(c, nr);
	long result = gate_call(c, nr, a0, a1, a2, a3, a4, a5);

	tally_came_back(of_thread(c->thread), since);
	return result;
}

long host_call(struct call *c, int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	       uint64_t a4, uint64_t a5)
{
	if (__builtin_expect(space.watches_calls, false))
		return watched_call(c, nr, a0, a1, a2, a3, a4, a5);
	return gate_call(c, nr, a0, a1, a2, a3, a4, a5);
}

static __attribute__((noinline)) long watched_wait(struct call *c, int nr, uint64_t a0, uint64_t a1,
						   uint64_t a2, uint64_t a3, uint64_t a4,
						   uint64_t a5)
{
	uint64_t since;
	long result;

	trace_begun(c->thread, 0);
	since = watch_call(c, nr);
	result = gate_wait(c, nr, a0, a1, a2, a3, a4, a5);
	tally_came_back(of_thread(c->thread), since);
	return result;
}

/* The thread woke itself before it sleeps. */
static bool is_stirred(struct call *c, int nr)
{
	if (nr != __NR_futex && nr != __NR_clock_nanosleep)
		return false;
	c->thread->stirred = false;
	c->is_cut = true;
	return true;
}

long host_wait_call(struct call *c, int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		    uint64_t a4, uint64_t a5)
{
	if (__builtin_expect(c->thread->stirred, false) && is_stirred(c, nr))
		return -EINTR;
	if (__builtin_expect(space.watches_waits, false))
		return watched_wait(c, nr, a0, a1, a2, a3, a4, a5);
	return gate_wait(c, nr, a0, a1, a2, a3, a4, a5);
}

/* ---- Words of the translators' own ------------------------------------------------- */

long engine_wait_word(struct call *c, uint32_t *word, uint32_t seen, uint64_t deadline)
{
	return host_wait(c, __NR_futex, word, FUTEX_WAIT_BITSET, seen, deadline, 0,
			 FUTEX_BITSET_MATCH_ANY);
}

void engine_wake_word(struct call *c, uint32_t *word)
{
	(void)host(c, __NR_futex, word, FUTEX_WAKE, INT32_MAX); /* who does not sleep needs none */
}

/* How the call ends, as far as signals decide it. */
enum ending {
	ENDS, /* with its result */
	RESTARTS, /* the guest makes it anew, after the handler */
	REPEATS, /* the translator runs again */
};

/* The call was cut short.  True in *delivers if a handler is to run, then info and a. */
static enum ending interrupted(struct resident *r, struct call *c, long result, bool *delivers,
			       struct signal_info *info, struct action *a)
{
	bool restarts;

	*delivers = signals_settle(r, info, a);
	if (!*delivers)
		return REPEATS;
	/* A call that runs under a mask of its own was made for this very signal. */
	restarts = (result == CALL_AGAIN && !r->thread.mask_saved) ||
		   ((a->flags & ACTION_RESTART) &&
		    (c->restarts || !(c->row->flags & ROW_NO_RESTART)));
	if (restarts)
		c->personality->restart(c);
	else
		c->personality->leave(c, -EINTR);
	return restarts ? RESTARTS : ENDS;
}

/* From what the translator, or Linux, said to the guest's registers.  The result, or
 * CALL_AGAIN where the guest is to make the call anew. */
static long settle(struct resident *r, struct call *c, long result, bool *delivers,
		   struct signal_info *info, struct action *a)
{
	enum ending ending;

	*delivers = false;
	while (is_interrupted(c, result)) {
		ending = interrupted(r, c, result, delivers, info, a);
		if (ending != REPEATS)
			return ending == ENDS ? -EINTR : CALL_AGAIN;
		result = dispatch(c);
	}
	if (result != CALL_DONE)
		c->personality->leave(c, result);
	return result;
}

static inline __attribute__((always_inline)) int finish(struct resident *r, struct call *c,
							long result, bool traced)
{
	struct signal_info info;
	struct action action;
	bool delivers;

	result = settle(r, c, result, &delivers, &info, &action);
	if (traced)
		trace_leave(c, result);
	if (delivers) {
		signals_deliver(r, &info, &action);
		return CALL_RESUMES;
	}
	if (r->thread.mask_saved) {
		r->thread.mask = r->thread.saved_mask;
		r->thread.mask_saved = false;
		engine_mask_changed(c);
	}
	return result == CALL_DONE ? CALL_RESUMES : CALL_LEAVES;
}

static __attribute__((noinline)) int make_traced(struct resident *r, struct call *c, long fetched)
{
	struct trace_entry entry;

	trace_enter(&entry, c);
	return finish(r, c, fetched < 0 ? fetched : dispatch(c), true);
}

/* Traced, counted for the tally, or both. */
static __attribute__((noinline)) int make_watched(struct resident *r, struct call *c, long fetched)
{
	int how;

	if (space.tallies)
		tally_begin(r);
	if (space.settings.flags & SETTINGS_TRACE)
		how = make_traced(r, c, fetched);
	else
		how = finish(r, c, fetched < 0 ? fetched : dispatch(c), false);
	if (space.tallies)
		tally_end(r);
	return how;
}

/* Not by an initialiser: that would clear the arguments, which are about to be written, by the
 * slow means a compiler has for it without vector registers. */
static inline __attribute__((always_inline)) void begin(struct resident *r, struct call *c)
{
	c->thread = &r->thread;
	c->personality = r->thread.process->personality;
	c->row = NULL;
	c->restarts = false;
	c->is_cut = false;
	c->has_second = false;
	c->second = 0;
	c->deadline = 0;
	c->kept = 0;
	c->scratch_used = 0;
	c->a[5] = c->a[6] = c->a[7] = 0;
}

/* To entry.S, with CALL_...: how to go on. */
static inline _Noreturn __attribute__((always_inline)) void done(int how)
{
	__asm__ volatile("jmp call_done" : : "D"(how));
	__builtin_unreachable();
}

_Noreturn void resident_call(struct resident *r)
{
	struct call c;
	long fetched;

	begin(r, &c);
	fetched = c.personality->fetch(&c);
	if (__builtin_expect(space.settings.flags & (SETTINGS_TRACE | SETTINGS_TALLY), 0))
		done(make_watched(r, &c, fetched));
	done(finish(r, &c, fetched < 0 ? fetched : dispatch(&c), false));
}

/* entry.S had Linux make the call, and it failed or was cut short.  The guest's registers are
 * as they were. */
int resident_quick(struct resident *r, long result)
{
	struct call c;

	begin(r, &c);
	(void)c.personality->fetch(&c); /* all in registers: cannot fail */
	c.row = find_row(c.personality, c.nr);
	if (is_error(result) && c.row->failed)
		result = c.row->failed(&c, result);
	return finish(r, &c, result, false);
}

/* A signal is in hand and the guest's registers are in the context. */
void resident_boundary(struct resident *r)
{
	struct signal_info info;
	struct action action;

	while (signals_settle(r, &info, &action))
		signals_deliver(r, &info, &action);
}
