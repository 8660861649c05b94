/* FreeBSD to a guest program: its brand, its entry and what its library does to calls.  Other
 * numbers and layouts, here and in the headers beside this one: sys/sys of release 15. */
#ifndef GUEST_SYSTEM_H
#define GUEST_SYSTEM_H

#include "guest_numbers_freebsd.h"

/* A note of the release the program was built for: 14.2 unless it says otherwise. */
#ifndef BUILT_FOR
#define BUILT_FOR 1402000
#endif
#define TEXT_OF(n) #n
#define NUMBER_TEXT(n) TEXT_OF(n)
__asm__(".pushsection .note.tag, \"a\", @note\n"
	"	.balign 4\n"
	"	.long 8, 4, 1\n"
	"	.asciz \"FreeBSD\"\n"
	"	.long " NUMBER_TEXT(BUILT_FOR) "\n"
					       ".popsection\n");

/* The program is entered with rdi = address of argc. */
#define LOAD_BLOCK ""

struct timeval {
	long sec, usec;
};
#define MONOTONIC 4

/* Every argument is where the prototype has it, and every result in rax. */
static inline int pad_before(long nr)
{
	return -1;
}

static inline long result_of(long nr, const long out[2])
{
	return out[0];
}

#endif
