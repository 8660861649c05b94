/* The order is that of the kernels that run more than one system's programs
 * (sys/kern/imgact_elf.c, get_brandinfo): note, OSABI or old brand, interpreter.  What is left is asked what
 * its compiler says. */
#include "loader/brand.h"

#include <string.h>

#include "syscalls/personality.h"

/* ELFOSABI_NONE: says nothing. */
#define OSABI_NONE 0
#define DEFAULT_SYSTEM "linux"

static bool same(const char *a, const char *b)
{
	return *a && strcmp(a, b) == 0;
}

static const struct elf_note_fact *find_note(const struct elf_facts *f, const struct brand *b)
{
	if (!*b->note)
		return NULL;
	for (uint32_t i = 0; i < f->n_notes; i++)
		if (f->notes[i].type == b->note_type && same(f->notes[i].owner, b->note))
			return &f->notes[i];
	return NULL;
}

static bool by_note(const struct elf_facts *f, const struct brand *b)
{
	return find_note(f, b);
}

static bool by_osabi(const struct elf_facts *f, const struct brand *b)
{
	return f->osabi != OSABI_NONE && f->osabi == b->osabi;
}

static bool by_old_brand(const struct elf_facts *f, const struct brand *b)
{
	return same(f->old_brand, b->old_brand);
}

static bool by_interpreter(const struct elf_facts *f, const struct brand *b)
{
	for (size_t i = 0; i < INTERPRETERS; i++)
		if (same(f->interpreter, b->interpreters[i]))
			return true;
	return false;
}

static bool by_build(const struct elf_facts *f, const struct brand *b)
{
	return same(f->built_for, b->built_for);
}

static const struct {
	enum brand_evidence why;
	bool (*holds)(const struct elf_facts *, const struct brand *);
} tests[] = {
	{BRAND_NOTE, by_note},	   {BRAND_OSABI, by_osabi},
	{BRAND_OLD, by_old_brand}, {BRAND_INTERPRETER, by_interpreter},
	{BRAND_BUILD, by_build},
};

const struct personality *brand_find(const struct elf_facts *facts, enum brand_evidence *why)
{
	for (size_t i = 0; i < COUNT(tests); i++)
		for_each_personality(p) {
			if (!tests[i].holds(facts, &p->brand))
				continue;
			*why = tests[i].why;
			return p;
		}
	*why = facts->osabi == OSABI_NONE ? BRAND_DEFAULT : BRAND_UNKNOWN;
	return *why == BRAND_DEFAULT ? brand_named(DEFAULT_SYSTEM) : NULL;
}

const struct personality *brand_named(const char *name)
{
	for_each_personality(p)
		if (same(p->name, name))
			return p;
	return NULL;
}

uint32_t brand_release(const struct elf_facts *facts, const struct personality *p)
{
	const struct elf_note_fact *note = find_note(facts, &p->brand);

	return note && note->has_word ? note->word : 0;
}

const char *brand_evidence_name(enum brand_evidence why)
{
	static const char *const names[] = {
		[BRAND_UNKNOWN] = "nothing known",
		[BRAND_NOTE] = "ABI note",
		[BRAND_OSABI] = "OSABI",
		[BRAND_OLD] = "brand in the header",
		[BRAND_INTERPRETER] = "interpreter",
		[BRAND_BUILD] = "build information",
		[BRAND_DEFAULT] = "no mark of another system",
	};

	return names[why];
}
