/* kern.proc.*: processes as ps, procstat and their library read them.
 * sys/kern/kern_proc.c, sys/kern/kern_descrip.c, sys/sys/user.h; FreeBSD 15 and 13.2, whose
 * records are the same.  What comes from Linux's /proc goes through syscalls/facts.h; what
 * has no counterpart (addresses in a kernel, wait channels) is zero. */
#include "personalities/freebsd/kinfo.h"

#include <string.h>

#include "personalities/freebsd/file.h"
#include "syscalls/facts.h"
#include "syscalls/launch.h"
#include "syscalls/linux.h"
#include "syscalls/process.h"
#include "syscalls/resource.h"
#include "syscalls/signal.h"
#include "syscalls/time.h"

/* struct kinfo_proc */
struct kinfo_process {
	int32_t size, layout;
	uint64_t addresses[8];
	int32_t pid, parent, group, terminal_group, session, terminal_session;
	int16_t job_count, pad1;
	uint32_t device11;
	struct sigset pending, blocked, ignored, caught;
	uint32_t uid, ruid, svuid, rgid, svgid;
	int16_t n_groups, pad2;
	uint32_t groups[16];
	uint64_t memory, resident, swapped_resident, text, data, stack;
	uint16_t status, accounting;
	uint32_t cpu_percent, cpu_estimate, slept, swapped, copied;
	uint64_t run_time;
	int64_t start[2], children_time[2];
	int64_t flags, kinfo_flags;
	int32_t trace;
	int8_t state, nice, lock, queue;
	uint8_t cpu_old, last_cpu_old;
	char thread_name[17], wait_message[9], login[18], lock_name[9], command[20], emulation[17],
		class[18], more_name[4];
	char spare[46 + 8];
	uint64_t device;
	int32_t cpu, last_cpu, tracer, flags2, fib, credential_flags, jail, threads;
	int32_t tid;
	uint8_t priority[4];
	uint64_t usage[18], children_usage[18];
	uint64_t more[23];
	uint64_t thread_flags;
};
_Static_assert(sizeof(struct kinfo_process) == 1088, "KINFO_PROC_SIZE");
_Static_assert(offsetof(struct kinfo_process, pid) == 72, "ki_pid");
_Static_assert(offsetof(struct kinfo_process, uid) == 168, "ki_uid");
_Static_assert(offsetof(struct kinfo_process, memory) == 256, "ki_size");
_Static_assert(offsetof(struct kinfo_process, run_time) == 328, "ki_runtime");
_Static_assert(offsetof(struct kinfo_process, state) == 388, "ki_stat");
_Static_assert(offsetof(struct kinfo_process, command) == 447, "ki_comm");
_Static_assert(offsetof(struct kinfo_process, device) == 560, "ki_tdev");
_Static_assert(offsetof(struct kinfo_process, tid) == 600, "ki_tid");
_Static_assert(offsetof(struct kinfo_process, usage) == 608, "ki_rusage");
_Static_assert(offsetof(struct kinfo_process, thread_flags) == 1080, "ki_tdflags");

/* sys/proc.h, sys/priority.h, sys/user.h, sys/param.h */
enum { STATE_RUN = 2, STATE_SLEEP = 3, STATE_STOP = 4, STATE_ZOMBIE = 5 };
enum { P_CONTROLT = 2, P_HADTHREADS = 0x80, P_INMEM = 0x10000000 };
enum { KI_CTTY = 1, KI_SLEADER = 2 };
enum { TDF_INMEM = 4, TDF_SINTR = 8 };
enum { PRI_TIMESHARE = 3, TIMESHARE_MIDDLE = 140 };
#define NO_DEVICE UINT64_MAX
#define HUNDREDTH_US 10000
#define FIXED_POINT 2048

#define MOST_PROCESSES 4096

/* ---- Which ones -------------------------------------------------------------------- */

int kinfo_pid(const struct sysctl *s)
{
	if (s->depth != s->matched + 1)
		return -EINVAL;
	int32_t pid = s->path[s->matched];
	return pid > 0 ? pid : -ESRCH;
}

/* -1 is the caller, too (sysctl_kern_proc_args, _pathname, _groups). */
static int pid_or_own(const struct sysctl *s)
{
	return s->depth == s->matched + 1 && s->path[s->matched] == -1 ? s->c->thread->process->pid
								       : kinfo_pid(s);
}

enum chosen {
	ALL = 0,
	BY_PID,
	BY_GROUP,
	BY_SESSION,
	BY_TERMINAL,
	BY_UID,
	BY_REAL_UID,
	PROCESSES = 8,
	BY_REAL_GID = 10,
	BY_GID,
	WITH_THREADS = 16,
};

struct choice {
	uint32_t how;
	bool threads;
	int32_t argument;
};

static uint64_t device_of(uint32_t terminal)
{
	/* /proc's form: Documentation/filesystems/proc.rst, tty_nr; new_encode_dev() */
	uint32_t number[2] = {terminal >> 8 & 0xfff,
			      (terminal & 0xff) | (terminal >> 12 & 0xfff00)};
	uint64_t device;

	if (!terminal)
		return NO_DEVICE;
	(void)freebsd_dev_to_guest(NULL, number, &device); /* cannot fail */
	return device;
}

static bool is_chosen(const struct choice *choice, const struct process_facts *f)
{
	uint32_t id = (uint32_t)choice->argument;

	switch (choice->how) {
	case BY_GROUP:
		return f->group == choice->argument;
	case BY_SESSION:
		return f->session == choice->argument;
	case BY_TERMINAL:
		return (uint32_t)device_of(f->terminal) == id;
	case BY_UID:
		return f->uid[1] == id;
	case BY_REAL_UID:
		return f->uid[0] == id;
	case BY_GID:
		return f->gid[1] == id;
	case BY_REAL_GID:
		return f->gid[0] == id;
	default:
		return true;
	}
}

/* ---- One of them ------------------------------------------------------------------- */

static struct sigset signals_of(const struct personality *p, uint64_t host)
{
	struct sigset out = {{0}};

	for (int n = 1; n <= 64; n++) {
		int guest = host >> (n - 1) & 1 ? signal_from_host(p, n) : 0;

		if (guest)
			sigset_add(&out, guest);
	}
	return out;
}

static int8_t state_of(char state)
{
	switch (state) {
	case 'R':
		return STATE_RUN;
	case 'T':
	case 't':
		return STATE_STOP;
	case 'Z':
	case 'X':
		return STATE_ZOMBIE;
	default:
		return STATE_SLEEP;
	}
}

void kinfo_copy_name(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	if (n >= size)
		n = size - 1;
	memcpy(to, from, n);
}

static const char *last_part(const char *path)
{
	const char *last = path;

	for (const char *s = path; *s; s++)
		if (*s == '/' && s[1])
			last = s + 1;
	return last;
}

/* struct rusage: two times in microseconds, then 14 numbers. */
static void fill_usage(uint64_t to[18], uint64_t user, uint64_t system)
{
	to[0] = user / 100;
	to[1] = user % 100 * HUNDREDTH_US;
	to[2] = system / 100;
	to[3] = system % 100 * HUNDREDTH_US;
}

static void fill_times(struct sysctl *s, const struct process_facts *f, struct kinfo_process *k)
{
	enum { MINOR = 8, MAJOR = 9, SWITCHES = 16, FORCED = 17 };
	uint64_t used = f->user + f->system, children = f->children_user + f->children_system;
	int64_t seconds, nanoseconds, wall;
	uint64_t now;

	fill_usage(k->usage, f->user, f->system);
	fill_usage(k->children_usage, f->children_user, f->children_system);
	k->usage[MINOR] = f->minor_faults;
	k->usage[MAJOR] = f->major_faults;
	k->usage[SWITCHES] = f->switches;
	k->usage[FORCED] = f->forced_switches;
	k->run_time = used * HUNDREDTH_US;
	k->children_time[0] = (int64_t)(children / 100);
	k->children_time[1] = (int64_t)(children % 100 * HUNDREDTH_US);
	if (sysctl_boot_time(s->c, &seconds, &nanoseconds) < 0)
		return;
	wall = nanoseconds / 1000 + (int64_t)(f->start % 100 * HUNDREDTH_US);
	k->start[0] = seconds + (int64_t)(f->start / 100) + wall / 1000000;
	k->start[1] = wall % 1000000;
	if (now_ns(s->c, CLOCK_BOOTTIME, &now) < 0 || now / 10000000 <= f->start)
		return;
	/* Of its whole life: Linux keeps no decaying average. */
	k->cpu_percent = (uint32_t)(used * FIXED_POINT / (now / 10000000 - f->start));
}

static void fill_ids(const struct process_facts *f, struct kinfo_process *k)
{
	k->pid = f->pid;
	k->parent = f->parent;
	k->group = f->group;
	k->session = f->session;
	k->terminal_group = f->terminal ? f->terminal_group : 0;
	k->terminal_session = f->terminal ? f->session : 0;
	k->device = device_of(f->terminal);
	k->device11 = (uint32_t)k->device;
	k->ruid = f->uid[0];
	k->uid = f->uid[1];
	k->svuid = f->uid[2];
	k->rgid = f->gid[0];
	k->svgid = f->gid[2];
	k->n_groups = (int16_t)f->n_groups;
	memcpy(k->groups, f->groups, sizeof k->groups);
	if (!k->n_groups)
		k->groups[k->n_groups++] = (int32_t)f->gid[1];
}

static void fill_process(struct sysctl *s, const struct process_facts *f, struct kinfo_process *k)
{
	const struct personality *p = s->c->personality;
	char path[FACTS_PATH];

	*k = (struct kinfo_process){.size = sizeof *k,
				    .pending = signals_of(p, f->pending),
				    .blocked = signals_of(p, f->blocked),
				    .ignored = signals_of(p, f->ignored),
				    .caught = signals_of(p, f->caught),
				    .memory = f->memory,
				    .resident = f->resident,
				    .state = state_of(f->state),
				    .nice = (int8_t)f->nice,
				    .cpu = -1,
				    .last_cpu = f->processor,
				    .cpu_old = 255,
				    .last_cpu_old = (uint8_t)f->processor,
				    .threads = f->threads,
				    .tid = f->pid + TID_BASE,
				    /* As the nice value alone would have it. */
				    .priority = {PRI_TIMESHARE,
						 (uint8_t)(TIMESHARE_MIDDLE + f->nice)},
				    .flags = P_INMEM,
				    .thread_flags = TDF_INMEM};
	fill_ids(f, k);
	fill_times(s, f, k);
	if (f->terminal)
		k->flags |= P_CONTROLT, k->kinfo_flags |= KI_CTTY;
	if (f->session == f->pid)
		k->kinfo_flags |= KI_SLEADER;
	if (f->threads > 1)
		k->flags |= P_HADTHREADS;
	if (f->state == 'S')
		k->thread_flags |= TDF_SINTR;
	if (facts_arguments(s->c, f->pid, NULL, 0, 0, path) < 0 || !path[0])
		kinfo_copy_name(path, sizeof path, f->name);
	kinfo_copy_name(k->command, sizeof k->command, last_part(path));
	kinfo_copy_name(k->thread_name, sizeof k->thread_name, k->command);
	kinfo_copy_name(k->login, sizeof k->login, s->c->thread->process->login);
	kinfo_copy_name(k->emulation, sizeof k->emulation, "FreeBSD ELF64");
	kinfo_copy_name(k->class, sizeof k->class, "default");
}

static int out_threads(struct sysctl *s, int pid, struct kinfo_process *k)
{
	int32_t tids[512];
	struct process_facts f;
	long n = facts_list(s->c, pid, "task", tids, COUNT(tids));
	int r = 0;

	for (long i = 0; r == 0 && i < n; i++) {
		if (facts_process(s->c, pid, tids[i], &f) < 0)
			continue; /* gone meanwhile */
		k->tid = tids[i] + TID_BASE;
		k->state = state_of(f.state);
		memset(k->thread_name, 0, sizeof k->thread_name);
		kinfo_copy_name(k->thread_name, sizeof k->thread_name,
				tids[i] == pid ? k->command : f.name);
		r = sysctl_out(s, k, sizeof *k);
	}
	return n < 0 ? (int)n : r;
}

static int out_process(struct sysctl *s, int pid, const struct choice *choice)
{
	struct process_facts f;
	struct kinfo_process k;
	int r = facts_process(s->c, pid, 0, &f);

	if (r < 0)
		return r;
	if (!is_chosen(choice, &f))
		return 0;
	fill_process(s, &f, &k);
	return choice->threads ? out_threads(s, pid, &k) : sysctl_out(s, &k, sizeof k);
}

/* The kernel promises room for five more to who asks for the size. */
static int out_slack(struct sysctl *s)
{
	if (!s->old)
		s->used += 5 * sizeof(struct kinfo_process);
	return 0;
}

int kinfo_processes(struct sysctl *s)
{
	int32_t pids[MOST_PROCESSES];
	struct choice choice = {.how = (uint32_t)s->path[2] & ~(uint32_t)WITH_THREADS,
				.threads = s->path[2] & WITH_THREADS};
	bool all = choice.how == ALL || choice.how == PROCESSES;
	long n;
	int r = 0;

	if (all ? s->depth > s->matched + 1 : s->depth != s->matched + 1)
		return -EINVAL;
	choice.argument = all ? 0 : s->path[s->matched];
	if (choice.how == BY_PID)
		return choice.argument < 1 ? -ESRCH : out_process(s, choice.argument, &choice);
	n = facts_list(s->c, 0, "", pids, COUNT(pids));
	for (long i = 0; i < n && (r == 0 || r == -ESRCH); i++)
		r = out_process(s, pids[i], &choice); /* ESRCH: gone meanwhile */
	if (n < 0)
		return (int)n;
	return r < 0 && r != -ESRCH ? r : out_slack(s);
}

/* ---- Strings ------------------------------------------------------------------------- */

static int out_file(struct sysctl *s, int pid, const char *name)
{
	char piece[1024];
	uint64_t at = 0;
	int r = 0;

	for (long n = 1; r == 0 && n > 0; at += (uint64_t)n) {
		n = facts_read(s->c, pid, name, piece, sizeof piece, at);
		r = n < 0 ? (int)n : n > 0 ? sysctl_out(s, piece, (size_t)n) : 0;
	}
	return r;
}

int kinfo_arguments(struct sysctl *s)
{
	char piece[1024];
	uint64_t at = 0;
	int pid = pid_or_own(s), r = 0;

	if (pid < 0)
		return pid;
	if (pid == s->c->thread->process->pid)
		return sysctl_arguments(s);
	for (long n = 1; r == 0 && n > 0; at += (uint64_t)n) {
		n = facts_arguments(s->c, pid, piece, sizeof piece, at, NULL);
		r = n < 0 ? (int)n : n > 0 ? sysctl_out(s, piece, (size_t)n) : 0;
	}
	return r;
}

int kinfo_environment(struct sysctl *s)
{
	int pid = kinfo_pid(s);

	return pid < 0 ? pid : out_file(s, pid, "environ");
}

int kinfo_path(struct sysctl *s)
{
	char path[FACTS_PATH];
	int pid = pid_or_own(s);
	long n;

	if (pid < 0)
		return pid;
	if (pid == s->c->thread->process->pid)
		return sysctl_out_text(s, s->c->thread->process->path);
	n = facts_arguments(s->c, pid, NULL, 0, 0, path);
	return n < 0 ? (int)n : sysctl_out_text(s, path);
}

/* ---- The rest ---------------------------------------------------------------------------- */

int kinfo_groups(struct sysctl *s)
{
	struct process_facts f;
	int pid = pid_or_own(s), r = pid < 0 ? pid : facts_process(s->c, pid, 0, &f);

	if (r < 0)
		return r;
	if (!f.n_groups)
		f.groups[f.n_groups++] = f.gid[1];
	return sysctl_out(s, f.groups, f.n_groups * sizeof *f.groups);
}

#define GETRLIMIT 194

/* kern.proc.rlimit.PID.RESOURCE */
int kinfo_limit(struct sysctl *s)
{
	struct sysctl whose = *s;
	uint64_t resource, limit[2] = {INT64_MAX, INT64_MAX}; /* RLIM_INFINITY */
	int pid, r;

	if (s->depth != s->matched + 2)
		return -EINVAL;
	whose.depth--;
	pid = kinfo_pid(&whose);
	if (pid < 0)
		return pid;
	/* getrlimit's first argument is of that kind. */
	r = value_to_host(s->c, find_row(s->c->personality, GETRLIMIT)->args[0].type,
			  (uint32_t)s->path[s->matched + 1], &resource);
	if (r == 0 && resource != RESOURCE_UNLIMITED)
		r = facts_limit(s->c, pid, (unsigned)resource, limit);
	for (int i = 0; i < 2; i++)
		if (limit[i] > INT64_MAX)
			limit[i] = INT64_MAX;
	return r < 0 ? r : sysctl_out(s, limit, sizeof limit);
}

/* The caller's own: it lies behind the environment's NULL (struct ps_strings, sys/exec.h). */
int kinfo_vector(struct sysctl *s)
{
	const struct process *p = s->c->thread->process;
	uint64_t pair[2] = {1}, envp = 0, envc = 0, at;
	int pid = kinfo_pid(s), r;

	if (pid < 0)
		return pid;
	if (pid != p->pid)
		return -EPERM;
	r = get_guest(s->c, &envp, p->ps_strings + 16, sizeof envp);
	if (r == 0)
		r = get_guest(s->c, &envc, p->ps_strings + 24, sizeof envc);
	at = envp + 8 * ((uint32_t)envc + 1UL);
	for (int i = 0; r == 0 && pair[0] && i < 64; i++, at += sizeof pair) {
		r = get_guest(s->c, pair, at, sizeof pair);
		if (r == 0)
			r = sysctl_out(s, pair, sizeof pair);
	}
	return r;
}

/* struct kinfo_sigtramp */
int kinfo_trampoline(struct sysctl *s)
{
	const struct process *p = s->c->thread->process;
	const uint64_t tramp[6] = {p->trampoline, p->trampoline + 17};
	int pid = kinfo_pid(s);

	if (pid < 0)
		return pid;
	return pid == p->pid ? sysctl_out(s, tramp, sizeof tramp) : -EPERM;
}
