/* What is NetBSD's own of the start, of calls, of contexts and signals, and of its threads.  Numbers and
 * layouts: NetBSD 10 headers (sys/sys, amd64/mcontext.h). */
#include "tests/guest/guest.h"

enum { ANON_PRIVATE = 0x1002, READ_WRITE = 3, CREATE_RDWR = 0x202 };
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 3 };

static void *map(size_t n)
{
	return (void *)sys(SYS_mmap, 0, n, READ_WRITE, ANON_PRIVATE, -1, 0);
}

/* ---- Start: sys/exec.h ------------------------------------------------------------------------- */

struct ps_strings {
	char **argv;
	int argc;
	char **envp;
	int envc;
};

static void starts(int argc, char **argv, char **envp)
{
	long *v = (long *)envp;
	long seen = 0, base = 0;

	while (*v++)
		;
	for (; v[0]; v += 2) {
		seen |= v[0] == 6 && v[1] == (long)PAGE ? 1 : 0; /* AT_PAGESZ */
		seen |= v[0] == 9 ? 2 : 0; /* AT_ENTRY */
		seen |= v[0] == 2001 && v[1] == sys(SYS_getuid) ? 4 : 0; /* AT_RUID */
		if (v[0] == 13) /* AT_STACKBASE */
			base = v[1];
	}
	IS(1, seen, 7);
	const struct ps_strings *ps = (void *)(base - (long)sizeof *ps);
	CHECK(2, ps->argv == argv && ps->argc == argc && ps->envp == envp);
}

/* ---- Calls ----------------------------------------------------------------------------------------- */

static void calls(void)
{
	long out[2], pid = sys(SYS_getpid);
	char text[8];

	CHECK(3, !raw(out, SYS_getpid) && out[1] == sys(SYS_getppid));
	CHECK(4, !raw(out, SYS_getuid) && out[1] == sys(SYS_geteuid));
	/* A number has nine bits; two calls take theirs from the first argument. */
	IS(5, sys(SYS_getpid + 512), pid);
	IS(6, sys(SYS_syscall, SYS_getpid), pid);
	long fd = sys(SYS_open, "/tmp/system", CREATE_RDWR, 0600);
	CHECK(7, fd > 2);
	IS(8, sys(SYS_write, fd, "abcdef", 6), 6);
	/* A pad before an offset; the offset of the eight-argument form is on the stack. */
	IS(9, as_given(SYS_lseek, fd, 0x7777, 2, 0), 2);
	IS(10, as_given(SYS_pread, fd, text, 2, 0x7777, 3), 2);
	CHECK(11, !memcmp(text, "de", 2));
	IS(12, sys(SYS___syscall, SYS_pread, fd, text, 2, 0x7777, 4), 2);
	CHECK(13, !memcmp(text, "ef", 2));
	char *page = (char *)as_given(SYS_mmap, 0, PAGE, 1, 2, fd, 0x7777, 0);
	CHECK(14, !memcmp(page, "abcdef", 6));
	IS(15, as_given(SYS_ftruncate, fd, 0x7777, 3), 0);

	/* struct stat: mode at 8, links at 24, size at 112. */
	char st[152];
	memset(st, 0xee, sizeof st);
	IS(16, sys(SYS___fstat50, fd, st), 0);
	IS(17, *(unsigned *)(st + 8), 0100600);
	IS(18, *(unsigned *)(st + 24), 1);
	IS(19, *(long *)(st + 112), 3);
	IS(20, *(unsigned *)(st + 148), 0);
	IS(21, sys(SYS_close, fd), 0);
	IS(22, sys(SYS_close, fd), -EBADF);

	CHECK(23, !raw(out, SYS_pipe) && out[0] > 2 && out[1] > out[0]);
	IS(24, sys(SYS_write, out[1], "x", 1), 1);
	IS(25, sys(SYS_read, out[0], text, 8), 1);
	IS(26, sys(SYS_symlink, "system", "/tmp/link"), 0);
	IS(27, sys(SYS_open, "/tmp/link", 0x100), -79); /* O_NOFOLLOW: EFTYPE */
	IS(28, sys(SYS_open, "/tmp/system", 0x02000000), -EINVAL); /* O_REGULAR is not there */
	CHECK(29, sys(SYS___getcwd, text, 1) == -ERANGE && sys(SYS_chdir, "/tmp") == 0);
	IS(30, sys(SYS___getcwd, text, sizeof text), 5);
	IS(31, sys(SYS_dup3, out[0], out[0], 0x400000), out[0]);
	IS(32, sys(SYS_fcntl, out[0], 1), 0);
	IS(33, sys(SYS_ktrace), -ENOSYS);

	/* struct dirent: length at 8, name's length at 10, type at 12, name at 13. */
	char list[512];
	long dir = sys(SYS_open, "/tmp", 0), n = sys(SYS___getdents30, dir, list, sizeof list);
	bool found = false;
	for (long at = 0; at < n; at += *(unsigned short *)(list + at + 8)) {
		CHECK(34, *(unsigned short *)(list + at + 10) == strlen(list + at + 13));
		found = found || (!strcmp(list + at + 13, "system") && list[at + 12] == 8);
	}
	CHECK(35, found);
}

/* ---- Signals and contexts: sys/signal.h, sys/ucontext.h, amd64/mcontext.h ---------------------------- */

struct sigaction {
	void (*handler)(int, int *, char *);
	unsigned mask[4];
	int flags;
};
enum { SIGEMT = 7, SIGSEGV = 11, SIGUSR1 = 30, SIGRTMIN = 33 };
enum { CPU = 4, GREGS = 56, RDX = 2, RAX = 14, RIP = 21, RSP = 24 };

void return_from_handler(void); /* the library's own: __sigtramp2.S */
__asm__(".pushsection .text\n"
	"return_from_handler: mov %r15, %rdi\nmov $308, %eax\nsyscall\nhlt\n"
	".popsection\n");

static volatile int got, got_code, got_pid;
static volatile long got_address;

static void handler(int n, int *info, char *context)
{
	got = n;
	got_code = info[1];
	got_pid = info[4];
	got_address = *(long *)(info + 4);
	/* The other registers come back as they were. */
	__asm__ volatile("pxor %%xmm6, %%xmm6" : : : "xmm6");
	if (n == SIGSEGV)
		((long *)(context + GREGS))[RIP] += 3; /* past the instruction */
}

static int act(int n, int version)
{
	struct sigaction a = {.handler = handler, .flags = 0x40};
	return (int)sys(SYS___sigaction_sigtramp, n, &a, 0, return_from_handler, version);
}

static void landed(void);

static void signals(void)
{
	long pid = sys(SYS_getpid);
	unsigned set[4] = {1u << (SIGUSR1 - 1)}, old[4] = {0};
	long before = 0x1234567890abcdef, after = 0;

	IS(40, act(SIGUSR1, 0), -EINVAL);
	IS(41, act(SIGUSR1, 2), 0);
	IS(42, act(SIGEMT, 2), 0);
	IS(43, act(SIGRTMIN, 2), 0);
	IS(44, act(SIGSEGV, 2), 0);
	IS(45, act(64, 2), -EINVAL);
	__asm__ volatile("movq %0, %%xmm6" : : "r"(before) : "xmm6");
	IS(46, sys(SYS_kill, pid, SIGUSR1), 0);
	__asm__ volatile("movq %%xmm6, %0" : "=r"(after));
	CHECK(47, got == SIGUSR1 && got_code == 0 && got_pid == pid);
	IS(48, after, before);
	IS(49, sys(SYS_kill, pid, SIGEMT), 0);
	IS(50, got, SIGEMT);
	IS(51, sys(SYS__lwp_kill, sys(SYS__lwp_self), SIGRTMIN), 0);
	CHECK(52, got == SIGRTMIN && got_code == -5);
	__asm__ volatile("mov (%0), %%rax" : : "r"(0x123000L) : "rax", "memory");
	CHECK(53, got == SIGSEGV && got_code == 1 && got_address == 0x123000);

	IS(54, sys(SYS___sigprocmask14, 1, set, old), 0);
	got = 0;
	IS(55, sys(SYS_kill, pid, SIGUSR1), 0);
	IS(56, got, 0);
	IS(57, sys(SYS___sigpending14, old), 0);
	IS(58, old[0], set[0]);
	IS(59, sys(SYS___sigprocmask14, 3, old + 1, 0), 0);
	IS(60, got, SIGUSR1);

	/* setcontext goes where the context says, with its thread pointer and its link. */
	static char context[784] __attribute__((aligned(16)));
	IS(61, sys(SYS_getcontext, context), 0);
	IS(62, *(unsigned *)context & 0xf, 0xf);
	*(unsigned *)context &= ~(unsigned)CPU;
	IS(63, sys(SYS_setcontext, context), -EINVAL);
	*(unsigned *)context |= CPU;
	*(long *)(context + 8) = 0x77;
	((long *)(context + GREGS))[RIP] = (long)landed;
	((long *)(context + GREGS))[RSP] = (long)map(16 * PAGE) + 16 * (long)PAGE - 8;
	((long *)(context + GREGS))[26] = (long)context;
	sys(SYS_setcontext, context);
	CHECK(64, false);
}

/* ---- Threads ------------------------------------------------------------------------------------------- */

static volatile int child, said;

static void run_thread(void)
{
	struct timespec soon = {0, 50000000};

	child = (int)sys(SYS__lwp_self);
	/* The permit given before the park is not lost. */
	while (said != 1)
		;
	said = sys(SYS____lwp_park60, CLOCK_REALTIME, 0, 0, 0, 0, 0) == -EALREADY ? 2 : -1;
	if (sys(SYS____lwp_park60, CLOCK_MONOTONIC, 0, &soon, 0, 0, 0) != -ETIMEDOUT ||
	    soon.nsec > 1000000)
		said = -2;
	if (said == 2)
		said = 3;
	long r = sys(SYS____lwp_park60, CLOCK_MONOTONIC, 0, 0, 0, 0, 0);
	if (r != 0 && r != -EALREADY) /* whoever comes first */
		said = -3;
	sys(SYS__lwp_exit);
}

static int begin(long flags)
{
	static char context[784] __attribute__((aligned(16)));
	char *stack = map(16 * PAGE);
	int id = 0;

	IS(70, sys(SYS_getcontext, context), 0);
	((long *)(context + GREGS))[RIP] = (long)run_thread;
	((long *)(context + GREGS))[RSP] = (long)stack + 16 * (long)PAGE - 8;
	*(long *)(context + GREGS + 26 * 8) = (long)stack; /* _mc_tlsbase */
	IS(71, sys(SYS__lwp_create, context, flags, &id), 0);
	return id;
}

static void threads(void)
{
	int self = (int)sys(SYS__lwp_self), id, gone = 0;
	char name[16];

	IS(72, self, sys(SYS_getpid));
	IS(73, sys(SYS__lwp_create, 0, 0, &id), -EFAULT);
	IS(74, sys(SYS__lwp_wait, 0, 0), -ESRCH);
	id = begin(0);
	CHECK(75, id > 0 && id != self);
	IS(76, sys(SYS__lwp_unpark, id, 0), 0);
	said = 1;
	while (said == 1 || said == 2)
		sys(SYS_sched_yield);
	IS(77, said, 3);
	IS(78, child, id);
	IS(79, sys(SYS__lwp_setname, id, "worker"), 0);
	IS(80, sys(SYS__lwp_getname, id, name, sizeof name), 0);
	CHECK(81, !strcmp(name, "worker"));
	IS(82, sys(SYS__lwp_unpark_all, &id, 1, 0), 0);
	IS(83, sys(SYS__lwp_wait, id, &gone), 0);
	CHECK(84, gone == id && said == 3);
	IS(85, sys(SYS__lwp_wait, id, 0), -ESRCH);
	IS(86, sys(SYS__lwp_unpark, id, 0), -ESRCH);
	IS(87, sys(SYS__lwp_wait, self, 0), -EDEADLK);
	/* A detached one is nobody's to wait for. */
	said = 0;
	id = begin(0x40);
	IS(88, sys(SYS__lwp_wait, id, 0), -ESRCH);
	IS(89, sys(SYS__lwp_detach, id), -EINVAL);
	CHECK(90,
	      (long)sys(SYS__lwp_setprivate, name) == 0 && sys(SYS__lwp_getprivate) == (long)name);

	/* Who forks has one thread. */
	long out[2];
	CHECK(91, !raw(out, SYS_fork));
	if (out[1] == 1)
		quit(sys(SYS__lwp_self) == sys(SYS_getpid) && sys(SYS__lwp_wait, 0, 0) == -ESRCH
			     ? 7
			     : 8);
	int status = 0;
	IS(92, sys(SYS___wait450, out[0], &status, 0, 0), out[0]);
	IS(93, status, 7 << 8);

	int word = 5;
	IS(94, sys(SYS___futex, &word, 0, 4, 0, 0, 0, 0), -EAGAIN);
	struct timespec soon = {0, 1000000};
	IS(95, sys(SYS___futex, &word, 0, 5, &soon, 0, 0, 0), -ETIMEDOUT);
	IS(96, sys(SYS___futex, &word, 6, 0, 0, 0, 0, 0), -ENOSYS); /* FUTEX_LOCK_PI */
}

/* ---- kevent, sysctl ------------------------------------------------------------------------------------------ */

struct kevent {
	unsigned long ident;
	unsigned filter, flags, fflags;
	long data;
	void *udata;
};
enum { FILTER_READ = 0, FILTER_TIMER = 6, FILTER_USER = 8, ADD = 1, CLEAR = 0x20 };

static void events(void)
{
	long kq = sys(SYS_kqueue1, 0x400000);
	struct timespec now = {0}, later = {10, 0};
	struct kevent got_event;

	struct kevent user = {1, FILTER_USER, ADD | CLEAR, 0, 0, &user};
	IS(100, sys(SYS___kevent50, kq, &user, 1, 0, 0, &now), 0);
	user.fflags = 0x01000000; /* NOTE_TRIGGER */
	user.flags = 0;
	IS(101, sys(SYS___kevent50, kq, &user, 1, &got_event, 1, &later), 1);
	CHECK(102, got_event.filter == FILTER_USER && got_event.udata == &user);
	/* A millisecond is what no unit means; microseconds are 2. */
	struct kevent timer = {2, FILTER_TIMER, ADD | CLEAR, 2, 1000, 0};
	IS(103, sys(SYS___kevent50, kq, &timer, 1, &got_event, 1, &later), 1);
	CHECK(104, got_event.filter == FILTER_TIMER && got_event.data >= 1);
	timer.fflags = 8;
	IS(105, sys(SYS___kevent50, kq, &timer, 1, 0, 0, &now), -EINVAL);
	struct kevent other = {3, 11, ADD, 0, 0, 0};
	IS(106, sys(SYS___kevent50, kq, &other, 1, 0, 0, &now), -EINVAL);
}

static void values(void)
{
	const int type[] = {1, 1}, kernel[] = {1, -2}, make[] = {-3};
	char name[16], nodes[96 * 64];
	unsigned long n = sizeof name;

	IS(110, sys(SYS___sysctl, type, 2, name, &n, 0, 0), 0);
	CHECK(111, n == 7 && !strcmp(name, "NetBSD"));
	n = sizeof nodes;
	IS(112, sys(SYS___sysctl, kernel, 2, nodes, &n, 0, 0), 0);
	CHECK(113, n >= 2 * 96 && n % 96 == 0);
	IS(114, *(int *)(nodes + 4), 1);
	CHECK(115, !strcmp(nodes + 8, "ostype"));
	IS(116, sys(SYS___sysctl, make, 1, nodes, &n, 0, 0), -EPERM);
	n = 3;
	IS(117, sys(SYS___sysctl, type, 2, name, &n, 0, 0), -ENOMEM);
}

static void landed(void)
{
	static char context[784] __attribute__((aligned(16)));

	IS(65, sys(SYS_getcontext, context), 0);
	IS(66, *(long *)(context + 8), 0x77);
	CHECK(67, sys(SYS__lwp_getprivate) == ((long *)(context + GREGS))[26]);
	events();
	values();
	threads();
	quit(0);
}

void test(int argc, char **argv, char **envp)
{
	starts(argc, argv, envp);
	calls();
	signals(); /* and on from there */
}
