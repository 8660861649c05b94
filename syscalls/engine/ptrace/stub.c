/* What a traced process executes: one page to make Linux calls from, and nothing else.
 *
 * The processor's instructions (Intel's manual, volume 2):
 *	STUB_CALL	syscall; int3
 *	STUB_SWAP	lock cmpxchg %edx, (%rdi); int3
 * It never runs of itself: exec stops before the first instruction. */
#include "syscalls/engine/ptrace/supervisor.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC /* linux/memfd.h, Linux 6.3 */
#define MFD_EXEC 0x0010U
#endif

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

/* Guests have it open, where they cannot see it (HIDDEN_RESIDENT). */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE)

static int fill(int fd)
{
	if (write(fd, &image, sizeof image) != (ssize_t)sizeof image)
		return -EIO;
	return fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -errno : 0;
}

int stub_make(void)
{
	int r, fd = memfd_create("guise", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("guise", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	r = fill(fd);
	if (r < 0)
		(void)close(fd); /* what matters has failed */
	return r < 0 ? r : fd;
}
