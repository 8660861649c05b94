/* Files, directories, descriptors: sys/fcntl.h, sys/stat.h, sys/dirent.h, sys/filio.h. */
#ifndef GUEST_FILE_H
#define GUEST_FILE_H

#include "tests/guest/bsd.h"

enum { O_DIRECTORY = 0x20000, O_CLOEXEC = 0x100000 };
#define OPEN_LINK_ERROR EMLINK /* of O_NOFOLLOW: open(2) */
#define UNLINK_ROOT_ERROR EISDIR

enum { F_GETLK = 11, F_SETLK = 12, F_DUPFD_CLOEXEC = 17, F_DUP2FD_CLOEXEC = 18 };
#define F_DUP2FD 10
struct flock {
	int64_t start, len;
	int32_t pid;
	int16_t type, whence;
	int32_t sysid;
};

#define AT_FDCWD (-100)
enum { AT_EACCESS = 0x100, AT_SYMLINK_NOFOLLOW = 0x200, AT_REMOVEDIR = 0x800 };
#define UTIME_OMIT (-2)

struct stat {
	uint64_t dev, ino, nlink;
	uint16_t mode;
	int16_t bsdflags;
	uint32_t uid, gid;
	int32_t pad;
	uint64_t rdev;
	struct timespec atim, mtim, ctim, birthtim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags;
	uint64_t gen, filerev, spare[9];
};
_Static_assert(sizeof(struct stat) == 224, "sys/stat.h");

struct dirent {
	uint64_t fileno, off;
	uint16_t reclen;
	uint8_t type, pad0;
	uint16_t namlen, pad1;
	char name[];
};
#define ENTRY_LENGTH(e) ((e)->reclen)

static inline long read_entries(long fd, char *to, size_t n)
{
	long base = -1;
	return sys(SYS_getdirentries, fd, to, n, &base);
}

#define PIPE_IN_REGISTERS SYS_freebsd10_pipe
/* What getcwd's call answers of a path of n bytes. */
#define GETCWD_RESULT(n) 0

#endif
