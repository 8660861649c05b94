/* guise run --stats and --stats-json: adds up what the residents counted (syscalls/tally.h) and
 * tells it.
 *
 * What they count in is made before the sandbox and read when nothing runs any more.  The
 * programs could write there, so that numbers are taken as they are and names made printable. */
#include "cli/tally.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/output.h"
#include "sandbox/box.h"
#include "sandbox/scope.h"
#include "syscalls/tally.h"

/* Sites that are listed, those that trapped most. */
#define LISTED 16

/* ---- The processor's clock -------------------------------------------------------- */

struct moment {
	uint64_t ticks, ns;
};

static struct moment moment_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
	return (struct moment){.ticks = __builtin_ia32_rdtsc(),
			       .ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec};
}

static double ns_per_tick(const struct moment *begin, const struct moment *end)
{
	uint64_t ticks = end->ticks - begin->ticks;

	return ticks ? (double)(end->ns - begin->ns) / (double)ticks : 0;
}

/* ---- Sums ----------------------------------------------------------------------------- */

static struct tally_cell sum_of(const struct tally *t)
{
	struct tally_cell sum = {0};

	for (size_t i = 0; i < TALLY_CELLS; i++) {
		const struct tally_cell *c = &t->cells[i];
		sum.calls += c->calls;
		sum.trapped += c->trapped;
		sum.in_place += c->in_place;
		sum.timed += c->timed;
		sum.ticks += c->ticks;
	}
	return sum;
}

/* Most traps first, then by place. */
static int compare_sites(const void *one, const void *other)
{
	const struct tally_site *a = one, *b = other;

	if (a->times != b->times)
		return a->times < b->times ? 1 : -1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Copies those that are used to the front, in order: how many. */
static size_t sort_sites(struct tally_site *sites)
{
	size_t n = 0;

	for (size_t i = 0; i < TALLY_SITES; i++)
		if (sites[i].times)
			sites[n++] = sites[i];
	qsort(sites, n, sizeof *sites, compare_sites);
	return n;
}

/* ns in the translator. */
static double each(const struct tally_cell *sum, double ns_per_tick)
{
	return sum->timed ? ns_per_tick * (double)sum->ticks / (double)sum->timed : 0;
}

/* ---- Words ------------------------------------------------------------------------------ */

static double percent(uint64_t part, uint64_t all)
{
	return all ? 100.0 * (double)part / (double)all : 0;
}

static void line(const char *what, uint64_t n, uint64_t all, const char *meaning)
{
	fprintf(stderr, "guise:   %-10s %12" PRIu64 "  %7.3f %%  %s\n", what, n, percent(n, all),
		meaning);
}

static void make_printable(char *name)
{
	name[TALLY_NAME - 1] = 0;
	for (char *s = name; *s; s++)
		if (!isprint((unsigned char)*s))
			*s = '?';
}

static void print_sites(struct tally_site *sites, size_t n, uint64_t elsewhere)
{
	if (n)
		fprintf(stderr, "guise: trapped at %18s  %-20s %s\n", "site", "call", "program");
	for (size_t i = 0; i < n && i < LISTED; i++) {
		struct tally_site *s = &sites[i];
		make_printable(s->call);
		make_printable(s->program);
		fprintf(stderr, "guise: %10" PRIu64 " %#18" PRIx64 "  %-20s %s\n", s->times, s->at,
			s->call, s->program);
	}
	for (size_t i = LISTED; i < n; i++)
		elsewhere += sites[i].times;
	if (elsewhere)
		fprintf(stderr, "guise: %10" PRIu64 " %18s\n", elsewhere, "elsewhere");
}

static void print(struct tally *t, size_t n, const struct tally_cell *sum, double ns)
{
	fprintf(stderr,
		"guise: %" PRIu64 " calls by %" PRIu64 " programs in %" PRIu64
		" processes with %" PRIu64 " further threads\n",
		sum->calls, t->programs, t->processes, t->threads);
	line("patched", sum->calls - sum->trapped, sum->calls, "came by a jump");
	line("trapped", sum->trapped, sum->calls, "came by a signal");
	line("in place", sum->in_place, sum->calls, "of both: answered without the kernel");
	if (sum->timed)
		fprintf(stderr,
			"guise:   translator %10.6f s          %.0f ns a call, by %" PRIu64
			" that were timed\n",
			each(sum, ns) * (double)sum->calls / 1e9, each(sum, ns), sum->timed);
	if (t->crowded)
		fprintf(stderr,
			"guise: %" PRIu64 " threads could not be counted: too many at once\n",
			t->crowded);
	print_sites(t->sites, n, t->elsewhere);
}

/* ---- JSON ------------------------------------------------------------------------------- */

/* All of them, most traps first. */
static json_t *json_sites(struct tally_site *sites, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		make_printable(sites[i].call);
		make_printable(sites[i].program);
		json_array_append_new(list, json_pack("{s:I, s:I, s:s, s:s}", "trapped",
						      (json_int_t)sites[i].times, "site",
						      (json_int_t)sites[i].at, "call",
						      sites[i].call, "program", sites[i].program));
	}
	return list;
}

static json_t *json_all(struct tally *t, size_t n, const struct tally_cell *sum, double ns)
{
	return json_pack("{s:{s:I, s:I, s:I, s:I}, s:I, s:I, s:I, s:I, s:{s:I, s:f}, s:I, s:o}",
			 "calls", "all", (json_int_t)sum->calls, "patched",
			 (json_int_t)(sum->calls - sum->trapped), "trapped",
			 (json_int_t)sum->trapped, "in_place", (json_int_t)sum->in_place,
			 "programs", (json_int_t)t->programs, "processes", (json_int_t)t->processes,
			 "further_threads", (json_int_t)t->threads, "threads_not_counted",
			 (json_int_t)t->crowded, "translator", "timed", (json_int_t)sum->timed,
			 "ns_a_call", each(sum, ns), "trapped_elsewhere", (json_int_t)t->elsewhere,
			 "sites", json_sites(t->sites, n));
}

/* ---- All of it -------------------------------------------------------------------------- */

/* Where to; NULL: not wanted. */
struct told {
	bool in_words;
	const char *path;
	FILE *json;
};

static int tell(struct told *told, struct tally *t, double ns, struct failure *why)
{
	const struct tally_cell sum = sum_of(t);
	size_t n = sort_sites(t->sites);

	if (told->in_words)
		print(t, n, &sum, ns);
	if (!told->json)
		return 0;
	return json_write(json_all(t, n, &sum, ns), told->json, 2, "--stats-json", why);
}

static int run(struct told *told, const struct plan *plan, struct box_options *box,
	       struct failure *why)
{
	const size_t size = TALLY_AT + sizeof(struct tally);
	AUTO_CLOSE int board = image_board(size);
	char *at = board < 0 ? MAP_FAILED
			     : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, board, 0);

	if (at == MAP_FAILED)
		return failure_set(why, EXIT_GUISE, "--stats: no memory to count in");
	const struct moment begin = moment_now();
	box->board = board;
	int status = box_run(plan, box, why);
	const struct moment end = moment_now();
	if (status >= 0 &&
	    tell(told, (struct tally *)(at + TALLY_AT), ns_per_tick(&begin, &end), why) < 0)
		status = -1;
	(void)munmap(at, size); /* a mapping of our own */
	return status;
}

int tally_run(const struct run_options *given, const struct plan *plan, struct box_options *box,
	      struct failure *why)
{
	struct told told = {.in_words = given->stats, .path = given->stats_json};

	if (told.path && !(told.json = output_open("--stats-json", told.path, why)))
		return -1;
	int status = run(&told, plan, box, why);
	if (told.json && output_close(told.json, "--stats-json", told.path, why) < 0)
		return -1;
	return status;
}
