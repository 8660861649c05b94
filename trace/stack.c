#include "trace/stack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/unwind.h"

#define MOST_FRAMES 256
#define PROCESSES 32 /* looked at at the same time */
#define OBJECTS 64
#define PLACES 2048 /* a power of two */

/* What was found out about an address, for as long as the mappings are the same. */
struct place {
	uint64_t address; /* 0: nothing yet */
	struct origin origin;
	char *text;
};

struct process {
	uint32_t pid; /* inside; 0: unused */
	uint64_t used, turn;
	struct view view;
	struct unwinder *unwinder;
	struct place places[PLACES];
};

struct stacks {
	uint64_t clock;
	struct process *processes[PROCESSES];
	struct object *objects;
	size_t n_objects;
};

/* ---- Processes ---------------------------------------------------------------------- */

static void forget_places(struct process *p)
{
	for (size_t i = 0; i < PLACES; i++) {
		free(p->places[i].text);
		p->places[i] = (struct place){0};
	}
}

static void process_free(struct process *p)
{
	if (!p)
		return;
	forget_places(p);
	unwinder_free(p->unwinder);
	view_close(&p->view);
	free(p);
}

static struct process *process_new(uint32_t pid)
{
	struct process *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->pid = pid;
	p->unwinder = unwinder_new();
	if (!p->unwinder || view_open_inside(&p->view, pid) < 0) {
		unwinder_free(p->unwinder);
		free(p);
		return NULL;
	}
	return p;
}

static struct process **slot_for(struct stacks *s, uint32_t pid)
{
	struct process **oldest = &s->processes[0];

	for (size_t i = 0; i < PROCESSES; i++) {
		struct process **at = &s->processes[i];

		if (*at && (*at)->pid == pid)
			return at;
		if (!*at || (*oldest && (*at)->used < (*oldest)->used))
			oldest = at;
	}
	return oldest;
}

/* Its mappings as they are now; NULL if it is not to be found. */
static struct process *process_at(struct stacks *s, uint32_t pid)
{
	struct process **at = slot_for(s, pid);

	if (*at && ((*at)->pid != pid || view_renew(&(*at)->view) < 0)) {
		process_free(*at);
		*at = NULL;
	}
	if (!*at) {
		*at = process_new(pid);
		if (!*at || view_renew(&(*at)->view) < 0)
			return NULL;
	}
	(*at)->used = ++s->clock;
	return *at;
}

/* ---- Files --------------------------------------------------------------------------- */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void forget_objects(struct stacks *s)
{
	while (s->objects) {
		struct object *o = s->objects;

		s->objects = o->next;
		object_free(o);
	}
	s->n_objects = 0;
	for (size_t i = 0; i < PROCESSES; i++)
		if (s->processes[i])
			forget_places(s->processes[i]);
}

static const struct object *find_object(struct stacks *s, int fd)
{
	struct stat st;
	struct object *o;

	if (fstat(fd, &st) < 0)
		return NULL;
	for (o = s->objects; o; o = o->next)
		if (is_same(&o->file, &st))
			return o;
	if (s->n_objects == OBJECTS)
		forget_objects(s);
	o = object_read(fd, &st);
	if (!o)
		return NULL;
	o->next = s->objects;
	s->objects = o;
	s->n_objects++;
	return o;
}

static struct origin find_origin(struct stacks *s, const struct view *v, const struct mapping *m,
				 uint64_t address)
{
	struct origin out = {0};
	uint64_t of_file;
	int fd = view_file(v, m);

	if (fd < 0)
		return out;
	out.object = find_object(s, fd);
	close(fd);
	if (!out.object || !object_address(out.object, address - m->start + m->offset, &of_file)) {
		out.object = NULL;
		return out;
	}
	out.bias = address - of_file;
	if (out.object->has_go)
		(void)gotable_find(&out.object->go, of_file, &out.go); /* or it is not Go's */
	return out;
}

/* ---- Text -------------------------------------------------------------------------------- */

/* Nothing a terminal would act on, nor a line end. */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == '\\' || *text == 0x7f)
			fprintf(out, "\\%03o", (unsigned char)*text);
		else
			putc_unlocked(*text, out);
}

/* `at` is the address looked up, ip the one shown. */
static void put_frame(FILE *out, const struct mapping *m, const struct origin *o, uint64_t at,
		      uint64_t ip)
{
	const char *name = NULL;
	uint64_t into = 0;

	if (o->go.name) {
		name = o->go.name;
		into = at - o->bias - o->go.entry;
	} else if (o->object) {
		name = object_symbol_at(o->object, at - o->bias, &into);
	}
	fputs(" > ", out);
	put_text(out, m->path[0] ? m->path : "[no file]");
	if (name) {
		putc_unlocked('(', out);
		put_text(out, name);
		fprintf(out, "+%#" PRIx64 ")", into + (ip - at));
	}
	fprintf(out, " [%#" PRIx64 "]", ip - o->bias);
	if (o->go.file) {
		putc_unlocked(' ', out);
		put_text(out, o->go.file);
		fprintf(out, ":%" PRId64, o->go.line);
	}
	putc_unlocked('\n', out);
}

static char *write_frame(const struct mapping *m, const struct origin *o, uint64_t at, uint64_t ip)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return NULL;
	put_frame(out, m, o, at, ip);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* ---- Stacks -------------------------------------------------------------------------------- */

static const struct place *place_of(struct stacks *s, struct process *p, const struct frame *f)
{
	uint64_t at = frame_code(f), key = f->ip << 1 | f->is_exact;
	const struct mapping *m = view_find(&p->view, at);
	struct place *place = &p->places[(key ^ key >> 11) % PLACES];

	if (!m || !m->executable)
		return NULL;
	if (place->address == key)
		return place;
	const struct origin origin = find_origin(s, &p->view, m, at);
	free(place->text);
	*place = (struct place){key, origin, write_frame(m, &origin, at, f->ip)};
	if (place->text)
		return place;
	place->address = 0;
	return NULL;
}

static void write_stack(struct stacks *s, struct process *p, const struct regs *regs, FILE *out)
{
	struct frame f = {
		.ip = regs->rip,
		.sp = regs->rsp,
		.bp = regs->rbp,
		.bx = regs->rbx,
		.r12 = regs->r12,
		.r13 = regs->r13,
		.r14 = regs->r14,
		.r15 = regs->r15,
		.is_exact = true,
	};

	unwinder_begin(p->unwinder, &p->view);
	if (p->turn != p->view.turn)
		forget_places(p);
	p->turn = p->view.turn;
	for (int i = 0; i < MOST_FRAMES; i++) {
		const struct place *place = place_of(s, p, &f);

		if (!place)
			return;
		fputs(place->text, out);
		if (!unwinder_step(p->unwinder, &place->origin, &f))
			return;
	}
	fputs(" > ...\n", out);
}

char *stacks_take(struct stacks *s, uint32_t pid, const struct regs *regs)
{
	struct process *p = process_at(s, pid);
	char *text = NULL;
	size_t n;
	FILE *out;

	if (!p)
		return strdup("");
	out = open_memstream(&text, &n);
	if (!out)
		return NULL;
	write_stack(s, p, regs, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

void stacks_forget(struct stacks *s, uint32_t pid)
{
	struct process **at = slot_for(s, pid);

	if (*at && (*at)->pid == pid) {
		process_free(*at);
		*at = NULL;
	}
}

struct stacks *stacks_new(void)
{
	return calloc(1, sizeof(struct stacks));
}

void stacks_free(struct stacks *s)
{
	if (!s)
		return;
	forget_objects(s);
	for (size_t i = 0; i < PROCESSES; i++)
		process_free(s->processes[i]);
	free(s);
}
