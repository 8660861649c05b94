/* Records of what the program does, to a ring that a reader outside prints (trace.h).
 *
 * A record is put together on the thread's own
 * stack and copied to the ring in one go (ring.c).  No lock is held, and a signal may come at
 * any point.
 */
#include "syscalls/engine/resident/resident.h"
#include "syscalls/core.h"
#include "syscalls/personality.h"

#include <string.h>

#define CLOCK_MONOTONIC 1

static uint64_t now(void)
{
	uint64_t t[2] = {0};

	if (!(space.settings.flags & SETTINGS_TRACE_TIMES))
		return 0;
	(void)LINUX(clock_gettime, CLOCK_MONOTONIC, t); /* our own words: cannot fail */
	return t[0] * 1000000000 + t[1];
}

static void describe(const struct resident *r, struct trace_record *t, enum trace_kind kind)
{
	const struct personality *p = r->thread.process->personality;

	memset(t, 0, sizeof *t);
	t->kind = (uint8_t)kind;
	for (size_t i = 0; p && i < sizeof t->system && p->name[i]; i++)
		t->system[i] = p->name[i];
	t->pid = (uint32_t)r->thread.process->pid;
	t->tid = (uint32_t)r->thread.host_tid;
	t->begun = now();
}

/* ---- Calls --------------------------------------------------------------------- */

/* First of all, where there is room for sure. */
static void add_registers(const struct resident *r, struct trace_entry *e)
{
	const struct trace_capture head = {
		.argument = TRACE_REGISTERS,
		.length = sizeof r->thread.regs,
	};

	memcpy(e->captures, &head, sizeof head);
	memcpy(e->captures + sizeof head, &r->thread.regs, sizeof r->thread.regs);
	e->used = sizeof head + sizeof r->thread.regs;
	e->waits = TRACE_WAITS;
}

void trace_enter(struct resident *r, struct trace_entry *e, struct call *c)
{
	describe(r, &e->record, TRACE_CALL);
	e->record.nr = c->nr;
	memcpy(e->record.a, c->a, sizeof e->record.a);
	e->call = c;
	e->used = 0;
	e->waits = 0;
	e->begun = false;
	if (space.settings.flags & SETTINGS_TRACE_STACKS)
		add_registers(r, e);
	if (!(space.settings.flags & SETTINGS_TRACE_BARE)) {
		c->row = find_row(c->personality, c->nr);
		for (int i = 0; c->row && i < MAX_ARGS; i++)
			capture_before(e, i);
	}
	r->entry = e;
}

void trace_begun(struct resident *r, unsigned flags)
{
	struct trace_entry *e = r->entry;

	if (!e || e->begun)
		return;
	e->record.kind = flags & TRACE_NO_RESULT ? TRACE_CALL : TRACE_ENTER;
	e->record.flags = (uint8_t)flags | e->waits;
	ring_put(r, &e->record, e->used);
	e->begun = true;
	e->used = 0;
	e->waits = 0; /* once is enough */
	e->record.kind = TRACE_LEAVE;
	if (flags & TRACE_NO_RESULT)
		r->entry = NULL;
}

void trace_leave(struct resident *r, struct call *c, long result, unsigned flags)
{
	struct trace_entry *e = r->entry;

	if (!e)
		return;
	r->entry = NULL;
	e->record.flags = (uint8_t)flags | e->waits;
	e->record.result = result;
	if (e->record.begun)
		e->record.spent = now() - e->record.begun;
	for (int i = 0; c->row && i < MAX_ARGS && !is_error(result); i++)
		if (!(space.settings.flags & SETTINGS_TRACE_BARE))
			capture_after(e, i, (uint64_t)result);
	ring_put(r, &e->record, e->used);
}

/* ---- What else happens ----------------------------------------------------------- */

void trace_signal(struct resident *r, const struct signal_info *info)
{
	struct trace_record t;

	describe(r, &t, TRACE_SIGNAL);
	t.nr = (uint32_t)info->number;
	t.result = info->code;
	t.a[0] = (uint64_t)info->pid;
	t.a[1] = info->uid;
	t.a[2] = info->address;
	t.a[3] = info->value;
	ring_put(r, &t, 0);
}

void trace_event(struct resident *r, enum trace_kind kind, long number)
{
	struct trace_record t;

	trace_begun(r, kind == TRACE_EXIT || kind == TRACE_THREAD_EXIT ? TRACE_NO_RESULT : 0);
	describe(r, &t, kind);
	t.nr = (uint32_t)number;
	t.result = number;
	ring_put(r, &t, 0);
}

/* Of several threads that die at once the first one's is told.  All hold still until the file is
 * there, since the first that goes on ends them all. */
void trace_core(struct resident *r, const struct signal_info *info)
{
	struct {
		struct trace_record record;
		struct trace_capture head;
		struct core_request request;
	} t;
	struct process *p = r->thread.process;
	bool first = !__atomic_exchange_n(&p->is_dumped, 1, __ATOMIC_ACQ_REL);

	describe(r, &t.record, TRACE_CORE);
	t.record.flags = TRACE_WAITS;
	t.head = (struct trace_capture){.length = first ? sizeof t.request : 0};
	t.request = (struct core_request){
		.info = *info,
		.process = (uint64_t)p,
		.threads = (uint64_t)slot_of(0),
		.stride = SLOT_SIZE,
		.n_threads = space.top,
		.host_tid = r->thread.host_tid,
		.low = RESIDENT_BASE,
		.high = RESIDENT_LIMIT,
	};
	ring_put(r, &t.record, sizeof t.head + t.head.length);
}

void trace_program(struct resident *r, const char *path)
{
	struct {
		struct trace_record record;
		struct trace_capture capture;
		char path[TRACE_PATH];
	} t;
	size_t n = strlen(path);

	describe(r, &t.record, TRACE_PROGRAM);
	n = n < sizeof t.path ? n : sizeof t.path;
	t.capture = (struct trace_capture){.length = (uint32_t)n};
	memset(t.path + n / 8 * 8, 0, n < sizeof t.path ? 8 : 0);
	memcpy(t.path, path, n);
	ring_put(r, &t.record, sizeof t.capture + ((n + 7) & ~7UL));
}
