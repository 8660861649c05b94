/* A guest thread's life: from stop to stop, each call from its registers to its registers.
 * How interruptions end a call is told in engine/resident/call.c: here it is the same. */
#include "syscalls/engine/ptrace/supervisor.h"
#include "syscalls/signal.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>

static void check_use(const struct call *c, int nr)
{
	const int16_t *use = c->row ? c->row->uses : NULL;

	if (!c->row) /* start and exec */
		return;
	for (; use && *use != END_OF_USES; use++)
		if (*use == nr)
			return;
	tracee_die(of_thread(c->thread), EXIT_GUISE,
		   "%s makes Linux call %d, which its row does not declare", c->row->name, nr);
}

long host_call(struct call *c, int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	       uint64_t a4, uint64_t a5)
{
	if (supervisor.settings.flags & SETTINGS_CHECK_USES)
		check_use(c, nr);
	return tracee_call(of_thread(c->thread), false, nr,
			   (const uint64_t[]){a0, a1, a2, a3, a4, a5});
}

/* The thread woke itself before it sleeps. */
static bool is_stirred(struct call *c, int nr)
{
	if (!c->thread->stirred || (nr != __NR_futex && nr != __NR_clock_nanosleep))
		return false;
	c->thread->stirred = false;
	c->is_cut = true;
	return true;
}

long host_wait_call(struct call *c, int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		    uint64_t a4, uint64_t a5)
{
	struct tracee *t = of_thread(c->thread);

	if (is_stirred(c, nr))
		return -EINTR;
	if (is_traced())
		trace_begun(c->thread, 0);
	if (supervisor.settings.flags & SETTINGS_CHECK_USES)
		check_use(c, nr);
	signals_push_mask(t);
	if (signals_wanted(t))
		return CALL_AGAIN;
	return tracee_call(t, true, nr, (const uint64_t[]){a0, a1, a2, a3, a4, a5});
}

/* ---- Words of ours that threads sleep on ---------------------------------------------- */

/* The thread sleeps in Linux, where signals and its deadline find it, on a word of its own. */
long engine_wait_word(struct call *c, uint32_t *word, uint32_t seen, uint64_t deadline)
{
	struct tracee *t = of_thread(c->thread);
	uint64_t area = tracee_area(t);
	uint32_t asleep = 0;
	long r;

	if (*word != seen)
		return -EAGAIN;
	if (!area || put_guest(c, area + AREA_SLEEP, &asleep, sizeof asleep) < 0)
		return -ENOMEM;
	if (*word != seen) /* the area had to be mapped */
		return -EAGAIN;
	t->sleeps_on = word;
	r = host_wait(c, __NR_futex, area + AREA_SLEEP, FUTEX_WAIT_BITSET, 0, deadline, 0,
		      FUTEX_BITSET_MATCH_ANY);
	t->sleeps_on = NULL;
	return r;
}

#define MOST_WOKEN 64
struct sleepers {
	const uint32_t *word;
	const struct guest *guest;
	uint64_t at[MOST_WOKEN]; /* their own words */
	size_t n;
};

static void find_sleeper(struct tracee *t, void *context)
{
	struct sleepers *s = context;

	if (t->sleeps_on == s->word && t->guest == s->guest && s->n < MOST_WOKEN) {
		t->sleeps_on = NULL;
		s->at[s->n++] = tracee_area(t) + AREA_SLEEP; /* it is mapped: t sleeps there */
	}
}

/* They share the caller's memory: it wakes them there. */
void engine_wake_word(struct call *c, uint32_t *word)
{
	struct sleepers s = {.word = word, .guest = of_thread(c->thread)->guest};

	do {
		s.n = 0;
		tracee_each(find_sleeper, &s);
		for (size_t i = 0; i < s.n; i++) {
			uint32_t awake = 1;

			if (put_guest(c, s.at[i], &awake, sizeof awake) == 0)
				(void)host(c, __NR_futex, s.at[i], FUTEX_WAKE, 1); /* or awake */
		}
	} while (s.n == MOST_WOKEN);
}

/* ---- Endings ----------------------------------------------------------------------------- */

enum ending {
	ENDS, /* with its result */
	RESTARTS, /* the guest makes it anew, after the handler */
	REPEATS, /* the translator runs again */
};

static enum ending interrupted(struct tracee *t, struct call *c, long result, bool *delivers,
			       struct signal_info *info, struct action *a)
{
	bool restarts;

	*delivers = signals_settle(t, info, a);
	if (!*delivers)
		return REPEATS;
	restarts = (result == CALL_AGAIN && !t->thread.mask_saved) ||
		   ((a->flags & ACTION_RESTART) &&
		    (c->restarts || !(c->row->flags & ROW_NO_RESTART)));
	if (restarts)
		c->personality->restart(c);
	else
		c->personality->leave(c, -EINTR);
	return restarts ? RESTARTS : ENDS;
}

/* The result, or CALL_AGAIN where the guest is to make the call anew. */
static long settle(struct tracee *t, struct call *c, long result, bool *delivers,
		   struct signal_info *info, struct action *a)
{
	*delivers = false;
	while (is_interrupted(c, result)) {
		enum ending ending = interrupted(t, c, result, delivers, info, a);

		if (ending != REPEATS)
			return ending == ENDS ? -EINTR : CALL_AGAIN;
		result = dispatch(c);
	}
	if (result != CALL_DONE)
		c->personality->leave(c, result);
	return result;
}

static void finish(struct tracee *t, struct call *c, long result)
{
	struct signal_info info;
	struct action action;
	bool delivers;

	result = settle(t, c, result, &delivers, &info, &action);
	if (is_traced())
		trace_leave(c, result);
	if (delivers) {
		signals_deliver(t, &info, &action);
		return;
	}
	if (t->thread.mask_saved) {
		t->thread.mask = t->thread.saved_mask;
		t->thread.mask_saved = false;
	}
}

static __attribute__((noinline)) void make_traced(struct tracee *t, struct call *c, long fetched)
{
	struct trace_entry entry;

	trace_enter(&entry, c);
	finish(t, c, fetched < 0 ? fetched : dispatch(c));
}

static void make_call(struct tracee *t)
{
	struct call c = {.thread = &t->thread, .personality = t->guest->process.personality};
	long fetched = c.personality->fetch(&c);

	if (is_traced())
		make_traced(t, &c, fetched);
	else
		finish(t, &c, fetched < 0 ? fetched : dispatch(&c));
}

/* The instruction of 64-bit calls leaves the way back in two registers (Intel's manual, SYSCALL);
 * another one, by which the call means something else, does not, and has other bytes. */
static bool is_system_call(struct tracee *t)
{
	const struct user_regs_struct *u = &t->user;
	unsigned char bytes[2];

	if (u->cs == USER_CS && u->rcx == u->rip && u->r11 == u->eflags)
		return true;
	return u->cs == USER_CS && thread_get(&t->thread, bytes, u->rip - 2, 2) == 0 &&
	       bytes[0] == 0x0f && bytes[1] == 0x05;
}

static void no_such_instruction(struct tracee *t)
{
	struct signal_info info = {.code = ILL_ILLOPC, .is_fault = true, .to_thread = true};

	t->thread.regs.rip -= 2;
	info.number = signal_from_host(t->guest->process.personality, SIGILL);
	info.address = t->thread.regs.rip;
	engine_raise(&t->thread, &info);
}

void tracee_live(struct tracee *t)
{
	for (;;) {
		int number;

		signals_boundary(t);
		signals_push_mask(t);
		if (tracee_run(t, &number) == STOP_SIGNAL)
			signal_arrived(t, number);
		else if (is_system_call(t))
			make_call(t);
		else
			no_such_instruction(t);
	}
}
