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

static long now(void)
{
	long t[2];
	sys(SYS_clock_gettime, MONOTONIC, t);
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
			sys(SYS_getpid);
	else if (!strcmp(what, "getppid"))
		for (long i = 0; i < n; i++)
			sys(SYS_getppid);
	else if (!strcmp(what, "read"))
		for (long i = 0; i < n; i++)
			sys(SYS_read, fd, &byte, 1);
	else if (!strcmp(what, "clock"))
		for (long i = 0; i < n; i++)
			now();
	else
		quit(3);
	long took = now() - before;
	print_number(took / n);
	print("\n");
}
