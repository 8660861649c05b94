/* What a personality's descriptions of file calls refer to besides Linux's own headers. */
#ifndef GUISE_FILE_H
#define GUISE_FILE_H

#include "syscalls/abi.h"
#include "syscalls/linux.h"

/* Open flags that Linux lacks, as bits above its own; open_at() does their work. */
#define OPEN_SHLOCK (1ULL << 32) /* flock(LOCK_SH) before anything else happens to the file */
#define OPEN_EXLOCK (1ULL << 33)
#define OPEN_EXEC (1ULL << 34) /* to execute or search only */
#define OPEN_BENEATH (1ULL << 35) /* the path may not leave the directory it starts from */
#define OPEN_EMPTY (1ULL << 36) /* an empty path means the directory descriptor itself */

/* And O_CLOSE_ON_FORK (linux.h). */

/* The same for the flags of calls that take a directory descriptor. */
#define AT_BENEATH (1ULL << 32)

/* What differs between systems when open fails, and what they always do. */
struct open_rules {
	uint32_t always; /* Linux flags added to every open */
	uint32_t mode; /* mode bits a created file may get */
	int16_t nofollow; /* error for a symbolic link where none may be followed */
	int16_t is_socket; /* error for a socket's name */
	int16_t beneath; /* error for a path that leaves its directory */
};

/* open and openat: a path (after a directory descriptor or not), flags, mode.
 * Uses openat, readlinkat, statx, faccessat2, flock, ftruncate, close. */
long open_at(struct call *c, const struct open_rules *rules);

/* The directory a call starts from and the index of its path: calls with and without a
 * directory argument at index i share their translators. */
int directory_of(struct call *c, int i, uint64_t *dir, int *path);

/* The address of an empty string; 0 if there is no room in scratch. */
uint64_t empty_path(struct call *c);

/* The file's state: 0 or -errno.  Uses statx. */
int status_of(struct call *c, uint64_t dir, uint64_t path, uint32_t flags, struct statx *out);

/* Access and modification times together. */
struct times {
	struct timespec t[2];
};
struct times_us {
	struct timeval t[2];
};

/* A directory entry without its name, as getdirentries() fills it in before the guest's
 * own description of it (whose guest_size is where the name begins). */
struct entry {
	uint64_t number; /* inode */
	int64_t next; /* position after it */
	uint16_t length; /* of the whole record */
	uint16_t name_length;
	uint8_t type;
};

/* A file system's state. */
enum filesystem_flags {
	FILESYSTEM_READ_ONLY = 1,
	FILESYSTEM_NO_SETUID = 2,
	FILESYSTEM_NO_EXEC = 4,
	FILESYSTEM_SYNCHRONOUS = 8,
	FILESYSTEM_NO_ATIME = 16,
	FILESYSTEM_LOCAL = 32,
};
struct filesystem {
	uint32_t version; /* of the guest's structure: see its type */
	uint32_t type;
	uint64_t flags;
	uint64_t block_size, io_size;
	uint64_t blocks, blocks_free;
	int64_t blocks_available;
	uint64_t files;
	int64_t files_free;
	uint32_t name_max;
	uint32_t owner;
	int32_t id[2];
	char type_name[16];
	char mounted_from[1024];
	char mounted_on[1024];
};

/* Answers of pathconf that depend on the file's system. */
#define PATHCONF_NAME_MAX (1ULL << 40)

/* Where memory objects are; no guest's name for one leads to a file whose name ends in '.'. */
#define MEMORY_OBJECTS "/dev/shm/"
/* The path of the guest's name for one (an address), in scratch: 0 or -errno.  kind: of an object
 * that is something else, a few letters; its file's name ends in '.'. */
int memory_object_path(struct call *c, uint64_t name, const char *kind, uint64_t *path);

/* What a memory object is made with (shm_open and its relatives). */
struct memory_object {
	uint64_t name; /* guest address of its name, or 0 for none */
	uint32_t flags; /* Linux open flags */
	uint32_t mode;
	bool sealable;
};
/* Uses openat, memfd_create, fchmod, close. */
long open_memory_object(struct call *c, const struct memory_object *o);

/* The names a file system may go by, one after the other; NULL after the last. */
const char *filesystem_kind(size_t i, bool *is_remote);

/* Translators that others are made of: -EISDIR is of the root alone, which is in no directory. */
long call_unlink(struct call *c);
long call_unlinkat(struct call *c);

#endif
