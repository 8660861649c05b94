#include "syscalls/stack.h"

#include <string.h>

uint64_t stack_push(struct stack *s, const void *bytes, size_t n, uint64_t align)
{
	if (s->error)
		return 0;
	if (s->at - s->low < n + align) {
		s->error = -E2BIG;
		return 0;
	}
	s->at = (s->at - n) & ~(align - 1);
	s->error = put_guest(s->c, s->at, bytes, n);
	return s->at;
}

uint64_t stack_push_strings(struct stack *s, char *const *v, uint32_t n)
{
	for (uint32_t i = n; i-- > 0;)
		stack_push(s, v[i], strlen(v[i]) + 1, 1);
	return s->at;
}

void stack_put_vector(struct stack *s, uint64_t at, char *const *v, uint32_t n, uint64_t string)
{
	uint64_t null = 0;

	for (uint32_t i = 0; i < n && !s->error; i++) {
		s->error = put_guest(s->c, at + 8UL * i, &string, 8);
		string += strlen(v[i]) + 1;
	}
	if (!s->error)
		s->error = put_guest(s->c, at + 8UL * n, &null, 8);
}
