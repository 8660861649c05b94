/* What translators of processes, threads and signals ask of the engine: the parts of those
 * that depend on where the guest's registers and memory are.  Everything else goes
 * through host() (abi.h). */
#ifndef GUISE_ENGINE_H
#define GUISE_ENGINE_H

#include "syscalls/process.h"

/* ---- Processes ----------------------------------------------------------- */

enum fork_flags {
	FORK_SHARED = 1, /* the memory, until the child executes or exits: the caller sleeps */
	FORK_DROPS_HANDLERS = 2, /* with FORK_SHARED: caught signals are the default in the child */
};
/* With a life the parent is sent no signal at the child's end, and
 * `own`, inherited, becomes HIDDEN_LIFE: if ends_with, the child is killed when the last copy
 * of `held` is gone. */
struct life {
	int held, own;
	bool ends_with;
};
/* A child: its number in the parent; the child itself continues in the guest and does not come
 * back from here.  life may be NULL. */
long engine_fork(struct call *c, unsigned flags, const struct life *life);

/* Executes the program at path (already opened as fd; the engine closes it on failure)
 * with the guest's vectors.  argv_head: strings put before the guest's argv[first...],
 * for scripts.  Returns only on failure. */
struct exec {
	int fd;
	const char *path; /* what the program is called from now on */
	const char *const *head; /* argv entries that come first */
	uint32_t n_head;
	uint64_t argv; /* guest addresses of the vectors */
	uint64_t envp;
	uint32_t skip; /* entries of argv that head replaces */
};
long engine_exec(struct call *c, const struct exec *e);

/* What the sandbox's processes tell each other (board.h), or NULL. */
struct board;
struct board *engine_board(void);
void engine_ring_board(void); /* there is news on it */
/* A process was waited for: who watches it is told its Linux wait status. */
void engine_reaped(struct call *c, int pid, int status);

/* The thread, or the whole process, ends. */
_Noreturn void engine_exit_thread(struct call *c);
_Noreturn void engine_exit_process(struct call *c, int status);

/* [at, at + n) was mapped anew: code that nobody writes to (is_code), or anything else; or
 * it is about to be unmapped or changed.  Engines that patch code need to know. */
void engine_code_changed(struct call *c, uint64_t at, uint64_t n, bool is_code);

/* A Linux clock's time: 0 or -errno. */
struct __kernel_timespec;
long engine_clock(struct call *c, int host_clock, struct __kernel_timespec *now);

/* ---- Threads --------------------------------------------------------------- */

struct new_thread {
	uint64_t entry, arg, stack, tls; /* stack: the first rsp */
	uint64_t child_tid, parent_tid; /* guest addresses that get the thread's number, 0: none */
	uint32_t tid_size; /* bytes of such a number */
	bool has_regs; /* all of them are given, instead of entry, arg and stack */
	struct regs regs;
	bool continues; /* no entry: after the maker's call, as a child of its */
	uint64_t clear_tid; /* struct thread's */
};
/* The guest's number of the thread, or -errno. */
long engine_new_thread(struct call *c, const struct new_thread *n);

/* Sleeps while the translator's own word, which the process's threads share, is `seen`: 0 when
 * woken, -EAGAIN if it is not, else as host_wait(FUTEX_WAIT_BITSET).  deadline: the guest address of a
 * timespec of CLOCK_MONOTONIC, or 0.  Wakes all who sleep so.  Both make the call futex. */
long engine_wait_word(struct call *c, uint32_t *word, uint32_t seen, uint64_t deadline);
void engine_wake_word(struct call *c, uint32_t *word);

/* The live thread of this process with that Linux number, or NULL. */
struct thread *engine_find_thread(struct call *c, int host_tid);

/* The thread's FS (0) or GS (1) base. */
uint64_t engine_get_base(struct thread *t, int which);
int engine_set_base(struct thread *t, int which, uint64_t value);

/* ---- Signals --------------------------------------------------------------- */

/* Sends guest signal n, with siginfo code (guest's) and value, to a process (tid 0) or to
 * one thread of it. */
long engine_send(struct call *c, int pid, int host_tid, int n, int code, uint64_t value);

/* Tell the engine that the guest's action for signal n, or the thread's mask, changed. */
int engine_action_changed(struct call *c, int n);
void engine_mask_changed(struct call *c);

/* Kqueues count signal n from now on, or no longer (process->counted).  A thread that waits for
 * one lets it in. */
int engine_counted_changed(struct call *c, int n);
void engine_let_counted_in(struct call *c);

/* Make Linux's own mask and pending set agree with the guest's, for calls that let Linux
 * look at them (sigpending, sigtimedwait). */
void engine_settle_masks(struct call *c);

/* Signals pending for the thread: those Linux holds and those in the engine's hand. */
int engine_pending(struct call *c, struct sigset *set);

/* Waits for a signal of set, timeout ns at most (UINT64_MAX: for ever): its guest number with
 * *info filled in, -EAGAIN when the time is over, -EINTR or CALL_AGAIN. */
long engine_wait_signal(struct call *c, const struct sigset *set, uint64_t timeout,
			struct signal_info *info);

/* Sleep until a signal is to be handled: -EINTR, or CALL_AGAIN. */
long engine_pause(struct call *c);

/* A signal for the calling thread itself, by the instruction it is executing. */
void engine_raise(struct thread *t, const struct signal_info *info);

/* Vector state of the thread, in the processor's standard (XSAVE) format: bytes; saved to
 * and restored from guest memory in two pieces, the 512 legacy bytes and the rest. */
size_t engine_vector_size(void);
uint64_t engine_vector_mask(void); /* its components, as XCR0 numbers them */
int engine_save_vectors(struct thread *t, uint64_t legacy, uint64_t rest, size_t rest_size);
/* rest 0: none, those components take their initial values. */
int engine_load_vectors(struct thread *t, uint64_t legacy, uint64_t rest, size_t rest_size);
/* Initial values, as a handler starts with. */
void engine_reset_vectors(struct thread *t);

/* Guest memory outside a call, for push_signal and start: 0 or -EFAULT. */
int thread_get(struct thread *t, void *to, uint64_t from, size_t n);
int thread_put(struct thread *t, uint64_t to, const void *from, size_t n);

#endif
