/* DragonFly's socket addresses, options and control messages, as tables for syscalls/socket*.c.
 * Numbers: sys/socket.h, sys/un.h, netinet/in.h, netinet6/in6.h, netinet/tcp.h of DragonFly 5.9. */
#include "personalities/dragonfly/socket.h"

#include <asm/socket.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>
#include <string.h>

#include "personalities/dragonfly/custom.h"
#include "personalities/dragonfly/types_address.h"
#include "syscalls/signal.h"

/* ---- Addresses and flags ---------------------------------------------------------------------- */

int dragonfly_address_to_host(struct call *c, const void *guest, void *host)
{
	(void)c;
	return address_from_bsd(&type_socket_domain, guest, host);
}

int dragonfly_address_to_guest(struct call *c, const void *host, void *guest)
{
	(void)c;
	return address_to_bsd(&type_socket_domain, host, guest);
}

/* msg_flags: an answer only, so that what is there before says nothing. */
int dragonfly_answer_flags_to_host(struct call *c, const void *guest, void *host)
{
	(void)c, (void)guest;
	memset(host, 0, sizeof(uint32_t));
	return 0;
}

int dragonfly_answer_flags_to_guest(struct call *c, const void *host, void *guest)
{
	uint32_t flags;

	(void)c;
	memcpy(&flags, host, sizeof flags);
	flags = (uint32_t)names_to_guest_known(&type_message_flags, flags);
	memcpy(guest, &flags, sizeof flags);
	return 0;
}

/* ---- Who is there --------------------------------------------------------------------------------- */

/* sys/ucred.h: struct xucred, which getpeereid(3) reads. */
struct xucred {
	uint32_t version, uid;
	int16_t n_groups;
	uint32_t groups[16];
	uint64_t unused;
};
_Static_assert(sizeof(struct xucred) == 88, "sys/ucred.h");

static int peer_credentials(struct call *c, struct option_call *o)
{
	struct {
		int32_t pid;
		uint32_t uid, gid;
	} peer;
	struct xucred x;
	int type = SOCK_STREAM;
	int r = socket_get_option(c, o->fd, SOL_SOCKET, SO_PEERCRED, &peer, sizeof peer);

	if (r < 0)
		return r;
	if (peer.pid == 0) {
		r = socket_get_option(c, o->fd, SOL_SOCKET, SO_TYPE, &type, sizeof type);
		return r < 0 ? r : type == SOCK_DGRAM ? -EINVAL : -ENOTCONN;
	}
	memset(&x, 0, sizeof x);
	x.uid = peer.uid;
	x.n_groups = 1; /* Linux tells no more of them */
	x.groups[0] = peer.gid;
	o->used = o->length < sizeof x ? o->length : sizeof x;
	return put_guest(c, o->value, &x, o->used);
}

/* sys/socket.h: struct cmsgcred, what a sender asks its kernel to say of it.  Linux tells one group and, of
 * the two user numbers, real and effective, only one. */
struct cmsgcred {
	int32_t pid;
	uint32_t uid, euid, gid;
	int16_t n_groups;
	uint32_t groups[16];
};
_Static_assert(sizeof(struct cmsgcred) == 84, "sys/socket.h");
_Static_assert(sizeof(struct cmsgcred) <= CREDENTIALS_MAX, "there is room");
enum { SCM_CREDS = 3 };

static size_t credentials(enum asked asked, const struct credentials *from, unsigned char *data,
			  int32_t *type)
{
	struct cmsgcred m;

	(void)asked;
	memset(&m, 0, sizeof m);
	m.pid = from->pid;
	m.uid = m.euid = from->uid;
	m.gid = from->gid;
	m.n_groups = 1;
	m.groups[0] = from->gid;
	*type = SCM_CREDS;
	memcpy(data, &m, sizeof m);
	return sizeof m;
}

/* ---- Options -------------------------------------------------------------------------------------- */

#define SOCKET_LEVEL 0xffff /* SOL_SOCKET */
#define LOCAL_LEVEL 0 /* SOL_LOCAL; IPPROTO_IP, too */

/* struct linger, struct timeval, struct ip_mreq and struct ipv6_mreq are the same bytes. */
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
	OPTION(0x0400, SO_TIMESTAMP, OPTION_FLAG),
	OPTION(0x1001, SO_SNDBUF, OPTION_BUFFER),
	OPTION(0x1002, SO_RCVBUF, OPTION_BUFFER),
	OPTION_READ(0x1003, SO_SNDLOWAT, OPTION_INT),
	OPTION(0x1004, SO_RCVLOWAT, OPTION_INT),
	OPTION_READ(0x1007, SO_ERROR, OPTION_ERROR),
	OPTION_TYPE(0x1008, SO_TYPE, socket_type),
	OPTION_SIZED(0x1005, SO_SNDTIMEO, 16),
	OPTION_SIZED(0x1006, SO_RCVTIMEO, 16),

	{.guest_level = LOCAL_LEVEL,
	 .guest = 1,
	 .form = OPTION_CUSTOM,
	 .domain = AF_UNIX,
	 .get = peer_credentials,
	 .name = "LOCAL_PEERCRED"},

	PROTOCOL(IPPROTO_IP, 2, IP_HDRINCL, OPTION_INT),
	PROTOCOL(IPPROTO_IP, 3, IP_TOS, OPTION_INT),
	PROTOCOL(IPPROTO_IP, 4, IP_TTL, OPTION_INT),
	PROTOCOL(IPPROTO_IP, 7, IP_PKTINFO, OPTION_INT), /* IP_RECVDSTADDR */
	PROTOCOL_SIZED(IPPROTO_IP, 9, IP_MULTICAST_IF, 4),
	PROTOCOL_SIZED(IPPROTO_IP, 10, IP_MULTICAST_TTL, 1),
	PROTOCOL_SIZED(IPPROTO_IP, 11, IP_MULTICAST_LOOP, 1),
	PROTOCOL_SIZED(IPPROTO_IP, 12, IP_ADD_MEMBERSHIP, 8),
	PROTOCOL_SIZED(IPPROTO_IP, 13, IP_DROP_MEMBERSHIP, 8),
	PROTOCOL(IPPROTO_IP, 65, IP_RECVTTL, OPTION_INT),
	PROTOCOL(IPPROTO_IP, 66, IP_MINTTL, OPTION_INT),

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
	PROTOCOL(IPPROTO_TCP, 4, TCP_CORK, OPTION_INT), /* TCP_NOPUSH */
	PROTOCOL(IPPROTO_TCP, 0x100, TCP_KEEPIDLE, OPTION_INT), /* seconds, since 5.8 */
	PROTOCOL(IPPROTO_TCP, 0x200, TCP_KEEPINTVL, OPTION_INT),
	PROTOCOL(IPPROTO_TCP, 0x400, TCP_KEEPCNT, OPTION_INT),
};

/* ---- Control messages ---------------------------------------------------------------------------------- */

static const struct control controls[] = {
	{SOCKET_LEVEL, 1, SOL_SOCKET, 1, CONTROL_DESCRIPTORS, false},
	{SOCKET_LEVEL, 2, SOL_SOCKET, SO_TIMESTAMP, CONTROL_BYTES, true},
	{SOCKET_LEVEL, SCM_CREDS, SOL_SOCKET, SCM_CREDENTIALS, CONTROL_CREDENTIALS, false},
	{IPPROTO_IP, 7, IPPROTO_IP, IP_PKTINFO, CONTROL_DESTINATION, false},
	{IPPROTO_IP, 65, IPPROTO_IP, IP_TTL, CONTROL_INT_IS_BYTE, true},
	{IPPROTO_IPV6, 46, IPPROTO_IPV6, IPV6_PKTINFO, CONTROL_BYTES, false},
	{IPPROTO_IPV6, 47, IPPROTO_IPV6, IPV6_HOPLIMIT, CONTROL_BYTES, false},
	{IPPROTO_IPV6, 61, IPPROTO_IPV6, IPV6_TCLASS, CONTROL_BYTES, false},
};

static const struct socket_rules rules = {
	.to_host = dragonfly_address_to_host,
	.to_guest = dragonfly_address_to_guest,
	.options = options,
	.n_options = COUNT(options),
	.controls = controls,
	.n_controls = COUNT(controls),
	.credentials = credentials,
	.credentials_size = sizeof(struct cmsgcred),
	.local_level = LOCAL_LEVEL,
};

TRANSLATOR(dragonfly_getsockopt)
{
	return socket_get(c, &rules);
}

TRANSLATOR(dragonfly_setsockopt)
{
	return socket_set(c, &rules);
}

TRANSLATOR(dragonfly_sendmsg)
{
	return socket_send_message(c, &rules);
}

TRANSLATOR(dragonfly_recvmsg)
{
	return socket_receive_message(c, &rules);
}
