/* What is DragonFly's own of the start, of calls, of signals, and of its threads.  Numbers and layouts:
 * DragonFly 5.9 headers (sys/sys, cpu/x86_64/include). */
#include "tests/guest/guest.h"

enum { ANON_PRIVATE = 0x1002, READ_WRITE = 3, CREATE_RDWR = 0x202, AT_FDCWD = (int)0xfffafdcd };

static void *map(size_t n)
{
	return (void *)sys(SYS_mmap, 0, n, READ_WRITE, ANON_PRIVATE, -1, 0);
}

/* ---- Start: sys/kern/kern_exec.c, sys/kern/imgact_elf.c ---------------------------------------------- */

struct ps_strings {
	char **argv;
	int argc;
	char **envp;
	int envc;
};

static void starts(int argc, char **argv, char **envp)
{
	const int name[] = {1, 32}; /* kern.ps_strings */
	struct ps_strings *ps = 0;
	size_t n = sizeof ps;
	long *v = (long *)envp;
	long seen = 0;

	while (*v++)
		;
	for (; v[0]; v += 2) {
		seen |= v[0] == 6 && v[1] == (long)PAGE ? 1 : 0; /* AT_PAGESZ */
		seen |= v[0] == 9 ? 2 : 0; /* AT_ENTRY */
		seen |= v[0] == 15 && *(char *)v[1] == '/' ? 4 : 0; /* AT_EXECPATH */
		seen |= v[0] == 18 && v[1] == 600000 ? 8 : 0; /* AT_OSRELDATE */
	}
	IS(1, seen, 15);
	IS(2, sys(SYS___sysctl, name, 2, &ps, &n, 0, 0), 0);
	CHECK(3, ps->argv == argv && ps->argc == argc && ps->envp == envp);
}

/* ---- Calls ----------------------------------------------------------------------------------------- */

static void calls(void)
{
	long out[2], pid = sys(SYS_getpid);
	char text[8];

	IS(4, sys(SYS_syscall, SYS_getpid), pid);
	long fd = sys(SYS_open, "/tmp/system", CREATE_RDWR, 0600);
	CHECK(5, fd > 2);
	IS(6, sys(SYS_write, fd, "abcdef", 6), 6);
	/* A pad before an offset; extpread has flags there, and -1 for where the descriptor stands. */
	IS(7, as_given(SYS_lseek, fd, 0x7777, 2, 0), 2);
	IS(8, as_given(SYS_extpread, fd, text, 2, 0, 3), 2);
	CHECK(9, !memcmp(text, "de", 2));
	IS(10, as_given(SYS_extpread, fd, text, 2, 0, -1), 2);
	CHECK(11, !memcmp(text, "cd", 2));
	IS(12, as_given(SYS_extpread, fd, text, 2, 0x80000, 0), -EOPNOTSUPP); /* O_FNONBLOCKING */
	char *page = (char *)as_given(SYS_mmap, 0, PAGE, 1, 2, fd, 0x7777, 0);
	CHECK(13, !memcmp(page, "abcdef", 6));

	/* struct stat: links at 8, mode at 16, size at 80, block sizes at 96 and 112. */
	char st[128];
	memset(st, 0xee, sizeof st);
	IS(14, sys(SYS_fstat, fd, st), 0);
	IS(15, *(unsigned short *)(st + 16), 0100600);
	IS(16, *(unsigned *)(st + 8), 1);
	IS(17, *(long *)(st + 80), 6);
	IS(18, *(long *)(st + 112), *(unsigned *)(st + 96));
	IS(19, *(long *)(st + 120), 0);

	/* The ...at calls' own numbers. */
	sys(SYS_chdir, "/tmp");
	IS(21, sys(SYS_fstatat, AT_FDCWD, "system", st, 0), 0);
	IS(22, sys(SYS_fstatat, -100, "system", st, 0), -EBADF);
	IS(23, sys(SYS_symlinkat, "system", AT_FDCWD, "link"), 0);
	IS(24, sys(SYS_fstatat, AT_FDCWD, "link", st, 1), 0); /* AT_SYMLINK_NOFOLLOW */
	IS(25, *(unsigned short *)(st + 16) & 0170000, 0120000);
	IS(26, sys(SYS_open, "link", 0x100), -EMLINK); /* O_NOFOLLOW */
	IS(27, sys(SYS_unlinkat, AT_FDCWD, "link", 0), 0);
	const long times[] = {7, -2, 9, 5}; /* UTIME_OMIT, and a time */
	IS(28, sys(SYS_utimensat, AT_FDCWD, "system", times, 0), 0);
	IS(29, sys(SYS_fstat, fd, st), 0);
	CHECK(30, *(long *)(st + 48) == 9 && *(long *)(st + 56) == 5 && *(long *)(st + 32) != 7);

	CHECK(31, !raw(out, SYS_pipe2, 0, 0x20000) && out[0] > 2 && out[1] > out[0]);
	IS(32, sys(SYS_fcntl, out[0], 1), 1);
	IS(33, sys(SYS_write, out[1], "x", 1), 1);
	IS(34, sys(SYS_read, out[0], text, 8), 1);
	IS(35, sys(SYS_varsym_get, 15, "name", text, 8), -ENOENT);
	IS(36, sys(SYS_sys_checkpoint, 1, fd, -1, -1), -EPERM);
	IS(37, sys(SYS_aio_read, text), -ENOSYS);

	/* struct dirent: the name's length at 8, type at 10, name at 16, records of a multiple of eight. */
	char list[512];
	long dir = sys(SYS_open, "/tmp", 0), n = sys(SYS_getdents, dir, list, sizeof list);
	bool found = false;
	for (long at = 0; at < n;) {
		unsigned length = *(unsigned short *)(list + at + 8);

		CHECK(38, length == strlen(list + at + 16));
		found = found || (!strcmp(list + at + 16, "system") && list[at + 10] == 8);
		at += (16 + length + 1 + 7) & ~7L;
	}
	CHECK(39, found);
	char where[32];
	IS(120, sys(SYS___realpath, "../tmp/./system", where, sizeof where), 11);
	CHECK(121, !strcmp(where, "/tmp/system"));
	IS(122, sys(SYS___realpath, "system", where, 11), -ENAMETOOLONG);
	IS(123, sys(SYS_sched_get_priority_max, 1), 31);
	IS(124, sys(SYS_sched_get_priority_min, 2), -20);
	/* struct statvfs: block size first, longest name at 80. */
	char fs[160];
	IS(40, sys(SYS_fstatvfs, fd, fs), 0);
	CHECK(41, *(long *)fs > 0 && *(long *)(fs + 80) >= 255);
	IS(42, sys(SYS_close, fd), 0);
}

/* ---- Signals: sys/signal.h, cpu/x86_64/include/ucontext.h --------------------------------------------- */

struct sigaction {
	void (*handler)(int, int *, char *);
	int flags;
	unsigned mask[4];
};
enum { SIGEMT = 7, SIGFPE = 8, SIGSEGV = 11, SIGUSR1 = 30, SIGTHR = 32, SIGINFO = 29 };
enum { SA_ONSTACK = 1, SA_SIGINFO = 0x40 };
enum { CONTEXT = 64, RIP = 21, LENGTH = 26 }; /* mcontext_t, in words; mc_len */

static volatile int got, got_code, got_pid, got_length;
static volatile long got_address, got_stack;

static void handler(int n, int *info, char *context)
{
	long *m = (long *)(context + CONTEXT);

	got = n;
	got_code = info[2];
	got_pid = info[3];
	got_address = *(long *)(info + 6);
	got_stack = (long)&m;
	got_length = (int)m[LENGTH];
	/* The other registers come back as they were. */
	__asm__ volatile("pxor %%xmm6, %%xmm6" : : : "xmm6");
	if (n == SIGSEGV)
		m[RIP] += 3; /* past the instruction */
	if (n == SIGFPE)
		m[RIP] += 2;
}

static int act(int n, int flags)
{
	struct sigaction a = {.handler = handler, .flags = flags | SA_SIGINFO};

	return (int)sys(SYS_sigaction, n, &a, 0);
}

static void signals(void)
{
	static const int those[] = {SIGEMT, SIGFPE, SIGINFO, SIGSEGV, SIGUSR1, SIGTHR};
	long pid = sys(SYS_getpid);
	unsigned set[4] = {1u << (SIGUSR1 - 1)}, old[4] = {0};
	long before = 0x1234567890abcdef, after = 0;

	for (size_t i = 0; i < COUNT(those); i++)
		IS(43, act(those[i], 0), 0);
	IS(44, act(9, 0), -EINVAL);
	__asm__ volatile("movq %0, %%xmm6" : : "r"(before) : "xmm6");
	IS(45, sys(SYS_kill, pid, SIGUSR1), 0);
	__asm__ volatile("movq %%xmm6, %0" : "=r"(after));
	CHECK(46, got == SIGUSR1 && got_code == 0 && got_pid == pid);
	IS(47, after, before);
	IS(48, got_length, 1280);
	IS(49, sys(SYS_kill, pid, SIGINFO), 0);
	IS(50, got, SIGINFO);
	IS(51, sys(SYS_lwp_kill, -1, sys(SYS_lwp_gettid), SIGTHR), 0);
	CHECK(52, got == SIGTHR && got_code == 0);
	__asm__ volatile("mov (%0), %%rax" : : "r"(0x123000L) : "rax", "memory");
	CHECK(53, got == SIGSEGV && got_code == 1 && got_address == 0x123000);
	__asm__ volatile("xor %%edx, %%edx\n"
			 "mov $1, %%eax\n"
			 "xor %%ecx, %%ecx\n"
			 "div %%ecx\n"
			 :
			 :
			 : "rax", "rcx", "rdx", "memory");
	CHECK(54, got == SIGFPE && got_code == 2); /* FPE_INTDIV */

	IS(55, sys(SYS_sigprocmask, 1, set, old), 0);
	got = 0;
	IS(56, sys(SYS_kill, pid, SIGUSR1), 0);
	IS(57, got, 0);
	IS(58, sys(SYS_sigpending, old), 0);
	IS(59, old[0], set[0]);
	old[0] = 0;
	IS(60, sys(SYS_sigprocmask, 3, old, 0), 0);
	IS(61, got, SIGUSR1);

	struct {
		char *base;
		size_t size;
		int flags;
	} stack = {map(16 * PAGE), 16 * PAGE, 0};
	IS(62, sys(SYS_sigaltstack, &stack, 0), 0);
	IS(63, act(SIGUSR1, SA_ONSTACK), 0);
	IS(64, sys(SYS_kill, pid, SIGUSR1), 0);
	CHECK(65, got_stack > (long)stack.base && got_stack < (long)stack.base + (long)stack.size);
	stack.flags = 4;
	IS(66, sys(SYS_sigaltstack, &stack, 0), 0);
}

/* ---- Threads: sys/lwp.h, sys/tls.h, sys/unistd.h ---------------------------------------------------------- */

struct lwp_params {
	void (*function)(void *);
	void *argument, *stack;
	int *tid1, *tid2;
};
struct tls_info {
	void *base;
	long size;
};
enum { EXTEXIT_SETINT_LWP = 1 << 16 | 1 };

static volatile int word, gone, child, aligned;

static void run_thread(void *argument)
{
	child = (int)sys(SYS_lwp_gettid);
	aligned = (long)argument == 77 && ((long)__builtin_frame_address(0) & 15) == 0;
	word = 1;
	sys(SYS_umtx_wakeup, &word, 0);
	while (word == 1)
		sys(SYS_umtx_sleep, &word, 1, 0);
	sys(SYS_extexit, EXTEXIT_SETINT_LWP, 5, &gone);
}

static void threads(void)
{
	int tid1 = 0, tid2 = 0;
	char *stack = map(16 * PAGE), name[8];
	struct lwp_params p = {run_thread, (void *)77, stack + 16 * PAGE, &tid1, &tid2};
	unsigned long mask[4] = {0};
	long r, from;

	IS(70, sys(SYS_umtx_sleep, &word, 1, 1000), -EBUSY);
	IS(71, sys(SYS_umtx_sleep, &word, 0, 1000), -EAGAIN);
	IS(72, sys(SYS_umtx_sleep, &word, 0, -1), -EINVAL);
	IS(73, sys(SYS_umtx_sleep, (char *)&word + 1, 0, 1000), -EFAULT);
	IS(74, sys(SYS_umtx_sleep, 0x123000, 0, 1000), -EINVAL);
	IS(75, sys(SYS_umtx_wakeup, &word, 1), 0);
	/* 0 is for ever, which is two seconds; whoever waits looks again. */
	struct timespec t[2];
	IS(76, sys(SYS_clock_gettime, 4, &t[0]), 0);
	IS(77, sys(SYS_umtx_sleep, &word, 0, 0), -EAGAIN);
	IS(78, sys(SYS_clock_gettime, 4, &t[1]), 0);
	from = t[1].sec - t[0].sec + (t[1].nsec < t[0].nsec ? -1 : 0);
	CHECK(79, from >= 1);

	IS(80, sys(SYS_lwp_create, 0), -EFAULT);
	IS(81, sys(SYS_lwp_create, &p), 0);
	while (word == 0) {
		r = sys(SYS_umtx_sleep, &word, 0, 0);
		CHECK(82, r == 0 || r == -EBUSY || r == -EAGAIN);
	}
	CHECK(83, tid1 == child && tid2 == child && child != sys(SYS_lwp_gettid) && aligned);
	IS(84, sys(SYS_lwp_setname, child, "worker"), 0);
	IS(85, sys(SYS_lwp_getname, child, name, 5), 0);
	CHECK(86, !strcmp(name, "work"));
	IS(87, sys(SYS_lwp_kill, -1, -1, 0), -EINVAL);
	IS(88, sys(SYS_lwp_kill, -1, child, 0), 0);
	IS(89, sys(SYS_lwp_getaffinity, 0, child, mask), 0);
	CHECK(90, mask[0] != 0);
	IS(91, sys(SYS_lwp_setaffinity, 0, child, mask), 0);
	word = 2;
	sys(SYS_umtx_wakeup, &word, 1);
	while (gone != 5)
		sys(SYS_sched_yield);
	for (int i = 0; i < 5000 && (r = sys(SYS_lwp_kill, -1, child, 0)) == 0; i++)
		sleep_ms(1);
	IS(92, r, -ESRCH);
	/* The same with processors named. */
	word = gone = 0;
	IS(93, sys(SYS_lwp_create2, &p, mask), 0);
	while (word == 0)
		sys(SYS_umtx_sleep, &word, 0, 0);
	word = 2;
	sys(SYS_umtx_wakeup, &word, 1);
	while (gone != 5)
		sys(SYS_sched_yield);

	struct tls_info area = {&p, -1}, now = {0};
	IS(94, sys(SYS_set_tls_area, 0, &area, sizeof area), 0);
	IS(95, sys(SYS_get_tls_area, 0, &now, sizeof now), 0);
	CHECK(96, now.base == &p);
	__asm__ volatile("mov %%fs:0, %0" : "=r"(from));
	CHECK(97, from == (long)run_thread);
	IS(98, sys(SYS_set_tls_area, 2, &area, sizeof area), -ERANGE);
	IS(99, sys(SYS_extexit, 2 << 16, 0, 0), -EINVAL);
	IS(100, sys(SYS_extexit, EXTEXIT_SETINT_LWP, 0, 0), -EFAULT);

	/* Who forks has one thread, whose end is the process's. */
	long out[2];
	CHECK(101, !raw(out, SYS_fork));
	if (out[1] == 1)
		sys(SYS_extexit, 1 << 16, 7, 0);
	int status = 0;
	IS(102, sys(SYS_wait4, out[0], &status, 0, 0), out[0]);
	IS(103, status, 7 << 8);
}

/* ---- kevent, sysctl ------------------------------------------------------------------------------------------ */

struct kevent {
	unsigned long ident;
	short filter;
	unsigned short flags;
	unsigned fflags;
	long data;
	void *udata;
};
enum { FILTER_TIMER = -7, FILTER_EXCEPT = -8, FILTER_USER = -9, ADD = 1, CLEAR = 0x20 };

static void events(void)
{
	long kq = sys(SYS_kqueue);
	struct timespec now = {0}, later = {10, 0};
	struct kevent got_event;

	struct kevent user = {1, FILTER_USER, ADD | CLEAR, 0, 0, &user};
	IS(104, sys(SYS_kevent, kq, &user, 1, 0, 0, &now), 0);
	user.fflags = 0x01000000; /* NOTE_TRIGGER */
	user.flags = 0;
	IS(105, sys(SYS_kevent, kq, &user, 1, &got_event, 1, &later), 1);
	CHECK(106, got_event.filter == FILTER_USER && got_event.udata == &user);
	/* Milliseconds, whatever the notes say. */
	struct kevent timer = {2, FILTER_TIMER, ADD | CLEAR, 2, 1, 0};
	IS(107, sys(SYS_kevent, kq, &timer, 1, &got_event, 1, &later), 1);
	CHECK(108, got_event.filter == FILTER_TIMER && got_event.data >= 1);
	struct kevent other = {3, FILTER_EXCEPT, ADD, 0, 0, 0};
	IS(109, sys(SYS_kevent, kq, &other, 1, 0, 0, &now), -EINVAL);
}

static void values(void)
{
	const int type[] = {1, 1}, release[] = {1, 24}, pages_of[] = {6, 7};
	char name[16];
	size_t n = sizeof name;
	int number = 0;

	IS(110, sys(SYS___sysctl, type, 2, name, &n, 0, 0), 0);
	CHECK(111, n == 10 && !strcmp(name, "DragonFly"));
	n = sizeof number;
	IS(112, sys(SYS___sysctl, release, 2, &number, &n, 0, 0), 0);
	IS(113, number, 600000);
	IS(114, sys(SYS___sysctl, pages_of, 2, &number, &n, 0, 0), 0);
	IS(115, number, PAGE);
	n = 3;
	IS(116, sys(SYS___sysctl, type, 2, name, &n, 0, 0), -ENOMEM);
	/* The number of a name: two words. */
	const int numbers[] = {0, 3};
	int path[12];
	n = sizeof path;
	CHECK(20, sys(SYS___sysctl, numbers, 2, path, &n, "kern.osreldate", 14) == 0 && n == 8 &&
			  path[0] == 1 && path[1] == 24);
	/* No pages of the kernel's own: libraries make calls instead (lib/libc/upmap). */
	IS(117, sys(SYS_open, "/dev/upmap", 2), -ENOENT);
	IS(118, sys(SYS_open, "/dev/kpmap", 0), -ENOENT);
	IS(119, sys(SYS_open, "/dev/lpmap", 2), -ENOENT);
}

void test(int argc, char **argv, char **envp)
{
	starts(argc, argv, envp);
	calls();
	signals();
	events();
	values();
	threads();
}
