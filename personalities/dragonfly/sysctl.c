/* DragonFly's sysctl: the values only it has, and the call.
 * Contract: sys/kern/kern_sysctl.c, kern_mib.c, sys/sys/sysctl.h; DragonFly 5.9. */
#include "syscalls/sysctl.h"

#include <linux/resource.h>
#include <string.h>

#include "personalities/dragonfly/sysctl.h"
#include "syscalls/linux.h"
#include "syscalls/process.h"

/* ---- Numbers ---------------------------------------------------------------------------------- */

static long cpus(struct call *c)
{
	return sysctl_cpus(c);
}

static long max_processes(struct call *c)
{
	return sysctl_limit(c, RLIMIT_NPROC);
}

static long max_files(struct call *c)
{
	return sysctl_limit(c, RLIMIT_NOFILE);
}

static long release(struct call *c)
{
	return c->thread->process->release;
}

static long memory_bytes(struct call *c)
{
	struct memory_size m;
	int r = sysctl_memory(c, &m);

	return r < 0 ? r : (long)m.total;
}

static long ps_strings(struct call *c)
{
	return (long)c->thread->process->ps_strings;
}

static long user_stack(struct call *c)
{
	return (long)c->thread->process->stack_high;
}

/* ---- Everything else -------------------------------------------------------------------------- */

static int os_release(struct sysctl *s)
{
	return sysctl_out_text(s, s->c->thread->process->release_name);
}

static int version(struct sysctl *s)
{
	const char *name = s->c->thread->process->release_name;
	char text[80] = "DragonFly ";
	size_t n = strlen(text);

	memcpy(text + n, name, strlen(name));
	n += strlen(name);
	memcpy(text + n, " (guise)\n", sizeof " (guise)\n");
	return sysctl_out_text(s, text);
}

static int host_name(struct sysctl *s)
{
	char name[65];
	int r = sysctl_host_name(s->c, name, sizeof name);

	return r < 0 ? r : sysctl_out_text(s, name);
}

/* sys/time.h: struct clockinfo */
static int clock_rate(struct sysctl *s)
{
	static const struct {
		int32_t hz, tick, tickadj, stathz, profhz;
	} rate = {.hz = 100, .tick = 10000, .tickadj = 40, .stathz = 100, .profhz = 100};

	return sysctl_out(s, &rate, sizeof rate);
}

static int boot_time(struct sysctl *s)
{
	struct {
		int64_t seconds, nanoseconds;
	} t;
	int r = sysctl_boot_time(s->c, &t.seconds, &t.nanoseconds);

	return r < 0 ? r : sysctl_out(s, &t, sizeof t);
}

/* sys/resource.h: struct loadavg, in parts of 2048 (FSCALE). */
static int load_average(struct sysctl *s)
{
	struct {
		uint32_t load[3], padding;
		int64_t scale;
	} average = {.scale = 2048};
	struct memory_size m;
	int r = sysctl_memory(s->c, &m);

	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++)
		average.load[i] = (uint32_t)(m.load[i] / 32);
	return sysctl_out(s, &average, sizeof average);
}

static int cpu_model(struct sysctl *s)
{
	return sysctl_cpu_model(s);
}

/* kern.proc.args.PID and kern.proc.pathname.PID, of the process itself; -1 is that, too. */
static int is_other(const struct sysctl *s)
{
	const struct process *p = s->c->thread->process;

	if (s->depth != 4)
		return -EINVAL;
	return s->path[3] == p->pid || s->path[3] == -1 ? 0 : -ESRCH;
}

static int process_arguments(struct sysctl *s)
{
	int r = is_other(s);

	return r < 0 ? r : sysctl_arguments(s);
}

static int process_path(struct sysctl *s)
{
	int r = is_other(s);

	return r < 0 ? r : sysctl_out_text(s, s->c->thread->process->path);
}

/* ---- The tree --------------------------------------------------------------------------------- */

#define P(...) \
	.path = {__VA_ARGS__}, .depth = sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t)
#define BRANCH(p, n) {p, .form = SYSCTL_BRANCH, .name = (n)},
#define NUMBER(p, f, n, v) {p, .form = SYSCTL_##f, .name = (n), .number = (uint64_t)(v)},
#define COMPUTED(p, f, n, fn) {p, .form = SYSCTL_##f, .name = (n), .compute = (fn)},
#define TEXT(p, n, t) {p, .form = SYSCTL_STRING, .name = (n), .text = (t)},
#define WRITTEN(p, f, fmt, n, fn) \
	{p, .form = SYSCTL_##f, .name = (n), .format = (fmt), .write = (fn)},
#define MORE(p, f, fmt, n, fn) \
	{p, .form = SYSCTL_##f, .name = (n), .format = (fmt), .write = (fn), .takes_more = true},
#define ASKS(p, f, fmt, n, fn) \
	{p, .form = SYSCTL_##f, .name = (n), .format = (fmt), .write = (fn), .asks = true},

static const struct sysctl_node nodes[] = {
#include "personalities/dragonfly/sysctl.def"
};

static const struct sysctl_tree tree = {nodes, COUNT(nodes)};

static int read_value(struct sysctl *s)
{
	return s->path[0] == 0 ? sysctl_about(s, &tree) : sysctl_read(s, &tree);
}

/* (path, depth, old, old length, new, new length) */
TRANSLATOR(dragonfly_sysctl)
{
	enum { MAXNAME = 12 }; /* CTL_MAXNAME */
	struct sysctl s = {.depth = (uint32_t)c->a[1]};
	int r;

	if (s.depth > MAXNAME || s.depth < 2)
		return -EINVAL;
	r = get_guest(c, s.path, c->a[0], s.depth * sizeof *s.path);
	if (r == 0)
		r = sysctl_begin(&s, c, 2);
	return r < 0 ? r : sysctl_end(&s, 2, read_value(&s));
}
