/* What only code can say about NetBSD's types: each hook is in the file of its topic. */
#ifndef GUISE_NETBSD_CUSTOM_H
#define GUISE_NETBSD_CUSTOM_H

#include "syscalls/abi.h"

/* A type with hooks netbsd_NAME_to_host() and netbsd_NAME_to_guest(). */
#define NETBSD_CUSTOM(n, guest, host) NETBSD_LOOKS(n, guest, host, LOOK_PLAIN)
#define NETBSD_LOOKS(n, guest, host, l) \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_CUSTOM, \
					     .look = (l), \
					     .guest_size = (guest), \
					     .host_size = (host), \
					     .custom = {.to_host = netbsd_##n##_to_host, \
							.to_guest = netbsd_##n##_to_guest}}

/* ... which is written as another. */
#define NETBSD_CUSTOM_LIKE(n, guest, host, as) \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_CUSTOM, \
					     .like = &type_##as, \
					     .guest_size = (guest), \
					     .host_size = (host), \
					     .custom = {.to_host = netbsd_##n##_to_host}}

#define NETBSD_HOOKS(n) \
	int netbsd_##n##_to_host(struct call *c, const void *guest, void *host); \
	int netbsd_##n##_to_guest(struct call *c, const void *host, void *guest)

NETBSD_HOOKS(dev);
NETBSD_HOOKS(dev32);
NETBSD_HOOKS(text32);
NETBSD_HOOKS(text1024);
NETBSD_HOOKS(rlim);
NETBSD_HOOKS(siginfo);
int netbsd_clock_to_host(struct call *c, const void *guest, void *host);
NETBSD_HOOKS(kevent);
NETBSD_HOOKS(answer_flags);
NETBSD_HOOKS(termios);

#endif
