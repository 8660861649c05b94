/* A hostile guest: makes Linux calls itself, through the engine's gate or past it, with every
 * number and arguments picked to do harm.  What happens to itself does not matter; the script
 * beside it looks at the host.
 *
 *   gate WAY FROM TO SEED
 *
 * WAY: gate (Linux numbers through the gate page), x32 (the same with the x32 bit),
 * int80 (32-bit entry), calls (the guest system's own numbers, the ordinary way).
 * Each number runs in a child of its own with a watchdog; progress goes to standard output.
 */
#include "tests/guest/guest.h"

#define GATE 0x7e0000000000UL /* syscalls/engine/resident/layout.h; the call is at its start */
#define ROUNDS 100
#define PATIENCE_MS 120
enum { SIGKILL = 9, WNOHANG = 1 };

typedef long gate_fn(long nr, long a, long b, long c, long d, long e, long f);

static uint64_t seed;

/* xorshift64 */
static uint64_t random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static char memory[65536] __attribute__((aligned(4096)));
static const char *const names[] = {
	"/",
	".",
	"..",
	"../..",
	"/..",
	"/etc/passwd",
	"/etc/shadow",
	"/proc/1/root",
	"/proc/self/exe",
	"/proc/self/fd/0",
	"/proc/self/mem",
	"/proc/sys/kernel/core_pattern",
	"/proc/sysrq-trigger",
	"/sys/fs/cgroup",
	"/dev/mem",
	"/dev/kmsg",
	"/dev/tty",
	"/dev/pts/0",
	"/tmp/x",
	"x",
	"y",
	"/old",
	"/oldroot",
	"../sentinel",
	"/dev/shm/x",
	"proc",
	"sysfs",
	"tmpfs",
	"overlay",
	"ext4",
	"security.capability",
	"user.x",
	"",
};

/* A value that a call may take for a number, a descriptor, a flag, a size, a process. */
static long small(void)
{
	static const long interesting[] = {
		0,
		1,
		2,
		3,
		4,
		5,
		7,
		8,
		9,
		10,
		15,
		16,
		17,
		24,
		31,
		32,
		64,
		100,
		128,
		255,
		256,
		512,
		1000,
		1008,
		1009,
		1010,
		1011,
		1023,
		1024,
		4096,
		65536,
		-1,
		-2,
		-3,
		-100,
		0x7fffffff,
		0x80000000,
		-2147483648L,
		0x7fffffffffffffff,
		0x10000000,
		0x20000000,
		0x40000000,
		0xfee1dead,
		0x28121969,
		0x01234567,
		0x5413,
		0x5412,
		0x541c,
	};
	if (random() % 4 == 0)
		return (long)(1UL << random() % 32);
	return interesting[random() % COUNT(interesting)];
}

/* Memory filled with what structures are made of. */
static long object(void)
{
	char *at = memory + random() % 4096 / 16 * 16;
	for (int i = 0; i < 32; i++) {
		long v = random() % 3 ? small() : (long)(memory + random() % 32768);
		memcpy(at + i * 8, &v, 8);
	}
	return (long)at;
}

static long argument(void)
{
	switch (random() % 8) {
	case 0:
	case 1:
	case 2:
		return small();
	case 3:
	case 4:
		return object();
	case 5:
		return (long)names[random() % COUNT(names)];
	case 6:
		return (long)(GATE + random() % 0x20000);
	default:
		return (long)random();
	}
}

static long int80(long nr, const long *a)
{
	long r;
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "0"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
			 : "memory", "r8", "r9", "r10", "r11");
	return r;
}

static long make(const char *way, long nr, const long *a)
{
	gate_fn *gate = (gate_fn *)GATE;
	if (!strcmp(way, "calls"))
		return sys_call(nr, a);
	if (!strcmp(way, "int80"))
		return int80(nr, a);
	if (!strcmp(way, "x32"))
		nr |= 0x40000000;
	return gate(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Numbers whose call returns twice: the second return ends at once, or they multiply. */
static bool forks(const char *way, long nr)
{
	static const short native[] = {56, 57, 58, 435}, i386[] = {2, 120, 190, 435},
			   own[] = {2, 66, 251, 518, 600};
	const short *list = !strcmp(way, "calls") ? own : !strcmp(way, "int80") ? i386 : native;
	for (int i = 0; i < (list == own ? 5 : 4); i++)
		if (list[i] == nr)
			return true;
	return false;
}

static void attack(const char *way, long nr)
{
	for (int round = 0; round < ROUNDS; round++) {
		long a[8];
		for (size_t i = 0; i < COUNT(a); i++)
			a[i] = argument();
		long r = make(way, nr, a);
		if (forks(way, nr) && (r == 0 || round == 1))
			quit(0);
	}
	quit(0);
}

static void watch(long child)
{
	int status;
	long end = now_ms() + PATIENCE_MS;
	while (sys(SYS_wait4, child, &status, WNOHANG, 0) == 0) {
		if (now_ms() > end) {
			sys(SYS_kill, child, SIGKILL);
			sys(SYS_wait4, child, &status, 0, 0);
			return;
		}
		struct timespec t = {0, 200000};
		sys(SYS_nanosleep, &t, 0);
	}
}

static long number(const char *s)
{
	long n = 0;
	while (*s)
		n = n * 10 + *s++ - '0';
	return n;
}

static void report(long n)
{
	char line[24], *at = line + sizeof line;
	*--at = '\n';
	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	sys(SYS_write, 1, at, line + sizeof line - at);
}

void test(int argc, char **argv, char **envp)
{
	CHECK(1, argc == 5);
	/* The gate is where this program thinks it is: Linux's read is number 0, its EBADF 9. */
	IS(3, ((gate_fn *)GATE)(0, -1, 0, 0, 0, 0, 0), -9);
	long from = number(argv[2]), to = number(argv[3]);
	for (long nr = from; nr < to; nr++) {
		report(nr);
		long child = sys(SYS_fork);
		if (child == 0) {
			seed = (uint64_t)number(argv[4]) * 0x9e3779b97f4a7c15 + (uint64_t)nr + 1;
			for (int fd = 0; fd < 3; fd++)
				sys(SYS_close, fd);
			sys(SYS_open, "/dev/null", 2);
			attack(argv[1], nr);
		}
		CHECK(2, child > 0);
		watch(child);
	}
}
