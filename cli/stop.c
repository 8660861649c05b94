/* guise stop and guise kill: ending running sandboxes, or only telling them something. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/lives.h"
#include "sandbox/control.h"
#include "sandbox/scope.h"
#include "syscalls/abi.h"
#include "syscalls/launch.h"

struct stop_options {
	const char *time;
};

struct kill_options {
	const char *signal;
};

static const struct option_row stop_rows[] = {
	{"time", TAKES_TEXT, offsetof(struct stop_options, time), "DURATION",
	 "how long it has to end by itself (" GRACE_SECONDS "s)"},
};

static const struct option_row kill_rows[] = {
	{"signal", TAKES_TEXT, offsetof(struct kill_options, signal), "SIGNAL",
	 "which (TERM); KILL is for the whole sandbox"},
};

static int tell(int fd, const char *name, enum message_kind kind, int number, struct failure *why)
{
	struct message m = {.kind = kind, .number = (uint32_t)number};

	return control_ask(fd, name, &m, NULL, why);
}

/* The other end closes when the sandbox is gone: true if it is, in time. */
static bool wait_for_end(int fd, uint64_t ms)
{
	struct timespec now;
	struct pollfd end = {.fd = fd};
	int r;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* there is one */
	uint64_t until = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + ms;
	do {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		uint64_t at = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
		uint64_t left = at < until ? until - at : 0;
		r = poll(&end, 1, left > 60000 ? 60000 : (int)left);
		if (r == 0 && left == 0)
			return false;
	} while (r == 0 || (r < 0 && errno == EINTR));
	return r > 0;
}

#define AFTER_KILL_MS 20000

static int stop_one(const char *name, uint64_t ms, struct failure *why)
{
	AUTO_CLOSE int fd = control_connect(name, true, why);

	if (fd < 0)
		return -1;
	/* One that is stopped is to hear it. */
	if (ms && (tell(fd, name, MESSAGE_SIGNAL, SIGTERM, why) < 0 ||
		   tell(fd, name, MESSAGE_SIGNAL, SIGCONT, why) < 0))
		return why->status == EXIT_NOT_FOUND ? 0 : -1; /* it has ended: as was wanted */
	if (ms && wait_for_end(fd, ms))
		return 0;
	if (tell(fd, name, MESSAGE_KILL, 0, why) < 0)
		return why->status == EXIT_NOT_FOUND ? 0 : -1;
	if (wait_for_end(fd, AFTER_KILL_MS))
		return 0;
	return failure_set(why, EXIT_GUISE, "%s: does not end even when it is killed", name);
}

static int each(int argc, char **argv, int first, const char *command, struct failure *why,
		int (*one)(const char *name, const void *how, struct failure *why), const void *how)
{
	int r = 0;

	if (first == argc)
		return failure_set(why, EXIT_GUISE, "%s: no name; see guise ps", command);
	for (int i = first; i < argc; i++) {
		struct failure failed = {0};
		if (one(argv[i], how, &failed) == 0)
			continue;
		if (r < 0) /* the first is told by who called */
			fprintf(stderr, "guise: %s\n", failed.text);
		else
			*why = failed;
		r = COMMAND_FAILED;
	}
	return r;
}

static int stop_this(const char *name, const void *ms, struct failure *why)
{
	return stop_one(name, *(const uint64_t *)ms, why);
}

static int stop(int argc, char **argv, struct failure *why)
{
	struct stop_options given = {.time = GRACE_SECONDS};
	int first = options_parse(&command_stop, &given, argc, argv, why);
	uint64_t ms;

	if (first < 0)
		return first;
	if (lives_duration("--time", given.time, &ms, why) < 0)
		return COMMAND_FAILED;
	return each(argc, argv, first, "stop", why, stop_this, &ms);
}

static int kill_this(const char *name, const void *signal_number, struct failure *why)
{
	int number = *(const int *)signal_number;
	AUTO_CLOSE int fd = control_connect(name, number == SIGKILL || number == SIGCONT, why);

	if (fd < 0)
		return -1;
	return number == SIGKILL ? tell(fd, name, MESSAGE_KILL, 0, why)
				 : tell(fd, name, MESSAGE_SIGNAL, number, why);
}

static int send_signal(int argc, char **argv, struct failure *why)
{
	struct kill_options given = {.signal = "TERM"};
	int first = options_parse(&command_kill, &given, argc, argv, why), number;

	if (first < 0)
		return first;
	if (lives_signal(given.signal, &number, why) < 0)
		return COMMAND_FAILED;
	return each(argc, argv, first, "kill", why, kill_this, &number);
}

const struct command command_stop = {
	.name = "stop",
	.operands = "NAME...",
	.summary = "ends running sandboxes, gently first",
	.more = "",
	.rows = stop_rows,
	.n_rows = COUNT(stop_rows),
	.letters = "t",
	.run = stop,
};

const struct command command_kill = {
	.name = "kill",
	.operands = "NAME...",
	.summary = "sends running sandboxes a signal",
	.more = "",
	.rows = kill_rows,
	.n_rows = COUNT(kill_rows),
	.letters = "s",
	.run = send_signal,
};
