/* What only code can say about DragonFly's types: each hook is in the file of its topic. */
#ifndef GUISE_DRAGONFLY_CUSTOM_H
#define GUISE_DRAGONFLY_CUSTOM_H

#include "syscalls/abi.h"

/* A type with hooks dragonfly_NAME_to_host() and dragonfly_NAME_to_guest(). */
#define DRAGONFLY_CUSTOM(n, guest, host) DRAGONFLY_LOOKS(n, guest, host, LOOK_PLAIN)
#define DRAGONFLY_LOOKS(n, guest, host, l) \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_CUSTOM, \
					     .look = (l), \
					     .guest_size = (guest), \
					     .host_size = (host), \
					     .custom = {.to_host = dragonfly_##n##_to_host, \
							.to_guest = dragonfly_##n##_to_guest}}

#define DRAGONFLY_HOOKS(n) \
	int dragonfly_##n##_to_host(struct call *c, const void *guest, void *host); \
	int dragonfly_##n##_to_guest(struct call *c, const void *host, void *guest)

DRAGONFLY_HOOKS(directory);
DRAGONFLY_HOOKS(dev);
DRAGONFLY_HOOKS(text16);
DRAGONFLY_HOOKS(text80);
DRAGONFLY_HOOKS(fsid);
DRAGONFLY_HOOKS(utime_nsec);
DRAGONFLY_HOOKS(rlim);
DRAGONFLY_HOOKS(siginfo);
DRAGONFLY_HOOKS(kevent);
DRAGONFLY_HOOKS(answer_flags);
DRAGONFLY_HOOKS(termios);

#endif
