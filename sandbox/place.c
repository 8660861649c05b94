/* Places in the new root.
 *
 * A path inside is always resolved as the program will see it: with the new root as its
 * root, whatever symbolic links the directories shown there contain (openat2 with
 * RESOLVE_IN_ROOT), and things are mounted on the descriptor that came of it.  So a
 * hostile directory cannot lead a mount, or the making of a mount point, out to the host.
 *
 * Mount points that are missing are made only in directories of our own, in memory.  Where
 * one is missing in a read-only directory of the host's, that directory is first replaced
 * by one of ours that shows the same entries (place_mirror()); nothing is ever created on
 * the host.  A symbolic link that leads to nothing (/etc/resolv.conf in many a root directory)
 * is followed, inside: what it leads to is made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

#define DEEPEST 64
#define MOST_ENTRIES 8192
#define MIRROR_OPTIONS "mode=0755,size=1m,nr_inodes=16384"

/* ---- Mounts, not yet anywhere ------------------------------------------------- */

/* The tree at that path of the host, as a mount of its own; flags: 0 or AT_SYMLINK_NOFOLLOW. */
int tree_clone(int at, const char *path, unsigned flags, bool writable)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					      (writable ? 0 : MOUNT_ATTR_RDONLY)};
	AUTO_CLOSE int tree = open_tree(at, path,
					OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE |
						AT_NO_AUTOMOUNT | flags);

	if (tree < 0)
		return -errno;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0)
		return -errno;
	return take(&tree);
}

int tree_attach(int tree, int place)
{
	if (move_mount(tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

/* options: "key=value,key=value" */
static int configure(int fs, const char *options)
{
	AUTO_FREE char *copy = strdup(options);
	char *rest = copy;

	if (!copy)
		return -ENOMEM;
	for (char *key; (key = strsep(&rest, ","));) {
		char *value = strchr(key, '=');
		if (value)
			*value++ = 0;
		if (fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) <
		    0)
			return -errno;
	}
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -errno : 0;
}

/* A file system of its own, not for set-user-ID files or devices: its mount. */
int filesystem_make(const char *type, const char *options)
{
	AUTO_CLOSE int fs = fsopen(type, FSOPEN_CLOEXEC);

	if (fs < 0)
		return -errno;
	int r = configure(fs, options);
	if (r < 0)
		return r;
	int mount = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return mount < 0 ? -errno : mount;
}

int tmpfs_make(const char *options)
{
	return filesystem_make("tmpfs", options);
}

/* ---- Our own directories --------------------------------------------------------- */

/* Keeps the mount (the descriptor becomes the box's): to be sealed in the end, or not. */
int place_own(struct box *b, int mount, bool sealed)
{
	struct stat st;

	if (b->n_own == BOX_OWN || fstat(mount, &st) < 0) {
		close(mount);
		return -ENOSPC;
	}
	b->own[b->n_own++] = (struct own){.device = st.st_dev, .fd = sealed ? mount : -1};
	if (!sealed)
		close(mount);
	return 0;
}

static bool is_own(const struct box *b, int dir)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return false;
	for (unsigned i = 0; i < b->n_own; i++)
		if (b->own[i].device == st.st_dev)
			return true;
	return false;
}

/* ---- Beside the one before --------------------------------------------------------- */

/* Most places are made in the directory where the one before was, one of ours: what can be made
 * there was not there, so it leads nowhere else.  Nobody but this process changes our directories,
 * and what has been mounted since was put on things in that one, not over it: whoever mounts
 * anything elsewhere lets go of it first. */
void place_forget(struct box *b)
{
	if (!b->beside.path)
		return;
	free(b->beside.path);
	close(b->beside.dir);
	b->beside.path = NULL;
}

static int remember(struct box *b, const char *path, int dir)
{
	struct beside near = {.dir = fcntl(dir, F_DUPFD_CLOEXEC, 3)};
	bool root = strcmp(path, "/") == 0;

	if (near.dir < 0)
		return -errno;
	if (asprintf(&near.path, "%s/", root ? "" : path) < 0) {
		close(near.dir);
		return -ENOMEM;
	}
	place_forget(b);
	b->beside = near;
	return 0;
}

/* The path's name in that directory; NULL if it is elsewhere. */
static const char *name_beside(const struct box *b, const char *path)
{
	size_t n = b->beside.path ? strlen(b->beside.path) : 0;
	const char *name = path + n;

	if (!n || strncmp(path, b->beside.path, n) != 0 || !*name || strchr(name, '/'))
		return NULL;
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? NULL : name;
}

static int make(int dir, const char *name, bool directory)
{
	if (directory ? mkdirat(dir, name, 0755) : mknodat(dir, name, S_IFREG | 0644, 0))
		return -errno;
	return 0;
}

/* Mounts the tree on what was just made there by that name. */
static int attach_made(int tree, int dir, const char *name)
{
	return move_mount(tree, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

/* ---- Mirrors -------------------------------------------------------------------------- */

/* Views of the host's processes and kernel are left out: an empty directory instead. */
static bool is_host_view(int tree)
{
	struct statfs fs;

	return fstatfs(tree, &fs) == 0 &&
	       (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

static int mirror_link(int from, int to, const char *name)
{
	char target[4096];
	ssize_t n = readlinkat(from, name, target, sizeof target - 1);

	if (n < 0)
		return -errno;
	target[n] = 0;
	return symlinkat(target, to, name) < 0 ? -errno : 0;
}

static int mirror_mount(int from, int to, const char *name, bool directory)
{
	int r = make(to, name, directory);
	if (r < 0)
		return r;
	AUTO_CLOSE int tree = tree_clone(from, name, AT_SYMLINK_NOFOLLOW, false);
	if (tree < 0)
		return tree == -EACCES ? 0 : tree; /* the caller cannot look: nor can the program */
	return is_host_view(tree) ? 0 : attach_made(tree, to, name);
}

/* A directory of the root's that something of ours is put over. */
static bool is_covered(const struct box *b, const char *name)
{
	for (size_t i = 0; i < b->plan->n; i++) {
		const struct step *s = &b->plan->steps[i];
		if (s->kind == STEP_TMPFS && s->to[0] == '/' && strcmp(s->to + 1, name) == 0)
			return true;
	}
	return false;
}

/* A DT_... of readdir(3); not all file systems know theirs. */
static int find_type(int from, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type;
	if (fstatat(from, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return (int)IFTODT(st.st_mode);
}

static int mirror_entry(const struct box *b, int from, int to, const struct dirent *e)
{
	int type = find_type(from, e);

	if (type == DT_DIR && to == b->root && is_covered(b, e->d_name))
		return make(to, e->d_name, true);
	switch (type) {
	case DT_LNK:
		return mirror_link(from, to, e->d_name);
	case DT_DIR:
	case DT_REG:
		return mirror_mount(from, to, e->d_name, type == DT_DIR);
	default:
		if (type < 0)
			return type;
		return 0; /* sockets, pipes and devices stay outside */
	}
}

/* Shows everything in directory `from` in directory `to` of ours, read-only. */
int place_mirror(struct box *b, int from, int to)
{
	unsigned n = 0;
	int r = 0;
	int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir)
		return -errno;
	for (struct dirent *e; r == 0 && (e = readdir(dir));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = ++n > MOST_ENTRIES ? -E2BIG : mirror_entry(b, dirfd(dir), to, e);
	}
	closedir(dir);
	return r;
}

/* A directory of ours takes the place of dir and shows the same. */
static int replace_directory(struct box *b, int dir)
{
	place_forget(b);
	int mount = tmpfs_make(MIRROR_OPTIONS);

	if (mount < 0)
		return mount;
	int r = tree_attach(mount, dir);
	if (r == 0)
		r = place_mirror(b, dir, mount);
	if (r == 0)
		return place_own(b, mount, true);
	close(mount);
	return r;
}

/* ---- Paths ------------------------------------------------------------------------------ */

/* Opens (O_PATH) what is at that path inside. */
int place_find(const struct box *b, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, b->root, path, &how, sizeof how);

	return fd < 0 ? -errno : fd;
}

static int open_or_make(struct box *b, const char *path, bool directory, unsigned depth);

/* "/a/b/c" -> "/a/b" (to be freed) and "c"; trailing slashes do not count. */
static char *split(const char *path, const char **name)
{
	char *parent = strdup(path);

	if (!parent)
		return NULL;
	size_t n = strlen(parent);
	while (n > 1 && parent[n - 1] == '/')
		parent[--n] = 0;
	char *slash = strrchr(parent, '/');
	*name = path + (slash + 1 - parent);
	slash[slash == parent] = 0;
	return parent;
}

/* The parent of a place that is not there yet, as a directory of ours. */
static int open_parent(struct box *b, const char *parent, unsigned depth)
{
	struct statvfs fs;
	AUTO_CLOSE int dir = open_or_make(b, parent, true, depth + 1);

	if (dir < 0 || is_own(b, dir))
		return take(&dir);
	if (fstatvfs(dir, &fs) < 0)
		return -errno;
	if (!(fs.f_flag & ST_RDONLY))
		return -EROFS; /* the user's own, writable: made by the user or not at all */
	int r = replace_directory(b, dir);
	return r < 0 ? r : place_find(b, parent);
}

/* Where a symbolic link leads that is in that directory and leads to nothing yet, as a path to
 * be resolved inside like any other; NULL if it is no link.  To be freed. */
static char *lead_on(int dir, const char *path, const char *name)
{
	char target[PATH_MAX], *whole;
	ssize_t n = readlinkat(dir, name, target, sizeof target - 1);

	if (n <= 0)
		return NULL;
	target[n] = 0;
	if (target[0] == '/')
		return strdup(target);
	return asprintf(&whole, "%s/%s", path, target) < 0 ? NULL : whole;
}

static int make_there(int dir, const char *name, bool directory)
{
	int r = make(dir, name, directory);
	if (r < 0)
		return r;
	int made = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return made < 0 ? -errno : made;
}

/* What is at that path, made as a directory or a file if it is missing. */
static int open_or_make(struct box *b, const char *path, bool directory, unsigned depth)
{
	const char *name;

	if (depth > DEEPEST)
		return -ELOOP;
	int there = place_find(b, path);
	if (there != -ENOENT)
		return there;
	AUTO_FREE char *parent = split(path, &name);
	if (!parent)
		return -ENOMEM;
	AUTO_CLOSE int dir = open_parent(b, parent, depth);
	if (dir < 0)
		return dir;
	AUTO_FREE char *last = strndup(name, strcspn(name, "/"));
	if (!last)
		return -ENOMEM;
	AUTO_FREE char *elsewhere = lead_on(dir, parent, last);
	if (elsewhere)
		return open_or_make(b, elsewhere, directory, depth + 1);
	int made = make_there(dir, last, directory);
	if (made < 0)
		return made;
	int r = remember(b, parent, dir);
	if (r == 0)
		return made;
	close(made);
	return r;
}

/* Where something new can be made: its parent, a directory of ours, and its name. */
int place_make(struct box *b, const char *path, int *parent, const char **name)
{
	AUTO_FREE char *above = split(path, name);

	if (!above)
		return -ENOMEM;
	*parent = name_beside(b, path) ? fcntl(b->beside.dir, F_DUPFD_CLOEXEC, 3)
				       : open_parent(b, above, 0);
	return *parent < 0 ? *parent : 0;
}

/* Opens (O_PATH) what is at that path inside, made if it is missing, for something to be mounted
 * on it. */
static int open_place(struct box *b, const char *path, bool directory)
{
	struct stat st;
	AUTO_CLOSE int there = open_or_make(b, path, directory, 0);

	if (there < 0)
		return there;
	if (fstat(there, &st) < 0)
		return -errno;
	if (directory != S_ISDIR(st.st_mode))
		return directory ? -ENOTDIR : -EISDIR;
	return take(&there);
}

bool place_is_ours(struct box *b, const char *path)
{
	AUTO_CLOSE int there = b->root_is_overlay ? -1 : open_or_make(b, path, true, 0);

	return there >= 0 && is_own(b, there);
}

/* Mounts the tree, of a directory or a file, at that path inside. */
int place_attach(struct box *b, int tree, const char *path, bool directory)
{
	const char *name = name_beside(b, path);

	if (name && make(b->beside.dir, name, directory) == 0)
		return attach_made(tree, b->beside.dir, name);
	place_forget(b);
	AUTO_CLOSE int place = open_place(b, path, directory);
	return place < 0 ? place : tree_attach(tree, place);
}
