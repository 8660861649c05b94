/* Overlays: a directory of the host's, writable inside, while all changes go somewhere else:
 * into memory, to be thrown away, or into a directory (overlay.h), to be looked at (guise diff)
 * and perhaps applied (guise commit).
 *
 * It is the kernel's overlayfs, mounted by the sandbox's own user namespace (Linux 5.11: option
 * userxattr, whose marks are attributes named user.overlay.*, which no right is needed for).
 * There, renaming a directory of the lower one fails with EXDEV, which mv(1) and the like know to
 * answer by copying (Documentation/filesystems/overlayfs.rst, "redirect_dir").
 *
 * The kernel takes the layers as paths in a string of options, in which commas and colons mean
 * something.  So the layers are first mounted under plain names in a scratch directory of our
 * own, which is on top of the new root meanwhile and is let go afterwards: the overlay has its
 * own hold on what it needs.  Nothing of the scratch can be reached from inside.
 */
#include "sandbox/overlay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

#define LOWER "lower" /* in the scratch directory */
#define SCAFFOLD "scaffold"
#define KEPT "kept"
#define LAYERS(in) \
	"lowerdir=" LOWER ":" SCAFFOLD ",upperdir=" in OVERLAY_CHANGES ",workdir=" in OVERLAY_WORK
#define THROWN_AWAY LAYERS("") ",userxattr,volatile" /* volatile: nobody waits for a disk */
#define KEPT_APART LAYERS(KEPT "/") ",userxattr"
#define SCRATCH_OPTIONS "mode=0700,size=1m,nr_inodes=4096"

const char *overlay_cure(int error)
{
	switch (error) {
	case -ENODEV:
		return "this kernel has no overlay file system: load or build in `overlay`";
	case -EINVAL:
		return "a directory with other file systems mounted in it, or one whose file "
		       "system cannot be part of an overlay; name those in it one by one";
	case -EROFS:
		return "what a writable directory lacks is not made there: make it first";
	default:
		return NULL;
	}
}

/* ---- Where changes are kept ------------------------------------------------------- */

int overlay_lock(const char *path)
{
	AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return take(&dir);
}

static int make_directory(int at, const char *name)
{
	return mkdirat(at, name, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* Written by the first who keeps changes here, compared by all others. */
static int check_origin(struct box *b, int dir, const struct step *s)
{
	char origin[PATH_MAX + 1] = "";
	size_t n = strlen(s->from);
	AUTO_CLOSE int made = openat(dir, OVERLAY_ORIGIN,
				     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (made >= 0)
		return write(made, s->from, n) == (ssize_t)n ? 0 : -EIO;
	if (errno != EEXIST)
		return -errno;
	AUTO_CLOSE int old = openat(dir, OVERLAY_ORIGIN, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (old < 0 || read(old, origin, sizeof origin - 1) < 0)
		return -errno;
	if (strcmp(origin, s->from) == 0)
		return 0;
	return failure_set(b->why, EXIT_GUISE,
			   "%s: holds changes to %s, not to %s; give another directory", s->to,
			   origin, s->from);
}

static bool is_empty(int dir)
{
	unsigned n = 0;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);

	while (list && n <= 2 && readdir(list)) /* two are "." and ".." */
		n++;
	if (list)
		closedir(list);
	return n == 2;
}

static bool is_empty_or_ours(int dir)
{
	return faccessat(dir, OVERLAY_ORIGIN, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || is_empty(dir);
}

/* The lock is held until the last process of the sandbox has gone. */
int step_keep(struct box *b, const struct step *s)
{
	struct stat st;
	int made = make_directory(AT_FDCWD, s->to);

	if (made < 0)
		return made;
	int dir = overlay_lock(s->to);
	if (dir == -EWOULDBLOCK)
		return failure_set(b->why, EXIT_GUISE,
				   "%s: in use by another sandbox; wait for its end, or give "
				   "another directory",
				   s->to);
	if (dir < 0)
		return dir;
	if (!is_empty_or_ours(dir))
		return failure_set(b->why, EXIT_GUISE,
				   "%s: holds other things; give an empty directory, or a new one",
				   s->to);
	int r = check_origin(b, dir, s);
	if (r == 0)
		r = make_directory(dir, OVERLAY_WORK);
	if (r < 0 || mkdirat(dir, OVERLAY_CHANGES, 0700) < 0)
		return r < 0 || errno == EEXIST ? r : -errno;
	/* The directory itself looks inside as its upper half does. */
	if (stat(s->from, &st) < 0 || fchmodat(dir, OVERLAY_CHANGES, st.st_mode & 01777, 0) < 0)
		return -errno;
	return 0;
}

/* ---- Layers ---------------------------------------------------------------------- */

/* Not what is mounted below: an overlay shows one file system. */
static int attach_at(const char *from, int scratch, const char *name)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
	AUTO_CLOSE int tree = open_tree(AT_FDCWD, from,
					OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT);

	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0 ||
	    mkdirat(scratch, name, 0700) < 0)
		return -errno;
	AUTO_CLOSE int place = openat(scratch, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return place < 0 ? -errno : tree_attach(tree, place);
}

/* ---- The root directory --------------------------------------------------------------- */

static int make_parents(int at, const char *path)
{
	AUTO_FREE char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (*copy && mkdirat(at, copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static int make_file(int at, const char *path, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	AUTO_CLOSE int file = openat(at, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);

	if (file < 0)
		return -errno;
	return !n || write(file, text, n) == (ssize_t)n ? 0 : -ENOSPC;
}

/* Where a step will put something, if it needs a place there. */
static int make_place(int at, const struct step *s)
{
	const char *path = s->to ? s->to + strspn(s->to, "/") : "";
	bool bind = s->kind == STEP_READ_ONLY || s->kind == STEP_WRITABLE;
	bool directory = s->kind == STEP_TMPFS || s->kind == STEP_OVERLAY ||
			 s->kind == STEP_OVERLAY_KEPT;
	struct stat st;

	if (!*path || !(bind || directory || s->kind == STEP_FILE))
		return 0;
	if (bind) {
		if (stat(s->from, &st) < 0)
			return -errno;
		directory = S_ISDIR(st.st_mode);
	}
	int r = make_parents(at, path);
	if (r < 0)
		return r;
	if (!directory)
		return make_file(at, path, s->kind == STEP_FILE ? s->text : NULL);
	return mkdirat(at, path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* All mount points, and the files of our own, as a layer below the lowest: so none of them has
 * to be made in the overlay, where they would count as changes. */
static int make_scaffold(struct box *b, int scratch)
{
	int r = 0;

	if (mkdirat(scratch, SCAFFOLD, 0755) < 0)
		return -errno;
	AUTO_CLOSE int at = openat(scratch, SCAFFOLD, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < b->plan->n; i++)
		r = make_place(at, &b->plan->steps[i]);
	return r;
}

/* ---- The mount ---------------------------------------------------------------------- */

static int make_upper(int scratch)
{
	struct stat st;

	if (mkdirat(scratch, OVERLAY_CHANGES, 0700) < 0 || mkdirat(scratch, OVERLAY_WORK, 0700) < 0)
		return -errno;
	if (fstatat(scratch, LOWER, &st, 0) < 0 ||
	    fchmodat(scratch, OVERLAY_CHANGES, st.st_mode & 01777, 0) < 0)
		return -errno;
	return 0;
}

static bool is_root(const struct step *s)
{
	return strcmp(s->to, "/") == 0;
}

/* With the scratch directory as working directory. */
static int make_in(struct box *b, int scratch, const struct step *s)
{
	bool kept = s->kind == STEP_OVERLAY_KEPT;
	int r = attach_at(s->from, scratch, LOWER);

	if (r == 0)
		r = is_root(s) ? make_scaffold(b, scratch) : make_directory(scratch, SCAFFOLD);
	if (r == 0)
		r = kept ? attach_at(s->text, scratch, KEPT) : make_upper(scratch);
	if (r < 0 || fchdir(scratch) < 0)
		return r < 0 ? r : -errno;
	return filesystem_make("overlay", kept ? KEPT_APART : THROWN_AWAY);
}

static int make_overlay(struct box *b, const struct step *s)
{
	AUTO_CLOSE int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int scratch = tmpfs_make(s->kind == STEP_OVERLAY ? s->text : SCRATCH_OPTIONS);

	if (here < 0)
		return -errno;
	if (scratch < 0)
		return scratch;
	place_forget(b);
	int r = tree_attach(scratch, b->root);
	if (r < 0)
		return r;
	AUTO_CLOSE int mount = make_in(b, scratch, s);
	if (fchdir(scratch) < 0 || umount2(".", MNT_DETACH) < 0 || fchdir(here) < 0)
		return -errno;
	return take(&mount);
}

/* Instead of the root directory that was there: not on top of it, since step_pivot() lets go of
 * one mount, the old root. */
static int become_root(struct box *b, int mount)
{
	AUTO_CLOSE int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int place = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (here < 0 || place < 0 || fchdir(b->root) < 0 || umount2(".", MNT_DETACH) < 0 ||
	    fchdir(here) < 0)
		return -errno;
	int r = tree_attach(mount, place);
	if (r < 0)
		return r;
	close(b->root);
	close(b->own[0].fd); /* the old one: nothing else is there yet */
	b->n_own = 0;
	b->root = fcntl(mount, F_DUPFD_CLOEXEC, 3);
	b->root_is_overlay = true;
	return b->root < 0 ? -errno : 0;
}

/* Mount points in what is thrown away may be made there; in what is kept they would be kept. */
int step_overlay(struct box *b, const struct step *s)
{
	AUTO_CLOSE int mount = make_overlay(b, s);
	if (mount < 0)
		return mount;
	int r = is_root(s) ? become_root(b, mount) : place_attach(b, mount, s->to, true);
	bool others = s->kind == STEP_OVERLAY_KEPT && !is_root(s);
	return r < 0 || others ? r : place_own(b, take(&mount), false);
}
