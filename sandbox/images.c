/* The resident and its settings, as sealed files in memory: what the program's processes
 * execute and read cannot be changed by them, nor by anyone else.  And the board, which they
 * all write. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"
#include "syscalls/board.h"
#include "syscalls/engine/ptrace/stub.h"

#ifndef MFD_NOEXEC_SEAL /* linux/memfd.h, Linux 6.3 */
#define MFD_NOEXEC_SEAL 0x0008U
#define MFD_EXEC 0x0010U
#endif

/* build/resident_blob.o */
extern const unsigned char resident_image[], resident_image_end[];
extern const unsigned char supervisor_image[], supervisor_image_end[];

/* Kernels before 6.3 know neither flag: there every memfd may be executed. */
static int make(const char *name, unsigned flag)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flag);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

static int fill_and_seal(int fd, const void *data, size_t n)
{
	while (n > 0) {
		ssize_t written = write(fd, data, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		data = (const char *)data + written;
		n -= (size_t)written;
	}
	/*
	 * Not F_SEAL_WRITE: nobody has mapped it yet, so that both forbid the same, but that one first waits until
	 * nothing else in the kernel refers to the pages (mm/memfd.c, memfd_wait_for_pins()): work queued on every
	 * processor, and EBUSY where a page stays in another's batch for 0.15 s.
	 */
	int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;
	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

static int sealed(const char *name, unsigned flag, const void *data, size_t n)
{
	AUTO_CLOSE int fd = make(name, flag);

	if (fd < 0)
		return fd;
	int r = fill_and_seal(fd, data, n);
	return r < 0 ? r : take(&fd);
}

/* Nobody can take memory from under those who have it mapped. */
int image_board(size_t n)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
	AUTO_CLOSE int fd = make("board", MFD_NOEXEC_SEAL);

	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)n) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0)
		return -errno;
	return take(&fd);
}

static int make_board(struct box *b)
{
	int given = b->options->board;

	b->board = given ? given : image_board(sizeof(struct board));
	if (b->board < 0)
		return b->board;
	b->board_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return b->board_bell < 0 ? -errno : 0;
}

int image_make(const unsigned char *image, const unsigned char *end)
{
	return sealed("guise", MFD_EXEC, image, (size_t)(end - image));
}

int step_images(struct box *b, const struct step *s)
{
	b->resident = make("guise", MFD_EXEC);
	if (b->resident == -EACCES)
		return failure_set(b->why, EXIT_GUISE,
				   "this system executes no files in memory; "
				   "set the sysctl vm.memfd_noexec to 0 or 1");
	if (b->resident < 0)
		return b->resident;
	b->stub = b->options->traced ? make("guise", MFD_EXEC) : -1;
	if (b->options->traced && b->stub < 0)
		return b->stub;
	b->settings = make("settings", MFD_NOEXEC_SEAL);
	b->awaits_images = true;
	return b->settings < 0 ? b->settings : make_board(b);
}

/* Half a megabyte takes its time: it is copied while process 1 works, and the program's process
 * waits for it before it needs it. */
int step_fill(struct box *b, const struct step *s)
{
	const struct message m = {.kind = MESSAGE_IMAGES};
	const struct settings *settings = &b->options->settings;
	bool traced = b->options->traced;
	const unsigned char *image = traced ? supervisor_image : resident_image;
	const unsigned char *end = traced ? supervisor_image_end : resident_image_end;
	int r = fill_and_seal(b->resident, image, (size_t)(end - image));

	if (r == 0 && traced)
		r = fill_and_seal(b->stub, stub_image, stub_size);
	if (r == 0)
		r = fill_and_seal(b->settings, settings, sizeof *settings);
	if (r == 0 && b->init)
		(void)channel_send(b->channel, &m, NULL); /* gone, if it fails: heard later */
	return r;
}

/* Not in one that joins: the first has been here. */
int step_await(struct box *b, const struct step *s)
{
	struct channel_descriptors got;
	struct message m;

	if (!b->awaits_images)
		return 0;
	int r = channel_receive(b->channel, &m, &got);
	if (r <= 0 || m.kind != MESSAGE_IMAGES)
		return r < 0 ? r : -EPIPE; /* the supervisor is gone: so is this process, soon */
	b->awaits_images = false; /* for process 1, too: it has the same memory */
	return 0;
}

/* A directory would be a way out of the new root, and O_PATH hides what it is. */
static int check_descriptor(struct box *b, int fd)
{
	static const char *const names[] = {"standard input", "standard output", "standard error"};
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return open("/dev/null", O_RDWR) == fd ? 0 : -EBADF; /* closed: the lowest free */
	if (flags & O_PATH)
		return failure_set(b->why, EXIT_GUISE,
				   "%s: an O_PATH descriptor; redirect it from or to a file",
				   names[fd]);
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return failure_set(b->why, EXIT_GUISE,
				   "%s: a directory; redirect it from or to a file", names[fd]);
	return 0;
}

int step_check_stdio(struct box *b, const struct step *s)
{
	for (int fd = 0; fd <= 2; fd++) {
		int r = check_descriptor(b, fd);
		if (r < 0)
			return r;
	}
	return 0;
}
