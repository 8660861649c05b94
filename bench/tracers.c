/* What catching calls from another process costs: runs a Linux program the way ptrace-based runners do,
 * which answer its calls themselves.
 *
 *     tracers sysemu|seccomp PROGRAM ARGUMENTS...
 *
 * sysemu: PTRACE_SYSEMU, one stop a call.  seccomp: SECCOMP_RET_TRACE, one stop a call.  Either
 * answers getppid by itself, the call that is measured, and lets Linux make the others: the least that
 * such a runner can do. */
#include <errno.h>
#include <signal.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "tracers: %s: %s\n", what, strerror(errno));
	exit(125);
}

static _Noreturn void be_traced(bool seccomp, char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
	};
	struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		die("PTRACE_TRACEME");
	raise(SIGSTOP);
	if (seccomp && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0))
		die("seccomp");
	execv(argv[0], argv);
	die(argv[0]);
}

/* Goes on until the next stop; ends with the program. */
static int go_on(int request, pid_t pid, int signal)
{
	int status;

	if (ptrace(request, pid, NULL, signal) < 0)
		die("ptrace");
	if (waitpid(pid, &status, __WALL) != pid)
		die("waitpid");
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	if (WIFSIGNALED(status))
		exit(128 + WTERMSIG(status));
	return status;
}

static void get(pid_t pid, struct user_regs_struct *r)
{
	if (ptrace(PTRACE_GETREGS, pid, NULL, r) < 0)
		die("PTRACE_GETREGS");
}

static void set(pid_t pid, const struct user_regs_struct *r)
{
	if (ptrace(PTRACE_SETREGS, pid, NULL, r) < 0)
		die("PTRACE_SETREGS");
}

/* Linux makes this one: it is begun anew, with a stop before and one after it. */
static void let_through(pid_t pid, struct user_regs_struct *r)
{
	r->rip -= 2;
	r->rax = r->orig_rax;
	set(pid, r);
	go_on(PTRACE_SYSCALL, pid, 0);
	go_on(PTRACE_SYSCALL, pid, 0);
}

static _Noreturn void trace_sysemu(pid_t pid, long answer)
{
	for (;;) {
		struct user_regs_struct r;
		int status = go_on(PTRACE_SYSEMU, pid, 0);

		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue; /* the exec's SIGTRAP */
		get(pid, &r);
		if (r.orig_rax == SYS_getppid) {
			r.rax = (unsigned long long)answer;
			set(pid, &r);
		} else {
			let_through(pid, &r);
		}
	}
}

static _Noreturn void trace_seccomp(pid_t pid, long answer)
{
	for (;;) {
		struct user_regs_struct r;
		int status = go_on(PTRACE_CONT, pid, 0);

		if (status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			continue; /* the exec's SIGTRAP */
		get(pid, &r);
		if (r.orig_rax != SYS_getppid)
			continue;
		r.orig_rax = (unsigned long long)-1; /* not made */
		r.rax = (unsigned long long)answer;
		set(pid, &r);
	}
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 3 || (strcmp(argv[1], "sysemu") && strcmp(argv[1], "seccomp"))) {
		fprintf(stderr, "usage: tracers sysemu|seccomp PROGRAM ARGUMENTS...\n");
		return 125;
	}
	bool seccomp = !strcmp(argv[1], "seccomp");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		be_traced(seccomp, argv + 2);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		die("waitpid");
	long options = PTRACE_O_EXITKILL |
		       (seccomp ? PTRACE_O_TRACESECCOMP : PTRACE_O_TRACESYSGOOD);
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, options) < 0)
		die("PTRACE_SETOPTIONS");
	if (seccomp)
		trace_seccomp(pid, getpid());
	trace_sysemu(pid, getpid());
}
