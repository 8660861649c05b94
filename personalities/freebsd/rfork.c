/* rfork: sys/sys/unistd.h, sys/kern/kern_fork.c; FreeBSD 15 and 13.2.
 *
 * libc's posix_spawn lives on RFSPAWN, popen and system on posix_spawn: a vfork whose child
 * has no handlers.  Its caller gives the child a stack by itself. */
#include "syscalls/abi.h"
#include "syscalls/engine.h"
#include "syscalls/process.h"

enum {
	RFFDG = 1 << 2, /* descriptors are copied */
	RFPROC = 1 << 4, /* a child; else the caller itself changes */
	RFMEM = 1 << 5,
	RFCFDG = 1 << 12,
};
#define RFPPWAIT (1u << 31) /* the caller waits as after vfork */
#define RFSPAWN (1u << 31) /* alone */

TRANSLATOR(freebsd_rfork)
{
	switch ((uint32_t)c->a[0]) {
	case RFSPAWN:
		return process_fork(c, FORK_SHARED | FORK_DROPS_HANDLERS);
	case RFPROC | RFFDG | RFMEM | RFPPWAIT:
		return process_fork(c, FORK_SHARED);
	case RFPROC | RFFDG:
		return process_fork(c, 0);
	case RFFDG:
		return 0; /* the caller shares its descriptors with no process */
	default:
		return -EINVAL;
	}
}
