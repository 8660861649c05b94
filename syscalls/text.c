#include "syscalls/text.h"

#include <string.h>

void text_cut(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	if (n >= size)
		n = size - 1;
	memset(to, 0, size);
	memcpy(to, from, n);
}

void text_add(struct text *t, const char *more)
{
	for (; *more && t->n < t->size; more++)
		t->to[t->n++] = *more;
}

void text_number(struct text *t, int64_t number)
{
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char digits[24], *at = digits + sizeof digits - 1;

	*at = 0;
	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (number < 0)
		*--at = '-';
	text_add(t, at);
}

void text_wait_status(struct text *t, uint32_t status, uint32_t continued,
		      const char *const *signals, size_t n)
{
	enum { STOPPED = 0x7f, DUMPED = 0x80 };
	uint32_t low = status & 0x7f, high = status >> 8 & 0xff;
	uint32_t number = low == STOPPED ? high : low;

	if (status == continued) {
		text_add(t, "{continued}");
		return;
	}
	text_add(t, low == STOPPED ? "{stopped by " : low ? "{killed by " : "{exited with ");
	if (low && number < n && signals[number])
		text_add(t, signals[number]);
	else
		text_number(t, low ? number : high);
	text_add(t, low && low != STOPPED && status & DUMPED ? ", core dumped}" : "}");
}
