/* What the guests about kqueue share: sys/event.h. */
#ifndef GUEST_KQUEUE_H
#define GUEST_KQUEUE_H

#include "tests/guest/guest.h"

enum {
	READ = -1,
	WRITE = -2,
	AIO = -3,
	VNODE = -4,
	PROC = -5,
	SIGNAL = -6,
	TIMER = -7,
	PROCDESC = -8,
	LIO = -10,
	USER = -11,
	SENDFILE = -12,
	EMPTY = -13,
};
enum {
	ADD = 1,
	DELETE = 2,
	ENABLE = 4,
	DISABLE = 8,
	ONESHOT = 0x10,
	CLEAR = 0x20,
	RECEIPT = 0x40,
	DISPATCH = 0x80,
	ERROR = 0x4000,
	EV_EOF = 0x8000,
};
struct kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata;
	uint64_t ext[4];
};
_Static_assert(sizeof(struct kevent) == 64, "sys/event.h");

static struct kevent ev[16];
static const struct timespec zero;

static long change(long kq, uint64_t ident, int filter, int flags, uint32_t fflags, int64_t data)
{
	struct kevent c = {ident, (int16_t)filter, (uint16_t)flags, fflags, data, 0xabcd, {0}};
	return sys(SYS_kevent, kq, &c, 1, 0, 0, &zero);
}

static long collect(long kq, long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	memset(ev, 0, sizeof ev);
	return sys(SYS_kevent, kq, 0, 0, ev, COUNT(ev), &t);
}

#endif
