/* Reads the ring of trace records (syscalls/trace.h) and prints them, one line a call. */
#ifndef GUISE_TRACE_READER_H
#define GUISE_TRACE_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "trace/format.h"
#include "trace/stack.h"
#include "trace/summary.h"

struct cores; /* core.h */

#define READER_NAMES 256

struct reader_options {
	FILE *out; /* NULL: nothing is traced, there are only core files */
	const char *names[READER_NAMES]; /* calls to show; none: all */
	size_t n_names;
	bool all_but; /* all but those */
	bool summary; /* instead of lines */
	bool clock, since_last, spent; /* -t, -r, -T */
	bool stacks; /* -k */
	FILE *keep; /* instead: records for a comparison (compare.h); NULL: none */
	struct cores *cores; /* NULL: none are written */
};

struct begun; /* calls whose end is to come */
#define READER_BUCKETS 1024
#define READER_BEGUN (64UL << 20) /* bytes of them: more than a sandbox has */

struct reader {
	struct reader_options options;
	struct trace_ring *ring; /* mapped with its data twice */
	int bell;
	uint64_t tail; /* ours: the ring's own may be overwritten */
	uint64_t hole_since; /* ns; 0: there is none */
	int idle; /* rounds without a record */
	uint64_t last; /* when the last line's call began */
	uint64_t lost; /* records, as far as they were noticed */
	int64_t to_clock; /* CLOCK_REALTIME - CLOCK_MONOTONIC, ns */
	struct summary counts;
	struct stacks *stacks; /* if they are wanted */
	char *stack; /* of the record being taken; or NULL */
	struct begun *buckets[READER_BUCKETS];
	size_t begun_bytes;
	_Alignas(8) char record[TRACE_LARGEST]; /* a copy: the original may change any time */
};

/* A ring and its bell: descriptors, for the reader to own; 0 or -errno. */
int reader_open(struct reader *r, const struct reader_options *o, int *ring, int *bell);
/* struct box_trace's drain. */
int reader_drain(void *reader, bool over);
/* Prints what is left to be said. */
void reader_close(struct reader *r);

/* One record, whoever wrote it: `size` bytes at r->record.  For reader_drain and fuzzing. */
void reader_take(struct reader *r, size_t size);

#endif
