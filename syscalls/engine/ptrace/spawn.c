/* Processes, threads and exec of traced guests.
 *
 * What a child needs of its maker it takes in its own coroutine, at its first stop, while the
 * maker's waits (take_over()): so nothing of it changes meanwhile, and calls that are to be made
 * in the child are. */
#include "syscalls/engine/ptrace/supervisor.h"

#include "syscalls/descriptors.h"
#include "syscalls/max_protection.h"
#include "syscalls/signal.h"
#include "syscalls/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int32_t guest_number(const struct process *p, int32_t host_tid)
{
	return host_tid + (int32_t)p->personality->tid_offset;
}

/* ---- Births ------------------------------------------------------------------ */

/* What the parent asked for of the child's number. */
static void born(struct thread *t)
{
	int32_t tid = t->tid;

	t->clear_tid = t->child.clear_tid;
	if (t->child.set_tid)
		(void)thread_put(t, t->child.set_tid, &tid, sizeof tid); /* or not, as Linux */
	t->child.set_tid = t->child.clear_tid = 0;
	t->has_robust_list = false;
}

static void let_maker_go(struct tracee *t)
{
	if (t->maker)
		t->maker->maker_waits = false;
	t->maker = NULL;
}

/* A thread like its maker's. */
static void copy_thread(struct tracee *child, const struct tracee *maker)
{
	struct process *p = child->thread.process;

	child->thread = maker->thread;
	child->thread.process = p;
	child->thread.entry = NULL; /* the maker's */
	child->thread.host_tid = child->tid;
	child->thread.tid = guest_number(p, child->tid);
	child->user = maker->user;
	child->host_mask = maker->host_mask;
}

/* ---- fork ---------------------------------------------------------------------- */

/* An end of what tells of the process's death, or brings it (procdesc.c). */
static void take_life(struct tracee *t, const struct life *life)
{
	int pid = t->guest->process.pid;
	uint64_t at = tracee_area(t) + AREA_ARGUMENT;
	long e;

	(void)LINUX(t, close, life->held); /* inherited: it is open */
	e = LINUX(t, dup3, life->own, HIDDEN_LIFE, 0);
	(void)LINUX(t, close, life->own); /* likewise */
	if (e >= 0)
		e = LINUX(t, fcntl, HIDDEN_LIFE, F_SETSIG, SIGKILL);
	if (e >= 0 && life->ends_with)
		e = LINUX(t, fcntl, HIDDEN_LIFE, F_SETOWN, pid);
	if (e >= 0 && life->ends_with)
		e = LINUX(t, fcntl, HIDDEN_LIFE, F_SETFL, O_NONBLOCK | O_ASYNC);
	if (e < 0 || (life->ends_with && LINUX(t, read, HIDDEN_LIFE, at, 1) == 0))
		(void)kill(pid, SIGKILL); /* it cannot fail */
}

static void drop_handlers(struct call *c)
{
	struct process *p = c->thread->process;

	for (uint32_t n = 1; n <= p->personality->max_signal; n++) {
		struct action *a = &p->actions[n - 1];

		if (a->handler == HANDLER_DEFAULT || a->handler == HANDLER_IGNORE)
			continue;
		*a = (struct action){.handler = HANDLER_DEFAULT};
		(void)engine_action_changed(c, (int)n); /* to the default: always possible */
	}
}

static int take_process(struct call *c, const struct tracee *maker)
{
	struct tracee *t = of_thread(c->thread);
	const struct process *from = &maker->guest->process;
	struct process *p = &t->guest->process;
	int r;

	*p = *from;
	p->lock.word = 0;
	p->exec_pages = NULL;
	p->counted = (struct counted){0}; /* by kqueues, which it has not */
	p->aio = NULL;
	timers_forked(p);
	if (p->is_reaper)
		p->reaper = p->pid;
	p->is_reaper = false;
	p->pid = t->tid;
	p->n_threads = 1;
	p->right_sets = NULL;
	p->descriptors = NULL;
	copy_thread(t, maker);
	r = descriptors_copy(c, from->descriptors, &p->descriptors);
	if (r == 0)
		r = max_protection_copy(p, from);
	if (r == 0 && c->personality->copy_state)
		r = c->personality->copy_state(p, from);
	return r;
}

static void begin_process(struct tracee *t)
{
	struct tracee *maker = t->maker;
	struct call c = {.thread = &t->thread};
	unsigned flags = t->fork_flags;
	const struct life *life = t->life;

	tracee_begin(t);
	if (!maker)
		tracee_last_call(t, __NR_exit_group, 127); /* killed, and this is nobody's child */
	c.personality = maker->guest->process.personality;
	t->thread.process = &t->guest->process;
	if (take_process(&c, maker) < 0)
		tracee_last_call(t, __NR_exit_group, 127);
	board_born(maker->guest->process.pid, t->tid);
	if (life) {
		descriptor_clear(&t->guest->process, life->own, DESCRIPTOR_HIDDEN);
		take_life(t, life);
	} else {
		(void)LINUX(t, dup3, HIDDEN_RESIDENT, HIDDEN_LIFE, 0); /* both are open */
	}
	born(&t->thread);
	c.personality->leave_child(&c);
	if (flags & FORK_DROPS_HANDLERS)
		drop_handlers(&c);
	let_maker_go(t);
	tracee_live(t);
}

static void process_born(struct tracee *maker, int tid)
{
	struct tracee *t = tracee_get(tid);
	struct guest *g = guest_new();

	t->fork_flags = maker->fork_flags;
	t->life = maker->life;
	if (t->fork_flags & FORK_SHARED) {
		g->space = maker->guest->space;
		t->lender = maker->tid;
	} else {
		g->space = malloc(sizeof *g->space);
		if (!g->space)
			die(EXIT_GUISE, "no memory for another process");
		*g->space = *maker->guest->space;
		g->space->users = 0;
		memset(g->space->taken, 0, sizeof g->space->taken);
	}
	g->space->users++;
	t->maker = maker;
	maker->maker_waits = true;
	tracee_adopt(t, g, begin_process);
	coroutine_wait_birth(maker);
}

/* As in the resident: who comes back from vfork can wait for a child that ended. */
static void await_end(struct tracee *t, long pid)
{
	long r;

	do
		r = LINUX(t, waitid, P_PID, pid, 0, WEXITED | WNOWAIT, 0);
	while (r == -EINTR);
}

long engine_fork(struct call *c, unsigned flags, const struct life *life)
{
	struct tracee *t = of_thread(c->thread);
	uint64_t how = (flags & FORK_SHARED ? CLONE_VM | CLONE_VFORK : 0) | (life ? 0 : SIGCHLD);
	struct process *p = &t->guest->process;
	long pid;

	signals_push_mask(t);
	t->fork_flags = flags;
	t->life = life;
	descriptors_lock(p);
	lock_take(&p->lock);
	pid = tracee_clone(t, (const uint64_t[6]){how}, process_born);
	lock_release(&p->lock);
	descriptors_unlock(p);
	if (t->vector_at) /* a vfork child executes */
		(void)LINUX(t, munmap, t->vector_at, t->vector_bytes);
	else if (pid > 0 && (flags & FORK_SHARED))
		await_end(t, pid);
	t->vector_at = 0;
	if (pid > 0)
		board_forked(p->pid);
	return pid;
}

/* ---- Threads ------------------------------------------------------------------------ */

static void set_registers(struct tracee *t, const struct tracee *maker)
{
	struct call c = {.thread = &t->thread, .personality = t->guest->process.personality};
	const struct new_thread *n = &t->asked;

	if (n->has_regs) {
		t->thread.regs = n->regs;
		return;
	}
	if (!n->continues) {
		t->thread.regs = (struct regs){.rip = n->entry,
					       .rdi = n->arg,
					       .rsp = n->stack,
					       .rflags = 0x202};
		return;
	}
	t->thread.regs = maker->thread.regs;
	if (n->stack)
		t->thread.regs.rsp = n->stack;
	c.personality->leave_child(&c);
}

static void begin_thread(struct tracee *t)
{
	struct tracee *maker = t->maker;
	const struct new_thread *n = &t->asked;
	struct thread *thread = &t->thread;
	int64_t number;

	tracee_begin(t);
	if (!maker)
		tracee_last_call(t, __NR_exit, 0); /* its maker is dead: so is this, soon */
	t->user = maker->user;
	t->user.fs_base = n->tls;
	t->host_mask = maker->host_mask;
	thread->process = &t->guest->process;
	thread->host_tid = t->tid;
	thread->tid = guest_number(thread->process, t->tid);
	thread->mask = maker->thread.mask;
	thread->altstack_disabled = true;
	thread->clear_tid = n->clear_tid;
	set_registers(t, maker);
	number = thread->tid;
	if (n->child_tid)
		(void)thread_put(thread, n->child_tid, &number, n->tid_size); /* or not, as Linux */
	if (n->parent_tid)
		(void)thread_put(thread, n->parent_tid, &number, n->tid_size);
	if (is_traced())
		trace_event(thread, TRACE_THREAD, thread->tid);
	let_maker_go(t);
	tracee_live(t);
}

static void thread_born(struct tracee *maker, int tid)
{
	struct tracee *t = tracee_get(tid);

	t->asked = maker->asked;
	t->maker = maker;
	maker->maker_waits = true;
	tracee_adopt(t, maker->guest, begin_thread);
	coroutine_wait_birth(maker);
}

long engine_new_thread(struct call *c, const struct new_thread *n)
{
	struct tracee *t = of_thread(c->thread);
	uint32_t *alive = &c->thread->process->n_threads;
	long tid;

	signals_push_mask(t);
	t->asked = *n;
	++*alive;
	tid = tracee_clone(t,
			   (const uint64_t[6]){CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
					       CLONE_THREAD | CLONE_SYSVSEM},
			   thread_born);
	if (tid < 0) {
		--*alive;
		return tid;
	}
	return guest_number(c->thread->process, (int32_t)tid);
}

struct thread *engine_find_thread(struct call *c, int host_tid)
{
	struct tracee *t = tracee_find(host_tid);

	return t && t->guest == of_thread(c->thread)->guest && !t->is_new ? &t->thread : NULL;
}

/* ---- Ends --------------------------------------------------------------------------- */

void engine_exit_thread(struct call *c)
{
	struct tracee *t = of_thread(c->thread);

	if (is_traced())
		trace_event(c->thread, TRACE_THREAD_EXIT, 0);
	signals_pass_on(t);
	if (c->thread->clear_tid)
		(void)LINUX(t, set_tid_address, c->thread->clear_tid); /* it cannot fail */
	tracee_last_call(t, __NR_exit, (uint64_t)c->thread->exit_status);
}

void engine_exit_process(struct call *c, int status)
{
	if (is_traced())
		trace_event(c->thread, TRACE_EXIT, status);
	board_exits(c->thread->process->pid, (status & 0xff) << 8);
	tracee_last_call(of_thread(c->thread), __NR_exit_group, (uint64_t)status);
}

/* ---- exec --------------------------------------------------------------------------- */

#define MAX_VECTOR (1UL << 19)

/* Entries before the NULL of the guest's vector; or -errno. */
static long vector_length(struct call *c, uint64_t at)
{
	for (size_t n = 0; n < MAX_VECTOR; n++) {
		uint64_t entry;
		int r = get_guest(c, &entry, at + 8 * n, 8);

		if (r < 0)
			return r;
		if (!entry)
			return (long)n;
	}
	return -E2BIG;
}

/* The vector of launch.h, being written into the guest's memory: words, then strings. */
struct vector {
	struct call *c;
	uint64_t word, text, end;
	long error;
};

static void add_word(struct vector *v, uint64_t value)
{
	if (v->error == 0)
		v->error = put_guest(v->c, v->word, &value, sizeof value);
	v->word += sizeof value;
}

static void add_string(struct vector *v, const char *s)
{
	size_t n = strlen(s) + 1;

	if (v->error == 0)
		v->error = n <= v->end - v->text ? put_guest(v->c, v->text, s, n) : -E2BIG;
	add_word(v, v->text);
	v->text += n;
}

static void add_guest(struct vector *v, uint64_t from, size_t first, size_t n)
{
	for (size_t i = first; i < n; i++) {
		uint64_t word = 0;

		if (v->error == 0)
			v->error = get_guest(v->c, &word, from + 8 * i, sizeof word);
		add_word(v, word);
	}
}

/* What an exec needs in memory that is only lent stays behind in it.  Told before the exec:
 * Linux lets the lender go on before its tracer hears that it was one. */
static void lender_keeps(struct tracee *t, uint64_t at, uint64_t bytes)
{
	struct tracee *lender = t->lender ? tracee_find(t->lender) : NULL;

	if (!lender || !lender->guest || lender->guest->space != t->guest->space)
		return;
	lender->vector_at = at;
	lender->vector_bytes = bytes;
}

#define MOST_STRINGS (8 * PROGRAM_TEXT)
#define PROGRAM_TEXT 1200UL

static long exec_stub(struct call *c, const struct exec *e, size_t n, const struct handover *h)
{
	struct tracee *t = of_thread(c->thread);
	size_t words = (n + e->n_head + 5) * 8;
	uint64_t bytes = (words + MOST_STRINGS + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1);
	char text[HANDOVER_TEXT];
	long at = LINUX(t, mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);
	struct vector v = {.c = c,
			   .word = (uint64_t)at,
			   .text = (uint64_t)at + words,
			   .end = (uint64_t)at + bytes};

	if (is_error(at))
		return at;
	handover_encode(text, h);
	add_string(&v, "guise");
	add_string(&v, text);
	add_string(&v, e->path);
	for (uint32_t i = 0; i < e->n_head; i++)
		add_string(&v, e->head[i]);
	add_guest(&v, e->argv, e->skip, n);
	add_word(&v, 0);
	add_string(&v, "");
	v.word -= 8; /* an empty path for execveat(2): the last string */
	lender_keeps(t, (uint64_t)at, bytes);
	if (is_traced())
		trace_begun(c->thread, TRACE_EXECUTES);
	if (v.error == 0)
		v.error = LINUX(t, execveat, HIDDEN_RESIDENT, v.text - 1, at, e->envp,
				AT_EMPTY_PATH);
	lender_keeps(t, 0, 0);
	(void)LINUX(t, munmap, at, bytes); /* what was mapped above */
	return v.error;
}

/* The program's descriptor outlives this exec, and this one only. */
static long exec_with_vector(struct call *c, const struct exec *e, size_t n)
{
	struct tracee *t = of_thread(c->thread);
	struct handover handover = {.program = e->fd};
	int guard = -1;
	long result = 0;

	if (c->thread->process->is_guarded)
		result = c->personality->guard_hand_over(c, &guard);
	if (result < 0)
		return result;
	handover.guarded = (uint32_t)(guard + 1);
	sigset_hand_over(c->personality, &t->thread.mask, handover.mask);
	signals_ignored(c->thread->process, handover.ignored);
	result = LINUX(t, fcntl, e->fd, F_SETFD, 0);
	if (result == 0)
		result = exec_stub(c, e, n, &handover);
	if (guard >= 0)
		(void)LINUX(t, close, guard); /* made for the program that did not start */
	return result;
}

long engine_exec(struct call *c, const struct exec *e)
{
	long n = e->argv ? vector_length(c, e->argv) : 0;

	if (n >= 0)
		n = exec_with_vector(c, e, (size_t)n);
	(void)LINUX(of_thread(c->thread), close, e->fd);
	return n;
}

/* ---- What needs nothing of a tracee ------------------------------------------------------ */

struct board *engine_board(void)
{
	return supervisor.board;
}

void engine_ring_board(void)
{
	uint64_t one = 1;

	(void)!write(HIDDEN_BOARD_BELL, &one, sizeof one); /* full: it rings already */
}

void engine_reaped(struct call *c, int pid, int status)
{
	(void)c;
	board_reaped(pid, status);
}

/* Nothing is patched here. */
void engine_code_changed(struct call *c, uint64_t at, uint64_t n, bool is_code)
{
	(void)c;
	(void)at;
	(void)n;
	(void)is_code;
}

/* The guest's own CPU time, and that of processes by the numbers it knows, is for it to ask. */
static long clock_of_guest(struct call *c, int host_clock, struct __kernel_timespec *now)
{
	uint64_t at = scratch(c, sizeof(struct timespec));
	long r = at ? host(c, __NR_clock_gettime, host_clock, at) : -ENOMEM;

	return r < 0 ? r : get_guest(c, now, at, sizeof(struct timespec));
}

long engine_clock(struct call *c, int host_clock, struct __kernel_timespec *now)
{
	struct timespec ts;

	if (host_clock < 0 || host_clock == CLOCK_PROCESS_CPUTIME_ID ||
	    host_clock == CLOCK_THREAD_CPUTIME_ID)
		return clock_of_guest(c, host_clock, now);
	if (clock_gettime(host_clock, &ts) < 0)
		return -errno;
	_Static_assert(sizeof ts == 16, "the kernel's, too");
	memcpy(now, &ts, sizeof ts);
	return 0;
}
