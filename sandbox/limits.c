/* Which limit is set how: one row each, and the steps made of them. */
#include "sandbox/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))
#define NO_RESOURCE (-1)

/* What nobody needs who does not know it, and what is not felt outside.  Memory has no such
 * number; but where it runs short a sandbox is the first to go (step_first_to_go()). */
#define DEFAULT_PIDS 2048
#define DEFAULT_OPEN_FILES 65536

static const struct {
	const char *name;
	int resource;
	uint64_t unasked;
} rows[] = {
	[LIMIT_PIDS] = {"pids", RLIMIT_NPROC, DEFAULT_PIDS},
	[LIMIT_FILE_SIZE] = {"file-size", RLIMIT_FSIZE, LIMIT_NONE},
	[LIMIT_OPEN_FILES] = {"open-files", RLIMIT_NOFILE, DEFAULT_OPEN_FILES},
	[LIMIT_DISK] = {"disk", NO_RESOURCE, LIMIT_NONE},
};
_Static_assert(COUNT_OF(rows) == LIMIT_KINDS, "a row for every limit");

const char *limit_name(enum limit_kind kind)
{
	return rows[kind].name;
}

int limit_resource(enum limit_kind kind)
{
	return rows[kind].resource;
}

uint64_t limit_value(const struct limits *l, enum limit_kind kind)
{
	return l->of[kind].given ? l->of[kind].value : rows[kind].unasked;
}

/* Asked for, and not to be lifted. */
static bool is_asked(const struct limits *l, enum limit_kind kind)
{
	return l->of[kind].given && l->of[kind].value != LIMIT_NONE;
}

static int add(struct plan *p, const struct step *s, struct failure *why)
{
	return plan_add(p, s) < 0 ? failure_set(why, EXIT_GUISE, "out of memory") : 0;
}

/* ---- What cannot be ---------------------------------------------------------------- */

/* Nothing of what was asked for is left out in silence. */
static int not_enforced(const struct box_options *o, enum limit_kind kind, const char *reason,
			const char *cure, struct failure *why)
{
	char line[512];

	if (!is_asked(&o->limits, kind))
		return 0;
	if (!o->limits.best_effort)
		return failure_set(why, EXIT_GUISE, "--%s: %s; %s, or give --best-effort too",
				   rows[kind].name, reason, cure);
	(void)snprintf(line, sizeof line, "--%s is not enforced: %s", rows[kind].name,
		       reason); /* cut, if ever */
	if (o->tell)
		o->tell(line);
	return 0;
}

/* kernel/fork.c, Linux 6.1: RLIMIT_NPROC does not hold the system's own root, in whatever
 * user namespace.  user_namespaces(7): the initial one maps every number to itself. */
static bool is_systems_root(const struct box_options *o)
{
	unsigned inside, outside, n;

	if (o->uid != 0)
		return false;
	FILE *map = fopen("/proc/self/uid_map", "re");
	if (!map)
		return true;
	int read = fscanf(map, "%u %u %u", &inside, &outside, &n);
	fclose(map);
	return read != 3 || outside == 0;
}

/* ---- The plan ------------------------------------------------------------------------- */

int limits_init(const struct box_options *o, struct plan *out, struct failure *why)
{
	static const enum step_kind kinds[] = {STEP_FIRST_TO_GO, STEP_SHARE};

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (add(out, &(struct step){.kind = kinds[i]}, why) < 0)
			return -1;
	return 0;
}

static int add_resource(const struct box_options *o, enum limit_kind kind, struct plan *out,
			struct failure *why)
{
	uint64_t value = limit_value(&o->limits, kind);

	if (value == LIMIT_NONE)
		return 0;
	if (kind == LIMIT_PIDS && is_systems_root(o))
		return not_enforced(o, kind, "root's processes are not counted",
				    "run guise as an ordinary user", why);
	const struct step set = {.kind = STEP_LIMIT,
				 .number = value,
				 .text = (char *)rows[kind].name};
	if (add(out, &set, why) < 0)
		return -1;
	if (kind != LIMIT_PIDS || !is_asked(&o->limits, kind) || o->limits.best_effort)
		return 0;
	return add(out, &(struct step){.kind = STEP_LIMIT_HOLDS}, why);
}

int limits_guest(const struct box_options *o, struct plan *out, struct failure *why)
{
	for (enum limit_kind kind = 0; kind < LIMIT_KINDS; kind++)
		if (rows[kind].resource != NO_RESOURCE && add_resource(o, kind, out, why) < 0)
			return -1;
	return 0;
}

/* ---- Places in memory -------------------------------------------------------------------- */

/* A later "size" has the last word (mm/shmem.c, shmem_parse_one()). */
char *limits_tmpfs(const struct limits *l, const char *options)
{
	uint64_t size = limit_value(l, LIMIT_DISK);
	char *text;

	if (!l->of[LIMIT_DISK].given)
		return strdup(options);
	/* 0 would be no limit (tmpfs(5)): so is none, and both would be memory's end. */
	return asprintf(&text, "%s,size=%" PRIu64, options, size) < 0 ? NULL : text;
}
