/* From a path to a process image: declared here for the engines and translators that need
 * it, written in loader/program.c. */
#ifndef GUISE_PROGRAM_H
#define GUISE_PROGRAM_H

#include "syscalls/personality.h"

#define PROGRAM_PATH 1024

/* A program as exec finds it: the file to map, and what a script puts before its
 * arguments. */
struct program {
	int fd; /* open for reading; the caller's to close */
	const struct personality *personality; /* NULL: a system nobody knows */
	uint32_t release; /* the one its note asks for; 0: none */
	char path[PROGRAM_PATH]; /* the file that is mapped */
	char argument[PROGRAM_PATH]; /* a script's one argument; "" */
	bool is_script; /* argv is: path, argument (if any), script, argv[1...] */
	const char *what, *cure; /* why it cannot run, where that has words */
};

/* Finds and checks the program at path (a local string): 0 or -errno, as exec reports it:
 * ENOENT, EACCES (no permission, not a regular file), ENOEXEC (not a program of any
 * system that runs here), ... */
int program_open(struct call *c, const char *path, struct program *out);

/* The same for a file that is open as fd and is called name. */
int program_open_file(struct call *c, int fd, const char *name, struct program *out);

/* The system of that command-line name, or NULL. */
const struct personality *program_system(const char *name);

/* Which system the program open as fd is for, and the release its note asks for (0: none). */
int program_identify(struct call *c, int fd, const struct personality **personality,
		     uint32_t *release);

/* Maps the program open as fd, its interpreter and a stack into the calling process, and
 * fills in what its personality needs to start it (argv, envp and the machine's facts
 * are the caller's).  0 or -errno; what was mapped stays mapped. */
int program_map(struct call *c, int fd, struct start *start);

/* What a program of any system makes of Linux before its first call: program_open() and
 * program_map(). */
#define PROGRAM_OPEN_USES openat, faccessat2, newfstatat, pread64, close
#define PROGRAM_MAP_USES mmap, munmap, mprotect, prlimit64, getrandom

#endif
