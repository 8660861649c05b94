/* Limits the kernel keeps for each process, and the sandbox's part of what is its user's. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

/* ---- Of each process ------------------------------------------------------------------ */

static enum limit_kind kind_named(const char *name)
{
	enum limit_kind kind = 0;

	while (kind < LIMIT_KINDS && strcmp(limit_name(kind), name) != 0)
		kind++;
	return kind;
}

static rlim_t least(rlim_t a, rlim_t b)
{
	return a < b ? a : b;
}

/* A hard limit: nobody inside has the right to raise it again.  What the caller has less of
 * stays so.  The count of processes goes up by the sandbox's process 1. */
int step_limit(struct box *b, const struct step *s)
{
	enum limit_kind kind = kind_named(s->text);
	rlim_t most = s->number + (kind == LIMIT_PIDS);
	struct rlimit limit;

	if (kind == LIMIT_KINDS || getrlimit(limit_resource(kind), &limit) < 0)
		return kind == LIMIT_KINDS ? -EINVAL : -errno;
	limit.rlim_max = least(limit.rlim_max, most);
	limit.rlim_cur = b->options->limits.of[kind].given ? limit.rlim_max
							   : least(limit.rlim_cur, limit.rlim_max);
	return setrlimit(limit_resource(kind), &limit) < 0 ? -errno : 0;
}

/* Since Linux 5.14 the count is the user namespace's own (Documentation of the change:
 * kernel/ucount.c); there are users it does not hold, so it is tried: with room for no
 * process at all, a fork must fail. */
int step_limit_holds(struct box *b, const struct step *s)
{
	struct rlimit limit, none;

	if (getrlimit(RLIMIT_NPROC, &limit) < 0)
		return -errno;
	none = limit;
	none.rlim_cur = 0;
	if (setrlimit(RLIMIT_NPROC, &none) < 0)
		return -errno;
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	int error = errno;
	if (pid == 0)
		_exit(0);
	if (pid > 0) {
		(void)waitpid((pid_t)pid, NULL, 0); /* it has ended or will at once */
		return failure_set(b->why, EXIT_GUISE,
				   "--%s: this user's processes are not counted here; run guise as "
				   "another user, or give --best-effort too",
				   limit_name(LIMIT_PIDS));
	}
	return setrlimit(RLIMIT_NPROC, &limit) < 0 ? -errno : error == EAGAIN ? 0 : -error;
}

/* ---- Of the user ----------------------------------------------------------------------- */

/* What the kernel counts for a user, over all of the user's sandboxes, is given to each by
 * half at most: what is outside goes on working.  Nobody inside is to have real-time
 * priority, whatever the user may. */
static const struct {
	int resource;
	unsigned parts; /* one of so many; 0: nothing */
} shares[] = {
	{RLIMIT_SIGPENDING, 2}, {RLIMIT_MSGQUEUE, 2}, {RLIMIT_MEMLOCK, 2},
	{RLIMIT_RTPRIO, 0},	{RLIMIT_NICE, 0},
};

/* Documentation/admin-guide/sysctl/user.rst: of this user namespace, and counted for those
 * above it too, where Linux 6.1 gives a user 128 instances. */
#define COUNTS "sys/user/"
static const struct {
	const char *path, *most;
	bool refused; /* to programs that make their own calls: only residents watch so */
} counts[] = {
	{COUNTS "max_inotify_instances", "64", false},
	{COUNTS "max_inotify_watches", "65536", false},
	{COUNTS "max_fanotify_groups", "64", true},
	{COUNTS "max_fanotify_marks", "65536", true},
};

static int share(int resource, unsigned parts)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -errno;
	if (parts && limit.rlim_max == RLIM_INFINITY)
		return 0; /* nothing is counted */
	limit.rlim_max = parts ? limit.rlim_max / parts : 0;
	limit.rlim_cur = least(limit.rlim_cur, limit.rlim_max);
	return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

int step_share(struct box *b, const struct step *s)
{
	for (size_t i = 0; i < COUNT_OF(shares); i++) {
		int r = share(shares[i].resource, shares[i].parts);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Where /proc/sys is read-only (in a container) the user's own limits are all there is. */
int step_counts(struct box *b, const struct step *s)
{
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		if (!counts[i].refused || !b->options->native)
			(void)beside_write(b, counts[i].path, counts[i].most);
	return 0;
}

/* kernel/pid.c, Linux 6.14: a fork fails with EAGAIN when there is no number left. */
int step_numbers(struct box *b, const struct step *s)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRIu64, s->number + 1); /* fits */
	return beside_write(b, LIMITS_NUMBERS, text);
}

/* proc(5), oom_score_adj: half of all memory more than it has.  So what is killed in a
 * shortage is in the sandbox, be it many small processes, before anything of the host's
 * that has not grown as large as that. */
#define FIRST_TO_GO 500

int step_first_to_go(struct box *b, const struct step *s)
{
	char path[32] = "self/oom_score_adj", text[16];

	if (b->init)
		(void)snprintf(path, sizeof path, "%d/oom_score_adj", (int)b->init); /* fits */
	/* Without it (a container may mask /proc) the kernel's own choice stands. */
	if (beside_read(b, path, text, sizeof text) < 0 || atoi(text) >= FIRST_TO_GO)
		return 0;
	(void)snprintf(text, sizeof text, "%d", FIRST_TO_GO); /* fits */
	(void)beside_write(b, path, text); /* as above */
	return 0;
}
