/* Processes, threads and exec in the resident.
 *
 * Whatever is made here begins on a translator stack of its own with all signals blocked,
 * takes its place (segment register, signal stack, numbers), and only then lets signals in
 * and enters the guest.
 */
#include "syscalls/descriptors.h"
#include "syscalls/engine.h"
#include "syscalls/engine/resident/signals.h"
#include "syscalls/personality.h"
#include "syscalls/signal.h"
#include "syscalls/timer.h"

#include <asm/prctl.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <string.h>

static void release_signals(struct resident *r)
{
	signals_child(r);
	signals_unblock(r, r->host_blocked);
}

static int32_t guest_number(const struct process *p, int32_t host_tid)
{
	return host_tid + (int32_t)p->personality->tid_offset;
}

/* Linux wrote the number of the new task to its slot. */
static void take_numbers(struct resident *r, enum tally_part part)
{
	r->thread.host_tid = (int32_t)space.slots[r->slot];
	r->thread.tid = guest_number(r->thread.process, r->thread.host_tid);
	if (space.tallies)
		tally_join(r, part,
			   part == TALLY_PROCESS ? r->thread.host_tid : r->thread.process->pid);
}

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

/* ---- fork ------------------------------------------------------------------- */

/* ---- Lives: what a child of pdfork() has of its descriptor (procdesc.c) ---------- */

/* The kernel kills when the last copy of the other end goes; it may have gone before it was
 * asked to. */
static void take_life(const struct resident *r, const struct life *life)
{
	int pid = r->thread.process->pid;
	char byte;

	descriptor_clear(r->thread.process, life->own, DESCRIPTOR_HIDDEN);
	(void)LINUX(close, life->held); /* inherited: it is open */
	long e = LINUX(dup3, life->own, HIDDEN_LIFE, 0);
	(void)LINUX(close, life->own); /* likewise */
	if (e >= 0)
		e = LINUX(fcntl, HIDDEN_LIFE, F_SETSIG, SIGKILL);
	if (e >= 0 && life->ends_with)
		e = LINUX(fcntl, HIDDEN_LIFE, F_SETOWN, pid);
	if (e >= 0 && life->ends_with)
		e = LINUX(fcntl, HIDDEN_LIFE, F_SETFL, O_NONBLOCK | FASYNC);
	if (e < 0 || (life->ends_with && LINUX(read, HIDDEN_LIFE, &byte, 1) == 0))
		(void)LINUX(tgkill, pid, pid, SIGKILL); /* it cannot fail */
}

/* A child of such a child is nobody's; r->life is a vfork child's own. */
static void leave_life(const struct resident *r)
{
	if (space.has_life || r->life)
		(void)LINUX(dup3, HIDDEN_RESIDENT, HIDDEN_LIFE, 0); /* both are open */
}

static _Noreturn void begin_child(struct resident *r, struct call *c, const struct life *life)
{
	struct process *p = r->thread.process;

	slots_forked(r);
	r->thread.entry = NULL; /* the parent's */
	take_numbers(r, TALLY_PROCESS);
	board_born(p->pid, r->thread.host_tid);
	if (p->is_reaper)
		p->reaper = p->pid;
	p->is_reaper = false;
	p->pid = r->thread.host_tid;
	p->n_threads = 1;
	timers_forked(p);
	descriptors_forked(c);
	leave_life(r);
	r->life = NULL;
	if (life)
		take_life(r, life);
	space.has_life = life;
	born(&r->thread);
	release_signals(r);
	c->personality->leave_child(c);
	enter_guest();
}

static long fork_copy(struct call *c, struct resident *r, const struct life *life)
{
	struct process *p = r->thread.process;
	long pid;

	descriptors_lock(p);
	lock_take(&p->lock);
	lock_take(&space.lock);
	lock_take(&space.patch_lock);
	pid = LINUX(clone, (life ? 0 : SIGCHLD) | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, 0, 0,
		    &space.slots[r->slot], 0);
	lock_release(&space.patch_lock);
	lock_release(&space.lock);
	lock_release(&p->lock);
	descriptors_unlock(p);
	if (pid == 0)
		begin_child(r, c, life);
	return pid;
}

/* ---- vfork ------------------------------------------------------------------ */

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

static void begin_shared(struct resident *r)
{
	struct process *p = r->thread.process;
	struct call c = {.thread = &r->thread, .personality = p->personality};

	slot_begin(r);
	take_numbers(r, TALLY_PROCESS);
	board_born(p->pid, r->thread.host_tid);
	if (p->is_reaper)
		p->reaper = p->pid;
	p->is_reaper = false;
	p->pid = r->thread.host_tid;
	p->n_threads = 1;
	/* The parent, whose table this still is, sleeps until the child has gone. */
	if (descriptors_copy(&c, p->descriptors, &p->descriptors) < 0)
		(void)LINUX(exit_group, 127);
	if (r->life)
		take_life(r, r->life); /* instead of the parent's, if that has one */
	else
		leave_life(r); /* the parent, in whose memory this is, keeps its own */
	born(&r->thread);
	if (r->drops_handlers)
		drop_handlers(&c);
	release_signals(r);
	enter_guest();
}

/* Where gate_clone() begins a new task: the context on top of its own stack. */
static uint64_t first_stack(struct resident *r)
{
	uint64_t *top = (uint64_t *)r->stack_top - 2;

	top[0] = (uint64_t)r;
	return (uint64_t)top;
}

/* A thread like the caller, in a process of its own in the same memory. */
static struct resident *shared_child(struct call *c, struct resident *r)
{
	struct resident *child = slot_new();
	struct process *p = child ? engine_pages(sizeof *p) : NULL;
	struct call c_child = {.personality = c->personality};

	if (!p) {
		if (child)
			slot_free(child);
		return NULL;
	}
	*p = *r->thread.process;
	p->exec_pages = NULL;
	p->executes = false;
	p->lock.word = 0;
	child->thread = r->thread;
	child->thread.process = p;
	child->thread.entry = NULL; /* the parent's */
	child->host_blocked = r->host_blocked;
	child->queued_blocked = r->queued_blocked;
	child->is_vfork_child = true;
	p->counted = (struct counted){0}; /* by kqueues, which it has not */
	timers_forked(p);
	c_child.thread = &child->thread;
	c->personality->leave_child(&c_child);
	return child;
}

/* Linux wakes the caller of vfork when its child has left the memory, which is before it can be
 * waited for; the BSDs when it can (kern_exit.c, exit1()), and their posix_spawn reaps a child
 * that failed with WNOHANG.  Whoever else waits for it, or has its children reaped by Linux,
 * ends this wait too. */
static void await_end(long pid)
{
	long r;

	do
		r = LINUX(waitid, P_PID, pid, NULL, WEXITED | WNOWAIT | (unsigned)__WALL, NULL);
	while (r == -EINTR);
}

static long fork_shared(struct call *c, struct resident *r, unsigned flags, const struct life *life)
{
	struct resident *child = shared_child(c, r);
	struct process *p;
	long pid;

	if (!child)
		return -EAGAIN;
	p = child->thread.process;
	child->drops_handlers = flags & FORK_DROPS_HANDLERS;
	child->life = life;
	pid = gate_clone(CLONE_VM | CLONE_VFORK | (life ? 0 : SIGCHLD) | CLONE_CHILD_SETTID |
				 CLONE_CHILD_CLEARTID,
			 first_stack(child), NULL, &space.slots[child->slot], 0, begin_shared);
	if (pid > 0 && !p->executes)
		await_end(pid);
	engine_free_pages(p->exec_pages, p->exec_bytes);
	if (p->descriptors != r->thread.process->descriptors)
		descriptors_free(p->descriptors);
	if (pid < 0)
		slot_free(child);
	engine_free_pages(p, sizeof *p);
	return pid;
}

long engine_fork(struct call *c, unsigned flags, const struct life *life)
{
	struct resident *r = of_thread(c->thread);
	uint64_t before = signals_block_all(r);
	tally_is_linux(r);
	long pid = flags & FORK_SHARED ? fork_shared(c, r, flags, life) : fork_copy(c, r, life);

	if (pid > 0)
		board_forked(r->thread.process->pid);
	signals_unblock(r, r->all_blocked ? signals_block_all(r) : before);
	return pid;
}

/* ---- Threads ------------------------------------------------------------------ */

/* The new thread's number must be in the guest's memory before it runs and before its
 * maker goes on, and must not be written a third time when the thread may be gone: who
 * comes first writes, the other waits for that.  They meet at a word of the maker's that
 * carries the birth's own sequence, so that a child which comes late, when its maker makes
 * the next one or is gone itself, sees that all is done. */
enum { NUMBERS_OPEN, NUMBERS_TAKEN, NUMBERS_WRITTEN, NUMBERS_STATES = 4 };

static void write_numbers(struct birth *maker, uint64_t sequence, struct thread *t,
			  const struct new_thread *n, int32_t tid)
{
	uint64_t open = sequence + NUMBERS_OPEN;
	int64_t number = tid;

	if (__atomic_compare_exchange_n(&maker->word, &open, sequence + NUMBERS_TAKEN, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		if (n->child_tid)
			(void)thread_put(t, n->child_tid, &number, n->tid_size);
		if (n->parent_tid)
			(void)thread_put(t, n->parent_tid, &number, n->tid_size);
		__atomic_store_n(&maker->word, sequence + NUMBERS_WRITTEN, __ATOMIC_RELEASE);
	}
	while (__atomic_load_n(&maker->word, __ATOMIC_ACQUIRE) == sequence + NUMBERS_TAKEN)
		(void)LINUX(sched_yield);
}

static void begin_thread(struct resident *r)
{
	slot_begin(r);
	take_numbers(r, TALLY_THREAD);
	write_numbers(&r->birth.maker->birth, r->birth.sequence, &r->thread, &r->birth.asked,
		      r->thread.tid);
	if (space.settings.flags & SETTINGS_TRACE)
		trace_event(&r->thread, TRACE_THREAD, r->thread.tid);
	release_signals(r);
	enter_guest();
}

static void set_registers(const struct thread *maker, struct thread *t, const struct new_thread *n)
{
	struct call c = {.thread = t, .personality = t->process->personality};

	if (n->has_regs) {
		t->regs = n->regs;
		return;
	}
	if (!n->continues) {
		t->regs = (struct regs){.rip = n->entry,
					.rdi = n->arg,
					.rsp = n->stack,
					.rflags = 0x202};
		return;
	}
	t->regs = maker->regs;
	if (n->stack)
		t->regs.rsp = n->stack;
	c.personality->leave_child(&c);
}

static struct resident *prepare_thread(struct resident *r, const struct new_thread *n)
{
	struct resident *child = slot_new();

	if (!child)
		return NULL;
	child->thread.process = r->thread.process;
	child->thread.mask = r->thread.mask;
	child->thread.altstack_disabled = true;
	child->thread.clear_tid = n->clear_tid;
	set_registers(&r->thread, &child->thread, n);
	child->host_blocked = r->host_blocked;
	child->queued_blocked = r->queued_blocked;
	child->birth.maker = r;
	child->birth.asked = *n;
	child->birth.sequence = NUMBERS_STATES *
				__atomic_add_fetch(&space.births, 1, __ATOMIC_RELAXED);
	return child;
}

static long start_thread(struct call *c, struct resident *r, const struct new_thread *n)
{
	struct resident *child = prepare_thread(r, n);
	uint64_t sequence;
	long tid;

	if (!child)
		return -EAGAIN;
	sequence = child->birth.sequence;
	__atomic_store_n(&r->birth.word, sequence + NUMBERS_OPEN, __ATOMIC_RELEASE);
	__atomic_add_fetch(&c->thread->process->n_threads, 1, __ATOMIC_RELAXED);
	tid = gate_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				 CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
				 CLONE_CHILD_CLEARTID,
			 first_stack(child), &space.slots[child->slot], &space.slots[child->slot],
			 n->tls, begin_thread); /* there before either goes on: it can be woken */
	if (tid < 0) {
		__atomic_sub_fetch(&c->thread->process->n_threads, 1, __ATOMIC_RELAXED);
		slot_free(child);
		return tid;
	}
	write_numbers(&r->birth, sequence, c->thread, n,
		      guest_number(c->thread->process, (int32_t)tid));
	return guest_number(c->thread->process, (int32_t)tid);
}

long engine_new_thread(struct call *c, const struct new_thread *n)
{
	struct resident *r = of_thread(c->thread);
	uint64_t before = signals_block_all(r);
	tally_is_linux(r);
	long tid = start_thread(c, r, n);

	signals_unblock(r, r->all_blocked ? signals_block_all(r) : before);
	return tid;
}

/* The guest's word is cleared by Linux itself: after the robust list's locks, and when
 * nothing of the thread is written any more (whoever waits for it frees its memory).  So
 * the slot is ours to free, from where no stack is needed. */
static _Noreturn void leave_to_linux(struct resident *r)
{
	uint64_t all = UINT64_MAX;

	(void)LINUX(rt_sigprocmask, SIG_SETMASK, &all, 0, 8); /* a plain word: cannot fail */
	(void)LINUX(set_tid_address, r->thread.clear_tid);
	gate_exit(&space.slots[r->slot], r->thread.exit_status);
}

void engine_exit_thread(struct call *c)
{
	struct resident *r = of_thread(c->thread);

	if (space.settings.flags & SETTINGS_TRACE)
		trace_event(c->thread, TRACE_THREAD_EXIT, 0);
	(void)signals_block_all(r);
	signals_pass_on(r);
	if (c->thread->clear_tid)
		leave_to_linux(r);
	(void)LINUX(exit, c->thread->exit_status);
	__builtin_trap();
}

void engine_exit_process(struct call *c, int status)
{
	if (space.settings.flags & SETTINGS_TRACE)
		trace_event(c->thread, TRACE_EXIT, status);
	board_exits(c->thread->process->pid, (status & 0xff) << 8);
	(void)LINUX(exit_group, status);
	__builtin_trap();
}

/* ---- Segment bases --------------------------------------------------------------- */

uint64_t engine_get_base(struct thread *t, int which)
{
	uint64_t base = 0;

	(void)t;
	if (which)
		return 0; /* GS is the resident's own */
	if (space.has_fsgsbase)
		__asm__ volatile(".byte 0xf3, 0x48, 0x0f, 0xae, 0xc0"
				 : "=a"(base)); /* rdfsbase %rax */
	else
		(void)LINUX(arch_prctl, ARCH_GET_FS, &base); /* a local word: cannot fail */
	return base;
}

int engine_set_base(struct thread *t, int which, uint64_t value)
{
	(void)t;
	if (which)
		return -EOPNOTSUPP;
	if (value >> 47)
		return -EINVAL;
	if (!space.has_fsgsbase)
		return (int)LINUX(arch_prctl, ARCH_SET_FS, value);
	__asm__ volatile(".byte 0xf3, 0x48, 0x0f, 0xae, 0xd0" : : "a"(value)); /* wrfsbase %rax */
	return 0;
}

/* ---- exec -------------------------------------------------------------------------- */

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

/* The vector of launch.h: handover, path, what a script puts first, the guest's own. */
static long fill_vector(struct call *c, const struct exec *e, const char *handover, uint64_t *v,
			size_t n)
{
	size_t at = 0;

	v[at++] = (uint64_t) "guise";
	v[at++] = (uint64_t)handover;
	v[at++] = (uint64_t)e->path;
	for (uint32_t i = 0; i < e->n_head; i++)
		v[at++] = (uint64_t)e->head[i];
	for (size_t i = e->skip; i < n; i++) {
		int r = get_guest(c, &v[at++], e->argv + 8 * i, 8);

		if (r < 0)
			return r;
	}
	v[at] = 0;
	return 0;
}

static long exec_resident(struct resident *r, const uint64_t *argv, uint64_t envp)
{
	uint64_t before = signals_block_all(r);
	long e = CALL_AGAIN;

	if (space.settings.flags & SETTINGS_TRACE)
		trace_begun(&r->thread, TRACE_EXECUTES);
	counted_give_back(r);
	if (!r->pending)
		e = LINUX(execveat, HIDDEN_RESIDENT, "", argv, envp, AT_EMPTY_PATH);
	signals_unblock(r, r->all_blocked ? signals_block_all(r) : before);
	return e;
}

/* Bytes of a vector that goes into scratch, and needs no page of its own. */
#define SHORT_VECTOR 1024

/* The program's descriptor outlives this exec, and this one only. */
static long exec_with_vector(struct call *c, const struct exec *e, size_t n)
{
	struct resident *r = of_thread(c->thread);
	size_t bytes = (n + e->n_head + 4) * 8;
	bool is_short = bytes <= SHORT_VECTOR;
	uint64_t *argv = is_short ? (uint64_t *)scratch(c, bytes) : engine_pages(bytes);
	char text[HANDOVER_TEXT];
	struct handover handover = {.program = e->fd};
	int guard = -1;
	long result = 0;

	if (!argv)
		return -ENOMEM;
	if (c->thread->process->is_guarded)
		result = c->personality->guard_hand_over(c, &guard);
	if (result < 0) {
		if (!is_short)
			engine_free_pages(argv, bytes);
		return result;
	}
	handover.guarded = (uint32_t)(guard + 1);
	sigset_hand_over(c->personality, &r->thread.mask, handover.mask);
	signals_ignored(r, handover.ignored);
	handover_encode(text, &handover);
	result = fill_vector(c, e, text, argv, n);
	if (result == 0)
		result = LINUX(fcntl, e->fd, F_SETFD, 0);
	c->thread->process->exec_pages = is_short ? NULL : argv;
	c->thread->process->exec_bytes = bytes;
	c->thread->process->executes = true;
	if (result == 0)
		result = exec_resident(r, argv, e->envp);
	c->thread->process->executes = false;
	c->thread->process->exec_pages = NULL;
	if (!is_short)
		engine_free_pages(argv, bytes);
	if (guard >= 0)
		(void)LINUX(close, guard); /* made for the program that did not start */
	return result;
}

long engine_exec(struct call *c, const struct exec *e)
{
	long n = e->argv ? vector_length(c, e->argv) : 0;

	tally_is_linux(of_thread(c->thread));
	if (n >= 0)
		n = exec_with_vector(c, e, (size_t)n);
	(void)LINUX(close, e->fd);
	return n;
}
