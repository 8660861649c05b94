/* The front of guise: `guise run`, begun without glibc.
 *
 * A program that is linked with glibc asks the processor what it is some ninety times before
 * main(): the sizes of its caches, its extensions.  Each of these questions leaves a virtual
 * machine and comes back, 4 us on the machines our numbers are of: 0.4 ms, a sixth of a whole
 * start.  musl asks nothing.  But the libraries that guise uses (libelf, Jansson, libyaml,
 * libunwind, libseccomp) are distributed for glibc.
 *
 * So the file has both: the whole guise with glibc, whose _start is where it would be, and the
 * same sources once more with musl, as far as a start needs them.  Those come first: the file's
 * entry is front_start (entry.S).  If the front is asked for anything but a plain `guise run`, or
 * comes to a function of a library that musl has not got, it jumps to _start, with the stack as
 * the kernel left it, and the whole begins as if nothing had been.  What one of them has linked
 * the other cannot call (front/link): the two share what was made of no source (images, filters)
 * and nothing else.
 *
 * That is right as long as nothing was done yet that would be done twice.  Until the sandbox is
 * made, `guise run` only reads; and what is called once it is made is all there with musl
 * (front/link refuses to link otherwise).
 */
#include <elf.h>
#include <linux/binfmts.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "front/front.h"

/* What only the whole can do may be wished for by options that say so before anything is done.
 * Also a program's own are looked at: then the whole begins in vain. */
static bool is_for_whole(char **argv)
{
	static const char *const wishes[] = {"--check", "--core", "--stats"};

	for (; *argv; argv++)
		for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
			if (strncmp(*argv, wishes[i], strlen(wishes[i])) == 0)
				return true;
	return false;
}

/* As glibc does it: what only the linker writes stays as it is. */
static void protect_constants(int protection)
{
	const Elf64_Phdr *p = (const Elf64_Phdr *)getauxval(AT_PHDR);

	for (size_t i = getauxval(AT_PHNUM); p && i-- > 0; p++) {
		const uint64_t from = p->p_vaddr & ~4095UL,
			       to = (p->p_vaddr + p->p_memsz) & ~4095UL;
		if (p->p_type == PT_GNU_RELRO && mprotect((void *)from, to - from, protection) < 0)
			abort(); /* it is mapped, and whole pages */
	}
}

static int front_main(int argc, char **argv, char **environment)
{
	bool for_kernel = getauxval(AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0;

	if ((!for_kernel && (argc < 3 || strcmp(argv[1], "run") != 0)) || is_for_whole(argv))
		front_whole();
	protect_constants(PROT_READ);
	return main(argc, argv);
}

/* musl's own, which its crt1.o calls. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*loader)(void));

_Noreturn void front_begin(long *stack)
{
	__libc_start_main(front_main, (int)stack[0], (char **)(stack + 1), NULL, NULL, NULL);
	abort(); /* it does not return */
}

void front_leave(void)
{
	siginfo_t child;

	if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0) {
		/* It has begun already: a defect that front/link should have found. */
		fputs("guise: the front lacks a function\n", stderr);
		abort();
	}
	protect_constants(PROT_READ | PROT_WRITE); /* the whole's start writes there */
}
