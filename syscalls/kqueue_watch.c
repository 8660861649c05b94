/* Kqueue filters of descriptors, and their watches: see kqueue.h for how a watch works.
 * Whether one is ready is in kqueue_ready.c, files are in kqueue_file.c. */
#include <asm/socket.h>
#include <asm/stat.h>
#include <linux/eventpoll.h>
#include <string.h>

#include "syscalls/kqueue.h"
#include "syscalls/linux.h"
#include "syscalls/poll.h"
#include "syscalls/procdesc.h"
#include "syscalls/socket.h"

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
	if (is_wanted(w->read) && watch_can_read(c, w->read, events)) {
		w->read->status |= KNOTE_CHECKED;
		kqueue_activate(c, w->read);
	}
	if (is_wanted(w->write) && watch_can_write(c, w->write, events)) {
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
		return watch_can_read(c, k, poll_now(c, w->fd, EPOLLIN | EPOLLRDHUP));
	return watch_can_write(c, k, poll_now(c, w->fd, EPOLLOUT | EPOLLRDHUP));
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
