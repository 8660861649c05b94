/* Guest processes and threads, as every engine keeps them.
 *
 * A thread points at its process.  Threads of one process share it; a vfork child, which
 * shares the parent's memory, gets a copy of its own (process_copy()), since its
 * descriptors, signal actions and ids are not the parent's.
 */
#ifndef GUISE_PROCESS_H
#define GUISE_PROCESS_H

#include "syscalls/abi.h"

#define MAX_SIGNAL 128

/* Guest signal n is bit (n - 1). */
struct sigset {
	uint64_t bits[MAX_SIGNAL / 64];
};

/* Flags of struct action, as the shared code knows them (a personality's own numbers
 * are translated by its declared type). */
enum action_flags {
	ACTION_ONSTACK = 1,
	ACTION_RESTART = 2,
	ACTION_RESETHAND = 4,
	ACTION_NOCLDSTOP = 8,
	ACTION_NODEFER = 16,
	ACTION_NOCLDWAIT = 32,
	ACTION_SIGINFO = 64,
};

#define HANDLER_DEFAULT 0
#define HANDLER_IGNORE 1

struct action {
	uint64_t handler; /* HANDLER_DEFAULT, HANDLER_IGNORE or an address */
	uint64_t restorer; /* where the system's sigaction passes a trampoline */
	struct sigset mask;
	uint32_t flags;
};

/* One signal on its way to the guest, in guest numbers. */
struct signal_info {
	int32_t number;
	int32_t code; /* enum signal_code, or the system's own code of a fault */
	int32_t error;
	int32_t pid;
	uint32_t uid;
	int32_t status; /* SIGCHLD */
	uint64_t address; /* of a fault */
	uint64_t value; /* sigval */
	int32_t timer, overrun;
	int32_t band;
	int32_t trap; /* the processor's trap number of a fault */
	uint64_t fault_error; /* its error code */
	bool is_fault; /* raised by the instruction itself: cannot be blocked */
	bool to_thread; /* directed at one thread */
	int32_t host_code; /* Linux's si_code */
	bool has_host; /* host is Linux's own siginfo, for who understands it */
	uint64_t host[16];
};

/* Signals that kqueues count, whatever becomes of them (kqueue_signal.c). */
struct counted {
	int32_t bell; /* an eventfd, rung at each one; 0: none yet */
	struct sigset set;
	uint16_t knotes[MAX_SIGNAL]; /* that ask about it */
	uint32_t count[MAX_SIGNAL];
};

struct aio_jobs;
struct descriptors; /* descriptors.h */

/* What a SAME row's arguments need, found at its first call: nothing but a look at the
 * descriptors among them (a bit each, below PLAN_DIRECT), or the general way. */
enum plan {
	PLAN_UNKNOWN = 0,
	PLAN_DIRECT = 0x40,
	PLAN_BARE = 0x80, /* a translator's: make_bare() */
	PLAN_GENERAL = 0xff,
};

/* Calls an engine may make without a look at the row: Linux's number and these. */
enum quick {
	QUICK_NUMBER = 0x3fff,
	QUICK = 0x4000, /* it is one */
	QUICK_DESCRIPTOR = 0x8000, /* if the first argument, a descriptor, is below HIDDEN_FIRST */
};
#define QUICK_CALLS 1024

/*
 * What every program touches comes first, in one page and a little of the next: a page is a fault at each start, and
 * two at each fork.
 */
struct process {
	const struct personality *personality;
	uint16_t quick[QUICK_CALLS]; /* by the guest's number: enum quick, or 0 */
	const struct personality *forced; /* for every program, whatever it looks like; or NULL */
	struct lock lock; /* actions, brk, max_protections */
	struct sigset watched; /* guest signals that were looked at when first blocked */
	struct sigset queued; /* those of which the host keeps each one, in order */
	uint64_t queued_on_host; /* its numbers of all these */
	uint64_t
		host_handled; /* Linux signals (bit n-1) that have the engine's handler installed */
	struct descriptors *descriptors;
	uint32_t release; /* the system release the program sees */
	uint32_t built_for; /* the one its note asks for; 0: none */
	int32_t pid;
	int32_t reaper; /* who gets this process's orphans, as known at its birth; 0: process 1 */
	bool is_reaper; /* set by this program */
	uint32_t n_threads; /* alive */
	uint64_t least_wait; /* ns: waits on locks are not cut shorter */
	uint32_t umask_known, umask_value;
	uint64_t brk_start, brk_now;
	uint64_t stack_low, stack_high;
	uint64_t
		ps_strings; /* where the start code put the argument block; 0 if the system has none */
	uint64_t vectors; /* and argc, with the vectors behind it */
	uint64_t trampoline; /* the system's signal trampoline in this process */
	void *exec_pages; /* of a vfork child's exec, in its parent's memory: the parent's to free */
	uint64_t exec_bytes;
	bool executes; /* in Linux's execve, from which only a failure comes back */
	uint32_t settings; /* enum settings_flags (launch.h) */
	uint32_t is_dumped; /* a thread has asked for a core file */
	bool is_guarded; /* every call goes by the personality's guard: see process_guard() */
	bool is_capability_mode; /* it gave up all global names */
	struct aio_jobs *aio; /* asynchronous I/O that is done (aio.c), or NULL */
	struct max_protections *max_protections; /* of its mappings (max_protection.h), or NULL */
	void *own; /* the personality's, in pages of its own, or NULL: a forked child finds it, too */
	struct right_sets *right_sets; /* what entries of its descriptors name; or NULL */
	char release_name[32];
	uint8_t plans[QUICK_CALLS]; /* how each SAME row passes its arguments: enum plan */
	char login[64];
	struct {
		int32_t id[32]; /* the youngest, each one more than Linux's number */
		uint32_t made;
	} thread_timers; /* that tell one thread of their expiry (timer.c) */
	struct counted counted;
	struct action actions[MAX_SIGNAL];
	char path[4096]; /* the program, as the guest knows it; most are short */
};

/* A value of a type that was translated last (types.c). */
struct names_seen {
	const struct type *type; /* NULL: none yet */
	uint64_t from, to;
	bool to_guest;
};

struct thread {
	struct regs regs; /* the guest's, while a call or delivery is under way */
	struct process *process;
	int32_t tid; /* the guest's number of this thread */
	int32_t host_tid;
	struct sigset mask;
	struct sigset saved_mask; /* to restore after a call that changed it for its own time */
	bool mask_saved;
	uint64_t altstack_base, altstack_size;
	bool altstack_disabled;
	uint32_t wake; /* a wake-up that came before the sleep (thr_wake and its kin) */
	bool stirred; /* its next sleep ends at once: it has woken itself */
	char name[32];
	uint64_t clear_tid; /* a word Linux clears and wakes when the thread is gone; 0: none */
	struct {
		uint64_t set_tid, clear_tid; /* of the child about to be forked; 0: none */
	} child;
	uint64_t context_link; /* the context after this one, where the kernel keeps it */
	int32_t exit_status; /* of the thread */
	bool has_robust_list; /* the program told Linux of one: */
	uint64_t robust_list;
	struct {
		uint64_t shared, own, inactive;
	} robust; /* where the program keeps the lists of mutexes that tell of its end */
	struct names_seen names[8]; /* pairs: types.c */
	struct trace_entry *entry; /* the call being traced (engine/record.h), or NULL */
};

/* Translators call make_bare() to say that for now their call is Linux's nr with the same
 * arguments, the first a descriptor: while nothing is remembered of any, which end_bare() ends.
 * The engine may then make it without them. */
void make_bare(struct call *c, int nr);
void end_bare(struct process *p);

/* Guest thread numbers never collide with process numbers where a system promises so. */
#define TID_BASE 100000

/* From now on every call of the process goes by its personality's guard. */
void process_guard(struct process *p);

/* The link `own` of the system's /proc to the program's file, of which a guest asks: is it the one that
 * is named at `name`; and what readlink says of it. */
bool process_names_own(struct call *c, uint64_t name, const char *own);
long process_put_own(struct call *c, uint64_t to, uint64_t size);

/* fork and its kin, with the second result set as the BSDs do: enum fork_flags (engine.h). */
long process_fork(struct call *c, unsigned flags);

static inline bool sigset_has(const struct sigset *s, int n)
{
	return s->bits[(n - 1) / 64] >> ((n - 1) % 64) & 1;
}
static inline void sigset_add(struct sigset *s, int n)
{
	s->bits[(n - 1) / 64] |= 1UL << ((n - 1) % 64);
}
static inline void sigset_remove(struct sigset *s, int n)
{
	s->bits[(n - 1) / 64] &= ~(1UL << ((n - 1) % 64));
}

#endif
