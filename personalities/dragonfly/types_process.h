/* Memory, processes, threads and signals: sys/mman.h, sys/signal.h, sys/siginfo.h, sys/wait.h,
 * sys/lwp.h; DragonFly 5.9. */
#ifndef GUISE_DRAGONFLY_TYPES_PROCESS_H
#define GUISE_DRAGONFLY_TYPES_PROCESS_H

#include "personalities/dragonfly/custom.h"
#include "personalities/dragonfly/lwp.h"
#include "syscalls/memory.h"
#include "syscalls/signal.h"
#include "syscalls/wait.h"

#include <asm/signal.h>
#include <linux/mman.h>
#include <linux/wait.h>
#include <string.h>

/* ---- Memory -------------------------------------------------------------------------------- */

NAMES(prot, i32, BIT(0x1, PROT_READ), BIT(0x2, PROT_WRITE), BIT(0x4, PROT_EXEC));

NAMES(map_flags, u64, BIT(0x1, MAP_SHARED), BIT(0x2, MAP_PRIVATE), BIT(0x10, MAP_FIXED),
      BIT_AS(0x20, 0, "MAP_RENAME"), /* no kernel looks at these two */
      BIT_AS(0x80, 0, "MAP_INHERIT"), BIT(0x40, MAP_NORESERVE),
      BIT_AS(0x100, 0, "MAP_NOEXTEND"), /* a mapping never makes a file longer */
      BIT_AS(0x200, 0, "MAP_HASSEMAPHORE"), BIT_AS(0x400, MAP_X_STACK, "MAP_STACK"),
      BIT_AS(0x800, 0, "MAP_NOSYNC"), /* how eagerly dirty pages are written */
      BIT_AS(0x1000, MAP_ANONYMOUS, "MAP_ANON"), GUEST_ONLY(0x2000, "MAP_VPAGETABLE"),
      BIT_AS(0x10000, 0, "MAP_TRYFIXED"), /* as any hint */
      BIT_AS(0x20000, MAP_X_NO_CORE, "MAP_NOCORE"), GUEST_ONLY(0x40000, "MAP_SIZEALIGN"));

NAMES(advice, i32, IS(0, MADV_NORMAL), IS(1, MADV_RANDOM), IS(2, MADV_SEQUENTIAL),
      IS(3, MADV_WILLNEED),
      IS_AS(4, MADV_COLD, "MADV_DONTNEED"), /* keeps the contents, unlike Linux's */
      IS(5, MADV_FREE), IS_AS(6, ADVISE_NOTHING, "MADV_NOSYNC"),
      IS_AS(7, ADVISE_NOTHING, "MADV_AUTOSYNC"), IS_AS(8, MADV_DONTDUMP, "MADV_NOCORE"),
      IS_AS(9, MADV_DODUMP, "MADV_CORE"));
NAMES(inherit, i32, IS_AS(1, MADV_DOFORK, "INHERIT_COPY"), IS_AS(2, MADV_DONTFORK, "INHERIT_NONE"));
NAMES(msync_flags, i32, BIT(0x1, MS_ASYNC), BIT(0x2, MS_INVALIDATE));
NAMES(mlockall_flags, i32, BIT(0x1, MCL_CURRENT), BIT(0x2, MCL_FUTURE));

/* ---- Signals --------------------------------------------------------------------------------- */

/* For the trace: translators take the number itself. */
static const struct name names_signal[] = {
#define SIGNAL(g, h, d, n) IS_AS(g, h, n),
#include "personalities/dragonfly/signals.def"
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
/* The same bits as enum action_flags; others mean nothing. */
NAMES(sa_flag_names, u32, BIT_AS(0x1, ACTION_ONSTACK, "SA_ONSTACK"),
      BIT_AS(0x2, ACTION_RESTART, "SA_RESTART"), BIT_AS(0x4, ACTION_RESETHAND, "SA_RESETHAND"),
      BIT_AS(0x8, ACTION_NOCLDSTOP, "SA_NOCLDSTOP"), BIT_AS(0x10, ACTION_NODEFER, "SA_NODEFER"),
      BIT_AS(0x20, ACTION_NOCLDWAIT, "SA_NOCLDWAIT"), BIT_AS(0x40, ACTION_SIGINFO, "SA_SIGINFO"));
SEEN(sa_flags, u32, sa_flag_names);
#define HOST struct action
STRUCT(sigaction, 32, FIELD_AS(0, handler, handler, "sa_handler"),
       FIELD_AS(8, sa_flags, flags, "sa_flags"), INNER_AS(12, sigset, mask, "sa_mask"));
#undef HOST

NAMES(stack_flag_names, u32, BIT_AS(1, 1, "SS_ONSTACK"), BIT_AS(4, 4, "SS_DISABLE"));
SEEN(stack_flags, u32, stack_flag_names);
#define HOST struct altstack
STRUCT(stack, 24, FIELD_AS(0, hex64, base, "ss_sp"), FIELD_AS(8, u64, size, "ss_size"),
       FIELD_AS(16, stack_flags, flags, "ss_flags"));
#undef HOST

DRAGONFLY_CUSTOM(siginfo, 80, sizeof(struct signal_info)); /* context.c */

/* ---- Waiting ----------------------------------------------------------------------------------- */

NAMES(wait_options, i32, BIT(0x1, WNOHANG), BIT(0x2, WUNTRACED), BIT(0x4, WCONTINUED),
      BIT(0x8, WNOWAIT), BIT(0x10, WEXITED),
      BIT_AS(0x20, 0, "WTRAPPED"), /* nothing is ever traced in here */
      GUEST_ONLY(0x80000000, "WLINUXCLONE"), );
NAMES(idtype, i32, IS(0, P_PID), IS(2, P_PGID), IS(7, P_ALL));

#define LINUX_CONTINUED 0xffff
#define DRAGONFLY_CONTINUED 0x13

static int wait_status_out(struct call *c, const void *host_status, void *guest)
{
	int status;

	memcpy(&status, host_status, sizeof status);
	status = status == LINUX_CONTINUED ? DRAGONFLY_CONTINUED
					   : wait_status_to_guest(c->personality, status);
	memcpy(guest, &status, sizeof status);
	return 0;
}
static const struct type type_wait_status = {.name = "wait_status",
					     .kind = KIND_CUSTOM,
					     .tell = dragonfly_tell_status,
					     .guest_size = 4,
					     .host_size = 4,
					     .custom = {.to_guest = wait_status_out}};

/* ---- Threads -------------------------------------------------------------------------------------- */

#define HOST struct lwp_params
STRUCT(lwp_params, 40, FIELD_AS(0, hex64, function, "lwp_func"),
       FIELD_AS(8, hex64, argument, "lwp_arg"), FIELD_AS(16, hex64, stack, "lwp_stack"),
       FIELD_AS(24, hex64, tid1, "lwp_tid1"), FIELD_AS(32, hex64, tid2, "lwp_tid2"), );
#undef HOST

#endif
