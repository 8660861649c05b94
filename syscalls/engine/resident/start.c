/* The resident's start: from execve to the guest's first instruction. */
#include "syscalls/engine/resident/resident.h"
#include "syscalls/personality.h"
#include "syscalls/program.h"

#include <asm/hwcap2.h>
#include <linux/auxvec.h>
#include <linux/binfmts.h>
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <string.h>

static void read_auxv(const uint64_t *auxv)
{
	space.auxv = auxv;
	for (; auxv[0] != AT_NULL; auxv += 2) {
		switch (auxv[0]) {
		case AT_SYSINFO_EHDR:
			space.vdso = auxv[1];
			break;
		case AT_HWCAP:
			space.hwcap = auxv[1];
			break;
		case AT_HWCAP2:
			space.hwcap2 = auxv[1];
			break;
		}
	}
	space.has_fsgsbase = space.hwcap2 & HWCAP2_FSGSBASE;
}

static void read_settings(void)
{
	long n = LINUX(pread64, HIDDEN_SETTINGS, &space.settings, sizeof space.settings, 0);

	if (n != sizeof space.settings || space.settings.magic != SETTINGS_MAGIC)
		die(EXIT_GUISE, "the resident is not a program of its own: use 'guise run'");
	space.settings.release[sizeof space.settings.release - 1] = 0;
	space.settings.personality[sizeof space.settings.personality - 1] = 0;
	space.check_uses = space.settings.flags & SETTINGS_CHECK_USES;
	space.watches_calls = space.settings.flags & (SETTINGS_CHECK_USES | SETTINGS_TALLY);
	space.watches_waits = space.watches_calls || (space.settings.flags & SETTINGS_TRACE);
	if (space.settings.flags & (SETTINGS_TRACE | SETTINGS_CORE))
		ring_open();
}

static struct resident *first_thread(void)
{
	struct resident *r = slot_new();
	struct process *p = r ? engine_pages(sizeof *p) : NULL;

	if (!p)
		die(EXIT_GUISE, "no memory for the translator");
	r->thread.process = p;
	r->thread.altstack_disabled = true;
	r->thread.host_tid = (int32_t)LINUX(set_tid_address, &space.slots[r->slot]);
	space.slots[r->slot] = (uint32_t)r->thread.host_tid;
	p->pid = r->thread.host_tid;
	p->n_threads = 1;
	p->settings = space.settings.flags;
	slot_begin(r);
	return r;
}

static uint32_t count(char *const *v)
{
	uint32_t n = 0;

	while (v[n])
		n++;
	return n;
}

/* The processors the process may run on. */
static uint32_t processors(void)
{
	uint64_t set[128] = {0};
	long n = LINUX(sched_getaffinity, 0, sizeof set, set);
	uint32_t found = 0;

	for (long i = 0; i < n / 8; i++)
		for (uint64_t bits = set[i]; bits; bits &= bits - 1)
			found++;
	return found ? found : 1;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void set_release(struct process *p, uint32_t wanted)
{
	const struct personality *s = p->personality;

	p->built_for = wanted;
	p->release = wanted ? wanted : s->default_release;
	/* Another system's number is not for this program. */
	if (*space.settings.release)
		(void)release_number(space.settings.release, s, &p->release);
	s->release_name(p->release, p->release_name, sizeof p->release_name);
	if (strchr(space.settings.release, '-'))
		memcpy(p->release_name, space.settings.release, sizeof p->release_name);
}

static _Noreturn void refuse(const char *path, const struct program *program, int e)
{
	if (e == -ENOENT)
		die(EXIT_NOT_FOUND, "%s: not found, or the interpreter it names is not", path);
	if (e == -EACCES)
		die(EXIT_NOT_RUNNABLE, "%s: no permission to execute it", path);
	if (program->what)
		die(EXIT_NOT_RUNNABLE, "%s: %s; %s", path, program->what, program->cure);
	if (program->personality)
		die(EXIT_NOT_RUNNABLE, "%s: a %s program, which guise does not run yet", path,
		    program->personality->title);
	die(EXIT_NOT_RUNNABLE, "%s: cannot be executed: error %d", path, -e);
}

/* The first program of a sandbox comes by path; what a script puts before its arguments
 * goes in front of argv, whose own first entry the script's path replaces. */
static int open_first(struct call *c, char **argv, struct start *start)
{
	static struct program program;
	const char *path = argv[0];
	char **vector;
	uint32_t n = 0;
	int e = program_open(c, path, &program);

	if (e < 0)
		refuse(path, &program, e);
	start->path = program.path;
	start->argv = argv + 1;
	if (!program.is_script)
		return program.fd;
	vector = engine_pages((count(argv) + 4) * sizeof *vector);
	if (!vector)
		die(EXIT_GUISE, "no memory for the arguments of %s", path);
	vector[n++] = program.path;
	if (*program.argument)
		vector[n++] = program.argument;
	vector[n++] = argv[0];
	for (char **a = argv + 1; a[0] && a[1]; a++)
		vector[n++] = a[1];
	start->argv = vector;
	return program.fd;
}

static void set_path(struct process *p, const char *path)
{
	size_t n = strlen(path), size = sizeof p->path;

	memcpy(p->path, path, n < size ? n + 1 : 0);
}

/* The working directory and "/" to p->path; 0 or -errno. */
static int working_directory(struct process *p)
{
	long n = LINUX(getcwd, p->path, sizeof p->path); /* counts the NUL */

	if (n < 0)
		return (int)n;
	if (n + 1 > (long)sizeof p->path)
		return -ENAMETOOLONG;
	if (n > 2)
		p->path[n - 1] = '/', p->path[n] = 0;
	return 0;
}

/* A program named relative to the working directory is known by its whole name.  Linux is
 * asked for that of its directory: nothing else runs in this process yet. */
static int find_path(struct process *p, const char *path)
{
	char directory[sizeof p->path];
	const char *name = base_name(path);
	size_t n = (size_t)(name - path);
	int r = 0, here = (int)LINUX(openat, AT_FDCWD, ".", O_PATH | O_CLOEXEC);

	if (here < 0 || n >= sizeof directory)
		return here < 0 ? here : -ENAMETOOLONG;
	memcpy(directory, path, n);
	directory[n] = 0;
	if (n)
		r = (int)LINUX(chdir, directory);
	if (r == 0)
		r = working_directory(p);
	if (r == 0 && strlen(p->path) + strlen(name) >= sizeof p->path)
		r = -ENAMETOOLONG;
	if (r == 0)
		memcpy(p->path + strlen(p->path), name, strlen(name) + 1);
	(void)LINUX(fchdir, here); /* it was the working directory a moment ago */
	(void)LINUX(close, here);
	return r;
}

/* What the program before was limited to holds for this one, or it does not run. */
static void take_up_guard(struct call *c, const struct start *start, int fd)
{
	int e;

	if (!c->personality->guard_take_up)
		die(EXIT_NOT_RUNNABLE,
		    "%s: started with limited descriptors or in capability mode, which programs of "
		    "its system are not held to: run it without",
		    start->path);
	e = c->personality->guard_take_up(c, fd);
	if (e < 0)
		die(EXIT_GUISE, "%s: its limits are lost: error %d", start->path, -e);
	(void)LINUX(close, fd); /* read to its end */
}

static _Noreturn void begin_program(struct resident *r, const struct handover *h, char **argv,
				    char **envp)
{
	struct process *p = r->thread.process;
	struct call c = {.thread = &r->thread};
	struct start start = {.path = argv[0], .argv = argv + 1, .envp = envp};
	uint32_t release;
	int e, fd = h->program;

	if (*space.settings.personality)
		p->forced = program_system(space.settings.personality);
	if (h->flags & HANDOVER_FIRST)
		fd = open_first(&c, argv, &start);
	c.scratch_used = 0;
	e = program_identify(&c, fd, &p->personality, &release);
	if (e < 0 || !p->personality->rows)
		die(EXIT_NOT_RUNNABLE, "%s: not a program that runs here: error %d", start.path,
		    -e);
	c.personality = p->personality;
	r->thread.tid = r->thread.host_tid + (int32_t)p->personality->tid_offset;
	set_release(p, release);
	signals_begin(r, h);
	if (h->guarded)
		take_up_guard(&c, &start, (int)(h->guarded - 1));
	c.scratch_used = 0;
	e = program_map(&c, fd, &start);
	if (e < 0)
		die(EXIT_NOT_RUNNABLE, "%s: cannot be mapped: error %d", start.path, -e);
	(void)LINUX(close, fd);
	start.argc = count(start.argv);
	start.envc = count(envp);
	start.release = p->release;
	start.ncpus = processors();
	start.hwcap = space.hwcap;
	start.hwcap2 = space.hwcap2;
	start.auxv = space.auxv;
	p->stack_low = start.stack_low;
	p->stack_high = start.stack_high;
	if (start.path[0] == '/' || find_path(p, start.path) < 0)
		set_path(p, start.path);
	start.path = p->path;
	if (space.tallies)
		tally_program(p);
	if (space.settings.flags & SETTINGS_TRACE)
		trace_program(&r->thread, start.path);
	(void)LINUX(prctl, PR_SET_NAME, base_name(start.path)); /* what ps shows; no harm if not */
	e = p->personality->start(&c, &start);
	if (e < 0)
		die(EXIT_NOT_RUNNABLE, "%s: its arguments do not fit its stack: error %d",
		    start.path, -e);
	enter_guest();
}

__attribute__((used)) _Noreturn void resident_start(uint64_t *stack)
{
	uint64_t argc = stack[0];
	char **argv = (char **)(stack + 1), **envp = argv + argc + 1, **end = envp;
	struct handover handover;
	struct resident *r;

	while (*end)
		end++;
	read_auxv((uint64_t *)(end + 1));
	read_settings();
	if (argc < 3 || handover_decode(&handover, argv[1]) < 0)
		die(EXIT_GUISE, "the resident is not a program of its own: use 'guise run'");
	board_open();
	if (space.settings.flags & SETTINGS_TALLY)
		tally_open();
	space.has_life = LINUX(fcntl, HIDDEN_LIFE, F_GETSIG) != 0;
	r = first_thread();
	if (space.tallies) {
		int pid = r->thread.process->pid;

		if (handover.flags & HANDOVER_FIRST)
			tally_join(r, TALLY_PROCESS, pid);
		tally_join(r, TALLY_PROGRAM, pid);
	}
	board_executed(r->thread.process->pid);
	if (handover.flags & HANDOVER_FIRST)
		filter_install();
	begin_program(r, &handover, argv + 2, envp);
}
