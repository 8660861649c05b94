/* Steps that build the new root.  Until the pivot, absolute paths mean the host's (the
 * process's root is still the old one) and b->root is the new root. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

/* The new root is put on top of "/": a place that is always there.  This process goes on
 * using the old one, which is what its root refers to, until step_pivot(). */
int step_root(struct box *b, const struct step *s)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	AUTO_CLOSE int root = tmpfs_make(s->text);
	if (root < 0)
		return root;
	AUTO_CLOSE int place = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place < 0)
		return -errno;
	int r = tree_attach(root, place);
	if (r < 0)
		return r;
	b->root = fcntl(root, F_DUPFD_CLOEXEC, 3);
	return b->root < 0 ? -errno : place_own(b, take(&root), true);
}

int step_base(struct box *b, const struct step *s)
{
	AUTO_CLOSE int from = open(s->from, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return from < 0 ? -errno : place_mirror(b, from, b->root);
}

int step_tmpfs(struct box *b, const struct step *s)
{
	/* One that will be read-only is as good as a directory of the root's, but for who is told what is
	 * mounted where. */
	if (!s->number && b->options->native && place_is_ours(b, s->to))
		return 0;
	AUTO_CLOSE int mount = tmpfs_make(s->text);
	if (mount < 0)
		return mount;
	int r = place_attach(b, mount, s->to, true);
	return r < 0 ? r : place_own(b, take(&mount), !s->number);
}

/* Documentation/filesystems/devpts.rst: every mount is its own instance; ptmx is made
 * usable by the option.  All instances together have kernel.pty.max (4096). */
#define MOST_TERMINALS "256"
int step_pts(struct box *b, const struct step *s)
{
	AUTO_CLOSE int fs = fsopen("devpts", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "ptmxmode", "0666", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0620", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "max", MOST_TERMINALS, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	AUTO_CLOSE int mount = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return mount < 0 ? -errno : place_attach(b, mount, s->to, true);
}

/* STEP_READ_ONLY and STEP_WRITABLE: files, directories, and what is mounted below them. */
int step_bind(struct box *b, const struct step *s)
{
	struct statfs fs;
	struct stat st;
	AUTO_CLOSE int tree = tree_clone(AT_FDCWD, s->from, 0, s->kind == STEP_WRITABLE);

	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0 || fstatfs(tree, &fs) < 0)
		return -errno;
	if (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC)
		return -EPERM;
	return place_attach(b, tree, s->to, S_ISDIR(st.st_mode));
}

/* One empty file, which nobody can fill. */
static int make_empty_file(void)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC};
	AUTO_CLOSE int store = tmpfs_make("mode=0555,size=4k,nr_inodes=2");
	if (store < 0)
		return store;
	AUTO_CLOSE int made = openat(store, "empty", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
	if (made < 0)
		return -errno;
	AUTO_CLOSE int file = open_tree(store, "empty", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (file < 0 || mount_setattr(file, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return -errno;
	return take(&file);
}

/* A directory's stands in for it until the end, so that what the user wants shown below it
 * has a place; then it is sealed. */
int step_hide(struct box *b, const struct step *s)
{
	struct stat st;
	place_forget(b);
	AUTO_CLOSE int place = place_find(b, s->to);
	if (place < 0)
		return place;
	if (fstat(place, &st) < 0)
		return -errno;
	bool directory = S_ISDIR(st.st_mode);
	AUTO_CLOSE int empty = directory ? tmpfs_make("mode=0555,size=1m,nr_inodes=4096")
					 : make_empty_file();
	if (empty < 0)
		return empty;
	int r = tree_attach(empty, place);
	return r < 0 || !directory ? r : place_own(b, take(&empty), true);
}

/* Found from inside, and not through a symbolic link: a program that ran here before may have
 * left one, and what that leads to is not to be shown because of it.  A mount point cannot be
 * renamed or removed either. */
int step_freeze(struct box *b, const struct step *s)
{
	struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
	struct stat st;

	place_forget(b);
	AUTO_CLOSE int place = (int)syscall(SYS_openat2, b->root, s->to, &how, sizeof how);
	if (place < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENOTDIR ? 0 : -errno;
	if (fstat(place, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return 0;
	AUTO_CLOSE int tree = tree_clone(place, "", AT_EMPTY_PATH, false);
	return tree < 0 ? tree : tree_attach(tree, place);
}

/* One device of the host's, if it is the one it is called. */
int step_device(struct box *b, const struct step *s)
{
	/* Read-only: a device is written to all the same, but its owner cannot change its mode. */
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC |
					      MOUNT_ATTR_RDONLY};
	struct stat st;
	AUTO_CLOSE int tree = open_tree(AT_FDCWD, s->from,
					OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	if (tree < 0 || fstat(tree, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode) || st.st_rdev != s->number)
		return -ENODEV;
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return -errno;
	return place_attach(b, tree, s->to, false);
}

int step_link(struct box *b, const struct step *s)
{
	const char *name;
	AUTO_CLOSE int parent = -1;
	int r = place_make(b, s->to, &parent, &name);

	if (r < 0)
		return r;
	return symlinkat(s->text, parent, name) < 0 ? -errno : 0;
}

int step_file(struct box *b, const struct step *s)
{
	const char *name;
	size_t n = strlen(s->text);

	if (b->root_is_overlay)
		return 0; /* there, unless a program that ran before removed it */
	AUTO_CLOSE int parent = -1;
	int r = place_make(b, s->to, &parent, &name);

	if (r < 0)
		return r;
	AUTO_CLOSE int file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (file < 0)
		return -errno;
	ssize_t written = write(file, s->text, n);
	if (written < 0)
		return -errno;
	return (size_t)written == n ? 0 : -ENOSPC;
}

/* Our own directories keep their contents and take no more. */
int step_seal(struct box *b, const struct step *s)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	for (unsigned i = 0; i < b->n_own; i++) {
		if (b->own[i].fd < 0)
			continue;
		if (mount_setattr(b->own[i].fd, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
			return -errno;
		close(b->own[i].fd);
	}
	b->n_own = 0;
	return 0;
}

/* What is mounted on top of the root directory is found by going up from it. */
static int check_nothing_on_top(const struct box *b)
{
	struct stat root, up;

	if (fstat(b->root, &root) < 0 || stat("/..", &up) < 0)
		return -errno;
	return root.st_dev == up.st_dev && root.st_ino == up.st_ino ? 0 : -EXDEV;
}

/* What is mounted nowhere, and used by its descriptor alone, gets a place after all, in the old root,
 * and goes with that.  Otherwise it would go by the close of the descriptor, or the end of process 1,
 * and the kernel would wait once more for every processor to have noticed. */
static int put_into_old_root(struct box *b)
{
	const int nowhere[] = {b->foreign, b->processes, b->queues};
	AUTO_CLOSE int place = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	for (size_t i = 0; place >= 0 && r == 0 && i < sizeof nowhere / sizeof *nowhere; i++)
		if (nowhere[i] >= 0)
			r = tree_attach(nowhere[i], place);
	b->proc = take(&place);
	return r;
}

/* pivot_root(2), "." "."; the old root ends up on top of the new one and is let go with all
 * that is mounted in it. */
int step_pivot(struct box *b, const struct step *s)
{
	int r = put_into_old_root(b);

	place_forget(b);
	if (r < 0)
		return r;
	if (fchdir(b->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	r = check_nothing_on_top(b);
	if (r < 0)
		return r;
	close(b->root);
	b->root = -1;
	return 0;
}

int step_enter(struct box *b, const struct step *s)
{
	return chdir(s->to) < 0 ? -errno : 0;
}
