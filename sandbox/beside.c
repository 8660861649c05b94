/* What is done beside process 1 instead of in its way: its network namespace, and settings.
 *
 * To make a network namespace takes the kernel about as long as everything else of a start together
 * (half a millisecond here: tables, settings and devices of each protocol), and nothing but the
 * program needs it.  Nor does anything wait for what is written to /proc about the sandbox's user.
 * So while process 1 builds the root, a child of the supervisor joins process 1's user namespace,
 * makes the settings and a network namespace, which are that one's then, brings the loopback up,
 * and sends the namespace to process 1, which enters it before it gives up its rights.
 *
 * That child has the supervisor's memory, which waits for it, and so costs no copy.  It is not in
 * the sandbox's other namespaces: nothing inside can see it, and there is nothing inside but
 * process 1 as long as it lives.
 *
 * A new process often takes the processor of the one that made it, which is then not heard of for
 * 0.5 to 1.4 ms, with the network not begun: one start in five took 0.9 ms more.  So process 1
 * begins by yielding to the supervisor until that is about to begin this here.
 *
 * Where it cannot join (a container's filter may forbid setns()) process 1 does it all itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/leftovers.h"
#include "sandbox/scope.h"

#define STACK 65536

static int raise_loopback(int any)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	return ioctl(any, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;
}

static int open_setting(const struct box *b, const char *path, int flags)
{
	char whole[64];

	(void)snprintf(whole, sizeof whole, "%s%s", b->proc < 0 ? "/proc/" : "", path); /* fits */
	int fd = openat(b->proc < 0 ? AT_FDCWD : b->proc, whole, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int beside_write(const struct box *b, const char *path, const char *text)
{
	AUTO_CLOSE int fd = open_setting(b, path, O_WRONLY);

	if (fd < 0)
		return fd;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int beside_read(const struct box *b, const char *path, char *text, size_t size)
{
	AUTO_CLOSE int fd = open_setting(b, path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		return fd < 0 ? fd : -errno;
	text[n] = 0;
	return 0;
}

/* A new namespace lets a local datagram socket hold ten messages; hosts mostly have this.  Where
 * /proc/sys is read-only (in a container), ten it is. */
static void lengthen_queues(const struct box *b)
{
	(void)beside_write(b, "sys/net/unix/max_dgram_qlen", "512"); /* as said */
}

/* For this process: a namespace of its own.  number: whether there is to be a loopback. */
int step_network(struct box *b, const struct step *s)
{
	if (unshare(CLONE_NEWNET) < 0)
		return box_refused(b, CLONE_NEWNET, -errno);
	AUTO_CLOSE int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (any < 0)
		return -errno;
	lengthen_queues(b);
	int r = s->number ? raise_loopback(any) : 0;
	if (r < 0 || !b->init)
		return r;
	b->network = ioctl(any, SIOCGSKNS);
	return b->network < 0 ? -errno : 0;
}

static int tell_init(const struct box *b, bool done)
{
	const struct message m = {.kind = MESSAGE_SETTLED, .number = done};
	const struct channel_descriptors give = {.n = 1, .fd = {b->network}};

	return channel_send(b->channel, &m, done && b->network >= 0 ? &give : NULL);
}

/* In the child: 0 if process 1 has been told that all is done.  What fails process 1 tries again,
 * and says why it cannot. */
static int settle_beside(void *box)
{
	struct box *b = box;
	struct failure again = {0}, *why = b->why;
	AUTO_CLOSE int init = pidfd_open(b->init, 0);

	if (init < 0 || setns(init, CLONE_NEWUSER) < 0)
		return 1;
	b->why = &again;
	int r = box_perform(b, BESIDE_INIT);
	b->why = why;
	r = r < 0 ? r : tell_init(b, true);
	if (b->network >= 0)
		close(b->network);
	b->network = -1;
	return r < 0;
}

/* At most so often, at some 0.3 us each: it need not be the supervisor who runs meanwhile, and
 * nothing but time is lost without it. */
#define YIELDS 100

void beside_await(const struct box *b)
{
	for (int i = 0; i < YIELDS && !atomic_load(&b->left->goes_beside); i++)
		(void)sched_yield(); /* cannot fail */
}

/* In the supervisor, process 1 being at work already. */
void beside_init(struct box *b)
{
	_Alignas(16) char stack[STACK];
	int status = 1;

	atomic_store(&b->left->goes_beside, true);
	pid_t child = clone(settle_beside, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD,
			    b);

	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		(void)tell_init(b, false); /* process 1 has failed, if it fails: heard later */
}

/* In process 1. */
int step_settled(struct box *b, const struct step *s)
{
	struct channel_descriptors got;
	struct message m;
	int r = channel_receive(b->channel, &m, &got);

	if (r <= 0 || m.kind != MESSAGE_SETTLED)
		return r < 0 ? r : -EPIPE; /* the supervisor is gone: so is this process, soon */
	bool done = m.number && (got.n == 0 || setns(got.fd[0], CLONE_NEWNET) == 0);
	channel_close_all(&got);
	r = done ? 0 : box_perform(b, BESIDE_INIT);
	close(b->proc);
	b->proc = -1;
	return r;
}
