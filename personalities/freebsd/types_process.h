/* FreeBSD's types of memory, processes, threads and signals.
 * sys/mman.h, sys/signal.h, sys/wait.h, sys/thr.h, sys/umtx.h, FreeBSD 15 and 13.2. */
#include "syscalls/procdesc.h"
#include "personalities/freebsd/thread.h"
#include "syscalls/memory.h"
#include "syscalls/signal.h"
#include "syscalls/wait.h"

#include <asm/signal.h>
#include <linux/mman.h>
#include <linux/wait.h>
#include <string.h>

/* ---- Memory -------------------------------------------------------------------- */

NAMES(prot, i32, BIT(0x1, PROT_READ), BIT(0x2, PROT_WRITE), BIT(0x4, PROT_EXEC),
      BIT_AS(0x10000, PROT_X_MOST(PROT_READ), "PROT_MAX(PROT_READ)"),
      BIT_AS(0x20000, PROT_X_MOST(PROT_WRITE), "PROT_MAX(PROT_WRITE)"),
      BIT_AS(0x40000, PROT_X_MOST(PROT_EXEC), "PROT_MAX(PROT_EXEC)"));

NAMES(map_bits, i32, BIT(0x1, MAP_SHARED), BIT(0x2, MAP_PRIVATE), BIT(0x10, MAP_FIXED),
      BIT_AS(0x200, 0, "MAP_HASSEMAPHORE"), BIT_AS(0x400, MAP_X_STACK, "MAP_STACK"),
      BIT_AS(0x800, 0, "MAP_NOSYNC"), /* how eagerly dirty pages are written */
      BIT_AS(0x1000, MAP_ANONYMOUS, "MAP_ANON"), BIT_AS(0x2000, MAP_X_GUARD, "MAP_GUARD"),
      BIT_AS(0x4000, MAP_X_EXCL, "MAP_EXCL"), BIT_AS(0x20000, MAP_X_NO_CORE, "MAP_NOCORE"),
      /* Only what is in memory already and near: Linux does that at every fault.  MAP_POPULATE
       * would read and map all of it, at four times the cost of a small program's start. */
      BIT_AS(0x40000, 0, "MAP_PREFAULT_READ"), BIT(0x80000, MAP_32BIT));

/* The top eight bits are the alignment's logarithm; 1 means "as a large page would be". */
static int map_flags_to_host(struct call *c, const void *guest, void *host_flags)
{
	uint32_t flags;
	uint64_t log, out;
	int r;

	(void)c;
	memcpy(&flags, guest, sizeof flags);
	log = flags >> 24;
	r = names_to_host(&type_map_bits, flags & 0xffffff, 0, &out);
	if (r < 0)
		return r;
	out |= (log == 1 ? 21 : log) << MAP_X_ALIGN_SHIFT;
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
      IS(5, MADV_FREE), IS_AS(6, ADVISE_NOTHING, "MADV_NOSYNC"),
      IS_AS(7, ADVISE_NOTHING, "MADV_AUTOSYNC"), IS_AS(8, MADV_DONTDUMP, "MADV_NOCORE"),
      IS_AS(9, MADV_DODUMP, "MADV_CORE"), IS_AS(10, ADVISE_REFUSED, "MADV_PROTECT"));

NAMES(inherit, i32, IS_AS(1, MADV_DOFORK, "INHERIT_COPY"), IS_AS(2, MADV_DONTFORK, "INHERIT_NONE"),
      IS_AS(3, MADV_WIPEONFORK, "INHERIT_ZERO"));

NAMES(msync_flags, i32, BIT(0x1, MS_ASYNC), BIT(0x2, MS_INVALIDATE));

NAMES(mlockall_flags, i32, BIT(0x1, MCL_CURRENT), BIT(0x2, MCL_FUTURE));

/* ---- Signals --------------------------------------------------------------------- */

/* For the trace: translators take the number itself. */
static const struct name names_signal[] = {
#define SIGNAL(g, h, d, n) IS_AS(g, h, n),
#include "personalities/freebsd/signals.def"
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

/* siginfo_t: 80 bytes.  Faults' trap numbers and timers share the bytes at 40. */
SEEN(shown_signal, i32, signal);
NAMES_LOOK(signal_code_names, i32, LOOK_HEX, IS_AS(CODE_USER, 0, "SI_USER"),
	   IS_AS(CODE_QUEUE, 0, "SI_QUEUE"), IS_AS(CODE_TIMER, 0, "SI_TIMER"),
	   IS_AS(CODE_ASYNCIO, 0, "SI_ASYNCIO"), IS_AS(CODE_MESGQ, 0, "SI_MESGQ"),
	   IS_AS(CODE_KERNEL, 0, "SI_KERNEL"), IS_AS(CODE_THREAD, 0, "SI_LWP"));
SEEN(signal_code, i32, signal_code_names);
#define HOST struct signal_info
STRUCT(siginfo, 80, FIELD_AS(0, shown_signal, number, "si_signo"),
       FIELD_AS(4, i32, error, "si_errno"), FIELD_AS(8, signal_code, code, "si_code"),
       FIELD_AS(12, pid, pid, "si_pid"), FIELD_AS(16, u32, uid, "si_uid"),
       FIELD_AS(20, i32, status, "si_status"), FIELD_AS(24, hex64, address, "si_addr"),
       FIELD_AS(32, hex64, value, "si_value"), FIELD_AS(40, i32, trap, "si_trapno"));
#undef HOST

/* ---- Waiting ---------------------------------------------------------------------- */

NAMES(wait_options, i32, BIT(1, WNOHANG), BIT(2, WUNTRACED), BIT(4, WCONTINUED), BIT(8, WNOWAIT),
      BIT(16, WEXITED), BIT_AS(32, 0, "WTRAPPED")); /* nothing is ever traced in here */

NAMES(idtype, i32, IS(0, P_PID), IS(2, P_PGID), IS(7, P_ALL));

#define LINUX_CONTINUED 0xffff
#define FREEBSD_CONTINUED 0x13

static int wait_status_out(struct call *c, const void *host_status, void *guest)
{
	int status;

	memcpy(&status, host_status, sizeof status);
	status = status == LINUX_CONTINUED ? FREEBSD_CONTINUED
					   : wait_status_to_guest(c->personality, status);
	memcpy(guest, &status, sizeof status);
	return 0;
}
static const struct type type_wait_status = {.name = "wait_status",
					     .kind = KIND_CUSTOM,
					     .tell = freebsd_tell_status,
					     .guest_size = 4,
					     .host_size = 4,
					     .custom = {.to_guest = wait_status_out}};

/* ---- Threads ------------------------------------------------------------------------ */

#define HOST struct thr_param
STRUCT(thr_param, 104, FIELD(0, u64, start), FIELD(8, u64, arg), FIELD(16, u64, stack_base),
       FIELD(24, u64, stack_size), FIELD(32, u64, tls_base), FIELD(40, u64, tls_size),
       FIELD(48, u64, child_tid), FIELD(56, u64, parent_tid), FIELD(64, u32, flags),
       FIELD(72, u64, priority));
#undef HOST

/* sys/umtx.h: UMTX_OP_* */
#define OPERATION(n, number) IS_AS(number, number, "UMTX_OP_" #n)
NAMES(umtx_operation, i32, OPERATION(WAIT, 2), OPERATION(WAKE, 3), OPERATION(MUTEX_TRYLOCK, 4),
      OPERATION(MUTEX_LOCK, 5), OPERATION(MUTEX_UNLOCK, 6), OPERATION(SET_CEILING, 7),
      OPERATION(CV_WAIT, 8), OPERATION(CV_SIGNAL, 9), OPERATION(CV_BROADCAST, 10),
      OPERATION(WAIT_UINT, 11), OPERATION(RW_RDLOCK, 12), OPERATION(RW_WRLOCK, 13),
      OPERATION(RW_UNLOCK, 14), OPERATION(WAIT_UINT_PRIVATE, 15), OPERATION(WAKE_PRIVATE, 16),
      OPERATION(MUTEX_WAIT, 17), OPERATION(MUTEX_WAKE, 18), OPERATION(SEM_WAIT, 19),
      OPERATION(SEM_WAKE, 20), OPERATION(NWAKE_PRIVATE, 21), OPERATION(MUTEX_WAKE2, 22),
      OPERATION(SEM2_WAIT, 23), OPERATION(SEM2_WAKE, 24), OPERATION(SHM, 25),
      OPERATION(ROBUST_LISTS, 26), OPERATION(GET_MIN_TIMEOUT, 27), OPERATION(SET_MIN_TIMEOUT, 28));
#undef OPERATION
SEEN(umtx_op, i32, umtx_operation);

#define HOST struct umtx_time
STRUCT(umtx_time, 24, FIELD(0, i64, seconds), FIELD(8, i64, nanoseconds), FIELD(16, u32, flags),
       FIELD(20, u32, clock));
#undef HOST

/* sys/procdesc.h, sys/unistd.h */
NAMES(pdfork_flags, i32, BIT_AS(0x1, DESCRIPTOR_DAEMON, "PD_DAEMON"),
      BIT_AS(0x2, DESCRIPTOR_CLOSE_ON_EXEC, "PD_CLOEXEC"));
NAMES(rfork_flags, i32, BIT_AS(0x4, FORK_COPIES_DESCRIPTORS, "RFFDG"),
      BIT_AS(0x10, FORK_PROCESS, "RFPROC"), BIT_AS(0x10000000, FORK_DESCRIPTOR, "RFPROCDESC"),
      BIT_AS(0x80000000, FORK_SPAWNS, "RFSPAWN"));

/* sys/unistd.h */
NAMES(kcmp_type, i32, IS_AS(100, 100, "KCMP_FILE"), IS_AS(101, 101, "KCMP_FILEOBJ"),
      IS_AS(102, 102, "KCMP_FILES"), IS_AS(103, 103, "KCMP_SIGHAND"), IS_AS(104, 104, "KCMP_VM"));
