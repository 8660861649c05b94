/* A hostile guest of the ptrace engine: attacks what is outside its reach, and what is within.  It ends
 * with status 0 if its calls are still translated as they should be after all of it.
 * Addresses: syscalls/engine/ptrace/stub.h, supervisor.h. */
#include "tests/guest/guest.h"

#define STUB 0x7e0000000000UL
#define STUB_CALL (STUB + 0x100)
#define SCRATCH 0x7e0000100000UL
#define SCRATCH_SIZE (4096 + 160 * 1024UL)

enum { SIGKILL = 9, SIGSEGV = 11, SIGSTOP = 17 };
enum { READ_WRITE = 3, ALL = 7, PRIVATE_FIXED = 0x1012 }; /* sys/mman.h: MAP_ANON too */

static char memory[4096] __attribute__((aligned(4096)));

/* How a child that does it ends, as wait4(2) tells. */
static int end_of(void (*deed)(void))
{
	int status = -1;
	long pid = sys(SYS_fork);

	if (pid == 0) {
		deed();
		quit(50);
	}
	return sys(SYS_wait4, pid, &status, 0, 0) == pid ? status : -1;
}

static void write_stub(void)
{
	*(volatile char *)STUB_CALL = 0;
}

/* By the stub's own instruction: a call of this system's all the same. */
static void exit_by_stub(void)
{
	__asm__ volatile("jmp *%0" : : "r"(STUB_CALL), "a"(SYS__exit), "D"(77L));
}

static void forge_sigreturn(void)
{
	sys(SYS_sigreturn, memory);
}

/* Whoever it is: process 1, the supervisor, what it is made of. */
static void shoot(int number)
{
	long self = sys(SYS_getpid);

	for (long pid = 1; pid < 20; pid++)
		if (pid != self)
			sys(SYS_kill, pid, number);
	sys(SYS_kill, -1, number);
}

/* Calls that use scratch, memory and results of their own. */
static bool calls_work(void)
{
	static const char text[] = "words";
	char back[sizeof text] = {0};
	int ends[2];

	return sys(SYS_pipe2, ends, 0) == 0 &&
	       sys(SYS_write, ends[1], text, sizeof text) == sizeof text &&
	       sys(SYS_read, ends[0], back, sizeof back) == sizeof text && back[0] == 'w' &&
	       back[4] == 's' && sys(SYS_close, ends[0]) == 0 && sys(SYS_close, ends[1]) == 0 &&
	       sys(SYS___getcwd, memory, sizeof memory) == 0 && memory[0] == '/';
}

void test(int argc, char **argv, char **envp)
{
	CHECK(1, sys(SYS_getppid) == 1);
	shoot(SIGSTOP);
	shoot(SIGKILL);
	CHECK(10, calls_work());
	CHECK(2, sys(SYS_munmap, STUB, PAGE) < 0);
	CHECK(3, sys(SYS_mprotect, STUB, PAGE, ALL) < 0);
	CHECK(4, sys(SYS_mmap, STUB, PAGE, READ_WRITE, PRIVATE_FIXED, -1, 0) < 0);
	CHECK(5, sys(SYS_munmap, SCRATCH, PAGE) < 0);
	CHECK(6, sys(SYS___getcwd, STUB_CALL, 64) == -EFAULT);
	CHECK(7, (end_of(write_stub) & 0x7f) == SIGSEGV);
	CHECK(8, end_of(exit_by_stub) == 77 << 8);
	memset(memory, 0, sizeof memory);
	CHECK(9, (end_of(forge_sigreturn) & 0x7f) != 0 || end_of(forge_sigreturn) == 50 << 8);
	CHECK(11, calls_work()); /* scratch is there from now on, if it was not */
	memset((char *)SCRATCH, 0xff, SCRATCH_SIZE);
	CHECK(12, calls_work());
	quit(0);
}
