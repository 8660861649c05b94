/* Coroutines by ucontext: one a guest thread, and the scheduler's. */
#include "syscalls/engine/ptrace/supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Translators fit the resident's stack of 188 KiB. */
#define STACK_SIZE (256UL * 1024)
#define GUARD 4096UL

static ucontext_t scheduler;
static struct tracee *current;
static unsigned waiters;

struct tracee *current_tracee(void)
{
	return current;
}

/* makecontext(3) hands on ints. */
static void enter(unsigned low, unsigned high)
{
	struct tracee *t = (struct tracee *)((uint64_t)high << 32 | low);

	t->begin(t);
	for (;;)
		coroutine_yield();
}

void coroutine_start(struct tracee *t, void (*begin)(struct tracee *))
{
	uint64_t self = (uint64_t)t;

	waiters -= t->waits_for || t->maker_waits; /* what it did before is over */
	t->waits_for = NULL;
	t->maker_waits = false;
	t->begin = begin;
	if (!t->stack) {
		t->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
		if (t->stack == MAP_FAILED || mprotect(t->stack, GUARD, PROT_NONE) < 0)
			die(EXIT_GUISE, "no memory for a thread's translator: %s", strerror(errno));
	}
	(void)getcontext(&t->context); /* cannot fail */
	t->context.uc_stack.ss_sp = t->stack;
	t->context.uc_stack.ss_size = STACK_SIZE;
	t->context.uc_link = NULL;
	makecontext(&t->context, (void (*)(void))enter, 2, (unsigned)self, (unsigned)(self >> 32));
}

void coroutine_resume(struct tracee *t)
{
	current = t;
	(void)swapcontext(&scheduler, &t->context); /* cannot fail: the stack is there */
	current = NULL;
}

void coroutine_yield(void)
{
	struct tracee *t = current;

	(void)swapcontext(&t->context, &scheduler); /* likewise */
}

void coroutine_free(struct tracee *t)
{
	if (t->stack)
		(void)munmap(t->stack, STACK_SIZE); /* what coroutine_start() mapped */
	t->stack = NULL;
	waiters -= t->waits_for || t->maker_waits;
}

unsigned coroutine_waiters(void)
{
	return waiters;
}

void coroutine_wait_birth(struct tracee *t)
{
	waiters++;
	while (t->maker_waits)
		coroutine_yield();
	waiters--;
}

/* ---- Locks ------------------------------------------------------------------- */

/* Nothing else runs until this coroutine gives way, so there is nothing to be atomic about. */
void lock_take(struct lock *l)
{
	while (l->word) {
		current->waits_for = l;
		waiters++;
		coroutine_yield();
		waiters--;
	}
	l->word = 1;
}

void lock_release(struct lock *l)
{
	l->word = 0;
}
