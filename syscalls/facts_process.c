/* What /proc tells of one process: stat, status, cmdline (Linux 6.1,
 * Documentation/filesystems/proc.rst).  The text is Linux's own, but names in it are the
 * guest's: nothing is taken for granted of them. */
#include <string.h>

#include "syscalls/facts.h"
#include "syscalls/launch.h"
#include "syscalls/process.h"

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return 99;
}

bool facts_word(const char **at, uint64_t *n, unsigned base)
{
	const char *s = *at;
	bool negative;

	while (*s == ' ' || *s == '\t')
		s++;
	negative = *s == '-';
	s += negative;
	if (digit(*s) >= base)
		return false;
	for (*n = 0; digit(*s) < base; s++)
		*n = *n * base + digit(*s);
	if (negative)
		*n = -*n;
	*at = s;
	return true;
}

/* "pid (name) S ..."; the name may hold anything, the last parenthesis ends it. */
static int read_stat(const char *text, struct process_facts *out)
{
	enum {
		PARENT,
		GROUP,
		SESSION,
		TERMINAL,
		TERMINAL_GROUP,
		MINOR = 6,
		MAJOR = 8,
		USER = 10,
		SYSTEM,
		CHILDREN_USER,
		CHILDREN_SYSTEM,
		NICE = 15,
		THREADS,
		START = 18,
		MEMORY,
		RESIDENT,
		PROCESSOR = 35,
		N_WORDS,
	};
	uint64_t words[N_WORDS] = {0};
	const char *name = NULL, *end = NULL;

	for (const char *s = text; *s; s++) {
		if (*s == '(' && !name)
			name = s + 1;
		if (*s == ')')
			end = s;
	}
	if (!name || !end || end < name || end[1] != ' ' || !end[2])
		return -EIO;
	size_t length = (size_t)(end - name);
	if (length >= sizeof out->name)
		length = sizeof out->name - 1;
	memcpy(out->name, name, length);
	out->state = end[2];
	const char *at = end + 3;
	for (int i = 0; i < N_WORDS; i++)
		if (!facts_word(&at, &words[i], 10))
			return -EIO;
	out->parent = (int32_t)words[PARENT];
	out->group = (int32_t)words[GROUP];
	out->session = (int32_t)words[SESSION];
	out->terminal = (uint32_t)words[TERMINAL];
	out->terminal_group = (int32_t)words[TERMINAL_GROUP];
	out->minor_faults = words[MINOR];
	out->major_faults = words[MAJOR];
	out->user = words[USER];
	out->system = words[SYSTEM];
	out->children_user = words[CHILDREN_USER];
	out->children_system = words[CHILDREN_SYSTEM];
	out->nice = (int32_t)words[NICE];
	out->threads = (int32_t)words[THREADS];
	out->start = words[START];
	out->memory = words[MEMORY];
	out->resident = words[RESIDENT];
	out->processor = (int32_t)words[PROCESSOR];
	return 0;
}

/* What follows "\nkey:" in the text, or NULL. */
static const char *after(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *s = text; *s; s++)
		if (*s == '\n' && memcmp(s + 1, key, n) == 0)
			return s + 1 + n;
	return NULL;
}

static void read_ids(const char *text, const char *key, uint32_t out[3])
{
	const char *at = after(text, key);
	uint64_t n;

	for (int i = 0; at && i < 3 && facts_word(&at, &n, 10); i++)
		out[i] = (uint32_t)n;
}

static uint64_t read_number(const char *text, const char *key, unsigned base)
{
	const char *at = after(text, key);
	uint64_t n = 0;

	return at && facts_word(&at, &n, base) ? n : 0;
}

static void read_status(const char *text, struct process_facts *out)
{
	const char *at = after(text, "Groups:");
	uint64_t n;

	read_ids(text, "Uid:", out->uid);
	read_ids(text, "Gid:", out->gid);
	while (at && out->n_groups < sizeof out->groups / sizeof *out->groups &&
	       facts_word(&at, &n, 10))
		out->groups[out->n_groups++] = (uint32_t)n;
	out->pending = read_number(text, "SigPnd:", 16) | read_number(text, "ShdPnd:", 16);
	out->blocked = read_number(text, "SigBlk:", 16);
	out->ignored = read_number(text, "SigIgn:", 16);
	out->caught = read_number(text, "SigCgt:", 16);
	out->switches = read_number(text, "voluntary_ctxt_switches:", 10);
	out->forced_switches = read_number(text, "nonvoluntary_ctxt_switches:", 10);
}

/* "task/TID/" before the file's name. */
static void name_of(char to[48], int tid, const char *file)
{
	size_t n = 0;

	if (tid) {
		memcpy(to, "task/", 5);
		n = 5 + facts_number(to + 5, (uint64_t)tid);
		to[n++] = '/';
	}
	memcpy(to + n, file, strlen(file) + 1);
}

int facts_process(struct call *c, int pid, int tid, struct process_facts *out)
{
	char text[4096], name[48];
	long n;
	int r;

	*out = (struct process_facts){.pid = pid};
	name_of(name, tid, "stat");
	n = facts_read(c, pid, name, text, sizeof text - 1, 0);
	if (n < 0)
		return (int)n;
	text[n] = 0;
	r = read_stat(text, out);
	if (r < 0)
		return r;
	name_of(name, tid, "status");
	n = facts_read(c, pid, name, text, sizeof text - 1, 0);
	if (n < 0)
		return (int)n;
	text[n] = 0;
	read_status(text, out);
	return 0;
}

/* How much of cmdline is launch.h's: "guise", the handover, the path. */
static size_t resident_part(const char *text, size_t n, const char **program)
{
	size_t handover = sizeof "guise", path = handover + HANDOVER_TEXT;
	const char *end;

	*program = text;
	if (n <= path || memcmp(text, "guise", sizeof "guise") != 0 || text[path - 1] ||
	    memchr(text + handover, 0, HANDOVER_TEXT) != text + path - 1)
		return 0;
	end = memchr(text + path, 0, n - path);
	*program = text + path;
	return end ? (size_t)(end + 1 - text) : 0;
}

long facts_arguments(struct call *c, int pid, char *to, size_t n, uint64_t offset, char *program)
{
	char text[FACTS_PATH + HANDOVER_TEXT + 16];
	const char *path;
	long got = facts_read(c, pid, "cmdline", text, sizeof text - 1, 0);
	size_t skip, length;

	if (got < 0)
		return got;
	text[got] = 0;
	skip = resident_part(text, (size_t)got, &path);
	if (program) {
		length = strlen(path) < FACTS_PATH ? strlen(path) : FACTS_PATH - 1;
		memcpy(program, path, length);
		program[length] = 0;
	}
	return n ? facts_read(c, pid, "cmdline", to, n, skip + offset) : 0;
}

/* ---- Descriptors, limits ---------------------------------------------------------------- */

/* "pos:", "flags:" (octal), "mnt_id:", a line each. */
int facts_opening(struct call *c, int pid, int fd, struct opening_facts *out)
{
	char text[256] = "\n", name[32] = "fdinfo/";
	long got;

	name[7 + facts_number(name + 7, (uint64_t)fd)] = 0;
	got = facts_read(c, pid, name, text + 1, sizeof text - 2, 0);
	if (got < 0)
		return (int)got;
	text[got + 1] = 0;
	out->position = read_number(text, "pos:", 10);
	out->flags = read_number(text, "flags:", 8);
	out->mount = read_number(text, "mnt_id:", 10);
	return 0;
}

static uint64_t limit_at(const char *at)
{
	uint64_t n;

	return facts_word(&at, &n, 10) ? n : UINT64_MAX; /* "unlimited" */
}

/* A line each in the order of their numbers, after a heading: a name of 26 columns, the two
 * values in 21 each (fs/proc/base.c: proc_pid_limits). */
int facts_limit(struct call *c, int pid, unsigned resource, uint64_t out[2])
{
	enum { SOFT_AT = 26, HARD_AT = 47 };
	char text[2048];
	const char *line = text;
	long n = facts_read(c, pid, "limits", text, sizeof text - 1, 0);

	if (n < 0)
		return (int)n;
	text[n] = 0;
	for (unsigned i = 0; line && i <= resource; i++) {
		line = memchr(line, '\n', (size_t)(text + n - line));
		line = line ? line + 1 : NULL;
	}
	if (!line || text + n - line < HARD_AT + 1)
		return -EIO;
	out[0] = limit_at(line + SOFT_AT);
	out[1] = limit_at(line + HARD_AT);
	return 0;
}

/* ---- Mounts ------------------------------------------------------------------------------ */

/* Blanks, backslashes and the like are written \\ooo (fs/proc_namespace.c: mangle). */
static size_t unescape(const char *from, const char *end, char *to, size_t size)
{
	size_t n = 0;

	while (from < end && n + 1 < size) {
		if (*from == '\\' && end - from >= 4) {
			to[n++] = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
					 (from[3] - '0'));
			from += 4;
		} else {
			to[n++] = *from++;
		}
	}
	to[n] = 0;
	return n;
}

/* "number parent device root path options ...": a line each. */
static int read_mount(const char *line, const char *end, struct mount_facts *out)
{
	const char *at = line;

	if (!facts_word(&at, &out->number, 10))
		return -EIO;
	for (int words = 0; words < 4; words++) {
		at = memchr(at, ' ', (size_t)(end - at));
		if (!at)
			return -EIO;
		at++;
	}
	const char *stop = memchr(at, ' ', (size_t)(end - at));
	if (!stop)
		return -EIO;
	unescape(at, stop, out->path, sizeof out->path);
	return 0;
}

int facts_mount(struct call *c, uint64_t *offset, struct mount_facts *out)
{
	char text[4096];
	long n = facts_read(c, c->thread->process->pid, "mountinfo", text, sizeof text, *offset);
	const char *end;

	if (n <= 0)
		return n < 0 ? (int)n : -ENOENT;
	end = memchr(text, '\n', (size_t)n);
	if (!end)
		return -EIO; /* a line longer than any path here may be */
	*offset += (uint64_t)(end + 1 - text);
	return read_mount(text, end, out);
}
