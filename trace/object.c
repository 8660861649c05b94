/* The headers by libelf; the sections are read whole, each up to a limit, and every offset and
 * string in them is checked, since the guest may have written the file. */
#include "trace/object.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_BYTES (256UL << 20) /* of one section */

static void *read_section(int fd, const GElf_Shdr *s, size_t *n)
{
	char *data;
	size_t done = 0;
	struct stat st;

	if (s->sh_type == SHT_NOBITS || (s->sh_flags & SHF_COMPRESSED) || !s->sh_size ||
	    s->sh_size > MOST_BYTES || s->sh_offset > INT64_MAX - s->sh_size)
		return NULL;
	/* Not more memory than there is file. */
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < s->sh_offset + s->sh_size)
		return NULL;
	data = malloc(s->sh_size + 1);
	while (data && done < s->sh_size) {
		ssize_t got = pread(fd, data + done, s->sh_size - done,
				    (off_t)(s->sh_offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(data);
			return NULL;
		}
		done += (size_t)got;
	}
	if (data)
		data[done] = 0;
	*n = done;
	return data;
}

/* ---- Symbols -------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct object_symbol *x = a, *y = b;

	return x->address != y->address ? (x->address < y->address ? -1 : 1)
					: (x->size > y->size) - (x->size < y->size);
}

static bool is_code(const Elf64_Sym *s)
{
	unsigned type = ELF64_ST_TYPE(s->st_info);

	return s->st_shndx != SHN_UNDEF && s->st_shndx < SHN_LORESERVE && s->st_value &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

static void take_symbols(struct object *o, const Elf64_Sym *table, size_t n)
{
	o->symbols = calloc(n + 1, sizeof *o->symbols);
	for (size_t i = 0; o->symbols && i < n; i++)
		if (is_code(&table[i]) && table[i].st_name < o->n_names)
			o->symbols[o->n_symbols++] = (struct object_symbol){table[i].st_value,
									    table[i].st_size,
									    table[i].st_name};
	if (o->symbols)
		qsort(o->symbols, o->n_symbols, sizeof *o->symbols, by_address);
}

static void read_symbols(struct object *o, int fd, Elf *elf, const GElf_Shdr *s)
{
	GElf_Shdr strings;
	Elf_Scn *linked = elf_getscn(elf, s->sh_link);
	size_t n;
	Elf64_Sym *table;

	if (!linked || !gelf_getshdr(linked, &strings) || strings.sh_type != SHT_STRTAB)
		return;
	table = read_section(fd, s, &n);
	o->names = table ? read_section(fd, &strings, &o->n_names) : NULL;
	if (o->names)
		take_symbols(o, table, n / sizeof *table);
	free(table);
}

const char *object_symbol_at(const struct object *o, uint64_t address, uint64_t *into)
{
	size_t low = 0, high = o->n_symbols;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	const struct object_symbol *s = &o->symbols[low - 1];
	*into = address - s->address;
	return s->size && *into >= s->size ? NULL : o->names + s->name;
}

/* ---- .debug_frame --------------------------------------------------------------------- */

/* DWARF 5, 6.4.1, in its 32-bit form, with addresses of 8 bytes as they are. */
static bool take_frame(const uint8_t *data, size_t n, size_t at, uint32_t length,
		       struct object_frame *out)
{
	uint32_t cie;

	(void)n;
	if (length < 4 + 16)
		return false;
	memcpy(&cie, data + at + 4, sizeof cie);
	if (cie == UINT32_MAX)
		return false; /* what several have in common */
	*out = (struct object_frame){.at = at};
	memcpy(&out->start, data + at + 8, 8);
	memcpy(&out->size, data + at + 16, 8);
	return out->size;
}

static size_t each_frame(const uint8_t *data, size_t n, struct object_frame *out)
{
	size_t found = 0;

	for (size_t at = 0; n - at >= 8;) {
		struct object_frame f;
		uint32_t length;

		memcpy(&length, data + at, sizeof length);
		if (length > n - at - 4) /* or the 64-bit form */
			break;
		if (take_frame(data, n, at, length, &f)) {
			if (out)
				out[found] = f;
			found++;
		}
		at += 4 + (size_t)length;
	}
	return found;
}

static int by_start(const void *a, const void *b)
{
	const struct object_frame *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void read_frames(struct object *o, int fd, const GElf_Shdr *s)
{
	size_t n;

	o->debug_frame = read_section(fd, s, &o->n_debug_frame);
	if (!o->debug_frame)
		return;
	n = each_frame(o->debug_frame, o->n_debug_frame, NULL);
	o->frames = calloc(n + 1, sizeof *o->frames);
	if (!o->frames)
		return;
	o->n_frames = each_frame(o->debug_frame, o->n_debug_frame, o->frames);
	qsort(o->frames, o->n_frames, sizeof *o->frames, by_start);
}

const struct object_frame *object_frame_at(const struct object *o, uint64_t address)
{
	size_t low = 0, high = o->n_frames;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->frames[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address - o->frames[low - 1].start < o->frames[low - 1].size
		       ? &o->frames[low - 1]
		       : NULL;
}

/* ---- The file ----------------------------------------------------------------------------- */

static void read_segments(struct object *o, Elf *elf)
{
	size_t n = 0;
	GElf_Phdr p;

	(void)elf_getphdrnum(elf, &n); /* else there are none */
	for (size_t i = 0; i < n && i < 1024 && gelf_getphdr(elf, (int)i, &p); i++) {
		if (p.p_type == PT_GNU_EH_FRAME)
			o->unwind_header = p.p_vaddr;
		if (p.p_type == PT_LOAD && p.p_filesz && o->n_segments < OBJECT_SEGMENTS)
			o->segments[o->n_segments++] =
				(struct object_segment){p.p_vaddr, p.p_offset, p.p_filesz};
	}
}

struct sections {
	GElf_Shdr symbols, dynamic, go, frames;
	uint64_t text;
};

static void note_section(struct sections *all, const GElf_Shdr *s, const char *name)
{
	if (s->sh_type == SHT_SYMTAB)
		all->symbols = *s;
	else if (s->sh_type == SHT_DYNSYM)
		all->dynamic = *s;
	else if (strcmp(name, ".gopclntab") == 0 || strcmp(name, ".data.rel.ro.gopclntab") == 0)
		all->go = *s;
	else if (strcmp(name, ".debug_frame") == 0)
		all->frames = *s;
	else if (strcmp(name, ".text") == 0)
		all->text = s->sh_addr;
}

static void find_sections(Elf *elf, struct sections *all)
{
	size_t names;
	GElf_Shdr s;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		const char *name = gelf_getshdr(scn, &s) ? elf_strptr(elf, names, s.sh_name) : NULL;

		if (name)
			note_section(all, &s, name);
	}
}

static void read_elf(struct object *o, int fd, Elf *elf)
{
	struct sections all = {0};
	size_t n;

	if (gelf_getclass(elf) != ELFCLASS64)
		return;
	read_segments(o, elf);
	find_sections(elf, &all);
	if (all.symbols.sh_size)
		read_symbols(o, fd, elf, &all.symbols);
	else if (all.dynamic.sh_size)
		read_symbols(o, fd, elf, &all.dynamic);
	if (all.frames.sh_size)
		read_frames(o, fd, &all.frames);
	o->go_data = all.go.sh_size ? read_section(fd, &all.go, &n) : NULL;
	o->has_go = o->go_data && gotable_open(&o->go, o->go_data, n, all.text);
}

struct object *object_read(int fd, const struct stat *file)
{
	struct object *o = calloc(1, sizeof *o);
	Elf *elf;

	if (!o)
		return NULL;
	o->file = *file;
	(void)elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		read_elf(o, fd, elf);
	elf_end(elf);
	return o;
}

void object_free(struct object *o)
{
	free(o->symbols);
	free(o->names);
	free(o->go_data);
	free(o->debug_frame);
	free(o->frames);
	free(o);
}

/* Linux maps whole pages: what lies before a segment's first byte there belongs to it. */
bool object_address(const struct object *o, uint64_t offset, uint64_t *address)
{
	for (size_t i = 0; i < o->n_segments; i++) {
		const struct object_segment *s = &o->segments[i];
		uint64_t before = s->offset % 4096;

		if (offset < s->offset - before ||
		    offset - (s->offset - before) >= s->size + before)
			continue;
		*address = s->address - before + (offset - (s->offset - before));
		return true;
	}
	return false;
}
