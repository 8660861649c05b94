/* A storm of signals: two processes of five threads each send one another queued signals with
 * values, plain ones and timers', to processes and to threads, while they read, sleep, wait,
 * change masks, fork and exec.  Some are taken by handlers (nested, on a stack of their own,
 * with and without SA_RESTART), some by sigwaitinfo, some in sigsuspend.
 *
 * Every queued signal is written into a ledger by who sends it and by who gets it.  At the end
 * of each round no more are sent, and all must have come: each once, those for one thread in
 * the order they were sent.  Of the plain ones the last must have been noticed.
 *
 *     storm_signals [SECONDS]
 *
 * sys/signal.h, kern/kern_sig.c. */
#include "tests/guest/storm.h"

enum { SIGUSR1 = 30, SIGUSR2 = 31, SIGTERM = 15 };
enum { FIRST = 65, ON_HANDLER = FIRST, WAITED, TO_THREAD, SUSPENDED, TICK, HIGH = 126 };
enum { N_QUEUED = 5, ALL = PROCESSES * STRANDS, AT_ONCE = 16, STEPS_IN_ROUND = 60 };
enum { SA_ONSTACK = 1, SIG_BLOCK = 1, SIG_UNBLOCK = 2, SIG_SETMASK = 3 };
enum { SI_USER = 0x10001, SI_QUEUE, SI_TIMER, SI_LWP = 0x10007 };
enum { SIGEV_THREAD_ID = 4, SET_FSBASE = 129, WAITER = 0, SUSPENDER = 1 };

struct siginfo {
	int signo, error, code, pid;
	uint32_t uid;
	int status;
	void *addr;
	long value;
	int pad[10];
};
struct sigset {
	uint32_t bits[4];
};

/* What one strand sent to another (or to its process: the first strand's line), and what came. */
struct line {
	uint32_t sent, came, sum_sent, sum_came, last;
};

static struct world {
	struct line line[N_QUEUED][ALL][ALL]; /* [kind][to][from] */
	uint32_t told[PROCESSES], noticed[PROCESSES]; /* plain ones: by number */
	long pid[PROCESSES];
	volatile uint32_t here, rounds;
	long ends_at, cut, forks, execs;
	bool over;
} * world;

/* A strand's own: the first word of its TLS. */
struct own {
	struct own *self;
	struct strand *s;
	volatile bool blocks_usr2;
	volatile uint32_t usr2, nested, ticks;
	char stack[32768] __attribute__((aligned(16)));
};
static struct own owns[STRANDS];
static int ring[STRANDS][2];
static uint8_t ring_at[STRANDS];
static char *program;

static struct own *own(void)
{
	struct own *o;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(o));
	return o;
}

static struct sigset set_of(int signal)
{
	struct sigset s = {{0}};

	s.bits[(signal - 1) / 32] |= 1u << (signal - 1) % 32;
	return s;
}

static bool has(const struct sigset *s, int signal)
{
	return s->bits[(signal - 1) / 32] >> (signal - 1) % 32 & 1;
}

static struct sigset mask_now(void)
{
	struct sigset s = {{0}};

	IS(1, sys(SYS_sigprocmask, SIG_BLOCK, 0, &s), 0);
	return s;
}

static uint32_t add(volatile uint32_t *at, uint32_t n)
{
	return __atomic_add_fetch(at, n, __ATOMIC_SEQ_CST);
}

static uint32_t load(const volatile uint32_t *at)
{
	return __atomic_load_n(at, __ATOMIC_SEQ_CST);
}

/* ---- Sending and getting ------------------------------------------------------------------- */

static int kind_of(int signal)
{
	return signal == HIGH ? N_QUEUED - 1 : signal - FIRST;
}

static int signal_of(int kind)
{
	return kind == N_QUEUED - 1 ? HIGH : FIRST + kind;
}

static int index_of(const struct strand *s)
{
	return (int)(s->process * STRANDS + s->number);
}

/* One queued signal, unless many of this kind are still on their way. */
static void send(struct strand *s, int kind, int to)
{
	int signal = signal_of(kind), from = index_of(s);
	bool to_thread = signal == TO_THREAD;
	struct line *l;
	uint32_t number;
	long r;

	if (!to_thread)
		to -= to % STRANDS;
	else if (to / STRANDS != (int)s->process)
		return;
	l = &world->line[kind][to][from];
	if (l->sent - load(&l->came) >= AT_ONCE)
		return;
	number = add(&l->sent, 1);
	l->sum_sent += number * 7;
	r = sys(SYS_sigqueue, to_thread ? strands[to].tid : world->pid[to / STRANDS],
		to_thread ? signal | 1L << 31 : signal, (long)from << 32 | number);
	IS(2, r, 0);
}

static void got(const struct siginfo *i, int to)
{
	int from = (int)(i->value >> 32), kind = kind_of(i->signo);
	uint32_t number = (uint32_t)i->value;
	struct line *l;

	CHECK(3, from >= 0 && from < ALL && i->code == SI_QUEUE && i->pid > 0);
	l = &world->line[kind][to][from];
	if (i->signo == TO_THREAD || i->signo == WAITED) {
		IS(4, number, l->last + 1);
		l->last = number;
	}
	add(&l->sum_came, number * 7);
	add(&l->came, 1);
}

static int my_process(void)
{
	return (int)own()->s->process * STRANDS;
}

static void trash_vectors(void)
{
	__asm__ volatile("pcmpeqb %%xmm0, %%xmm0\n pcmpeqb %%xmm5, %%xmm5\n"
			 "pcmpeqb %%xmm9, %%xmm9\n pcmpeqb %%xmm15, %%xmm15\n"
			 :
			 :
			 : "xmm0", "xmm5", "xmm9", "xmm15");
}

static void on_queued(int signal, struct siginfo *i, void *context)
{
	struct sigset mask = mask_now();

	CHECK(5, signal == i->signo && has(&mask, signal));
	trash_vectors();
	got(i, my_process());
}

/* On the strand's other stack.  It asks for one more signal, which comes at once. */
static void on_thread(int signal, struct siginfo *i, void *context)
{
	struct sigset mask = mask_now();
	struct own *o = own();
	uint32_t before = o->nested;
	char here;

	CHECK(6, &here > o->stack && &here < o->stack + sizeof o->stack);
	got(i, index_of(o->s));
	trash_vectors();
	if (has(&mask, SIGUSR2))
		return;
	IS(7, sys(SYS_thr_kill, thread_self(), SIGUSR2), 0);
	CHECK(8, o->nested > before);
}

static void on_usr2(int signal, struct siginfo *i, void *context)
{
	struct own *o = own();

	CHECK(9, !o->blocks_usr2 && i->code == SI_LWP);
	o->usr2++;
	o->nested++;
	trash_vectors();
}

static void on_plain(int signal, struct siginfo *i, void *context)
{
	uint32_t p = own()->s->process, told = load(&world->told[p]), was;

	CHECK(10, i->code == SI_USER);
	was = load(&world->noticed[p]);
	while (was < told && !__atomic_compare_exchange_n(&world->noticed[p], &was, told, false,
							  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static void on_tick(int signal, struct siginfo *i, void *context)
{
	CHECK(11, i->code == SI_TIMER && i->value == (long)own());
	own()->ticks++;
}

static void sending(struct strand *s)
{
	uint32_t to = (uint32_t)chance(s, PROCESSES);

	step(s, "sending", 0);
	for (int i = 0; i < 6; i++)
		send(s, (int)chance(s, N_QUEUED), (int)chance(s, ALL));
	add(&world->told[to], 1);
	IS(12, sys(SYS_kill, world->pid[to], SIGUSR1), 0);
}

/* ---- Calls that are cut short ---------------------------------------------------------------- */

static void cut_short(long r)
{
	if (r == -EINTR)
		world->cut++;
	else
		CHECK(13, r >= 0);
}

/* Each strand writes to the next one's pipe and reads its own: all do so equally often in a
 * round, and a byte's value says that none was lost. */
static void ring_turn(struct strand *s)
{
	uint32_t n = s->number;
	uint8_t byte = ++ring_at[n], read = 0;
	long r;

	step(s, "ring", 0);
	IS(14, sys(SYS_write, ring[(n + 1) % STRANDS][1], &byte, 1), 1);
	while ((r = sys(SYS_read, ring[n][0], &read, 1)) == -EINTR)
		world->cut++;
	IS(15, r, 1);
	IS(16, read, byte);
}

static void sleeping(struct strand *s)
{
	struct timespec t = {0, 300000 + (long)chance(s, 700000)}, left = {0, 0};
	long r;

	step(s, "sleeping", 0);
	r = sys(SYS_nanosleep, &t, &left);
	cut_short(r);
	CHECK(17, r == 0 || (left.sec == 0 && left.nsec <= t.nsec));
}

static void polling(struct strand *s)
{
	struct {
		int fd;
		short events, revents;
	} p = {ring[s->number][0], 1, 0};

	step(s, "polling", 0);
	cut_short(sys(SYS_poll, &p, 1, 1));
}

static void selecting(struct strand *s)
{
	struct timeval t = {0, 800};
	uint64_t set[16] = {0};

	step(s, "selecting", 0);
	set[ring[s->number][0] / 64] |= 1UL << ring[s->number][0] % 64;
	cut_short(sys(SYS_select, ring[s->number][0] + 1, set, 0, 0, &t));
}

static void kqueue_waiting(struct strand *s)
{
	struct timespec t = {0, 800000};
	char event[64];
	long kq;

	step(s, "kevent", 0);
	kq = sys(SYS_kqueue);
	CHECK(18, kq >= 0);
	cut_short(sys(SYS_kevent, kq, 0, 0, event, 1, &t));
	IS(19, sys(SYS_close, kq), 0);
}

static void umtx_waiting(struct strand *s)
{
	struct timespec t = {0, 800000};
	uint32_t word = 0;
	long r;

	step(s, "umtx", 0);
	r = sys(SYS__umtx_op, &word, UMTX_WAIT_PRIVATE, 0, sizeof t, &t);
	cut_short(r == -ETIMEDOUT ? 0 : r);
}

/* Its timer's ticks end it, if nothing else does. */
static void suspending(struct strand *s)
{
	struct sigset mask = mask_now(), after;

	step(s, "sigsuspend", 0);
	if (s->number == SUSPENDER)
		mask.bits[(SUSPENDED - 1) / 32] &= ~(1u << (SUSPENDED - 1) % 32);
	IS(20, sys(SYS_sigsuspend, &mask), -EINTR);
	after = mask_now();
	CHECK(21, has(&after, WAITED) && has(&after, SUSPENDED));
}

/* Only the first strand takes these, so their order is known. */
static void waiting(struct strand *s)
{
	struct timespec t = {0, 500000};
	struct sigset set = set_of(WAITED);
	struct siginfo info = {0};
	long r;

	if (s->number != WAITER) {
		sleeping(s);
		return;
	}
	step(s, "sigtimedwait", 0);
	if (chance(s, 2))
		t.nsec = 0;
	r = sys(SYS_sigtimedwait, &set, &info, &t);
	if (r == -EAGAIN || r == -EINTR)
		return;
	IS(22, r, WAITED);
	got(&info, index_of(s));
}

/* ---- What else a program does ------------------------------------------------------------------ */

static void masks(struct strand *s)
{
	struct sigset usr2 = set_of(SIGUSR2), pending = {{0}};
	struct own *o = own();
	uint32_t before;

	step(s, "masks", 0);
	IS(23, sys(SYS_sigprocmask, SIG_BLOCK, &usr2, 0), 0);
	before = o->usr2;
	o->blocks_usr2 = true;
	for (int i = 0; i < 3; i++)
		IS(24, sys(SYS_thr_kill, s->tid, SIGUSR2), 0);
	IS(25, sys(SYS_sigpending, &pending), 0);
	CHECK(26, has(&pending, SIGUSR2));
	sys(SYS_sched_yield);
	IS(27, o->usr2, before);
	o->blocks_usr2 = false;
	IS(28, sys(SYS_sigprocmask, SIG_UNBLOCK, &usr2, 0), 0);
	CHECK(29, o->usr2 > before);
}

/* Vector registers stay what they are while handlers change them. */
static void computing(struct strand *s)
{
	static const uint64_t in[2] = {0x1122334455667788, 0x99aabbccddeeff00};
	uint64_t out[4][2];

	step(s, "computing", 0);
	__asm__ volatile("movdqu (%0), %%xmm0\n movdqu (%0), %%xmm5\n"
			 "movdqu (%0), %%xmm9\n movdqu (%0), %%xmm15\n"
			 "mov $200000, %%ecx\n 1: dec %%ecx\n jnz 1b\n"
			 "movdqu %%xmm0, (%1)\n movdqu %%xmm5, 16(%1)\n"
			 "movdqu %%xmm9, 32(%1)\n movdqu %%xmm15, 48(%1)\n"
			 :
			 : "r"(in), "r"(out)
			 : "rcx", "xmm0", "xmm5", "xmm9", "xmm15", "memory");
	for (int i = 0; i < 4; i++)
		CHECK(30, out[i][0] == in[0] && out[i][1] == in[1]);
}

/* The child of a thread under fire: nothing is pending, the mask is the thread's, handlers are
 * the process's; what it sends counts as its parent's. */
static void child_of(struct strand *s)
{
	struct own *o = own();
	struct sigset pending = {{~0u, ~0u, ~0u, ~0u}}, mask = mask_now();
	uint32_t before = o->usr2;

	IS(31, sys(SYS_sigpending, &pending), 0);
	CHECK(32, !pending.bits[0] && !pending.bits[2] && !pending.bits[3]);
	CHECK(33, has(&mask, WAITED) && has(&mask, SUSPENDED) && !has(&mask, SIGUSR2));
	IS(34, sys(SYS_thr_kill, thread_self(), SIGUSR2), 0);
	IS(35, o->usr2, before + 1);
	send(s, kind_of(ON_HANDLER), (int)chance(s, ALL));
	send(s, kind_of(WAITED), (int)chance(s, ALL));
}

static long wait_child(long child)
{
	int status = -1;
	long r;

	while ((r = sys(SYS_wait4, child, &status, 0, 0)) == -EINTR)
		world->cut++;
	IS(36, r, child);
	return status;
}

static void forking(struct strand *s)
{
	static const int deadly[] = {0, SIGTERM, SIGKILL, 90};
	int by = deadly[chance(s, COUNT(deadly))];
	long child;

	step(s, "forking", 0);
	child = sys(SYS_fork);
	if (child == 0) {
		child_of(s);
		if (by)
			sys(SYS_kill, sys(SYS_getpid), by);
		quit(0);
	}
	CHECK(37, child > 0);
	IS(38, wait_child(child) & 0x7f, by);
	world->forks++;
}

/* Blocked and pending signals, and what is ignored, are the next program's, too. */
static void execing(struct strand *s)
{
	struct sigset usr2 = set_of(SIGUSR2);
	char *argv[] = {program, (char *)"0", (char *)"after", 0}, *envp[] = {0};
	long child;

	step(s, "exec", 0);
	child = sys(SYS_fork);
	if (child == 0) {
		sys(SYS_sigprocmask, SIG_BLOCK, &usr2, 0);
		own()->blocks_usr2 = true;
		handle(SIGUSR1, (void *)1, 0);
		sys(SYS_kill, sys(SYS_getpid), SIGUSR2);
		sys(SYS_kill, sys(SYS_getpid), SIGUSR1);
		sys(SYS_execve, program, argv, envp);
		quit(99);
	}
	CHECK(39, child > 0);
	IS(40, wait_child(child), 0);
	world->execs++;
}

static void after_exec(void)
{
	struct sigset mask = mask_now(), pending = {{0}};
	struct sigaction a = {(void *)5, 0, {0}};

	CHECK(41, has(&mask, SIGUSR2) && has(&mask, WAITED) && !has(&mask, ON_HANDLER));
	IS(42, sys(SYS_sigpending, &pending), 0);
	CHECK(43, has(&pending, SIGUSR2) && !has(&pending, SIGUSR1));
	IS(44, sys(SYS_sigaction, SIGUSR1, 0, &a), 0);
	IS(45, (long)a.handler, 1);
	IS(46, sys(SYS_sigaction, ON_HANDLER, 0, &a), 0);
	IS(47, (long)a.handler, 0);
	quit(0);
}

/* ---- Rounds -------------------------------------------------------------------------------- */

static bool has_all(uint32_t process)
{
	if (load(&world->told[process]) != load(&world->noticed[process]))
		return false;
	for (int kind = 0; kind < N_QUEUED; kind++)
		for (uint32_t to = process * STRANDS; to < (process + 1) * STRANDS; to++)
			for (int from = 0; from < ALL; from++) {
				const struct line *l = &world->line[kind][to][from];

				if (load(&l->sent) != load(&l->came))
					return false;
			}
	return true;
}

static void check_ledger(void)
{
	for (int kind = 0; kind < N_QUEUED; kind++)
		for (int to = 0; to < ALL; to++)
			for (int from = 0; from < ALL; from++) {
				const struct line *l = &world->line[kind][to][from];

				IS(48, l->came, l->sent);
				IS(49, l->sum_came, l->sum_sent);
			}
}

/* All meet; the last says whether it goes on. */
static void meet(struct strand *s, bool is_quiet)
{
	uint32_t round = load(&world->rounds);

	step(s, "meeting", &world->here);
	if (add(&world->here, 1) == ALL) {
		if (is_quiet) {
			check_ledger();
			world->over = now_ms() >= world->ends_at;
		}
		__atomic_store_n(&world->here, 0, __ATOMIC_SEQ_CST);
		add(&world->rounds, 1);
		sys(SYS__umtx_op, &world->rounds, UMTX_WAKE_SHARED, ALL, 0, 0);
		return;
	}
	while (load(&world->rounds) == round) {
		long r = sys(SYS__umtx_op, &world->rounds, UMTX_WAIT_UINT, round, 0, 0);

		if (r != -EINTR)
			IS(50, r, 0);
	}
}

/* Nobody sends any more: what is on its way comes. */
static void drain(struct strand *s)
{
	step(s, "draining", &world->noticed[s->process]);
	while (!has_all(s->process)) {
		uint64_t steps = s->steps; /* these do not count */

		if (s->number == WAITER)
			waiting(s);
		else if (s->number == SUSPENDER)
			suspending(s);
		else
			sleep_ms(1);
		s->steps = steps;
	}
}

static void round_of(struct strand *s)
{
	static void (*const deeds[])(struct strand *) = {
		sending,	sending,      sending,	  sleeping, polling,   selecting,  waiting,
		kqueue_waiting, umtx_waiting, suspending, masks,    computing, suspending, waiting,
	};

	for (int i = 0; i < STEPS_IN_ROUND; i++) {
		deeds[chance(s, COUNT(deeds))](s);
		if (i % 4 == 0)
			ring_turn(s);
	}
	forking(s);
	if (chance(s, 4) == 0)
		execing(s);
}

/* TLS, the other stack, and a timer of the strand's own. */
static void equip(struct strand *s)
{
	struct own *o = &owns[s->number];
	struct {
		void *base;
		size_t size;
		int flags;
	} stack = {o->stack, sizeof o->stack, 0};
	struct {
		int notify, signal;
		void *value;
		int thread, pad;
		long spare[7];
	} event = {SIGEV_THREAD_ID, TICK, o, (int)thread_self(), 0, {0}};
	struct timespec every[2] = {{0, 2000000}, {0, 2000000}};
	int timer = -1;

	s->tid = thread_self();
	IS(51, sys(SYS_sigaltstack, &stack, 0), 0);
	IS(52, sys(SYS_ktimer_create, 4, &event, &timer), 0);
	IS(53, sys(SYS_ktimer_settime, timer, 0, every, 0), 0);
}

static void live(void *arg)
{
	enum { SETTLED = 6 };
	struct strand *s = arg;
	void *tls = &owns[s->number];
	static long memory, fds, rounds;

	owns[s->number].self = tls;
	owns[s->number].s = s;
	IS(54, sys(SYS_sysarch, SET_FSBASE, &tls), 0);
	equip(s);
	for (meet(s, false); !world->over; meet(s, true)) {
		round_of(s);
		meet(s, false);
		drain(s);
		meet(s, false);
		if (s->number)
			continue;
		/* The others have nothing open now but what they keep. */
		if (rounds++ <= SETTLED) {
			fds = open_descriptors();
			memory = memory_so_far();
		}
		check_growth((int)fds, memory);
	}
	if (s->number)
		end_thread(&s->over);
}

static void life(struct strand *first)
{
	struct sigset own_ways = set_of(WAITED), before;

	own_ways.bits[(SUSPENDED - 1) / 32] |= set_of(SUSPENDED).bits[(SUSPENDED - 1) / 32];
	IS(55, sys(SYS_sigprocmask, SIG_BLOCK, &own_ways, &before), 0);
	world->pid[first->process] = sys(SYS_getpid);
	handle(ON_HANDLER, on_queued, SA_SIGINFO);
	handle(WAITED, on_queued, SA_SIGINFO);
	handle(SUSPENDED, on_queued, SA_SIGINFO | SA_RESTART);
	handle(HIGH, on_queued, SA_SIGINFO | SA_RESTART);
	handle(TO_THREAD, on_thread, SA_SIGINFO | SA_ONSTACK);
	handle(TICK, on_tick, SA_SIGINFO | SA_RESTART);
	handle(SIGUSR1, on_plain, SA_SIGINFO | SA_RESTART);
	handle(SIGUSR2, on_usr2, SA_SIGINFO);
	for (int i = 0; i < STRANDS; i++)
		IS(56, sys(SYS_pipe2, ring[i], 0), 0);
	run_strands(first, live);
	for (int i = 0; i < STRANDS; i++) {
		CHECK(57, owns[i].ticks > 0);
		CHECK(58, owns[i].nested > 0);
	}
}

void test(int argc, char **argv, char **envp)
{
	uint32_t came[N_QUEUED] = {0};

	if (argc > 2)
		after_exec();
	program = argv[0];
	world = shared_memory(sizeof *world);
	world->ends_at = now_ms() + 1000 * seconds_given(argc, argv, 3);
	storm(life);
	for (int kind = 0; kind < N_QUEUED; kind++) {
		for (int i = 0; i < ALL * ALL; i++)
			came[kind] += world->line[kind][i / ALL][i % ALL].came;
		CHECK(59, came[kind] > 0);
	}
	CHECK(60, world->cut > 0 && world->forks > 0);
	if (argc > 1) {
		print_number(world->rounds / 3);
		print(" rounds, ");
		for (int kind = 0; kind < N_QUEUED; kind++) {
			print_number(came[kind]);
			print(kind < N_QUEUED - 1 ? " + " : " queued signals, ");
		}
		print_number(world->cut);
		print(" calls cut short, ");
		print_number(world->forks);
		print(" forks, ");
		print_number(world->execs);
		print(" execs\n");
	}
}
