/* What a traced process executes: one page to make Linux calls from, and nothing else.  It never
 * runs of itself: exec stops before the first instruction.  The instructions are in Intel's manual,
 * volume 2. */
#include "syscalls/engine/ptrace/stub.h"

#include "syscalls/abi.h"

#include <elf.h>

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	_Alignas(0x100) unsigned char call[0x10];
	unsigned char swap[0x10];
};
_Static_assert(offsetof(struct image, call) == STUB_CALL - STUB_BASE &&
		       offsetof(struct image, swap) == STUB_SWAP - STUB_BASE,
	       "supervisor.h says so");

static const struct image image = {
	.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			       EV_CURRENT},
		   .e_type = ET_EXEC,
		   .e_machine = EM_X86_64,
		   .e_version = EV_CURRENT,
		   .e_entry = STUB_CALL,
		   .e_phoff = offsetof(struct image, segments),
		   .e_ehsize = sizeof(Elf64_Ehdr),
		   .e_phentsize = sizeof(Elf64_Phdr),
		   .e_phnum = 2},
	.segments = {{.p_type = PT_LOAD,
		      .p_flags = PF_R | PF_X,
		      .p_vaddr = STUB_BASE,
		      .p_filesz = sizeof(struct image),
		      .p_memsz = sizeof(struct image),
		      .p_align = GUEST_PAGE},
		     {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W}},
	.call = {0x0f, 0x05, 0xcc},
	.swap = {0xf0, 0x0f, 0xb1, 0x17, 0xcc},
};

const unsigned char *const stub_image = (const unsigned char *)&image;
const size_t stub_size = sizeof image;
