/* Files, directories, descriptors: sys/fcntl.h, sys/stat.h, sys/dirent.h, sys/filio.h. */
#ifndef GUEST_FILE_H
#define GUEST_FILE_H

#include "tests/guest/bsd.h"

enum { O_DIRECTORY = 0x200000, O_CLOEXEC = 0x400000 };
#define OPEN_LINK_ERROR EFTYPE /* of O_NOFOLLOW: open(2) */
#define UNLINK_ROOT_ERROR EBUSY

enum { F_GETLK = 7, F_SETLK = 8, F_DUPFD_CLOEXEC = 12 };
struct flock {
	int64_t start, len;
	int32_t pid;
	int16_t type, whence;
};

#define AT_FDCWD (-100)
enum { AT_EACCESS = 0x100, AT_SYMLINK_NOFOLLOW = 0x200, AT_REMOVEDIR = 0x800 };
#define UTIME_OMIT ((1 << 30) - 2)

struct stat {
	uint64_t dev;
	uint32_t mode;
	uint64_t ino;
	uint32_t nlink, uid, gid;
	uint64_t rdev;
	struct timespec atim, mtim, ctim, birthtim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags, gen, spare[2];
};
_Static_assert(sizeof(struct stat) == 152, "sys/stat.h");

struct dirent {
	uint64_t fileno;
	uint16_t reclen, namlen;
	uint8_t type;
	char name[];
};
#define ENTRY_LENGTH(e) ((e)->reclen)

static inline long read_entries(long fd, char *to, size_t n)
{
	return sys(SYS___getdents30, fd, to, n);
}

#define PIPE_IN_REGISTERS SYS_pipe
/* What getcwd's call answers of a path of n bytes. */
#define GETCWD_RESULT(n) ((n) + 1)

#endif
