/* A sandbox without namespaces, for where there are none to be had: in a container that gives
 * none, or under a system that keeps them from its users.  Named, because it is weaker:
 *
 *	files      Landlock alone: what is shown can be read, what is shown writable changed, at
 *	           its own path.  Names, sizes and times of everything else can be seen; modes,
 *	           owners, times and attributes of nothing can be changed, not of its own files
 *	processes  those of the user can be seen by number, but not signalled (Landlock), traced,
 *	           or given other limits (filter)
 *	network    none, or the host's: a filter on socket(), and Landlock for TCP
 *	IPC        none but pipes, socket pairs and memory shared by descriptors
 *	rights     none to be had, as ever
 *	filter     as ever, and weaker.def under it
 *	end        whatever the program started is a child of guise's in the end, and killed.  If
 *	           guise itself is killed, only the first process goes with it
 *
 * What cannot be had so is refused: other paths inside, a root directory, memory for /tmp,
 * overlays, hidden or kept places, a loopback of its own, counted processes, a terminal of its
 * own (the caller's stays the program's), tracing, --timeout.  Nothing runs unless Landlock
 * has all this needs (version 6, Linux 6.12).
 */
#include "sandbox/weaker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/landlock.h"
#include "sandbox/scope.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))
#define NEEDED_LANDLOCK 6
#define CHILDREN "/proc/thread-self/children" /* CONFIG_PROC_CHILDREN */

/* ---- The plan -------------------------------------------------------------------------- */

static int refuse(struct failure *why, const char *what, const char *cure)
{
	return failure_set(why, EXIT_GUISE, "--weaker no-namespaces: %s cannot be had so; %s", what,
			   cure);
}

static bool is_limited(const struct limits *l, enum limit_kind kind)
{
	return l->of[kind].given && kind != LIMIT_OPEN_FILES && kind != LIMIT_FILE_SIZE;
}

static int check_options(const struct box_options *o, struct failure *why)
{
	if (landlock_version() < NEEDED_LANDLOCK)
		return failure_set(why, EXIT_GUISE,
				   "--weaker no-namespaces: needs Landlock version %d, Linux 6.12; "
				   "%s",
				   NEEDED_LANDLOCK, landlock_cure());
	if (access(CHILDREN, R_OK) < 0)
		return refuse(why, "an end of everything", "mount /proc, which tells children");
	if (o->root)
		return refuse(why, "another root", "leave --root out");
	if (o->own_time)
		return refuse(why, "a namespace", "leave --time-namespace out");
	if (!o->host_network && !o->no_network)
		return refuse(why, "a loopback of its own", "give --net off or --net host");
	if (o->trace.drain)
		return refuse(why, "a trace", "run it without");
	if (o->timeout_ms)
		return refuse(why, "--timeout", "use timeout(1)");
	if (o->procfs)
		return refuse(why, "a /proc of its own", "leave --proc out");
	if (o->empty_home)
		return refuse(why, "an empty home directory", "give another profile");
	for (enum limit_kind kind = 0; kind < LIMIT_KINDS; kind++)
		if (is_limited(&o->limits, kind) && !o->limits.best_effort)
			return refuse(why, "a limit that counts",
				      "leave it out or give --best-effort");
	return 0;
}

enum allowance { ALLOW_READ, ALLOW_WRITE, ALLOW_DEVICE };

static int add(struct plan *p, const struct step *s, struct failure *why)
{
	return plan_add(p, s) < 0 ? failure_set(why, EXIT_GUISE, "out of memory") : 0;
}

static int allow(struct plan *p, const char *path, enum allowance what, struct failure *why)
{
	return add(p, &(struct step){.kind = STEP_ALLOW, .to = (char *)path, .number = what}, why);
}

/* Inside, a path is the host's: what is to be there must be there already. */
static bool is_there(const char *from, const char *to)
{
	struct stat a, b;

	return stat(from, &a) == 0 && stat(to, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int allow_bind(struct plan *p, const struct bind *b, struct failure *why)
{
	if (b->kind == BIND_FREEZE)
		return access(b->to, F_OK) < 0
			       ? 0
			       : failure_set(why, EXIT_GUISE,
					     "--weaker no-namespaces: %s cannot be kept as it is "
					     "in a writable directory; show that with --ro, or "
					     "give --no-cwd",
					     b->to);
	if (b->kind != BIND_HOST)
		return refuse(why, b->to, "only --ro and --rw can");
	if (access(b->from, F_OK) < 0)
		return failure_set(why, EXIT_GUISE, "%s: no such file or directory; check the path",
				   b->from);
	if (!is_there(b->from, b->to))
		return refuse(why, b->to, "show things at their own paths");
	return allow(p, b->to, b->writable ? ALLOW_WRITE : ALLOW_READ, why);
}

static int add_allowances(const struct box_options *o, struct plan *p, struct failure *why)
{
	static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
					      "/dev/urandom"};

	for (size_t i = 0; i < COUNT_OF(devices); i++)
		if (access(devices[i], F_OK) == 0 && allow(p, devices[i], ALLOW_DEVICE, why) < 0)
			return -1;
	if (o->working && allow(p, o->working, ALLOW_WRITE, why) < 0)
		return -1;
	for (size_t i = 0; i < o->n_binds; i++)
		if (allow_bind(p, &o->binds[i], why) < 0)
			return -1;
	if (!o->program_from)
		return 0;
	if (!is_there(o->program_from, o->program))
		return refuse(why, o->program, "name the program by its own path");
	return allow(p, o->program, ALLOW_READ, why);
}

static int add_limits(const struct box_options *o, struct plan *p, struct failure *why)
{
	static const enum limit_kind kinds[] = {LIMIT_OPEN_FILES, LIMIT_FILE_SIZE};

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		const struct limit *l = &o->limits.of[kinds[i]];
		const struct step s = {.kind = STEP_LIMIT,
				       .number = l->value,
				       .text = (char *)limit_name(kinds[i])};
		if (l->given && l->value != LIMIT_NONE && add(p, &s, why) < 0)
			return -1;
	}
	return 0;
}

static int add_kinds(struct plan *p, const enum step_kind *kinds, size_t n, struct failure *why)
{
	for (size_t i = 0; i < n; i++)
		if (add(p, &(struct step){.kind = kinds[i]}, why) < 0)
			return -1;
	return 0;
}

static int add_all(const struct box_options *o, struct plan *p, struct failure *why)
{
	const enum step_kind start[] = {STEP_CHECK_STDIO, STEP_IMAGES, STEP_FILL};
	const enum step_kind guest[] = {STEP_NO_CORE, STEP_SIGNALS,
					o->native ? STEP_NATIVE_DESCRIPTORS : STEP_DESCRIPTORS};
	const struct step enter = {.kind = STEP_ENTER, .to = (char *)o->directory};
	const struct step rules = {.kind = STEP_RULES, .number = landlock_version()};
	const struct step filter = {.kind = STEP_WEAKER_FILTER, .number = o->host_network};
	const struct step execute = {.kind = o->native ? STEP_NATIVE_EXECUTE : STEP_EXECUTE,
				     .to = (char *)o->program};

	if (add_kinds(p, start, o->native ? 1 : COUNT_OF(start), why) < 0 ||
	    add(p, &(struct step){.kind = STEP_TIE}, why) < 0 || add(p, &enter, why) < 0 ||
	    add(p, &(struct step){.kind = STEP_DROP}, why) < 0 || add(p, &rules, why) < 0 ||
	    add_allowances(o, p, why) < 0 ||
	    add(p, &(struct step){.kind = STEP_ENFORCE}, why) < 0 ||
	    add_kinds(p, guest, COUNT_OF(guest), why) < 0 || add_limits(o, p, why) < 0 ||
	    add(p, &filter, why) < 0 ||
	    (o->native && add(p, &(struct step){.kind = STEP_NATIVE_FILTER}, why) < 0))
		return -1;
	return add(p, &execute, why);
}

int weaker_plan(const struct box_options *o, struct plan *out, struct failure *why)
{
	*out = (struct plan){0};
	if (check_options(o, why) < 0)
		return -1;
	if (add_all(o, out, why) == 0)
		return 0;
	plan_free(out);
	return -1;
}

/* ---- Steps ------------------------------------------------------------------------------- */

int step_rules(struct box *b, const struct step *s)
{
	b->rules = landlock_begin((unsigned)s->number, b->options->no_network);
	return b->rules < 0 ? b->rules : 0;
}

int step_allow(struct box *b, const struct step *s)
{
	static int (*const allow_it[])(int, const char *) = {
		[ALLOW_READ] = landlock_allow_read,
		[ALLOW_WRITE] = landlock_allow_write,
		[ALLOW_DEVICE] = landlock_allow_device,
	};

	return allow_it[s->number](b->rules, s->to);
}

int step_enforce(struct box *b, const struct step *s)
{
	int r = landlock_enforce(b, b->rules);

	close(b->rules);
	return r;
}

/* $(B)/filter_weaker.c, $(B)/filter_weaker_net.c: made at build time by mkfilter.c. */
extern const struct sock_filter weaker_filter[], weaker_net_filter[];
extern const unsigned short weaker_filter_length, weaker_net_filter_length;

int step_weaker_filter(struct box *b, const struct step *s)
{
	return s->number ? confine_filter(weaker_net_filter, weaker_net_filter_length)
			 : confine_filter(weaker_filter, weaker_filter_length);
}

/* ---- The run ------------------------------------------------------------------------------ */

static _Noreturn void become(struct box *b, pid_t supervisor)
{
	struct message m = {.kind = MESSAGE_FAILED};

	b->why = &m.failure;
	if (box_perform(b, IN_INIT) < 0) {
		box_send(b, &m);
		_exit(EXIT_GUISE);
	}
	if (getppid() != supervisor) /* gone before it was tied to it */
		_exit(EXIT_GUISE);
	guest_main(b);
}

/* What a terminal sends, it sends to the program as well: they share a process group. */
static void pass_on(pid_t program, const struct signalfd_siginfo *info)
{
	if (info->ssi_code != SI_KERNEL)
		(void)kill(program, (int)info->ssi_signo); /* not waited for yet: it is there */
}

/* True once the program has ended.  If it stops, so does guise. */
static bool reap(pid_t program, int *status)
{
	bool over = false;
	pid_t pid;
	int s;

	while ((pid = waitpid(-1, &s, WNOHANG | WUNTRACED)) > 0) {
		if (pid != program)
			continue;
		if (WIFSTOPPED(s)) {
			(void)kill(getpid(), SIGSTOP); /* itself: cannot fail */
			(void)kill(program, SIGCONT); /* not waited for yet: it is there */
			continue;
		}
		*status = s;
		over = true;
	}
	return over;
}

static int attend(pid_t program, int signals)
{
	struct signalfd_siginfo info;
	int status = 0;

	for (;;) {
		ssize_t n = read(signals, &info, sizeof info);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd wait = {.fd = signals, .events = POLLIN};
			(void)poll(&wait, 1, -1); /* read says what there is */
			continue;
		}
		if (n != (ssize_t)sizeof info)
			continue;
		if (info.ssi_signo != SIGCHLD)
			pass_on(program, &info);
		else if (reap(program, &status))
			return status;
	}
}

/* Kills the children there are by the kernel's list: they are not waited for yet, so each
 * number is still theirs.  False if it cannot be read. */
static bool kill_children(void)
{
	FILE *f = fopen(CHILDREN, "re");
	int pid;

	if (!f)
		return false;
	while (fscanf(f, "%d", &pid) == 1)
		if (pid > 1)
			(void)kill(pid, SIGKILL); /* ended by itself, if it fails */
	fclose(f);
	return true;
}

/* Whoever loses its parent becomes a child of this process (PR_SET_CHILD_SUBREAPER). */
static int end_the_rest(struct failure *why)
{
	while (waitpid(-1, NULL, WNOHANG) >= 0 || errno == EINTR) {
		if (!kill_children())
			return failure_set(why, EXIT_GUISE,
					   CHILDREN ": %s; what the program started still runs",
					   strerror(errno));
		(void)waitpid(-1, NULL, 0); /* one of them; none is an end of the loop */
	}
	return 0;
}

static int run(struct box *b, int signals)
{
	int channel[2];
	pid_t self = getpid();

	if (box_perform(b, IN_SUPERVISOR) < 0)
		return -1;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, channel) < 0)
		return failure_set(b->why, EXIT_GUISE, "cannot start the program: %s",
				   strerror(errno));
	pid_t program = fork();
	if (program == 0) {
		close(channel[0]);
		b->channel = channel[1];
		become(b, self);
	}
	close(channel[1]);
	AUTO_CLOSE int from = channel[0];
	if (program < 0)
		return failure_set(b->why, EXIT_GUISE, "cannot start the program: %s",
				   strerror(errno));
	int status = attend(program, signals);
	struct message m;
	struct channel_descriptors got;
	if (channel_receive(from, &m, &got) > 0) {
		channel_close_all(&got);
		*b->why = m.failure;
	}
	if (end_the_rest(b->why) < 0 || b->why->status)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int weaker_run(const struct plan *plan, const struct box_options *options, struct failure *why)
{
	struct terminal terminal = TERMINAL_NONE;
	struct box b = {
		.plan = plan,
		.options = options,
		.why = why,
		.resident = -1,
		.stub = -1,
		.settings = -1,
		.processes = -1,
		.queues = -1,
		.board = -1,
		.board_bell = -1,
		.channel = -1,
		.root = -1,
		.proc = -1,
		.network = -1,
		.terminal = &terminal,
		.pty = -1,
	};
	AUTO_CLOSE int signals = box_take_signals(&b);

	if (signals < 0)
		return failure_set(why, EXIT_GUISE, "cannot watch signals: %s", strerror(-signals));
	int r = run(&b, signals);
	box_give_signals_back(&b);
	return r;
}
