/* The caller's terminal, as the supervisor sees it.
 *
 *	caller's terminal <--> supervisor <--> master | slave <--> program and its jobs
 *
 * A program that had the caller's own terminal could type into it, change its mode bits, and
 * read what is typed after it is gone.  So where any of descriptors 0-2 is a terminal, the
 * program gets one of the sandbox instead, whose session process 1 leads, and the supervisor
 * carries bytes between the two.  What the descriptor was decides which of 0-2 is replaced:
 * pipes and files stay what they are.
 *
 * Being a job.  The program must be stopped and continued with guise, as the caller's shell
 * sees it, and must not take the keyboard from other members of a pipeline:
 *
 *	taken     the caller's terminal is raw; every key is the program's, whose own
 *	          terminal makes signals of ^C and ^Z
 *	not       the caller's terminal is as it was; its keys make signals for guise, which
 *	          passes them on.  The program is in the background of its own terminal, so
 *	          if it reads or changes modes, it stops (SIGTTIN, SIGTTOU): process 1
 *	          says so, and guise takes the terminal then, or, in the background itself,
 *	          stops in its turn until the shell's fg.
 *
 * With both standard input and output on the terminal it is taken from the start: programs
 * look whether they are in the foreground.  `guise run ls | less` never takes it, so less
 * has the keyboard; `guise run cat | less` does when cat reads.
 *
 * What is typed and not read yet stays in the program's terminal, as with any other that
 * is between (ssh, sudo).  A program can still write any bytes to the caller's terminal,
 * escape sequences too: that is what it was given it for.
 */
#include "sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/leftovers.h"
#include "sandbox/scope.h"

/* ---- Which ----------------------------------------------------------------------- */

/* The terminal's number, whatever name it was opened by (/dev/tty), or -1. */
static int number_of(int fd)
{
	unsigned number;

	return isatty(fd) && ioctl(fd, TIOCGDEV, &number) == 0 ? (int)number : -1;
}

/* An open file of its own, so that not waiting is nobody else's concern.  Who may not open
 * it again (after su, say) shares the caller's. */
static int open_again(int fd)
{
	char path[32];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* fits */
	int again = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return again >= 0 ? again : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/* A terminal that is not the controlling one has no foreground: anybody may use it. */
static bool in_foreground(const struct terminal *t)
{
	pid_t group = tcgetpgrp(t->tty);

	return group < 0 || group == getpgrp();
}

void terminal_find(struct terminal *t, struct terminal_wish *wish)
{
	int first = -1;

	*wish = (struct terminal_wish){0};
	for (int fd = 0; fd <= 2; fd++) {
		int number = number_of(fd);
		if (number < 0 || (first >= 0 && number != first))
			continue; /* a second terminal is a file like others */
		if (first < 0)
			t->tty = open_again(fd);
		first = number;
		wish->replaced |= 1U << fd;
	}
	if (t->tty < 0 || tcgetattr(t->tty, &wish->modes) < 0) {
		wish->replaced = 0;
		return;
	}
	(void)ioctl(t->tty, TIOCGWINSZ, &wish->size); /* all zero says: not known */
	if (t->left && ttyname_r(t->tty, t->left->tty, sizeof t->left->tty) != 0)
		t->left->tty[0] = 0; /* without a name nobody can help */
	wish->foreground = (wish->replaced & 3) == 3 && !t->keeps_output && in_foreground(t);
}

/* ---- Whose ------------------------------------------------------------------------- */

/* For the cleaner, should this process be killed. */
static void remember(const struct terminal *t, const struct termios *raw)
{
	if (!t->left)
		return;
	t->left->modes_raw = *raw;
	t->left->modes_saved = t->saved;
	t->left->raw = true;
}

bool terminal_take(struct terminal *t)
{
	struct termios raw;

	if (t->tty < 0 || t->master < 0 || !in_foreground(t) || tcgetattr(t->tty, &t->saved) < 0)
		return false;
	raw = t->saved;
	cfmakeraw(&raw);
	if (t->keeps_output)
		raw.c_oflag = t->saved.c_oflag;
	t->due = true;
	t->ready = false;
	remember(t, &raw);
	t->taken = tcsetattr(t->tty, TCSANOW, &raw) == 0;
	return t->taken;
}

void terminal_release(struct terminal *t)
{
	if (t->taken)
		(void)tcsetattr(t->tty, TCSANOW, &t->saved); /* gone, if it fails */
	t->taken = t->ready = false;
	if (t->left)
		t->left->raw = false;
}

void terminal_resize(const struct terminal *t)
{
	struct winsize size;

	if (t->master >= 0 && ioctl(t->tty, TIOCGWINSZ, &size) == 0)
		(void)ioctl(t->master, TIOCSWINSZ, &size); /* a size is only advice */
}

void terminal_connect(struct terminal *t, int master)
{
	t->master = master;
	/* Fails for no open descriptor. */
	(void)fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK);
	terminal_resize(t);
}

/* The caller's terminal is gone.  What the kernel does when the other end closes is what it
 * does for a real one: SIGHUP to the foreground, and the end of every read. */
static void hang_up(struct terminal *t)
{
	t->taken = t->ready = false;
	close(t->master);
	t->master = -1;
}

void terminal_close(struct terminal *t)
{
	terminal_release(t);
	if (t->master >= 0)
		close(t->master);
	if (t->tty >= 0)
		close(t->tty);
	t->master = t->tty = -1;
}

/* ---- Bytes -------------------------------------------------------------------------- */

enum moved { MOVED, WAITS, OVER };

static enum moved moved(ssize_t n)
{
	if (n > 0)
		return MOVED;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? WAITS : OVER;
}

static enum moved fill(struct terminal_queue *q, int from)
{
	ssize_t n = read(from, q->bytes, sizeof q->bytes);
	enum moved r = moved(n);

	q->at = 0;
	q->n = r == MOVED ? (size_t)n : 0;
	return r;
}

static enum moved empty(struct terminal_queue *q, int to)
{
	ssize_t n = write(to, q->bytes + q->at, q->n);
	enum moved r = moved(n);

	if (r != MOVED)
		return r;
	q->at += (size_t)n;
	q->n -= (size_t)n;
	return r;
}

enum { THE_TTY, THE_MASTER };

void terminal_poll(const struct terminal *t, struct pollfd fds[TERMINAL_POLLS])
{
	bool on = t->master >= 0;

	fds[THE_TTY] = (struct pollfd){
		.fd = on ? t->tty : -1,
		.events = (short)((t->taken && t->ready && !t->in.n ? POLLIN : 0) |
				  (t->out.n ? POLLOUT : 0)),
	};
	fds[THE_MASTER] = (struct pollfd){
		.fd = on ? t->master : -1,
		.events = (short)((t->out.n ? 0 : POLLIN) | (t->in.n ? POLLOUT : 0)),
	};
}

void terminal_relay(struct terminal *t, const struct pollfd fds[TERMINAL_POLLS])
{
	const short gone = POLLHUP | POLLERR | POLLNVAL;
	enum moved typed = WAITS, shown = WAITS;

	if (t->master < 0)
		return;
	if (fds[THE_MASTER].revents & POLLIN && !t->out.n)
		(void)fill(&t->out, t->master); /* its end comes with the program's */
	if (t->out.n)
		shown = empty(&t->out, t->tty);
	if (fds[THE_TTY].revents & POLLIN && t->ready && !t->in.n)
		typed = fill(&t->in, t->tty);
	if (t->in.n)
		(void)empty(&t->in, t->master);
	if (typed == OVER || shown == OVER || fds[THE_TTY].revents & gone)
		hang_up(t);
}

bool terminal_drain(struct terminal *t, int until)
{
	t->in.n = 0;
	while (t->master >= 0) {
		struct pollfd fds[] = {
			{.fd = t->tty, .events = POLLOUT},
			{.fd = until, .events = POLLIN},
		};

		if (!t->out.n && fill(&t->out, t->master) != MOVED)
			return false; /* EIO: nobody has the other end open, nothing is left */
		if (empty(&t->out, t->tty) == OVER)
			return false;
		if (t->out.n && poll(fds, 2, -1) >= 0 && fds[1].revents)
			return true;
	}
	return false;
}
