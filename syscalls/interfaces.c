/* rtnetlink(7): one dump each of links, addresses and multicast groups. */
#include "syscalls/interfaces.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "syscalls/linux.h"

#define ANSWER (32 * 1024UL) /* one receive; Linux sends no more at once */

struct query {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtgenmsg any;
	} body;
};

typedef int taker(struct interfaces *to, const struct nlmsghdr *message);

/* What follows the fixed part of a message: attributes, each checked to lie within it. */
struct attributes {
	const unsigned char *at, *end;
};

static struct attributes attributes_of(const struct nlmsghdr *message, size_t fixed)
{
	const unsigned char *start = (const unsigned char *)message;
	size_t from = NLMSG_LENGTH(NLMSG_ALIGN(fixed));

	if (from > message->nlmsg_len)
		from = message->nlmsg_len;
	return (struct attributes){start + from, start + message->nlmsg_len};
}

/* The next attribute: its payload's size and *data, or -1 at the end. */
static long next_attribute(struct attributes *a, uint16_t *kind, const void **data)
{
	struct rtattr head;
	size_t left = (size_t)(a->end - a->at);

	if (left < sizeof head)
		return -1;
	memcpy(&head, a->at, sizeof head);
	if (head.rta_len < sizeof head || head.rta_len > left)
		return -1;
	*kind = head.rta_type & 0x3fff; /* NLA_TYPE_MASK */
	*data = a->at + RTA_LENGTH(0);
	size_t step = RTA_ALIGN((size_t)head.rta_len);
	a->at = step > left ? a->end : a->at + step;
	return (long)(head.rta_len - RTA_LENGTH(0));
}

static void copy_some(void *to, size_t room, const void *from, long n)
{
	memcpy(to, from, (size_t)n < room ? (size_t)n : room);
}

static int take_link(struct interfaces *to, const struct nlmsghdr *message)
{
	struct ifinfomsg info;
	struct attributes a = attributes_of(message, sizeof info);
	struct interface *i = &to->list[to->n];
	const void *data;
	uint16_t kind;

	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof info))
		return 0;
	if (to->n == MOST_INTERFACES)
		return -ENOBUFS;
	memcpy(&info, NLMSG_DATA(message), sizeof info);
	*i = (struct interface){.index = (uint32_t)info.ifi_index,
				.flags = info.ifi_flags,
				.kind = info.ifi_type};
	for (long n; (n = next_attribute(&a, &kind, &data)) >= 0;) {
		switch (kind) {
		case IFLA_IFNAME:
			copy_some(i->name, sizeof i->name - 1, data, n);
			break;
		case IFLA_MTU:
			copy_some(&i->mtu, sizeof i->mtu, data, n);
			break;
		case IFLA_STATS64:
			copy_some(&i->counts, sizeof i->counts, data, n);
			break;
		case IFLA_ADDRESS:
			copy_some(i->hardware, sizeof i->hardware, data, n);
			i->hardware_length = n < (long)sizeof i->hardware ? (uint8_t)n
									  : sizeof i->hardware;
			break;
		}
	}
	to->n++;
	return 0;
}

/* if_addr.h: of a point-to-point link IFA_ADDRESS is the other end, IFA_LOCAL this one. */
static void read_address(struct interface_address *i, struct attributes a)
{
	const void *data;
	bool has_local = false;
	uint16_t kind;

	for (long n; (n = next_attribute(&a, &kind, &data)) >= 0;) {
		switch (kind) {
		case IFA_LOCAL:
			copy_some(i->address, sizeof i->address, data, n);
			has_local = true;
			break;
		case IFA_ADDRESS:
			copy_some(i->peer, sizeof i->peer, data, n);
			break;
		case IFA_MULTICAST:
			copy_some(i->address, sizeof i->address, data, n);
			has_local = true;
			break;
		case IFA_BROADCAST:
			copy_some(i->broadcast, sizeof i->broadcast, data, n);
			i->has_broadcast = true;
			break;
		}
	}
	if (!has_local)
		memcpy(i->address, i->peer, sizeof i->address);
	i->has_peer = has_local && memcmp(i->address, i->peer, sizeof i->address) != 0;
}

static bool is_of(const struct nlmsghdr *message, uint16_t kind, struct ifaddrmsg *info)
{
	if (message->nlmsg_type != kind || message->nlmsg_len < NLMSG_LENGTH(sizeof *info))
		return false;
	memcpy(info, NLMSG_DATA(message), sizeof *info);
	return info->ifa_family == AF_INET || info->ifa_family == AF_INET6;
}

static int take(struct interface_address *list, uint32_t *n, const struct nlmsghdr *message,
		uint16_t kind)
{
	struct ifaddrmsg info;

	if (!is_of(message, kind, &info))
		return 0;
	if (*n == MOST_ADDRESSES)
		return -ENOBUFS;
	struct interface_address *i = &list[(*n)++];
	*i = (struct interface_address){.index = info.ifa_index,
					.family = info.ifa_family,
					.prefix = info.ifa_prefixlen};
	read_address(i, attributes_of(message, sizeof info));
	return 0;
}

static int take_address(struct interfaces *to, const struct nlmsghdr *message)
{
	return take(to->addresses, &to->n_addresses, message, RTM_NEWADDR);
}

static int take_group(struct interfaces *to, const struct nlmsghdr *message)
{
	return take(to->groups, &to->n_groups, message, RTM_GETMULTICAST);
}

/* Gives the messages of one receive to take: 1 after the last of all, 0 if more come, -errno. */
static int take_all(struct interfaces *to, const unsigned char *from, size_t n, taker *one)
{
	while (n >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *m = (const void *)from;
		int error, r;

		if (m->nlmsg_len < sizeof *m || m->nlmsg_len > n)
			return -EIO;
		if (m->nlmsg_type == NLMSG_DONE)
			return 1;
		if (m->nlmsg_type == NLMSG_ERROR) {
			if (m->nlmsg_len < NLMSG_LENGTH(sizeof error))
				return -EIO;
			memcpy(&error, NLMSG_DATA(m), sizeof error);
			return error < 0 ? error : 1;
		}
		r = one(to, m);
		if (r < 0)
			return r;
		size_t step = NLMSG_ALIGN(m->nlmsg_len);
		if (step >= n)
			return 0;
		from += step;
		n -= step;
	}
	return 0;
}

static long ask(struct call *c, long fd, uint16_t what, uint8_t family, uint64_t at)
{
	struct query q = {.header = {.nlmsg_len = sizeof q,
				     .nlmsg_type = what,
				     .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
				     .nlmsg_seq = 1}};

	q.body.any.rtgen_family = family;
	int r = put_guest(c, at, &q, sizeof q);
	return r < 0 ? r : host(c, __NR_sendto, fd, at, sizeof q, 0, 0, 0);
}

static int dump(struct call *c, struct interfaces *to, long fd, uint16_t what, uint8_t family,
		taker *one)
{
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, ANSWER);
	unsigned char *copy = engine_pages(ANSWER);
	long r = at && copy ? ask(c, fd, what, family, at) : -ENOMEM;

	while (r >= 0) {
		r = host(c, __NR_recvfrom, fd, at, ANSWER, 0, 0, 0);
		if (r < 0)
			break;
		size_t n = (size_t)r;
		r = get_guest(c, copy, at, n);
		if (r == 0)
			r = take_all(to, copy, n, one);
		if (r != 0)
			break;
	}
	if (copy)
		engine_free_pages(copy, ANSWER);
	c->scratch_used = mark;
	return r < 0 ? (int)r : 0;
}

/* Every interface that can has joined 224.0.0.1 (net/ipv4/igmp.c: ip_mc_up). */
static int all_hosts(struct interfaces *to)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < to->n_addresses; i++) {
		const struct interface_address *a = &to->addresses[i];

		if (a->family != AF_INET || a->index == last)
			continue;
		if (to->n_groups == MOST_ADDRESSES)
			return -ENOBUFS;
		last = a->index;
		to->groups[to->n_groups++] = (struct interface_address){.index = a->index,
									.family = AF_INET,
									.address = {224, 0, 0, 1}};
	}
	return 0;
}

/* Linux before 6.14 tells the groups of IPv6 alone. */
static int read_groups(struct call *c, struct interfaces *to, long fd)
{
	int r = dump(c, to, fd, RTM_GETMULTICAST, AF_INET, take_group);

	if (r == -EOPNOTSUPP)
		r = 0;
	if (r == 0 && to->n_groups == 0)
		r = all_hosts(to);
	if (r == 0)
		r = dump(c, to, fd, RTM_GETMULTICAST, AF_INET6, take_group);
	return r == -EOPNOTSUPP ? 0 : r;
}

int interfaces_read(struct call *c, struct interfaces *to)
{
	long fd = host(c, __NR_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return (int)fd;
	to->n = to->n_addresses = to->n_groups = 0;
	r = dump(c, to, fd, RTM_GETLINK, AF_UNSPEC, take_link);
	if (r == 0)
		r = dump(c, to, fd, RTM_GETADDR, AF_UNSPEC, take_address);
	if (r == 0)
		r = read_groups(c, to, fd);
	(void)host(c, __NR_close, fd); /* it was only asked */
	return r;
}
