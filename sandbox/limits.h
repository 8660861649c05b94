/* What a sandbox may use up: the limits asked for, the limits it has anyway, and the steps
 * that set them.
 *
 * A limit is set where the kernel counts for the whole sandbox: in a control group, or, for
 * processes, in the sandbox's own user namespace (RLIMIT_NPROC).  That does not hold the system's
 * root, whose sandboxes have only so many numbers for processes, if nothing was asked for: a
 * control group takes as long to make and remove as a fifth of a start.  What the kernel counts for
 * each process (file size, open files) is a resource limit.  What was asked for and cannot
 * be enforced stops the run, unless --best-effort. */
#ifndef GUISE_LIMITS_H
#define GUISE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct box_options;
struct failure;
struct plan;

enum limit_kind {
	LIMIT_CPUS, /* thousandths of a processor's time */
	LIMIT_CPU_WEIGHT, /* 1-10000; everybody else has 100 */
	LIMIT_MEMORY, /* bytes */
	LIMIT_SWAP, /* bytes, besides */
	LIMIT_PIDS, /* processes and threads */
	LIMIT_IO_WEIGHT, /* 1-10000 */
	LIMIT_IO_MOST, /* io; value: how many devices */
	LIMIT_FILE_SIZE, /* bytes */
	LIMIT_OPEN_FILES, /* of each process */
	LIMIT_DISK, /* bytes of each writable place in memory */
	LIMIT_KINDS,
};

#define LIMITS_NUMBERS "sys/kernel/pid_max" /* one more than the highest */
#define LIMIT_NONE UINT64_MAX /* none: what there would be otherwise is lifted */

enum io_rate { IO_READ_BYTES, IO_WRITE_BYTES, IO_READS, IO_WRITES, IO_RATES };

/* A whole disk, and how much of it in a second; 0: as much as it has. */
struct io_limit {
	unsigned major, minor;
	uint64_t most[IO_RATES];
};
#define LIMIT_DEVICES 16

struct limits {
	struct limit {
		bool given;
		uint64_t value;
	} of[LIMIT_KINDS];
	struct io_limit io[LIMIT_DEVICES];
	bool best_effort; /* what cannot be enforced is said, and does not stop the run */
	bool quiet; /* nor is it said */
};

const char *limit_name(enum limit_kind kind); /* its option, without dashes */
int limit_resource(enum limit_kind kind); /* RLIMIT_..., or -1 */
uint64_t limit_value(const struct limits *l, enum limit_kind kind); /* asked for, or not */

/* Whether that user, the caller, is the one whose processes RLIMIT_NPROC does not hold. */
bool limits_is_systems_root(unsigned uid);

/* Whether they can be held by the numbers that processes of a sandbox may have. */
bool limits_has_numbers(void);

struct box;

/* The steps for the supervisor, for init and for the guest, at the end of the plan: 0, or -1
 * with *why filled in. */
int limits_start(const struct box_options *o, struct plan *out, struct failure *why);
int limits_init(const struct box_options *o, struct plan *out, struct failure *why);
int limits_guest(const struct box_options *o, struct plan *out, struct failure *why);

/* When nothing is left in the sandbox: if memory ran out in it, a line about it in b->last.
 * The exit status: the one given, or if there was none (-1) because of that, the one for
 * SIGKILL. */
int limits_report(struct box *b, int status);

/* Options of a tmpfs, with the size that was asked for; to be freed. */
char *limits_tmpfs(const struct limits *l, const char *options);

#endif
