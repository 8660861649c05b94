/* The filter that holds a guest's injected calls: the resident's, without its gate. */
#include "syscalls/engine/ptrace/supervisor.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Compiled at build time from the rows (sandbox/mkfilter.c). */
extern const struct sock_filter traced_filter[];
extern const unsigned short traced_filter_length;

int filter_install(void)
{
	const struct sock_fprog program = {.len = traced_filter_length,
					   .filter = (struct sock_filter *)traced_filter};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		       &program) < 0
		       ? -errno
		       : 0;
}
