/* Call sites that are patched while eight threads run through them: fresh code
 * again and again, every form at every place in a cache line, with signals and
 * forks in between.  Whoever meets a half-written jump, a stub of code that is
 * gone or a lost register does not get the number it asked for, or dies.
 *
 *     torture [SECONDS [trapped]]
 *
 * trapped: nothing is patched.
 */
#include "tests/guest/guest.h"

enum { READ_EXEC = 5, MAP_PRIVATE = 2, MAP_FIXED = 0x10 };
enum { O_RDWR = 2, O_CREAT = 0x200, O_TRUNC = 0x400 };
enum { SIGUSR1 = 30, SA_RESTART = 2 };

#define N 8
#define BYTES (2 * PAGE)
#define APART 67 /* with as many sites as a line has bytes, they begin everywhere in it */
#define SITES 64 /* so few that threads meet: a jump is half-written for a moment only */
#define PASSES 8 /* after a few traps a page's sites are patched */

static char *code, *other;
static char text[BYTES]; /* to be code */
static char stacks[N][16384] __attribute__((aligned(16)));
static long tids[N];
static volatile long turn, arrived, wrong;
static volatile bool over;
static long jumps; /* seen at the end of all turns */
static volatile uint64_t caught; /* signals */
static volatile long expected[2];

/* getpid (20) and getppid (39), in the forms of patch.c's stubs that need no
 * more than themselves. */
static size_t put_site(char *to, int form, char number)
{
	static const char plain[] = {(char)0xb8, 0, 0, 0, 0, 0x0f, 0x05, (char)0xc3},
			  libc[] = {(char)0xb8, 0,	    0,	  0,	0,	   0x49,
				    (char)0x89, (char)0xca, 0x0f, 0x05, (char)0xc3},
			  wide[] = {0x48, (char)0xc7, (char)0xc0, 0,	0,
				    0,	  0,	      0x0f,	  0x05, (char)0xc3};
	static const struct {
		const char *bytes;
		size_t size, number;
	} forms[] = {{plain, sizeof plain, 1}, {libc, sizeof libc, 1}, {wide, sizeof wide, 3}};

	memcpy(to, forms[form].bytes, forms[form].size);
	to[forms[form].number] = number;
	return forms[form].size;
}

/* What site i is to answer in this turn. */
static int kind_of(long i, long now)
{
	return (int)((i ^ now) & 1);
}

static void write_text(long now)
{
	for (long i = 0; i < (long)SITES; i++)
		put_site(text + i * APART, (int)((i + now) % 3), kind_of(i, now) ? 39 : 20);
}

/* A call with every register that has to last filled with something known. */
long call_kept(long at, long mark);
__asm__(".pushsection .text\n"
	"call_kept: push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush "
	"%r15\n"
	"mov %rsi, %rbx\nlea 1(%rsi), %rbp\nlea 2(%rsi), %r12\nlea 3(%rsi), %r13\n"
	"lea 4(%rsi), %r14\nlea 5(%rsi), %r15\n"
	"call *%rdi\n"
	"lea 1(%rbx), %rcx\ncmp %rcx, %rbp\njne 1f\ninc %rcx\ncmp %rcx, %r12\njne "
	"1f\n"
	"inc %rcx\ncmp %rcx, %r13\njne 1f\ninc %rcx\ncmp %rcx, %r14\njne 1f\n"
	"inc %rcx\ncmp %rcx, %r15\nje 2f\n"
	"1: mov $-1, %rax\n"
	"2: pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n"
	".popsection\n");

static long run_through(long now, unsigned seed, const volatile long *want)
{
	long bad = 0;

	for (long n = 0; n < (long)SITES; n++) {
		long i = (long)((n * 7 + seed) % SITES);

		bad += call_kept((long)(code + i * APART), n + seed) != want[kind_of(i, now)];
	}
	return bad;
}

static void wait_for_turn(long now)
{
	while (turn < now && !over)
		sys(SYS_sched_yield);
}

static void runner(void *arg)
{
	unsigned seed = (unsigned)(long)arg * 131;

	for (long now = 1;; now++) {
		wait_for_turn(now);
		if (over)
			break;
		for (int pass = 0; pass < PASSES; pass++)
			if (run_through(now, seed += 17, expected))
				wrong++;
		__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	}
	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	sys(SYS_thr_exit, 0);
}

static void catch (int number)
{
	caught++;
}

static void begin_threads(void)
{
	struct {
		void (*handler)(int);
		int flags;
		uint32_t mask[4];
		int pad;
	} action = {catch, SA_RESTART, {0}, 0};

	IS(1, sys(SYS_sigaction, SIGUSR1, &action, 0), 0);
	for (long i = 0; i < N; i++) {
		struct {
			void (*start)(void *);
			void *arg;
			char *stack;
			size_t size;
			void *tls[2];
			long *child, *parent;
			void *rest[5];
		} p = {runner, (void *)i, stacks[i], sizeof stacks[i], {0}, 0, &tids[i], {0}};

		IS(2, sys(SYS_thr_new, &p, sizeof p), 0);
	}
}

/* A child has the parent's sites, patched and not, and patches its own. */
static void fork_through(long now)
{
	long child = sys(SYS_fork);

	if (child == 0) {
		const volatile long mine[2] = {sys(SYS_getpid), sys(SYS_getppid)};

		for (int pass = 0; pass < PASSES; pass++)
			if (run_through(now, 5, mine))
				quit(1);
		quit(mine[1] == expected[0] ? 0 : 2);
	}
	CHECK(3, child > 0);
	IS(4, wait_for(child), 0);
}

/* Text is patched only where it was mapped as such: from a file, as a loader does. */
static void map_text(char *at, size_t size)
{
	long fd = sys(SYS_openat, -100, "text", O_RDWR | O_CREAT | O_TRUNC, 0700);

	CHECK(12, fd >= 0);
	IS(13, sys(SYS_write, fd, text, size), size);
	IS(14, sys(SYS_mmap, at, size, READ_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0), at);
	IS(15, sys(SYS_close, fd), 0);
	IS(16, sys(SYS_unlink, "text"), 0);
}

/* Other code comes, runs and goes meanwhile. */
static void change_other(long now)
{
	put_site(text, (int)(now % 3), 20);
	map_text(other, PAGE);
	for (int n = 0; n < PASSES; n++)
		IS(5, ((long (*)(void))other)(), expected[0]);
}

/* How many sites are jumps by now. */
static long count_jumps(void)
{
	long n = 0;

	for (long i = 0; i < (long)SITES; i++)
		n += code[i * APART] == (char)0xe9;
	return n;
}

/* The same memory holds other sites than in the turn before. */
static void take_turn(long now)
{
	write_text(now);
	map_text(code, BYTES);
	arrived = 0;
	turn = now;
	for (long n = 0; arrived < N; n++) {
		(void)sys(SYS_thr_kill, tids[n % N], SIGUSR1);
		if (n == 1 && now % 4 == 0)
			fork_through(now);
		change_other(n);
	}
	IS(6, wrong, 0);
	jumps += count_jumps();
}

void test(int argc, char **argv, char **envp)
{
	long seconds = 0, end;

	for (const char *s = argc > 1 ? argv[1] : "2"; *s; s++)
		seconds = seconds * 10 + *s - '0';
	code = pages(BYTES / PAGE);
	other = pages(1);
	expected[0] = sys(SYS_getpid);
	expected[1] = sys(SYS_getppid);
	begin_threads();
	end = now_ms() + seconds * 1000;
	for (long now = 1; now == 1 || now_ms() < end; now++)
		take_turn(now);
	arrived = 0;
	over = true;
	while (arrived < N)
		sys(SYS_sched_yield);
	CHECK(7, caught > 0);
	if (argc > 2)
		IS(8, jumps, 0);
	else
		CHECK(8, jumps > 0);
}
