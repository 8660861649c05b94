/* What only code can say about FreeBSD's file types: see types_file.h. */
#ifndef GUISE_FREEBSD_FILE_H
#define GUISE_FREEBSD_FILE_H

#include "syscalls/abi.h"
#include "syscalls/ioctl.h"

/* A type with hooks in file.c: freebsd_NAME_to_host() and freebsd_NAME_to_guest(). */
#define FREEBSD_CUSTOM(n, guest, host) FREEBSD_LOOKS(n, guest, host, LOOK_PLAIN)
#define FREEBSD_LOOKS(n, guest, host, l) \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_CUSTOM, \
					     .look = (l), \
					     .guest_size = (guest), \
					     .host_size = (host), \
					     .custom = {.to_host = freebsd_##n##_to_host, \
							.to_guest = freebsd_##n##_to_guest}}

#define FREEBSD_HOOKS(n) \
	int freebsd_##n##_to_host(struct call *c, const void *guest, void *host); \
	int freebsd_##n##_to_guest(struct call *c, const void *host, void *guest)

FREEBSD_HOOKS(dev);
FREEBSD_HOOKS(dev32);
FREEBSD_HOOKS(text16);
FREEBSD_HOOKS(text72);
FREEBSD_HOOKS(text88);
FREEBSD_HOOKS(text1024);
FREEBSD_HOOKS(statfs_version);
FREEBSD_HOOKS(statfs11_version);
FREEBSD_HOOKS(utime_nsec);
FREEBSD_HOOKS(rlim);
FREEBSD_HOOKS(termios);

/* shm_open2's options. */
#define SHM_OPTION_SEALABLE 1
#define SHM_OPTION_GROWS 2

/* __specialfd's kinds. */
enum special { SPECIAL_EVENT, SPECIAL_INOTIFY };

#endif
