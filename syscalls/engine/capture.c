/* What the arguments of a traced call point to, copied by the types of the row: on the way in
 * what the call reads, on the way out what it wrote.
 *
 * The guest may change its memory, and the lengths in it, between the translator's look and
 * this one: what is copied is what was there at this moment, of a bounded size.
 */
#include "syscalls/engine/record.h"

#include "syscalls/engine.h"
#include "syscalls/personality.h"

#include <string.h>

#define PIECE 128UL /* a page is a multiple of it */
#define LONGEST_ARRAY 32 /* objects */
#define LARGEST_OBJECT 4096
#define LONGEST_ADDRESS 254

/* What an argument points to, or a field of the structure there does. */
struct place {
	const struct type *type;
	uint64_t at;
	uint64_t count; /* objects or bytes, by what counts them */
	unsigned pass; /* enum pass */
	uint8_t argument, field; /* as in struct trace_capture */
};

/* ---- One capture ------------------------------------------------------------------- */

/* Room for up to n bytes in the next capture: how many. */
static size_t open_capture(struct trace_entry *e, const struct place *p, unsigned flags, size_t n,
			   struct trace_capture **out)
{
	size_t left = sizeof e->captures - e->used;

	if (left < sizeof **out + 8)
		return 0;
	*out = (struct trace_capture *)(e->captures + e->used);
	**out = (struct trace_capture){.argument = p->argument,
				       .field = p->field,
				       .flags = (uint8_t)flags};
	left -= sizeof **out;
	if (n <= left)
		return n;
	(*out)->flags |= CAPTURE_CUT;
	return left & ~7UL;
}

/* Zeroes up to the next multiple of 8: that. */
static size_t pad(char *bytes, size_t n)
{
	size_t whole = (n + 7) & ~7UL;

	memset(bytes + n, 0, whole - n);
	return whole;
}

static void close_capture(struct trace_entry *e, struct trace_capture *t, size_t n)
{
	t->length = (uint32_t)n;
	e->used += sizeof *t + pad((char *)(t + 1), n);
}

static void capture(struct trace_entry *e, const struct place *p, unsigned flags, uint64_t n)
{
	struct trace_capture *t = NULL;
	size_t room = open_capture(e, p, flags, n, &t);

	if (!t)
		return;
	if (thread_get(e->call->thread, t + 1, p->at, room) < 0) {
		t->flags |= CAPTURE_FAULT;
		room = 0;
	}
	close_capture(e, t, room);
}

/* A name, to its NUL: read piece by piece, since the page behind it may not be there.  Its
 * length, and flags. */
static size_t copy_name(const struct trace_entry *e, char *to, uint64_t at, size_t room,
			unsigned *flags)
{
	size_t got = 0;

	*flags = CAPTURE_CUT;
	while (got < room) {
		size_t n = PIECE - (at + got) % PIECE;
		const char *nul;

		if (n > room - got)
			n = room - got;
		if (thread_get(e->call->thread, to + got, at + got, n) < 0) {
			*flags = CAPTURE_FAULT;
			break;
		}
		nul = memchr(to + got, 0, n);
		if (nul) {
			*flags = 0;
			return (size_t)(nul - to);
		}
		got += n;
	}
	return got;
}

static void capture_name(struct trace_entry *e, const struct place *p)
{
	struct trace_capture *t = NULL;
	size_t room = open_capture(e, p, 0, TRACE_PATH, &t), n;
	unsigned flags;

	if (!t)
		return;
	n = copy_name(e, (char *)(t + 1), p->at, room, &flags);
	t->flags = (uint8_t)flags;
	close_capture(e, t, n);
}

static void capture_bytes(struct trace_entry *e, const struct place *p, unsigned flags, uint64_t n)
{
	uint64_t shown = engine_settings()->trace_string;

	capture(e, p, n > shown ? flags | CAPTURE_CUT : flags, n > shown ? shown : n);
}

#define WORD_BITS 64

static void capture_array(struct trace_entry *e, const struct place *p, unsigned flags,
			  uint64_t count)
{
	const struct type *t = p->type;

	if (t->look == LOOK_BITS)
		count = (count + WORD_BITS - 1) / WORD_BITS;
	if (count > LONGEST_ARRAY) {
		count = LONGEST_ARRAY;
		flags |= CAPTURE_CUT;
	}
	if (t->guest_size && t->guest_size <= LARGEST_OBJECT)
		capture(e, p, flags, count * t->guest_size);
}

static void capture_object(struct trace_entry *e, const struct place *p, unsigned flags)
{
	uint64_t n = p->count;

	if (p->type->look != LOOK_ADDRESS)
		capture_array(e, p, flags, 1);
	else if ((int32_t)n > 0)
		capture(e, p, flags, n > LONGEST_ADDRESS ? LONGEST_ADDRESS : n);
}

/* ---- Lists of places -------------------------------------------------------------------- */

/* A list as one capture: pieces are added to it until there is no more room. */
struct list {
	struct trace_capture *capture;
	size_t used, room;
};

static bool open_list(struct trace_entry *e, const struct place *p, struct list *l)
{
	*l = (struct list){0};
	l->room = open_capture(e, p, 0, sizeof e->captures, &l->capture);
	if (l->capture)
		l->capture->flags = 0;
	return l->capture;
}

/* The head of the next piece, with room for at most *n bytes behind it; or NULL. */
static struct trace_piece *next_piece(struct list *l, size_t *n)
{
	struct trace_piece *head = (struct trace_piece *)((char *)(l->capture + 1) + l->used);

	if (l->room - l->used < sizeof *head + 8) {
		l->capture->flags |= CAPTURE_CUT;
		return NULL;
	}
	*head = (struct trace_piece){0};
	if (*n > l->room - l->used - sizeof *head)
		*n = (l->room - l->used - sizeof *head) & ~7UL;
	return head;
}

static void end_piece(struct list *l, struct trace_piece *head, size_t n)
{
	head->length = (uint32_t)n;
	l->used += sizeof *head + pad((char *)(head + 1), n);
}

/* Strings are cut like what is read and written. */
static void capture_strings(struct trace_entry *e, const struct place *p)
{
	struct list l;

	if (!open_list(e, p, &l))
		return;
	for (size_t i = 0;; i++) {
		size_t n = engine_settings()->trace_string;
		struct trace_piece *head;
		uint64_t at;
		unsigned flags;

		if (thread_get(e->call->thread, &at, p->at + 8 * i, sizeof at) < 0) {
			l.capture->flags |= i ? CAPTURE_CUT : CAPTURE_FAULT;
			break;
		}
		if (!at)
			break;
		head = i < LONGEST_ARRAY ? next_piece(&l, &n) : NULL;
		if (!head) {
			l.capture->flags |= CAPTURE_CUT;
			break;
		}
		head->address = at;
		n = copy_name(e, (char *)(head + 1), at, n, &flags);
		head->flags = flags;
		end_piece(&l, head, n);
	}
	close_capture(e, l.capture, l.used);
}

/* Of all the vectors' bytes the first `most` mean something. */
static void capture_vectors(struct trace_entry *e, const struct place *p, unsigned flags,
			    uint64_t most)
{
	struct list l;

	if (!open_list(e, p, &l))
		return;
	l.capture->flags |= (uint8_t)flags;
	for (size_t i = 0; i < p->count; i++) {
		size_t n = engine_settings()->trace_string;
		uint64_t vector[2]; /* address, length: the same on every system of 64 bits */
		struct trace_piece *head = i < LONGEST_ARRAY ? next_piece(&l, &n) : NULL;

		if (!head || thread_get(e->call->thread, vector, p->at + sizeof vector * i,
					sizeof vector) < 0) {
			l.capture->flags |= i ? CAPTURE_CUT : CAPTURE_FAULT;
			break;
		}
		*head = (struct trace_piece){.address = vector[0], .whole = vector[1]};
		n = n > vector[1] ? vector[1] : n;
		n = n > most ? most : n;
		most -= most < vector[1] ? most : vector[1];
		if (thread_get(e->call->thread, head + 1, vector[0], n) < 0) {
			head->flags = CAPTURE_FAULT;
			n = 0;
		}
		end_piece(&l, head, n);
	}
	close_capture(e, l.capture, l.used);
}

/* ---- By the way it is passed ------------------------------------------------------------- */

static void see_before(struct trace_entry *e, const struct place *p)
{
	switch (p->pass) {
	case PASS_PATH:
		capture_name(e, p);
		break;
	case PASS_IN:
	case PASS_INOUT:
		capture_object(e, p, 0);
		break;
	case PASS_IN_BYTES:
		capture_bytes(e, p, 0, p->count);
		break;
	case PASS_IN_ARRAY:
	case PASS_INOUT_ARRAY:
		capture_array(e, p, 0, (uint32_t)p->count);
		break;
	case PASS_IN_STRINGS:
		capture_strings(e, p);
		break;
	case PASS_IN_VECTORS:
		capture_vectors(e, p, 0, UINT64_MAX);
		break;
	}
}

static void see_after(struct trace_entry *e, const struct place *p, uint64_t result)
{
	switch (p->pass) {
	case PASS_OUT:
	case PASS_INOUT:
		capture_object(e, p, CAPTURE_AFTER);
		break;
	case PASS_OUT_BYTES:
		capture_bytes(e, p, CAPTURE_AFTER, result);
		break;
	case PASS_OUT_ARRAY:
		capture_array(e, p, CAPTURE_AFTER, result);
		break;
	case PASS_INOUT_ARRAY:
	case PASS_OUT_SOME:
		capture_array(e, p, CAPTURE_AFTER, (uint32_t)p->count);
		break;
	case PASS_OUT_NAME:
		capture_name(e, p);
		break;
	case PASS_OUT_SIZED:
		capture_bytes(e, p, CAPTURE_AFTER, p->count);
		break;
	case PASS_OUT_VECTORS:
		capture_vectors(e, p, CAPTURE_AFTER, result);
		break;
	}
}

/* A structure that the call fills in names where else it wrote. */
static unsigned written(unsigned pass)
{
	switch (pass) {
	case PASS_IN:
		return PASS_OUT;
	case PASS_IN_BYTES:
		return PASS_OUT_SIZED;
	case PASS_IN_VECTORS:
		return PASS_OUT_VECTORS;
	default:
		return pass;
	}
}

static uint64_t field_value(const struct field *f, const char *object)
{
	uint64_t v = 0;

	memcpy(&v, object + f->guest,
	       f->type->guest_size < sizeof v ? f->type->guest_size : sizeof v);
	return v;
}

/* The addresses within the structure captured last. */
static void follow(struct trace_entry *e, const struct place *p, size_t at, bool after,
		   uint64_t result)
{
	const struct type *t = p->type;
	const struct trace_capture *c = (const struct trace_capture *)(e->captures + at);
	const char *object = (const char *)(c + 1);

	if (t->kind != KIND_STRUCT || e->used == at || c->length < t->guest_size)
		return;
	for (unsigned i = 0; i < t->count; i++) {
		const struct field *f = &t->fields[i];
		struct place inner = {.type = f->points,
				      .pass = after ? written(f->pass) : f->pass,
				      .argument = p->argument,
				      .field = (uint8_t)(i + 1)};

		if (!f->pass)
			continue;
		inner.at = field_value(f, object);
		inner.count = field_value(&t->fields[f->length], object);
		if (inner.at && after)
			see_after(e, &inner, result);
		else if (inner.at)
			see_before(e, &inner);
	}
}

/* What counts an argument: another one, what that points to, or the row itself. */
static uint64_t count_of(const struct call *c, int i, bool after)
{
	const struct arg *a = &c->row->args[i];
	bool is_address = a->type->look == LOOK_ADDRESS;
	int by = is_address ? i + 1 : a->length;
	const struct type *t = c->row->args[by].type;
	uint64_t n = 0;

	if (PASS_HOW(a->pass) == PASS_OUT_SOME)
		return a->length;
	if (PASS_HOW(a->pass) != PASS_OUT_SIZED && !(is_address && after))
		return c->a[by];
	if (thread_get(c->thread, &n, c->a[by],
		       is_address || t->guest_size == sizeof(uint32_t) ? 4 : 8) < 0)
		return 0;
	return n;
}

static bool place_of(const struct trace_entry *e, int i, bool after, struct place *p)
{
	const struct call *c = e->call;
	const struct arg *a = &c->row->args[i];

	if (PASS_HOW(a->pass) <= PASS_VALUE || !c->a[i])
		return false;
	*p = (struct place){.type = a->type,
			    .at = c->a[i],
			    .pass = PASS_HOW(a->pass),
			    .argument = (uint8_t)i};
	p->count = count_of(c, i, after);
	return true;
}

void capture_before(struct trace_entry *e, int i)
{
	size_t at = e->used;
	struct place p;

	if (!place_of(e, i, false, &p))
		return;
	see_before(e, &p);
	if (p.pass == PASS_IN)
		follow(e, &p, at, false, 0);
}

void capture_after(struct trace_entry *e, int i, uint64_t result)
{
	size_t at = e->used;
	struct place p;

	if (!place_of(e, i, true, &p))
		return;
	see_after(e, &p, result);
	if (p.pass == PASS_OUT || p.pass == PASS_INOUT)
		follow(e, &p, at, true, result);
}
