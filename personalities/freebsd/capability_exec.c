/* fexecve in capability mode: what needs another file, by its name, does not start.  Such are a
 * script's interpreter (do_execve() in kern_exec.c) and a run-time linker (load_file() in
 * imgact_elf.c). */
#include "personalities/freebsd/capability_checks.h"

#include <linux/elf.h>

#include "syscalls/linux.h"
#include "syscalls/program.h"

#define MOST_HEADERS 64

static int get_file(struct call *c, int fd, void *to, size_t n, uint64_t at)
{
	size_t mark = c->scratch_used;
	uint64_t room = scratch(c, n);
	long r = room ? host(c, __NR_pread64, fd, room, n, at) : -ENOMEM;

	if (r >= 0)
		r = (size_t)r == n ? get_guest(c, to, room, n) : -ENOEXEC;
	c->scratch_used = mark;
	return (int)r;
}

static int check_interpreter(struct call *c, int fd)
{
	struct elf64_hdr head;
	struct elf64_phdr p = {.p_type = PT_NULL};
	int r = get_file(c, fd, &head, sizeof head, 0);

	for (unsigned i = 0; r == 0 && i < head.e_phnum && i < MOST_HEADERS; i++) {
		r = get_file(c, fd, &p, sizeof p, head.e_phoff + i * sizeof p);
		if (r == 0 && p.p_type == PT_INTERP)
			return -E_CAPMODE;
	}
	return 0; /* what else is wrong with it exec says */
}

int capability_check_fexecve(struct call *c)
{
	struct program program;
	char magic[2];
	int r = need(c, c->a[0], CAP_FEXECVE);

	if (r < 0 || !in_mode(c) || descriptor_is_hidden(process_of(c), (int)c->a[0]))
		return r;
	if (get_file(c, (int)c->a[0], magic, sizeof magic, 0) == 0 && magic[0] == '#' &&
	    magic[1] == '!')
		return -E_CAPMODE; /* whether its interpreter is there or not */
	if (program_open_file(c, (int)c->a[0], "", &program) < 0)
		return 0; /* likewise */
	r = program.is_script ? -E_CAPMODE : check_interpreter(c, program.fd);
	(void)host(c, __NR_close, program.fd); /* opened for reading */
	return r;
}
