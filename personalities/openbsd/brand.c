/* OpenBSD: its programs are recognised and named; they do not run yet. */
#include "syscalls/personality.h"

PERSONALITY(openbsd) = {
	.name = "openbsd",
	.title = "OpenBSD",
	.brand =
		{
			.osabi =
				12, /* ELFOSABI_OPENBSD, in what Go writes; its kernel asks for the note */
			.note = "OpenBSD", /* sys/kern/exec_elf.c, 7.8: elf_os_pt_note() */
			.note_type = 1, /* its word is 0: no release in it */
			.interpreters = {"/usr/libexec/ld.so"},
		},
};

REGISTER_PERSONALITY(openbsd);
