/* What Linux tells of processes and files in /proc alone, through the procfs on
 * HIDDEN_PROCESSES (sandbox/processes.c).  Where the sandbox has none, nobody is to be found
 * (ESRCH), and files have no path (ENOSYS).
 *
 * Who reads facts names the Linux calls in its row: FACTS_LINK_USES, FACTS_READ_USES. */
#ifndef GUISE_FACTS_H
#define GUISE_FACTS_H

#include "syscalls/abi.h"

#define FACTS_PATH 4096

/* Up to n bytes of /proc/PID/NAME from offset on, as one piece: their number or -errno
 * (ESRCH: no such process, or none that may be looked into). */
#define FACTS_READ_USES openat, pread64, close
long facts_read(struct call *c, int pid, const char *name, void *to, size_t n, uint64_t offset);

/* /proc/PID/NAME opened for reading, for who reads it in several pieces: by openat. */
long facts_open(struct call *c, int pid, const char *name);

/* Where the link /proc/PID/NAME leads, with a NUL: its length or -errno (ENAMETOOLONG). */
#define FACTS_LINK_USES readlinkat
long facts_link(struct call *c, int pid, const char *name, char *to, size_t size);

/* The path by which a descriptor of the calling process can be found; ENOENT if it has none
 * any more, or came from outside the sandbox. */
#define FACTS_PATH_USES FACTS_LINK_USES, FACTS_READ_USES, statx
long facts_path(struct call *c, int fd, char *to, size_t size);

/* The numbers that are names in /proc/PID/NAME ("": the processes themselves; "fd", "task"),
 * in no order: how many went to list, or -errno.  E2BIG: there are more than `room`. */
#define FACTS_LIST_USES openat, getdents64, close
long facts_list(struct call *c, int pid, const char *name, int32_t *list, size_t room);

/* A process's or (tid not 0) a thread's state, in Linux's numbers. */
struct process_facts {
	int32_t pid, parent, group, session, terminal_group;
	uint32_t terminal; /* its device as /proc has it; 0: none */
	char state; /* R, S, D, T, t, Z, X */
	char name[16];
	int32_t nice, threads;
	uint64_t user, system, children_user, children_system, start; /* hundredths of a second */
	uint64_t minor_faults, major_faults;
	uint64_t memory; /* bytes of addresses */
	uint64_t resident; /* pages */
	int32_t processor;
	uint32_t uid[3], gid[3]; /* real, effective, saved */
	uint32_t n_groups, groups[16];
	uint64_t pending, blocked, ignored, caught; /* bit n-1: signal n */
	uint64_t switches, forced_switches;
};
int facts_process(struct call *c, int pid, int tid, struct process_facts *out);

/* How a descriptor of a process was opened; `mount` is the number statx has for it. */
struct opening_facts {
	uint64_t position, flags, mount;
};
int facts_opening(struct call *c, int pid, int fd, struct opening_facts *out);

/* A limit of Linux's number, soft and hard; UINT64_MAX: none. */
int facts_limit(struct call *c, int pid, unsigned resource, uint64_t out[2]);

/* The next word after *at that is a number (decimal, or in base 16): false at the end. */
bool facts_word(const char **at, uint64_t *n, unsigned base);

/* The program's strings as it was started, without what only the resident is told: the
 * piece from offset on.  *program (if not NULL, of FACTS_PATH bytes): its path. */
long facts_arguments(struct call *c, int pid, char *to, size_t n, uint64_t offset, char *program);

/* The mounts of the calling process, in the order they were made: *offset begins at 0 and
 * goes on from one to the next; -ENOENT after the last. */
struct mount_facts {
	uint64_t number; /* statx's */
	char path[1024];
};
int facts_mount(struct call *c, uint64_t *offset, struct mount_facts *out);

/* What is mapped at an address of the calling process: -ENOENT if nothing is. */
#define FACTS_MAPPING_USES openat, read, close
struct mapping_facts {
	uint64_t begin, end, offset; /* offset: in the file, of begin */
	uint64_t device, inode; /* of the file or object; 0: memory without one */
	bool is_readable, is_writable, is_shared;
	bool is_deleted; /* the file has lost its name */
	char path[128]; /* its beginning */
};
int facts_mapping(struct call *c, uint64_t address, struct mapping_facts *out);

/* A decimal number without its end's NUL: how long it is. */
size_t facts_number(char to[20], uint64_t n);

#endif
