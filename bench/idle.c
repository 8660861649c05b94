/* `idle N`: N processes that sleep, for those who look at their memory from outside. */
#ifdef NATIVE
#define SYS_fork __NR_fork
#define SYS_nanosleep __NR_nanosleep
#endif
#include "bench/stubs.h"

static noinline void sleep_for_ever(void)
{
	long hour[2] = {3600, 0};
	for (;;)
		sys(SYS_nanosleep, hour, 0);
}

void test(int argc, char **argv, char **envp)
{
	long n;

	CHECK(1, argc == 2 && (n = number(argv[1])) > 0 && n <= 1000);
	while (n-- > 0) {
		long pid = sys(SYS_fork);
		CHECK(2, pid >= 0);
		if (pid == 0)
			sleep_for_ever();
	}
	print("ready\n");
	sleep_for_ever();
}
