/* How many instructions a piece of a program takes, counted one by one: a number that does not depend on
 * what else the machine does, and shows when a hot path has grown.
 *
 *     steps [-a] PROGRAM ARGUMENTS...
 *
 * Runs PROGRAM, and what it starts, until one of them executes the instruction int3; from there to its next
 * int3 its instructions are counted, and their number printed.  -a: the address of each, one a line, in front.
 * A call of Linux's counts as one.  Needs no rights: it is the parent of all that it looks at. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PUSHFQ 0x9c
#define TRAP_FLAG 0x100
#define MOST 1000000

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "steps: %s: %s\n", what, strerror(errno));
	exit(125);
}

static _Noreturn void be_traced(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		die("PTRACE_TRACEME");
	raise(SIGSTOP);
	execvp(argv[0], argv);
	die(argv[0]);
}

static void get(pid_t pid, struct user_regs_struct *r)
{
	if (ptrace(PTRACE_GETREGS, pid, NULL, r) < 0)
		die("PTRACE_GETREGS");
}

static int peek_byte(pid_t pid, unsigned long at)
{
	errno = 0;
	long word = ptrace(PTRACE_PEEKTEXT, pid, at, NULL);
	return errno ? -1 : (int)(word & 0xff);
}

static bool is_mark(pid_t pid, int status)
{
	struct user_regs_struct r;

	if (WSTOPSIG(status) != SIGTRAP || status >> 16)
		return false;
	get(pid, &r);
	return peek_byte(pid, r.rip - 1) == 0xcc;
}

/* What is stopped goes on, whatever it is; the signal, if it was one for the program. */
static void let_go_on(pid_t pid, int status)
{
	int signal = WSTOPSIG(status);

	if (status >> 16 || signal == SIGTRAP || signal == SIGSTOP)
		signal = 0;
	if (ptrace(PTRACE_CONT, pid, NULL, signal) < 0 && errno != ESRCH)
		die("PTRACE_CONT");
}

/* The one that came to its mark, which is over the instruction. */
static pid_t await_mark(pid_t first)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (pid == first)
				exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status)
									      : 125);
			continue;
		}
		if (is_mark(pid, status))
			return pid;
		let_go_on(pid, status);
	}
	die("no process came to an int3");
}

/* The flags that a program pushes must not show that it is looked at. */
static void hide_trap_flag(pid_t pid)
{
	struct user_regs_struct r;
	get(pid, &r);
	long flags = ptrace(PTRACE_PEEKDATA, pid, r.rsp, NULL);

	if (ptrace(PTRACE_POKEDATA, pid, r.rsp, flags & ~TRAP_FLAG) < 0)
		die("PTRACE_POKEDATA");
}

/* One instruction; false if it was the mark. */
static bool step(pid_t pid, bool show)
{
	struct user_regs_struct r;
	int status, byte;

	get(pid, &r);
	byte = peek_byte(pid, r.rip);
	if (byte == 0xcc)
		return false;
	if (show)
		printf("%llx\n", r.rip);
	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0 || waitpid(pid, &status, __WALL) != pid)
		die("PTRACE_SINGLESTEP");
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) {
		fprintf(stderr, "steps: the program was interrupted (status %#x)\n", status);
		exit(125);
	}
	if (byte == PUSHFQ)
		hide_trap_flag(pid);
	return true;
}

int main(int argc, char **argv)
{
	bool show = argc > 1 && !strcmp(argv[1], "-a");
	char **program = argv + 1 + show;
	long n = 0;
	int status;

	if (!*program) {
		fprintf(stderr, "steps [-a] PROGRAM ARGUMENTS...\n");
		return 125;
	}
	pid_t first = fork();
	if (first == 0)
		be_traced(program);
	if (first < 0 || waitpid(first, &status, __WALL) != first ||
	    ptrace(PTRACE_SETOPTIONS, first, NULL,
		   PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			   PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) < 0)
		die("cannot trace a child");
	let_go_on(first, status);
	pid_t pid = await_mark(first);
	while (n < MOST && step(pid, show))
		n++;
	printf("%ld\n", n);
	return n < MOST ? 0 : 1; /* what still runs is killed with its tracer */
}
