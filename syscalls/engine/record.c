/* What is said of a call, a signal, a beginning or an end.
 *
 * A record is put together on the thread's own stack.  No lock is held; in the resident a signal
 * may come at any point.
 */
#include "syscalls/engine/record.h"

#include "syscalls/core.h"
#include "syscalls/engine.h"
#include "syscalls/personality.h"

#include <linux/time_types.h>
#include <string.h>

#define MONOTONIC 1 /* CLOCK_MONOTONIC, linux/time.h */

static bool has(enum settings_flags setting)
{
	return engine_settings()->flags & setting;
}

static uint64_t now(void)
{
	struct __kernel_timespec t = {0};

	if (!has(SETTINGS_TRACE_TIMES))
		return 0;
	(void)engine_clock(NULL, MONOTONIC, &t); /* always there */
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void describe(const struct thread *t, struct trace_record *r, enum trace_kind kind)
{
	const struct personality *p = t->process->personality;

	memset(r, 0, sizeof *r);
	r->kind = (uint8_t)kind;
	for (size_t i = 0; p && i < sizeof r->system && p->name[i]; i++)
		r->system[i] = p->name[i];
	r->pid = (uint32_t)t->process->pid;
	r->tid = (uint32_t)t->host_tid;
	r->begun = now();
}

/* ---- Calls --------------------------------------------------------------------- */

/* First of all, where there is room for sure. */
static void add_registers(const struct thread *t, struct trace_entry *e)
{
	const struct trace_capture head = {
		.argument = TRACE_REGISTERS,
		.length = sizeof t->regs,
	};

	memcpy(e->captures, &head, sizeof head);
	memcpy(e->captures + sizeof head, &t->regs, sizeof t->regs);
	e->used = sizeof head + sizeof t->regs;
	e->waits = TRACE_WAITS;
}

void trace_enter(struct trace_entry *e, struct call *c)
{
	describe(c->thread, &e->record, TRACE_CALL);
	e->record.nr = c->nr;
	memcpy(e->record.a, c->a, sizeof e->record.a);
	e->call = c;
	e->used = 0;
	e->waits = 0;
	e->begun = false;
	if (has(SETTINGS_TRACE_STACKS))
		add_registers(c->thread, e);
	if (!has(SETTINGS_TRACE_BARE)) {
		c->row = find_row(c->personality, c->nr);
		for (int i = 0; c->row && i < MAX_ARGS; i++)
			capture_before(e, i);
	}
	c->thread->entry = e;
}

void trace_begun(struct thread *t, unsigned flags)
{
	struct trace_entry *e = t->entry;

	if (!e || e->begun)
		return;
	e->record.kind = flags & TRACE_NO_RESULT ? TRACE_CALL : TRACE_ENTER;
	e->record.flags = (uint8_t)flags | e->waits;
	ring_put(t, &e->record, e->used);
	e->begun = true;
	e->used = 0;
	e->waits = 0; /* once is enough */
	e->record.kind = TRACE_LEAVE;
	if (flags & TRACE_NO_RESULT)
		t->entry = NULL;
}

void trace_leave(struct call *c, long result)
{
	struct trace_entry *e = c->thread->entry;

	if (!e)
		return;
	c->thread->entry = NULL;
	e->record.flags = e->waits;
	if (result == CALL_AGAIN)
		e->record.flags |= TRACE_RESTARTS;
	if (result == CALL_DONE)
		e->record.flags |= TRACE_NO_RESULT;
	e->record.result = result;
	if (e->record.begun)
		e->record.spent = now() - e->record.begun;
	for (int i = 0; c->row && i < MAX_ARGS && !is_error(result); i++)
		if (!has(SETTINGS_TRACE_BARE))
			capture_after(e, i, (uint64_t)result);
	ring_put(c->thread, &e->record, e->used);
}

/* ---- What else happens ----------------------------------------------------------- */

void trace_signal(struct thread *t, const struct signal_info *info)
{
	struct trace_record r;

	describe(t, &r, TRACE_SIGNAL);
	r.nr = (uint32_t)info->number;
	r.result = info->code;
	r.a[0] = (uint64_t)info->pid;
	r.a[1] = info->uid;
	r.a[2] = info->address;
	r.a[3] = info->value;
	ring_put(t, &r, 0);
}

void trace_event(struct thread *t, enum trace_kind kind, long number)
{
	struct trace_record r;

	trace_begun(t, kind == TRACE_EXIT || kind == TRACE_THREAD_EXIT ? TRACE_NO_RESULT : 0);
	describe(t, &r, kind);
	r.nr = (uint32_t)number;
	r.result = number;
	ring_put(t, &r, 0);
}

void trace_core(struct thread *t, const struct core_request *q)
{
	struct {
		struct trace_record record;
		struct trace_capture head;
		struct core_request request;
	} r;
	bool first = !__atomic_exchange_n(&t->process->is_dumped, 1, __ATOMIC_ACQ_REL);

	describe(t, &r.record, TRACE_CORE);
	r.record.flags = TRACE_WAITS;
	r.head = (struct trace_capture){.length = first ? sizeof r.request : 0};
	r.request = *q;
	ring_put(t, &r.record, sizeof r.head + r.head.length);
}

void trace_program(struct thread *t, const char *path)
{
	struct {
		struct trace_record record;
		struct trace_capture capture;
		char path[TRACE_PATH];
	} r;
	size_t n = strlen(path);

	describe(t, &r.record, TRACE_PROGRAM);
	n = n < sizeof r.path ? n : sizeof r.path;
	r.capture = (struct trace_capture){.length = (uint32_t)n};
	memset(r.path + n / 8 * 8, 0, n < sizeof r.path ? 8 : 0);
	memcpy(r.path, path, n);
	ring_put(t, &r.record, sizeof r.capture + ((n + 7) & ~7UL));
}
