/* Addresses of sockets, from one side to the other. */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/un.h>
#include <string.h>

#include "syscalls/linux.h"
#include "syscalls/socket.h"

_Static_assert(LOCAL_PATH == offsetof(struct sockaddr_un, sun_path), "the same on both sides");

/* A path and its NUL.  Linux takes a leading NUL for an abstract name, which the guest's
 * system does not have: there it is the empty path. */
static int local_to_host(const struct address *guest, struct address *host)
{
	size_t room = guest->length - LOCAL_PATH, n = 0;
	if (guest->length <= LOCAL_PATH || room >= UNIX_PATH_MAX)
		return -EINVAL;
	const unsigned char *path = guest->bytes + LOCAL_PATH;
	while (n < room && path[n])
		n++;
	if (!n)
		return -ENOENT;
	memcpy(host->bytes + LOCAL_PATH, path, n);
	host->bytes[LOCAL_PATH + n] = 0;
	host->length = LOCAL_PATH + n + 1;
	return 0;
}

static int same_bytes(const struct address *guest, struct address *host, size_t size)
{
	if (guest->length != size)
		return -EINVAL;
	memcpy(host->bytes + 2, guest->bytes + 2, size - 2);
	host->length = size;
	return 0;
}

int address_from_bsd(const struct type *families, const struct address *guest, struct address *host)
{
	uint64_t family;
	if (guest->length < 2)
		return -EINVAL;
	if (names_to_host(families, guest->bytes[1], 0, &family) < 0)
		return -EAFNOSUPPORT;
	uint16_t host_family = (uint16_t)family;
	memset(host->bytes, 0, sizeof host->bytes);
	memcpy(host->bytes, &host_family, sizeof host_family);
	host->length = 2;
	switch (family) {
	case AF_UNIX:
		return local_to_host(guest, host);
	case AF_INET:
		return same_bytes(guest, host, sizeof(struct sockaddr_in));
	case AF_INET6:
		return same_bytes(guest, host, sizeof(struct sockaddr_in6));
	default:
		return 0; /* AF_UNSPEC */
	}
}

/* A local socket without a name has an address of 16 bytes, empty but for its head
 * (sys/kern/uipc_usrreq.c: sun_noname). */
#define LOCAL_UNNAMED 16

int address_to_bsd(const struct type *families, const struct address *host, struct address *guest)
{
	uint16_t host_family;
	uint64_t family;
	memcpy(&host_family, host->bytes, sizeof host_family);
	int r = names_to_guest(families, host_family, &family);
	if (r < 0)
		return r;
	*guest = *host;
	/* A native peer's abstract name has no form here either. */
	if (host_family == AF_UNIX && (host->length <= LOCAL_PATH || !host->bytes[LOCAL_PATH])) {
		memset(guest->bytes, 0, LOCAL_UNNAMED);
		guest->length = LOCAL_UNNAMED;
	}
	guest->bytes[0] = (unsigned char)guest->length;
	guest->bytes[1] = (unsigned char)family;
	return 0;
}

int address_in(struct call *c, address_hook *to_host_form, uint64_t at, uint64_t length,
	       uint64_t *to, uint32_t *host_length)
{
	struct address guest, host;
	if (length > sizeof guest.bytes - 1)
		return -ENAMETOOLONG;
	memset(&guest, 0, sizeof guest);
	guest.length = (uint32_t)length;
	int r = get_guest(c, guest.bytes, at, length);
	if (r == 0)
		r = to_host_form(c, &guest, &host);
	if (r < 0)
		return r;
	*to = scratch(c, sizeof host.bytes);
	if (!*to)
		return -ENOMEM;
	*host_length = host.length;
	return put_guest(c, *to, host.bytes, host.length);
}

int address_out(struct call *c, address_hook *to_guest_form, uint64_t from, uint32_t host_length,
		uint64_t at, uint32_t *length)
{
	struct address guest = {0}, host = {.length = host_length};
	if (host_length > sizeof host.bytes - 2)
		return -EINVAL;
	/* A connection's recvfrom has no address to tell. */
	if (host_length) {
		int r = get_guest(c, host.bytes, from, host_length);
		if (r == 0)
			r = to_guest_form(c, &host, &guest);
		if (r < 0)
			return r;
	}
	uint32_t n = guest.length < *length ? guest.length : *length;
	*length = guest.length;
	return put_guest(c, at, guest.bytes, n);
}

int address_argument(struct call *c, int i, uint64_t *at, uint32_t *length)
{
	return address_in(c, c->row->args[i].type->custom.to_host, c->a[i], (uint32_t)c->a[i + 1],
			  at, length);
}

int address_expect(struct call *c, int i, struct address_result *result)
{
	uint32_t host_room = sizeof((struct address *)0)->bytes - 2;
	*result = (struct address_result){0};
	if (!c->a[i] || !c->a[i + 1])
		return 0;
	int r = get_guest(c, &result->room, c->a[i + 1], sizeof result->room);
	if (r < 0)
		return r;
	if ((int32_t)result->room < 0)
		return -EINVAL;
	result->at = scratch(c, sizeof((struct address *)0)->bytes);
	result->length_at = scratch(c, sizeof host_room);
	if (!result->at || !result->length_at)
		return -ENOMEM;
	return put_guest(c, result->length_at, &host_room, sizeof host_room);
}

int address_give(struct call *c, int i, const struct address_result *result)
{
	uint32_t host_length, length = result->room;
	if (!result->at)
		return 0;
	int r = get_guest(c, &host_length, result->length_at, sizeof host_length);
	if (r == 0)
		r = address_out(c, c->row->args[i].type->custom.to_guest, result->at, host_length,
				c->a[i], &length);
	if (r == 0)
		r = put_guest(c, c->a[i + 1], &length, sizeof length);
	return r;
}
