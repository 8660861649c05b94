/* What a program leaves behind in a directory that is the host's is read and run there later, by
 * git, a shell, an editor, or somebody who looks for what it made.  The report names, of what it
 * created or changed, what tree_risk() knows a danger of, and counts the rest.
 *
 * The kernel says when an inode was changed last, by the host's clock, which nobody in a sandbox
 * can set nor change on a file (the time of a change is no attribute to be set); and when it was
 * made, where the file system keeps that.  So nothing has to be remembered from before.  What is
 * gone cannot be told that way: an overlay and guise diff tell everything.
 *
 * Looking is done from the outside, when everything inside has ended, and never through a link. */
#include "cli/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/tree.h"
#include "sandbox/scope.h"
#include "syscalls/launch.h"

struct search {
	const struct report *report;
	unsigned long others;
	unsigned depth;
	char path[TREE_PATH]; /* within the tree */
	const char *root;
};

int report_open(struct report *r, const char *path, struct failure *why)
{
	*r = (struct report){.path = path};
	if (!path)
		return 0;
	/* Coarse: as the kernel stamps files. */
	if (clock_gettime(CLOCK_REALTIME_COARSE, &r->begin) < 0)
		return failure_set(why, EXIT_GUISE, "--report: no clock: %s", strerror(errno));
	r->out = output_open("--report", path, why);
	return r->out ? 0 : -1;
}

/* ---- Looking -------------------------------------------------------------------------- */

static bool since(const struct report *r, const struct statx_timestamp *t)
{
	if (t->tv_sec != r->begin.tv_sec)
		return t->tv_sec > r->begin.tv_sec;
	return (long)t->tv_nsec >= r->begin.tv_nsec;
}

static void tell(struct search *s, const struct statx *x, const char *target, const char *risk)
{
	bool made = x->stx_mask & STATX_BTIME && since(s->report, &x->stx_btime);
	FILE *out = s->report->out;
	char whole[PATH_MAX + TREE_PATH];

	/* Fits. */
	(void)snprintf(whole, sizeof whole, "%s%s%s", s->root, *s->path ? "/" : "", s->path);
	fprintf(out, "%c ", made ? 'A' : 'M');
	tree_print_path(out, whole);
	if (*target) {
		fprintf(out, " -> ");
		tree_print_path(out, target);
	}
	fprintf(out, "  (%s)\n", risk);
}

static void judge(struct search *s, int dir, const char *name, const struct statx *x)
{
	const struct stat st = {.st_mode = x->stx_mode};
	char target[PATH_MAX] = "";
	ssize_t n = S_ISLNK(x->stx_mode) ? readlinkat(dir, name, target, sizeof target - 1) : 0;

	target[n > 0 ? n : 0] = 0;
	const char *risk = tree_risk(*s->path ? s->path : s->root, &st, target);
	if (risk)
		tell(s, x, target, risk);
	else
		s->others++;
}

static int search_directory(struct search *s, int dir);

static int search_entry(struct search *s, int dir, const char *name)
{
	struct statx x;

	/* Others may be at work here, too. */
	if (statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &x) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (since(s->report, &x.stx_ctime))
		judge(s, dir, name, &x);
	if (!S_ISDIR(x.stx_mode))
		return 0;
	if (s->depth == TREE_DEEPEST)
		return -ELOOP;
	AUTO_CLOSE int in = tree_enter(dir, name);
	if (in < 0)
		return in == -ENOENT || in == -ENOTDIR || in == -ELOOP ? 0 : in;
	s->depth++;
	int r = search_directory(s, in);
	s->depth--;
	return r;
}

static int search_directory(struct search *s, int dir)
{
	char **names;
	long n = tree_names(dir, &names);
	int r = n < 0 ? (int)n : 0;

	for (long i = 0; r == 0 && i < n; i++) {
		r = tree_append(s->path, names[i]);
		if (r == 0)
			r = search_entry(s, dir, names[i]);
		if (r == 0)
			tree_cut(s->path);
	}
	tree_names_free(names, n);
	return r;
}

/* A place of the plan: a directory, or a single file. */
static int search_place(struct search *s)
{
	struct statx x;
	AUTO_CLOSE int dir = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0)
		return search_directory(s, dir);
	if (errno != ENOTDIR ||
	    statx(AT_FDCWD, s->root, 0, STATX_BASIC_STATS | STATX_BTIME, &x) < 0)
		return -errno;
	if (since(s->report, &x.stx_ctime))
		judge(s, AT_FDCWD, s->root, &x);
	return 0;
}

/* What could not be looked at is said: it may be what was hidden there. */
static void search(struct search *s)
{
	int r = search_place(s);

	if (r == 0)
		return;
	fprintf(s->report->out, "? ");
	tree_print_path(s->report->out, s->root);
	putc('/', s->report->out);
	tree_print_path(s->report->out, s->path);
	fprintf(s->report->out, "  (cannot be looked at: %s)\n", strerror(-r));
}

/* Part of a place that is looked through anyway. */
static bool is_within_another(const struct plan *plan, size_t of)
{
	const char *path = plan->steps[of].from;

	for (size_t i = 0; i < plan->n; i++) {
		const char *above = plan->steps[i].from;
		size_t n = above ? strlen(above) : 0;
		if (i == of || plan->steps[i].kind != STEP_WRITABLE || strncmp(path, above, n) != 0)
			continue;
		if (path[n] == '/' || (path[n] == 0 && i < of))
			return true;
	}
	return false;
}

int report_write(struct report *r, const struct plan *plan, struct failure *why)
{
	struct search s = {.report = r};

	if (!r->out)
		return 0;
	for (size_t i = 0; i < plan->n; i++)
		if (plan->steps[i].kind == STEP_WRITABLE && !is_within_another(plan, i)) {
			s.root = plan->steps[i].from;
			s.path[0] = 0;
			search(&s);
		}
	fprintf(r->out, "%lu other files and directories were created or changed\n", s.others);
	return output_close(r->out, "--report", r->path, why);
}
