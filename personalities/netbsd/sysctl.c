/* NetBSD's sysctl: the values only it has, the questions about the tree, and the call.
 * Contract: sys/kern/kern_sysctl.c, sys/sys/sysctl.h; NetBSD 7.99 and 10. */
#include "syscalls/sysctl.h"

#include <linux/resource.h>
#include <string.h>

#include "personalities/netbsd/sysctl.h"
#include "syscalls/linux.h"
#include "syscalls/memory.h"
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

static long lowest_address(struct call *c)
{
	(void)c;
	return LOWEST_PLACE;
}

static long highest_address(struct call *c)
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
	char text[80] = "NetBSD ";
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

	t.nanoseconds /= 1000;
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

static int random_bytes(struct sysctl *s)
{
	return sysctl_random(s);
}

static int random_number(struct sysctl *s)
{
	if (!s->old || s->room > sizeof(int32_t))
		s->room = sizeof(int32_t);
	return sysctl_random(s);
}

static int cpu_model(struct sysctl *s)
{
	return sysctl_cpu_model(s);
}

/* kern.proc_args.PID.WHAT, of the process itself: KERN_PROC_ARGV and KERN_PROC_PATHNAME. */
static int process_arguments(struct sysctl *s)
{
	enum { ARGV = 1, PATHNAME = 5 };
	const struct process *p = s->c->thread->process;

	if (s->depth != 4)
		return -EINVAL;
	if (s->path[2] != p->pid && s->path[2] != -1)
		return -ESRCH;
	switch (s->path[3]) {
	case ARGV:
		return sysctl_arguments(s);
	case PATHNAME:
		return sysctl_out_text(s, p->path);
	default:
		return -EOPNOTSUPP;
	}
}

/* ---- The tree --------------------------------------------------------------------------------- */

#define P(...) \
	.path = {__VA_ARGS__}, .depth = sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t)
#define BRANCH(p, n) {p, .form = SYSCTL_BRANCH, .name = (n)},
#define NUMBER(p, f, n, v) {p, .form = SYSCTL_##f, .name = (n), .number = (uint64_t)(v)},
#define COMPUTED(p, f, n, fn) {p, .form = SYSCTL_##f, .name = (n), .compute = (fn)},
#define TEXT(p, n, t) {p, .form = SYSCTL_STRING, .name = (n), .text = (t)},
#define WRITTEN(p, f, n, fn) {p, .form = SYSCTL_##f, .name = (n), .write = (fn)},
#define MORE(p, f, n, fn) {p, .form = SYSCTL_##f, .name = (n), .write = (fn), .takes_more = true},

static const struct sysctl_node nodes[] = {
#include "personalities/netbsd/sysctl.def"
};

static const struct sysctl_tree tree = {nodes, COUNT(nodes)};

/* ---- Questions about the tree ------------------------------------------------------------------ */

enum { QUERY = -2, CREATE = -3, CREATE_SYMBOL = -4, DESTROY = -5, MAP = -6, DESCRIBE = -7 };

/* struct sysctlnode; a question is one, too, of which only the version is looked at. */
struct node {
	uint32_t flags;
	int32_t number;
	char name[32];
	uint32_t version, reserved;
	uint64_t value[2], size, function, parent, description;
};
_Static_assert(sizeof(struct node) == 96, "struct sysctlnode");
#define VERSION 0x01000000u /* SYSCTL_VERS_1 */
#define VERSION_MASK 0xff000000u

static const uint32_t kinds[N_SYSCTL_FORMS] = {
	/* CTLTYPE_NODE, _INT, _STRING, _QUAD, _STRUCT */
	[SYSCTL_BRANCH] = 1, [SYSCTL_INT] = 2,	[SYSCTL_UINT] = 2,   [SYSCTL_LONG] = 4,
	[SYSCTL_ULONG] = 4,  [SYSCTL_BYTE] = 2, [SYSCTL_STRING] = 3, [SYSCTL_OPAQUE] = 5,
};

static int put_node(struct sysctl *s, const struct sysctl_node *node)
{
	const char *last = strrchr(node->name, '.');
	struct node n = {
		.flags = VERSION | kinds[node->form],
		.number = node->path[node->depth - 1],
		.version = 1,
		.size = kinds[node->form] == 2	 ? 4
			: kinds[node->form] == 4 ? 8
						 : 0,
	};
	size_t length;

	last = last ? last + 1 : node->name;
	length = strlen(last) < sizeof n.name ? strlen(last) : sizeof n.name - 1;
	memcpy(n.name, last, length);
	return sysctl_out(s, &n, sizeof n);
}

/* The nodes below the one the path leads to. */
static int query(struct sysctl *s)
{
	uint32_t depth = s->depth - 1;
	const struct sysctl_node *at = depth ? sysctl_find(&tree, s->path, depth) : NULL;
	struct node question;
	int r = 0;

	if (s->new) {
		if (s->new_length != sizeof question)
			return -EINVAL;
		r = get_guest(s->c, &question, s->new, sizeof question);
		if (r == 0 && (question.flags & VERSION_MASK) != VERSION)
			r = -EINVAL;
	}
	if (r == 0 && depth && (!at || at->depth != depth))
		r = -ENOENT;
	if (r == 0 && at && at->form != SYSCTL_BRANCH)
		r = -ENOTDIR;
	for (size_t i = 0; r == 0 && i < COUNT(nodes); i++)
		if (nodes[i].depth == depth + 1 &&
		    !memcmp(nodes[i].path, s->path, depth * sizeof(int32_t)))
			r = put_node(s, &nodes[i]);
	return r;
}

static int read_value(struct sysctl *s)
{
	switch (s->path[s->depth - 1]) {
	case QUERY:
		return query(s);
	case CREATE:
	case CREATE_SYMBOL:
	case DESTROY:
		return -EPERM;
	case MAP:
	case DESCRIBE:
		return -EOPNOTSUPP;
	default:
		return sysctl_read(s, &tree);
	}
}

/* (path, depth, old, old length, new, new length) */
TRANSLATOR(netbsd_sysctl)
{
	enum { MAXNAME = 12 }; /* CTL_MAXNAME */
	struct sysctl s = {.depth = (uint32_t)c->a[1]};
	int r;

	if (s.depth > MAXNAME || s.depth < 1)
		return -EINVAL;
	r = get_guest(c, s.path, c->a[0], s.depth * sizeof *s.path);
	if (r == 0)
		r = sysctl_begin(&s, c, 2);
	return r < 0 ? r : sysctl_end(&s, 2, read_value(&s));
}
