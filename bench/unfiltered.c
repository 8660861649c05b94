/* In filter.c's place, in a guise that only `bench/run unfiltered` has: what a call costs without
 * the filter.  Calls come by Linux's dispatch to user space instead, which the measured program
 * turns off while it measures, since that costs something too: its sites are patched by then.
 * Nothing here confines anything. */
#include "syscalls/engine/resident/resident.h"

#include <linux/prctl.h>

void filter_install(void)
{
	long e = LINUX(prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, RESIDENT_BASE,
		       RESIDENT_GATE_SIZE, 0);

	if (e < 0)
		die(EXIT_GUISE, "no dispatch of system calls to user space: error %l", -e);
}
