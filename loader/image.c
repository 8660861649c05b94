/* ELF64 for x86-64, from the file's bytes (System V ABI, chapters 4 and 5). */
#include "loader/image.h"

#include "loader/buildinfo.h"

#include <asm/errno.h>
#include <linux/elf.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

/* Headers are read a few at a time: the resident's stack is small. */
#define HEADERS_AT_ONCE 4
/* Linux's own bound: the table must fit in 64 KiB (fs/binfmt_elf.c). */
#define MOST_HEADERS (65536 / sizeof(Elf64_Phdr))
/* How much of one PT_NOTE segment is looked at. */
#define NOTE_BYTES 1024
/* Lowest address: nothing maps page zero. */
#define LOWEST 4096UL
#define MOST_ALIGNMENT (1UL << 30)

static uint64_t page_down(uint64_t a)
{
	return a & ~(IMAGE_PAGE - 1);
}

static uint64_t page_up(uint64_t a)
{
	return page_down(a + IMAGE_PAGE - 1);
}

/* True if [offset, offset + n) lies within the file. */
static bool within(const struct image_source *s, uint64_t offset, uint64_t n)
{
	return offset <= s->size && n <= s->size - offset;
}

static enum image_error fetch(const struct image_source *s, void *to, size_t n, uint64_t offset)
{
	if (!within(s, offset, n))
		return IMAGE_TRUNCATED;
	long r = s->read_at(s->context, to, n, offset);
	if (r < 0)
		return IMAGE_UNREADABLE;
	return (size_t)r == n ? IMAGE_OK : IMAGE_TRUNCATED;
}

/* ---- The file header ---------------------------------------------------- */

static enum image_error check_type(const Elf64_Ehdr *e)
{
	switch (e->e_type) {
	case ET_EXEC:
	case ET_DYN:
		return IMAGE_OK;
	case ET_REL:
		return IMAGE_OBJECT;
	case ET_CORE:
		return IMAGE_CORE;
	default:
		return IMAGE_TYPE;
	}
}

/* The first 20 bytes are the same for both classes: what a 32-bit or foreign file is can
 * be told from them. */
static enum image_error check_identity(const Elf64_Ehdr *e, struct image *out)
{
	bool swapped = e->e_ident[EI_DATA] == ELFDATA2MSB;

	out->machine = swapped ? __builtin_bswap16(e->e_machine) : e->e_machine;
	out->facts.osabi = e->e_ident[EI_OSABI];
	memcpy(out->facts.old_brand, &e->e_ident[EI_OSABI + 1], 8);
	if (e->e_ident[EI_CLASS] == ELFCLASS32)
		return IMAGE_32_BIT;
	if (e->e_ident[EI_CLASS] != ELFCLASS64)
		return IMAGE_VERSION;
	if (swapped)
		return out->machine == EM_X86_64 ? IMAGE_BIG_ENDIAN : IMAGE_MACHINE;
	if (e->e_ident[EI_DATA] != ELFDATA2LSB || e->e_ident[EI_VERSION] != EV_CURRENT)
		return IMAGE_VERSION;
	if (out->machine != EM_X86_64)
		return IMAGE_MACHINE;
	return IMAGE_OK;
}

static enum image_error read_file_header(const struct image_source *s, Elf64_Ehdr *e,
					 struct image *out)
{
	/* e_machine ends at 20: enough to name a file that is cut short after it. */
	size_t have = s->size < sizeof *e ? (size_t)s->size : sizeof *e;

	memset(e, 0, sizeof *e);
	if (have == 0)
		return IMAGE_EMPTY;
	enum image_error r = fetch(s, e, have, 0);
	if (r)
		return r;
	if (have < SELFMAG || memcmp(e->e_ident, ELFMAG, SELFMAG) != 0)
		return IMAGE_NOT_ELF;
	if (have < 20)
		return IMAGE_TRUNCATED;
	r = check_identity(e, out);
	if (r)
		return r;
	if (have < sizeof *e)
		return IMAGE_TRUNCATED;
	out->type = e->e_type;
	out->position_free = e->e_type == ET_DYN;
	out->flags = e->e_flags;
	out->entry = e->e_entry;
	r = check_type(e);
	if (r)
		return r;
	if (e->e_version != EV_CURRENT)
		return IMAGE_VERSION;
	if (e->e_phnum == 0)
		return IMAGE_NO_SEGMENTS;
	if (e->e_phentsize != sizeof(Elf64_Phdr) || e->e_phnum > MOST_HEADERS)
		return IMAGE_HEADERS;
	out->header_count = e->e_phnum;
	out->header_size = e->e_phentsize;
	return within(s, e->e_phoff, (uint64_t)e->e_phnum * e->e_phentsize) ? IMAGE_OK
									    : IMAGE_TRUNCATED;
}

/* ---- Segments ------------------------------------------------------------- */

static enum image_error check_segment(const struct image_source *s, const struct image *out,
				      const Elf64_Phdr *p)
{
	uint64_t end;

	if (p->p_filesz > p->p_memsz || p->p_memsz >= IMAGE_TOP)
		return IMAGE_SIZES;
	if (__builtin_add_overflow(p->p_vaddr, p->p_memsz, &end) || end > IMAGE_TOP - IMAGE_PAGE)
		return IMAGE_ADDRESS;
	if (!out->position_free && p->p_vaddr < LOWEST)
		return IMAGE_ADDRESS;
	if (p->p_align & (p->p_align - 1) || p->p_align > MOST_ALIGNMENT)
		return IMAGE_ALIGNMENT;
	if (p->p_vaddr % IMAGE_PAGE != p->p_offset % IMAGE_PAGE)
		return IMAGE_ALIGNMENT;
	return within(s, p->p_offset, p->p_filesz) ? IMAGE_OK : IMAGE_TRUNCATED;
}

static enum image_error add_segment(const struct image_source *s, struct image *out,
				    const Elf64_Phdr *p)
{
	if (p->p_memsz == 0)
		return IMAGE_OK;
	enum image_error r = check_segment(s, out, p);
	if (r)
		return r;
	if (out->n_segments == IMAGE_SEGMENTS)
		return IMAGE_CROWDED;
	if (out->n_segments > 0) {
		const struct image_segment *last = &out->segments[out->n_segments - 1];
		if (p->p_vaddr < last->address + last->memory_size)
			return IMAGE_OVERLAP;
	}
	out->segments[out->n_segments++] = (struct image_segment){
		.address = p->p_vaddr,
		.offset = p->p_offset,
		.file_size = p->p_filesz,
		.memory_size = p->p_memsz,
		.flags = p->p_flags & (PF_R | PF_W | PF_X),
	};
	if ((p->p_flags & PF_W) && (p->p_flags & PF_X))
		out->writable_code = true;
	if (p->p_align > out->alignment)
		out->alignment = p->p_align;
	return IMAGE_OK;
}

/* ---- Interpreter and notes ---------------------------------------------------- */

static enum image_error read_interpreter(const struct image_source *s, struct image *out,
					 const Elf64_Phdr *p)
{
	char *path = out->facts.interpreter;
	char read[ELF_FACT_INTERPRETER];

	if (path[0] || p->p_filesz < 2 || p->p_filesz > sizeof read)
		return IMAGE_INTERPRETER;
	enum image_error r = fetch(s, read, p->p_filesz, p->p_offset);
	if (r)
		return r;
	if (read[0] == 0 || !memchr(read, 0, p->p_filesz))
		return IMAGE_INTERPRETER;
	memset(read + p->p_filesz, 0, sizeof read - p->p_filesz);
	memcpy(path, read, sizeof read);
	return IMAGE_OK;
}

/* Size rounded up to the note's alignment; size is at most NOTE_BYTES. */
static size_t padded(size_t size, size_t align)
{
	return (size + align - 1) & ~(align - 1);
}

static void add_note(struct elf_facts *f, const Elf64_Nhdr *n, const char *owner,
		     const unsigned char *text)
{
	if (f->n_notes == ELF_FACT_NOTES)
		return;
	struct elf_note_fact *fact = &f->notes[f->n_notes++];
	size_t length = n->n_namesz < sizeof fact->owner ? n->n_namesz : sizeof fact->owner - 1;

	memcpy(fact->owner, owner, length);
	fact->type = n->n_type;
	fact->has_word = n->n_descsz >= sizeof fact->word;
	if (fact->has_word)
		memcpy(&fact->word, text, sizeof fact->word);
}

/* Notes tell the brand and nothing else: a malformed one ends the reading, quietly. */
static void parse_notes(struct elf_facts *f, const unsigned char *bytes, size_t size, size_t align)
{
	size_t at = 0;

	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n;

		memcpy(&n, bytes + at, sizeof n);
		at += sizeof n;
		if (n.n_namesz > size - at || n.n_descsz > size - at)
			return;
		size_t text = padded(at + n.n_namesz, align);
		if (text > size || n.n_descsz > size - text)
			return;
		add_note(f, &n, (const char *)bytes + at, bytes + text);
		at = padded(text + n.n_descsz, align);
		if (at > size)
			return;
	}
}

static enum image_error read_notes(const struct image_source *s, struct image *out,
				   const Elf64_Phdr *p)
{
	unsigned char bytes[NOTE_BYTES];
	size_t n = p->p_filesz < sizeof bytes ? p->p_filesz : sizeof bytes;

	if (!within(s, p->p_offset, n))
		return IMAGE_TRUNCATED;
	enum image_error r = fetch(s, bytes, n, p->p_offset);
	if (r)
		return r;
	parse_notes(&out->facts, bytes, n, p->p_align == 8 ? 8 : 4);
	return IMAGE_OK;
}

/* ---- All of it ------------------------------------------------------------------ */

static enum image_error read_header(const struct image_source *s, struct image *out,
				    const Elf64_Phdr *p)
{
	switch (p->p_type) {
	case PT_LOAD:
		return add_segment(s, out, p);
	case PT_INTERP:
		return read_interpreter(s, out, p);
	case PT_NOTE:
		return read_notes(s, out, p);
	case PT_DYNAMIC:
		out->dynamic_address = p->p_vaddr;
		out->dynamic_size = p->p_filesz;
		return IMAGE_OK;
	case PT_GNU_STACK:
		out->has_stack_flags = true;
		out->stack_flags = p->p_flags & (PF_R | PF_W | PF_X);
		return IMAGE_OK;
	default:
		return IMAGE_OK;
	}
}

static enum image_error read_headers(const struct image_source *s, struct image *out,
				     const Elf64_Ehdr *e)
{
	Elf64_Phdr some[HEADERS_AT_ONCE];

	for (uint32_t done = 0; done < e->e_phnum;) {
		uint32_t n = e->e_phnum - done;
		if (n > HEADERS_AT_ONCE)
			n = HEADERS_AT_ONCE;
		enum image_error r = fetch(s, some, n * sizeof *some,
					   e->e_phoff + (uint64_t)done * sizeof *some);
		for (uint32_t i = 0; !r && i < n; i++)
			r = read_header(s, out, &some[i]);
		if (r)
			return r;
		done += n;
	}
	return IMAGE_OK;
}

/* Only Go's programs can lack all other marks, and have one of their own: the note with the build's number. */
static bool is_unmarked(const struct elf_facts *f)
{
	return f->n_notes == 1 && !strcmp(f->notes[0].owner, "Go") && !f->osabi &&
	       !f->interpreter[0];
}

static void read_build(const struct image_source *s, struct image *out)
{
	const struct image_segment *data = out->segments;

	while (data < out->segments + out->n_segments && !(data->flags & PF_W))
		data++;
	if (data < out->segments + out->n_segments && is_unmarked(&out->facts))
		buildinfo_read(s, data->offset, data->file_size, &out->facts);
}

/* Where a piece of the file is in memory; 0 if no segment holds all of it. */
static uint64_t address_of(const struct image *m, uint64_t offset, uint64_t n)
{
	for (uint32_t i = 0; i < m->n_segments; i++) {
		const struct image_segment *s = &m->segments[i];
		if (offset >= s->offset && offset - s->offset <= s->file_size &&
		    n <= s->file_size - (offset - s->offset))
			return s->address + (offset - s->offset);
	}
	return 0;
}

static bool in_code(const struct image *m, uint64_t address)
{
	for (uint32_t i = 0; i < m->n_segments; i++) {
		const struct image_segment *s = &m->segments[i];
		if ((s->flags & PF_X) && address >= s->address &&
		    address - s->address < s->memory_size)
			return true;
	}
	return false;
}

enum image_error image_read(const struct image_source *source, struct image *out)
{
	Elf64_Ehdr e;

	memset(out, 0, sizeof *out);
	out->alignment = IMAGE_PAGE;
	enum image_error r = read_file_header(source, &e, out);
	if (r)
		return r;
	r = read_headers(source, out, &e);
	if (r)
		return r;
	if (out->n_segments == 0)
		return IMAGE_NO_SEGMENTS;
	read_build(source, out);
	const struct image_segment *last = &out->segments[out->n_segments - 1];
	out->low = page_down(out->segments[0].address);
	out->high = page_up(last->address + last->memory_size);
	out->header_address = address_of(out, e.e_phoff, (uint64_t)e.e_phnum * sizeof(Elf64_Phdr));
	return in_code(out, out->entry) ? IMAGE_OK : IMAGE_ENTRY;
}

struct head {
	const unsigned char *bytes;
	size_t size;
};

static long read_from_head(void *context, void *to, size_t n, uint64_t offset)
{
	const struct head *h = context;

	if (offset >= h->size)
		return 0;
	if (n > h->size - offset)
		n = h->size - offset;
	memcpy(to, h->bytes + offset, n);
	return (long)n;
}

enum image_error image_read_head(const void *head, size_t size, uint64_t file_size,
				 struct image *out)
{
	struct head h = {.bytes = head, .size = size};
	struct image_source s = {.read_at = read_from_head, .context = &h, .size = file_size};

	return image_read(&s, out);
}

/* ---- Words -------------------------------------------------------------------- */

static const struct {
	struct image_error_text text;
	int error;
} errors[] = {
	[IMAGE_OK] = {{"a program", ""}, 0},
	[IMAGE_UNREADABLE] = {{"unreadable", "check the disk it is on"}, -EIO},
	[IMAGE_EMPTY] = {{"an empty file", "build or fetch it again"}, -ENOEXEC},
	[IMAGE_NOT_ELF] = {{"neither an ELF program nor a #! script", "give the program itself"},
			   -ENOEXEC},
	[IMAGE_TRUNCATED] = {{"an ELF file cut short", "build or fetch it again"}, -ENOEXEC},
	[IMAGE_32_BIT] = {{"a 32-bit program", "use its 64-bit x86 (amd64) build"}, -ENOEXEC},
	[IMAGE_BIG_ENDIAN] = {{"a big-endian ELF file", "use its 64-bit x86 (amd64) build"},
			      -ENOEXEC},
	[IMAGE_MACHINE] = {{"a program for another processor", "use its 64-bit x86 (amd64) build"},
			   -ENOEXEC},
	[IMAGE_VERSION] = {{"an ELF file of an unknown version", "build or fetch it again"},
			   -ENOEXEC},
	[IMAGE_OBJECT] = {{"an object file, not linked yet", "link it"}, -ENOEXEC},
	[IMAGE_CORE] = {{"a memory dump (core)", "give the program that left it"}, -ENOEXEC},
	[IMAGE_TYPE] = {{"an ELF file of an unknown type", "give a program"}, -ENOEXEC},
	[IMAGE_HEADERS] = {{"an ELF file with absurd program headers", "build or fetch it again"},
			   -ENOEXEC},
	[IMAGE_NO_SEGMENTS] = {{"an ELF file with nothing to load", "give a program"}, -ENOEXEC},
	[IMAGE_CROWDED] = {{"a program of too many segments", "link it with fewer than 33 to load"},
			   -ENOEXEC},
	[IMAGE_SIZES] = {{"an ELF file with absurd segment sizes", "build or fetch it again"},
			 -ENOEXEC},
	[IMAGE_ALIGNMENT] = {{"a program whose segments do not fit pages",
			      "link it for pages of 4096 bytes"},
			     -ENOEXEC},
	[IMAGE_ADDRESS] = {{"a program linked to addresses it cannot have",
			    "link it between 0x1000 and 0x7dfffffff000"},
			   -ENOEXEC},
	[IMAGE_OVERLAP] = {{"an ELF file whose segments overlap or are out of order",
			    "build or fetch it again"},
			   -ENOEXEC},
	[IMAGE_INTERPRETER] = {{"an ELF file with a malformed interpreter path",
				"build or fetch it again"},
			       -ENOEXEC},
	[IMAGE_ENTRY] = {{"an ELF file that does not begin in its own code, such as a library",
			  "give a program"},
			 -ENOEXEC},
};
_Static_assert(COUNT_OF(errors) == IMAGE_ERRORS, "say what every error is");

struct image_error_text image_error_text(enum image_error error)
{
	return errors[error].text;
}

int image_error_errno(enum image_error error)
{
	return errors[error].error;
}

const char *image_machine_name(uint16_t machine)
{
	/* The generic ABI's registry of e_machine values. */
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = {
		{2, "SPARC"},	    {3, "x86"},	       {8, "MIPS"},	 {15, "PA-RISC"},
		{20, "PowerPC"},    {21, "PowerPC64"}, {22, "S390"},	 {40, "ARM"},
		{41, "Alpha"},	    {42, "SuperH"},    {43, "SPARC V9"}, {50, "IA-64"},
		{62, "x86-64"},	    {183, "AArch64"},  {243, "RISC-V"},	 {247, "BPF"},
		{258, "LoongArch"}, {0x9026, "Alpha"},
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return NULL;
}

/* ---- Scripts -------------------------------------------------------------------- */

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static void copy_text(char *to, const char *from, const char *end)
{
	memcpy(to, from, (size_t)(end - from));
	to[end - from] = 0;
}

int image_script(const void *head, size_t n, char interpreter[IMAGE_SCRIPT_LINE],
		 char argument[IMAGE_SCRIPT_LINE])
{
	const char *at = head;

	if (n < 2 || at[0] != '#' || at[1] != '!')
		return -ENOEXEC;
	bool cut = n > IMAGE_SCRIPT_LINE;
	const char *limit = at + (cut ? IMAGE_SCRIPT_LINE : n);
	const char *end = at + 2;
	while (end < limit && *end != '\n' && *end != 0)
		end++;
	if (end == limit && cut)
		return -ENAMETOOLONG;
	for (at += 2; at < end && blank(*at);)
		at++;
	while (end > at && blank(end[-1]))
		end--;
	const char *path_end = at;
	while (path_end < end && !blank(*path_end))
		path_end++;
	if (path_end == at)
		return -ENOEXEC;
	copy_text(interpreter, at, path_end);
	for (at = path_end; at < end && blank(*at);)
		at++;
	copy_text(argument, at, end);
	return 0;
}
