#include "trace/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls/process.h"
#include "syscalls/signal.h"

/* ---- What was kept ----------------------------------------------------------------- */

struct kept {
	uint32_t size; /* with the captures behind it */
	bool is_over;
	struct trace_record record;
};

void compare_keep(FILE *to, const struct trace_line *l, bool is_over)
{
	const struct kept k = {
		.size = (uint32_t)(sizeof k + l->n_captures),
		.is_over = is_over,
		.record = l->record,
	};

	fwrite(&k, sizeof k, 1, to); /* whoever reads it looks for an error */
	if (l->n_captures)
		fwrite(l->captures, 1, l->n_captures, to);
}

/* ---- Numbers in the order in which they are first seen -------------------------------- */

struct ids {
	struct id {
		uint64_t key;
		uint32_t number; /* 0: free */
	} * slots;
	size_t room, n;
	uint32_t last;
};

static struct id *find_slot(const struct ids *ids, uint64_t key)
{
	size_t i = key * 0x9e3779b97f4a7c15 >> 32;

	for (;; i++) {
		struct id *slot = &ids->slots[i & (ids->room - 1)];

		if (!slot->number || slot->key == key)
			return slot;
	}
}

static bool grow(struct ids *ids)
{
	struct ids more = {.room = ids->room ? 2 * ids->room : 64, .n = ids->n, .last = ids->last};

	more.slots = calloc(more.room, sizeof *more.slots);
	if (!more.slots)
		return false;
	for (size_t i = 0; i < ids->room; i++)
		if (ids->slots[i].number)
			*find_slot(&more, ids->slots[i].key) = ids->slots[i];
	free(ids->slots);
	*ids = more;
	return true;
}

/* anew: whatever it was before.  0: out of memory. */
static uint32_t number_of(struct ids *ids, uint64_t key, bool anew)
{
	struct id *slot;

	if (2 * (ids->n + 1) > ids->room && !grow(ids))
		return 0;
	slot = find_slot(ids, key);
	if (slot->number && !anew)
		return slot->number;
	ids->n += !slot->number;
	*slot = (struct id){key, ++ids->last};
	return slot->number;
}

static bool copy_ids(struct ids *to, const struct ids *from)
{
	*to = *from;
	to->slots = from->room ? malloc(from->room * sizeof *to->slots) : NULL;
	if (from->room && to->slots)
		memcpy(to->slots, from->slots, from->room * sizeof *to->slots);
	return !from->room || to->slots;
}

static void forget_ids(struct ids *ids)
{
	free(ids->slots);
	*ids = (struct ids){0};
}

/* ---- Runs -------------------------------------------------------------------------------- */

/* A thread's part of a run. */
struct thread_calls {
	uint32_t pid, tid;
	bool is_matched;
	size_t n, room;
	size_t *calls; /* offsets of struct kept */
};

struct one_run {
	const char *name;
	char *bytes;
	size_t n_bytes;
	struct thread_calls *threads; /* in the order they first did something */
	size_t n_threads;
	struct ids processes, files;
};

static const struct kept *kept_at(const struct one_run *r, size_t at)
{
	return (const struct kept *)(r->bytes + at);
}

static struct thread_calls *thread_of(struct one_run *r, const struct trace_record *t)
{
	struct thread_calls *list;

	for (size_t i = r->n_threads; i > 0; i--)
		if (r->threads[i - 1].pid == t->pid && r->threads[i - 1].tid == t->tid)
			return &r->threads[i - 1];
	list = realloc(r->threads, (r->n_threads + 1) * sizeof *list);
	if (!list)
		return NULL;
	r->threads = list;
	list[r->n_threads] = (struct thread_calls){.pid = t->pid, .tid = t->tid};
	return &list[r->n_threads++];
}

static int add_call(struct thread_calls *t, size_t at)
{
	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 32;
		size_t *calls = realloc(t->calls, room * sizeof *calls);

		if (!calls)
			return -ENOMEM;
		t->calls = calls;
		t->room = room;
	}
	t->calls[t->n++] = at;
	return 0;
}

static int read_bytes(struct one_run *r, FILE *in)
{
	long end;

	if (fflush(in) != 0 || ferror(in) || fseek(in, 0, SEEK_END) < 0)
		return -EIO;
	end = ftell(in);
	if (end < 0)
		return -EIO;
	rewind(in);
	r->n_bytes = (size_t)end;
	r->bytes = malloc(r->n_bytes + 1);
	if (!r->bytes)
		return -ENOMEM;
	return fread(r->bytes, 1, r->n_bytes, in) == r->n_bytes ? 0 : -EIO;
}

static int read_run(struct one_run *r, FILE *in)
{
	int e = read_bytes(r, in);

	for (size_t at = 0; e == 0 && at < r->n_bytes; at += kept_at(r, at)->size) {
		struct thread_calls *t = thread_of(r, &kept_at(r, at)->record);

		e = t ? add_call(t, at) : -ENOMEM;
	}
	return e;
}

static void free_run(struct one_run *r)
{
	for (size_t i = 0; i < r->n_threads; i++)
		free(r->threads[i].calls);
	free(r->threads);
	free(r->bytes);
	forget_ids(&r->processes);
	forget_ids(&r->files);
}

/* ---- Text ----------------------------------------------------------------------------------- */

/* A process and its counterpart, and what their pages were called. */
struct pair {
	uint32_t pid[2];
	struct ids pages[2];
};

struct stand_in {
	struct format_stand_in base; /* first */
	struct one_run *run;
	struct ids *pages;
};

#define FIRST_ADDRESS 4096
#define PAST_ADDRESSES (1UL << 47)

static bool write_address(struct stand_in *s, FILE *out, uint64_t v)
{
	if (v < FIRST_ADDRESS || v >= PAST_ADDRESSES)
		return false;
	fprintf(out, "page %" PRIu32 "+%#" PRIx64, number_of(s->pages, v / GUEST_PAGE, false),
		v % GUEST_PAGE);
	return true;
}

static bool write_process(struct stand_in *s, FILE *out, const struct type *t, uint64_t v)
{
	int64_t n = t->guest_size == 4 ? (int32_t)v : (int64_t)v;

	if (n >= -1 && n <= 1) /* 1: the sandbox's own */
		return false;
	fprintf(out, "%sprocess %" PRIu32, n < 0 ? "-" : "",
		number_of(&s->run->processes, (uint64_t)(n < 0 ? -n : n), false));
	return true;
}

static bool write_own(struct format_stand_in *base, FILE *out, const struct type *t, uint64_t v,
		      size_t n)
{
	struct stand_in *s = (struct stand_in *)base;

	if (t->kind == KIND_INT && t->like)
		t = t->like;
	/* Hexadecimal words: addresses with a few names besides, such as a handler's. */
	if (t->kind == KIND_POINTER || (t->look == LOOK_HEX && t->guest_size == sizeof v))
		return write_address(s, out, v);
	if (t->kind == KIND_STRUCT) /* of several lengths: they have inodes' numbers in them */
		return fprintf(out, "records") > 0;
	switch (t->look) {
	case LOOK_PROCESS:
		return write_process(s, out, t, v);
	case LOOK_FILE:
		fprintf(out, "file %" PRIu32, number_of(&s->run->files, v, false));
		return true;
	case LOOK_OWN:
		fputs("...", out);
		return true;
	}
	(void)n;
	return false;
}

static void write_event(FILE *out, const struct trace_line *l)
{
	const struct trace_capture *path = format_capture(l, 0);

	switch (l->record.kind) {
	case TRACE_SIGNAL:
	case TRACE_KILLED:
		fputs(l->record.kind == TRACE_SIGNAL ? "the handler of " : "killed by ", out);
		format_signal(out, l->personality, l->record.nr);
		break;
	case TRACE_EXIT:
		fprintf(out, "exited with %" PRId64, l->record.result);
		break;
	case TRACE_THREAD:
		fputs("thread begins", out);
		break;
	case TRACE_THREAD_EXIT:
		fputs("thread ends", out);
		break;
	case TRACE_PROGRAM:
		fprintf(out, "%s program ", l->personality ? l->personality->title : "unknown");
		if (path)
			format_bytes(out, path + 1, path->length, false);
	}
}

static bool is_call(const struct kept *k)
{
	return k->record.kind == TRACE_CALL || k->record.kind == TRACE_ENTER ||
	       k->record.kind == TRACE_LEAVE;
}

static struct trace_line line_of(const struct kept *k)
{
	struct trace_line l = {
		.record = k->record,
		.captures = (const char *)(k + 1),
		.n_captures = k->size - sizeof *k,
	};

	for_each_personality(p)
		if (strncmp(p->name, k->record.system, sizeof k->record.system) == 0)
			l.personality = p;
	return l;
}

/* To be freed; s may be NULL, then as the trace has it.  NULL: out of memory. */
static char *text_of(const struct kept *k, struct stand_in *s)
{
	struct trace_line l = line_of(k);
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return NULL;
	l.stand_in = s ? &s->base : NULL;
	if (is_call(k))
		format_call(out, &l);
	else
		write_event(out, &l);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* ---- Threads side by side -------------------------------------------------------------------- */

struct matcher {
	struct one_run run[2];
	struct pair *pairs;
	size_t n_pairs;
	struct comparison *result;
	/* The difference that came first, by the first run's order. */
	struct {
		size_t order, number;
		uint32_t pid;
		const struct kept *call[2]; /* NULL: it had ended */
		char *text[2];
	} first;
	int error;
};

#define FAULTS (1UL << SIGSEGV | 1UL << SIGBUS | 1UL << SIGFPE | 1UL << SIGILL | 1UL << SIGTRAP)

/* From another process, or from Linux for another reason than what the thread just did. */
static bool comes_from_elsewhere(const struct kept *k)
{
	const struct trace_line l = line_of(k);
	const struct signal *s = l.personality ? signal_by_guest(l.personality, (int)k->record.nr)
					       : NULL;

	if (k->record.kind != TRACE_SIGNAL || (s && s->host < 64 && FAULTS >> s->host & 1))
		return false;
	return k->record.a[0] != k->record.pid;
}

static bool is_end(const struct kept *k)
{
	return k->record.kind == TRACE_EXIT || k->record.kind == TRACE_THREAD_EXIT ||
	       k->record.kind == TRACE_KILLED;
}

/* A place in a thread's calls. */
struct place {
	const struct one_run *run;
	const struct thread_calls *thread;
	size_t next;
	unsigned depth; /* of handlers that are left out */
	size_t left_out;
};

/* The next that counts, or NULL. */
static const struct kept *next_call(struct place *p)
{
	while (p->next < p->thread->n) {
		const struct kept *k = kept_at(p->run, p->thread->calls[p->next++]);
		bool returns = is_call(k) && k->record.flags & TRACE_NO_RESULT;

		if (comes_from_elsewhere(k) || (p->depth && k->record.kind == TRACE_SIGNAL))
			p->depth++;
		else if (p->depth && is_end(k))
			p->depth = 0;
		else if (p->depth && returns) {
			p->depth--;
			p->left_out++;
			continue;
		}
		if (!p->depth && k->is_over && !(k->record.flags & TRACE_RESTARTS))
			return k;
		p->left_out += is_call(k);
	}
	return NULL;
}

static bool has_process(const struct one_run *r, uint32_t pid)
{
	for (size_t i = 0; i < r->n_threads; i++)
		if (r->threads[i].pid == pid && !r->threads[i].is_matched)
			return true;
	return false;
}

static bool is_paired(const struct matcher *m, const uint32_t pid[2])
{
	for (size_t i = 0; i < m->n_pairs; i++)
		if (m->pairs[i].pid[0] == pid[0] || m->pairs[i].pid[1] == pid[1])
			return true;
	return false;
}

/* from: whose memory they have a copy of, or NULL. */
static void add_pair(struct matcher *m, const uint32_t pid[2], size_t from)
{
	struct pair *list;

	if (is_paired(m, pid) || !has_process(&m->run[0], pid[0]) ||
	    !has_process(&m->run[1], pid[1]))
		return;
	list = realloc(m->pairs, (m->n_pairs + 1) * sizeof *list);
	if (!list) {
		m->error = -ENOMEM;
		return;
	}
	m->pairs = list;
	list[m->n_pairs] = (struct pair){.pid = {pid[0], pid[1]}};
	for (int i = 0; i < 2 && from < m->n_pairs; i++)
		if (!copy_ids(&list[m->n_pairs].pages[i], &list[from].pages[i]))
			m->error = -ENOMEM;
	m->n_pairs++;
}

/* What a result says to both: a child, memory that was just given. */
static void take_results(struct matcher *m, size_t pair, const struct kept *const k[2])
{
	const struct trace_line l = line_of(k[0]);
	const struct row *row = is_call(k[0]) ? format_row(&l) : NULL;
	const int64_t r[2] = {k[0]->record.result, k[1]->record.result};

	for (int i = 0; i < 2 && k[0]->record.kind == TRACE_PROGRAM; i++)
		forget_ids(&m->pairs[pair].pages[i]);
	if (!row || r[0] <= 0 || r[1] <= 0)
		return;
	if (row->result->look == LOOK_PROCESS)
		add_pair(m, (const uint32_t[]){(uint32_t)r[0], (uint32_t)r[1]}, pair);
	for (int i = 0; i < 2 && row->result->kind == KIND_POINTER; i++)
		(void)number_of(&m->pairs[pair].pages[i], (uint64_t)r[i] / GUEST_PAGE, true);
}

static void note_difference(struct matcher *m, const struct kept *const k[2], char *const text[2],
			    size_t order, size_t number, uint32_t pid)
{
	if (m->result->differs && order >= m->first.order)
		return;
	m->result->differs = true;
	m->first.order = order;
	m->first.number = number;
	m->first.pid = pid;
	for (int i = 0; i < 2; i++) {
		m->first.call[i] = k[i];
		free(m->first.text[i]);
		m->first.text[i] = text[i] ? strdup(text[i]) : NULL;
	}
}

/* True if they go on alike. */
static bool compare_calls(struct matcher *m, size_t pair, const struct kept *const k[2],
			  size_t order, size_t number)
{
	char *text[2];
	bool alike;

	for (int i = 0; i < 2; i++) {
		struct stand_in s = {{write_own}, &m->run[i], &m->pairs[pair].pages[i]};

		text[i] = text_of(k[i], &s);
		if (!text[i])
			m->error = -ENOMEM;
	}
	alike = !m->error && strcmp(text[0], text[1]) == 0;
	if (alike)
		take_results(m, pair, k);
	else if (!m->error)
		note_difference(m, k, text, order, number, m->pairs[pair].pid[0]);
	free(text[0]);
	free(text[1]);
	return alike;
}

/* Of one that ended by itself all is there. */
static bool has_ended(const struct place *p)
{
	const struct thread_calls *t = p->thread;

	return t->n && is_end(kept_at(p->run, t->calls[t->n - 1]));
}

static void compare_threads(struct matcher *m, size_t pair, struct thread_calls *const t[2])
{
	struct place at[2] = {{.run = &m->run[0], .thread = t[0]},
			      {.run = &m->run[1], .thread = t[1]}};
	size_t number = 0, order = t[0]->calls[0];

	for (;; number++) {
		const struct kept *k[2] = {next_call(&at[0]), next_call(&at[1])};

		if (k[0])
			order = (size_t)((const char *)k[0] - m->run[0].bytes);
		if (k[0] && k[1] && compare_calls(m, pair, k, order, number + 1))
			continue;
		if (!k[0] != !k[1] && has_ended(&at[!!k[0]])) /* of the one that has no more */
			note_difference(m, k, (char *[2]){NULL, NULL}, order, number + 1,
					m->pairs[pair].pid[0]);
		break;
	}
	m->result->calls += number;
	m->result->threads++;
	m->result->left_out += at[0].left_out;
}

/* The next of the process's threads that has no counterpart yet. */
static struct thread_calls *next_thread(struct one_run *r, uint32_t pid)
{
	for (size_t i = 0; i < r->n_threads; i++)
		if (r->threads[i].pid == pid && !r->threads[i].is_matched) {
			r->threads[i].is_matched = true;
			return &r->threads[i];
		}
	return NULL;
}

static void compare_pair(struct matcher *m, size_t pair)
{
	struct thread_calls *t[2];

	do {
		for (int i = 0; i < 2; i++)
			t[i] = next_thread(&m->run[i], m->pairs[pair].pid[i]);
		if (t[0] && t[1])
			compare_threads(m, pair, t);
	} while (t[0] && t[1] && !m->error);
	for (int i = 0; i < 2; i++)
		if (t[i])
			t[i]->is_matched = false;
}

/* Threads and processes that only one of the two has. */
static void look_for_others(struct matcher *m)
{
	for (int i = 0; i < 2; i++)
		for (size_t n = 0; n < m->run[i].n_threads; n++) {
			const struct thread_calls *t = &m->run[i].threads[n];
			const struct kept *k[2] = {NULL, NULL};

			if (t->is_matched)
				continue;
			k[i] = kept_at(&m->run[i], t->calls[0]);
			note_difference(m, k, (char *[2]){NULL, NULL},
					i ? SIZE_MAX - 1 : t->calls[0], 1, t->pid);
		}
}

/* ---- Words ------------------------------------------------------------------------------------ */

static void tell_side(FILE *tell, const struct matcher *m, int i, bool by_relation)
{
	const struct kept *k = m->first.call[i];
	char *text = k && !by_relation ? text_of(k, NULL) : NULL;

	fprintf(tell, "guise:   %-9s %s\n", m->run[i].name,
		!k	      ? "(nothing)"
		: by_relation ? m->first.text[i]
		: text	      ? text
			      : "(no memory to say it)");
	free(text);
}

/* As the trace has them; and where that is the same, as they were compared. */
static void tell_difference(FILE *tell, const struct matcher *m)
{
	char *text[2] = {NULL, NULL};
	bool same;

	for (int i = 0; i < 2; i++)
		text[i] = m->first.call[i] ? text_of(m->first.call[i], NULL) : NULL;
	same = text[0] && text[1] && strcmp(text[0], text[1]) == 0;
	fprintf(tell, "guise: --check: process %" PRIu32 " differs at its call %zu:\n",
		m->first.pid, m->first.number);
	for (int i = 0; i < 2; i++) {
		tell_side(tell, m, i, same && m->first.text[0] && m->first.text[1]);
		free(text[i]);
	}
}

static void free_matcher(struct matcher *m)
{
	for (size_t i = 0; i < m->n_pairs; i++)
		for (int k = 0; k < 2; k++)
			forget_ids(&m->pairs[i].pages[k]);
	free(m->pairs);
	for (int i = 0; i < 2; i++) {
		free(m->first.text[i]);
		free_run(&m->run[i]);
	}
}

int compare_runs(FILE *const runs[2], const char *const names[2], FILE *tell,
		 struct comparison *out)
{
	struct matcher m = {.result = out};

	*out = (struct comparison){0};
	for (int i = 0; i < 2; i++) {
		m.run[i].name = names[i];
		m.error = m.error ? m.error : read_run(&m.run[i], runs[i]);
	}
	if (!m.error && m.run[0].n_threads && m.run[1].n_threads)
		add_pair(&m, (const uint32_t[]){m.run[0].threads[0].pid, m.run[1].threads[0].pid},
			 SIZE_MAX);
	for (size_t i = 0; i < m.n_pairs && !m.error; i++)
		compare_pair(&m, i);
	if (!m.error)
		look_for_others(&m);
	if (!m.error && out->differs && tell)
		tell_difference(tell, &m);
	free_matcher(&m);
	return m.error;
}
