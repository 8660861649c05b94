/* Threads, stopped by ptrace(2) for as long as it takes to read their registers and memory.
 *
 * One that is in the guest's code has the guest's registers.  One in the translator, asleep in a
 * call or about to die, has saved them in its struct thread.  (Of one that is just on its way in or
 * out they may be those of its last call.)  The translator uses no vector registers, so those are
 * the guest's in either case.
 *
 * A thread that waits for a vfork's child cannot be stopped (it sleeps as for a disk), and stays
 * as it is: it is known by what it saved.
 */
#include "trace/core.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 4096
#define MOST_VECTORS 16384
#define PATIENCE_MS 500 /* for all of them together */

struct stopped {
	pid_t tid; /* outside */
	int32_t inside;
	bool is_seized, is_stopped;
	int signal; /* that was on its way to it */
	char name[32];
};

struct core_threads {
	size_t n_stopped, n;
	struct stopped *stopped;
	struct core_thread *list;
};

static void pause_ms(long ms)
{
	const struct timespec t = {0, ms * 1000000};

	(void)nanosleep(&t, NULL); /* cut short: all the better */
}

/* ---- Stopping ------------------------------------------------------------------------ */

static void seize(struct stopped *s, int thread)
{
	char state[8];
	uint32_t inside;

	if (view_number(thread, "NSpid:", &inside))
		s->inside = (int32_t)inside;
	if (view_status(thread, "Name:", s->name, sizeof s->name)) /* a tab before it */
		memmove(s->name, s->name + 1, sizeof s->name - 1);
	if (view_status(thread, "State:", state, sizeof state) && strchr(state, 'D'))
		return;
	s->is_seized = ptrace(PTRACE_SEIZE, s->tid, 0, 0) == 0;
	if (s->is_seized)
		(void)ptrace(PTRACE_INTERRUPT, s->tid, 0, 0); /* gone: the wait says so */
}

static void seize_all(struct core_threads *t, const struct view *v)
{
	int tasks = openat(v->process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *all = tasks < 0 ? NULL : fdopendir(tasks);

	if (!all) {
		if (tasks >= 0)
			close(tasks);
		return;
	}
	for (struct dirent *e; t->n_stopped < MOST_THREADS && (e = readdir(all));) {
		struct stopped *s = &t->stopped[t->n_stopped];
		int thread = openat(tasks, e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (thread < 0)
			continue;
		if (e->d_name[0] != '.') {
			*s = (struct stopped){.tid = (pid_t)strtol(e->d_name, NULL, 10)};
			seize(s, thread);
			t->n_stopped++;
		}
		close(thread);
	}
	closedir(all);
}

/* False while it has neither stopped nor ended. */
static bool has_stopped(struct stopped *s)
{
	int status;

	if (!s->is_seized || s->is_stopped)
		return true;
	pid_t got = waitpid(s->tid, &status, WNOHANG | __WALL);
	if (got == 0)
		return false;
	s->is_stopped = got == s->tid && WIFSTOPPED(status);
	s->is_seized = s->is_stopped;
	if (s->is_stopped && status >> 16 == 0)
		s->signal = WSTOPSIG(status);
	return true;
}

static void await_all(struct core_threads *t)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		bool all = true;

		for (size_t i = 0; i < t->n_stopped; i++)
			all &= has_stopped(&t->stopped[i]);
		if (all)
			return;
		pause_ms(1);
	}
}

/* ---- Registers --------------------------------------------------------------------------- */

static void convert(const struct user_regs_struct *u, struct regs *r)
{
	*r = (struct regs){
		.rax = u->rax,
		.rdi = u->rdi,
		.rsi = u->rsi,
		.rdx = u->rdx,
		.r10 = u->r10,
		.r8 = u->r8,
		.r9 = u->r9,
		.rcx = u->rcx,
		.r11 = u->r11,
		.rbx = u->rbx,
		.rbp = u->rbp,
		.r12 = u->r12,
		.r13 = u->r13,
		.r14 = u->r14,
		.r15 = u->r15,
		.rsp = u->rsp,
		.rip = u->rip,
		.rflags = u->eflags,
	};
}

static bool get_set(const struct stopped *s, int type, void *to, size_t *n)
{
	struct iovec v = {to, *n};

	if (!s->is_stopped || ptrace(PTRACE_GETREGSET, s->tid, type, &v) < 0)
		return false;
	*n = v.iov_len;
	return true;
}

/* What the thread itself keeps; false if it is not in the list. */
static bool find_saved(const struct view *v, const struct core_request *q, int32_t inside,
		       struct thread *to)
{
	for (uint32_t i = 0; i < q->n_threads && i < 2 * MOST_THREADS; i++)
		if (view_read(v, q->threads + i * q->stride, to, sizeof *to) == sizeof *to &&
		    to->host_tid == inside && (uint64_t)to->process == q->process)
			return true;
	return false;
}

static bool is_ours(const struct core_request *q, const struct user_regs_struct *u)
{
	return (u->rip >= q->low && u->rip < q->high) || (u->rsp >= q->low && u->rsp < q->high);
}

static void get_vectors(const struct stopped *s, struct core_thread *out)
{
	size_t n = MOST_VECTORS;
	uint8_t *at = calloc(1, n);

	if (at && get_set(s, NT_X86_XSTATE, at, &n)) {
		out->vectors = at;
		out->n_vectors = n;
		return;
	}
	free(at);
}

/* False if nothing is known of it. */
static bool describe(const struct view *v, const struct core_request *q, const struct stopped *s,
		     struct core_thread *out)
{
	struct user_regs_struct u = {0};
	size_t n = sizeof u;
	struct thread saved;
	bool is_saved = find_saved(v, q, s->inside, &saved),
	     is_read = get_set(s, NT_PRSTATUS, &u, &n);

	if (!is_saved && !is_read)
		return false;
	*out = (struct core_thread){.tid = s->inside, .fs_base = u.fs_base};
	memcpy(out->name, s->name, sizeof out->name - 1);
	if (is_saved)
		out->tid = saved.tid;
	if (is_saved && saved.name[0])
		memcpy(out->name, saved.name, sizeof out->name - 1);
	if (is_saved && (!is_read || is_ours(q, &u)))
		out->regs = saved.regs;
	else
		convert(&u, &out->regs);
	get_vectors(s, out);
	return true;
}

static void describe_all(struct core_threads *t, const struct view *v, const struct core_request *q)
{
	for (size_t i = 0; i < t->n_stopped; i++) {
		struct core_thread *new = &t->list[t->n];

		if (!describe(v, q, &t->stopped[i], new))
			continue;
		if (t->stopped[i].inside == q->host_tid) {
			struct core_thread first = *new;

			*new = t->list[0];
			t->list[0] = first;
		}
		t->n++;
	}
}

struct core_threads *core_threads_stop(const struct view *v, const struct core_request *q)
{
	struct core_threads *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->stopped = calloc(MOST_THREADS, sizeof *t->stopped);
	t->list = calloc(MOST_THREADS, sizeof *t->list);
	if (!t->stopped || !t->list) {
		core_threads_go(t);
		return NULL;
	}
	seize_all(t, v);
	await_all(t);
	describe_all(t, v, q);
	return t;
}

const struct core_thread *core_threads_list(const struct core_threads *t, size_t *n)
{
	*n = t->n;
	return t->list;
}

/* One that has still not stopped does so, or ends, when what it waits for comes: the process ends
 * at once, so that is soon. */
static void let_go(struct stopped *s)
{
	for (int ms = 0; !has_stopped(s) && ms < PATIENCE_MS; ms++)
		pause_ms(1);
	if (s->is_stopped)
		(void)ptrace(PTRACE_DETACH, s->tid, 0, s->signal); /* or it was killed meanwhile */
}

void core_threads_go(struct core_threads *t)
{
	for (size_t i = 0; t->stopped && i < t->n_stopped; i++)
		let_go(&t->stopped[i]);
	for (size_t i = 0; t->list && i < t->n; i++)
		free((void *)t->list[i].vectors);
	free(t->stopped);
	free(t->list);
	free(t);
}
