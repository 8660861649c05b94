/* Reading a tree of values, and the values that several systems have. */
#include "syscalls/sysctl.h"

#include <linux/resource.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>
#include <string.h>

#include "syscalls/linux.h"
#include "syscalls/process.h"
#include "syscalls/time.h"

/* ---- The value's way out -------------------------------------------------------- */

int sysctl_out(struct sysctl *s, const void *from, size_t n)
{
	uint64_t fits = 0;
	if (s->old && s->used < s->room)
		fits = n < s->room - s->used ? n : s->room - s->used;
	int r = fits ? put_guest(s->c, s->old + s->used, from, fits) : 0;
	s->used += n;
	if (r < 0)
		return r;
	return s->old && fits < n ? -ENOMEM : 0;
}

int sysctl_out_text(struct sysctl *s, const char *text)
{
	return sysctl_out(s, text, strlen(text) + 1);
}

int sysctl_begin(struct sysctl *s, struct call *c, int first)
{
	s->c = c;
	s->old = c->a[first];
	s->new = c->a[first + 2];
	s->new_length = c->a[first + 3];
	return c->a[first + 1] ? get_guest(c, &s->room, c->a[first + 1], sizeof s->room) : 0;
}

/* A value that did not fit has the length of what was given (sys/kern/kern_sysctl.c:
 * userland_sysctl). */
long sysctl_end(struct sysctl *s, int first, int error)
{
	if (error < 0 && error != -ENOMEM)
		return error;
	uint64_t length = s->old && s->used > s->room ? s->room : s->used;
	if (s->c->a[first + 1]) {
		int r = put_guest(s->c, s->c->a[first + 1], &length, sizeof length);
		if (r < 0)
			return r;
	}
	return error;
}

/* ---- The tree -------------------------------------------------------------------- */

static bool begins(const struct sysctl_node *node, const int32_t *path, uint32_t n)
{
	return node->depth <= n && !memcmp(node->path, path, node->depth * sizeof *path);
}

const struct sysctl_node *sysctl_find(const struct sysctl_tree *t, const int32_t *path, uint32_t n)
{
	const struct sysctl_node *best = NULL;
	for (size_t i = 0; i < t->n; i++) {
		const struct sysctl_node *node = &t->nodes[i];
		if (begins(node, path, n) && (node->depth == n || node->takes_more) &&
		    (!best || node->depth > best->depth))
			best = node;
	}
	return best;
}

const struct sysctl_node *sysctl_find_name(const struct sysctl_tree *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->nodes[i].name, name))
			return &t->nodes[i];
	return NULL;
}

static int compare(const int32_t *a, uint32_t n, const int32_t *b, uint32_t m)
{
	for (uint32_t i = 0; i < n && i < m; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return n < m ? -1 : n > m;
}

const struct sysctl_node *sysctl_next(const struct sysctl_tree *t, const int32_t *path, uint32_t n)
{
	const struct sysctl_node *next = NULL;
	for (size_t i = 0; i < t->n; i++) {
		const struct sysctl_node *node = &t->nodes[i];
		if (node->form == SYSCTL_BRANCH || node->takes_more || node->asks || node->error ||
		    compare(node->path, node->depth, path, n) <= 0)
			continue;
		if (!next || compare(node->path, node->depth, next->path, next->depth) < 0)
			next = node;
	}
	return next;
}

static int out_number(struct sysctl *s, const struct sysctl_node *node)
{
	long value = (long)node->number;
	if (node->compute) {
		value = node->compute(s->c);
		if (is_error(value))
			return (int)value;
	}
	bool wide = node->form == SYSCTL_LONG || node->form == SYSCTL_ULONG;
	return sysctl_out(s, &value, wide ? 8 : node->form == SYSCTL_BYTE ? 1 : 4);
}

int sysctl_read(struct sysctl *s, const struct sysctl_tree *t)
{
	const struct sysctl_node *node = sysctl_find(t, s->path, s->depth);
	if (!node)
		return -ENOENT;
	s->matched = node->depth;
	if (node->error)
		return node->error;
	if (s->new && !node->asks)
		return -EPERM;
	if (node->write)
		return node->write(s);
	if (node->form == SYSCTL_BRANCH)
		return -EISDIR;
	return node->text ? sysctl_out_text(s, node->text) : out_number(s, node);
}

/* ---- Values ------------------------------------------------------------------------ */

/* A Linux call whose argument `i`, behind a0 and so on, is where it writes `size` bytes.  The
 * room is given back at once: one call of the guest may ask many times. */
static int ask_call(struct call *c, void *to, size_t size, int i, int nr, const uint64_t a[3])
{
	uint64_t all[4] = {a[0], a[1], a[2]};
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, size);
	all[i] = at;
	int r = at ? put_guest(c, at, to, size) : -ENOMEM;
	if (r == 0)
		r = (int)host(c, nr, all[0], all[1], all[2], all[3]);
	if (r >= 0)
		r = get_guest(c, to, at, size);
	c->scratch_used = mark;
	return r;
}
#define ask(c, to, size, i, nr, ...) ask_call(c, to, size, i, nr, (const uint64_t[3]){__VA_ARGS__})

#define CPU_WORDS 16

static int cpu_mask(struct call *c, uint64_t mask[CPU_WORDS])
{
	size_t bytes = CPU_WORDS * sizeof *mask;
	memset(mask, 0, bytes); /* Linux fills what it has processors for */
	return ask(c, mask, bytes, 2, __NR_sched_getaffinity, 0, bytes);
}

long sysctl_cpus(struct call *c)
{
	uint64_t mask[CPU_WORDS];
	long n = 0;
	int r = cpu_mask(c, mask);
	if (r < 0)
		return r;
	for (size_t i = 0; i < CPU_WORDS * 64; i++)
		n += mask[i / 64] >> (i % 64) & 1;
	return n;
}

long sysctl_last_cpu(struct call *c)
{
	uint64_t mask[CPU_WORDS];
	long last = 0;
	int r = cpu_mask(c, mask);
	if (r < 0)
		return r;
	for (size_t i = 0; i < CPU_WORDS * 64; i++)
		if (mask[i / 64] >> (i % 64) & 1)
			last = (long)i;
	return last;
}

int sysctl_memory(struct call *c, struct memory_size *m)
{
	struct sysinfo info = {0};
	int r = ask(c, &info, sizeof info, 0, __NR_sysinfo, 0);
	if (r < 0)
		return r;
	m->total = (uint64_t)info.totalram * info.mem_unit;
	m->free = (uint64_t)info.freeram * info.mem_unit;
	m->swap = (uint64_t)info.totalswap * info.mem_unit;
	for (int i = 0; i < 3; i++)
		m->load[i] = info.loads[i];
	return 0;
}

long sysctl_limit(struct call *c, int host_limit)
{
	struct rlimit64 limit = {0};
	int r = ask(c, &limit, sizeof limit, 3, __NR_prlimit64, 0, (uint64_t)host_limit, 0);
	if (r < 0)
		return r;
	return limit.rlim_max > INT32_MAX ? INT32_MAX : (long)limit.rlim_max;
}

int sysctl_host_name(struct call *c, char *name, size_t size)
{
	struct new_utsname u = {0};
	int r = ask(c, &u, sizeof u, 0, __NR_uname, 0);
	if (r < 0)
		return r;
	u.nodename[sizeof u.nodename - 1] = 0;
	size_t n = strlen(u.nodename) < size ? strlen(u.nodename) : size - 1;
	memcpy(name, u.nodename, n);
	name[n] = 0;
	return 0;
}

int sysctl_boot_time(struct call *c, int64_t *seconds, int64_t *nanoseconds)
{
	uint64_t wall, up;
	int r = now_ns(c, CLOCK_REALTIME, &wall);
	if (r == 0)
		r = now_ns(c, CLOCK_BOOTTIME, &up);
	if (r < 0)
		return r;
	*seconds = (int64_t)((wall - up) / NS_PER_SECOND);
	*nanoseconds = (int64_t)((wall - up) % NS_PER_SECOND);
	return 0;
}

/* As much as is asked for, 256 bytes at most: what Linux gives at once. */
int sysctl_random(struct sysctl *s)
{
	unsigned char bytes[256];
	uint64_t n = s->old && s->room < sizeof bytes ? s->room : sizeof bytes;
	uint64_t at = scratch(s->c, sizeof bytes);
	long r = at ? host(s->c, __NR_getrandom, at, n, 0) : -ENOMEM;
	if (r >= 0)
		r = get_guest(s->c, bytes, at, n);
	return r < 0 ? (int)r : sysctl_out(s, bytes, n);
}

static void cpuid(uint32_t leaf, uint32_t out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
			 : "a"(leaf), "c"(0));
}

int sysctl_cpu_model(struct sysctl *s)
{
	union {
		uint32_t words[13];
		char text[52];
	} model = {0};
	uint32_t r[4];
	cpuid(0x80000000, r);
	for (uint32_t i = 0; r[0] >= 0x80000004 && i < 3; i++)
		cpuid(0x80000002 + i, &model.words[4 * i]);
	const char *text = model.text;
	while (*text == ' ')
		text++;
	return sysctl_out_text(s, *text ? text : "x86-64");
}

/* One string of the guest's, with its NUL, however long it is. */
static int out_guest_string(struct sysctl *s, uint64_t at)
{
	char piece[512];
	for (;;) {
		long n = get_guest_string(s->c, piece, at, sizeof piece);
		if (n < 0 && n != -ENAMETOOLONG)
			return (int)n;
		size_t bytes = n < 0 ? sizeof piece : (size_t)n + 1;
		int r = sysctl_out(s, piece, bytes);
		if (r < 0 || n >= 0)
			return r;
		at += bytes;
	}
}

/* The strings that the argument block points to, one after the other. */
int sysctl_arguments(struct sysctl *s)
{
	const struct process *p = s->c->thread->process;
	struct {
		uint64_t vector;
		uint32_t n, padding;
	} block;
	if (!p->ps_strings)
		return -ENOENT;
	int r = get_guest(s->c, &block, p->ps_strings, sizeof block);
	for (uint32_t i = 0; r == 0 && i < block.n; i++) {
		uint64_t at;
		r = get_guest(s->c, &at, block.vector + 8UL * i, sizeof at);
		if (r == 0)
			r = out_guest_string(s, at);
	}
	return r;
}
