#include "sandbox/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	char room[CMSG_SPACE(CHANNEL_DESCRIPTORS * sizeof(int))];
	struct cmsghdr align;
};

void channel_close_all(struct channel_descriptors *d)
{
	for (unsigned i = 0; i < d->n; i++)
		close(d->fd[i]);
	d->n = 0;
}

int channel_send(int channel, const struct message *m, const struct channel_descriptors *give)
{
	union control control = {0};
	struct iovec packet = {(void *)m, sizeof *m};
	struct msghdr h = {.msg_iov = &packet, .msg_iovlen = 1};

	if (give && give->n) {
		size_t size = give->n * sizeof(int);
		h.msg_control = control.room;
		h.msg_controllen = CMSG_SPACE(size);
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		*c = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(size),
		};
		memcpy(CMSG_DATA(c), give->fd, size);
	}
	for (;;) {
		if (sendmsg(channel, &h, MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

static void take_descriptors(struct msghdr *h, struct channel_descriptors *got)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n > CHANNEL_DESCRIPTORS)
			n = CHANNEL_DESCRIPTORS; /* as many as there was room for */
		memcpy(got->fd, CMSG_DATA(c), n * sizeof(int));
		got->n = (unsigned)n;
	}
}

/* Who ends without having read all it was sent is told of first, and only once: what it sent
 * before is still to come (net/unix/af_unix.c, unix_release_sock(), and net/core/datagram.c,
 * __skb_try_recv_datagram(), Linux 6.1). */
static ssize_t receive(int channel, struct msghdr *h)
{
	ssize_t n;

	do
		n = recvmsg(channel, h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == ECONNRESET);
	return n;
}

int channel_receive(int channel, struct message *m, struct channel_descriptors *got)
{
	union control control;
	struct iovec packet = {m, sizeof *m};
	struct msghdr h = {
		.msg_iov = &packet,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room,
	};
	ssize_t n = receive(channel, &h);

	got->n = 0;
	if (n <= 0)
		return n < 0 ? -errno : 0;
	take_descriptors(&h, got);
	if (n == (ssize_t)sizeof *m && !(h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 1;
	channel_close_all(got);
	return -EBADMSG;
}
