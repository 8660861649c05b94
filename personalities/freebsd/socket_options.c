/* Options of sockets that are more than a number on both sides: accept filters, what is known of
 * a connection, the queue of a listening socket.
 *
 * Of the accept filters, "dataready" (sys/netinet/accf_data.c) is what Linux has as
 * TCP_DEFER_ACCEPT, but for its end: a connection that stays silent is accepted after some time.
 * "httpready", "dnsready" and "tlsready" are modules that are not loaded here, and so they are
 * refused (sys/kern/uipc_accf.c: accept_filt_setopt). */
#include <asm/socket.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <string.h>

#include "personalities/freebsd/socket.h"
#include "syscalls/linux.h"

/* ---- SO_ACCEPTFILTER ---------------------------------------------------------- */

/* sys/socket.h: struct accept_filter_arg. */
struct accept_filter {
	char name[16], argument[240];
};

/* Seconds; Linux counts in retransmissions and has no more of them (tcp(7)). */
#define LONGEST_DEFER (6 * 60)

static int defers(struct call *c, int fd)
{
	int listening = 0, seconds = 0;
	int r = socket_get_option(c, fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, sizeof listening);
	if (r == 0 && !listening)
		return -EINVAL;
	if (r == 0)
		r = socket_get_option(c, fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds,
				      sizeof seconds);
	/* Only TCP has them here. */
	return r == -EOPNOTSUPP ? 0 : r < 0 ? r : seconds != 0;
}

static int defer(struct call *c, int fd, int seconds)
{
	return socket_set_option(c, fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
}

int freebsd_set_accept_filter(struct call *c, const struct option_call *o)
{
	struct accept_filter f;
	int on = 0;
	if (!o->value) {
		on = defers(c, o->fd);
		return on > 0 ? defer(c, o->fd, 0) : on;
	}
	if (o->length < sizeof f)
		return -EINVAL;
	int r = get_guest(c, &f, o->value, sizeof f);
	if (r < 0)
		return r;
	if (memcmp(f.name, "dataready", sizeof "dataready") != 0)
		return -ENOENT;
	on = defers(c, o->fd);
	if (on)
		return on < 0 ? on : -EBUSY;
	return defer(c, o->fd, LONGEST_DEFER);
}

int freebsd_get_accept_filter(struct call *c, struct option_call *o)
{
	struct accept_filter f = {.name = "dataready"};
	int on = defers(c, o->fd);
	if (on <= 0)
		return on < 0 ? on : -EINVAL;
	o->used = o->length < sizeof f ? o->length : sizeof f;
	return put_guest(c, o->value, &f, o->used);
}

/* ---- TCP_INFO --------------------------------------------------------------------- */

/* netinet/tcp.h: struct tcp_info, what its kernel fills in (netinet/tcp_usrreq.c:
 * tcp_fill_info) and Linux tells, too. */
struct tcp_report {
	uint8_t state, unused1[4], options, scales, unused2;
	uint32_t rto, unused3, snd_mss, rcv_mss, unused4[7], last_data_recv, unused5[3], rtt,
		rttvar, snd_ssthresh, snd_cwnd, unused6[3], rcv_space;
	uint32_t snd_wnd, unused7[4], rexmitpack, ooopack, unused8, delivered_ce, unused9[8];
	uint64_t unused10;
	uint32_t unused11[5], rttmin, unused12[14];
};
_Static_assert(offsetof(struct tcp_report, rtt) == 68, "netinet/tcp.h");
_Static_assert(offsetof(struct tcp_report, snd_wnd) == 100, "netinet/tcp.h");
_Static_assert(offsetof(struct tcp_report, rttmin) == 196, "netinet/tcp.h");

/* netinet/tcp_fsm.h, by Linux's number (include/net/tcp_states.h). */
static const uint8_t states[] = {
	[1] = 4, /* ESTABLISHED */
	[2] = 2, /* SYN_SENT */
	[3] = 3, /* SYN_RECV */
	[4] = 6, /* FIN_WAIT1 */
	[5] = 9, /* FIN_WAIT2 */
	[6] = 10, /* TIME_WAIT */
	[7] = 0, /* CLOSE */
	[8] = 5, /* CLOSE_WAIT */
	[9] = 8, /* LAST_ACK */
	[10] = 1, /* LISTEN */
	[11] = 7, /* CLOSING */
	[12] = 3, /* NEW_SYN_RECV */
};

/* Timestamps, SACK, window scaling and ECN have the same bits; fast open has another. */
static uint8_t tcp_options(uint8_t host)
{
	return (uint8_t)((host & 0xf) | (host & TCPI_OPT_SYN_DATA ? 0x20 : 0));
}

int freebsd_get_tcp_info(struct call *c, struct option_call *o)
{
	struct tcp_info t = {0};
	struct tcp_report g = {0};
	int r = socket_get_option(c, o->fd, IPPROTO_TCP, TCP_INFO, &t, sizeof t);
	if (r < 0)
		return r;
	g.state = t.tcpi_state < COUNT(states) ? states[t.tcpi_state] : 0;
	g.options = tcp_options(t.tcpi_options);
	g.scales = (uint8_t)(t.tcpi_snd_wscale | t.tcpi_rcv_wscale << 4);
	g.rto = t.tcpi_rto;
	g.snd_mss = t.tcpi_snd_mss;
	g.rcv_mss = t.tcpi_rcv_mss;
	g.last_data_recv = t.tcpi_last_data_recv * 1000; /* Linux: in milliseconds */
	g.rtt = t.tcpi_rtt;
	g.rttvar = t.tcpi_rttvar;
	g.snd_ssthresh = t.tcpi_snd_ssthresh;
	g.snd_cwnd = t.tcpi_snd_cwnd * t.tcpi_snd_mss; /* Linux: in segments */
	g.rcv_space = t.tcpi_rcv_space;
	g.snd_wnd = t.tcpi_snd_wnd;
	g.rexmitpack = t.tcpi_total_retrans;
	g.ooopack = t.tcpi_rcv_ooopack;
	g.delivered_ce = t.tcpi_delivered_ce;
	g.rttmin = t.tcpi_min_rtt;
	o->used = o->length < sizeof g ? o->length : sizeof g;
	return put_guest(c, o->value, &g, o->used);
}

/* ---- The queue of a listening socket ---------------------------------------------------- */

/* Linux tells it of TCP alone, as two numbers of TCP_INFO that mean something else otherwise
 * (net/ipv4/tcp.c: tcp_get_info). */
int freebsd_get_queue(struct call *c, struct option_call *o)
{
	struct tcp_info t = {0};
	int listening = 0, value = 0;
	int r = socket_get_option(c, o->fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
				  sizeof listening);
	if (r == 0 && listening)
		r = socket_get_option(c, o->fd, IPPROTO_TCP, TCP_INFO, &t, sizeof t);
	if (r < 0)
		return r == -EOPNOTSUPP ? -ENOPROTOOPT : r;
	if (listening)
		value = (int)(o->option->host ? t.tcpi_unacked : t.tcpi_sacked);
	o->used = o->length < sizeof value ? o->length : sizeof value;
	return put_guest(c, o->value, &value, o->used);
}

/* ---- What there is only one of ------------------------------------------------------------ */

/* There is one routing table. */
int freebsd_get_fib(struct call *c, struct option_call *o)
{
	int value = 0;
	o->used = o->length < sizeof value ? o->length : sizeof value;
	return put_guest(c, o->value, &value, o->used);
}

static int one_int(struct call *c, const struct option_call *o, int *value)
{
	if (o->length < sizeof *value)
		return -EINVAL;
	return get_guest(c, value, o->value, sizeof *value);
}

int freebsd_set_fib(struct call *c, const struct option_call *o)
{
	int value;
	int r = one_int(c, o, &value);
	return r < 0 ? r : value ? -EINVAL : 0;
}

/* For the firewall's rules to see; there is none. */
int freebsd_set_cookie(struct call *c, const struct option_call *o)
{
	int value;
	return one_int(c, o, &value);
}
