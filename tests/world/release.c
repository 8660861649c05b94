/* The release: sysctl, the auxiliary vector and the note are asked, and all but the note must be
 * what the argument says. */
#define BUILT_FOR 1500000
#include "tests/guest/guest.h"
#include "tests/world/elf.h"

static long number(const char *text)
{
	long n = 0;
	while (*text)
		n = 10 * n + *text++ - '0';
	return n;
}

static int asked(int *path, int depth)
{
	int value = -1;
	size_t size = sizeof value;
	return sys(SYS___sysctl, path, depth, &value, &size, 0, 0) < 0 ? -1 : value;
}

void test(int argc, char **argv, char **envp)
{
	uint64_t aux[N_AUX] = {0};
	char name[32] = {0};
	size_t size = sizeof name;

	CHECK(1, argc >= 2);
	read_aux(envp, aux);
	IS(2, aux[AT_OSRELDATE], number(argv[1]));
	IS(3, asked((int[]){1, 24}, 2), number(argv[1]));
	IS(4, asked((int[]){1, 14, 40, (int)sys(SYS_getpid)}, 4), BUILT_FOR);
	long child = sys(SYS_fork);
	if (child == 0)
		for (;;)
			sleep_ms(1000);
	IS(8, asked((int[]){1, 14, 40, (int)child}, 4), BUILT_FOR);
	sys(SYS_kill, child, 9);
	wait_for(child);
	IS(5, sys(SYS___sysctl, ((int[]){1, 2}), 2, name, &size, 0, 0), 0);
	long major = 10 * (name[0] - '0') + name[1] - '0';
	IS(6, major, number(argv[1]) / 100000);
	CHECK(7, name[2] == '.' && name[3] == argv[1][3]);
}
