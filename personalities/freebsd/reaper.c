/* A reaper is who gets orphaned descendants as children: Linux's child subreaper.
 * sys/sys/procctl.h, sys/kern/kern_procctl.c; FreeBSD 15 and 13.2.
 *
 * Who descends from whom is read from what Linux tells of processes.  Linux does not tell
 * which of them are reapers themselves, so those below one are listed as the outer reaper's
 * too; a process knows its own reaper from birth, until it executes another program. */
#include "personalities/freebsd/reaper.h"

#include <linux/prctl.h>

#include "syscalls/engine.h"
#include "syscalls/facts.h"
#include "syscalls/process.h"
#include "syscalls/signal.h"

#define MOST 4096
#define DEPTH 64 /* generations that are followed */
#define INIT 1

struct family {
	int32_t pid[MOST], parent[MOST];
	char state[MOST];
	size_t n;
};

static bool is_reaper(struct call *c)
{
	uint64_t at = scratch(c, sizeof(int32_t));
	int32_t on = 0;

	if (at && host(c, __NR_prctl, PR_GET_CHILD_SUBREAPER, at) == 0)
		(void)get_guest(c, &on, at, sizeof on); /* scratch is there */
	return on;
}

long reaper_acquire(struct call *c)
{
	if (is_reaper(c))
		return -EBUSY;
	c->thread->process->is_reaper = true;
	return host(c, __NR_prctl, PR_SET_CHILD_SUBREAPER, 1);
}

long reaper_release(struct call *c)
{
	if (!is_reaper(c))
		return -EINVAL;
	c->thread->process->is_reaper = false;
	return host(c, __NR_prctl, PR_SET_CHILD_SUBREAPER, 0);
}

static int read_family(struct call *c, struct family *f)
{
	struct process_facts facts;
	long n = facts_list(c, 0, "", f->pid, MOST);
	size_t kept = 0;

	for (long i = 0; i < n; i++) {
		if (facts_process(c, f->pid[i], 0, &facts) < 0)
			continue; /* gone meanwhile */
		f->pid[kept] = f->pid[i];
		f->state[kept] = facts.state;
		f->parent[kept++] = facts.parent;
	}
	f->n = kept;
	return n < 0 ? (int)n : 0;
}

static int32_t parent_of(const struct family *f, int32_t pid)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->pid[i] == pid)
			return f->parent[i];
	return 0;
}

/* The child of `reaper` that the process is or descends from; 0: it does not. */
static int32_t subtree_of(const struct family *f, int32_t pid, int32_t reaper)
{
	for (int i = 0; i < DEPTH && pid > 0; i++) {
		int32_t parent = parent_of(f, pid);

		if (parent == reaper)
			return pid;
		pid = parent;
	}
	return 0;
}

/* Whose descendants questions about a process, the caller (0) or its reaper, are about. */
static int32_t reaper_of(struct call *c, const struct family *f, int32_t of)
{
	const struct process *p = c->thread->process;

	if (of)
		return of;
	if (is_reaper(c))
		return p->pid;
	return p->reaper && subtree_of(f, p->pid, p->reaper) ? p->reaper : INIT;
}

/* The structures are the size of the stack's third: one at a time, in pages of their own. */
static struct family *family_of(struct call *c, int *error)
{
	struct family *f = engine_pages(sizeof *f);

	*error = f ? read_family(c, f) : -ENOMEM;
	if (*error < 0) {
		engine_free_pages(f, sizeof *f);
		return NULL;
	}
	return f;
}

bool reaper_is_ours(struct call *c, int32_t pid)
{
	int r;
	struct family *f = family_of(c, &r);
	bool is = f && !is_reaper(c) && pid == c->thread->process->reaper &&
		  reaper_of(c, f, 0) == pid;

	engine_free_pages(f, sizeof *f);
	return is;
}

long reaper_status(struct call *c, int32_t of, uint64_t to)
{
	enum { OWNED = 1, REAL_INIT = 2 };
	struct {
		uint32_t flags, children, descendants;
		int32_t reaper, pid;
		uint32_t pad[15];
	} status = {.pid = -1};
	int r;
	struct family *f = family_of(c, &r);

	if (!f)
		return r;
	status.reaper = reaper_of(c, f, of);
	status.flags = (of || is_reaper(c) ? OWNED : 0) | (status.reaper == INIT ? REAL_INIT : 0);
	for (size_t i = 0; i < f->n; i++) {
		if (!subtree_of(f, f->pid[i], status.reaper))
			continue;
		status.descendants++;
		if (f->parent[i] == status.reaper) {
			status.children++;
			status.pid = f->pid[i]; /* the newest: lists are in the order of numbers */
		}
	}
	engine_free_pages(f, sizeof *f);
	return put_guest(c, to, &status, sizeof status);
}

struct pid_info {
	int32_t pid, subtree;
	uint32_t flags, pad[15];
};

static void describe(const struct family *f, size_t i, int32_t reaper, struct pid_info *info)
{
	enum { VALID = 1, CHILD = 2, ZOMBIE = 8, STOPPED = 16 };

	*info = (struct pid_info){.pid = f->pid[i],
				  .subtree = subtree_of(f, f->pid[i], reaper),
				  .flags = VALID};
	if (f->parent[i] == reaper)
		info->flags |= CHILD;
	if (f->state[i] == 'Z')
		info->flags |= ZOMBIE;
	if (f->state[i] == 'T')
		info->flags |= STOPPED;
}

/* (count, 15 words, address of the array) */
long reaper_list(struct call *c, int32_t of, uint64_t at)
{
	struct {
		uint32_t count, pad[15];
		uint64_t to;
	} request;
	struct pid_info info;
	uint32_t n = 0;
	int32_t reaper;
	int r = get_guest(c, &request, at, sizeof request);
	struct family *f = r < 0 ? NULL : family_of(c, &r);

	if (!f)
		return r;
	reaper = reaper_of(c, f, of);
	for (size_t i = 0; r == 0 && i < f->n && n < request.count; i++) {
		describe(f, i, reaper, &info);
		if (info.subtree)
			r = put_guest(c, request.to + sizeof info * n++, &info, sizeof info);
	}
	engine_free_pages(f, sizeof *f);
	return r;
}

struct kill_request {
	int32_t number;
	uint32_t flags;
	int32_t subtree;
	uint32_t killed;
	int32_t failed;
	uint32_t pad[15];
};
enum { KILL_CHILDREN = 1, KILL_SUBTREE = 2 };

static bool is_meant(const struct family *f, size_t i, int32_t reaper,
		     const struct kill_request *request)
{
	int32_t subtree = f->state[i] == 'Z' ? 0 : subtree_of(f, f->pid[i], reaper);

	if (request->flags == KILL_CHILDREN)
		return subtree && f->parent[i] == reaper;
	return subtree && (request->flags != KILL_SUBTREE || subtree == request->subtree);
}

static long kill_family(struct call *c, const struct family *f, struct kill_request *request)
{
	int32_t reaper = reaper_of(c, f, 0);
	long error = -ESRCH, r;

	for (size_t i = 0; i < f->n; i++) {
		if (!is_meant(f, i, reaper, request))
			continue;
		r = engine_send(c, f->pid[i], 0, request->number, CODE_USER, 0);
		if (r == 0) {
			request->killed++;
			error = error == -ESRCH ? 0 : error;
		} else if (request->failed == -1) {
			request->failed = f->pid[i];
			error = r;
		}
	}
	return error;
}

long reaper_kill(struct call *c, uint64_t at)
{
	struct kill_request request;
	long error;
	int r = get_guest(c, &request, at, sizeof request);
	struct family *f;

	if (r < 0)
		return r;
	if (request.number <= 0 || (uint32_t)request.number > c->personality->max_signal ||
	    request.flags > KILL_SUBTREE)
		return -EINVAL;
	f = family_of(c, &r);
	if (!f)
		return r;
	request.killed = 0;
	request.failed = -1;
	error = kill_family(c, f, &request);
	engine_free_pages(f, sizeof *f);
	r = put_guest(c, at, &request, sizeof request);
	return r < 0 ? r : error;
}
