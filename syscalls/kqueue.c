/* kqueue(2) and kevent(2); the mechanism is described in kqueue.h.
 *
 * What a change does to a knote and what a scan reports follow sys/kern/kern_event.c
 * (kqueue_register, kqueue_scan) of the systems that have it. */
#include "syscalls/kqueue.h"

#include <linux/eventpoll.h>
#include <string.h>

#include "syscalls/engine.h"
#include "syscalls/errors.h"
#include "syscalls/linux.h"
#include "syscalls/time.h"

/* include/linux/eventfd.h, which the exported headers lack */
#define EFD_CLOEXEC O_CLOEXEC
#define EFD_NONBLOCK O_NONBLOCK

/* Arguments of kevent, the same on every system. */
enum { ARG_KQUEUE, ARG_CHANGES, ARG_N_CHANGES, ARG_EVENTS, ARG_N_EVENTS, ARG_TIMEOUT };

/* Events taken from Linux at once. */
#define BATCH 256

/* How often what Linux says nothing of is looked at, while there is a knote for it. */
#define LOOK_INTERVAL_NS (50 * 1000 * 1000UL)

/* ---- Memory ---------------------------------------------------------------- */

/* Knotes and watches are cells of one size, out of blocks that go with the table. */
#define CELL 256
#define BLOCK (16 * GUEST_PAGE)
_Static_assert(sizeof(struct knote) <= CELL && sizeof(struct watch) <= CELL, "fits a cell");

#define KQUEUE_BYTES ((sizeof(struct kqueue) + GUEST_PAGE - 1) / GUEST_PAGE * GUEST_PAGE)

static bool more_cells(struct descriptors *d)
{
	char *block = engine_pages(BLOCK);
	if (!block)
		return false;
	*(void **)block = d->cell_blocks;
	d->cell_blocks = block;
	for (size_t at = CELL; at + CELL <= BLOCK; at += CELL)
		kqueue_free_cell(d, block + at);
	return true;
}

void *kqueue_cell(struct descriptors *d)
{
	if (!d->free_cells && !more_cells(d))
		return NULL;
	void *cell = d->free_cells;
	d->free_cells = *(void **)cell;
	memset(cell, 0, CELL);
	return cell;
}

void kqueue_free_cell(struct descriptors *d, void *cell)
{
	*(void **)cell = d->free_cells;
	d->free_cells = cell;
}

void kqueue_free_all(struct descriptors *d)
{
	while (d->kqueues) {
		struct kqueue *kq = d->kqueues;
		d->kqueues = kq->next;
		engine_free_pages(kq, KQUEUE_BYTES);
	}
	while (d->cell_blocks) {
		void *block = d->cell_blocks;
		d->cell_blocks = *(void **)block;
		engine_free_pages(block, BLOCK);
	}
	d->free_cells = NULL;
}

/* ---- Helper descriptors ----------------------------------------------------- */

long kqueue_epoll_ctl(struct call *c, const struct kqueue *kq, int op, int fd, uint32_t events,
		      uint64_t token)
{
	struct epoll_event e = {.events = (__poll_t)events, .data = token};
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, sizeof e);
	if (!at)
		return -ENOMEM;
	long r = put_guest(c, at, &e, sizeof e);
	if (r == 0)
		r = host(c, __NR_epoll_ctl, kq->fd, op, fd, at);
	c->scratch_used = mark;
	return r;
}

/* Hides fd and lets the epoll instance watch it: its new number. */
int kqueue_hidden_event(struct call *c, struct kqueue *kq, long fd, uint64_t token)
{
	if (fd < 0)
		return fd;
	int hidden = descriptor_hide(c, fd);
	if (hidden < 0)
		return hidden;
	int r = descriptor_set(c->thread->process, hidden, DESCRIPTOR_HELPER);
	if (r == 0)
		r = kqueue_epoll_ctl(c, kq, EPOLL_CTL_ADD, hidden, EPOLLIN | EPOLLET, token);
	if (r == 0)
		return hidden;
	descriptor_clear(c->thread->process, hidden, DESCRIPTOR_HIDDEN | DESCRIPTOR_HELPER);
	(void)host(c, __NR_close, hidden); /* just made */
	return r;
}

void kqueue_close_helper(struct call *c, int fd)
{
	if (fd < 0)
		return;
	descriptor_clear(c->thread->process, fd, DESCRIPTOR_HIDDEN | DESCRIPTOR_HELPER);
	(void)host(c, __NR_close, fd); /* only its number matters */
}

int kqueue_make_bell(struct call *c, struct kqueue *kq)
{
	if (kq->bell >= 0)
		return 0;
	int r = kqueue_hidden_event(c, kq, host(c, __NR_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK),
				    TOKEN_BELL);
	if (r < 0)
		return r;
	kq->bell = r;
	return 0;
}

/* Every write is an edge, so the eventfd is never read; its counter lasts 2^64 rings. */
int kqueue_ring(struct call *c, struct kqueue *kq)
{
	int r = kqueue_make_bell(c, kq);
	if (r < 0 || kq->rung)
		return r;
	uint64_t one = 1;
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, sizeof one);
	if (!at)
		return -ENOMEM;
	r = put_guest(c, at, &one, sizeof one);
	if (r == 0)
		r = (int)host(c, __NR_write, kq->bell, at, sizeof one);
	c->scratch_used = mark;
	kq->rung = r > 0;
	return r < 0 ? r : 0;
}

/* ---- Kqueues --------------------------------------------------------------- */

static struct kqueue *new_kqueue(struct descriptors *d, int fd)
{
	struct kqueue *kq = engine_pages(KQUEUE_BYTES);
	if (!kq)
		return NULL;
	kq->table = d;
	kq->fd = fd;
	kq->references = 1;
	kq->bell = kq->alarm = kq->notifier = -1;
	lock_take(&d->lock);
	kq->next = d->kqueues;
	d->kqueues = kq;
	lock_release(&d->lock);
	return kq;
}

/* Always close-on-exec for Linux: what a kqueue knows is in the memory that exec discards. */
static long make_kqueue(struct call *c)
{
	struct process *p = c->thread->process;
	long fd = host(c, __NR_epoll_create1, EPOLL_CLOEXEC);
	if (fd < 0)
		return fd;
	struct descriptor *entry = descriptor_make(p, fd);
	struct kqueue *kq = entry ? new_kqueue(p->descriptors, fd) : NULL;
	if (!kq) {
		(void)host(c, __NR_close, fd); /* just made */
		return -ENOMEM;
	}
	entry->kqueue = kq;
	return fd;
}

TRANSLATOR(kqueue)
{
	return make_kqueue(c);
}

TRANSLATOR(kqueuex)
{
	uint64_t flags;
	int r = arg_value(c, 0, &flags);
	return r < 0 ? r : make_kqueue(c);
}

static void free_kqueue(struct call *c, struct kqueue *kq)
{
	kqueue_close_helper(c, kq->bell);
	kqueue_close_helper(c, kq->alarm);
	kqueue_close_helper(c, kq->notifier);
	for (struct kqueue **at = &kq->table->kqueues; *at; at = &(*at)->next) {
		if (*at != kq)
			continue;
		*at = kq->next;
		break;
	}
	engine_free_pages(kq, KQUEUE_BYTES);
}

/* The number under which epoll_ctl finds the kqueue, after the one in use is gone. */
static void other_number(struct call *c, struct kqueue *kq, int gone)
{
	for (uint32_t fd = 0; fd < kq->table->end; fd++) {
		struct descriptor *d = descriptor_find(c->thread->process, fd);
		if (d && d->kqueue == kq && (int)fd != gone) {
			kq->fd = fd;
			return;
		}
	}
}

static void drop_everything(struct call *c, struct kqueue *kq)
{
	while (kq->watches) {
		kqueue_drop(c, watch_any(kq->watches)); /* the last one takes the watch */
	}
	for (size_t i = 0; i < COUNT(kq->table_of); i++)
		while (kq->table_of[i])
			kqueue_drop(c, kq->table_of[i]);
}

void kqueue_closing(struct call *c, int fd, struct descriptor *d)
{
	struct kqueue *kq = d->kqueue;
	d->kqueue = NULL;
	if (--kq->references) {
		if (kq->fd == fd)
			other_number(c, kq, fd);
		return;
	}
	drop_everything(c, kq);
	kq->closed = true;
	if (!kq->sleepers)
		free_kqueue(c, kq);
	else
		(void)kqueue_ring(c, kq); /* without a bell they sleep out their time */
}

void kqueue_duplicated(struct kqueue *kq)
{
	kq->references++;
}

/* ---- Knotes ---------------------------------------------------------------- */

/* What a refused filter would need is said in the rows. */
static const struct filter *const filters[N_FILTERS] = {
	[FILTER_READ] = &kqueue_read,	 [FILTER_WRITE] = &kqueue_write,
	[FILTER_TIMER] = &kqueue_timer,	 [FILTER_USER] = &kqueue_user,
	[FILTER_VNODE] = &kqueue_vnode,	 [FILTER_SIGNAL] = &kqueue_signal,
	[FILTER_PROC] = &kqueue_process, [FILTER_PROCDESC] = &kqueue_procdesc,
	[FILTER_AIO] = &kqueue_aio,
};

/* What the others fail with.  The system itself gives asynchronous I/O its events by other
 * calls (vfs_aio.c: filt_aioattach) and knows nothing of SENDFILE any more. */
static const int16_t refused[N_FILTERS] = {
	[FILTER_LIO] = -EPERM,
	[FILTER_SENDFILE] = -ENXIO,
};

static const struct filter *filter_of(const struct knote *k)
{
	return filters[k->event.filter];
}

static struct knote **bucket(struct kqueue *kq, int filter, uint64_t ident)
{
	uint64_t h = (ident ^ (uint64_t)filter << 32) * 0x9e3779b97f4a7c15;
	return &kq->table_of[h >> 56];
}
_Static_assert(KNOTE_BUCKETS == 256, "the hash's top eight bits");

struct knote *kqueue_find(struct kqueue *kq, int filter, uint64_t ident)
{
	for (struct knote *k = *bucket(kq, filter, ident); k; k = k->chain)
		if (k->event.ident == ident && k->event.filter == filter)
			return k;
	return NULL;
}

static struct knote *find_knote(struct kqueue *kq, const struct event *e)
{
	if (filters[e->filter]->is_descriptor) {
		struct watch *w = watch_find(kq, (int)e->ident);
		return w ? *watch_place(w, e->filter) : NULL;
	}
	return kqueue_find(kq, e->filter, e->ident);
}

static void enqueue(struct knote *k)
{
	struct kqueue *kq = k->kq;
	k->status |= KNOTE_QUEUED;
	k->next = NULL;
	k->previous = kq->last;
	if (kq->last)
		kq->last->next = k;
	else
		kq->first = k;
	kq->last = k;
	kq->queued++;
}

void kqueue_dequeue(struct knote *k)
{
	struct kqueue *kq = k->kq;
	if (!(k->status & KNOTE_QUEUED))
		return;
	k->status &= ~(uint32_t)(KNOTE_QUEUED | KNOTE_CHECKED);
	if (k->previous)
		k->previous->next = k->next;
	else
		kq->first = k->next;
	if (k->next)
		k->next->previous = k->previous;
	else
		kq->last = k->previous;
	kq->queued--;
}

void kqueue_activate(struct call *c, struct knote *k)
{
	(void)c;
	k->status |= KNOTE_ACTIVE;
	if (!(k->status & (KNOTE_DISABLED | KNOTE_QUEUED)))
		enqueue(k);
}

void kqueue_file(struct knote *k)
{
	struct knote **at = bucket(k->kq, k->event.filter, k->event.ident);
	k->chain = *at;
	*at = k;
	k->status |= KNOTE_FILED;
}

static void unfile(struct knote *k)
{
	for (struct knote **at = bucket(k->kq, k->event.filter, k->event.ident); *at;
	     at = &(*at)->chain) {
		if (*at != k)
			continue;
		*at = k->chain;
		return;
	}
}

void kqueue_drop(struct call *c, struct knote *k)
{
	struct descriptors *d = k->kq->table;
	kqueue_dequeue(k);
	filter_of(k)->detach(c, k);
	if (k->status & KNOTE_FILED)
		unfile(k);
	kqueue_free_cell(d, k);
}

/* ---- Changes --------------------------------------------------------------- */

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
	int r = filter_of(k)->attach(c, k);
	if (r < 0) {
		kqueue_free_cell(kq->table, k);
		return r;
	}
	if (!filter_of(k)->is_descriptor) /* else the watch knows it */
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
	return filter_of(k)->again(c, k, change);
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
	const struct filter *f = filters[change->filter];
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
	if (!filter_of(k)->is_polled && filter_of(k)->check(c, k))
		k->status |= KNOTE_ACTIVE;
	if (k->status & KNOTE_ACTIVE)
		kqueue_activate(c, k);
}

static int apply(struct call *c, struct kqueue *kq, const struct event *change)
{
	int r = check_change(c, change);
	if (r < 0)
		return r;
	struct knote *k = find_knote(kq, change);
	if (!k && !(change->flags & EVENT_ADD)) {
		r = filters[change->filter]->is_descriptor ? is_open(c, change->ident) : 0;
		return r < 0 ? r : -ENOENT;
	}
	if (k && (change->flags & EVENT_DELETE)) {
		kqueue_drop(c, k);
		return 0;
	}
	if (!k && filters[change->filter]->is_own && !(change->flags & EVENT_OWN))
		return -EPERM;
	uint32_t queued = kq->queued;
	r = k ? change_knote(c, k, change) : new_knote(c, kq, change);
	if (r < 0)
		return r;
	k = find_knote(kq, change);
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
static long apply_all(struct call *c, struct kqueue *kq, bool *go_on)
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

/* ---- Events ---------------------------------------------------------------- */

/* What becomes of a knote that was just reported. */
static void reported(struct call *c, struct knote *k)
{
	const struct filter *f = filter_of(k);
	struct watch *w = f->is_polled ? k->watch : NULL;
	bool watched_closely = w && watch_is_level(w);
	if (k->event.flags & EVENT_ONESHOT) {
		kqueue_drop(c, k);
		return;
	}
	if (k->event.flags & EVENT_CLEAR) {
		k->event.data = 0;
		k->event.notes = 0;
		if (f->cleared)
			f->cleared(k);
	}
	if (k->event.flags & EVENT_DISPATCH)
		k->status |= KNOTE_DISABLED;
	k->status &= ~(uint32_t)KNOTE_ACTIVE;
	if (k->event.flags & EVENT_DISPATCH) {
		if (w)
			watch_renew(c, w, false);
	} else if (!(k->event.flags & EVENT_CLEAR) && !watched_closely) {
		kqueue_activate(c, k);
	}
}

/* The queue to the guest's list: how many events, or -errno. */
static long deliver(struct call *c, struct kqueue *kq, long room)
{
	long n = 0;
	for (uint32_t left = kq->queued; left && kq->first && n < room; left--) {
		struct knote *k = kq->first;
		bool checked = k->status & KNOTE_CHECKED;
		kqueue_dequeue(k);
		if (k->status & KNOTE_DISABLED)
			continue;
		if (!checked && !(k->event.flags & EVENT_ONESHOT) && !filter_of(k)->check(c, k)) {
			k->status &= ~(uint32_t)KNOTE_ACTIVE;
			continue;
		}
		int r = arg_out_at(c, ARG_EVENTS, n, &k->event);
		if (r < 0)
			return r;
		n++;
		reported(c, k);
	}
	for (struct knote *k = kq->first; k; k = k->next)
		k->status &= ~(uint32_t)KNOTE_CHECKED;
	if (kq->first)
		(void)kqueue_ring(c, kq); /* this thread finds the queue anyway */
	return n;
}

/* What Linux said of this kqueue's descriptors becomes active knotes. */
static int take_events(struct call *c, struct kqueue *kq, uint64_t at, long n)
{
	for (long i = 0; i < n; i++) {
		struct epoll_event e;
		int r = get_guest(c, &e, at + i * sizeof e, sizeof e);
		if (r < 0)
			return r;
		if (e.data == TOKEN_BELL)
			kq->rung = false;
		else if (e.data == TOKEN_ALARM)
			kqueue_alarm(c, kq);
		else if (e.data == TOKEN_FILES)
			file_happened(c, kq);
		else if (e.data == TOKEN_SIGNALS)
			kqueue_signals(c, kq);
		else if (e.data == TOKEN_BOARD)
			process_news(c, kq);
		else
			watch_happened(c, kq, e.data, (uint32_t)e.events);
	}
	return 0;
}

/* How long a kevent waits. */
struct wait {
	bool for_ever;
	uint64_t ns; /* at the beginning; 0: not at all */
	uint64_t buffer; /* for Linux's events */
	long room; /* in the guest's list */
};

static struct kqueue *kqueue_of(struct call *c)
{
	const struct descriptor *d = descriptor_find(c->thread->process, (int)c->a[ARG_KQUEUE]);
	return d ? d->kqueue : NULL;
}

/* One epoll_pwait2, the lock released around it. */
static long sleep_in(struct call *c, struct kqueue *kq, const struct wait *w, uint64_t ns)
{
	struct lock *lock = &kq->table->lock;
	size_t mark = c->scratch_used;
	uint64_t timeout = ns == UINT64_MAX ? 0 : scratch_timespec(c, ns);
	long max = w->room < BATCH ? w->room : BATCH;
	if (ns != UINT64_MAX && !timeout)
		return -ENOMEM;
	/* One event of Linux may be two of the guest's, and those of the helpers are none. */
	kq->sleepers++;
	lock_release(lock);
	long n = ns ? host_wait(c, __NR_epoll_pwait2, c->a[ARG_KQUEUE], w->buffer, max, timeout)
		    : host(c, __NR_epoll_pwait2, c->a[ARG_KQUEUE], w->buffer, max, timeout);
	lock_take(lock);
	kq->sleepers--;
	c->scratch_used = mark;
	return n;
}

/* The ring that woke this thread woke no other: each sleeper rings for the next. */
static long leave_closed(struct call *c, struct kqueue *kq)
{
	kq->rung = false;
	if (kq->sleepers)
		(void)kqueue_ring(c, kq);
	else
		free_kqueue(c, kq);
	return -EBADF;
}

/* Sleeps once and delivers what there is: events, 0 for none yet, or -errno. */
static long wait_once(struct call *c, struct kqueue *kq, const struct wait *w, uint64_t ns)
{
	file_look_at_all(c, kq);
	process_look_at_all(c, kq);
	if (kq->signals)
		engine_let_counted_in(c);
	if (kq->first)
		ns = 0;
	else if ((kq->files || kq->words) && ns > LOOK_INTERVAL_NS)
		ns = LOOK_INTERVAL_NS;
	long n = sleep_in(c, kq, w, ns);
	if (kq->closed)
		return leave_closed(c, kq);
	if (n < 0)
		return n;
	n = take_events(c, kq, w->buffer, n);
	return n < 0 ? n : deliver(c, kq, w->room);
}

static int time_left(struct call *c, const struct wait *w, uint64_t *ns)
{
	*ns = w->for_ever ? UINT64_MAX : 0;
	if (w->for_ever || !w->ns)
		return 0;
	int r = deadline_from(c, CLOCK_MONOTONIC, w->ns);
	return r < 0 ? r : remaining_ns(c, CLOCK_MONOTONIC, ns);
}

static long wait_for_events(struct call *c, struct lock *lock, const struct wait *w)
{
	for (;;) {
		uint64_t ns;
		long n = time_left(c, w, &ns);
		if (n < 0)
			return n;
		lock_take(lock);
		struct kqueue *kq = kqueue_of(c);
		n = kq ? wait_once(c, kq, w, ns) : -EBADF;
		lock_release(lock);
		if (n || !ns)
			return n;
	}
}

/* More than 2^31 seconds is for ever (sys/kern/kern_event.c: kqueue_scan). */
static int wait_argument(struct call *c, struct wait *w)
{
	struct __kernel_timespec t;
	w->room = (int)c->a[ARG_N_EVENTS];
	w->for_ever = !c->a[ARG_TIMEOUT];
	w->ns = 0;
	if (w->room < 0)
		return -EINVAL;
	if (!w->for_ever) {
		int r = arg_in(c, ARG_TIMEOUT, &t);
		if (r == 0)
			r = ns_of_timespec(&t, &w->ns);
		if (r < 0)
			return r;
		w->for_ever = t.tv_sec > INT32_MAX;
	}
	w->buffer = scratch(c, BATCH * sizeof(struct epoll_event));
	return w->buffer ? 0 : -ENOMEM;
}

TRANSLATOR(kevent)
{
	struct descriptors *d = c->thread->process->descriptors;
	/* A deadline says that an earlier attempt has made the changes. */
	bool changed = c->deadline, go_on = true;
	long r = 0;
	if (!d)
		return -EBADF;
	lock_take(&d->lock);
	struct kqueue *kq = kqueue_of(c);
	if (!kq)
		r = -EBADF;
	else if (!changed)
		r = apply_all(c, kq, &go_on);
	lock_release(&d->lock);
	if (r || !go_on)
		return r;

	struct wait w;
	r = wait_argument(c, &w);
	if (r < 0 || !w.room)
		return r;
	if (w.for_ever)
		c->deadline = NS_MAX;
	r = wait_for_events(c, &d->lock, &w);
	/* Made anew from the start, the call would make its changes twice. */
	return r == CALL_AGAIN && c->a[ARG_N_CHANGES] ? -EINTR : r;
}
