/* Processes: fork, exec, wait, exit, groups and sessions. */
#include "syscalls/process.h"

#include "syscalls/board.h"
#include "syscalls/engine.h"
#include "syscalls/facts.h"
#include "syscalls/personality.h"
#include "syscalls/procdesc.h"
#include "syscalls/program.h"
#include "syscalls/signal.h"
#include "syscalls/wait.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/wait.h>
#include <string.h>

/* ---- Numbers ------------------------------------------------------------------ */

TRANSLATOR(getpid)
{
	return c->thread->process->pid;
}

/* ---- fork --------------------------------------------------------------------- */

long process_fork(struct call *c, unsigned flags)
{
	long pid = engine_fork(c, flags, NULL);

	if (pid > 0)
		set_second_result(c, 0);
	return pid;
}

TRANSLATOR(fork)
{
	return process_fork(c, 0);
}

TRANSLATOR(vfork)
{
	return process_fork(c, FORK_SHARED);
}

/* ---- exec ---------------------------------------------------------------------- */

/* A script puts its interpreter, the interpreter's argument and its own path where argv[0]
 * was.  Argument vector and environment are arguments 1 and 2. */
static long execute(struct call *c, const struct program *program, const char *script)
{
	static const uint32_t script_replaces = 1;
	const char *head[3];
	struct exec e = {.fd = program->fd,
			 .path = program->path,
			 .head = head,
			 .argv = c->a[1],
			 .envp = c->a[2]};

	if (program->is_script) {
		head[e.n_head++] = program->path;
		if (*program->argument)
			head[e.n_head++] = program->argument;
		head[e.n_head++] = script;
		e.skip = script_replaces;
	}
	return engine_exec(c, &e);
}

/* Every program has at least its name, and so do the vectors: kern_exec.c, exec_copyin_args()
 * and kern_execve().  Linux makes up what is missing. */
static int check_vector(struct call *c)
{
	uint64_t first;
	int r = c->a[1] ? get_guest(c, &first, c->a[1], sizeof first) : -EFAULT;

	if (r < 0)
		return r;
	return first ? 0 : -EINVAL;
}

/* execve(path, argv, envp) */
TRANSLATOR(execve)
{
	char path[PROGRAM_PATH];
	struct program program;
	long r = get_guest_string(c, path, c->a[0], sizeof path);

	if (r >= 0 && !c->personality->is_host)
		r = check_vector(c);
	if (r >= 0)
		r = program_open(c, path, &program);
	return r < 0 ? r : execute(c, &program, path);
}

/* fexecve(fd, argv, envp): a script's interpreter gets the descriptor's own name. */
TRANSLATOR(fexecve)
{
	char path[PROGRAM_PATH], name[32] = "/dev/fd/";
	struct program program;
	uint64_t fd;
	long r = arg_value(c, 0, &fd);

	if (r == 0 && !c->personality->is_host)
		r = check_vector(c);
	if (r < 0)
		return r;
	if (facts_path(c, (int)fd, path, sizeof path) < 0)
		path[0] = 0; /* it goes by no name then */
	name[strlen(name) + facts_number(name + strlen(name), fd)] = 0;
	r = program_open_file(c, (int)fd, path, &program);
	return r < 0 ? r : execute(c, &program, name);
}

/* ---- exit ----------------------------------------------------------------------- */

TRANSLATOR(exit)
{
	board_ends(engine_board(), c->thread->process->pid, false, (uint32_t)c->a[0]);
	engine_exit_process(c, (int)c->a[0] & 0xff);
}

/* ---- wait ------------------------------------------------------------------------- */

/* Which guest signal ended or stopped a process: of those that share the carrier, Linux cannot
 * tell, and if the process has not (board.h) the last one stands for all. */
static int signal_of_status(const struct personality *p, int host)
{
	int n = signal_from_host(p, host);

	for (uint32_t i = 0; !n && host == HOST_SIGNAL_CARRIER && i < p->n_signals; i++)
		if (p->signals[p->n_signals - 1 - i].host == host)
			return p->signals[p->n_signals - 1 - i].guest;
	return n;
}

/* In a status: the guest's own number of the signal that ended the process. */
#define EXACT (1 << 30)
#define EXACT_AT 16

/* What waitid told, and what the process itself did. */
static int whole_status_of(const siginfo_t *si)
{
	int status = wait_status_of(si);
	uint32_t how;

	if ((si->si_code == CLD_KILLED || si->si_code == CLD_DUMPED) &&
	    board_end_of(engine_board(), si->si_pid, true, &how))
		status |= EXACT | (int)(how & 0x7f) << EXACT_AT;
	return status;
}

/* The BSD and System V encoding, which Linux shares but for the signals inside. */
int wait_status_to_guest(const struct personality *p, int status)
{
	int low = status & 0x7f, n;

	if (status & EXACT)
		return (status & 0x80) | (status >> EXACT_AT & 0x7f);
	if (low == 0x7f) {
		n = signal_of_status(p, status >> 8 & 0xff);
		return n ? n << 8 | 0x7f : status;
	}
	n = low ? signal_of_status(p, low) : 0;
	return n ? (status & ~0x7f) | n : status;
}

int wait_status_of(const struct siginfo *si)
{
	switch (si->si_code) {
	case CLD_EXITED:
		return (si->si_status & 0xff) << 8;
	case CLD_DUMPED:
		return si->si_status | 0x80;
	case CLD_KILLED:
		return si->si_status;
	case CLD_CONTINUED:
		return 0xffff;
	default:
		return si->si_status << 8 | 0x7f;
	}
}

static void tell_ended(struct call *c, int pid, int status)
{
	procdesc_reaped(c, pid, status);
	engine_reaped(c, pid, status);
}

/* waitid: the child's number with *si, and its resources at usage_at (scratch, or 0);
 * 0 if there is nothing to report yet; -errno. */
static long wait_child(struct call *c, int idtype, int id, uint64_t options, uint64_t usage_at,
		       siginfo_t *si)
{
	uint64_t at = scratch(c, sizeof *si);
	long r;

	memset(si, 0, sizeof *si);
	r = put_guest(c, at, si, sizeof *si);
	if (r == 0)
		r = host_wait(c, __NR_waitid, idtype, id, at,
			      idtype == P_PID ? options | (unsigned)__WALL : options, usage_at);
	if (r == 0)
		r = get_guest(c, si, at, sizeof *si);
	if (r < 0)
		return r;
	if (si->si_pid && !(options & WNOWAIT) &&
	    (si->si_code == CLD_EXITED || si->si_code == CLD_KILLED || si->si_code == CLD_DUMPED))
		tell_ended(c, si->si_pid, wait_status_of(si));
	return si->si_pid;
}

/* wait4(pid, status, options, rusage), whose status is the argument's type's affair. */
TRANSLATOR(wait4)
{
	int pid = (int)c->a[0], status;
	uint64_t options, usage_at = c->a[3] ? scratch(c, WAIT_USAGE_SIZE) : 0;
	char usage[WAIT_USAGE_SIZE];
	siginfo_t si;
	long r = arg_value(c, 2, &options);

	if (r < 0)
		return r;
	if (pid == INT32_MIN)
		return -ECHILD;
	r = wait_child(c,
		       pid == -1  ? P_ALL
		       : pid <= 0 ? P_PGID
				  : P_PID,
		       pid < 0 ? -pid : pid, options | WEXITED, usage_at, &si);
	if (r <= 0)
		return r;
	status = whole_status_of(&si);
	if (!(options & WNOWAIT))
		board_forget_end(engine_board(), si.si_pid);
	if (c->a[1] && arg_out(c, 1, &status) < 0)
		return -EFAULT;
	if (c->a[3] && (get_guest(c, usage, usage_at, sizeof usage) < 0 ||
			put_guest(c, c->a[3], usage, sizeof usage) < 0))
		return -EFAULT;
	return r;
}

int signal_child_status(const struct personality *p, const siginfo_t *si)
{
	bool has_exited = si->si_code == CLD_EXITED;
	uint32_t how;
	int n;

	if (si->si_code == CLD_EXITED || si->si_code == CLD_KILLED || si->si_code == CLD_DUMPED)
		if (board_end_of(engine_board(), si->si_pid, !has_exited, &how) &&
		    (!has_exited || (how & 0xff) == (uint32_t)si->si_status))
			return (int)how;
	n = has_exited ? 0 : signal_of_status(p, si->si_status);
	return n ? n : si->si_status;
}

static void describe_child(struct call *c, const siginfo_t *si, struct signal_info *info)
{
	*info = (struct signal_info){.number = signal_from_host(c->personality, SIGCHLD),
				     .code = si->si_code,
				     .pid = si->si_pid,
				     .uid = si->si_uid,
				     .status = si->si_status};
	info->status = signal_child_status(c->personality, si);
}

/* Two sets of resources: the child's own and its children's.  Linux tells only the sum,
 * which goes to the first. */
static int put_both_usages(struct call *c, uint64_t to, uint64_t usage_at)
{
	char usage[2 * WAIT_USAGE_SIZE] = {0};
	int r = get_guest(c, usage, usage_at, WAIT_USAGE_SIZE);

	return r < 0 ? r : put_guest(c, to, usage, sizeof usage);
}

/* What wait6 and pdwait give back, argument by argument from `first` on. */
static long give_child(struct call *c, const siginfo_t *si, uint64_t options, uint64_t usage_at,
		       int first)
{
	int status = whole_status_of(si), usages = first + 2, where = first + 3;
	struct signal_info info;

	describe_child(c, si, &info);
	if (!(options & WNOWAIT))
		board_forget_end(engine_board(), si->si_pid);
	if ((c->a[first] && arg_out(c, first, &status) < 0) ||
	    (c->a[usages] && put_both_usages(c, c->a[usages], usage_at) < 0) ||
	    (c->a[where] && arg_out(c, where, &info) < 0))
		return -EFAULT;
	return 0;
}

/* wait6(idtype, id, status, options, usages, info) */
TRANSLATOR(wait6)
{
	uint64_t idtype, options, usage_at = c->a[4] ? scratch(c, WAIT_USAGE_SIZE) : 0;
	siginfo_t si;
	long r, e;

	if ((r = arg_value(c, 0, &idtype)) < 0 || (r = arg_value(c, 3, &options)) < 0)
		return r;
	r = wait_child(c, (int)idtype, (int)c->a[1], options, usage_at, &si);
	if (r <= 0)
		return r;
	e = give_child(c, &si, options, usage_at, 2);
	return e < 0 ? e : r;
}

/* pdwait(fd, status, options, usages, info) */
TRANSLATOR(pdwait)
{
	uint64_t options, usage_at = c->a[3] ? scratch(c, WAIT_USAGE_SIZE) : 0;
	int pid = procdesc_pid(c, (int)c->a[0]);
	siginfo_t si;
	long r;

	if (pid < 0)
		return pid;
	r = arg_value(c, 2, &options);
	if (r == 0)
		r = wait_child(c, P_PID, pid, options, usage_at, &si);
	if (r <= 0)
		return r == 0 ? -EAGAIN : r == -ECHILD ? -ESRCH : r;
	return give_child(c, &si, options, usage_at, 1);
}

/* Linux's, for the thread itself; engines may have had one there before. */
TRANSLATOR(set_robust_list)
{
	long r = host(c, __NR_set_robust_list, c->a[0], c->a[1]);

	if (r == 0) {
		c->thread->has_robust_list = true;
		c->thread->robust_list = c->a[0];
	}
	return r;
}

/* ---- The program's own file ----------------------------------------------------------- */

/* Linux would name the translator, which is what it executed. */
bool process_names_own(struct call *c, uint64_t name, const char *own)
{
	char path[32];

	return get_guest_string(c, path, name, sizeof path) >= 0 && strcmp(path, own) == 0 &&
	       c->thread->process->path[0] == '/';
}

long process_put_own(struct call *c, uint64_t to, uint64_t size)
{
	const char *path = c->thread->process->path;
	size_t n = strlen(path);
	int r;

	if ((int64_t)size <= 0)
		return -EINVAL;
	n = n < size ? n : size;
	r = put_guest(c, to, path, n);
	return r < 0 ? r : (long)n;
}
