/* The ring of trace records as residents reach it, and the pens they write with: syscalls/trace.h
 * says what for. */
#include "syscalls/engine/resident/resident.h"

#include <linux/futex.h>
#include <linux/mman.h>

struct trace_ring *engine_ring(void)
{
	return (struct trace_ring *)RESIDENT_TRACE;
}

static bool map(uint64_t at, uint64_t from, uint64_t size)
{
	long r = LINUX(mmap, at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, HIDDEN_TRACE,
		       from);

	return !is_error(r);
}

void ring_open(void)
{
	_Static_assert(RESIDENT_TRACE + TRACE_MAP <= RESIDENT_LIMIT, "layout.h");
	if (!map(RESIDENT_TRACE, 0, TRACE_FILE) ||
	    !map(RESIDENT_TRACE + TRACE_FILE, TRACE_HEAD, TRACE_ROOM))
		die(EXIT_GUISE, "cannot map the ring of the trace");
}

const struct settings *engine_settings(void)
{
	return &space.settings;
}

void engine_ring_bell(void)
{
	uint64_t one = 1;

	(void)LINUX(write, HIDDEN_BELL, &one, sizeof one); /* full: it rings already */
}

void engine_ring_wait(uint32_t *turn, uint32_t seen, const uint64_t timeout[2])
{
	(void)LINUX(futex, turn, FUTEX_WAIT, seen, timeout); /* the caller looks again */
}

/* ---- Pens ------------------------------------------------------------------ */

/* What Linux looks at when the thread dies is the list of locks it was told of.  That a
 * Linux program told is used too, while the program itself is not at one: false if it is. */
static bool borrow_list(struct resident *r, const struct trace_pen *pen)
{
	struct robust_list_head *head = (struct robust_list_head *)r->thread.robust_list, now;
	uint64_t pending;

	if (copy_guarded(&now, head, sizeof now) < 0 || now.list_op_pending ||
	    now.futex_offset % (long)sizeof pen->owner)
		return false;
	pending = (uint64_t)&pen->owner - (uint64_t)now.futex_offset;
	return copy_guarded(&head->list_op_pending, &pending, sizeof pending) == 0;
}

/* True if Linux will mark the pen. */
static bool tell_linux(struct resident *r, struct trace_pen *pen)
{
	if (r->thread.has_robust_list)
		return borrow_list(r, pen);
	if (r->listed_tid != r->thread.host_tid) {
		r->list = (struct robust_list_head){.list = {&r->list.list}};
		if (is_error(LINUX(set_robust_list, &r->list, sizeof r->list)))
			return false;
		r->listed_tid = r->thread.host_tid;
	}
	__atomic_store_n(&r->list.list_op_pending, (struct robust_list *)&pen->owner,
			 __ATOMIC_RELEASE);
	return true;
}

static void tell_no_more(struct resident *r)
{
	struct robust_list_head *head = (struct robust_list_head *)r->thread.robust_list;
	uint64_t nothing = 0;

	if (r->thread.has_robust_list) /* it could be written to a moment ago; or it is gone */
		(void)copy_guarded(&head->list_op_pending, &nothing, sizeof nothing);
	else
		__atomic_store_n(&r->list.list_op_pending, NULL, __ATOMIC_RELEASE);
}

/* A dead thread's, that tells the reader nothing any more. */
static bool is_left(const struct trace_pen *pen, uint32_t owner)
{
	uint64_t position = __atomic_load_n(&pen->position, __ATOMIC_RELAXED);

	return (owner & FUTEX_OWNER_DIED) &&
	       (position >= TRACE_REVOKED ||
		position < __atomic_load_n(&engine_ring()->tail, __ATOMIC_RELAXED));
}

struct trace_pen *pen_take(struct thread *t, uint32_t size)
{
	struct resident *r = of_thread(t);
	uint32_t tid = (uint32_t)r->thread.host_tid;

	for (uint32_t i = 0; i < TRACE_PENS; i++) {
		struct trace_pen *pen = &engine_ring()->pens[(tid + i) % TRACE_PENS];
		uint32_t owner = __atomic_load_n(&pen->owner, __ATOMIC_RELAXED);

		if (owner && !is_left(pen, owner))
			continue;
		if (!tell_linux(r, pen))
			return NULL;
		if (!__atomic_compare_exchange_n(&pen->owner, &owner, tid, false, __ATOMIC_SEQ_CST,
						 __ATOMIC_RELAXED))
			continue;
		__atomic_store_n(&pen->position, TRACE_NOWHERE, __ATOMIC_RELAXED);
		__atomic_store_n(&pen->size, size, __ATOMIC_RELEASE);
		return pen;
	}
	tell_no_more(r);
	return NULL;
}

void pen_give_back(struct thread *t, struct trace_pen *pen)
{
	if (!pen)
		return;
	__atomic_store_n(&pen->owner, 0, __ATOMIC_RELEASE);
	tell_no_more(of_thread(t));
}
