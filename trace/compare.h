/* Whether two runs of a program asked the same of their system, call by call.
 *
 * Each thread's calls are compared with those of its counterpart, in order: names, arguments with
 * what they point to as far as the trace shows it, and results.  The first thread's counterpart is
 * the first; that of a process's n-th thread, by the order in which they first do something, the
 * n-th; and that of a child the one that the same call of the parents was told of.
 *
 * What no two runs have in common is not compared by its value.  The types of the rows say what
 * that is (LOOK_PROCESS, LOOK_FILE, LOOK_OWN in abi.h, and addresses):
 *
 *	processes, threads, inodes	the n-th that the run was told of must be the n-th in both
 *	addresses			the same of their page, and the page as above, anew where a
 *					call gives an address as its result, or a program begins
 *	times, usage, chance		not at all
 *
 * Nor are the calls of handlers for signals that came from elsewhere, calls that such a signal cut
 * short and that are made anew, and calls that did not end: when they come is chance.  What is
 * left out so is counted.  A thread that another one ended, or that was killed, is compared as
 * far as it came. */
#ifndef GUISE_TRACE_COMPARE_H
#define GUISE_TRACE_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "trace/format.h"

/* What a reader of the ring (reader.h) keeps of a call, a signal, a beginning or an end. */
void compare_keep(FILE *to, const struct trace_line *l, bool is_over);

struct comparison {
	size_t calls, threads, left_out;
	bool differs;
};

/* Two runs as they were kept, and their names: 0 or -errno.  What comes first of all that differs
 * is told (tell may be NULL). */
int compare_runs(FILE *const runs[2], const char *const names[2], FILE *tell,
		 struct comparison *out);

#endif
