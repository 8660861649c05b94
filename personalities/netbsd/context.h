/* Machine contexts: what a signal's frame, getcontext() and _lwp_create() have in common. */
#ifndef GUISE_NETBSD_CONTEXT_H
#define GUISE_NETBSD_CONTEXT_H

#include "syscalls/personality.h"
#include "syscalls/process.h"

/* sys/ucontext.h: uc_flags */
enum {
	UC_SIGMASK = 0x1,
	UC_STACK = 0x2,
	UC_CPU = 0x4,
	UC_FPU = 0x8,
	UC_SETSTACK = 0x10000,
	UC_CLRSTACK = 0x20000,
	UC_TLSBASE = 0x80000,
};

/* amd64/mcontext.h: the order of __gregs */
struct mcontext {
	uint64_t rdi, rsi, rdx, rcx, r8, r9, r10, r11, r12, r13, r14, r15, rbp, rbx, rax;
	uint64_t gs, fs, es, ds, trap, error, rip, cs, rflags, rsp, ss;
	uint64_t tlsbase;
	uint8_t fp[512];
};
_Static_assert(sizeof(struct mcontext) == 26 * 8 + 8 + 512, "mcontext_t");

struct ucontext {
	uint32_t flags, pad;
	uint64_t link;
	struct sigset mask;
	uint64_t stack_base, stack_size;
	uint32_t stack_flags, pad2;
	struct mcontext m;
};
_Static_assert(sizeof(struct ucontext) == 784, "__UCONTEXT_SIZE");

/* Registers as a context has them: 0, or -EINVAL if no program may have such. */
int netbsd_registers(const struct mcontext *m, struct regs *r);
/* The vector state of the context at `at`; the thread's own is gone. */
int netbsd_load_vectors(struct thread *t, uint64_t at);

int netbsd_push_signal(struct thread *t, const struct signal_info *info, const struct action *a);
void netbsd_describe_fault(struct signal_info *info);

#endif
