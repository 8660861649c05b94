/* DragonFly: its programs are recognised and named; they do not run yet.  Those that Go
 * writes carry neither note nor OSABI and look like Linux ones. */
#include "syscalls/personality.h"

PERSONALITY(dragonfly) = {
	.name = "dragonfly",
	.title = "DragonFly",
	.brand =
		{
			.note = "DragonFly", /* sys/kern/imgact_elf.c, 5.9 */
			.note_type = 1,
			.interpreters = {"/usr/libexec/ld-elf.so.2", "/libexec/ld-elf.so.2"},
		},
};

REGISTER_PERSONALITY(dragonfly);
