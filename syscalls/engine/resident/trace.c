/* Records of what the program does, to a ring that a reader outside prints (trace.h).
 *
 * What arguments point to is copied here, by the types of the row: on the way in what the
 * call reads, on the way out what it wrote.  A record is put together on the thread's own
 * stack and copied to the ring in one go (ring.c).  No lock is held, and a signal may come at
 * any point.
 */
#include "syscalls/engine/resident/resident.h"
#include "syscalls/personality.h"

#include <string.h>

#define CLOCK_MONOTONIC 1
#define PIECE 128UL /* a page is a multiple of it */
#define LONGEST_ARRAY 32 /* objects */
#define LARGEST_OBJECT 4096
#define LONGEST_ADDRESS 254

static uint64_t now(void)
{
	uint64_t t[2] = {0};

	if (!(space.settings.flags & SETTINGS_TRACE_TIMES))
		return 0;
	(void)LINUX(clock_gettime, CLOCK_MONOTONIC, t); /* our own words: cannot fail */
	return t[0] * 1000000000 + t[1];
}

static void describe(const struct resident *r, struct trace_record *t, enum trace_kind kind)
{
	const struct personality *p = r->thread.process->personality;

	memset(t, 0, sizeof *t);
	t->kind = (uint8_t)kind;
	for (size_t i = 0; p && i < sizeof t->system && p->name[i]; i++)
		t->system[i] = p->name[i];
	t->pid = (uint32_t)r->thread.process->pid;
	t->tid = (uint32_t)r->thread.host_tid;
	t->begun = now();
}

/* ---- What arguments point to --------------------------------------------------- */

/* Room for up to n bytes in the next capture: how many. */
static size_t open_capture(struct trace_entry *e, int i, unsigned flags, size_t n,
			   struct trace_capture **out)
{
	size_t left = sizeof e->captures - e->used;

	if (left < sizeof **out + 8)
		return 0;
	*out = (struct trace_capture *)(e->captures + e->used);
	**out = (struct trace_capture){.argument = (uint8_t)i, .flags = (uint8_t)flags};
	left -= sizeof **out;
	if (n <= left)
		return n;
	(*out)->flags |= CAPTURE_CUT;
	return left & ~7UL;
}

static void close_capture(struct trace_entry *e, struct trace_capture *t, size_t n)
{
	size_t whole = (n + 7) & ~7UL;

	memset((char *)(t + 1) + n, 0, whole - n);
	t->length = (uint32_t)n;
	e->used += sizeof *t + whole;
}

static void capture(struct trace_entry *e, int i, unsigned flags, uint64_t at, uint64_t n)
{
	struct trace_capture *t = NULL;
	size_t room = open_capture(e, i, flags, n, &t);

	if (!t)
		return;
	if (copy_guarded(t + 1, (const void *)at, room) < 0) {
		t->flags |= CAPTURE_FAULT;
		room = 0;
	}
	close_capture(e, t, room);
}

/* A name, to its NUL: read piece by piece, since the page behind it may not be there. */
static void capture_path(struct trace_entry *e, int i, uint64_t at)
{
	struct trace_capture *t = NULL;
	size_t room = open_capture(e, i, CAPTURE_CUT, TRACE_PATH, &t), got = 0;
	char *to = (char *)(t + 1);

	if (!t)
		return;
	while (got < room) {
		size_t n = PIECE - (at + got) % PIECE;
		const char *nul;

		if (n > room - got)
			n = room - got;
		if (copy_guarded(to + got, (const void *)(at + got), n) < 0) {
			t->flags = CAPTURE_FAULT;
			break;
		}
		nul = memchr(to + got, 0, n);
		if (nul) {
			got = (size_t)(nul - to);
			t->flags = 0;
			break;
		}
		got += n;
	}
	close_capture(e, t, got);
}

static void capture_bytes(struct trace_entry *e, int i, unsigned flags, uint64_t at, uint64_t n)
{
	uint64_t shown = space.settings.trace_string;

	capture(e, i, n > shown ? flags | CAPTURE_CUT : flags, at, n > shown ? shown : n);
}

static void capture_array(struct trace_entry *e, int i, unsigned flags, uint64_t count)
{
	const struct type *t = e->call->row->args[i].type;

	if (count > LONGEST_ARRAY) {
		count = LONGEST_ARRAY;
		flags |= CAPTURE_CUT;
	}
	if (t->guest_size && t->guest_size <= LARGEST_OBJECT)
		capture(e, i, flags, e->call->a[i], count * t->guest_size);
}

/* How long an address is stands in the next argument, or where that points. */
static void capture_address(struct trace_entry *e, int i, unsigned flags)
{
	const struct call *c = e->call;
	uint32_t n = (uint32_t)c->a[i + 1];

	if (flags & CAPTURE_AFTER && copy_guarded(&n, (const void *)c->a[i + 1], sizeof n) < 0)
		return;
	if ((int32_t)n > 0)
		capture(e, i, flags, c->a[i], n > LONGEST_ADDRESS ? LONGEST_ADDRESS : n);
}

static void capture_before(struct trace_entry *e, int i)
{
	const struct call *c = e->call;
	const struct arg *a = &c->row->args[i];

	switch (a->pass) {
	case PASS_PATH:
		capture_path(e, i, c->a[i]);
		break;
	case PASS_IN:
	case PASS_INOUT:
		if (a->type->look == LOOK_ADDRESS)
			capture_address(e, i, 0);
		else
			capture_array(e, i, 0, 1);
		break;
	case PASS_IN_BYTES:
		capture_bytes(e, i, 0, c->a[i], c->a[a->length]);
		break;
	case PASS_IN_ARRAY:
		capture_array(e, i, 0, (uint32_t)c->a[a->length]);
		break;
	}
}

static void capture_after(struct trace_entry *e, int i, uint64_t result)
{
	const struct call *c = e->call;
	const struct arg *a = &c->row->args[i];

	switch (a->pass) {
	case PASS_OUT:
	case PASS_INOUT:
		if (a->type->look == LOOK_ADDRESS)
			capture_address(e, i, CAPTURE_AFTER);
		else
			capture_array(e, i, CAPTURE_AFTER, 1);
		break;
	case PASS_OUT_BYTES:
		capture_bytes(e, i, CAPTURE_AFTER, c->a[i], result);
		break;
	case PASS_OUT_ARRAY:
		capture_array(e, i, CAPTURE_AFTER, result);
		break;
	}
}

static bool is_captured(const struct call *c, int i)
{
	return c->row && c->row->args[i].pass > PASS_VALUE && c->a[i];
}

/* ---- Calls --------------------------------------------------------------------- */

void trace_enter(struct resident *r, struct trace_entry *e, struct call *c)
{
	describe(r, &e->record, TRACE_CALL);
	e->record.nr = c->nr;
	memcpy(e->record.a, c->a, sizeof e->record.a);
	e->call = c;
	e->used = 0;
	e->begun = false;
	if (!(space.settings.flags & SETTINGS_TRACE_BARE)) {
		c->row = find_row(c->personality, c->nr);
		for (int i = 0; i < MAX_ARGS; i++)
			if (is_captured(c, i))
				capture_before(e, i);
	}
	r->entry = e;
}

void trace_begun(struct resident *r, unsigned flags)
{
	struct trace_entry *e = r->entry;

	if (!e || e->begun)
		return;
	e->record.kind = flags & TRACE_NO_RESULT ? TRACE_CALL : TRACE_ENTER;
	e->record.flags = (uint8_t)flags;
	ring_put(r, &e->record, e->used);
	e->begun = true;
	e->used = 0;
	e->record.kind = TRACE_LEAVE;
	if (flags & TRACE_NO_RESULT)
		r->entry = NULL;
}

void trace_leave(struct resident *r, struct call *c, long result, unsigned flags)
{
	struct trace_entry *e = r->entry;

	if (!e)
		return;
	r->entry = NULL;
	e->record.flags = (uint8_t)flags;
	e->record.result = result;
	if (e->record.begun)
		e->record.spent = now() - e->record.begun;
	for (int i = 0; i < MAX_ARGS && !is_error(result); i++)
		if (is_captured(c, i) && !(space.settings.flags & SETTINGS_TRACE_BARE))
			capture_after(e, i, (uint64_t)result);
	ring_put(r, &e->record, e->used);
}

/* ---- What else happens ----------------------------------------------------------- */

void trace_signal(struct resident *r, const struct signal_info *info)
{
	struct trace_record t;

	describe(r, &t, TRACE_SIGNAL);
	t.nr = (uint32_t)info->number;
	t.result = info->code;
	t.a[0] = (uint64_t)info->pid;
	t.a[1] = info->uid;
	t.a[2] = info->address;
	t.a[3] = info->value;
	ring_put(r, &t, 0);
}

void trace_event(struct resident *r, enum trace_kind kind, long number)
{
	struct trace_record t;

	trace_begun(r, kind == TRACE_EXIT || kind == TRACE_THREAD_EXIT ? TRACE_NO_RESULT : 0);
	describe(r, &t, kind);
	t.nr = (uint32_t)number;
	t.result = number;
	ring_put(r, &t, 0);
}

void trace_program(struct resident *r, const char *path)
{
	struct {
		struct trace_record record;
		struct trace_capture capture;
		char path[TRACE_PATH];
	} t;
	size_t n = strlen(path);

	describe(r, &t.record, TRACE_PROGRAM);
	n = n < sizeof t.path ? n : sizeof t.path;
	t.capture = (struct trace_capture){.length = (uint32_t)n};
	memset(t.path + n / 8 * 8, 0, n < sizeof t.path ? 8 : 0);
	memcpy(t.path, path, n);
	ring_put(r, &t.record, sizeof t.capture + ((n + 7) & ~7UL));
}
