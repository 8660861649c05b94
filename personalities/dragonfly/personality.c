/* DragonFly on amd64: the system's rows, and what its programs expect at their start, at a call and at a
 * signal.  Sources: sys/platform/pc64/x86_64/trap.c (syscall2), vm_machdep.c, machdep.c,
 * sys/kern/imgact_elf.c; DragonFly 5.9. */
#include "syscalls/personality.h"

#include "personalities/dragonfly/context.h"
#include "personalities/dragonfly/errno.h"
#include "personalities/dragonfly/start.h"
#include "personalities/dragonfly/types.h"
#include "syscalls/descriptors.h"
#include "syscalls/engine.h"
#include "syscalls/process.h"
#include "syscalls/signal.h"

#include <asm/signal.h>
#include <string.h>

/* ---- Rows ------------------------------------------------------------------------------------- */

#define ROWS "personalities/dragonfly/syscalls.def"
#include "syscalls/declare.h"

static const struct row rows[] = {
#include "personalities/dragonfly/syscalls.def"
};

static const struct signal signals[] = {
#define SIGNAL(g, h, d, n) {.guest = (g), .host = (h), .by_default = SIGNAL_##d, .name = (n)},
#include "personalities/dragonfly/signals.def"
#undef SIGNAL
};

/* ---- Releases ----------------------------------------------------------------------------------- */

/* __DragonFly_version is Mmmrr (sys/param.h): 500900 is 5.9, and an odd one is still in the making. */
static void release_name(uint32_t number, char *buf, size_t size)
{
	static const char kinds[][sizeof "-DEVELOPMENT"] = {"-RELEASE", "-DEVELOPMENT"};
	uint32_t parts[] = {number / 100000, number / 100 % 1000};
	char text[40] = {0};
	size_t n = 0;

	for (size_t i = 0; i < COUNT(parts); i++) {
		for (uint32_t unit = 100; unit > 1; unit /= 10)
			if (parts[i] >= unit)
				text[n++] = (char)('0' + parts[i] / unit % 10);
		text[n++] = (char)('0' + parts[i] % 10);
		if (i == 0)
			text[n++] = '.';
	}
	memcpy(text + n, kinds[parts[1] & 1], sizeof kinds[0]);
	n = strlen(text) + 1;
	if (size)
		memcpy(buf, text, n < size ? n : size);
	if (n > size && size)
		buf[size - 1] = 0;
}

/* ---- Calls ---------------------------------------------------------------------------------------- */

/* Numbers 0 and 198 are the call whose number is their first argument. */
enum { SYS_SYSCALL = 0, SYS___SYSCALL = 198 };

static unsigned fetch_registers(struct call *c)
{
	const struct regs *r = &c->thread->regs;
	const uint64_t a[] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9};
	unsigned shift = 0;

	c->nr = (uint32_t)r->rax;
	if (__builtin_expect(c->nr == SYS_SYSCALL || c->nr == SYS___SYSCALL, false)) {
		c->nr = (uint32_t)r->rdi;
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

	return n < COUNT(dragonfly_errnos) && dragonfly_errnos[n] ? dragonfly_errnos[n]
								  : dragonfly_errnos[EINVAL];
}

static void leave(struct call *c, long result)
{
	struct regs *r = &c->thread->regs;
	bool as_value = c->row && (c->row->flags & ROW_POSIX_ERROR);

	if (is_error(result) && !as_value) {
		/* nosys() says EINVAL of a number that nothing has. */
		r->rax = errno_of(c->row ? result : -EINVAL);
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

/* cpu_fork(): 0; libraries tell the child by the second register. */
static void leave_child(struct call *c)
{
	struct regs *r = &c->thread->regs;

	r->rax = 0;
	r->rdx = 1;
	r->rflags &= ~FLAG_CARRY;
}

PERSONALITY(dragonfly) = {
	.name = "dragonfly",
	.title = "DragonFly",
	.brand =
		{
			.note = "DragonFly", /* sys/kern/imgact_elf.c */
			.note_type = 1,
			.interpreters = {"/usr/libexec/ld-elf.so.2", "/libexec/ld-elf.so.2"},
			.built_for = "dragonfly",
		},
	.rows = rows,
	.n_rows = COUNT(rows),
	.errnos = dragonfly_errnos,
	.n_errnos = COUNT(dragonfly_errnos),
	.errno_names = dragonfly_errno_names,
	.n_errno_names = COUNT(dragonfly_errno_names),
	.signals = signals,
	.n_signals = COUNT(signals),
	.max_signal = 63, /* NSIG - 1 */
	.no_call_signal = 12, /* SIGSYS: kern_sig.c, nosys() */
	.default_release = 600000,
	.default_release_name = "6.0-RELEASE",
	.release_unit = 100,
	.release_major = 100000,
	.release_name = release_name,
	.fetch = fetch,
	.error_flag = FLAG_CARRY,
	.leave = leave,
	.restart = restart,
	.leave_child = leave_child,
	.start = dragonfly_start,
	.push_signal = dragonfly_push_signal,
	.describe_fault = dragonfly_describe_fault,
};
REGISTER_PERSONALITY(dragonfly);
