/* From one frame of a stack to the one that called it. */
#ifndef GUISE_TRACE_UNWIND_H
#define GUISE_TRACE_UNWIND_H

#include "syscalls/abi.h"
#include "trace/object.h"
#include "trace/view.h"

struct unwinder;

/* What of the registers lives on from frame to frame. */
struct frame {
	uint64_t ip, sp, bp, bx, r12, r13, r14, r15;
	bool is_exact; /* ip is the next instruction, not behind a call */
};

/* Where the code of a frame is from. */
struct origin {
	const struct object *object; /* NULL: no file, or none that can be read */
	uint64_t bias; /* addresses are the file's own plus this */
	struct gofunction go; /* name NULL: not one of Go's */
};

/* NULL: out of memory. */
struct unwinder *unwinder_new(void);
void unwinder_free(struct unwinder *u);

/* Before a stack is read: what was read before may have changed. */
void unwinder_begin(struct unwinder *u, const struct view *v);
/* False at the end, and where nothing says how to go on. */
bool unwinder_step(struct unwinder *u, const struct origin *from, struct frame *f);

static inline uint64_t frame_code(const struct frame *f)
{
	return f->is_exact ? f->ip : f->ip - 1;
}

#endif
