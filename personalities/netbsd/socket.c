/* NetBSD's socket addresses, options and control messages, as tables for syscalls/socket*.c.
 * Numbers: sys/socket.h, sys/un.h, netinet/in.h, netinet6/in6.h, netinet/tcp.h of NetBSD 10. */
#include "personalities/netbsd/socket.h"

#include <asm/socket.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>
#include <string.h>

#include "personalities/netbsd/custom.h"
#include "personalities/netbsd/types_address.h"
#include "syscalls/signal.h"
#include "syscalls/time.h"

/* ---- Addresses and flags ---------------------------------------------------------------------- */

int netbsd_address_to_host(struct call *c, const void *guest, void *host)
{
	(void)c;
	return address_from_bsd(&type_socket_domain, guest, host);
}

int netbsd_address_to_guest(struct call *c, const void *host, void *guest)
{
	(void)c;
	return address_to_bsd(&type_socket_domain, host, guest);
}

/* msg_flags: an answer only, so that what is there before says nothing. */
int netbsd_answer_flags_to_host(struct call *c, const void *guest, void *host)
{
	(void)c, (void)guest;
	memset(host, 0, sizeof(uint32_t));
	return 0;
}

int netbsd_answer_flags_to_guest(struct call *c, const void *host, void *guest)
{
	uint32_t flags;

	(void)c;
	memcpy(&flags, host, sizeof flags);
	flags = (uint32_t)names_to_guest_known(&type_message_flags, flags);
	memcpy(guest, &flags, sizeof flags);
	return 0;
}

/* ---- Who is there --------------------------------------------------------------------------------- */

/* sys/un.h: struct unpcbid */
static int peer_credentials(struct call *c, struct option_call *o)
{
	struct {
		int32_t pid;
		uint32_t uid, gid;
	} peer;
	int r = socket_get_option(c, o->fd, SOL_SOCKET, SO_PEERCRED, &peer, sizeof peer);

	if (r == 0 && peer.pid == 0)
		r = -ENOTCONN;
	if (r < 0)
		return r;
	o->used = o->length < sizeof peer ? o->length : sizeof peer;
	return put_guest(c, o->value, &peer, o->used);
}

/* sys/socket.h: struct sockcred, with one group: Linux tells no other, and of the two user and group
 * numbers, real and effective, only one. */
struct sockcred {
	int32_t pid;
	uint32_t uid, euid, gid, egid;
	int32_t n_groups;
	uint32_t groups[1];
};
_Static_assert(sizeof(struct sockcred) <= CREDENTIALS_MAX, "there is room");
enum { SCM_CREDS = 0x10 };

static size_t credentials(enum asked asked, const struct credentials *from, unsigned char *data,
			  int32_t *type)
{
	struct sockcred s = {from->pid, from->uid, from->uid, from->gid, from->gid, 1, {from->gid}};

	(void)asked;
	*type = SCM_CREDS;
	memcpy(data, &s, sizeof s);
	return sizeof s;
}

/* ---- Options -------------------------------------------------------------------------------------- */

#define SOCKET_LEVEL 0xffff /* SOL_SOCKET */
#define LOCAL_LEVEL 0 /* SOL_LOCAL; IPPROTO_IP, too */

/* struct linger, struct ip_mreq and struct ipv6_mreq are the same bytes; so is struct timeval, whose
 * suseconds_t is an int before four bytes of nothing. */
static const struct option options[] = {
	OPTION_READ(0x0002, SO_ACCEPTCONN, OPTION_FLAG),
	OPTION(0x0004, SO_REUSEADDR, OPTION_FLAG),
	OPTION(0x0008, SO_KEEPALIVE, OPTION_FLAG),
	OPTION(0x0010, SO_DONTROUTE, OPTION_FLAG),
	OPTION(0x0020, SO_BROADCAST, OPTION_FLAG),
	OPTION_SIZED(0x0080, SO_LINGER, 8),
	OPTION(0x0100, SO_OOBINLINE, OPTION_FLAG),
	OPTION(0x0200, SO_REUSEPORT, OPTION_FLAG),
	{.guest_level = SOCKET_LEVEL,
	 .guest = 0x0800,
	 .form = OPTION_NO_SIGPIPE,
	 .name = "SO_NOSIGPIPE"},
	OPTION(0x2000, SO_TIMESTAMP, OPTION_FLAG),
	OPTION(0x1001, SO_SNDBUF, OPTION_BUFFER),
	OPTION(0x1002, SO_RCVBUF, OPTION_BUFFER),
	OPTION_READ(0x1003, SO_SNDLOWAT, OPTION_INT),
	OPTION(0x1004, SO_RCVLOWAT, OPTION_INT),
	OPTION_READ(0x1007, SO_ERROR, OPTION_ERROR),
	OPTION_TYPE(0x1008, SO_TYPE, socket_type),
	OPTION_SIZED(0x100b, SO_SNDTIMEO, 16),
	OPTION_SIZED(0x100c, SO_RCVTIMEO, 16),

	{.guest_level = LOCAL_LEVEL,
	 .guest = 3,
	 .form = OPTION_CUSTOM,
	 .domain = AF_UNIX,
	 .get = peer_credentials,
	 .name = "LOCAL_PEEREID"},
	{.guest_level = LOCAL_LEVEL,
	 .guest = 4,
	 .host = CREDENTIALS_ONCE,
	 .form = OPTION_CUSTOM,
	 .domain = AF_UNIX,
	 .get = credentials_get,
	 .set = credentials_set,
	 .name = "LOCAL_CREDS"},

	PROTOCOL(IPPROTO_IP, 2, IP_HDRINCL, OPTION_INT),
	PROTOCOL(IPPROTO_IP, 3, IP_TOS, OPTION_INT),
	PROTOCOL(IPPROTO_IP, 4, IP_TTL, OPTION_INT),
	PROTOCOL(IPPROTO_IP, 7, IP_PKTINFO, OPTION_INT), /* IP_RECVDSTADDR */
	PROTOCOL_SIZED(IPPROTO_IP, 9, IP_MULTICAST_IF, 4),
	PROTOCOL_SIZED(IPPROTO_IP, 10, IP_MULTICAST_TTL, 1),
	PROTOCOL_SIZED(IPPROTO_IP, 11, IP_MULTICAST_LOOP, 1),
	PROTOCOL_SIZED(IPPROTO_IP, 12, IP_ADD_MEMBERSHIP, 8),
	PROTOCOL_SIZED(IPPROTO_IP, 13, IP_DROP_MEMBERSHIP, 8),
	PROTOCOL(IPPROTO_IP, 23, IP_RECVTTL, OPTION_INT),
	PROTOCOL(IPPROTO_IP, 24, IP_MINTTL, OPTION_INT),

	PROTOCOL(IPPROTO_IPV6, 4, IPV6_UNICAST_HOPS, OPTION_INT),
	PROTOCOL_SIZED(IPPROTO_IPV6, 9, IPV6_MULTICAST_IF, 4),
	PROTOCOL(IPPROTO_IPV6, 10, IPV6_MULTICAST_HOPS, OPTION_INT),
	PROTOCOL(IPPROTO_IPV6, 11, IPV6_MULTICAST_LOOP, OPTION_INT),
	PROTOCOL_SIZED(IPPROTO_IPV6, 12, IPV6_ADD_MEMBERSHIP, 20),
	PROTOCOL_SIZED(IPPROTO_IPV6, 13, IPV6_DROP_MEMBERSHIP, 20),
	PROTOCOL(IPPROTO_IPV6, 26, IPV6_CHECKSUM, OPTION_INT),
	PROTOCOL(IPPROTO_IPV6, 27, IPV6_V6ONLY, OPTION_INT),
	PROTOCOL(IPPROTO_IPV6, 36, IPV6_RECVPKTINFO, OPTION_INT),
	PROTOCOL(IPPROTO_IPV6, 37, IPV6_RECVHOPLIMIT, OPTION_INT),
	PROTOCOL_SIZED(IPPROTO_IPV6, 46, IPV6_PKTINFO, 20),
	PROTOCOL(IPPROTO_IPV6, 57, IPV6_RECVTCLASS, OPTION_INT),
	PROTOCOL(IPPROTO_IPV6, 61, IPV6_TCLASS, OPTION_INT),
	PROTOCOL(IPPROTO_IPV6, 62, IPV6_DONTFRAG, OPTION_INT),

	PROTOCOL(IPPROTO_TCP, 1, TCP_NODELAY, OPTION_INT),
	PROTOCOL(IPPROTO_TCP, 2, TCP_MAXSEG, OPTION_INT),
	PROTOCOL(IPPROTO_TCP, 3, TCP_KEEPIDLE, OPTION_INT),
	PROTOCOL(IPPROTO_TCP, 4, TCP_CORK, OPTION_INT), /* TCP_NOPUSH */
	PROTOCOL(IPPROTO_TCP, 5, TCP_KEEPINTVL, OPTION_INT),
	PROTOCOL(IPPROTO_TCP, 6, TCP_KEEPCNT, OPTION_INT),
};

/* ---- Control messages ---------------------------------------------------------------------------------- */

static const struct control controls[] = {
	{SOCKET_LEVEL, 1, SOL_SOCKET, 1, CONTROL_DESCRIPTORS, false},
	{SOCKET_LEVEL, 8, SOL_SOCKET, SO_TIMESTAMP, CONTROL_BYTES, true},
	{SOCKET_LEVEL, SCM_CREDS, SOL_SOCKET, SCM_CREDENTIALS, CONTROL_CREDENTIALS, true},
	{IPPROTO_IP, 7, IPPROTO_IP, IP_PKTINFO, CONTROL_DESTINATION, false},
	{IPPROTO_IP, 23, IPPROTO_IP, IP_TTL, CONTROL_INT_IS_BYTE, true},
	{IPPROTO_IPV6, 46, IPPROTO_IPV6, IPV6_PKTINFO, CONTROL_BYTES, false},
	{IPPROTO_IPV6, 47, IPPROTO_IPV6, IPV6_HOPLIMIT, CONTROL_BYTES, false},
	{IPPROTO_IPV6, 61, IPPROTO_IPV6, IPV6_TCLASS, CONTROL_BYTES, false},
};

static const struct socket_rules rules = {
	.to_host = netbsd_address_to_host,
	.to_guest = netbsd_address_to_guest,
	.options = options,
	.n_options = COUNT(options),
	.controls = controls,
	.n_controls = COUNT(controls),
	.credentials = credentials,
	.credentials_size = sizeof(struct sockcred),
	.local_level = LOCAL_LEVEL,
};

TRANSLATOR(netbsd_getsockopt)
{
	return socket_get(c, &rules);
}

TRANSLATOR(netbsd_setsockopt)
{
	return socket_set(c, &rules);
}

TRANSLATOR(netbsd_sendmsg)
{
	return socket_send_message(c, &rules);
}

TRANSLATOR(netbsd_recvmsg)
{
	return socket_receive_message(c, &rules);
}

/* paccept(fd, address, its length, mask, flags): the mask is the call's alone. */
TRANSLATOR(netbsd_paccept)
{
	struct sigset mask;
	uint64_t fd, flags;
	long r = arg_values(c, 0, &fd, 4, &flags);

	if (r == 0 && c->a[3])
		r = arg_in(c, 3, &mask);
	if (r < 0)
		return r;
	if (c->a[3])
		signal_borrow_mask(c, &mask);
	return socket_accept(c, fd, flags);
}

/* ---- Several messages at once: struct mmsghdr ------------------------------------------------------- */

enum { SYS_RECVMSG = 27, SYS_SENDMSG = 28 };
enum { MESSAGE = 48, SIZE_OF_MMSGHDR = 56, MESSAGES_MOST = 1024 };
enum { MSG_DONTWAIT_ = 0x80, MSG_WAITFORONE_ = 0x2000 };

static bool is_over(struct call *c)
{
	uint64_t left;

	return c->deadline && remaining_ns(c, CLOCK_MONOTONIC, &left) == 0 && !left;
}

/* (fd, array, how many, flags): one by one, as the call for one does it.  What fails after the first is not
 * told: who goes on meets it again. */
static long several(struct call *c, uint32_t nr, long (*one)(struct call *))
{
	struct call each = *c;
	uint32_t n = (uint32_t)c->a[2], flags = (uint32_t)c->a[3];
	long done = 0, r = 0;

	if (n > MESSAGES_MOST)
		n = MESSAGES_MOST;
	each.row = find_row(c->personality, nr);
	while (done < n && !(done && is_over(c))) {
		uint32_t length;

		each.a[1] = c->a[1] + (uint64_t)done * SIZE_OF_MMSGHDR;
		each.a[2] = flags & ~(uint32_t)MSG_WAITFORONE_;
		each.scratch_used = c->scratch_used;
		r = one(&each);
		length = (uint32_t)r;
		if (r >= 0)
			r = put_guest(c, each.a[1] + MESSAGE, &length, sizeof length);
		if (r < 0)
			break;
		done++;
		if (flags & MSG_WAITFORONE_)
			flags |= MSG_DONTWAIT_;
	}
	return done ? done : r;
}

TRANSLATOR(netbsd_sendmmsg)
{
	return several(c, SYS_SENDMSG, call_netbsd_sendmsg);
}

TRANSLATOR(netbsd_recvmmsg)
{
	struct __kernel_timespec timeout;
	uint64_t ns;
	int r = c->a[4] ? arg_in(c, 4, &timeout) : 0;

	if (r == 0 && c->a[4]) {
		r = ns_of_timespec(&timeout, &ns);
		if (r == 0)
			r = deadline_from(c, CLOCK_MONOTONIC, ns);
	}
	return r < 0 ? r : several(c, SYS_RECVMSG, call_netbsd_recvmsg);
}
