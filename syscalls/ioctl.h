/* ioctl by table: one line a request in a personality's ioctl.def. */
#ifndef GUISE_IOCTL_H
#define GUISE_IOCTL_H

#include "syscalls/abi.h"

enum ioctl_how {
	IOCTL_NONE, /* the argument is not looked at */
	IOCTL_IN, /* it points to an object of `type` that the request reads */
	IOCTL_OUT, /* ... writes */
	IOCTL_VALUE, /* Linux's argument is `value`; the guest's is not looked at */
	IOCTL_FLUSH, /* it points to an int of read and write bits: what to throw away */
	IOCTL_REFUSED, /* fails with the error in `value` */
	IOCTL_CLOEXEC, /* not a request to Linux: fcntl(F_SETFD, value) */
	IOCTL_SET_OWNER, /* fcntl(F_SETOWN) with the int it points to */
	IOCTL_GET_OWNER,
	IOCTL_DEVICE_NAME, /* a pseudo-terminal's name, to a buffer it describes */
	IOCTL_IS_MASTER, /* succeeds on a pseudo-terminal's master */
	IOCTL_DEVICE_KIND, /* `value` for a terminal, value >> 16 for what is none */
};

/* The BSDs' sys/ioccom.h: a request is its direction, the size of what it points to, group and number. */
#define DIRECTION_VOID 0x20000000u
#define DIRECTION_OUT 0x40000000u
#define DIRECTION_IN 0x80000000u
#define REQUEST(direction, group, number, size) \
	(DIRECTION_##direction | (size) << 16 | (group) << 8 | (number))

struct ioctl {
	const char *name;
	const struct type *type;
	uint64_t guest;
	uint32_t host;
	int32_t value;
	uint8_t how;
};

/* ioctl(fd, request, argument) with the personality's table.  Uses ioctl, fcntl, statx. */
long ioctl_by_table(struct call *c, const struct ioctl *table, size_t n);

#endif
