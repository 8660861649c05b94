#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/summary.h"

/* Names are the rows' own, so that comparing their addresses is enough. */
static struct summary_row *find(struct summary *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i].name == name)
			return &s->rows[i];
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		struct summary_row *rows = realloc(s->rows, room * sizeof *rows);

		if (!rows)
			return NULL;
		s->rows = rows;
		s->room = room;
	}
	s->rows[s->n] = (struct summary_row){.name = name};
	return &s->rows[s->n++];
}

int summary_add(struct summary *s, const struct trace_line *l)
{
	const struct row *row = format_row(l);
	struct summary_row *r = find(s, row ? row->name : "(no such call)");

	if (!r)
		return -ENOMEM;
	r->calls++;
	r->time += l->record.spent;
	if (is_error(l->record.result) && !(l->record.flags & (TRACE_RESTARTS | TRACE_NO_RESULT)))
		r->errors++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct summary_row *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? 1 : -1;
	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void print_row(FILE *out, const struct summary_row *r, uint64_t all)
{
	fprintf(out, "%6.2f %11.6f %11" PRIu64 " %9" PRIu64 " ",
		all ? 100.0 * (double)r->time / (double)all : 0.0, (double)r->time / 1e9,
		r->calls ? r->time / 1000 / r->calls : 0, r->calls);
	if (r->errors)
		fprintf(out, "%9" PRIu64, r->errors);
	else
		fprintf(out, "%9s", "");
	fprintf(out, " %s\n", r->name);
}

void summary_print(struct summary *s, FILE *out)
{
	static const char *const line =
		"------ ----------- ----------- --------- --------- ----------------\n";
	struct summary_row all = {.name = "total"};

	qsort(s->rows, s->n, sizeof *s->rows, compare);
	for (size_t i = 0; i < s->n; i++) {
		all.calls += s->rows[i].calls;
		all.errors += s->rows[i].errors;
		all.time += s->rows[i].time;
	}
	fprintf(out, "%6s %11s %11s %9s %9s %s\n%s", "% time", "seconds", "usecs/call", "calls",
		"errors", "call", line);
	for (size_t i = 0; i < s->n; i++)
		print_row(out, &s->rows[i], all.time);
	fputs(line, out);
	print_row(out, &all, all.time);
}

void summary_free(struct summary *s)
{
	free(s->rows);
	*s = (struct summary){0};
}
