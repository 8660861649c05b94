/* net.routetable: interfaces and their addresses as routing messages.
 * Contract: sys/net/rtsock.c (sysctl_rtsock, sysctl_iflist, sysctl_ifmalist) and the layouts
 * of sys/net/if.h, if_dl.h and route.h, FreeBSD 13.2 and 15. */
#include "syscalls/interfaces.h"

#include <string.h>

#include "personalities/freebsd/interfaces.h"
#include "syscalls/linux.h"

enum { LIST = 3, GROUPS = 4, LIST_LONG = 5 }; /* sys/socket.h: NET_RT_* */
enum { NEW_ADDRESS = 0xc, INTERFACE = 0xe, NEW_GROUP = 0xf, VERSION = 5 }; /* net/route.h: RTM_* */
enum { HAS_MASK = 0x4, HAS_NAME = 0x10, HAS_ADDRESS = 0x20, HAS_BROADCAST = 0x80 }; /* RTA_* */
enum { GUEST_LINK = 18, GUEST_INET = 2, GUEST_INET6 = 28 }; /* sys/socket.h: AF_* */

/* net/if.h: IFF_*.  What Linux has besides is its own affair. */
NAMES(interface_flags, u32, BIT_AS(0x1, INTERFACE_UP, "IFF_UP"),
      BIT_AS(0x2, INTERFACE_BROADCAST, "IFF_BROADCAST"), BIT_AS(0x4, INTERFACE_DEBUG, "IFF_DEBUG"),
      BIT_AS(0x8, INTERFACE_LOOPBACK, "IFF_LOOPBACK"),
      BIT_AS(0x10, INTERFACE_POINT_TO_POINT, "IFF_POINTOPOINT"),
      BIT_AS(0x40, INTERFACE_RUNNING, "IFF_RUNNING"), BIT_AS(0x80, INTERFACE_NO_ARP, "IFF_NOARP"),
      BIT_AS(0x100, INTERFACE_PROMISCUOUS, "IFF_PROMISC"),
      BIT_AS(0x200, INTERFACE_ALL_GROUPS, "IFF_ALLMULTI"),
      BIT_AS(0x8000, INTERFACE_MULTICAST, "IFF_MULTICAST"), );

/* net/if.h: struct if_data, 152 bytes. */
struct interface_data {
	uint8_t type, physical, address_length, header_length, link_state, vhid;
	uint16_t length;
	uint32_t mtu, metric;
	uint64_t baud;
	uint64_t in, in_errors, out, out_errors, collisions, in_bytes, out_bytes, in_multicast,
		out_multicast, in_dropped, out_dropped, no_protocol, assist;
	uint64_t since, changed[2];
};
_Static_assert(sizeof(struct interface_data) == 152, "struct if_data");

/* struct if_msghdr and ifa_msghdr begin so; if_msghdrl and ifa_msghdrl go on with their
 * own length and where the data is. */
struct message {
	uint16_t length;
	uint8_t version, type;
	int32_t has;
	int32_t flags;
	uint16_t index, spare;
};
_Static_assert(sizeof(struct message) == 16, "struct if_msghdr");

/* The message under way. */
struct writer {
	struct message head;
	size_t used;
	unsigned char bytes[512];
};

static void add(struct writer *w, const void *from, size_t n)
{
	memcpy(w->bytes + w->used, from, n); /* no message comes near the buffer's size */
	w->used += n;
}

/* Addresses are padded to a long (SA_SIZE). */
static void add_address(struct writer *w, int32_t which, const void *from, size_t n)
{
	static const unsigned char zero[8];

	w->head.has |= which;
	add(w, from, n);
	add(w, zero, -n & 7);
}

static void begin(struct writer *w, uint8_t type, const struct interface *i)
{
	w->used = 0;
	w->head = (struct message){.version = VERSION, .type = type, .index = (uint16_t)i->index};
	add(w, &w->head, sizeof w->head);
}

static int end(struct sysctl *s, struct writer *w)
{
	w->head.length = (uint16_t)w->used;
	memcpy(w->bytes, &w->head, sizeof w->head);
	return sysctl_out(s, w->bytes, w->used);
}

/* net/if_types.h: IFT_* */
static uint8_t type_of(const struct interface *i)
{
	switch (i->kind) {
	case LINK_LOOPBACK:
		return 0x18;
	case LINK_ETHERNET:
		return 0x06;
	case LINK_PPP:
	case LINK_NONE:
		return 0x17;
	case LINK_TUNNEL:
	case LINK_SIT:
		return 0xf0;
	default:
		return 0x01;
	}
}

/* A loopback's address of zeros is none. */
static size_t hardware_length(const struct interface *i)
{
	return i->kind == LINK_LOOPBACK ? 0 : i->hardware_length;
}

static void add_link_address(struct writer *w, const struct interface *i)
{
	struct {
		uint8_t length, family;
		uint16_t index;
		uint8_t type, name_length, address_length, selector_length;
		char data[46];
	} a = {.length = sizeof a,
	       .family = GUEST_LINK,
	       .index = (uint16_t)i->index,
	       .type = type_of(i),
	       .name_length = (uint8_t)strlen(i->name)};
	_Static_assert(sizeof a == 54, "struct sockaddr_dl");
	size_t n = hardware_length(i), room = sizeof a.data - a.name_length;

	a.address_length = (uint8_t)(n < room ? n : room);
	memcpy(a.data, i->name, a.name_length);
	memcpy(a.data + a.name_length, i->hardware, a.address_length);
	add_address(w, HAS_NAME, &a, sizeof a);
}

static void add_internet_address(struct writer *w, int32_t which, uint8_t family,
				 const unsigned char *address, uint32_t scope)
{
	unsigned char a[28] = {0};

	if (family == AF_INET) {
		a[0] = 16;
		a[1] = GUEST_INET;
		memcpy(a + 4, address, 4);
	} else {
		a[0] = 28;
		a[1] = GUEST_INET6;
		memcpy(a + 8, address, 16);
		memcpy(a + 24, &scope, 4);
	}
	add_address(w, which, a, a[0]);
}

/* Link-local addresses name their interface (netinet6/scope6.c: sa6_recoverscope). */
static uint32_t scope_of(uint8_t family, const unsigned char *a, uint32_t index)
{
	bool unicast = a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
	bool group = a[0] == 0xff && ((a[1] & 0xf) == 1 || (a[1] & 0xf) == 2);

	return family == AF_INET6 && (unicast || group) ? index : 0;
}

static void add_mask(struct writer *w, const struct interface_address *a)
{
	unsigned char mask[16] = {0};

	for (unsigned bit = 0; bit < a->prefix && bit < 128; bit++)
		mask[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	add_internet_address(w, HAS_MASK, a->family, mask, 0);
}

static struct interface_data data_of(const struct interface *i)
{
	const struct rtnl_link_stats64 *n = &i->counts;

	return (struct interface_data){
		.type = type_of(i),
		.address_length = (uint8_t)hardware_length(i),
		.header_length = i->kind == LINK_ETHERNET ? 14 : 0,
		.link_state = i->flags & INTERFACE_RUNNING ? 2 : 1, /* LINK_STATE_UP, _DOWN */
		.length = sizeof(struct interface_data),
		.mtu = i->mtu,
		.in = n->rx_packets,
		.in_errors = n->rx_errors,
		.out = n->tx_packets,
		.out_errors = n->tx_errors,
		.collisions = n->collisions,
		.in_bytes = n->rx_bytes,
		.out_bytes = n->tx_bytes,
		.in_multicast = n->multicast,
		.in_dropped = n->rx_dropped,
		.out_dropped = n->tx_dropped,
		.no_protocol = n->rx_nohandler,
	};
}

/* struct if_msghdrl: the length of itself with the data, where that begins, a spare. */
static void add_data(struct writer *w, const struct interface_data *data, bool longer)
{
	const struct {
		uint16_t length, offset;
		uint32_t spare;
	} where = {.length = 176, .offset = 24};

	if (longer)
		add(w, &where, sizeof where);
	add(w, data, sizeof *data);
}

static int out_interface(struct sysctl *s, const struct interface *i, bool longer)
{
	const struct interface_data data = data_of(i);
	struct writer w;

	begin(&w, INTERFACE, i);
	w.head.flags = (int32_t)names_to_guest_known(&type_interface_flags, i->flags);
	add_data(&w, &data, longer);
	add_link_address(&w, i);
	return end(s, &w);
}

/* struct ifa_msghdr ends with the metric; ifa_msghdrl has, before it, its length and where
 * the counts are, and after it those, which Linux does not keep for an address. */
static void add_address_data(struct writer *w, bool longer)
{
	static const struct interface_data none = {.length = sizeof none};
	const struct {
		uint16_t length, offset;
	} where = {.length = 176, .offset = 24};
	const uint32_t metric = 0;

	if (longer)
		add(w, &where, sizeof where);
	add(w, &metric, sizeof metric);
	if (longer)
		add(w, &none, sizeof none);
}

/* The other end of a link; else where it broadcasts; a loopback's is its own address
 * (netinet/in.c). */
static void add_destination(struct writer *w, const struct interface *i,
			    const struct interface_address *a)
{
	const unsigned char *to = a->has_peer	     ? a->peer
				  : a->has_broadcast ? a->broadcast
				  : i->flags & INTERFACE_LOOPBACK && a->family == AF_INET
					  ? a->address
					  : NULL;

	if (to)
		add_internet_address(w, HAS_BROADCAST, a->family, to,
				     scope_of(a->family, to, i->index));
}

static int out_address(struct sysctl *s, const struct interface *i,
		       const struct interface_address *a, bool longer)
{
	struct writer w;

	begin(&w, NEW_ADDRESS, i);
	w.head.flags = 1; /* IFA_ROUTE */
	add_address_data(&w, longer);
	add_mask(&w, a);
	add_internet_address(&w, HAS_ADDRESS, a->family, a->address,
			     scope_of(a->family, a->address, i->index));
	add_destination(&w, i, a);
	return end(s, &w);
}

static int out_group(struct sysctl *s, const struct interface *i, const struct interface_address *a)
{
	struct writer w;

	begin(&w, NEW_GROUP, i);
	add_link_address(&w, i);
	add_internet_address(&w, HAS_ADDRESS, a->family, a->address,
			     scope_of(a->family, a->address, i->index));
	return end(s, &w);
}

/* What of it is asked for: net.routetable.0.FAMILY.WHAT.INTERFACE */
struct wanted {
	int family, what, index; /* 0: all of them */
};

static bool wants(const struct wanted *q, const struct interface *i,
		  const struct interface_address *a)
{
	int family = a->family == AF_INET ? GUEST_INET : GUEST_INET6;

	return a->index == i->index && (!q->family || q->family == family);
}

static int out_one(struct sysctl *s, const struct wanted *q, const struct interfaces *all,
		   const struct interface *i)
{
	bool longer = q->what == LIST_LONG;
	int r = 0;

	if (q->what == GROUPS) {
		for (uint32_t n = 0; n < all->n_groups && r == 0; n++)
			if (wants(q, i, &all->groups[n]))
				r = out_group(s, i, &all->groups[n]);
		return r;
	}
	r = out_interface(s, i, longer);
	for (uint32_t n = 0; n < all->n_addresses && r == 0; n++)
		if (wants(q, i, &all->addresses[n]))
			r = out_address(s, i, &all->addresses[n], longer);
	return r;
}

int freebsd_interfaces(struct sysctl *s)
{
	const int32_t *rest = s->path + s->matched;
	uint32_t n = s->depth - s->matched;

	if (n != 4)
		return n == 0 ? -EINVAL : n < 4 ? -EISDIR : -ENOTDIR;
	const struct wanted q = {.family = rest[1], .what = rest[2], .index = rest[3]};
	if (q.what != LIST && q.what != LIST_LONG && q.what != GROUPS)
		return -EINVAL; /* routes are not told yet */
	struct interfaces *all = engine_pages(sizeof *all);
	int r = all ? interfaces_read(s->c, all) : -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < all->n; i++)
		if (!q.index || (uint32_t)q.index == all->list[i].index)
			r = out_one(s, &q, all, &all->list[i]);
	if (all)
		engine_free_pages(all, sizeof *all);
	return r;
}
