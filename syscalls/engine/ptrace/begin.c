/* A program's beginning: from the stub's exec to the guest's first instruction.  What the
 * resident does for itself (engine/resident/start.c) is done here from outside; the vector and
 * the machine's facts are read from the stack Linux made for the stub. */
#include "syscalls/engine/ptrace/supervisor.h"
#include "syscalls/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* As much as Linux lets arguments and environment have (fs/exec.c: three quarters of 8 MiB). */
#define MOST_STACK (6UL << 20)

/* The stack as Linux made it: its words and strings, copied, with addresses of the copy. */
struct stack {
	char *bytes;
	uint64_t low, size;
	char **argv, **envp;
	const uint64_t *auxv;
};

/* Bytes up to the end of the stack's mapping, which is not asked for: they end where reading
 * does. */
static void read_stack(struct tracee *t, struct stack *s)
{
	s->low = t->thread.regs.rsp;
	s->bytes = malloc(MOST_STACK + GUEST_PAGE);
	if (!s->bytes)
		die(EXIT_GUISE, "no memory for a program's arguments");
	s->size = 0;
	while (s->size < MOST_STACK) {
		uint64_t at = s->low + s->size, n = GUEST_PAGE - at % GUEST_PAGE;

		if (thread_get(&t->thread, s->bytes + s->size, at, n) < 0)
			break;
		s->size += n;
	}
}

/* A word of the stack that is an address of a string there. */
static char *string_of(const struct stack *s, uint64_t at)
{
	uint64_t offset = at - s->low;

	if (at < s->low || offset >= s->size || !memchr(s->bytes + offset, 0, s->size - offset))
		return NULL;
	return s->bytes + offset;
}

/* Pointers become the copy's, in place; past the vector's NULL, or NULL if there is none. */
static uint64_t *move_vector(const struct stack *s, uint64_t *v)
{
	const uint64_t *end = (const uint64_t *)(s->bytes + s->size);

	for (; v < end && *v; v++) {
		*v = (uint64_t)string_of(s, *v);
		if (!*v)
			return NULL;
	}
	return v < end ? v + 1 : NULL;
}

static bool find_vectors(struct stack *s)
{
	uint64_t *word = (uint64_t *)s->bytes, *end = word + s->size / 8, *at;

	if (s->size < 64)
		return false;
	s->argv = (char **)(word + 1);
	s->envp = (char **)move_vector(s, word + 1);
	at = s->envp ? move_vector(s, (uint64_t *)s->envp) : NULL;
	s->auxv = at;
	while (at && at + 1 < end && at[0] != AT_NULL)
		at += 2;
	return at && at + 1 < end;
}

static uint64_t from_auxv(const uint64_t *auxv, uint64_t type)
{
	for (; auxv[0] != AT_NULL; auxv += 2)
		if (auxv[0] == type)
			return auxv[1];
	return 0;
}

static uint32_t count(char *const *v)
{
	uint32_t n = 0;

	while (v[n])
		n++;
	return n;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static _Noreturn void refuse(struct tracee *t, const char *path, const struct program *program,
			     int e)
{
	if (e == -ENOENT)
		tracee_die(t, EXIT_NOT_FOUND, "%s: not found, or the interpreter it names is not",
			   path);
	if (e == -EACCES)
		tracee_die(t, EXIT_NOT_RUNNABLE, "%s: no permission to execute it", path);
	if (program->what)
		tracee_die(t, EXIT_NOT_RUNNABLE, "%s: %s; %s", path, program->what, program->cure);
	if (program->personality)
		tracee_die(t, EXIT_NOT_RUNNABLE, "%s: a %s program, which guise does not run yet",
			   path, program->personality->title);
	tracee_die(t, EXIT_NOT_RUNNABLE, "%s: cannot be executed: error %d", path, -e);
}

/* The sandbox's first program comes by path: engine/resident/start.c, open_first(). */
static int open_first(struct call *c, char **argv, struct start *start, struct program *program,
		      char ***vector)
{
	const char *path = argv[0];
	uint32_t n = 0;
	int e = program_open(c, path, program);

	if (e < 0)
		refuse(of_thread(c->thread), path, program, e);
	start->path = program->path;
	start->argv = argv + 1;
	if (!program->is_script)
		return program->fd;
	*vector = calloc(count(argv) + 4, sizeof **vector);
	if (!*vector)
		die(EXIT_GUISE, "no memory for the arguments of %s", path);
	(*vector)[n++] = program->path;
	if (*program->argument)
		(*vector)[n++] = program->argument;
	(*vector)[n++] = argv[0];
	for (char **a = argv + 1; a[0] && a[1]; a++)
		(*vector)[n++] = a[1];
	start->argv = *vector;
	return program->fd;
}

static void set_release(struct tracee *t, uint32_t wanted)
{
	struct process *p = t->thread.process;
	const struct personality *s = p->personality;
	const char *told = supervisor.settings.release;

	p->built_for = wanted;
	p->release = wanted ? wanted : s->default_release;
	/* Another system's number is not for this program. */
	if (*told)
		(void)release_number(told, s, &p->release);
	s->release_name(p->release, p->release_name, sizeof p->release_name);
	if (strchr(told, '-'))
		memcpy(p->release_name, told, sizeof p->release_name);
}

/* Where the program's directory is by its whole name: it is entered for a moment. */
static int find_path(struct call *c, const char *path)
{
	struct process *p = c->thread->process;
	const char *name = base_name(path);
	size_t n = (size_t)(name - path);
	uint64_t at = scratch(c, GUEST_PAGE);
	long r, here;

	if (!at || n >= GUEST_PAGE || put_guest(c, at, ".", 2) < 0)
		return -ENAMETOOLONG;
	here = host(c, __NR_openat, AT_FDCWD, at, O_PATH | O_CLOEXEC);
	if (here < 0)
		return (int)here;
	r = put_guest(c, at, path, n);
	if (r == 0)
		r = put_guest(c, at + n, "", 1);
	if (r == 0 && n)
		r = host(c, __NR_chdir, at);
	if (r == 0)
		r = host(c, __NR_getcwd, at, sizeof p->path);
	if (r > 0)
		r = get_guest(c, p->path, at, (size_t)r);
	p->path[sizeof p->path - 1] = 0;
	if (r == 0 && strlen(p->path) + 1 + strlen(name) >= sizeof p->path)
		r = -ENAMETOOLONG;
	n = strlen(p->path);
	if (r == 0 && strcmp(p->path, "/") != 0)
		p->path[n++] = '/';
	if (r == 0)
		memcpy(p->path + n, name, strlen(name) + 1);
	(void)host(c, __NR_fchdir, here); /* it was the working directory a moment ago */
	(void)host(c, __NR_close, here);
	return (int)r;
}

static void set_path(struct call *c, const char *path)
{
	struct process *p = c->thread->process;
	size_t n = strlen(path);

	if (path[0] == '/' || find_path(c, path) < 0)
		memcpy(p->path, path, n < sizeof p->path ? n + 1 : 0);
}

static void take_up_guard(struct call *c, const struct start *start, int fd)
{
	struct tracee *t = of_thread(c->thread);
	int e;

	if (!c->personality->guard_take_up)
		tracee_die(t, EXIT_NOT_RUNNABLE,
			   "%s: started with limited descriptors or in capability mode, which "
			   "programs of its system are not held to: run it without",
			   start->path);
	e = c->personality->guard_take_up(c, fd);
	if (e < 0)
		tracee_die(t, EXIT_GUISE, "%s: its limits are lost: error %d", start->path, -e);
	(void)LINUX(t, close, fd); /* read to its end */
}

static void set_name(struct call *c, const char *name)
{
	uint64_t at = scratch(c, 16);
	char text[16] = {0};
	size_t n = strlen(name);

	memcpy(text, name, n < sizeof text ? n : sizeof text - 1); /* Linux keeps no more */
	if (at && put_guest(c, at, text, sizeof text) == 0)
		(void)host(c, __NR_prctl, PR_SET_NAME, at); /* what ps shows; no harm if not */
}

/* Which system's, its release, its signals: what mapping needs. */
static void become_program(struct call *c, const struct handover *h, int fd,
			   const struct start *start)
{
	struct tracee *t = of_thread(c->thread);
	struct process *p = t->thread.process;
	uint32_t release;
	int e;

	c->scratch_used = 0;
	e = program_identify(c, fd, &p->personality, &release);
	if (e < 0 || !p->personality->rows)
		tracee_die(t, EXIT_NOT_RUNNABLE, "%s: not a program that runs here: error %d",
			   start->path, -e);
	c->personality = p->personality;
	t->thread.tid = t->tid + (int32_t)p->personality->tid_offset;
	set_release(t, release);
	signals_begin(t, h);
	if (h->guarded)
		take_up_guard(c, start, (int)(h->guarded - 1));
}

static void map_program(struct call *c, int fd, struct start *start, const struct stack *s)
{
	struct process *p = c->thread->process;
	int e;

	c->scratch_used = 0;
	e = program_map(c, fd, start);
	if (e < 0)
		tracee_die(of_thread(c->thread), EXIT_NOT_RUNNABLE,
			   "%s: cannot be mapped: error %d", start->path, -e);
	(void)host(c, __NR_close, fd);
	start->argc = count(start->argv);
	start->envc = count(start->envp);
	start->release = p->release;
	start->ncpus = supervisor.ncpus;
	start->hwcap = from_auxv(s->auxv, AT_HWCAP);
	start->hwcap2 = from_auxv(s->auxv, AT_HWCAP2);
	start->auxv = s->auxv;
	p->stack_low = start->stack_low;
	p->stack_high = start->stack_high;
}

static void start_program(struct tracee *t, const struct handover *h, const struct stack *s)
{
	struct call c = {.thread = &t->thread};
	struct start start = {.path = s->argv[2], .argv = s->argv + 3, .envp = s->envp};
	struct program program = {.fd = -1};
	char **vector = NULL;
	int e, fd = h->program;

	if (h->flags & HANDOVER_FIRST)
		fd = open_first(&c, s->argv + 2, &start, &program, &vector);
	become_program(&c, h, fd, &start);
	map_program(&c, fd, &start, s);
	c.scratch_used = 0;
	set_path(&c, start.path);
	start.path = t->thread.process->path;
	if (is_traced())
		trace_program(&t->thread, start.path);
	set_name(&c, base_name(start.path));
	c.scratch_used = 0;
	e = c.personality->start(&c, &start);
	if (e < 0)
		tracee_die(t, EXIT_NOT_RUNNABLE, "%s: its arguments do not fit its stack: error %d",
			   start.path, -e);
	free(vector);
}

void begin_program(struct tracee *t)
{
	struct process *p = t->thread.process;
	struct handover handover;
	struct stack stack;

	tracee_begin_program(t);
	tracee_registers(t);
	p->pid = t->tid;
	p->n_threads = 1;
	p->settings = supervisor.settings.flags;
	if (*supervisor.settings.personality)
		p->forced = program_system(supervisor.settings.personality);
	t->thread.altstack_disabled = true;
	read_stack(t, &stack);
	if (!find_vectors(&stack) || count(stack.argv) < 3 ||
	    handover_decode(&handover, stack.argv[1]) < 0)
		tracee_die(t, EXIT_GUISE, "a program was not handed over");
	board_executed(p->pid);
	start_program(t, &handover, &stack);
	free(stack.bytes);
	signals_convert(t);
	tracee_live(t);
}
