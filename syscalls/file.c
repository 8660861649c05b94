/* Files by name: open, stat and everything that changes a directory. */
#include "syscalls/beneath.h"
#include "syscalls/file.h"

#include <string.h>

#include "syscalls/descriptors.h"
#include "syscalls/lookup.h"
#include "syscalls/procdesc.h"

#define PERMISSIONS 0777u
#define ALL_PERMISSIONS 07777u

int directory_of(struct call *c, int i, uint64_t *dir, int *path)
{
	if (c->row->args[i].pass == PASS_PATH) {
		*dir = (uint64_t)AT_FDCWD;
		*path = i;
		return 0;
	}
	*path = i + 1;
	return arg_value(c, i, dir);
}

uint64_t empty_path(struct call *c)
{
	uint64_t at = scratch(c, 1);

	if (at && put_guest(c, at, "", 1) < 0)
		return 0;
	return at;
}

/* *at: in scratch. */
static long ask_status(struct call *c, uint64_t dir, uint64_t path, uint32_t flags, uint64_t *at)
{
	*at = scratch(c, sizeof(struct statx));
	if (!*at)
		return -ENOMEM;
	return host(c, __NR_statx, dir, path, flags, STATX_BASIC_STATS | STATX_BTIME, *at);
}

int status_of(struct call *c, uint64_t dir, uint64_t path, uint32_t flags, struct statx *out)
{
	uint64_t at;
	long r = ask_status(c, dir, path, flags, &at);

	return r < 0 ? (int)r : get_guest(c, out, at, sizeof *out);
}

/* ---- open ---------------------------------------------------------------- */

struct opening {
	uint64_t dir;
	uint64_t path;
	uint64_t flags; /* Linux's, and OPEN_* */
	uint32_t mode;
};

#define OPEN_LOCKS (OPEN_SHLOCK | OPEN_EXLOCK)

/* Combinations that fail on the guest's side, and those that mean something else there. */
static int settle_flags(struct opening *o, const struct open_rules *rules)
{
	if ((o->flags & OPEN_EXEC) && (o->flags & (O_WRONLY | O_RDWR)))
		return -EINVAL;
	if ((o->flags & O_CREAT) && (o->flags & OPEN_EMPTY))
		return -EINVAL;
	if ((o->flags & O_CREAT) && (o->flags & O_DIRECTORY)) {
		if (o->flags & O_EXCL)
			return -EINVAL;
		o->flags &= ~(uint64_t)O_CREAT; /* a directory is opened, never made */
	}
	if (o->flags & OPEN_EXEC)
		o->flags |=
			O_PATH; /* neither read nor written; still fit to execute or start from */
	if (o->flags & O_PATH)
		o->flags &= OPEN_EXEC | OPEN_BENEATH | OPEN_EMPTY | O_PATH | O_CLOEXEC |
			    O_DIRECTORY | O_NOFOLLOW | O_CLOSE_ON_FORK;
	else
		o->flags |= rules->always;
	o->mode = o->flags & O_CREAT ? o->mode & rules->mode : 0;
	return 0;
}

/* A descriptor cannot be opened anew without its name; a directory can. */
static int settle_empty_path(struct call *c, struct opening *o)
{
	char first;
	int r;

	if (!(o->flags & OPEN_EMPTY))
		return 0;
	r = get_guest(c, &first, o->path, 1);
	if (r < 0 || first)
		return r;
	o->path = scratch(c, 2);
	if (!o->path)
		return -ENOMEM;
	return put_guest(c, o->path, ".", 2);
}

static long open_plain(struct call *c, const struct opening *o)
{
	uint32_t flags = (uint32_t)o->flags;

	if (o->flags & OPEN_LOCKS)
		flags &= ~(uint32_t)O_TRUNC; /* not before the lock is held */
	if (o->flags & OPEN_BENEATH)
		return beneath_open(c, o->dir, o->path, flags, o->mode);
	return host_wait(c, __NR_openat, o->dir, o->path, flags, o->mode);
}

static bool is_kind(struct call *c, const struct opening *o, uint32_t kind)
{
	struct statx st;
	uint32_t flags = o->flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;

	return status_of(c, o->dir, o->path, flags, &st) == 0 && (st.stx_mode & S_IFMT) == kind;
}

static long open_error(struct call *c, const struct opening *o, const struct open_rules *rules,
		       long error)
{
	switch (error) {
	case -ELOOP:
	case -ENOTDIR:
		if ((o->flags & O_NOFOLLOW) && is_kind(c, o, S_IFLNK))
			return -rules->nofollow;
		return error;
	case -ENXIO:
		return is_kind(c, o, S_IFSOCK) ? -rules->is_socket : error;
	case -EXDEV:
		return o->flags & OPEN_BENEATH ? -rules->beneath : error;
	default:
		return error;
	}
}

#define LOCK_SHARED 1
#define LOCK_EXCLUSIVE 2
#define LOCK_NO_WAIT 4

/* The lock that comes with opening.  A retried call opens anew, which must not fail because
 * the first attempt made the file: then the interruption is reported. */
static long lock_opened(struct call *c, const struct opening *o, long fd)
{
	uint32_t how = o->flags & OPEN_EXLOCK ? LOCK_EXCLUSIVE : LOCK_SHARED;
	long r = host(c, __NR_flock, fd, how | LOCK_NO_WAIT);

	if (r == -EAGAIN && !(o->flags & O_NONBLOCK))
		r = host_wait(c, __NR_flock, fd, how);
	if (r == CALL_AGAIN && (o->flags & O_EXCL))
		r = -EINTR;
	if (r == 0 && (o->flags & O_TRUNC))
		r = host(c, __NR_ftruncate, fd, 0);
	return r;
}

static long check_executable(struct call *c, long fd)
{
	uint64_t empty = empty_path(c);

	if (!empty)
		return -ENOMEM;
	return host(c, __NR_faccessat2, fd, empty, X_OK, AT_EACCESS | AT_EMPTY_PATH);
}

long open_at(struct call *c, const struct open_rules *rules)
{
	struct opening o;
	int path, r;
	long fd, done = 0;

	r = directory_of(c, 0, &o.dir, &path);
	if (r < 0)
		return r;
	r = arg_value(c, path + 1, &o.flags);
	if (r < 0)
		return r;
	o.path = c->a[path];
	o.mode = (uint32_t)c->a[path + 2];
	r = settle_flags(&o, rules);
	if (r == 0)
		r = settle_empty_path(c, &o);
	if (r < 0)
		return r;
	fd = open_plain(c, &o);
	if (fd < 0)
		return open_error(c, &o, rules, fd);
	if (o.flags & OPEN_LOCKS)
		done = lock_opened(c, &o, fd);
	else if (o.flags & OPEN_EXEC)
		done = check_executable(c, fd);
	if (done < 0) {
		(void)host(c, __NR_close, fd); /* what went wrong before is the answer */
		return done;
	}
	return descriptor_made(c, fd, o.flags);
}

/* ---- stat ------------------------------------------------------------------ */

/* In line: each return after a call of Linux's costs (gate.S), and this is a path much used. */
static inline __attribute__((always_inline)) long give_status(struct call *c, uint64_t dir,
							      uint64_t path, uint32_t flags,
							      int out)
{
	struct statx local, *st;
	uint64_t at;
	long r = ask_status(c, dir, path, flags, &at);

	if (r < 0)
		return r;
	st = scratch_seen(c, at, sizeof local, &local);
	if (!st)
		return -EFAULT;
	if ((flags & AT_EMPTY_PATH) && procdesc_status(c, (int)dir, st))
		return arg_out(c, out, st);
	if (!(st->stx_mask & STATX_BTIME))
		st->stx_btime.tv_sec = -1; /* unknown */
	return arg_out(c, out, st);
}

TRANSLATOR(stat)
{
	return give_status(c, (uint64_t)AT_FDCWD, c->a[0], 0, 1);
}

TRANSLATOR(lstat)
{
	return give_status(c, (uint64_t)AT_FDCWD, c->a[0], AT_SYMLINK_NOFOLLOW, 1);
}

TRANSLATOR(fstat)
{
	uint64_t fd, empty;
	int r = arg_value(c, 0, &fd);

	if (r < 0)
		return r;
	if ((int)fd < 0)
		return -EBADF; /* AT_FDCWD is a directory only for calls with a path */
	empty = empty_path(c);
	if (!empty)
		return -ENOMEM;
	return give_status(c, fd, empty, AT_EMPTY_PATH, 1);
}

TRANSLATOR(fstatat)
{
	struct lookup l;
	int r = lookup_begin(c, 0, 3, LOOKUP_UNLESS_NOFOLLOW, &l);

	if (r < 0)
		return r;
	r = (int)give_status(c, l.directory, l.path, (uint32_t)l.flags, 2);
	lookup_end(c, &l);
	return r;
}

/* ---- Names ------------------------------------------------------------------ */

/* These systems follow a symbolic link given to link(2); Linux links the link itself. */
TRANSLATOR(link_followed)
{
	return host(c, __NR_linkat, AT_FDCWD, c->a[0], AT_FDCWD, c->a[1], AT_SYMLINK_FOLLOW);
}

/* Only the path of what there is is held beneath its directory (kern_linkat(),
 * vfs_syscalls.c). */
TRANSLATOR(linkat)
{
	struct lookup l;
	uint64_t to;
	long r = arg_value(c, 2, &to);

	if (r == 0)
		r = lookup_begin(c, 0, 4, LOOKUP_IF_FOLLOW, &l);
	if (r < 0)
		return r;
	r = host(c, __NR_linkat, l.directory, l.path, to, c->a[3], l.flags);
	lookup_end(c, &l);
	return r;
}

/* A directory may not be unlinked: POSIX and the guests say EPERM, Linux EISDIR; of the root,
 * which is in no directory, they say that too. */
static long unlink_error(struct call *c, uint64_t path, long r)
{
	char text[2];

	if (r != -EISDIR)
		return r;
	return get_guest_string(c, text, path, sizeof text) == 1 && text[0] == '/' ? r : -EPERM;
}

TRANSLATOR(unlink)
{
	return unlink_error(c, c->a[0], host(c, __NR_unlinkat, AT_FDCWD, c->a[0], 0));
}

TRANSLATOR(unlinkat)
{
	struct lookup l;
	long r = lookup_begin(c, 0, 2, LOOKUP_NEVER, &l);

	if (r < 0)
		return r;
	r = host(c, __NR_unlinkat, l.directory, l.path, l.flags);
	r = unlink_error(c, l.path, r);
	lookup_end(c, &l);
	return r;
}

/* A new directory gets permissions only; Linux would let the sticky bit through. */
TRANSLATOR(mkdir)
{
	uint64_t dir;
	int path, r = directory_of(c, 0, &dir, &path);

	if (r < 0)
		return r;
	return host(c, __NR_mkdirat, dir, c->a[path], c->a[path + 1] & PERMISSIONS);
}

TRANSLATOR(mkfifo)
{
	uint64_t dir;
	int path, r = directory_of(c, 0, &dir, &path);

	if (r < 0)
		return r;
	return host(c, __NR_mknodat, dir, c->a[path], S_IFIFO | (c->a[path + 1] & ALL_PERMISSIONS),
		    0);
}

/* A FIFO anybody may make; a device needs a privilege no guest has. */
TRANSLATOR(mknod)
{
	uint64_t dir;
	int path, r = directory_of(c, 0, &dir, &path);

	if (r < 0)
		return r;
	switch (c->a[path + 1] & S_IFMT) {
	case S_IFIFO:
		if (c->a[path + 2])
			return -EINVAL;
		return host(c, __NR_mknodat, dir, c->a[path],
			    S_IFIFO | (c->a[path + 1] & ALL_PERMISSIONS), 0);
	case S_IFCHR:
	case S_IFBLK:
		return -EPERM;
	default:
		return -EINVAL;
	}
}
