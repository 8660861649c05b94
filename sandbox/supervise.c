/* The supervisor: guise as the caller started it.
 *
 *     caller's session          | sandbox
 *     supervisor  --channel-->  | init (process 1)  --fork-->  the program
 *
 * It stays in the caller's session and process group, so that the caller's shell stops,
 * continues and interrupts it as it would the program, and passes that on.  It waits for
 * init, and so for everything inside, before it returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/cleaner.h"
#include "sandbox/leftovers.h"
#include "sandbox/scope.h"
#include "sandbox/weaker.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

/* ---- Steps ----------------------------------------------------------------------- */

static int (*const steps[])(struct box *, const struct step *) = {
	[STEP_CHECK_STDIO] = step_check_stdio,
	[STEP_IMAGES] = step_images,
	[STEP_KEEP] = step_keep,
	[STEP_CLEANER] = step_cleaner,
	[STEP_CGROUP] = step_cgroup,
	[STEP_NAMESPACES] = step_namespaces,
	[STEP_FILL] = step_fill,
	[STEP_TIE] = step_tie,
	[STEP_MAP_USER] = step_map_user,
	[STEP_NO_NESTING] = step_no_nesting,
	[STEP_JOIN] = step_join,
	[STEP_NUMBERS] = step_numbers,
	[STEP_FIRST_TO_GO] = step_first_to_go,
	[STEP_SHARE] = step_share,
	[STEP_COUNTS] = step_counts,
	[STEP_HOSTNAME] = step_hostname,
	[STEP_REFUSE_FOREIGN] = step_refuse_foreign,
	[STEP_PROCESSES] = step_processes,
	[STEP_QUEUES] = step_queues,
	[STEP_STDIO] = step_stdio,
	[STEP_ROOT] = step_root,
	[STEP_BASE] = step_base,
	[STEP_TMPFS] = step_tmpfs,
	[STEP_PTS] = step_pts,
	[STEP_READ_ONLY] = step_bind,
	[STEP_WRITABLE] = step_bind,
	[STEP_OVERLAY] = step_overlay,
	[STEP_OVERLAY_KEPT] = step_overlay,
	[STEP_HIDE] = step_hide,
	[STEP_PROCFS] = step_procfs,
	[STEP_FREEZE] = step_freeze,
	[STEP_DEVICE] = step_device,
	[STEP_LINK] = step_link,
	[STEP_FILE] = step_file,
	[STEP_PIVOT] = step_pivot,
	[STEP_SEAL] = step_seal,
	[STEP_ENTER] = step_enter,
	[STEP_DROP] = step_drop,
	[STEP_RULES] = step_rules,
	[STEP_ALLOW] = step_allow,
	[STEP_ENFORCE] = step_enforce,
	[STEP_LANDLOCK] = step_landlock,
	[STEP_NETWORK] = step_network,
	[STEP_SETTLED] = step_settled,
	[STEP_SESSION] = step_session,
	[STEP_GROUP] = step_group,
	[STEP_NO_CORE] = step_no_core,
	[STEP_SIGNALS] = step_signals,
	[STEP_AWAIT] = step_await,
	[STEP_DESCRIPTORS] = step_descriptors,
	[STEP_NATIVE_DESCRIPTORS] = step_native_descriptors,
	[STEP_NATIVE_FILTER] = step_native_filter,
	[STEP_LIMIT] = step_limit,
	[STEP_LIMIT_HOLDS] = step_limit_holds,
	[STEP_WEAKER_FILTER] = step_weaker_filter,
	[STEP_EXECUTE] = step_execute,
	[STEP_NATIVE_EXECUTE] = step_native_execute,
	[STEP_SETTLE] = step_settle,
};
_Static_assert(COUNT_OF(steps) == STEP_KINDS, "every kind is done somehow");

static const char *cure_for(const struct step *s, int error)
{
	bool rights = error == -EPERM || error == -EACCES;

	if (s->kind == STEP_MAP_USER && error == -ENOENT)
		return "mount the proc file system at /proc";
	if (s->kind == STEP_MAP_USER && error == -EROFS)
		return "whoever confines this process must leave /proc/PID/uid_map writable";
	if (s->kind == STEP_ENTER)
		return "give a directory of the sandbox with --chdir";
	if (s->kind == STEP_OVERLAY || s->kind == STEP_OVERLAY_KEPT)
		return overlay_cure(error);
	if (s->kind == STEP_HIDE && error == -ENOENT)
		return "only what is there can be hidden: check the path";
	if (error == -EROFS)
		return "what a writable directory lacks is not made there: make it first";
	return rights && (step_place(s->kind) == IN_INIT || step_place(s->kind) == BESIDE_INIT)
		       ? confine_refusal()
		       : NULL;
}

static int fail_step(struct box *b, const struct step *s, int error)
{
	const char *cure = cure_for(s, error);
	const char *path = s->from ? s->from : s->to ? s->to : "";
	const char *at = s->from && s->to && strcmp(s->from, s->to) != 0 ? s->to : "";

	return failure_set(b->why, EXIT_GUISE, "sandbox: %s%s%s%s%s: %s%s%s", step_name(s->kind),
			   *path ? " " : "", path, *at ? " at " : "", at, strerror(-error),
			   cure ? "; " : "", cure ? cure : "");
}

int box_perform(struct box *b, enum step_place place)
{
	for (size_t i = 0; i < b->plan->n; i++) {
		const struct step *s = &b->plan->steps[i];
		if (step_place(s->kind) != place)
			continue;
		int r = steps[s->kind](b, s);
		if (r < 0)
			return fail_step(b, s, r);
	}
	return 0;
}

/* ---- Namespaces ------------------------------------------------------------------------ */

int box_refused(struct box *b, uint64_t spaces, int error)
{
	const char *cure = confine_refusal();

	if (error == -EPERM || error == -ENOSPC || error == -EUSERS || error == -EACCES)
		return failure_set(
			b->why, EXIT_GUISE,
			"this system gives no user namespaces (%s); %s; or see --weaker in guise-run(1)",
			strerror(-error),
			cure ? cure
			     : "raise the sysctls under user.max_*_namespaces, or "
			       "ask whoever confines this process");
	if (error == -EINVAL || error == -ENOSYS)
		return failure_set(b->why, EXIT_GUISE,
				   "this system gives no namespaces of some kind (%s); take a "
				   "kernel with all CONFIG_*_NS%s",
				   strerror(-error),
				   spaces & CLONE_NEWTIME ? ", or leave --time-namespace out" : "");
	return error;
}

/* Made by process 1 itself: while it does, its network is made beside it (beside.c). */
#define INSIDE (CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* fork(2) into new namespaces.  Nothing that belongs to libc's idea of a thread is used on
 * the other side. */
int step_namespaces(struct box *b, const struct step *s)
{
	int channel[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
		return -errno;
	b->spaces = s->number & INSIDE;
	long pid = cgroup_clone(b, s->number & ~(uint64_t)(CLONE_NEWNET | INSIDE));
	if (pid == 0) {
		close(channel[0]);
		b->channel = channel[1];
		beside_await(b);
		init_main(b);
	}
	int error = -errno;
	close(channel[1]);
	if (pid < 0) {
		close(channel[0]);
		return box_refused(b, s->number, error);
	}
	b->channel = channel[0];
	b->init = (pid_t)pid;
	beside_init(b);
	return 0;
}

/* ---- Signals --------------------------------------------------------------------------- */

/* What a caller may send to the program by sending it to guise. */
static const int passed_on[] = {SIGHUP,	 SIGINT,  SIGQUIT, SIGTERM,
				SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};
/* What stops the program, and then guise. */
static const int stopping[] = {SIGTSTP, SIGTTIN, SIGTTOU};

static uint64_t find_ignored(void)
{
	uint64_t ignored = 0;
	struct sigaction a;

	for (int n = 1; n <= 64; n++)
		if (sigaction(n, NULL, &a) == 0 && a.sa_handler == SIG_IGN)
			ignored |= 1UL << (n - 1);
	return ignored;
}

static void watch(sigset_t *set, const struct box *b, const int *signals, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(b->ignored >> (signals[i] - 1) & 1))
			sigaddset(set, signals[i]);
}

/* Everything is blocked from here on; what concerns us is read from the descriptor. */
int box_take_signals(struct box *b)
{
	sigset_t all, ours;

	b->ignored = find_ignored();
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &b->mask) < 0 || signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return -errno;
	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGCONT); /* even if ignored: it ends what stopped guise */
	watch(&ours, b, passed_on, COUNT_OF(passed_on));
	watch(&ours, b, stopping, COUNT_OF(stopping));
	int fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

void box_give_signals_back(struct box *b)
{
	if (b->ignored >> (SIGCHLD - 1) & 1)
		signal(SIGCHLD, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &b->mask, NULL); /* cannot fail */
}

static void tell(const struct box *b, enum message_kind kind, int number)
{
	const struct message m = {.kind = kind, .number = (uint32_t)number};

	box_send(b, &m);
}

/* If it wants it and guise has it to give. */
static void give_terminal(struct box *b)
{
	struct terminal *t = b->terminal;
	bool given = t->due && terminal_take(t);

	if (t->master >= 0)
		tell(b, given ? MESSAGE_FOREGROUND : MESSAGE_BACKGROUND, 0);
}

/* Continued: to the foreground or not, as the shell decided. */
static void go_on(struct box *b)
{
	give_terminal(b);
	tell(b, MESSAGE_RESUME, 0);
}

/* Stops this process as the signal would have.  The kernel does not where nobody could
 * continue it: then everything goes on, but for a program that waits for the foreground.
 * Otherwise SIGCONT comes, which pass_on() hears. */
static void stop_with(struct box *b, int number)
{
	sigset_t one, old, pending;
	bool waits = b->terminal->master >= 0 && (number == SIGTTIN || number == SIGTTOU);

	terminal_release(b->terminal);
	sigemptyset(&one);
	sigaddset(&one, number);
	(void)kill(getpid(), number); /* itself, by a number that exists: cannot fail */
	if (number != SIGSTOP) {
		/* Valid sets: cannot fail. */
		(void)sigprocmask(SIG_UNBLOCK, &one, &old);
		(void)sigprocmask(SIG_SETMASK, &old, NULL);
	}
	(void)sigpending(&pending); /* a valid place: cannot fail */
	if (!waits && !sigismember(&pending, SIGCONT))
		go_on(b);
}

/* The program stopped itself, or reads from its terminal in the background. */
static void program_stopped(struct box *b, int number)
{
	bool asks = number == SIGTTIN || number == SIGTTOU;

	struct terminal *t = b->terminal;

	t->due |= asks;
	if (asks && !t->taken && terminal_take(t)) {
		tell(b, MESSAGE_FOREGROUND, 0);
		tell(b, MESSAGE_RESUME, 0);
		return;
	}
	stop_with(b, number);
}

/* Everything of it, whatever it is doing. */
static void end_at_once(struct box *b)
{
	if (b->init)
		(void)kill(b->init, SIGKILL); /* our child, not waited for yet: cannot fail */
	else
		tell(b, MESSAGE_KILL, 0);
}

static void set_timer(struct box *b, uint64_t ms)
{
	const struct itimerspec once = {
		.it_value = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000},
	};

	(void)timerfd_settime(b->timer, 0, &once, NULL); /* a time in range: cannot fail */
}

static bool is_stopping(int number)
{
	for (size_t i = 0; i < COUNT_OF(stopping); i++)
		if (stopping[i] == number)
			return true;
	return false;
}

static void stop_all(struct box *b, int number)
{
	tell(b, MESSAGE_STOP, 0);
	stop_with(b, number);
}

static void pass_on(struct box *b, int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
		int number = (int)info.ssi_signo;
		if (number == SIGCHLD)
			continue;
		if (number == SIGCONT)
			go_on(b);
		else if (number == SIGWINCH && b->terminal->master >= 0)
			terminal_resize(b->terminal);
		else if (!is_stopping(number))
			tell(b, MESSAGE_SIGNAL, number);
		else
			stop_all(b, number);
	}
}

/* ---- To the end ---------------------------------------------------------------------------- */

/* As it was wished when it was asked for; the caller may have gone to the background since. */
static void connect_terminal(struct box *b, int master)
{
	terminal_connect(b->terminal, master);
	b->terminal->due = b->wish.foreground;
	give_terminal(b);
}

/* True when there is nothing more to come. */
static bool hear(struct box *b, int *status)
{
	struct message m;
	struct channel_descriptors got;
	int r = channel_receive(b->channel, &m, &got);

	if (r <= 0)
		return r != -EINTR && r != -EAGAIN;
	if (m.kind == MESSAGE_TERMINAL && got.n == 1 && b->terminal->master < 0) {
		connect_terminal(b, got.fd[0]);
		return false;
	}
	channel_close_all(&got); /* none is expected with the others */
	switch (m.kind) {
	case MESSAGE_STOPPED:
		program_stopped(b, (int)m.number);
		return false;
	case MESSAGE_READY:
		b->terminal->ready = b->terminal->taken;
		return false;
	case MESSAGE_ENDED: /* the last: init ends with it */
		*status = (int)m.number;
		return true;
	case MESSAGE_FAILED:
		if (!b->why->status)
			*b->why = m.failure;
		return false;
	default:
		return false;
	}
}

/* Time's up: SIGTERM, and after the grace SIGKILL. */
static void end_in_time(struct box *b)
{
	uint64_t times;

	if (read(b->timer, &times, sizeof times) != (ssize_t)sizeof times)
		return; /* not yet */
	if (b->time_is_up) {
		end_at_once(b);
		return;
	}
	b->time_is_up = true;
	tell(b, MESSAGE_SIGNAL, SIGTERM);
	tell(b, MESSAGE_RESUME, 0); /* one that is stopped is to hear it */
	set_timer(b, b->options->grace_ms);
}

/* Who is over sooner need not be found by anyone, nor leaves anything to find. */
#define UNKNOWN_MS 20

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* a clock there is: cannot fail */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* First somebody who removes what is about to be there. */
static void make_known(struct box *b)
{
	b->is_known = true;
	if (!b->cgroup.cleaner)
		b->cleaner = cleaner_start(leftovers_clean, b->left);
	if (control_open(b) < 0)
		end_at_once(b);
}

/* How long to wait for events, at most: milliseconds, or -1. */
static int patience(struct box *b, int wait)
{
	if (b->is_known || !b->control->record)
		return wait;
	int64_t left = b->began_ms + UNKNOWN_MS - now_ms();
	if (left > 0)
		return wait < 0 || left < wait ? (int)left : wait;
	make_known(b);
	return wait;
}

enum { HEARS = 4 };

static int supervise(struct box *b, int signals)
{
	const struct box_trace *t = &b->options->trace;
	struct pollfd fds[HEARS + TERMINAL_POLLS + CONTROL_POLLS] = {
		{.fd = b->channel, .events = POLLIN},
		{.fd = signals, .events = POLLIN},
		{.fd = t->drain ? t->bell : -1, .events = POLLIN},
		{.fd = b->timer, .events = POLLIN},
	};
	int status = -1;

	for (bool over = false; !over;) {
		int wait = t->drain ? t->drain(t->reader, false) : -1;

		wait = patience(b, wait);
		terminal_poll(b->terminal, fds + HEARS);
		control_poll(b, fds + HEARS + TERMINAL_POLLS);
		if (poll(fds, COUNT_OF(fds), wait) < 0) {
			if (errno != EINTR)
				break;
			continue;
		}
		terminal_relay(b->terminal, fds + HEARS);
		if (fds[3].revents)
			end_in_time(b);
		control_serve(b, fds + HEARS + TERMINAL_POLLS);
		if (fds[1].revents)
			pass_on(b, signals);
		if (fds[0].revents)
			over = hear(b, &status);
	}
	return status;
}

/* Waits until nothing of the sandbox is left; init's own wait status. */
static int wait_for_init(const struct box *b)
{
	int status = 0;

	while (waitpid(b->init, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int exit_status(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/* A pipe from or to the program ends when the program ends it, not when guise does. */
static void let_go_of_stdio(void)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	(void)dup2(null, 0); /* both are open: cannot fail */
	(void)dup2(null, 1);
}

/* What the program wrote last is shown to the end, unless the caller wants an end. */
static void show_the_rest(struct box *b, int signals)
{
	struct signalfd_siginfo info;

	while (terminal_drain(b->terminal, signals))
		while (read(signals, &info, sizeof info) == (ssize_t)sizeof info)
			if (info.ssi_signo != SIGCHLD && info.ssi_signo != SIGCONT &&
			    info.ssi_signo != SIGWINCH)
				return;
}

static int report_time(struct box *b)
{
	return failure_set(b->why, EXIT_TIME_IS_UP,
			   "%s: ran longer than %s (--timeout) and was ended", b->options->argv[0],
			   b->options->timeout_text);
}

int box_attend(struct box *b, int signals)
{
	let_go_of_stdio();
	b->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (b->timer < 0)
		return failure_set(b->why, EXIT_GUISE, "no timer: %s", strerror(errno));
	set_timer(b, b->options->timeout_ms);
	int status = supervise(b, signals);
	close(b->timer);
	if (b->init) {
		if (status < 0)
			(void)kill(b->init, SIGKILL); /* it is ending, or must */
		b->ended = wait_for_init(b);
	}
	show_the_rest(b, signals);
	if (b->time_is_up)
		return report_time(b);
	if (status < 0 && b->killed)
		return 128 + SIGKILL;
	return status < 0 ? -1 : exit_status(status);
}

static int run(struct box *b, int signals)
{
	if (box_perform(b, IN_SUPERVISOR) < 0) {
		if (b->init) {
			(void)kill(b->init, SIGKILL); /* our child, not waited for: cannot fail */
			(void)wait_for_init(b);
			close(b->channel);
		}
		return -1;
	}
	if (b->wish.replaced || b->options->name_is_given)
		make_known(b);
	/* Nobody else's to look into or take descriptors from.  Not earlier: process 1 is a copy,
	 * and to map its user it needs what is in /proc of a dumpable process only. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* cannot fail with 0 */
	int status = box_attend(b, signals);
	if (b->options->trace.drain) /* how long to wait does not matter any more */
		(void)b->options->trace.drain(b->options->trace.reader, true);
	close(b->channel);
	if (b->why->status)
		return -1;
	status = limits_report(b, status);
	if (status < 0)
		return failure_set(b->why, EXIT_GUISE,
				   "sandbox: its process 1 ended before the program (status %d)",
				   exit_status(b->ended));
	return status;
}

int box_run(const struct plan *plan, const struct box_options *options, struct failure *why)
{
	if (options->no_namespaces)
		return weaker_run(plan, options, why);
	static struct terminal terminal =
		TERMINAL_NONE; /* one a process; its queues are seldom touched */
	struct control control = CONTROL_NONE;
	struct box b = {
		.plan = plan,
		.options = options,
		.why = why,
		.resident = -1,
		.stub = -1,
		.settings = -1,
		.processes = -1,
		.queues = -1,
		.foreign = -1,
		.board = -1,
		.board_bell = -1,
		.channel = -1,
		.root = -1,
		.proc = -1,
		.network = -1,
		.terminal = &terminal,
		.control = &control,
		.pty = -1,
		.began_ms = now_ms(),
	};
	AUTO_CLOSE int signals = box_take_signals(&b);

	if (signals < 0)
		return failure_set(why, EXIT_GUISE, "cannot watch signals: %s", strerror(-signals));
	b.left = leftovers_new();
	if (!b.left)
		return failure_set(why, EXIT_GUISE, "out of memory");
	control.record = options->name ? &b.left->record : NULL;
	terminal.left = b.left;
	terminal.keeps_output = options->trace.drain;
	if (!options->no_terminal)
		terminal_find(&terminal, &b.wish);
	int r = run(&b, signals);
	terminal_close(&terminal);
	if (*b.last && options->tell)
		options->tell(b.last);
	control_close(&b);
	cleaner_stop(b.cleaner);
	cgroup_remove(&b);
	leftovers_free(b.left);
	box_give_signals_back(&b);
	if (b.stub >= 0)
		close(b.stub);
	if (b.resident >= 0)
		close(b.resident);
	if (b.settings >= 0)
		close(b.settings);
	return r;
}
