/* A personality: everything one system's programs expect of their kernel, as data and a
 * few functions.  One const struct a system, in personalities/NAME/, found through a
 * linker section, so that adding a system adds a folder and changes nothing else. */
#ifndef GUISE_PERSONALITY_H
#define GUISE_PERSONALITY_H

#include "syscalls/abi.h"

/* How a system's programs are known from outside (loader/brand.c). */
#define INTERPRETERS 4
struct brand {
	uint8_t osabi; /* EI_OSABI; 0 if it has none of its own */
	uint32_t note_type; /* the note's type whose first word is the release wanted */
	/* Not pointers: every exec reads them, and they are one page with the rest. */
	char note[12]; /* owner name of its ABI note; "" if none */
	char old_brand[12]; /* text at e_ident + 8; "" if none */
	/* Run-time linkers that only this system has; "" from the last on. */
	char interpreters[INTERPRETERS][32];
	char built_for
		[12]; /* a compiler's name of the system, for programs without any other mark; or "" */
};

enum signal_default { SIGNAL_TERMINATES, SIGNAL_IGNORED, SIGNAL_STOPS, SIGNAL_CONTINUES };

/* One line of signals.def: SIGNAL(guest, host, default, name).  Guest signals that Linux
 * lacks travel as one of its real-time signals; those past its supply share
 * HOST_SIGNAL_CARRIER and name themselves in the siginfo (see signal_is_carrier()). */
struct signal {
	uint8_t guest;
	uint8_t host;
	uint8_t by_default; /* enum signal_default: the guest system's */
	const char *name;
};
#define HOST_SIGNAL_CARRIER 64

/* What is handed to a starting program (loader and exec fill it in). */
struct start {
	const char *path; /* the program, as the guest knows it */
	char *const *argv;
	char *const *envp;
	uint32_t argc, envc;
	uint64_t entry; /* where to begin: the interpreter's entry, if there is one */
	uint64_t program_entry;
	uint64_t phdr; /* the program's headers in memory */
	uint32_t phnum, phent;
	uint64_t base; /* where the interpreter was mapped; 0 if none */
	uint32_t e_flags;
	uint64_t stack_low, stack_high; /* the mapped stack */
	uint32_t release; /* the system's own release number (osreldate and the like) */
	uint32_t ncpus;
	uint64_t hwcap, hwcap2;
	uint8_t random[64];
	bool stack_executable;
	const uint64_t *auxv; /* Linux's own vector, for what is the machine's: pairs, 0 last */
};

struct signal_info;
struct action;

struct personality {
	const char *name; /* "…bsd": folder and command-line name */
	const char *title; /* as the system writes itself */

	/* Calls.  rows is NULL for a system that is only recognised. */
	const struct row *rows;
	uint32_t n_rows;

	/* Errors: guest number by Linux number; 0 where the guest has none. */
	const uint16_t *errnos;
	uint32_t n_errnos;
	const char *const *errno_names; /* by guest number, for the trace */
	uint32_t n_errno_names;

	const struct signal *signals;
	uint32_t n_signals; /* rows of the table */
	uint32_t max_signal; /* largest guest number */
	uint32_t tid_offset; /* a thread's number is Linux's and this */
	uint32_t bad_stack_signal; /* ends a program whose stack takes no frame; 0: its SIGILL */
	bool is_host; /* its programs' libraries are the host's own */
	uint32_t no_call_signal; /* raised, besides ENOSYS, by a number without a row; 0: none */

	/* The release a program gets when neither it nor an option says otherwise. */
	uint32_t default_release;
	uint32_t release_unit; /* of its number: a minor release */
	uint32_t release_major; /* ... a major one */
	const char *default_release_name;
	/* "14.2-RELEASE" for its number; to buf. */
	void (*release_name)(uint32_t release, char *buf, size_t size);

	/* c->nr and c->a from the thread's registers; 0, or -errno if the arguments cannot be read. */
	int (*fetch)(struct call *c);
	/* The result (or negative errno) into the thread's registers.  Of a SAME row's call that
	 * did not fail an engine may do it itself: rax, and this flag cleared. */
	uint32_t error_flag;
	void (*leave)(struct call *c, long result);
	/* Registers back to the call instruction: it will be made again. */
	void (*restart)(struct call *c);
	/* The child's side of a fork: its result registers. */
	void (*leave_child)(struct call *c);

	/* A call of a guarded process: made by dispatch_row(), or refused.  What it guards goes
	 * through exec in a file, whose descriptor is made and then taken up again: 0 or -errno.
	 * NULL: the system has no such thing. */
	long (*guard)(struct call *c);
	int (*guard_hand_over)(struct call *c, int *fd);
	int (*guard_take_up)(struct call *c, int fd);

	/* What its rows keep in struct process, for the child of a fork, where an engine does not
	 * copy it with all memory: 0 or -ENOMEM.  NULL: nothing. */
	int (*copy_state)(struct process *child, const struct process *parent);

	/* Initial stack and registers: 0 or -errno. */
	int (*start)(struct call *c, const struct start *s);

	/* A signal frame on the guest's stack and the registers to enter the handler:
	 * 0, or -EFAULT if the stack cannot take it. */
	int (*push_signal)(struct thread *t, const struct signal_info *info,
			   const struct action *a);
	/* si_code and trap number of a fault, from Linux's siginfo: see signal.h. */
	void (*describe_fault)(struct signal_info *info);

	const struct core_format *core; /* core.h; NULL: none known here */

	struct brand brand;
};

/* In each personalities/NAME/: PERSONALITY(name) = {...}; REGISTER_PERSONALITY(name); */
#define PERSONALITY(p) \
	static const struct personality p __attribute__((section(".data.rel.ro.personality")))
#define REGISTER_PERSONALITY(p) \
	static const struct personality *const registered_##p \
		__attribute__((used, section("personalities"))) = &(p)
extern const struct personality *const __start_personalities[];
extern const struct personality *const __stop_personalities[];
#define for_each_personality(p) \
	for (const struct personality *const *p##_at = __start_personalities, *p; \
	     p##_at < __stop_personalities && (p = *p##_at, true); p##_at++)

#endif
