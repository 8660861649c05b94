/* Files, directories, descriptors: sys/fcntl.h, sys/stat.h, sys/dirent.h, sys/filio.h. */
#ifndef GUEST_FILE_H
#define GUEST_FILE_H

#include "tests/guest/bsd.h"

enum { O_CLOEXEC = 0x20000, O_DIRECTORY = 0x8000000 };
#define OPEN_LINK_ERROR EMLINK /* of O_NOFOLLOW: open(2) */
#define UNLINK_ROOT_ERROR EACCES /* sys/kern/vfs_nlookup.c: nlookup */

enum { F_GETLK = 7, F_SETLK = 8, F_DUPFD_CLOEXEC = 17, F_DUP2FD_CLOEXEC = 18 };
#define F_DUP2FD 10
struct flock {
	int64_t start, len;
	int32_t pid;
	int16_t type, whence;
};

#define AT_FDCWD ((int)0xfffafdcd)
enum { AT_SYMLINK_NOFOLLOW = 1, AT_REMOVEDIR = 2, AT_EACCESS = 4 };
#define UTIME_OMIT (-2)

struct stat {
	uint64_t ino;
	uint32_t nlink, dev;
	uint16_t mode, pad;
	uint32_t uid, gid, rdev;
	struct timespec atim, mtim, ctim;
	int64_t size, blocks;
	uint32_t old_blksize, flags, gen, lspare;
	int64_t blksize;
	uint64_t spare[1];
};
_Static_assert(sizeof(struct stat) == 128, "sys/stat.h");

struct dirent {
	uint64_t fileno;
	uint16_t namlen;
	uint8_t type, unused1;
	uint32_t unused2;
	char name[];
};
#define ENTRY_LENGTH(e) ((sizeof(struct dirent) + (e)->namlen + 1 + 7) & ~7UL)

static inline long read_entries(long fd, char *to, size_t n)
{
	return sys(SYS_getdents, fd, to, n);
}

#define PIPE_IN_REGISTERS SYS_pipe
/* What getcwd's call answers of a path of n bytes. */
#define GETCWD_RESULT(n) 0

#endif
