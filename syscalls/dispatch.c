/* One call: find its row, do what the row says. */
#include "syscalls/descriptors.h"
#include "syscalls/engine.h"
#include "syscalls/personality.h"
#include "syscalls/process.h"
#include "syscalls/signal.h"

#include <string.h>

const struct row *find_row(const struct personality *p, uint32_t nr)
{
	if (nr >= p->n_rows || !p->rows[nr].name)
		return NULL;
	return &p->rows[nr];
}

static long no_such_call(struct call *c)
{
	struct signal_info info = {.number = (int)c->personality->no_call_signal,
				   .code = CODE_KERNEL,
				   .to_thread = true};

	if (info.number)
		engine_raise(c->thread, &info);
	return -ENOSYS;
}

long dispatch_row(struct call *c)
{
	if (!c->row)
		return no_such_call(c);
	if (c->row->translate)
		return c->row->translate(c);
	return c->row->error;
}

long dispatch(struct call *c)
{
	if (!c->row)
		c->row = find_row(c->personality, c->nr);
	c->scratch_used = 0;
	if (__builtin_expect(c->thread->process->is_guarded, false))
		return c->personality->guard(c);
	return dispatch_row(c);
}

/* ---- SAME --------------------------------------------------------------- */

/* How one argument went in, to know how it comes out. */
struct passed {
	uint64_t host; /* what Linux gets */
	size_t count; /* objects behind the pointer */
	bool copied; /* through scratch */
};

/* Objects an array argument may have: what fits scratch, never more than Linux's own bounds. */
#define MAX_ELEMENTS 65536

static int count_of(struct call *c, const struct arg *a, size_t *count)
{
	uint64_t n;
	int r;

	*count = 1;
	if (a->pass != PASS_IN_ARRAY && a->pass != PASS_OUT_ARRAY)
		return 0;
	r = value_to_host(c, c->row->args[a->length].type, c->a[a->length], &n);
	if (r < 0)
		return r;
	if (n > MAX_ELEMENTS)
		return -EINVAL;
	*count = n;
	return 0;
}

static int copy_in(struct call *c, int i, struct passed *p)
{
	const struct type *t = c->row->args[i].type;
	char object[4096];

	if (t->host_size > sizeof object)
		return -EINVAL;
	for (size_t n = 0; n < p->count; n++) {
		int r = arg_in_at(c, i, n, object);

		if (r == 0)
			r = put_guest(c, p->host + n * t->host_size, object, t->host_size);
		if (r < 0)
			return r;
	}
	return 0;
}

static int pass_pointer(struct call *c, int i, struct passed *p)
{
	const struct arg *a = &c->row->args[i];
	int r;

	p->host = c->a[i];
	if (!p->host || same_layout(a->type))
		return 0;
	r = count_of(c, a, &p->count);
	if (r < 0)
		return r;
	p->copied = true;
	p->host = scratch(c, p->count * a->type->host_size);
	if (!p->host)
		return -ENOMEM;
	if (a->pass == PASS_OUT || a->pass == PASS_OUT_ARRAY)
		return 0;
	return copy_in(c, i, p);
}

static int pass_in(struct call *c, int i, struct passed *p)
{
	switch (c->row->args[i].pass) {
	case PASS_VALUE:
		return arg_value(c, i, &p->host);
	case PASS_IN:
	case PASS_OUT:
	case PASS_INOUT:
	case PASS_IN_ARRAY:
	case PASS_OUT_ARRAY:
		return pass_pointer(c, i, p);
	default: /* paths and bytes: Linux reads them where they are */
		p->host = c->a[i];
		return 0;
	}
}

static int copy_out(struct call *c, int i, const struct passed *p, long result)
{
	const struct arg *a = &c->row->args[i];
	size_t count = p->count;
	char object[4096];

	if (!p->copied || a->pass == PASS_IN || a->pass == PASS_IN_ARRAY)
		return 0;
	if (a->pass == PASS_OUT_ARRAY && (size_t)result < count)
		count = (size_t)result;
	for (size_t n = 0; n < count; n++) {
		int r = get_guest(c, object, p->host + n * a->type->host_size, a->type->host_size);

		if (r == 0)
			r = arg_out_at(c, i, n, object);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- SAME without a copy ------------------------------------------------- */

_Static_assert(1 << 6 == PLAN_DIRECT, "a bit for each of Linux's six arguments");

static bool is_direct(const struct arg *a)
{
	switch (a->pass) {
	case PASS_VALUE:
		return a->type->kind == KIND_INT || a->type->kind == KIND_POINTER ||
		       a->type->kind == KIND_FD;
	case PASS_IN:
	case PASS_OUT:
	case PASS_INOUT:
	case PASS_IN_ARRAY:
	case PASS_OUT_ARRAY:
		return same_layout(a->type);
	default:
		return true;
	}
}

static uint8_t plan_of(const struct row *row)
{
	uint8_t plan = PLAN_DIRECT;

	for (int i = 0; i < 6 && row->args[i].pass; i++) {
		if (!is_direct(&row->args[i]))
			return PLAN_GENERAL;
		if (row->args[i].type->kind == KIND_FD && row->args[i].pass == PASS_VALUE)
			plan |= (uint8_t)(1u << i);
	}
	return plan;
}

/* Where every call is watched or guarded none is quick. */
static uint16_t quick_of(const struct process *p, const struct row *row, uint8_t plan)
{
	if (plan == PLAN_GENERAL || (p->settings & (SETTINGS_CHECK_USES | SETTINGS_TRACE)) ||
	    __atomic_load_n(&p->is_guarded, __ATOMIC_ACQUIRE))
		return 0;
	if (plan == PLAN_DIRECT)
		return (uint16_t)(QUICK | row->host);
	return plan == (PLAN_DIRECT | 1) ? (uint16_t)(QUICK | QUICK_DESCRIPTOR | row->host) : 0;
}

static uint8_t plan_for(struct call *c)
{
	struct process *p = c->thread->process;

	if (c->nr >= COUNT(p->plans))
		return PLAN_GENERAL;
	if (p->plans[c->nr] == PLAN_UNKNOWN) {
		p->plans[c->nr] = plan_of(c->row);
		p->quick[c->nr] = quick_of(p, c->row, p->plans[c->nr]);
		/* Another thread may have begun to be guarded meanwhile. */
		if (__atomic_load_n(&p->is_guarded, __ATOMIC_SEQ_CST))
			p->quick[c->nr] = 0;
	}
	return p->plans[c->nr];
}

static bool may_be_bare(const struct process *p)
{
	return !__atomic_load_n(&p->descriptors, __ATOMIC_SEQ_CST) &&
	       !__atomic_load_n(&p->is_guarded, __ATOMIC_SEQ_CST);
}

void make_bare(struct call *c, int nr)
{
	struct process *p = c->thread->process;

	if (c->nr >= COUNT(p->plans) || p->plans[c->nr] == PLAN_BARE || !may_be_bare(p) ||
	    (p->settings & (SETTINGS_CHECK_USES | SETTINGS_TRACE)))
		return;
	__atomic_store_n(&p->plans[c->nr], PLAN_BARE, __ATOMIC_SEQ_CST);
	__atomic_store_n(&p->quick[c->nr], (uint16_t)(QUICK | QUICK_DESCRIPTOR | nr),
			 __ATOMIC_SEQ_CST);
	if (!may_be_bare(p)) /* another thread has just ended it */
		p->quick[c->nr] = 0;
}

void end_bare(struct process *p)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (size_t i = 0; i < COUNT(p->plans); i++)
		if (p->plans[i] == PLAN_BARE)
			p->quick[i] = 0;
}

void process_guard(struct process *p)
{
	__atomic_store_n(&p->is_guarded, true, __ATOMIC_SEQ_CST);
	for (size_t i = 0; i < COUNT(p->quick); i++)
		p->quick[i] = 0;
}

/* Linux takes narrow arguments from wide registers as they are. */
static long direct_call(struct call *c, unsigned descriptors)
{
	for (; descriptors; descriptors &= descriptors - 1)
		if (descriptor_is_hidden(c->thread->process, (int)c->a[__builtin_ctz(descriptors)]))
			return -EBADF;
	return host_wait_call(c, c->row->host, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4],
			      c->a[5]);
}

static long general_call(struct call *c)
{
	struct passed p[6] = {0};
	long result;

	for (int i = 0; i < 6 && c->row->args[i].pass; i++) {
		int r = pass_in(c, i, &p[i]);

		if (r < 0)
			return r;
	}
	result = host_wait_call(c, c->row->host, p[0].host, p[1].host, p[2].host, p[3].host,
				p[4].host, p[5].host);
	if (is_error(result))
		return result;
	for (int i = 0; i < 6 && c->row->args[i].pass; i++) {
		int r = copy_out(c, i, &p[i], result);

		if (r < 0)
			return r;
	}
	return result;
}

long same_call(struct call *c)
{
	uint8_t plan = plan_for(c);
	long r = plan == PLAN_GENERAL ? general_call(c) : direct_call(c, plan & (PLAN_DIRECT - 1));

	return is_error(r) && c->row->failed ? c->row->failed(c, r) : r;
}
