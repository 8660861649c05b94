/* musl 1.2.3 has no close_range(2), and names of system calls as other names for its functions. */
#include_next <unistd.h>
#ifndef FRONT_UNISTD_H
#define FRONT_UNISTD_H
#include <sys/syscall.h>
#undef pread64
#undef pwrite64

static inline int close_range(unsigned first, unsigned last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}
#endif
