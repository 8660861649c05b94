/* Kqueue filters READ and WRITE: whether a descriptor is ready, by what epoll said of it, and how
 * much there is.
 *
 * What counts as ready, and what `data` says, follows filt_soread and filt_sowrite
 * (sys/kern/uipc_socket.c), filt_piperead and filt_pipewrite (sys/kern/sys_pipe.c).
 * Files are in kqueue_file.c. */
#include <asm/ioctls.h>
#include <asm/socket.h>
#include <linux/eventpoll.h>
#include <linux/in.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <string.h>

#include "syscalls/errors.h"
#include "syscalls/kqueue.h"
#include "syscalls/linux.h"
#include "syscalls/poll.h"
#include "syscalls/socket.h"

/* ---- Asking Linux ----------------------------------------------------------- */

/* An ioctl that gives an int. */
static long int_ioctl(struct call *c, int fd, unsigned request, int *value)
{
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, sizeof *value);
	long r = at ? host(c, __NR_ioctl, fd, request, at) : -ENOMEM;
	const int *seen = r < 0 ? NULL : scratch_seen(c, at, sizeof *value, value);
	if (seen)
		*value = *seen;
	c->scratch_used = mark;
	return r < 0 || seen ? r : -EFAULT;
}

static int64_t backlog(struct call *c, int fd)
{
	struct tcp_info info = {0};
	if (socket_get_option(c, fd, IPPROTO_TCP, TCP_INFO, &info, sizeof info) < 0)
		return 1; /* not TCP: Linux does not say how many, but one there is */
	return info.tcpi_unacked ? info.tcpi_unacked : 1;
}

static int64_t readable(struct call *c, struct watch *w)
{
	int n = 0;
	if (w->listening)
		return backlog(c, w->fd);
	long r = int_ioctl(c, w->fd, FIONREAD, &n);
	if (r == -EINVAL && w->kind == WATCH_STREAM) {
		w->listening = true;
		return backlog(c, w->fd);
	}
	return r < 0 ? 1 : n; /* readable, but not counted in bytes */
}

static int64_t socket_room(struct call *c, int fd)
{
	uint32_t m[SK_MEMINFO_VARS] = {0};
	if (socket_get_option(c, fd, SOL_SOCKET, SO_MEMINFO, m, sizeof m) < 0)
		return 0;
	uint32_t used = m[SK_MEMINFO_WMEM_QUEUED] > m[SK_MEMINFO_WMEM_ALLOC]
				? m[SK_MEMINFO_WMEM_QUEUED]
				: m[SK_MEMINFO_WMEM_ALLOC];
	return m[SK_MEMINFO_SNDBUF] > used ? m[SK_MEMINFO_SNDBUF] - used : 0;
}

static int64_t writable(struct call *c, const struct watch *w)
{
	int used = 0;
	if (w->kind == WATCH_STREAM || w->kind == WATCH_SOCKET)
		return socket_room(c, w->fd);
	if (w->kind == WATCH_PIPE) {
		long size = host(c, __NR_fcntl, w->fd, F_GETPIPE_SZ);
		(void)int_ioctl(c, w->fd, FIONREAD, &used); /* works on either end */
		return size > used ? size - used : 0;
	}
	/* A terminal takes a page at a time. */
	if (int_ioctl(c, w->fd, TIOCOUTQ, &used) < 0 || used >= (int)GUEST_PAGE)
		return 1;
	return (int64_t)GUEST_PAGE - used;
}

/* ---- Conditions ------------------------------------------------------------- */

/* Linux hangs up on a connection-oriented socket that was never connected; the systems
 * with kqueue say nothing of it.  A real hang-up shuts reading down, too. */
static bool is_phantom(struct watch *w, uint32_t got)
{
	if (w->kind != WATCH_STREAM || !(got & EPOLLHUP) || (got & EPOLLRDHUP))
		return false;
	w->edge = true; /* or it would be reported without end */
	return true;
}

/* A failed connect's error belongs into the event; asking takes it from the socket, so it is
 * kept for the guest's own SO_ERROR.  After a connection was there the error is left to
 * read and write, which have to see it. */
static uint32_t error_of(struct call *c, const struct watch *w, uint32_t got)
{
	struct descriptor *d = descriptor_find(c->thread->process, w->fd);
	if (!d || !(d->flags & DESCRIPTOR_CONNECTING))
		return d ? guest_error(c, d->error) : 0;
	if (!(got & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		return 0;
	int error = 0;
	d->flags &= ~(uint32_t)DESCRIPTOR_CONNECTING;
	if ((got & EPOLLERR) &&
	    socket_get_option(c, w->fd, SOL_SOCKET, SO_ERROR, &error, sizeof error) == 0)
		d->error = error;
	return guest_error(c, d->error);
}

static bool low_water(const struct knote *k)
{
	return (k->notes & NOTE_LOW_WATER) && k->event.data < k->parameter;
}

static bool mark_end(struct call *c, struct knote *k, bool end, uint32_t got)
{
	k->event.flags &= (uint16_t)~EVENT_EOF;
	uint32_t error = got & EPOLLERR || end ? error_of(c, k->watch, got) : 0;
	if (!end)
		return false;
	k->event.flags |= EVENT_EOF;
	k->event.notes = error;
	return true;
}

bool watch_can_read(struct call *c, struct knote *k, uint32_t got)
{
	struct watch *w = k->watch;
	bool is_socket = w->kind == WATCH_STREAM || w->kind == WATCH_SOCKET;
	if (is_phantom(w, got))
		got &= ~(uint32_t)EPOLLHUP;
	if (w->no_read || !(got & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		return false;
	if (w->kind == WATCH_KQUEUE) {
		const struct descriptor *d = descriptor_find(c->thread->process, w->fd);
		k->event.data = d && d->kqueue && d->kqueue->queued ? d->kqueue->queued : 1;
		return true;
	}
	k->event.data = readable(c, w);
	if (mark_end(c, k, got & (is_socket ? EPOLLRDHUP : EPOLLHUP), got) || (got & EPOLLERR))
		return true;
	return !low_water(k);
}

bool watch_can_write(struct call *c, struct knote *k, uint32_t got)
{
	struct watch *w = k->watch;
	bool is_socket = w->kind == WATCH_STREAM || w->kind == WATCH_SOCKET;
	if (w->no_write || !(got & (EPOLLOUT | EPOLLHUP | EPOLLERR)))
		return false;
	/* Whether a hang-up is real shows in a bit that epoll may not have been asked for. */
	if ((got & EPOLLHUP) && w->kind == WATCH_STREAM && !(got & EPOLLRDHUP))
		got |= poll_now(c, w->fd, EPOLLRDHUP) & EPOLLRDHUP;
	if (is_phantom(w, got))
		return false;
	bool shut = is_socket && descriptor_has(c->thread->process, w->fd, DESCRIPTOR_SHUT_WRITE);
	bool end = shut || (got & (is_socket ? EPOLLHUP : EPOLLHUP | EPOLLERR));
	k->event.data = writable(c, w);
	if (is_socket && !(got & EPOLLERR))
		(void)error_of(c, w, got); /* the connection is there */
	if (mark_end(c, k, end, got) || (got & EPOLLERR))
		return true;
	return !low_water(k);
}
