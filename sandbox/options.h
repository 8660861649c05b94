/* What the user asked for, checked by nobody yet: the input of plan_make(). */
#ifndef GUISE_BOX_OPTIONS_H
#define GUISE_BOX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/limits.h"
#include "syscalls/launch.h"

struct failure;
struct personality;

enum bind_kind {
	BIND_HOST, /* the host's own */
	BIND_TMPFS, /* a directory in memory; text: its options */
	BIND_HIDE, /* something empty over what is there */
	BIND_FREEZE, /* what is there, read-only; nothing, if nothing is there */
	BIND_OVERLAY, /* the host's, with changes kept apart */
};

/* A piece of the host's file system, shown inside, or what is to be there instead. */
struct bind {
	const char *from; /* on the host; BIND_HOST and BIND_OVERLAY */
	const char *to; /* inside: absolute */
	bool writable; /* BIND_HOST */
	enum bind_kind kind;
	const char *text; /* of the memory a tmpfs or an overlay takes: mount options; or NULL */
	const char *changes; /* where an overlay's are kept; NULL: nowhere */
};

/* Whoever reads what the residents record, while the program runs. */
struct box_trace {
	/* Called when the bell rang, or the time it gave last is over: milliseconds until it
	 * wants to be called again, -1 for the bell alone.  `over`: nobody writes any more. */
	int (*drain)(void *reader, bool over); /* NULL: nothing is traced */
	void *reader;
	int ring, bell; /* HIDDEN_TRACE, HIDDEN_BELL */
};

#define BOX_BINDS 256

struct box_options {
	struct bind binds[BOX_BINDS]; /* --ro, --rw, --tmpfs, --hide, --overlay */
	size_t n_binds;
	bool host_system; /* among them, the host's own programs and libraries */
	const char *root; /* --root; NULL: nothing but what is named */
	bool host_network;
	bool no_network; /* not even loopback */
	bool no_namespaces; /* --weaker: Landlock, filter and rlimits alone */
	bool own_time; /* a time namespace */
	const char *hostname;
	const char *working; /* the caller's directory, writable inside; NULL: not shown */
	const char *directory; /* where the program starts, inside */
	const char *program; /* inside */
	const char *
		program_from; /* on the host, to be shown at `program`; NULL: it is there already */
	char *const *argv; /* the program's own, NULL-terminated */
	char *const *envp;
	bool no_terminal; /* where the caller's 0-2 are a terminal, so are the program's */
	bool traced; /* by a supervisor, which is in the resident's place */
	bool native; /* the program runs without a resident, under a filter of its own */
	struct settings settings;
	struct box_trace trace;
	int board; /* what image_board() made, to be looked at afterwards; 0: nobody will */
	struct limits limits;
	uint64_t timeout_ms, grace_ms; /* 0: none; then so long from SIGTERM to SIGKILL */
	const char *timeout_text; /* as it was given */
	const char *name; /* by which others find it; NULL: not at all */
	bool name_is_given; /* by the user */
	const char *about; /* what its record says: */
	size_t about_size;
	/* Whether a program that joins can be run by what the sandbox has: 0, or -1 with *why. */
	int (*check_program)(int fd, const char *path, bool native, struct failure *why);
	void (*tell)(const char *line); /* one line for the user, without newline; may be NULL */
	const struct personality *personality; /* of the program */
	unsigned uid, gid;
	bool systems_root; /* uid 0, and not one that a user namespace of the caller's made */
	bool own_numbers; /* processes are counted by their numbers, if not otherwise asked */
	const char *user; /* name for the generated passwd file */
	const char *home;
	bool procfs; /* --proc */
	bool empty_home; /* there is a directory of that name, in memory */
};

#endif
