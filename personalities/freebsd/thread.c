/* FreeBSD's threads: thr_*, sysarch (umtx.c has _umtx_op).
 * sys/kern/kern_thr.c, sys/amd64/amd64/sys_machdep.c, 13.2 and 15. */
#include "personalities/freebsd/thread.h"
#include "personalities/freebsd/umtx.h"

#include "syscalls/engine.h"
#include "syscalls/personality.h"
#include "syscalls/signal.h"
#include "syscalls/text.h"
#include "syscalls/time.h"

#include <linux/futex.h>
#include <linux/time.h>
#include <string.h>

/* ---- Threads ------------------------------------------------------------------- */

enum { THR_SUSPENDED = 1, THR_SYSTEM_SCOPE = 2, THR_C_RUNTIME = 4 };
#define THR_FLAGS (THR_SUSPENDED | THR_SYSTEM_SCOPE | THR_C_RUNTIME)
#define THR_PARAM_SIZE 104

/* The priority a new thread asks for: ordinary, or more than we may give. */
static int check_priority(struct call *c, uint64_t at)
{
	enum { REALTIME = 2, NORMAL = 3, FIFO = 10 };
	uint16_t priority[2]; /* type, prio */
	int r;

	if (!at)
		return 0;
	r = get_guest(c, priority, at, sizeof priority);
	if (r < 0)
		return r;
	if (priority[0] == NORMAL)
		return 0;
	return priority[0] == REALTIME || priority[0] == FIFO ? -EPERM : -EINVAL;
}

/* thr_new(param, size): a program may pass a shorter structure than ours. */
TRANSLATOR(thr_new)
{
	struct thr_param p;
	char guest[THR_PARAM_SIZE] = {0};
	struct new_thread n;
	uint64_t size = c->a[1], top;
	int r;

	if ((int)size < 0 || size > sizeof guest)
		return -EINVAL;
	r = get_guest(c, guest, c->a[0], size);
	if (r == 0)
		r = to_host(c, c->row->args[0].type, guest, &p);
	if (r == 0 && (p.flags & ~(uint32_t)THR_FLAGS))
		r = -EINVAL;
	if (r == 0)
		r = check_priority(c, p.priority);
	if (r < 0)
		return r;
	if (__builtin_add_overflow(p.stack_base, p.stack_size, &top))
		return -EINVAL;
	/* cpu_set_upcall: a zero where a return address would be. */
	top = (top & ~15UL) - 8;
	if (put_guest(c, top, "\0\0\0\0\0\0\0", 8) < 0)
		return -EFAULT;
	n = (struct new_thread){.entry = p.start,
				.arg = p.arg,
				.stack = top,
				.tls = p.tls_base,
				.child_tid = p.child_tid,
				.parent_tid = p.parent_tid,
				.tid_size = 8};
	r = (int)engine_new_thread(c, &n);
	return r < 0 ? r : 0;
}

TRANSLATOR(thr_self)
{
	int64_t tid = c->thread->tid;

	return put_guest(c, c->a[0], &tid, sizeof tid);
}

/* The last thread's call returns: its library then ends the process. */
TRANSLATOR(thr_exit)
{
	uint32_t *alive = &c->thread->process->n_threads;
	uint32_t left = __atomic_load_n(alive, __ATOMIC_ACQUIRE);
	int64_t gone = 1;

	/* First: the lists lie where another thread may put something else after the wake. */
	umtx_mutex_owner_ends(c);
	if (c->a[0]) {
		(void)put_guest(c, c->a[0], &gone,
				sizeof gone); /* a bad address is the guest's loss */
		(void)host(c, __NR_futex, c->a[0], FUTEX_WAKE, INT32_MAX);
	}
	while (left > 1)
		if (__atomic_compare_exchange_n(alive, &left, left - 1, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			engine_exit_thread(c);
	return 0;
}

static int host_tid_of(int64_t tid)
{
	return tid > TID_BASE && tid <= INT32_MAX ? (int)(tid - TID_BASE) : 0;
}

#define SIGQUEUE_TID 0x80000000u /* sys/signal.h, 15: __SIGQUEUE_TID */

/* Signal n (0: only ask) to a thread of process pid. */
static long signal_thread(struct call *c, int pid, int64_t tid, int n, int code, uint64_t value)
{
	int host_tid = host_tid_of(tid);
	long r;

	if (!host_tid)
		return -ESRCH;
	r = host(c, __NR_tgkill, pid, host_tid, 0);
	if (r < 0 || !n)
		return r;
	if (n < 0 || (uint32_t)n > c->personality->max_signal)
		return -EINVAL;
	return engine_send(c, pid, host_tid, n, code, value);
}

TRANSLATOR(thr_kill)
{
	if ((int64_t)c->a[0] == -1)
		return -EOPNOTSUPP;
	return signal_thread(c, c->thread->process->pid, (int64_t)c->a[0], (int)c->a[1],
			     CODE_THREAD, 0);
}

TRANSLATOR(thr_kill2)
{
	if ((int64_t)c->a[1] == -1)
		return -EOPNOTSUPP;
	return signal_thread(c, (int)c->a[0], (int64_t)c->a[1], (int)c->a[2], CODE_THREAD, 0);
}

long call_sigqueue(struct call *c);

/* sigqueue(pid, signal, value): with a bit of the signal, pid is a thread of the caller's. */
TRANSLATOR(freebsd_sigqueue)
{
	uint32_t n = (uint32_t)c->a[1];

	if (!(n & SIGQUEUE_TID))
		return call_sigqueue(c);
	if ((n & ~SIGQUEUE_TID) > c->personality->max_signal)
		return -EINVAL;
	return signal_thread(c, c->thread->process->pid, (int32_t)c->a[0], (int)(n & ~SIGQUEUE_TID),
			     CODE_QUEUE, c->a[2]);
}

/* thr_set_name(tid, name): names are for debuggers; MAXCOMLEN is 19. */
TRANSLATOR(thr_set_name)
{
	enum { MAXCOMLEN = 19, PR_SET_NAME_ = 15 };
	char name[MAXCOMLEN + 1] = {0};
	uint64_t at = scratch(c, sizeof name);
	long r = 0;

	if (c->a[1]) {
		r = get_guest_string(c, name, c->a[1], sizeof name);
		name[MAXCOMLEN] = 0; /* longer ones are cut */
	}
	if (r == -EFAULT)
		return r;
	if ((int64_t)c->a[0] != c->thread->tid)
		return host(c, __NR_tgkill, c->thread->process->pid, host_tid_of((int64_t)c->a[0]),
			    0);
	memcpy(c->thread->name, name, sizeof name);
	r = put_guest(c, at, name, sizeof name);
	return r < 0 ? r : host(c, __NR_prctl, PR_SET_NAME_, at);
}

long call_exit(struct call *c);

/* exit(status): what is held is given up first. */
TRANSLATOR(freebsd_exit)
{
	umtx_mutex_owner_ends(c);
	return call_exit(c);
}

/* ---- thr_suspend, thr_wake -------------------------------------------------------- */

/* A wake is remembered until the thread suspends: struct thread's wake word.  Who wakes himself
 * is not to sleep the next time, whatever it is he does (TDP_WAKEUP): by this a handler of
 * libthr has a call end that has not begun yet. */
TRANSLATOR(thr_suspend)
{
	struct thread *t = c->thread;
	uint64_t timeout = 0;
	uint32_t woken = 1;
	long r;

	if (t->stirred) {
		t->stirred = false;
		return 0;
	}
	if (c->a[0]) {
		struct __kernel_timespec ts;
		uint64_t ns;

		r = arg_in(c, 0, &ts);
		if (r == 0)
			r = ns_of_timespec(&ts, &ns);
		if (r == 0)
			r = deadline_from(c, CLOCK_MONOTONIC, ns);
		if (r < 0)
			return r;
		timeout = scratch_timespec(c, c->deadline);
	}
	for (;;) {
		if (__atomic_compare_exchange_n(&t->wake, &woken, 0, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return 0;
		woken = 1;
		r = engine_wait_word(c, &t->wake, 0, timeout);
		if (r < 0 && r != -EAGAIN)
			return r;
	}
}

/* tid -1 only clears the caller's own. */
TRANSLATOR(thr_wake)
{
	struct thread *t;

	if ((int64_t)c->a[0] == -1) {
		__atomic_store_n(&c->thread->wake, 0, __ATOMIC_RELEASE);
		c->thread->stirred = false;
		return 0;
	}
	t = engine_find_thread(c, host_tid_of((int64_t)c->a[0]));
	if (!t)
		return -ESRCH;
	if (t == c->thread) {
		t->stirred = true;
		return 0;
	}
	__atomic_store_n(&t->wake, 1, __ATOMIC_RELEASE);
	engine_wake_word(c, &t->wake);
	return 0;
}

/* ---- sysarch ------------------------------------------------------------------------ */

/* x86/sysarch.h.  GS is not for the guest (the translator's own lives there), and programs
 * of this system do not use it outside of emulators. */
/* (address, length): what getcontext leaves out, as much of it as the caller has room for. */
static long get_xfpustate(struct call *c)
{
	uint64_t to[2];
	int r = get_guest(c, to, c->a[1], sizeof to);

	if (r < 0)
		return r;
	return (to[1] >> 32) ? -EINVAL : engine_save_vectors(c->thread, 0, to[0], to[1]);
}

TRANSLATOR(sysarch)
{
	enum {
		GET_FSBASE = 128,
		SET_FSBASE = 129,
		GET_XFPUSTATE = 132,
		GET_TLSBASE = 135,
		SET_TLSBASE = 136,
	};
	uint64_t base;
	int r;

	switch ((int)c->a[0]) {
	case GET_FSBASE:
	case GET_TLSBASE:
		base = engine_get_base(c->thread, 0);
		return put_guest(c, c->a[1], &base, sizeof base);
	case SET_FSBASE:
	case SET_TLSBASE:
		r = get_guest(c, &base, c->a[1], sizeof base);
		return r < 0 ? r : engine_set_base(c->thread, 0, base);
	case GET_XFPUSTATE:
		return get_xfpustate(c);
	default:
		return -EINVAL;
	}
}

/* ---- For the trace -------------------------------------------------------------------- */

/* sys/wait.h */
size_t freebsd_tell_status(char *to, size_t size, const void *guest, size_t n)
{
	enum { CONTINUED = 0x13 };
	static const char *const names[] = {
#define SIGNAL(g, h, d, name) [g] = (name),
#include "personalities/freebsd/signals.def"
#undef SIGNAL
	};
	struct text t = {.to = to, .size = size};
	uint32_t status;

	if (n < sizeof status)
		return 0;
	memcpy(&status, guest, sizeof status);
	text_wait_status(&t, status, CONTINUED, names, COUNT(names));
	return t.n;
}
