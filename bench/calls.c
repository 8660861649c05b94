/* The cost of one call: `calls WHAT N` makes N of them, 500 in a row, and prints the nanoseconds
 * each took in the quickest row: what others do on the machine at the time does not count.
 * `calls WHAT N mark` makes N of them and then one more between two marks (steps.c).
 * `calls WHAT N unfiltered` is for unfiltered.c's guise. */
#include "bench/stubs.h"

#include "syscalls/engine/resident/layout.h"

#include <asm/unistd.h>
#include <linux/prctl.h>

STUB(close, 6, 3);
STUB(getpid, 20, 39);
STUB(getppid, 39, 110);
STUB(sigprocmask, 340, 14);
STUB(pread, 475, 17);
STUB(openat, 499, 257);
STUB(fstatat, 552, 262);

#define HERE -100 /* AT_FDCWD, of both */

/* What the calls work on. */
static long zero, file;
static int ends[2];
static char page[PAGE];

static void make_getpid(void)
{
	do_call(getpid);
}

static void make_getppid(void)
{
	do_call(getppid);
}

static void make_sigprocmask(void)
{
	do_call(sigprocmask, 1 /* SIG_BLOCK; natively SIG_UNBLOCK */, page, 0,
		8 /* natively the size */);
}

static void make_read(void)
{
	do_call(read, zero, page, 1);
}

static void make_clock(void)
{
	now();
}

static void make_pread(void)
{
	do_call(pread, file, page, PAGE, 0);
}

static void make_stat(void)
{
	do_call(fstatat, HERE, "/dev/zero", page, 0);
}

static void make_open(void)
{
	do_call(close, do_call(openat, HERE, "/dev/zero", 0));
}

static void make_pipe(void)
{
	do_call(write, ends[1], page, 1);
	do_call(read, ends[0], page, 1);
}

static const struct {
	const char *name;
	void (*make)(void);
} calls[] = {
	{"getpid", make_getpid}, {"getppid", make_getppid}, {"sigprocmask", make_sigprocmask},
	{"read", make_read},	 {"clock", make_clock},	    {"pread", make_pread},
	{"stat", make_stat},	 {"open", make_open},	    {"pipe", make_pipe},
};

#define BATCH 500

static void make_marked(void (*make)(void), long n)
{
	while (n-- > 0)
		make();
	mark();
	make();
	mark();
}

#define WARM_UP 16

/* The resident's own way to Linux, straight from here. */
static void catch_calls(void (*make)(void), bool on)
{
	long (*gate)(long, long, long, long, long, long) = (void *)RESIDENT_BASE;

	for (int i = 0; !on && i < WARM_UP; i++) {
		make();
		(void)now();
	}
	CHECK(5, gate(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH,
		      on ? PR_SYS_DISPATCH_ON : PR_SYS_DISPATCH_OFF, on ? RESIDENT_BASE : 0,
		      on ? RESIDENT_GATE_SIZE : 0, 0) == 0);
}

void test(int argc, char **argv, char **envp)
{
	size_t which = 0;

	CHECK(1, argc == 3 || argc == 4);
	while (which < COUNT(calls) && strcmp(calls[which].name, argv[1]))
		which++;
	CHECK(2, which < COUNT(calls));
	zero = do_call(openat, HERE, "/dev/zero", 0);
	file = do_call(openat, HERE, argv[0], 0);
	CHECK(3, zero >= 0 && file >= 0 && do_call(pipe2, ends, 0) == 0);
	CHECK(4, do_call(pread, file, page, PAGE, 0) == PAGE);
	bool unfiltered = argc == 4 && strcmp(argv[3], "unfiltered") == 0;
	if (argc == 4 && !unfiltered) {
		make_marked(calls[which].make, number(argv[2]));
		return;
	}
	if (unfiltered)
		catch_calls(calls[which].make, false);
	long best = -1;
	for (long n = number(argv[2]); n > 0; n -= BATCH) {
		long before = now(), took;

		for (long i = 0; i < BATCH; i++)
			calls[which].make();
		took = now() - before;
		if (best < 0 || took < best)
			best = took;
	}
	if (unfiltered)
		catch_calls(calls[which].make, true);
	print_number(best / BATCH);
	print("\n");
}
