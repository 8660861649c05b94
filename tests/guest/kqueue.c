/* kqueue: sys/event.h, kern/kern_event.c. */
#include "tests/guest/kqueue.h"

#define TRIGGER 0x01000000u
#define FFOR 0x80000000u
enum { SECONDS = 1, MSECONDS = 2, USECONDS = 4, NSECONDS = 8, ABSTIME = 0x10, LOWAT = 1 };

struct old_kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata;
};

static void pipes(void)
{
	long kq = sys(SYS_kqueue);
	CHECK(1, kq >= 0);
	int p[2];
	sys(SYS_pipe2, p, 4);
	IS(2, change(kq, p[0], READ, ADD, 0, 0), 0);
	IS(3, collect(kq, 0), 0);
	long before = now_ms();
	IS(4, collect(kq, 40), 0);
	CHECK(5, now_ms() - before >= 40);
	sys(SYS_write, p[1], "abc", 3);
	IS(6, collect(kq, 1000), 1);
	CHECK(7, ev[0].ident == (uint64_t)p[0] && ev[0].filter == READ && ev[0].data == 3);
	CHECK(8, ev[0].udata == 0xabcd && !(ev[0].flags & EV_EOF));
	IS(9, collect(kq, 0), 1); /* a level: still there */
	/* Adding what is there changes neither kind of trigger (kern_event.c: kqueue_register). */
	change(kq, p[0], READ, DELETE, 0, 0);
	IS(10, change(kq, p[0], READ, ADD | CLEAR, 0, 0), 0);
	IS(11, collect(kq, 0), 1);
	IS(12, collect(kq, 0), 0); /* an edge: told once */
	sys(SYS_write, p[1], "d", 1);
	IS(13, collect(kq, 0), 1);
	IS(14, ev[0].data, 4);
	IS(15, change(kq, p[0], READ, DISABLE, 0, 0), 0);
	sys(SYS_write, p[1], "e", 1);
	IS(16, collect(kq, 0), 0);
	IS(17, change(kq, p[0], READ, ENABLE, 0, 0), 0);
	IS(18, collect(kq, 0), 1);
	IS(19, change(kq, p[0], READ, DELETE, 0, 0), 0);
	IS(20, collect(kq, 0), 0);
	IS(21, change(kq, p[0], READ, DELETE, 0, 0), -ENOENT);
	IS(22, change(kq, p[0], READ, ADD | ONESHOT, 0, 0), 0);
	IS(23, collect(kq, 0), 1);
	IS(24, collect(kq, 0), 0);
	IS(25, change(kq, p[0], READ, ENABLE, 0, 0), -ENOENT);
	IS(26, change(kq, p[0], READ, ADD | DISPATCH, 0, 0), 0);
	IS(27, collect(kq, 0), 1);
	IS(28, collect(kq, 0), 0);
	IS(29, change(kq, p[0], READ, ENABLE | DISPATCH, 0, 0), 0);
	IS(30, collect(kq, 0), 1);
	/* At least so many bytes. */
	IS(31, change(kq, p[0], READ, ADD, LOWAT, 100), 0);
	IS(32, change(kq, p[0], READ, ENABLE, LOWAT, 100), 0);
	IS(33, collect(kq, 0), 0);
	IS(34, change(kq, p[0], READ, DELETE, 0, 0), 0);

	IS(35, change(kq, p[1], WRITE, ADD, 0, 0), 0);
	IS(36, collect(kq, 0), 1);
	CHECK(37, ev[0].filter == WRITE && ev[0].data > 0);
	sys(SYS_close, p[0]);
	IS(38, collect(kq, 1000), 1);
	CHECK(39, ev[0].flags & EV_EOF);
	/* Closing a descriptor takes its events with it. */
	sys(SYS_close, p[1]);
	IS(40, collect(kq, 0), 0);
	sys(SYS_pipe2, p, 4);
	change(kq, p[0], READ, ADD, 0, 0);
	sys(SYS_write, p[1], "q", 1);
	sys(SYS_close, p[1]);
	IS(41, collect(kq, 100), 1);
	CHECK(42, (ev[0].flags & EV_EOF) && ev[0].data == 1);
	sys(SYS_close, p[0]);
	IS(43, sys(SYS_close, kq), 0);
	IS(44, collect(kq, 0), -EBADF);
}

static void errors(void)
{
	long kq = sys(SYS_kqueue);
	struct kevent c[2] = {{.ident = 999, .filter = READ, .flags = ADD},
			      {.ident = 1, .filter = USER, .flags = ADD}};
	/* No room for events: the call fails.  With room: the error is an event, and the rest
	 * is done. */
	IS(45, sys(SYS_kevent, kq, c, 1, 0, 0, &zero), -EBADF);
	memset(ev, 0, sizeof ev);
	IS(46, sys(SYS_kevent, kq, c, 2, ev, 4, &zero), 1);
	CHECK(47, ev[0].flags & ERROR && ev[0].data == EBADF && ev[0].ident == 999);
	IS(48, change(kq, 1, USER, DELETE, 0, 0), 0); /* it was added */
	/* EV_RECEIPT reports success the same way, and collects nothing. */
	c[1].flags = ADD | RECEIPT;
	IS(49, sys(SYS_kevent, kq, c + 1, 1, ev, 4, &zero), 1);
	CHECK(50, ev[0].flags & ERROR && ev[0].data == 0);
	IS(51, change(kq, 1, -99, ADD, 0, 0), -EINVAL);
	IS(52, change(kq, 1, 3, ADD, 0, 0), -EINVAL);
	int p[2];
	sys(SYS_pipe2, p, 0);
	IS(53, sys(SYS_kevent, p[0], 0, 0, ev, 4, &zero), -EBADF);
	struct timespec bad = {0, 1000000000};
	IS(54, sys(SYS_kevent, kq, 0, 0, ev, 4, &bad), -EINVAL);
	IS(55, sys(SYS_kevent, kq, 0, 0, 16, 4, &zero) <= 0, 1);
	IS(56, sys(SYS_kevent, kq, 0, 0, ev, 0, &zero), 0);
	sys(SYS_close, kq);
}

static void timers(void)
{
	long kq = sys(SYS_kqueue);
	IS(57, change(kq, 7, TIMER, ADD, 0, 30), 0); /* milliseconds unless told */
	long before = now_ms();
	IS(58, collect(kq, 2000), 1);
	CHECK(59, now_ms() - before >= 29 && ev[0].ident == 7 && ev[0].filter == TIMER);
	CHECK(60, ev[0].data >= 1);
	sleep_ms(100);
	IS(61, collect(kq, 0), 1);
	CHECK(62, ev[0].data >= 2); /* expiries since */
	IS(63, change(kq, 7, TIMER, DELETE, 0, 0), 0);
	IS(64, collect(kq, 50), 0);
	IS(65, change(kq, 8, TIMER, ADD | ONESHOT, USECONDS, 20000), 0);
	IS(66, collect(kq, 2000), 1);
	IS(67, collect(kq, 50), 0);
	IS(68, change(kq, 9, TIMER, ADD | ONESHOT, NSECONDS, 1000000), 0);
	IS(69, collect(kq, 2000), 1);
	struct timespec t;
	sys(SYS_clock_gettime, 0, &t);
	IS(70,
	   change(kq, 10, TIMER, ADD | ONESHOT, ABSTIME | MSECONDS,
		  t.sec * 1000 + t.nsec / 1000000 + 50),
	   0);
	before = now_ms();
	IS(71, collect(kq, 3000), 1);
	CHECK(72, now_ms() - before >= 45 && now_ms() - before < 2000);
	IS(73, change(kq, 11, TIMER, ADD, SECONDS | MSECONDS, 1), -EINVAL);
	IS(74, change(kq, 12, TIMER, ADD | ONESHOT, 0, -5), -EINVAL);
	/* Several at once. */
	for (uint64_t i = 20; i < 30; i++)
		change(kq, i, TIMER, ADD | ONESHOT, 0, 20);
	sleep_ms(60);
	IS(75, collect(kq, 1000), 10);
	sys(SYS_close, kq);
}

static void user_events(void)
{
	long kq = sys(SYS_kqueue);
	IS(76, change(kq, 1, USER, ADD | CLEAR, 0, 0), 0);
	IS(77, collect(kq, 0), 0);
	IS(78, change(kq, 1, USER, 0, TRIGGER | FFOR | 5, 0), 0);
	IS(79, collect(kq, 1000), 1);
	CHECK(80, ev[0].filter == USER && (ev[0].fflags & 0xffffff) == 5);
	IS(81, collect(kq, 0), 0);
	/* From another process: wakes who waits. */
	long child = sys(SYS_fork);
	if (child == 0) {
		/* kqueues are not inherited: kqueue(2). */
		quit(sys(SYS_kevent, kq, 0, 0, ev, 1, &zero) == -EBADF ? 0 : 1);
	}
	IS(82, wait_for(child), 0);
	IS(83, change(kq, 2, USER, 0, TRIGGER, 0), -ENOENT);
	/* A copy of the descriptor is the same queue. */
	long copy = sys(SYS_dup, kq);
	IS(84, change(copy, 1, USER, 0, TRIGGER, 0), 0);
	sys(SYS_close, kq);
	IS(85, collect(copy, 100), 1);
	sys(SYS_close, copy);
}

static void old_form(void)
{
	long kq = sys(SYS_kqueue);
	int p[2];
	sys(SYS_pipe2, p, 4);
	struct old_kevent c = {(uint64_t)p[0], READ, ADD, 0, 0, 77}, out[2];
	IS(86, sys(SYS_freebsd11_kevent, kq, &c, 1, 0, 0, &zero), 0);
	sys(SYS_write, p[1], "12345", 5);
	memset(out, 0xff, sizeof out);
	IS(87, sys(SYS_freebsd11_kevent, kq, 0, 0, out, 2, &zero), 1);
	CHECK(88, out[0].ident == (uint64_t)p[0] && out[0].data == 5 && out[0].udata == 77);
	CHECK(89, out[1].ident == ~0UL);
	/* A kqueue can be waited for like any descriptor. */
	struct {
		int fd;
		short events, revents;
	} pf = {(int)kq, 1, 0};
	IS(90, sys(SYS_poll, &pf, 1, 0), 1);
	long outer = sys(SYS_kqueue);
	IS(91, change(outer, kq, READ, ADD, 0, 0), 0);
	IS(92, collect(outer, 100), 1);
	/* A regular file is ready up to its end. */
	long fd = sys(SYS_open, "kq", 2 | 0x200, 0600);
	sys(SYS_write, fd, "abcdef", 6);
	sys(SYS_lseek, fd, 2, 0);
	IS(93, change(outer, fd, READ, ADD, 0, 0), 0);
	CHECK(94, collect(outer, 100) == 2);
	int64_t left = ev[0].ident == (uint64_t)fd ? ev[0].data : ev[1].data;
	IS(95, left, 4);
}

static void sockets(void)
{
	long kq = sys(SYS_kqueue);
	struct {
		uint8_t len, family;
		uint16_t port;
		uint32_t addr;
		char zero[8];
	} a = {16, 2, 0, 0x0100007f, {0}};
	uint32_t len = sizeof a;
	long srv = sys(SYS_socket, 2, 1, 0);
	sys(SYS_bind, srv, &a, sizeof a);
	sys(SYS_listen, srv, 8);
	sys(SYS_getsockname, srv, &a, &len);
	IS(96, change(kq, srv, READ, ADD | CLEAR, 0, 0), 0);
	long c[3];
	for (int i = 0; i < 3; i++) {
		c[i] = sys(SYS_socket, 2, 1, 0);
		sys(SYS_connect, c[i], &a, sizeof a);
	}
	sleep_ms(20);
	IS(97, collect(kq, 1000), 1);
	IS(98, ev[0].data, 3); /* connections that wait */
	long s = sys(SYS_accept, srv, 0, 0);
	IS(99, change(kq, s, READ, ADD | CLEAR, 0, 0), 0);
	IS(100, change(kq, s, WRITE, ADD | CLEAR, 0, 0), 0);
	IS(101, collect(kq, 1000) >= 1, 1);
	sys(SYS_write, c[0], "hi", 2);
	sys(SYS_shutdown, c[0], 1);
	sleep_ms(20);
	long n = collect(kq, 1000);
	bool seen = false;
	for (long i = 0; i < n; i++)
		if (ev[i].ident == (uint64_t)s && ev[i].filter == READ)
			seen = (ev[i].flags & EV_EOF) && ev[i].data == 2;
	CHECK(102, seen);
}

void test(int argc, char **argv, char **envp)
{
	pipes();
	errors();
	timers();
	user_events();
	old_form();
	sockets();
}
