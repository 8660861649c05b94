/* Processes: fork, exec, wait, ids, limits, and numbers nobody has (sys/wait.h,
 * sys/resource.h, sys/kern/kern_fork.c, kern_exec.c). */
#include "tests/guest/guest.h"

enum { WNOHANG = 1, WUNTRACED = 2, WCONTINUED = 4 };
enum { SIGKILL = 9, SIGSYS = 12, SIGTERM = 15, SIGSTOP = 17, SIGCONT = 19, SIGUSR1 = 30 };

struct rlimit {
	int64_t cur, max;
};
#define UNLIMITED 0x7fffffffffffffffL

struct sigaction {
	void *handler;
	int flags;
	uint32_t mask[4];
};

static char text[8192];

static void forks(void)
{
	long pid = sys(SYS_getpid);
	CHECK(1, pid > 0);
	long out[2];
	int ends[2];
	sys(SYS_pipe2, ends, 0);
	IS(2, raw(out, SYS_fork, 0, 0, 77), 0);
	/* The child sees 0 with 1 beside it, the parent the child's number with 0. */
	if (out[0] == 0) {
		bool good = out[1] == 1 && sys(SYS_getppid) == pid && sys(SYS_getpid) != pid;
		sys(SYS_write, ends[1], "c", 1);
		quit(good ? 0 : 1);
	}
	CHECK(3, out[0] > 0 && out[0] != pid && out[1] == 0);
	IS(4, sys(SYS_read, ends[0], text, 1), 1);
	IS(5, wait_for(out[0]), 0);
	sys(SYS_close, ends[0]);
	sys(SYS_close, ends[1]);

	int status = 0;
	char usage[144];
	memset(usage, 0xee, sizeof usage);
	long child = sys(SYS_fork);
	if (child == 0)
		quit(0x1a3); /* only the low byte is reported */
	IS(6, sys(SYS_wait4, -1, &status, 0, usage), child);
	IS(7, status, 0xa3 << 8);
	CHECK(8, *(long *)usage >= 0 && *(long *)usage < 100 && *(long *)(usage + 136) >= 0);
	IS(9, sys(SYS_wait4, -1, &status, 0, 0), -ECHILD);
	IS(10, sys(SYS_wait4, -1, &status, 0x4000, 0), -EINVAL);

	child = sys(SYS_fork);
	if (child == 0) {
		sleep_ms(60000);
		quit(1);
	}
	IS(11, sys(SYS_wait4, child, &status, WNOHANG, 0), 0);
	IS(12, sys(SYS_kill, child, SIGSTOP), 0);
	IS(13, sys(SYS_wait4, child, &status, WUNTRACED, 0), child);
	IS(14, status, SIGSTOP << 8 | 0x7f);
	IS(15, sys(SYS_kill, child, SIGCONT), 0);
	IS(16, sys(SYS_wait4, child, &status, WCONTINUED, 0), child);
	IS(17, status, 0x13);
	IS(18, sys(SYS_kill, child, SIGUSR1), 0);
	IS(19, sys(SYS_wait4, child, &status, 0, 0), child);
	IS(20, status & 0x7f, SIGUSR1);
	IS(21, sys(SYS_kill, child, 0), -ESRCH);
	IS(22, sys(SYS_kill, pid, 0), 0);
	IS(23, sys(SYS_kill, pid, 200), -EINVAL);
	IS(24, sys(SYS_kill, pid, -1), -EINVAL);
}

/* A child of vfork runs in the parent's memory, the parent after it has gone.  The child
 * must not return from here, so it is written out: store, then _exit(7).  Who comes back can
 * wait for it without sleeping: so posix_spawn reaps a child whose program was not there. */
long vfork_store(volatile long *at);
__asm__(".pushsection .text\n"
	".global vfork_store\n"
	"vfork_store:\n"
	"	mov $66, %eax\n"
	"	syscall\n"
	"	jc 2f\n"
	"	test %eax, %eax\n"
	"	jnz 1f\n"
	"	movq $4711, (%rdi)\n"
	"	mov $7, %edi\n"
	"	mov $1, %eax\n"
	"	syscall\n"
	"1:	ret\n"
	"2:	neg %rax\n"
	"	ret\n"
	".popsection\n");

static void vforks(void)
{
	for (int i = 0; i < 300; i++) {
		volatile long value = 0;
		int status = 0;
		long child = vfork_store(&value);
		CHECK(25, child > 0);
		IS(26, value, 4711);
		IS(27, sys(SYS_wait4, child, &status, WNOHANG, 0), child);
		IS(27, status, 7 << 8);
	}
}

/* rfork(flags), and in the child, which is in the parent's memory, store and _exit(7). */
long rfork_store(volatile long *at, unsigned flags);
__asm__(".pushsection .text\n"
	".global rfork_store\n"
	"rfork_store:\n"
	"	mov %rdi, %r8\n"
	"	mov %esi, %edi\n"
	"	mov $251, %eax\n"
	"	syscall\n"
	"	jc 2f\n"
	"	test %eax, %eax\n"
	"	jnz 1f\n"
	"	movq $4711, (%r8)\n"
	"	mov $7, %edi\n"
	"	mov $1, %eax\n"
	"	syscall\n"
	"1:	ret\n"
	"2:	neg %rax\n"
	"	ret\n"
	".popsection\n");

/* vfork and exec of a program with one argument, the child's doings written out. */
long vfork_exec(char *program, char **argv, char **envp);
__asm__(".pushsection .text\n"
	".global vfork_exec\n"
	"vfork_exec:\n"
	"	mov %rdx, %r9\n"
	"	mov $66, %eax\n"
	"	syscall\n"
	"	jc 2f\n"
	"	test %eax, %eax\n"
	"	jnz 1f\n"
	"	mov %r9, %rdx\n"
	"	mov $59, %eax\n"
	"	syscall\n"
	"	mov $99, %edi\n"
	"	mov $1, %eax\n"
	"	syscall\n"
	"1:	ret\n"
	"2:	neg %rax\n"
	"	ret\n"
	".popsection\n");

static void rforks(void)
{
	enum { RFFDG = 4, RFPROC = 16, RFMEM = 32, RFCFDG = 1 << 12 };
	const unsigned waits = 1u << 31;
	const struct {
		unsigned flags;
		bool shares;
	} kinds[] = {{waits, true},
		     {RFPROC | RFFDG | RFMEM | waits, true},
		     {RFPROC | RFFDG, false}};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		volatile long value = 0;
		long child = rfork_store(&value, kinds[i].flags);
		CHECK(110, child > 0);
		IS(111, wait_for(child), 7 << 8);
		IS(112, value, kinds[i].shares ? 4711 : 0);
	}
	IS(113, sys(SYS_rfork, RFFDG), 0);
	IS(114, sys(SYS_rfork, RFPROC | RFFDG | RFCFDG), -EINVAL);
	IS(115, sys(SYS_rfork, 1 << 30), -EINVAL);
}

/* As a shell does all day: nothing of the children may be left in the parent's memory. */
static void many_vforks(char *self)
{
	char *argv[] = {self, (char *)"quit", 0}, *envp[] = {0};

	for (int i = 0; i < 300; i++) {
		long child = vfork_exec(self, argv, envp);
		CHECK(116, child > 0);
		IS(117, wait_for(child), 5 << 8);
	}
}

static long run(char *program, char **argv, char **envp)
{
	long child = sys(SYS_fork);
	if (child == 0) {
		long r = sys(SYS_execve, program, argv, envp);
		print("exec: ");
		print_number(r);
		print("\n");
		quit(99);
	}
	return wait_for(child);
}

static void write_file(const char *name, const char *a, const char *b, const char *c, int mode)
{
	long fd = sys(SYS_open, name, 1 | 0x200 | 0x400, mode);
	sys(SYS_write, fd, a, strlen(a));
	sys(SYS_write, fd, b, strlen(b));
	sys(SYS_write, fd, c, strlen(c));
	sys(SYS_close, fd);
}

static void execs(char *self)
{
	/* What must survive: descriptors without close-on-exec, ignored signals, the mask. */
	int ends[2];
	sys(SYS_pipe2, ends, 0x100000);
	sys(SYS_fcntl, ends[0], 10, 50);
	struct sigaction ignore = {.handler = (void *)1}, keep;
	sys(SYS_sigaction, SIGUSR1, &ignore, &keep);
	uint32_t set[4] = {1u << (SIGTERM - 1), 0, 0, 1}, old[4];
	sys(SYS_sigprocmask, 1, set, old);
	char *with_args[] = {self, "child", "two words", "", 0};
	char *with_env[] = {"A=1", "B=", 0};
	IS(28, run(self, with_args, with_env), 0);
	IS(118, sys(SYS_execve, self, ((char *[]){0}), with_env), -EINVAL);
	IS(119, sys(SYS_execve, self, 0, with_env), -EFAULT);
	sys(SYS_sigprocmask, 3, old, 0);
	sys(SYS_sigaction, SIGUSR1, &keep, 0);

	write_file("script", "#! ", self, " one argument \nignored\n", 0755);
	char *words[] = {"whatever", "x", "y", 0};
	char *none[] = {0};
	IS(29, run("./script", words, none), 0);
	write_file("plain", self, "\n", "", 0644);
	IS(30, sys(SYS_execve, "plain", words, none), -EACCES);
	write_file("garbage", "nothing that runs", "\n", "", 0755);
	IS(31, sys(SYS_execve, "garbage", words, none), -ENOEXEC);
	IS(32, sys(SYS_execve, "missing", words, none), -ENOENT);
	IS(33, sys(SYS_execve, ".", words, none), -EACCES);
	write_file("dangling", "#!/no/such/interpreter\n", "", "", 0755);
	IS(34, sys(SYS_execve, "dangling", words, none), -ENOENT);
}

/* The other end of execs(). */
static void as_child(int argc, char **argv, char **envp)
{
	CHECK(101, argc == 4 && !strcmp(argv[2], "two words") && !strcmp(argv[3], "") && !argv[4]);
	CHECK(102, !strcmp(envp[0], "A=1") && !strcmp(envp[1], "B=") && !envp[2]);
	IS(103, sys(SYS_fcntl, 50, 1), 0);
	for (long fd = 3; fd < 50; fd++)
		CHECK(104, sys(SYS_fcntl, fd, 1) == -EBADF);
	struct sigaction now;
	IS(105, sys(SYS_sigaction, SIGUSR1, 0, &now), 0);
	CHECK(106, now.handler == (void *)1);
	uint32_t mask[4];
	sys(SYS_sigprocmask, 1, 0, mask);
	CHECK(107, mask[0] == 1u << (SIGTERM - 1) && mask[3] == 1);
	quit(0);
}

static void as_script(int argc, char **argv, char **envp)
{
	CHECK(108, argc == 5 && !strcmp(argv[1], "one argument") && !strcmp(argv[2], "./script"));
	CHECK(109, !strcmp(argv[3], "x") && !strcmp(argv[4], "y") && !envp[0]);
	quit(0);
}

static void groups(void)
{
	long pid = sys(SYS_getpid);
	long child = sys(SYS_fork);
	if (child == 0) {
		long me = sys(SYS_getpid);
		CHECK(40, sys(SYS_getpgrp) != me);
		IS(41, sys(SYS_setpgid, 0, 0), 0);
		IS(42, sys(SYS_getpgrp), me);
		IS(43, sys(SYS_getpgid, 0), me);
		IS(44, sys(SYS_setsid), -EPERM); /* a group leader already */
		long inner = sys(SYS_fork);
		if (inner == 0) {
			IS(45, sys(SYS_setsid), sys(SYS_getpid));
			IS(46, sys(SYS_getsid, 0), sys(SYS_getpid));
			quit(0);
		}
		quit(wait_for(inner) == 0 ? 0 : 47);
	}
	IS(48, wait_for(child), 0);
	CHECK(49, sys(SYS_getsid, pid) >= 0);
	CHECK(50, sys(SYS_getuid) == sys(SYS_geteuid) && sys(SYS_getgid) == sys(SYS_getegid));
	uint32_t ids[3] = {~0u, ~0u, ~0u};
	IS(51, sys(SYS_getresuid, ids, ids + 1, ids + 2), 0);
	CHECK(52, ids[0] == (uint32_t)sys(SYS_getuid) && ids[1] == ids[0]);
	IS(53, sys(SYS_issetugid), 0);
	IS(54, sys(SYS_umask, 027) >= 0, 1);
	IS(55, sys(SYS_umask, 022), 027);
}

static void limits(void)
{
	struct rlimit r, low;
	IS(56, sys(SYS_getrlimit, 8, &r), 0); /* RLIMIT_NOFILE */
	CHECK(57, r.cur > 0 && r.cur <= r.max);
	IS(58, sys(SYS_getdtablesize), r.cur);
	low = (struct rlimit){64, r.max};
	IS(59, sys(SYS_setrlimit, 8, &low), 0);
	sys(SYS_getrlimit, 8, &r);
	IS(60, r.cur, 64);
	IS(61, sys(SYS_fcntl, 0, 0, 64), -EINVAL);
	long fd = 0, n = 0;
	while ((fd = sys(SYS_dup, 2)) >= 0)
		n++;
	IS(62, fd, -EMFILE);
	CHECK(63, n > 40 && n < 64);
	low = (struct rlimit){65, 64};
	IS(64, sys(SYS_setrlimit, 8, &low), -EINVAL);
	IS(65, sys(SYS_getrlimit, 1, &r), 0);
	CHECK(66, r.cur == UNLIMITED || r.cur > 0);
	IS(67, sys(SYS_getrlimit, 99, &r), -EINVAL);
	IS(68, sys(SYS_getrlimit, 10, &r), 0); /* RLIMIT_VMEM */
	IS(69, sys(SYS_getpriority, 0, 0), 0);
}

static void numbers(void)
{
	long pid = sys(SYS_getpid), out[2];
	IS(70, sys(SYS_syscall, SYS_getpid), pid);
	IS(71, sys(SYS___syscall, SYS_getpid), pid);
	/* Six arguments after the number: the last one is on the stack. */
	long fd = sys(SYS_open, "off", 2 | 0x200, 0600);
	sys(SYS_ftruncate, fd, 8192);
	sys(SYS_pwrite, fd, "Z", 1, 4096);
	char *p = (char *)sys(SYS___syscall, SYS_mmap, 0, 4096, 1, 1, fd, 4096);
	CHECK(72, (long)p > 0 && p[0] == 'Z');
	/* Failure: the error's positive number, and carry. */
	IS(73, raw(out, SYS_close, 999), 1);
	IS(74, out[0], EBADF);
	/* The second result register is left alone where there is no second result. */
	IS(75, raw(out, SYS_getpid, 0, 0, 1234567), 0);
	CHECK(76, out[0] == pid && out[1] == 1234567);

	/* A number nobody has is ENOSYS with SIGSYS: sys/kern/kern_sig.c nosys(). */
	static const long none[] = {151, 700, 100000, 0x40000003, -1};
	struct sigaction ignore = {.handler = (void *)1};
	sys(SYS_sigaction, SIGSYS, &ignore, 0);
	for (size_t i = 0; i < COUNT(none); i++)
		IS(77, sys(none[i]), -ENOSYS);
	ignore.handler = 0;
	sys(SYS_sigaction, SIGSYS, &ignore, 0);
	long child = sys(SYS_fork);
	if (child == 0) {
		sys(700);
		quit(1);
	}
	IS(78, wait_for(child) & 0x7f, SIGSYS);
	child = sys(SYS_fork);
	if (child == 0) {
		sys(SYS_kill, sys(SYS_getpid), SIGKILL);
		quit(1);
	}
	IS(79, wait_for(child), SIGKILL);
	CHECK(80, sys(SYS_getlogin, text, sizeof text) == 0 || text[0] == 0);
	IS(81, sys(SYS_sched_yield), 0);
}

/* procctl(P_PID, 0, PROC_PDEATHSIG_CTL): sys/kern/kern_procctl.c. */
static void parents_death(void)
{
	enum { CTL = 11, STATUS = 12 };
	int n = SIGTERM, ends[2];

	IS(82, sys(SYS_procctl, 0, 0, CTL, &n), 0);
	n = 0;
	IS(83, sys(SYS_procctl, 0, 0, STATUS, &n), 0);
	IS(84, n, SIGTERM);
	n = 200;
	IS(85, sys(SYS_procctl, 0, 0, CTL, &n), -EINVAL);
	IS(86, sys(SYS_procctl, 2, 0, CTL, &n), -EINVAL);
	IS(87, sys(SYS_procctl, 0, 0, CTL, 1L), -EFAULT);
	n = 0;
	IS(88, sys(SYS_procctl, 0, 0, CTL, &n), 0);
	IS(89, sys(SYS_pipe2, ends, 0), 0);
	long child = sys(SYS_fork);
	if (child == 0) {
		if (sys(SYS_fork) == 0) {
			n = SIGKILL;
			sys(SYS_procctl, 0, 0, CTL, &n);
			sys(SYS_write, ends[1], "c", 1);
			sleep_ms(60000);
			quit(1);
		}
		sys(SYS_read, ends[0], text, 1);
		quit(0);
	}
	IS(90, wait_for(child), 0);
	sys(SYS_close, ends[1]);
	/* The end of file comes when the grandchild is gone. */
	IS(91, sys(SYS_read, ends[0], text, 1), 0);
	sys(SYS_close, ends[0]);
}

/* dup3, as libc makes it: F_DUP3FD, and FD_CLOEXEC (1) or FD_CLOFORK (4) above it. */
static void duplicates(void)
{
	IS(120, sys(SYS_fcntl, 2, 24 | 5 << 16, 70), 70);
	IS(121, sys(SYS_fcntl, 70, 1), 5);
	long child = sys(SYS_fork);
	if (child == 0)
		quit(sys(SYS_fcntl, 70, 1) == -EBADF ? 0 : 1);
	IS(122, wait_for(child), 0);
	IS(123, sys(SYS_fcntl, 70, 24 | 2 << 16, 71), -EINVAL);
	CHECK(124, sys(SYS_fcntl, 70, 24, -1) == -EBADF && sys(SYS_close, 70) == 0);
}

void test(int argc, char **argv, char **envp)
{
	if (argc > 1 && !strcmp(argv[1], "quit"))
		quit(5);
	if (argc > 1 && !strcmp(argv[1], "child"))
		as_child(argc, argv, envp);
	if (argc > 1 && !strcmp(argv[1], "one argument"))
		as_script(argc, argv, envp);
	forks();
	vforks();
	rforks();
	many_vforks(argv[0]);
	execs(argv[0]);
	duplicates();
	groups();
	numbers();
	parents_death();
	limits();
}
