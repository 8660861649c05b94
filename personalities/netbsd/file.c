/* File calls and types that NetBSD has its own way: sys/sys/types.h, sys/kern/vfs_*.c, NetBSD 7.99. */
#include <string.h>

#include "personalities/netbsd/custom.h"
#include "syscalls/descriptors.h"
#include "syscalls/file.h"
#include "syscalls/process.h"
#include "syscalls/text.h"

/* ---- Calls ------------------------------------------------------------------------------------ */

/* Of the root, which is in no directory (vfs_lookup.c); of another directory it is EPERM. */
static long root_is_busy(long r)
{
	return r == -EISDIR ? -EBUSY : r;
}

TRANSLATOR(netbsd_unlink)
{
	return root_is_busy(call_unlink(c));
}

TRANSLATOR(netbsd_unlinkat)
{
	return root_is_busy(call_unlinkat(c));
}

/* ---- Types ------------------------------------------------------------------------------------ */

#define ONLY_OUT(name) \
	int netbsd_##name##_to_host(struct call *c, const void *guest, void *host) \
	{ \
		(void)c, (void)guest, (void)host; \
		return -EINVAL; \
	}
ONLY_OUT(dev)
ONLY_OUT(dev32)
ONLY_OUT(text32)
ONLY_OUT(text1024)

/* dev_t from Linux's two numbers (makedev()); before 6.0 it had 32 bits, which is all it fills. */
int netbsd_dev32_to_guest(struct call *c, const void *host, void *guest)
{
	uint32_t number[2], dev; /* major, minor */

	(void)c;
	memcpy(number, host, sizeof number);
	dev = (number[0] << 8 & 0xfff00) | (number[1] << 12 & 0xfff00000) | (number[1] & 0xff);
	memcpy(guest, &dev, sizeof dev);
	return 0;
}

int netbsd_dev_to_guest(struct call *c, const void *host, void *guest)
{
	memset(guest, 0, sizeof(uint64_t));
	return netbsd_dev32_to_guest(c, host, guest);
}

int netbsd_text32_to_guest(struct call *c, const void *host, void *guest)
{
	(void)c;
	text_cut(guest, 32, host);
	return 0;
}

int netbsd_text1024_to_guest(struct call *c, const void *host, void *guest)
{
	(void)c;
	text_cut(guest, 1024, host);
	return 0;
}

/* RLIM_INFINITY is the largest signed number. */
int netbsd_rlim_to_host(struct call *c, const void *guest, void *host)
{
	uint64_t limit;

	(void)c;
	memcpy(&limit, guest, sizeof limit);
	if (limit >= INT64_MAX)
		limit = RLIM64_INFINITY;
	memcpy(host, &limit, sizeof limit);
	return 0;
}

int netbsd_rlim_to_guest(struct call *c, const void *host, void *guest)
{
	uint64_t limit;

	(void)c;
	memcpy(&limit, host, sizeof limit);
	if (limit > INT64_MAX)
		limit = INT64_MAX;
	memcpy(guest, &limit, sizeof limit);
	return 0;
}

/* ---- Calls -------------------------------------------------------------------------------------- */

static const struct open_rules rules = {
	.always = O_NOCTTY,
	.mode = 07777,
	.nofollow = E_FTYPE, /* vn_open: EFTYPE */
	.is_socket = EOPNOTSUPP,
	.beneath = EACCES, /* no flag asks for it */
};

TRANSLATOR(netbsd_open)
{
	return open_at(c, &rules);
}

/* dup3 onto itself changes nothing (sys/kern/sys_descrip.c: dodup). */
TRANSLATOR(netbsd_dup3)
{
	uint64_t from, to, flags;
	long r = arg_values(c, 0, &from, 1, &to);

	if (r == 0)
		r = arg_value(c, 2, &flags);
	if (r < 0)
		return r;
	if (flags & O_NONBLOCK)
		return -EOPNOTSUPP; /* would change what the other descriptor sees, too */
	if (from != to)
		return descriptor_duplicate_onto(c, (int)from, (int)to, (uint32_t)flags);
	r = host(c, __NR_fcntl, from, F_GETFD);
	return r < 0 ? r : (long)to;
}

/* The result is the length, with the NUL. */
long call_getcwd(struct call *c);
TRANSLATOR(netbsd_getcwd)
{
	char path[4096];
	long r;

	if (c->a[1] < 2)
		return -ERANGE;
	r = call_getcwd(c);
	if (r == 0)
		r = get_guest_string(c, path, c->a[0], sizeof path);
	return r < 0 ? r : r + 1;
}

/* fsync_range(fd, how, start, length) */
TRANSLATOR(netbsd_fsync_range)
{
	enum { DATA = 1, ALL = 2 }; /* as the argument's type has them */
	uint64_t fd, how;
	int r = arg_values(c, 0, &fd, 1, &how);

	if (r < 0)
		return r;
	if ((how & (DATA | ALL)) == 0 || (how & (DATA | ALL)) == (DATA | ALL) ||
	    ((int64_t)c->a[3] && (int64_t)(c->a[2] + c->a[3]) < (int64_t)c->a[2]))
		return -EINVAL;
	return host_wait(c, how & DATA ? __NR_fdatasync : __NR_fsync, fd);
}

/* mknodat(fd, path, mode, pad, device) */
long call_mknod(struct call *c);
TRANSLATOR(netbsd_mknodat)
{
	c->a[3] = c->a[4];
	return call_mknod(c);
}

/* ---- The program's own file, which programs find by procfs -------------------------------------------- */

static bool is_own(struct call *c, uint64_t name)
{
	return process_names_own(c, name, "/proc/curproc/exe") ||
	       process_names_own(c, name, "/proc/self/exe");
}

TRANSLATOR(netbsd_readlink)
{
	if (is_own(c, c->a[0]))
		return process_put_own(c, c->a[1], c->a[2]);
	return host(c, __NR_readlink, c->a[0], c->a[1], c->a[2]);
}

TRANSLATOR(netbsd_readlinkat)
{
	uint64_t fd;
	int r;

	if (is_own(c, c->a[1]))
		return process_put_own(c, c->a[2], c->a[3]);
	r = arg_value(c, 0, &fd);
	return r < 0 ? r : host(c, __NR_readlinkat, fd, c->a[1], c->a[2], c->a[3]);
}

/* ---- Numbers of the process, of which there are two at once ---------------------------------------- */

TRANSLATOR(netbsd_getpid)
{
	set_second_result(c, (uint64_t)host(c, __NR_getppid));
	return c->thread->process->pid;
}

TRANSLATOR(netbsd_getuid)
{
	set_second_result(c, (uint64_t)host(c, __NR_geteuid));
	return host(c, __NR_getuid);
}

TRANSLATOR(netbsd_getgid)
{
	set_second_result(c, (uint64_t)host(c, __NR_getegid));
	return host(c, __NR_getgid);
}
