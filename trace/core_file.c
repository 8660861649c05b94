/* The ELF file: header, program headers, notes, and from the next page on memory.
 *
 * What is in it of memory is what a debugger cannot have from the files that are mapped:
 *
 *	anonymous, and shared anonymous   the pages that are there (/proc/PID/pagemap); holes for
 *	                                  those that are not, or that are all zero
 *	private, of a file                all of it, if it is not code and one page was written to
 *	code, and else the first page     a page, if it begins with an ELF header: build ids are there
 *	shared, of a file; no access      nothing
 *
 * and neither the translator's memory nor what the program asked to be left out (VmFlags "dd").
 */
#include "trace/core.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096UL
#define CHUNK (256 * PAGE)
#define MOST_SPACE (1UL << 36) /* bytes of memory looked through */
#define MOST_SEGMENTS 65000 /* PN_XNUM and above would need a section */
#define PRESENT (1UL << 63) /* Documentation/admin-guide/mm/pagemap.rst */
#define SWAPPED (1UL << 62)
#define OF_FILE (1UL << 61)

struct notes {
	struct core_sink sink; /* first: it is what the personality is given */
	char *bytes;
	size_t n, room;
	size_t head; /* where the note under way begins */
	bool failed; /* no memory */
};

/* What of a mapping goes to the file: bytes from its start. */
struct segment {
	uint64_t bytes;
	bool is_whole; /* pages that are not there, too */
};

/* ---- Notes ---------------------------------------------------------------------------- */

static void append(struct notes *n, const void *data, size_t size)
{
	if (size > n->room - n->n && !n->failed) {
		char *more = realloc(n->bytes, 2 * (n->room + size));

		if (more) {
			n->bytes = more;
			n->room = 2 * (n->room + size);
		} else {
			n->failed = true;
		}
	}
	if (n->failed || !size)
		return;
	memcpy(n->bytes + n->n, data, size);
	n->n += size;
}

static void pad(struct notes *n)
{
	append(n, "\0\0\0", -n->n & 3);
}

static void begin(struct core_sink *s, const char *owner, uint32_t type)
{
	struct notes *n = (struct notes *)s;
	const Elf64_Nhdr head = {.n_namesz = (uint32_t)strlen(owner) + 1, .n_type = type};

	n->head = n->n;
	append(n, &head, sizeof head);
	append(n, owner, head.n_namesz);
	pad(n);
}

static void add(struct core_sink *s, const void *data, size_t size)
{
	append((struct notes *)s, data, size);
}

static void end(struct core_sink *s)
{
	struct notes *n = (struct notes *)s;
	Elf64_Nhdr head;

	if (n->failed)
		return;
	memcpy(&head, n->bytes + n->head, sizeof head);
	head.n_descsz = (uint32_t)(n->n - n->head - sizeof head - ((head.n_namesz + 3) & ~3U));
	memcpy(n->bytes + n->head, &head, sizeof head);
	pad(n);
}

static int make_notes(struct notes *n, const struct core_file *f, const struct core *c)
{
	*n = (struct notes){.sink = {begin, add, end}};
	f->format->notes(c, &n->sink);
	return n->failed ? -ENOMEM : 0;
}

/* ---- What is in it ---------------------------------------------------------------------- */

/* Of n pages from an address on; 0 where nothing is told. */
static void read_pagemap(int pagemap, uint64_t address, uint64_t *to, size_t n)
{
	ssize_t got = pread(pagemap, to, n * 8, (off_t)(address / PAGE * 8));
	size_t done = got > 0 ? (size_t)got / 8 : 0;

	memset(to + done, 0, (n - done) * 8);
}

/* A page of its own in a private mapping of a file. */
static bool has_own_page(int pagemap, const struct core_mapping *m)
{
	uint64_t pages[CHUNK / PAGE];

	for (uint64_t at = m->start; at < m->end && at - m->start < MOST_SPACE; at += CHUNK) {
		size_t n = (m->end - at < CHUNK ? m->end - at : CHUNK) / PAGE;

		read_pagemap(pagemap, at, pages, n);
		for (size_t i = 0; i < n; i++)
			if (pages[i] & (PRESENT | SWAPPED) && !(pages[i] & OF_FILE))
				return true;
	}
	return false;
}

static bool is_anonymous(const struct core_mapping *m)
{
	static const char *const names[] = {"/dev/zero (deleted)", "/memfd:", "/SYSV"};

	if (m->path[0] != '/')
		return true;
	for (size_t i = 0; m->shared && i < sizeof names / sizeof *names; i++)
		if (strncmp(m->path, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static bool begins_elf(const struct core_file *f, const struct core_mapping *m)
{
	char head[SELFMAG];

	return view_read(f->view, m->start, head, sizeof head) == sizeof head &&
	       memcmp(head, ELFMAG, SELFMAG) == 0;
}

static struct segment choose(const struct core_file *f, int pagemap, const struct core_mapping *m,
			     bool left_out)
{
	uint64_t size = m->end - m->start;
	bool wanted = m->readable || m->writable || m->executable;

	if (left_out || !wanted || (m->shared && !is_anonymous(m)))
		return (struct segment){0};
	if (strcmp(m->path, "[vdso]") == 0) /* what was not touched yet is not there */
		return (struct segment){.bytes = size, .is_whole = true};
	if (is_anonymous(m))
		return (struct segment){.bytes = size < MOST_SPACE ? size : MOST_SPACE};
	if (!m->executable && has_own_page(pagemap, m))
		return (struct segment){.bytes = size, .is_whole = true};
	if (!m->offset && begins_elf(f, m))
		return (struct segment){.bytes = PAGE, .is_whole = true};
	return (struct segment){0};
}

/* The starts of mappings that the program asked to leave out, ended by 0; NULL: none. */
static uint64_t *find_left_out(const struct core_file *f, size_t most)
{
	int fd = openat(f->view->process, "smaps", O_RDONLY | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	uint64_t *out = in ? calloc(most + 1, sizeof *out) : NULL, start = 0, stop;
	char *line = NULL;
	size_t room = 0, n = 0;

	while (out && getline(&line, &room, in) > 0) {
		uint64_t at;

		if (sscanf(line, "%lx-%lx ", &at, &stop) == 2)
			start = at;
		else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dd") && n < most)
			out[n++] = start;
	}
	free(line);
	if (in)
		fclose(in);
	else if (fd >= 0)
		close(fd);
	return out;
}

static bool is_left_out(const uint64_t *list, uint64_t start)
{
	for (; list && *list; list++)
		if (*list == start)
			return true;
	return false;
}

/* ---- Writing ---------------------------------------------------------------------------------- */

static int put(struct core_file *f, const void *data, size_t n, uint64_t at)
{
	while (n) {
		ssize_t done = pwrite(f->fd, data, n, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		data = (const char *)data + done;
		n -= (size_t)done;
		at += (uint64_t)done;
	}
	return 0;
}

static bool is_zero(const char *page)
{
	static const char zeros[PAGE];

	return memcmp(page, zeros, PAGE) == 0;
}

/* Pages that are there, in runs, from one chunk of memory: bytes written or -errno. */
static int64_t write_chunk(struct core_file *f, char *buffer, uint64_t address, size_t n,
			   const uint64_t *pages, uint64_t to)
{
	int64_t written = 0;

	for (size_t i = 0; i < n / PAGE; i++) {
		if (pages && !(pages[i] & (PRESENT | SWAPPED)))
			continue;
		if (view_read(f->view, address + i * PAGE, buffer, PAGE) != PAGE || is_zero(buffer))
			continue;
		int e = put(f, buffer, PAGE, to + i * PAGE);
		if (e < 0)
			return e;
		written += (int64_t)PAGE;
	}
	return written;
}

static int64_t write_segment(struct core_file *f, int pagemap, const struct core_mapping *m,
			     const struct segment *s, uint64_t to, uint64_t room)
{
	char page[PAGE];
	uint64_t pages[CHUNK / PAGE];
	int64_t written = 0;

	for (uint64_t done = 0; done < s->bytes; done += CHUNK) {
		size_t n = s->bytes - done < CHUNK ? s->bytes - done : CHUNK;

		if ((uint64_t)written + n > room) {
			f->is_cut = true;
			break;
		}
		if (!s->is_whole)
			read_pagemap(pagemap, m->start + done, pages, n / PAGE);
		int64_t r = write_chunk(f, page, m->start + done, n, s->is_whole ? NULL : pages,
					to + done);
		if (r < 0)
			return r;
		written += r;
	}
	return written;
}

static uint32_t flags_of(const struct core_mapping *m)
{
	return (m->readable ? PF_R : 0) | (m->writable ? PF_W : 0) | (m->executable ? PF_X : 0);
}

static uint64_t round_up(uint64_t n)
{
	return (n + PAGE - 1) & ~(PAGE - 1);
}

static void fill_head(const struct core_file *f, Elf64_Ehdr *h, size_t n)
{
	*h = (Elf64_Ehdr){
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
			    f->format->osabi},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof *h,
		.e_ehsize = sizeof *h,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)(n + 1),
	};
}

/* Headers and notes; the segments' places to `places`.  Where the file ends, or -errno. */
static int64_t write_heads(struct core_file *f, const struct core *c, const struct notes *notes,
			   const struct segment *segments, size_t n, uint64_t *places)
{
	Elf64_Phdr *p = calloc(n + 1, sizeof *p);
	uint64_t notes_at = sizeof(Elf64_Ehdr) + (n + 1) * sizeof *p;
	uint64_t at = round_up(notes_at + notes->n);
	Elf64_Ehdr head;
	int e;

	if (!p)
		return -ENOMEM;
	fill_head(f, &head, n);
	p[0] = (Elf64_Phdr){.p_type = PT_NOTE,
			    .p_flags = PF_R,
			    .p_offset = notes_at,
			    .p_filesz = notes->n,
			    .p_align = 4};
	for (size_t i = 0; i < n; i++) {
		const struct core_mapping *m = &c->mappings[i];

		places[i] = at;
		p[i + 1] = (Elf64_Phdr){.p_type = PT_LOAD,
					.p_flags = flags_of(m),
					.p_offset = at,
					.p_vaddr = m->start,
					.p_filesz = segments[i].bytes,
					.p_memsz = m->end - m->start,
					.p_align = PAGE};
		at += segments[i].bytes;
	}
	e = put(f, &head, sizeof head, 0);
	if (e == 0)
		e = put(f, p, (n + 1) * sizeof *p, sizeof head);
	if (e == 0)
		e = put(f, notes->bytes, notes->n, notes_at);
	if (e == 0 && ftruncate(f->fd, (off_t)at) < 0)
		e = -errno;
	free(p);
	return e < 0 ? e : (int64_t)(notes_at + notes->n);
}

static int64_t write_all(struct core_file *f, const struct core *c, const struct notes *notes,
			 int pagemap, const struct segment *segments, size_t n, uint64_t *places)
{
	int64_t written = write_heads(f, c, notes, segments, n, places);

	for (size_t i = 0; written >= 0 && i < n && !f->is_cut; i++) {
		uint64_t room = (uint64_t)written < f->most ? f->most - (uint64_t)written : 0;
		int64_t r = write_segment(f, pagemap, &c->mappings[i], &segments[i], places[i],
					  room);

		written = r < 0 ? r : written + r;
	}
	return written;
}

int64_t core_file_write(struct core_file *f, const struct core *c)
{
	size_t n = c->n_mappings < MOST_SEGMENTS ? c->n_mappings : MOST_SEGMENTS;
	struct segment *segments = calloc(n + 1, sizeof *segments);
	uint64_t *places = calloc(n + 1, sizeof *places), *left_out = find_left_out(f, n);
	int pagemap = openat(f->view->process, "pagemap", O_RDONLY | O_CLOEXEC);
	struct notes notes = {0};
	int64_t written = pagemap < 0 ? -errno : segments && places ? 0 : -ENOMEM;

	if (written == 0)
		written = make_notes(&notes, f, c);
	for (size_t i = 0; written == 0 && i < n; i++)
		segments[i] = choose(f, pagemap, &c->mappings[i],
				     is_left_out(left_out, c->mappings[i].start));
	if (written == 0)
		written = write_all(f, c, &notes, pagemap, segments, n, places);
	if (pagemap >= 0)
		close(pagemap);
	free(notes.bytes);
	free(segments);
	free(places);
	free(left_out);
	return written;
}
