/* All that is traced, and the loop that hears of it. */
#include "syscalls/board.h"
#include "syscalls/descriptors.h"
#include "syscalls/engine/ptrace/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#define CHAINS 1024
static struct tracee *chains[CHAINS];

static struct tracee **chain_of(int tid)
{
	return &chains[(unsigned)tid % CHAINS];
}

struct tracee *tracee_find(int tid)
{
	struct tracee *t = *chain_of(tid);

	while (t && t->tid != tid)
		t = t->next;
	return t;
}

struct tracee *tracee_get(int tid)
{
	struct tracee *t = tracee_find(tid);

	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		die(EXIT_GUISE, "no memory for another thread");
	t->tid = tid;
	t->is_new = true;
	t->next = *chain_of(tid);
	*chain_of(tid) = t;
	return t;
}

void tracee_each(void (*look)(struct tracee *, void *), void *context)
{
	for (size_t i = 0; i < CHAINS; i++)
		for (struct tracee *t = chains[i], *next; t; t = next) {
			next = t->next;
			look(t, context);
		}
}

static void unlink_tracee(struct tracee *t)
{
	struct tracee **at = chain_of(t->tid);

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
}

/* ---- Processes ------------------------------------------------------------------- */

struct guest *guest_new(void)
{
	struct guest *g = calloc(1, sizeof *g);

	if (!g)
		die(EXIT_GUISE, "no memory for another process");
	return g;
}

static void guest_free(struct guest *g)
{
	while (g->pages) {
		struct pages *p = g->pages;

		g->pages = p->next;
		(void)munmap(p, p->bytes); /* what engine_pages() mapped */
	}
	free(g);
}

/* The thread is gone from its process. */
void guest_leave(struct tracee *t)
{
	struct guest *g = t->guest;

	if (!g)
		return;
	if (t->has_slot)
		g->space->taken[t->slot / 64] &= ~(1UL << (t->slot % 64));
	t->has_slot = false;
	t->guest = NULL;
	t->thread.process = NULL;
	if (--g->tracees)
		return;
	if (--g->space->users == 0)
		free(g->space);
	guest_free(g);
}

void *engine_pages(size_t bytes)
{
	size_t whole = (bytes + 2 * GUEST_PAGE - 1) & ~(GUEST_PAGE - 1);
	struct tracee *t = current_tracee();
	struct pages *p = mmap(NULL, whole, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p->bytes = whole;
	p->from = &t->guest->pages;
	p->next = t->guest->pages;
	t->guest->pages = p;
	return (char *)p + 64;
}

void engine_free_pages(void *pages, size_t bytes)
{
	struct pages *p = pages ? (struct pages *)((char *)pages - 64) : NULL;
	struct pages **at = p ? p->from : NULL;

	(void)bytes;
	if (!p)
		return;
	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
	(void)munmap(p, p->bytes); /* what engine_pages() mapped */
}

/* ---- Beginnings and ends ------------------------------------------------------------ */

void tracee_adopt(struct tracee *t, struct guest *g, void (*begin)(struct tracee *))
{
	t->is_new = false;
	t->guest = g;
	g->tracees++;
	t->thread.process = &g->process;
	t->thread.host_tid = t->tid;
	t->waits = true;
	coroutine_start(t, begin);
}

static void wake_maker(struct tracee *t)
{
	if (t->maker)
		t->maker->maker_waits = false;
	t->maker = NULL;
}

static void forget_maker(struct tracee *t, void *maker)
{
	if (t->maker == maker)
		t->maker = NULL;
}

static void gone(struct tracee *t)
{
	wake_maker(t);
	tracee_each(forget_maker, t);
	guest_leave(t);
	signals_forget(t);
	coroutine_free(t);
	unlink_tracee(t);
	free(t);
}

struct others {
	struct guest *guest;
	struct tracee *but;
};

static void drop_other(struct tracee *t, void *context)
{
	const struct others *o = context;

	if (t->guest == o->guest && t != o->but)
		gone(t);
}

/* The thread `former` of that process has executed the stub, and has the process's number now;
 * all others are gone. */
static void executed(struct tracee *leader, int former)
{
	struct tracee *t = tracee_find(former);
	struct others others = {t ? t->guest : leader->guest, leader};
	struct guest *g = guest_new();

	if (!others.guest)
		return;
	g->space = calloc(1, sizeof *g->space);
	if (!g->space)
		die(EXIT_GUISE, "no memory for another program");
	g->space->users = 1;
	g->process.reaper = others.guest->process.reaper;
	g->process.is_reaper = false;
	if (t && t != leader) { /* what is in hand goes on */
		struct pending *p = leader->pending;

		leader->pending = t->pending;
		t->pending = p;
		leader->host_mask = t->host_mask;
	}
	tracee_each(drop_other, &others);
	wake_maker(leader);
	leader->lender = 0;
	guest_leave(leader);
	leader->waits_for = NULL;
	leader->sleeps_on = NULL;
	leader->passes = 0;
	memset(&leader->thread, 0, sizeof leader->thread);
	tracee_adopt(leader, g, begin_program);
}

/* ---- The loop ---------------------------------------------------------------------------- */

static bool can_go_on(const struct tracee *t)
{
	if (t->is_new || !t->stack)
		return false;
	if (t->waits_for)
		return !t->waits_for->word;
	if (t->maker_waits)
		return false;
	return !t->waits || t->has_status;
}

static bool went_on;

static void go_on(struct tracee *t, void *context)
{
	(void)context;
	if (!can_go_on(t))
		return;
	went_on = true;
	t->waits_for = NULL;
	coroutine_resume(t);
}

/* Who waited for a lock, or a child, may find it free. */
static void let_all_go_on(void)
{
	do {
		went_on = false;
		if (coroutine_waiters())
			tracee_each(go_on, NULL);
	} while (went_on);
}

/* The sandbox's first process before it executes the stub: its signals are its own yet. */
static bool is_on_its_way(const struct tracee *t)
{
	return t->guest && !t->stack;
}

static void let_by(struct tracee *t)
{
	int event = t->status >> 16, number = event ? 0 : WSTOPSIG(t->status);
	bool listens = event == PTRACE_EVENT_STOP && WSTOPSIG(t->status) != SIGTRAP;

	t->has_status = false;
	(void)ptrace(listens ? PTRACE_LISTEN : PTRACE_CONT, t->tid, 0, number); /* or it is dead */
}

static void stopped(int tid, int status)
{
	struct tracee *t = tracee_get(tid);

	t->status = status;
	t->has_status = true;
	if (status >> 16 == PTRACE_EVENT_EXEC) {
		unsigned long former = (unsigned long)tid;

		(void)ptrace(PTRACE_GETEVENTMSG, tid, 0, &former); /* or it is dead already */
		executed(t, (int)former);
	}
	if (is_on_its_way(t))
		let_by(t);
	went_on = false;
	go_on(t, NULL);
	if (went_on)
		let_all_go_on();
}

void supervise(void)
{
	int status;

	for (;;) {
		int tid = waitpid(-1, &status, __WALL);

		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return;
		if (WIFSTOPPED(status)) {
			stopped(tid, status);
			continue;
		}
		struct tracee *t = tracee_find(tid);
		if (t)
			gone(t);
		let_all_go_on();
	}
}
