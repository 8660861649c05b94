/* Core files: what is known of a process that a signal ends, in its system's own format.
 *
 * The thread that is about to die asks for one by a record in the trace's ring (TRACE_CORE) and
 * holds still until the supervisor outside has written it (trace/core.c).  It is the supervisor
 * that reads the memory and writes the file, for nothing inside has a place to write to.
 * A personality says which signals leave a core file and which notes are in it.
 */
#ifndef GUISE_CORE_H
#define GUISE_CORE_H

#include "syscalls/process.h"

/* In a TRACE_CORE record.  The supervisor finds the rest in the process's memory. */
struct core_request {
	struct signal_info info;
	uint64_t process; /* struct process */
	uint64_t threads, stride; /* struct thread, so many bytes apart */
	uint32_t n_threads; /* of which some are another process's, or nobody's */
	int32_t host_tid; /* who asks */
	uint64_t low, high; /* what is there is not the guest's */
};

struct core_thread {
	int32_t tid; /* the guest's number */
	char name[32];
	struct regs regs;
	uint64_t fs_base;
	/* As XSAVE has it, with the components' bits at 464 (arch/x86/kernel/fpu/regset.c, Linux
	 * 6.1): the first 512 bytes are FXSAVE's. */
	const uint8_t *vectors;
	size_t n_vectors;
};

struct core_mapping {
	uint64_t start, end, offset;
	const char *path; /* "": of no file */
	bool readable, writable, executable, shared;
};

struct core {
	const struct process *process;
	const struct signal_info *info;
	const struct core_thread *threads; /* first the one the signal was for */
	size_t n_threads;
	const struct core_mapping *mappings;
	size_t n_mappings;
	const uint64_t *vector; /* auxiliary: pairs, the end included */
	size_t n_vector; /* bytes */
	char arguments[256]; /* with spaces between them */
	int32_t parent, group, session; /* as numbered inside */
	uint32_t uid, gid, umask; /* UINT32_MAX: not known */
	uint64_t limits[16][2]; /* by Linux's RLIMIT_; now and at most */
};

/* Where notes go to: begin, add as often as it takes, end. */
struct core_sink {
	void (*begin)(struct core_sink *s, const char *owner, uint32_t type);
	void (*add)(struct core_sink *s, const void *data, size_t n);
	void (*end)(struct core_sink *s);
};

struct core_format {
	uint64_t signals; /* of the guest's numbers, bit n - 1: their default leaves a core file */
	uint8_t osabi; /* EI_OSABI */
	bool has_vdso; /* Linux's own is a part of the process */
	void (*notes)(const struct core *c, struct core_sink *s);
};

static inline void core_note(struct core_sink *s, const char *owner, uint32_t type,
			     const void *data, size_t n)
{
	s->begin(s, owner, type);
	s->add(s, data, n);
	s->end(s);
}

#endif
