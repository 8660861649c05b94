/* Ways out through sockets and shared memory. */
#include "tests/escape/probes/probe.h"

#include <linux/fcntl.h>
#include <linux/if.h>
#include <linux/in.h>
#include <linux/ipc.h>
#include <linux/netlink.h>
#include <linux/route.h>
#include <linux/rtnetlink.h>
#include <linux/shm.h>
#include <linux/sockios.h>
#include <linux/un.h>

/* Of linux/net.h and linux/socket.h: what the C library has in sys/socket.h. */
enum { STREAM = 1, DATAGRAM = 2, RAW = 3, SEQPACKET = 5, NONBLOCK = 04000 };

static uint16_t in_network_order(long port)
{
	return (uint16_t)(port << 8 | (port >> 8 & 0xff));
}

CHECK_OF("24", local_sockets, SELF_PLAIN, NULL, "the host's local sockets, abstract and by path")
{
	struct sockaddr_un a = {.sun_family = 1};
	const char *name = fact("ABSTRACT"), *path = fact("SOCKET");
	for (int type = STREAM; type <= DATAGRAM; type++) {
		long s = host(__NR_socket, 1, type | NONBLOCK, 0);
		memcpy(a.sun_path + 1, name, strlen(name));
		a.sun_path[0] = 0;
		refused("abstract", host(__NR_connect, s, &a, 3 + strlen(name)));
		host(__NR_close, s);
		s = host(__NR_socket, 1, type | NONBLOCK, 0);
		memset(a.sun_path, 0, sizeof a.sun_path);
		memcpy(a.sun_path, path, strlen(path));
		refused("path", host(__NR_connect, s, &a, sizeof a));
		host(__NR_close, s);
	}
}

CHECK_OF("24", taken_names, SELF_PLAIN, NULL, "taking a name away from the host's local sockets")
{
	struct sockaddr_un a = {.sun_family = 1};
	const char *name = fact("ABSTRACT");
	memcpy(a.sun_path + 1, name, strlen(name));
	long s = host(__NR_socket, 1, STREAM, 0);
	long r = host(__NR_bind, s, &a, 3 + strlen(name));
	/* Free here means that it is another name space; in the host's it is in use. */
	holds("names of its own", r == 0 || r == -EPERM);
}

CHECK_OF("24", shared_memory, SELF_PLAIN, NULL,
	 "the host's System V and POSIX memory, queues, semaphores")
{
	char path[128];
	refused("shmget", host(__NR_shmget, fact_number("KEY"), 0, 0));
	long at = host(__NR_shmat, fact_number("SHM"), 0, 0);
	refused("shmat", at);
	if (at > 0)
		*(volatile char *)at = '#'; /* so that the host, too, sees it */
	refused("msgget", host(__NR_msgget, fact_number("KEY"), 0));
	refused("semget", host(__NR_semget, fact_number("KEY"), 0, 0));
	refused("mq_open", host(__NR_mq_open, fact("NAME"), O_RDWR, 0, 0));
	join(path, sizeof path, "/dev/shm/", fact("NAME"), "");
	refused("shm_open", host(__NR_open, path, O_RDWR));
}

CHECK_OF("25", families, SELF_PLAIN, NULL, "socket families that lead past the network's namespace")
{
	static const struct {
		const char *name;
		int family, type, protocol;
	} kinds[] = {
		{"vsock", 40, STREAM, 0},
		{"vsock dgram", 40, DATAGRAM, 0},
		{"packet", 17, RAW, 0x300},
		{"packet dgram", 17, DATAGRAM, 0x300},
		{"raw", 2, RAW, 255},
		{"raw icmp", 2, RAW, 1},
		{"raw v6", 10, RAW, 58},
		{"alg", 38, SEQPACKET, 0},
		{"xdp", 44, RAW, 0},
		{"bluetooth", 31, RAW, 1},
		{"can", 29, RAW, 1},
		{"tipc", 30, SEQPACKET, 0},
		{"rds", 21, SEQPACKET, 0},
		{"key", 15, RAW, 2},
		{"smc", 43, STREAM, 0},
		{"kcm", 41, SEQPACKET, 0},
		{"ax25", 3, SEQPACKET, 0},
		{"x25", 9, SEQPACKET, 0},
		{"qipcrtr", 42, DATAGRAM, 0},
		{"nfc", 39, SEQPACKET, 0},
		{"mctp", 45, DATAGRAM, 0},
		{"ppp", 24, STREAM, 0},
		{"high bits", (int)(1u << 31 | 40), STREAM, 0},
	};
	for (size_t i = 0; i < COUNT(kinds); i++)
		refused(kinds[i].name,
			host(__NR_socket, kinds[i].family, kinds[i].type, kinds[i].protocol));
	refused("vsock, upper half", host(__NR_socket, 1L << 32 | 40, STREAM, 0));
}

CHECK_OF("25", netlink, SELF_PLAIN, NULL, "netlink but for asking about routes")
{
	for (int protocol = 1; protocol < 32; protocol++)
		refused(digits(protocol), host(__NR_socket, AF_NETLINK, RAW, protocol));
}

static long connect_to(uint32_t address, long port)
{
	const struct sockaddr_in a = {.sin_family = 2,
				      .sin_port = in_network_order(port),
				      .sin_addr = {address}};
	long s = host(__NR_socket, 2, STREAM | NONBLOCK, 0), r;
	if (s < 0)
		return s;
	r = host(__NR_connect, s, &a, sizeof a);
	for (int i = 0; r == -EINPROGRESS && i < 10; i++) {
		pause_ms(5);
		r = host(__NR_connect, s, &a, sizeof a);
		r = r == -EALREADY ? -EINPROGRESS : r == -EISCONN ? 0 : r;
	}
	host(__NR_close, s);
	/* Under way is as good as there: the packets have left. */
	return r == -EINPROGRESS || r == -EALREADY ? 0 : r;
}

CHECK_OF("26", connections, SELF_PLAIN, NULL, "TCP to the host, its neighbours, metadata services")
{
	refused("host's loopback", connect_to(0x0100007f, fact_number("PORT")));
	refused("another of its addresses", connect_to(0x0101007f, fact_number("PORT")));
	refused("the wildcard", connect_to(0, fact_number("PORT")));
	if (fact_number("ADDRESS"))
		refused("host's own",
			connect_to((uint32_t)fact_number("ADDRESS"), fact_number("PORT")));
	if (fact_number("BARE"))
		return;
	refused("169.254.169.254", connect_to(0xfea9fea9, 80));
	refused("10.0.0.1", connect_to(0x0100000a, 80));
}

CHECK_OF("26", datagrams, SELF_PLAIN, NULL, "datagrams to the host and beyond")
{
	const struct sockaddr_in out = {.sin_family = 2,
					.sin_port = 0x0900,
					.sin_addr = {0x08080808}};
	long s = host(__NR_socket, 2, DATAGRAM, 0);
	long own = fact_number("ADDRESS");
	const struct sockaddr_in near = {.sin_family = 2,
					 .sin_port = 0x0900,
					 .sin_addr = {(uint32_t)own}};
	if (own)
		refused("to the host", host(__NR_sendto, s, "x", 1, 0, &near, sizeof near));
	if (!fact_number("BARE"))
		refused("to anywhere", host(__NR_sendto, s, "x", 1, 0, &out, sizeof out));
	if (!own)
		not_here("the host has no network");
}

/* A second sandbox listens on its own loopback; only one that shares it would get through. */
CHECK_OF("26", other_guests, SELF_PLAIN, NULL, "what another sandbox listens on")
{
	refused("its loopback", connect_to(0x0100007f, fact_number("OTHER_PORT")));
}

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct rtmsg route;
		struct ifaddrmsg address;
	};
	char rest[64];
};

/* The kernel's answer: 0, or a negative error. */
static long ask_netlink(struct request *r, unsigned type, size_t n)
{
	struct {
		struct nlmsghdr header;
		int error;
		char rest[512];
	} answer = {0};
	long s = host(__NR_socket, AF_NETLINK, RAW, 0);
	if (s < 0)
		return s;
	r->header = (struct nlmsghdr){.nlmsg_len = (unsigned)(sizeof r->header + n),
				      .nlmsg_type = (uint16_t)type,
				      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE};
	long sent = host(__NR_sendto, s, r, r->header.nlmsg_len, 0, 0, 0);
	long got = sent < 0 ? sent : host(__NR_recvfrom, s, &answer, sizeof answer, 0, 0, 0);
	host(__NR_close, s);
	return got < 0 ? got : answer.header.nlmsg_type == NLMSG_ERROR ? answer.error : -EINVAL;
}

CHECK_OF("26", configuration, SELF_SPACE, NULL, "interfaces, addresses and routes, set from inside")
{
	struct request down = {.link = {.ifi_index = 1, .ifi_change = IFF_UP}};
	struct request route = {.route = {.rtm_family = 2,
					  .rtm_table = RT_TABLE_MAIN,
					  .rtm_protocol = RTPROT_STATIC,
					  .rtm_scope = RT_SCOPE_UNIVERSE,
					  .rtm_type = RTN_BLACKHOLE}};
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	long s = host(__NR_socket, 2, DATAGRAM, 0);
	refused("link up", host(__NR_ioctl, s, SIOCSIFFLAGS, &up));
	refused("route", ask_netlink(&route, RTM_NEWROUTE, sizeof route.route));
	refused("link down", ask_netlink(&down, RTM_NEWLINK, sizeof down.link));
	struct ifreq bridge = {.ifr_name = "probe0"};
	refused("bridge", host(__NR_ioctl, s, 0x89a0 /* SIOCBRADDBR */, &bridge));
	/* setsockopt: SOL_IP IP_TRANSPARENT, SOL_SOCKET SO_MARK; iptables' IPT_SO_SET_REPLACE */
	const int one = 1;
	refused("transparent", host(__NR_setsockopt, s, 0, 19, &one, sizeof one));
	refused("mark", host(__NR_setsockopt, s, 1, 36, &one, sizeof one));
	refused("low port", ({
			const struct sockaddr_in low = {.sin_family = 2, .sin_port = 0x5000};
			host(__NR_bind, s, &low, sizeof low);
		}));
}
