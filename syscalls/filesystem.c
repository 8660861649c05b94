/* The file systems that files are on: what they are, where they are mounted, what they allow. */
#include <string.h>

#include "syscalls/facts.h"
#include "syscalls/file.h"
#include "syscalls/process.h"

/* ---- File systems ------------------------------------------------------------ */

/* Names by f_type (include/uapi/linux/magic.h and fs/ of Linux 6.1). */
struct filesystem_name {
	uint32_t magic;
	bool is_remote;
	const char *name;
};
static const struct filesystem_name filesystem_names[] = {
	{.magic = 0x01021994, .name = "tmpfs"},
	{.magic = 0x0000ef53, .name = "ext2fs"},
	{.magic = 0x794c7630, .name = "overlay"},
	{.magic = 0x9123683e, .name = "btrfs"},
	{.magic = 0x58465342, .name = "xfs"},
	{.magic = 0x2fc12fc1, .name = "zfs"},
	{.magic = 0xf2f52010, .name = "f2fs"},
	{.magic = 0x73717368, .name = "squashfs"},
	{.magic = 0x00006969, .name = "nfs", .is_remote = true},
	{.magic = 0xff534d42, .name = "smbfs", .is_remote = true},
	{.magic = 0x01021997, .name = "p9fs", .is_remote = true},
	{.magic = 0x65735546, .name = "fusefs"},
	{.magic = 0x00009660, .name = "cd9660"},
	{.magic = 0x00004d44, .name = "msdosfs"},
	{.magic = 0x00009fa0, .name = "procfs"},
	{.magic = 0x00001cd1, .name = "devpts"},
	{.magic = 0x62656572, .name = "sysfs"},
	{.magic = 0x858458f6, .name = "ramfs"},
};

static const struct filesystem_name unknown = {.name = "unknown"};

static const struct filesystem_name *filesystem_name(uint32_t magic)
{
	for (size_t i = 0; i < COUNT(filesystem_names); i++)
		if (filesystem_names[i].magic == magic)
			return &filesystem_names[i];
	return &unknown;
}

const char *filesystem_kind(size_t i, bool *is_remote)
{
	const struct filesystem_name *name = i < COUNT(filesystem_names) ? &filesystem_names[i]
									 : &unknown;

	*is_remote = name->is_remote;
	return i <= COUNT(filesystem_names) ? name->name : NULL;
}

static uint64_t filesystem_flags(uint64_t host)
{
	static const struct {
		uint32_t host, flag;
	} flags[] = {
		{ST_RDONLY, FILESYSTEM_READ_ONLY},	  {ST_NOSUID, FILESYSTEM_NO_SETUID},
		{ST_NOEXEC, FILESYSTEM_NO_EXEC},	  {ST_NOATIME, FILESYSTEM_NO_ATIME},
		{ST_SYNCHRONOUS, FILESYSTEM_SYNCHRONOUS},
	};
	uint64_t out = 0;

	for (size_t i = 0; i < COUNT(flags); i++)
		if (host & flags[i].host)
			out |= flags[i].flag;
	return out;
}

static void describe_filesystem(const struct statfs *s, struct filesystem *out)
{
	const struct filesystem_name *name = filesystem_name((uint32_t)s->f_type);

	memset(out, 0, sizeof *out);
	out->type = (uint32_t)s->f_type;
	out->flags = filesystem_flags((uint64_t)s->f_flags);
	if (!name->is_remote)
		out->flags |= FILESYSTEM_LOCAL;
	out->block_size = (uint64_t)(s->f_frsize ? s->f_frsize : s->f_bsize);
	out->io_size = (uint64_t)s->f_bsize;
	out->blocks = (uint64_t)s->f_blocks;
	out->blocks_free = (uint64_t)s->f_bfree;
	out->blocks_available = (int64_t)s->f_bavail;
	out->files = (uint64_t)s->f_files;
	out->files_free = (int64_t)s->f_ffree;
	out->name_max = (uint32_t)s->f_namelen;
	memcpy(out->id, &s->f_fsid, sizeof out->id);
	memcpy(out->type_name, name->name, strlen(name->name) + 1);
	memcpy(out->mounted_from, name->name, strlen(name->name) + 1);
}

/* Where a file system is mounted is only known for an absolute path: the longest part of it
 * that Linux says is a mount's root, on the same mount as the whole. */
static int mount_of(struct call *c, uint64_t path, uint64_t *mount, bool *is_root)
{
	struct statx st;
	uint64_t at = scratch(c, sizeof st);
	long r;

	if (!at)
		return -ENOMEM;
	r = host(c, __NR_statx, AT_FDCWD, path, 0, STATX_MNT_ID, at);
	if (r == 0)
		r = get_guest(c, &st, at, sizeof st);
	if (r < 0)
		return r;
	*mount = st.stx_mnt_id;
	*is_root = st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return 0;
}

static void cut_last_part(char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 1 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	path[n] = 0;
}

#define MOUNT_DEPTH 32
#define STATFS_MOST 2560 /* bytes of any system's struct statfs */

static void find_mount_point(struct call *c, uint64_t guest_path, struct filesystem *f)
{
	char *path = f->mounted_on;
	long length = get_guest_string(c, path, guest_path, sizeof f->mounted_on);
	uint64_t at, mount = 0, wanted = 0;
	bool is_root = false;

	if (length <= 0 || path[0] != '/') {
		path[0] = 0;
		return;
	}
	at = scratch(c, sizeof f->mounted_on);
	for (int i = 0; at && i < MOUNT_DEPTH; i++) {
		if (put_guest(c, at, path, strlen(path) + 1) < 0 ||
		    mount_of(c, at, &mount, &is_root) < 0)
			break;
		if (i == 0)
			wanted = mount;
		/* The sandbox's root need not be its mount's. */
		if (mount == wanted && (is_root || !strcmp(path, "/")))
			return;
		if (!strcmp(path, "/"))
			break;
		cut_last_part(path);
	}
	path[0] = 0;
}

static long filesystem_of(struct call *c, long nr, uint64_t what, struct filesystem *out)
{
	struct statfs s;
	uint64_t at = scratch(c, sizeof s);
	long r;

	if (!at)
		return -ENOMEM;
	r = host(c, nr, what, at);
	if (r == 0)
		r = get_guest(c, &s, at, sizeof s);
	if (r < 0)
		return r;
	describe_filesystem(&s, out);
	return 0;
}

/* Where the mount of that number is; nothing if it is not of this tree. */
static void find_mount(struct call *c, uint64_t number, struct filesystem *f)
{
	struct mount_facts m;
	uint64_t offset = 0;

	while (facts_mount(c, &offset, &m) == 0)
		if (m.number == number) {
			memcpy(f->mounted_on, m.path, strlen(m.path) + 1);
			return;
		}
}

static void find_mount_of(struct call *c, int fd, struct filesystem *f)
{
	struct opening_facts o;

	if (facts_opening(c, c->thread->process->pid, fd, &o) == 0)
		find_mount(c, o.mount, f);
}

TRANSLATOR(statfs)
{
	struct filesystem f;
	uint64_t mount;
	bool is_root;
	long r = filesystem_of(c, __NR_statfs, c->a[0], &f);

	if (r < 0)
		return r;
	find_mount_point(c, c->a[0], &f);
	if (!f.mounted_on[0] && mount_of(c, c->a[0], &mount, &is_root) == 0)
		find_mount(c, mount, &f);
	return arg_out(c, 1, &f);
}

TRANSLATOR(fstatfs)
{
	struct filesystem f;
	uint64_t fd;
	long r = arg_value(c, 0, &fd);

	if (r == 0)
		r = filesystem_of(c, __NR_fstatfs, fd, &f);
	if (r < 0)
		return r;
	find_mount_of(c, (int)fd, &f);
	return arg_out(c, 1, &f);
}

/* Is that where the mount shows, or is it covered by a later one?  A file that is mounted by
 * itself is not a file system to list. */
static bool shows(struct call *c, const struct mount_facts *m, uint64_t path)
{
	struct statx st;
	uint64_t at = scratch(c, sizeof st);

	return at && put_guest(c, path, m->path, strlen(m->path) + 1) == 0 &&
	       host(c, __NR_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MNT_ID,
		    at) == 0 &&
	       get_guest(c, &st, at, sizeof st) == 0 && st.stx_mnt_id == m->number &&
	       (st.stx_mode & S_IFMT) == S_IFDIR;
}

/* One of the list, at `to` (0: nowhere). */
static int put_filesystem(struct call *c, const struct mount_facts *m, uint64_t path, uint64_t to)
{
	const struct type *t = c->row->args[0].type;
	char guest[STATFS_MOST];
	struct filesystem f;
	long r;

	if (!to)
		return 0;
	if (t->guest_size > sizeof guest)
		return -EINVAL;
	r = filesystem_of(c, __NR_statfs, path, &f);
	if (r < 0)
		return (int)r;
	memcpy(f.mounted_on, m->path, strlen(m->path) + 1);
	r = to_guest(c, t, &f, guest);
	return r < 0 ? (int)r : put_guest(c, to, guest, t->guest_size);
}

/* getfsstat(array, its size, mode): the mounts that are to be seen; where the sandbox does not
 * tell, the root's alone. */
TRANSLATOR(getfsstat)
{
	static const struct mount_facts root = {.path = "/"};
	uint64_t mode, offset = 0, path = scratch(c, sizeof root.path), n = 0, room;
	struct mount_facts m;
	int r = arg_value(c, 2, &mode);

	if (r < 0)
		return r;
	if ((int64_t)c->a[1] < 0)
		return -EINVAL;
	if (!path)
		return -ENOMEM;
	room = c->a[0] ? c->a[1] / c->row->args[0].type->guest_size : UINT64_MAX;
	while (n < room) {
		size_t mark = c->scratch_used;
		uint64_t to = c->a[0] ? c->a[0] + n * c->row->args[0].type->guest_size : 0;

		r = facts_mount(c, &offset, &m);
		if (r < 0)
			break;
		if (shows(c, &m, path)) {
			r = put_filesystem(c, &m, path, to);
			n += r == 0;
		}
		c->scratch_used = mark;
		if (r < 0)
			return r;
	}
	if (n || !room)
		return (long)n;
	r = put_guest(c, path, root.path, 2);
	if (r == 0)
		r = put_filesystem(c, &root, path, c->a[0]);
	return r < 0 ? r : 1;
}

/* ---- pathconf -------------------------------------------------------------------- */

/* The names' table (the type of argument 1) holds the answers, but for those that depend on
 * the file. */
static long configured(struct call *c, uint64_t answer, long nr, uint64_t what)
{
	struct filesystem f;
	long r;

	if (!(answer & PATHCONF_NAME_MAX))
		return (long)answer;
	r = filesystem_of(c, nr, what, &f);
	return r < 0 ? r : (long)f.name_max;
}

static long path_configured(struct call *c, uint32_t flags)
{
	struct statx st;
	uint64_t answer;
	int r = status_of(c, (uint64_t)AT_FDCWD, c->a[0], flags, &st);

	if (r == 0)
		r = arg_value(c, 1, &answer);
	return r < 0 ? r : configured(c, answer, __NR_statfs, c->a[0]);
}

TRANSLATOR(pathconf)
{
	return path_configured(c, 0);
}

TRANSLATOR(lpathconf)
{
	return path_configured(c, AT_SYMLINK_NOFOLLOW);
}

TRANSLATOR(fpathconf)
{
	uint64_t fd, answer;
	struct filesystem f;
	long r = arg_value(c, 0, &fd);

	if (r == 0)
		r = filesystem_of(c, __NR_fstatfs, fd, &f); /* is it open at all? */
	if (r == 0)
		r = arg_value(c, 1, &answer);
	return r < 0 ? r : configured(c, answer, __NR_fstatfs, fd);
}
