/* guise commit: applies what a program changed in an overlay whose changes were kept.
 *
 * The tree that is changed may be written to by others meanwhile, and what is applied was made
 * by somebody nobody trusts.  So each directory is opened from the one it is in and never
 * through a symbolic link, a file comes into being under another name and is renamed when it is
 * whole, and neither set-user-ID bits nor devices are applied.
 *
 * DIR stays as it is: it may be applied once more, or somewhere else, or be removed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cli/changes.h"
#include "cli/command.h"
#include "sandbox/scope.h"
#include "syscalls/abi.h"
#include "syscalls/launch.h"

#define NOT_ALL_APPLIED 1 /* exit status */
#define OVERLAY_ATTRIBUTES "user.overlay."
#define APPLIED_MODE 01777

struct given_options {
	bool dry_run;
};

#define AT(member) offsetof(struct given_options, member)
static const struct option_row rows[] = {
	{"dry-run", TAKES_NOTHING, AT(dry_run), NULL,
	 "print what would be changed, change nothing"},
};

/* A file with several names, as the first of them was applied. */
struct linked {
	dev_t device;
	ino_t number;
	char *path;
};

struct commit {
	int to[TREE_DEEPEST + 1]; /* the directory of each level */
	struct linked *linked;
	size_t n_linked;
	bool left_out; /* something was not applied */
};

/* ---- Out of the way ------------------------------------------------------------------- */

static int remove_tree(int dir, const char *name, unsigned depth);

static int remove_contents(int dir, const char *name, unsigned depth)
{
	char **names;
	AUTO_CLOSE int in = tree_enter(dir, name);

	if (in < 0)
		return in;
	if (depth == TREE_DEEPEST)
		return -ELOOP;
	long n = tree_names(in, &names);
	if (n < 0)
		return (int)n;
	int r = 0;
	for (long i = 0; r == 0 && i < n; i++)
		r = remove_tree(in, names[i], depth + 1);
	tree_names_free(names, n);
	return r;
}

static int remove_tree(int dir, const char *name, unsigned depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	int r = remove_contents(dir, name, depth);
	if (r < 0)
		return r;
	return unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* ---- Files ------------------------------------------------------------------------------ */

#define TEMPORARY_NAME 32

/* A name nobody can have prepared. */
static int temporary(char name[TEMPORARY_NAME])
{
	unsigned long long random;

	if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
		return -EAGAIN;
	(void)snprintf(name, TEMPORARY_NAME, ".guise-%016llx", random); /* fits */
	return 0;
}

static int copy_content(int from, int to)
{
	char block[65536];
	ssize_t n;

	while ((n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0)) > 0)
		;
	if (n == 0)
		return 0;
	/* Between these file systems, or from the start: the plain way, from wherever it got. */
	while ((n = read(from, block, sizeof block)) > 0)
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(to, block + done, (size_t)(n - done));
			if (w < 0)
				return -errno;
		}
	return n < 0 ? -errno : 0;
}

static int copy_attribute(int from, int to, const char *name)
{
	char value[65536]; /* XATTR_SIZE_MAX */
	ssize_t n;

	if (strncmp(name, "user.", 5) != 0 ||
	    strncmp(name, OVERLAY_ATTRIBUTES, sizeof OVERLAY_ATTRIBUTES - 1) == 0)
		return 0;
	n = fgetxattr(from, name, value, sizeof value);
	if (n < 0)
		return -errno;
	/* A file system that keeps none: the file is whole without. */
	return fsetxattr(to, name, value, (size_t)n, 0) < 0 && errno != EOPNOTSUPP ? -errno : 0;
}

static int copy_attributes(int from, int to)
{
	char names[65536]; /* XATTR_LIST_MAX */
	ssize_t n = flistxattr(from, names, sizeof names);

	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (char *name = names; name < names + n; name += strlen(name) + 1) {
		int r = copy_attribute(from, to, name);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Owner (as far as the caller may say), mode and times. */
static int settle(int fd, const struct stat *st)
{
	const struct timespec times[] = {st->st_atim, st->st_mtim};

	if (geteuid() == 0 && fchown(fd, st->st_uid, st->st_gid) < 0)
		return -errno;
	if (fchmod(fd, st->st_mode & APPLIED_MODE) < 0 || futimens(fd, times) < 0)
		return -errno;
	return 0;
}

static int make_file(int dir, const char *name, const struct change *c)
{
	AUTO_CLOSE int from = openat(c->in, c->name,
				     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return -errno;
	AUTO_CLOSE int to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	int r = copy_content(from, to);
	if (r == 0)
		r = copy_attributes(from, to);
	return r < 0 ? r : settle(to, &c->now);
}

static int make_link(int dir, const char *name, const struct change *c)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(c->in, c->name, target, sizeof target - 1);

	if (n < 0)
		return -errno;
	target[n] = 0;
	if (symlinkat(target, dir, name) < 0)
		return -errno;
	const struct timespec times[] = {c->now.st_atim, c->now.st_mtim};
	if (geteuid() == 0 &&
	    fchownat(dir, name, c->now.st_uid, c->now.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int make_pipe(int dir, const char *name, const struct change *c)
{
	const struct timespec times[] = {c->now.st_atim, c->now.st_mtim};

	if (mkfifoat(dir, name, 0600) < 0 ||
	    fchmodat(dir, name, c->now.st_mode & APPLIED_MODE, 0) < 0 ||
	    utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

/* ---- Files with several names --------------------------------------------------------------- */

static const char *find_linked(const struct commit *to, const struct stat *st)
{
	for (size_t i = 0; i < to->n_linked; i++)
		if (to->linked[i].device == st->st_dev && to->linked[i].number == st->st_ino)
			return to->linked[i].path;
	return NULL;
}

static int remember(struct commit *to, const struct change *c)
{
	struct linked *more;

	if (c->now.st_nlink < 2 || find_linked(to, &c->now))
		return 0;
	more = reallocarray(to->linked, to->n_linked + 1, sizeof *more);
	if (!more)
		return -ENOMEM;
	to->linked = more;
	more[to->n_linked] = (struct linked){c->now.st_dev, c->now.st_ino, strdup(c->path)};
	return more[to->n_linked++].path ? 0 : -ENOMEM;
}

/* Another name of what was applied before, found one directory after the other. */
static int make_name(struct commit *to, int dir, const char *name, const char *first)
{
	AUTO_FREE char *path = strdup(first);
	AUTO_CLOSE int at = fcntl(to->to[0], F_DUPFD_CLOEXEC, 3);
	char *rest = path, *part = NULL;

	if (!path || at < 0)
		return path ? -errno : -ENOMEM;
	while ((part = strsep(&rest, "/")) && rest) {
		int in = tree_enter(at, part);
		if (in < 0)
			return in;
		close(at);
		at = in;
	}
	return linkat(at, part, dir, name, 0) < 0 ? -errno : 0;
}

/* ---- Changes ---------------------------------------------------------------------------------- */

static int leave_out(struct commit *to, const struct change *c, const char *what)
{
	fprintf(stderr, "guise: ");
	tree_print_path(stderr, c->path);
	fprintf(stderr, ": %s: not applied\n", what);
	to->left_out = true;
	return 0;
}

static int make(struct commit *to, int dir, const char *name, const struct change *c)
{
	const char *first = find_linked(to, &c->now);

	if (first)
		return make_name(to, dir, name, first);
	if (S_ISLNK(c->now.st_mode))
		return make_link(dir, name, c);
	return S_ISFIFO(c->now.st_mode) ? make_pipe(dir, name, c) : make_file(dir, name, c);
}

/* What was there stays until what is to be there is whole. */
static int put(struct commit *to, int dir, const struct change *c)
{
	char name[TEMPORARY_NAME];
	int r = temporary(name);

	if (r < 0)
		return r;
	r = make(to, dir, name, c);
	if (r == 0 && S_ISDIR(c->before.st_mode))
		r = remove_tree(dir, c->name, c->depth);
	if (r == 0 && renameat(dir, name, dir, c->name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dir, name, 0); /* perhaps it was not even made */
		return r;
	}
	return remember(to, c);
}

static int change(void *context, const struct change *c)
{
	struct commit *to = context;
	int dir = to->to[c->depth];

	if (c->kind == CHANGE_REMOVED)
		return remove_tree(dir, c->name, c->depth);
	if (S_ISSOCK(c->now.st_mode))
		return leave_out(to, c, "a socket");
	if (S_ISCHR(c->now.st_mode) || S_ISBLK(c->now.st_mode))
		return leave_out(to, c, "a device");
	if (S_ISREG(c->now.st_mode) && c->now.st_mode & (S_ISUID | S_ISGID))
		(void)leave_out(to, c, "that it runs as its owner"); /* the rest of it is */
	return put(to, dir, c);
}

static int enter(void *context, const struct change *c)
{
	struct commit *to = context;
	int dir = to->to[c->depth];

	if (c->before.st_mode && !S_ISDIR(c->before.st_mode) && unlinkat(dir, c->name, 0) < 0)
		return -errno;
	if (!S_ISDIR(c->before.st_mode) && mkdirat(dir, c->name, 0700) < 0)
		return -errno;
	int in = tree_enter(dir, c->name);
	if (in < 0)
		return in;
	to->to[c->depth + 1] = in;
	return 0;
}

/* A directory that was on the way only keeps what it had. */
static int leave(void *context, const struct change *c)
{
	struct commit *to = context;
	int *in = &to->to[c->depth + 1];
	int r = c->kind == CHANGE_NONE ? 0 : settle(*in, &c->now);

	close(*in);
	*in = -1;
	return r;
}

static int print(void *context, const struct change *c)
{
	if (c->kind != CHANGE_NONE)
		changes_print(c);
	return 0;
}

static int nothing(void *context, const struct change *c)
{
	return 0;
}

/* ---- The command --------------------------------------------------------------------------------- */

static void let_go(struct commit *to)
{
	for (size_t i = 0; i <= TREE_DEEPEST; i++)
		if (to->to[i] >= 0)
			close(to->to[i]);
	for (size_t i = 0; i < to->n_linked; i++)
		free(to->linked[i].path);
	free(to->linked);
}

static int apply(const struct changes *c, const char *destination, bool dry_run,
		 struct failure *why)
{
	struct commit to = {.n_linked = 0};
	char path[TREE_PATH];
	const struct changes_visitor really = {change, enter, leave, &to};
	const struct changes_visitor only_say = {print, print, nothing, NULL};

	memset(to.to, -1, sizeof to.to);
	to.to[0] = open(destination, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to.to[0] < 0)
		return failure_set(why, EXIT_GUISE, "%s: %s; give the directory to change",
				   destination, strerror(errno));
	int r = changes_walk(c->upper, to.to[0], dry_run ? &only_say : &really, path);
	let_go(&to);
	if (r < 0)
		return failure_set(why, EXIT_GUISE,
				   "%s: %s: %s; what comes before it is applied, nothing else",
				   destination, path, strerror(-r));
	return to.left_out ? NOT_ALL_APPLIED : 0;
}

static int commit(int argc, char **argv, struct failure *why)
{
	struct given_options given = {0};
	struct changes changes;
	int first = options_parse(&command_commit, &given, argc, argv, why);

	if (first < 0)
		return first;
	if (argc - first < 1 || argc - first > 2)
		return failure_set(why, EXIT_GUISE,
				   "commit: give a directory with changes, and perhaps another to "
				   "change; see guise commit --help");
	if (changes_open(&changes, argv[first], why) < 0)
		return COMMAND_FAILED;
	const char *destination = argc - first == 2 ? argv[first + 1] : changes.origin;
	int r = apply(&changes, destination, given.dry_run, why);
	changes_close(&changes);
	return r;
}

const struct command command_commit = {
	.name = "commit",
	.operands = "DIR [DESTINATION]",
	.summary = "applies what a program changed in an overlay",
	.more = "\nDIR is where the changes were kept (guise run --overlay PATH:upper=DIR); they are\n"
		"made to PATH, or to DESTINATION.  The exit status is 1 if something, such as a\n"
		"socket, could not be applied.\n",
	.rows = rows,
	.n_rows = sizeof rows / sizeof *rows,
	.run = commit,
};
