/* A call from a known stack: test(), turn() as often as the first argument says, inner(); with a
 * second one, a fault instead, for core files. */
#include "tests/guest/guest.h"

#ifdef NATIVE
#define SYS_getppid __NR_getppid
#endif

static volatile long counter = 41;
static volatile bool crashes;

static noinline long inner(long n)
{
	long result;

	counter++;
	if (crashes)
		*(volatile char *)16 = 1;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(SYS_getppid)
			 : "rcx", "r11", "rdx", "r8", "r9", "r10", "memory");
	return result + n;
}

static long turn(long n);
static long (*volatile next)(long) = turn; /* a call for every turn, whatever the compiler sees */

static noinline long turn(long n)
{
	if (n > 1)
		return next(n - 1) + n;
	next = inner;
	return next(n) + n;
}

void test(int argc, char **argv, char **envp)
{
	long n = 0;

	for (const char *at = argc > 1 ? argv[1] : "1"; *at >= '0' && *at <= '9'; at++)
		n = n * 10 + *at - '0';
	crashes = argc > 2;
	CHECK(1, turn(n) >= 0);
}
