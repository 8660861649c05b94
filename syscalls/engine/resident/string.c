/* The few library functions that compilers call by themselves and translators use.  `rep` is
 * what the processors this runs on are quickest at without vector registers, but for short
 * pieces, where it takes longer to begin than a loop takes to end. */
#include <stdint.h>
#include <string.h>

#define SHORT 256

/* Not to be made a call of the function it is in. */
#define KEEP_LOOP __asm__ volatile("" : : : "memory")

typedef uint64_t __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	char *d = to;
	const char *s = from;

	if (n > SHORT) {
		__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
		return to;
	}
	for (; n >= 8; n -= 8, d += 8, s += 8) {
		*(word *)d = *(const word *)s;
		KEEP_LOOP;
	}
	for (; n; n--) {
		*d++ = *s++;
		KEEP_LOOP;
	}
	return to;
}

void *memset(void *to, int value, size_t n)
{
	uint64_t all = (unsigned char)value * 0x0101010101010101;
	char *d = to;

	if (n > SHORT) {
		__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(value) : "memory");
		return to;
	}
	for (; n >= 8; n -= 8, d += 8) {
		*(word *)d = all;
		KEEP_LOOP;
	}
	for (; n; n--) {
		*d++ = (char)value;
		KEEP_LOOP;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *d = to;
	const char *s = from;

	if (d <= s || d >= s + n)
		return memcpy(to, from, n);
	while (n--) {
		d[n] = s[n];
		KEEP_LOOP;
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (size_t i = 0; i < n; i++)
		if (p[i] == (unsigned char)c)
			return (void *)(p + i);
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		KEEP_LOOP;
	}
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	while (n && *a && *a == *b)
		a++, b++, n--;
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
	}
}
