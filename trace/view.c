#include "trace/view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_MAPS (16UL << 20) /* bytes: Linux's own limit of mappings makes about 7 MiB */
#define MOST_ANCESTORS 4096

/* ---- Which process ---------------------------------------------------------------- */

bool view_status(int process, const char *line, char *to, size_t n)
{
	char text[4096];
	int fd = openat(process, "status", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return false;
	text[got] = 0;
	for (char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, line, strlen(line)) == 0) {
			(void)snprintf(to, n, "%.*s", (int)strcspn(at, "\n") - (int)strlen(line),
				       at + strlen(line));
			return true;
		}
	}
	return false;
}

int view_process(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof path, "/proc/%d", pid); /* long enough */
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static pid_t parent_of(int process)
{
	char line[64];

	return view_status(process, "PPid:", line, sizeof line) ? (pid_t)strtol(line, NULL, 10) : 0;
}

/* By its parents, up to this process. */
static bool is_ours(int process)
{
	pid_t pid = parent_of(process);

	for (int i = 0; i < MOST_ANCESTORS && pid > 1; i++) {
		int up;

		if (pid == getpid())
			return true;
		up = view_process(pid);
		pid = up < 0 ? 0 : parent_of(up);
		if (up >= 0)
			close(up);
	}
	return false;
}

bool view_number(int process, const char *line, uint32_t *number)
{
	char text[256];
	const char *last;

	if (!view_status(process, line, text, sizeof text))
		return false;
	last = strrchr(text, '\t');
	*number = (uint32_t)strtoul(last ? last + 1 : text, NULL, 10);
	return true;
}

/* Its number in the innermost of its pid namespaces. */
static bool has_number(int process, uint32_t inside)
{
	uint32_t number;

	return view_number(process, "NSpid:", &number) && number == inside;
}

/* ---- Opening ------------------------------------------------------------------------ */

static int open_in(struct view *v, int process)
{
	*v = (struct view){.process = process, .memory = -1, .maps = -1};
	v->maps = openat(process, "maps", O_RDONLY | O_CLOEXEC);
	v->memory = v->maps < 0 ? -1 : openat(process, "mem", O_RDONLY | O_CLOEXEC);
	if (v->memory >= 0)
		return 0;
	int e = -errno;
	view_close(v);
	return e;
}

int view_open(struct view *v, pid_t pid)
{
	int process = view_process(pid);

	return process < 0 ? -errno : open_in(v, process);
}

int view_open_inside(struct view *v, uint32_t pid)
{
	DIR *all = opendir("/proc");
	int found = -1;

	if (!all)
		return -errno;
	for (struct dirent *e; found < 0 && (e = readdir(all));) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		found = openat(dirfd(all), e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (found >= 0 && (!has_number(found, pid) || !is_ours(found))) {
			close(found);
			found = -1;
		}
	}
	closedir(all);
	return found < 0 ? -ESRCH : open_in(v, found);
}

void view_close(struct view *v)
{
	close(v->process);
	if (v->memory >= 0)
		close(v->memory);
	if (v->maps >= 0)
		close(v->maps);
	free(v->text);
	free(v->names);
	free(v->mappings);
	*v = (struct view){.process = -1, .memory = -1, .maps = -1};
}

/* ---- Mappings -------------------------------------------------------------------------- */

/* All of /proc/PID/maps, to be freed; NULL if there is nothing, or too much. */
static char *read_maps(int fd, size_t *n)
{
	size_t room = 1 << 16;
	char *text = malloc(room);

	*n = 0;
	while (text && room <= MOST_MAPS) {
		ssize_t got = pread(fd, text + *n, room - *n - 1, (off_t)*n);

		if (got <= 0)
			break;
		*n += (size_t)got;
		if (room - *n > 1 << 15)
			continue;
		room *= 2;
		char *more = realloc(text, room);
		if (!more)
			break;
		text = more;
	}
	if (text && *n) {
		text[*n] = 0;
		return text;
	}
	free(text);
	return NULL;
}

/* Linux writes a line end within a name as \012, and no other byte otherwise than it is. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		bool is_end = strncmp(from, "\\012", 4) == 0;

		*to++ = is_end ? '\n' : *from;
		from += is_end ? 4 : 1;
	}
	*to = 0;
}

/* "start-end rwxp offset device inode   path" */
static bool parse_line(char *line, struct mapping *m)
{
	char access[5];
	int path = 0;

	if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %n", &m->start, &m->end, access, &m->offset,
		   &path) < 4 ||
	    !path)
		return false;
	m->readable = access[0] == 'r';
	m->writable = access[1] == 'w';
	m->executable = access[2] == 'x';
	m->shared = access[3] == 's';
	m->path = line + path;
	unescape(line + path);
	return true;
}

static int parse(struct view *v)
{
	size_t lines = 0;

	for (const char *at = v->names; (at = strchr(at, '\n')); at++)
		lines++;
	v->n_mappings = 0;
	v->mappings = calloc(lines + 1, sizeof *v->mappings);
	if (!v->mappings)
		return -ENOMEM;
	for (char *line = v->names, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		v->n_mappings += parse_line(line, &v->mappings[v->n_mappings]);
	}
	return 0;
}

int view_renew(struct view *v)
{
	size_t n;
	char *text = read_maps(v->maps, &n);

	if (!text)
		return -ESRCH;
	if (v->mappings && n == v->n_text && memcmp(text, v->text, n) == 0) {
		free(text);
		return 0;
	}
	free(v->text);
	free(v->names);
	free(v->mappings);
	v->mappings = NULL;
	v->text = text;
	v->n_text = n;
	v->names = strdup(text);
	v->turn++;
	return v->names ? parse(v) : -ENOMEM;
}

const struct mapping *view_find(const struct view *v, uint64_t address)
{
	size_t low = 0, high = v->n_mappings;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->mappings[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < v->n_mappings && v->mappings[low].start <= address ? &v->mappings[low] : NULL;
}

/* ---- Contents ----------------------------------------------------------------------------- */

size_t view_read(const struct view *v, uint64_t address, void *to, size_t n)
{
	size_t done = 0;

	if (address > INT64_MAX - n)
		return 0;
	while (done < n) {
		ssize_t got = pread(v->memory, (char *)to + done, n - done,
				    (off_t)(address + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

/* Only then for reading: a device or a pipe must not notice, nor make us wait (O_NONBLOCK: nor
 * a lease). */
static int open_plain(int place)
{
	char path[32];
	struct stat st;

	if (fstat(place, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENODEV;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", place); /* long enough */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int view_file(const struct view *v, const struct mapping *m)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int root, place;

	if (m->path[0] != '/')
		return -ENOENT;
	root = openat(v->process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	place = (int)syscall(SYS_openat2, root, m->path, &how, sizeof how);
	int fd = place < 0 ? -errno : open_plain(place);
	if (place >= 0)
		close(place);
	close(root);
	return fd;
}
