/* Descriptors that are no files: memory objects, pseudo-terminals. */
#include <string.h>

#include "syscalls/file.h"

/* ---- Memory objects ------------------------------------------------------------------ */

/* Named objects are files here.  A name is one component for Linux, whatever the guest's
 * looks like: the slashes in it become a byte that file names seldom have, doubled where
 * they do. */
#define OBJECTS MEMORY_OBJECTS
#define OBJECT_NAME_MOST 255u
#define KIND_MOST 8
#define SLASH '%'

int memory_object_path(struct call *c, uint64_t name, const char *kind, uint64_t *at)
{
	char from[OBJECT_NAME_MOST], to[sizeof OBJECTS + KIND_MOST + 2 * OBJECT_NAME_MOST];
	size_t n = sizeof OBJECTS - 1, begin;
	long length = get_guest_string(c, from, name, sizeof from);

	if (length < 0)
		return length;
	if (from[0] != '/')
		return -EINVAL;
	memcpy(to, OBJECTS, n);
	for (const char *k = kind; *k; k++)
		to[n++] = *k;
	begin = n;
	for (long i = 1; i < length; i++) {
		to[n++] = from[i] == '/' ? SLASH : from[i];
		if (from[i] == SLASH)
			to[n++] = SLASH;
	}
	if (*kind)
		to[n++] = '.';
	else if (n == begin || to[n - 1] == '.')
		to[n++] = SLASH; /* "/", "/." and "/.." are names too */
	to[n++] = 0;
	*at = scratch(c, n);
	return *at ? put_guest(c, *at, to, n) : -ENOMEM;
}

#define MEMFD_CLOEXEC 1u
#define MEMFD_SEALABLE 2u

static long nameless_object(struct call *c, const struct memory_object *o)
{
	static const char name[] = "anonymous";
	uint64_t at = scratch(c, sizeof name);
	long fd;

	if ((o->flags & O_ACCMODE) != O_RDWR)
		return -EINVAL;
	if (!at)
		return -ENOMEM;
	if (put_guest(c, at, name, sizeof name) < 0)
		return -EFAULT;
	fd = host(c, __NR_memfd_create, at,
		  (o->flags & O_CLOEXEC ? MEMFD_CLOEXEC : 0) | (o->sealable ? MEMFD_SEALABLE : 0));
	if (fd >= 0)
		(void)host(c, __NR_fchmod, fd, o->mode & 0777); /* only fstat can tell */
	return fd;
}

long open_memory_object(struct call *c, const struct memory_object *o)
{
	uint64_t path;
	int r;

	if ((o->flags & O_ACCMODE) == O_WRONLY)
		return -EINVAL;
	if (!o->name)
		return nameless_object(c, o);
	r = memory_object_path(c, o->name, "", &path);
	if (r < 0)
		return r;
	return host(c, __NR_openat, AT_FDCWD, path, o->flags | O_NOFOLLOW, o->mode & 0777);
}

TRANSLATOR(shm_unlink)
{
	uint64_t path;
	int r = memory_object_path(c, c->a[0], "", &path);

	return r < 0 ? r : host(c, __NR_unlinkat, AT_FDCWD, path, 0);
}

/* To change places with what is not there is to be renamed (sys/kern/uipc_shm.c:
 * sys_shm_rename). */
TRANSLATOR(shm_rename)
{
	uint64_t from, to, flags;
	long r = arg_value(c, 2, &flags);

	if (r == 0)
		r = memory_object_path(c, c->a[0], "", &from);
	if (r == 0)
		r = memory_object_path(c, c->a[1], "", &to);
	if (r < 0)
		return r;
	do {
		r = host(c, __NR_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
		if (r == -ENOENT && flags == RENAME_EXCHANGE)
			r = host(c, __NR_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
	} while (r == -EEXIST && flags == RENAME_EXCHANGE); /* somebody made it meanwhile */
	return r;
}

/* ---- Pseudo-terminals ------------------------------------------------------------------- */

#define LINUX_TIOCSPTLCK 0x40045431u /* include/uapi/asm-generic/ioctls.h */

/* posix_openpt(flags): Linux's master is locked until told otherwise; the guest's never is. */
TRANSLATOR(posix_openpt)
{
	static const char master[] = "/dev/ptmx";
	static const int unlocked = 0;
	uint64_t flags, at = scratch(c, sizeof master), zero = scratch(c, sizeof unlocked);
	long fd;
	int r = arg_value(c, 0, &flags);

	if (r < 0)
		return r;
	if (!at || !zero)
		return -ENOMEM;
	if (put_guest(c, at, master, sizeof master) < 0 ||
	    put_guest(c, zero, &unlocked, sizeof unlocked) < 0)
		return -EFAULT;
	fd = host(c, __NR_openat, AT_FDCWD, at, flags | O_NOCTTY);
	if (fd < 0)
		return fd;
	r = (int)host(c, __NR_ioctl, fd, LINUX_TIOCSPTLCK, zero);
	if (r < 0) {
		(void)host(c, __NR_close, fd); /* our own */
		return r;
	}
	return fd;
}
