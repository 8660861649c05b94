/* Sizes and counts, from the text of an option. */
#include "cli/limits.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sandbox/scope.h"

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
bool limits_size(const char *text, uint64_t *out)
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

/* "0.5": in thousandths, none of which is lost. */
static bool thousandths(const char *text, uint64_t *out)
{
	uint64_t whole, part = 0;
	char *end;

	if (!read_count(text, &end, &whole) || whole > UINT32_MAX)
		return false;
	if (*end == '.') {
		const char *digits = end + 1;
		size_t n = strlen(digits);
		if (n > 3 || !read_count(digits, &end, &part))
			return false;
		for (; n < 3; n++)
			part *= 10;
	}
	*out = whole * 1000 + part;
	return *end == 0;
}

/* ---- Options ------------------------------------------------------------------------ */

static const struct {
	bool (*read)(const char *text, uint64_t *out);
	uint64_t least, most;
	bool may_be_none;
	const char *want;
} rows[] = {
	[LIMIT_CPUS] = {thousandths, 10, 1000000, false,
			"a number of processors from 0.01, such as 0.5"},
	[LIMIT_CPU_WEIGHT] = {count, 1, 10000, false, "a number from 1 to 10000"},
	[LIMIT_MEMORY] = {limits_size, 1 << 20, INT64_MAX / 2, true,
			  "a size from 1M, such as 64M, or none"},
	[LIMIT_SWAP] = {limits_size, 0, INT64_MAX / 2, true, "a size such as 64M, or none"},
	[LIMIT_IO_WEIGHT] = {count, 1, 1000, false, "a number from 1 to 1000"},
	[LIMIT_PIDS] = {count, 1, 4194304, true, "a number from 1 to 4194304, or none"},
	[LIMIT_FILE_SIZE] = {limits_size, 0, INT64_MAX, true, "a size such as 10M, or none"},
	[LIMIT_OPEN_FILES] = {count, 8, 1 << 30, true, "a number from 8, or none"},
	[LIMIT_DISK] = {limits_size, 4096, INT64_MAX, false, "a size from 4K, such as 64M"},
};
_Static_assert(COUNT(rows) == LIMIT_KINDS, "a row for every limit but io-max, a list");

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

/* ---- Disks --------------------------------------------------------------------------- */

static const char *const rates[] = {
	[IO_READ_BYTES] = "rbps=",
	[IO_WRITE_BYTES] = "wbps=",
	[IO_READS] = "riops=",
	[IO_WRITES] = "wiops=",
};
_Static_assert(COUNT(rates) == IO_RATES, "name every rate");

static bool read_rate(const char *text, struct io_limit *out)
{
	for (int r = 0; r < IO_RATES; r++) {
		size_t n = strlen(rates[r]);
		if (strncmp(text, rates[r], n) == 0)
			return limits_size(text + n, &out->most[r]) && out->most[r] > 0;
	}
	return false;
}

/* A partition's traffic is counted for its disk, which is the directory above it in /sys. */
static void find_disk(dev_t device, struct io_limit *out)
{
	char path[64];

	out->major = major(device);
	out->minor = minor(device);
	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u/partition", out->major,
		       out->minor); /* fits */
	if (access(path, F_OK) < 0)
		return;
	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u/../dev", out->major,
		       out->minor); /* fits */
	FILE *disk = fopen(path, "re");
	if (!disk)
		return;
	unsigned numbers[2];
	if (fscanf(disk, "%u:%u", &numbers[0], &numbers[1]) == 2) {
		out->major = numbers[0];
		out->minor = numbers[1];
	}
	fclose(disk);
}

/* The device itself, or whatever file is on it. */
static int read_device(const char *path, struct io_limit *out, struct failure *why)
{
	char known[64];
	struct stat st;

	if (stat(path, &st) < 0)
		return failure_set(why, EXIT_GUISE, "--io-max %s: %s; check the path", path,
				   strerror(errno));
	find_disk(S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev, out);
	(void)snprintf(known, sizeof known, "/sys/dev/block/%u:%u", out->major,
		       out->minor); /* fits */
	if (access(known, F_OK) == 0)
		return 0;
	return failure_set(why, EXIT_GUISE,
			   "--io-max %s: is not on a disk of its own; name the device", path);
}

/* "PATH:RATE=N,RATE=N"; the path may have colons. */
static int read_io(const char *text, struct io_limit *out, struct failure *why)
{
	AUTO_FREE char *copy = strdup(text);
	char *list = copy ? strrchr(copy, ':') : NULL;

	if (!copy)
		return failure_set(why, EXIT_GUISE, "out of memory");
	*out = (struct io_limit){0};
	if (list)
		*list++ = 0;
	for (char *rate; list && (rate = strsep(&list, ","));)
		if (!read_rate(rate, out))
			return failure_set(why, EXIT_GUISE,
					   "--io-max %s: give rbps=SIZE, wbps=SIZE, riops=N or "
					   "wiops=N, with commas between",
					   text);
	if (!strchr(text, ':') || !*copy)
		return failure_set(why, EXIT_GUISE,
				   "--io-max %s: give a path, a colon and rates, such as "
				   "/dev/sda:rbps=10M",
				   text);
	return read_device(copy, out, why);
}

static int read_ios(const struct given_list *given, struct limits *out, struct failure *why)
{
	if (given->n > LIMIT_DEVICES)
		return failure_set(why, EXIT_GUISE, "--io-max: given more than %d times",
				   LIMIT_DEVICES);
	for (size_t i = 0; i < given->n; i++)
		if (read_io(given->list[i].value, &out->io[i], why) < 0)
			return -1;
	if (given->n)
		out->of[LIMIT_IO_MOST] = (struct limit){true, given->n};
	return 0;
}

int limits_read(const struct limit_options *given, struct limits *out, struct failure *why)
{
	*out = (struct limits){.best_effort = given->best_effort};
	for (enum limit_kind kind = 0; kind < LIMIT_KINDS; kind++)
		if (given->of[kind] && read_one(kind, given->of[kind], &out->of[kind], why) < 0)
			return -1;
	return read_ios(&given->io, out, why);
}
