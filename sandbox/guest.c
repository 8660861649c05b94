/* The process that becomes the program: made by process 1, in whose memory it is until it
 * executes, its rights already gone. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

/* kill(0, ...) inside must reach neither process 1 nor the caller's processes. */
int step_group(struct box *b, const struct step *s)
{
	if (setpgid(0, 0) < 0)
		return -errno;
	return b->pty < 0 ? 0 : pty_become(&b->wish, b->pty);
}

int step_no_core(struct box *b, const struct step *s)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) < 0 ? -errno : 0;
}

/* Nothing here installs handlers; only SIGCHLD was touched, by the supervisor.  The mask
 * is the caller's once the descriptors are in place (step_execute). */
int step_signals(struct box *b, const struct step *s)
{
	bool ignored = b->ignored >> (SIGCHLD - 1) & 1;

	return signal(SIGCHLD, ignored ? SIG_IGN : SIG_DFL) == SIG_ERR ? -errno : 0;
}

static int hide(int fd, enum hidden place)
{
	return dup3(fd, (int)place, 0) < 0 ? -errno : 0;
}

static int place_hidden(const struct box *b)
{
	const struct box_trace *t = &b->options->trace;
	int r = hide(b->options->traced ? b->stub : b->resident, HIDDEN_RESIDENT);

	if (r == 0)
		r = hide(b->settings, HIDDEN_SETTINGS);
	if (r == 0)
		r = hide(t->drain ? t->ring : b->resident, HIDDEN_TRACE);
	if (r == 0)
		r = hide(t->drain ? t->bell : b->resident, HIDDEN_BELL);
	if (r == 0)
		r = hide(b->processes >= 0 ? b->processes : b->resident, HIDDEN_PROCESSES);
	if (r == 0)
		r = hide(b->board, HIDDEN_BOARD);
	if (r == 0)
		r = hide(b->board_bell, HIDDEN_BOARD_BELL);
	for (int fd = HIDDEN_BOARD_BELL + 1; r == 0 && fd <= HIDDEN_LAST; fd++)
		r = dup3(b->resident, fd, 0) < 0 ? -errno : 0;
	return r;
}

/* A standard descriptor on one of the host's device files is opened again as the box's own:
 * through the host's, its owner could change the mode for everybody. */
static int own_device(int fd)
{
	struct stat st;
	const char *path;
	int flags;

	if (fstat(fd, &st) < 0)
		return 0; /* not open: then nothing leaks */
	path = S_ISCHR(st.st_mode) ? box_device(st.st_rdev) : NULL;
	if (!path)
		return 0;
	flags = fcntl(fd, F_GETFL);
	AUTO_CLOSE int own = flags < 0 ? -1
				       : open(path, (flags & (O_ACCMODE | O_APPEND | O_NONBLOCK)) |
							    O_NOCTTY | O_CLOEXEC);
	return own < 0 || dup2(own, fd) < 0 ? -errno : 0;
}

static int own_devices(void)
{
	int r = 0;

	for (int fd = 0; r == 0 && fd <= 2; fd++)
		r = own_device(fd);
	return r;
}

/* From here on stop signals are not blocked any more.  One that came before, or comes before the
 * program is executed, must not stop a process whose parent waits for it (init.c): a handler, which
 * is gone with execve(2), keeps it for the parent, in the memory the two have in common. */
static volatile sig_atomic_t kept_stops; /* a handler is given nothing to find anything else by */

static void keep_stop(int number)
{
	kept_stops |= 1 << (number - 1);
}

uint64_t guest_kept_stops(void)
{
	return (uint64_t)kept_stops;
}

static int unblock(const struct box *b)
{
	static const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};

	/* Without namespaces the parent goes on, and has its own memory (weaker.c). */
	for (size_t i = 0; !b->options->no_namespaces && i < sizeof stops / sizeof *stops; i++)
		if (!(b->ignored >> (stops[i] - 1) & 1) && signal(stops[i], keep_stop) == SIG_ERR)
			return -errno;
	return sigprocmask(SIG_SETMASK, &b->mask, NULL) < 0 ? -errno : 0;
}

/* What was opened by guise itself has low numbers (the supervisor closed all but 0-2 and
 * the trace), so the hidden ones overwrite nothing that is still needed. */
int step_descriptors(struct box *b, const struct step *s)
{
	struct rlimit old, raised;

	if (close_range(HIDDEN_FIRST, ~0U, 0) < 0 || getrlimit(RLIMIT_NOFILE, &old) < 0)
		return -errno;
	if (old.rlim_max <= HIDDEN_LAST)
		return failure_set(b->why, EXIT_GUISE,
				   "the hard limit on open files is %lu, guise needs %d; "
				   "raise it (ulimit -Hn)",
				   (unsigned long)old.rlim_max, HIDDEN_LAST + 1);
	raised = old;
	if (raised.rlim_cur <= HIDDEN_LAST)
		raised.rlim_cur = HIDDEN_LAST + 1;
	if (setrlimit(RLIMIT_NOFILE, &raised) < 0)
		return -errno;
	int r = place_hidden(b);
	if (r == 0)
		r = own_devices();
	if (r < 0)
		return r;
	if (setrlimit(RLIMIT_NOFILE, &old) < 0)
		return -errno;
	/* Up to exec the channel is still needed, to say what failed. */
	return close_range(3, HIDDEN_FIRST - 1, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

int step_native_descriptors(struct box *b, const struct step *s)
{
	int r = own_devices();

	if (r < 0)
		return r;
	return close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

/* $(B)/filter_native.c: made at build time by mkfilter.c. */
extern const struct sock_filter native_filter[];
extern const unsigned short native_filter_length;

int step_native_filter(struct box *b, const struct step *s)
{
	return confine_filter(native_filter, native_filter_length);
}

int step_native_execute(struct box *b, const struct step *s)
{
	int r = unblock(b);
	if (r < 0)
		return r;
	execve(s->to, b->options->argv, b->options->envp);
	return failure_set(b->why, EXIT_NOT_RUNNABLE, "%s: %s; check the file and its interpreter",
			   s->to, strerror(errno));
}

static uint64_t blocked(const sigset_t *mask)
{
	uint64_t bits = 0;

	for (int n = 1; n <= 64; n++)
		if (sigismember(mask, n) == 1)
			bits |= 1UL << (n - 1);
	return bits;
}

static void describe(const struct box *b, char text[HANDOVER_TEXT])
{
	const struct handover h = {.flags = HANDOVER_FIRST,
				   .mask = {blocked(&b->mask)},
				   .ignored = {b->ignored}};

	handover_encode(text, &h);
}

/* launch.h: "guise", the handover, the path, the program's own arguments. */
int step_execute(struct box *b, const struct step *s)
{
	char handover[HANDOVER_TEXT];
	size_t n = 0;

	while (b->options->argv[n])
		n++;
	AUTO_FREE char **argv = calloc(n + 4, sizeof *argv);
	if (!argv)
		return -ENOMEM;
	describe(b, handover);
	argv[0] = (char *)"guise";
	argv[1] = handover;
	argv[2] = s->to;
	memcpy(argv + 3, b->options->argv, n * sizeof *argv);
	int r = unblock(b);
	if (r < 0)
		return r;
	(void)syscall(SYS_execveat, b->options->traced ? b->resident : HIDDEN_RESIDENT, "", argv,
		      b->options->envp, AT_EMPTY_PATH);
	return -errno;
}

_Noreturn void guest_main(struct box *b)
{
	struct message m = {.kind = MESSAGE_FAILED};

	b->why = &m.failure;
	(void)box_perform(b, IN_GUEST); /* comes back only if it failed */
	box_send(b, &m);
	_exit(EXIT_GUISE);
}
