/* The supervisor's socket.
 *
 * Nobody enters a sandbox from outside: who wants something done in it asks its supervisor,
 * which has process 1 do it there.  So no process that has seen the host is ever inside with
 * more than process 1 kept (CVE-2019-5736 and its kind begin with one that is), and `exec`
 * starts its program under the same filter, rules and limits as the first.
 *
 * One packet, one answer; a connection lives until either side ends, so whoever holds one
 * sees the sandbox's end.  The socket is in a directory of the user's alone, and who
 * connects is looked at besides.
 */
#include "sandbox/control.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/join.h"
#include "sandbox/scope.h"

#define ANSWER_SECONDS 5

/* ---- The record --------------------------------------------------------------------- */

int control_open(struct box *b)
{
	const struct box_options *o = b->options;

	int r = record_make(b->control->record, o->name, o->about, o->about_size);
	if (r == 0 || !o->name_is_given)
		return 0;
	if (r == -EEXIST)
		return failure_set(b->why, EXIT_GUISE,
				   "--name %s: a running sandbox has that name; "
				   "see guise ps, give another",
				   o->name);
	return failure_set(b->why, EXIT_GUISE,
			   "--name %s: cannot be recorded: %s; is XDG_RUNTIME_DIR writable?",
			   o->name, strerror(-r));
}

void control_close(struct box *b)
{
	struct control *c = b->control;

	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i] >= 0)
			close(c->clients[i]);
	if (c->record)
		record_remove(c->record);
}

/* ---- Answers --------------------------------------------------------------------------- */

static int pass_signal(const struct box *b, uint32_t number)
{
	const struct message m = {
		/* Stopped by the supervisor, it is not taken for a job that stopped itself. */
		.kind = number == SIGSTOP   ? MESSAGE_STOP
			: number == SIGCONT ? MESSAGE_RESUME
					    : MESSAGE_SIGNAL,
		.number = number,
	};

	if (number < 1 || number > 64)
		return -EINVAL;
	return channel_send(b->channel, &m, NULL);
}

static int answer(struct box *b, struct message *m, const struct channel_descriptors *got)
{
	switch (m->kind) {
	case MESSAGE_EXEC:
		if (got->n != JOIN_DESCRIPTORS)
			return -EINVAL;
		return channel_send(b->channel, &(struct message){.kind = MESSAGE_EXEC}, got);
	case MESSAGE_SIGNAL:
		return pass_signal(b, m->number);
	case MESSAGE_KILL:
		b->killed = true;
		return kill(b->init, SIGKILL) < 0 ? -errno : 0;
	case MESSAGE_USAGE:
		usage_of(b, &m->usage);
		return 0;
	default:
		return -ENOSYS;
	}
}

/* False at the end of the connection. */
static bool serve(struct box *b, int client)
{
	struct message m;
	struct channel_descriptors got;
	int r = channel_receive(client, &m, &got);

	if (r <= 0)
		return r == -EAGAIN || r == -EINTR;
	r = answer(b, &m, &got);
	channel_close_all(&got);
	m.kind = MESSAGE_DONE;
	m.number = (uint32_t)(r == -EPIPE ? ESRCH : -r); /* process 1 has just gone */
	return channel_send(client, &m, NULL) == 0;
}

static bool is_ours(int client)
{
	struct ucred who;
	socklen_t n = sizeof who;

	return getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
	       (who.uid == geteuid() || who.uid == 0);
}

static void welcome(struct control *c)
{
	AUTO_CLOSE int client = accept4(c->record->listener, NULL, NULL,
					SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (int i = 0; i < CONTROL_CLIENTS && client >= 0 && is_ours(client); i++)
		if (c->clients[i] < 0)
			c->clients[i] = take(&client);
}

void control_poll(const struct box *b, struct pollfd fds[CONTROL_POLLS])
{
	const struct control *c = b->control;
	bool room = false;

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		room |= c->clients[i] < 0;
		fds[1 + i] = (struct pollfd){.fd = c->clients[i], .events = POLLIN};
	}
	fds[0] = (struct pollfd){.fd = room && c->record ? c->record->listener : -1,
				 .events = POLLIN};
}

void control_serve(struct box *b, const struct pollfd fds[CONTROL_POLLS])
{
	struct control *c = b->control;

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		if (c->clients[i] < 0 || !fds[1 + i].revents || serve(b, c->clients[i]))
			continue;
		close(c->clients[i]);
		c->clients[i] = -1;
	}
	if (fds[0].revents)
		welcome(c);
}

/* ---- Questions --------------------------------------------------------------------------- */

int control_connect(const char *name, bool rouse, struct failure *why)
{
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	struct ucred who;
	socklen_t n = sizeof who;
	AUTO_CLOSE int fd = record_connect(name);

	if (fd == -ENOENT)
		return failure_set(why, EXIT_NOT_FOUND,
				   "%s: no running sandbox has that name; see guise ps", name);
	if (fd < 0)
		return failure_set(why, EXIT_GUISE, "%s: cannot be reached: %s", name,
				   strerror(-fd));
	/* Valid for a connected socket: these cannot fail. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (rouse && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0)
		(void)kill(who.pid, SIGCONT); /* ended, if it fails: seen below */
	return take(&fd);
}

int control_ask(int connection, const char *name, struct message *m,
		const struct channel_descriptors *give, struct failure *why)
{
	struct channel_descriptors got;
	int r = channel_send(connection, m, give);

	if (r == 0)
		r = channel_receive(connection, m, &got);
	if (r > 0)
		channel_close_all(&got); /* none is expected */
	if (r == -EAGAIN)
		return failure_set(why, EXIT_GUISE,
				   "%s: does not answer; if it is a stopped job, continue it",
				   name);
	bool ended = r == 0 || r == -EPIPE || r == -ECONNRESET;
	if (ended || (r > 0 && m->kind == MESSAGE_DONE && m->number == ESRCH))
		return failure_set(why, EXIT_NOT_FOUND, "%s: has just ended", name);
	if (r < 0)
		return failure_set(why, EXIT_GUISE, "%s: cannot be asked: %s", name, strerror(-r));
	if (m->kind != MESSAGE_DONE || m->number)
		return failure_set(why, EXIT_GUISE, "%s: refused: %s", name,
				   strerror((int)m->number));
	return 0;
}
