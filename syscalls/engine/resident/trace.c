/* A bare trace, one line a call, for finding out what a program did last.  The line is
 * made where the call is made, so it is in order and costs a write each. */
#include "syscalls/engine/resident/resident.h"
#include "syscalls/personality.h"

#include <string.h>

struct line {
	char text[256];
	size_t n;
};

static void add(struct line *l, const char *s)
{
	size_t n = strlen(s);

	if (n > sizeof l->text - l->n)
		n = sizeof l->text - l->n;
	memcpy(l->text + l->n, s, n);
	l->n += n;
}

static void add_number(struct line *l, uint64_t v, unsigned base)
{
	char digits[24];
	size_t i = sizeof digits;

	digits[--i] = 0;
	do
		digits[--i] = "0123456789abcdef"[v % base];
	while (v /= base);
	if (base == 16)
		add(l, "0x");
	add(l, digits + i);
}

static void flush(struct line *l)
{
	add(l, "\n");
	(void)LINUX(write, HIDDEN_TRACE, l->text, l->n); /* a trace nobody reads is no failure */
}

static void add_result(struct line *l, const struct call *c, long result)
{
	add(l, " = ");
	if (result == CALL_DONE)
		add(l, "?");
	else if (is_error(result)) {
		add(l, "-1 errno ");
		add_number(l, c->personality->errnos[-result], 10);
	} else {
		add_number(l, (uint64_t)result, result < 100000 ? 10 : 16);
	}
}

void trace_call(const struct call *c, long result)
{
	struct line l = {.n = 0};

	add_number(&l, (uint64_t)c->thread->host_tid, 10);
	add(&l, " ");
	if (c->row)
		add(&l, c->row->name);
	else
		add_number(&l, c->nr, 10);
	add(&l, "(");
	for (int i = 0; i < MAX_ARGS && c->row && c->row->args[i].pass; i++) {
		add(&l, i ? ", " : "");
		add_number(&l, c->a[i], c->a[i] < 4096 ? 10 : 16);
	}
	add(&l, ")");
	add_result(&l, c, result);
	flush(&l);
}

void trace_signal(const struct resident *r, const struct signal_info *info)
{
	struct line l = {.n = 0};

	add_number(&l, (uint64_t)r->thread.host_tid, 10);
	add(&l, " signal ");
	add_number(&l, (uint64_t)info->number, 10);
	add(&l, " at ");
	add_number(&l, r->thread.regs.rip, 16);
	flush(&l);
}
