/* sysctl: a system's tree of values as a table, and what reads it.
 *
 * A personality has one line a node (sysctl.def): number path, name, form, and a constant, a
 * function, or the reason it is refused.  Nothing can be set: a write fails with EPERM. */
#ifndef GUISE_SYSCTL_H
#define GUISE_SYSCTL_H

#include "syscalls/abi.h"

#define SYSCTL_DEPTH 24 /* CTL_MAXNAME of every system */
#define SYSCTL_NAME 256

enum sysctl_form {
	SYSCTL_BRANCH,
	SYSCTL_INT,
	SYSCTL_UINT,
	SYSCTL_LONG,
	SYSCTL_ULONG,
	SYSCTL_BYTE, /* unsigned */
	SYSCTL_STRING,
	SYSCTL_OPAQUE,
	N_SYSCTL_FORMS,
};

/* One reading under way. */
struct sysctl {
	struct call *c;
	int32_t path[SYSCTL_DEPTH];
	uint32_t depth;
	uint32_t matched; /* of the path, by the node; the rest are the node's arguments */
	uint64_t old, room; /* where the value goes; old 0: only its size is wanted */
	uint64_t used;
	uint64_t new, new_length;
};

struct sysctl_node {
	int32_t path[6];
	uint8_t depth;
	uint8_t form;
	bool takes_more; /* the path goes on with arguments */
	bool asks; /* what seems a new value is a question */
	int16_t error; /* refused with this */
	const char *name;
	const char *format; /* of an opaque value */
	const char *reason;
	const char *text;
	uint64_t number;
	long (*compute)(struct call *c); /* a number, or -errno */
	int (*write)(struct sysctl *s); /* anything else */
};

struct sysctl_tree {
	const struct sysctl_node *nodes;
	size_t n;
};

/* Adds to the value: 0, -EFAULT, or -ENOMEM once it is longer than the guest's room. */
int sysctl_out(struct sysctl *s, const void *from, size_t n);
int sysctl_out_text(struct sysctl *s, const char *text);

/* The node of a path, or of its beginning if that takes arguments; NULL: none. */
const struct sysctl_node *sysctl_find(const struct sysctl_tree *t, const int32_t *path, uint32_t n);
const struct sysctl_node *sysctl_find_name(const struct sysctl_tree *t, const char *name);
/* The first node that follows the path in the order of numbers and has a value. */
const struct sysctl_node *sysctl_next(const struct sysctl_tree *t, const int32_t *path, uint32_t n);

/* The value of s->path. */
int sysctl_read(struct sysctl *s, const struct sysctl_tree *t);

/* The answer to a question about the tree: the path begins with 0. */
int sysctl_about(struct sysctl *s, const struct sysctl_tree *t);
/* A name of that length, which may end in a dot or with its NUL: 0, or -errno. */
int sysctl_get_name(struct call *c, char name[SYSCTL_NAME], uint64_t at, uint64_t length);

/* Arguments from `first` on: old value, its length, new value, its length. */
int sysctl_begin(struct sysctl *s, struct call *c, int first);
long sysctl_end(struct sysctl *s, int first, int error);

/* Values that several systems have.  Each names the Linux calls it makes. */
long sysctl_cpus(struct call *c); /* sched_getaffinity */
long sysctl_last_cpu(struct call *c); /* sched_getaffinity */
struct memory_size {
	uint64_t total, free, swap; /* bytes */
	uint64_t load[3]; /* times 65536 */
};
int sysctl_memory(struct call *c, struct memory_size *m); /* sysinfo */
long sysctl_limit(struct call *c, int host_limit); /* prlimit64: the hard limit */
int sysctl_host_name(struct call *c, char *name, size_t size); /* uname */
int sysctl_boot_time(struct call *c, int64_t *seconds, int64_t *nanoseconds); /* clock_gettime */
int sysctl_random(struct sysctl *s); /* getrandom */
int sysctl_cpu_model(struct sysctl *s);
int sysctl_arguments(struct sysctl *s); /* of the process itself */

#endif
