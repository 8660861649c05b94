/* Kernel files and modules: one file, the kernel, and of its modules those that are there for a
 * program's sake, whatever does their work.  Where the host's kernel lies in memory is not told.
 * sys/kern/kern_linker.c, kern_module.c; sys/linker.h, sys/module.h. */
#include "syscalls/abi.h"

#include <string.h>

#define PATH_MOST 1024 /* MAXPATHLEN */
#define OLD_NAME_MOST 32 /* MAXMODNAMEV1V2 */
#define KERNEL_FILE 1

static const char kernel_name[] = "kernel";
static const char kernel_path[] = "/boot/kernel/kernel"; /* kern.bootfile */

/* A module's number is its place, from 1 on. */
static const char *const modules[] = {"elf64",	 "mqueuefs", "shell",
				      "sysvmsg", "sysvsem",  "sysvshm"};

/* A name in user space, cut to what names may have. */
static int get_name(struct call *c, char *name, uint64_t at)
{
	long n = get_guest_string(c, name, at, PATH_MOST);

	return n < 0 ? (int)n : 0;
}

/* ---- Files ------------------------------------------------------------------------------ */

TRANSLATOR(freebsd_kldfind)
{
	char path[PATH_MOST];
	int r = get_name(c, path, c->a[0]);
	const char *slash = r == 0 ? strrchr(path, '/') : NULL;

	if (r < 0)
		return r;
	return strcmp(slash ? slash + 1 : path, kernel_name) ? -ENOENT : KERNEL_FILE;
}

TRANSLATOR(freebsd_kldnext)
{
	switch ((int32_t)c->a[0]) {
	case 0:
		return KERNEL_FILE;
	case KERNEL_FILE:
		return 0;
	default:
		return -ENOENT;
	}
}

struct file_state {
	int32_t version; /* its size */
	char name[PATH_MOST];
	int32_t references, number;
	uint64_t address, size;
	char path[PATH_MOST];
};
_Static_assert(sizeof(struct file_state) == 2080, "sys/linker.h");

TRANSLATOR(freebsd_kldstat)
{
	struct file_state s = {.references = 1, .number = KERNEL_FILE};
	int32_t version;
	int r = get_guest(c, &version, c->a[1], sizeof version);

	if (r < 0)
		return r;
	if (version != sizeof s && version != offsetof(struct file_state, path))
		return -EINVAL;
	if ((int32_t)c->a[0] != KERNEL_FILE)
		return -ENOENT;
	s.version = version;
	memcpy(s.name, kernel_name, sizeof kernel_name);
	memcpy(s.path, kernel_path, sizeof kernel_path);
	return put_guest(c, c->a[1], &s, (size_t)version);
}

TRANSLATOR(freebsd_kldfirstmod)
{
	return (int32_t)c->a[0] == KERNEL_FILE ? 1 : -ENOENT;
}

/* ---- Modules ---------------------------------------------------------------------------- */

static bool is_module(uint64_t number)
{
	return (int32_t)number >= 1 && (uint32_t)number <= COUNT(modules);
}

static long next_module(uint64_t number)
{
	if (!is_module(number))
		return -ENOENT;
	return (uint32_t)number < COUNT(modules) ? (long)(uint32_t)number + 1 : 0;
}

TRANSLATOR(freebsd_modnext)
{
	return (int32_t)c->a[0] == 0 ? 1 : next_module(c->a[0]);
}

TRANSLATOR(freebsd_modfnext)
{
	return next_module(c->a[0]);
}

TRANSLATOR(freebsd_modfind)
{
	char name[PATH_MOST];
	int r = get_name(c, name, c->a[0]);

	for (size_t i = 0; r == 0 && i < COUNT(modules); i++)
		if (!strcmp(name, modules[i]))
			return (long)i + 1;
	return r < 0 ? r : -ENOENT;
}

/* struct module_stat: version, name, two numbers, and since its second version a word of data,
 * which no module here has; the third has longer names. */
#define STATE_AT(names) (sizeof(int32_t) + (names))
#define WITH_DATA(names) ((STATE_AT(names) + 2 * sizeof(int32_t) + 7) / 8 * 8 + sizeof(uint64_t))

TRANSLATOR(freebsd_modstat)
{
	const int32_t first = STATE_AT(OLD_NAME_MOST) + 2 * sizeof(int32_t);
	const int32_t second = WITH_DATA(OLD_NAME_MOST), third = WITH_DATA(PATH_MOST);
	int32_t version, numbers[] = {1, (int32_t)c->a[0]};
	static const uint64_t data;
	const char *name;
	uint64_t state;
	int r;

	if (!is_module(c->a[0]))
		return -ENOENT;
	r = get_guest(c, &version, c->a[1], sizeof version);
	if (r < 0)
		return r;
	if (version != first && version != second && version != third)
		return -EINVAL;
	name = modules[(uint32_t)c->a[0] - 1];
	state = c->a[1] + STATE_AT(version == third ? PATH_MOST : OLD_NAME_MOST);
	r = put_guest(c, c->a[1] + sizeof version, name, strlen(name) + 1);
	if (r == 0)
		r = put_guest(c, state, numbers, sizeof numbers);
	if (r < 0 || version == first)
		return r;
	return put_guest(c, c->a[1] + (uint64_t)version - sizeof data, &data, sizeof data);
}
