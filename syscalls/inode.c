/* What changes an inode: owners, permissions, flags, times. */
#include "syscalls/file.h"

#include "syscalls/lookup.h"

#define ALL_PERMISSIONS 07777u

/* ---- Owners and permissions --------------------------------------------------- */

/* Linux cannot change a link's own mode.  Without a call that refuses to follow one (fchmodat2
 * is newer than the lowest kernel) it is looked at first. */
static long change_mode(struct call *c, uint64_t dir, uint64_t path, uint64_t mode, bool follow)
{
	struct statx st;

	if (!follow) {
		int r = status_of(c, dir, path, AT_SYMLINK_NOFOLLOW, &st);

		if (r < 0)
			return r;
		if ((st.stx_mode & S_IFMT) == S_IFLNK)
			return -EOPNOTSUPP;
	}
	return host(c, __NR_fchmodat, dir, path, mode & ALL_PERMISSIONS);
}

TRANSLATOR(lchmod)
{
	return change_mode(c, (uint64_t)AT_FDCWD, c->a[0], c->a[1], false);
}

/* Of what a descriptor has open; without one of the current directory. */
static long change_own_mode(struct call *c, uint64_t fd, uint64_t mode)
{
	uint64_t here = scratch(c, 2);

	if ((int)fd != AT_FDCWD)
		return host(c, __NR_fchmod, fd, mode & ALL_PERMISSIONS);
	if (!here)
		return -ENOMEM;
	if (put_guest(c, here, ".", 2) < 0)
		return -EFAULT;
	return host(c, __NR_fchmodat, fd, here, mode & ALL_PERMISSIONS);
}

TRANSLATOR(fchmodat)
{
	struct lookup l;
	long r = lookup_begin(c, 0, 3, LOOKUP_UNLESS_NOFOLLOW, &l);

	if (r < 0)
		return r;
	if (lookup_is_empty(c, &l))
		r = change_own_mode(c, l.directory, c->a[2]);
	else
		r = change_mode(c, l.directory, l.path, c->a[2], !(l.flags & AT_SYMLINK_NOFOLLOW));
	lookup_end(c, &l);
	return r;
}

/* An owner the user namespace does not know is EINVAL to Linux; to the guest it is one that
 * the caller may not give files to. */
static long owner_error(long r)
{
	return r == -EINVAL ? -EPERM : r;
}

TRANSLATOR(chown)
{
	return owner_error(host(c, __NR_fchownat, AT_FDCWD, c->a[0], c->a[1], c->a[2], 0));
}

TRANSLATOR(lchown)
{
	return owner_error(
		host(c, __NR_fchownat, AT_FDCWD, c->a[0], c->a[1], c->a[2], AT_SYMLINK_NOFOLLOW));
}

TRANSLATOR(fchown)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);

	if (r < 0)
		return r;
	return owner_error(host(c, __NR_fchown, fd, c->a[1], c->a[2]));
}

TRANSLATOR(fchownat)
{
	struct lookup l;
	long r = lookup_begin(c, 0, 4, LOOKUP_UNLESS_NOFOLLOW, &l);

	if (r < 0)
		return r;
	r = host(c, __NR_fchownat, l.directory, l.path, c->a[2], c->a[3], l.flags);
	lookup_end(c, &l);
	return owner_error(r);
}

TRANSLATOR(eaccess)
{
	uint64_t mode;
	int r = arg_value(c, 1, &mode);

	if (r < 0)
		return r;
	return host(c, __NR_faccessat2, AT_FDCWD, c->a[0], mode, AT_EACCESS);
}

TRANSLATOR(faccessat)
{
	struct lookup l;
	uint64_t mode;
	long r = arg_value(c, 2, &mode);

	if (r == 0)
		r = lookup_begin(c, 0, 3, LOOKUP_UNLESS_NOFOLLOW, &l);
	if (r < 0)
		return r;
	r = host(c, __NR_faccessat2, l.directory, l.path, mode, l.flags);
	lookup_end(c, &l);
	return r;
}

/* File flags (immutable and the like): no file here has any, so clearing them is no change. */
static long change_flags(struct call *c, uint64_t dir, uint64_t path, uint32_t at_flags,
			 uint64_t flags)
{
	struct statx st;
	int r = status_of(c, dir, path, at_flags, &st);

	if (r < 0)
		return r;
	return flags ? -EOPNOTSUPP : 0;
}

TRANSLATOR(chflags)
{
	return change_flags(c, (uint64_t)AT_FDCWD, c->a[0], 0, c->a[1]);
}

TRANSLATOR(lchflags)
{
	return change_flags(c, (uint64_t)AT_FDCWD, c->a[0], AT_SYMLINK_NOFOLLOW, c->a[1]);
}

TRANSLATOR(fchflags)
{
	uint64_t fd, empty;
	int r = arg_value(c, 0, &fd);

	if (r < 0)
		return r;
	empty = empty_path(c);
	if (!empty)
		return -ENOMEM;
	return change_flags(c, fd, empty, AT_EMPTY_PATH, c->a[1]);
}

TRANSLATOR(chflagsat)
{
	struct lookup l;
	long r = lookup_begin(c, 0, 3, LOOKUP_UNLESS_NOFOLLOW, &l);

	if (r < 0)
		return r;
	r = change_flags(c, l.directory, l.path, (uint32_t)l.flags, c->a[2]);
	lookup_end(c, &l);
	return r;
}

/* ---- Times --------------------------------------------------------------------- */

/* Linux's utimensat with the times put where it can read them; NULL: now. */
static long set_times(struct call *c, uint64_t dir, uint64_t path, const struct times *times,
		      uint32_t flags)
{
	uint64_t at = 0;

	if (times) {
		at = scratch(c, sizeof *times);
		if (!at)
			return -ENOMEM;
		if (put_guest(c, at, times, sizeof *times) < 0)
			return -EFAULT;
	}
	return host(c, __NR_utimensat, dir, path, at, flags);
}

/* The calls in microseconds; a null pointer means now. */
static long set_times_us(struct call *c, uint64_t dir, uint64_t path, int arg, uint32_t flags)
{
	struct times_us us;
	struct times ns;

	if (!c->a[arg])
		return set_times(c, dir, path, NULL, flags);
	int r = arg_in(c, arg, &us);
	if (r < 0)
		return r;
	for (int i = 0; i < 2; i++) {
		if (us.t[i].tv_usec < 0 || us.t[i].tv_usec >= 1000000)
			return -EINVAL;
		ns.t[i].tv_sec = us.t[i].tv_sec;
		ns.t[i].tv_nsec = us.t[i].tv_usec * 1000;
	}
	return set_times(c, dir, path, &ns, flags);
}

TRANSLATOR(utimes)
{
	uint64_t dir;
	int path, r = directory_of(c, 0, &dir, &path);

	if (r < 0)
		return r;
	return set_times_us(c, dir, c->a[path], path + 1, 0);
}

TRANSLATOR(lutimes)
{
	return set_times_us(c, (uint64_t)AT_FDCWD, c->a[0], 1, AT_SYMLINK_NOFOLLOW);
}

/* Without a path Linux's utimensat means the descriptor itself. */
TRANSLATOR(futimes)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);

	if (r < 0)
		return r;
	if ((int)fd < 0)
		return -EBADF;
	return set_times_us(c, fd, 0, 1, 0);
}

TRANSLATOR(futimens)
{
	uint64_t fd;
	struct times times;
	int r = arg_value(c, 0, &fd);

	if (r < 0)
		return r;
	if ((int)fd < 0)
		return -EBADF;
	if (!c->a[1])
		return set_times(c, fd, 0, NULL, 0);
	r = arg_in(c, 1, &times);
	return r < 0 ? r : set_times(c, fd, 0, &times, 0);
}

TRANSLATOR(utimensat)
{
	struct lookup l;
	struct times times;
	long r = c->a[2] ? arg_in(c, 2, &times) : 0;

	if (r == 0)
		r = lookup_begin(c, 0, 3, LOOKUP_UNLESS_NOFOLLOW, &l);
	if (r < 0)
		return r;
	r = set_times(c, l.directory, l.path, c->a[2] ? &times : NULL, (uint32_t)l.flags);
	lookup_end(c, &l);
	return r;
}
