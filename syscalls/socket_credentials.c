/* Who sent it: a local socket's peer, as control messages tell it.
 *
 * The guest's system has two ways.  A sender asks, with an empty message of its own, that its
 * kernel say who it is; the receiver need not have asked for anything.  Or the receiver asks, by
 * an option of its socket: then all that is sent to it (or what is sent first) says so.
 *
 * Linux has one: credentials travel with what is sent if the sender gives them or the receiver
 * has SO_PASSCRED then, and are told if the receiver has SO_PASSCRED when it receives.
 *
 * The receiver's option, then, is SO_PASSCRED.  Which of the two forms it is to have is kept
 * where it follows the open file and not the descriptor, through dup, fork, exec and being passed
 * itself: as the socket's SO_PRIORITY, which means nothing to a local socket and is none of the
 * guest's options.
 *
 * What a sender gave is had by turning SO_PASSCRED on only to receive: messages that came without
 * (pid 0 and nobody's number, net/core/scm.c) are then told from those that came with.  What other
 * processes send in that moment comes with credentials nobody asked for, so it is kept short: first
 * comes the waiting, by peeking at nothing. */
#include <asm/socket.h>
#include <string.h>

#include "syscalls/linux.h"
#include "syscalls/socket.h"

#define NOBODY 65534u /* of a namespace without that user (Linux: DEFAULT_OVERFLOWUID) */

static bool is_local(struct call *c, int fd)
{
	int domain = 0;
	return socket_get_option(c, fd, SOL_SOCKET, SO_DOMAIN, &domain, sizeof domain) == 0 &&
	       domain == AF_UNIX;
}

enum asked credentials_wanted(struct call *c, int fd)
{
	int on = 0, form = 0;
	if (!is_local(c, fd) ||
	    socket_get_option(c, fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 || !on ||
	    socket_get_option(c, fd, SOL_SOCKET, SO_PRIORITY, &form, sizeof form) < 0)
		return CREDENTIALS_NONE;
	return form == CREDENTIALS_ALWAYS ? CREDENTIALS_ALWAYS : CREDENTIALS_ONCE;
}

static int want(struct call *c, int fd, enum asked form)
{
	int value = (int)form, on = form != CREDENTIALS_NONE;
	int r = socket_set_option(c, fd, SOL_SOCKET, SO_PRIORITY, &value, sizeof value);
	return r < 0 ? r : socket_set_option(c, fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

/* On one that came of a listening socket Linux has turned SO_PASSCRED on already, but the form it
 * does not know. */
int credentials_inherit(struct call *c, int from, int to)
{
	enum asked form = credentials_wanted(c, from);
	return form == CREDENTIALS_NONE ? 0 : want(c, to, form);
}

int credentials_set(struct call *c, const struct option_call *o)
{
	int value;
	if (o->length < sizeof value)
		return -EINVAL;
	int r = get_guest(c, &value, o->value, sizeof value);
	if (r < 0)
		return r;
	enum asked mine = (enum asked)o->option->host;
	enum asked now = credentials_wanted(c, o->fd);
	if (now != CREDENTIALS_NONE && now != mine)
		return value ? -EINVAL : 0;
	return want(c, o->fd, value ? mine : CREDENTIALS_NONE);
}

int credentials_get(struct call *c, struct option_call *o)
{
	int value = credentials_wanted(c, o->fd) == (enum asked)o->option->host;
	o->used = o->length < sizeof value ? o->length : sizeof value;
	return put_guest(c, o->value, &value, o->used);
}

/* What a sender gives of itself; Linux lets nobody give anything else. */
void credentials_own(struct call *c, struct credentials *own)
{
	long pid = host(c, __NR_getpid), uid = host(c, __NR_getuid), gid = host(c, __NR_getgid);
	*own = (struct credentials){(int32_t)pid, (uint32_t)uid, (uint32_t)gid};
}

bool credentials_given(const struct credentials *from)
{
	return from->pid != 0 || from->uid != NOBODY || from->gid != NOBODY;
}

/* With CREDENTIALS_ONCE a connection says it once; datagrams say it always
 * (sys/kern/uipc_usrreq.c: uipc_sosend_stream_or_seqpacket, uipc_sosend_dgram). */
void credentials_told(struct call *c, int fd)
{
	int type = SOCK_DGRAM;
	(void)socket_get_option(c, fd, SOL_SOCKET, SO_TYPE, &type, sizeof type); /* it is one */
	if (type != SOCK_DGRAM) /* failing, it would be told again */
		(void)want(c, fd, CREDENTIALS_NONE);
}

static void pass_credentials(struct call *c, int fd, int on)
{
	/* The socket is known to have the option. */
	(void)socket_set_option(c, fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

long credentials_receive(struct call *c, int fd, uint64_t message, uint64_t flags)
{
	if ((flags & MSG_OOB) || !is_local(c, fd))
		return host_wait(c, __NR_recvmsg, fd, message, flags);
	struct host_message nothing = {0};
	uint64_t at = scratch(c, sizeof nothing);
	if (!at)
		return -ENOMEM;
	for (;;) {
		int r = put_guest(c, at, &nothing, sizeof nothing);
		if (r < 0)
			return r;
		long n = host_wait(c, __NR_recvmsg, fd, at, MSG_PEEK | (flags & MSG_DONTWAIT));
		if (n < 0)
			return n;
		pass_credentials(c, fd, 1);
		/* Who wants all of it waits for the rest here. */
		uint64_t now = flags & MSG_WAITALL ? 0 : MSG_DONTWAIT;
		n = host_wait(c, __NR_recvmsg, fd, message, flags | now);
		pass_credentials(c, fd, 0);
		/* Somebody else was faster. */
		if (n != -EAGAIN || (flags & MSG_DONTWAIT))
			return n;
	}
}
