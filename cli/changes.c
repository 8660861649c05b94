/* The upper layer of an overlay says what was changed (Documentation/filesystems/overlayfs.rst):
 *
 *   removed            a character device of number 0:0 in its place
 *   a directory anew   attribute user.overlay.opaque is "y": what is below does not show
 *   anything else      the thing itself, or a directory on the way to it
 *
 * A file may be there and be the same: it was opened for writing and nothing written.  What the
 * kernel does only with rights a sandbox has not (redirect, metacopy) is refused.
 *
 * Everything here was made by a program nobody trusts: links are never followed, directories
 * are gone into one by one, names are printed as plain text. */
#include "cli/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/overlay.h"
#include "sandbox/scope.h"
#include "syscalls/abi.h"
#include "syscalls/launch.h"

#define ATTRIBUTE(name) "user.overlay." name

/* ---- Opening ----------------------------------------------------------------------- */

static int not_kept(const char *path, struct failure *why)
{
	return failure_set(why, EXIT_GUISE,
			   "%s: holds no changes; give a directory that guise run --overlay "
			   "PATH:upper=DIR made",
			   path);
}

static char *read_origin(int dir)
{
	char text[PATH_MAX + 1];
	AUTO_CLOSE int fd = openat(dir, OVERLAY_ORIGIN, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (n <= 0 || text[0] != '/')
		return NULL;
	text[n] = 0;
	return strdup(text);
}

int changes_open(struct changes *c, const char *path, struct failure *why)
{
	*c = (struct changes){.lock = overlay_lock(path), .upper = -1};
	if (c->lock == -EWOULDBLOCK)
		return failure_set(why, EXIT_GUISE, "%s: in use; wait until the sandbox has ended",
				   path);
	if (c->lock < 0)
		return failure_set(why, EXIT_GUISE, "%s: %s; check the path", path,
				   strerror(-c->lock));
	c->upper = tree_enter(c->lock, OVERLAY_CHANGES);
	c->origin = read_origin(c->lock);
	if (c->upper >= 0 && c->origin)
		return 0;
	changes_close(c);
	return not_kept(path, why);
}

void changes_close(struct changes *c)
{
	if (c->lock >= 0)
		close(c->lock);
	if (c->upper >= 0)
		close(c->upper);
	free(c->origin);
}

/* ---- Comparing ---------------------------------------------------------------------- */

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static void look(int dir, const char *name, struct stat *st)
{
	if (dir < 0 || fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		*st = (struct stat){0};
}

static int open_file(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Whole or not at all, as far as read(2) goes. */
static ssize_t read_block(int fd, char *block, size_t size)
{
	size_t n = 0;
	ssize_t r;

	while (n < size && (r = read(fd, block + n, size - n)) != 0) {
		if (r < 0)
			return -errno;
		n += (size_t)r;
	}
	return (ssize_t)n;
}

/* What cannot be read counts as different. */
static bool same_content(int upper, int lower, const char *name)
{
	char a[16384], b[16384];
	ssize_t n;
	AUTO_CLOSE int fd_a = open_file(upper, name);
	AUTO_CLOSE int fd_b = open_file(lower, name);

	if (fd_a < 0 || fd_b < 0)
		return false;
	do {
		n = read_block(fd_a, a, sizeof a);
		if (n < 0 || read_block(fd_b, b, sizeof b) != n || memcmp(a, b, (size_t)n) != 0)
			return false;
	} while (n > 0);
	return true;
}

static bool same_target(int upper, int lower, const char *name)
{
	char a[PATH_MAX], b[PATH_MAX];
	ssize_t n = readlinkat(upper, name, a, sizeof a);

	return n >= 0 && readlinkat(lower, name, b, sizeof b) == n && memcmp(a, b, (size_t)n) == 0;
}

#define MODE_BITS 07777

static enum change_kind compare(const struct change *c, int lower)
{
	mode_t kind = c->now.st_mode & S_IFMT;

	if (!c->before.st_mode)
		return CHANGE_ADDED;
	if (kind != (c->before.st_mode & S_IFMT))
		return CHANGE_CONTENT;
	if (kind == S_IFREG &&
	    (c->now.st_size != c->before.st_size || !same_content(c->in, lower, c->name)))
		return CHANGE_CONTENT;
	if (kind == S_IFLNK && !same_target(c->in, lower, c->name))
		return CHANGE_CONTENT;
	if (kind != S_IFLNK && (c->now.st_mode & MODE_BITS) != (c->before.st_mode & MODE_BITS))
		return CHANGE_MODE;
	return CHANGE_NONE;
}

static bool has_attribute(int fd, const char *name)
{
	return fgetxattr(fd, name, NULL, 0) >= 0;
}

/* ---- Walking ------------------------------------------------------------------------- */

struct walk {
	const struct changes_visitor *v;
	char *path;
	unsigned depth;
};

static int walk_directory(struct walk *w, int upper, int lower, bool anew);

static int walk_into(struct walk *w, const struct change *c, int lower)
{
	AUTO_CLOSE int in = tree_enter(c->in, c->name);
	if (in < 0)
		return in;
	if (has_attribute(in, ATTRIBUTE("redirect")))
		return -EOPNOTSUPP;
	bool merged = S_ISDIR(c->before.st_mode);
	AUTO_CLOSE int below = merged ? tree_enter(lower, c->name) : -1;
	if (merged && below < 0)
		return below;
	if (w->depth == TREE_DEEPEST)
		return -ELOOP;
	int r = w->v->enter(w->v->context, c);
	if (r < 0)
		return r;
	w->depth++;
	r = walk_directory(w, in, below, has_attribute(in, ATTRIBUTE("opaque")));
	w->depth--;
	return r < 0 ? r : w->v->leave(w->v->context, c);
}

static bool is_metacopy(const struct change *c)
{
	if (!S_ISREG(c->now.st_mode))
		return false;
	AUTO_CLOSE int fd = open_file(c->in, c->name);
	return fd >= 0 && has_attribute(fd, ATTRIBUTE("metacopy"));
}

static int walk_entry(struct walk *w, int upper, int lower, const char *name)
{
	struct change c = {.path = w->path, .name = name, .depth = w->depth, .in = upper};

	look(upper, name, &c.now);
	look(lower, name, &c.before);
	if (is_whiteout(&c.now))
		c.now = (struct stat){0};
	if (!c.now.st_mode && !c.before.st_mode)
		return 0;
	if (!c.now.st_mode) {
		c.kind = CHANGE_REMOVED;
		return w->v->change(w->v->context, &c);
	}
	c.kind = compare(&c, lower);
	if (S_ISDIR(c.now.st_mode))
		return walk_into(w, &c, lower);
	if (is_metacopy(&c))
		return -EOPNOTSUPP;
	return c.kind == CHANGE_NONE ? 0 : w->v->change(w->v->context, &c);
}

static int walk_names(struct walk *w, int upper, int lower, char **names, long n, bool missing)
{
	for (long i = 0; i < n; i++) {
		struct stat st;
		if (missing && fstatat(upper, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		int r = tree_append(w->path, names[i]);
		if (r < 0)
			return r;
		r = walk_entry(w, upper, lower, names[i]);
		if (r < 0)
			return r;
		tree_cut(w->path);
	}
	return 0;
}

/* anew: what is only below is removed. */
static int walk_directory(struct walk *w, int upper, int lower, bool anew)
{
	char **names;
	long n = tree_names(upper, &names);

	if (n < 0)
		return (int)n;
	int r = walk_names(w, upper, lower, names, n, false);
	tree_names_free(names, n);
	if (r < 0 || !anew || lower < 0)
		return r;
	n = tree_names(lower, &names);
	if (n < 0)
		return (int)n;
	r = walk_names(w, upper, lower, names, n, true);
	tree_names_free(names, n);
	return r;
}

int changes_walk(int upper, int lower, const struct changes_visitor *v, char path[TREE_PATH])
{
	struct walk w = {.v = v, .path = path};

	path[0] = 0;
	return walk_directory(&w, upper, lower, has_attribute(upper, ATTRIBUTE("opaque")));
}

/* ---- Saying ------------------------------------------------------------------------------ */

static const char letters[] = {
	[CHANGE_NONE] = ' ', [CHANGE_ADDED] = 'A',   [CHANGE_CONTENT] = 'M',
	[CHANGE_MODE] = 'P', [CHANGE_REMOVED] = 'D',
};
const char *const changes_words[] = {
	[CHANGE_NONE] = "none", [CHANGE_ADDED] = "added",     [CHANGE_CONTENT] = "changed",
	[CHANGE_MODE] = "mode", [CHANGE_REMOVED] = "removed",
};

void changes_print(const struct change *c)
{
	char target[PATH_MAX] = "";
	ssize_t n = S_ISLNK(c->now.st_mode) ? readlinkat(c->in, c->name, target, sizeof target - 1)
					    : 0;

	target[n > 0 ? n : 0] = 0;
	printf("%c ", letters[c->kind]);
	tree_print_path(stdout, c->path);
	if (S_ISDIR(c->now.st_mode ? c->now.st_mode : c->before.st_mode))
		putchar('/');
	if (n > 0) {
		printf(" -> ");
		tree_print_path(stdout, target);
	}
	const char *risk = c->now.st_mode ? tree_risk(c->path, &c->now, target) : NULL;
	printf(risk ? "  (%s)\n" : "\n", risk);
}
