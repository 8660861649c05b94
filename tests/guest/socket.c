/* Sockets: sys/socket.h, netinet/in.h, sys/un.h. */
#include "tests/guest/guest.h"

enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 28 };
enum { STREAM = 1, DGRAM = 2, CLOEXEC = 0x10000000, NONBLOCK = 0x20000000 };
enum {
	SOL_SOCKET = 0xffff,
	SO_REUSEADDR = 4,
	SO_KEEPALIVE = 8,
	SO_NOSIGPIPE = 0x800,
	SO_SNDBUF = 0x1001,
	SO_RCVTIMEO = 0x1006,
	SO_ERROR = 0x1007,
	SO_TYPE = 0x1008,
	SO_ACCEPTCONN = 2,
	SO_DOMAIN = 0x1019,
};
enum {
	MSG_PEEK = 2,
	MSG_TRUNC = 0x10,
	MSG_CTRUNC = 0x20,
	MSG_WAITALL = 0x40,
	MSG_DONTWAIT = 0x80,
	MSG_NOSIGNAL = 0x20000,
	MSG_CMSG_CLOEXEC = 0x40000
};
enum { SIGPIPE = 13, F_GETFD = 1, F_GETFL = 3, O_NONBLOCK = 4 };

struct in4 {
	uint8_t len, family;
	uint16_t port;
	uint32_t addr;
	char zero[8];
};
struct in6 {
	uint8_t len, family;
	uint16_t port;
	uint32_t flow;
	uint8_t addr[16];
	uint32_t scope;
};
struct un {
	uint8_t len, family;
	char path[104];
};
struct iovec {
	void *base;
	size_t len;
};
struct msg {
	void *name;
	uint32_t namelen;
	struct iovec *iov;
	int iovlen;
	void *control;
	uint32_t controllen;
	int flags;
};
_Static_assert(sizeof(struct msg) == 48, "sys/socket.h");

static char buf[4096];

static void tcp(void)
{
	long srv = sys(SYS_socket, AF_INET, STREAM | CLOEXEC, 0);
	CHECK(1, srv >= 0);
	IS(2, sys(SYS_fcntl, srv, F_GETFD), 1);
	int one = 1, got = 0;
	uint32_t len = sizeof got;
	IS(3, sys(SYS_setsockopt, srv, SOL_SOCKET, SO_REUSEADDR, &one, 4), 0);
	IS(4, sys(SYS_getsockopt, srv, SOL_SOCKET, SO_REUSEADDR, &got, &len), 0);
	CHECK(5, got != 0 && len == 4);
	IS(6, sys(SYS_getsockopt, srv, SOL_SOCKET, SO_TYPE, &got, &len), 0);
	IS(7, got, STREAM);
	/* sa_len is ignored on the way in, set on the way out. */
	struct in4 a = {.len = 0, .family = AF_INET, .addr = 0x0100007f}, b;
	IS(8, sys(SYS_bind, srv, &a, sizeof a), 0);
	IS(9, sys(SYS_listen, srv, 5), 0);
	memset(&b, 0xff, sizeof b);
	len = sizeof b;
	IS(10, sys(SYS_getsockname, srv, &b, &len), 0);
	CHECK(11, len == 16 && b.len == 16 && b.family == AF_INET && b.port && b.addr == a.addr);
	len = 4;
	struct in4 cut = {.addr = 7};
	IS(12, sys(SYS_getsockname, srv, &cut, &len), 0);
	CHECK(13, cut.family == AF_INET && cut.port == b.port && cut.addr == 7);

	long cli = sys(SYS_socket, AF_INET, STREAM, 0);
	IS(14, sys(SYS_connect, cli, &b, sizeof b), 0);
	IS(15, sys(SYS_connect, cli, &b, sizeof b), -EISCONN);
	struct in4 peer;
	len = sizeof peer;
	long s = sys(SYS_accept4, srv, &peer, &len, NONBLOCK | CLOEXEC);
	CHECK(16, s >= 0 && peer.len == 16 && peer.family == AF_INET && peer.addr == a.addr);
	CHECK(17, sys(SYS_fcntl, s, F_GETFL) & O_NONBLOCK);
	IS(18, sys(SYS_recvfrom, s, buf, 10, 0, 0, 0), -EAGAIN);
	IS(19, sys(SYS_setsockopt, cli, 6, 1, &one, 4), 0); /* TCP_NODELAY */
	IS(20, sys(SYS_sendto, cli, "hello", 5, MSG_NOSIGNAL, 0, 0), 5);
	sleep_ms(20);
	IS(21, sys(SYS_recvfrom, s, buf, 10, MSG_PEEK, 0, 0), 5);
	IS(22, sys(SYS_read, s, buf, 10), 5);
	IS(23, memcmp(buf, "hello", 5), 0);
	IS(24, sys(SYS_recvfrom, cli, buf, 1, MSG_DONTWAIT, 0, 0), -EAGAIN);
	struct timeval tv = {0, 30000};
	IS(25, sys(SYS_setsockopt, cli, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv), 0);
	IS(26, sys(SYS_read, cli, buf, 1), -EAGAIN);
	IS(27, sys(SYS_shutdown, s, 1), 0);
	IS(28, sys(SYS_read, cli, buf, 1), 0);
	IS(29, sys(SYS_shutdown, s, 7), -EINVAL);
	sys(SYS_close, s);
	sys(SYS_close, cli);

	/* accept(2) gives the new socket the listener's non-blocking mode; accept4 does not. */
	sys(SYS_fcntl, srv, 4, O_NONBLOCK | 2);
	IS(30, sys(SYS_accept, srv, 0, 0), -EAGAIN);
	cli = sys(SYS_socket, AF_INET, STREAM, 0);
	sys(SYS_connect, cli, &b, sizeof b);
	s = sys(SYS_accept, srv, 0, 0);
	CHECK(31, s >= 0 && (sys(SYS_fcntl, s, F_GETFL) & O_NONBLOCK));
	sys(SYS_close, s);
	sys(SYS_close, cli);
	sys(SYS_close, srv);
	cli = sys(SYS_socket, AF_INET, STREAM, 0);
	IS(32, sys(SYS_connect, cli, &b, sizeof b), -ECONNREFUSED);
	sys(SYS_close, cli);
	IS(33, sys(SYS_socket, 99, STREAM, 0), -EAFNOSUPPORT);
	IS(34, sys(SYS_socket, AF_INET, STREAM | 0x80000000, 0) < 0, 1);
	IS(35, sys(SYS_bind, 0, &a, sizeof a), -ENOTSOCK);
	cli = sys(SYS_socket, AF_INET, STREAM, 0);
	IS(36, sys(SYS_getpeername, cli, &b, &len), -ENOTCONN);
	IS(37, sys(SYS_setsockopt, cli, SOL_SOCKET, 0x7777, &one, 4), -ENOPROTOOPT);
	IS(38, sys(SYS_sendto, cli, "x", 1, MSG_NOSIGNAL, 0, 0) < 0, 1);
	sys(SYS_close, cli);
}

static void v6(void)
{
	long s = sys(SYS_socket, AF_INET6, DGRAM, 0);
	CHECK(40, s >= 0);
	struct in6 a = {.len = 28, .family = AF_INET6, .addr = {[15] = 1}}, b;
	IS(41, sys(SYS_bind, s, &a, sizeof a), 0);
	uint32_t len = sizeof b;
	IS(42, sys(SYS_getsockname, s, &b, &len), 0);
	CHECK(43, len == 28 && b.len == 28 && b.family == AF_INET6 && b.port);
	long c = sys(SYS_socket, AF_INET6, DGRAM, 0);
	IS(44, sys(SYS_sendto, c, "ping", 4, 0, &b, sizeof b), 4);
	memset(&a, 0xff, sizeof a);
	len = sizeof a;
	IS(45, sys(SYS_recvfrom, s, buf, sizeof buf, 0, &a, &len), 4);
	CHECK(46, len == 28 && a.len == 28 && a.family == AF_INET6);
	IS(47, sys(SYS_sendto, c, buf, 4, 0, &a, 3) < 0, 1);
	/* A datagram larger than the room for it is cut, and recvmsg says so. */
	sys(SYS_sendto, c, "0123456789", 10, 0, &b, sizeof b);
	struct iovec v = {buf, 4};
	struct msg m = {.iov = &v, .iovlen = 1};
	IS(48, sys(SYS_recvmsg, s, &m, 0), 4);
	IS(49, m.flags, MSG_TRUNC);
	sys(SYS_close, s);
	sys(SYS_close, c);
}

static void unix_domain(void)
{
	struct un a = {.family = AF_UNIX, .path = "sock"}, b;
	a.len = 2 + 5;
	long srv = sys(SYS_socket, AF_UNIX, STREAM, 0);
	IS(50, sys(SYS_bind, srv, &a, a.len), 0);
	IS(51, sys(SYS_bind, sys(SYS_socket, AF_UNIX, STREAM, 0), &a, a.len), -EADDRINUSE);
	IS(52, sys(SYS_listen, srv, 1), 0);
	memset(&b, 0, sizeof b);
	uint32_t len = sizeof b;
	IS(53, sys(SYS_getsockname, srv, &b, &len), 0);
	CHECK(54, b.family == AF_UNIX && b.len == len && !strcmp(b.path, "sock"));
	long c = sys(SYS_socket, AF_UNIX, STREAM, 0);
	IS(55, sys(SYS_connect, c, &a, sizeof a), 0);
	len = sizeof b;
	long s = sys(SYS_accept, srv, &b, &len);
	CHECK(56, s >= 0 && b.family == AF_UNIX);
	IS(57, sys(SYS_write, c, "abc", 3), 3);
	IS(58, sys(SYS_recvfrom, s, buf, 3, MSG_WAITALL, 0, 0), 3);
	sys(SYS_close, s);
	sys(SYS_close, c);
	sys(SYS_close, srv);
	c = sys(SYS_socket, AF_UNIX, STREAM, 0);
	IS(59, sys(SYS_connect, c, &a, sizeof a), -ECONNREFUSED);
	struct un missing = {.family = AF_UNIX, .path = "nobody"};
	IS(60, sys(SYS_connect, c, &missing, sizeof missing), -ENOENT);
	sys(SYS_unlink, "sock");
}

static void control(void)
{
	int pair[2], ends[2];
	IS(61, sys(SYS_socketpair, AF_UNIX, STREAM | CLOEXEC, 0, pair), 0);
	IS(62, sys(SYS_fcntl, pair[1], F_GETFD), 1);
	sys(SYS_pipe2, ends, 0);
	struct {
		uint32_t len;
		int level, type, pad;
		int fds[2];
	} cm = {16 + 8, SOL_SOCKET, 1, 0, {ends[0], ends[1]}}, in;
	struct iovec v = {(void *)"m", 1};
	struct msg m = {.iov = &v, .iovlen = 1, .control = &cm, .controllen = sizeof cm};
	IS(63, sys(SYS_sendmsg, pair[0], &m, 0), 1);
	memset(&in, 0, sizeof in);
	v.base = buf;
	m = (struct msg){.iov = &v, .iovlen = 1, .control = &in, .controllen = sizeof in};
	IS(64, sys(SYS_recvmsg, pair[1], &m, MSG_CMSG_CLOEXEC), 1);
	CHECK(65, m.controllen == 24 && in.len == 24 && in.level == SOL_SOCKET && in.type == 1);
	CHECK(66, in.fds[0] != ends[0] && in.fds[1] != ends[1] && in.fds[0] > 2);
	IS(67, sys(SYS_fcntl, in.fds[0], F_GETFD), 1);
	sys(SYS_write, in.fds[1], "through", 7);
	IS(68, sys(SYS_read, ends[0], buf, 20), 7);
	/* A descriptor that is not there cannot be sent. */
	cm.fds[0] = 999;
	v.base = (void *)"m";
	m = (struct msg){.iov = &v, .iovlen = 1, .control = &cm, .controllen = sizeof cm};
	IS(69, sys(SYS_sendmsg, pair[0], &m, 0), -EBADF);
	/* Nor one that the engine keeps hidden. */
	for (int fd = 1008; fd < 1024; fd++) {
		cm.fds[0] = fd;
		IS(70, sys(SYS_sendmsg, pair[0], &m, 0), -EBADF);
	}
	m.controllen = 4;
	IS(71, sys(SYS_sendmsg, pair[0], &m, 0), -EINVAL);
	m = (struct msg){.iov = (void *)16, .iovlen = 1};
	IS(72, sys(SYS_sendmsg, pair[0], &m, 0), -EFAULT);
	m = (struct msg){.iov = &v, .iovlen = 100000};
	IS(73, sys(SYS_sendmsg, pair[0], &m, 0), -EMSGSIZE);

	/* To a peer that is gone: EPIPE, and SIGPIPE unless told otherwise. */
	struct {
		void *handler;
		int flags;
		uint32_t mask[4];
	} dfl = {0};
	sys(SYS_close, pair[1]);
	IS(74, sys(SYS_sendto, pair[0], "x", 1, MSG_NOSIGNAL, 0, 0), -EPIPE);
	int one = 1;
	IS(75, sys(SYS_setsockopt, pair[0], SOL_SOCKET, SO_NOSIGPIPE, &one, 4), 0);
	IS(76, sys(SYS_sendto, pair[0], "x", 1, 0, 0, 0), -EPIPE);
	IS(77, sys(SYS_write, pair[0], "x", 1), -EPIPE);
	one = 0;
	sys(SYS_setsockopt, pair[0], SOL_SOCKET, SO_NOSIGPIPE, &one, 4);
	sys(SYS_sigaction, SIGPIPE, &dfl, 0);
	long child = sys(SYS_fork);
	if (child == 0) {
		sys(SYS_sendto, pair[0], "x", 1, 0, 0, 0);
		quit(1);
	}
	IS(78, wait_for(child) & 0x7f, SIGPIPE);
}

/* A connection that does not block is finished by poll. */
static void connecting(void)
{
	long srv = sys(SYS_socket, AF_INET, STREAM, 0);
	struct in4 a = {.len = 16, .family = AF_INET, .addr = 0x0100007f};
	uint32_t len = sizeof a;
	sys(SYS_bind, srv, &a, sizeof a);
	sys(SYS_listen, srv, 1);
	sys(SYS_getsockname, srv, &a, &len);
	long c = sys(SYS_socket, AF_INET, STREAM | NONBLOCK, 0);
	long r = sys(SYS_connect, c, &a, sizeof a);
	CHECK(80, r == -EINPROGRESS || r == 0);
	struct {
		int fd;
		short events, revents;
	} p = {(int)c, 4, 0};
	IS(81, sys(SYS_poll, &p, 1, 2000), 1);
	int error = 7;
	len = 4;
	IS(82, sys(SYS_getsockopt, c, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	IS(83, error, 0);
	sys(SYS_close, srv);
	sys(SYS_close, c);
	c = sys(SYS_socket, AF_INET, STREAM | NONBLOCK, 0);
	r = sys(SYS_connect, c, &a, sizeof a);
	CHECK(84, r == -EINPROGRESS || r == -ECONNREFUSED);
	if (r == -EINPROGRESS) {
		p.fd = (int)c;
		IS(85, sys(SYS_poll, &p, 1, 2000), 1);
		sys(SYS_getsockopt, c, SOL_SOCKET, SO_ERROR, &error, &len);
		IS(86, error, ECONNREFUSED);
	}
}

void test(int argc, char **argv, char **envp)
{
	tcp();
	v6();
	unix_domain();
	control();
	connecting();
}
