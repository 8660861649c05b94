/* Threads and processes, as clone makes them: kernel/fork.c, Linux 6.1. */
#include "syscalls/abi.h"
#include "syscalls/engine.h"
#include "syscalls/personality.h"
#include "syscalls/process.h"

#include <asm/prctl.h>
#include <asm/signal.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <string.h>

#define NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)
/* What every thread shares with its process, and what it may ask for besides. */
#define THREAD_SHARES (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define NUMBERS (CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)
#define THREAD_MAY (NUMBERS | CLONE_SETTLS | CLONE_SYSVSEM | CLONE_DETACHED | CSIGNAL)
/* A copy, or (vfork) the same memory until the child execs or exits. */
#define FORK_MAY (NUMBERS | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CSIGNAL)

static long new_thread(struct call *c, uint64_t flags)
{
	const struct new_thread n = {
		.continues = true,
		.stack = c->a[1],
		.tls = flags & CLONE_SETTLS ? c->a[4] : engine_get_base(c->thread, 0),
		.parent_tid = flags & CLONE_PARENT_SETTID ? c->a[2] : 0,
		.child_tid = flags & CLONE_CHILD_SETTID ? c->a[3] : 0,
		.clear_tid = flags & CLONE_CHILD_CLEARTID ? c->a[3] : 0,
		.tid_size = sizeof(int32_t),
	};

	return engine_new_thread(c, &n);
}

/* A descriptor for the child, which is still there for its parent to wait for. */
static long give_descriptor(struct call *c, long pid)
{
	int32_t fd = (int32_t)host(c, __NR_pidfd_open, pid, 0);

	if (fd >= 0)
		(void)put_guest(c, c->a[2], &fd, sizeof fd); /* a bad address is the guest's loss */
	return pid;
}

static long new_process(struct call *c, uint64_t flags)
{
	struct thread *t = c->thread;
	uint64_t sp = t->regs.rsp;
	int32_t number;
	long pid;

	t->child.set_tid = flags & CLONE_CHILD_SETTID ? c->a[3] : 0;
	t->child.clear_tid = flags & CLONE_CHILD_CLEARTID ? c->a[3] : 0;
	if (c->a[1])
		t->regs.rsp = c->a[1]; /* the child's */
	pid = engine_fork(c, flags & CLONE_VM ? FORK_SHARED : 0, NULL);
	t->regs.rsp = sp;
	t->child.set_tid = t->child.clear_tid = 0;
	number = (int32_t)pid;
	if (pid > 0 && (flags & CLONE_PARENT_SETTID))
		(void)put_guest(c, c->a[2], &number, sizeof number); /* as the kernel */
	return pid > 0 && (flags & CLONE_PIDFD) ? give_descriptor(c, pid) : pid;
}

/* clone(flags, stack, parent's word, child's word, thread pointer) */
TRANSLATOR(linux_clone)
{
	uint64_t flags = c->a[0];
	bool shared = (flags & (CLONE_VM | CLONE_VFORK)) == (CLONE_VM | CLONE_VFORK);

	if (flags & NAMESPACES)
		return -EPERM;
	if (flags & CLONE_THREAD)
		return (flags & THREAD_SHARES) == THREAD_SHARES &&
				       !(flags & ~(uint64_t)(THREAD_SHARES | THREAD_MAY))
			       ? new_thread(c, flags)
			       : -EINVAL;
	if ((flags & ~(uint64_t)FORK_MAY) || (flags & CSIGNAL) != SIGCHLD ||
	    (!shared && (flags & (CLONE_VM | CLONE_VFORK))) ||
	    (flags & (CLONE_PIDFD | CLONE_PARENT_SETTID)) == (CLONE_PIDFD | CLONE_PARENT_SETTID))
		return -EINVAL;
	return new_process(c, flags);
}

TRANSLATOR(linux_set_tid_address)
{
	c->thread->clear_tid = c->a[0];
	return c->thread->tid;
}

TRANSLATOR(linux_exit)
{
	__atomic_sub_fetch(&c->thread->process->n_threads, 1, __ATOMIC_RELAXED);
	c->thread->exit_status = (int)c->a[0] & 0xff;
	engine_exit_thread(c);
}

TRANSLATOR(linux_arch_prctl)
{
	uint64_t base;

	switch ((int)c->a[0]) {
	case ARCH_SET_FS:
		return engine_set_base(c->thread, 0, c->a[1]) < 0 ? -EPERM : 0;
	case ARCH_GET_FS:
		base = engine_get_base(c->thread, 0);
		return put_guest(c, c->a[1], &base, sizeof base);
	case ARCH_GET_GS:
		base = 0;
		return put_guest(c, c->a[1], &base, sizeof base);
	case ARCH_SET_GS:
		return c->a[1] ? -EPERM : 0;
	default:
		return -EINVAL;
	}
}

/* ---- prctl ------------------------------------------------------------------------------ */

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

TRANSLATOR(linux_prctl)
{
	switch ((int)c->a[0]) {
	case PR_SET_VMA: /* names anonymous memory, for debuggers */
		if (engine_owns(c->a[2], c->a[3]))
			return -EINVAL;
		break;
	case PR_GET_SECCOMP: /* as a kernel built without it */
	case PR_SET_SECCOMP:
		return -EINVAL;
	case PR_SET_NAME:
	case PR_GET_NAME:
	case PR_SET_PDEATHSIG:
	case PR_GET_PDEATHSIG:
	case PR_SET_DUMPABLE:
	case PR_GET_DUMPABLE:
	case PR_GET_KEEPCAPS:
	case PR_CAPBSET_READ:
	case PR_GET_SECUREBITS:
	case PR_SET_TIMERSLACK:
	case PR_GET_TIMERSLACK:
	case PR_SET_CHILD_SUBREAPER:
	case PR_GET_CHILD_SUBREAPER:
	case PR_SET_NO_NEW_PRIVS:
	case PR_GET_NO_NEW_PRIVS:
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE:
		break;
	default:
		return -EINVAL;
	}
	return host(c, __NR_prctl, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4]);
}

/* personality(2): 0xffffffff asks. */
TRANSLATOR(linux_personality)
{
	uint32_t wanted = (uint32_t)c->a[0];

	return wanted == UINT32_MAX || wanted == 0 ? 0 : -EINVAL;
}
