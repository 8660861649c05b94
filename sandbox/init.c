/* Process 1 of the sandbox: builds it, starts the program, reaps everything, passes on
 * signals, and ends everything when the program or the supervisor goes.
 *
 * It leads the program's session and stays in it, in a process group of its own: so the
 * program's group has a parent in its session, as a shell's jobs have, and the kernel stops
 * it at ^Z or when it reads in the background.  What stops is told to the supervisor, which
 * stops with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/join.h"
#include "sandbox/scope.h"

struct init {
	struct box *box;
	pid_t program;
	int children; /* signalfd for SIGCHLD */
	bool stopped; /* everything, by the supervisor's order */
	bool joined; /* not process 1, but the same for a program that came later */
	pid_t foreground; /* whose the terminal was when it was taken away; 0: the program's */
};

static _Noreturn void join_main(const struct init *first, const struct channel_descriptors *got);

void box_send(const struct box *b, const struct message *m)
{
	/* If nobody listens any more, this process is about to be killed. */
	(void)channel_send(b->channel, m, NULL);
}

int step_session(struct box *b, const struct step *s)
{
	struct channel_descriptors master = {.n = 1};

	if (setsid() < 0)
		return -errno;
	if (!b->wish.replaced)
		return 0;
	int r = pty_make(&b->wish, &master.fd[0], &b->pty);
	if (r < 0)
		return r;
	r = channel_send(b->channel, &(struct message){.kind = MESSAGE_TERMINAL}, &master);
	close(master.fd[0]);
	return r;
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

/* The terminal is left to nobody: whoever reads from it stops. */
static void send_to_background(struct init *in)
{
	pid_t group = tcgetpgrp(in->box->pty);

	if (group != getpgrp())
		in->foreground = group;
	(void)tcsetpgrp(in->box->pty, getpgrp()); /* its own session's: cannot fail */
}

/* To whom had it; the program's group, if that is gone or there was none. */
static void send_to_foreground(struct init *in)
{
	int pty = in->box->pty;

	if (tcgetpgrp(pty) == getpgrp() &&
	    (in->foreground <= 0 || tcsetpgrp(pty, in->foreground) < 0))
		(void)tcsetpgrp(pty, in->program); /* about to end, if it fails */
	in->foreground = 0;
	box_send(in->box, &(struct message){.kind = MESSAGE_READY});
}

static void resume(struct init *in)
{
	if (!in->stopped || in->joined)
		signal_program(in, SIGCONT);
	else
		(void)kill(-1, SIGCONT); /* there is the program at least */
	in->stopped = false;
}

static void obey(struct init *in, const struct message *m)
{
	switch (m->kind) {
	case MESSAGE_SIGNAL:
		signal_program(in, (int)m->number);
		break;
	case MESSAGE_STOP:
		in->stopped = true;
		if (in->joined)
			signal_program(in, SIGSTOP);
		else
			(void)kill(-1, SIGSTOP); /* there is the program at least */
		break;
	case MESSAGE_KILL:
		signal_program(in, SIGKILL);
		break;
	case MESSAGE_RESUME:
		resume(in);
		break;
	case MESSAGE_FOREGROUND:
		send_to_foreground(in);
		break;
	case MESSAGE_BACKGROUND:
		send_to_background(in);
		break;
	}
}

/* Process 1's end is everything's; one that joined ends what it started, as far as that is
 * still in its process group or at its terminal. */
static _Noreturn void end(const struct init *in)
{
	if (in->joined) {
		pid_t foreground = in->box->pty < 0 ? -1 : tcgetpgrp(in->box->pty);
		signal_program(in, SIGKILL);
		if (foreground > 1 && foreground != getpgrp())
			(void)kill(-foreground, SIGKILL); /* gone already, if it fails */
	}
	_exit(EXIT_GUISE);
}

/* A process for it, which is to the new program what process 1 is to the first. */
static void let_join(struct init *in, const struct channel_descriptors *got)
{
	pid_t pid = fork();

	if (pid == 0)
		join_main(in, got);
	if (pid > 0)
		return;
	struct message m = {.kind = MESSAGE_FAILED};
	failure_set(&m.failure, EXIT_GUISE, "no process for it in the sandbox: %s",
		    strerror(errno));
	(void)channel_send(got->fd[JOIN_CHANNEL], &m, NULL); /* gone, if it fails */
}

static void listen_to_supervisor(struct init *in)
{
	struct message m;
	struct channel_descriptors got;
	int r = channel_receive(in->box->channel, &m, &got);

	if (r == 0 || (r < 0 && r != -EINTR && r != -EAGAIN))
		end(in); /* the supervisor is gone */
	if (r < 0)
		return;
	if (m.kind == MESSAGE_EXEC && got.n == JOIN_DESCRIPTORS && !in->joined)
		let_join(in, &got);
	channel_close_all(&got); /* none is expected otherwise */
	obey(in, &m);
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
		if (!WIFSTOPPED(status)) {
			stdio_carry_back(in->box);
			finish(in->box, &m);
		}
		m = (struct message){.kind = MESSAGE_STOPPED, .number = WSTOPSIG(status)};
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
			end(in);
		if (fds[0].revents)
			reap(in);
		if (fds[1].revents)
			listen_to_supervisor(in);
	}
}

/* The program's ends of pipes are its own: a reader outside sees their end when the
 * program closes them, not when process 1 does.  What else a program is given stays open,
 * for those that join. */
static int let_go(struct box *b)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 ? close(fd) : dup2(null, fd) < 0)
			return -errno;
	return 0;
}

static int become(void *init)
{
	const struct init *in = init;
	struct message m = {.kind = MESSAGE_FAILED};

	in->box->why = &m.failure;
	if (in->joined && join_prepare(in->box) < 0) {
		box_send(in->box, &m);
		_exit(EXIT_GUISE);
	}
	guest_main(in->box);
}

/* The program's process needs this one's memory only until it executes, so it gets no copy but
 * the memory itself, with a stack of its own in it, and this process waits meanwhile.  While it
 * does it could not hear that the other stopped: what would stop that is kept until then. */
#define STACK 65536

static int spawn(struct init *in)
{
	_Alignas(16) char stack[STACK];
	struct failure *why = in->box->why;

	in->program = clone(become, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, in);
	if (in->program < 0)
		return -errno;
	in->box->why = why; /* it had one on that stack */
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
	int r = spawn(in);
	if (r < 0)
		return r;
	uint64_t stops = guest_kept_stops();
	for (int number = 1; stops >> (number - 1); number++)
		if (stops >> (number - 1) & 1)
			signal_program(in, number);
	return let_go(b);
}

static int settle_in(struct box *b, const struct channel_descriptors *got, struct box_options *own)
{
	if (b->pty >= 0)
		close(b->pty);
	b->pty = -1;
	memset(b->stdio, 0, sizeof b->stdio);
	for (int fd = 0; fd < JOIN_STDIO; fd++)
		if (dup2(got->fd[fd], fd) < 0)
			return -errno;
	int r = join_unpack(b, got->fd[JOIN_REQUEST], own);
	for (unsigned i = 0; i < got->n; i++)
		if (i != JOIN_CHANNEL)
			close(got->fd[i]);
	return r < 0 ? r : step_session(b, NULL);
}

/* Forked from process 1, its rights gone and its filter on.  Somebody else's terminal and
 * channel are not its own to keep. */
static _Noreturn void join_main(const struct init *first, const struct channel_descriptors *got)
{
	struct message m = {.kind = MESSAGE_FAILED};
	struct box *b = first->box;
	struct init in = {.box = b, .joined = true};

	close(first->children);
	close(b->channel);
	b->channel = got->fd[JOIN_CHANNEL];
	struct box_options own;
	int r = settle_in(b, got, &own);
	if (r == 0)
		r = start(&in);
	if (r == 0)
		serve(&in);
	failure_set(&m.failure, EXIT_GUISE, "cannot start the program's process: %s", strerror(-r));
	finish(b, &m);
}

_Noreturn void init_main(struct box *b)
{
	struct message m = {.kind = MESSAGE_FAILED};
	struct init in = {.box = b};

	b->why = &m.failure;
	if (b->terminal->tty >= 0)
		close(b->terminal->tty); /* the supervisor's */
	if (unshare((int)b->spaces) < 0 && box_refused(b, b->spaces, -errno) != -1)
		failure_set(b->why, EXIT_GUISE, "cannot make namespaces: %s", strerror(errno));
	if (b->why->status || box_perform(b, IN_INIT) < 0)
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
