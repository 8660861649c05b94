/* The filter that brings calls here and confines them: installed by the first program. */
#include "syscalls/engine/resident/resident.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

/* Compiled at build time from the rows (sandbox/mkfilter.c). */
extern const struct sock_filter gate_filter[];
extern const unsigned short gate_filter_length;

void filter_install(void)
{
	const struct sock_fprog program = {.len = gate_filter_length,
					   .filter = (struct sock_filter *)gate_filter};
	long e = LINUX(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);

	if (e < 0)
		die(EXIT_GUISE, "cannot install the seccomp filter: error %l%s", -e,
		    e == -EINVAL ? " (is CONFIG_SECCOMP_FILTER missing?)" : "");
}
