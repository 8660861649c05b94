/* What Linux tells of processes and files in /proc alone, through the procfs on
 * HIDDEN_PROCESSES (sandbox/processes.c).  Where the sandbox has none, all of it is -ENOSYS.
 *
 * Who reads facts names the Linux calls in its row: FACTS_LINK_USES, FACTS_READ_USES. */
#ifndef GUISE_FACTS_H
#define GUISE_FACTS_H

#include "syscalls/abi.h"

#define FACTS_PATH 4096

/* Up to n bytes of /proc/PID/NAME from offset on, as one piece: their number or -errno
 * (ESRCH: no such process, or none that may be looked into). */
#define FACTS_READ_USES openat, pread64, close
long facts_read(struct call *c, int pid, const char *name, void *to, size_t n, uint64_t offset);

/* Where the link /proc/PID/NAME leads, with a NUL: its length or -errno (ENAMETOOLONG). */
#define FACTS_LINK_USES readlinkat
long facts_link(struct call *c, int pid, const char *name, char *to, size_t size);

/* The path by which a descriptor of the calling process can be found; ENOENT if it has none
 * any more. */
long facts_path(struct call *c, int fd, char *to, size_t size);

/* A decimal number without its end's NUL: how long it is. */
size_t facts_number(char to[20], uint64_t n);

#endif
