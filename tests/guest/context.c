/* getcontext, setcontext, swapcontext, and sysarch's part of them: sys/_ucontext.h,
 * x86/include/ucontext.h, x86/sysarch.h; amd64/exec_machdep.c get_mcontext(), set_mcontext(). */
#include "tests/guest/guest.h"

enum { GET_FSBASE = 128, SET_FSBASE = 129, GET_XFPUSTATE = 132 };
enum { HASSEGS = 1, HASBASES = 2, HASFPXSTATE = 4, FPOWNED_FPU = 0x20001 };
enum { SIG_BLOCK = 1, SIG_UNBLOCK = 2, SIGUSR1 = 30, ROUND_UP = 0x4000 };
#define MXCSR 0x1f80u

struct ucontext {
	uint32_t mask[4];
	long onstack, rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
	uint32_t trapno;
	uint16_t fs, gs;
	long addr;
	uint32_t flags;
	uint16_t es, ds;
	long err, rip, cs, rflags, rsp, ss, len, fpformat, ownedfp;
	uint32_t fpstate[128];
	long fsbase, gsbase, xfpustate, xfpustate_len, tlsbase, spare[3];
	void *link, *stack[3];
	int uc_flags, spare2[4];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct ucontext) == 880, "sys/_ucontext.h");

static struct ucontext uc, other;
static char rest[16384] __attribute__((aligned(64)));
static long block[2], second[2];
static volatile int times;

static uint32_t mxcsr(void)
{
	uint32_t v;

	__asm__ volatile("stmxcsr %0" : "=m"(v));
	return v;
}

static void set_mxcsr(uint32_t v)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(v));
}

static long tls(void)
{
	void *at = 0;

	IS(1, sys(SYS_sysarch, GET_FSBASE, &at), 0);
	return (long)at;
}

static void set_tls(long *at)
{
	IS(2, sys(SYS_sysarch, SET_FSBASE, &at), 0);
}

/* The call, inlined: what it comes back to must still be there the second time. */
#define GETCONTEXT(to) \
	__asm__ volatile("syscall" \
			 : \
			 : "a"((long)SYS_getcontext), "D"(to) \
			 : "rcx", "r11", "rdx", "rsi", "r8", "r9", "r10", "memory", "cc")

static void set_mask(int how)
{
	uint32_t set[4] = {1u << (SIGUSR1 - 1)};

	IS(3, sys(SYS_sigprocmask, how, set, 0), 0);
}

static bool is_blocked(void)
{
	uint32_t set[4] = {0};

	IS(4, sys(SYS_sigprocmask, SIG_BLOCK, 0, set), 0);
	return set[0] >> (SIGUSR1 - 1) & 1;
}

/* Back to where it was: the mask and how numbers are rounded are the context's, the base of
 * thread-local storage is whoever's goes on with it. */
static void back(void)
{
	set_tls(block);
	set_mask(SIG_BLOCK);
	set_mxcsr(MXCSR | ROUND_UP);
	times = 0;
	GETCONTEXT(&uc);
	times++;
	CHECK(5, is_blocked());
	IS(6, mxcsr(), MXCSR | ROUND_UP);
	if (times == 2) {
		IS(7, tls(), second);
		return;
	}
	IS(8, uc.flags, HASSEGS);
	IS(9, uc.fsbase, block);
	IS(10, uc.ownedfp, FPOWNED_FPU);
	IS(11, uc.fpstate[6], MXCSR | ROUND_UP);
	set_mask(SIG_UNBLOCK);
	set_mxcsr(MXCSR);
	set_tls(second);
	sys(SYS_setcontext, &uc);
	CHECK(12, false);
}

/* One that says it has a base of its own takes it along. */
static void with_bases(void)
{
	times = 0;
	GETCONTEXT(&uc);
	if (++times == 2) {
		IS(13, tls(), block);
		return;
	}
	uc.flags |= HASBASES;
	uc.fsbase = (long)block;
	set_tls(second);
	IS(14, sys(SYS_swapcontext, &other, &uc), 0);
	CHECK(15, false);
}

static uint32_t size_of_rest(void)
{
	uint32_t a = 0xd, b = 0, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return b - 512;
}

/* The wide registers, as the library's getcontextx() asks for them and a handler's end, here
 * sigreturn, puts them back. */
static void wide(void)
{
	struct {
		void *to;
		int size, pad;
	} ask = {rest, (int)size_of_rest(), 0};
	uint32_t a = 1, b, c = 0, d;
	static long in[4] = {1, 2, 3, 0x7777}, out[4];

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(c >> 27 & 1))
		return;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	IS(16, sys(SYS_sysarch, GET_XFPUSTATE, &ask), 0);
	IS(17, sys(SYS_sysarch, GET_XFPUSTATE, 16), -EFAULT);
	ask.size = 1 << 20;
	IS(18, sys(SYS_sysarch, GET_XFPUSTATE, &ask), -EINVAL);
	if ((a & 6) != 6)
		return;
	times = 0;
	__asm__ volatile("vmovdqu %0, %%ymm9" : : "m"(in) : "xmm9");
	GETCONTEXT(&uc);
	__asm__ volatile("vmovdqu %%ymm9, %0\n vzeroupper" : "=m"(out) : : "memory");
	if (++times == 2) {
		CHECK(19, !memcmp(in, out, sizeof in));
		return;
	}
	ask.size = (int)size_of_rest();
	__asm__ volatile("vmovdqu %0, %%ymm9" : : "m"(in) : "xmm9");
	IS(20, sys(SYS_sysarch, GET_XFPUSTATE, &ask), 0);
	__asm__ volatile("vzeroall" : : : "memory");
	uc.flags |= HASFPXSTATE;
	uc.xfpustate = (long)rest;
	uc.xfpustate_len = ask.size;
	sys(SYS_sigreturn, &uc);
	CHECK(21, false);
}

void test(int argc, char **argv, char **envp)
{
	back();
	with_bases();
	wide();
	IS(22, sys(SYS_getcontext, 0), -EINVAL);
	IS(23, sys(SYS_getcontext, 16), -EFAULT);
	uc.len = 12;
	uc.cs = 0;
	IS(24, sys(SYS_setcontext, &uc), -EINVAL);
}
