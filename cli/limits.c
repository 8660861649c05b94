/* Sizes and counts, from the text of an option. */
#include "cli/limits.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls/abi.h"
#include "syscalls/launch.h"

/* ---- Numbers ---------------------------------------------------------------------- */

/* Digits and nothing else before *end; UINT64_MAX is not a number but LIMIT_NONE. */
static bool read_count(const char *text, char **end, uint64_t *out)
{
	uint64_t n = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n))
			return false;
	*end = (char *)text;
	*out = n;
	return n != LIMIT_NONE;
}

static bool count(const char *text, uint64_t *out)
{
	char *end;

	return read_count(text, &end, out) && *end == 0;
}

/* With one of the letters, as much as 1024, 1024 * 1024, ... of them. */
static bool size(const char *text, uint64_t *out)
{
	static const char letters[] = "KMGT";
	const char *letter;
	uint64_t n;
	char *end;

	if (!read_count(text, &end, &n))
		return false;
	if (*end) {
		letter = strchr(letters, toupper((unsigned char)*end));
		if (!letter || end[1])
			return false;
		unsigned shift = 10 * (unsigned)(letter - letters + 1);
		if (n > UINT64_MAX >> shift)
			return false;
		n <<= shift;
	}
	*out = n;
	return n != LIMIT_NONE;
}

/* ---- Options ------------------------------------------------------------------------ */

static const struct {
	bool (*read)(const char *text, uint64_t *out);
	uint64_t least, most;
	bool may_be_none;
	const char *want;
} rows[] = {
	[LIMIT_PIDS] = {count, 1, 4194304, true, "a number from 1 to 4194304, or none"},
	[LIMIT_FILE_SIZE] = {size, 0, INT64_MAX, true, "a size such as 10M, or none"},
	[LIMIT_OPEN_FILES] = {count, 8, 1 << 30, true, "a number from 8, or none"},
	[LIMIT_DISK] = {size, 4096, INT64_MAX, false, "a size from 4K, such as 64M"},
};
_Static_assert(COUNT(rows) == LIMIT_KINDS, "a row for every limit");

static int read_one(enum limit_kind kind, const char *text, struct limit *out, struct failure *why)
{
	out->given = true;
	out->value = LIMIT_NONE;
	if (rows[kind].may_be_none && strcmp(text, "none") == 0)
		return 0;
	if (rows[kind].read(text, &out->value) && out->value >= rows[kind].least &&
	    out->value <= rows[kind].most)
		return 0;
	return failure_set(why, EXIT_GUISE, "--%s %s: give %s", limit_name(kind), text,
			   rows[kind].want);
}

int limits_read(const struct limit_options *given, struct limits *out, struct failure *why)
{
	*out = (struct limits){.best_effort = given->best_effort};
	for (enum limit_kind kind = 0; kind < LIMIT_KINDS; kind++)
		if (given->of[kind] && read_one(kind, given->of[kind], &out->of[kind], why) < 0)
			return -1;
	return 0;
}
