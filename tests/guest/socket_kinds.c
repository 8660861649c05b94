/* Sockets: what is said of listening ones, and what a call refuses.  sys/socket.h, netinet/tcp.h. */
#include "tests/guest/guest.h"

enum { AF_UNIX = 1, AF_INET = 2, STREAM = 1, DGRAM = 2, NONBLOCK = 0x20000000 };
enum { SOL_SOCKET = 0xffff };

struct in4 {
	uint8_t len, family;
	uint16_t port;
	uint32_t addr;
	char zero[8];
};

static char buf[16];

/* What is said of a listening socket, and what happens to it. */
static void listening(void)
{
	enum { SO_ACCEPTFILTER = 0x1000, SO_LISTENQLIMIT = 0x1011, SO_LISTENQLEN = 0x1012 };
	enum { SO_SETFIB = 0x1014, SO_USER_COOKIE = 0x1015, TCP = 6, TCP_INFO = 32 };
	struct {
		char name[16], argument[240];
	} data = {.name = "dataready"}, http = {.name = "httpready"}, got;
	struct in4 a = {.len = 16, .family = AF_INET, .addr = 0x0100007f};
	long srv = sys(SYS_socket, AF_INET, STREAM | NONBLOCK, 0);
	int value = 7;
	uint32_t len = sizeof a;
	IS(1, sys(SYS_accept, srv, 0, 0), -EINVAL);
	IS(2, sys(SYS_setsockopt, srv, SOL_SOCKET, SO_ACCEPTFILTER, &data, sizeof data), -EINVAL);
	sys(SYS_bind, srv, &a, sizeof a);
	sys(SYS_listen, srv, 5);
	sys(SYS_getsockname, srv, &a, &len);
	IS(3, sys(SYS_accept, srv, &a, 0), -EFAULT);
	len = sizeof got;
	IS(4, sys(SYS_getsockopt, srv, SOL_SOCKET, SO_ACCEPTFILTER, &got, &len), -EINVAL);
	IS(5, sys(SYS_setsockopt, srv, SOL_SOCKET, SO_ACCEPTFILTER, &http, sizeof http), -ENOENT);
	IS(6, sys(SYS_setsockopt, srv, SOL_SOCKET, SO_ACCEPTFILTER, &data, sizeof data), 0);
	IS(7, sys(SYS_setsockopt, srv, SOL_SOCKET, SO_ACCEPTFILTER, &data, sizeof data), -EBUSY);
	IS(8, sys(SYS_getsockopt, srv, SOL_SOCKET, SO_ACCEPTFILTER, &got, &len), 0);
	CHECK(9, len == sizeof got && !strcmp(got.name, "dataready"));
	long c = sys(SYS_socket, AF_INET, STREAM, 0);
	IS(10, sys(SYS_connect, c, &a, sizeof a), 0);
	IS(11, sys(SYS_accept, srv, 0, 0), -EAGAIN);
	sys(SYS_write, c, "x", 1);
	struct {
		int fd;
		short events, revents;
	} p = {(int)srv, 1, 0};
	IS(12, sys(SYS_poll, &p, 1, 2000), 1);
	len = 4;
	IS(13, sys(SYS_getsockopt, srv, SOL_SOCKET, SO_LISTENQLIMIT, &value, &len), 0);
	IS(14, value, 5);
	IS(15, sys(SYS_getsockopt, srv, SOL_SOCKET, SO_LISTENQLEN, &value, &len), 0);
	IS(16, value, 1);
	long s = sys(SYS_accept, srv, 0, 0);
	CHECK(17, s >= 0);
	uint8_t info[256];
	len = sizeof info;
	IS(18, sys(SYS_getsockopt, s, TCP, TCP_INFO, info, &len), 0);
	CHECK(19, len == sizeof info && info[0] == 4); /* TCPS_ESTABLISHED */
	IS(20, sys(SYS_getsockopt, srv, TCP, TCP_INFO, info, &len), 0);
	IS(21, info[0], 1); /* TCPS_LISTEN */
	IS(22, sys(SYS_setsockopt, srv, SOL_SOCKET, SO_ACCEPTFILTER, 0, 0), 0);
	value = 0;
	IS(23, sys(SYS_setsockopt, srv, SOL_SOCKET, SO_SETFIB, &value, 4), 0);
	value = 1;
	IS(24, sys(SYS_setsockopt, srv, SOL_SOCKET, SO_SETFIB, &value, 4), -EINVAL);
	IS(25, sys(SYS_setsockopt, srv, SOL_SOCKET, SO_USER_COOKIE, &value, 4), 0);
	IS(26, sys(SYS_getsockopt, srv, SOL_SOCKET, SO_USER_COOKIE, &value, &len), -ENOPROTOOPT);
	/* Shut down it fails, says so, and wakes who waits. */
	IS(27, sys(SYS_shutdown, srv, 1), -ENOTCONN);
	IS(28, sys(SYS_shutdown, srv, 2), -ENOTCONN);
	IS(29, sys(SYS_accept, srv, 0, 0), -ECONNABORTED);
	sys(SYS_close, srv);
	sys(SYS_close, c);
	sys(SYS_close, s);
}

/* Kinds of sockets that a call is not for. */
static void unfit(void)
{
	enum { SF_NODISKIO = 1 };
	struct in4 none = {0};
	int pair[2], file = (int)sys(SYS_open, "sent", 0x202, 0600);
	long sent = 0, s = sys(SYS_socket, AF_UNIX, DGRAM, 0);
	IS(31, sys(SYS_socketpair, AF_INET, STREAM, 0, pair), -EOPNOTSUPP);
	IS(32, sys(SYS_bind, s, &none, sizeof none), -EAFNOSUPPORT);
	IS(33, sys(SYS_shutdown, s, 0), -ENOTCONN);
	IS(34, sys(SYS_sendfile, file, s, 0, 0, 0, 0, 0), -EINVAL);
	sys(SYS_close, s);
	s = sys(SYS_socket, AF_INET, STREAM, 0);
	IS(35, sys(SYS_sendfile, file, s, 0, 0, 0, 0, 0), -ENOTCONN);
	IS(36, sys(SYS_sendfile, file, file, 0, 0, 0, 0, 0), -ENOTSOCK);
	sys(SYS_close, s);
	s = sys(SYS_socket, AF_UNIX, STREAM, 0);
	IS(37, sys(SYS_shutdown, s, 1), -ENOTCONN);
	sys(SYS_close, s);
	/* What was just written lies in memory. */
	sys(SYS_socketpair, AF_UNIX, STREAM, 0, pair);
	sys(SYS_write, file, "abcdef", 6);
	long r = sys(SYS_sendfile, file, pair[0], 1, 0, 0, &sent, SF_NODISKIO);
	CHECK(38, (r == 0 && sent == 5 && sys(SYS_read, pair[1], buf, 9) == 5) || r == -EBUSY);
	IS(39, sys(SYS_sendfile, file, pair[0], 0, 3, 0, 16, 0), 0);
	IS(40, sys(SYS_read, pair[1], buf, 9), 3);
	sys(SYS_close, pair[0]);
	sys(SYS_close, pair[1]);
	sys(SYS_close, file);
	sys(SYS_unlink, "sent");
}

/* The mode of a name to be. */
static void mode(void)
{
	struct {
		uint8_t len, family;
		char path[14];
	} a = {16, AF_UNIX, "named"};
	uint8_t stat[224];
	long s = sys(SYS_socket, AF_UNIX, DGRAM, 0), inet = sys(SYS_socket, AF_INET, DGRAM, 0);
	IS(60, sys(SYS_fchmod, s, 04600), -EINVAL);
	IS(61, sys(SYS_fchmod, inet, 0600), -EINVAL);
	IS(62, sys(SYS_fchmod, s, 0700), 0);
	IS(63, sys(SYS_bind, s, &a, sizeof a), 0);
	IS(64, sys(SYS_fstatat, -100, "named", stat, 0), 0);
	IS(65, (stat[24] | stat[25] << 8) & 0777, 0700);
	IS(66, sys(SYS_fchmod, s, 0600), -EINVAL);
	sys(SYS_unlink, "named");
	sys(SYS_close, s);
	sys(SYS_close, inet);
}

/* A socket has what was set, though it means nothing to its family; programs set it on any. */
static void reused_port(void)
{
	enum { SO_REUSEPORT = 0x200 };
	const int families[] = {AF_UNIX, AF_INET};

	for (size_t i = 0; i < COUNT(families); i++) {
		long s = sys(SYS_socket, families[i], STREAM, 0);
		uint32_t length = sizeof(int);
		int value = 7;
		IS(70, sys(SYS_setsockopt, s, SOL_SOCKET, SO_REUSEPORT, &value, 4), 0);
		IS(71, sys(SYS_getsockopt, s, SOL_SOCKET, SO_REUSEPORT, &value, &length), 0);
		IS(72, value, SO_REUSEPORT);
		value = 0;
		IS(73, sys(SYS_setsockopt, s, SOL_SOCKET, SO_REUSEPORT, &value, 4), 0);
		IS(74, sys(SYS_getsockopt, s, SOL_SOCKET, SO_REUSEPORT, &value, &length), 0);
		IS(75, value, 0);
		sys(SYS_close, s);
	}
}

void test(int argc, char **argv, char **envp)
{
	listening();
	unfit();
	mode();
	reused_port();
}
