/* The resident's own voice: one line on standard error, in one write. */
#include "syscalls/engine/resident/resident.h"

#include <stdarg.h>
#include <string.h>

struct line {
	char text[512];
	size_t n;
};

static void add(struct line *l, const char *s, size_t n)
{
	if (n > sizeof l->text - 1 - l->n)
		n = sizeof l->text - 1 - l->n;
	memcpy(l->text + l->n, s, n);
	l->n += n;
}

static void add_number(struct line *l, uint64_t v, unsigned base)
{
	char digits[24];
	size_t i = sizeof digits;

	do
		digits[--i] = "0123456789abcdef"[v % base];
	while (v /= base);
	add(l, digits + i, sizeof digits - i);
}

static void add_signed(struct line *l, int64_t v)
{
	if (v < 0)
		add(l, "-", 1);
	add_number(l, v < 0 ? -(uint64_t)v : (uint64_t)v, 10);
}

/* %s, %d (int), %l (long), %x (unsigned long) */
static void format(struct line *l, const char *text, va_list args)
{
	for (; *text; text++) {
		const char *s;

		if (*text != '%') {
			add(l, text, 1);
			continue;
		}
		switch (*++text) {
		case 's':
			s = va_arg(args, const char *);
			add(l, s, strlen(s));
			break;
		case 'd':
			add_signed(l, va_arg(args, int));
			break;
		case 'l':
			add_signed(l, va_arg(args, long));
			break;
		case 'x':
			add(l, "0x", 2);
			add_number(l, va_arg(args, unsigned long), 16);
			break;
		}
	}
	add(l, "\n", 1);
}

static void say(const char *text, va_list args)
{
	struct line l = {.n = 0};

	add(&l, "guise: ", 7);
	format(&l, text, args);
	(void)LINUX(write, 2, l.text, l.n); /* nowhere left to complain */
}

void message(const char *text, ...)
{
	va_list args;

	va_start(args, text);
	say(text, args);
	va_end(args);
}

void die(int status, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	say(text, args);
	va_end(args);
	(void)LINUX(exit_group, status);
	__builtin_trap();
}
