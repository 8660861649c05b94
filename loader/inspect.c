#include "loader/inspect.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "syscalls/launch.h"
#include "syscalls/personality.h"

/* Tables of hostile files are read up to here. */
#define MOST_DYNAMIC (64 * 1024)
#define MOST_STRINGS (4 * 1024 * 1024)

/* ---- Headers and brand ------------------------------------------------------ */

static long read_fd(void *context, void *to, size_t n, uint64_t offset)
{
	const int *fd = context;
	size_t done = 0;

	if (offset > INT64_MAX - n)
		return -EINVAL;
	while (done < n) {
		ssize_t r = pread(*fd, (char *)to + done, n - done, (off_t)(offset + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (long)done;
}

static void find_system(struct inspection *out)
{
	out->system = brand_find(&out->image.facts, &out->evidence);
	if (!out->system)
		return;
	out->release = brand_release(&out->image.facts, out->system);
	if (out->release && out->system->release_name)
		out->system->release_name(out->release, out->release_name,
					  sizeof out->release_name);
}

static bool find_script(int fd, struct inspection *out)
{
	char head[IMAGE_SCRIPT_LINE + 1];
	long n = read_fd(&fd, head, sizeof head, 0);

	if (n < 0 || image_script(head, (size_t)n, out->script_interpreter, out->script_argument))
		return false;
	out->is_script = true;
	out->error = IMAGE_OK;
	return true;
}

int inspect_file(int fd, struct inspection *out)
{
	struct stat st;

	memset(out, 0, sizeof *out);
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	struct image_source s = {read_fd, &fd, (uint64_t)st.st_size};
	out->error = image_read(&s, &out->image);
	if (out->error == IMAGE_NOT_ELF && find_script(fd, out))
		return 0;
	/* A broken file of a known system is still named. */
	if (out->error != IMAGE_NOT_ELF && out->error != IMAGE_EMPTY)
		find_system(out);
	return 0;
}

/* ---- Libraries it names ------------------------------------------------------------ */

/* Where an address is in the file, and how many bytes of its segment follow. */
static bool offset_of(const struct image *m, uint64_t address, uint64_t *offset, uint64_t *left)
{
	for (uint32_t i = 0; i < m->n_segments; i++) {
		const struct image_segment *s = &m->segments[i];
		if (address < s->address || address - s->address >= s->file_size)
			continue;
		*offset = s->offset + (address - s->address);
		*left = s->file_size - (address - s->address);
		return true;
	}
	return false;
}

/* What is at an address, of `most` bytes as many as the file has, and a zero byte: to be freed;
 * NULL if there is nothing. */
static char *read_at(int fd, const struct image *m, uint64_t address, uint64_t most, uint64_t *size)
{
	uint64_t offset, left;

	if (!offset_of(m, address, &offset, &left))
		return NULL;
	char *bytes = malloc((left < most ? left : most) + 1);
	long n = bytes ? read_fd(&fd, bytes, left < most ? left : most, offset) : 0;
	if (n <= 0) {
		free(bytes);
		return NULL;
	}
	bytes[n] = 0;
	*size = (uint64_t)n;
	return bytes;
}

struct dynamic {
	const Elf64_Dyn *entries;
	uint64_t n;
	const char *strings;
	uint64_t strings_size;
};

/* The entry of the dynamic section with that tag. */
static bool dynamic_entry(const struct dynamic *d, int64_t tag, uint64_t *value)
{
	for (uint64_t i = 0; i < d->n && d->entries[i].d_tag != DT_NULL; i++)
		if (d->entries[i].d_tag == tag) {
			*value = d->entries[i].d_un.d_val;
			return true;
		}
	return false;
}

/* A copy of the string at that offset of the table; NULL if there is none. */
static char *copy_string(const struct dynamic *d, uint64_t at)
{
	if (at >= d->strings_size || !memchr(d->strings + at, 0, d->strings_size - at))
		return NULL;
	return strdup(d->strings + at);
}

static void read_names(struct inspection *out, const struct dynamic *d)
{
	uint64_t at;

	for (uint64_t i = 0; i < d->n && d->entries[i].d_tag != DT_NULL; i++) {
		const Elf64_Dyn *e = &d->entries[i];
		if (e->d_tag != DT_NEEDED || out->n_libraries == INSPECT_LIBRARIES)
			continue;
		char *name = copy_string(d, e->d_un.d_val);
		if (name)
			out->libraries[out->n_libraries++] = name;
	}
	if (dynamic_entry(d, DT_RUNPATH, &at) || dynamic_entry(d, DT_RPATH, &at))
		out->search_path = copy_string(d, at);
}

/* By hand: a start of a dynamic program waits for it, and libelf reads the whole file's tables. */
void inspect_libraries(int fd, struct inspection *out)
{
	const struct image *m = &out->image;
	uint64_t table, size = 0, most = MOST_STRINGS;

	if (out->is_script || out->error != IMAGE_OK || m->dynamic_size == 0)
		return;
	uint64_t all = m->dynamic_size < MOST_DYNAMIC ? m->dynamic_size : MOST_DYNAMIC;
	char *entries = read_at(fd, m, m->dynamic_address, all, &size), *strings = NULL;
	struct dynamic d = {(const Elf64_Dyn *)(const void *)entries, size / sizeof(Elf64_Dyn),
			    NULL, 0};
	if (dynamic_entry(&d, DT_STRTAB, &table)) {
		(void)dynamic_entry(&d, DT_STRSZ, &most); /* without it: to the segment's end */
		if (most > MOST_STRINGS)
			most = MOST_STRINGS;
		strings = read_at(fd, m, table, most, &d.strings_size);
	}
	d.strings = strings;
	if (strings)
		read_names(out, &d);
	free(strings);
	free(entries);
}

/* ---- Details, by libelf -------------------------------------------------------- */

/* Go 1.18 and later: a 32-byte header ("\xff Go buildinf:", pointer size, flags), and if
 * flag 2 is set the version as a counted string (debug/buildinfo, Go 1.19). */
static void read_go_version(Elf_Scn *section, struct inspection *out)
{
	static const char magic[] = "\xff Go buildinf:";
	const Elf_Data *d = elf_rawdata(section, NULL);

	if (!d || !d->d_buf || d->d_size < 34)
		return;
	const unsigned char *b = d->d_buf;
	if (memcmp(b, magic, sizeof magic - 1) != 0)
		return;
	size_t n = b[15] & 2 ? b[32] : 0; /* one byte of a varint: versions are short */
	bool fits = n > 0 && n < 0x80 && n < sizeof out->toolchain && n <= d->d_size - 33;
	if (!fits) {
		strcpy(out->toolchain, "Go");
		return;
	}
	memcpy(out->toolchain, b + 33, n);
	out->toolchain[n] = 0;
	for (char *c = out->toolchain; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void read_sections(Elf *elf, struct inspection *out)
{
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return;
	for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s));) {
		GElf_Shdr header;
		if (!gelf_getshdr(s, &header))
			return;
		if (header.sh_type == SHT_SYMTAB)
			out->has_symbols = true;
		const char *name = elf_strptr(elf, names, header.sh_name);
		if (!name || header.sh_type == SHT_NOBITS)
			continue;
		if (strcmp(name, ".go.buildinfo") == 0)
			read_go_version(s, out);
		else if (strcmp(name, ".gopclntab") == 0 && !out->toolchain[0])
			strcpy(out->toolchain, "Go");
	}
}

int inspect_details(int fd, struct inspection *out)
{
	inspect_libraries(fd, out);
	if (out->is_script || out->error != IMAGE_OK)
		return 0;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOSYS;
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return -ENOEXEC;
	if (elf_kind(elf) == ELF_K_ELF) {
		read_sections(elf, out);
	}
	elf_end(elf);
	return 0;
}

void inspect_free(struct inspection *i)
{
	for (uint32_t n = 0; n < i->n_libraries; n++)
		free(i->libraries[n]);
	free(i->search_path);
	i->n_libraries = 0;
	i->search_path = NULL;
}

/* ---- Libraries ------------------------------------------------------------------- */

static bool exists(const struct inspect_view *view, const char *path)
{
	int fd = view->open(view->context, path);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* Tries NAME in each directory of a colon-separated list.  A list that names the
 * program's own place ($ORIGIN) is the run-time linker's to follow. */
static bool search(const struct inspect_view *view, const char *list, const char *name, char *path,
		   size_t size)
{
	while (list && *list) {
		size_t n = strcspn(list, ":");
		int r = snprintf(path, size, "%.*s/%s", (int)n, list, name);
		if (n > 0 && r > 0 && (size_t)r < size && exists(view, path))
			return true;
		list += n + (list[n] == ':');
	}
	return false;
}

int inspect_find_library(const struct inspection *i, const struct inspect_view *view, uint32_t n,
			 char *path, size_t size)
{
	const char *name = i->libraries[n];
	const char *lists[] = {view->library_path, i->search_path,
			       "/lib:/usr/lib:/usr/local/lib:/lib64:/usr/lib64:/lib/amd64:"
			       "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu"};

	if (strchr(name, '/')) {
		int r = snprintf(path, size, "%s", name);
		return r > 0 && (size_t)r < size && exists(view, name) ? 0 : -ENOENT;
	}
	for (size_t l = 0; l < COUNT(lists); l++)
		if (search(view, lists[l], name, path, size))
			return 0;
	return -ENOENT;
}

/* The run-time linker knows of more directories than we do (its hints file, $ORIGIN):
 * a library is called missing only where none of that is in play. */
static bool may_be_elsewhere(const struct inspection *i, const struct inspect_view *view)
{
	return (i->search_path && strchr(i->search_path, '$')) ||
	       exists(view, "/var/run/ld-elf.so.hints") || exists(view, "/etc/ld.so.cache");
}

/* ---- Problems ---------------------------------------------------------------------- */

struct problems {
	struct inspect_problem *list;
	size_t n, most;
};

__attribute__((format(printf, 3, 4))) static void add(struct problems *p, int status,
						      const char *format, ...)
{
	if (p->n == p->most)
		return;
	struct inspect_problem *problem = &p->list[p->n++];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(problem->what, sizeof problem->what, format, args); /* cut, if ever */
	va_end(args);
	problem->status = status;
}

static void check_image(struct problems *p, const struct inspection *i)
{
	struct image_error_text text = image_error_text(i->error);
	const char *machine = image_machine_name(i->image.machine);

	if (i->error == IMAGE_OK)
		return;
	if (i->error == IMAGE_MACHINE && machine)
		add(p, EXIT_NOT_RUNNABLE, "a program for %s; %s", machine, text.cure);
	else if (i->error == IMAGE_MACHINE)
		add(p, EXIT_NOT_RUNNABLE, "a program for machine number %u; %s", i->image.machine,
		    text.cure);
	else if (i->error == IMAGE_32_BIT && machine)
		add(p, EXIT_NOT_RUNNABLE, "%s for %s; %s", text.what, machine, text.cure);
	else
		add(p, EXIT_NOT_RUNNABLE, "%s; %s", text.what, text.cure);
}

static void check_system(struct problems *p, const struct inspection *i)
{
	if (i->error != IMAGE_OK || i->is_script)
		return;
	if (!i->system)
		add(p, EXIT_NOT_RUNNABLE,
		    "a program for an unknown system (OSABI %u); "
		    "name the system with --personality if it is one `guise calls` lists",
		    i->image.facts.osabi);
	else if (!i->system->rows)
		add(p, EXIT_NOT_RUNNABLE,
		    "a program for %s, which guise recognises but does not run; "
		    "`guise calls` lists the systems it runs",
		    i->system->title);
}

static void check_interpreter(struct problems *p, const struct inspection *i,
			      const struct inspect_view *view)
{
	const char *path = i->image.facts.interpreter;

	if (!path[0] || i->is_script)
		return;
	int fd = view->open(view->context, path);
	if (fd < 0) {
		add(p, EXIT_NOT_FOUND,
		    "needs the run-time linker %s, which is not there (%s); "
		    "give a directory that holds the system's files with --root DIR",
		    path, strerror(-fd));
		return;
	}
	struct inspection linker;
	int r = inspect_file(fd, &linker);
	close(fd);
	if (r < 0)
		add(p, EXIT_NOT_RUNNABLE,
		    "its run-time linker %s cannot be read (%s); check --root", path, strerror(-r));
	else if (linker.is_script || linker.error)
		add(p, EXIT_NOT_RUNNABLE, "its run-time linker %s is %s; check --root", path,
		    linker.is_script ? "a script" : image_error_text(linker.error).what);
}

static void check_libraries(struct problems *p, const struct inspection *i,
			    const struct inspect_view *view)
{
	char path[4096];

	if (i->n_libraries == 0 || may_be_elsewhere(i, view))
		return;
	for (uint32_t n = 0; n < i->n_libraries; n++)
		if (inspect_find_library(i, view, n, path, sizeof path) < 0)
			add(p, EXIT_NOT_FOUND,
			    "needs the library %s, which is not there; "
			    "add it with --ro DIR:/usr/local/lib or give a whole --root DIR",
			    i->libraries[n]);
}

static void check_remarks(struct problems *p, const struct inspection *i)
{
	if (i->error != IMAGE_OK || i->is_script)
		return;
	if (i->image.writable_code)
		add(p, 0, "has a segment that is both writable and executable");
	if (i->image.has_stack_flags && (i->image.stack_flags & 1))
		add(p, 0, "asks for an executable stack");
}

size_t inspect_problems(const struct inspection *i, const struct inspect_view *view,
			struct inspect_problem *list, size_t n)
{
	struct problems p = {list, 0, n};

	check_image(&p, i);
	check_system(&p, i);
	if (i->error == IMAGE_OK) {
		check_interpreter(&p, i, view);
		check_libraries(&p, i, view);
	}
	check_remarks(&p, i);
	return p.n;
}
