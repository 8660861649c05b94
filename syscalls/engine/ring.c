/* Records into the ring that a reader outside takes them from: syscalls/trace.h says how. */
#include "syscalls/engine/record.h"

#include <asm/errno.h>
#include <string.h>

/* ---- Pens ------------------------------------------------------------------ */

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
	struct trace_ring *t = engine_ring();
	const uint64_t timeout[2] = {0, 100000000};
	uint32_t turn = __atomic_load_n(&t->turn, __ATOMIC_SEQ_CST);

	__atomic_add_fetch(&t->waiting, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&t->tail, __ATOMIC_SEQ_CST) == tail)
		engine_ring_wait(&t->turn, turn, timeout);
	__atomic_sub_fetch(&t->waiting, 1, __ATOMIC_SEQ_CST);
}

static void ring_bell(uint64_t head, bool at_once)
{
	struct trace_ring *t = engine_ring();
	uint32_t asleep = __atomic_load_n(&t->asleep, __ATOMIC_SEQ_CST);

	if (asleep == TRACE_AWAKE ||
	    (asleep == TRACE_DOZES && !at_once &&
	     head - __atomic_load_n(&t->tail, __ATOMIC_RELAXED) < TRACE_ROOM / 4))
		return;
	if (__atomic_exchange_n(&t->asleep, TRACE_AWAKE, __ATOMIC_SEQ_CST) != TRACE_AWAKE)
		engine_ring_bell();
}

/* False if the record is lost.  What is announced is seen before the room is gone: on this
 * processor the exchange orders both. */
static bool take_room(struct trace_pen *pen, uint32_t size, uint64_t *at)
{
	struct trace_ring *t = engine_ring();
	uint64_t head = __atomic_load_n(&t->head, __ATOMIC_RELAXED);

	for (;;) {
		uint64_t tail = __atomic_load_n(&t->tail, __ATOMIC_ACQUIRE);

		if (head - tail > TRACE_ROOM - size) {
			announce(pen, TRACE_NOWHERE);
			if (engine_settings()->flags & SETTINGS_TRACE_LOSSY) {
				__atomic_add_fetch(&t->lost, 1, __ATOMIC_RELAXED);
				return false;
			}
			engine_ring_bell();
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
	struct trace_ring *t = engine_ring();

	for (;;) {
		uint64_t tail = __atomic_load_n(&t->tail, __ATOMIC_SEQ_CST);

		if ((int64_t)(tail - position) >= 0 ||
		    (int64_t)(__atomic_load_n(&t->head, __ATOMIC_RELAXED) - position) < 0)
			return;
		wait_for_reader(tail);
	}
}

void ring_put(struct thread *t, struct trace_record *record, size_t captures)
{
	size_t n = sizeof *record + captures;
	struct trace_pen *pen;
	uint64_t at;

	record->size = (uint32_t)((n + TRACE_ALIGN - 1) & ~(TRACE_ALIGN - 1));
	pen = pen_take(t, record->size);
	do {
		char *to;

		if (!take_room(pen, record->size, &at)) {
			pen_give_back(t, pen);
			return;
		}
		to = (char *)engine_ring() + TRACE_HEAD + at % TRACE_ROOM;
		memcpy(to + sizeof record->word, (char *)record + sizeof record->word,
		       n - sizeof record->word);
		__atomic_store_n((uint64_t *)to, TRACE_MAGIC ^ at, __ATOMIC_RELEASE);
	} while (!put_down(pen));
	pen_give_back(t, pen);
	ring_bell(at + record->size, record->flags & TRACE_WAITS);
	if (record->flags & TRACE_WAITS)
		await_reader(at + record->size);
}
