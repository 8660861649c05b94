/* The resident: the translator in the guest's own address space.
 *
 * It is what execve runs.  It maps the program, enters it, and from then on owns the few
 * instructions from which Linux can be reached (gate.S).  Every other system call
 * instruction in the process raises SIGSYS; the handler (signal.c) leaves for
 * enter_translator, and the call is translated in ordinary context on the thread's own
 * translator stack (call.c).
 *
 * Nothing here is a security boundary: the guest can read and write all of it.  What it
 * can do to the host is settled by the filter, the namespaces and the mounts.
 */
#ifndef GUISE_RESIDENT_H
#define GUISE_RESIDENT_H

#include "syscalls/abi.h"
#include "syscalls/board.h"
#include "syscalls/engine.h"
#include "syscalls/engine/record.h"
#include "syscalls/engine/resident/layout.h"
#include "syscalls/launch.h"
#include "syscalls/personality.h"
#include "syscalls/process.h"
#include "syscalls/tally.h"

#include <asm/siginfo.h>
#include <linux/futex.h>

struct resident {
	struct thread thread; /* begins with the guest's registers */
	char space[T_SELF - sizeof(struct thread)];
	struct resident *self;
	uint64_t stack_top;
	uint32_t pending; /* a signal is in hand: host_info, raised or both */
	uint32_t slot;
	struct tally_cell *cell; /* where it counts its calls */
	bool has_host; /* host_info is full */
	bool has_raised; /* raised is full */
	bool is_vfork_child;
	bool drops_handlers; /* as it begins: FORK_DROPS_HANDLERS */
	const struct life *life; /* of a vfork child that a descriptor keeps; else NULL */
	struct birth {
		uint64_t word; /* of the thread this one made last: sequence and state */
		struct resident *maker; /* of this thread, and what it was asked for */
		struct new_thread asked;
		uint64_t sequence;
	} birth;
	siginfo_t host_info; /* as Linux gave it */
	struct signal_info raised; /* raised by the translator or by a fault */
	bool all_blocked; /* Linux holds everything back until what is in hand is settled */
	uint64_t host_blocked; /* what Linux has blocked for this thread besides */
	struct sigset queued_blocked; /* of thread.mask, those that Linux queues: in host_blocked */
	uint64_t held; /* Linux signals that cannot be blocked there but are by the guest */
	struct signal_info held_info; /* of one of them, if it was told (counted.c) */
	uint64_t scratch_base;
	struct robust_list_head list; /* of locks Linux marks when the thread dies (ring.c) */
	int32_t listed_tid; /* who told Linux of it; 0: nobody */
	struct tally_cell own_cell; /* while it has none that is shared */
	struct {
		bool went_out; /* Linux was called for it */
		bool timed;
		uint64_t began, in_linux; /* ticks */
	} tallied; /* the call under way */
	/* From here on not cleared.  The scratch begins in the page of the rest: a little is all that most need. */
	char scratch[SCRATCH_SIZE] __attribute__((aligned(64)));
	char vectors[16384] __attribute__((aligned(64)));
};
_Static_assert(offsetof(struct resident, self) == T_SELF, "layout.h");
_Static_assert(offsetof(struct resident, stack_top) == T_STACK_TOP, "layout.h");
_Static_assert(offsetof(struct resident, pending) == T_PENDING, "layout.h");
_Static_assert(offsetof(struct resident, cell) == T_CELL, "layout.h");
_Static_assert(TALLY_SAMPLE == T_SAMPLE && offsetof(struct tally_cell, calls) == 0, "layout.h");
_Static_assert(offsetof(struct thread, process) == T_PROCESS, "layout.h");
_Static_assert(offsetof(struct process, personality) == P_PERSONALITY, "layout.h");
_Static_assert(offsetof(struct process, quick) == P_QUICK, "layout.h");
_Static_assert(offsetof(struct personality, error_flag) == PERSONALITY_ERROR_FLAG, "layout.h");
_Static_assert(QUICK == Q_QUICK && QUICK_DESCRIPTOR == Q_DESCRIPTOR && QUICK_NUMBER == Q_NUMBER &&
		       QUICK_CALLS == Q_CALLS && HIDDEN_FIRST == Q_HIDDEN,
	       "layout.h");
_Static_assert(offsetof(struct regs, rflags) == R_RFLAGS, "layout.h");
_Static_assert(sizeof(struct resident) <= SLOT_END - SLOT_CONTEXT, "layout.h");

/* Code that may be patched (patch.c). */
struct code {
	uint64_t low, high;
	uint64_t stubs; /* their area, 0: none yet */
	uint32_t used; /* bytes of it */
};

/* A call site that trapped and could be patched, or of size 0 none. */
#define MOST_SEEN 128
struct seen {
	uint64_t after : 48; /* behind the call */
	uint64_t size : 8; /* of the instruction to be replaced */
	uint64_t extra : 8; /* bytes between it and the call */
};

/*
 * Of the whole address space, whichever processes share it.  Its middle is one page, of which every program touches
 * something, and the large tables lie to both sides of it: so the pieces of code are counted downwards (code_of()).
 */
#define MOST_CODE 256
#define SPACE_HEAD 8192 /* of the table of code, in pages of its own */
struct space {
	struct code code[MOST_CODE + 16];
	struct settings settings;
	uint64_t vdso; /* 0: there is none */
	uint64_t vdso_end, vdso_clock_gettime; /* once vdso_is_known */
	uint64_t vector_mask; /* components of the vector state the processor has */
	uint32_t vector_size;
	uint32_t ncpus;
	uint64_t hwcap, hwcap2;
	const uint64_t *auxv;
	bool has_fsgsbase;
	bool vdso_is_known;
	bool has_life; /* HIDDEN_LIFE is one */
	bool check_uses;
	bool tallies; /* SETTINGS_TALLY, and there is a thread */
	bool watches_calls; /* for check_uses or the tally */
	bool watches_waits; /* for these or the trace */
	uint64_t program_key; /* of the program, for the tally's sites */
	struct lock lock; /* slots and pages */
	struct lock patch_lock;
	uint64_t next_page;
	uint64_t births; /* threads made so far */
	uint32_t top; /* no slot at or above was ever used */
	uint32_t n_code;
	uint8_t trapped[1024]; /* how often the sites of a page did (patch.c) */
	struct seen seen[MOST_SEEN];
	uint64_t mapped[MAX_SLOTS / 64]; /* slots that have their pages */
	uint32_t slots[MAX_SLOTS]; /* 0 free; Linux clears it when the thread is gone */
} __attribute__((aligned(4096)));
_Static_assert(offsetof(struct space, slots) < SPACE_HEAD + 4096, "one page");
extern struct space space;

static inline struct code *code_of(uint32_t i)
{
	return &space.code[sizeof space.code / sizeof *space.code - 1 - i];
}

static inline struct resident *of_thread(struct thread *t)
{
	return (struct resident *)t;
}

/* gate.S, entry.S */
long gate(long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
long gate_call(struct call *c, int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	       uint64_t a4, uint64_t a5);
long gate_wait(struct call *c, int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	       uint64_t a4, uint64_t a5);
long gate_clone(uint64_t flags, uint64_t stack, void *parent_tid, void *child_tid, uint64_t tls,
		void (*begin)(struct resident *));
_Noreturn void gate_exit(uint32_t *slot, int status);
extern const char gate_sigreturn[], gate_wait_window[], gate_wait_window_end[], gate_wait_aborted[],
	gate_quick_window[], gate_quick_window_end[], gate_quick_aborted[], entry_call[],
	entry_flags_saved[], exit_window[], exit_window_end[], boundary[];
_Noreturn void enter_guest(void);
_Noreturn void enter_translator(void); /* the guest's registers are in the context */
int copy_guarded(void *to, const void *from, size_t n);
int swap_guarded(uint32_t *at, uint32_t *seen, uint32_t value);
int vectors_load(const void *area, uint64_t mask);

#define LINUX_(nr, a0, a1, a2, a3, a4, a5, ...) \
	gate(__NR_##nr, (uint64_t)(a0), (uint64_t)(a1), (uint64_t)(a2), (uint64_t)(a3), \
	     (uint64_t)(a4), (uint64_t)(a5))
/* A Linux call of the engine's own (they are listed in own_calls.def). */
#define LINUX(nr, ...) LINUX_(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* call.c */
_Noreturn void resident_call(struct resident *r); /* goes to call_done (entry.S) */
int resident_quick(struct resident *r, long result);
void resident_boundary(struct resident *r);

/* slots.c */
struct resident *slot_of(uint32_t slot); /* any of space.top; a free one is no process's */
struct resident *slot_new(void);
void slot_begin(struct resident *r); /* on the new thread itself: gs, signal stack */
void slot_free(struct resident *r);
void slots_forked(struct resident *r); /* in a fork's child: the others are gone */
int set_gs(uint64_t base);

/* signal.c */
void signals_begin(struct resident *r, const struct handover *h); /* a new program */
uint64_t signals_block_all(struct resident *r); /* the mask before, for signals_unblock() */
void signals_unblock(struct resident *r, uint64_t mask);
void signals_push_mask(struct resident *r); /* Linux's mask := the guest's */
void signals_child(struct resident *r); /* in a new process: what was in hand is the parent's */
/* A thread that ends: what was meant for the process goes back to Linux. */
void signals_pass_on(struct resident *r);
/* Looks at what is pending: true if a handler is to run, *a and *info say which. */
bool signals_settle(struct resident *r, struct signal_info *info, struct action *a);
void signals_deliver(struct resident *r, const struct signal_info *info, const struct action *a);
void signals_ignored(struct resident *r, uint64_t ignored[HANDOVER_SET]); /* to be handed over */

/* patch.c: the site that has just trapped becomes a jump, if it can. */
void patch_trapped(struct resident *r, const struct regs *regs);

/* filter.c */
void filter_install(void);

/* start.c */
_Noreturn void resident_start(uint64_t *stack);

/* board.c */
void board_open(void);

/* tally.c */
enum tally_part { TALLY_PROCESS, TALLY_THREAD, TALLY_PROGRAM };
void tally_open(void); /* at a program's start */
void tally_program(const struct process *p); /* its name is known */
void tally_join(struct resident *r, enum tally_part part, int pid); /* one more begins */
void tally_trap(struct resident *r); /* its registers are those of the call */
void tally_begin(struct resident *r);
void tally_end(struct resident *r);
uint64_t tally_goes_out(struct resident *r);
void tally_came_back(struct resident *r, uint64_t since);
/* The engine itself calls Linux for it. */
void tally_is_linux(struct resident *r);

/* message.c: one line on standard error, "guise: " in front. */
void message(const char *text, ...);
_Noreturn void die(int status, const char *text, ...);

/* ring.c */
void ring_open(void); /* at a program's start */

#endif
