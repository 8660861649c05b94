/* Process 1 of the sandbox: builds it, starts the program, reaps everything, passes on
 * signals, and ends everything when the program or the supervisor goes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

struct init {
	struct box *box;
	pid_t program;
	int children; /* signalfd for SIGCHLD */
	bool stopped; /* everything, by the supervisor's order */
};

void box_send(const struct box *b, const struct message *m)
{
	/* If nobody listens any more, this process is about to be killed. */
	(void)send(b->channel, m, sizeof *m, MSG_NOSIGNAL);
}

/* When process 1 ends, the kernel kills what is left in its pid namespace. */
static _Noreturn void finish(const struct box *b, const struct message *m)
{
	box_send(b, m);
	_exit(0);
}

/* To the program and what shares its process group.  Before it has a group of its own it is
 * alone, and keeps the signal until it executes. */
static void signal_program(const struct init *in, int number)
{
	if (kill(-in->program, number) < 0 && errno == ESRCH)
		(void)kill(in->program, number); /* gone already: nothing to tell */
}

static void obey(struct init *in, const struct message *m)
{
	switch (m->kind) {
	case MESSAGE_SIGNAL:
		signal_program(in, (int)m->number);
		break;
	case MESSAGE_STOP:
		in->stopped = true;
		(void)kill(-1, SIGSTOP);
		break;
	case MESSAGE_RESUME:
		in->stopped = false;
		(void)kill(-1, SIGCONT);
		break;
	}
}

static void listen_to_supervisor(struct init *in)
{
	struct message m;
	ssize_t n = recv(in->box->channel, &m, sizeof m, 0);

	if (n == (ssize_t)sizeof m)
		obey(in, &m);
	else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		_exit(EXIT_GUISE); /* the supervisor is gone */
}

static void reap(const struct init *in)
{
	struct signalfd_siginfo drained;
	int status;
	pid_t pid;

	(void)read(in->children, &drained, sizeof drained);
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		struct message m = {.kind = MESSAGE_ENDED, .number = (uint32_t)status};
		if (pid != in->program)
			continue;
		if (!WIFSTOPPED(status))
			finish(in->box, &m);
		m.kind = MESSAGE_STOPPED;
		if (!in->stopped)
			box_send(in->box, &m);
	}
}

static _Noreturn void serve(struct init *in)
{
	struct pollfd fds[] = {
		{.fd = in->children, .events = POLLIN},
		{.fd = in->box->channel, .events = POLLIN},
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			_exit(EXIT_GUISE);
		if (fds[0].revents)
			reap(in);
		if (fds[1].revents)
			listen_to_supervisor(in);
	}
}

/* The program's ends of pipes are its own: a reader outside sees their end when the
 * program closes them, not when process 1 does. */
static int let_go(struct box *b)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 ? close(fd) : dup2(null, fd) < 0)
			return -errno;
	if (b->resident >= 0) { /* without a resident there are none */
		close(b->resident);
		close(b->settings);
	}
	if (b->processes >= 0)
		close(b->processes);
	if (b->options->trace.drain) {
		close(b->options->trace.ring);
		close(b->options->trace.bell);
	}
	return 0;
}

static int start(struct init *in)
{
	struct box *b = in->box;
	sigset_t child;

	/* Not to be looked into: it has seen the host. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	in->children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (in->children < 0)
		return -errno;
	in->program = fork();
	if (in->program < 0)
		return -errno;
	if (in->program == 0)
		guest_main(b);
	return let_go(b);
}

_Noreturn void init_main(struct box *b)
{
	struct message m = {.kind = MESSAGE_FAILED};
	struct init in = {.box = b};

	b->why = &m.failure;
	if (box_perform(b, IN_INIT) < 0)
		finish(b, &m);
	int r = start(&in);
	if (r < 0) {
		failure_set(b->why, EXIT_GUISE, "cannot start the program's process: %s",
			    strerror(-r));
		finish(b, &m);
	}
	if (box_perform(b, IN_INIT_LATER) < 0)
		finish(b, &m);
	serve(&in);
}
