/* The plan of a sandbox: options become a list of steps, which can be printed and tested
 * before any of it is done. */
#ifndef GUISE_PLAN_H
#define GUISE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sandbox/failure.h"
#include "sandbox/options.h"

/* Who performs a step: guise as it was started, a child of it beside process 1 (beside.c), process
 * 1 of the sandbox before it drops its rights, the process that becomes the program, or process 1
 * once that is on its way. */
enum step_place { IN_SUPERVISOR, BESIDE_INIT, IN_INIT, IN_GUEST, IN_INIT_LATER, STEP_PLACES };

enum step_kind {
	STEP_CHECK_STDIO, /* refuse directories and O_PATH on 0-2 */
	STEP_IMAGES, /* the resident and the settings, as files in memory */
	STEP_KEEP, /* directory `to` for the changes to `from` */
	STEP_CLEANER, /* who removes them if nobody else can */
	STEP_CGROUP, /* in `from`; number: version; text: settings; to: "+cpu", guise leaves `from` */
	STEP_NAMESPACES, /* number: CLONE_NEW... */
	STEP_FILL, /* the images, and seal them */

	STEP_TIE, /* die with the supervisor */
	STEP_MAP_USER, /* the caller's ids, to themselves */
	STEP_NO_NESTING, /* no further user namespaces */
	STEP_JOIN, /* the control groups */
	STEP_NUMBERS, /* of processes, at most number of them */
	STEP_FIRST_TO_GO, /* when memory runs short */
	STEP_SHARE, /* of what the user may have */
	STEP_COUNTS, /* of what else the kernel counts for a user */
	STEP_HOSTNAME, /* to */
	STEP_REFUSE_FOREIGN, /* other systems' programs, by name, where the kernel can */
	STEP_PROCESSES, /* what Linux tells of the processes inside, for the resident */
	STEP_QUEUES, /* POSIX message queues, for Landlock to know */
	STEP_STDIO, /* files on 0-2 again, so that their owner cannot change what they are */
	STEP_ROOT, /* a fresh root; text: tmpfs options */
	STEP_BASE, /* what is in directory `from`, read-only, as the root's contents */
	STEP_TMPFS, /* at `to`; text: options; number: 1 if it stays writable */
	STEP_PTS, /* own pseudo-terminals at `to` */
	STEP_READ_ONLY, /* `from` at `to` */
	STEP_WRITABLE,
	STEP_OVERLAY, /* `from` at `to`, changes in memory; text: options */
	STEP_OVERLAY_KEPT, /* `from` at `to`, changes in text */
	STEP_HIDE, /* something empty over what is at `to` */
	STEP_PROCFS, /* the processes inside, at `to` */
	STEP_FREEZE, /* what is at `to`, if anything, read-only */
	STEP_DEVICE, /* `from` at `to`; number: what device it must be */
	STEP_LINK, /* symbolic link at `to`, to text */
	STEP_FILE, /* a read-only file at `to`, contents text */
	STEP_PIVOT, /* the new root becomes /, the old one goes */
	STEP_SEAL, /* our own directories read-only */
	STEP_ENTER, /* working directory `to` */
	STEP_NETWORK, /* its namespace, made beside; number: 1 with its loopback up */
	STEP_SETTLED, /* what is done beside is done */
	STEP_SESSION, /* a session of its own, and a terminal if the caller has one */
	STEP_DROP, /* all capabilities, for good */
	STEP_RULES, /* without namespaces: what Landlock is to hold; number: its version */
	STEP_ALLOW, /* at `to`; number: what */
	STEP_ENFORCE,
	STEP_LANDLOCK, /* the same places once more; number: the kernel's version */

	STEP_GROUP, /* a process group of its own, on the terminal if there is one */
	STEP_NO_CORE,
	STEP_SIGNALS, /* dispositions and mask as the caller had them */
	STEP_AWAIT, /* the images */
	STEP_DESCRIPTORS, /* 0-2 and the hidden ones, nothing else */
	STEP_NATIVE_DESCRIPTORS, /* 0-2, nothing else */
	STEP_LIMIT, /* text: name of a limit; number: the most */
	STEP_LIMIT_HOLDS, /* try that of processes */
	STEP_NATIVE_FILTER, /* the host's calls, as far as its personality's rows make them */
	STEP_WEAKER_FILTER, /* without namespaces; number: 1 with the host's network */
	STEP_EXECUTE, /* the resident, which runs `to` */
	STEP_NATIVE_EXECUTE, /* `to` itself */

	STEP_SETTLE, /* process 1's own filter */

	STEP_KINDS,
};

struct step {
	uint8_t kind;
	uint64_t number;
	char *from, *to, *text; /* owned; may be NULL */
};

struct plan {
	struct step *steps;
	size_t n, room;
};

/* Name of a kind, and where its steps are done. */
const char *step_name(enum step_kind kind);
enum step_place step_place(enum step_kind kind);

/* Copies the step and its strings to the end: 0 or -ENOMEM. */
int plan_add(struct plan *p, const struct step *s);
void plan_free(struct plan *p);

/* One line a step. */
void plan_print(const struct plan *p, FILE *out);

/* The options as steps: 0, or -1 with *why filled in.  What the host has not (a time zone
 * directory, say) is left out; what the user named must be there. */
int plan_make(const struct box_options *o, struct plan *out, struct failure *why);

#endif
