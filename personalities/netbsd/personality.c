/* NetBSD on amd64: the system's rows, and what its programs expect at their start, at a call and at a
 * signal.  Sources: sys/arch/x86/x86/syscall.c, sys/arch/amd64/amd64/machdep.c and trap.c,
 * sys/kern/kern_syscall.c, kern_fork.c; NetBSD 7.99, numbers of 10. */
#include "syscalls/personality.h"

#include "personalities/netbsd/context.h"
#include "personalities/netbsd/errno.h"
#include "personalities/netbsd/start.h"
#include "personalities/netbsd/types.h"
#include "syscalls/descriptors.h"
#include "syscalls/engine.h"
#include "syscalls/process.h"
#include "syscalls/signal.h"

#include <asm/signal.h>
#include <string.h>

/* ---- Rows ------------------------------------------------------------------------------------- */

#define ROWS "personalities/netbsd/syscalls.def"
#include "syscalls/declare.h"

static const struct row rows[] = {
#include "personalities/netbsd/syscalls.def"
};

static const struct signal signals[] = {
#define SIGNAL(g, h, d, n) {.guest = (g), .host = (h), .by_default = SIGNAL_##d, .name = (n)},
#include "personalities/netbsd/signals.def"
#undef SIGNAL
};

/* ---- Releases ----------------------------------------------------------------------------------- */

/* __NetBSD_Version__ is MMmmrrpp00 (sys/param.h): 1001000000 is 10.1. */
static void release_name(uint32_t number, char *buf, size_t size)
{
	uint32_t parts[] = {number / 100000000, number / 1000000 % 100};
	char text[16] = {0};
	size_t n = 0;

	for (size_t i = 0; i < COUNT(parts); i++) {
		if (parts[i] >= 10)
			text[n++] = (char)('0' + parts[i] / 10 % 10);
		text[n++] = (char)('0' + parts[i] % 10);
		if (i == 0)
			text[n++] = '.';
	}
	n++;
	if (size)
		memcpy(buf, text, n < size ? n : size);
	if (n > size && size)
		buf[size - 1] = 0;
}

/* ---- Calls ---------------------------------------------------------------------------------------- */

/* Numbers 0 and 198 are the call whose number is their first argument; a number has nine bits
 * (SYS_NSYSENT). */
enum { SYS_SYSCALL = 0, SYS___SYSCALL = 198, NUMBER_MASK = 511 };

static unsigned fetch_registers(struct call *c)
{
	const struct regs *r = &c->thread->regs;
	const uint64_t a[] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9};
	unsigned shift = 0;

	c->nr = (uint32_t)r->rax & NUMBER_MASK;
	if (__builtin_expect(c->nr == SYS_SYSCALL || c->nr == SYS___SYSCALL, false)) {
		c->nr = (uint32_t)r->rdi & NUMBER_MASK;
		shift = 1;
	}
	memcpy(c->a, a + shift, sizeof a - shift * sizeof a[0]);
	return COUNT(a) - shift;
}

static int fetch(struct call *c)
{
	unsigned n = fetch_registers(c);

	c->row = find_row(c->personality, c->nr);
	/* More arguments are on the stack, above the return address: read only if declared. */
	if (c->row && c->row->args[n].pass)
		return get_guest(c, c->a + n, c->thread->regs.rsp + 8,
				 (MAX_ARGS - n) * sizeof c->a[0]);
	return 0;
}

static uint16_t errno_of(long error)
{
	unsigned long n = (unsigned long)-error;

	return n < COUNT(netbsd_errnos) && netbsd_errnos[n] ? netbsd_errnos[n]
							    : netbsd_errnos[EINVAL];
}

static void leave(struct call *c, long result)
{
	struct regs *r = &c->thread->regs;
	bool as_value = c->row && (c->row->flags & ROW_POSIX_ERROR);

	if (is_error(result) && !as_value) {
		r->rax = errno_of(result);
		r->rflags |= FLAG_CARRY;
		return;
	}
	r->rax = is_error(result) ? errno_of(result) : (uint64_t)result;
	if (c->has_second)
		r->rdx = c->second;
	r->rflags &= ~FLAG_CARRY;
}

#define SYSCALL_LENGTH 2 /* 0f 05 */

static void restart(struct call *c)
{
	c->thread->regs.rip -= SYSCALL_LENGTH;
}

/* child_return(): 0; libraries tell the child by the second register (fork.S). */
static void leave_child(struct call *c)
{
	struct regs *r = &c->thread->regs;

	r->rax = 0;
	r->rdx = 1;
	r->rflags &= ~FLAG_CARRY;
}

PERSONALITY(netbsd) = {
	.name = "netbsd",
	.title = "NetBSD",
	.brand =
		{
			.osabi = 2, /* ELFOSABI_NETBSD: sys/exec_elf.h, NetBSD 10 */
			.note = "NetBSD",
			.note_type = 1, /* ELF_NOTE_TYPE_NETBSD_TAG, same file */
			.interpreters = {"/usr/libexec/ld.elf_so", "/libexec/ld.elf_so"},
		},
	.rows = rows,
	.n_rows = COUNT(rows),
	.errnos = netbsd_errnos,
	.n_errnos = COUNT(netbsd_errnos),
	.errno_names = netbsd_errno_names,
	.n_errno_names = COUNT(netbsd_errno_names),
	.signals = signals,
	.n_signals = COUNT(signals),
	.max_signal = 63, /* NSIG - 1 */
	.no_call_signal = 12, /* SIGSYS: kern_syscall.c, sys_nosys() */
	.default_release = 1000000000,
	.default_release_name = "10.0",
	.release_unit = 1000000,
	.release_major = 100000000,
	.release_name = release_name,
	.fetch = fetch,
	.error_flag = FLAG_CARRY,
	.leave = leave,
	.restart = restart,
	.leave_child = leave_child,
	.start = netbsd_start,
	.push_signal = netbsd_push_signal,
	.describe_fault = netbsd_describe_fault,
};
REGISTER_PERSONALITY(netbsd);
