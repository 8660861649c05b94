/* A process of the sandbox as it is seen from outside: its memory and what is mapped there.
 *
 * Everything here is the guest's to choose: the contents of its memory, the names and contents
 * of its files, its mappings and how many there are.  Names are resolved in its own root
 * directory and nowhere else, and only plain files are opened.
 */
#ifndef GUISE_TRACE_VIEW_H
#define GUISE_TRACE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mapping {
	uint64_t start, end, offset;
	const char *path; /* as the guest sees it; "": of no file */
	bool readable, writable, executable, shared;
};

struct view {
	int process; /* its directory in /proc */
	int memory, maps;
	char *text, *names; /* of maps as it was read last; the names of it, cut up */
	size_t n_text;
	struct mapping *mappings; /* in order of addresses */
	size_t n_mappings;
	uint64_t turn; /* grows when the mappings have changed */
};

/* 0 or -errno.  pid is outside's number; view_open_inside() is given the sandbox's own, and the
 * sandbox is that of this process's descendants. */
int view_open(struct view *v, pid_t pid);
int view_open_inside(struct view *v, uint32_t pid);
int view_process(pid_t pid); /* its directory in /proc alone: a descriptor or -1 */
void view_close(struct view *v);

/* Reads its mappings anew: 0, or -ESRCH if the program is gone (it ended, or became another). */
int view_renew(struct view *v);
const struct mapping *view_find(const struct view *v, uint64_t address);
/* A line of /proc/PID/status (the directory is given) behind its name, cut if need be; and the last
 * number in one: of a process's several numbers the innermost.  False if there is no such line. */
bool view_status(int process, const char *line, char *to, size_t n);
bool view_number(int process, const char *line, uint32_t *number);
/* How many bytes were there: fewer than n where memory ends. */
size_t view_read(const struct view *v, uint64_t address, void *to, size_t n);
/* The file of a mapping: a descriptor to be closed, or -errno. */
int view_file(const struct view *v, const struct mapping *m);

#endif
