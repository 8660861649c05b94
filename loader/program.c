/* From a path to a process image, as the guest's exec sees it.
 *
 * Everything is done with the guest's own rights and through the engine, so that the same
 * code serves a translator inside the guest and one outside.  Segments are mapped as their
 * headers say and never writable and executable at once unless they ask for it.
 */
#include "syscalls/program.h"

#include "loader/image.h"
#include "syscalls/engine.h"
#include "syscalls/process.h"

#include <asm/fcntl.h>
#include <asm/resource.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <string.h>

#ifndef AT_EACCESS
#define AT_EACCESS 0x200
#endif
#define X_OK 1
#define S_IFMT 00170000
#define S_IFREG 0100000

/* Headers, notes and the interpreter's name are mostly within so many bytes. */
#define HEAD 896

struct reader {
	struct call *c;
	int fd;
	size_t n_head;
	const void *head; /* of the file, read beforehand */
};

static long read_at(void *context, void *to, size_t n, uint64_t offset)
{
	struct reader *r = context;
	size_t used = r->c->scratch_used;
	uint64_t at;
	long got;

	if (offset <= r->n_head && n <= r->n_head - offset) {
		memcpy(to, (const char *)r->head + offset, n);
		return (long)n;
	}
	at = scratch(r->c, n);
	if (!at)
		return -ENOMEM;
	got = host(r->c, __NR_pread64, r->fd, at, n, offset);
	if (got > 0 && get_guest(r->c, to, at, (size_t)got) < 0)
		got = -EFAULT;
	r->c->scratch_used = used;
	return got;
}

/* A local string where Linux can read it; 0 if there is no room. */
static uint64_t string_at(struct call *c, const char *s)
{
	size_t n = strlen(s) + 1;
	uint64_t at = scratch(c, n);

	if (at && put_guest(c, at, s, n) < 0)
		return 0;
	return at;
}

static int file_size(struct call *c, int fd, uint64_t *size)
{
	struct stat st;
	uint64_t at = scratch(c, sizeof st), empty = string_at(c, "");
	long r = host(c, __NR_newfstatat, fd, empty, at, AT_EMPTY_PATH);

	if (r < 0)
		return (int)r;
	r = get_guest(c, &st, at, sizeof st);
	if (r < 0)
		return (int)r;
	if ((st.st_mode & S_IFMT) != S_IFREG)
		return -EACCES;
	*size = (uint64_t)st.st_size;
	return 0;
}

/* The descriptor, if what it is may be executed; else it is closed. */
static int executable(struct call *c, long fd)
{
	uint64_t empty = string_at(c, "");
	long r;

	if (fd < 0)
		return (int)fd;
	r = empty ? host(c, __NR_faccessat2, fd, empty, X_OK, AT_EACCESS | AT_EMPTY_PATH) : -ENOMEM;
	if (r < 0) {
		(void)host(c, __NR_close, fd); /* only read from */
		return (int)r;
	}
	return (int)fd;
}

/* Opens what may be executed. */
static int open_executable(struct call *c, const char *path)
{
	uint64_t at = string_at(c, path);

	if (!at)
		return -ENAMETOOLONG;
	return executable(c,
			  host(c, __NR_openat, AT_FDCWD, at, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0));
}

/* One call for what would be three or four.  What cannot be read now is read, or refused, later. */
static void read_head(struct reader *r, char local[HEAD])
{
	uint64_t at = scratch(r->c, HEAD);
	long got = at ? host(r->c, __NR_pread64, r->fd, at, HEAD, 0) : 0;

	r->head = got > 0 ? scratch_seen(r->c, at, (size_t)got, local) : NULL;
	r->n_head = r->head ? (size_t)got : 0;
}

static int read_image(struct call *c, int fd, struct image *image, struct program *out)
{
	char head[HEAD];
	struct reader reader = {.c = c, .fd = fd};
	struct image_source source = {.read_at = read_at, .context = &reader};
	size_t used = c->scratch_used;
	enum image_error error;
	int r = file_size(c, fd, &source.size);

	if (r < 0)
		return r;
	read_head(&reader, head);
	error = image_read(&source, image);
	c->scratch_used = used;
	if (error != IMAGE_OK && out) {
		out->what = image_error_text(error).what;
		out->cure = image_error_text(error).cure;
	}
	return error == IMAGE_OK ? 0 : image_error_errno(error);
}

/* Is the interpreter there?  Better to say so before the old program is gone. */
static int check_interpreter(struct call *c, const char *path)
{
	int fd;

	if (!*path)
		return 0;
	fd = open_executable(c, path);
	if (fd < 0)
		return fd;
	(void)host(c, __NR_close, fd);
	return 0;
}

const struct personality *program_system(const char *name)
{
	return brand_named(name);
}

static const struct personality *system_of(const struct call *c, const struct image *image)
{
	const struct personality *forced = c->thread->process->forced;
	enum brand_evidence why;

	return forced ? forced : brand_find(&image->facts, &why);
}

static int check_program(struct call *c, struct program *out)
{
	struct image image;
	int r = read_image(c, out->fd, &image, out);

	if (r < 0)
		return r;
	out->personality = system_of(c, &image);
	if (!out->personality || !out->personality->rows)
		return -ENOEXEC;
	out->release = brand_release(&image.facts, out->personality);
	return check_interpreter(c, image.facts.interpreter);
}

_Static_assert(PROGRAM_PATH == IMAGE_SCRIPT_LINE, "image_script() writes program.path");

static int follow_script(struct call *c, const char *path, struct program *out);

/* Opens path; a script's interpreter takes its place, once: an interpreter that is a
 * script itself is refused, as the BSDs do. */
static int open_following_script(struct call *c, const char *path, struct program *out)
{
	out->fd = open_executable(c, path);
	return out->fd < 0 ? out->fd : follow_script(c, path, out);
}

static int follow_script(struct call *c, const char *path, struct program *out)
{
	char head[IMAGE_SCRIPT_LINE + 1]; /* one more: a line too long shows */
	struct reader reader = {.c = c, .fd = out->fd};
	uint64_t size;
	long n;
	int r;

	r = file_size(c, out->fd, &size);
	if (r < 0)
		return r;
	n = read_at(&reader, head, sizeof head, 0);
	if (n < 0)
		return (int)n;
	if (n < 2 || head[0] != '#' || head[1] != '!') {
		if (strlen(path) >= sizeof out->path)
			return -ENAMETOOLONG;
		memcpy(out->path, path, strlen(path) + 1);
		return 0;
	}
	if (out->is_script)
		return -ENOEXEC;
	out->is_script = true;
	r = image_script(head, (size_t)n, out->path, out->argument);
	if (r < 0)
		return r;
	(void)host(c, __NR_close, out->fd);
	memcpy(head, out->path, sizeof out->path);
	return open_following_script(c, head, out);
}

static int finish_opening(struct call *c, int r, struct program *out)
{
	if (r == 0)
		r = check_program(c, out);
	if (r < 0 && out->fd >= 0) {
		(void)host(c, __NR_close, out->fd);
		out->fd = -1;
	}
	return r;
}

int program_open(struct call *c, const char *path, struct program *out)
{
	*out = (struct program){.fd = -1};
	return finish_opening(c, open_following_script(c, path, out), out);
}

/* The descriptor the guest keeps; one of our own to read from, by its name if it is only good
 * to be executed. */
static int open_again(struct call *c, int fd, const char *name)
{
	long flags = host(c, __NR_fcntl, fd, F_GETFL);

	if (flags < 0)
		return (int)flags;
	if (flags & O_PATH)
		return open_executable(c, name);
	if ((flags & O_ACCMODE) == O_WRONLY)
		return -EACCES;
	return executable(c, host(c, __NR_fcntl, fd, F_DUPFD_CLOEXEC, 0));
}

int program_open_file(struct call *c, int fd, const char *name, struct program *out)
{
	*out = (struct program){.fd = -1};
	out->fd = open_again(c, fd, name);
	if (out->fd < 0)
		return out->fd;
	return finish_opening(c, follow_script(c, name, out), out);
}

int program_identify(struct call *c, int fd, const struct personality **personality,
		     uint32_t *release)
{
	struct image image;
	int r = read_image(c, fd, &image, NULL);

	if (r < 0)
		return r;
	*personality = system_of(c, &image);
	if (!*personality)
		return -ENOEXEC;
	*release = brand_release(&image.facts, *personality);
	return 0;
}

/* ---- Mapping ------------------------------------------------------------- */

static uint64_t page_down(uint64_t a)
{
	return a & ~(GUEST_PAGE - 1);
}

static uint64_t page_up(uint64_t a)
{
	return page_down(a + GUEST_PAGE - 1);
}

static int protection(uint32_t elf_flags)
{
	return (elf_flags & 4 ? PROT_READ : 0) | (elf_flags & 2 ? PROT_WRITE : 0) |
	       (elf_flags & 1 ? PROT_EXEC : 0);
}

static int map_at(struct call *c, uint64_t at, uint64_t size, int prot, int flags, int fd,
		  uint64_t offset)
{
	long r = host(c, __NR_mmap, at, size, prot, MAP_PRIVATE | flags, fd, offset);

	if (is_error(r))
		return (int)r;
	engine_code_changed(c, at, size, (prot & PROT_EXEC) && !(prot & PROT_WRITE));
	return 0;
}

/* The end of the last file page of a segment that has more memory than file: zero. */
static int clear_tail(struct call *c, uint64_t from, uint64_t to, int prot)
{
	static const char zeros[GUEST_PAGE];
	int r;

	if (from == to)
		return 0;
	if (!(prot & PROT_WRITE)) {
		long e = host(c, __NR_mprotect, page_down(from), GUEST_PAGE, prot | PROT_WRITE);

		if (e < 0)
			return (int)e;
	}
	r = put_guest(c, from, zeros, to - from);
	if (r == 0 && !(prot & PROT_WRITE))
		r = (int)host(c, __NR_mprotect, page_down(from), GUEST_PAGE, prot);
	return r;
}

static int map_segment(struct call *c, const struct image_segment *s, uint64_t base, int fd,
		       int fixed)
{
	uint64_t start = page_down(base + s->address);
	uint64_t file_end = base + s->address + s->file_size;
	uint64_t memory_end = page_up(base + s->address + s->memory_size);
	int prot = protection(s->flags), r = 0;

	if (s->file_size) {
		r = map_at(c, start, page_up(file_end) - start, prot, fixed, fd,
			   page_down(s->offset));
		if (r == 0 && s->memory_size > s->file_size)
			r = clear_tail(c, file_end, page_up(file_end), prot);
		start = page_up(file_end);
	}
	if (r == 0 && memory_end > start)
		r = map_at(c, start, memory_end - start, prot, fixed | MAP_ANONYMOUS, -1, 0);
	return r;
}

static int random_bytes(struct call *c, void *to, size_t n)
{
	uint64_t at = scratch(c, n);
	long r = host(c, __NR_getrandom, at, n, 0);

	return r < 0 ? (int)r : get_guest(c, to, at, n);
}

/* Position-independent programs go between 32 and 40 TiB at random, far below Linux's own
 * mappings, so that the break has room to grow. */
static int random_place(struct call *c, uint64_t *hint)
{
	uint64_t random;
	int r = random_bytes(c, &random, sizeof random);

	*hint = 0x200000000000 + (random % (1UL << 31)) * GUEST_PAGE;
	return r;
}

/* Reserves room for a position-independent image and says by how much it is moved. */
static int reserve(struct call *c, const struct image *image, uint64_t hint, uint64_t *base)
{
	uint64_t size = image->high - image->low, room = size + image->alignment;
	long at = host(c, __NR_mmap, hint, room, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t start;

	if (is_error(at))
		return (int)at;
	start = ((uint64_t)at + image->alignment - 1) & ~(image->alignment - 1);
	if (start > (uint64_t)at)
		(void)host(c, __NR_munmap, at, start - (uint64_t)at);
	if ((uint64_t)at + room > start + size)
		(void)host(c, __NR_munmap, start + size, (uint64_t)at + room - start - size);
	*base = start - image->low;
	return 0;
}

static int map_image(struct call *c, const struct image *image, int fd, bool anywhere,
		     uint64_t *base)
{
	int fixed = MAP_FIXED_NOREPLACE;
	uint64_t hint = 0;

	*base = 0;
	if (image->position_free) {
		int r = anywhere ? 0 : random_place(c, &hint);

		if (r == 0)
			r = reserve(c, image, hint, base);
		if (r < 0)
			return r;
		fixed = MAP_FIXED;
	}
	for (uint32_t i = 0; i < image->n_segments; i++) {
		int r = map_segment(c, &image->segments[i], *base, fd, fixed);

		if (r < 0)
			return r == -EEXIST ? -ENOMEM : r;
	}
	return 0;
}

static int map_interpreter(struct call *c, const char *path, struct start *start)
{
	struct image image;
	int r, fd = open_executable(c, path);

	if (fd < 0)
		return fd;
	r = read_image(c, fd, &image, NULL);
	if (r == 0)
		r = map_image(c, &image, fd, true, &start->base);
	if (r == 0)
		start->entry = start->base + image.entry;
	(void)host(c, __NR_close, fd); /* the mapping stays */
	return r;
}

#define STACK_LEAST (256UL << 10)
#define STACK_MOST (512UL << 20)

/* The soft limit, within reason: an unlimited stack cannot be mapped. */
static int stack_size(struct call *c, uint64_t *size)
{
	struct {
		uint64_t soft, hard;
	} limit;
	uint64_t at = scratch(c, sizeof limit);
	long r = host(c, __NR_prlimit64, 0, RLIMIT_STACK, 0, at);

	if (r < 0)
		return (int)r;
	r = get_guest(c, &limit, at, sizeof limit);
	*size = limit.soft < STACK_LEAST  ? STACK_LEAST
		: limit.soft > STACK_MOST ? STACK_MOST
					  : page_up(limit.soft);
	return (int)r;
}

/* The stack, and above it one page for the system's own code (the trampoline). */
static int map_stack(struct call *c, const struct image *image, struct start *start)
{
	bool executable = image->has_stack_flags && (image->stack_flags & 1);
	uint64_t size = 0;
	long at;
	int r = stack_size(c, &size);

	if (r < 0)
		return r;
	at = host(c, __NR_mmap, 0, GUEST_PAGE + size + GUEST_PAGE, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (is_error(at))
		return (int)at;
	start->stack_low = (uint64_t)at + GUEST_PAGE;
	start->stack_high = start->stack_low + size;
	start->stack_executable = executable;
	return (int)host(c, __NR_mprotect, start->stack_low, size,
			 PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0));
}

int program_map(struct call *c, int fd, struct start *start)
{
	struct image image;
	uint64_t base;
	int r = read_image(c, fd, &image, NULL);

	if (r == 0)
		r = map_image(c, &image, fd, false, &base);
	if (r < 0)
		return r;
	start->program_entry = start->entry = base + image.entry;
	start->phdr = image.header_address ? base + image.header_address : 0;
	start->phnum = image.header_count;
	start->phent = image.header_size;
	start->e_flags = image.flags;
	start->base = 0;
	c->thread->process->brk_start = c->thread->process->brk_now = base + image.high;
	if (*image.facts.interpreter) {
		r = map_interpreter(c, image.facts.interpreter, start);
		if (r < 0)
			return r;
	}
	r = map_stack(c, &image, start);
	if (r == 0)
		r = random_bytes(c, start->random, sizeof start->random);
	return r;
}
