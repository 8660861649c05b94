/* The cost of a process: `spawn PROGRAM N` makes and awaits N children that execute PROGRAM, and
 * prints the microseconds of the quickest fifth's slowest. */
#include "bench/stubs.h"

STUB(fork, 2, 57);
STUB(wait4, 7, 61);
STUB(execve, 59, 59);

#define MOST 1000

static long spawn(char *path)
{
	char *argv[] = {path, 0}, *envp[] = {0};
	long before = now(), pid = do_call(fork);
	int status = -1;

	if (pid == 0) {
		do_call(execve, path, argv, envp);
		quit(127);
	}
	CHECK(2, pid > 0 && do_call(wait4, pid, &status, 0, 0) == pid && status == 0);
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
