/* A program looked at from outside, before it runs: what `guise info` tells and what
 * `guise run` checks.  Nothing in the file is trusted; nothing of it is executed. */
#ifndef GUISE_INSPECT_H
#define GUISE_INSPECT_H

#include "loader/image.h"

#define INSPECT_LIBRARIES 128

struct personality;

struct inspection {
	enum image_error error; /* IMAGE_OK, or what is wrong with it */
	struct image image;

	bool is_script; /* then error is IMAGE_OK and only these two say more */
	char script_interpreter[IMAGE_SCRIPT_LINE];
	char script_argument[IMAGE_SCRIPT_LINE];

	const struct personality *system; /* NULL: unknown */
	enum brand_evidence evidence;
	uint32_t release; /* as its note has it; 0: it asks for none */
	char release_name[64]; /* "14.2-RELEASE"; "" if there is none */

	/* inspect_details() */
	bool has_symbols;
	char toolchain[64]; /* "go1.19.8"; "" if unknown */

	/* That, and inspect_libraries() */
	char *search_path; /* DT_RUNPATH or DT_RPATH; NULL if none */
	uint32_t n_libraries;
	char *libraries[INSPECT_LIBRARIES]; /* DT_NEEDED */
};

/* Something that will not work.  status is the exit status the program cannot run with
 * (126, 127), or 0 for a remark. */
struct inspect_problem {
	int status;
	char what[512]; /* "needs /x/y, which is not there; give it with --ro" */
};
#define INSPECT_PROBLEMS 16

/* The file system as the program will see it. */
struct inspect_view {
	int (*open)(void *context, const char *path); /* a descriptor or -errno */
	void *context;
	const char *library_path; /* directories the user adds, "a:b"; NULL if none */
};

/* Headers and brand: 0, or -errno if fd cannot be read (EISDIR, EACCES for what is no
 * regular file).  A file that is no program is no failure: see out->error. */
int inspect_file(int fd, struct inspection *out);

/* Libraries of a program that inspect_file() found good: none of what cannot be read. */
void inspect_libraries(int fd, struct inspection *out);

/* Those, symbols and toolchain: 0 or -errno. */
int inspect_details(int fd, struct inspection *out);

/* Lets go of what these allocated. */
void inspect_free(struct inspection *i);

/* What stands in the way, worst first; how many were stored (at most n).  A script's
 * interpreter is the caller's to find and inspect. */
size_t inspect_problems(const struct inspection *i, const struct inspect_view *view,
			struct inspect_problem *list, size_t n);

/* Looks for library number n: its path inside, 0, or -ENOENT. */
int inspect_find_library(const struct inspection *i, const struct inspect_view *view, uint32_t n,
			 char *path, size_t size);

#endif
