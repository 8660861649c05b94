/* How often each call was made, how often it failed, how long it took. */
#ifndef GUISE_TRACE_SUMMARY_H
#define GUISE_TRACE_SUMMARY_H

#include "trace/format.h"

struct summary_row {
	const char *name;
	uint64_t calls, errors, time; /* ns */
};

struct summary {
	struct summary_row *rows;
	size_t n, room;
};

/* 0 or -ENOMEM. */
int summary_add(struct summary *s, const struct trace_line *l);
/* The most time first. */
void summary_print(struct summary *s, FILE *out);
void summary_free(struct summary *s);

#endif
