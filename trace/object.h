/* A mapped file: its segments, and what it says of its functions. */
#ifndef GUISE_TRACE_OBJECT_H
#define GUISE_TRACE_OBJECT_H

#include <elf.h>
#include <sys/stat.h>

#include "trace/gotable.h"

#define OBJECT_SEGMENTS 32

struct object_segment {
	uint64_t address, offset, size; /* size: in the file */
};

struct object_symbol {
	uint64_t address, size;
	uint32_t name; /* in names */
};

/* A function's unwind instructions in .debug_frame. */
struct object_frame {
	uint64_t start, size;
	uint64_t at; /* in the section */
};

struct object {
	struct object *next;
	struct stat file; /* whose it is */
	uint64_t used; /* the greater, the later */
	struct object_segment segments[OBJECT_SEGMENTS];
	size_t n_segments;
	uint64_t unwind_header; /* address of .eh_frame_hdr; 0: there is none */
	struct object_symbol *symbols; /* by address */
	size_t n_symbols;
	char *names; /* ends with a 0 */
	size_t n_names;
	uint8_t *go_data;
	struct gotable go;
	bool has_go;
	uint8_t *debug_frame;
	size_t n_debug_frame;
	struct object_frame *frames; /* by start */
	size_t n_frames;
};

/* Reads the file: never NULL but for lack of memory; what it does not have, or has damaged, is
 * not there. */
struct object *object_read(int fd, const struct stat *file);
void object_free(struct object *o);

/* Where a byte of the file is loaded, by the file's own addresses. */
bool object_address(const struct object *o, uint64_t offset, uint64_t *address);
/* The function's name, and how far into it the address is; NULL if not known. */
const char *object_symbol_at(const struct object *o, uint64_t address, uint64_t *into);
const struct object_frame *object_frame_at(const struct object *o, uint64_t address);

#endif
