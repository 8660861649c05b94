/* What the measured programs share.  STUB(name, number, Linux's number) is the stub a libc makes
 * that call with, for both systems: what programs really execute. */
#ifndef STUBS_H
#define STUBS_H

#include "tests/guest/guest.h"

#define STUB_(name, nr) \
	long name(long, long, long, long, long, long); \
	__asm__(".pushsection .text\n.balign 16\n" #name ": mov $" #nr ", %eax\n" \
		"mov %rcx, %r10\nsyscall\nret\n.popsection\n")
#ifdef NATIVE
#define STUB(name, nr, native) STUB_(name, native)
#define MONOTONIC 1
#else
#define STUB(name, nr, native) \
	_Static_assert(SYS_##name == (nr), "the stub's number"); \
	STUB_(name, nr)
#define MONOTONIC 4
#endif

/* With the arguments it takes. */
#define do_call(name, ...) CALL_ARGS(name __VA_OPT__(, ) __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_ARGS(name, a, b, c, d, e, f, ...) \
	name((long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

STUB(read, 3, 0);
STUB(write, 4, 1);
STUB(clock_gettime, 232, 228);
STUB(pipe2, 542, 293);

/* ns */
static inline long now(void)
{
	long t[2];
	do_call(clock_gettime, MONOTONIC, t);
	return t[0] * 1000000000 + t[1];
}

/* Where steps begins to count, and ends. */
static inline void mark(void)
{
	__asm__ volatile("int3" : : : "memory");
}

static inline long number(const char *s)
{
	long n = 0;
	while (*s)
		n = n * 10 + *s++ - '0';
	return n;
}

#endif
