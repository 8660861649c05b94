/* The cost of one call: `calls WHAT N` makes N of them in a row and prints nanoseconds each. */
#ifdef NATIVE
#define SYS_getpid __NR_getpid
#define SYS_getppid __NR_getppid
#define SYS_read __NR_read
#define SYS_clock_gettime __NR_clock_gettime
#define SYS_openat __NR_openat
#define MONOTONIC 1
#else
#define MONOTONIC 4
#endif
#include "tests/guest/guest.h"

#ifdef NATIVE
#define call(nr, a, b, c) sys(nr, a, b, c)
#else
/* The stub every libc of the system makes a call with: what programs really execute. */
#define STUB(nr) \
	__asm__(".pushsection .text\n.balign 16\nstub_" #nr ": mov $" #nr ", %eax\n" \
		"mov %rcx, %r10\nsyscall\nret\n.popsection\n")
STUB(3);
STUB(20);
STUB(39);
STUB(232);
long stub_3(long, long, long), stub_20(long, long, long), stub_39(long, long, long),
	stub_232(long, long, long);
_Static_assert(SYS_read == 3 && SYS_getpid == 20 && SYS_getppid == 39 && SYS_clock_gettime == 232,
	       "the stubs' numbers");
#define call(nr, a, b, c) \
	((nr) == SYS_read      ? stub_3(a, b, c) \
	 : (nr) == SYS_getpid  ? stub_20(a, b, c) \
	 : (nr) == SYS_getppid ? stub_39(a, b, c) \
			       : stub_232(a, b, c))
#endif

static long now(void)
{
	long t[2];
	call(SYS_clock_gettime, MONOTONIC, (long)t, 0);
	return t[0] * 1000000000 + t[1];
}

static long number(const char *s)
{
	long n = 0;
	while (*s)
		n = n * 10 + *s++ - '0';
	return n;
}

void test(int argc, char **argv, char **envp)
{
	char byte;
	CHECK(1, argc == 3);
	long n = number(argv[2]), fd = sys(SYS_openat, -100, "/dev/zero", 0);
	CHECK(2, fd >= 0);
	const char *what = argv[1];
	long before = now();
	if (!strcmp(what, "getpid"))
		for (long i = 0; i < n; i++)
			call(SYS_getpid, 0, 0, 0);
	else if (!strcmp(what, "getppid"))
		for (long i = 0; i < n; i++)
			call(SYS_getppid, 0, 0, 0);
	else if (!strcmp(what, "read"))
		for (long i = 0; i < n; i++)
			call(SYS_read, fd, (long)&byte, 1);
	else if (!strcmp(what, "clock"))
		for (long i = 0; i < n; i++)
			now();
	else
		quit(3);
	long took = now() - before;
	print_number(took / n);
	print("\n");
}
