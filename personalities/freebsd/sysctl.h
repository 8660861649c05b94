/* The Linux calls that reading FreeBSD's tree makes (sysctl.c). */
#ifndef GUISE_FREEBSD_SYSCTL_H
#define GUISE_FREEBSD_SYSCTL_H

#define SYSCTL_USES \
	USES(sched_getaffinity, sysinfo, prlimit64, uname, clock_gettime, getrandom, umask, \
	     socket, sendto, recvfrom, close, openat) \
	USES(pread64, readlinkat, getdents64, statx, shmctl, semctl, msgctl, getsockopt)

#include <stddef.h>

/* The name of a path of numbers, for the trace. */
size_t freebsd_tell_mib(char *text, size_t size, const void *guest, size_t n);

#endif
