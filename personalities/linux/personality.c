/* Linux's own programs, in the resident like any other system's: so that a foreign program
 * can start them, and so that they are confined by the same filter.  Numbers, structures
 * and errors are the host's; what is done here is what a kernel does for a program at its
 * start and at a call.  fs/binfmt_elf.c, arch/x86/entry, Linux 6.1. */
#include "syscalls/personality.h"

#include "personalities/linux/core.h"
#include "personalities/linux/errno.h"
#include "personalities/linux/frame.h"
#include "personalities/linux/types.h"
#include "personalities/linux/types_shown.h"
#include "syscalls/descriptors.h"
#include "syscalls/process.h"
#include "syscalls/stack.h"

#include <linux/auxvec.h>
#include <string.h>

/* ---- Rows ------------------------------------------------------------------------- */

#define ROWS "personalities/linux/syscalls.def"
#include "syscalls/declare.h"

static const struct row rows[] = {
#include "personalities/linux/syscalls.def"
};

static const struct signal signals[] = {
#define SIGNAL(n, d, text) {.guest = (n), .host = (n), .by_default = SIGNAL_##d, .name = (text)},
#include "personalities/linux/signals.def"
#undef SIGNAL
};

const struct type linux_siginfo = {.name = "siginfo",
				   .kind = KIND_CUSTOM,
				   .guest_size = sizeof(siginfo_t),
				   .host_size = sizeof(struct signal_info),
				   .custom = {.to_guest = siginfo_out}};

/* Programs ask uname(), which answers with the host's: the number is for show. */
static void release_name(uint32_t release, char *buf, size_t size)
{
	static const char name[] = "the host's";

	(void)release;
	if (size)
		memcpy(buf, name, size < sizeof name ? size : sizeof name);
	if (size && size < sizeof name)
		buf[size - 1] = 0;
}

/* ---- Calls ------------------------------------------------------------------------------ */

static int fetch(struct call *c)
{
	const struct regs *r = &c->thread->regs;
	const uint64_t in_registers[] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9};

	c->nr = (uint32_t)r->rax;
	memcpy(c->a, in_registers, sizeof in_registers);
	return 0;
}

static void leave(struct call *c, long result)
{
	c->thread->regs.rax = (uint64_t)result;
}

#define SYSCALL_LENGTH 2 /* 0f 05 */

static void restart(struct call *c)
{
	c->thread->regs.rip -= SYSCALL_LENGTH;
}

static void leave_child(struct call *c)
{
	c->thread->regs.rax = 0;
}

/* ---- Start ---------------------------------------------------------------------------------- */

#define RANDOM_SIZE 16
#define AUXV_ROOM 32
#define HWCAP2_FSGSBASE_BIT 2UL
#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#define AT_RSEQ_ALIGN 28
#endif
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

struct placed {
	uint64_t path, platform, random;
};

/* What Linux told the resident of the machine holds for the program.  Not so the one bit that
 * says it may use GS. */
static bool is_machines(uint64_t id, uint64_t *value)
{
	switch (id) {
	case AT_HWCAP2:
		*value &= ~HWCAP2_FSGSBASE_BIT;
		return true;
	case AT_SYSINFO_EHDR:
	case AT_HWCAP:
	case AT_PAGESZ:
	case AT_CLKTCK:
	case AT_MINSIGSTKSZ:
	case AT_RSEQ_FEATURE_SIZE:
	case AT_RSEQ_ALIGN:
	case AT_UID:
	case AT_EUID:
	case AT_GID:
	case AT_EGID:
		return true;
	default:
		return false;
	}
}

static size_t fill_auxv(uint64_t (*v)[2], const struct start *s, const struct placed *p)
{
	size_t n = 0;

#define AUX(id, value) (v[n][0] = (id), v[n++][1] = (uint64_t)(value))
	for (const uint64_t *a = s->auxv; a && a[0] != AT_NULL && n < AUXV_ROOM - 12; a += 2) {
		uint64_t value = a[1];

		if (is_machines(a[0], &value))
			AUX(a[0], value);
	}
	AUX(AT_PHDR, s->phdr);
	AUX(AT_PHENT, s->phent);
	AUX(AT_PHNUM, s->phnum);
	AUX(AT_BASE, s->base);
	AUX(AT_FLAGS, 0);
	AUX(AT_ENTRY, s->program_entry);
	AUX(AT_SECURE, 0);
	AUX(AT_RANDOM, p->random);
	AUX(AT_EXECFN, p->path);
	AUX(AT_PLATFORM, p->platform);
	AUX(AT_NULL, 0);
#undef AUX
	return n;
}

/* create_elf_tables(): from the top, a null word, the path, strings, platform, random bytes;
 * then auxv, environment, arguments and their number. */
static int build_stack(struct call *c, const struct start *s)
{
	static const char platform[] = "x86_64";
	struct stack stack = {.c = c,
			      .at = s->stack_high - 8,
			      .low = s->stack_low + 16 * GUEST_PAGE};
	uint64_t auxv[AUXV_ROOM][2], argc = s->argc, vectors, argv, envp, arguments, environment;
	struct placed p;
	size_t n_aux;

	p.path = stack_push(&stack, s->path, strlen(s->path) + 1, 1);
	environment = stack_push_strings(&stack, s->envp, s->envc);
	arguments = stack_push_strings(&stack, s->argv, s->argc);
	p.platform = stack_push(&stack, platform, sizeof platform, 1);
	p.random = stack_push(&stack, s->random, RANDOM_SIZE, 16);
	vectors = sizeof auxv + 8UL * (1 + s->argc + 1 + s->envc + 1);
	if (stack.error || stack.at - stack.low < vectors + 16)
		return stack.error ? stack.error : -E2BIG;
	stack.at = (stack.at - vectors) & ~15UL;
	argv = stack.at + 8;
	envp = argv + 8UL * (s->argc + 1);
	n_aux = fill_auxv(auxv, s, &p);
	stack_put_vector(&stack, argv, s->argv, s->argc, arguments);
	stack_put_vector(&stack, envp, s->envp, s->envc, environment);
	if (stack.error || put_guest(c, stack.at, &argc, 8) < 0 ||
	    put_guest(c, envp + 8UL * (s->envc + 1), auxv, n_aux * sizeof auxv[0]) < 0)
		return -EFAULT;
	c->thread->process->vectors = stack.at;
	c->thread->regs.rsp = stack.at;
	return 0;
}

/* The path is asked for again as /proc/self/exe, from wherever the program is by then. */
static void keep_path(struct call *c, const char *path)
{
	struct process *p = c->thread->process;
	size_t n = strlen(path) + 1, used = 0;
	uint64_t at = scratch(c, sizeof p->path);

	if (path[0] != '/' && at && host(c, __NR_getcwd, at, sizeof p->path) > 0) {
		long length = get_guest_string(c, p->path, at, sizeof p->path);

		used = length > 0 ? (size_t)length : 0;
		p->path[used++] = '/';
		while (path[0] == '.' && path[1] == '/')
			path += 2, n -= 2;
	}
	if (n > sizeof p->path - used)
		p->path[0] = 0;
	else
		memcpy(p->path + used, path, n);
}

#define FLAGS_INITIAL 0x202UL

static int start(struct call *c, const struct start *s)
{
	struct regs *r = &c->thread->regs;
	int e;

	memset(r, 0, sizeof *r);
	e = build_stack(c, s);
	r->rip = s->entry;
	r->rflags = FLAGS_INITIAL;
	keep_path(c, s->path);
	return e;
}

PERSONALITY(linux_itself) = {
	.name = "linux",
	.title = "Linux",
	.core = &linux_core,
	.brand = {.osabi = 3, /* ELFOSABI_GNU; most programs have 0 instead */
		  .note = "GNU",
		  .note_type = 1, /* NT_GNU_ABI_TAG: its first word is 0 for Linux */
		  .interpreters = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1",
				   "/lib/ld-linux-x86-64.so.2", "/system/bin/linker64"}},
	.rows = rows,
	.n_rows = COUNT(rows),
	.errnos = linux_errnos,
	.n_errnos = COUNT(linux_errnos),
	.errno_names = linux_errno_names,
	.n_errno_names = COUNT(linux_errno_names),
	.signals = signals,
	.n_signals = COUNT(signals),
	.max_signal = 64,
	.bad_stack_signal = SIGSEGV,
	.is_host = true,
	.default_release_name = "the host's",
	.release_name = release_name,
	.fetch = fetch,
	.leave = leave,
	.restart = restart,
	.leave_child = leave_child,
	.start = start,
	.push_signal = linux_push_signal,
	.describe_fault = linux_describe_fault,
};

REGISTER_PERSONALITY(linux_itself);
