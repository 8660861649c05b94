/* How a FreeBSD program finds the world at its start: stack, auxiliary vector, registers.
 * sys/kern/kern_exec.c (exec_copyout_strings), sys/kern/imgact_elf.c
 * (freebsd_copyout_auxargs), sys/amd64/amd64/exec_machdep.c (exec_setregs),
 * sys/amd64/amd64/sigtramp.S; FreeBSD 15 and 13.2. */
#include "personalities/freebsd/start.h"

#include "syscalls/process.h"
#include "syscalls/stack.h"

#include <string.h>

enum auxv {
	AT_NULL = 0,
	AT_PHDR = 3,
	AT_PHENT = 4,
	AT_PHNUM = 5,
	AT_PAGESZ = 6,
	AT_BASE = 7,
	AT_FLAGS = 8,
	AT_ENTRY = 9,
	AT_EXECPATH = 15,
	AT_CANARY = 16,
	AT_CANARYLEN = 17,
	AT_OSRELDATE = 18,
	AT_NCPUS = 19,
	AT_PAGESIZES = 20,
	AT_PAGESIZESLEN = 21,
	AT_TIMEKEEP = 22,
	AT_STACKPROT = 23,
	AT_EHDRFLAGS = 24,
	AT_HWCAP = 25,
	AT_HWCAP2 = 26,
	AT_BSDFLAGS = 27,
	AT_ARGC = 28,
	AT_ARGV = 29,
	AT_ENVC = 30,
	AT_ENVV = 31,
	AT_PS_STRINGS = 32,
	AT_USRSTACKBASE = 35,
	AT_USRSTACKLIM = 36,
};

/* The page above the stack.  At its beginning is the native code a handler returns to: call the handler, then
 * sigreturn(417) on the ucontext at rsp + 16 (struct sigframe's offsets).  Then the time (sys/vdso.h: struct
 * vdso_timekeep), which stays disabled: libraries make the call, which is answered in place through Linux's own. */
#define TIMEKEEP 0x610
static const struct shared_page {
	uint8_t trampoline[TIMEKEEP];
	struct timekeep {
		uint32_t version, enabled, current, padding;
		uint8_t hands[4][88];
	} timekeep;
	uint8_t rest[GUEST_PAGE - TIMEKEEP - sizeof(struct timekeep)];
} shared_page __attribute__((aligned(GUEST_PAGE))) = {
	.trampoline =
		{
			0xff, 0x14, 0x24, /* call *(%rsp) */
			0x48, 0x8d, 0x7c, 0x24, 0x10, /* lea 16(%rsp),%rdi */
			0x6a, 0x00, /* push $0 */
			0xb8, 0xa1, 0x01, 0x00, 0x00, /* mov $417,%eax */
			0x0f, 0x05, /* syscall */
			0xf4, /* hlt */
		},
	.timekeep = {.version = 1},
};
_Static_assert(sizeof(struct shared_page) == GUEST_PAGE, "one page");

#define CANARY_SIZE 64
#define AUXV_ROOM 40 /* AT_COUNT */

/* struct ps_strings, sys/exec.h */
struct ps_strings {
	uint64_t argv;
	uint32_t argc, pad;
	uint64_t envp;
	uint32_t envc, pad2;
};

struct placed {
	uint64_t ps_strings, path, canary, page_sizes, argv_strings, env_strings;
	uint64_t argv, envp;
};

static size_t fill_auxv(uint64_t (*v)[2], const struct start *s, const struct placed *p)
{
	size_t n = 0;

#define AUX(id, value) (v[n][0] = (id), v[n++][1] = (uint64_t)(value))
	AUX(AT_PHDR, s->phdr);
	AUX(AT_PHENT, s->phent);
	AUX(AT_PHNUM, s->phnum);
	AUX(AT_PAGESZ, GUEST_PAGE);
	AUX(AT_FLAGS, 0);
	AUX(AT_ENTRY, s->program_entry);
	AUX(AT_BASE, s->base);
	AUX(AT_EHDRFLAGS, s->e_flags);
	AUX(AT_EXECPATH, p->path);
	AUX(AT_OSRELDATE, s->release);
	AUX(AT_CANARY, p->canary);
	AUX(AT_CANARYLEN, CANARY_SIZE);
	AUX(AT_NCPUS, s->ncpus);
	AUX(AT_PAGESIZES, p->page_sizes);
	AUX(AT_PAGESIZESLEN, sizeof(uint64_t));
	AUX(AT_TIMEKEEP, s->stack_high + TIMEKEEP);
	AUX(AT_STACKPROT, 3 | (s->stack_executable ? 4 : 0)); /* VM_PROT_* */
	AUX(AT_HWCAP, s->hwcap);
	/* Bit 1 is FSGSBASE on both systems, and programs that see it write GS too. */
	AUX(AT_HWCAP2, 0);
	AUX(AT_BSDFLAGS, 0); /* sigfastblock is not there */
	AUX(AT_ARGC, s->argc);
	AUX(AT_ARGV, p->argv);
	AUX(AT_ENVC, s->envc);
	AUX(AT_ENVV, p->envp);
	AUX(AT_PS_STRINGS, p->ps_strings);
	AUX(AT_USRSTACKBASE, s->stack_high);
	AUX(AT_USRSTACKLIM, s->stack_high - s->stack_low);
	AUX(AT_NULL, 0);
#undef AUX
	return n;
}

/* exec_copyout_strings: from the top, ps_strings, path, canary, page sizes, strings; then
 * auxv, environment, arguments and their number. */
static int build_stack(struct call *c, const struct start *s)
{
	struct stack stack = {.c = c, .at = s->stack_high, .low = s->stack_low + 16 * GUEST_PAGE};
	struct ps_strings ps = {.argc = s->argc, .envc = s->envc};
	uint64_t auxv[AUXV_ROOM][2], page = GUEST_PAGE, argc = s->argc, vectors;
	struct placed p;
	size_t n_aux;

	p.ps_strings = stack_push(&stack, &ps, sizeof ps, 8);
	p.path = stack_push(&stack, s->path, strlen(s->path) + 1, 1);
	p.canary = stack_push(&stack, s->random, CANARY_SIZE, 8);
	p.page_sizes = stack_push(&stack, &page, sizeof page, 8);
	p.env_strings = stack_push_strings(&stack, s->envp, s->envc);
	p.argv_strings = stack_push_strings(&stack, s->argv, s->argc);
	vectors = sizeof auxv + 8UL * (1 + s->argc + 1 + s->envc + 1);
	if (stack.error || stack.at - stack.low < vectors + 16)
		return stack.error ? stack.error : -E2BIG;
	stack.at = (stack.at - vectors) & ~15UL;
	p.argv = stack.at + 8;
	p.envp = p.argv + 8UL * (s->argc + 1);
	n_aux = fill_auxv(auxv, s, &p);
	stack_put_vector(&stack, p.argv, s->argv, s->argc, p.argv_strings);
	stack_put_vector(&stack, p.envp, s->envp, s->envc, p.env_strings);
	ps.argv = p.argv;
	ps.envp = p.envp;
	if (stack.error || put_guest(c, stack.at, &argc, 8) < 0 ||
	    put_guest(c, p.envp + 8UL * (s->envc + 1), auxv, n_aux * sizeof auxv[0]) < 0 ||
	    put_guest(c, p.ps_strings, &ps, sizeof ps) < 0)
		return -EFAULT;
	c->thread->process->ps_strings = p.ps_strings;
	c->thread->process->vectors = stack.at;
	c->thread->regs.rdi = stack.at;
	return 0;
}

/* exec_setregs: rdi is the stack's base, rsp 8 short of 16-byte alignment. */
int freebsd_start(struct call *c, const struct start *s)
{
	struct regs *r = &c->thread->regs;
	int e;

	memset(r, 0, sizeof *r);
	e = build_stack(c, s);
	if (e == 0)
		e = engine_show_page(c, s->stack_high, &shared_page);
	c->thread->process->trampoline = s->stack_high;
	r->rsp = ((r->rdi - 8) & ~15UL) + 8;
	r->rip = s->entry;
	r->rflags = FLAGS_INITIAL;
	return e;
}
