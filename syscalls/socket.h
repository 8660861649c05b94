/* Sockets: what personalities' types and tables, and other topics, share with socket.c. */
#ifndef GUISE_SOCKET_H
#define GUISE_SOCKET_H

#include "syscalls/abi.h"

/* ---- Addresses ------------------------------------------------------------ */

/* An address of either side: as many bytes as its maker said, family included.  The type of
 * a row's address argument is KIND_CUSTOM and converts one of these to another. */
struct address {
	uint32_t length;
	unsigned char bytes[256];
};
#define ADDRESS_TYPE(n, in, out) \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_CUSTOM, \
					     .look = LOOK_ADDRESS, \
					     .guest_size = sizeof(struct address), \
					     .host_size = sizeof(struct address), \
					     .custom = {.to_host = in, .to_guest = out}}

#define LOCAL_PATH 2 /* where a local address's path begins, on either side */

/* The BSD form: a byte of length, a byte of family, the rest as Linux has it.  families are
 * the personality's address families.  For ADDRESS_TYPE's hooks. */
int address_from_bsd(const struct type *families, const struct address *guest,
		     struct address *host);
int address_to_bsd(const struct type *families, const struct address *host, struct address *guest);

typedef int address_hook(struct call *c, const void *from, void *to);

/* The guest's address of `length` bytes at `at` for Linux, in scratch at *to. */
int address_in(struct call *c, address_hook *to_host, uint64_t at, uint64_t length, uint64_t *to,
	       uint32_t *host_length);

/* Linux's address in scratch to the guest's buffer; *length is its room and then the
 * address's whole length. */
int address_out(struct call *c, address_hook *to_guest, uint64_t from, uint32_t host_length,
		uint64_t at, uint32_t *length);

/* Argument i is an address, the next one its length: for Linux, in scratch. */
int address_argument(struct call *c, int i, uint64_t *at, uint32_t *length);

/* The same where Linux shall write one: room in scratch for it and its length, and what came
 * there to the guest. */
struct address_result {
	uint64_t at, length_at;
	uint32_t room; /* the guest's */
};
int address_expect(struct call *c, int i, struct address_result *result);
int address_give(struct call *c, int i, const struct address_result *result);

/* ---- Messages --------------------------------------------------------------- */

/* struct msghdr's host form (include/linux/socket.h: user_msghdr). */
struct host_message {
	uint64_t name;
	uint32_t name_length;
	uint32_t padding;
	uint64_t vectors;
	uint64_t n_vectors;
	uint64_t control;
	uint64_t control_length;
	uint32_t flags;
	uint32_t padding2;
};

enum control_form {
	CONTROL_BYTES, /* the same bytes on both sides */
	CONTROL_DESCRIPTORS, /* SCM_RIGHTS */
	CONTROL_INT_IS_BYTE, /* Linux gives an int, the guest gets its low byte */
	CONTROL_DESTINATION, /* Linux's in_pktinfo, of which the guest has the address */
	CONTROL_BINARY_TIME, /* Linux's timespec as seconds and 2^-64ths of one */
	CONTROL_CREDENTIALS, /* who sent it: see socket_credentials.c */
};

/* One line for each kind of control message. */
struct control {
	int32_t guest_level, guest_type;
	int32_t host_level, host_type;
	uint8_t form; /* enum control_form */
	bool only_received;
};

struct option_call;

/* ---- Options ---------------------------------------------------------------- */

enum option_form {
	OPTION_INT, /* an int, the same on both sides */
	OPTION_FLAG, /* set by any value but 0; reads as its own number, if it is set */
	OPTION_BYTES, /* the same bytes on both sides, of any length */
	OPTION_BUFFER, /* a size; Linux reports twice what was asked for */
	OPTION_ERROR, /* an error number, forgotten once it was read */
	OPTION_NAMES, /* an int of names `type` */
	OPTION_NO_SIGPIPE,
	OPTION_DONT_FRAGMENT,
	OPTION_CUSTOM,
};

struct option {
	int32_t guest_level, guest;
	int32_t host_level, host;
	int32_t host_elsewhere; /* for sockets that are not the Internet's; 0: as for all */
	uint8_t form; /* enum option_form */
	bool read_only;
	uint16_t domain; /* only for sockets of this Linux family; 0: for all */
	uint16_t size; /* OPTION_BYTES: the least there must be */
	const struct type *type;
	int (*get)(struct call *c, struct option_call *o); /* OPTION_CUSTOM */
	int (*set)(struct call *c, const struct option_call *o); /* likewise; each may be NULL */
	const char *name;
};

struct option_call {
	const struct option *option;
	int fd;
	uint64_t value; /* the guest's */
	uint32_t length; /* its room */
	uint32_t used; /* of it */
};

/* Lines of a table of options by Linux's name.  SOCKET_LEVEL is the system's own number for options
 * of sockets themselves; protocols' levels have one number everywhere. */
#define OPTION(g, h, f) \
	{ \
		.guest_level = SOCKET_LEVEL, .guest = (g), .host_level = SOL_SOCKET, .host = (h), \
		.form = (f), .name = #h \
	}
#define OPTION_READ(g, h, f) \
	{ \
		.guest_level = SOCKET_LEVEL, .guest = (g), .host_level = SOL_SOCKET, .host = (h), \
		.form = (f), .name = #h, .read_only = true \
	}
#define OPTION_TYPE(g, h, t) \
	{ \
		.guest_level = SOCKET_LEVEL, .guest = (g), .host_level = SOL_SOCKET, .host = (h), \
		.form = OPTION_NAMES, .name = #h, .read_only = true, .type = &type_##t \
	}
#define OPTION_SIZED(g, h, n) \
	{ \
		.guest_level = SOCKET_LEVEL, .guest = (g), .host_level = SOL_SOCKET, .host = (h), \
		.form = OPTION_BYTES, .name = #h, .size = (n) \
	}
#define PROTOCOL(level, g, h, f) \
	{ \
		.guest_level = (level), .guest = (g), .host_level = (level), .host = (h), \
		.form = (f), .name = #h \
	}
#define PROTOCOL_SIZED(level, g, h, n) \
	{ \
		.guest_level = (level), .guest = (g), .host_level = (level), .host = (h), \
		.form = OPTION_BYTES, .name = #h, .size = (n) \
	}

/* ---- Who sent it (socket_credentials.c) --------------------------------------- */

/* What a receiver's option asks to be told. */
enum asked {
	CREDENTIALS_NONE,
	CREDENTIALS_ONCE,
	CREDENTIALS_ALWAYS,
};

/* Linux's struct ucred (include/linux/socket.h). */
struct credentials {
	int32_t pid;
	uint32_t uid, gid;
};

/* The guest's control message, of a receiver that asked so (CREDENTIALS_NONE: the sender did):
 * data, at most CREDENTIALS_MAX bytes, and type; returns their number. */
#define CREDENTIALS_MAX 96
typedef size_t credentials_form(enum asked asked, const struct credentials *from,
				unsigned char *data, int32_t *type);

enum asked credentials_wanted(struct call *c, int fd);
int credentials_inherit(struct call *c, int from, int to);
void credentials_own(struct call *c, struct credentials *own);
bool credentials_given(const struct credentials *from);
void credentials_told(struct call *c, int fd);

/* recvmsg of one that did not ask, but may be told. */
long credentials_receive(struct call *c, int fd, uint64_t message, uint64_t flags);

/* The options themselves; their `host` is the enum asked they ask for. */
int credentials_get(struct call *c, struct option_call *o);
int credentials_set(struct call *c, const struct option_call *o);

/* What a system's sockets are like, for the translators that need more than the types of
 * their arguments. */
struct socket_rules {
	address_hook *to_host, *to_guest;
	const struct option *options;
	size_t n_options;
	const struct control *controls;
	size_t n_controls;
	credentials_form *credentials;
	size_t credentials_size; /* of what a sender asked for */
	uint64_t close_on_fork; /* the flag of recvmsg: what is passed is not for children */
	int32_t local_level; /* level of options of local sockets; may be another's number, too */
	/* Descriptors came with a message: how many of them, from the first on, the guest gets.
	 * NULL: all.  Its calls are part of no row. */
	size_t (*received)(struct call *c, const int *fds, size_t n);
};

/* getsockopt and setsockopt(fd, level, name, value, length). */
long socket_get(struct call *c, const struct socket_rules *rules);
long socket_set(struct call *c, const struct socket_rules *rules);

/* sendmsg and recvmsg(fd, message, flags). */
long socket_send_message(struct call *c, const struct socket_rules *rules);
long socket_receive_message(struct call *c, const struct socket_rules *rules);

/* accept4 with Linux's flags.  Uses accept4, close, getsockopt, setsockopt. */
long socket_accept(struct call *c, uint64_t fd, uint64_t flags);

/* A Linux socket option into a buffer: 0 or -errno.  Uses getsockopt. */
int socket_get_option(struct call *c, int fd, int level, int option, void *to, size_t size);
int socket_set_option(struct call *c, int fd, int level, int option, const void *from, size_t size);

/* Flags for all that is sent by a descriptor: MSG_NOSIGNAL where the guest wants no SIGPIPE,
 * MSG_DONTWAIT where its system never waits. */
uint64_t socket_sending(struct call *c, int fd);

/* What sending came to, with Linux's flags and to an address or not: the result for the guest,
 * who may get a SIGPIPE. */
long socket_sent(struct call *c, int fd, uint64_t flags, uint64_t address, long result);
/* The same for a write that the engine made by itself and that failed. */
long socket_write_failed(struct call *c, long error);
#define USES_SENT USES(getsockopt, getpid, gettid, tgkill)

#endif
