/* Sockets: sending and receiving bytes. */
#include <asm/signal.h>
#include <asm/socket.h>

#include "syscalls/descriptors.h"
#include "syscalls/linux.h"
#include "syscalls/socket.h"

uint64_t socket_sending(struct call *c, int fd)
{
	const struct descriptor *d = descriptor_find(c->thread->process, fd);
	if (!d)
		return 0;
	return (d->flags & DESCRIPTOR_NO_SIGPIPE ? MSG_NOSIGNAL : 0) |
	       (d->flags & DESCRIPTOR_LOCAL_DATAGRAM ? MSG_DONTWAIT : 0);
}

static void broken_pipe(struct call *c)
{
	/* To oneself: it is delivered when the call is over. */
	(void)host(c, __NR_tgkill, host(c, __NR_getpid), host(c, __NR_gettid), SIGPIPE);
}

/* Linux raises SIGPIPE for streams only (sys/kern/uipc_socket.c: sousrsend), and has other errors
 * for datagrams that a local socket has no room for or whose receiver is gone, and for a local
 * connection that ended before it was accepted (sys/kern/uipc_usrreq.c). */
long socket_sent(struct call *c, int fd, uint64_t flags, uint64_t address, long result)
{
	int type, domain;
	if (result != -EAGAIN && result != -EPIPE && result != -ECONNRESET &&
	    (result != -ECONNREFUSED || address))
		return result;
	if (socket_get_option(c, fd, SOL_SOCKET, SO_TYPE, &type, sizeof type) < 0 ||
	    socket_get_option(c, fd, SOL_SOCKET, SO_DOMAIN, &domain, sizeof domain) < 0)
		return result; /* not a socket */
	bool local_datagram = domain == AF_UNIX && type == SOCK_DGRAM;
	if (result == -EAGAIN)
		return local_datagram ? -ENOBUFS : result;
	if (result == -ECONNREFUSED)
		return local_datagram ? -ECONNRESET : result;
	bool told = result == -EPIPE && type == SOCK_STREAM;
	if (result == -ECONNRESET) {
		if (domain != AF_UNIX || local_datagram)
			return result;
		result = -EPIPE;
	}
	if (!told && !(flags & MSG_NOSIGNAL))
		broken_pipe(c);
	return result;
}

/* sendto(fd, bytes, length, flags, address, address length) */
TRANSLATOR(sendto)
{
	uint64_t fd, flags, at = 0;
	uint32_t length = 0;
	int r = arg_values(c, 0, &fd, 3, &flags);
	if (r == 0 && c->a[4])
		r = address_argument(c, 4, &at, &length);
	if (r < 0)
		return r;
	flags |= socket_sending(c, (int)fd);
	long n = host_wait(c, __NR_sendto, fd, c->a[1], c->a[2], flags, at, length);
	return socket_sent(c, (int)fd, flags, at, n);
}

TRANSLATOR(recvfrom)
{
	struct address_result result;
	uint64_t fd, flags;
	int r = arg_values(c, 0, &fd, 3, &flags);
	if (r == 0)
		r = address_expect(c, 4, &result);
	if (r < 0)
		return r;
	long n = host_wait(c, __NR_recvfrom, fd, c->a[1], c->a[2], flags, result.at,
			   result.length_at);
	if (n < 0)
		return n;
	r = address_give(c, 4, &result);
	return r < 0 ? r : n;
}

static long written(struct call *c, uint64_t flags, long error)
{
	if (error == -EFAULT && c->a[2] > INT64_MAX)
		error = -EINVAL; /* write(2): too many bytes */
	return socket_sent(c, (int)c->a[0], flags, 0, error);
}

/* write and writev may meet a socket that never raises SIGPIPE or never waits, for which Linux
 * has only flags of each sending call. */
TRANSLATOR(write)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);
	if (r < 0)
		return r;
	make_bare(c, __NR_write);
	uint64_t flags = socket_sending(c, (int)fd);
	long n;
	if (flags)
		n = host_wait(c, __NR_sendto, fd, c->a[1], c->a[2], flags, 0, 0);
	else
		n = host_wait(c, __NR_write, fd, c->a[1], c->a[2]);
	return is_error(n) ? written(c, flags, n) : n;
}

long socket_write_failed(struct call *c, long error)
{
	return written(c, 0, error);
}

TRANSLATOR(writev)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);
	if (r < 0)
		return r;
	uint64_t flags = socket_sending(c, (int)fd);
	if (!flags) {
		long n = host_wait(c, __NR_writev, fd, c->a[1], (uint32_t)c->a[2]);
		return socket_sent(c, (int)fd, 0, 0, n);
	}
	struct host_message m = {.vectors = c->a[1], .n_vectors = (uint32_t)c->a[2]};
	uint64_t at = scratch(c, sizeof m);
	r = at ? put_guest(c, at, &m, sizeof m) : -ENOMEM;
	if (r < 0)
		return r;
	long n = host_wait(c, __NR_sendmsg, fd, at, flags);
	if (n == -EMSGSIZE && m.n_vectors > 1024)
		return -EINVAL; /* as writev says it */
	return socket_sent(c, (int)fd, flags, 0, n);
}
