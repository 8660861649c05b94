/* Messages of local sockets: control data, who sent it, what is not told.  sys/socket.h,
 * sys/un.h. */
#include "tests/guest/guest.h"

enum { AF_UNIX = 1, STREAM = 1, DGRAM = 2, SEQPACKET = 5, SOL_SOCKET = 0xffff, SOL_LOCAL = 0 };
enum { LOCAL_PEERCRED = 1, LOCAL_CREDS = 2, LOCAL_CREDS_PERSISTENT = 3 };
enum { SCM_RIGHTS = 1, SCM_CREDS = 3, SCM_CREDS2 = 8 };
enum { MSG_PEEK = 2, MSG_TRUNC = 0x10, MSG_CTRUNC = 0x20, MSG_DONTWAIT = 0x80 };
enum { MSG_NOSIGNAL = 0x20000, MSG_CMSG_CLOFORK = 0x400000 };
enum { F_GETFD = 1, F_SETFD = 2, F_DUPFD_CLOFORK = 23, FD_CLOFORK = 4, SIGPIPE = 13 };
enum { ENOBUFS = 55 };

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
/* A control message, as large as one of them may be here. */
struct control {
	uint32_t len;
	int level, type, pad;
	int data[262];
};
#define SPACE(n) (16 + (((n) + 7) & ~7U))

static char byte;
static struct control out, in;

static long send(int fd, int type, uint32_t size)
{
	struct iovec v = {&byte, 1};
	struct msg m = {.iov = &v, .iovlen = 1, .control = &out, .controllen = SPACE(size)};
	out.len = 16 + size;
	out.level = SOL_SOCKET;
	out.type = type;
	return sys(SYS_sendmsg, fd, &m, 0);
}

/* msg_flags; what came is in `in`, all zero if nothing did. */
static int receive(int fd, uint32_t room, int flags, uint32_t *got)
{
	struct iovec v = {&byte, 1};
	struct msg m = {.iov = &v, .iovlen = 1, .control = &in, .controllen = room};
	memset(&in, 0, sizeof in);
	CHECK(1, sys(SYS_recvmsg, fd, &m, flags) == 1);
	*got = m.controllen;
	return m.flags;
}

static int lowest(void)
{
	long fd = sys(SYS_dup, 0);
	sys(SYS_close, fd);
	return (int)fd;
}

static void rights(int kind)
{
	int pair[2];
	uint32_t got;
	IS(2, sys(SYS_socketpair, AF_UNIX, kind, 0, pair), 0);
	int next = lowest();

	/* Peeked at, it opens nothing; the flags asked with are among the answer. */
	out.data[0] = 0;
	IS(3, send(pair[0], SCM_RIGHTS, 4), 1);
	CHECK(4, receive(pair[1], SPACE(4), MSG_PEEK, &got) & MSG_PEEK);
	IS(5, lowest(), next);
	/* No room for the message with its padding: none of it, and it is said. */
	CHECK(6, receive(pair[1], SPACE(0), 0, &got) & MSG_CTRUNC);
	CHECK(7, got == 0 && lowest() == next);
	/* Three, and room for one. */
	IS(8, send(pair[0], SCM_RIGHTS, 12), 1);
	CHECK(9, receive(pair[1], SPACE(4), 0, &got) & MSG_CTRUNC);
	CHECK(10, got == 0 && lowest() == next);
	/* Nowhere to put them. */
	IS(11, send(pair[0], SCM_RIGHTS, 4), 1);
	struct iovec v = {&byte, 1};
	struct msg m = {.iov = &v, .iovlen = 1, .control = (void *)16, .controllen = SPACE(4)};
	IS(12, sys(SYS_recvmsg, pair[1], &m, 0), -EFAULT);
	IS(13, lowest(), next);
	/* More than there can be, none at all, and a length that is short of its head. */
	IS(14, send(pair[0], SCM_RIGHTS, 255 * 4), -EMSGSIZE);
	IS(15, send(pair[0], SCM_RIGHTS, 0), 1);
	CHECK(16, receive(pair[1], SPACE(4), 0, &got) == 0 && got == 0);
	out.len = 12;
	m = (struct msg){.iov = &v, .iovlen = 1, .control = &out, .controllen = 16};
	IS(17, sys(SYS_sendmsg, pair[0], &m, 0), -EINVAL);

	/* Without a byte a stream carries nothing, and says so; a datagram does. */
	v.len = 0;
	out.len = SPACE(4) - 4;
	out.data[0] = 0;
	m = (struct msg){.iov = &v, .iovlen = 1, .control = &out, .controllen = out.len};
	IS(24, sys(SYS_sendmsg, pair[0], &m, 0), kind == STREAM ? -EINVAL : 0);
	if (kind == DGRAM)
		IS(25, sys(SYS_recvfrom, pair[1], &byte, 1, 0, 0, 0), 0);

	/* Not for children. */
	out.data[0] = pair[0];
	IS(18, send(pair[0], SCM_RIGHTS, 4), 1);
	receive(pair[1], SPACE(4), MSG_CMSG_CLOFORK, &got);
	CHECK(19, in.type == SCM_RIGHTS && sys(SYS_fcntl, in.data[0], F_GETFD) == FD_CLOFORK);
	long child = sys(SYS_fork);
	if (child == 0)
		quit(sys(SYS_fcntl, in.data[0], F_GETFD) == -EBADF ? 0 : 1);
	IS(20, wait_for(child), 0);
	IS(21, sys(SYS_fcntl, in.data[0], F_SETFD, 0), 0);
	IS(22, sys(SYS_fcntl, in.data[0], F_GETFD), 0);
	long copy = sys(SYS_fcntl, in.data[0], F_DUPFD_CLOFORK, 10);
	CHECK(23, copy >= 10 && sys(SYS_fcntl, copy, F_GETFD) == FD_CLOFORK);
	sys(SYS_close, copy);
	sys(SYS_close, in.data[0]);
	sys(SYS_close, pair[0]);
	sys(SYS_close, pair[1]);
}

/* What a sender has its kernel say, whatever it wrote there. */
static void sent_credentials(void)
{
	int pair[2], pid = (int)sys(SYS_getpid), uid = (int)sys(SYS_getuid);
	uint32_t got;
	sys(SYS_socketpair, AF_UNIX, STREAM, 0, pair);
	memset(out.data, 0xff, sizeof out.data);
	IS(30, send(pair[0], SCM_CREDS, 84), 1);
	IS(31, sys(SYS_write, pair[0], "x", 1), 1);
	IS(32, receive(pair[1], sizeof in, 0, &got), 0);
	CHECK(33, got == SPACE(84) && in.len == 16 + 84 && in.type == SCM_CREDS);
	CHECK(34, in.data[0] == pid && in.data[1] == uid && in.data[2] == uid);
	CHECK(35, (in.data[4] & 0xffff) == 1 && in.data[5] == in.data[3] && in.data[6] == 0);
	/* The next message did not ask. */
	IS(36, receive(pair[1], sizeof in, 0, &got), 0);
	IS(37, got, 0);
	struct iovec v = {&byte, 1};
	struct msg m = {.iov = &v, .iovlen = 1, .control = &in, .controllen = sizeof in};
	IS(38, sys(SYS_recvmsg, pair[1], &m, MSG_DONTWAIT), -EAGAIN);
	sys(SYS_close, pair[0]);
	IS(39, sys(SYS_recvmsg, pair[1], &m, 0), 0);
	sys(SYS_close, pair[1]);
}

/* What a receiver asks for: once, or always. */
static void wanted_credentials(void)
{
	int pair[2], pid = (int)sys(SYS_getpid), one = 1, value = 7;
	uint32_t got, len = sizeof value;
	sys(SYS_socketpair, AF_UNIX, STREAM, 0, pair);
	IS(40, sys(SYS_getsockopt, pair[1], SOL_LOCAL, LOCAL_CREDS, &value, &len), 0);
	IS(41, value, 0);
	IS(42, sys(SYS_setsockopt, pair[1], SOL_LOCAL, LOCAL_CREDS, &one, 4), 0);
	IS(43, sys(SYS_setsockopt, pair[1], SOL_LOCAL, LOCAL_CREDS_PERSISTENT, &one, 4), -EINVAL);
	sys(SYS_getsockopt, pair[1], SOL_LOCAL, LOCAL_CREDS, &value, &len);
	IS(44, value, 1);
	sys(SYS_write, pair[0], "x", 1);
	receive(pair[1], sizeof in, 0, &got);
	CHECK(45, in.len == 16 + 24 && in.type == SCM_CREDS && in.data[0] == sys(SYS_getuid));
	sys(SYS_write, pair[0], "x", 1);
	receive(pair[1], sizeof in, 0, &got);
	IS(46, got, 0);
	IS(47, sys(SYS_setsockopt, pair[1], SOL_LOCAL, LOCAL_CREDS_PERSISTENT, &one, 4), 0);
	for (int i = 0; i < 2; i++) {
		sys(SYS_write, pair[0], "x", 1);
		receive(pair[1], sizeof in, 0, &got);
		CHECK(48, in.len == 16 + 32 && in.type == SCM_CREDS2 && in.data[1] == pid);
	}
	sys(SYS_close, pair[0]);
	sys(SYS_close, pair[1]);

	/* Datagrams say it each time; a peer they do not have. */
	sys(SYS_socketpair, AF_UNIX, DGRAM, 0, pair);
	IS(49, sys(SYS_setsockopt, pair[1], SOL_LOCAL, LOCAL_CREDS, &one, 4), 0);
	for (int i = 0; i < 2; i++) {
		sys(SYS_write, pair[0], "x", 1);
		receive(pair[1], sizeof in, 0, &got);
		CHECK(50, in.type == SCM_CREDS);
	}
	sys(SYS_close, pair[0]);
	sys(SYS_close, pair[1]);
	long alone = sys(SYS_socket, AF_UNIX, DGRAM, 0);
	len = sizeof in;
	IS(51, sys(SYS_getsockopt, alone, SOL_LOCAL, LOCAL_PEERCRED, &in, &len), -EINVAL);
	IS(52, sys(SYS_accept, alone, 0, 0), -EINVAL);
	sys(SYS_close, alone);
}

/* A full local socket is told at once; a broken one by a signal, too. */
static void full_and_broken(void)
{
	int pair[2];
	long r = 0;
	sys(SYS_socketpair, AF_UNIX, DGRAM, 0, pair);
	for (int i = 0; r >= 0 && i < 100000; i++)
		r = i & 1 ? sys(SYS_write, pair[0], "x", 1)
			  : sys(SYS_sendto, pair[0], "x", 1, 0, 0, 0);
	IS(60, r, -ENOBUFS);
	sys(SYS_close, pair[1]);
	IS(63, sys(SYS_write, pair[0], "x", 1), -ECONNRESET);
	sys(SYS_close, pair[0]);
	for (int how = 0; how < 2; how++) {
		sys(SYS_socketpair, AF_UNIX, SEQPACKET, 0, pair);
		sys(SYS_close, pair[1]);
		IS(61, sys(SYS_sendto, pair[0], "x", 1, MSG_NOSIGNAL, 0, 0), -EPIPE);
		long child = sys(SYS_fork);
		if (child == 0) {
			if (how)
				sys(SYS_write, pair[0], "x", 1);
			else
				sys(SYS_sendto, pair[0], "x", 1, 0, 0, 0);
			quit(1);
		}
		IS(62, wait_for(child) & 0x7f, SIGPIPE);
		sys(SYS_close, pair[0]);
	}
}

void test(int argc, char **argv, char **envp)
{
	rights(STREAM);
	rights(DGRAM);
	sent_credentials();
	wanted_credentials();
	full_and_broken();
}
