/* What thread.c and the types share. */
#ifndef GUISE_FREEBSD_THREAD_H
#define GUISE_FREEBSD_THREAD_H

#include <stddef.h>
#include <stdint.h>

/* sys/thr.h */
struct thr_param {
	uint64_t start, arg, stack_base, stack_size, tls_base, tls_size;
	uint64_t child_tid, parent_tid; /* long *, where the kernel stores an lwpid */
	uint32_t flags;
	uint64_t priority; /* struct rtprio * */
};

/* sys/_umtx.h: struct _umtx_time */
struct umtx_time {
	int64_t seconds, nanoseconds;
	uint32_t flags;
	uint32_t clock; /* the guest's number */
};

/* Linux's clock for one of the system's: 0 or -EINVAL. */
struct call;
int freebsd_host_clock(struct call *c, uint32_t guest, uint64_t *host);

/* A wait status in words. */
size_t freebsd_tell_status(char *text, size_t size, const void *guest, size_t n);

#endif
