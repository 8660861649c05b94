/* Signals: sys/signal.h. */
#ifndef GUEST_SIGNAL_H
#define GUEST_SIGNAL_H

#include "tests/guest/bsd.h"

struct sigset {
	uint32_t bits[4];
};
struct sigaction {
	void *handler;
	struct sigset mask;
	int flags;
};
_Static_assert(sizeof(struct sigaction) == 32, "sys/signal.h");

/* The library's own: lib/libc/arch/x86_64/sys/__sigtramp2.S; r15 is the context. */
void return_from_handler(void);
__asm__(".pushsection .text\n"
	"return_from_handler: mov %r15, %rdi\nmov $308, %eax\nsyscall\nhlt\n"
	".popsection\n");
_Static_assert(SYS_setcontext == 308, "the trampoline's number");

static inline long set_action(int signal, const struct sigaction *new, struct sigaction *old)
{
	return sys(SYS___sigaction_sigtramp, signal, new, old, return_from_handler, 2);
}

#endif
