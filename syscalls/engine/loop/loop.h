/* The loop engine's own face, for tests: a thread that makes guest calls one by one. */
#ifndef GUISE_LOOP_H
#define GUISE_LOOP_H

#include "syscalls/personality.h"
#include "syscalls/process.h"

struct loop_thread {
	struct thread thread;
	uint64_t base[2];
	struct signal_info raised; /* the last signal a translator raised */
	char scratch[SCRATCH_SIZE] __attribute__((aligned(16)));
};

void loop_begin(struct loop_thread *t, struct process *p, const struct personality *personality);

/* One guest call: the result, or negative Linux errno. */
long loop_call(struct loop_thread *t, uint32_t nr, const uint64_t *args, size_t n);

#endif
