/* NetBSD: its programs are recognised and named; they do not run yet. */
#include "syscalls/personality.h"

PERSONALITY(netbsd) = {
	.name = "netbsd",
	.title = "NetBSD",
	.brand =
		{
			.osabi = 2, /* ELFOSABI_NETBSD: sys/exec_elf.h, NetBSD 10 */
			.note = "NetBSD",
			.note_type = 1, /* ELF_NOTE_TYPE_NETBSD_TAG, same file */
			.interpreters = {"/usr/libexec/ld.elf_so", "/libexec/ld.elf_so"},
		},
	/* sys/sys/param.h, NetBSD 10: __NetBSD_Version__ is MMmmrrpp00. */
	.default_release = 1000000000,
	.default_release_name = "10.0",
};

REGISTER_PERSONALITY(netbsd);
