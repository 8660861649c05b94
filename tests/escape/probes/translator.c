/* Ways out by getting rid of what translates and filters, or by passing it by. */
#include "tests/escape/probes/probe.h"

#include <asm/signal.h>

#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/prctl.h>

#include "syscalls/engine/resident/layout.h"
#include "syscalls/launch.h"

/* ---- Other doors into the kernel ---------------------------------------------------------- */

enum { I386_EXIT = 1, X32 = 0x40000000, MADE = 42 };

/* exit(42), by whatever way: if the call is made the process is seen to have ended so.  One
 * that is killed at it made none. */
static void try_door(void (*exit_by_it)(void))
{
	long child = start_child();
	if (child == 0) {
		exit_by_it();
		end(0);
	}
	int status = wait_child(child);
	holds("not made", status != MADE);
	inform("status", status);
}

static void by_int80(void)
{
	long r = I386_EXIT;
	__asm__ volatile("int $0x80"
			 : "+a"(r)
			 : "b"((long)MADE)
			 : "memory", "r8", "r9", "r10", "r11");
}

CHECK_OF("20", int80, SELF_PLAIN, NULL, "32-bit calls by int $0x80")
{
	try_door(by_int80);
}

CHECK_OF("20", x32, SELF_NEVER, "this kernel may have been built without x32", "the x32 numbers")
{
	refused("getpid", host(X32 | __NR_getpid));
	refused("read", host(X32 | __NR_read, -1, 0, 0));
	refused("execve", host(X32 | 520, "/", 0, 0));
}

/* A far call into 32-bit code that makes the call.  All of it lies below 4 GiB, as its stack
 * must. */
void far_int80(void), far_syscall(void);
__asm__(".pushsection .text\n"
	".balign 16\n"
	".code32\n"
	"narrow_int80: mov $1, %eax\n mov $42, %ebx\n int $0x80\n ud2\n"
	"narrow_syscall: mov $1, %eax\n mov $42, %ebx\n syscall\n ud2\n"
	".code64\n"
	"far_int80: lea narrow_stack_end(%rip), %rsp\n lcall *to_int80(%rip)\n"
	"far_syscall: lea narrow_stack_end(%rip), %rsp\n lcall *to_syscall(%rip)\n"
	".popsection\n"
	".pushsection .data\n"
	".balign 8\n"
	"to_int80: .long narrow_int80, 0x23\n" /* __USER32_CS: asm/segment.h */
	"to_syscall: .long narrow_syscall, 0x23\n"
	".balign 16\n"
	".skip 4096\n"
	"narrow_stack_end: .quad 0\n"
	".popsection\n");

CHECK_OF("20", far_call, SELF_PLAIN, NULL, "a far call into 32-bit code, and int $0x80 there")
{
	try_door(far_int80);
}

CHECK_OF("20", far_syscall, SELF_PLAIN, NULL, "a far call into 32-bit code, and syscall there")
{
	try_door(far_syscall);
}

/* ---- Switching it off --------------------------------------------------------------------- */

CHECK_OF("23", switches, SELF_PLAIN, NULL,
	 "switching the translation off: dispatch, stepping, CPUID")
{
	host(__NR_prctl, 59 /* PR_SET_SYSCALL_USER_DISPATCH */, 0, 0, 0, 0);
	host(__NR_prctl, PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
	host(__NR_prctl, PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0);
	host(__NR_prctl, PR_SET_SECCOMP, 0, 0, 0, 0);
	still_confined("as confined as before");
}

/* From here on nothing of the translator's may be needed: no fork, no exit but host()'s. */
static long *verdict;

static _Noreturn void leave(void)
{
	*verdict = first_allowed() ? 1 : 2;
	for (;;)
		host(__NR_exit_group, 0);
}

static void judge(long child)
{
	int status = wait_child(child);
	if (*verdict == 0)
		inform("the guest ended before it could ask", status);
	else
		holds("as confined as before", *verdict == 2);
}

/* The gate's page, with code of the guest's in it: mov %rdi,%rax ... syscall; ret. */
static const unsigned char own_gate[] = {
	0x48, 0x89, 0xf8, /* mov %rdi, %rax */
	0x48, 0x89, 0xf7, /* mov %rsi, %rdi */
	0x48, 0x89, 0xd6, /* mov %rdx, %rsi */
	0x48, 0x89, 0xca, /* mov %rcx, %rdx */
	0x4d, 0x89, 0xc2, /* mov %r8, %r10 */
	0x4d, 0x89, 0xc8, /* mov %r9, %r8 */
	0x4c, 0x8b, 0x4c, 0x24, 0x08, /* mov 8(%rsp), %r9 */
	0x0f, 0x05, 0xc3, /* syscall; ret */
};

CHECK_OF("23", own_gate, SELF_PLAIN, NULL, "one's own code where calls are allowed from")
{
	verdict = shared_pages(1);
	long child = start_child();
	if (child == 0) {
		/* Where there is a translator its page becomes writable; else one is made there. */
		if (host(__NR_mprotect, RESIDENT_BASE, 4096, 7) < 0)
			host(__NR_mmap, RESIDENT_BASE, 4096, 7,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (has_resident() || host(__NR_msync, RESIDENT_BASE, 4096, 4) == 0)
			memcpy((void *)RESIDENT_BASE, own_gate, sizeof own_gate);
		leave();
	}
	judge(child);
}

CHECK_OF("23", unmapped, SELF_PLAIN, NULL,
	 "without the translator: all of it unmapped but the gate")
{
	verdict = shared_pages(1);
	long child = start_child();
	if (child == 0) {
		host(__NR_munmap, RESIDENT_BASE + RESIDENT_GATE_SIZE,
		     RESIDENT_LIMIT - RESIDENT_BASE - RESIDENT_GATE_SIZE);
		leave();
	}
	judge(child);
}

/* rt_sigreturn with a frame nobody pushed: arch/x86/kernel/signal_64.c, struct rt_sigframe. */
struct forged {
	void *trampoline;
	struct ucontext context;
	char siginfo[128];
};

static struct forged forged;
static char forged_stack[16384] __attribute__((aligned(16)));

CHECK_OF("23", forged_return, SELF_PLAIN, NULL, "a forged return from a signal")
{
	verdict = shared_pages(1);
	long child = start_child();
	if (child == 0) {
		forged.context.uc_mcontext.rip = (uintptr_t)leave;
		forged.context.uc_mcontext.rsp =
			(uintptr_t)(forged_stack + sizeof forged_stack - 8);
		forged.context.uc_mcontext.cs = USER_CS;
		forged.context.uc_mcontext.ss = USER_SS;
		forged.context.uc_mcontext.eflags = 0x202;
		__asm__ volatile("mov %0, %%rsp\n"
				 "mov $15, %%edi\n"
				 "mov $15, %%eax\n"
				 "test %1, %1\n"
				 "jz 1f\n"
				 "jmp *%1\n"
				 "1: syscall\n"
				 "ud2\n"
				 :
				 : "r"(&forged.context), "r"(through_gate() ? RESIDENT_BASE : 0L)
				 : "memory");
		end(0);
	}
	judge(child);
}

/* ---- New programs ------------------------------------------------------------------------- */

#ifdef NATIVE
#define KILLED_BY_SIGSYS (128 + 31)
#else
#define KILLED_BY_SIGSYS (128 + 12) /* sys/signal.h */
#endif

/* 0 if a program that had this done to it is as confined as its parent. */
static void judge_program(const char *what, long child)
{
	int status = wait_child(child);
	/* Refused by the translator (sandbox/'s own statuses), or stopped at its first call. */
	if (status == 125 || status == 126 || status == KILLED_BY_SIGSYS)
		holds("refused or stopped", true);
	else if (status == 0 || status == 1)
		holds(what, status == 0);
	else
		inform(what, status);
}

CHECK_OF("35", executed, SELF_PLAIN, NULL, "executing itself again")
{
	long child = start_child();
	if (child == 0) {
		become_self("confined");
		end(3);
	}
	judge_program("as confined as before", child);
}

/* Linux itself takes it for a Linux program then, whatever it is. */
static void execute_from_memory(const char *file)
{
	long child = start_child();
	if (child == 0) {
		long from = host(__NR_open, file, O_RDONLY), n;
		long to = host(__NR_memfd_create, "probe", 0);
		char *const argv[] = {"probe", (char *)(through_gate() ? "gate" : "calls"), "-",
				      "confined", NULL};
		while ((n = host(__NR_read, from, scratch, sizeof scratch)) > 0)
			host(__NR_write, to, scratch, n);
		host(__NR_execveat, to, "", argv, surroundings(), AT_EMPTY_PATH);
		end(4);
	}
	judge_program("as confined as before", child);
}

CHECK_OF("35", from_memory, SELF_PLAIN, NULL, "executing a file in memory")
{
	execute_from_memory(fact("PROGRAM"));
	if (*fact("LINUX_PROGRAM"))
		execute_from_memory(fact("LINUX_PROGRAM"));
}

/* The translator's own image, told that no filter is there yet, or with nonsense. */
CHECK_OF("36", forged_handover, SELF_NEVER, "there is no translator to be told anything",
	 "starting the translator with a forged handover")
{
	if (!has_resident()) {
		not_here("no translator beside this program");
		return;
	}
	static const struct handover forgeries[] = {
		{.flags = 0, .program = 0},
		{.flags = 0, .program = -1},
		{.flags = 0, .program = HIDDEN_SETTINGS},
		{.flags = HANDOVER_FIRST, .program = -1},
		{.flags = ~0u,
		 .program = 1 << 30,
		 .mask = {~0ul, ~0ul, ~0ul},
		 .ignored = {~0ul, ~0ul, ~0ul}},
	};
	for (size_t i = 0; i <= COUNT(forgeries); i++) {
		long child = start_child();
		if (child == 0) {
			char text[2 * sizeof(struct handover) + 1];
			const unsigned char *b = (const unsigned char *)&forgeries[i];
			for (size_t n = 0; n < sizeof *forgeries; n++) {
				unsigned byte = i < COUNT(forgeries) ? b[n] : 0xff;
				text[2 * n] = "0123456789abcdef"[byte >> 4];
				text[2 * n + 1] = "0123456789abcdef"[byte & 15];
			}
			text[sizeof text - 1] = 0;
			char *const argv[] = {"guise",
					      i < COUNT(forgeries) ? text : "",
					      (char *)fact("PROGRAM"),
					      (char *)fact("PROGRAM"),
					      (char *)(through_gate() ? "gate" : "calls"),
					      "-",
					      "confined",
					      NULL};
			for (int fd = 0; fd <= 2; fd++)
				host(__NR_dup2, host(__NR_open, "/dev/null", O_RDWR), fd);
			host(__NR_execveat, HIDDEN_RESIDENT, "", argv, surroundings(),
			     AT_EMPTY_PATH);
			end(5);
		}
		judge_program(digits((long)i), child);
	}
}

CHECK_OF("36", trace_ring, SELF_NEVER, "there is no ring",
	 "scribbling over the ring of the trace's records")
{
	uint64_t seed = 88172645463325252u;
	if (host(__NR_msync, RESIDENT_TRACE, 4096, 4) < 0) {
		not_here("nobody traces: see the trace's own tests");
		return;
	}
	volatile uint64_t *ring = (void *)RESIDENT_TRACE;
	for (int i = 0; i < 100000; i++) {
		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		ring[seed % 4096] = seed;
	}
	inform("scribbled", 1);
}

CHECK_OF("37", low_memory, SELF_NEVER, "a kernel that lets programs map page 0 is rare",
	 "memory at address 0, which a kernel's own null pointer would find")
{
	refused("mmap",
		host(__NR_mmap, 0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	long at = host(__NR_mmap, 0, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	refused("mremap", host(__NR_mremap, at, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, 0));
	refused("growing down",
		host(__NR_mmap, 0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN,
		     -1, 0));
}

CHECK_OF("37", personality, SELF_PLAIN, NULL,
	 "another personality: memory not random, all of it executable")
{
	refused("READ_IMPLIES_EXEC", host(__NR_personality, 0x0400000));
	refused("ADDR_COMPAT_LAYOUT", host(__NR_personality, 0x0200000));
	refused("MMAP_PAGE_ZERO", host(__NR_personality, 0x0100000));
}
