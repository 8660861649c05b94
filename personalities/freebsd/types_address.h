/* Families and types of sockets, for arguments and for what options and addresses say. */
#include "syscalls/linux.h"

/* sys/socket.h: AF_*.  The others (AF_LINK 18, AF_ROUTE 17, ...) have no Linux twin that a
 * program could use unchanged: EAFNOSUPPORT. */
NAMES(socket_domain, i32, IS(0, AF_UNSPEC), IS(1, AF_UNIX), IS(2, AF_INET), IS(28, AF_INET6), );

/* sys/socket.h: SOCK_*, type and flags in one word. */
#define SOCKET_TYPE(g, h) PART_AS(0xfffffff, g, 0xf, h, #h)
NAMES(socket_type, i32, SOCKET_TYPE(1, SOCK_STREAM), SOCKET_TYPE(2, SOCK_DGRAM),
      SOCKET_TYPE(3, SOCK_RAW), SOCKET_TYPE(5, SOCK_SEQPACKET), BIT(0x10000000, SOCK_CLOEXEC),
      BIT(0x20000000, SOCK_NONBLOCK), BIT_AS(0x40000000, O_CLOSE_ON_FORK, "SOCK_CLOFORK"), );
