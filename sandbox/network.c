/* The sandbox's network namespace, made beside process 1 instead of in its way.
 *
 * To make one takes the kernel about as long as everything else of a start together (half a
 * millisecond here: tables, settings and devices of each protocol), and nothing but the program
 * needs it.  So while process 1 builds the root, a child of the supervisor joins process 1's user
 * namespace, makes a network namespace, which is that one's then, brings its loopback up, and
 * sends it to process 1, which enters it before it gives up its rights.
 *
 * That child has the supervisor's memory, which waits for it, and so costs no copy.  It is not in
 * the sandbox's other namespaces: nothing inside can see it, and there is nothing inside but
 * process 1 as long as it lives.
 *
 * Where it cannot join (a container's filter may forbid setns()) process 1 does it all itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

#define STACK 16384

static int raise_loopback(int any)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	return ioctl(any, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;
}

/* A new namespace lets a local datagram socket hold ten messages; hosts mostly have this.  Where
 * /proc/sys is read-only (in a container), ten it is. */
static void lengthen_queues(void)
{
	AUTO_CLOSE int fd = open("/proc/sys/net/unix/max_dgram_qlen", O_WRONLY | O_CLOEXEC);

	(void)!write(fd, "512", 3);
}

/* For this process: a namespace of its own.  A socket in it, or -errno. */
static int make_here(bool loopback)
{
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	AUTO_CLOSE int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (any < 0)
		return -errno;
	lengthen_queues();
	int r = loopback ? raise_loopback(any) : 0;
	return r < 0 ? r : take(&any);
}

static int send_network(const struct box *b, int network)
{
	const struct message m = {.kind = MESSAGE_NETWORK};
	const struct channel_descriptors give = {.n = 1, .fd = {network}};

	return channel_send(b->channel, &m, network < 0 ? NULL : &give);
}

/* In the child: 0 if process 1 has got it. */
static int make_beside(void *box)
{
	const struct box *b = box;
	AUTO_CLOSE int init = pidfd_open(b->init, 0);

	if (init < 0 || setns(init, CLONE_NEWUSER) < 0)
		return 1;
	AUTO_CLOSE int any = make_here(!b->options->no_network);
	AUTO_CLOSE int network = any < 0 ? -1 : ioctl(any, SIOCGSKNS);
	return network < 0 || send_network(b, network) < 0;
}

/* In the supervisor, process 1 being at work already. */
void network_make(struct box *b)
{
	_Alignas(16) char stack[STACK];
	int status = 1;
	pid_t child = clone(make_beside, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, b);

	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		(void)send_network(b,
				   -1); /* process 1 has failed, if it fails: that is heard later */
}

/* In process 1; number: whether there is to be a loopback. */
int step_network(struct box *b, const struct step *s)
{
	struct channel_descriptors got;
	struct message m;
	int r = channel_receive(b->channel, &m, &got);

	if (r <= 0 || m.kind != MESSAGE_NETWORK)
		return r < 0 ? r : -EPIPE; /* the supervisor is gone: so is this process, soon */
	bool entered = got.n == 1 && setns(got.fd[0], CLONE_NEWNET) == 0;
	channel_close_all(&got);
	if (entered)
		return 0;
	AUTO_CLOSE int any = make_here(s->number);
	return any >= 0 ? 0 : box_refused(b, CLONE_NEWNET, any);
}
