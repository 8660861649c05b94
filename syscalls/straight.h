/* Structures from one side to the other in straight lines.
 *
 * A structure is described once, by its list of fields (abi.h); the tracer walks that list at
 * run time, but a translator that did so would take longer over a stat than Linux does.  So
 * STRUCT has the compiler walk it: every field's offsets, sizes and signs are constants
 * there, the walk is unrolled, and what is left of each is a load, the checks it needs, and a
 * store.  That is why there are function bodies in this header.
 */
#ifndef GUISE_STRAIGHT_H
#define GUISE_STRAIGHT_H

#include "syscalls/abi.h"

#include <string.h>

#define STRAIGHT static inline __attribute__((always_inline, unused))

/* Each size by its own copy: with a variable size it would be a call for two or eight bytes. */
STRAIGHT uint64_t straight_load(const void *at, size_t size, bool is_signed)
{
	union {
		uint8_t u1;
		uint16_t u2;
		uint32_t u4;
		uint64_t u8;
		int8_t s1;
		int16_t s2;
		int32_t s4;
	} v = {0};

	switch (size) {
	case 1:
		memcpy(&v, at, 1);
		return is_signed ? (uint64_t)v.s1 : v.u1;
	case 2:
		memcpy(&v, at, 2);
		return is_signed ? (uint64_t)v.s2 : v.u2;
	case 4:
		memcpy(&v, at, 4);
		return is_signed ? (uint64_t)v.s4 : v.u4;
	default:
		memcpy(&v, at, 8);
		return v.u8;
	}
}

STRAIGHT void straight_store(void *at, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		memcpy(at, &value, 1);
		break;
	case 2:
		memcpy(at, &value, 2);
		break;
	case 4:
		memcpy(at, &value, 4);
		break;
	default:
		memcpy(at, &value, 8);
	}
}

/* Whether a value, sign-extended or not as its source says, fits a place of `size` bytes. */
STRAIGHT bool straight_fits(uint64_t value, bool source_signed, size_t size, bool is_signed)
{
	if (size >= 8)
		return is_signed == source_signed || (int64_t)value >= 0;
	if (source_signed && (int64_t)value < 0)
		return is_signed && (int64_t)value >= -(1LL << (8 * size - 1));
	return value <= (is_signed ? (1UL << (8 * size - 1)) - 1 : (1UL << (8 * size)) - 1);
}

STRAIGHT int straight_field_to_host(struct call *c, const struct field *f, const char *guest,
				    char *host)
{
	const struct type *t = f->type;
	uint64_t v, h = 0;
	int r;

	if (t->kind == KIND_STRUCT)
		return t->straight.to_host(c, guest + f->guest, host + f->host);
	if (t->kind == KIND_CUSTOM)
		return t->custom.to_host(c, guest + f->guest, host + f->host);
	v = straight_load(guest + f->guest, t->guest_size, t->is_signed);
	if (t->kind == KIND_NAMES) {
		r = names_in(c, t, v, &h);
		if (r < 0)
			return r;
		v = h;
	} else if (!straight_fits(v, t->is_signed, f->host_size, f->host_signed)) {
		return -EINVAL;
	}
	straight_store(host + f->host, f->host_size, v);
	return 0;
}

STRAIGHT int straight_field_to_guest(struct call *c, const struct field *f, const char *host,
				     char *guest)
{
	const struct type *t = f->type;
	uint64_t v, g = 0;
	int r;

	if (t->kind == KIND_STRUCT)
		return t->straight.to_guest(c, host + f->host, guest + f->guest);
	if (t->kind == KIND_CUSTOM)
		return t->custom.to_guest(c, host + f->host, guest + f->guest);
	v = straight_load(host + f->host, f->host_size, f->host_signed);
	if (t->kind == KIND_NAMES) {
		r = names_out(c, t, v, &g);
		if (r < 0)
			return r;
		v = g;
	} else if (!f->truncate && !straight_fits(v, f->host_signed, t->guest_size, t->is_signed)) {
		return -EOVERFLOW;
	}
	straight_store(guest + f->guest, t->guest_size, v);
	return 0;
}

/* As many as the longest structure has.  Not a loop: how far compilers unroll one is theirs. */
#define STRAIGHT_MOST 24
#define STRAIGHT_FOUR(DO, i) DO((i) + 0) DO((i) + 1) DO((i) + 2) DO((i) + 3)
#define STRAIGHT_EACH(DO) \
	STRAIGHT_FOUR(DO, 0) \
	STRAIGHT_FOUR(DO, 4) \
	STRAIGHT_FOUR(DO, 8) STRAIGHT_FOUR(DO, 12) STRAIGHT_FOUR(DO, 16) STRAIGHT_FOUR(DO, 20)

STRAIGHT int straight_to_host(struct call *c, const struct field *f, size_t n, const void *guest,
			      void *host)
{
	int r = 0;

#define FIELD_IN(i) \
	if ((i) < n && r == 0) \
		r = straight_field_to_host(c, &f[i], guest, host);
	STRAIGHT_EACH(FIELD_IN)
#undef FIELD_IN
	return r;
}

STRAIGHT int straight_to_guest(struct call *c, const struct field *f, size_t n, const void *host,
			       void *guest)
{
	int r = 0;

#define FIELD_OUT(i) \
	if ((i) < n && r == 0) \
		r = straight_field_to_guest(c, &f[i], host, guest);
	STRAIGHT_EACH(FIELD_OUT)
#undef FIELD_OUT
	return r;
}

/* The two functions of a structure of HOST's: bytes no field covers are zero. */
#define STRAIGHT_FUNCTIONS(n, size) \
	_Static_assert(COUNT(fields_##n) <= STRAIGHT_MOST, "STRAIGHT_EACH names every field"); \
	static int straight_##n##_to_host(struct call *c, const void *guest, void *host) \
	{ \
		memset(host, 0, sizeof(HOST)); \
		return straight_to_host(c, fields_##n, COUNT(fields_##n), guest, host); \
	} \
	static int straight_##n##_to_guest(struct call *c, const void *host, void *guest) \
	{ \
		memset(guest, 0, (size)); \
		return straight_to_guest(c, fields_##n, COUNT(fields_##n), host, guest); \
	}

#endif
