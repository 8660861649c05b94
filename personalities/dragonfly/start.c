/* How a DragonFly program finds the world at its start: stack, auxiliary vector, registers.
 * sys/kern/kern_exec.c (exec_copyout_strings), sys/kern/imgact_elf.c (dragonfly_fixup),
 * sys/platform/pc64/x86_64/machdep.c (exec_setregs) and sigtramp.s; DragonFly 5.9. */
#include "personalities/dragonfly/start.h"

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
	AT_OSRELDATE = 18,
};
#define AUXV_ROOM 12

/* The page above the stack: what a handler returns to.  It calls the handler, then sigreturn(344)
 * with the context at rsp + 64 (struct sigframe's offsets). */
static const uint8_t trampoline[GUEST_PAGE] __attribute__((aligned(GUEST_PAGE))) = {
	0xff, 0x14, 0x24, /* call *(%rsp) */
	0x48, 0x8d, 0x7c, 0x24, 0x40, /* lea 64(%rsp),%rdi */
	0x6a, 0x00, /* push $0 */
	0x48, 0xc7, 0xc0, 0x58, 0x01, 0x00, 0x00, /* mov $344,%rax */
	0x0f, 0x05, /* syscall */
	0xf4, /* hlt */
};

/* struct ps_strings, sys/exec.h */
struct ps_strings {
	uint64_t argv;
	uint32_t argc, pad;
	uint64_t envp;
	uint32_t envc, pad2;
};

static size_t fill_auxv(uint64_t (*v)[2], const struct start *s, uint64_t path)
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
	AUX(AT_EXECPATH, path);
	AUX(AT_OSRELDATE, s->release);
	AUX(AT_NULL, 0);
#undef AUX
	return n;
}

/* From the top: ps_strings, the program's path, strings; then auxv, environment, arguments and
 * their number. */
static int build_stack(struct call *c, const struct start *s)
{
	struct stack stack = {.c = c, .at = s->stack_high, .low = s->stack_low + 16 * GUEST_PAGE};
	struct ps_strings ps = {.argc = s->argc, .envc = s->envc};
	uint64_t auxv[AUXV_ROOM][2], argc = s->argc, vectors, env_strings, argv_strings;
	uint64_t block = stack_push(&stack, &ps, sizeof ps, 8);
	uint64_t path = stack_push(&stack, s->path, strlen(s->path) + 1, 8);
	size_t n_aux;

	env_strings = stack_push_strings(&stack, s->envp, s->envc);
	argv_strings = stack_push_strings(&stack, s->argv, s->argc);
	vectors = sizeof auxv + 8UL * (1 + s->argc + 1 + s->envc + 1);
	if (stack.error || stack.at - stack.low < vectors + 16)
		return stack.error ? stack.error : -E2BIG;
	stack.at = (stack.at - vectors) & ~15UL;
	ps.argv = stack.at + 8;
	ps.envp = ps.argv + 8UL * (s->argc + 1);
	n_aux = fill_auxv(auxv, s, path);
	stack_put_vector(&stack, ps.argv, s->argv, s->argc, argv_strings);
	stack_put_vector(&stack, ps.envp, s->envp, s->envc, env_strings);
	if (stack.error || put_guest(c, stack.at, &argc, 8) < 0 ||
	    put_guest(c, ps.envp + 8UL * (s->envc + 1), auxv, n_aux * sizeof auxv[0]) < 0 ||
	    put_guest(c, block, &ps, sizeof ps) < 0)
		return -EFAULT;
	c->thread->process->ps_strings = block;
	c->thread->process->vectors = stack.at;
	c->thread->regs.rbx = block;
	c->thread->regs.rdi = stack.at;
	return 0;
}

/* exec_setregs: rdi is the stack's base, rbx the argument block, rsp 8 short of 16-byte alignment. */
int dragonfly_start(struct call *c, const struct start *s)
{
	struct regs *r = &c->thread->regs;
	int e;

	memset(r, 0, sizeof *r);
	e = build_stack(c, s);
	if (e == 0)
		e = engine_show_page(c, s->stack_high, trampoline);
	c->thread->process->trampoline = s->stack_high;
	r->rsp = ((r->rdi - 8) & ~15UL) + 8;
	r->rip = s->entry;
	r->rflags = FLAGS_INITIAL;
	return e;
}
