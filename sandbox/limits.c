/* Which limit is set how: one row each, and the steps made of them. */
#include "sandbox/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/cgroup.h"
#include "sandbox/scope.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))
#define NO_RESOURCE (-1)
#define NO_CONTROLLER CONTROLLERS

/* What nobody needs who does not know it, and what is not felt outside.  Memory has no such
 * number; but where it runs short a sandbox is the first to go (step_first_to_go()). */
#define DEFAULT_PIDS 2048
#define DEFAULT_OPEN_FILES 65536

static const struct {
	const char *name;
	enum controller controller;
	int resource;
	uint64_t unasked;
} rows[] = {
	[LIMIT_CPUS] = {"cpus", CONTROLLER_CPU, NO_RESOURCE, LIMIT_NONE},
	[LIMIT_CPU_WEIGHT] = {"cpu-weight", CONTROLLER_CPU, NO_RESOURCE, LIMIT_NONE},
	[LIMIT_MEMORY] = {"memory", CONTROLLER_MEMORY, NO_RESOURCE, LIMIT_NONE},
	[LIMIT_SWAP] = {"swap", CONTROLLER_MEMORY, NO_RESOURCE, LIMIT_NONE},
	[LIMIT_PIDS] = {"pids", CONTROLLER_PIDS, RLIMIT_NPROC, DEFAULT_PIDS},
	[LIMIT_IO_WEIGHT] = {"io-weight", CONTROLLER_IO, NO_RESOURCE, LIMIT_NONE},
	[LIMIT_IO_MOST] = {"io-max", CONTROLLER_IO, NO_RESOURCE, LIMIT_NONE},
	[LIMIT_FILE_SIZE] = {"file-size", NO_CONTROLLER, RLIMIT_FSIZE, LIMIT_NONE},
	[LIMIT_OPEN_FILES] = {"open-files", NO_CONTROLLER, RLIMIT_NOFILE, DEFAULT_OPEN_FILES},
	[LIMIT_DISK] = {"disk", NO_CONTROLLER, NO_RESOURCE, LIMIT_NONE},
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
	(void)snprintf(line, sizeof line, "notice: --%s is not enforced: %s", rows[kind].name,
		       reason); /* cut, if ever */
	if (o->tell && !o->limits.quiet)
		o->tell(line);
	return 0;
}

/* kernel/fork.c, Linux 6.1: RLIMIT_NPROC does not hold the system's own root, in whatever
 * user namespace.  user_namespaces(7): the initial one maps every number to itself. */
bool limits_is_systems_root(unsigned uid)
{
	unsigned inside, outside, n;

	if (uid != 0)
		return false;
	FILE *map = fopen("/proc/self/uid_map", "re");
	if (!map)
		return true;
	int read = fscanf(map, "%u %u %u", &inside, &outside, &n);
	fclose(map);
	return read != 3 || outside == 0;
}

/* Of a pid namespace since Linux 6.14, and before that of the whole system: no other sign tells
 * the two apart.  In a container it may be read-only. */
bool limits_has_numbers(void)
{
	struct utsname u;
	unsigned major = 0, minor = 0;

	(void)uname(&u); /* cannot fail */
	(void)sscanf(u.release, "%u.%u", &major, &minor); /* or it is none that is known */
	return (major > 6 || (major == 6 && minor >= 14)) &&
	       access("/proc/" LIMITS_NUMBERS, W_OK) == 0;
}

static bool is_numbered(const struct box_options *o, enum limit_kind kind)
{
	return kind == LIMIT_PIDS && o->own_numbers && !o->limits.of[kind].given;
}

/* ---- Groups ---------------------------------------------------------------------------- */

#define PERIOD_US 100000 /* the kernel's own, of processor time */
#define EVERYBODYS_WEIGHT 100 /* version 2; that of version 1 is: */
#define EVERYBODYS_SHARES 1024
#define LEAST_SHARES 2

static const char *const rates[][IO_RATES] = {
	/* blkio-controller.rst */
	[1] = {"blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device",
	       "blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device"},
	/* cgroup-v2.rst, io.max */
	[2] = {"rbps", "wbps", "riops", "wiops"},
};

static void set_io(FILE *out, const struct limits *l, unsigned version)
{
	for (size_t i = 0; i < l->of[LIMIT_IO_MOST].value; i++) {
		const struct io_limit *d = &l->io[i];
		if (version == 2)
			fprintf(out, "io.max=%u:%u", d->major, d->minor);
		for (int r = 0; r < IO_RATES; r++) {
			if (!d->most[r])
				continue;
			if (version == 2)
				fprintf(out, " %s=%" PRIu64, rates[2][r], d->most[r]);
			else
				fprintf(out, "%s=%u:%u %" PRIu64 "\n", rates[1][r], d->major,
					d->minor, d->most[r]);
		}
		if (version == 2)
			putc('\n', out);
	}
}

/* What was not asked for: a sandbox that may not have memory may not have the disk instead. */
static void set_memory(FILE *out, const struct limits *l, unsigned version)
{
	uint64_t memory = limit_value(l, LIMIT_MEMORY), swap = limit_value(l, LIMIT_SWAP);
	const char *mark = swap == LIMIT_NONE ? "?" : "";

	fprintf(out, "%s=%" PRIu64 "\n", version == 2 ? "memory.max" : "memory.limit_in_bytes",
		memory);
	if (l->of[LIMIT_SWAP].given && swap == LIMIT_NONE)
		return;
	if (swap == LIMIT_NONE)
		swap = 0;
	if (version == 2)
		fprintf(out, "%smemory.swap.max=%" PRIu64 "\n", mark, swap);
	else
		fprintf(out, "%smemory.memsw.limit_in_bytes=%" PRIu64 "\n", mark, memory + swap);
}

static void set_cpus(FILE *out, uint64_t thousandths, unsigned version)
{
	uint64_t quota = thousandths * PERIOD_US / 1000;

	if (version == 2)
		fprintf(out, "cpu.max=%" PRIu64 " %d\n", quota, PERIOD_US);
	else
		fprintf(out, "cpu.cfs_period_us=%d\ncpu.cfs_quota_us=%" PRIu64 "\n", PERIOD_US,
			quota);
}

static void set_cpu_weight(FILE *out, uint64_t weight, unsigned version)
{
	uint64_t shares = weight * EVERYBODYS_SHARES / EVERYBODYS_WEIGHT;

	if (version == 2)
		fprintf(out, "cpu.weight=%" PRIu64 "\n", weight);
	else
		fprintf(out, "cpu.shares=%" PRIu64 "\n",
			shares < LEAST_SHARES ? LEAST_SHARES : shares);
}

/* "file=value" a line, as step_cgroup() takes it. */
static void set(FILE *out, const struct limits *l, enum limit_kind kind, unsigned version)
{
	uint64_t value = limit_value(l, kind);

	switch (kind) {
	case LIMIT_CPUS:
		set_cpus(out, value, version);
		break;
	case LIMIT_CPU_WEIGHT:
		set_cpu_weight(out, value, version);
		break;
	case LIMIT_MEMORY:
		set_memory(out, l, version);
		break;
	case LIMIT_PIDS:
		fprintf(out, "pids.max=%" PRIu64 "\n", value + 1); /* and process 1 */
		break;
	case LIMIT_IO_WEIGHT:
		fprintf(out, "?%s=%" PRIu64 "\n",
			version == 2 ? "io.bfq.weight" : "blkio.bfq.weight", value);
		break;
	case LIMIT_IO_MOST:
		set_io(out, l, version);
		break;
	default: /* swap goes with memory; the others are no group's */
		break;
	}
}

static bool is_a_groups(const struct box_options *o, enum limit_kind kind)
{
	if (rows[kind].controller == NO_CONTROLLER || limit_value(&o->limits, kind) == LIMIT_NONE)
		return false;
	return rows[kind].resource == NO_RESOURCE || (o->systems_root && !is_numbered(o, kind));
}

/* What is held back is a write to the disk; with version 1, and in version 2 without the
 * memory controller, nobody knows whose those are which went through the cache. */
static bool limits_writes(const struct limits *l)
{
	for (size_t i = 0; is_asked(l, LIMIT_IO_MOST) && i < l->of[LIMIT_IO_MOST].value; i++)
		if (l->io[i].most[IO_WRITE_BYTES] || l->io[i].most[IO_WRITES])
			return true;
	return false;
}

static int check_group(const struct box_options *o, enum limit_kind kind,
		       const struct cgroup_parent *p, struct failure *why)
{
	if (!p->version)
		return not_enforced(o, kind, p->reason, p->cure, why);
	if (kind == LIMIT_IO_MOST && p->version == 1 && limits_writes(&o->limits))
		return not_enforced(o, kind,
				    "with control groups of version 1, wbps and wiops hold for "
				    "direct writes only",
				    "give rbps and riops alone, or boot with "
				    "systemd.unified_cgroup_hierarchy=1",
				    why);
	if (kind == LIMIT_IO_WEIGHT && !cgroup_weighs_io())
		return not_enforced(o, kind, "no disk's scheduler weighs",
				    "as root, write bfq to /sys/block/DISK/queue/scheduler", why);
	return 0;
}

static unsigned controllers_for(const struct box_options *o)
{
	unsigned needed = 0;

	for (enum limit_kind kind = 0; kind < LIMIT_KINDS; kind++)
		if (is_a_groups(o, kind))
			needed |= CONTROLLER_BIT(rows[kind].controller);
	if (limits_writes(&o->limits))
		needed |= CONTROLLER_BIT(CONTROLLER_MEMORY);
	return needed;
}

/* All controllers that share a parent, in one step. */
static int add_group(const struct box_options *o, const struct cgroup_parent parents[CONTROLLERS],
		     int first, struct plan *out, struct failure *why)
{
	const struct cgroup_parent *p = &parents[first];
	char controllers[64] = "";
	AUTO_FREE char *text = NULL;
	size_t size;

	FILE *settings = open_memstream(&text, &size);
	if (!settings)
		return failure_set(why, EXIT_GUISE, "out of memory");
	for (int c = first; c < CONTROLLERS; c++) {
		if (!parents[c].version || strcmp(parents[c].path, p->path) != 0)
			continue;
		size_t n = strlen(controllers);
		(void)snprintf(controllers + n, sizeof controllers - n, "%s+%s", n ? " " : "",
			       controller_name(c, p->version)); /* all of them fit */
		for (enum limit_kind kind = 0; kind < LIMIT_KINDS; kind++)
			if (rows[kind].controller == (enum controller)c && is_a_groups(o, kind))
				set(settings, &o->limits, kind, p->version);
	}
	if (fclose(settings) != 0)
		return failure_set(why, EXIT_GUISE, "out of memory");
	return add(out,
		   &(struct step){.kind = STEP_CGROUP,
				  .number = p->version,
				  .from = p->path,
				  .to = p->leave ? controllers : NULL,
				  .text = text},
		   why);
}

static bool is_another(const struct cgroup_parent parents[CONTROLLERS], int c)
{
	if (!parents[c].version)
		return false;
	for (int before = 0; before < c; before++)
		if (parents[before].version && strcmp(parents[before].path, parents[c].path) == 0)
			return false;
	return true;
}

static int add_groups(const struct box_options *o, const struct cgroup_parent parents[CONTROLLERS],
		      struct plan *out, struct failure *why)
{
	bool any = false;

	for (enum limit_kind kind = 0; kind < LIMIT_KINDS; kind++)
		if (is_a_groups(o, kind) &&
		    check_group(o, kind, &parents[rows[kind].controller], why) < 0)
			return -1;
	for (int c = 0; c < CONTROLLERS; c++)
		any |= parents[c].version != 0;
	if (!any)
		return 0;
	if (add(out, &(struct step){.kind = STEP_CLEANER}, why) < 0)
		return -1;
	for (int c = 0; c < CONTROLLERS; c++)
		if (is_another(parents, c) && add_group(o, parents, c, out, why) < 0)
			return -1;
	return 0;
}

/* ---- The plan ------------------------------------------------------------------------- */

int limits_start(const struct box_options *o, struct plan *out, struct failure *why)
{
	struct cgroup_parent parents[CONTROLLERS];
	struct cgroup_map map;
	unsigned needed = controllers_for(o);

	if (is_asked(&o->limits, LIMIT_SWAP) && !is_asked(&o->limits, LIMIT_MEMORY))
		return failure_set(why, EXIT_GUISE, "--swap: goes with --memory only; give both");
	if (!needed)
		return 0;
	int r = cgroup_find_own(&map);
	if (r < 0)
		return failure_set(why, EXIT_GUISE,
				   "control groups cannot be read: %s; mount /proc", strerror(-r));
	cgroup_choose(&map, needed, parents);
	r = add_groups(o, parents, out, why);
	for (int c = 0; c < CONTROLLERS; c++)
		free(parents[c].path);
	cgroup_map_free(&map);
	return r;
}

static bool has_groups(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].kind == STEP_CGROUP)
			return true;
	return false;
}

int limits_init(const struct box_options *o, struct plan *out, struct failure *why)
{
	static const enum step_kind kinds[] = {STEP_JOIN, STEP_SHARE};
	/* From 1 on, which is process 1's, and below the one that is written. */
	const struct step numbers = {.kind = STEP_NUMBERS,
				     .number = limit_value(&o->limits, LIMIT_PIDS) + 1};

	for (size_t i = has_groups(out) ? 0 : 1; i < COUNT_OF(kinds); i++)
		if (add(out, &(struct step){.kind = kinds[i]}, why) < 0)
			return -1;
	return is_numbered(o, LIMIT_PIDS) ? add(out, &numbers, why) : 0;
}

static int add_resource(const struct box_options *o, enum limit_kind kind, struct plan *out,
			struct failure *why)
{
	uint64_t value = limit_value(&o->limits, kind);

	if (value == LIMIT_NONE)
		return 0;
	if (kind == LIMIT_PIDS && o->systems_root)
		return 0; /* done by its group, if at all */
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

/* ---- The end --------------------------------------------------------------------------------- */

/* mm/memcontrol.c, Linux 6.1: what is charged comes in batches of 64 pages a processor, and
 * "memory.failcnt" of version 1 is not kept up any more in later kernels. */
#define BATCHES (1UL << 20)

static bool reached_limit(const struct cgroup_usage *u)
{
	if (u->limit_hit != CGROUP_UNKNOWN)
		return u->limit_hit > 0;
	return u->memory_most != CGROUP_UNKNOWN && u->memory_limit != CGROUP_UNKNOWN &&
	       u->memory_most >= u->memory_limit - BATCHES;
}

int limits_report(struct box *b, int status)
{
	const char *paths[CONTROLLERS];
	struct cgroup_usage u;

	const struct limits *l = &b->options->limits;
	if (limit_value(l, LIMIT_MEMORY) == LIMIT_NONE && !limits_writes(l))
		return status; /* none of its groups counts memory */
	for (unsigned i = 0; i < b->cgroup.n; i++)
		paths[i] = b->cgroup.of[i].path;
	cgroup_usage(paths, b->cgroup.n, &u);
	if (u.out_of_memory == CGROUP_UNKNOWN || u.out_of_memory == 0)
		return status;
	bool limit = reached_limit(&u);
	(void)snprintf(b->last, sizeof b->last,
		       "oom: %s, and Linux killed %" PRIu64 " of the sandbox's processes; %s",
		       limit ? "the sandbox reached its limit of memory"
			     : "the host's memory ran out",
		       u.out_of_memory, limit ? "raise --memory" : "free some"); /* fits */
	return status < 0 ? 128 + SIGKILL : status;
}
