/* The reader of programs' headers, and what is told of a program, on anything at all. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/inspect.h"
#include "syscalls/personality.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

/* What a mapper relies on. */
static void check_image(const struct image *m, uint64_t file_size)
{
	uint64_t end = 0;

	MUST(m->n_segments > 0 && m->n_segments <= IMAGE_SEGMENTS);
	MUST(m->low < m->high && m->high <= IMAGE_TOP);
	MUST(m->low % IMAGE_PAGE == 0 && m->high % IMAGE_PAGE == 0);
	MUST(m->alignment && (m->alignment & (m->alignment - 1)) == 0);
	for (uint32_t i = 0; i < m->n_segments; i++) {
		const struct image_segment *s = &m->segments[i];
		MUST(s->memory_size > 0 && s->file_size <= s->memory_size);
		MUST(s->offset + s->file_size >= s->offset);
		MUST(s->offset + s->file_size <= file_size);
		MUST(s->address % IMAGE_PAGE == s->offset % IMAGE_PAGE);
		MUST(s->address >= end && s->address >= m->low);
		end = s->address + s->memory_size;
		MUST(end > s->address && end <= m->high);
	}
	MUST(memchr(m->facts.interpreter, 0, sizeof m->facts.interpreter));
	MUST(m->facts.n_notes <= ELF_FACT_NOTES);
}

static int nothing_there(void *context, const char *path)
{
	return -ENOENT;
}

static void inspect(const uint8_t *data, size_t size)
{
	struct inspect_problem list[INSPECT_PROBLEMS];
	const struct inspect_view view = {nothing_there, NULL, "/x:/y"};
	struct inspection i;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	MUST(inspect_file(fd, &i) == 0);
	(void)inspect_details(fd, &i); /* may fail; must not crash */
	size_t n = inspect_problems(&i, &view, list, INSPECT_PROBLEMS);
	MUST(n <= INSPECT_PROBLEMS);
	MUST(i.is_script || i.error == IMAGE_OK || n > 0);
	inspect_free(&i);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char interpreter[IMAGE_SCRIPT_LINE], argument[IMAGE_SCRIPT_LINE];
	struct image m;

	if (image_read_head(data, size, size, &m) == IMAGE_OK)
		check_image(&m, size);
	/* A file longer than what is at hand. */
	if (image_read_head(data, size, (uint64_t)size << 20, &m) == IMAGE_OK)
		check_image(&m, (uint64_t)size << 20);
	(void)image_script(data, size, interpreter, argument);
	inspect(data, size);
	return 0;
}
