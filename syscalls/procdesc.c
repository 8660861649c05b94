/* Process descriptors (sys/kern/sys_procdesc.c).
 *
 * The last descriptor of a process to be closed ends the process, whoever holds it and however
 * it goes: closed, not inherited, with the process that had it.  Linux's pidfd does not do that,
 * so the descriptor is one end of a pair of sockets.  The other end is the process's own, on
 * HIDDEN_LIFE, and asks for a signal of its choice, KILL, when something happens to it
 * (O_ASYNC, F_SETSIG): the kernel sends it as the last copy of the first end goes.  That way
 * round, too: the first end hangs up when the process dies, which is what poll() is to say.
 *
 * Such a child tells its parent nothing (no SIGCHLD) and is waited for by its number only: in
 * Linux, a child with no signal at its end.  An execve makes an ordinary child of it there.
 *
 * Left alone by its descriptor, a child should belong to process 1; here it stays its maker's,
 * and is waited for when the maker closes or makes a descriptor again. */
#include "syscalls/procdesc.h"

#include "syscalls/descriptors.h"
#include "syscalls/engine.h"
#include "syscalls/linux.h"
#include "syscalls/poll.h"
#include "syscalls/signal.h"
#include "syscalls/wait.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/wait.h>
#include <string.h>

/* ---- Which one it is ----------------------------------------------------------------- */

static int is_open(struct call *c, int fd)
{
	if (fd < 0 || descriptor_is_hidden(c->thread->process, fd))
		return -EBADF;
	long r = host(c, __NR_fcntl, fd, F_GETFD);
	return r < 0 ? (int)r : 0;
}

static const struct descriptor *entry_of(struct call *c, int fd)
{
	const struct descriptor *d = descriptor_find(c->thread->process, fd);
	return d && d->pid ? d : NULL;
}

/* Beyond execve, or come through a socket, it is known by its mark: a signal chosen that no
 * program here can choose, and its owner. */
#define MARK SIGURG

static int marked_pid(struct call *c, int fd)
{
	if (host(c, __NR_fcntl, fd, F_GETSIG) != MARK)
		return -EINVAL;
	long pid = host(c, __NR_fcntl, fd, F_GETOWN);
	return pid > 0 ? (int)pid : -ESRCH; /* gone, and waited for */
}

int procdesc_pid(struct call *c, int fd)
{
	int r = is_open(c, fd);
	if (r < 0)
		return r;
	const struct descriptor *d = entry_of(c, fd);
	return d ? d->pid : marked_pid(c, fd);
}

/* ---- Children that are left alone ---------------------------------------------------------- */

/* Is it dead?  Then it is waited for. */
static bool reap_one(struct call *c, int pid)
{
	siginfo_t si = {0};
	size_t used = c->scratch_used;
	uint64_t at = scratch(c, sizeof si);
	long r = at ? put_guest(c, at, &si, sizeof si) : -ENOMEM;
	if (r == 0)
		r = host(c, __NR_waitid, P_PID, pid, at, WEXITED | WNOHANG | (unsigned)__WALL, 0);
	if (r == 0)
		r = get_guest(c, &si, at, sizeof si);
	c->scratch_used = used;
	if (r == 0 && si.si_pid)
		engine_reaped(c, pid, wait_status_of(&si));
	return r == -ECHILD || (r == 0 && si.si_pid);
}

static void reap(struct call *c, struct descriptors *d)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < d->n_left; i++)
		if (!reap_one(c, d->left[i]))
			d->left[n++] = d->left[i];
	d->n_left = n;
}

static bool has_another(struct call *c, int fd, int pid)
{
	const struct descriptors *d = c->thread->process->descriptors;
	for (uint32_t i = 0; i < d->end; i++) {
		const struct descriptor *e = descriptor_find(c->thread->process, (int)i);
		if ((int)i != fd && e && e->pid == pid)
			return true;
	}
	return false;
}

void procdesc_closing(struct call *c, int fd)
{
	const struct descriptor *e = entry_of(c, fd);
	struct descriptors *d = c->thread->process->descriptors;
	if (!e)
		return;
	d->processes--;
	reap(c, d);
	if (e->maker != c->thread->process->pid || has_another(c, fd, e->pid))
		return;
	if (!reap_one(c, e->pid) && d->n_left < COUNT(d->left))
		d->left[d->n_left++] = e->pid;
}

void procdesc_reaped(struct call *c, int pid, int status)
{
	struct descriptors *d = c->thread->process->descriptors;
	if (!d || !d->processes)
		return;
	lock_take(&d->lock);
	for (uint32_t i = 0; i < d->end; i++) {
		struct descriptor *e = descriptor_find(c->thread->process, (int)i);
		if (e && e->pid == pid)
			e->status = status | PROCDESC_TOLD;
	}
	lock_release(&d->lock);
}

int procdesc_told(struct call *c, int fd)
{
	const struct descriptor *e = entry_of(c, fd);
	return e && (e->status & PROCDESC_TOLD) ? e->status & ~PROCDESC_TOLD : -EAGAIN;
}

bool procdesc_is_gone(struct call *c, int fd)
{
	return host(c, __NR_fcntl, fd, F_GETOWN) == 0;
}

/* ---- The calls -------------------------------------------------------------------------------- */

static long make_pair(struct call *c, int ends[2])
{
	size_t used = c->scratch_used;
	uint64_t at = scratch(c, 2 * sizeof *ends);
	long r = at ? host(c, __NR_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			   0, at)
		    : -ENOMEM;
	if (r == 0)
		r = get_guest(c, ends, at, 2 * sizeof *ends);
	c->scratch_used = used;
	return r;
}

/* The second end is put out of the guest's sight. */
static long make_ends(struct call *c, int ends[2], uint64_t flags)
{
	long r = make_pair(c, ends);
	if (r < 0)
		return r;
	r = ends[1] = descriptor_hide(c, ends[1]);
	if (r >= 0)
		r = host(c, __NR_fcntl, ends[0], F_SETFD,
			 flags & DESCRIPTOR_CLOSE_ON_EXEC ? FD_CLOEXEC : 0);
	if (r >= 0)
		r = host(c, __NR_fcntl, ends[0], F_SETSIG, MARK);
	if (r >= 0)
		return 0;
	(void)host(c, __NR_close, ends[0]); /* just made */
	if (ends[1] >= 0) {
		descriptor_clear(c->thread->process, ends[1], DESCRIPTOR_HIDDEN);
		(void)host(c, __NR_close, ends[1]); /* just made */
	}
	return r;
}

static int remember(struct call *c, int fd, int pid)
{
	struct descriptor *e = descriptor_make(c->thread->process, fd);
	if (!e)
		return -ENOMEM;
	e->pid = pid;
	e->maker = c->thread->process->pid;
	e->status = 0;
	c->thread->process->descriptors->processes++;
	return 0;
}

/* (fd, flags): the descriptor's number goes to *fd in the parent. */
static long fork_with_descriptor(struct call *c, unsigned how)
{
	uint64_t flags;
	int ends[2], r = arg_value(c, 1, &flags);
	if (r < 0)
		return r;
	long pid = make_ends(c, ends, flags);
	if (pid < 0)
		return pid;
	struct descriptors *d = c->thread->process->descriptors;
	lock_take(&d->lock);
	reap(c, d);
	lock_release(&d->lock);
	const struct life life = {.held = ends[0],
				  .own = ends[1],
				  .ends_with = !(flags & DESCRIPTOR_DAEMON)};
	pid = engine_fork(c, how, &life);
	descriptor_clear(c->thread->process, ends[1], DESCRIPTOR_HIDDEN);
	(void)host(c, __NR_close, ends[1]); /* the child's */
	if (pid > 0)
		r = remember(c, ends[0], (int)pid);
	if (pid < 0 || r < 0) {
		(void)host(c, __NR_close, ends[0]); /* of no use, and the end of the child */
		return pid < 0 ? pid : r;
	}
	(void)host(c, __NR_fcntl, ends[0], F_SETOWN, pid); /* a child: it is there */
	set_second_result(c, 0);
	return put_guest(c, c->a[0], &ends[0], sizeof ends[0]) < 0 ? -EFAULT : pid;
}

TRANSLATOR(pdfork)
{
	return fork_with_descriptor(c, 0);
}

/* pdrfork(fd, flags, what to share): posix_spawn's way, too (libc, posix_spawn.c). */
TRANSLATOR(pdrfork)
{
	uint64_t how;
	int r = arg_value(c, 2, &how);
	if (r < 0)
		return r;
	if (how == FORK_SPAWNS)
		return fork_with_descriptor(c, FORK_SHARED | FORK_DROPS_HANDLERS);
	if (how != (FORK_COPIES_DESCRIPTORS | FORK_PROCESS | FORK_DESCRIPTOR))
		return -EINVAL;
	return fork_with_descriptor(c, 0);
}

TRANSLATOR(pdgetpid)
{
	int32_t pid = procdesc_pid(c, (int)c->a[0]);
	if (pid < 0)
		return pid == -EINVAL ? -EBADF : pid;
	return put_guest(c, c->a[1], &pid, sizeof pid);
}

/* As kill() does it, of the process; of one that was waited for, the owner is gone, and its
 * number may be another's. */
TRANSLATOR(pdkill)
{
	int pid = procdesc_pid(c, (int)c->a[0]);
	if (pid < 0)
		return pid;
	if (procdesc_is_gone(c, (int)c->a[0]))
		return -ESRCH;
	struct call kill = *c;
	kill.a[0] = (uint64_t)pid;
	return call_kill(&kill);
}

/* The times are those of the sockets, made with the process. */
bool procdesc_status(struct call *c, int fd, struct statx *st)
{
	const struct descriptor *e = entry_of(c, fd);
	if (!e)
		return false;
	bool lives = !(poll_now(c, fd, POLLHUP) & POLLHUP);
	st->stx_mode = S_IFREG | (lives ? 0700 : 0);
	st->stx_nlink = 0;
	st->stx_ino = 0;
	st->stx_size = 0;
	st->stx_btime = st->stx_mtime;
	return true;
}
