/* Signals: sys/signal.h, sys/_ucontext.h, x86/include/ucontext.h and signal delivery as
 * sys/amd64/amd64/exec_machdep.c sendsig() does it. */
#include "tests/guest/guest.h"

enum {
	SIGILL = 4,
	SIGTRAP = 5,
	SIGEMT = 7,
	SIGFPE = 8,
	SIGSEGV = 11,
	SIGSYS = 12,
	SIGPIPE = 13,
	SIGALRM = 14,
	SIGTERM = 15,
	SIGURG = 16,
	SIGCHLD = 20,
	SIGWINCH = 28,
	SIGINFO = 29,
	SIGUSR1 = 30,
	SIGUSR2 = 31,
	SIGRTMIN = 65,
	SIGRTMAX = 126,
};
enum {
	SA_ONSTACK = 1,
	SA_RESTART = 2,
	SA_RESETHAND = 4,
	SA_NOCLDSTOP = 8,
	SA_NODEFER = 0x10,
	SA_NOCLDWAIT = 0x20,
	SA_SIGINFO = 0x40,
};
enum { SIG_BLOCK = 1, SIG_UNBLOCK = 2, SIG_SETMASK = 3 };
enum {
	SI_USER = 0x10001,
	SI_QUEUE = 0x10002,
	SI_TIMER = 0x10003,
	SI_KERNEL = 0x10006,
	SI_LWP = 0x10007
};
enum { SS_ONSTACK = 1, SS_DISABLE = 4 };

struct sigset {
	uint32_t bits[4];
};
struct sigaction {
	void *handler;
	int flags;
	struct sigset mask;
};
_Static_assert(sizeof(struct sigaction) == 32, "sys/signal.h");

struct siginfo {
	int signo, error, code, pid;
	uint32_t uid;
	int status;
	void *addr;
	long value;
	int trapno;
	int pad[9];
};
_Static_assert(sizeof(struct siginfo) == 80, "sys/signal.h");

struct stack {
	void *sp;
	size_t size;
	int flags;
};

struct ucontext {
	struct sigset mask;
	long onstack, rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
	uint32_t trapno;
	uint16_t fs, gs;
	long addr;
	uint32_t flags;
	uint16_t es, ds;
	long err, rip, cs, rflags, rsp, ss, len, fpformat, ownedfp;
	long fpstate[64];
	long fsbase, gsbase, xfpustate, xfpustate_len, tlsbase, spare[3];
	struct ucontext *link;
	struct stack stack;
	int uc_flags, spare2[4];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct ucontext) == 880, "sys/_ucontext.h");
_Static_assert(offsetof(struct ucontext, rip) == 16 + 160, "x86/include/ucontext.h");
_Static_assert(offsetof(struct ucontext, fsbase) == 16 + 736, "x86/include/ucontext.h");
_Static_assert(offsetof(struct ucontext, stack) == 824, "sys/_ucontext.h");

struct itimerval {
	struct timeval interval, value;
};

static volatile int calls, last, code, from, depth, deepest;
static volatile long value, address, in_rcx;
static volatile uint32_t trap;
static volatile struct ucontext *context;
static volatile long stack_pointer;
static int order[16];

static struct sigset set_of(int signal)
{
	struct sigset s = {{0}};
	if (signal)
		s.bits[(signal - 1) / 32] |= 1u << (signal - 1) % 32;
	return s;
}

static bool has(const struct sigset *s, int signal)
{
	return s->bits[(signal - 1) / 32] >> (signal - 1) % 32 & 1;
}

static void note(int signal, struct siginfo *info, struct ucontext *uc, void *addr)
{
	int here;
	if (calls < (int)COUNT(order))
		order[calls] = signal;
	calls++;
	last = signal;
	code = info->code;
	from = info->pid;
	value = info->value;
	address = (long)info->addr;
	trap = info->trapno;
	in_rcx = (long)addr;
	context = uc;
	stack_pointer = (long)&here;
}

static void handle(int signal, void *handler, int flags)
{
	struct sigaction a = {handler, flags, {{0}}};
	if (sys(SYS_sigaction, signal, &a, 0) < 0)
		check_failed(123, "sigaction");
}

static long raise(int signal)
{
	return sys(SYS_kill, sys(SYS_getpid), signal);
}

static void block(int how, int signal)
{
	struct sigset s = set_of(signal);
	sys(SYS_sigprocmask, how, &s, 0);
}

static void alarm_in(long ms)
{
	struct itimerval it = {{0, 0}, {ms / 1000, ms % 1000 * 1000}};
	sys(SYS_setitimer, 0, &it, 0);
}

static void actions(void)
{
	struct sigaction a = {note, SA_SIGINFO | SA_RESTART, set_of(100)}, old;
	IS(1, sys(SYS_sigaction, SIGUSR1, &a, &old), 0);
	CHECK(2, old.handler == 0 && old.flags == 0);
	IS(3, sys(SYS_sigaction, SIGUSR1, 0, &old), 0);
	CHECK(4, old.handler == (void *)note && old.flags == (SA_SIGINFO | SA_RESTART));
	CHECK(5, has(&old.mask, 100) && !has(&old.mask, SIGUSR1));
	IS(6, sys(SYS_sigaction, 0, &a, 0), -EINVAL);
	IS(7, sys(SYS_sigaction, 129, &a, 0), -EINVAL);
	IS(8, sys(SYS_sigaction, 9, &a, 0), -EINVAL); /* SIGKILL */
	IS(9, sys(SYS_sigaction, 17, &a, 0), -EINVAL); /* SIGSTOP */
	IS(10, raise(SIGUSR1), 0);
	CHECK(11, calls == 1 && last == SIGUSR1 && code == SI_USER && from == sys(SYS_getpid));
	/* Within the handler: the old mask is saved, its own and the action's are blocked. */
	CHECK(12, context->len == 800 && !has((struct sigset *)&context->mask, SIGUSR1));
	CHECK(13, context->rip > 0x400000 && context->rip < 0x500000 && (context->cs & 3) == 3);
	handle(SIGWINCH, (void *)1, 0);
	IS(14, raise(SIGWINCH), 0);
	handle(SIGUSR2, note, SA_SIGINFO | SA_RESETHAND);
	raise(SIGUSR2);
	sys(SYS_sigaction, SIGUSR2, 0, &old);
	CHECK(15, last == SIGUSR2 && old.handler == 0);
}

static void masks(void)
{
	struct sigset s = set_of(SIGUSR1), old, pending;
	s.bits[3] |= 1u << 29; /* 126 */
	IS(16, sys(SYS_sigprocmask, SIG_BLOCK, &s, &old), 0);
	CHECK(17, !has(&old, SIGUSR1));
	IS(18, sys(SYS_sigprocmask, SIG_BLOCK, 0, &old), 0);
	CHECK(19, has(&old, SIGUSR1) && has(&old, 126) && !has(&old, 125));
	IS(20, sys(SYS_sigprocmask, 0, &s, 0), -EINVAL);
	IS(21, sys(SYS_sigprocmask, 4, &s, 0), -EINVAL);
	calls = 0;
	raise(SIGUSR1);
	raise(SIGUSR1);
	IS(22, calls, 0);
	IS(23, sys(SYS_sigpending, &pending), 0);
	CHECK(24, has(&pending, SIGUSR1) && !has(&pending, SIGUSR2));
	IS(25, sys(SYS_sigprocmask, SIG_UNBLOCK, &s, 0), 0);
	IS(26, calls, 1); /* it is not counted */

	/* A blocked signal does not cut a sleep short. */
	handle(SIGALRM, note, SA_SIGINFO);
	block(SIG_BLOCK, SIGALRM);
	calls = 0;
	alarm_in(30);
	struct timespec t = {0, 120000000};
	long before = now_ms();
	IS(27, sys(SYS_nanosleep, &t, 0), 0);
	CHECK(28, now_ms() - before >= 120 && calls == 0);
	sys(SYS_sigpending, &pending);
	CHECK(29, has(&pending, SIGALRM));

	/* sigsuspend waits with another mask, and gives the old one back. */
	struct sigset none = {{0}};
	IS(30, sys(SYS_sigsuspend, &none), -EINTR);
	CHECK(31, calls == 1 && last == SIGALRM);
	sys(SYS_sigprocmask, SIG_BLOCK, 0, &old);
	CHECK(32, has(&old, SIGALRM));
	alarm_in(30);
	IS(33, sys(SYS_sigsuspend, &none), -EINTR);
	IS(34, calls, 2);
	block(SIG_UNBLOCK, SIGALRM);
}

static void interruptions(void)
{
	static int ends[2];
	char c;
	sys(SYS_pipe2, ends, 0);
	handle(SIGALRM, note, SA_SIGINFO);
	calls = 0;
	alarm_in(30);
	IS(35, sys(SYS_read, ends[0], &c, 1), -EINTR);
	IS(36, calls, 1);
	/* With SA_RESTART the read goes on; a child then ends it. */
	handle(SIGALRM, note, SA_SIGINFO | SA_RESTART);
	long child = sys(SYS_fork);
	if (child == 0) {
		sleep_ms(120);
		sys(SYS_write, ends[1], "z", 1);
		quit(0);
	}
	alarm_in(30);
	IS(37, sys(SYS_read, ends[0], &c, 1), 1);
	CHECK(38, calls == 2 && c == 'z');
	wait_for(child);
	/* Sleeping never goes on, whatever SA_RESTART says; what was left is told. */
	struct timespec t = {2, 0}, left = {0, 0};
	alarm_in(30);
	IS(39, sys(SYS_nanosleep, &t, &left), -EINTR);
	CHECK(40, left.sec == 1 && left.nsec > 500000000);
	struct {
		int fd;
		short events, revents;
	} p = {ends[0], 1, 0};
	alarm_in(30);
	IS(41, sys(SYS_poll, &p, 1, 2000), -EINTR);
	/* An ignored signal interrupts nothing. */
	handle(SIGALRM, (void *)1, 0);
	alarm_in(30);
	t = (struct timespec){0, 80000000};
	IS(42, sys(SYS_nanosleep, &t, 0), 0);
}

static void several(void)
{
	/* Two that wait are both delivered before the call that unblocks them returns. */
	handle(SIGUSR1, note, SA_SIGINFO);
	handle(SIGUSR2, note, SA_SIGINFO);
	struct sigset both = set_of(SIGUSR1), old;
	both.bits[0] |= set_of(SIGUSR2).bits[0];
	sys(SYS_sigprocmask, SIG_BLOCK, &both, &old);
	calls = 0;
	raise(SIGUSR2);
	raise(SIGUSR1);
	sys(SYS_sigprocmask, SIG_SETMASK, &old, 0);
	IS(43, calls, 2);
	CHECK(44, order[0] + order[1] == SIGUSR1 + SIGUSR2);
}

static volatile int inner_ran_first;
static void outer(int signal, struct siginfo *info, struct ucontext *uc)
{
	calls = 0;
	raise(SIGUSR2);
	inner_ran_first = calls;
}

static void again(int signal, struct siginfo *info, struct ucontext *uc)
{
	if (++depth == 3)
		deepest = depth;
	else
		raise(signal);
	depth--;
}

static void nesting(void)
{
	handle(SIGUSR1, outer, SA_SIGINFO);
	handle(SIGUSR2, note, SA_SIGINFO);
	raise(SIGUSR1);
	IS(45, inner_ran_first, 1);
	struct sigaction a = {outer, SA_SIGINFO, set_of(SIGUSR2)};
	sys(SYS_sigaction, SIGUSR1, &a, 0);
	raise(SIGUSR1);
	IS(46, inner_ran_first, 0); /* sa_mask holds it back */
	IS(47, calls, 1); /* and then it came */
	/* With SA_NODEFER a handler is entered while it runs. */
	handle(SIGUSR2, again, SA_SIGINFO | SA_NODEFER);
	depth = deepest = 0;
	raise(SIGUSR2);
	IS(48, deepest, 3);
}

/* A handler mends the context and execution goes on from there. */
static void skip(int signal, struct siginfo *info, struct ucontext *uc, void *addr)
{
	note(signal, info, uc, addr);
	trap = uc->trapno;
	uc->rip = uc->r15;
}
#define FAULT(instruction, ...) \
	__asm__ volatile("lea 1f(%%rip), %%r15\n" instruction "\n1:\n" \
			 : \
			 : __VA_ARGS__ \
			 : "r15", "rax", "rdx", "memory")

static void faults(void)
{
	handle(SIGSEGV, skip, SA_SIGINFO);
	handle(SIGFPE, skip, SA_SIGINFO);
	handle(SIGILL, skip, SA_SIGINFO);
	handle(SIGTRAP, skip, SA_SIGINFO);
	handle(10, skip, SA_SIGINFO); /* SIGBUS */
	calls = 0;
	FAULT("movl $1, (%0)", "r"(0x1230L));
	CHECK(49,
	      calls == 1 && last == SIGSEGV && code == 1 && address == 0x1230); /* SEGV_MAPERR */
	CHECK(50, in_rcx == 0x1230 && trap == 12); /* T_PAGEFLT */
	char *ro = pages(1);
	sys(SYS_mprotect, ro, PAGE, 1);
	FAULT("movl $1, 8(%0)", "r"(ro));
	CHECK(51, calls == 2 && last == SIGSEGV && code == 2 && address == (long)ro + 8);
	FAULT("xor %%edx, %%edx\n mov $5, %%eax\n div %0", "r"(0));
	IS(52, last, SIGFPE);
	CHECK(92, calls == 3 && code == 2); /* FPE_INTDIV */
	IS(93, trap, 18); /* T_DIVIDE */
	FAULT("ud2", "r"(0));
	CHECK(53, calls == 4 && last == SIGILL && trap == 1);
	FAULT("int3", "r"(0));
	CHECK(54, calls == 5 && last == SIGTRAP && code == 1 && trap == 3); /* TRAP_BRKPT */
	FAULT("hlt", "r"(0));
	CHECK(55, calls == 6 && trap == 9); /* T_PROTFLT */
	/* Beyond the end of a mapped file: SIGBUS. */
	long fd = sys(SYS_open, "short", 2 | 0x200, 0600);
	char *past = (char *)sys(SYS_mmap, 0, PAGE, 3, 1, fd, 0);
	FAULT("movb $1, (%0)", "r"(past));
	CHECK(56, calls == 7 && last == 10 && address == (long)past);
	/* A fault nobody handles, or that is blocked, ends the process. */
	long child = sys(SYS_fork);
	if (child == 0) {
		block(SIG_BLOCK, SIGSEGV);
		*(volatile int *)16 = 1;
		quit(1);
	}
	IS(57, wait_for(child) & 0x7f, SIGSEGV);
	for (int s = 4; s <= 11; s++)
		handle(s, 0, 0), s += s == 8;
}

/* A program that sets the trap flag goes on one instruction at a time, through calls, too. */
#define STEPS 200

static void step(int signal, struct siginfo *info, struct ucontext *uc, void *addr)
{
	note(signal, info, uc, addr);
	uc->rflags = calls < STEPS ? uc->rflags | 0x100 : uc->rflags & ~0x100L;
}

static void stepping(void)
{
	long self = sys(SYS_getpid), wrong = 0;

	calls = 0;
	handle(SIGTRAP, step, SA_SIGINFO);
	raise(SIGTRAP);
	for (int i = 0; i < 10 * STEPS && calls < STEPS; i++) {
		wrong += sys(SYS_getpid) != self;
		wrong += sys(SYS_getppid) <= 0;
		wrong += sys(SYS_close, -1) != -EBADF;
	}
	IS(97, calls, STEPS);
	IS(98, wrong, 0);
	CHECK(99, last == SIGTRAP && code == 2 && trap == 10); /* TRAP_TRACE, T_TRCTRAP */
	handle(SIGTRAP, 0, 0);
}

static void stacks(void)
{
	static char area[65536] __attribute__((aligned(16)));
	struct stack s = {area, sizeof area, 0}, old = {(void *)1, 1, 1};
	IS(58, sys(SYS_sigaltstack, &s, &old), 0);
	IS(59, old.flags, SS_DISABLE);
	handle(SIGUSR1, note, SA_SIGINFO | SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(60, stack_pointer > (long)area && stack_pointer < (long)area + (long)sizeof area);
	CHECK(61, stack_pointer % 4 == 0);
	handle(SIGUSR1, note, SA_SIGINFO);
	raise(SIGUSR1);
	CHECK(62, stack_pointer < (long)area || stack_pointer > (long)area + (long)sizeof area);
	s.size = 100;
	IS(63, sys(SYS_sigaltstack, &s, 0), -ENOMEM);
	s.flags = 0x100;
	IS(64, sys(SYS_sigaltstack, &s, 0), -EINVAL);
	s.flags = SS_DISABLE;
	IS(65, sys(SYS_sigaltstack, &s, 0), 0);
	sys(SYS_sigaltstack, 0, &old);
	IS(66, old.flags, SS_DISABLE);
}

static void queued(void)
{
	long pid = sys(SYS_getpid);
	struct siginfo info;
	struct timespec t = {0, 20000000};
	struct sigset s = set_of(SIGRTMIN);
	s.bits[2] |= 1u << 1; /* 66 */
	s.bits[3] |= 1u << 29; /* 126 */
	sys(SYS_sigprocmask, SIG_BLOCK, &s, 0);
	long before = now_ms();
	IS(67, sys(SYS_sigtimedwait, &s, &info, &t), -EAGAIN);
	CHECK(68, now_ms() - before >= 20);
	for (long v = 1; v <= 3; v++)
		IS(69, sys(SYS_sigqueue, pid, SIGRTMIN, v << 40), 0);
	IS(70, sys(SYS_sigqueue, pid, SIGRTMAX, 99), 0);
	IS(71, sys(SYS_sigqueue, pid, 300, 0), -EINVAL);
	for (long v = 1; v <= 3; v++) {
		memset(&info, 0, sizeof info);
		IS(72, sys(SYS_sigtimedwait, &s, &info, &t), SIGRTMIN);
		CHECK(73, info.value == v << 40 && info.code == SI_QUEUE && info.pid == pid);
	}
	IS(74, sys(SYS_sigwaitinfo, &s, &info), SIGRTMAX);
	IS(75, info.value, 99);
	/* To a handler: in order, none lost. */
	handle(SIGRTMIN, note, SA_SIGINFO);
	handle(66, note, SA_SIGINFO);
	calls = 0;
	for (int i = 0; i < 5; i++)
		sys(SYS_sigqueue, pid, i < 2 ? 66 : SIGRTMIN, i);
	sys(SYS_sigprocmask, SIG_UNBLOCK, &s, 0);
	IS(76, calls, 5);
	long child = sys(SYS_fork);
	if (child == 0) {
		raise(80);
		quit(1);
	}
	IS(77, wait_for(child) & 0x7f, 80);
}

static void children(void)
{
	handle(SIGCHLD, note, SA_SIGINFO);
	struct sigset s = set_of(SIGCHLD);
	struct siginfo info;
	sys(SYS_sigprocmask, SIG_BLOCK, &s, 0);
	long child = sys(SYS_fork);
	if (child == 0)
		quit(5);
	IS(78, sys(SYS_sigwaitinfo, &s, &info), SIGCHLD);
	CHECK(79, info.code == 1 && info.status == 5 && info.pid == child); /* CLD_EXITED */
	wait_for(child);
	child = sys(SYS_fork);
	if (child == 0)
		raise(SIGUSR2), handle(SIGUSR2, 0, 0), raise(SIGUSR2);
	if (child == 0)
		quit(1);
	IS(80, sys(SYS_sigwaitinfo, &s, &info), SIGCHLD);
	CHECK(81, (info.code == 2 || info.code == 3) &&
			  info.status == SIGUSR2); /* CLD_KILLED, DUMPED */
	wait_for(child);
	sys(SYS_sigprocmask, SIG_UNBLOCK, &s, 0);
	handle(SIGCHLD, 0, SA_NOCLDWAIT);
	child = sys(SYS_fork);
	if (child == 0)
		quit(0);
	IS(82, sys(SYS_wait4, child, 0, 0, 0), -ECHILD);
	handle(SIGCHLD, 0, 0);
}

static void defaults(void)
{
	/* Ignored unless caught: URG, CHLD, WINCH, INFO.  The others end the process. */
	static const int quiet[] = {SIGURG, SIGCHLD, SIGWINCH, SIGINFO};
	static const int deadly[] = {1,	      2,       3,  6,	     SIGEMT, SIGSYS,  SIGPIPE,
				     SIGALRM, SIGTERM, 23, 24,	     25,     26,      27,
				     SIGUSR1, SIGUSR2, 32, SIGRTMIN, 90,     SIGRTMAX};
	for (int s = 1; s <= 126; s++) {
		struct sigaction def = {0};
		sys(SYS_sigaction, s, &def, 0);
	}
	/* A number without a name is a signal too: _SIG_VALID is 1 to 128. */
	for (int s = 33; s <= 128; s++) {
		struct sigaction ignore = {.handler = (void *)1};
		if (s == 65)
			s = 127;
		IS(94, sys(SYS_sigaction, s, &ignore, 0), 0);
		IS(95, raise(s), 0);
	}
	for (size_t i = 0; i < COUNT(quiet); i++)
		IS(83, raise(quiet[i]), 0);
	for (size_t i = 0; i < COUNT(deadly); i++) {
		long child = sys(SYS_fork);
		if (child == 0) {
			raise(deadly[i]);
			quit(1);
		}
		IS(84, wait_for(child) & 0x7f,
		   deadly[i] == 23 ? 0 : deadly[i]); /* SIGIO: ignored */
	}
}

/* Vector registers belong to the interrupted code, whatever the handler does. */
static void trash(int signal, struct siginfo *info, struct ucontext *uc)
{
	__asm__ volatile(
		"pcmpeqb %%xmm0, %%xmm0\n pcmpeqb %%xmm7, %%xmm7\n pcmpeqb %%xmm15, %%xmm15\n"
		:
		:
		: "xmm0", "xmm7", "xmm15");
	calls++;
}

static bool has_avx(void)
{
	uint32_t a = 1, b, c = 0, d;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(c >> 27 & 1) || !(c >> 28 & 1))
		return false;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return (a & 6) == 6;
}

static void trash_wide(int signal, struct siginfo *info, struct ucontext *uc)
{
	__asm__ volatile("vzeroall" : : : "memory");
	calls++;
}

static void vectors(void)
{
	long pid = sys(SYS_getpid);
	long got[4];
	handle(SIGUSR1, trash, SA_SIGINFO);
	calls = 0;
	long nr = SYS_kill;
	__asm__ volatile("movq %1, %%xmm0\n movq %1, %%xmm7\n movq %1, %%xmm15\n"
			 "syscall\n"
			 "movq %%xmm0, (%2)\n movq %%xmm7, 8(%2)\n movq %%xmm15, 16(%2)\n"
			 : "+a"(nr)
			 : "r"(0x1122334455667788L), "r"(got), "D"(pid), "S"((long)SIGUSR1)
			 : "rcx", "r11", "r8", "r9", "r10", "rdx", "xmm0", "xmm7", "xmm15",
			   "memory");
	CHECK(85,
	      calls == 1 && got[0] == 0x1122334455667788L && got[1] == got[0] && got[2] == got[0]);
	if (!has_avx())
		return;
	handle(SIGUSR1, trash_wide, SA_SIGINFO);
	static long in[4] = {1, 2, 3, 0x7777}, out[4];
	nr = SYS_kill;
	__asm__ volatile("vmovdqu (%1), %%ymm9\n syscall\n vmovdqu %%ymm9, (%2)\n vzeroupper\n"
			 : "+a"(nr)
			 : "r"(in), "r"(out), "D"(pid), "S"((long)SIGUSR1)
			 : "rcx", "r11", "r8", "r9", "r10", "rdx", "xmm9", "memory");
	CHECK(86, calls == 2 && !memcmp(in, out, sizeof in));
	/* And in the middle of a computation, by a timer. */
	handle(SIGALRM, trash_wide, SA_SIGINFO);
	memset(out, 0, sizeof out);
	calls = 0;
	struct itimerval it = {{0, 1000}, {0, 1000}};
	sys(SYS_setitimer, 0, &it, 0);
	__asm__ volatile("vmovdqu (%1), %%ymm9\n"
			 "1: cmpl $20, %0\n jl 1b\n"
			 "vmovdqu %%ymm9, (%2)\n vzeroupper\n"
			 : "+m"(calls)
			 : "r"(in), "r"(out)
			 : "xmm9", "memory");
	memset(&it, 0, sizeof it);
	sys(SYS_setitimer, 0, &it, 0);
	CHECK(87, calls >= 20 && !memcmp(in, out, sizeof in));
}

/* Registers and flags come back as they were: a loop that would notice. */
static void registers(void)
{
	handle(SIGALRM, note, SA_SIGINFO);
	struct itimerval it = {{0, 500}, {0, 500}};
	calls = 0;
	sys(SYS_setitimer, 0, &it, 0);
	long bad = 0;
	__asm__ volatile("mov $0x1111, %%rbx\n mov $0x2222, %%r12\n mov $0x3333, %%r13\n"
			 "mov $0x4444, %%r8\n mov $0x5555, %%rcx\n mov $0x6666, %%r11\n"
			 "1: cmp $0x1111, %%rbx\n jne 2f\n cmp $0x2222, %%r12\n jne 2f\n"
			 "cmp $0x3333, %%r13\n jne 2f\n cmp $0x4444, %%r8\n jne 2f\n"
			 "cmp $0x5555, %%rcx\n jne 2f\n cmp $0x6666, %%r11\n jne 2f\n"
			 "stc\n jnc 2f\n cmpl $100, %1\n jl 1b\n jmp 3f\n"
			 "2: movq $1, %0\n3:\n"
			 : "+m"(bad)
			 : "m"(calls)
			 : "rbx", "r12", "r13", "r8", "rcx", "r11", "memory");
	memset(&it, 0, sizeof it);
	sys(SYS_setitimer, 0, &it, 0);
	CHECK(88, bad == 0 && calls >= 100);
}

/* A time that is over or none: what is pending comes first. */
static void odd_times(void)
{
	struct timespec past = {-1, 0}, none = {0, 1000000000};
	struct sigset s = set_of(SIGRTMIN);
	struct siginfo info;

	sys(SYS_sigprocmask, SIG_BLOCK, &s, 0);
	IS(100, sys(SYS_sigtimedwait, &s, &info, &past), -EAGAIN);
	IS(101, sys(SYS_sigtimedwait, &s, &info, &none), -EINVAL);
	raise(SIGRTMIN);
	IS(102, sys(SYS_sigtimedwait, &s, &info, &none), SIGRTMIN);
	raise(SIGRTMIN);
	IS(103, sys(SYS_sigtimedwait, &s, &info, &past), SIGRTMIN);
	IS(104, sys(SYS_sigqueue, sys(SYS_getpid), -1, 0), -EINVAL);
	sys(SYS_sigprocmask, SIG_UNBLOCK, &s, 0);
}

/* sigreturn with a context of our own making. */
static void returning(void)
{
	static struct ucontext uc;
	long out[2];
	uc.len = 12;
	IS(89, raw(out, SYS_sigreturn, (long)&uc), 1);
	IS(90, out[0], EINVAL);
	IS(91, sys(SYS_sigreturn, 16), -EFAULT);
}

void test(int argc, char **argv, char **envp)
{
	actions();
	masks();
	interruptions();
	several();
	nesting();
	faults();
	stepping();
	stacks();
	queued();
	children();
	vectors();
	registers();
	returning();
	odd_times();
	defaults();
}
