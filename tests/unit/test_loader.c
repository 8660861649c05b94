/* loader/: headers, brands, scripts, and what is said of bad files. */
#include <check.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/inspect.h"
#include "syscalls/launch.h"
#include "syscalls/personality.h"

Suite *loader_suite(void);

/* ---- A small program to spoil ---------------------------------------------------- */

#define NOTE_AT 0x200
#define PATH_AT 0x300
#define FILE_SIZE 0x2000

struct file {
	union {
		unsigned char bytes[FILE_SIZE];
		struct {
			Elf64_Ehdr e;
			Elf64_Phdr p[4]; /* text, data, note, interpreter */
		};
	};
};

static struct file good(void)
{
	struct file f = {
		.e = {
			.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = 0x400400,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
		}};

	f.p[0] = (Elf64_Phdr){.p_type = PT_LOAD,
			      .p_flags = PF_R | PF_X,
			      .p_vaddr = 0x400000,
			      .p_filesz = 0x1000,
			      .p_memsz = 0x1000,
			      .p_align = 0x1000};
	f.p[1] = (Elf64_Phdr){.p_type = PT_LOAD,
			      .p_flags = PF_R | PF_W,
			      .p_offset = 0x1000,
			      .p_vaddr = 0x402000,
			      .p_filesz = 0x800,
			      .p_memsz = 0x3000,
			      .p_align = 0x1000};
	return f;
}

static void add_note(struct file *f, const char *owner, uint32_t type, uint32_t word)
{
	unsigned char *at = f->bytes + NOTE_AT + f->p[2].p_filesz;
	size_t name = strlen(owner) + 1, padded = (name + 3) & ~3UL;
	const Elf64_Nhdr n = {(uint32_t)name, sizeof word, type};

	memcpy(at, &n, sizeof n);
	memcpy(at + sizeof n, owner, name);
	memcpy(at + sizeof n + padded, &word, sizeof word);
	f->p[2].p_type = PT_NOTE;
	f->p[2].p_offset = NOTE_AT;
	f->p[2].p_align = 4;
	f->p[2].p_filesz += sizeof n + padded + sizeof word;
	f->p[2].p_memsz = f->p[2].p_filesz;
	f->e.e_phnum = 4;
}

static void add_interpreter(struct file *f, const char *path)
{
	strcpy((char *)f->bytes + PATH_AT, path);
	f->p[3] = (Elf64_Phdr){.p_type = PT_INTERP,
			       .p_offset = PATH_AT,
			       .p_filesz = strlen(path) + 1,
			       .p_memsz = strlen(path) + 1};
	f->e.e_phnum = 4;
}

static enum image_error read_it(const struct file *f, struct image *out)
{
	return image_read_head(f->bytes, sizeof f->bytes, sizeof f->bytes, out);
}

/* ---- Headers --------------------------------------------------------------------- */

START_TEST(reads_a_program)
{
	struct file f = good();
	struct image m;

	ck_assert_int_eq(read_it(&f, &m), IMAGE_OK);
	ck_assert_uint_eq(m.n_segments, 2);
	ck_assert(!m.position_free);
	ck_assert_uint_eq(m.entry, 0x400400);
	ck_assert_uint_eq(m.low, 0x400000);
	ck_assert_uint_eq(m.high, 0x405000);
	ck_assert_uint_eq(m.header_address, 0x400040);
	ck_assert_uint_eq(m.header_count, 2);
	ck_assert_uint_eq(m.segments[1].address, 0x402000);
	ck_assert_uint_eq(m.segments[1].memory_size, 0x3000);
	ck_assert_uint_eq(m.segments[1].flags, PF_R | PF_W);
	ck_assert_str_eq(m.facts.interpreter, "");
}
END_TEST

START_TEST(reads_interpreter_stack_and_notes)
{
	struct file f = good();
	struct image m;

	add_note(&f, "Any", 7, 1234);
	add_interpreter(&f, "/libexec/linker");
	ck_assert_int_eq(read_it(&f, &m), IMAGE_OK);
	ck_assert_str_eq(m.facts.interpreter, "/libexec/linker");
	ck_assert_uint_eq(m.facts.n_notes, 1);
	ck_assert_str_eq(m.facts.notes[0].owner, "Any");
	ck_assert_uint_eq(m.facts.notes[0].type, 7);
	ck_assert_uint_eq(m.facts.notes[0].word, 1234);
	ck_assert(!m.has_stack_flags);
	f.p[3] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W | PF_X};
	ck_assert_int_eq(read_it(&f, &m), IMAGE_OK);
	ck_assert(m.has_stack_flags);
	ck_assert_uint_eq(m.stack_flags, PF_R | PF_W | PF_X);
}
END_TEST

START_TEST(reports_writable_code)
{
	struct file f = good();
	struct image m;

	f.p[0].p_flags |= PF_W;
	ck_assert_int_eq(read_it(&f, &m), IMAGE_OK);
	ck_assert(m.writable_code);
}
END_TEST

/* One change to the good file, and what it then is.  size 0: the whole file. */
static const struct {
	size_t offset;
	uint64_t value;
	uint8_t bytes;
	enum image_error error;
	uint64_t size;
} spoilt[] = {
#define AT_E(m) offsetof(struct file, e.m)
#define AT_P(n, m) (offsetof(struct file, p) + (n) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, m))
	{0, 'x', 1, IMAGE_NOT_ELF, 0},
	{0, 0x7f, 1, IMAGE_EMPTY, 0x80000000},
	{0, 0x7f, 1, IMAGE_NOT_ELF, 3},
	{0, 0x7f, 1, IMAGE_TRUNCATED, 10},
	{0, 0x7f, 1, IMAGE_TRUNCATED, 63},
	{0, 0x7f, 1, IMAGE_TRUNCATED, 100},
	{0, 0x7f, 1, IMAGE_TRUNCATED, 0x17ff},
	{EI_CLASS, ELFCLASS32, 1, IMAGE_32_BIT, 0},
	{EI_CLASS, 9, 1, IMAGE_VERSION, 0},
	{EI_DATA, ELFDATA2MSB, 1, IMAGE_MACHINE, 0},
	{EI_VERSION, 2, 1, IMAGE_VERSION, 0},
	{AT_E(e_version), 2, 4, IMAGE_VERSION, 0},
	{AT_E(e_machine), EM_AARCH64, 2, IMAGE_MACHINE, 0},
	{AT_E(e_type), ET_REL, 2, IMAGE_OBJECT, 0},
	{AT_E(e_type), ET_CORE, 2, IMAGE_CORE, 0},
	{AT_E(e_type), 77, 2, IMAGE_TYPE, 0},
	{AT_E(e_phnum), 0, 2, IMAGE_NO_SEGMENTS, 0},
	{AT_E(e_phnum), 0xffff, 2, IMAGE_HEADERS, 0},
	{AT_E(e_phnum), 1000, 2, IMAGE_TRUNCATED, 0},
	{AT_E(e_phentsize), 55, 2, IMAGE_HEADERS, 0},
	{AT_E(e_phoff), UINT64_MAX - 8, 8, IMAGE_TRUNCATED, 0},
	{AT_E(e_phoff), FILE_SIZE - 8, 8, IMAGE_TRUNCATED, 0},
	{AT_E(e_entry), 0, 8, IMAGE_ENTRY, 0},
	{AT_E(e_entry), 0x402000, 8, IMAGE_ENTRY, 0}, /* in data */
	{AT_P(0, p_filesz), 0x1001, 8, IMAGE_SIZES, 0},
	{AT_P(1, p_memsz), UINT64_MAX, 8, IMAGE_SIZES, 0},
	{AT_P(1, p_vaddr), UINT64_MAX - 0xfff, 8, IMAGE_ADDRESS, 0},
	{AT_P(1, p_vaddr), 0x7e0000000000, 8, IMAGE_ADDRESS, 0},
	{AT_P(0, p_vaddr), 0, 8, IMAGE_ADDRESS, 0},
	{AT_P(1, p_vaddr), 0x402001, 8, IMAGE_ALIGNMENT, 0},
	{AT_P(1, p_align), 3, 8, IMAGE_ALIGNMENT, 0},
	{AT_P(1, p_align), 1UL << 40, 8, IMAGE_ALIGNMENT, 0},
	{AT_P(1, p_vaddr), 0x400000, 8, IMAGE_OVERLAP, 0},
	{AT_P(1, p_vaddr), 0x300000, 8, IMAGE_OVERLAP, 0},
	{AT_P(1, p_offset), UINT64_MAX - 0xfff, 8, IMAGE_TRUNCATED, 0},
	{AT_P(1, p_offset), FILE_SIZE, 8, IMAGE_TRUNCATED, 0},
};

START_TEST(names_what_is_wrong)
{
	struct file f = good();
	struct image m;
	uint64_t size = spoilt[_i].size ? spoilt[_i].size : sizeof f.bytes;

	if (size == 0x80000000)
		size = 0;
	memcpy(f.bytes + spoilt[_i].offset, &spoilt[_i].value, spoilt[_i].bytes);
	ck_assert_int_eq(image_read_head(f.bytes, size, size, &m), spoilt[_i].error);
	struct image_error_text text = image_error_text(spoilt[_i].error);
	ck_assert(text.what && *text.what && text.cure && *text.cure);
	ck_assert_int_eq(image_error_errno(spoilt[_i].error), -ENOEXEC);
}
END_TEST

START_TEST(bounds_the_interpreter)
{
	struct file f = good();
	struct image m;

	add_interpreter(&f, "/ok");
	f.p[3].p_filesz = 3; /* no NUL */
	ck_assert_int_eq(read_it(&f, &m), IMAGE_INTERPRETER);
	f.p[3].p_filesz = 1;
	ck_assert_int_eq(read_it(&f, &m), IMAGE_INTERPRETER);
	f.p[3].p_filesz = 300;
	ck_assert_int_eq(read_it(&f, &m), IMAGE_INTERPRETER);
	f.p[3].p_filesz = 4;
	f.p[3].p_offset = FILE_SIZE - 1;
	ck_assert_int_eq(read_it(&f, &m), IMAGE_TRUNCATED);
	f.p[3].p_offset = PATH_AT;
	f.p[2] = f.p[3]; /* two of them */
	ck_assert_int_eq(read_it(&f, &m), IMAGE_INTERPRETER);
}
END_TEST

START_TEST(bounds_the_segments)
{
	struct file f = good();
	struct image m;
	const Elf64_Phdr tiny = {.p_type = PT_LOAD, .p_memsz = 1};

	f.e.e_phnum = 1 + IMAGE_SEGMENTS;
	for (int i = 0; i < IMAGE_SEGMENTS; i++) {
		Elf64_Phdr p = tiny;
		p.p_vaddr = 0x500000 + 0x1000UL * (unsigned)i;
		memcpy(f.bytes + sizeof f.e + (1 + (unsigned)i) * sizeof p, &p, sizeof p);
	}
	ck_assert_int_eq(read_it(&f, &m), IMAGE_CROWDED);
	f.e.e_phnum--;
	ck_assert_int_eq(read_it(&f, &m), IMAGE_OK);
	ck_assert_uint_eq(m.n_segments, IMAGE_SEGMENTS);
}
END_TEST

START_TEST(survives_bad_notes)
{
	struct file f = good();
	struct image m;
	const Elf64_Nhdr huge = {UINT32_MAX, UINT32_MAX, 1};

	add_note(&f, "First", 1, 1);
	memcpy(f.bytes + NOTE_AT + f.p[2].p_filesz, &huge, sizeof huge);
	f.p[2].p_filesz += sizeof huge + 8;
	ck_assert_int_eq(read_it(&f, &m), IMAGE_OK);
	ck_assert_uint_eq(m.facts.n_notes, 1);
	f.p[2].p_offset = FILE_SIZE;
	ck_assert_int_eq(read_it(&f, &m), IMAGE_TRUNCATED);
}
END_TEST

/* ---- What Go's linker wrote ---------------------------------------------------------- */

#define DATA_AT 0x1000

static void add_length(char **at, size_t n)
{
	for (; n > 0x7f; n >>= 7)
		*(*at)++ = (char)(n | 0x80);
	*(*at)++ = (char)n;
}

/* A list whose setting comes after `before` bytes of others. */
static struct file built(const char *setting, size_t before)
{
	struct file f = good();
	char *at = (char *)f.bytes + DATA_AT;

	add_note(&f, "Go", 4, 0);
	memcpy(at, "\xff Go buildinf:\10\2", 16);
	at += 32;
	add_length(&at, 6);
	memcpy(at, "go1.19", 6);
	at += 6;
	add_length(&at, before + strlen(setting));
	memset(at, 'x', before);
	memcpy(at + before, setting, strlen(setting));
	return f;
}

START_TEST(reads_build_information)
{
	struct image m;
	enum brand_evidence why;

	for (size_t before = 0; before < 1200; before++) {
		struct file f = built("\nbuild\tGOOS=dragonfly\n", before);
		ck_assert_int_eq(read_it(&f, &m), IMAGE_OK);
		ck_assert_str_eq(m.facts.built_for, "dragonfly");
	}
	ck_assert_str_eq(brand_find(&m.facts, &why)->name, "dragonfly");
	ck_assert_int_eq(why, BRAND_BUILD);
}
END_TEST

START_TEST(bounds_build_information)
{
	static const char *const bad[] = {"\nbuild\tGOOS=dragonfly",
					  "\nbuild\tGOOS=muchlongerthananame\n", "\nbuild\tGOOS=\n",
					  "\nbuild\tGOARCH=amd64\n"};
	struct image m;
	struct file f;

	for (size_t i = 0; i < COUNT(bad); i++) {
		f = built(bad[i], 3);
		ck_assert_int_eq(read_it(&f, &m), IMAGE_OK);
		ck_assert_str_eq(m.facts.built_for, "");
	}
	/* Lengths beyond the segment; pointers instead of the words; another mark besides. */
	for (unsigned i = 0; i < 3; i++) {
		f = built("\nbuild\tGOOS=dragonfly\n", 3);
		if (i == 0)
			memset(f.bytes + DATA_AT + 32, 0xff, 8);
		if (i == 1)
			f.bytes[DATA_AT + 15] = 0;
		if (i == 2)
			f.e.e_ident[EI_OSABI] = 9;
		ck_assert_int_eq(read_it(&f, &m), IMAGE_OK);
		ck_assert_str_eq(m.facts.built_for, "");
	}
}
END_TEST

/* ---- Brands ------------------------------------------------------------------------ */

static const char *system_of(const struct elf_facts *facts, enum brand_evidence *why)
{
	const struct personality *p = brand_find(facts, why);

	return p ? p->name : "none";
}

static const struct {
	struct elf_facts facts;
	const char *system;
	enum brand_evidence why;
} brands[] = {
	{{.osabi = 9, .n_notes = 1, .notes = {{"FreeBSD", 1, 1203000, true}}},
	 "freebsd",
	 BRAND_NOTE},
	{{.osabi = 9}, "freebsd", BRAND_OSABI},
	{{.old_brand = "FreeBSD"}, "freebsd", BRAND_OLD},
	{{.interpreter = "/libexec/ld-elf.so.1"}, "freebsd", BRAND_INTERPRETER},
	{{.n_notes = 1, .notes = {{"NetBSD", 1, 700000000, true}}}, "netbsd", BRAND_NOTE},
	{{.osabi = 2}, "netbsd", BRAND_OSABI},
	{{.interpreter = "/usr/libexec/ld.elf_so"}, "netbsd", BRAND_INTERPRETER},
	{{.osabi = 12, .n_notes = 1, .notes = {{"OpenBSD", 1, 0, true}}}, "openbsd", BRAND_NOTE},
	{{.interpreter = "/usr/libexec/ld.so"}, "openbsd", BRAND_INTERPRETER},
	{{.n_notes = 1, .notes = {{"DragonFly", 1, 500000, true}}}, "dragonfly", BRAND_NOTE},
	{{.built_for = "dragonfly"}, "dragonfly", BRAND_BUILD},
	{{.built_for = "linux"}, "linux", BRAND_DEFAULT},
	{{.osabi = 9, .built_for = "dragonfly"}, "freebsd", BRAND_OSABI},
	{{.interpreter = "/lib/amd64/ld.so.1"}, "illumos", BRAND_INTERPRETER},
	{{.osabi = 3}, "linux", BRAND_OSABI},
	{{.interpreter = "/lib64/ld-linux-x86-64.so.2"}, "linux", BRAND_INTERPRETER},
	{{.osabi = 0}, "linux", BRAND_DEFAULT},
	/* The note says more than the header, and another type of note says nothing. */
	{{.osabi = 9, .n_notes = 1, .notes = {{"NetBSD", 1, 0, true}}}, "netbsd", BRAND_NOTE},
	{{.osabi = 9, .n_notes = 1, .notes = {{"NetBSD", 3, 0, true}}}, "freebsd", BRAND_OSABI},
	{{.osabi = 9, .interpreter = "/usr/libexec/ld.so"}, "freebsd", BRAND_OSABI},
	{{.n_notes = 1, .notes = {{"Go", 4, 0, true}}}, "linux", BRAND_DEFAULT},
	{{.osabi = 1}, "none", BRAND_UNKNOWN},
};

START_TEST(knows_systems)
{
	enum brand_evidence why;

	ck_assert_str_eq(system_of(&brands[_i].facts, &why), brands[_i].system);
	ck_assert_int_eq(why, brands[_i].why);
	ck_assert_ptr_nonnull(brand_evidence_name(why));
}
END_TEST

START_TEST(reads_the_release)
{
	const struct personality *p = brand_named("freebsd");

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(brand_release(&brands[0].facts, p), 1203000);
	ck_assert_uint_eq(brand_release(&brands[1].facts, p), 0);
	ck_assert_ptr_null(brand_named("no such system"));
}
END_TEST

/* ---- Scripts ------------------------------------------------------------------------- */

static const struct {
	const char *text;
	int result;
	const char *interpreter, *argument;
} scripts[] = {
	{"#!/bin/sh\n", 0, "/bin/sh", ""}, {"#! \t/bin/sh -e -x  \t\nrest", 0, "/bin/sh", "-e -x"},
	{"#!/bin/sh", 0, "/bin/sh", ""},   {"#!\n", -ENOEXEC, "", ""},
	{"#!", -ENOEXEC, "", ""},	   {"# /bin/sh\n", -ENOEXEC, "", ""},
	{"#", -ENOEXEC, "", ""},	   {"", -ENOEXEC, "", ""},
};

START_TEST(reads_scripts)
{
	char interpreter[IMAGE_SCRIPT_LINE] = "", argument[IMAGE_SCRIPT_LINE] = "";
	int r = image_script(scripts[_i].text, strlen(scripts[_i].text), interpreter, argument);

	ck_assert_int_eq(r, scripts[_i].result);
	ck_assert_str_eq(interpreter, scripts[_i].interpreter);
	ck_assert_str_eq(argument, scripts[_i].argument);
}
END_TEST

START_TEST(bounds_script_lines)
{
	static char line[2 * IMAGE_SCRIPT_LINE];
	char interpreter[IMAGE_SCRIPT_LINE], argument[IMAGE_SCRIPT_LINE];

	memset(line, 'x', sizeof line);
	memcpy(line, "#!/", 3);
	ck_assert_int_eq(image_script(line, sizeof line, interpreter, argument), -ENAMETOOLONG);
	ck_assert_int_eq(image_script(line, IMAGE_SCRIPT_LINE, interpreter, argument), 0);
	line[IMAGE_SCRIPT_LINE - 1] = '\n';
	ck_assert_int_eq(image_script(line, sizeof line, interpreter, argument), 0);
}
END_TEST

/* ---- Whole files -------------------------------------------------------------------------- */

static int file_of(const void *data, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
	return fd;
}

static int nothing_there(void *context, const char *path)
{
	return -ENOENT;
}

START_TEST(tells_what_is_missing)
{
	struct file f = good();
	struct inspection i;
	struct inspect_problem list[INSPECT_PROBLEMS];
	const struct inspect_view view = {nothing_there, NULL, NULL};

	f.e.e_ident[EI_OSABI] = 9;
	add_interpreter(&f, "/libexec/ld-elf.so.1");
	int fd = file_of(f.bytes, sizeof f.bytes);
	ck_assert_int_eq(inspect_file(fd, &i), 0);
	ck_assert_int_eq(inspect_details(fd, &i), 0);
	ck_assert_int_eq(i.error, IMAGE_OK);
	size_t n = inspect_problems(&i, &view, list, INSPECT_PROBLEMS);
	ck_assert_uint_ge(n, 1);
	ck_assert_int_eq(list[n - 1].status, EXIT_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(list[n - 1].what, "/libexec/ld-elf.so.1"));
	inspect_free(&i);
	close(fd);
}
END_TEST

START_TEST(names_systems_that_do_not_run)
{
	struct file f = good();
	struct inspection i;
	struct inspect_problem list[INSPECT_PROBLEMS];
	const struct inspect_view view = {nothing_there, NULL, NULL};

	f.e.e_ident[EI_OSABI] = 12;
	int fd = file_of(f.bytes, sizeof f.bytes);
	ck_assert_int_eq(inspect_file(fd, &i), 0);
	ck_assert_uint_eq(inspect_problems(&i, &view, list, INSPECT_PROBLEMS), 1);
	ck_assert_int_eq(list[0].status, EXIT_NOT_RUNNABLE);
	ck_assert_ptr_nonnull(strstr(list[0].what, "OpenBSD"));
	close(fd);
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
	struct inspection i;
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(inspect_file(fd, &i), -EISDIR);
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(inspect_file(fd, &i), -EACCES);
	close(fd);
}
END_TEST

/* A dynamically linked file that is certainly there: the test itself. */
START_TEST(reads_libraries)
{
	struct inspection i;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	bool found = false;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(inspect_file(fd, &i), 0);
	ck_assert_int_eq(inspect_details(fd, &i), 0);
	for (uint32_t n = 0; n < i.n_libraries; n++)
		found |= strncmp(i.libraries[n], "libc.so", 7) == 0;
	ck_assert(found);
	ck_assert(i.has_symbols);
	ck_assert_str_eq(i.system->name, "linux");
	inspect_free(&i);
	close(fd);
}
END_TEST

Suite *loader_suite(void)
{
	Suite *s = suite_create("loader");
	TCase *t = tcase_create("loader");

	tcase_add_test(t, reads_a_program);
	tcase_add_test(t, reads_interpreter_stack_and_notes);
	tcase_add_test(t, reports_writable_code);
	tcase_add_loop_test(t, names_what_is_wrong, 0, COUNT(spoilt));
	tcase_add_test(t, bounds_the_interpreter);
	tcase_add_test(t, bounds_the_segments);
	tcase_add_test(t, survives_bad_notes);
	tcase_add_test(t, reads_build_information);
	tcase_add_test(t, bounds_build_information);
	tcase_add_loop_test(t, knows_systems, 0, COUNT(brands));
	tcase_add_test(t, reads_the_release);
	tcase_add_loop_test(t, reads_scripts, 0, COUNT(scripts));
	tcase_add_test(t, bounds_script_lines);
	tcase_add_test(t, tells_what_is_missing);
	tcase_add_test(t, names_systems_that_do_not_run);
	tcase_add_test(t, refuses_what_is_no_file);
	tcase_add_test(t, reads_libraries);
	suite_add_tcase(s, t);
	return s;
}
