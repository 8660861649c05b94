/* Asynchronous I/O, done at once.
 *
 * The guest's kernel lets only what cannot wait for ever be read and written this way unless it
 * is told otherwise: files and disks (aio_queue_file(), sys/kern/vfs_aio.c), and sockets.  Of
 * files the call itself does the work, as POSIX lets it; then a program finds every operation
 * complete, is told of it as it asked, and asks for the result once.  What could wait (sockets,
 * pipes, terminals) is refused with the guest's own error for what it will not do so.
 *
 * A thread for each operation would have it overlap with the program's own work.  But it would be
 * one more that Linux counts, that signals find and exec ends, in a process whose threads are the
 * guest's alone; and reads of files that are in memory, as most are, would only cost more.
 *
 * What is done and was not yet asked about is kept in a table of the process.  A child has none:
 * the table says whose it is.
 */
#include "syscalls/aio.h"

#include <string.h>

#include "syscalls/descriptors.h"
#include "syscalls/engine.h"
#include "syscalls/errors.h"
#include "syscalls/file.h"
#include "syscalls/kqueue.h"
#include "syscalls/linux.h"
#include "syscalls/process.h"
#include "syscalls/resource.h"
#include "syscalls/signal.h"
#include "syscalls/time.h"

#define KQUEUE_FLAGS (EVENT_ONESHOT | EVENT_CLEAR | EVENT_DISPATCH) /* aio_aqueue() */
#define JOBS_MOST 256 /* max_aio_queue_per_proc */
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129

struct aio_job {
	uint64_t block; /* its address, by which it is known */
	int64_t result; /* or -errno */
	int32_t kqueue; /* that is told of it; -1: none */
};

/* In the order they were done. */
struct aio_jobs {
	int32_t owner;
	uint32_t n, begun; /* done, and those of which something is still being done */
	uint32_t done; /* all there ever were: what aio_waitcomplete waits for to change */
	struct aio_job jobs[JOBS_MOST];
};
#define TABLE_BYTES ((sizeof(struct aio_jobs) + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1))

/* ---- The table ------------------------------------------------------------------------ */

/* With the process's lock held; NULL: there is no memory. */
static struct aio_jobs *jobs_of(struct process *p)
{
	if (!p->aio)
		p->aio = engine_pages(TABLE_BYTES);
	if (p->aio && p->aio->owner != p->pid) {
		memset(p->aio, 0, sizeof *p->aio);
		p->aio->owner = p->pid;
	}
	return p->aio;
}

/* Room for one more: it is done, or there is none of it, in end_job(). */
static int begin_job(struct process *p)
{
	struct aio_jobs *t;
	bool has_room;

	lock_take(&p->lock);
	t = jobs_of(p);
	has_room = t && t->n + t->begun < JOBS_MOST;
	if (has_room)
		t->begun++;
	lock_release(&p->lock);
	return has_room ? 0 : -EAGAIN;
}

static void end_job(struct call *c, uint64_t block, int kqueue, const long *result)
{
	struct process *p = c->thread->process;
	struct aio_jobs *t;

	lock_take(&p->lock);
	t = jobs_of(p);
	t->begun--;
	if (result) {
		t->jobs[t->n++] = (struct aio_job){block, *result, kqueue};
		__atomic_fetch_add(&t->done, 1, __ATOMIC_SEQ_CST);
	}
	lock_release(&p->lock);
	if (result)
		engine_wake_word(c, &t->done);
}

/* The job of a block, or the first one of all (0): whether there is one; then it may be gone. */
static bool find_job(struct process *p, uint64_t block, bool take, struct aio_job *to)
{
	struct aio_jobs *t;
	uint32_t i = 0;
	bool found;

	lock_take(&p->lock);
	t = jobs_of(p);
	while (t && block && i < t->n && t->jobs[i].block != block)
		i++;
	found = t && i < t->n;
	if (found)
		*to = t->jobs[i];
	if (found && take)
		memmove(&t->jobs[i], &t->jobs[i + 1], (--t->n - i) * sizeof *t->jobs);
	lock_release(&p->lock);
	return found;
}

/* ---- One operation ----------------------------------------------------------------------- */

/* The type of blocks: an argument's own, or that of those in its list. */
static const struct type *block_type(const struct call *c)
{
	const struct type *t = NULL;

	for (int i = 0; i < MAX_ARGS && !t; i++) {
		const struct type *of = c->row->args[i].type;

		if (of && of->kind == KIND_POINTER && of->count)
			of = of->fields[0].type;
		if (of && of->kind == KIND_STRUCT && of->host_size == sizeof(struct aio_block))
			t = of;
	}
	return t;
}

static int check_event(struct call *c, const struct timer_event *e)
{
	struct host_event unused;

	if (e->how == TIMER_EVENT_NONE)
		return 0;
	if (e->how == AIO_EVENT_KQUEUE)
		return e->thread & 0xffff & ~KQUEUE_FLAGS ? -EINVAL : 0;
	if (e->signal < 1 || (uint32_t)e->signal > c->personality->max_signal)
		return -EINVAL;
	if (e->how == TIMER_EVENT_THREAD)
		return timer_event_to_host(c, e, &unused) == -EINVAL ? -EINVAL : 0;
	return 0;
}

/* The knote of a block: made disabled, enabled once it is done, with its error, and gone when its
 * result was asked for.  Uses what kqueue_change() does. */
static int change_knote(struct call *c, uint64_t at, const struct timer_event *e, uint16_t how,
			long result)
{
	const struct event change = {
		.ident = at,
		.filter = FILTER_AIO,
		.flags = (uint16_t)(EVENT_OWN | how | (e->thread & KQUEUE_FLAGS)),
		.data = result < 0 ? guest_error(c, (int)-result) : 0,
		.udata = e->value,
	};

	return kqueue_change(c, e->signal, &change);
}

static void forget_knote(struct call *c, const struct aio_job *job)
{
	const struct timer_event e = {.signal = job->kqueue};

	if (job->kqueue >= 0)
		(void)change_knote(c, job->block, &e, EVENT_DELETE,
				   0); /* it may be gone with its first report */
}

static void tell(struct call *c, const struct timer_event *e)
{
	int thread = e->how == TIMER_EVENT_THREAD ? host_thread_of(e->thread) : 0;

	if (e->how != TIMER_EVENT_NONE)
		(void)engine_send(c, c->thread->process->pid, thread, e->signal, CODE_ASYNCIO,
				  e->value); /* what cannot be sent is not kept: sigqueue(2) */
}

/* Only what does not wait. */
static int check_file(struct call *c, const struct aio_block *b, int wrong_access)
{
	struct statx st;
	uint64_t empty = empty_path(c);
	long flags = host(c, __NR_fcntl, b->fd, F_GETFL);
	int r;

	if (b->fd < 0 || flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) == wrong_access)
		return -EBADF;
	r = empty ? status_of(c, (uint64_t)b->fd, empty, AT_EMPTY_PATH, &st) : -ENOMEM;
	if (r < 0)
		return r;
	return (st.stx_mode & S_IFMT) == S_IFREG ? 0 : -EOPNOTSUPP;
}

static long transfer(struct call *c, const struct aio_block *b, uint32_t kind)
{
	static const int calls[2][2][2] = {
		/* [write][list][where the file stands] */
		{{__NR_pread64, __NR_read}, {__NR_preadv, __NR_readv}},
		{{__NR_pwrite64, __NR_write}, {__NR_pwritev, __NR_writev}},
	};
	int nr = calls[!!(kind & AIO_WRITE)][!!(kind & AIO_VECTORS)][!!(kind & AIO_HERE)];

	return host(c, nr, b->fd, b->buffer, b->bytes, b->offset);
}

static int check_transfer(struct call *c, const struct aio_block *b, uint32_t kind)
{
	switch (kind & ~(uint32_t)(AIO_VECTORS | AIO_HERE)) {
	case AIO_READ:
	case AIO_WRITE:
		break;
	default:
		return -EINVAL;
	}
	if (b->bytes > INT64_MAX)
		return -EINVAL;
	int r = check_file(c, b, kind & AIO_WRITE ? O_RDONLY : O_WRONLY);
	return r == 0 && b->offset < 0 ? -EINVAL : r;
}

/* What a call that failed leaves for aio_error, in the part of the block that is the system's. */
static void leave_error(struct call *c, uint64_t at, int error)
{
	const struct type *t = block_type(c);
	const int64_t private[] = {-1, -error};

	for (uint16_t i = 0; i < t->count; i++)
		if (t->fields[i].host == offsetof(struct aio_block, status))
			(void)put_guest(c, at + t->fields[i].guest, private,
					sizeof private); /* the error itself is the answer */
}

static int begin(struct call *c, uint64_t at, struct aio_block *b)
{
	int r = get_object(c, block_type(c), at, b);

	if (r == 0)
		r = check_event(c, &b->event);
	if (r == 0 && descriptor_is_hidden(c->thread->process, b->fd))
		r = -EBADF;
	if (r == 0)
		r = begin_job(c->thread->process);
	if (r < 0 || b->event.how != AIO_EVENT_KQUEUE)
		return r;
	r = change_knote(c, at, &b->event, EVENT_ADD | EVENT_DISABLE, 0);
	if (r < 0)
		end_job(c, at, -1, NULL);
	return r;
}

/* r: why it could not be done after all. */
static int finish(struct call *c, uint64_t at, const struct aio_block *b, int r, long result)
{
	bool by_kqueue = b->event.how == AIO_EVENT_KQUEUE;

	end_job(c, at, by_kqueue ? b->event.signal : -1, r < 0 ? NULL : &result);
	if (by_kqueue)
		(void)change_knote(c, at, &b->event, r < 0 ? EVENT_DELETE : EVENT_ENABLE,
				   result); /* unless the kqueue was closed meanwhile */
	else if (r == 0)
		tell(c, &b->event);
	return r;
}

static int do_transfer(struct call *c, uint64_t at, uint32_t kind)
{
	struct aio_block b;
	long result = 0;
	int r = begin(c, at, &b);

	if (r == 0) {
		r = check_transfer(c, &b, kind);
		if (r == 0)
			result = transfer(c, &b, kind);
		r = finish(c, at, &b, r, result);
	}
	if (r < 0)
		leave_error(c, at, r);
	return r;
}

TRANSLATOR(aio_read)
{
	return do_transfer(c, c->a[0], AIO_READ);
}

TRANSLATOR(aio_write)
{
	return do_transfer(c, c->a[0], AIO_WRITE);
}

TRANSLATOR(aio_readv)
{
	return do_transfer(c, c->a[0], AIO_READ | AIO_VECTORS);
}

TRANSLATOR(aio_writev)
{
	return do_transfer(c, c->a[0], AIO_WRITE | AIO_VECTORS);
}

/* aio_fsync(how, block) */
TRANSLATOR(aio_fsync)
{
	struct aio_block b;
	uint64_t how;
	long result = 0;
	int r = arg_value(c, 0, &how);

	if (r == 0)
		r = begin(c, c->a[1], &b);
	if (r == 0) {
		r = check_file(c, &b, -1);
		if (r == 0)
			result = host(c, how == AIO_SYNC_DATA ? __NR_fdatasync : __NR_fsync, b.fd);
		r = finish(c, c->a[1], &b, r == -EOPNOTSUPP ? -EINVAL : r, result);
	}
	if (r < 0)
		leave_error(c, c->a[1], r);
	return r;
}

TRANSLATOR(aio_mlock)
{
	struct aio_block b;
	int r = begin(c, c->a[0], &b);

	if (r == 0)
		r = finish(c, c->a[0], &b, 0, host(c, __NR_mlock, b.buffer, b.bytes));
	if (r < 0)
		leave_error(c, c->a[0], r);
	return r;
}

/* ---- Lists ----------------------------------------------------------------------------------- */

/* One of a list: 0 or -errno. */
static int do_listed(struct call *c, uint64_t at)
{
	struct aio_block b;
	int r;

	if (!at)
		return 0;
	r = get_object(c, block_type(c), at, &b);
	if (r < 0 || (b.kind & ~(uint32_t)AIO_HERE) == AIO_NOTHING)
		return r;
	return do_transfer(c, at, b.kind);
}

/* lio_listio(mode, blocks, how many, event).  What becomes of each is its own affair; the call
 * tells that one could not be begun. */
TRANSLATOR(lio_listio)
{
	const struct type *event_type = c->row->args[3].type;
	struct timer_event event = {.how = TIMER_EVENT_NONE};
	uint64_t mode, at;
	int worst = 0, r = arg_value(c, 0, &mode);

	if (r == 0 && ((int32_t)c->a[2] < 0 || (uint32_t)c->a[2] > JOBS_MOST))
		r = -EINVAL;
	if (r == 0 && c->a[3] && mode == AIO_LIST_NOWAIT) {
		r = get_object(c, event_type, c->a[3], &event);
		if (r == 0)
			r = check_event(c, &event);
	}
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < (uint32_t)c->a[2]; i++) {
		c->scratch_used = 0; /* the last one's */
		r = get_guest(c, &at, c->a[1] + 8UL * i, sizeof at);
		if (r < 0)
			return r;
		r = do_listed(c, at);
		if (r < 0 && worst != -EIO)
			worst = r == -EAGAIN ? -EAGAIN : -EIO;
	}
	tell(c, &event);
	return worst;
}

/* ---- Results ----------------------------------------------------------------------------------- */

bool aio_is_done(struct call *c, uint64_t block)
{
	struct aio_job job;

	return find_job(c->thread->process, block, false, &job);
}

TRANSLATOR(aio_error)
{
	struct aio_block b;
	struct aio_job job;

	if (find_job(c->thread->process, c->a[0], false, &job))
		return job.result < 0 ? job.result : 0;
	if (get_object(c, block_type(c), c->a[0], &b) == 0 && b.status == -1 && b.error > 0 &&
	    b.error < 4096)
		return -b.error;
	return -EINVAL;
}

TRANSLATOR(aio_return)
{
	struct aio_job job;

	if (!c->a[0] || !find_job(c->thread->process, c->a[0], true, &job))
		return -EINVAL;
	forget_knote(c, &job);
	return job.result;
}

/* aio_suspend(blocks, how many, timeout): all that were begun are done. */
TRANSLATOR(aio_suspend)
{
	uint64_t last;

	if ((int32_t)c->a[1] < 0 || (uint32_t)c->a[1] > JOBS_MOST)
		return -EINVAL;
	if (!c->thread->process->aio)
		return -EAGAIN; /* there never was one */
	return (int32_t)c->a[1] ? get_guest(c, &last, c->a[0] + 8 * (c->a[1] - 1), sizeof last) : 0;
}

TRANSLATOR(aio_cancel)
{
	uint64_t fd;
	long r = arg_value(c, 0, &fd);

	if (r == 0)
		r = host(c, __NR_fcntl, fd, F_GETFD);
	return r < 0 ? r : AIO_ALL_DONE;
}

/* Until another thread has done something: 0 or -errno. */
static long wait_for_more(struct call *c, uint32_t seen)
{
	uint64_t left = 0, at = 0;
	long r;

	if (c->a[1]) {
		r = remaining_ns(c, CLOCK_MONOTONIC, &left);
		if (r < 0 || !left)
			return r < 0 ? r : -EAGAIN;
		at = scratch_timespec(c, c->deadline);
		if (!at)
			return -ENOMEM;
	}
	r = engine_wait_word(c, &c->thread->process->aio->done, seen, at);
	return r == -EAGAIN || r == -ETIMEDOUT ? 0 : r;
}

/* aio_waitcomplete(block *, timeout): the first of all that are done, and its result. */
TRANSLATOR(aio_waitcomplete)
{
	struct process *p = c->thread->process;
	struct __kernel_timespec timeout;
	struct aio_job job = {0};
	uint64_t ns, none = 0;
	long r = put_guest(c, c->a[0], &none, sizeof none);

	if (r == 0 && c->a[1]) {
		r = arg_in(c, 1, &timeout);
		if (r == 0)
			r = ns_of_timespec(&timeout, &ns);
		if (r == 0)
			r = deadline_from(c, CLOCK_MONOTONIC, ns);
	}
	lock_take(&p->lock);
	if (r == 0 && !jobs_of(p))
		r = -EAGAIN;
	lock_release(&p->lock);
	while (r == 0) {
		uint32_t seen = __atomic_load_n(&p->aio->done, __ATOMIC_SEQ_CST);

		c->scratch_used = 0; /* the last round's */
		if (find_job(p, 0, true, &job))
			break;
		r = wait_for_more(c, seen);
	}
	if (r < 0)
		return r;
	forget_knote(c, &job);
	r = put_guest(c, c->a[0], &job.block, sizeof job.block);
	return r < 0 ? r : job.result;
}
