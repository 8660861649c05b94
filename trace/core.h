/* Writes core files (syscalls/core.h), while the process holds still. */
#ifndef GUISE_TRACE_CORE_H
#define GUISE_TRACE_CORE_H

#include <stdio.h>

#include "syscalls/core.h"
#include "trace/cores.h"
#include "trace/view.h"

struct cores {
	int directory; /* where they go: opened before anything inside could change the way there */
	char *name; /* in it; %p stands for the process's number */
	uint64_t left; /* bytes that may still be written */
	unsigned files; /* that may still be made */
	FILE *tell; /* one line about each */
};

/* Of the sandbox's process pid (as numbered inside), which asked for it. */
void cores_write(struct cores *c, const struct personality *p, uint32_t pid,
		 const struct core_request *q);

/* What the guest may have written there is no truth value by itself. */
void core_clean(struct signal_info *info);

/* core_threads.c: what each of its threads was doing.  They stand still until they are let go. */
struct core_threads;
/* NULL: out of memory. */
struct core_threads *core_threads_stop(const struct view *v, const struct core_request *q);
const struct core_thread *core_threads_list(const struct core_threads *t, size_t *n);
void core_threads_go(struct core_threads *t);

/* core_file.c: the notes, and the memory that is the guest's: bytes written or -errno. */
struct core_file {
	int fd;
	const struct view *view;
	const struct core_format *format;
	uint64_t low, high; /* not the guest's */
	uint64_t most;
	bool is_cut; /* there was more */
};
int64_t core_file_write(struct core_file *f, const struct core *c);

#endif
