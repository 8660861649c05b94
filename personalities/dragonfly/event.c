/* DragonFly's struct kevent, of 32 bytes: sys/event.h and sys/kern/kern_event.c, 5.9.  A timer counts
 * milliseconds, whatever its notes say. */
#include <string.h>

#include "personalities/dragonfly/custom.h"
#include "syscalls/kqueue.h"

struct kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t notes;
	int64_t data;
	uint64_t udata;
};
_Static_assert(sizeof(struct kevent) == 32, "struct kevent");

/* EVFILT_READ -1 to EVFILT_FS -10; EVFILT_EXCEPT, -8, is no filter here. */
static const int8_t filters[] = {
	FILTER_READ,   FILTER_WRITE, FILTER_AIO,  FILTER_VNODE, FILTER_PROC,
	FILTER_SIGNAL, FILTER_TIMER, FILTER_NONE, FILTER_USER,	FILTER_FS,
};

/* What a program may say: EV_ADD to EV_DISPATCH, and what came back with an event. */
#define FLAGS_SAID 0x00ffu
#define FLAGS_TOLD 0xf800u /* EV_SYSFLAGS */

int dragonfly_kevent_to_host(struct call *c, const void *guest, void *host)
{
	struct kevent k;
	struct event e = {0};
	unsigned i;

	(void)c;
	memcpy(&k, guest, sizeof k);
	i = (unsigned)-1 - (unsigned)k.filter;
	if (k.filter >= 0 || i >= COUNT(filters) || filters[i] == FILTER_NONE ||
	    (k.flags & ~(FLAGS_SAID | FLAGS_TOLD)))
		return -EINVAL;
	e.ident = k.ident;
	e.filter = filters[i];
	e.flags = k.flags & FLAGS_SAID;
	e.notes = e.filter == FILTER_TIMER ? 0 : k.notes;
	e.data = k.data;
	e.udata = k.udata;
	memcpy(host, &e, sizeof e);
	return 0;
}

int dragonfly_kevent_to_guest(struct call *c, const void *host, void *guest)
{
	struct event e;
	struct kevent k = {0};

	(void)c;
	memcpy(&e, host, sizeof e);
	k.ident = e.ident;
	k.flags = e.flags;
	k.notes = e.notes;
	k.data = e.data;
	k.udata = e.udata;
	for (unsigned i = 0; i < COUNT(filters); i++)
		if (filters[i] == e.filter)
			k.filter = (int16_t) - (int)(i + 1);
	memcpy(guest, &k, sizeof k);
	return 0;
}
