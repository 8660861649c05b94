/* A guest that does what its first argument says; the scripts beside it look at the result.
 *
 *   exit N            kill N            args ...          env
 *   read PATH         write PATH TEXT   list PATH         fds
 *   sleep             ids               daemon            connect PORT
 *   scribble SEED     mortals N         close PATH N
 */
#include "tests/guest/guest.h"
#include "syscalls/engine/resident/layout.h"

static long number(const char *s)
{
	long n = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	return n;
}

static void out(const char *s)
{
	sys(SYS_write, 1, s, strlen(s));
}

static void out_number(const char *what, long n)
{
	char text[24], *at = text + sizeof text - 1;
	bool minus = n < 0;
	unsigned long left = minus ? -(unsigned long)n : (unsigned long)n;
	*at = '\0';
	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (minus)
		*--at = '-';
	out(what);
	out(" ");
	out(at);
	out("\n");
}

static void read_file(const char *path)
{
	static char buf[4096];
	long fd = sys(SYS_open, path, 0), n;
	if (fd < 0)
		quit((int)-fd);
	while ((n = sys(SYS_read, fd, buf, sizeof buf)) > 0)
		sys(SYS_write, 1, buf, n);
	quit(n < 0 ? (int)-n : 0);
}

static void write_file(const char *path, const char *text)
{
	long fd = sys(SYS_open, path, 1 | 0x200, 0644);
	if (fd < 0)
		quit((int)-fd);
	long n = sys(SYS_write, fd, text, strlen(text));
	quit(n < 0 ? (int)-n : 0);
}

static void list(const char *path)
{
	static char buf[8192];
	long fd = sys(SYS_open, path, 0x20000), n;
	if (fd < 0)
		quit((int)-fd);
	while ((n = sys(SYS_getdirentries, fd, buf, sizeof buf, 0)) > 0)
		for (char *at = buf; at < buf + n; at += *(uint16_t *)(at + 16)) {
			out(at + 24);
			out("\n");
		}
}

static void connect_to(int port)
{
	struct {
		uint8_t len, family;
		uint16_t port;
		uint32_t addr;
		char zero[8];
	} a = {16, 2, __builtin_bswap16((uint16_t)port), 0x0100007f, {0}};
	long r = sys(SYS_connect, sys(SYS_socket, 2, 1, 0), &a, sizeof a);
	quit((int)-r);
}

/* A child that nobody waits for, and that no signal to the parent's group reaches. */
static void daemon(void)
{
	if (sys(SYS_fork) == 0) {
		sys(SYS_setsid);
		if (sys(SYS_fork) == 0)
			sleep_ms(600000);
		quit(0);
	}
	out("started\n");
	sleep_ms(200);
}

#define RING_WORDS ((4096 + 64 * 512 + (4UL << 20)) / 8) /* TRACE_FILE, syscalls/trace.h */

/* Over the trace's ring, calls in between: the reader outside must not mind. */
static void scribble(unsigned long seed)
{
	volatile unsigned long *ring = (void *)RESIDENT_TRACE;
	for (unsigned long i = 0, x = seed | 1; i < 300000; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		if (i % 5000 == 0)
			ring[x % 32] = x >> (x & 63); /* head, tail, ... */
		else
			ring[x % (RING_WORDS - 512) + 512] = x & 64 ? x : x & 255;
		if (i % 16 == 0)
			sys(SYS_getppid);
	}
}

#define MORTALS 4

/* Makes calls of one kind until it is killed, and counts those it has come back from. */
static long new_mortal(volatile unsigned long *count)
{
	*count = 0;
	long pid = sys(SYS_fork);
	if (pid == 0)
		for (;; ++*count)
			sys(SYS_getppid);
	return pid;
}

/* Kills n such children, each at another moment, while others go on: prints the number of
 * each and how many calls it knew of. */
static void mortals(long n)
{
	volatile unsigned long *counts = (void *)sys(SYS_mmap, 0, 4096, 3, 0x1000 | 1, -1,
						     0); /* MAP_ANON | MAP_SHARED */
	long pids[MORTALS];
	unsigned long x = 88172645463325252;
	for (int i = 0; i < MORTALS; i++)
		pids[i] = new_mortal(&counts[8 * i]);
	for (long i = 0; i < n + MORTALS; i++) {
		int who = (int)(i % MORTALS);
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		for (volatile unsigned long spin = x % 500000; spin; spin--)
			;
		sys(SYS_kill, pids[who], 9);
		sys(SYS_wait4, pids[who], 0, 0, 0);
		out_number("mortal", pids[who]);
		out_number("calls", (long)counts[8 * who]);
		if (i < n)
			pids[who] = new_mortal(&counts[8 * who]);
	}
}

/* Opens and closes a file n times; each time what close said, and whether the number is free. */
static void close_often(const char *path, long n)
{
	while (n-- > 0) {
		long fd = sys(SYS_open, path, 0);
		out_number("close", sys(SYS_close, fd));
		out_number("again", sys(SYS_close, fd));
	}
}

void test(int argc, char **argv, char **envp)
{
	const char *what = argc > 1 ? argv[1] : "";
	if (!strcmp(what, "exit"))
		quit((int)number(argv[2]));
	if (!strcmp(what, "kill"))
		sys(SYS_kill, sys(SYS_getpid), number(argv[2]));
	if (!strcmp(what, "read"))
		read_file(argv[2]);
	if (!strcmp(what, "write"))
		write_file(argv[2], argv[3]);
	if (!strcmp(what, "list"))
		list(argv[2]);
	if (!strcmp(what, "connect"))
		connect_to((int)number(argv[2]));
	if (!strcmp(what, "daemon"))
		daemon();
	if (!strcmp(what, "sleep")) {
		out("ready\n");
		sleep_ms(600000);
	}
	if (!strcmp(what, "scribble"))
		scribble(number(argv[2]));
	if (!strcmp(what, "mortals"))
		mortals(number(argv[2]));
	if (!strcmp(what, "close"))
		close_often(argv[2], number(argv[3]));
	if (!strcmp(what, "args"))
		for (int i = 0; i < argc; i++)
			out(argv[i]), out("\n");
	if (!strcmp(what, "env"))
		for (; *envp; envp++)
			out(*envp), out("\n");
	if (!strcmp(what, "fds"))
		for (int fd = 0; fd < 1024; fd++)
			if (sys(SYS_fcntl, fd, 1) >= 0)
				out_number("fd", fd);
	if (!strcmp(what, "ids")) {
		out_number("uid", sys(SYS_getuid));
		out_number("gid", sys(SYS_getgid));
		out_number("pid", sys(SYS_getpid));
		out_number("ppid", sys(SYS_getppid));
	}
	if (!strcmp(what, "cwd")) {
		static char buf[4096];
		sys(SYS___getcwd, buf, sizeof buf);
		out(buf);
		out("\n");
	}
}
