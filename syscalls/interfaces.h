/* The network's interfaces and their addresses, as Linux tells them over rtnetlink. */
#ifndef GUISE_INTERFACES_H
#define GUISE_INTERFACES_H

#include <linux/if_link.h>

#include "syscalls/abi.h"

/* linux/if.h has them too, but includes libc's headers. */
enum interface_flags {
	INTERFACE_UP = 0x1,
	INTERFACE_BROADCAST = 0x2,
	INTERFACE_DEBUG = 0x4,
	INTERFACE_LOOPBACK = 0x8,
	INTERFACE_POINT_TO_POINT = 0x10,
	INTERFACE_RUNNING = 0x40,
	INTERFACE_NO_ARP = 0x80,
	INTERFACE_PROMISCUOUS = 0x100,
	INTERFACE_ALL_GROUPS = 0x200,
	INTERFACE_MULTICAST = 0x1000,
};

enum link_kinds { /* linux/if_arp.h: ARPHRD_* */
		  LINK_ETHERNET = 1,
		  LINK_PPP = 512,
		  LINK_TUNNEL = 768,
		  LINK_LOOPBACK = 772,
		  LINK_SIT = 776,
		  LINK_NONE = 0xfffe,
};

struct interface {
	uint32_t index;
	uint32_t flags; /* enum interface_flags, and others of Linux */
	uint32_t mtu;
	uint16_t kind; /* enum link_kinds */
	uint8_t hardware_length;
	unsigned char hardware[32];
	char name[16];
	struct rtnl_link_stats64 counts;
};

struct interface_address {
	uint32_t index; /* of its interface */
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t prefix;
	bool has_peer, has_broadcast;
	unsigned char address[16], peer[16], broadcast[16];
};

#define MOST_INTERFACES 256
#define MOST_ADDRESSES 2048

/* Too much for a stack: made with engine_pages(). */
struct interfaces {
	uint32_t n, n_addresses, n_groups;
	struct interface list[MOST_INTERFACES];
	struct interface_address addresses[MOST_ADDRESSES];
	struct interface_address groups[MOST_ADDRESSES]; /* multicast groups joined */
};

/* Everything there is: 0, or -errno (ENOBUFS: more than there is room for).
 * Uses socket, sendto, recvfrom and close. */
int interfaces_read(struct call *c, struct interfaces *to);

#endif
