/* The changes of kevent(2): what one does to a knote follows sys/kern/kern_event.c
 * (kqueue_register) of the systems that have it. */
#include "syscalls/kqueue.h"

#include "syscalls/engine.h"
#include "syscalls/errors.h"
#include "syscalls/linux.h"

/* What the others fail with.  The system itself gives asynchronous I/O its events by other
 * calls (vfs_aio.c: filt_aioattach) and knows nothing of SENDFILE any more. */
static const int16_t refused[N_FILTERS] = {
	[FILTER_LIO] = -EPERM,
	[FILTER_SENDFILE] = -ENXIO,
};

#define CHANGE_ONLY \
	(EVENT_ADD | EVENT_DELETE | EVENT_ENABLE | EVENT_DISABLE | EVENT_FORCE_ONESHOT | \
	 EVENT_SYSTEM)

static int new_knote(struct call *c, struct kqueue *kq, const struct event *change)
{
	struct knote *k = kqueue_cell(kq->table);
	if (!k)
		return -ENOMEM;
	k->event = *change;
	k->event.notes = 0;
	k->event.data = 0;
	k->event.flags &= (uint16_t)~CHANGE_ONLY;
	k->kq = kq;
	k->notes = change->notes;
	k->parameter = change->data;
	if (change->flags & EVENT_DISABLE)
		k->status |= KNOTE_DISABLED;
	int r = kqueue_filter(k)->attach(c, k);
	if (r < 0) {
		kqueue_free_cell(kq->table, k);
		return r;
	}
	if (!kqueue_filter(k)->is_descriptor) /* else the watch knows it */
		kqueue_file(k);
	return 0;
}

static int change_knote(struct call *c, struct knote *k, const struct event *change)
{
	if (change->flags & EVENT_FORCE_ONESHOT) {
		k->event.flags |= EVENT_ONESHOT;
		kqueue_activate(c, k);
	}
	if (change->flags & EVENT_ENABLE)
		k->status &= ~(uint32_t)KNOTE_DISABLED;
	else if (change->flags & EVENT_DISABLE)
		k->status |= KNOTE_DISABLED;
	if (!(change->flags & EVENT_KEEP_UDATA))
		k->event.udata = change->udata;
	return kqueue_filter(k)->again(c, k, change);
}

/* A descriptor's number as an ident: it must be open, and the guest's. */
static int check_ident(struct call *c, const struct event *change)
{
	if (change->ident > INT32_MAX ||
	    descriptor_is_hidden(c->thread->process, (int)change->ident))
		return -EBADF;
	return 0;
}

static int is_open(struct call *c, uint64_t fd)
{
	long r = host(c, __NR_fcntl, fd, F_GETFD);
	return r < 0 ? (int)r : 0;
}

static int check_change(struct call *c, const struct event *change)
{
	const uint16_t both = EVENT_ENABLE | EVENT_DISABLE;
	const struct filter *f = kqueue_filters[change->filter];
	if (!f)
		return refused[change->filter] ? refused[change->filter] : -EINVAL;
	if ((change->flags & both) == both)
		return -EINVAL;
	if ((change->flags & EVENT_ADD) && (change->flags & EVENT_KEEP_UDATA))
		return -EINVAL;
	if (!(change->flags & EVENT_DELETE) && (change->notes & ~f->notes))
		return -EINVAL;
	return f->is_descriptor ? check_ident(c, change) : 0;
}

/* A knote that was made or changed may be due at once.  One that epoll waits for needs no
 * look: epoll has just been told of it anew. */
static void look_at(struct call *c, struct knote *k)
{
	if (k->status & KNOTE_DISABLED)
		return;
	if (!kqueue_filter(k)->is_polled && kqueue_filter(k)->check(c, k))
		k->status |= KNOTE_ACTIVE;
	if (k->status & KNOTE_ACTIVE)
		kqueue_activate(c, k);
}

static int apply(struct call *c, struct kqueue *kq, const struct event *change)
{
	int r = check_change(c, change);
	if (r < 0)
		return r;
	struct knote *k = kqueue_find_knote(kq, change);
	if (!k && !(change->flags & EVENT_ADD)) {
		r = kqueue_filters[change->filter]->is_descriptor ? is_open(c, change->ident) : 0;
		return r < 0 ? r : -ENOENT;
	}
	if (k && (change->flags & EVENT_DELETE)) {
		kqueue_drop(c, k);
		return 0;
	}
	if (!k && kqueue_filters[change->filter]->is_own && !(change->flags & EVENT_OWN))
		return -EPERM;
	uint32_t queued = kq->queued;
	r = k ? change_knote(c, k, change) : new_knote(c, kq, change);
	if (r < 0)
		return r;
	k = kqueue_find_knote(kq, change);
	if (k)
		look_at(c, k);
	/* Others may be asleep in this kqueue, or polling it. */
	return kq->queued > queued ? kqueue_ring(c, kq) : 0;
}

int kqueue_change(struct call *c, int fd, const struct event *change)
{
	struct descriptors *d = c->thread->process->descriptors;
	if (!d)
		return -EBADF;
	lock_take(&d->lock);
	const struct descriptor *of = descriptor_find(c->thread->process, fd);
	int r = of && of->kqueue ? apply(c, of->kqueue, change) : -EBADF;
	lock_release(&d->lock);
	return r;
}

/* The guest's own bytes go back to it with an error in them. */
#define MAX_EVENT_SIZE 128

struct change {
	struct event event;
	unsigned char raw[MAX_EVENT_SIZE];
};

static int put_member(struct call *c, const struct type *t, void *raw, size_t offset,
		      const struct event *e)
{
	for (unsigned i = 0; i < t->count; i++) {
		const struct field *f = &t->fields[i];
		if (f->host == offset)
			return to_guest(c, f->type, (const char *)e + offset,
					(char *)raw + f->guest);
	}
	return -EINVAL;
}

/* Event number n of the list says how a change went. */
static int put_receipt(struct call *c, size_t n, struct change *change, int error)
{
	const struct type *t = c->row->args[ARG_EVENTS].type;
	struct event e = {.flags = EVENT_ERROR, .data = guest_error(c, -error)};
	int r = put_member(c, t, change->raw, offsetof(struct event, flags), &e);
	if (r == 0)
		r = put_member(c, t, change->raw, offsetof(struct event, data), &e);
	if (r == 0)
		r = put_guest(c, c->a[ARG_EVENTS] + n * t->guest_size, change->raw, t->guest_size);
	return r;
}

/* Change number i: 0; -errno if it cannot be read; *error what is wrong with it. */
static int get_change(struct call *c, size_t i, struct change *change, int *error)
{
	const struct type *t = c->row->args[ARG_CHANGES].type;
	if (t->guest_size > sizeof change->raw)
		return -EINVAL;
	int r = get_guest(c, change->raw, c->a[ARG_CHANGES] + i * t->guest_size, t->guest_size);
	if (r == 0)
		*error = to_host(c, t, change->raw, &change->event);
	return r;
}

/* All changes in order: what kevent is to return, or 0 with *go_on set to wait. */
long kqueue_apply(struct call *c, struct kqueue *kq, bool *go_on)
{
	int n_changes = (int)c->a[ARG_N_CHANGES], room = (int)c->a[ARG_N_EVENTS];
	size_t receipts = 0;
	if (n_changes < 0)
		return -EINVAL;
	for (int i = 0; i < n_changes; i++) {
		struct change change;
		int error = 0, r = get_change(c, i, &change, &error);
		if (r < 0)
			return r;
		if (error == 0 && change.event.filter == FILTER_NONE)
			continue;
		change.event.flags &= (uint16_t)~EVENT_SYSTEM;
		if (error == 0)
			error = apply(c, kq, &change.event);
		if (error == 0 && !(change.event.flags & EVENT_RECEIPT))
			continue;
		if (room == 0)
			return error;
		(void)put_receipt(c, receipts, &change,
				  error); /* as the original: lost if it faults */
		room--;
		receipts++;
	}
	*go_on = !receipts;
	return receipts;
}
