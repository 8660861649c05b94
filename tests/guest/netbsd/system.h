/* NetBSD to a guest program: its brand, its entry and what its library does to calls.  Other
 * numbers and layouts, here and in the headers beside this one: sys/sys of NetBSD 10. */
#ifndef GUEST_SYSTEM_H
#define GUEST_SYSTEM_H

#include "guest_numbers_netbsd.h"

__asm__(".pushsection .note.netbsd.ident, \"a\", @note\n"
	"	.balign 4\n"
	"	.long 7, 4, 1\n"
	"	.asciz \"NetBSD\"\n"
	"	.balign 4\n"
	"	.long 1000000000\n"
	".popsection\n");

/* The program is entered with argc at rsp. */
#define LOAD_BLOCK "	mov %rsp, %rdi\n"

/* What the functions of these names call: the __RENAMEs of the headers. */
#define SYS__exit SYS_exit
#define SYS_clock_getres SYS___clock_getres50
#define SYS_clock_gettime SYS___clock_gettime50
#define SYS_clock_settime SYS___clock_settime50
#define SYS_fstat SYS___fstat50
#define SYS_getitimer SYS___getitimer50
#define SYS_getrusage SYS___getrusage50
#define SYS_gettimeofday SYS___gettimeofday50
#define SYS_kevent SYS___kevent50
#define SYS_msync SYS___msync13
#define SYS_nanosleep SYS___nanosleep50
#define SYS_select SYS___select50
#define SYS_setitimer SYS___setitimer50
#define SYS_settimeofday SYS___settimeofday50
#define SYS_sigaltstack SYS___sigaltstack14
#define SYS_sigpending SYS___sigpending14
#define SYS_sigprocmask SYS___sigprocmask14
#define SYS_sigsuspend SYS___sigsuspend14
#define SYS_sigtimedwait SYS_____sigtimedwait50
#define SYS_socket SYS___socket30
#define SYS_wait4 SYS___wait450

struct timeval {
	long sec;
	int usec;
};
#define MONOTONIC 3

/* The argument that a word of nothing comes before: an off_t, which 32-bit machines align
 * (syscalls.master). */
static inline int pad_before(long nr)
{
	switch (nr) {
	case SYS_lseek:
	case SYS_truncate:
	case SYS_ftruncate:
		return 1;
	case SYS_posix_fallocate:
	case SYS_fdiscard:
		return 1;
	case SYS_pread:
	case SYS_pwrite:
	case SYS_preadv:
	case SYS_pwritev:
		return 3;
	case SYS_mmap:
		return 5;
	}
	return -1;
}

/* A child of fork has its parent's number in rax and 1 in rdx (lib/libc/arch/x86_64/sys/fork.S). */
static inline long result_of(long nr, const long out[2])
{
	return nr == SYS_fork && out[1] == 1 ? 0 : out[0];
}

#endif
