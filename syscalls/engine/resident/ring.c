/* Records into the ring that a reader outside takes them from: syscalls/trace.h says how. */
#include "syscalls/engine/resident/resident.h"

#include <linux/futex.h>
#include <linux/mman.h>
#include <string.h>

static struct trace_ring *ring(void)
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
		position < __atomic_load_n(&ring()->tail, __ATOMIC_RELAXED));
}

/* NULL: then the reader must guess, should the thread die. */
static struct trace_pen *take_pen(struct resident *r, uint32_t size)
{
	uint32_t tid = (uint32_t)r->thread.host_tid;

	for (uint32_t i = 0; i < TRACE_PENS; i++) {
		struct trace_pen *pen = &ring()->pens[(tid + i) % TRACE_PENS];
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

static void give_back(struct resident *r, struct trace_pen *pen)
{
	if (!pen)
		return;
	__atomic_store_n(&pen->owner, 0, __ATOMIC_RELEASE);
	tell_no_more(r);
}

static void announce(struct trace_pen *pen, uint64_t position)
{
	if (pen)
		__atomic_store_n(&pen->position, position, __ATOMIC_RELEASE);
}

/* The record is complete: false if the reader had given it up before. */
static bool put_down(struct trace_pen *pen)
{
	if (pen)
		return __atomic_exchange_n(&pen->position, TRACE_NOWHERE, __ATOMIC_SEQ_CST) !=
		       TRACE_REVOKED;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return true;
}

/* ---- Room ------------------------------------------------------------------- */

/* Looked at again every 100 ms: the guest may have scribbled over what wakes us. */
static void wait_for_reader(uint64_t tail)
{
	struct trace_ring *t = ring();
	uint64_t timeout[2] = {0, 100000000};
	uint32_t turn = __atomic_load_n(&t->turn, __ATOMIC_SEQ_CST);

	__atomic_add_fetch(&t->waiting, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&t->tail, __ATOMIC_SEQ_CST) == tail)
		(void)LINUX(futex, &t->turn, FUTEX_WAIT, turn, timeout);
	__atomic_sub_fetch(&t->waiting, 1, __ATOMIC_SEQ_CST);
}

static void wake_reader(void)
{
	uint64_t one = 1;

	(void)LINUX(write, HIDDEN_BELL, &one, sizeof one); /* full: it rings already */
}

static void ring_bell(uint64_t head, bool at_once)
{
	struct trace_ring *t = ring();
	uint32_t asleep = __atomic_load_n(&t->asleep, __ATOMIC_SEQ_CST);

	if (asleep == TRACE_AWAKE ||
	    (asleep == TRACE_DOZES && !at_once &&
	     head - __atomic_load_n(&t->tail, __ATOMIC_RELAXED) < TRACE_ROOM / 4))
		return;
	if (__atomic_exchange_n(&t->asleep, TRACE_AWAKE, __ATOMIC_SEQ_CST) != TRACE_AWAKE)
		wake_reader();
}

/* False if the record is lost.  What is announced is seen before the room is gone: on this
 * processor the exchange orders both. */
static bool take_room(struct trace_pen *pen, uint32_t size, uint64_t *at)
{
	struct trace_ring *t = ring();
	uint64_t head = __atomic_load_n(&t->head, __ATOMIC_RELAXED);

	for (;;) {
		uint64_t tail = __atomic_load_n(&t->tail, __ATOMIC_ACQUIRE);

		if (head - tail > TRACE_ROOM - size) {
			announce(pen, TRACE_NOWHERE);
			if (space.settings.flags & SETTINGS_TRACE_LOSSY) {
				__atomic_add_fetch(&t->lost, 1, __ATOMIC_RELAXED);
				return false;
			}
			wake_reader();
			wait_for_reader(tail);
			head = __atomic_load_n(&t->head, __ATOMIC_RELAXED);
			continue;
		}
		announce(pen, head);
		if (__atomic_compare_exchange_n(&t->head, &head, head + size, true,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			break;
	}
	announce(pen, head | TRACE_TAKEN);
	*at = head;
	return true;
}

/* Until it is past the position; or head is before it, as only the guest can make it. */
static void await_reader(uint64_t position)
{
	struct trace_ring *t = ring();

	for (;;) {
		uint64_t tail = __atomic_load_n(&t->tail, __ATOMIC_SEQ_CST);

		if ((int64_t)(tail - position) >= 0 ||
		    (int64_t)(__atomic_load_n(&t->head, __ATOMIC_RELAXED) - position) < 0)
			return;
		wait_for_reader(tail);
	}
}

void ring_put(struct resident *r, struct trace_record *record, size_t captures)
{
	size_t n = sizeof *record + captures;
	struct trace_pen *pen;
	uint64_t at;

	record->size = (uint32_t)((n + TRACE_ALIGN - 1) & ~(TRACE_ALIGN - 1));
	pen = take_pen(r, record->size);
	do {
		char *to;

		if (!take_room(pen, record->size, &at)) {
			give_back(r, pen);
			return;
		}
		to = (char *)RESIDENT_TRACE + TRACE_HEAD + at % TRACE_ROOM;
		memcpy(to + sizeof record->word, (char *)record + sizeof record->word,
		       n - sizeof record->word);
		__atomic_store_n((uint64_t *)to, TRACE_MAGIC ^ at, __ATOMIC_RELEASE);
	} while (!put_down(pen));
	give_back(r, pen);
	ring_bell(at + record->size, record->flags & TRACE_WAITS);
	if (record->flags & TRACE_WAITS)
		await_reader(at + record->size);
}
