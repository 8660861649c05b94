/* A new program's stack, filled from the top down before it has run a single instruction. */
#ifndef GUISE_STACK_H
#define GUISE_STACK_H

#include "syscalls/abi.h"

struct stack {
	struct call *c;
	uint64_t at, low;
	int error; /* the first one; from then on nothing is done */
};

/* n bytes: where they are. */
uint64_t stack_push(struct stack *s, const void *bytes, size_t n, uint64_t align);
/* Strings in order, the first one lowest: its address. */
uint64_t stack_push_strings(struct stack *s, char *const *v, uint32_t n);
/* At `at`, the vector of pointers to n strings that lie one behind the other from `string` on,
 * and NULL. */
void stack_put_vector(struct stack *s, uint64_t at, char *const *v, uint32_t n, uint64_t string);

#endif
