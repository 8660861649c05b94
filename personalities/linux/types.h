/* Linux's own types where a translator reads them: the guest side is the kernel's
 * structure, the host side what translators of all systems share.
 * asm/signal.h, asm/siginfo.h, Linux 6.1. */
#ifndef GUISE_LINUX_TYPES_H
#define GUISE_LINUX_TYPES_H

#include "personalities/linux/frame.h"
#include "syscalls/personality.h"
#include "syscalls/process.h"
#include "syscalls/signal.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/close_range.h>
#include <linux/time_types.h>
#include <string.h>

#define CUSTOM(n, guest, host, in, out) \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_CUSTOM, \
					     .guest_size = (guest), \
					     .host_size = (host), \
					     .custom = {.to_host = (in), .to_guest = (out)}}

NAMES(how, i32, IS(0, SIG_BLOCK), IS(1, SIG_UNBLOCK), IS(2, SIG_SETMASK));
NAMES(close_range_flags, u32, BIT(4, CLOSE_RANGE_CLOEXEC));

static const struct name names_requests[] = {
#define REQUEST(n, number) IS_AS(number, number, #n),
#include "personalities/linux/ioctl.def"
#undef REQUEST
};
static const struct type type_requests = {.name = "requests",
					  .kind = KIND_NAMES,
					  .is_request = true,
					  .guest_size = 4,
					  .host_size = 4,
					  .count = COUNT(names_requests),
					  .names = names_requests};

#define HOST struct __kernel_timespec
STRUCT(timespec, 16, FIELD(0, measured, tv_sec), FIELD(8, measured, tv_nsec));
#undef HOST

/* ---- Signal sets ------------------------------------------------------------------- */

static int sigset_in(struct call *c, const void *guest, void *host)
{
	struct sigset s = {0};

	(void)c;
	memcpy(s.bits, guest, SIGSET_SIZE);
	memcpy(host, &s, sizeof s);
	return 0;
}

static int sigset_out(struct call *c, const void *host, void *guest)
{
	(void)c;
	memcpy(guest, host, SIGSET_SIZE);
	return 0;
}
static const struct type type_sigset = {.name = "sigset",
					.kind = KIND_CUSTOM,
					.look = LOOK_SIGNALS,
					.guest_size = SIGSET_SIZE,
					.host_size = sizeof(struct sigset),
					.custom = {sigset_in, sigset_out}};

/* ---- Actions ---------------------------------------------------------------------- */

struct linux_sigaction {
	uint64_t handler, flags, restorer, mask;
};

#define LINUX_SA_RESTORER 0x04000000u /* asm/signal.h has it for the kernel only */

static const struct {
	uint32_t guest, own;
} action_flags[] = {
	{SA_NOCLDSTOP, ACTION_NOCLDSTOP}, {SA_NOCLDWAIT, ACTION_NOCLDWAIT},
	{SA_SIGINFO, ACTION_SIGINFO},	  {SA_ONSTACK, ACTION_ONSTACK},
	{SA_RESTART, ACTION_RESTART},	  {SA_NODEFER, ACTION_NODEFER},
	{SA_RESETHAND, ACTION_RESETHAND},
};

/* Flags the kernel does not know it clears (kernel/signal.c, do_sigaction). */
static int sigaction_in(struct call *c, const void *guest, void *host)
{
	struct linux_sigaction g;
	struct action a = {0};

	(void)c;
	memcpy(&g, guest, sizeof g);
	a.handler = g.handler;
	a.restorer = g.flags & LINUX_SA_RESTORER ? g.restorer : 0;
	a.mask.bits[0] = g.mask;
	for (size_t i = 0; i < COUNT(action_flags); i++)
		if (g.flags & action_flags[i].guest)
			a.flags |= action_flags[i].own;
	memcpy(host, &a, sizeof a);
	return 0;
}

static int sigaction_out(struct call *c, const void *host, void *guest)
{
	const struct action *a = host;
	struct linux_sigaction g = {.handler = a->handler,
				    .restorer = a->restorer,
				    .flags = a->restorer ? LINUX_SA_RESTORER : 0,
				    .mask = a->mask.bits[0]};

	(void)c;
	for (size_t i = 0; i < COUNT(action_flags); i++)
		if (a->flags & action_flags[i].own)
			g.flags |= action_flags[i].guest;
	memcpy(guest, &g, sizeof g);
	return 0;
}
/* As the trace shows it. */
NAMES_LOOK(handler_names, u64, LOOK_HEX, IS_AS(0, HANDLER_DEFAULT, "SIG_DFL"),
	   IS_AS(1, HANDLER_IGNORE, "SIG_IGN"));
SEEN(handler, u64, handler_names);
NAMES(sa_flag_names, u64, BIT(SA_NOCLDSTOP, SA_NOCLDSTOP), BIT(SA_NOCLDWAIT, SA_NOCLDWAIT),
      BIT(SA_SIGINFO, SA_SIGINFO), BIT(SA_ONSTACK, SA_ONSTACK), BIT(SA_RESTART, SA_RESTART),
      BIT(SA_NODEFER, SA_NODEFER), BIT(SA_RESETHAND, SA_RESETHAND),
      BIT_AS(LINUX_SA_RESTORER, LINUX_SA_RESTORER, "SA_RESTORER"));
SEEN(sa_flags, u64, sa_flag_names);
#define HOST struct linux_sigaction
STRUCT(shown_sigaction, sizeof(struct linux_sigaction), FIELD_AS(0, handler, handler, "sa_handler"),
       FIELD_AS(8, sa_flags, flags, "sa_flags"), FIELD_AS(16, hex64, restorer, "sa_restorer"),
       INNER_AS(24, sigset, mask, "sa_mask"));
#undef HOST
static const struct type type_sigaction = {.name = "sigaction",
					   .kind = KIND_CUSTOM,
					   .guest_size = sizeof(struct linux_sigaction),
					   .host_size = sizeof(struct action),
					   .like = &type_shown_sigaction,
					   .custom = {sigaction_in, sigaction_out}};

/* ---- Signal stacks ------------------------------------------------------------------ */

struct linux_stack {
	uint64_t base;
	uint32_t flags, pad;
	uint64_t size;
};
#define STACK_ON 1u
#define STACK_DISABLED 4u

/* SS_ONSTACK asks for nothing (kernel/signal.c, do_sigaltstack). */
static int stack_in(struct call *c, const void *guest, void *host)
{
	struct linux_stack g;
	struct altstack s;

	(void)c;
	memcpy(&g, guest, sizeof g);
	s = (struct altstack){.base = g.base,
			      .size = g.size,
			      .flags = g.flags == STACK_ON ? 0 : g.flags};
	memcpy(host, &s, sizeof s);
	return 0;
}

static int stack_out(struct call *c, const void *host, void *guest)
{
	const struct altstack *s = host;
	bool disabled = s->flags & STACK_DISABLED;
	struct linux_stack g = {.base = disabled ? 0 : s->base,
				.size = disabled ? 0 : s->size,
				.flags = s->flags};

	(void)c;
	memcpy(guest, &g, sizeof g);
	return 0;
}
CUSTOM(stack, sizeof(struct linux_stack), sizeof(struct altstack), stack_in, stack_out);

/* ---- siginfo ------------------------------------------------------------------------- */

static int code_to_linux(int code)
{
	switch (code) {
	case CODE_USER:
		return SI_USER;
	case CODE_QUEUE:
		return SI_QUEUE;
	case CODE_TIMER:
		return SI_TIMER;
	case CODE_ASYNCIO:
		return SI_ASYNCIO;
	case CODE_MESGQ:
		return SI_MESGQ;
	case CODE_KERNEL:
		return SI_KERNEL;
	case CODE_THREAD:
		return SI_TKILL;
	default:
		return code;
	}
}

/* As Linux sent it, if Linux did; made up for what another system's program sent. */
static int siginfo_out(struct call *c, const void *host, void *guest)
{
	const struct signal_info *info = host;
	siginfo_t si = {0};

	(void)c;
	if (info->has_host) {
		memcpy(&si, info->host, sizeof si);
	} else {
		si.si_errno = info->error;
		si.si_code = code_to_linux(info->code);
		si.si_pid = info->pid;
		si.si_uid = info->uid;
		si.si_ptr = (void *)info->value;
	}
	si.si_signo = info->number;
	memcpy(guest, &si, sizeof si);
	return 0;
}
CUSTOM(siginfo, sizeof(siginfo_t), sizeof(struct signal_info), NULL, siginfo_out);

#endif
