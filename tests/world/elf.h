/* What the run-time linker of the test world needs of ELF: the generic ABI's structures, and
 * the relocations of its x86-64 supplement that these few objects have. */
#ifndef WORLD_ELF_H
#define WORLD_ELF_H

#include <stdint.h>

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, segments_at, sections_at;
	uint32_t flags;
	uint16_t size, segment_size, n_segments, section_size, n_sections, names;
};

enum { LOAD = 1, DYNAMIC = 2, TLS = 7, RELRO = 0x6474e552 };
enum { SEGMENT_X = 1, SEGMENT_W = 2, SEGMENT_R = 4 };
struct elf_segment {
	uint32_t kind, flags;
	uint64_t offset, address, physical, in_file, in_memory, align;
};

enum {
	NEEDED = 1,
	HASH = 4,
	STRINGS = 5,
	SYMBOLS = 6,
	RELOCATIONS = 7,
	RELOCATIONS_SIZE = 8,
	PLT_RELOCATIONS_SIZE = 2,
	PLT_RELOCATIONS = 23,
	INIT_ARRAY = 25,
	INIT_ARRAY_SIZE = 27,
	N_DYNAMIC = 28,
};
struct elf_dynamic {
	int64_t tag;
	uint64_t value;
};

struct elf_symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, size;
};

enum {
	R_64 = 1,
	R_GLOB_DAT = 6,
	R_JUMP_SLOT = 7,
	R_RELATIVE = 8,
	R_DTPMOD64 = 16,
	R_DTPOFF64 = 17,
	R_TPOFF64 = 18,
};
struct elf_relocation {
	uint64_t at, info;
	int64_t add;
};

/* The auxiliary vector: sys/elf_common.h. */
enum {
	AT_PHDR = 3,
	AT_PHENT = 4,
	AT_PHNUM = 5,
	AT_PAGESZ = 6,
	AT_BASE = 7,
	AT_ENTRY = 9,
	AT_EXECPATH = 15,
	AT_CANARY = 16,
	AT_CANARYLEN = 17,
	AT_OSRELDATE = 18,
	AT_NCPUS = 19,
	AT_PAGESIZES = 20,
	AT_PAGESIZESLEN = 21,
	AT_TIMEKEEP = 22,
	AT_STACKPROT = 23,
	AT_ARGC = 28,
	AT_ARGV = 29,
	AT_ENVC = 30,
	AT_ENVV = 31,
	AT_PS_STRINGS = 32,
	AT_USRSTACKBASE = 35,
	AT_USRSTACKLIM = 36,
	N_AUX = 40,
};

/* Out: aux[type], 0 where there is none. */
static inline void read_aux(char **envp, uint64_t aux[N_AUX])
{
	while (*envp)
		envp++;
	for (const uint64_t *at = (const uint64_t *)(envp + 1); at[0]; at += 2)
		if (at[0] < N_AUX)
			aux[at[0]] = at[1];
}

#endif
