#include "cli/names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/overlay.h"
#include "sandbox/scope.h"
#include "syscalls/personality.h"

/* Where a program without a path is looked for inside, and its own PATH. */
#define INSIDE_PATH "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"

/* ---- Paths --------------------------------------------------------------------- */

static bool has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (p[2] == 0 || p[2] == '/'))
			return true;
	return false;
}

/* In place: "/a//./b/" -> "/a/b" */
static void tidy(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		while (*from == '/')
			from++;
		size_t n = strcspn(from, "/");
		bool dot = n == 1 && *from == '.';
		if (n > 0 && !dot) {
			*to++ = '/';
			memmove(to, from, n);
			to += n;
		}
		from += n;
	}
	if (to == path)
		*to++ = '/';
	*to = 0;
}

char *names_absolute(const char *path)
{
	AUTO_FREE char *here = NULL;
	char *whole;

	if (has_dotdot(path))
		return realpath(path, NULL);
	if (path[0] != '/') {
		here = getcwd(NULL, 0);
		if (!here)
			return NULL;
	}
	if (asprintf(&whole, "%s/%s", here ? here : "", path) < 0)
		return NULL;
	tidy(whole);
	return whole;
}

/* Where the host keeps its own programs and what they need: nobody's secrets. */
static const char *const host_system[] = {
	"/usr",
	"/bin",
	"/sbin",
	"/lib",
	"/lib32",
	"/lib64",
	"/etc/alternatives",
	"/etc/ld.so.cache",
	"/etc/ld-musl-x86_64.path",
};

int names_host_system(const struct inspection *i, struct box_options *box, struct failure *why)
{
	if (!i->image.facts.interpreter[0] || !i->system || !i->system->is_host || box->root ||
	    box->host_system)
		return 0;
	box->host_system = true;
	for (size_t n = 0; n < COUNT(host_system); n++) {
		char *from = realpath(host_system[n], NULL);
		char *to = from ? strdup(host_system[n]) : NULL;

		if (!from)
			continue;
		if (!to || box->n_binds == BOX_BINDS) {
			free(from);
			free(to);
			return failure_set(why, EXIT_GUISE, "more than %d places; combine some",
					   BOX_BINDS);
		}
		memmove(box->binds + 1, box->binds, box->n_binds++ * sizeof box->binds[0]);
		box->binds[0] = (struct bind){.from = from, .to = to};
	}
	return 0;
}

/* ---- The inside, from outside ---------------------------------------------------- */

static int open_beneath(const char *directory, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	AUTO_CLOSE int base = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (base < 0)
		return -errno;
	int fd = (int)syscall(SYS_openat2, base, path, &how, sizeof how);
	return fd < 0 ? -errno : fd;
}

static bool is_in(const char *path, const char *place)
{
	size_t n = strlen(place);

	return strncmp(path, place, n) == 0 && (path[n] == 0 || path[n] == '/');
}

/* The last of the deepest places that path is in: the one that will be seen. */
static struct bind find_place(const struct box_options *o, const char *path, bool working)
{
	struct bind found = {.from = o->root, .to = ""};

	for (size_t i = 0; i < o->n_binds; i++)
		if (strcmp(o->binds[i].to, "/") == 0)
			found.changes = o->binds[i].changes;

	if (working && o->working && is_in(path, o->working))
		found = (struct bind){.from = o->working, .to = o->working};
	for (size_t i = 0; i < o->n_binds; i++)
		if (o->binds[i].kind != BIND_FREEZE && is_in(path, o->binds[i].to) &&
		    strlen(o->binds[i].to) >= strlen(found.to))
			found = o->binds[i];
	return found;
}

/* An absolute link leads from one place into another: its target, or "". */
static void read_link(const char *directory, const char *path, char target[PATH_MAX])
{
	struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	AUTO_CLOSE int base = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int link = base < 0 ? -1
				       : (int)syscall(SYS_openat2, base, path, &how, sizeof how);
	ssize_t n = link < 0 ? -1 : readlinkat(link, "", target, PATH_MAX - 1);

	target[n > 0 && target[0] == '/' ? n : 0] = 0;
}

#define MOST_LINKS 40 /* path_resolution(7) */

/* Where an overlay has that path: among the changes kept, or below them. */
static void choose_layer(struct bind *b, const char *rest, char changes[PATH_MAX])
{
	AUTO_FREE char *whole = NULL;
	struct stat st;

	if (!b->changes ||
	    (size_t)snprintf(changes, PATH_MAX, "%s/" OVERLAY_CHANGES, b->changes) >= PATH_MAX)
		return;
	if (asprintf(&whole, "%s%s", changes, rest) >= 0 && lstat(whole, &st) == 0)
		b->from = changes;
}

static int open_in_place(const struct box_options *o, const char *path, bool working)
{
	char target[PATH_MAX], next[PATH_MAX], changes[PATH_MAX];

	for (int links = 0; links < MOST_LINKS; links++) {
		struct bind b = find_place(o, path, working);
		const char *rest = path + strlen(b.to);

		choose_layer(&b, rest, changes);

		if (!b.from)
			return -ENOENT;
		if (!*rest) {
			int fd = open(b.from, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
			return fd < 0 ? -errno : fd;
		}
		read_link(b.from, rest, target);
		if (!target[0])
			return open_beneath(b.from, rest);
		memcpy(next, target, sizeof next);
		path = next;
	}
	return -ELOOP;
}

int names_open(void *box_options, const char *path)
{
	return open_in_place(box_options, path, true);
}

/* ---- Programs ----------------------------------------------------------------------- */

static int may_execute(int fd)
{
	return syscall(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0 ? -errno : 0;
}

static bool is_program(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && may_execute(fd) == 0;
}

static int refuse(const char *name, int error, struct failure *why)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
		return failure_set(why, EXIT_NOT_FOUND, "%s: no such file; check the path", name);
	case -EISDIR:
		return failure_set(why, EXIT_NOT_RUNNABLE, "%s: a directory; give a program in it",
				   name);
	case -EACCES:
		return failure_set(why, EXIT_NOT_RUNNABLE,
				   "%s: cannot be read; guise maps what it runs, so allow reading "
				   "(chmod +r)",
				   name);
	default:
		return failure_set(why, EXIT_NOT_RUNNABLE, "%s: %s; check the path", name,
				   strerror(-error));
	}
}

static int check_program(const char *name, int fd, struct failure *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return refuse(name, -errno, why);
	if (S_ISDIR(st.st_mode))
		return refuse(name, -EISDIR, why);
	if (!S_ISREG(st.st_mode))
		return failure_set(why, EXIT_NOT_RUNNABLE, "%s: not a regular file; give a program",
				   name);
	int r = may_execute(fd);
	if (r == -EACCES)
		return failure_set(why, EXIT_NOT_RUNNABLE,
				   "%s: no permission to execute it; allow it (chmod +x)", name);
	return r < 0 ? refuse(name, r, why) : 0;
}

/* Leaves `out` alone unless there is such a program.  One in the working directory counts
 * as the host's: it is shown read-only. */
static bool try_inside(const struct box_options *o, const char *path, struct program_name *out)
{
	AUTO_CLOSE int fd = open_in_place(o, path, false);

	if (fd < 0 || !is_program(fd) || strlen(path) >= sizeof out->inside)
		return false;
	strcpy(out->inside, path);
	out->host[0] = 0;
	out->fd = take(&fd);
	return true;
}

static int open_on_host(const char *path, struct program_name *out)
{
	if (!realpath(path, out->host))
		return -errno;
	/* O_NONBLOCK: a pipe must not keep us waiting. */
	int fd = open(out->host, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	strcpy(out->inside, out->host);
	out->fd = fd;
	return 0;
}

/* Calls try for NAME in each directory of the list. */
static bool search(const struct box_options *o, const char *list, const char *name,
		   struct program_name *out, bool inside)
{
	char path[PATH_MAX];

	for (; list && *list; list += strspn(list, ":")) {
		size_t n = strcspn(list, ":");
		int r = snprintf(path, sizeof path, "%.*s/%s", (int)n, list, name);
		list += n;
		if (r < 0 || (size_t)r >= sizeof path)
			continue;
		if (inside && try_inside(o, path, out))
			return true;
		if (inside || open_on_host(path, out) < 0)
			continue;
		if (is_program(out->fd))
			return true;
		close(out->fd);
	}
	return false;
}

static int find_by_name(const struct box_options *o, const char *name, struct program_name *out,
			struct failure *why)
{
	if (search(o, INSIDE_PATH, name, out, true) || search(o, getenv("PATH"), name, out, false))
		return 0;
	return failure_set(why, EXIT_NOT_FOUND,
			   "%s: not found in PATH; give its path, or install it", name);
}

int names_program(const struct box_options *box, const char *name, struct program_name *out,
		  struct failure *why)
{
	if (!*name)
		return failure_set(why, EXIT_NOT_FOUND, "'': no such file; give a program");
	if (!strchr(name, '/'))
		return find_by_name(box, name, out, why);
	AUTO_FREE char *absolute = name[0] == '/' && !has_dotdot(name) ? names_absolute(name)
								       : NULL;
	if (absolute && try_inside(box, absolute, out))
		return 0;
	int r = open_on_host(name, out);
	if (r < 0)
		return refuse(name, r, why);
	if (check_program(name, out->fd, why) == 0)
		return 0;
	close(out->fd);
	return -1;
}

int names_interpreter(const struct box_options *box, const char *script, const char *path,
		      struct program_name *out, struct failure *why)
{
	struct failure found = {0};

	if (path[0] != '/')
		return failure_set(why, EXIT_NOT_RUNNABLE,
				   "%s: a script for %s; give its interpreter's whole path", script,
				   path);
	if (names_program(box, path, out, &found) == 0)
		return 0;
	if (found.status == EXIT_NOT_FOUND)
		return failure_set(why, EXIT_NOT_FOUND,
				   "%s: a script for %s, which is not there; "
				   "give it with --ro or --root",
				   script, path);
	return failure_set(why, found.status, "%s: a script for %s", script, found.text);
}

/* ---- Environment and user -------------------------------------------------------------- */

struct environment {
	char **list;
	size_t n, room;
};

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && (b[n] == '=' || b[n] == 0);
}

/* "NAME=VALUE" over what was there; "NAME": the caller's value, if it has one. */
static void set(struct environment *e, const char *entry)
{
	size_t at = 0;
	char *copy = NULL;
	const char *value = strchr(entry, '=') ? "" : getenv(entry);

	if (!value || e->n + 1 >= e->room)
		return;
	if (strchr(entry, '='))
		copy = strdup(entry);
	else if (asprintf(&copy, "%s=%s", entry, value) < 0)
		copy = NULL;
	if (!copy)
		return;
	while (at < e->n && !same_name(e->list[at], copy))
		at++;
	if (at == e->n)
		e->n++;
	else
		free(e->list[at]);
	e->list[at] = copy;
	e->list[e->n] = NULL;
}

static void set_pair(struct environment *e, const char *name, const char *value)
{
	AUTO_FREE char *entry = NULL;

	if (asprintf(&entry, "%s=%s", name, value) >= 0)
		set(e, entry);
}

/* How to show text and time, and what every program expects to be there. */
static void set_short(struct environment *e, const char *user, const char *home)
{
	static const char *const kept[] = {"TERM", "LANG", "LANGUAGE", "TZ"};

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		set(e, kept[i]);
	for (char **v = environ; *v; v++)
		if (strncmp(*v, "LC_", 3) == 0)
			set(e, *v);
	set_pair(e, "PATH", INSIDE_PATH);
	set_pair(e, "HOME", home);
	set_pair(e, "USER", user);
	set_pair(e, "LOGNAME", user);
}

char **names_environment(enum environment_base base, const struct given_list *given,
			 const char *user, const char *home)
{
	size_t callers = 0;

	while (environ[callers])
		callers++;
	struct environment e = {.room = callers + given->n + 16};
	e.list = calloc(e.room, sizeof *e.list);
	if (!e.list)
		return NULL;
	if (base == ENVIRONMENT_SHORT)
		set_short(&e, user, home);
	bool all = base == ENVIRONMENT_ALL || base == ENVIRONMENT_RUNNER;
	for (char **v = environ; all && *v; v++)
		if (strchr(*v, '='))
			set(&e, *v);
	if (base == ENVIRONMENT_RUNNER && getenv("TMPDIR"))
		set_pair(&e, "TMPDIR", "/tmp");
	for (size_t i = 0; i < given->n; i++)
		set(&e, given->list[i].value);
	return e.list;
}

/* A name goes into a line of a colon-separated file. */
static bool is_plain(const char *name)
{
	return *name && !strpbrk(name, ":\n/");
}

char *names_user(unsigned uid)
{
	char *found = NULL;
	FILE *f = fopen("/etc/passwd", "re");
	const char *login = getenv("USER");

	for (struct passwd *p; f && !found && (p = fgetpwent(f));)
		if (p->pw_uid == uid && is_plain(p->pw_name))
			found = strdup(p->pw_name);
	if (f)
		fclose(f);
	if (found)
		return found;
	return strdup(login && is_plain(login) ? login : "user");
}
