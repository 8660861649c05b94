/* kqueue(2), its knotes and their memory; the mechanism is described in kqueue.h. */
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

void kqueue_free(struct call *c, struct kqueue *kq)
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
		kqueue_free(c, kq);
	else
		(void)kqueue_ring(c, kq); /* without a bell they sleep out their time */
}

void kqueue_duplicated(struct kqueue *kq)
{
	kq->references++;
}

/* ---- Knotes ---------------------------------------------------------------- */

/* What a refused filter would need is said in the rows. */
const struct filter *const kqueue_filters[N_FILTERS] = {
	[FILTER_READ] = &kqueue_read,	 [FILTER_WRITE] = &kqueue_write,
	[FILTER_TIMER] = &kqueue_timer,	 [FILTER_USER] = &kqueue_user,
	[FILTER_VNODE] = &kqueue_vnode,	 [FILTER_SIGNAL] = &kqueue_signal,
	[FILTER_PROC] = &kqueue_process, [FILTER_PROCDESC] = &kqueue_procdesc,
	[FILTER_AIO] = &kqueue_aio,
};

const struct filter *kqueue_filter(const struct knote *k)
{
	return kqueue_filters[k->event.filter];
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

struct knote *kqueue_find_knote(struct kqueue *kq, const struct event *e)
{
	if (kqueue_filters[e->filter]->is_descriptor) {
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
	kqueue_filter(k)->detach(c, k);
	if (k->status & KNOTE_FILED)
		unfile(k);
	kqueue_free_cell(d, k);
}
