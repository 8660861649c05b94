/* Text put together piece by piece, in a place of bounded size: what does not fit is cut. */
#ifndef GUISE_TEXT_H
#define GUISE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	char *to; /* not NUL-terminated */
	size_t size, n;
};

/* All of to[size]: what fits of a string, NUL bytes after it, one at least. */
void text_cut(char *to, size_t size, const char *from);

void text_add(struct text *t, const char *more);
void text_number(struct text *t, int64_t number);

/* A wait status as all systems lay it out but for the one that says "continued"; signals by
 * their number. */
void text_wait_status(struct text *t, uint32_t status, uint32_t continued,
		      const char *const *signals, size_t n);

#endif
