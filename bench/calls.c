/* The cost of one call: `calls WHAT N` makes N of them, 500 in a row, and prints the nanoseconds
 * each took in the quickest row: what others do on the machine at the time does not count. */
#include "tests/guest/guest.h"

/* The stubs a libc makes its calls with, natively too: what programs really execute. */
#ifdef NATIVE
#define STUB(name, nr, native) STUB_(name, native)
#define MONOTONIC 1
#else
#define STUB(name, nr, native) \
	_Static_assert(SYS_##name == (nr), "the stub's number"); \
	STUB_(name, nr)
#define MONOTONIC 4
#endif
#define STUB_(name, nr) \
	long name(long, long, long, long); \
	__asm__(".pushsection .text\n.balign 16\n" #name ": mov $" #nr ", %eax\n" \
		"mov %rcx, %r10\nsyscall\nret\n.popsection\n")
STUB(read, 3, 0);
STUB(write, 4, 1);
STUB(close, 6, 3);
STUB(getpid, 20, 39);
STUB(getppid, 39, 110);
STUB(clock_gettime, 232, 228);
STUB(pread, 475, 17);
STUB(openat, 499, 257);
STUB(pipe2, 542, 293);
STUB(fstatat, 552, 262);

#define HERE -100 /* AT_FDCWD, of both */

/* What the calls work on. */
static long zero, file;
static int ends[2];
static char page[PAGE];

static long now(void)
{
	long t[2];
	clock_gettime(MONOTONIC, (long)t, 0, 0);
	return t[0] * 1000000000 + t[1];
}

static void make_getpid(void)
{
	getpid(0, 0, 0, 0);
}

static void make_getppid(void)
{
	getppid(0, 0, 0, 0);
}

static void make_read(void)
{
	read(zero, (long)page, 1, 0);
}

static void make_clock(void)
{
	now();
}

static void make_pread(void)
{
	pread(file, (long)page, PAGE, 0);
}

static void make_stat(void)
{
	fstatat(HERE, (long)"/dev/zero", (long)page, 0);
}

static void make_open(void)
{
	close(openat(HERE, (long)"/dev/zero", 0, 0), 0, 0, 0);
}

static void make_pipe(void)
{
	write(ends[1], (long)page, 1, 0);
	read(ends[0], (long)page, 1, 0);
}

static const struct {
	const char *name;
	void (*make)(void);
} calls[] = {
	{"getpid", make_getpid}, {"getppid", make_getppid}, {"read", make_read},
	{"clock", make_clock},	 {"pread", make_pread},	    {"stat", make_stat},
	{"open", make_open},	 {"pipe", make_pipe},
};

static long number(const char *s)
{
	long n = 0;
	while (*s)
		n = n * 10 + *s++ - '0';
	return n;
}

#define BATCH 500

void test(int argc, char **argv, char **envp)
{
	size_t which = 0;

	CHECK(1, argc == 3);
	while (which < COUNT(calls) && strcmp(calls[which].name, argv[1]))
		which++;
	CHECK(2, which < COUNT(calls));
	zero = openat(HERE, (long)"/dev/zero", 0, 0);
	file = openat(HERE, (long)argv[0], 0, 0);
	CHECK(3, zero >= 0 && file >= 0 && pipe2((long)ends, 0, 0, 0) == 0);
	CHECK(4, pread(file, (long)page, PAGE, 0) == PAGE);
	long best = -1;
	for (long n = number(argv[2]); n > 0; n -= BATCH) {
		long before = now(), took;

		for (long i = 0; i < BATCH; i++)
			calls[which].make();
		took = now() - before;
		if (best < 0 || took < best)
			best = took;
	}
	print_number(best / BATCH);
	print("\n");
}
