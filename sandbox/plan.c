#include "sandbox/plan.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

static void print_namespaces(FILE *out, const struct step *s)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} names[] = {
		{CLONE_NEWUSER, "user"},     {CLONE_NEWPID, "pid"},   {CLONE_NEWNS, "mount"},
		{CLONE_NEWNET, "net"},	     {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"},
		{CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"},
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (s->number & names[i].flag)
			fprintf(out, " %s", names[i].name);
}

static void print_paths(FILE *out, const struct step *s)
{
	if (s->from)
		fprintf(out, " %s", s->from);
	if (s->from && s->to && strcmp(s->from, s->to) != 0)
		fprintf(out, " at %s", s->to);
	else if (!s->from && s->to)
		fprintf(out, " %s", s->to);
}

static void print_options(FILE *out, const struct step *s)
{
	print_paths(out, s);
	fprintf(out, " (%s%s)", s->text, s->number ? "" : ", read-only in the end");
}

static void print_device(FILE *out, const struct step *s)
{
	print_paths(out, s);
	fprintf(out, " (%u:%u)", major(s->number), minor(s->number));
}

static void print_group(FILE *out, const struct step *s)
{
	fprintf(out, " in %s (", s->from);
	for (const char *c = s->text; *c; c++)
		if (*c != '\n')
			putc(*c, out);
		else if (c[1])
			fputs(", ", out);
	fprintf(out, ")%s%s", s->to ? ", which guise leaves: " : "", s->to ? s->to : "");
}

static void print_limit(FILE *out, const struct step *s)
{
	fprintf(out, " %s %llu", s->text, (unsigned long long)s->number);
}

static void print_numbers(FILE *out, const struct step *s)
{
	fprintf(out, " %llu", (unsigned long long)s->number);
}

static void print_kept(FILE *out, const struct step *s)
{
	fprintf(out, " %s in %s", s->from, s->to);
}

static void print_overlay(FILE *out, const struct step *s)
{
	print_paths(out, s);
	fprintf(out, s->kind == STEP_OVERLAY ? " (thrown away; %s)" : " (changes in %s)", s->text);
}

static void print_link(FILE *out, const struct step *s)
{
	fprintf(out, " %s -> %s", s->to, s->text);
}

static void print_network(FILE *out, const struct step *s)
{
	fputs(s->number ? " with its loopback up" : " of nothing", out);
}

static void print_landlock(FILE *out, const struct step *s)
{
	fprintf(out, " (version %lu)", (unsigned long)s->number);
}

static void print_allowance(FILE *out, const struct step *s)
{
	static const char *const names[] = {"to read", "to read and write",
					    "to use"}; /* weaker.c */

	fprintf(out, " %s %s", names[s->number], s->to);
}

static const struct {
	const char *name;
	enum step_place place;
	void (*print)(FILE *, const struct step *);
} kinds[] = {
	[STEP_CHECK_STDIO] = {"refuse directories and O_PATH on descriptors 0-2", IN_SUPERVISOR,
			      print_paths},
	[STEP_IMAGES] = {"files for resident and settings", IN_SUPERVISOR, print_paths},
	[STEP_KEEP] = {"keep changes to", IN_SUPERVISOR, print_kept},
	[STEP_CLEANER] = {"cleaner", IN_SUPERVISOR, print_paths},
	[STEP_CGROUP] = {"control group", IN_SUPERVISOR, print_group},
	[STEP_NAMESPACES] = {"namespaces", IN_SUPERVISOR, print_namespaces},
	[STEP_FILL] = {"fill and seal them", IN_SUPERVISOR, print_paths},
	[STEP_TIE] = {"die with supervisor", IN_INIT, print_paths},
	[STEP_MAP_USER] = {"map user", IN_INIT, print_paths},
	[STEP_NO_NESTING] = {"no nested user namespaces", BESIDE_INIT, print_paths},
	[STEP_JOIN] = {"join control groups", IN_INIT, print_paths},
	[STEP_NUMBERS] = {"numbers for processes", IN_INIT, print_numbers},
	[STEP_FIRST_TO_GO] = {"first to go when memory runs short", BESIDE_INIT, print_paths},
	[STEP_SHARE] = {"at most half of what its user may have", IN_INIT, print_paths},
	[STEP_COUNTS] = {"watches of files, of its own", BESIDE_INIT, print_paths},
	[STEP_HOSTNAME] = {"hostname", IN_INIT, print_paths},
	[STEP_REFUSE_FOREIGN] = {"refuse other systems' programs", IN_INIT, print_paths},
	[STEP_PROCESSES] = {"facts about the processes inside", IN_INIT, print_paths},
	[STEP_QUEUES] = {"message queues of its own", IN_INIT, print_paths},
	[STEP_STDIO] = {"files on 0-2 as on a read-only mount", IN_INIT, print_paths},
	[STEP_ROOT] = {"root", IN_INIT, print_options},
	[STEP_BASE] = {"base", IN_INIT, print_paths},
	[STEP_TMPFS] = {"tmpfs", IN_INIT, print_options},
	[STEP_PTS] = {"pts", IN_INIT, print_paths},
	[STEP_READ_ONLY] = {"ro", IN_INIT, print_paths},
	[STEP_WRITABLE] = {"rw", IN_INIT, print_paths},
	[STEP_OVERLAY] = {"overlay", IN_INIT, print_overlay},
	[STEP_OVERLAY_KEPT] = {"overlay", IN_INIT, print_overlay},
	[STEP_HIDE] = {"hide", IN_INIT, print_paths},
	[STEP_PROCFS] = {"procfs", IN_INIT, print_paths},
	[STEP_FREEZE] = {"keep as it is", IN_INIT, print_paths},
	[STEP_DEVICE] = {"device", IN_INIT, print_device},
	[STEP_LINK] = {"link", IN_INIT, print_link},
	[STEP_FILE] = {"file", IN_INIT, print_paths},
	[STEP_PIVOT] = {"pivot", IN_INIT, print_paths},
	[STEP_SEAL] = {"seal root", IN_INIT, print_paths},
	[STEP_ENTER] = {"enter", IN_INIT, print_paths},
	[STEP_NETWORK] = {"network", BESIDE_INIT, print_network},
	[STEP_SETTLED] = {"wait for what is done beside", IN_INIT, print_paths},
	[STEP_DROP] = {"drop capabilities, no new privileges", IN_INIT, print_paths},
	[STEP_RULES] = {"landlock alone", IN_INIT, print_landlock},
	[STEP_ALLOW] = {"allow", IN_INIT, print_allowance},
	[STEP_ENFORCE] = {"allow nothing else", IN_INIT, print_paths},
	[STEP_LANDLOCK] = {"landlock", IN_INIT, print_landlock},
	[STEP_SESSION] = {"session", IN_INIT, print_paths},
	[STEP_GROUP] = {"process group", IN_GUEST, print_paths},
	[STEP_NO_CORE] = {"no core dumps", IN_GUEST, print_paths},
	[STEP_SIGNALS] = {"signals as the caller has them", IN_GUEST, print_paths},
	[STEP_AWAIT] = {"wait for resident and settings", IN_GUEST, print_paths},
	[STEP_DESCRIPTORS] = {"close all but 0-2", IN_GUEST, print_paths},
	[STEP_NATIVE_DESCRIPTORS] = {"close all but 0-2", IN_GUEST, print_paths},
	[STEP_NATIVE_FILTER] = {"filter for the host's own programs", IN_GUEST, print_paths},
	[STEP_LIMIT] = {"limit", IN_GUEST, print_limit},
	[STEP_LIMIT_HOLDS] = {"see that processes are counted", IN_GUEST, print_paths},
	[STEP_WEAKER_FILTER] = {"filter instead of namespaces", IN_GUEST, print_paths},
	[STEP_EXECUTE] = {"execute", IN_GUEST, print_paths},
	[STEP_NATIVE_EXECUTE] = {"execute natively", IN_GUEST, print_paths},
	[STEP_SETTLE] = {"filter of its own", IN_INIT_LATER, print_paths},
};
_Static_assert(COUNT_OF(kinds) == STEP_KINDS, "name every kind");

const char *step_name(enum step_kind kind)
{
	return kinds[kind].name;
}

enum step_place step_place(enum step_kind kind)
{
	return kinds[kind].place;
}

static bool copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

static void step_free(struct step *s)
{
	free(s->from);
	free(s->to);
	free(s->text);
}

int plan_add(struct plan *p, const struct step *s)
{
	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 64;
		struct step *more = reallocarray(p->steps, room, sizeof *more);
		if (!more)
			return -ENOMEM;
		p->steps = more;
		p->room = room;
	}
	struct step copy = {.kind = s->kind, .number = s->number};
	bool copied = copy_text(&copy.from, s->from) && copy_text(&copy.to, s->to) &&
		      copy_text(&copy.text, s->text);
	if (!copied) {
		step_free(&copy);
		return -ENOMEM;
	}
	p->steps[p->n++] = copy;
	return 0;
}

void plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		step_free(&p->steps[i]);
	free(p->steps);
	*p = (struct plan){0};
}

void plan_print(const struct plan *p, FILE *out)
{
	static const char *const places[] = {
		[IN_SUPERVISOR] = "supervisor", [BESIDE_INIT] = "beside", [IN_INIT] = "init",
		[IN_GUEST] = "guest",		[IN_INIT_LATER] = "init",
	};
	_Static_assert(COUNT_OF(places) == STEP_PLACES, "name every place");

	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];
		fprintf(out, "%-10s %s", places[kinds[s->kind].place], kinds[s->kind].name);
		kinds[s->kind].print(out, s);
		putc('\n', out);
	}
}
