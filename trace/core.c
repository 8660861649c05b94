#include "trace/core.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "syscalls/signal.h"

#define MOST_VECTOR 1024 /* bytes of the auxiliary vector */
#define MOST_STRINGS 65536UL /* of arguments, of the environment */

int cores_open(const char *path, uint64_t most, struct cores **out)
{
	const char *name = strrchr(path, '/');
	char *way = name ? strndup(path, (size_t)(name - path) + 1) : strdup(".");
	struct cores *c = malloc(sizeof *c);

	if (!c) {
		free(way);
		return -ENOMEM;
	}
	*c = (struct cores){.directory = -1, .left = most, .files = 64, .tell = stderr};
	c->name = strdup(name ? name + 1 : path);
	if (way && c->name && *c->name)
		c->directory = open(way, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int e = !way || !c->name ? -ENOMEM : !*c->name ? -EISDIR : c->directory < 0 ? -errno : 0;
	free(way);
	if (e < 0)
		cores_close(c);
	else
		*out = c;
	return e;
}

void cores_close(struct cores *c)
{
	if (!c)
		return;
	if (c->directory >= 0)
		close(c->directory);
	free(c->name);
	free(c);
}

/* %p: the number; the rest as it is. */
static char *name_of(const struct cores *c, uint32_t pid)
{
	char *out = NULL;
	size_t n;
	FILE *f = open_memstream(&out, &n);

	if (!f)
		return NULL;
	for (const char *at = c->name; *at; at++)
		if (at[0] == '%' && at[1] == 'p') {
			fprintf(f, "%" PRIu32, pid);
			at++;
		} else {
			fputc(*at, f);
		}
	if (fclose(f) == 0)
		return out;
	free(out);
	return NULL;
}

/* ---- What is known of the process ---------------------------------------------------------- */

/* What the start code put there, as far as it still is; the guest may have written there. */
static void read_arguments(struct core *c, const struct view *v, uint64_t argc)
{
	uint64_t at;
	size_t n = 0;

	for (uint64_t i = 0; i < argc && n + 2 < sizeof c->arguments; i++) {
		size_t room = sizeof c->arguments - n - 2, got;

		if (view_read(v, c->process->vectors + 8 + 8 * i, &at, 8) != 8)
			break;
		if (n)
			c->arguments[n++] = ' ';
		got = view_read(v, at, c->arguments + n, room);
		n += strnlen(c->arguments + n, got);
		c->arguments[n] = 0;
	}
	memset(c->arguments + n, 0, sizeof c->arguments - n);
}

static void read_vectors(struct core *c, const struct view *v, uint64_t *vector)
{
	uint64_t argc, at = c->process->vectors, word = 1;

	if (!at || view_read(v, at, &argc, 8) != 8 || argc > MOST_STRINGS)
		return;
	read_arguments(c, v, argc);
	at += 8 + 8 * (argc + 1);
	for (uint64_t i = 0; word && i < MOST_STRINGS; i++, at += 8)
		if (view_read(v, at, &word, 8) != 8)
			return;
	c->n_vector = view_read(v, at, vector, MOST_VECTOR) & ~15UL;
	for (size_t i = 0; i < c->n_vector / 16; i++)
		if (!vector[2 * i])
			c->n_vector = 16 * (i + 1);
	c->vector = vector;
}

static void read_numbers(struct core *c, const struct view *v)
{
	uint32_t group = 0, session = 0, parent = 0;
	char mask[16];

	(void)view_number(v->process, "NSpgid:", &group); /* else it stays 0 */
	(void)view_number(v->process, "NSsid:", &session);
	(void)view_number(v->process, "PPid:", &parent);
	int up = view_process((pid_t)parent);
	if (up < 0 || !view_number(up, "NSpid:", &parent))
		parent = 0;
	if (up >= 0)
		close(up);
	c->group = (int32_t)group;
	c->session = (int32_t)session;
	c->parent = (int32_t)parent;
	(void)view_number(v->process, "Uid:", &c->uid); /* the caller's own, and so the guest's */
	(void)view_number(v->process, "Gid:", &c->gid);
	c->umask = view_status(v->process, "Umask:", mask, sizeof mask)
			   ? (uint32_t)strtoul(mask, NULL, 8)
			   : UINT32_MAX;
}

/* /proc/PID/limits: a head line, then by Linux's numbers "name  soft  hard  units" in columns 26
 * bytes and more from the left (fs/proc/base.c: proc_pid_limits). */
static void read_limits(struct core *c, const struct view *v)
{
	char line[160];
	int fd = openat(v->process, "limits", O_RDONLY | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

	memset(c->limits, 0xff, sizeof c->limits);
	if (!in) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (!fgets(line, sizeof line, in))
		line[0] = 0;
	for (size_t i = 0; i < sizeof c->limits / sizeof *c->limits && fgets(line, sizeof line, in);
	     i++) {
		char *end = line + (strlen(line) > 26 ? 26 : 0);

		for (int k = 0; k < 2; k++) {
			while (*end == ' ')
				end++;
			c->limits[i][k] = *end == 'u' ? UINT64_MAX : strtoull(end, NULL, 10);
			end += strcspn(end, " \n");
		}
	}
	fclose(in);
}

static struct core_mapping *list_mappings(const struct view *v, const struct core_request *q,
					  bool has_vdso, size_t *n)
{
	struct core_mapping *list = calloc(v->n_mappings + 1, sizeof *list);

	*n = 0;
	for (size_t i = 0; list && i < v->n_mappings; i++) {
		const struct mapping *m = &v->mappings[i];
		bool is_vdso = strcmp(m->path, "[vdso]") == 0;

		/* [stack]: Linux's own, of the translator's start; the guest's is another. */
		if ((m->start >= q->low && m->start < q->high) || strcmp(m->path, "[stack]") == 0 ||
		    (strncmp(m->path, "[v", 2) == 0 && !(is_vdso && has_vdso)))
			continue;
		list[(*n)++] = (struct core_mapping){m->start,	    m->end,	 m->offset,
						     m->path,	    m->readable, m->writable,
						     m->executable, m->shared};
	}
	return list;
}

/* ---- The file -------------------------------------------------------------------------------- */

/* Beside its place, and then there as a whole: nothing of a link or an older file is written to. */
static int64_t write_file(struct cores *cores, const char *name, struct core_file *f,
			  const struct core *c)
{
	char temporary[32];
	uint64_t chance;

	if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
		return -EIO;
	(void)snprintf(temporary, sizeof temporary, ".core-%016" PRIx64, chance); /* long enough */
	f->fd = openat(cores->directory, temporary,
		       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return -errno;
	int64_t n = core_file_write(f, c);
	if (n >= 0 && renameat(cores->directory, temporary, cores->directory, name) < 0)
		n = -errno;
	if (n < 0)
		(void)unlinkat(cores->directory, temporary, 0); /* if it is still there */
	close(f->fd);
	return n;
}

static int64_t write_core(struct cores *cores, const char *name, const struct view *v,
			  const struct core_request *q, struct process *p, bool *is_cut)
{
	uint64_t vector[MOST_VECTOR / 8];
	struct core c = {.process = p, .info = &q->info};
	struct core_file f = {
		.view = v,
		.format = p->personality->core,
		.low = q->low,
		.high = q->high,
		.most = cores->left,
	};
	struct core_threads *threads = core_threads_stop(v, q);
	int64_t n = -ENOMEM;

	if (!threads)
		return n;
	c.threads = core_threads_list(threads, &c.n_threads);
	c.mappings = list_mappings(v, q, f.format->has_vdso, &c.n_mappings);
	read_vectors(&c, v, vector);
	read_numbers(&c, v);
	read_limits(&c, v);
	if (c.mappings && c.n_threads)
		n = write_file(cores, name, &f, &c);
	else if (c.mappings)
		n = -ESRCH;
	core_threads_go(threads);
	free((void *)c.mappings);
	*is_cut = f.is_cut;
	return n;
}

void core_clean(struct signal_info *info)
{
	bool *const all[] = {&info->is_fault, &info->to_thread, &info->has_host};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		uint8_t byte;

		memcpy(&byte, all[i], 1);
		*all[i] = byte != 0;
	}
}

/* The resident's own description of the process; nothing in it is taken for granted. */
static struct process *read_process(const struct view *v, const struct personality *p, uint32_t pid,
				    const struct core_request *q)
{
	struct process *out = malloc(sizeof *out);

	if (!out || view_read(v, q->process, out, sizeof *out) != sizeof *out) {
		free(out);
		return NULL;
	}
	out->personality = p;
	out->pid = (int32_t)pid;
	return out;
}

static void tell(const struct cores *c, const struct core_request *q, const struct personality *p,
		 uint32_t pid, const char *name, int64_t n, bool is_cut)
{
	const struct signal *s = signal_by_guest(p, q->info.number);

	fprintf(c->tell, "guise: process %" PRIu32 " (%s): ", pid, s ? s->name : "a signal");
	if (n < 0)
		fprintf(c->tell, "no core file %s: %s\n", name, strerror((int)-n));
	else
		fprintf(c->tell, "core file %s%s\n", name,
			is_cut ? ", cut short: --core-size says how large" : "");
	(void)fflush(c->tell); /* there is nowhere else to say it */
}

void cores_write(struct cores *c, const struct personality *p, uint32_t pid,
		 const struct core_request *q)
{
	char *name = name_of(c, pid);
	struct view v;
	int64_t n = name ? -EDQUOT : -ENOMEM;
	bool is_cut = false;

	if (name && c->files && c->left) {
		n = view_open_inside(&v, pid);
		if (n == 0) {
			n = view_renew(&v);
			struct process *process = n < 0 ? NULL : read_process(&v, p, pid, q);
			if (process)
				n = write_core(c, name, &v, q, process, &is_cut);
			else if (n == 0)
				n = -EFAULT;
			free(process);
			view_close(&v);
		}
	}
	if (n >= 0) {
		c->files--;
		c->left -= (uint64_t)n < c->left ? (uint64_t)n : c->left;
	}
	tell(c, q, p, pid, name ? name : "", n, is_cut);
	free(name);
}
