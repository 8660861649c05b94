/* Sockets: making, naming, connecting.
 *
 * Addresses are in socket_address.c, options in socket_option.c, bytes in socket_bytes.c,
 * messages with control data in socket_message.c. */
#include "syscalls/socket.h"

#include <asm/socket.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/un.h>
#include <string.h>

#include "syscalls/beneath.h"
#include "syscalls/descriptors.h"
#include "syscalls/facts.h"
#include "syscalls/linux.h"
#include "syscalls/lookup.h"

/* ---- Making sockets -------------------------------------------------------- */

/* Domain, type and protocol of arguments 0 to 2.  What is not declared gets the error that
 * says which of them is not supported (sys/kern/uipc_socket.c: socreate). */
#define SOCKET_KIND 0xf /* SOCK_TYPE_MASK (include/linux/net.h) */
static int kind_of_socket(struct call *c, uint64_t kind[3])
{
	if (arg_value(c, 0, &kind[0]) < 0)
		return -EAFNOSUPPORT;
	if (arg_value(c, 1, &kind[1]) < 0)
		return -EPROTOTYPE;
	if (arg_value(c, 2, &kind[2]) < 0)
		return -EPROTONOSUPPORT;
	return 0;
}

static long unsupported(struct call *c, long r)
{
	if (r == -ESOCKTNOSUPPORT)
		return (int32_t)c->a[2] ? -EPROTONOSUPPORT : -EPROTOTYPE;
	return r;
}

/* IPv6 sockets start out without IPv4 (sys/netinet6/in6_proto.c: ip6_v6only). */
static void only_ipv6(struct call *c, int fd)
{
	int on = 1;
	/* It fails only for raw sockets, which do not have the option and do not need it. */
	(void)socket_set_option(c, fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
}

static void remember_kind(struct call *c, const uint64_t kind[3], int fd)
{
	/* Without memory for it, sending waits for room as it does on Linux. */
	if (kind[0] == AF_UNIX && (kind[1] & SOCKET_KIND) == SOCK_DGRAM)
		(void)descriptor_set(c->thread->process, fd, DESCRIPTOR_LOCAL_DATAGRAM);
}

TRANSLATOR(socket)
{
	uint64_t kind[3];
	int r = kind_of_socket(c, kind);
	if (r < 0)
		return r;
	long fd = host(c, __NR_socket, kind[0], (uint32_t)kind[1], kind[2]);
	if (fd >= 0 && kind[0] == AF_INET6)
		only_ipv6(c, (int)fd);
	if (fd >= 0)
		remember_kind(c, kind, (int)fd);
	return fd < 0 ? unsupported(c, fd) : descriptor_made(c, fd, kind[1]);
}

TRANSLATOR(socketpair)
{
	uint64_t kind[3];
	int32_t ends[2];
	long r = kind_of_socket(c, kind);
	if (r < 0)
		return r;
	uint64_t at = scratch(c, sizeof ends);
	if (!at)
		return -ENOMEM;
	if (kind[0] != AF_UNIX) /* no others have pr_connect2 */
		return -EOPNOTSUPP;
	r = host(c, __NR_socketpair, kind[0], (uint32_t)kind[1], kind[2], at);
	if (r < 0)
		return unsupported(c, r);
	r = descriptors_made(c, at, c->a[3], kind[1], ends);
	if (r < 0)
		return r;
	remember_kind(c, kind, ends[0]);
	remember_kind(c, kind, ends[1]);
	return 0;
}

/* ---- Names and connections --------------------------------------------------- */

static long bind_to(struct call *c, int fd_arg)
{
	uint64_t fd, at;
	uint32_t length;
	uint16_t family;
	int r = arg_value(c, fd_arg, &fd);
	if (r == 0)
		r = address_argument(c, fd_arg + 1, &at, &length);
	if (r == 0)
		r = get_guest(c, &family, at, sizeof family);
	if (r < 0)
		return r;
	/* Linux lets an IPv4 socket be bound to no family. */
	return family == AF_UNSPEC ? -EAFNOSUPPORT : host_wait(c, __NR_bind, fd, at, length);
}

static bool is_local(const struct call *c, int i)
{
	unsigned char head[2];
	/* Only to choose between two errors. */
	return get_guest((struct call *)c, head, c->a[i], sizeof head) == 0 && head[1] == AF_UNIX;
}

static bool is_datagram(struct call *c, int fd)
{
	int type = 0;
	return socket_get_option(c, fd, SOL_SOCKET, SO_TYPE, &type, sizeof type) == 0 &&
	       type == SOCK_DGRAM;
}

/* To connect to no family dissolves a datagram socket's connection and fails all the same
 * (sys/kern/uipc_socket.c: soconnectat). */
static long disconnect(struct call *c, uint64_t fd, uint64_t at)
{
	if (is_datagram(c, (int)fd)) /* whatever comes of it, the answer is the same */
		(void)host(c, __NR_connect, fd, at, sizeof(struct sockaddr_in));
	return -EAFNOSUPPORT;
}

static long connect_to(struct call *c, int fd_arg)
{
	uint64_t fd, at;
	uint32_t length;
	uint16_t family;
	int r = arg_value(c, fd_arg, &fd);
	if (r == 0)
		r = address_argument(c, fd_arg + 1, &at, &length);
	if (r == 0)
		r = get_guest(c, &family, at, sizeof family);
	if (r < 0)
		return r;
	if (family == AF_UNSPEC)
		return disconnect(c, fd, at);
	long done = host_wait(c, __NR_connect, fd, at, length);
	if (done == -EINPROGRESS) /* without memory for it, kevent does not tell the error */
		(void)descriptor_set(c->thread->process, (int)fd, DESCRIPTOR_CONNECTING);
	/* A full backlog (sys/kern/uipc_usrreq.c: unp_connectat). */
	if (done == -EAGAIN && family == AF_UNIX)
		return -ECONNREFUSED;
	return done;
}

TRANSLATOR(bind)
{
	return bind_to(c, 0);
}

TRANSLATOR(connect)
{
	return connect_to(c, 0);
}

/* ---- Names from a directory on -------------------------------------------------- */

/* The whole path of a local name that is relative to a directory: to `path`, its length.  What
 * may be done beneath the directory alone is walked to. */
static long whole_name(struct call *c, int dir, bool follows, char *path, size_t size)
{
	struct process *p = c->thread->process;
	const struct descriptor *d = descriptor_find(p, dir);
	struct place place = {.directory = (uint64_t)dir};
	size_t length = c->a[3] - LOCAL_PATH;
	uint64_t at = scratch(c, UNIX_PATH_MAX);
	long r;

	if (c->a[3] <= LOCAL_PATH || length >= UNIX_PATH_MAX)
		return -EINVAL;
	memset(path, 0, UNIX_PATH_MAX);
	r = get_guest(c, path, c->a[2] + LOCAL_PATH, length);
	if (r == 0)
		r = !path[0] ? -ENOENT : !at ? -ENOMEM : put_guest(c, at, path, UNIX_PATH_MAX);
	place.name = at;
	if (r == 0 && (p->is_capability_mode || (d && d->rights)))
		r = beneath_place(c, (uint64_t)dir, at, follows, &place);
	if (r < 0)
		return r == -EXDEV ? -E_NOTCAPABLE : r;
	r = lookup_whole(c, (int)place.directory, place.name, path, size);
	if (place.is_ours)
		(void)host(c, __NR_close, place.directory); /* just opened: cannot fail */
	return r;
}

/* (dirfd, socket, address, length): Linux has no such lookup.  The address of a relative name
 * is replaced by one that needs none. */
static int name_at(struct call *c, bool follows)
{
	char path[LOCAL_PATH + FACTS_PATH];
	uint64_t dirfd;
	long r = arg_value(c, 0, &dirfd);

	if (r < 0 || (int)dirfd == AT_FDCWD)
		return (int)r;
	if (!is_local(c, 2))
		return -EOPNOTSUPP;
	r = get_guest(c, path, c->a[2], LOCAL_PATH + 1);
	if (r < 0 || path[LOCAL_PATH] == '/')
		return (int)r;
	r = whole_name(c, (int)dirfd, follows, path + LOCAL_PATH, sizeof path - LOCAL_PATH);
	if (r < 0)
		return (int)r;
	if (r >= UNIX_PATH_MAX)
		return -ENAMETOOLONG;
	c->a[2] = scratch(c, LOCAL_PATH + UNIX_PATH_MAX);
	c->a[3] = LOCAL_PATH + (uint64_t)r;
	return c->a[2] ? put_guest(c, c->a[2], path, c->a[3]) : -ENOMEM;
}

/* The arguments are the guest's again afterwards: the tracer shows them. */
static long make_at(struct call *c, bool follows, long (*make)(struct call *, int))
{
	uint64_t address = c->a[2], length = c->a[3];
	long r = name_at(c, follows);

	if (r == 0)
		r = make(c, 1);
	c->a[2] = address;
	c->a[3] = length;
	return r;
}

TRANSLATOR(bindat)
{
	return make_at(c, false, bind_to);
}

TRANSLATOR(connectat)
{
	return make_at(c, true, connect_to);
}

long socket_accept(struct call *c, uint64_t fd, uint64_t flags)
{
	struct address_result result;
	if (c->a[1] && !c->a[2])
		return -EFAULT; /* at once, where Linux would wait for a connection first */
	int r = address_expect(c, 1, &result);
	if (r < 0)
		return r;
	long new = host_wait(c, __NR_accept4, fd, result.at, result.length_at, (uint32_t)flags);
	if (new == -EOPNOTSUPP) /* no kind that could listen (kern_accept4) */
		return -EINVAL;
	if (new == -EINVAL &&
	    descriptor_has(c->thread->process, (int)fd, DESCRIPTOR_SHUT_LISTENING))
		return -ECONNABORTED;
	if (new < 0)
		return new;
	if (descriptor_has(c->thread->process, (int)fd, DESCRIPTOR_NO_SIGPIPE))
		r = descriptor_set(c->thread->process, (int)new, DESCRIPTOR_NO_SIGPIPE);
	if (r == 0)
		r = credentials_inherit(c, (int)fd, (int)new);
	if (r == 0)
		r = address_give(c, 1, &result);
	if (r == 0 && (flags & O_CLOSE_ON_FORK))
		r = descriptor_set(c->thread->process, (int)new, DESCRIPTOR_CLOSE_ON_FORK);
	if (r == 0)
		return new;
	descriptor_closing(c, (int)new);
	(void)host(c, __NR_close, new); /* nobody would know it */
	return r;
}

/* The new socket blocks, or not, as the listening one does, which is not so on Linux. */
TRANSLATOR(accept)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);
	if (r < 0)
		return r;
	long flags = host(c, __NR_fcntl, fd, F_GETFL);
	if (flags < 0)
		return flags;
	return socket_accept(c, fd, flags & O_NONBLOCK ? SOCK_NONBLOCK : 0);
}

TRANSLATOR(accept4)
{
	uint64_t fd, flags;
	int r = arg_values(c, 0, &fd, 3, &flags);
	return r < 0 ? r : socket_accept(c, fd, flags);
}

static long ask_name(struct call *c, int nr)
{
	struct address_result result;
	uint64_t fd;
	int r = arg_value(c, 0, &fd);
	if (r < 0)
		return r;
	if (!c->a[1] || !c->a[2])
		return -EFAULT;
	r = address_expect(c, 1, &result);
	if (r < 0)
		return r;
	long done = host(c, nr, fd, result.at, result.length_at);
	return done < 0 ? done : address_give(c, 1, &result);
}

TRANSLATOR(getsockname)
{
	return ask_name(c, __NR_getsockname);
}

TRANSLATOR(getpeername)
{
	return ask_name(c, __NR_getpeername);
}

static bool is_listening(struct call *c, int fd)
{
	int is = 0;
	return socket_get_option(c, fd, SOL_SOCKET, SO_ACCEPTCONN, &is, sizeof is) == 0 && is;
}

/* Who waits for a connection is told that there will be none, and the caller that there was
 * none to shut down (sys/netinet/tcp_usrreq.c: tcp_usr_shutdown). */
static long shutdown_listening(struct call *c, int fd, uint64_t how)
{
	if (how == SHUT_WR)
		return -ENOTCONN;
	/* Before, so that who is woken by it already knows; without memory it gets EINVAL. */
	(void)descriptor_set(c->thread->process, fd, DESCRIPTOR_SHUT_LISTENING);
	long done = host(c, __NR_shutdown, fd, how);
	return done < 0 ? done : -ENOTCONN;
}

/* A local socket that has no peer (sys/kern/uipc_usrreq.c: uipc_shutdown): the others Linux
 * tells apart as well. */
static bool is_local_alone(struct call *c, int fd)
{
	uint32_t room = sizeof((struct address *)0)->bytes;
	int domain = 0;
	if (socket_get_option(c, fd, SOL_SOCKET, SO_DOMAIN, &domain, sizeof domain) < 0 ||
	    domain != AF_UNIX)
		return false;
	uint64_t at = scratch(c, room), length_at = scratch(c, sizeof room);
	return at && length_at && put_guest(c, length_at, &room, sizeof room) == 0 &&
	       host(c, __NR_getpeername, fd, at, length_at) == -ENOTCONN;
}

TRANSLATOR(shutdown)
{
	uint64_t fd, how;
	int r = arg_values(c, 0, &fd, 1, &how);
	if (r < 0)
		return r;
	if (is_listening(c, (int)fd))
		return shutdown_listening(c, (int)fd, how);
	bool alone = is_local_alone(c, (int)fd);
	if (alone && !is_datagram(c, (int)fd))
		return -ENOTCONN;
	/* Before, so that a kqueue woken by it already knows. */
	bool news = how != SHUT_RD &&
		    !descriptor_has(c->thread->process, (int)fd, DESCRIPTOR_SHUT_WRITE);
	if (news) /* without memory for it, kevent does not tell that this side is shut */
		(void)descriptor_set(c->thread->process, (int)fd, DESCRIPTOR_SHUT_WRITE);
	long done = host(c, __NR_shutdown, fd, how);
	if (done < 0 && news)
		descriptor_clear(c->thread->process, (int)fd, DESCRIPTOR_SHUT_WRITE);
	return done == 0 && alone ? -ENOTCONN : done; /* but it is done */
}

/* ---- The mode of a name -------------------------------------------------------- */

/* A socket's mode is what its name will have; it has one until it gets that, and other kinds of
 * sockets have none (sys/kern/sys_socket.c: soo_chmod, sys/kern/uipc_usrreq.c: uipc_chmod). */
static long check_mode(struct call *c, uint64_t fd, uint64_t mode)
{
	uint32_t length = sizeof((struct address *)0)->bytes;
	int domain = 0;
	if (socket_get_option(c, (int)fd, SOL_SOCKET, SO_DOMAIN, &domain, sizeof domain) < 0)
		return 0; /* no socket */
	if (domain != AF_UNIX || (mode & ~0777UL))
		return -EINVAL;
	uint64_t at = scratch(c, length), length_at = scratch(c, sizeof length);
	if (!at || !length_at)
		return -ENOMEM;
	long r = put_guest(c, length_at, &length, sizeof length);
	if (r == 0)
		r = host(c, __NR_getsockname, fd, at, length_at);
	if (r == 0)
		r = get_guest(c, &length, length_at, sizeof length);
	return r < 0 ? r : length > LOCAL_PATH ? -EINVAL : 0;
}

TRANSLATOR(fchmod)
{
	uint64_t fd, mode;
	long r = arg_values(c, 0, &fd, 1, &mode);
	if (r == 0)
		r = check_mode(c, fd, mode);
	return r < 0 ? r : host(c, __NR_fchmod, fd, mode);
}

/* There is one routing table. */
TRANSLATOR(setfib)
{
	return c->a[0] ? -EINVAL : 0;
}
