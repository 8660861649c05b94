/* The ptrace engine: the translators in a supervisor, outside the guest.
 *
 * The supervisor is a program of its own (build/supervisor), which a sandbox executes where it
 * otherwise executes the resident, with the same handover and the same hidden descriptors
 * (launch.h).  It forks, and becomes two: the child, in a process group of its own and the child of
 * process 1, is the supervisor, inside the sandbox and under its mounts, Landlock and limits; the
 * process itself is the guest's first, so that its numbers and its parent are what they are with
 * a resident, and whoever waits for it hears of its stops and its end.
 *
 * Calls
 * - PTRACE_SYSEMU stops a guest once at every system call instruction, and the call is never
 *   made.  What Linux is to do in its place is put into its registers, and it runs on at the
 *   stub (stub.c): the one page of ours in its memory, `syscall` and a breakpoint.  So a
 *   translated call is two stops, and one that is answered here is one.
 * - The stub's calls are under the same allow-list, arguments guarded, as a resident's; only
 *   the test for the gate is missing (mkfilter traced).  A guest that jumps there has its call
 *   stopped and translated like any other.
 * - host()'s pointers are guest addresses or scratch by its contract (abi.h), so there is
 *   nothing to marshal: scratch is mapped into the guest, and get_guest() and put_guest() are
 *   process_vm_readv(2) and its pair.  No guest number is ever an address here.
 *
 * Coroutines
 * - Only the thread that traces may touch a tracee, so there is one, and each guest thread has
 *   a coroutine (coroutine.c) that is its whole life.  It gives way where it waits: for its
 *   tracee to stop, and for a lock.
 * - A tracee may be killed at any moment; then ptrace(2) says ESRCH.  One place hears that
 *   (tracee_request()) and gives way for ever: the end is told by waitpid(2), and then
 *   everything of that thread is freed.
 *
 * State
 * - What translators keep of a process is in the supervisor's memory, in pages that die with
 *   the process.  A fork's child gets a copy of struct process and descriptors_copy() of the
 *   table, as a vfork's does in the resident; exec begins anew.
 *
 * Signals
 * - Linux's mask is the guest's (PTRACE_SETSIGMASK, no stop).  What arrives is queued here, never
 *   given to Linux to deliver, and settled where the resident settles it: at the end of a call,
 *   or at once in guest code.  What stops or ends a process is sent again and let through.
 *
 * Out of reach: a guest's filter has no ptrace and no process_vm_*; where Landlock knows the scope
 * of signals (Linux 6.12), guests cannot signal the supervisor either.  Before that they can end
 * it, and themselves with it (PTRACE_O_EXITKILL). */
#ifndef GUISE_SUPERVISOR_H
#define GUISE_SUPERVISOR_H

#include "syscalls/board.h"
#include "syscalls/engine.h"
#include "syscalls/engine/record.h"
#include "syscalls/engine/ptrace/stub.h"
#include "syscalls/launch.h"
#include "syscalls/personality.h"
#include "syscalls/process.h"

#include <signal.h>
#include <sys/user.h>

/* Pages of translators' state, listed with the process whose calls asked for them. */
struct pages {
	struct pages *next, **from;
	size_t bytes;
};

/* An address space: vfork's child has its parent's. */
#define SPACE_SLOTS 8192
struct space {
	unsigned users; /* processes */
	uint64_t taken[SPACE_SLOTS / 64], mapped[SPACE_SLOTS / 64]; /* slots of scratch */
};

/* A process, and what it has here. */
struct guest {
	struct process process; /* must be first */
	unsigned tracees;
	struct space *space;
	struct pages *pages;
};

/* A signal on its way. */
struct pending {
	struct pending *next;
	struct signal_info info;
	siginfo_t host;
	bool has_host; /* host is Linux's */
	unsigned uncounted; /* arrivals that kqueues have not been told of */
};

struct tracee {
	struct thread thread; /* must be first */
	struct guest *guest;
	struct tracee *next; /* in its chain of tracees */
	int tid;
	uint32_t slot;
	bool has_slot;
	struct user_regs_struct user; /* as it stopped; general ones are in thread.regs */
	uint64_t host_mask; /* what Linux has blocked */
	struct pending *pending;
	uint32_t *sleeps_on; /* a word of ours: engine_wait_word() */
	int passes; /* this Linux signal is for Linux to deliver */

	/* The coroutine. */
	void *left_at; /* its stack, while it does not run */
	void *stack;
	void (*begin)(struct tracee *);
	const struct lock *waits_for; /* a lock */
	bool waits; /* for a stop */
	bool has_status, is_new; /* nobody has claimed it yet */
	int status;

	/* Births: who waits for the child to have taken what it needs. */
	struct tracee *maker;
	bool maker_waits;
	const struct life *life;
	struct new_thread asked;
	unsigned fork_flags;
	int lender; /* whose memory it is in, as a vfork's child */
	uint64_t vector_at, vector_bytes; /* mapped by a vfork child for its exec, which stays */
};

/* What the supervisor is, once. */
struct supervisor {
	struct settings settings;
	struct board *board;
	struct trace_ring *ring; /* NULL: nothing is recorded */
	int voice; /* standard error as it was */
	size_t vector_size;
	uint64_t vector_mask;
	uint32_t ncpus;
};
extern struct supervisor supervisor;

static inline struct tracee *of_thread(struct thread *t)
{
	return (struct tracee *)t;
}

/* coroutine.c */
struct tracee *current_tracee(void);
void coroutine_start(struct tracee *t, void (*begin)(struct tracee *));
void coroutine_resume(struct tracee *t); /* until it gives way */
void coroutine_yield(void);
void coroutine_free(struct tracee *t);
unsigned coroutine_waiters(void); /* that wait for something else than a stop */
void coroutine_wait_birth(struct tracee *t); /* while t->maker_waits */

/* tracees.c: all there are, and the loop */
struct tracee *tracee_find(int tid);
struct tracee *tracee_get(int tid); /* made if it is new */
void tracee_each(void (*look)(struct tracee *, void *), void *context);
struct guest *guest_new(void);
void guest_leave(struct tracee *t);
/* Gives t to a coroutine that begins when it has stopped. */
void tracee_adopt(struct tracee *t, struct guest *g, void (*begin)(struct tracee *));
void supervise(void); /* until nothing is left */

/* tracee.c: one of them */
enum stop {
	STOP_CALL, /* a system call instruction */
	STOP_SIGNAL,
	STOP_BIRTH, /* a child of the injected call */
};
long tracee_request(struct tracee *t, int request, uint64_t address, uint64_t data);
/* Its first stop. */
void tracee_begin(struct tracee *t);
void tracee_begin_program(struct tracee *t); /* when it has executed the stub */
void tracee_registers(struct tracee *t); /* as they are now */
/* Runs the guest until it stops; its registers are in thread.regs. */
enum stop tracee_run(struct tracee *t, int *number);
/* One Linux call; waits: it may be cut short.  Result, CALL_AGAIN as host_wait() has it. */
long tracee_call(struct tracee *t, bool waits, int nr, const uint64_t a[6]);
#define CALL_ARGS_(t, nr, a0, a1, a2, a3, a4, a5, ...) \
	tracee_call(t, false, __NR_##nr, \
		    (const uint64_t[]){(uint64_t)(a0), (uint64_t)(a1), (uint64_t)(a2), \
				       (uint64_t)(a3), (uint64_t)(a4), (uint64_t)(a5)})
/* A Linux call of the engine's own, made by the guest. */
#define LINUX(t, nr, ...) CALL_ARGS_(t, nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
_Noreturn void tracee_last_call(struct tracee *t, int nr, uint64_t a0); /* it ends it */
/* A call that makes a child: result as tracee_call(), born() is told who. */
long tracee_clone(struct tracee *t, const uint64_t a[6], void (*born)(struct tracee *, int));
int tracee_swap(struct tracee *t, uint64_t at, uint32_t *seen, uint32_t value);
/* The thread's part of the engine's own memory in the guest; 0: there is none. */
uint64_t tracee_area(struct tracee *t);
#define AREA_SLEEP 0 /* a word: engine_wait_word() */
#define AREA_ARGUMENT 16 /* of the engine's own calls */
#define AREA_SCRATCH 4096

/* call.c */
_Noreturn void tracee_live(struct tracee *t); /* from the guest's registers on */

/* signal.c, mask.c */
void signal_arrived(struct tracee *t, int number);
bool signal_stops(const struct tracee *t, int host); /* by default, and that is what it is */
void signal_add(struct tracee *t, const siginfo_t *si, const struct signal_info *info);
void signal_count(struct tracee *t, int guest); /* for kqueues */
void signals_convert(struct tracee *t);
int engine_action_default(struct tracee *t, int host);
bool signals_settle(struct tracee *t, struct signal_info *info, struct action *a);
void signals_deliver(struct tracee *t, const struct signal_info *info, const struct action *a);
void signals_boundary(struct tracee *t);
void signals_push_mask(struct tracee *t); /* to Linux, if it has another */
void signals_begin(struct tracee *t, const struct handover *h);
void signals_ignored(const struct process *p, uint64_t ignored[HANDOVER_SET]);
void signals_pass_on(struct tracee *t);
void signals_forget(struct tracee *t);
bool signals_wanted(struct tracee *t); /* one is in hand that the guest does not block */

/* begin.c: a program, in a process that has just executed the stub */
void begin_program(struct tracee *t);

/* Of 64-bit programs (asm/segment.h of the kernel). */
#define USER_CS 0x33
#define USER_SS 0x2b

/* Threads' scratch, above the stub. */
#define STUB_SLOTS 0x7e0000100000
#define STUB_SLOT_SIZE 0x80000
#define STUB_LIMIT (STUB_SLOTS + SPACE_SLOTS * (uint64_t)STUB_SLOT_SIZE)

/* filter.c */
int filter_install(void);

/* record.c */
void record_open(void);
static inline bool is_traced(void)
{
	return supervisor.settings.flags & SETTINGS_TRACE;
}

/* One line on standard error. */
void message(const char *text, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die(int status, const char *text, ...) __attribute__((format(printf, 2, 3)));
/* The guest's process ends so, with a line. */
_Noreturn void tracee_die(struct tracee *t, int status, const char *text, ...)
	__attribute__((format(printf, 3, 4)));

#endif
