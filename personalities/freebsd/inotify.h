/* FreeBSD's inotify, where it is not Linux's. */
#ifndef GUISE_FREEBSD_INOTIFY_H
#define GUISE_FREEBSD_INOTIFY_H

#include "syscalls/abi.h"

/* After a failed read of any descriptor: what it returns instead. */
long freebsd_read_failed(struct call *c, long error);

#endif
