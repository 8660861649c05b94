/* Calls and values as text.  One walk over the types that the translators use too; what is
 * written comes from the guest, so every length is looked at before it is used. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "syscalls/process.h"
#include "syscalls/socket.h"
#include "trace/format.h"

#define DEEPEST 8 /* structures in structures */

/* ---- Numbers: printf would take most of the time ---------------------------------- */

void format_number(FILE *out, uint64_t v, unsigned base)
{
	char digits[24];
	size_t i = sizeof digits;

	do
		digits[--i] = "0123456789abcdef"[v % base];
	while (v /= base);
	fwrite_unlocked(digits + i, 1, sizeof digits - i, out);
}

static void format_signed(FILE *out, int64_t v)
{
	if (v < 0)
		putc_unlocked('-', out);
	format_number(out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10);
}

static void format_hex(FILE *out, uint64_t v)
{
	if (v)
		fputs_unlocked("0x", out);
	format_number(out, v, 16);
}

/* ---- Bytes ------------------------------------------------------------------- */

static void put_escaped(FILE *out, unsigned char c, bool digit_follows)
{
	static const char letters[] = "abtnvfr"; /* 7 to 13 */

	if (c == '"' || c == '\\')
		fprintf(out, "\\%c", c);
	else if (c >= ' ' && c < 0x7f)
		putc_unlocked(c, out);
	else if (c >= 7 && c <= 13)
		fprintf(out, "\\%c", letters[c - 7]);
	else
		fprintf(out, digit_follows ? "\\%03o" : "\\%o", c);
}

void format_bytes(FILE *out, const void *bytes, size_t n, bool cut)
{
	const unsigned char *b = bytes;

	putc_unlocked('"', out);
	for (size_t i = 0; i < n; i++)
		put_escaped(out, b[i], i + 1 < n && b[i + 1] >= '0' && b[i + 1] <= '7');
	fputs_unlocked(cut ? "\"..." : "\"", out);
}

/* ---- Values -------------------------------------------------------------------- */

static uint64_t mask_of(const struct type *t)
{
	return t->guest_size >= 8 || !t->guest_size ? UINT64_MAX : (1UL << (8 * t->guest_size)) - 1;
}

static int64_t extend(const struct type *t, uint64_t v)
{
	unsigned shift = t->guest_size && t->guest_size < 8 ? 64 - 8U * t->guest_size : 0;

	return (int64_t)(v << shift) >> shift;
}

static void format_int(FILE *out, const struct type *t, uint64_t v)
{
	v &= mask_of(t);
	if (t->look == LOOK_OCTAL)
		fprintf(out, "%#" PRIo64, v);
	else if (t->look == LOOK_HEX)
		format_hex(out, v);
	else if (t->is_signed)
		format_signed(out, extend(t, v));
	else
		format_number(out, v, 10);
}

static void format_pointer(FILE *out, uint64_t v)
{
	if (v)
		format_hex(out, v);
	else
		fputs_unlocked("NULL", out);
}

/* An enumeration: its one value; true if it has a name. */
static bool format_whole(FILE *out, const struct type *t, uint64_t v)
{
	for (unsigned i = 0; i < t->count; i++) {
		const struct name *n = &t->names[i];

		if (n->mask == ALL_BITS && (n->guest & mask_of(t)) == v) {
			fputs_unlocked(n->text, out);
			return true;
		}
	}
	return false;
}

static void format_names(FILE *out, const struct type *t, uint64_t v)
{
	uint64_t left = v &= mask_of(t);
	const char *between = "";

	if (format_whole(out, t, v))
		return;
	for (unsigned i = 0; i < t->count; i++) {
		const struct name *n = &t->names[i];
		uint64_t mask = n->mask & mask_of(t);

		if (n->mask == ALL_BITS || (v & mask) != (n->guest & mask_of(t)) ||
		    (left & mask) != (v & mask) || (n->kind != NAME_PART && !n->guest))
			continue;
		fputs_unlocked(between, out);
		fputs_unlocked(n->text, out);
		between = "|";
		left &= ~mask;
	}
	if (!left && *between)
		return;
	fputs_unlocked(t->look == LOOK_HEX ? between : "", out);
	if (t->look == LOOK_HEX)
		format_hex(out, left);
	else if (t->count && t->names[0].mask == ALL_BITS)
		fprintf(out, "%" PRId64, extend(t, left));
	else
		fprintf(out, left ? "%s%#" PRIx64 : "%s%" PRIu64, between, left);
}

#define AT_FDCWD_GUEST (-100) /* on every system */

static void format_descriptor(FILE *out, const struct type *t, uint64_t v)
{
	if (t == &type_atfd && (int32_t)v == AT_FDCWD_GUEST)
		fputs_unlocked("AT_FDCWD", out);
	else
		format_signed(out, (int32_t)v);
}

static void format_small(FILE *out, uint64_t v)
{
	if (v < 10)
		format_number(out, v, 10);
	else
		format_hex(out, v);
}

void format_value(FILE *out, const struct personality *p, const struct type *t, uint64_t v)
{
	if (t->like)
		t = t->like;
	switch (t->kind) {
	case KIND_INT:
		format_int(out, t, v);
		break;
	case KIND_FD:
		format_descriptor(out, t, v);
		break;
	case KIND_NAMES:
		format_names(out, t, v);
		break;
	case KIND_POINTER:
		if (t->count) /* what it is depends on another argument */
			format_small(out, v);
		else
			format_pointer(out, v);
		break;
	default:
		format_small(out, v & mask_of(t));
	}
}

void format_signal(FILE *out, const struct personality *p, uint32_t number)
{
	for (uint32_t i = 0; p && i < p->n_signals; i++) {
		if (p->signals[i].guest == number) {
			fputs_unlocked(p->signals[i].name, out);
			return;
		}
	}
	fprintf(out, "signal %" PRIu32, number);
}

/* ---- Objects --------------------------------------------------------------------- */

static uint64_t load(const void *bytes, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, bytes, n < sizeof v ? n : sizeof v);
	return v;
}

static void format_signals(FILE *out, const struct personality *p, const unsigned char *b, size_t n)
{
	const char *between = "";

	putc_unlocked('[', out);
	for (uint32_t s = 1; s <= 8 * n && s <= MAX_SIGNAL; s++) {
		if (!(b[(s - 1) / 8] >> ((s - 1) % 8) & 1))
			continue;
		fputs_unlocked(between, out);
		format_signal(out, p, s);
		between = " ";
	}
	putc_unlocked(']', out);
}

static void format_host_address(FILE *out, const struct address *a)
{
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} s = {0};
	char text[INET6_ADDRSTRLEN];
	size_t n = a->length < sizeof s ? a->length : sizeof s;

	memcpy(&s, a->bytes, n);
	switch (s.in.sin_family) {
	case AF_INET:
		fprintf(out, "{AF_INET, %s:%u}",
			inet_ntop(AF_INET, &s.in.sin_addr, text, sizeof text),
			ntohs(s.in.sin_port));
		return;
	case AF_INET6:
		fprintf(out, "{AF_INET6, [%s]:%u}",
			inet_ntop(AF_INET6, &s.in6.sin6_addr, text, sizeof text),
			ntohs(s.in6.sin6_port));
		return;
	case AF_UNIX:
		fputs_unlocked("{AF_UNIX, ", out);
		n = n > 2 ? n - 2 : 0;
		format_bytes(out, s.un.sun_path, strnlen(s.un.sun_path, n), false);
		putc_unlocked('}', out);
		return;
	}
	fprintf(out, "{family %u}", s.in.sin_family);
}

/* Read as the translators read it: by the type's own hook. */
static void format_address(FILE *out, const struct personality *p, const struct type *t,
			   const void *bytes, size_t n)
{
	struct address guest = {0}, host = {0};
	struct call c = {.personality = p};

	guest.length = (uint32_t)(n < sizeof guest.bytes - 1 ? n : sizeof guest.bytes - 1);
	memcpy(guest.bytes, bytes, guest.length);
	if (t->custom.to_host && t->custom.to_host(&c, &guest, &host) == 0)
		format_host_address(out, &host);
	else
		format_bytes(out, bytes, n, false);
}

/* Of one argument of a line, whose fields may have captures of their own; or of no line. */
struct printer {
	FILE *out;
	const struct personality *personality;
	const struct trace_line *line; /* or NULL */
	int argument;
};

static bool stands_in(const struct printer *p, const struct type *t, uint64_t v, size_t n)
{
	struct format_stand_in *s = p->line ? p->line->stand_in : NULL;

	return s && s->write(s, p->out, t, v, n);
}

static void format_place(const struct printer *p, uint64_t address)
{
	if (!stands_in(p, &type_ptr, address, 0))
		format_pointer(p->out, address);
}

static void format_deep(const struct printer *p, const struct type *t, const unsigned char *b,
			size_t n, int depth);
static void format_pointed(const struct printer *p, const struct type *t, unsigned pass,
			   const struct trace_capture *c);
static const struct trace_capture *find_capture(const struct trace_line *l, int argument,
						unsigned field);

/* An address that was followed. */
static bool format_followed(const struct printer *p, const struct field *f, unsigned number)
{
	const struct trace_capture *c = p->line && f->pass
						? find_capture(p->line, p->argument, number)
						: NULL;

	if (!c || c->flags & CAPTURE_FAULT)
		return false;
	format_pointed(p, f->points, f->pass, c);
	return true;
}

static void format_fields(const struct printer *p, const struct type *t, const unsigned char *b,
			  size_t n, int depth)
{
	FILE *out = p->out;

	putc_unlocked('{', out);
	for (unsigned i = 0; i < t->count; i++) {
		const struct field *f = &t->fields[i];

		if (f->guest >= n || n - f->guest < f->type->guest_size) {
			fputs_unlocked(i ? ", ..." : "...", out);
			break;
		}
		fputs_unlocked(i ? ", " : "", out);
		fputs_unlocked(f->name, out);
		putc_unlocked('=', out);
		if (depth || !format_followed(p, f, i + 1))
			format_deep(p, f->type, b + f->guest, f->type->guest_size, depth + 1);
	}
	putc_unlocked('}', out);
}

/* The text that only the system knows; false if it has none. */
static bool format_told(FILE *out, const struct type *t, const void *bytes, size_t n)
{
	char text[512];
	size_t length = t->tell ? t->tell(text, sizeof text, bytes, n) : 0;

	fwrite_unlocked(text, 1, length < sizeof text ? length : sizeof text, out);
	return length;
}

static void format_deep(const struct printer *p, const struct type *t, const unsigned char *b,
			size_t n, int depth)
{
	if (depth > DEEPEST)
		fputs_unlocked("...", p->out);
	else if (t->kind != KIND_STRUCT && stands_in(p, t, load(b, n), n))
		return;
	else if (format_told(p->out, t, b, n))
		return;
	else if (t->look == LOOK_TEXT)
		format_bytes(p->out, b, strnlen((const char *)b, n), false);
	else if (t->look == LOOK_SIGNALS)
		format_signals(p->out, p->personality, b, n);
	else if (t->look == LOOK_ADDRESS)
		format_address(p->out, p->personality, t, b, n);
	else if (t->kind == KIND_STRUCT)
		format_fields(p, t, b, n, depth);
	else if (t->kind == KIND_CUSTOM && t->like && t->like->kind == KIND_STRUCT)
		format_fields(p, t->like, b, n, depth);
	else if (t->kind == KIND_CUSTOM && t->guest_size > 8)
		format_bytes(p->out, b, n, false);
	else
		format_value(p->out, p->personality, t, load(b, n));
}

void format_object(FILE *out, const struct personality *p, const struct type *t, const void *bytes,
		   size_t n)
{
	const struct printer printer = {out, p, NULL, 0};

	format_deep(&printer, t, bytes, n, 0);
}

/* ---- Arguments --------------------------------------------------------------------- */

const struct row *format_row(const struct trace_line *l)
{
	return l->personality ? find_row(l->personality, l->record.nr) : NULL;
}

/* The last one: what the call wrote, rather than what it found. */
static const struct trace_capture *find_capture(const struct trace_line *l, int argument,
						unsigned field)
{
	const struct trace_capture *found = NULL;
	size_t at = 0;

	while (l->n_captures >= sizeof *found && at <= l->n_captures - sizeof *found) {
		const struct trace_capture *t = (const void *)(l->captures + at);
		size_t left = l->n_captures - at - sizeof *t;

		if (t->length > left)
			break;
		if (t->argument == argument && t->field == field)
			found = t;
		at += sizeof *t + ((t->length + 7UL) & ~7UL);
	}
	return found;
}

const struct trace_capture *format_capture(const struct trace_line *l, int argument)
{
	return find_capture(l, argument, 0);
}

static void format_bits(FILE *out, const unsigned char *b, size_t n)
{
	const char *between = "";

	putc_unlocked('[', out);
	for (size_t i = 0; i < 8 * n; i++) {
		if (!(b[i / 8] >> (i % 8) & 1))
			continue;
		fputs_unlocked(between, out);
		format_number(out, i, 10);
		between = " ";
	}
	putc_unlocked(']', out);
}

static void format_array(const struct printer *p, const struct type *t,
			 const struct trace_capture *c)
{
	const unsigned char *bytes = (const unsigned char *)(c + 1);
	FILE *out = p->out;
	size_t at = 0;

	if (t->look == LOOK_BITS) {
		format_bits(out, bytes, c->length);
		return;
	}
	if (format_told(out, t, bytes, c->length))
		return;
	putc_unlocked('[', out);
	for (; t->guest_size && c->length - at >= t->guest_size; at += t->guest_size) {
		fputs_unlocked(at ? ", " : "", out);
		format_deep(p, t, bytes + at, t->guest_size, 1);
	}
	fputs_unlocked(c->flags & CAPTURE_CUT ? ", ...]" : "]", out);
}

/* Four or eight bytes that are no text are a number. */
static bool is_number(const struct type *t, const char *bytes, size_t n)
{
	if (t->look != LOOK_WORD || (n != 4 && n != 8))
		return false;
	for (size_t i = 0; i < n - 1; i++)
		if (bytes[i] < ' ' || bytes[i] > '~')
			return true;
	return bytes[n - 1];
}

static void format_some_bytes(const struct printer *p, const struct type *t,
			      const struct trace_capture *c)
{
	const char *bytes = (const char *)(c + 1);
	bool cut = c->flags & CAPTURE_CUT;
	FILE *out = p->out;

	if (stands_in(p, t, 0, c->length))
		return;
	if (cut || !is_number(t, bytes, c->length))
		format_bytes(out, bytes, c->length, cut);
	else if (c->length == 4)
		format_signed(out, (int32_t)load(bytes, 4));
	else
		format_signed(out, (int64_t)load(bytes, 8));
}

/* The next piece of a list and its bytes; NULL at the end. */
static const struct trace_piece *next_piece(const struct trace_capture *c, size_t *at)
{
	const struct trace_piece *head = (const void *)((const char *)(c + 1) + *at);
	size_t left = c->length - *at;

	if (*at > c->length || left < sizeof *head || head->length > left - sizeof *head)
		return NULL;
	*at += sizeof *head + ((head->length + 7UL) & ~7UL);
	return head;
}

static void format_list(const struct printer *p, const struct trace_capture *c, bool vectors)
{
	FILE *out = p->out;
	const struct trace_piece *piece;
	const char *between = "";
	size_t at = 0;

	putc_unlocked('[', out);
	while ((piece = next_piece(c, &at))) {
		bool cut = vectors ? piece->length < piece->whole : piece->flags & CAPTURE_CUT;

		fputs_unlocked(between, out);
		between = ", ";
		fputs_unlocked(vectors ? "{iov_base=" : "", out);
		if (piece->flags & CAPTURE_FAULT)
			format_place(p, piece->address);
		else
			format_bytes(out, piece + 1, piece->length, cut);
		if (!vectors)
			continue;
		fputs_unlocked(", iov_len=", out);
		format_number(out, piece->whole, 10);
		putc_unlocked('}', out);
	}
	if (c->flags & CAPTURE_CUT) {
		fputs_unlocked(between, out);
		fputs_unlocked("...", out);
	}
	putc_unlocked(']', out);
}

static void format_pointed(const struct printer *p, const struct type *t, unsigned pass,
			   const struct trace_capture *c)
{
	FILE *out = p->out;

	switch (PASS_HOW(pass)) {
	case PASS_PATH:
	case PASS_OUT_NAME:
		format_bytes(out, c + 1, c->length, c->flags & CAPTURE_CUT);
		break;
	case PASS_IN_BYTES:
	case PASS_OUT_BYTES:
	case PASS_OUT_SIZED:
		format_some_bytes(p, t, c);
		break;
	case PASS_IN_ARRAY:
	case PASS_OUT_ARRAY:
	case PASS_INOUT_ARRAY:
	case PASS_OUT_SOME:
		format_array(p, t, c);
		break;
	case PASS_IN_STRINGS:
	case PASS_IN_VECTORS:
	case PASS_OUT_VECTORS:
		format_list(p, c, PASS_HOW(pass) != PASS_IN_STRINGS);
		break;
	default:
		format_deep(p, t, (const void *)(c + 1), c->length, 0);
	}
}

static void format_argument(FILE *out, const struct trace_line *l, const struct arg *a, int i)
{
	const struct printer p = {out, l->personality, l, i};
	const struct trace_capture *c;

	if (a->pass == PASS_VALUE) {
		if (stands_in(&p, a->type, l->record.a[i], a->type->guest_size))
			return;
		if (i && format_told(out, a->type, &l->record.a[i - 1], 2 * sizeof l->record.a[0]))
			return;
		format_value(out, l->personality, a->type, l->record.a[i]);
		return;
	}
	c = format_capture(l, i);
	if (c && !(c->flags & CAPTURE_FAULT))
		format_pointed(&p, a->type, a->pass, c);
	else
		format_place(&p, l->record.a[i]);
}

void format_begin(FILE *out, const struct trace_line *l)
{
	const struct row *row = format_row(l);

	if (!row) {
		fprintf(out, "call %" PRIu32 "(", l->record.nr);
		return;
	}
	fputs_unlocked(row->name, out);
	putc_unlocked('(', out);
	for (int i = 0; i < MAX_ARGS && row->args[i].pass; i++) {
		fputs_unlocked(i ? ", " : "", out);
		format_argument(out, l, &row->args[i], i);
	}
}

/* ---- Results ----------------------------------------------------------------------- */

static void format_error(FILE *out, const struct trace_line *l, const struct row *row)
{
	const struct personality *p = l->personality;
	uint64_t host = 0 - (uint64_t)l->record.result;
	uint32_t guest = p && host < p->n_errnos ? p->errnos[host] : 0;

	if (row && row->flags & ROW_POSIX_ERROR)
		fprintf(out, "%" PRIu32 " ", guest);
	else
		fputs_unlocked("-1 ", out);
	if (guest && guest < p->n_errno_names && p->errno_names[guest])
		fputs_unlocked(p->errno_names[guest], out);
	else
		fprintf(out, "errno %" PRIu32, guest);
}

void format_end(FILE *out, const struct trace_line *l)
{
	const struct row *row = format_row(l);
	const struct trace_record *r = &l->record;

	fputs_unlocked(") = ", out);
	if (r->flags & TRACE_RESTARTS)
		fputs_unlocked("? (made anew after the signal)", out);
	else if (r->flags & TRACE_NO_RESULT)
		putc_unlocked('?', out);
	else if (is_error(r->result))
		format_error(out, l, row);
	else if (row && stands_in(&(const struct printer){out, l->personality, l, 0}, row->result,
				  (uint64_t)r->result, row->result->guest_size))
		return;
	else if (row && row->result->guest_size)
		format_value(out, l->personality, row->result, (uint64_t)r->result);
	else
		format_signed(out, r->result);
}

void format_call(FILE *out, const struct trace_line *l)
{
	format_begin(out, l);
	format_end(out, l);
}
