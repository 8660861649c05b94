/* What /proc tells of a process's own mappings: maps (Linux 6.1,
 * Documentation/filesystems/proc.rst, fs/proc/task_mmu.c: show_map_vma).  The file is opened
 * once and read on: what one read gives are whole lines, whatever other threads map
 * meanwhile. */
#include <string.h>

#include "syscalls/facts.h"
#include "syscalls/launch.h"
#include "syscalls/linux.h"
#include "syscalls/process.h"

#define PIECE 4096

static void read_path(const char *line, const char *end, struct mapping_facts *out)
{
	static const char deleted[] = " (deleted)";
	size_t n, tail = sizeof deleted - 1;

	while (line < end && *line == ' ')
		line++;
	n = (size_t)(end - line);
	out->is_deleted = n >= tail && memcmp(end - tail, deleted, tail) == 0;
	if (n >= sizeof out->path)
		n = sizeof out->path - 1;
	memcpy(out->path, line, n);
	out->path[n] = 0;
}

/* "begin-end rwxp offset major:minor inode path", numbers but the inode in base 16. */
static bool read_mapping(const char *line, const char *end, struct mapping_facts *out)
{
	uint64_t major, minor;
	const char *how;

	if (!facts_word(&line, &out->begin, 16) || *line++ != '-' ||
	    !facts_word(&line, &out->end, 16) || end - line < 5)
		return false;
	how = line + 1;
	line += 5;
	if (!facts_word(&line, &out->offset, 16) || !facts_word(&line, &major, 16) ||
	    *line++ != ':' || !facts_word(&line, &minor, 16) || !facts_word(&line, &out->inode, 10))
		return false;
	out->device = major << 32 | minor;
	out->is_readable = how[0] == 'r';
	out->is_writable = how[1] == 'w';
	out->is_shared = how[3] == 's';
	read_path(line, end, out);
	return true;
}

/* 1: found; 0: not among these. */
static int find_mapping(const char *text, uint64_t address, struct mapping_facts *out)
{
	for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
		if (read_mapping(line, end, out) && address >= out->begin && address < out->end)
			return 1;
	return 0;
}

static long read_on(struct call *c, long fd, uint64_t address, struct mapping_facts *out)
{
	char text[PIECE + 1];
	uint64_t at = scratch(c, PIECE);

	if (!at)
		return -ENOMEM;
	for (;;) {
		long n = host(c, __NR_read, fd, at, PIECE);
		int r = n > 0 ? get_guest(c, text, at, (size_t)n) : 0;

		if (n <= 0 || r < 0)
			return n < 0 ? n : r < 0 ? r : -ENOENT;
		text[n] = 0;
		if (find_mapping(text, address, out))
			return 0;
	}
}

int facts_mapping(struct call *c, uint64_t address, struct mapping_facts *out)
{
	size_t mark = c->scratch_used;
	long fd = facts_open(c, c->thread->process->pid, "maps"), r;

	if (fd < 0)
		return (int)fd;
	r = read_on(c, fd, address, out);
	(void)host(c, __NR_close, fd); /* only read from */
	c->scratch_used = mark;
	return (int)r;
}
