/* What a program's file says of itself: headers, segments, interpreter, notes.
 *
 * Everything read here comes from the guest or from strangers: each number is checked
 * before it is used, and nothing is kept that a check did not cover.  No memory is
 * allocated and no library called, so that the resident can use it too.
 */
#ifndef GUISE_IMAGE_H
#define GUISE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/brand.h"

#define IMAGE_SEGMENTS 32
#define IMAGE_PAGE 4096UL
/* Addresses from here on are Linux's own mappings and the resident's. */
#define IMAGE_TOP 0x7e0000000000UL

enum image_error {
	IMAGE_OK,
	IMAGE_UNREADABLE, /* read_at failed */
	IMAGE_EMPTY,
	IMAGE_NOT_ELF,
	IMAGE_TRUNCATED, /* something it names lies beyond its end */
	IMAGE_32_BIT,
	IMAGE_BIG_ENDIAN,
	IMAGE_MACHINE, /* for another processor: image.machine */
	IMAGE_VERSION,
	IMAGE_OBJECT, /* not linked yet */
	IMAGE_CORE, /* a memory dump */
	IMAGE_TYPE, /* none of the known types */
	IMAGE_HEADERS, /* absurd number or size of program headers */
	IMAGE_NO_SEGMENTS, /* nothing to load */
	IMAGE_CROWDED, /* more than IMAGE_SEGMENTS to load */
	IMAGE_SIZES, /* a segment larger in the file than in memory, or beyond all bounds */
	IMAGE_ALIGNMENT, /* a segment that no page mapping can place */
	IMAGE_ADDRESS, /* a segment where no program can be */
	IMAGE_OVERLAP, /* segments out of order or on top of each other */
	IMAGE_INTERPRETER, /* its path is missing, too long or unterminated */
	IMAGE_ENTRY, /* does not begin in code of its own */
	IMAGE_ERRORS,
};

/* A segment to map: PT_LOAD. */
struct image_segment {
	uint64_t address; /* as linked */
	uint64_t offset; /* in the file; congruent to the address modulo the page */
	uint64_t file_size; /* the rest, up to memory_size, is zero */
	uint64_t memory_size;
	uint32_t flags; /* PF_X 1, PF_W 2, PF_R 4 */
};

struct image {
	uint16_t type; /* ET_EXEC 2 or ET_DYN 3 */
	uint16_t machine;
	bool position_free; /* ET_DYN: may be placed anywhere */
	bool writable_code; /* a segment is both writable and executable */
	bool has_stack_flags;
	uint32_t stack_flags; /* PT_GNU_STACK's */
	uint32_t flags; /* e_flags */
	uint64_t entry;
	uint64_t low, high; /* page-rounded extent of the segments, as linked */
	uint64_t alignment; /* largest a segment asks for, at least a page */
	uint64_t header_address; /* of the program headers in memory; 0 if not loaded */
	uint32_t header_count, header_size;
	uint64_t dynamic_address, dynamic_size; /* PT_DYNAMIC; 0, 0: static */
	uint32_t n_segments;
	struct image_segment segments[IMAGE_SEGMENTS];
	struct elf_facts facts;
};

/* Where the file is read from.  read_at gives how many bytes it read (fewer only at the
 * end), or a negative errno. */
struct image_source {
	long (*read_at)(void *context, void *to, size_t n, uint64_t offset);
	void *context;
	uint64_t size; /* of the file */
};

/* Reads the headers.  On failure *out holds what was learned before it (machine, type),
 * and nothing that may be acted upon. */
enum image_error image_read(const struct image_source *source, struct image *out);

/* The same, from a buffer that holds the head of a file of file_size bytes. */
enum image_error image_read_head(const void *head, size_t size, uint64_t file_size,
				 struct image *out);

/* The Linux errno that exec answers with for this kind of file. */
int image_error_errno(enum image_error error);

/* What it is ("a 32-bit program") and what to do ("build it for 64-bit x86"). */
struct image_error_text {
	const char *what;
	const char *cure;
};
struct image_error_text image_error_text(enum image_error error);

/* "AArch64" for 183; NULL if the number is none of the common ones. */
const char *image_machine_name(uint16_t machine);

/* "#!" scripts: the interpreter's path and the one argument it may be given, "" if none.
 * Everything after the path is that argument, blanks at both ends left out.  0;
 * -ENOEXEC: not a script, or no path; -ENAMETOOLONG: the line does not fit. */
#define IMAGE_SCRIPT_LINE 1024
int image_script(const void *head, size_t n, char interpreter[IMAGE_SCRIPT_LINE],
		 char argument[IMAGE_SCRIPT_LINE]);

#endif
