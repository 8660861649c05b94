/* Signals of traced threads: queued here as they arrive, settled at the boundary. */
#include "syscalls/signal.h"

#include "syscalls/board.h"
#include "syscalls/engine/ptrace/supervisor.h"
#include "syscalls/signal_info.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOST_BIT(n) (1UL << ((n)-1))
/* Never blocked in Linux: faults, and the stub's breakpoint. */
#define SYNCHRONOUS \
	(HOST_BIT(SIGSEGV) | HOST_BIT(SIGBUS) | HOST_BIT(SIGFPE) | HOST_BIT(SIGILL) | \
	 HOST_BIT(SIGTRAP) | HOST_BIT(SIGSYS))

static const struct personality *system_of(const struct tracee *t)
{
	return t->guest->process.personality;
}

/* Linux signals that are held here while the guest blocks them: besides those above the one that
 * stands for several, and what kqueues count. */
static uint64_t held_here(const struct tracee *t)
{
	const struct process *p = &t->guest->process;
	uint64_t held = SYNCHRONOUS | sigset_to_host(p->personality, &p->counted.set);

	return signal_is_carrier(p->personality, HOST_SIGNAL_CARRIER)
		       ? held | HOST_BIT(HOST_SIGNAL_CARRIER)
		       : held;
}

static void set_host_mask(struct tracee *t, uint64_t mask)
{
	if (mask == t->host_mask)
		return;
	t->host_mask = mask;
	(void)tracee_request(t, PTRACE_SETSIGMASK, sizeof mask, (uint64_t)&mask);
}

void signals_push_mask(struct tracee *t)
{
	if (t->thread.mask.bits[0] || t->thread.mask.bits[1] || t->host_mask)
		set_host_mask(t, sigset_to_host(system_of(t), &t->thread.mask) & ~held_here(t));
}

/* ---- Arrival ----------------------------------------------------------------------- */

/* What is queued of one thread is not without bounds: as many as RLIMIT_SIGPENDING usually is. */
#define MOST_PENDING 8192

#define FIRST_QUEUED 32 /* Linux's: of those below one of a kind is pending */

static bool is_same(const struct pending *p, const struct pending *like)
{
	return p->has_host && like->has_host && p->info.number == like->info.number &&
	       like->host.si_signo < FIRST_QUEUED && !p->info.is_fault && !like->info.is_fault;
}

static void add_pending(struct tracee *t, const struct pending *like)
{
	struct pending **at = &t->pending, *fresh;
	size_t n = 0;

	for (; *at && n < MOST_PENDING; n++, at = &(*at)->next)
		if (is_same(*at, like)) {
			(*at)->uncounted += like->uncounted;
			return;
		}
	fresh = n < MOST_PENDING ? malloc(sizeof *fresh) : NULL;
	if (!fresh)
		return; /* as Linux, which drops what it has no room for */
	*fresh = *like;
	fresh->next = NULL;
	*at = fresh;
}

/* The processor's trap number of a fault: ptrace(2) does not tell it, what it is follows from the
 * rest (Intel's manual, volume 3, "Exceptions and interrupts"). */
static int trap_of(const siginfo_t *si)
{
	switch (si->si_signo) {
	case SIGSEGV:
		return si->si_code == SI_KERNEL ? 13 : 14;
	case SIGBUS:
		return si->si_code == BUS_ADRALN ? 17 : 14;
	case SIGFPE:
		return si->si_code == FPE_INTDIV ? 0 : 16;
	case SIGILL:
		return 6;
	default:
		return si->si_code == TRAP_TRACE ? 1 : 3;
	}
}

static void fault_info(const struct tracee *t, const siginfo_t *si, struct signal_info *info)
{
	*info = (struct signal_info){
		.number = signal_from_host(system_of(t), si->si_signo),
		.host_code = si->si_code,
		.code = si->si_code,
		.address = si->si_signo == SIGSEGV || si->si_signo == SIGBUS ? (uint64_t)si->si_addr
									     : t->thread.regs.rip,
		.trap = trap_of(si),
		.is_fault = true,
		.to_thread = true,
		.has_host = true,
	};
	memcpy(info->host, si, sizeof info->host);
	system_of(t)->describe_fault(info);
}

void signal_arrived(struct tracee *t, int number)
{
	struct pending p = {.has_host = true};

	if (tracee_request(t, PTRACE_GETSIGINFO, 0, (uint64_t)&p.host) < 0)
		return; /* a stop that is no signal's */
	if ((HOST_BIT(number) & SYNCHRONOUS) && p.host.si_code > 0)
		fault_info(t, &p.host, &p.info);
	else
		signal_info_from_host(&t->guest->process, &p.host, &p.info);
	p.uncounted = !p.info.is_fault && !signal_info_is_again(&p.host);
	if (p.info.number)
		add_pending(t, &p);
}

void signal_add(struct tracee *t, const siginfo_t *si, const struct signal_info *info)
{
	add_pending(t, &(struct pending){.info = *info, .host = *si, .has_host = true});
}

/* In the numbers of another system, if that is what t's program is of now. */
void signals_convert(struct tracee *t)
{
	for (struct pending *p = t->pending; p; p = p->next)
		if (p->has_host)
			signal_info_from_host(&t->guest->process, &p->host, &p->info);
}

void signals_forget(struct tracee *t)
{
	while (t->pending) {
		struct pending *p = t->pending;

		t->pending = p->next;
		free(p);
	}
}

/* ---- Counting ------------------------------------------------------------------------ */

static void ring_bell(struct tracee *t, int bell)
{
	uint64_t one = 1, at = tracee_area(t);

	if (at && thread_put(&t->thread, at + AREA_ARGUMENT, &one, sizeof one) == 0)
		(void)LINUX(t, write, bell, at + AREA_ARGUMENT, sizeof one); /* full: it rings */
}

void signal_count(struct tracee *t, int guest)
{
	struct counted *counted = &t->guest->process.counted;

	if (!sigset_has(&counted->set, guest))
		return;
	counted->count[guest - 1]++;
	ring_bell(t, counted->bell);
}

/* While that is told, more may arrive. */
static void count_pending(struct tracee *t)
{
	for (struct pending *p = t->pending; p; p = p->next)
		for (; p->uncounted; p->uncounted--)
			signal_count(t, p->info.number);
}

bool signal_stops(const struct tracee *t, int host)
{
	const struct personality *p = t->guest ? system_of(t) : NULL;
	int n = p ? signal_from_host(p, host) : 0;

	if (host == SIGSTOP || !n)
		return true;
	return t->guest->process.actions[n - 1].handler == HANDLER_DEFAULT &&
	       signal_default_of(p, n) == SIGNAL_STOPS && !sigset_has(&t->thread.mask, n);
}

/* ---- Settling --------------------------------------------------------------------------- */

static bool is_held(const struct tracee *t, const struct pending *p)
{
	return !p->info.is_fault && sigset_has(&t->thread.mask, p->info.number);
}

bool signals_wanted(struct tracee *t)
{
	for (const struct pending *p = t->pending; p; p = p->next)
		if (p->uncounted || !is_held(t, p))
			return true;
	return false;
}

struct other {
	const struct tracee *but;
	int number;
	struct tracee *found;
};

static void find_other(struct tracee *t, void *context)
{
	struct other *o = context;

	if (!o->found && t != o->but && t->guest == o->but->guest &&
	    !sigset_has(&t->thread.mask, o->number))
		o->found = t;
}

static void queue_again(const struct tracee *t, const siginfo_t *from, int host_tid)
{
	siginfo_t si = *from;
	int pid = t->guest->process.pid;

	signal_info_again(&si);
	if (host_tid)
		(void)syscall(SYS_rt_tgsigqueueinfo, pid, host_tid, si.si_signo, &si);
	else
		(void)syscall(SYS_rt_sigqueueinfo, pid, si.si_signo, &si);
}

/* What is for the process and held here goes to a thread that wants it, if there is one.  Those
 * that Linux queues, and would have held itself, do not: they would come behind later ones. */
static bool pass_to_another(const struct tracee *t, const struct pending *p)
{
	struct other o = {.but = t, .number = p->info.number};

	if (p->info.to_thread || !p->has_host ||
	    (p->host.si_signo >= FIRST_QUEUED && !(HOST_BIT(p->host.si_signo) & held_here(t))))
		return false;
	tracee_each(find_other, &o);
	if (o.found)
		queue_again(t, &p->host, o.found->tid);
	return o.found;
}

static bool take(struct tracee *t, struct signal_info *info)
{
	for (struct pending **at = &t->pending, *p = *at; p; p = *at) {
		bool held = is_held(t, p);

		if (held && !pass_to_another(t, p)) {
			at = &p->next;
			continue;
		}
		*info = p->info;
		*at = p->next;
		free(p);
		if (!held)
			return true;
	}
	return false;
}

/* Linux does it, for real: sends it and lets it through. */
static void by_default(struct tracee *t, int host)
{
	uint64_t before = t->host_mask;

	set_host_mask(t, before & ~HOST_BIT(host));
	t->passes = host;
	(void)syscall(SYS_tgkill, t->guest->process.pid, t->tid, host); /* it stops here */
	(void)LINUX(t, sched_yield);
	t->passes = 0;
	set_host_mask(t, before);
}

static _Noreturn void terminate(struct tracee *t, const struct signal_info *info)
{
	int guest = info->number;
	const struct signal *s = signal_by_guest(system_of(t), guest);
	int host = s ? s->host : SIGKILL;

	if (is_traced())
		trace_event(&t->thread, TRACE_KILLED, guest);
	board_killed(&t->guest->process, guest);
	if (!(HOST_BIT(host) & SYNCHRONOUS)) /* the guest may have had it ignored by Linux */
		(void)engine_action_default(t, host);
	by_default(t, host);
	tracee_last_call(t, __NR_exit_group, (uint64_t)(128 + guest));
}

static void get_action(struct process *p, int n, struct action *a)
{
	struct action *stored = &p->actions[n - 1];

	*a = *stored;
	if ((a->flags & ACTION_RESETHAND) && a->handler > HANDLER_IGNORE) {
		stored->handler = HANDLER_DEFAULT;
		stored->flags &= ~(uint32_t)ACTION_SIGINFO;
	}
}

/* True if a handler is to run. */
static bool decide(struct tracee *t, const struct signal_info *info, struct action *a)
{
	const struct signal *s;
	int n = info->number;

	get_action(&t->guest->process, n, a);
	if (info->is_fault && (a->handler <= HANDLER_IGNORE || sigset_has(&t->thread.mask, n)))
		terminate(t, info);
	if (a->handler > HANDLER_IGNORE)
		return true;
	if (a->handler == HANDLER_IGNORE)
		return false;
	s = signal_by_guest(system_of(t), n);
	switch (signal_default_of(system_of(t), n)) {
	case SIGNAL_TERMINATES:
		terminate(t, info);
	case SIGNAL_STOPS:
		by_default(t, s ? s->host : SIGSTOP);
	}
	return false;
}

bool signals_settle(struct tracee *t, struct signal_info *info, struct action *a)
{
	count_pending(t);
	while (take(t, info)) {
		if (decide(t, info, a))
			return true;
		count_pending(t);
	}
	return false;
}

static _Noreturn void end_by_bad_stack(struct tracee *t)
{
	const struct personality *p = system_of(t);
	const struct signal_info info = {
		.number = p->bad_stack_signal ? (int)p->bad_stack_signal
					      : signal_from_host(p, SIGILL),
		.code = CODE_KERNEL,
		.host_code = SI_KERNEL,
	};

	terminate(t, &info);
}

void signals_deliver(struct tracee *t, const struct signal_info *info, const struct action *a)
{
	const struct personality *p = system_of(t);
	struct thread *thread = &t->thread;

	if (thread->mask_saved) {
		thread->mask = thread->saved_mask;
		thread->mask_saved = false;
	}
	if (is_traced())
		trace_signal(thread, info);
	if (p->push_signal(thread, info, a) < 0)
		end_by_bad_stack(t);
	mask_for_handler(&thread->mask, a, info->number);
	engine_reset_vectors(thread);
	t->user.cs = USER_CS; /* a far call may have led it into 32-bit code */
	t->user.ss = USER_SS;
}

void signals_boundary(struct tracee *t)
{
	struct signal_info info;
	struct action action;

	while (t->pending && signals_settle(t, &info, &action))
		signals_deliver(t, &info, &action);
}

void engine_raise(struct thread *thread, const struct signal_info *info)
{
	add_pending(of_thread(thread),
		    &(struct pending){.info = *info, .uncounted = !info->is_fault});
}

/* A thread that ends: what was meant for the process goes back to Linux. */
void signals_pass_on(struct tracee *t)
{
	for (const struct pending *p = t->pending; p; p = p->next)
		if (!p->info.to_thread && p->has_host)
			queue_again(t, &p->host, 0);
	signals_forget(t);
}
