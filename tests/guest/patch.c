/* Call sites that are patched while the program runs: whatever their form, alignment and
 * company, a call is the same the first time, the second time, and jumped to. */
#include "tests/guest/guest.h"

enum { READ_EXEC = 5, READ_WRITE = 3, ANON_PRIVATE = 0x1002, FIXED = 0x10 };

#define STUB(name, ...) \
	long name(long, long, long, long); \
	__asm__(".pushsection .text\n" __VA_ARGS__ ".popsection\n")

/* The forms libraries and compilers make; getppid is 39, getpid 20. */
STUB(plain, ".balign 64\nplain: mov $39, %eax\nsyscall\nret\n");
STUB(libc, ".balign 64\nlibc: mov $39, %eax\nmov %rcx, %r10\nsyscall\njb 1f\n1: ret\n");
STUB(wide, ".balign 64\nwide: .byte 0x48, 0xc7, 0xc0, 39, 0, 0, 0\nsyscall\nret\n");
STUB(wide_libc, ".balign 64\nwide_libc: .byte 0x48, 0xc7, 0xc0, 39, 0, 0, 0\n"
		"mov %rcx, %r10\nsyscall\nret\n");
STUB(loaded, ".balign 64\nloaded: sub $24, %rsp\nmovq $39, 8(%rsp)\nmov 8(%rsp), %rax\nsyscall\n"
	     "add $24, %rsp\nret\n");
STUB(address, ".balign 64\naddress: sub $24, %rsp\nmov $39, %eax\nlea 8(%rsp), %rsi\nsyscall\n"
	      "add $24, %rsp\nret\n");
/* Across a cache line: the jump would take two stores. */
STUB(across, ".balign 64\n.skip 61\nacross: mov $39, %eax\nsyscall\nret\n");
STUB(at_end, ".balign 64\n.skip 59\nat_end: mov $39, %eax\nsyscall\nret\n");
/* Of no known form: a ten-byte mov.  It traps for ever. */
STUB(unknown, ".balign 64\nunknown: .byte 0x48, 0xb8, 20, 0, 0, 0, 0, 0, 0, 0\nsyscall\nret\n");
/* A jump past the instruction that is patched. */
STUB(entered, ".balign 64\nentered: mov $20, %eax\njmp entered_call\n"
	      "entered_whole: mov $39, %eax\nentered_call: syscall\nret\n");
long entered_whole(long, long, long, long);
/* Registers a stub may count on. */
long kept(void);
__asm__(".pushsection .text\n"
	".balign 64\nkept: push %rbx\npush %rbp\nmov $0x1111, %ebx\nmov $0x2222, %ebp\n"
	"mov $0x3333, %edi\nmov $0x4444, %esi\nmov $0x5555, %edx\nmov $0x6666, %r8d\nmov $0x7777, %r9d\n"
	"movq $0x8888, -8(%rsp)\nstd\nmov $20, %eax\nsyscall\n"
	"pushfq\npop %rcx\ncld\nxor %eax, %eax\n"
	"test $0x400, %ecx\njz 1f\ntest $1, %ecx\njnz 1f\n"
	"cmp $0x1111, %rbx\njne 1f\ncmp $0x2222, %rbp\njne 1f\ncmp $0x3333, %rdi\njne 1f\n"
	"cmp $0x4444, %rsi\njne 1f\ncmp $0x5555, %rdx\njne 1f\ncmp $0x6666, %r8\njne 1f\n"
	"cmp $0x7777, %r9\njne 1f\nmov $1, %eax\n"
	"1: pop %rbp\npop %rbx\nret\n"
	".popsection\n");

/* Vector registers, and how they round, where the call traps for ever; the x87's as well. */
long kept_vectors(void);
__asm__(".pushsection .text\n"
	".balign 64\nkept_vectors: movabs $0x1122334455667788, %rdx\n"
	"movq %rdx, %xmm0\nmovq %rdx, %xmm15\nfld1\n"
	"movl $0x7f80, -4(%rsp)\nldmxcsr -4(%rsp)\n"
	".byte 0x48, 0xb8, 20, 0, 0, 0, 0, 0, 0, 0\nsyscall\n"
	"stmxcsr -4(%rsp)\nmovl $0x1f80, -8(%rsp)\nldmxcsr -8(%rsp)\nfistpl -8(%rsp)\n"
	"movabs $0x1122334455667788, %rdx\nxor %eax, %eax\n"
	"movq %xmm0, %rcx\ncmp %rdx, %rcx\njne 1f\nmovq %xmm15, %rcx\ncmp %rdx, %rcx\njne 1f\n"
	"cmpl $0x7f80, -4(%rsp)\njne 1f\ncmpl $1, -8(%rsp)\njne 1f\nmov $1, %eax\n"
	"1: ret\n"
	".popsection\n");

#define TIMES 24 /* a page's sites are patched at its sixth trap, and at further ones */

static void forms(long parent, long pid)
{
	static long (*const all[])(long, long, long, long) = {
		plain, libc, wide, wide_libc, loaded, address, across, at_end, entered_whole,
	};
	for (size_t i = 0; i < COUNT(all); i++)
		for (int n = 0; n < TIMES; n++)
			IS(1 + (int)i, all[i](0, 0, 0, 0), parent);
	for (int n = 0; n < TIMES; n++)
		IS(20, unknown(0, 0, 0, 0), pid);
	for (int n = 0; n < TIMES; n++) {
		IS(21, entered(0, 0, 0, 0), pid);
		IS(22, entered_whole(0, 0, 0, 0), parent);
	}
	for (int n = 0; n < TIMES; n++)
		IS(23, kept(), 1);
	for (int n = 0; n < TIMES; n++)
		IS(24, kept_vectors(), 1);
}

/* ---- Code that comes and goes ------------------------------------------------------ */

static const unsigned char getppid_stub[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
static const unsigned char getpid_stub[] = {0xb8, 20, 0, 0, 0, 0x0f, 0x05, 0xc3};

static long call_at(long at)
{
	return ((long (*)(void))at)();
}

static void changing_code(long parent, long pid)
{
	long at = sys(SYS_mmap, 0, PAGE, READ_WRITE, ANON_PRIVATE, -1, 0);
	CHECK(30, at > 0);
	for (int n = 0; n < 3; n++) {
		IS(31, sys(SYS_mprotect, at, PAGE, READ_WRITE), 0);
		memcpy((void *)at, n & 1 ? getpid_stub : getppid_stub, sizeof getpid_stub);
		IS(32, sys(SYS_mprotect, at, PAGE, READ_EXEC), 0);
		for (int i = 0; i < TIMES; i++)
			IS(33, call_at(at), n & 1 ? pid : parent);
	}
	/* Mapped from a file, executed, replaced at the same place. */
	for (int n = 0; n < 4; n++) {
		long fd = sys(SYS_openat, -100, "code", 0x200 | 0x400 | 2, 0700);
		CHECK(34, fd >= 0);
		sys(SYS_write, fd, n & 1 ? getpid_stub : getppid_stub, sizeof getpid_stub);
		IS(35, sys(SYS_mmap, at, PAGE, READ_EXEC, 0x2 | FIXED, fd, 0), at);
		for (int i = 0; i < TIMES; i++)
			IS(36, call_at(at), n & 1 ? pid : parent);
		sys(SYS_close, fd);
		sys(SYS_unlink, "code");
		if (n & 2)
			IS(37, sys(SYS_munmap, at, PAGE), 0);
	}
}

/* ---- Threads that find each other at the same site ----------------------------------- */

#define N 4
#define SITES 24
#define APART 67 /* so that they begin everywhere in a cache line */
STUB(crowd, ".balign 64\ncrowd:\n.rept 24\nmov $39, %eax\nsyscall\nret\n.skip 59\n.endr\n");
static char stacks[N][16384] __attribute__((aligned(16)));
static volatile long wrong, done;
static volatile bool go;
static long parent_of_all;

static void runner(void *arg)
{
	while (!go)
		;
	for (int n = 0; n < 200; n++)
		for (long i = 0; i < SITES; i++)
			if (((long (*)(void))((long)crowd + i * APART))() != parent_of_all)
				wrong++;
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
	sys(SYS_thr_exit, 0);
}

static void together(long parent)
{
	parent_of_all = parent;
	for (int i = 0; i < N; i++) {
		struct {
			void (*start)(void *);
			void *arg;
			char *stack;
			size_t size;
			void *rest[9];
		} p = {runner, 0, stacks[i], sizeof stacks[i], {0}};
		IS(40, sys(SYS_thr_new, &p, sizeof p), 0);
	}
	go = true;
	while (done < N)
		sys(SYS_sched_yield);
	IS(41, wrong, 0);
}

void test(int argc, char **argv, char **envp)
{
	long parent = sys(SYS_getppid), pid = sys(SYS_getpid);
	forms(parent, pid);
	changing_code(parent, pid);
	together(parent);
	/* A child's sites are its own. */
	long child = sys(SYS_fork);
	if (child == 0)
		quit(plain(0, 0, 0, 0) == pid && unknown(0, 0, 0, 0) != pid ? 0 : 1);
	int status = 0;
	IS(50, sys(SYS_wait4, child, &status, 0, 0), child);
	IS(51, status, 0);
	IS(52, plain(0, 0, 0, 0), parent);
}
