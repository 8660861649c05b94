/* Memory, processes, threads and signals: sys/mman.h, sys/signal.h, sys/siginfo.h, sys/wait.h,
 * sys/idtype.h, sys/lwp.h, sys/futex.h; NetBSD 10. */
#ifndef GUISE_NETBSD_TYPES_PROCESS_H
#define GUISE_NETBSD_TYPES_PROCESS_H

#include "personalities/netbsd/custom.h"
#include "personalities/netbsd/lwp.h"
#include "syscalls/memory.h"
#include "syscalls/signal.h"
#include "syscalls/wait.h"

#include <asm/signal.h>
#include <linux/mman.h>
#include <linux/wait.h>
#include <string.h>

/* ---- Memory -------------------------------------------------------------------------------- */

/* PROT_MPROTECT() is what a later mprotect may add. */
NAMES(prot, i32, BIT(0x1, PROT_READ), BIT(0x2, PROT_WRITE), BIT(0x4, PROT_EXEC),
      GUEST_ONLY(0x38, "PROT_MPROTECT"));

NAMES(map_bits, i32, BIT(0x1, MAP_SHARED), BIT(0x2, MAP_PRIVATE), BIT(0x10, MAP_FIXED),
      GUEST_ONLY(0x20, "MAP_RENAME"), BIT(0x40, MAP_NORESERVE),
      BIT_AS(0x80, 0, "MAP_INHERIT"), /* no kernel looks at it any more */
      BIT_AS(0x200, 0, "MAP_HASSEMAPHORE"), BIT_AS(0x400, 0, "MAP_TRYFIXED"), /* as any hint */
      BIT_AS(0x800, MAP_LOCKED, "MAP_WIRED"), BIT_AS(0x1000, MAP_ANONYMOUS, "MAP_ANON"),
      BIT(0x2000, MAP_STACK));

/* The top eight bits are the alignment's logarithm. */
static int map_flags_to_host(struct call *c, const void *guest, void *host_flags)
{
	uint32_t flags;
	uint64_t out;
	int r;

	(void)c;
	memcpy(&flags, guest, sizeof flags);
	r = names_to_host(&type_map_bits, flags & 0xffffff, 0, &out);
	if (r < 0)
		return r;
	out |= (uint64_t)(flags >> 24) << MAP_X_ALIGN_SHIFT;
	memcpy(host_flags, &out, sizeof out);
	return 0;
}
static const struct type type_map_flags = {.name = "map_flags",
					   .kind = KIND_CUSTOM,
					   .guest_size = 4,
					   .host_size = 8,
					   .like = &type_map_bits,
					   .custom = {.to_host = map_flags_to_host}};

NAMES(advice, i32, IS(0, MADV_NORMAL), IS(1, MADV_RANDOM), IS(2, MADV_SEQUENTIAL),
      IS(3, MADV_WILLNEED),
      IS_AS(4, MADV_COLD, "MADV_DONTNEED"), /* keeps the contents, unlike Linux's */
      IS(6, MADV_FREE));
NAMES(inherit, i32, IS_AS(1, MADV_DOFORK, "MAP_INHERIT_COPY"),
      IS_AS(2, MADV_DONTFORK, "MAP_INHERIT_NONE"), IS_AS(4, MADV_WIPEONFORK, "MAP_INHERIT_ZERO"));
NAMES(msync_flags, i32, BIT(0x1, MS_ASYNC), BIT(0x2, MS_INVALIDATE), BIT(0x4, MS_SYNC));
NAMES(mlockall_flags, i32, BIT(0x1, MCL_CURRENT), BIT(0x2, MCL_FUTURE));

/* ---- Signals --------------------------------------------------------------------------------- */

/* For the trace: translators take the number itself. */
static const struct name names_signal[] = {
#define SIGNAL(g, h, d, n) IS_AS(g, h, n),
#include "personalities/netbsd/signals.def"
#undef SIGNAL
	IS_AS(0, 0, "0"),
};
static const struct type type_signal = {.name = "signal",
					.kind = KIND_NAMES,
					.is_signed = true,
					.guest_size = 4,
					.host_size = 4,
					.count = COUNT(names_signal),
					.names = names_signal};

NAMES(mask_how, i32, IS(1, SIG_BLOCK), IS(2, SIG_UNBLOCK), IS(3, SIG_SETMASK));

#define HOST struct sigset
STRUCT_LOOKS(sigset, 16, LOOK_SIGNALS, FIELD(0, u64, bits[0]), FIELD(8, u64, bits[1]));
#undef HOST

NAMES_LOOK(handler_names, u64, LOOK_HEX, IS_AS(0, HANDLER_DEFAULT, "SIG_DFL"),
	   IS_AS(1, HANDLER_IGNORE, "SIG_IGN"));
SEEN(handler, u64, handler_names);
/* The same bits as enum action_flags. */
NAMES(sa_flags, u32, BIT_AS(0x1, ACTION_ONSTACK, "SA_ONSTACK"),
      BIT_AS(0x2, ACTION_RESTART, "SA_RESTART"), BIT_AS(0x4, ACTION_RESETHAND, "SA_RESETHAND"),
      BIT_AS(0x8, ACTION_NOCLDSTOP, "SA_NOCLDSTOP"), BIT_AS(0x10, ACTION_NODEFER, "SA_NODEFER"),
      BIT_AS(0x20, ACTION_NOCLDWAIT, "SA_NOCLDWAIT"), BIT_AS(0x40, ACTION_SIGINFO, "SA_SIGINFO"),
      BIT_AS(0x80, 0, "SA_NOKERNINFO")); /* what a terminal prints besides SIGINFO: nothing here */
#define HOST struct action
STRUCT(sigaction, 32, FIELD_AS(0, handler, handler, "sa_handler"),
       INNER_AS(8, sigset, mask, "sa_mask"), FIELD_AS(24, sa_flags, flags, "sa_flags"));
#undef HOST

NAMES(stack_flag_names, u32, BIT_AS(1, 1, "SS_ONSTACK"), BIT_AS(4, 4, "SS_DISABLE"));
SEEN(stack_flags, u32, stack_flag_names);
#define HOST struct altstack
STRUCT(stack, 24, FIELD_AS(0, hex64, base, "ss_sp"), FIELD_AS(8, u64, size, "ss_size"),
       FIELD_AS(16, stack_flags, flags, "ss_flags"));
#undef HOST

/* What comes after the first three words depends on the signal: context.c. */
NETBSD_CUSTOM(siginfo, 128, sizeof(struct signal_info));

/* ---- Waiting ----------------------------------------------------------------------------------- */

NAMES(wait_options, i32, BIT(0x1, WNOHANG), BIT(0x2, WUNTRACED), GUEST_ONLY(0x4, "WALTSIG"),
      GUEST_ONLY(0x8, "WALLSIG"), BIT(0x10, WCONTINUED), BIT(0x20, WEXITED),
      BIT_AS(0x40, 0, "WTRAPPED"), /* nothing is ever traced in here */
      BIT(0x10000, WNOWAIT), GUEST_ONLY(0x20000, "WNOZOMBIE"), );
NAMES(idtype, i32, IS(0, P_ALL), IS(1, P_PID), IS(4, P_PGID));

static int wait_status_out(struct call *c, const void *host_status, void *guest)
{
	int status;

	memcpy(&status, host_status, sizeof status);
	status = wait_status_to_guest(c->personality, status);
	memcpy(guest, &status, sizeof status);
	return 0;
}
static const struct type type_wait_status = {.name = "wait_status",
					     .kind = KIND_CUSTOM,
					     .tell = netbsd_tell_status,
					     .guest_size = 4,
					     .host_size = 4,
					     .custom = {.to_guest = wait_status_out}};

/* ---- Threads -------------------------------------------------------------------------------------- */

NAMES(lwp_flags, u64, BIT_AS(0x40, LWP_DETACHED, "LWP_DETACHED"),
      GUEST_ONLY(0x80, "LWP_SUSPENDED"));

/* Operations have Linux's numbers; those that inherit priorities are not among them. */
#define FUTEX_NAME(number, n) PART_AS(0x7f, number, 0x7f, number, "FUTEX_" #n)
NAMES(futex_op, i32, FUTEX_NAME(0, WAIT), FUTEX_NAME(1, WAKE), FUTEX_NAME(3, REQUEUE),
      FUTEX_NAME(4, CMP_REQUEUE), FUTEX_NAME(5, WAKE_OP), FUTEX_NAME(9, WAIT_BITSET),
      FUTEX_NAME(10, WAKE_BITSET), BIT_AS(0x80, 0x80, "FUTEX_PRIVATE_FLAG"),
      BIT_AS(0x100, 0x100, "FUTEX_CLOCK_REALTIME"));
#undef FUTEX_NAME

#endif
