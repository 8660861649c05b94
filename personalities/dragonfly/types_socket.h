/* Sockets, kqueue, random numbers: sys/socket.h, netinet/in.h, sys/event.h, sys/random.h; DragonFly 5.9. */
#ifndef GUISE_DRAGONFLY_TYPES_SOCKET_H
#define GUISE_DRAGONFLY_TYPES_SOCKET_H

#include <linux/random.h>

#include "personalities/dragonfly/socket.h"
#include "personalities/dragonfly/sysctl.h"
#include "personalities/dragonfly/types_address.h"
#include "personalities/dragonfly/custom.h"
#include "syscalls/kqueue.h"

/* What the sandbox has; others are EPROTONOSUPPORT. */
NAMES(socket_protocol, i32, IS_AS(0, 0, "0"), IS_AS(1, 1, "IPPROTO_ICMP"),
      IS_AS(6, 6, "IPPROTO_TCP"), IS_AS(17, 17, "IPPROTO_UDP"), IS_AS(58, 58, "IPPROTO_ICMPV6"),
      IS_AS(255, 255, "IPPROTO_RAW"), );
NAMES(accept_flags, i32, BIT(0x10000000, SOCK_CLOEXEC), BIT(0x20000000, SOCK_NONBLOCK), );
NAMES(shutdown_how, i32, IS(0, SHUT_RD), IS(1, SHUT_WR), IS(2, SHUT_RDWR), );

/* A byte of length, a byte of family (struct sockaddr). */
ADDRESS_TYPE(sockaddr, dragonfly_address_to_host, dragonfly_address_to_guest);

static const struct type type_answer_flags = {.name = "answer_flags",
					      .kind = KIND_CUSTOM,
					      .guest_size = 4,
					      .host_size = 4,
					      .custom = {dragonfly_answer_flags_to_host,
							 dragonfly_answer_flags_to_guest},
					      .like = &type_message_flags};
#define HOST struct host_message
STRUCT(msghdr, 48, FIELD_TO(0, name, "msg_name", PASS_IN, sockaddr, 1),
       FIELD_AS(8, u32, name_length, "msg_namelen"),
       FIELD_TO(16, vectors, "msg_iov", PASS_IN_VECTORS, ptr, 3),
       FIELD_AS(24, u32, n_vectors, "msg_iovlen"),
       FIELD_TO(32, control, "msg_control", PASS_IN_BYTES, u8, 5),
       FIELD_AS(40, u32, control_length, "msg_controllen"),
       INNER_AS(44, answer_flags, flags, "msg_flags"), );
#undef HOST

NAMES(level_names, i32, IS_AS(0xffff, 0xffff, "SOL_SOCKET"), IS_AS(0, 0, "IPPROTO_IP"),
      IS_AS(6, 6, "IPPROTO_TCP"), IS_AS(17, 17, "IPPROTO_UDP"), IS_AS(41, 41, "IPPROTO_IPV6"));
SEEN(option_level, i32, level_names);

/* The row's reason. */
#define KEVENT_LACKS \
	"no filters AIO, EXCEPT, FS (EINVAL), no EV_HUP and EV_NODATA beside EV_EOF. VNODE needs a file system with file handles and the right to " \
	"read the file; a truncation counts as a write, and the removal of a directory is not " \
	"seen if its parent may not be read or is another mount's. PROC takes a process for " \
	"killed that ended without anybody inside waiting for it or having it end itself"

DRAGONFLY_CUSTOM(kevent, 32, sizeof(struct event)); /* event.c */

NAMES(random_flags, u32, BIT(0x1, GRND_RANDOM), BIT(0x2, GRND_NONBLOCK), BIT(0x4, GRND_INSECURE), );

#endif
