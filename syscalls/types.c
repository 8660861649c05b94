/* Values and structures from one side to the other, by their one description.
 *
 * Both directions, the pass-through test and the tracer walk the same tables.  A bit or
 * value nobody declared is an error, never dropped: silence would make a wrong call look
 * like a right one.
 */
#include "syscalls/abi.h"
#include "syscalls/descriptors.h"
#include "syscalls/process.h"
#include "syscalls/straight.h"

#include <string.h>

const struct type type_ptr = {.name = "ptr", .kind = KIND_POINTER, .guest_size = 8, .host_size = 8};
const struct type type_path = {.name = "path",
			       .kind = KIND_POINTER,
			       .guest_size = 8,
			       .host_size = 8};
const struct type type_fd = {
	.name = "fd", .kind = KIND_FD, .guest_size = 4, .host_size = 4, .is_signed = true};
const struct type type_atfd = {
	.name = "atfd", .kind = KIND_FD, .guest_size = 4, .host_size = 4, .is_signed = true};

INT_LOOKS(word, 1, false, LOOK_WORD);
INT_LOOKS(small_set, 8, false, LOOK_BITS);

static uint64_t guest_mask_of(const struct type *t)
{
	return t->guest_size >= 8 ? UINT64_MAX : (1UL << (8 * t->guest_size)) - 1;
}

int names_to_host(const struct type *t, uint64_t guest, uint64_t allowed, uint64_t *host)
{
	uint64_t left = guest & guest_mask_of(t), value = left, out = 0;
	bool whole = false;

	for (unsigned i = 0; i < t->count; i++) {
		const struct name *n = &t->names[i];
		uint64_t mask = n->mask & guest_mask_of(t);

		if ((value & mask) != (n->guest & guest_mask_of(t)) ||
		    (left & mask) != (value & mask))
			continue;
		if (n->kind == NAME_GUEST_ONLY) {
			if (!n->guest || (mask & ~allowed))
				continue;
		} else {
			out |= n->host;
			whole |= n->mask == ALL_BITS;
		}
		left &= ~mask;
		if (whole)
			break;
	}
	if (left || (!whole && t->count && t->names[0].mask == ALL_BITS &&
		     t->names[0].kind == NAME_PART && !value))
		return -EINVAL;
	*host = out;
	return 0;
}

static uint64_t host_mask_of(const struct name *n)
{
	return n->host_mask ? n->host_mask : n->host;
}

/* Guest bits of the host value; what no name spoke for stays in *left. */
static uint64_t name_host_bits(const struct type *t, uint64_t host, uint64_t *left)
{
	uint64_t out = 0;

	*left = host;
	for (unsigned i = 0; i < t->count; i++) {
		const struct name *n = &t->names[i];
		uint64_t mask = host_mask_of(n);

		if (n->kind == NAME_GUEST_ONLY || (host & mask) != n->host)
			continue;
		/* A part of value zero speaks for its mask, a bit of no host bits for nothing. */
		if (!mask || (mask == ALL_BITS ? *left != host : (*left & mask) != (host & mask)))
			continue;
		out |= n->guest;
		*left &= ~mask;
		if (mask == ALL_BITS) {
			*left = 0;
			break;
		}
	}
	return out;
}

int names_to_guest(const struct type *t, uint64_t host, uint64_t *guest)
{
	uint64_t left, out = name_host_bits(t, host, &left);

	if (left)
		return -EINVAL;
	*guest = out;
	return 0;
}

uint64_t names_to_guest_known(const struct type *t, uint64_t host)
{
	uint64_t left;

	return name_host_bits(t, host, &left);
}

/* ---- Remembered ----------------------------------------------------------------------------
 *
 * A walk over twenty names takes longer than all the rest of a call, and a program passes the same few
 * values again and again.  So each thread remembers some that it has seen, by type, value and
 * direction: pairs of places, in the first of which is what was seen last, so that two that happen to
 * fall on one pair do not drive each other out.  A type is a constant, and so is what its names say.
 * Signal handlers of the engine translate no names, so nobody comes between the words. */

static bool is_seen(const struct names_seen *seen, const struct type *t, uint64_t value,
		    bool to_guest)
{
	return seen->type == t && seen->from == value && seen->to_guest == to_guest;
}

/* The place of what is remembered, or the one to take, whose type is then another one or NULL. */
static struct names_seen *seen_place(struct call *c, const struct type *t, uint64_t value,
				     bool to_guest)
{
	uint64_t h = ((uint64_t)t + 2 * value + to_guest) * 0x9e3779b97f4a7c15;
	struct names_seen *pair = &c->thread->names[h >> 62 << 1], second;

	_Static_assert(COUNT(c->thread->names) == 2 << (64 - 62), "the product's upper bits");
	if (is_seen(&pair[0], t, value, to_guest))
		return &pair[0];
	second = pair[1];
	pair[1] = pair[0];
	pair[0] = second;
	if (!is_seen(&second, t, value, to_guest))
		pair[0].type = NULL;
	return &pair[0];
}

int names_in(struct call *c, const struct type *t, uint64_t guest, uint64_t *host)
{
	struct names_seen *seen = seen_place(c, t, guest, false);
	int r;

	if (seen->type) {
		*host = seen->to;
		return 0;
	}
	r = names_to_host(t, guest, 0, host);
	if (r == 0)
		*seen = (struct names_seen){.type = t, .from = guest, .to = *host};
	return r;
}

int names_out(struct call *c, const struct type *t, uint64_t host, uint64_t *guest)
{
	struct names_seen *seen = seen_place(c, t, host, true);
	int r;

	if (seen->type) {
		*guest = seen->to;
		return 0;
	}
	r = names_to_guest(t, host, guest);
	if (r == 0)
		*seen = (struct names_seen){.type = t,
					    .to_guest = true,
					    .from = host,
					    .to = *guest};
	return r;
}

static int check_fd(struct call *c, const struct type *t, int fd)
{
	(void)t;
	return descriptor_is_hidden(c->thread->process, fd) ? -EBADF : 0;
}

int value_to_host(struct call *c, const struct type *t, uint64_t guest, uint64_t *host)
{
	switch (t->kind) {
	case KIND_NAMES:
		return names_in(c, t, guest, host);
	case KIND_FD:
		*host = (uint64_t)(int64_t)(int32_t)guest;
		return check_fd(c, t, (int)guest);
	case KIND_INT:
		*host = straight_load(&guest, t->guest_size, t->is_signed);
		return 0;
	case KIND_CUSTOM:
		*host = 0;
		return t->custom.to_host(c, &guest, host);
	default:
		*host = guest;
		return 0;
	}
}

/* ---- Structures ------------------------------------------------------------ */

int to_host(struct call *c, const struct type *t, const void *guest, void *host)
{
	uint64_t v;
	int r;

	if (t->kind == KIND_STRUCT)
		return t->straight.to_host(c, guest, host);
	if (t->kind == KIND_CUSTOM)
		return t->custom.to_host(c, guest, host);
	r = value_to_host(c, t, straight_load(guest, t->guest_size, t->is_signed), &v);
	if (r == 0)
		straight_store(host, t->host_size, v);
	return r;
}

int to_guest(struct call *c, const struct type *t, const void *host, void *guest)
{
	uint64_t v;
	int r;

	if (t->kind == KIND_STRUCT)
		return t->straight.to_guest(c, host, guest);
	if (t->kind == KIND_CUSTOM)
		return t->custom.to_guest(c, host, guest);
	if (t->kind != KIND_NAMES) {
		memcpy(guest, host, t->guest_size);
		return 0;
	}
	r = names_out(c, t, straight_load(host, t->host_size, t->is_signed), &v);
	if (r == 0)
		straight_store(guest, t->guest_size, v);
	return r;
}

static bool same_field(const struct field *f)
{
	const struct type *t = f->type;

	if (f->guest != f->host)
		return false;
	if (t->kind == KIND_STRUCT)
		return same_layout(t);
	return t->kind == KIND_INT && t->guest_size == f->host_size;
}

/* True if fields cover all of the structure: no gap whose bytes could leak or be lost. */
static bool covered(const struct type *t)
{
	uint32_t bytes = 0;

	for (unsigned i = 0; i < t->count; i++)
		bytes += t->fields[i].type->guest_size;
	return bytes == t->guest_size;
}

bool same_layout(const struct type *t)
{
	switch (t->kind) {
	case KIND_INT:
	case KIND_POINTER:
		return true;
	case KIND_STRUCT:
		if (t->guest_size != t->host_size || !covered(t))
			return false;
		for (unsigned i = 0; i < t->count; i++)
			if (!same_field(&t->fields[i]))
				return false;
		return true;
	default:
		return false;
	}
}

/* ---- Objects in guest memory ------------------------------------------- */

/* The largest structure described by fields; custom types may be no larger. */
#define MAX_OBJECT 4096

int get_object(struct call *c, const struct type *t, uint64_t at, void *host)
{
	char buffer[MAX_OBJECT];
	int r;

	if (t->guest_size > sizeof buffer)
		return -EINVAL;
	r = get_guest(c, buffer, at, t->guest_size);
	return r < 0 ? r : to_host(c, t, buffer, host);
}

int put_object(struct call *c, const struct type *t, uint64_t at, const void *host)
{
	char buffer[MAX_OBJECT];
	int r;

	if (t->guest_size > sizeof buffer)
		return -EINVAL;
	r = to_guest(c, t, host, buffer);
	return r < 0 ? r : put_guest(c, at, buffer, t->guest_size);
}

int arg_value(struct call *c, int i, uint64_t *host)
{
	return value_to_host(c, c->row->args[i].type, c->a[i], host);
}

int arg_values(struct call *c, int i, uint64_t *host, int i2, uint64_t *host2)
{
	int r = arg_value(c, i, host);

	return r < 0 ? r : arg_value(c, i2, host2);
}

/* Address of element n of the array at argument i; 0 if it would wrap. */
static uint64_t element(struct call *c, int i, size_t n)
{
	uint64_t offset, at;

	if (__builtin_mul_overflow((uint64_t)n, c->row->args[i].type->guest_size, &offset) ||
	    __builtin_add_overflow(c->a[i], offset, &at))
		return 0;
	return at;
}

int arg_in_at(struct call *c, int i, size_t n, void *host)
{
	uint64_t at = c->a[i] ? element(c, i, n) : 0;

	return at ? get_object(c, c->row->args[i].type, at, host) : -EFAULT;
}

int arg_out_at(struct call *c, int i, size_t n, const void *host)
{
	uint64_t at = c->a[i] ? element(c, i, n) : 0;

	return at ? put_object(c, c->row->args[i].type, at, host) : -EFAULT;
}

int arg_in(struct call *c, int i, void *host)
{
	return arg_in_at(c, i, 0, host);
}

int arg_out(struct call *c, int i, const void *host)
{
	return arg_out_at(c, i, 0, host);
}

/* Reads no further than the page the string ends on. */
long get_guest_string(struct call *c, char *to, uint64_t from, size_t size)
{
	size_t got = 0;

	while (got < size) {
		size_t n = GUEST_PAGE - (from + got) % GUEST_PAGE;
		const char *nul;
		int r;

		if (n > size - got)
			n = size - got;
		r = get_guest(c, to + got, from + got, n);
		if (r < 0)
			return r;
		nul = memchr(to + got, 0, n);
		if (nul)
			return nul - to;
		got += n;
	}
	return -ENAMETOOLONG;
}

void set_second_result(struct call *c, uint64_t value)
{
	c->second = value;
	c->has_second = true;
}
