/* Families, types and flags of sockets, for arguments and for what options and addresses say:
 * sys/socket.h, DragonFly 5.9. */
#ifndef GUISE_DRAGONFLY_TYPES_ADDRESS_H
#define GUISE_DRAGONFLY_TYPES_ADDRESS_H

#include "syscalls/linux.h"

/* The others (AF_LINK 18, AF_ROUTE 17, ...) have no Linux twin that a program could use
 * unchanged: EAFNOSUPPORT. */
NAMES(socket_domain, i32, IS(0, AF_UNSPEC), IS(1, AF_UNIX), IS(2, AF_INET), IS(28, AF_INET6), );

/* SOCK_*, type and flags in one word. */
#define SOCKET_TYPE(g, h) PART_AS(0xfffffff, g, 0xf, h, #h)
NAMES(socket_type, i32, SOCKET_TYPE(1, SOCK_STREAM), SOCKET_TYPE(2, SOCK_DGRAM),
      SOCKET_TYPE(3, SOCK_RAW), SOCKET_TYPE(5, SOCK_SEQPACKET), BIT(0x10000000, SOCK_CLOEXEC),
      BIT(0x20000000, SOCK_NONBLOCK), );
#undef SOCKET_TYPE

/* MSG_*; bits for the kernel's own use are left out. */
NAMES(message_flags, i32, BIT(0x1, MSG_OOB), BIT(0x2, MSG_PEEK), BIT(0x4, MSG_DONTROUTE),
      BIT(0x8, MSG_EOR), BIT(0x10, MSG_TRUNC), BIT(0x20, MSG_CTRUNC), BIT(0x40, MSG_WAITALL),
      BIT(0x80, MSG_DONTWAIT), GUEST_ONLY(0x100, "MSG_EOF"), BIT(0x400, MSG_NOSIGNAL),
      BIT_AS(0x800, 0, "MSG_SYNC"), /* how the kernel's threads hand it on */
      BIT(0x1000, MSG_CMSG_CLOEXEC), GUEST_ONLY(0x10000, "MSG_FBLOCKING"),
      BIT_AS(0x20000, MSG_DONTWAIT, "MSG_FNONBLOCKING"), );

#endif
