/* Core files from what a guest wrote: its request, its vectors, the resident's own description of
 * it, its memory. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "syscalls/personality.h"
#include "trace/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define THREADS 3

/* As much of the input as there is. */
static void take(const uint8_t **data, size_t *size, void *to, size_t n)
{
	size_t have = n < *size ? n : *size;

	memset(to, 0, n);
	memcpy(to, *data, have);
	*data += have;
	*size -= have;
}

static void write_core(const struct personality *p, const uint8_t *data, size_t size, int fd,
		       int directory)
{
	static struct process process;
	struct signal_info info;
	struct core_thread threads[THREADS];
	struct core_mapping maps[4];
	const struct view v = {.process = directory, .memory = fd};
	struct core_file f = {.fd = fd, .view = &v, .format = p->core, .most = 1 << 20};
	struct core c = {.process = &process,
			 .info = &info,
			 .threads = threads,
			 .n_threads = THREADS,
			 .mappings = maps,
			 .n_mappings = 4};

	take(&data, &size, &info, sizeof info);
	core_clean(&info);
	take(&data, &size, c.arguments, sizeof c.arguments - 1);
	take(&data, &size, threads, sizeof threads);
	for (size_t i = 0; i < THREADS; i++) {
		threads[i].name[sizeof threads[i].name - 1] = 0;
		threads[i].vectors = data;
		threads[i].n_vectors = size;
	}
	for (size_t i = 0; i < 4; i++) {
		char *path = calloc(1, 1 + (i < size ? data[i] : 0) * 8UL);

		if (!path)
			abort();
		memset(path, '/', i < size ? data[i] * 8UL : 0);
		maps[i] = (struct core_mapping){0x1000 * i, 0x1000 * (i + 1),
						0,	    path,
						true,	    i & 1,
						i & 2,	    false};
	}
	process.personality = p;
	c.vector = (const uint64_t *)process.path;
	c.n_vector = size % 512;
	(void)core_file_write(&f, &c);
	for (size_t i = 0; i < 4; i++)
		free((void *)maps[i].path);
}

/* What there is of /proc/PID: no page is said to be there, nothing to be left out. */
static int make_process(void)
{
	char path[] = "process.XXXXXX";
	int directory = mkdtemp(path) ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	int pages = directory < 0 ? -1 : openat(directory, "pagemap", O_CREAT | O_RDWR, 0600);

	if (pages < 0)
		return -1;
	close(pages);
	return directory;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1, directory;

	if (fd < 0) {
		fd = memfd_create("core", MFD_CLOEXEC);
		directory = make_process();
	}
	if (fd < 0 || directory < 0)
		abort();
	for_each_personality(p)
		if (p->core)
			write_core(p, data, size, fd, directory);
	return 0;
}
