/* Signals: the tables' walks and the calls every system has. */
#include "syscalls/signal.h"

#include "syscalls/engine.h"
#include "syscalls/time.h"

#include <asm/sigcontext.h>
#include <asm/signal.h>
#include <linux/time.h>
#include <string.h>

const struct signal *signal_by_guest(const struct personality *p, int guest)
{
	for (uint32_t i = 0; i < p->n_signals; i++)
		if (p->signals[i].guest == guest)
			return &p->signals[i];
	return NULL;
}

int signal_from_host(const struct personality *p, int host)
{
	if (signal_is_carrier(p, host))
		return 0;
	for (uint32_t i = 0; i < p->n_signals; i++)
		if (p->signals[i].host == host)
			return p->signals[i].guest;
	return 0;
}

int signal_default_of(const struct personality *p, int guest)
{
	const struct signal *s = signal_by_guest(p, guest);

	return s ? s->by_default : SIGNAL_TERMINATES;
}

uint64_t sigset_to_host(const struct personality *p, const struct sigset *s)
{
	uint64_t host = 0;

	if (!s->bits[0] && !s->bits[1])
		return 0;
	for (uint32_t i = 0; i < p->n_signals; i++)
		if (sigset_has(s, p->signals[i].guest))
			host |= 1UL << (p->signals[i].host - 1);
	return host;
}

void sigset_hand_over(const struct personality *p, const struct sigset *s,
		      uint64_t words[HANDOVER_SET])
{
	memset(words, 0, HANDOVER_SET * sizeof words[0]);
	for (uint32_t i = 0; i < p->n_signals; i++) {
		const struct signal *row = &p->signals[i];

		if (!sigset_has(s, row->guest))
			continue;
		if (signal_is_carrier(p, row->host))
			words[1 + (row->guest - 1) / 64] |= 1UL << ((row->guest - 1) % 64);
		else
			words[0] |= 1UL << (row->host - 1);
	}
}

void sigset_take_over(const struct personality *p, const uint64_t words[HANDOVER_SET],
		      struct sigset *s)
{
	*s = (struct sigset){0};
	for (uint32_t i = 0; i < p->n_signals; i++) {
		const struct signal *row = &p->signals[i];
		uint64_t bit = signal_is_carrier(p, row->host)
				       ? words[1 + (row->guest - 1) / 64] >> ((row->guest - 1) % 64)
				       : words[0] >> (row->host - 1);

		if (bit & 1)
			sigset_add(s, row->guest);
	}
}

static void cannot_be_blocked(const struct personality *p, struct sigset *s)
{
	sigset_remove(s, signal_from_host(p, SIGKILL));
	sigset_remove(s, signal_from_host(p, SIGSTOP));
}

void mask_for_handler(struct sigset *mask, const struct action *a, int n)
{
	for (size_t i = 0; i < COUNT(mask->bits); i++)
		mask->bits[i] |= a->mask.bits[i];
	if (!(a->flags & ACTION_NODEFER))
		sigset_add(mask, n);
}

void signal_set_mask(struct call *c, const struct sigset *mask)
{
	struct thread *t = c->thread;

	t->mask = *mask;
	cannot_be_blocked(c->personality, &t->mask);
	engine_mask_changed(c);
}

/* The guest's signal number at argument i; -EINVAL if the system has no such signal. */
static int signal_at(const struct call *c, int i)
{
	int n = (int)c->a[i];

	return n >= 1 && (uint32_t)n <= c->personality->max_signal ? n : -EINVAL;
}

/* ---- Masks ------------------------------------------------------------------ */

TRANSLATOR(sigprocmask)
{
	struct sigset set, before = c->thread->mask;
	uint64_t how = 0;
	int r;

	if (c->a[1]) {
		r = arg_in(c, 1, &set);
		if (r == 0)
			r = arg_value(c, 0, &how);
		if (r < 0)
			return r;
		for (size_t i = 0; i < COUNT(set.bits); i++) {
			uint64_t old = before.bits[i];

			set.bits[i] = how == SIG_BLOCK	   ? old | set.bits[i]
				      : how == SIG_UNBLOCK ? old & ~set.bits[i]
							   : set.bits[i];
		}
		signal_set_mask(c, &set);
	}
	return c->a[2] ? arg_out(c, 2, &before) : 0;
}

/* The mask for the length of one call; what a handler returns to is the one before. */
void signal_borrow_mask(struct call *c, const struct sigset *mask)
{
	struct thread *t = c->thread;

	if (t->mask_saved) /* the call is being made again */
		return;
	t->saved_mask = t->mask;
	t->mask_saved = true;
	signal_set_mask(c, mask);
}

TRANSLATOR(sigsuspend)
{
	struct sigset mask;
	long r = arg_in(c, 0, &mask);

	if (r < 0)
		return r;
	signal_borrow_mask(c, &mask);
	r = engine_pause(c);
	return r == CALL_AGAIN ? -EINTR : r;
}

TRANSLATOR(sigpending)
{
	struct sigset set;
	int r = engine_pending(c, &set);

	return r < 0 ? r : arg_out(c, 0, &set);
}

/* ---- Actions ----------------------------------------------------------------- */

#define ACTION_FLAGS \
	(ACTION_ONSTACK | ACTION_RESTART | ACTION_RESETHAND | ACTION_NOCLDSTOP | ACTION_NODEFER | \
	 ACTION_NOCLDWAIT | ACTION_SIGINFO)

static int set_action(struct call *c, int n, struct action *a)
{
	struct process *p = c->thread->process;
	int host = signal_by_guest(c->personality, n) ? signal_by_guest(c->personality, n)->host
						      : 0;
	int r;

	/* Flags mean nothing without a handler; some programs leave rubbish there. */
	if (a->handler > HANDLER_IGNORE && (a->flags & ~(uint32_t)ACTION_FLAGS))
		return -EINVAL;
	if (!host || ((host == SIGKILL || host == SIGSTOP) && a->handler != HANDLER_DEFAULT))
		return -EINVAL;
	a->flags &= ACTION_FLAGS;
	if (a->handler <= HANDLER_IGNORE)
		a->flags &= ~(uint32_t)ACTION_SIGINFO;
	cannot_be_blocked(c->personality, &a->mask);
	lock_take(&p->lock);
	p->actions[n - 1] = *a;
	r = host == SIGKILL || host == SIGSTOP ? 0 : engine_action_changed(c, n);
	lock_release(&p->lock);
	return r;
}

long signal_act(struct call *c, const uint64_t *trampoline)
{
	struct action a = {0}, before;
	int n = signal_at(c, 0), r = 0;

	if (n < 0)
		return n;
	lock_take(&c->thread->process->lock);
	before = c->thread->process->actions[n - 1];
	lock_release(&c->thread->process->lock);
	if (c->a[1])
		r = arg_in(c, 1, &a);
	if (trampoline)
		a.restorer = *trampoline;
	if (r == 0 && c->a[1])
		r = set_action(c, n, &a);
	if (r == 0 && c->a[2])
		r = arg_out(c, 2, &before);
	return r;
}

TRANSLATOR(sigaction)
{
	return signal_act(c, NULL);
}

/* ---- The signal stack ----------------------------------------------------------- */

#define SS_ONSTACK_BIT 1u
#define SS_DISABLE_BIT 4u
#define LEAST_STACK 2048 /* MINSIGSTKSZ on amd64 */

bool signal_on_altstack(const struct thread *t)
{
	return !t->altstack_disabled && t->regs.rsp - t->altstack_base < t->altstack_size;
}

TRANSLATOR(sigaltstack)
{
	struct thread *t = c->thread;
	bool on = signal_on_altstack(t);
	struct altstack new, old = {.base = t->altstack_base,
				    .size = t->altstack_size,
				    .flags = t->altstack_disabled ? SS_DISABLE_BIT
					     : on		  ? SS_ONSTACK_BIT
								  : 0};
	int r;

	if (c->a[0]) {
		r = arg_in(c, 0, &new);
		if (r < 0)
			return r;
		if (on)
			return -EPERM;
		if (new.flags & ~SS_DISABLE_BIT)
			return -EINVAL;
		if (!(new.flags &SS_DISABLE_BIT) && new.size < LEAST_STACK)
			return -ENOMEM;
		t->altstack_disabled = new.flags &SS_DISABLE_BIT;
		if (!t->altstack_disabled) {
			t->altstack_base = new.base;
			t->altstack_size = new.size;
		}
	}
	return c->a[1] ? arg_out(c, 1, &old) : 0;
}

/* ---- Sending ---------------------------------------------------------------------- */

/* kill(pid, 0) only asks. */
TRANSLATOR(kill)
{
	int pid = (int)c->a[0], n = (int)c->a[1];
	const struct signal *s;

	if (!n)
		return host(c, __NR_kill, pid, 0);
	n = signal_at(c, 1);
	if (n < 0)
		return n;
	s = signal_by_guest(c->personality, n);
	if (!s)
		return -EINVAL;
	if (!signal_is_carrier(c->personality, s->host))
		return host(c, __NR_kill, pid, s->host);
	/* A carried signal names itself in its siginfo, which only one process can be sent. */
	return pid > 0 ? engine_send(c, pid, 0, n, CODE_USER, 0) : -EOPNOTSUPP;
}

TRANSLATOR(sigqueue)
{
	int n = (int)c->a[1];

	if (!n)
		return host(c, __NR_kill, (int)c->a[0], 0);
	n = signal_at(c, 1);
	return n < 0 ? n : engine_send(c, (int)c->a[0], 0, n, CODE_QUEUE, c->a[2]);
}

/* ---- Waiting ------------------------------------------------------------------------ */

/* sigtimedwait(set, info, timeout) and its kin: wait for one of set. */
static long wait_for(struct call *c, uint64_t timeout, struct signal_info *info)
{
	struct sigset set;
	uint64_t left = UINT64_MAX;
	long r = arg_in(c, 0, &set);

	if (r < 0)
		return r;
	cannot_be_blocked(c->personality, &set);
	if (timeout != UINT64_MAX) {
		r = deadline_from(c, CLOCK_MONOTONIC, timeout);
		if (r == 0)
			r = remaining_ns(c, CLOCK_MONOTONIC, &left);
		if (r < 0)
			return r;
	}
	return engine_wait_signal(c, &set, left, info);
}

static long wait_with_info(struct call *c, uint64_t timeout)
{
	struct signal_info info;
	long n = wait_for(c, timeout, &info);
	int r = 0;

	if (n > 0 && c->a[1])
		r = arg_out(c, 1, &info);
	return r < 0 ? r : n;
}

/* kern_sigtimedwait(): what is pending is told whatever the time is; one with a negative number
 * of seconds is over. */
static long wait_badly(struct call *c, const struct __kernel_timespec *ts)
{
	bool is_time = ts->tv_nsec >= 0 && ts->tv_nsec < (long long)NS_PER_SECOND;
	long n = wait_with_info(c, 0);

	return n == -EAGAIN && !is_time ? -EINVAL : n;
}

TRANSLATOR(sigtimedwait)
{
	struct __kernel_timespec ts;
	uint64_t ns;
	int r;

	if (!c->a[2])
		return wait_with_info(c, UINT64_MAX);
	r = arg_in(c, 2, &ts);
	if (r < 0)
		return r;
	r = ns_of_timespec(&ts, &ns);
	if (r < 0)
		return c->personality->is_host ? r : wait_badly(c, &ts);
	return wait_with_info(c, ns >= NS_MAX ? UINT64_MAX : ns);
}

TRANSLATOR(sigwaitinfo)
{
	return wait_with_info(c, UINT64_MAX);
}

/* The number goes to *sig; failures are the result (ROW_POSIX_ERROR). */
TRANSLATOR(sigwait)
{
	struct signal_info info;
	long n = wait_for(c, UINT64_MAX, &info);
	int32_t number = (int32_t)n;

	return n < 0 ? n : arg_out(c, 1, &number);
}

void signal_registers(const struct sigcontext *from, struct regs *to)
{
	*to = (struct regs){
		.rax = from->rax,
		.rdi = from->rdi,
		.rsi = from->rsi,
		.rdx = from->rdx,
		.r10 = from->r10,
		.r8 = from->r8,
		.r9 = from->r9,
		.rcx = from->rcx,
		.r11 = from->r11,
		.rbx = from->rbx,
		.rbp = from->rbp,
		.r12 = from->r12,
		.r13 = from->r13,
		.r14 = from->r14,
		.r15 = from->r15,
		.rsp = from->rsp,
		.rip = from->rip,
		.rflags = from->eflags,
	};
}
