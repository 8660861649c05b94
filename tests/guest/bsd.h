/* Numbers that the systems that come from 4.4BSD have in common: sys/fcntl.h, sys/filio.h,
 * sys/mman.h, sys/signal.h, sys/wait.h, sys/socket.h of each. */
#ifndef GUEST_BSD_H
#define GUEST_BSD_H

#include "tests/guest/guest.h"

enum {
	O_RDONLY = 0,
	O_WRONLY = 1,
	O_RDWR = 2,
	O_NONBLOCK = 4,
	O_APPEND = 8,
	O_SHLOCK = 0x10,
	O_EXLOCK = 0x20,
	O_NOFOLLOW = 0x100,
	O_CREAT = 0x200,
	O_TRUNC = 0x400,
	O_EXCL = 0x800,
};
enum { F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4 };
enum { F_RDLCK = 1, F_UNLCK = 2, F_WRLCK = 3 };
enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 };
#define FIONREAD 0x4004667f
#define FIONBIO 0x8004667e

enum { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANON = 0x1000 };

/* pipe2(2). */
static inline long make_pipe(int ends[2], int flags)
{
#ifdef PIPE2_IN_REGISTERS
	long two[2];
	bool failed = raw(two, SYS_pipe2, ends, flags);

	if (failed)
		return -two[0];
	ends[0] = (int)two[0];
	ends[1] = (int)two[1];
	return 0;
#else
	return sys(SYS_pipe2, ends, flags);
#endif
}

struct pollfd {
	int fd;
	short events, revents;
};

#endif
