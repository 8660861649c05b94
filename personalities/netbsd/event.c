/* NetBSD's struct kevent: its filters count from 0, and its words are 32 bits wide; the unit of a
 * timer is a number of its own.  sys/event.h, NetBSD 10. */
#include <string.h>

#include "personalities/netbsd/custom.h"
#include "syscalls/kqueue.h"

struct kevent {
	uint64_t ident;
	uint32_t filter, flags, notes, pad;
	int64_t data;
	uint64_t udata;
};
_Static_assert(sizeof(struct kevent) == 40, "struct kevent");

/* EVFILT_READ 0 to EVFILT_EMPTY 9. */
static const int8_t filters[] = {
	FILTER_READ,   FILTER_WRITE, FILTER_AIO, FILTER_VNODE, FILTER_PROC,
	FILTER_SIGNAL, FILTER_TIMER, FILTER_FS,	 FILTER_USER,  FILTER_EMPTY,
};

/* NOTE_MSECONDS 0, NOTE_SECONDS 1, NOTE_USECONDS 2, NOTE_NSECONDS 3 */
static const uint32_t units[] = {NOTE_MSECONDS, NOTE_SECONDS, NOTE_USECONDS, NOTE_NSECONDS};
#define UNIT_MASK 3u

static uint32_t guest_unit(uint32_t notes)
{
	for (uint32_t i = 0; i < COUNT(units); i++)
		if ((notes & NOTE_UNIT) == units[i])
			return i;
	return 0; /* nothing said: milliseconds */
}

int netbsd_kevent_to_host(struct call *c, const void *guest, void *host)
{
	struct kevent k;
	struct event e = {0};

	(void)c;
	memcpy(&k, guest, sizeof k);
	if (k.filter >= COUNT(filters) || k.flags > UINT16_MAX)
		return -EINVAL;
	e.ident = k.ident;
	e.filter = filters[k.filter];
	e.flags = (uint16_t)k.flags;
	e.notes = k.notes;
	e.data = k.data;
	e.udata = k.udata;
	if (e.filter == FILTER_TIMER) {
		if (k.notes & ~(UNIT_MASK | NOTE_ABSOLUTE))
			return -EINVAL;
		e.notes = units[k.notes & UNIT_MASK] | (k.notes & NOTE_ABSOLUTE);
	}
	memcpy(host, &e, sizeof e);
	return 0;
}

int netbsd_kevent_to_guest(struct call *c, const void *host, void *guest)
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
	for (uint32_t i = 0; i < COUNT(filters); i++)
		if (filters[i] == e.filter)
			k.filter = i;
	if (e.filter == FILTER_TIMER)
		k.notes = guest_unit(e.notes) | (e.notes & NOTE_ABSOLUTE);
	memcpy(guest, &k, sizeof k);
	return 0;
}
