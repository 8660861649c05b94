/* The thread's vector registers: saved to, and loaded from, the guest's signal frames.
 *
 * The translator uses none, so between two guest instructions the processor holds the
 * guest's.  Their size and components are learned from the first frame Linux builds
 * (signal.c), which costs nothing, rather than from the processor, which a hypervisor makes
 * costly to ask. */
#include "syscalls/engine.h"
#include "syscalls/engine/resident/resident.h"

#include <string.h>

#define XSAVE_LEGACY 512
#define XSAVE_HEADER 64
#define MXCSR_AT 24
#define MXCSR_INITIAL 0x1f80u
#define MXCSR_MASK 0xffffu

size_t engine_vector_size(void)
{
	return space.vector_size;
}

uint64_t engine_vector_mask(void)
{
	return space.vector_mask;
}

/* Of a part that the processor has and Linux's frames have not, there is nothing to say. */
int engine_save_vectors(struct thread *t, uint64_t legacy, uint64_t rest, size_t rest_size)
{
	struct resident *r = of_thread(t);
	uint32_t low = (uint32_t)space.vector_mask, high = (uint32_t)(space.vector_mask >> 32);
	int e = 0;

	if (rest_size > sizeof r->vectors - XSAVE_LEGACY)
		return -EINVAL;
	memset(r->vectors, 0, space.vector_size);
	if (rest_size > space.vector_size - XSAVE_LEGACY)
		memset(r->vectors + space.vector_size, 0,
		       rest_size - (space.vector_size - XSAVE_LEGACY));
	__asm__ volatile("xsave64 (%0)" : : "r"(r->vectors), "a"(low), "d"(high) : "memory");
	if (legacy)
		e = thread_put(t, legacy, r->vectors, XSAVE_LEGACY);
	return e < 0 ? e : thread_put(t, rest, r->vectors + XSAVE_LEGACY, rest_size);
}

/* A header the processor accepts whatever the guest wrote: no compaction, no unknown
 * component. */
static void clean_header(char *area, bool has_rest)
{
	uint64_t header[XSAVE_HEADER / 8] = {0};

	if (has_rest)
		memcpy(header, area + XSAVE_LEGACY, sizeof header[0]);
	else
		header[0] = 3; /* x87 and SSE are in the legacy part */
	header[0] &= space.vector_mask;
	memset(header + 1, 0, sizeof header - sizeof header[0]);
	memcpy(area + XSAVE_LEGACY, header, sizeof header);
}

int engine_load_vectors(struct thread *t, uint64_t legacy, uint64_t rest, size_t rest_size)
{
	struct resident *r = of_thread(t);
	uint32_t mxcsr;
	int e;

	if (rest_size > sizeof r->vectors - XSAVE_LEGACY || (rest && rest_size < XSAVE_HEADER))
		return -EINVAL;
	if (rest_size > space.vector_size - XSAVE_LEGACY)
		rest_size = space.vector_size - XSAVE_LEGACY; /* engine_save_vectors */
	memset(r->vectors, 0, space.vector_size);
	e = thread_get(t, r->vectors, legacy, XSAVE_LEGACY);
	if (e == 0 && rest)
		e = thread_get(t, r->vectors + XSAVE_LEGACY, rest, rest_size);
	if (e < 0)
		return e;
	memcpy(&mxcsr, r->vectors + MXCSR_AT, sizeof mxcsr);
	if (mxcsr & ~MXCSR_MASK)
		return -EINVAL;
	clean_header(r->vectors, rest != 0);
	return vectors_load(r->vectors, space.vector_mask) < 0 ? -EINVAL : 0;
}

void engine_reset_vectors(struct thread *t)
{
	struct resident *r = of_thread(t);
	uint32_t mxcsr = MXCSR_INITIAL;

	memset(r->vectors, 0, XSAVE_LEGACY + XSAVE_HEADER);
	memcpy(r->vectors + MXCSR_AT, &mxcsr, sizeof mxcsr);
	(void)vectors_load(r->vectors, space.vector_mask); /* our own area: valid */
}
