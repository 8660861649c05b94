/* File calls and types that DragonFly has its own way: sys/sys/types.h, sys/fcntl.h, sys/kern/sys_generic.c,
 * vfs_syscalls.c, kern_conf.c; 5.9. */
#include <string.h>

#include "personalities/dragonfly/custom.h"
#include "syscalls/descriptors.h"
#include "syscalls/file.h"
#include "syscalls/process.h"
#include "syscalls/text.h"

/* ---- Calls ------------------------------------------------------------------------------------ */

/* Of the root, which is in no directory (vfs_nlookup.c: nlookup); of another directory it is EPERM. */
static long root_is_refused(long r)
{
	return r == -EISDIR ? -EACCES : r;
}

TRANSLATOR(dragonfly_unlink)
{
	return root_is_refused(call_unlink(c));
}

TRANSLATOR(dragonfly_unlinkat)
{
	return root_is_refused(call_unlinkat(c));
}

/* ---- Types ------------------------------------------------------------------------------------ */

#define ONLY_OUT(name) \
	int dragonfly_##name##_to_host(struct call *c, const void *guest, void *host) \
	{ \
		(void)c, (void)guest, (void)host; \
		return -EINVAL; \
	}
ONLY_OUT(dev)
ONLY_OUT(text16)
ONLY_OUT(text80)
ONLY_OUT(fsid)

/* The directory of an ...at call: AT_FDCWD has a number of its own, and Linux's is no descriptor. */
#define AT_FDCWD_HERE ((int32_t)0xfffafdcd)

int dragonfly_directory_to_host(struct call *c, const void *guest, void *host)
{
	int32_t fd;
	int64_t out;

	memcpy(&fd, guest, sizeof fd);
	out = fd == AT_FDCWD_HERE ? AT_FDCWD : fd < 0 ? -1 : fd;
	if (fd >= 0 && descriptor_is_hidden(c->thread->process, fd))
		return -EBADF;
	memcpy(host, &out, sizeof out);
	return 0;
}

int dragonfly_directory_to_guest(struct call *c, const void *host, void *guest)
{
	(void)c, (void)host, (void)guest;
	return -EINVAL; /* it only goes in */
}

/* dev_t from Linux's two numbers (makedev()); a minor number beyond its byte goes above. */
int dragonfly_dev_to_guest(struct call *c, const void *host, void *guest)
{
	uint32_t number[2], dev; /* major, minor */

	(void)c;
	memcpy(number, host, sizeof number);
	dev = (number[0] << 8 & 0xff00) | (number[1] & 0xffff00ff);
	memcpy(guest, &dev, sizeof dev);
	return 0;
}

int dragonfly_text16_to_guest(struct call *c, const void *host, void *guest)
{
	(void)c;
	text_cut(guest, 16, host);
	return 0;
}

int dragonfly_text80_to_guest(struct call *c, const void *host, void *guest)
{
	(void)c;
	text_cut(guest, 80, host);
	return 0;
}

/* f_fsid of statvfs: the first word of the two. */
int dragonfly_fsid_to_guest(struct call *c, const void *host, void *guest)
{
	uint32_t id;
	uint64_t out;

	(void)c;
	memcpy(&id, host, sizeof id);
	out = id;
	memcpy(guest, &out, sizeof out);
	return 0;
}

/* UTIME_NOW -1, UTIME_OMIT -2; Linux: include/linux/stat.h. */
#define UTIME_NOW_HOST ((1L << 30) - 1)
#define UTIME_OMIT_HOST ((1L << 30) - 2)

int dragonfly_utime_nsec_to_host(struct call *c, const void *guest, void *host)
{
	int64_t ns;

	(void)c;
	memcpy(&ns, guest, sizeof ns);
	if (ns == -1)
		ns = UTIME_NOW_HOST;
	else if (ns == -2)
		ns = UTIME_OMIT_HOST;
	else if (ns < 0 || ns >= 1000000000)
		return -EINVAL;
	memcpy(host, &ns, sizeof ns);
	return 0;
}

int dragonfly_utime_nsec_to_guest(struct call *c, const void *host, void *guest)
{
	(void)c, (void)host, (void)guest;
	return -EINVAL; /* it only goes in */
}

/* RLIM_INFINITY is the largest signed number. */
int dragonfly_rlim_to_host(struct call *c, const void *guest, void *host)
{
	uint64_t limit;

	(void)c;
	memcpy(&limit, guest, sizeof limit);
	if (limit >= INT64_MAX)
		limit = RLIM64_INFINITY;
	memcpy(host, &limit, sizeof limit);
	return 0;
}

int dragonfly_rlim_to_guest(struct call *c, const void *host, void *guest)
{
	uint64_t limit;

	(void)c;
	memcpy(&limit, host, sizeof limit);
	if (limit > INT64_MAX)
		limit = INT64_MAX;
	memcpy(guest, &limit, sizeof limit);
	return 0;
}

/* ---- Opening -------------------------------------------------------------------------------------- */

static const struct open_rules rules = {
	.mode = 07777,
	.nofollow = EMLINK, /* vn_open */
	.is_socket = EOPNOTSUPP,
	.beneath = EACCES, /* no flag asks for it */
};

TRANSLATOR(dragonfly_open)
{
	return open_at(c, &rules);
}

/* ---- Reading and writing in place ------------------------------------------------------------------ */

/* ext...(fd, where, how much, flags, offset): -1 is where the descriptor stands, and a flag (O_F...) is for
 * this call alone. */
static long extended(struct call *c, int plain, int at_offset)
{
	enum { O_FMASK = 0xfc0000, O_FOFFSET = 0x200000 };
	uint64_t fd;
	int r = arg_value(c, 0, &fd);

	if (r < 0)
		return r;
	if (c->a[3] & O_FMASK & ~O_FOFFSET)
		return -EOPNOTSUPP;
	if ((int64_t)c->a[4] == -1)
		return host_wait(c, plain, fd, c->a[1], c->a[2]);
	return host_wait(c, at_offset, fd, c->a[1], c->a[2], c->a[4]);
}

TRANSLATOR(dragonfly_extpread)
{
	return extended(c, __NR_read, __NR_pread64);
}

TRANSLATOR(dragonfly_extpwrite)
{
	return extended(c, __NR_write, __NR_pwrite64);
}

TRANSLATOR(dragonfly_extpreadv)
{
	return extended(c, __NR_readv, __NR_preadv);
}

TRANSLATOR(dragonfly_extpwritev)
{
	return extended(c, __NR_writev, __NR_pwritev);
}

/* pipe2(where, flags): nothing is written there, the ends come back as pipe's do. */
TRANSLATOR(dragonfly_pipe2)
{
	int ends[2];
	uint64_t flags, at = scratch(c, sizeof ends);
	long r = arg_value(c, 1, &flags);

	if (r == 0 && !at)
		r = -ENOMEM;
	if (r == 0)
		r = host(c, __NR_pipe2, at, flags);
	if (r == 0)
		r = get_guest(c, ends, at, sizeof ends);
	if (r < 0)
		return r;
	set_second_result(c, (uint64_t)ends[1]);
	return ends[0];
}

/* ---- Variables of symbolic links: none is set ---------------------------------------------------------- */

/* varsym_list(level, buffer, its size, marker): the marker says that there are no more. */
TRANSLATOR(dragonfly_varsym_list)
{
	enum { PROC = 1, SYS = 3 };
	int32_t marker;
	int r = get_guest(c, &marker, c->a[3], sizeof marker);

	if (r == 0 && ((int32_t)c->a[0] < PROC || (int32_t)c->a[0] > SYS))
		r = -EINVAL;
	marker = -1;
	return r < 0 ? r : put_guest(c, c->a[3], &marker, sizeof marker);
}
