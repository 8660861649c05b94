/* illumos: its programs are recognised and named; they do not run yet. */
#include "syscalls/personality.h"

PERSONALITY(illumos) = {
	.name = "illumos",
	.title = "illumos",
	.brand =
		{
			.osabi =
				6, /* ELFOSABI_SOLARIS, sys/elf.h; most of its programs have 0 instead */
			.interpreters = {"/lib/amd64/ld.so.1", "/usr/lib/amd64/ld.so.1",
					 "/lib/64/ld.so.1", "/usr/lib/64/ld.so.1"},
		},
};

REGISTER_PERSONALITY(illumos);
