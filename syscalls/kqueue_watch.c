/* Kqueue filters of descriptors: READ and WRITE.  See kqueue.h for how a watch works.
 *
 * What counts as ready, and what `data` says, follows filt_soread and filt_sowrite
 * (sys/kern/uipc_socket.c), filt_piperead and filt_pipewrite (sys/kern/sys_pipe.c).
 * Files are in kqueue_file.c. */
#include <asm/ioctls.h>
#include <asm/socket.h>
#include <asm/stat.h>
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
#include "syscalls/procdesc.h"
#include "syscalls/socket.h"

/* ---- Asking Linux ----------------------------------------------------------- */

/* An ioctl that gives an int. */
static long int_ioctl(struct call *c, int fd, unsigned request, int *value)
{
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, sizeof *value);
	long r = at ? host(c, __NR_ioctl, fd, request, at) : -ENOMEM;
	if (r >= 0)
		r = get_guest(c, value, at, sizeof *value);
	c->scratch_used = mark;
	return r;
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

static bool can_read(struct call *c, struct knote *k, uint32_t got)
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

static bool can_write(struct call *c, struct knote *k, uint32_t got)
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

/* ---- Watches ---------------------------------------------------------------- */

struct watch *watch_find(const struct kqueue *kq, int fd)
{
	const struct descriptors *table = kq->table;
	if ((uint32_t)fd >= DESCRIPTORS_MAX || !table->chunks[fd / DESCRIPTORS_CHUNK])
		return NULL;
	struct watch *w = table->chunks[fd / DESCRIPTORS_CHUNK][fd % DESCRIPTORS_CHUNK].watches;
	while (w && w->kq != kq)
		w = w->same_fd;
	return w;
}

struct knote **watch_place(struct watch *w, int filter)
{
	switch (filter) {
	case FILTER_READ:
		return &w->read;
	case FILTER_WRITE:
		return &w->write;
	case FILTER_VNODE:
		return &w->vnode;
	default:
		return &w->process;
	}
}

struct knote *watch_any(const struct watch *w)
{
	struct knote *k = w->read ? w->read : w->write;
	return k ? k : w->vnode ? w->vnode : w->process;
}

bool watch_is_level(const struct watch *w)
{
	return w->events && !(w->events & EPOLLET);
}

static bool needs_edge(const struct knote *k)
{
	return k && ((k->event.flags & EVENT_CLEAR) || (k->notes & NOTE_LOW_WATER));
}

static bool is_wanted(const struct knote *k)
{
	return k && !(k->status & KNOTE_DISABLED);
}

/* What epoll has to be asked for.  A level-triggered hang-up cannot be masked, so it is
 * only asked for while somebody wants to read. */
static uint32_t watch_events(const struct watch *w)
{
	uint32_t events = w->process ? EPOLLIN | EPOLLET : 0;
	if (is_wanted(w->read))
		events |= EPOLLIN | EPOLLRDHUP;
	if (is_wanted(w->write))
		events |= EPOLLOUT;
	if (events && (w->edge || needs_edge(w->read) || needs_edge(w->write)))
		events |= EPOLLET | EPOLLRDHUP;
	return events;
}

static uint64_t token_of(const struct watch *w)
{
	return (uint64_t)w->number << 32 | (uint32_t)w->fd;
}

/* Tells epoll what the knotes want by now.  look_again: it shall also report anew what is
 * ready.  Without, an edge-triggered registration that asks for too much is left alone:
 * a change would repeat edges already reported. */
int watch_renew(struct call *c, struct watch *w, bool look_again)
{
	if (w->kind == WATCH_FILE) {
		if (look_again)
			file_look_at(c, w);
		return 0;
	}
	uint32_t events = watch_events(w), old = w->events;
	int op = !old ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
	if (!events && !old)
		return 0;
	if (!look_again && (events == old || (events && (old & EPOLLET) && !(events & ~old))))
		return 0;
	w->events = events;
	long r = kqueue_epoll_ctl(c, w->kq, op, w->fd, events, token_of(w));
	if (r < 0)
		w->events = old;
	return (int)r;
}

int watch_stat(struct call *c, int fd, struct stat *st)
{
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, sizeof *st);
	long r = at ? host(c, __NR_fstat, fd, at) : -ENOMEM;
	if (r == 0)
		r = get_guest(c, st, at, sizeof *st);
	c->scratch_used = mark;
	return (int)r;
}

static void classify_socket(struct call *c, struct watch *w)
{
	int type = 0;
	(void)socket_get_option(c, w->fd, SOL_SOCKET, SO_TYPE, &type, sizeof type);
	w->kind = type == SOCK_STREAM || type == SOCK_SEQPACKET ? WATCH_STREAM : WATCH_SOCKET;
}

static void classify_pipe(struct call *c, struct watch *w)
{
	long flags = host(c, __NR_fcntl, w->fd, F_GETFL);
	w->kind = WATCH_PIPE;
	w->no_read = (flags & O_ACCMODE) == O_WRONLY;
	w->no_write = (flags & O_ACCMODE) == O_RDONLY;
}

static int classify(struct call *c, struct watch *w)
{
	struct stat st;
	int r = watch_stat(c, w->fd, &st);
	if (r < 0)
		return r;
	const struct descriptor *d = descriptor_find(c->thread->process, w->fd);
	if (d && d->kqueue) {
		w->kind = WATCH_KQUEUE;
		return d->kqueue == w->kq ? -EINVAL : 0;
	}
	int pid = procdesc_pid(c, w->fd); /* or ESRCH: dead, and come from elsewhere */
	w->is_process = pid > 0 || pid == -ESRCH;
	w->kind = WATCH_OTHER;
	switch (st.st_mode & S_IFMT) {
	case S_IFSOCK:
		classify_socket(c, w);
		break;
	case S_IFIFO:
		classify_pipe(c, w);
		break;
	case S_IFDIR:
	case S_IFREG:
		w->is_directory = (st.st_mode & S_IFMT) == S_IFDIR;
		w->kind = WATCH_FILE;
		break;
	}
	return 0;
}

static struct watch *new_watch(struct call *c, struct kqueue *kq, int fd, int *error)
{
	struct descriptor *d = descriptor_make(c->thread->process, fd);
	struct watch *w = d ? kqueue_cell(kq->table) : NULL;
	*error = -ENOMEM;
	if (!w)
		return NULL;
	w->kq = kq;
	w->fd = fd;
	w->number = ++kq->table->watches;
	*error = classify(c, w);
	if (*error < 0) {
		kqueue_free_cell(kq->table, w);
		return NULL;
	}
	w->same_fd = d->watches;
	d->watches = w;
	w->next = kq->watches;
	if (w->next)
		w->next->previous = w;
	kq->watches = w;
	return w;
}

static void free_watch(struct call *c, struct watch *w)
{
	struct kqueue *kq = w->kq;
	struct descriptor *d = descriptor_find(c->thread->process, w->fd);
	for (struct watch **at = &d->watches; *at; at = &(*at)->same_fd) {
		if (*at != w)
			continue;
		*at = w->same_fd;
		break;
	}
	if (w->previous)
		w->previous->next = w->next;
	else
		kq->watches = w->next;
	if (w->next)
		w->next->previous = w->previous;
	kqueue_free_cell(kq->table, w);
}

/* Epoll forgets the descriptor once nothing waits for it. */
static void leave_watch(struct call *c, struct watch *w)
{
	/* It cannot fail in a way that matters: less is asked for than before. */
	(void)watch_renew(c, w, false);
	if (!watch_any(w))
		free_watch(c, w);
}

void kqueue_unwatch(struct call *c, int fd, struct descriptor *d)
{
	(void)fd;
	while (d->watches) {
		kqueue_drop(c, watch_any(d->watches)); /* the last one takes the watch */
	}
}

void watch_happened(struct call *c, struct kqueue *kq, uint64_t token, uint32_t events)
{
	struct watch *w = watch_find(kq, (int)(uint32_t)token);
	/* An event may have been on its way when another thread ended the registration. */
	if (!w || token_of(w) != token)
		return;
	bool was_edge = w->edge;
	if (is_wanted(w->read) && can_read(c, w->read, events)) {
		w->read->status |= KNOTE_CHECKED;
		kqueue_activate(c, w->read);
	}
	if (is_wanted(w->write) && can_write(c, w->write, events)) {
		w->write->status |= KNOTE_CHECKED;
		kqueue_activate(c, w->write);
	}
	if (w->edge != was_edge)
		(void)watch_renew(c, w,
				  false); /* stays level-triggered then, which only costs time */
	if (w->process && (!w->is_process || (events & EPOLLHUP))) /* may be the end of the watch */
		process_ended(c, w->process);
}

/* ---- The filters ------------------------------------------------------------ */

/* No knote for the writing end of a pipe that nobody can read (sys_pipe.c: pipe_kqfilter);
 * a kqueue can only be read. */
static int refuse(struct call *c, const struct watch *w, const struct knote *k)
{
	if (k->event.filter == FILTER_VNODE)
		return file_is_one(c, w) ? 0 : -EINVAL;
	if (w->is_process || k->event.filter == FILTER_PROCDESC)
		return w->is_process && k->event.filter == FILTER_PROCDESC ? 0 : -EINVAL;
	if (k->event.filter != FILTER_WRITE)
		return 0;
	if (w->kind == WATCH_KQUEUE)
		return -EINVAL;
	if (w->kind == WATCH_PIPE && !w->no_write && (poll_now(c, w->fd, EPOLLOUT) & EPOLLERR))
		return -EPIPE;
	return 0;
}

/* Files besides are looked at: by a mark of theirs when they change, without one regularly. */
static int wait_for(struct call *c, struct watch *w)
{
	int r = watch_renew(c, w, true);
	return r == 0 && (w->kind == WATCH_FILE || w->vnode) ? file_mark(c, w) : r;
}

int watch_attach(struct call *c, struct knote *k)
{
	int r = 0, fd = (int)k->event.ident;
	struct watch *w = watch_find(k->kq, fd);
	if (!w)
		w = new_watch(c, k->kq, fd, &r);
	if (!w)
		return r;
	k->watch = w;
	r = refuse(c, w, k);
	if (r == 0) {
		*watch_place(w, k->event.filter) = k;
		r = wait_for(c, w);
	}
	if (r < 0)
		watch_detach(c, k);
	return r == -EPERM ? -ENODEV : r; /* a device that cannot be waited for */
}

void watch_detach(struct call *c, struct knote *k)
{
	struct watch *w = k->watch;
	struct knote **place = watch_place(w, k->event.filter);
	if (*place == k)
		*place = NULL;
	if (watch_any(w))
		(void)file_mark(c, w); /* less is asked for than before */
	else
		file_unmark(c, w);
	leave_watch(c, w);
}

int watch_hidden(struct call *c, struct knote *k, int fd)
{
	if (fd < 0)
		return fd;
	int hidden = descriptor_hide(c, fd);
	if (hidden < 0)
		return hidden;
	int r = descriptor_set(c->thread->process, hidden, DESCRIPTOR_HELPER);
	struct watch *w = r == 0 ? new_watch(c, k->kq, hidden, &r) : NULL;
	if (w) {
		k->watch = w;
		w->process = k;
		r = watch_renew(c, w, true);
	}
	if (r == 0)
		return 0;
	if (w)
		watch_detach(c, k);
	k->watch = NULL;
	kqueue_close_helper(c, hidden);
	return r;
}

static int again(struct call *c, struct knote *k, const struct event *change)
{
	k->notes = change->notes;
	k->parameter = change->data;
	return watch_renew(c, k->watch, true);
}

static bool check(struct call *c, struct knote *k)
{
	const struct watch *w = k->watch;
	if (w->kind == WATCH_FILE)
		return file_check(c, k);
	if (k->event.filter == FILTER_READ)
		return can_read(c, k, poll_now(c, w->fd, EPOLLIN | EPOLLRDHUP));
	return can_write(c, k, poll_now(c, w->fd, EPOLLOUT | EPOLLRDHUP));
}

const struct filter kqueue_read = {
	.is_descriptor = true,
	.is_polled = true,
	.notes = NOTE_LOW_WATER | NOTE_AS_POLL,
	.attach = watch_attach,
	.detach = watch_detach,
	.again = again,
	.check = check,
};

const struct filter kqueue_write = {
	.is_descriptor = true,
	.is_polled = true,
	.notes = NOTE_LOW_WATER,
	.attach = watch_attach,
	.detach = watch_detach,
	.again = again,
	.check = check,
};
