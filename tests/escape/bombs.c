/* A guest that takes all it can get of one thing.  The same text is built for Linux (NATIVE).
 *
 *   fork          processes, each of which does it too        threads are counted alike
 *   memory MIB    writes to so much
 *   files         descriptors
 *   disk DIR...   fills each
 *   inodes DIR... empty files in each
 *   grow PATH     one file
 *   spin MS       processor time, and tells how much of it there was
 *   kill          itself
 *   exit
 *
 * Exit status 0 if there was an end to it with the right error, which is told with how many
 * there were; otherwise 1. */
#include "tests/guest/guest.h"

#ifdef NATIVE
enum { O_CREATE = 0x40, ANONYMOUS = 0x22, AGAIN = 11 };
#define SYS_fork __NR_fork
#define SYS_mmap __NR_mmap
#define SYS_open __NR_open
#define SYS_close __NR_close
#define SYS_dup __NR_dup
#define SYS_nanosleep __NR_nanosleep
#define SYS_kill __NR_kill
#define SYS_getpid __NR_getpid
#define SYS_clock_gettime __NR_clock_gettime
enum { MONOTONIC = 1, PROCESS_TIME = 2 };
#else
enum { O_CREATE = 0x200, ANONYMOUS = 0x1002, AGAIN = EAGAIN };
enum { PROCESS_TIME = 15 }; /* sys/_clock_id.h */
#endif
enum { O_WRITE = 1 };

static const char *what;

static long number(const char *s)
{
	long n = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	return n;
}

static void end(long n, long error, long right)
{
	print(what);
	print(" ");
	print_number(n);
	print(" error ");
	print_number(error);
	print("\n");
	if (error != right)
		quit(1);
}

static void pause_ms(long ms)
{
	const long t[2] = {ms / 1000, ms % 1000 * 1000000};
	sys(SYS_nanosleep, t, 0);
}

/* Every child forks on until it cannot; the first one tells and leaves time to look. */
static void forks(void)
{
	long n = 0, pid;
	bool first = true;
	for (;;) {
		pid = sys(SYS_fork);
		if (pid < 0)
			break;
		if (pid == 0)
			first = false, n = 0;
		else if (++n > 100000)
			break;
	}
	if (first)
		end(n, pid < 0 ? -pid : 0, AGAIN);
	pause_ms(first ? 700 : 600000);
}

static void memory(long mib)
{
	long size = mib << 20;
	long at = sys(SYS_mmap, 0, size, 3, ANONYMOUS, -1, 0);
	if (at < 0 && at > -(long)PAGE)
		return end(0, -at, ENOMEM);
	for (long i = 0; i < size; i += PAGE)
		*(volatile char *)(at + i) = 1;
	end(mib, 0, -1);
}

static void files(void)
{
	long n = 0, fd;
	while ((fd = sys(SYS_dup, 2)) >= 0)
		n++;
	for (long i = 3; i < n + 3; i++)
		if (i > 3)
			sys(SYS_close, i);
	end(n, -fd, EMFILE);
}

static void name(char *to, const char *directory, long n)
{
	size_t length = strlen(directory);
	memcpy(to, directory, length);
	memcpy(to + length, "/b", 3);
	for (to += length + 2; n; n /= 10)
		*to++ = (char)('0' + n % 10);
	*to = 0;
}

static long fill(const char *path, long *error)
{
	static char block[65536];
	long n = 0, r = sys(SYS_open, path, O_WRITE | O_CREATE, 0644), fd = r;
	if (fd >= 0)
		while ((r = sys(SYS_write, fd, block, sizeof block)) > 0)
			n += r;
	*error = r < 0 ? -r : 0;
	return n;
}

static void disk(const char *directory)
{
	char path[256];
	long error, n;
	name(path, directory, 1);
	n = fill(path, &error);
	end(n >> 10, error, ENOSPC);
}

static void inodes(const char *directory)
{
	char path[256];
	long n = 0, fd;
	do {
		name(path, directory, ++n);
		fd = sys(SYS_open, path, O_WRITE | O_CREATE, 0644);
		if (fd >= 0)
			sys(SYS_close, fd);
	} while (fd >= 0 && n < 10000000);
	end(n, fd < 0 ? -fd : 0, ENOSPC);
}

static void grow(const char *path)
{
	long error, n = fill(path, &error);
	end(n >> 10, error, EFBIG);
}

static long clock_ms(int clock)
{
	long t[2];
	sys(SYS_clock_gettime, clock, t);
	return t[0] * 1000 + t[1] / 1000000;
}

static void spin(long ms)
{
	long until = clock_ms(MONOTONIC) + ms;
	while (clock_ms(MONOTONIC) < until)
		for (volatile int i = 0; i < 20000; i++)
			;
	end(clock_ms(PROCESS_TIME), 0, 0);
}

void test(int argc, char **argv, char **envp)
{
	what = argc > 1 ? argv[1] : "";
	if (!strcmp(what, "fork"))
		forks();
	else if (!strcmp(what, "memory"))
		memory(number(argv[2]));
	else if (!strcmp(what, "files"))
		files();
	else if (!strcmp(what, "kill"))
		sys(SYS_kill, sys(SYS_getpid), 9);
	else if (!strcmp(what, "exit"))
		quit(0);
	else if (!strcmp(what, "spin"))
		spin(number(argv[2]));
	else if (!strcmp(what, "grow"))
		grow(argv[2]);
	else if (!strcmp(what, "disk"))
		for (int i = 2; i < argc; i++)
			disk(argv[i]);
	else if (!strcmp(what, "inodes"))
		for (int i = 2; i < argc; i++)
			inodes(argv[i]);
	else
		quit(2);
}
