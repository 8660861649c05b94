/* What the kernel executes in a sandbox whose program makes its own calls instead of another
 * system's program (foreign.c): it says what is to be done, and nothing else.
 *
 * A program of its own, without libc, as small as can be: a copy of it in memory is made at every
 * start.  The path of what was to be executed is its argv[1] (binfmt_misc, flag P). */
#include <asm/unistd.h>
#include <linux/uio.h>

#include "syscalls/launch.h"

#define STDERR 2

static long call(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return r;
}

static struct iovec text(const char *from)
{
	struct iovec t = {(void *)from, 0};

	while (from[t.iov_len])
		t.iov_len++;
	return t;
}

__attribute__((used)) _Noreturn void refusal_start(long *stack);

_Noreturn void refusal_start(long *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	const struct iovec line[] = {
		text("guise: "),
		text(stack[0] > 1 ? argv[1] : "?"),
		text(": another system's program, started by a Linux program that makes its own "
		     "calls; run that with 'guise run --engine resident'\n"),
	};

	(void)call(__NR_writev, STDERR, (long)line, 3); /* nobody else to tell */
	for (;;)
		(void)call(__NR_exit_group, EXIT_NOT_RUNNABLE, 0, 0);
}

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call refusal_start\n");
