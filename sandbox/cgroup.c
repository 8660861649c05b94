/* Making the sandbox's groups, being in them, removing them.
 *
 * Joining must cost next to nothing, since a sandbox is to start in a few milliseconds.
 * Moving a process takes the lock that keeps processes from forking meanwhile, and with it an
 * RCU grace period: 6 ms here.  Two ways go without (kernel/cgroup/cgroup.c, Linux 6.1):
 * a thread that moves itself alone, by writing 0 to "tasks" of version 1; and being born in
 * the group, by CLONE_INTO_CGROUP of version 2.  So process 1 is alone when it joins, before
 * it builds anything, and all it starts is in the group.
 *
 * A group of version 1 or 2 is an empty directory when it has no processes, and goes by
 * rmdir(2).  Each has a lock on its directory as long as somebody is responsible for it; one
 * without a lock was left by somebody who was killed together with the cleaner, and is
 * removed by the next sandbox that makes its own beside it. */
#include "sandbox/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/cleaner.h"
#include "sandbox/leftovers.h"
#include "sandbox/scope.h"

#define PREFIX "guise-"
/* What guise itself moves into where it must leave its own group (STEP_CGROUP with `to`). */
#define BESIDE ".outside"

static int write_at(int directory, const char *name, const char *text)
{
	AUTO_CLOSE int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* ---- Removing --------------------------------------------------------------------------- */

/* The last process has been waited for, or is just being killed: soon.  */
#define PATIENCE_MS 5000

static int remove_group(int parent, const char *name)
{
	struct timespec pause = {0, 1000000};

	for (int waited = 0; unlinkat(parent, name, AT_REMOVEDIR) < 0; waited++) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || waited > PATIENCE_MS)
			return -errno;
		(void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
	}
	return 0;
}

/* Back to how it was before come_out(). */
static int go_back(const struct cgroup *g, int parent, const char *controllers)
{
	char beside[sizeof g->name + sizeof BESIDE], cleaner[16];
	AUTO_FREE char *off = strdup(controllers);

	if (!off)
		return -ENOMEM;
	for (char *c = off; *c; c++)
		if (*c == '+')
			*c = '-';
	(void)snprintf(beside, sizeof beside, "%s%s", g->name, BESIDE); /* both fit */
	(void)snprintf(cleaner, sizeof cleaner, "%d", g->cleaner);
	if (faccessat(parent, beside, F_OK, 0) < 0)
		return 0;
	int r = write_at(parent, "cgroup.subtree_control", off);
	if (r == 0)
		r = write_at(parent, "cgroup.procs", "0");
	if (r == 0 && g->cleaner)
		r = write_at(parent, "cgroup.procs", cleaner);
	return r < 0 ? r : remove_group(parent, beside);
}

static int remove_one(const struct cgroup *g, const struct step *s)
{
	AUTO_CLOSE int parent = open_directory(s->from);

	if (parent < 0)
		return parent;
	int r = remove_group(parent, g->name);
	return r < 0 || !s->to ? r : go_back(g, parent, s->to);
}

static int remove_all(const struct box *b)
{
	int first = 0;

	for (size_t i = 0; i < b->plan->n; i++) {
		const struct step *s = &b->plan->steps[i];
		int r = s->kind == STEP_CGROUP ? remove_one(&b->cgroup, s) : 0;
		if (first == 0)
			first = r;
	}
	return first;
}

/* In the cleaner: there is nobody to tell of a failure. */
static void clean(void *box)
{
	leftovers_clean(((struct box *)box)->left);
	(void)remove_all(box);
}

static void let_go(struct cgroup *g)
{
	for (unsigned i = 0; i < g->n; i++) {
		close(g->of[i].fd);
		if (g->of[i].join >= 0)
			close(g->of[i].join);
		free(g->of[i].path);
	}
	g->n = 0;
}

void cgroup_remove(struct box *b)
{
	struct cgroup *g = &b->cgroup;
	char line[128];

	if (!*g->name)
		return;
	let_go(g);
	int r = remove_all(b);
	cleaner_stop(g->cleaner);
	if (r == 0 || !b->options->tell)
		return;
	(void)snprintf(line, sizeof line, "control group %s cannot be removed: %s", g->name,
		       strerror(-r)); /* fits */
	b->options->tell(line);
}

/* ---- Making ------------------------------------------------------------------------------- */

int step_cleaner(struct box *b, const struct step *s)
{
	struct cgroup *g = &b->cgroup;
	uint32_t chance;

	if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
		return -errno;
	(void)snprintf(g->name, sizeof g->name, PREFIX "%d-%08" PRIx32, getpid(),
		       chance); /* fits */
	g->cleaner = cleaner_start(clean, b);
	return g->cleaner < 0 ? g->cleaner : 0;
}

/* Directories that are nobody's any more. */
static void sweep(int parent)
{
	int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir)
		return; /* another time */
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_type != DT_DIR || strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		AUTO_CLOSE int group = openat(parent, e->d_name,
					      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (group >= 0 && flock(group, LOCK_EX | LOCK_NB) == 0)
			(void)unlinkat(parent, e->d_name, AT_REMOVEDIR); /* busy: it is used */
	}
	closedir(dir);
}

/* A new group, locked.  Between the two it looks like one that is nobody's.  Other users
 * cannot open it, or they could hold the lock. */
static int make_group(int parent, const char *name)
{
	for (int tries = 0; tries < 10; tries++) {
		if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
			return -errno;
		AUTO_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || flock(fd, LOCK_EX) < 0)
			return -errno;
		if (faccessat(parent, name, F_OK, 0) == 0)
			return take(&fd);
	}
	return -EBUSY;
}

/* Guise and its cleaner leave the parent, which then may give its groups controllers. */
static int come_out(const struct cgroup *g, int parent, const char *controllers)
{
	char beside[sizeof g->name + sizeof BESIDE], text[16];

	(void)snprintf(beside, sizeof beside, "%s%s", g->name, BESIDE); /* fits */
	AUTO_CLOSE int group = make_group(parent, beside);
	if (group < 0)
		return group;
	(void)snprintf(text, sizeof text, "%d", g->cleaner); /* fits */
	int r = write_at(group, "cgroup.procs", text);
	if (r == 0)
		r = write_at(group, "cgroup.procs", "0");
	return r < 0 ? r : write_at(parent, "cgroup.subtree_control", controllers);
}

/* One "file=value"; "?": where there is no such file there is nothing to limit. */
static int set_one(struct box *b, const struct step *s, int group, char *line)
{
	bool optional = *line == '?';
	char *name = line + optional;
	char *value = strchr(name, '=');

	if (!value)
		return -EINVAL;
	*value++ = 0;
	int r = write_at(group, name, value);
	if (r == 0 || (optional && r == -ENOENT))
		return 0;
	return failure_set(b->why, EXIT_GUISE, "sandbox: %s of a control group in %s: %s: %s; %s",
			   name, s->from, value, strerror(-r),
			   r == -EINVAL || r == -ERANGE
				   ? "give a value the kernel takes there"
				   : "is the limit above it lower, or the controller off?");
}

static int set_all(struct box *b, const struct step *s, int group)
{
	AUTO_FREE char *copy = strdup(s->text);
	char *rest = copy;
	int r = copy ? 0 : -ENOMEM;

	for (char *line; r == 0 && (line = strsep(&rest, "\n"));)
		if (*line)
			r = set_one(b, s, group, line);
	return r;
}

int step_cgroup(struct box *b, const struct step *s)
{
	struct cgroup *g = &b->cgroup;
	AUTO_CLOSE int parent = open_directory(s->from);

	if (parent < 0)
		return parent;
	sweep(parent);
	AUTO_CLOSE int group = make_group(parent, g->name);
	if (group < 0)
		return group;
	int r = s->to ? come_out(g, parent, s->to) : 0;
	if (r == 0)
		r = set_all(b, s, group);
	if (r < 0)
		return r;
	AUTO_CLOSE int join = openat(group, s->number == 1 ? "tasks" : "cgroup.procs",
				     O_WRONLY | O_CLOEXEC);
	AUTO_FREE char *path = NULL;
	if (join < 0 || asprintf(&path, "%s/%s", s->from, g->name) < 0)
		return join < 0 ? -errno : -ENOMEM;
	g->of[g->n++] = (struct cgroup_group){.path = take_text(&path),
					      .version = (unsigned)s->number,
					      .fd = take(&group),
					      .join = take(&join)};
	return 0;
}

/* ---- Being in them ---------------------------------------------------------------------------- */

long cgroup_clone(struct box *b, uint64_t flags)
{
	struct clone_args args = {.flags = flags | CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	struct cgroup *g = &b->cgroup;

	for (unsigned i = 0; i < g->n; i++) {
		if (g->of[i].version != 2)
			continue;
		args.cgroup = (uint64_t)g->of[i].fd;
		g->inside = true;
		long pid = syscall(SYS_clone3, &args, sizeof args);
		/* ENOSYS: so a container's filter hides clone3, whose flags it cannot see. */
		if (pid >= 0 || errno != ENOSYS)
			return pid;
		g->inside = false;
	}
	if (!(flags & CLONE_NEWTIME)) /* for which clone(2) has no bit */
		return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	args = (struct clone_args){.flags = flags, .exit_signal = SIGCHLD};
	return syscall(SYS_clone3, &args, sizeof args);
}

/* In process 1; then they are the roots of all it can see. */
int step_join(struct box *b, const struct step *s)
{
	struct cgroup *g = &b->cgroup;

	for (unsigned i = 0; i < g->n; i++) {
		if (g->of[i].version == 2 && g->inside)
			continue;
		if (write(g->of[i].join, "0", 1) < 0)
			return -errno;
	}
	let_go(g);
	return unshare(CLONE_NEWCGROUP) < 0 ? -errno : 0;
}

/* ---- What they count -------------------------------------------------------------------------------- */

static char *read_at(int directory, const char *name, char *text, size_t size)
{
	AUTO_CLOSE int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	text[n < 0 ? 0 : n] = 0;
	return n < 0 ? NULL : text;
}

/* The number after a word, or the only one ("": a file with nothing else in it). */
static void number_after(int directory, const char *name, const char *word, uint64_t *out)
{
	char text[4096];
	size_t n = strlen(word);

	for (char *line = read_at(directory, name, text, sizeof text); line && *line;) {
		if (strncmp(line, word, n) == 0 && (n == 0 || line[n] == ' ')) {
			char *end;
			uint64_t value = strtoull(line + n, &end, 10);
			if (end != line + n)
				*out = value;
			return;
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
}

/* Of all devices: "8:0 rbytes=1 wbytes=2 ..." (2), "8:0 Read 1" (1). */
static void sum_after(int directory, const char *name, const char *word, uint64_t *out)
{
	char text[8192];
	uint64_t sum = 0;
	char *at = read_at(directory, name, text, sizeof text);

	if (!at)
		return;
	while ((at = strstr(at, word))) {
		at += strlen(word);
		sum += strtoull(at, NULL, 10);
	}
	*out = sum;
}

static void scale(uint64_t *value, uint64_t times, uint64_t part)
{
	if (*value != CGROUP_UNKNOWN)
		*value = *value * times / part;
}

/* Each file is in the groups of one version and of one controller only. */
static void add_usage(int group, struct cgroup_usage *u)
{
	uint64_t nanoseconds = CGROUP_UNKNOWN;

	number_after(group, "cpu.stat", "usage_usec", &u->cpu_usec);
	number_after(group, "cpu.stat", "throttled_usec", &u->throttled_usec);
	number_after(group, "cpu.stat", "throttled_time", &nanoseconds);
	scale(&nanoseconds, 1, 1000);
	if (nanoseconds != CGROUP_UNKNOWN)
		u->throttled_usec = nanoseconds;
	number_after(group, "memory.current", "", &u->memory);
	number_after(group, "memory.usage_in_bytes", "", &u->memory);
	number_after(group, "memory.peak", "", &u->memory_most); /* Linux 5.19 */
	number_after(group, "memory.max_usage_in_bytes", "", &u->memory_most);
	number_after(group, "memory.max", "", &u->memory_limit);
	number_after(group, "memory.limit_in_bytes", "", &u->memory_limit);
	number_after(group, "memory.events", "oom_kill", &u->out_of_memory);
	number_after(group, "memory.oom_control", "oom_kill", &u->out_of_memory);
	number_after(group, "memory.events", "oom", &u->limit_hit);
	number_after(group, "pids.current", "", &u->pids);
	number_after(group, "pids.max", "", &u->pids_limit);
	sum_after(group, "io.stat", "rbytes=", &u->io_read);
	sum_after(group, "io.stat", "wbytes=", &u->io_written);
	sum_after(group, "blkio.throttle.io_service_bytes", "Read ", &u->io_read);
	sum_after(group, "blkio.throttle.io_service_bytes", "Write ", &u->io_written);
}

void cgroup_usage(const char *const *paths, size_t n, struct cgroup_usage *out)
{
	memset(out, 0xff, sizeof *out); /* CGROUP_UNKNOWN */
	for (size_t i = 0; i < n; i++) {
		AUTO_CLOSE int group = open_directory(paths[i]);
		if (group >= 0)
			add_usage(group, out);
	}
}
