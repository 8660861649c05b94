/* The cost of an event: `kevent N ROUNDS [bytes]` registers N descriptors in a kqueue (natively in an epoll
 * instance), writes a byte to one of them, waits for what is ready, reads the byte, and prints the
 * nanoseconds a round took in the quickest row of 500.
 *
 * `kevent N ROUNDS mark` makes ROUNDS rounds, and one more between two marks (steps.c).
 *
 * All but one are duplicates of the reading end of an idle pipe.  kevent() says how many bytes there are;
 * natively they are asked for with "bytes" only. */
#include "bench/stubs.h"

STUB(dup, 41, 32);

#ifdef NATIVE
#define EPOLLIN 1
struct epoll_event {
	uint32_t events;
	uint64_t data;
} __attribute__((packed));
STUB_(epoll_create1, 291);
STUB_(epoll_ctl, 233);
STUB_(epoll_wait, 232);
STUB_(ioctl, 16);

static long make_queue(void)
{
	return do_call(epoll_create1, 0);
}

static long add(long queue, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data = (uint64_t)fd};
	return do_call(epoll_ctl, queue, 1 /* ADD */, fd, &e);
}

static bool count_bytes;

static bool await(long queue, int fd)
{
	struct epoll_event e[8];
	int bytes = 1;
	long n = do_call(epoll_wait, queue, e, COUNT(e), -1);
	if (n == 1 && count_bytes && do_call(ioctl, fd, 0x541b /* FIONREAD */, &bytes) < 0)
		return false;
	return n == 1 && e[0].data == (uint64_t)fd && bytes == 1;
}
#else
STUB(kqueue, 362, 0);
STUB(kevent, 560, 0);
struct event { /* sys/event.h: struct kevent */
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata, ext[4];
};

static long make_queue(void)
{
	return do_call(kqueue, 0);
}

static long add(long queue, int fd)
{
	struct event e = {.ident = (uint64_t)fd, .filter = -1 /* READ */, .flags = 1 /* EV_ADD */};
	return do_call(kevent, queue, &e, 1, 0, 0, 0);
}

static bool await(long queue, int fd)
{
	struct event e[8];
	long n = do_call(kevent, queue, 0, 0, e, COUNT(e), 0);
	return n == 1 && e[0].ident == (uint64_t)fd && e[0].data == 1;
}
#endif

#define ROW 500

static void make_round(long queue, const int busy[2])
{
	char byte = 0;
	CHECK(6, do_call(write, busy[1], &byte, 1) == 1);
	CHECK(7, await(queue, busy[0]));
	CHECK(8, do_call(read, busy[0], &byte, 1) == 1);
}

void test(int argc, char **argv, char **envp)
{
	int idle[2], busy[2];
	long best = -1, last = 0, queue, n;

	CHECK(1, argc >= 3 && (n = number(argv[1])) > 0);
#ifdef NATIVE
	count_bytes = argc > 3 && !strcmp(argv[3], "bytes");
#endif
	CHECK(2, do_call(pipe2, idle, 0) == 0 && do_call(pipe2, busy, 0) == 0);
	CHECK(3, (queue = make_queue()) >= 0 && add(queue, busy[0]) == 0);
	while (--n > 0) {
		long fd = do_call(dup, idle[0]);
		/* An error is no number above the others, on either system. */
		CHECK(4, fd > last && fd < 1000000);
		last = fd;
		CHECK(5, add(queue, (int)fd) == 0);
	}
	if (argc > 3 && !strcmp(argv[3], "mark")) {
		for (n = number(argv[2]); n > 0; n--)
			make_round(queue, busy);
		mark();
		make_round(queue, busy);
		mark();
		return;
	}
	for (n = number(argv[2]); n > 0; n -= ROW) {
		long before = now(), took;

		for (int i = 0; i < ROW; i++)
			make_round(queue, busy);
		took = now() - before;
		if (best < 0 || took < best)
			best = took;
	}
	print_number(best / ROW);
	print("\n");
}
