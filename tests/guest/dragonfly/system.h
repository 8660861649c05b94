/* DragonFly to a guest program: its brand, its entry and what its library does to calls.  Other
 * numbers and layouts, here and in the headers beside this one: sys/sys of DragonFly 5.9. */
#ifndef GUEST_SYSTEM_H
#define GUEST_SYSTEM_H

#include "guest_numbers_dragonfly.h"

__asm__(".pushsection .note.tag, \"a\", @note\n"
	"	.balign 4\n"
	"	.long 10, 4, 1\n"
	"	.asciz \"DragonFly\"\n"
	"	.balign 4\n"
	"	.long 600000\n"
	".popsection\n");

/* The program is entered with rdi = address of argc. */
#define LOAD_BLOCK ""

/* What the functions of these names call (lib/libc/sys, lib/libc/gen). */
#define SYS__exit SYS_exit
#define SYS_pread SYS_extpread
#define SYS_preadv SYS_extpreadv
#define SYS_pwrite SYS_extpwrite
#define SYS_pwritev SYS_extpwritev

/* lib/libc/x86_64/sys/pipe2.S stores them. */
#define PIPE2_IN_REGISTERS

struct timeval {
	long sec, usec;
};
#define MONOTONIC 4

/* The argument that a word of nothing comes before: an off_t (sys/kern/syscalls.master), or the
 * flags that only some callers have. */
static inline int pad_before(long nr)
{
	switch (nr) {
	case SYS_lseek:
	case SYS_truncate:
	case SYS_ftruncate:
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

/* A child of fork has its parent's number in rax and 1 in rdx (lib/libc/x86_64/sys/fork.S). */
static inline long result_of(long nr, const long out[2])
{
	return nr == SYS_fork && out[1] == 1 ? 0 : out[0];
}

#endif
