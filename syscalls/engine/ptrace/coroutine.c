/* Coroutines: one a guest thread, and the scheduler's.
 *
 * Each guest call goes to one and back twice.  swapcontext(3) would make a system call each time, for
 * a signal mask that is the same in all of them: a tenth of what such a call takes in all. */
#include "syscalls/engine/ptrace/supervisor.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Translators fit the resident's stack of 188 KiB. */
#define STACK_SIZE (256UL * 1024)
#define GUARD 4096UL

static void *scheduler; /* its stack, while a coroutine runs */
static struct tracee *current;
static unsigned waiters;

struct tracee *current_tracee(void)
{
	return current;
}

/* void switch_stacks(void **from, void *to): goes on where the other left off, which finds the
 * registers its caller expects to be kept (System V ABI, AMD64 supplement, 3.2.1) on its stack. */
void switch_stacks(void **from, void *to);
__asm__(".pushsection .text\n"
	".type switch_stacks, @function\n"
	"switch_stacks:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	".popsection");

/* What a new one finds there. */
struct beginning {
	uint64_t registers[6];
	void (*enter)(void);
	uint64_t nobody; /* where enter() would return to; aligns its frame */
};

static _Noreturn void enter(void)
{
	current->begin(current);
	for (;;)
		coroutine_yield();
}

void coroutine_start(struct tracee *t, void (*begin)(struct tracee *))
{
	struct beginning *beginning;

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
	beginning = (struct beginning *)(t->stack + STACK_SIZE) - 1;
	*beginning = (struct beginning){.enter = enter};
	t->left_at = beginning;
}

void coroutine_resume(struct tracee *t)
{
	current = t;
	switch_stacks(&scheduler, t->left_at);
	current = NULL;
}

void coroutine_yield(void)
{
	struct tracee *t = current;

	switch_stacks(&t->left_at, scheduler);
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
