/* What a sandbox uses: its control groups' counts where it has some, and for the rest the
 * sum over process 1 and what descends from it, read from /proc (proc(5)).
 *
 * A process that has ended is counted with the one that waited for it, so of processor time
 * nothing is lost but what a process itself used whose parent ignored SIGCHLD.  Shared pages
 * count for each process that has them.  What /proc does not show (hidepid, another user's
 * processes) is not counted. */
#include "sandbox/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

#define MOST_PROCESSES 65536

static ssize_t read_file(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/%s", pid, name); /* fits */
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
	text[n < 0 ? 0 : n] = 0;
	return n;
}

/* stat, behind the name: fields 14 to 17 are times, 24 the resident pages. */
static void add_stat(pid_t pid, struct usage *u)
{
	char text[1024];
	uint64_t user, system, children_user, children_system, pages;
	const char *behind;

	if (read_file(pid, "stat", text, sizeof text) < 0)
		return;
	behind = strrchr(text, ')');
	if (!behind || sscanf(behind + 1,
			      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u"
			      " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			      " %*d %*d %*d %*d %*u %*u %" SCNu64,
			      &user, &system, &children_user, &children_system, &pages) != 5)
		return;
	u->cpu_usec += (user + system + children_user + children_system) * 1000000 /
		       (uint64_t)sysconf(_SC_CLK_TCK);
	u->memory += pages * (uint64_t)sysconf(_SC_PAGESIZE);
	u->processes++;
}

static uint64_t line_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void add_io(pid_t pid, struct usage *u)
{
	char text[512];

	if (read_file(pid, "io", text, sizeof text) < 0)
		return; /* process 1 does not let itself be looked into */
	u->read += line_of(text, "\nread_bytes: ");
	u->written += line_of(text, "\nwrite_bytes: ");
}

static size_t add_children_of(pid_t pid, long thread, pid_t *list, size_t n)
{
	char name[64], text[65536];

	(void)snprintf(name, sizeof name, "task/%ld/children", thread); /* fits */
	if (read_file(pid, name, text, sizeof text) <= 0)
		return n;
	for (char *at = text, *end; n < MOST_PROCESSES; at = end) {
		long child = strtol(at, &end, 10);
		if (end == at)
			break;
		list[n++] = (pid_t)child;
	}
	return n;
}

/* Any of its threads may have started some. */
static size_t add_children(pid_t pid, pid_t *list, size_t n)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/task", pid); /* fits */
	DIR *threads = opendir(path);
	if (!threads)
		return n; /* it has just ended */
	for (struct dirent *e; (e = readdir(threads));)
		if (e->d_name[0] != '.')
			n = add_children_of(pid, strtol(e->d_name, NULL, 10), list, n);
	closedir(threads);
	return n;
}

static void walk(pid_t first, struct usage *u)
{
	AUTO_FREE pid_t *list = calloc(MOST_PROCESSES, sizeof *list);
	size_t n = 1;

	if (!list)
		return;
	list[0] = first;
	for (size_t i = 0; i < n; i++) {
		add_stat(list[i], u);
		add_io(list[i], u);
		n = add_children(list[i], list, n);
	}
}

static void prefer(uint64_t *to, uint64_t counted)
{
	if (counted != CGROUP_UNKNOWN)
		*to = counted;
}

void usage_of(const struct box *b, struct usage *out)
{
	const char *paths[CONTROLLERS];
	struct cgroup_usage groups;

	*out = (struct usage){.memory_limit = USAGE_UNKNOWN};
	walk(b->init, out);
	if (!b->cgroup.n)
		return;
	for (unsigned i = 0; i < b->cgroup.n; i++)
		paths[i] = b->cgroup.of[i].path;
	cgroup_usage(paths, b->cgroup.n, &groups);
	prefer(&out->cpu_usec, groups.cpu_usec);
	prefer(&out->memory, groups.memory);
	prefer(&out->memory_limit, groups.memory_limit);
	prefer(&out->read, groups.io_read);
	prefer(&out->written, groups.io_written);
	out->by_groups = 1;
}
