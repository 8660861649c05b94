/* A dynamic, position-independent program: what its linker and the kernel gave it. */
#include "tests/guest/guest.h"
#include "tests/world/elf.h"

extern int one_sum(int more);
extern int *one_own_at(void);
extern int one_initialised(void);
extern int two_sum(int more);
extern long *two_own_at(void);
extern unsigned long one_tls_new(void);

static __thread int own = 42;
static __thread char zero[100];
static int *volatile own_in_thread;
static volatile long in_thread_one, in_thread_two, in_thread_own;
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _start[] __attribute__((visibility("hidden")));

struct ps_strings {
	uint64_t argv;
	uint32_t argc, pad;
	uint64_t envp;
	uint32_t envc, pad2;
};

struct thr_param {
	void (*start)(void *);
	void *arg;
	char *stack_base;
	uint64_t stack_size;
	uint64_t tls_base;
	uint64_t tls_size;
	long *child_tid, *parent_tid;
	int flags;
	void *rtp;
	void *spare[3];
};

static void vector(int argc, char **argv, char **envp)
{
	uint64_t aux[N_AUX] = {0};
	int envc = 0;

	while (envp[envc])
		envc++;
	read_aux(envp, aux);
	IS(1, aux[AT_ENTRY], _start);
	CHECK(2, aux[AT_PHDR] > (uint64_t)__ehdr_start &&
			 aux[AT_PHDR] < (uint64_t)__ehdr_start + PAGE);
	CHECK(3, aux[AT_BASE] && aux[AT_BASE] != (uint64_t)__ehdr_start);
	IS(4, aux[AT_PAGESZ], PAGE);
	CHECK(5, !strcmp((char *)aux[AT_EXECPATH], "/bin/program"));
	CHECK(6, aux[AT_CANARYLEN] >= 8 && *(uint64_t *)aux[AT_CANARY]);
	CHECK(7, aux[AT_NCPUS] >= 1);
	CHECK(8, aux[AT_PAGESIZESLEN] >= 8 && *(uint64_t *)aux[AT_PAGESIZES] == PAGE);
	IS(9, aux[AT_STACKPROT], 3);
	IS(10, aux[AT_ARGC], argc);
	IS(11, aux[AT_ARGV], argv);
	IS(12, aux[AT_ENVC], envc);
	IS(13, aux[AT_ENVV], envp);
	const struct ps_strings *ps = (const void *)aux[AT_PS_STRINGS];
	CHECK(14, ps->argv == aux[AT_ARGV] && ps->argc == (uint32_t)argc);
	CHECK(15, ps->envp == aux[AT_ENVV] && ps->envc == (uint32_t)envc);
	CHECK(16, aux[AT_USRSTACKBASE] > (uint64_t)argv &&
			  aux[AT_USRSTACKBASE] - aux[AT_USRSTACKLIM] < (uint64_t)argv);
	int release = 0;
	uint64_t size = sizeof release;
	IS(17, sys(SYS___sysctl, ((int[]){1, 24}), 2, &release, &size, 0, 0), 0);
	IS(18, aux[AT_OSRELDATE], release);
	/* sys/vdso.h: its layout is known, and its clock is not to be used. */
	const uint32_t *timekeep = (const uint32_t *)aux[AT_TIMEKEEP];
	CHECK(19, timekeep[0] == 1 && timekeep[1] == 0);
}

static void libraries(void)
{
	IS(20, one_sum(100), 3 + 11 + 100);
	IS(21, two_sum(100), 3 + 11 + 100 + 4);
	IS(22, one_initialised(), 21);
	IS(23, own, 42);
	IS(24, zero[99], 0);
	IS(25, two_own_at()[2], 9);
	*one_own_at() = 20;
	IS(26, one_sum(0), 23);
}

static void in_thread(void *arg)
{
	own_in_thread = &own;
	in_thread_own = own;
	in_thread_one = *one_own_at();
	in_thread_two = two_own_at()[1];
	two_own_at()[1] = 0;
	sys(SYS_thr_exit, arg);
}

/* Each thread has storage of its own, as it was at the beginning. */
static void threads(void)
{
	static char stack[65536];
	static volatile long ended, child;
	struct thr_param p = {.start = in_thread,
			      .arg = (void *)&ended,
			      .stack_base = stack,
			      .stack_size = sizeof stack,
			      .tls_base = one_tls_new(),
			      .child_tid = (long *)&child};

	own = 43;
	IS(30, sys(SYS_thr_new, &p, sizeof p), 0);
	while (!ended)
		sleep_ms(1);
	CHECK(31, own_in_thread && own_in_thread != &own);
	IS(32, in_thread_own, 42);
	IS(33, in_thread_one, 11);
	IS(34, in_thread_two, 8);
	IS(35, two_own_at()[1], 8);
	IS(36, own, 43);
}

/* Thread-local storage outlives fork; exec begins with a new one. */
static void children(char **argv, char **envp)
{
	long status = 0, child = sys(SYS_fork);

	if (child == 0)
		quit(own == 43 && *one_own_at() == 20 ? 0 : 1);
	IS(40, sys(SYS_wait4, child, &status, 0, 0), child);
	IS(41, (int)status, 0);
	IS(42, sys(SYS_execve, argv[0], ((char *[]){argv[0], (char *)"again", 0}), envp), 0);
}

void test(int argc, char **argv, char **envp)
{
	vector(argc, argv, envp);
	libraries();
	threads();
	if (argc == 1)
		children(argv, envp);
	print("world: done\n");
}
