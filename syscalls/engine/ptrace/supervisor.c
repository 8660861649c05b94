/* The supervisor's own beginning and end. */
#include "syscalls/engine/ptrace/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct supervisor supervisor;

/* ---- Words ---------------------------------------------------------------------- */

static void say(const char *text, va_list args)
{
	char line[512] = "guise: ";
	int n = 7;

	n += vsnprintf(line + n, sizeof line - 8, text, args);
	if (n > (int)sizeof line - 2)
		n = sizeof line - 2;
	line[n++] = '\n';
	(void)!write(supervisor.voice, line, (size_t)n); /* nowhere left to complain */
}

void message(const char *text, ...)
{
	va_list args;

	va_start(args, text);
	say(text, args);
	va_end(args);
}

void die(int status, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	say(text, args);
	va_end(args);
	_exit(status);
}

void tracee_die(struct tracee *t, int status, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	say(text, args);
	va_end(args);
	tracee_last_call(t, __NR_exit_group, (uint64_t)status);
}

/* ---- The first process -------------------------------------------------------------- */

#define SCOPE_SIGNAL (1ULL << 1) /* LANDLOCK_SCOPE_SIGNAL, Linux 6.12 */

/* Guests are a Landlock domain of their own within the sandbox's: they can signal each other and
 * not who started them.  A kernel that does not know the scope refuses the attribute.  Any domain
 * forbids to move files between directories, unless it speaks of that (landlock(7)). */
static void leave_scope(void)
{
	const struct {
		uint64_t files, ports, scoped;
	} scope = {.files = LANDLOCK_ACCESS_FS_REFER, .scoped = SCOPE_SIGNAL};
	struct landlock_path_beneath_attr move = {.allowed_access = LANDLOCK_ACCESS_FS_REFER};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &scope, sizeof scope, 0);

	if (rules < 0)
		return;
	move.parent_fd = open("/", O_PATH | O_CLOEXEC);
	if (move.parent_fd < 0 ||
	    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &move, 0) < 0 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		die(EXIT_GUISE, "cannot set a guest apart: %s", strerror(errno));
	(void)close(move.parent_fd);
	(void)close(rules); /* what counted is done */
}

static void trace(int pid)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
			     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;

	if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0)
		die(EXIT_GUISE, "cannot trace the program: %s%s", strerror(errno),
		    errno == EPERM ? "; set the sysctl kernel.yama.ptrace_scope to 0 or 1" : "");
}

/* A guest's descriptors are its own: a pipe's reader hears when it closes them. */
static void let_go(void)
{
	int null;

	/* Nor is its memory to be looked into, where nothing else forbids that. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		die(EXIT_GUISE, "cannot close the supervisor's memory: %s", strerror(errno));
	supervisor.voice = fcntl(2, F_DUPFD_CLOEXEC, 3);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			die(EXIT_GUISE, "/dev/null: %s", strerror(errno));
}

/* What it is until it executes. */
static void expect_guest(int pid)
{
	struct tracee *t = tracee_get(pid);

	t->guest = guest_new();
	t->guest->tracees = 1;
	t->guest->space = calloc(1, sizeof *t->guest->space);
	if (!t->guest->space)
		die(EXIT_GUISE, "no memory for a process");
	t->guest->space->users = 1;
}

/* The two sides meet at a pair of sockets: the supervisor says who it is, the guest lets it trace
 * (Yama would not let a process that is no ancestor), and executes when it is traced. */
static _Noreturn void be_supervisor(int guest, int pair)
{
	int self = getpid();
	char byte;

	if (setpgid(0, 0) < 0)
		die(EXIT_GUISE, "no process group for the supervisor: %s", strerror(errno));
	if (write(pair, &self, sizeof self) != sizeof self || read(pair, &byte, 1) != 1)
		_exit(EXIT_GUISE); /* the guest is gone */
	trace(guest);
	let_go();
	expect_guest(guest);
	if (write(pair, "", 1) != 1)
		_exit(EXIT_GUISE); /* likewise */
	(void)close(pair); /* its last use */
	supervise();
	_exit(0);
}

/* Not the guest's child, whom it could wait for: process 1 reaps it. */
static void start_supervisor(int pair[2])
{
	int guest = getpid(), pid = fork();

	if (pid == 0) {
		(void)close(pair[0]); /* the guest's */
		pid = fork();
		if (pid == 0)
			be_supervisor(guest, pair[1]);
		_exit(pid < 0);
	}
	if (pid < 0 || waitpid(pid, &pid, 0) < 0 || pid)
		die(EXIT_GUISE, "no process for the supervisor: %s",
		    pid < 0 ? strerror(errno) : "too many are there");
	(void)close(pair[1]); /* the supervisor's */
}

/* Waits to be traced, then executes the stub. */
static _Noreturn void be_guest(int pair, char **argv, char **envp, const sigset_t *mask)
{
	int e, tracer;
	char byte;

	if (read(pair, &tracer, sizeof tracer) != sizeof tracer)
		_exit(EXIT_GUISE); /* the supervisor has said why */
	(void)prctl(PR_SET_PTRACER, tracer, 0, 0, 0); /* EINVAL: there is no Yama */
	if (write(pair, "", 1) != 1 || read(pair, &byte, 1) != 1)
		_exit(EXIT_GUISE); /* likewise */
	leave_scope();
	e = filter_install();
	if (e < 0)
		die(EXIT_GUISE, "cannot install the seccomp filter: %s%s", strerror(-e),
		    e == -EINVAL ? " (is CONFIG_SECCOMP_FILTER missing?)" : "");
	(void)sigprocmask(SIG_SETMASK, mask, NULL); /* it was so before */
	(void)syscall(SYS_execveat, HIDDEN_RESIDENT, "", argv, envp, AT_EMPTY_PATH);
	die(EXIT_GUISE, "cannot execute the stub: %s", strerror(errno));
}

static void read_settings(void)
{
	struct settings *s = &supervisor.settings;
	cpu_set_t processors;

	if (pread(HIDDEN_SETTINGS, s, sizeof *s, 0) != (ssize_t)sizeof *s ||
	    s->magic != SETTINGS_MAGIC)
		die(EXIT_GUISE, "the supervisor is not a program of its own: use 'guise run'");
	s->personality[sizeof s->personality - 1] = 0;
	s->release[sizeof s->release - 1] = 0;
	if (s->flags & SETTINGS_TRACE)
		record_open();
	supervisor.board = mmap(NULL, sizeof *supervisor.board, PROT_READ | PROT_WRITE, MAP_SHARED,
				HIDDEN_BOARD, 0);
	if (supervisor.board == MAP_FAILED)
		die(EXIT_GUISE, "cannot map what processes share: %s", strerror(errno));
	supervisor.ncpus = sched_getaffinity(0, sizeof processors, &processors) < 0
				   ? 1
				   : (uint32_t)CPU_COUNT(&processors);
}

int main(int argc, char **argv, char **envp)
{
	struct handover handover;
	sigset_t all, before;
	int pair[2];

	supervisor.voice = 2;
	if (argc < 3 || handover_decode(&handover, argv[1]) < 0)
		die(EXIT_GUISE, "the supervisor is not a program of its own: use 'guise run'");
	read_settings();
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before); /* it cannot fail */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		die(EXIT_GUISE, "no sockets for the supervisor: %s", strerror(errno));
	start_supervisor(pair);
	be_guest(pair[0], argv, envp, &before);
}
