/* Descriptors, names and sockets where Linux's call cannot be passed on as it is. */
#include "syscalls/descriptors.h"
#include "syscalls/linux.h"

#include <string.h>

/* The request as the filter's list has it; others are for devices that are not here. */
TRANSLATOR(linux_ioctl)
{
	uint64_t fd, request;
	int r = arg_value(c, 0, &fd);

	if (r < 0)
		return r;
	if (arg_value(c, 1, &request) < 0) {
		long open = host(c, __NR_fcntl, fd, F_GETFD);

		return open < 0 ? open : -ENOTTY;
	}
	return host_wait(c, __NR_ioctl, fd, request & UINT32_MAX, c->a[2]);
}

TRANSLATOR(linux_dup3)
{
	uint64_t from, to;
	int r = arg_values(c, 0, &from, 1, &to);

	if (r < 0)
		return r;
	if (from == to || (c->a[2] & ~(uint64_t)O_CLOEXEC))
		return -EINVAL;
	return descriptor_duplicate_onto(c, (int)from, (int)to, (uint32_t)c->a[2]);
}

/* linux/fcntl.h, asm-generic/fcntl.h.  Leases and directory notes are left out: they reach
 * other users of a file. */
TRANSLATOR(linux_fcntl)
{
	uint64_t fd;
	long r = arg_value(c, 0, &fd);

	if (r < 0)
		return r;
	switch ((int)c->a[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		r = host(c, __NR_fcntl, fd, c->a[1], c->a[2]);
		if (r >= 0)
			descriptor_duplicated(c, (int)fd, (int)r);
		return r;
	case F_GETFD:
	case F_SETFD:
	case F_GETFL:
	case F_SETFL:
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
	case F_SETOWN:
	case F_GETOWN:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
	case F_SETSIG:
	case F_GETSIG:
	case F_SETPIPE_SZ:
	case F_GETPIPE_SZ:
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return host_wait(c, __NR_fcntl, fd, c->a[1], c->a[2]);
	default:
		return -EINVAL;
	}
}

/* ---- Sockets ---------------------------------------------------------------------------- */

enum { FAMILY_UNIX = 1, FAMILY_INET = 2, FAMILY_INET6 = 10, FAMILY_NETLINK = 16 };
#define NETLINK_ROUTE 0

/* socket and socketpair.  Routing questions are how the C libraries list interfaces. */
TRANSLATOR(linux_socket)
{
	switch ((int)c->a[0]) {
	case FAMILY_UNIX:
	case FAMILY_INET:
	case FAMILY_INET6:
		break;
	case FAMILY_NETLINK:
		if ((int)c->a[2] == NETLINK_ROUTE)
			break;
		return -EPROTONOSUPPORT;
	default:
		return -EAFNOSUPPORT;
	}
	return host(c, c->row->uses[0], c->a[0], c->a[1], c->a[2], c->a[3]);
}

/* ---- The program's own file ----------------------------------------------------------- */

#define OWN_FILE "/proc/self/exe"

TRANSLATOR(linux_readlink)
{
	if (process_names_own(c, c->a[0], OWN_FILE))
		return process_put_own(c, c->a[1], c->a[2]);
	return host(c, __NR_readlink, c->a[0], c->a[1], c->a[2]);
}

TRANSLATOR(linux_readlinkat)
{
	uint64_t fd;
	int r;

	if (process_names_own(c, c->a[1], OWN_FILE))
		return process_put_own(c, c->a[2], c->a[3]);
	r = arg_value(c, 0, &fd);
	return r < 0 ? r : host(c, __NR_readlinkat, fd, c->a[1], c->a[2], c->a[3]);
}

long call_execve(struct call *c);
TRANSLATOR(linux_execve)
{
	const char *path = c->thread->process->path;
	size_t n = strlen(path) + 1;

	if (process_names_own(c, c->a[0], OWN_FILE)) {
		uint64_t at = scratch(c, n);

		if (!at || put_guest(c, at, path, n) < 0)
			return -ENOMEM;
		c->a[0] = at;
	}
	return call_execve(c);
}

/* execveat(directory, path, argv, envp, flags) */
TRANSLATOR(linux_execveat)
{
	char first;
	int r = get_guest(c, &first, c->a[1], 1);

	if (r < 0)
		return r;
	if (((int)c->a[0] != AT_FDCWD && first != '/') || c->a[4])
		return -ENOSYS;
	c->a[0] = c->a[1];
	c->a[1] = c->a[2];
	c->a[2] = c->a[3];
	return call_linux_execve(c);
}
