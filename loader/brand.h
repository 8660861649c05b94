/* Which system a program was built for, from facts about its file. */
#ifndef GUISE_BRAND_H
#define GUISE_BRAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_FACT_NOTES 8
#define ELF_FACT_INTERPRETER 256

/* One entry of a PT_NOTE segment. */
struct elf_note_fact {
	char owner[16]; /* NUL-terminated; longer owners are cut */
	uint32_t type;
	uint32_t word; /* the first word of its description, 0 if that is shorter */
	bool has_word;
};

/* What the brand is decided by; image_read() fills it in. */
struct elf_facts {
	uint8_t osabi; /* e_ident[EI_OSABI] */
	char old_brand[9]; /* e_ident[8..15], before EI_ABIVERSION was there */
	char interpreter[ELF_FACT_INTERPRETER]; /* "" if there is none */
	uint32_t n_notes;
	struct elf_note_fact notes[ELF_FACT_NOTES];
	char built_for
		[12]; /* what a compiler that leaves no other mark says of its target, or "" */
};

enum brand_evidence {
	BRAND_UNKNOWN,
	BRAND_NOTE, /* the system's own note */
	BRAND_OSABI, /* the header's OSABI */
	BRAND_OLD, /* text in the header where OSABI is now */
	BRAND_INTERPRETER, /* a run-time linker only that system has */
	BRAND_BUILD, /* the compiler's own information about its target */
	BRAND_DEFAULT, /* nothing says otherwise */
};

struct personality;

/* The system, and by what it was told; NULL (and BRAND_UNKNOWN) if it is none we know. */
const struct personality *brand_find(const struct elf_facts *facts, enum brand_evidence *why);

/* The system of that command-line name, or NULL. */
const struct personality *brand_named(const char *name);

/* The release the program asks for in its system's note, 0 if it has none. */
uint32_t brand_release(const struct elf_facts *facts, const struct personality *p);

/* "ABI note", "OSABI", ... */
const char *brand_evidence_name(enum brand_evidence why);

#endif
