/* What stacks are read from, all of it a guest's: an object file, Go's table, memory. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/object.h"
#include "trace/unwind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE 0x10000UL /* where the input lies in memory */

static volatile size_t seen; /* what is found is used */

static void go_table(const uint8_t *data, size_t size)
{
	static const uint32_t magic[] = {0xfffffff0, 0xfffffff1};
	uint8_t *copy = malloc(size); /* of its own size, for the sanitizer */
	struct gotable t;
	struct gofunction f;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (size >= 8) {
		memcpy(copy, &magic[data[0] & 1], 4);
		memcpy(copy + 4, "\0\0\1\10", 4);
	}
	if (gotable_open(&t, copy, size, 0x401000))
		for (uint64_t i = 0; i < 4096; i += 61)
			if (gotable_find(&t, t.text + i, &f))
				seen += strlen(f.name) + (f.file ? strlen(f.file) : 0);
	free(copy);
}

static void walk(int fd, size_t size, const struct object *o, const uint8_t *data)
{
	static struct unwinder *u;
	struct mapping all = {.start = BASE, .end = BASE + size, .path = "", .executable = true};
	const struct view v = {.memory = fd, .mappings = &all, .n_mappings = 1};
	struct origin from = {.object = o, .bias = BASE};
	struct frame f = {.ip = BASE + size / 2, .sp = BASE + data[0] % size, .is_exact = true};

	if (!u)
		u = unwinder_new();
	if (!u)
		abort();
	f.bp = f.sp + data[size - 1] / 8 * 8;
	unwinder_begin(u, &v);
	for (int i = 0; i < 32 && unwinder_step(u, &from, &f); i++)
		if (o->has_go)
			(void)gotable_find(&o->go, f.ip - BASE, &from.go);
}

static void object_file(const uint8_t *data, size_t size)
{
	const struct stat st = {0};
	int fd = memfd_create("object", MFD_CLOEXEC);
	uint64_t into;

	if (fd < 0 || pwrite(fd, data, size, 0) != (ssize_t)size ||
	    pwrite(fd, data, size, BASE) != (ssize_t)size)
		abort();
	struct object *o = object_read(fd, &st);
	if (!o)
		abort();
	for (uint64_t i = 0; i < 0x500000; i += 0x7ff) {
		const char *name = object_symbol_at(o, i, &into);

		seen += name ? strlen(name) : 0;
		seen += object_frame_at(o, i) != NULL;
	}
	walk(fd, size, o, data);
	object_free(o);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	go_table(data, size);
	object_file(data, size);
	return 0;
}
