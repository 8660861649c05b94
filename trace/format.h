/* Calls and values as text, by the types of their rows. */
#ifndef GUISE_TRACE_FORMAT_H
#define GUISE_TRACE_FORMAT_H

#include <stdio.h>

#include "syscalls/personality.h"
#include "syscalls/trace.h"

/* Writes values that each run of a program has of its own, so that two runs can be compared: true
 * if it did.  n: the bytes there are of it; 0: it is an address. */
struct format_stand_in {
	bool (*write)(struct format_stand_in *s, FILE *out, const struct type *t, uint64_t v,
		      size_t n);
};

/* A whole call: what one record says of it, or two put together. */
struct trace_line {
	const struct personality *personality; /* NULL: of no system known here */
	struct trace_record record;
	const char *captures;
	size_t n_captures; /* bytes */
	struct format_stand_in *stand_in; /* or NULL */
};

/* name(argument, ...), then = result; each is written as the guest's system names it. */
void format_begin(FILE *out, const struct trace_line *l);
void format_end(FILE *out, const struct trace_line *l);
/* The arguments a call reads, for one whose end is not known. */
void format_call(FILE *out, const struct trace_line *l);

void format_number(FILE *out, uint64_t value, unsigned base);
void format_value(FILE *out, const struct personality *p, const struct type *t, uint64_t value);
/* The guest's bytes of an object; `n` may be less than its size. */
void format_object(FILE *out, const struct personality *p, const struct type *t, const void *bytes,
		   size_t n);
/* "..." with what is not printable escaped. */
void format_bytes(FILE *out, const void *bytes, size_t n, bool cut);
void format_signal(FILE *out, const struct personality *p, uint32_t number);

/* The row's name, or NULL. */
const struct row *format_row(const struct trace_line *l);

/* A capture of the line, or NULL.  Nothing about the bytes is taken for granted. */
const struct trace_capture *format_capture(const struct trace_line *l, int argument);

#endif
