/* FreeBSD's sysctl: the nodes about names, the values only it has, and the two calls.
 * Contract: sys/kern/kern_sysctl.c of FreeBSD 15 and 13.2. */
#include "syscalls/sysctl.h"
#include "syscalls/text.h"

#include <linux/resource.h>
#include <string.h>

#include "personalities/freebsd/capability.h"
#include "personalities/freebsd/interfaces.h"
#include "personalities/freebsd/kinfo.h"
#include "personalities/freebsd/sysctl.h"
#include "syscalls/facts.h"
#include "syscalls/file.h"
#include "syscalls/linux.h"
#include "syscalls/process.h"
#include "syscalls/program.h"
#include "syscalls/sysv.h"

/* ---- Numbers ------------------------------------------------------------------- */

static long cpus(struct call *c)
{
	return sysctl_cpus(c);
}

static long last_cpu(struct call *c)
{
	return sysctl_last_cpu(c);
}

static long cpu_bytes(struct call *c)
{
	long last = sysctl_last_cpu(c);
	return is_error(last) ? last : last / 8 + 1;
}

static long several_cpus(struct call *c)
{
	long n = sysctl_cpus(c);
	return is_error(n) ? n : n > 1;
}

static long max_processes(struct call *c)
{
	long n = sysctl_limit(c, RLIMIT_NPROC);
	return n > 99999 ? 99999 : n; /* PID_MAX */
}

static long max_files(struct call *c)
{
	return sysctl_limit(c, RLIMIT_NOFILE);
}

/* What there may be of System V's: as Linux has it in a new namespace. */
#define SYSV_LIMIT(kind, type, limit) \
	static long limit(struct call *c) \
	{ \
		type limits; \
		int r = sysv_##kind##_limits(c, &limits); \
		return r < 0 ? r : (long)limits.limit; \
	}
SYSV_LIMIT(shm, struct shminfo64, shmmax)
SYSV_LIMIT(shm, struct shminfo64, shmmin)
SYSV_LIMIT(shm, struct shminfo64, shmmni)
SYSV_LIMIT(shm, struct shminfo64, shmseg)
SYSV_LIMIT(shm, struct shminfo64, shmall)
SYSV_LIMIT(msg, struct msginfo, msgmax)
SYSV_LIMIT(msg, struct msginfo, msgmni)
SYSV_LIMIT(msg, struct msginfo, msgmnb)
SYSV_LIMIT(sem, struct seminfo, semmni)
SYSV_LIMIT(sem, struct seminfo, semmns)
SYSV_LIMIT(sem, struct seminfo, semmsl)
SYSV_LIMIT(sem, struct seminfo, semopm)
SYSV_LIMIT(sem, struct seminfo, semvmx)

static long release(struct call *c)
{
	return c->thread->process->release;
}

static long ps_strings(struct call *c)
{
	return (long)c->thread->process->ps_strings;
}

static long user_stack(struct call *c)
{
	return (long)c->thread->process->stack_high;
}

/* Linux's default for a socket, and what of it one message may take (net/core/sock.c:
 * sysctl_wmem_default; net/unix/af_unix.c: unix_dgram_sendmsg). */
#define SOCKET_BUFFER 212992

static long local_buffer(struct call *c)
{
	(void)c;
	return SOCKET_BUFFER;
}

static long local_message(struct call *c)
{
	(void)c;
	return SOCKET_BUFFER - 32;
}

static long lockable_pages(struct call *c)
{
	long n = sysctl_limit(c, RLIMIT_MEMLOCK);
	return is_error(n) ? n : n / (long)GUEST_PAGE;
}

static long open_files(struct call *c)
{
	return kinfo_open_files(c);
}

static long total_memory(struct call *c)
{
	struct memory_size m;
	int r = sysctl_memory(c, &m);
	return r < 0 ? r : (long)m.total;
}

static long total_pages(struct call *c)
{
	long n = total_memory(c);
	return is_error(n) ? n : (long)((uint64_t)n / GUEST_PAGE);
}

static long free_pages(struct call *c)
{
	struct memory_size m;
	int r = sysctl_memory(c, &m);
	return r < 0 ? r : (long)(m.free / GUEST_PAGE);
}

static long swap_total(struct call *c)
{
	struct memory_size m;
	int r = sysctl_memory(c, &m);
	return r < 0 ? r : (long)m.swap;
}

/* ---- Everything else -------------------------------------------------------------- */

static int os_release(struct sysctl *s)
{
	return sysctl_out_text(s, s->c->thread->process->release_name);
}

static int version(struct sysctl *s)
{
	const char *name = s->c->thread->process->release_name;
	char text[80] = "FreeBSD ";
	size_t n = strlen(text);
	memcpy(text + n, name, strlen(name));
	n += strlen(name);
	memcpy(text + n, " guise\n", sizeof " guise\n");
	return sysctl_out_text(s, text);
}

static int host_name(struct sysctl *s)
{
	char name[65];
	int r = sysctl_host_name(s->c, name, sizeof name);
	return r < 0 ? r : sysctl_out_text(s, name);
}

/* sys/time.h: struct clockinfo; what a 15.1 kernel says. */
static int clock_rate(struct sysctl *s)
{
	static const struct {
		int32_t hz, tick, spare, stathz, profhz;
	} rate = {.hz = 100, .tick = 10000, .stathz = 127, .profhz = 8128};
	return sysctl_out(s, &rate, sizeof rate);
}

static int boot_time(struct sysctl *s)
{
	struct {
		int64_t seconds, microseconds;
	} t;
	int r = sysctl_boot_time(s->c, &t.seconds, &t.microseconds);
	t.microseconds /= 1000;
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

/* sys/mount.h: struct xvfsconf, one for each name that statfs may tell. */
static int filesystem_kinds(struct sysctl *s)
{
	enum { VFCF_NETWORK = 0x00020000 };
	struct {
		uint64_t operations;
		char name[16];
		int32_t number, references, flags, padding;
		uint64_t next;
	} kind;
	const char *name;
	bool is_remote;
	int r = 0;

	for (int32_t i = 0; r == 0 && (name = filesystem_kind((size_t)i, &is_remote)); i++) {
		memset(&kind, 0, sizeof kind);
		memcpy(kind.name, name, strlen(name) < 15 ? strlen(name) : 15);
		kind.number = i + 1;
		kind.flags = is_remote ? VFCF_NETWORK : 0;
		r = sysctl_out(s, &kind, sizeof kind);
	}
	return r;
}

/* MAXPAGESIZES entries; no superpages are promised. */
static int page_sizes(struct sysctl *s)
{
	static const uint64_t sizes[3] = {GUEST_PAGE};
	return sysctl_out(s, sizes, sizeof sizes);
}

static int random_bytes(struct sysctl *s)
{
	return sysctl_random(s);
}

static int cpu_model(struct sysctl *s)
{
	return sysctl_cpu_model(s);
}

/* kern.proc.WHAT.PID: what only a process itself can be asked for; another one is not to be
 * seen, which is ESRCH (sys/kern/kern_prot.c: p_cansee). */
static int check_self(const struct sysctl *s)
{
	int pid = kinfo_pid(s);

	return pid < 0 ? pid : pid == s->c->thread->process->pid ? 0 : -ESRCH;
}

static int system_name(struct sysctl *s)
{
	int pid = kinfo_pid(s);
	return pid < 0 ? pid : sysctl_out_text(s, "FreeBSD ELF64");
}

static int own_ps_strings(struct sysctl *s)
{
	int r = check_self(s);
	uint64_t at = s->c->thread->process->ps_strings;
	return r < 0 ? r : sysctl_out(s, &at, sizeof at);
}

/* Linux has no way to ask but to set it. */
static int own_umask(struct sysctl *s)
{
	int r = check_self(s);
	if (r < 0)
		return r;
	uint16_t mask = (uint16_t)host(s->c, __NR_umask, 0777);
	(void)host(s->c, __NR_umask, mask); /* cannot fail */
	return sysctl_out(s, &mask, sizeof mask);
}

/* The release that another process's program asks for; 0 if it has no note. */
static int osrel_of(struct call *c, int pid, uint32_t *release)
{
	const struct personality *system;
	char path[FACTS_PATH];
	uint64_t at;
	long r = facts_arguments(c, pid, NULL, 0, 0, path);

	if (r < 0)
		return (int)r;
	at = scratch(c, sizeof path);
	r = at ? put_guest(c, at, path, strlen(path) + 1) : -ENOMEM;
	if (r == 0)
		r = host(c, __NR_openat, AT_FDCWD, at, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	if (r < 0)
		return (int)r;
	int e = program_identify(c, (int)r, &system, release);
	(void)host(c, __NR_close, r); /* just opened for reading */
	return e;
}

static int release_of(struct sysctl *s)
{
	const struct process *p = s->c->thread->process;
	uint32_t release = p->built_for;
	int pid = kinfo_pid(s), r = 0;

	if (pid >= 0 && pid != p->pid)
		r = osrel_of(s->c, pid, &release);
	if (pid < 0 || r < 0)
		return pid < 0 ? pid : r;
	return sysctl_out(s, &release, sizeof release);
}

/* ---- The tree -------------------------------------------------------------------- */

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
#define REFUSES(p, n, e, why) \
	{p, .form = SYSCTL_BRANCH, .name = (n), .error = -(e), .reason = (why), .takes_more = true},

static const struct sysctl_node nodes[] = {
#include "personalities/freebsd/sysctl.def"
};

static const struct sysctl_tree tree = {nodes, COUNT(nodes)};

/* ---- The calls ------------------------------------------------------------------- */

/* sysctl_root(): a value that capability mode hides is neither read nor written. */
static bool is_hidden(const struct sysctl *s)
{
	const struct sysctl_node *node = sysctl_find(&tree, s->path, s->depth);

	return s->c->thread->process->is_capability_mode && node && (s->old || s->new) &&
	       (s->new || !freebsd_capability_reads(node->name));
}

static int read_value(struct sysctl *s)
{
	if (s->depth >= 2 && s->path[0] == 0)
		return sysctl_about(s, &tree);
	return is_hidden(s) ? -EPERM : sysctl_read(s, &tree);
}

/* "kern.osrelease", "kern.proc.args.2"; what has no name in its numbers. */
size_t freebsd_tell_mib(char *to, size_t size, const void *guest, size_t bytes)
{
	uint32_t depth = (uint32_t)(bytes / sizeof(int32_t));
	struct text t = {.to = to, .size = size};
	int32_t path[SYSCTL_DEPTH];
	const struct sysctl_node *node;

	if (!depth || depth > SYSCTL_DEPTH)
		return 0;
	memcpy(path, guest, depth * sizeof *path);
	node = sysctl_find(&tree, path, depth);
	text_add(&t, "\"");
	text_add(&t, node ? node->name : "");
	for (uint32_t i = node ? node->depth : 0; i < depth; i++) {
		text_add(&t, i ? "." : "");
		text_number(&t, path[i]);
	}
	text_add(&t, "\"");
	return t.n;
}

/* (path, depth, old, old length, new, new length) */
TRANSLATOR(freebsd_sysctl)
{
	struct sysctl s = {.depth = (uint32_t)c->a[1]};
	if (s.depth > SYSCTL_DEPTH || s.depth < 2)
		return -EINVAL;
	int r = get_guest(c, s.path, c->a[0], s.depth * sizeof *s.path);
	if (r == 0)
		r = sysctl_begin(&s, c, 2);
	return r < 0 ? r : sysctl_end(&s, 2, read_value(&s));
}

/* (name, length, old, old length, new, new length) */
TRANSLATOR(freebsd_sysctlbyname)
{
	struct sysctl s = {0};
	char name[SYSCTL_NAME];
	if (c->a[1] == 0 || c->a[1] >= 1024)
		return -EINVAL;
	int r = sysctl_get_name(c, name, c->a[0], c->a[1]);
	if (r == 0)
		r = sysctl_begin(&s, c, 2);
	if (r < 0)
		return r;
	const struct sysctl_node *node = sysctl_find_name(&tree, name);
	if (!node)
		return -ENOENT;
	memcpy(s.path, node->path, sizeof node->path);
	s.depth = node->depth;
	return sysctl_end(&s, 2, read_value(&s));
}
