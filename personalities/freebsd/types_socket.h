/* Sockets, kqueue, sysctl and random numbers.  sys/socket.h, sys/event.h, sys/random.h. */
#include <linux/random.h>

#include "personalities/freebsd/socket.h"
#include "personalities/freebsd/types_address.h"
#include "personalities/freebsd/types_message.h"
#include "personalities/freebsd/sysctl.h"
#include "syscalls/kqueue.h"

/* netinet/in.h: what the sandbox has; others are EPROTONOSUPPORT. */
#ifndef IPPROTO_ICMPV6
#define IPPROTO_ICMPV6 58 /* linux/icmpv6.h's neighbour linux/in6.h */
#endif
NAMES(socket_protocol, i32, IS_AS(0, 0, "0"), IS_AS(1, 1, "IPPROTO_ICMP"),
      IS_AS(6, 6, "IPPROTO_TCP"), IS_AS(17, 17, "IPPROTO_UDP"), IS_AS(58, 58, "IPPROTO_ICMPV6"),
      IS_AS(255, 255, "IPPROTO_RAW"), );

NAMES(accept_flags, i32, BIT(0x10000000, SOCK_CLOEXEC), BIT(0x20000000, SOCK_NONBLOCK),
      BIT_AS(0x40000000, O_CLOSE_ON_FORK, "SOCK_CLOFORK"), );

NAMES(shutdown_how, i32, IS(0, SHUT_RD), IS(1, SHUT_WR), IS(2, SHUT_RDWR), );

/* A byte of length, a byte of family (sys/socket.h: struct sockaddr). */
ADDRESS_TYPE(sockaddr, freebsd_address_to_host, freebsd_address_to_guest);

static const struct type type_answer_flags = {.name = "answer_flags",
					      .kind = KIND_CUSTOM,
					      .guest_size = 4,
					      .host_size = 4,
					      .custom = {freebsd_answer_flags_to_host,
							 freebsd_answer_flags_to_guest},
					      .like = &type_message_flags};

#define HOST struct host_message
STRUCT(msghdr, 48, /* sys/socket.h */
       FIELD_TO(0, name, "msg_name", PASS_IN, sockaddr, 1),
       FIELD_AS(8, u32, name_length, "msg_namelen"),
       FIELD_TO(16, vectors, "msg_iov", PASS_IN_VECTORS, ptr, 3),
       FIELD_AS(24, u32, n_vectors, "msg_iovlen"),
       FIELD_TO(32, control, "msg_control", PASS_IN_BYTES, u8, 5),
       FIELD_AS(40, u32, control_length, "msg_controllen"),
       INNER_AS(44, answer_flags, flags, "msg_flags"), );
#undef HOST

/* sys/event.h */
NAMES(event_filter, i16, IS_AS(0, FILTER_NONE, "0"), IS_AS(-1, FILTER_READ, "EVFILT_READ"),
      IS_AS(-2, FILTER_WRITE, "EVFILT_WRITE"), IS_AS(-3, FILTER_AIO, "EVFILT_AIO"),
      IS_AS(-4, FILTER_VNODE, "EVFILT_VNODE"), IS_AS(-5, FILTER_PROC, "EVFILT_PROC"),
      IS_AS(-6, FILTER_SIGNAL, "EVFILT_SIGNAL"), IS_AS(-7, FILTER_TIMER, "EVFILT_TIMER"),
      IS_AS(-8, FILTER_PROCDESC, "EVFILT_PROCDESC"), IS_AS(-9, FILTER_FS, "EVFILT_FS"),
      IS_AS(-10, FILTER_LIO, "EVFILT_LIO"), IS_AS(-11, FILTER_USER, "EVFILT_USER"),
      IS_AS(-12, FILTER_SENDFILE, "EVFILT_SENDFILE"), IS_AS(-13, FILTER_EMPTY, "EVFILT_EMPTY"),
      IS_AS(-14, FILTER_JAIL, "EVFILT_JAIL"), IS_AS(-15, FILTER_JAILDESC, "EVFILT_JAILDESC"), );

NAMES(event_flags, u16, BIT_AS(0x1, EVENT_ADD, "EV_ADD"), BIT_AS(0x2, EVENT_DELETE, "EV_DELETE"),
      BIT_AS(0x4, EVENT_ENABLE, "EV_ENABLE"), BIT_AS(0x8, EVENT_DISABLE, "EV_DISABLE"),
      BIT_AS(0x10, EVENT_ONESHOT, "EV_ONESHOT"), BIT_AS(0x20, EVENT_CLEAR, "EV_CLEAR"),
      BIT_AS(0x40, EVENT_RECEIPT, "EV_RECEIPT"), BIT_AS(0x80, EVENT_DISPATCH, "EV_DISPATCH"),
      BIT_AS(0x100, EVENT_FORCE_ONESHOT, "EV_FORCEONESHOT"),
      BIT_AS(0x200, EVENT_KEEP_UDATA, "EV_KEEPUDATA"), BIT_AS(0x1000, 0x1000, "EV_DROP"),
      BIT_AS(0x2000, 0x2000, "EV_FLAG1"), BIT_AS(0x4000, EVENT_ERROR, "EV_ERROR"),
      BIT_AS(0x8000, EVENT_EOF, "EV_EOF"), );

/* The row's reason. */
#define KEVENT_LACKS \
	"no filters EMPTY, FS, JAIL, JAILDESC (EINVAL), LIO (EPERM), SENDFILE (ENXIO); AIO is " \
	"asynchronous I/O's own to add. VNODE needs a file system with file handles and the right to " \
	"read the file; a truncation counts as a write, and the removal of a directory is not " \
	"seen if its parent may not be read or is another mount's. PROC takes a process for " \
	"killed that ended without anybody inside waiting for it or having it end itself. Of " \
	"signals 91 to 126 only those not blocked are counted"

/* The notes (fflags) have the numbers of enum event_notes. */
#define HOST struct event
STRUCT(kevent, 64, /* FreeBSD 12 and later */
       FIELD(0, u64, ident), FIELD(8, event_filter, filter), FIELD(10, event_flags, flags),
       FIELD_AS(12, hex32, notes, "fflags"), FIELD(16, i64, data), FIELD(24, hex64, udata),
       FIELD(32, u64, ext[0]), FIELD(40, u64, ext[1]), FIELD(48, u64, ext[2]),
       FIELD(56, u64, ext[3]), );
STRUCT(freebsd11_kevent, 32, FIELD(0, u64, ident), FIELD(8, event_filter, filter),
       FIELD(10, event_flags, flags), FIELD_AS(12, hex32, notes, "fflags"), FIELD(16, i64, data),
       FIELD(24, hex64, udata), );
#undef HOST

NAMES(kqueue_flags, u32, BIT_AS(0x1, KQUEUE_CLOSE_ON_EXEC, "KQUEUE_CLOEXEC"), );

/* Numbers of a path in the tree, which only the tree has names for. */
static const struct type type_mib = {.name = "mib",
				     .kind = KIND_INT,
				     .is_signed = true,
				     .guest_size = 4,
				     .host_size = 4,
				     .tell = freebsd_tell_mib};

/* Levels of options (sys/socket.h, netinet/in.h). */
NAMES(level_names, i32, IS_AS(0xffff, 0xffff, "SOL_SOCKET"), IS_AS(0, 0, "IPPROTO_IP"),
      IS_AS(6, 6, "IPPROTO_TCP"), IS_AS(17, 17, "IPPROTO_UDP"), IS_AS(41, 41, "IPPROTO_IPV6"));
SEEN(option_level, i32, level_names);

/* Which option it is depends on the level, the argument before it. */
static const struct type type_option_name = {.name = "option_name",
					     .kind = KIND_INT,
					     .is_signed = true,
					     .guest_size = 4,
					     .host_size = 4,
					     .tell = freebsd_tell_option};

/* sys/random.h */
NAMES(random_flags, u32, BIT(0x1, GRND_NONBLOCK), BIT(0x2, GRND_RANDOM), BIT(0x4, GRND_INSECURE), );
