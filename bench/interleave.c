/* Times several commands, one after the other and back again, so that what else the machine does
 * falls on all of them alike.
 *
 *     interleave ROUNDS FILE -- NAME COMMAND... [-- NAME COMMAND...]...
 *
 * A line each: name, least, median and 90th percentile in milliseconds from start to end, processor
 * time, the median of the ratios to the second one in the same round, how many failed.  Descriptors
 * 0-2 are /dev/null; 9 is FILE, opened anew for each.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_CASES 16
#define WARM_UP 3

extern char **environ;

struct one {
	const char *name;
	char **argv;
	double *wall, *cpu;
	int failed, status;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double used(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
}

static void run(struct one *c, int round, const posix_spawn_file_actions_t *null)
{
	double began = now();
	struct rusage usage;
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, c->argv[0], null, NULL, c->argv, environ) != 0) {
		c->failed++;
		return;
	}
	if (wait4(pid, &status, 0, &usage) < 0)
		exit(2);
	if (round < 0)
		return;
	c->wall[round] = now() - began;
	c->cpu[round] = used(&usage);
	if (status) {
		c->failed++;
		c->status = status;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The q-th part of n values, which stay as they are. */
static double at(const double *v, int n, double q)
{
	double *sorted = malloc((size_t)n * sizeof *sorted), r;

	if (!sorted)
		exit(2);
	memcpy(sorted, v, (size_t)n * sizeof *sorted);
	qsort(sorted, (size_t)n, sizeof *sorted, compare);
	r = sorted[(int)((double)(n - 1) * q)];
	free(sorted);
	return r;
}

static void print(const struct one *c, const struct one *base, int n)
{
	double *ratio = malloc((size_t)n * sizeof *ratio);

	if (!ratio)
		exit(2);
	for (int i = 0; i < n; i++)
		ratio[i] = c->wall[i] / base->wall[i];
	printf("%-36s %8.2f %8.2f %8.2f %8.2f %8.2f  %d/%d", c->name, at(c->wall, n, 0),
	       at(c->wall, n, 0.5), at(c->wall, n, 0.9), at(c->cpu, n, 0.5), at(ratio, n, 0.5),
	       c->failed, n);
	if (c->failed)
		printf(" (status 0x%x)", (unsigned)c->status);
	putchar('\n');
	free(ratio);
}

int main(int argc, char **argv)
{
	struct one cases[MAX_CASES] = {0};
	posix_spawn_file_actions_t null;
	int n = 0, rounds = argc > 1 ? atoi(argv[1]) : 0;

	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "--") != 0 || n == MAX_CASES || i + 2 >= argc ||
		    (n && cases[n - 1].argv == NULL))
			continue;
		argv[i] = NULL;
		cases[n++] = (struct one){.name = argv[i + 1],
					  .argv = argv + i + 2,
					  .wall = calloc((size_t)rounds, sizeof(double)),
					  .cpu = calloc((size_t)rounds, sizeof(double))};
	}
	if (rounds < 1 || n < 2) {
		fprintf(stderr,
			"usage: interleave ROUNDS FILE -- NAME COMMAND... -- NAME COMMAND...\n");
		return 2;
	}
	posix_spawn_file_actions_init(&null);
	for (int fd = 0; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(&null, fd, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_addopen(&null, 9, argv[2], O_RDONLY, 0);
	for (int r = -WARM_UP; r < rounds; r++)
		for (int i = 0; i < n; i++)
			run(&cases[r & 1 ? n - 1 - i : i], r, &null);
	printf("%-36s %8s %8s %8s %8s %8s  %s\n", "", "min ms", "median", "90 %", "cpu", "x floor",
	       "failed");
	for (int i = 0; i < n; i++)
		print(&cases[i], &cases[1], rounds);
	return 0;
}
