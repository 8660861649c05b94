/* Records of what programs do, as engines write them to a ring that a reader outside prints
 * (syscalls/trace.h).
 *
 * record.c puts them together, capture.c adds what arguments point to, ring.c copies them to the
 * ring in one go.  An engine calls the functions named trace_ where what they tell of happens, if
 * SETTINGS_TRACE is set, and has those named engine_ and pen_. */
#ifndef GUISE_RECORD_H
#define GUISE_RECORD_H

#include "syscalls/launch.h"
#include "syscalls/process.h"
#include "syscalls/trace.h"

/* A call under way, on its thread's stack. */
struct trace_entry {
	struct trace_record record;
	char captures[TRACE_LARGEST - sizeof(struct trace_record)];
	const struct call *call;
	size_t used; /* bytes of captures */
	uint8_t waits; /* TRACE_WAITS, until the reader has seen the stack */
	bool begun; /* its beginning is in the ring already */
};

/* record.c */
void trace_enter(struct trace_entry *e, struct call *c);
/* It may sleep now, or not come back: publishes what is known of it. */
void trace_begun(struct thread *t, unsigned flags);
/* result: CALL_AGAIN where the guest makes it anew, CALL_DONE where it has none. */
void trace_leave(struct call *c, long result);
void trace_signal(struct thread *t, const struct signal_info *info);
void trace_event(struct thread *t, enum trace_kind kind, long number);
void trace_program(struct thread *t, const char *path);
/* A signal ends the process and leaves a core file, that this asks for: returns when it is
 * written.  Of several threads that die at once the first one's counts. */
struct core_request;
void trace_core(struct thread *t, const struct core_request *q);

/* capture.c: what argument i points to, before and after the call. */
void capture_before(struct trace_entry *e, int i);
void capture_after(struct trace_entry *e, int i, uint64_t result);

/* ring.c: a record, which its captures follow; its size and word are filled in. */
void ring_put(struct thread *t, struct trace_record *record, size_t captures);

/* The engine's part. */
const struct settings *engine_settings(void);
struct trace_ring *engine_ring(void); /* mapped with its data twice */
void engine_ring_bell(void); /* wakes the reader */
void engine_ring_wait(uint32_t *turn, uint32_t seen, const uint64_t timeout[2]); /* a futex */
/* NULL: then the reader must guess, should the writer die. */
struct trace_pen *pen_take(struct thread *t, uint32_t size);
void pen_give_back(struct thread *t, struct trace_pen *pen);

#endif
