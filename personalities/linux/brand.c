/* Linux's own programs: recognised and named; they do not run in the sandbox yet. */
#include "syscalls/personality.h"

static const struct personality linux_itself = {
	.name = "linux",
	.title = "Linux",
	.brand =
		{
			.osabi = 3, /* ELFOSABI_GNU; most programs have 0 instead */
			.note = "GNU",
			.note_type = 1, /* NT_GNU_ABI_TAG: its first word is 0 for Linux */
			.interpreters = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1",
					 "/lib/ld-linux-x86-64.so.2", "/system/bin/linker64"},
		},
};

REGISTER_PERSONALITY(linux_itself);
