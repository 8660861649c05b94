/* The cost of a process: `spawn PROGRAM N` makes and awaits N children that execute PROGRAM, and
 * prints the microseconds of the quickest fifth's slowest. */
#ifdef NATIVE
#define SYS_fork __NR_fork
#define SYS_execve __NR_execve
#define SYS_wait4 __NR_wait4
#define SYS_clock_gettime __NR_clock_gettime
#define MONOTONIC 1
#else
#define MONOTONIC 4
#endif
#include "tests/guest/guest.h"

#define MOST 1000

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

static long spawn(char *path)
{
	char *argv[] = {path, 0}, *envp[] = {0};
	long before = now(), pid = sys(SYS_fork);
	int status = -1;

	if (pid == 0) {
		sys(SYS_execve, path, argv, envp);
		quit(127);
	}
	CHECK(2, pid > 0 && sys(SYS_wait4, pid, &status, 0, 0) == pid && status == 0);
	return now() - before;
}

void test(int argc, char **argv, char **envp)
{
	static long took[MOST];
	long n;

	CHECK(1, argc == 3 && (n = number(argv[2])) > 0 && n <= MOST);
	for (long i = 0; i < n; i++) {
		long t = spawn(argv[1]), at = i;

		for (; at > 0 && took[at - 1] > t; at--)
			took[at] = took[at - 1];
		took[at] = t;
	}
	print_number(took[n / 5] / 1000);
	print("\n");
}
