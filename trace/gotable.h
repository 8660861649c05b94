/* Go's own table of its functions: what a stack of Go's code is read by.
 *
 * Every Go program has one, stripped or not, since its collector walks stacks by it: for each
 * address the function, its file and line, and how far the stack has grown there.
 */
#ifndef GUISE_TRACE_GOTABLE_H
#define GUISE_TRACE_GOTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gotable {
	const uint8_t *data; /* the caller's */
	size_t size;
	uint64_t text; /* what entries are counted from */
	uint64_t n_functions;
	size_t names, units, files, values, functions; /* offsets within data */
	size_t flags; /* offset within a function's record */
};

struct gofunction {
	const char *name, *file; /* within the table; file may be NULL */
	uint64_t entry;
	int64_t line;
	int64_t frame; /* bytes between the stack pointer and the return address; -1: not known */
	bool is_first; /* nothing called it */
	bool moves_stack; /* it changes the stack pointer in its own way */
};

/* text: the address of .text, for tables that do not say.  False if it is none that is known. */
bool gotable_open(struct gotable *t, const void *data, size_t size, uint64_t text);
bool gotable_find(const struct gotable *t, uint64_t address, struct gofunction *out);

#endif
