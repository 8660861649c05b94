/* Where groups can be made.
 *
 * A controller belongs to one hierarchy: one of its own (version 1), or the one that all the
 * others share (version 2); "hybrid" is both on one system.  /proc/self/cgroup tells the
 * caller's group in each, /proc/self/mountinfo where it can be seen (cgroups(7)).
 *
 * In version 1 the sandbox's group is made in the caller's own.  In version 2 a group with
 * processes in it gives no controllers to groups in it ("no internal processes",
 * Documentation/admin-guide/cgroup-v2.rst, Linux 6.1), and the caller's has: guise, and
 * usually the shell.  So there it is made
 *
 *   in the caller's own, if that is the root, which is exempt and gives the controllers, or if
 *   guise is alone in it (as systemd-run --scope leaves it): then guise moves into a group
 *   beside the sandbox's;
 *   or else in the nearest group above it that gives its groups the controllers already: they
 *   are not turned on there, for others' sake. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/cgroup.h"
#include "sandbox/scope.h"

static const struct {
	const char *v1, *v2;
} names[] = {
	[CONTROLLER_CPU] = {"cpu", "cpu"},
	[CONTROLLER_MEMORY] = {"memory", "memory"},
	[CONTROLLER_PIDS] = {"pids", "pids"},
	[CONTROLLER_IO] = {"blkio", "io"},
};
_Static_assert(sizeof names / sizeof *names == CONTROLLERS, "name every controller");

const char *controller_name(enum controller c, unsigned version)
{
	return version == 1 ? names[c].v1 : names[c].v2;
}

/* ---- The caller's ------------------------------------------------------------------- */

/* One of a list with that separator between. */
static bool has_word(const char *list, const char *word, const char *separators)
{
	size_t n = strlen(word);

	for (const char *at = list + strspn(list, separators); *at; at += strspn(at, separators)) {
		size_t here = strcspn(at, separators);
		if (here == n && strncmp(at, word, n) == 0)
			return true;
		at += here;
	}
	return false;
}

struct membership {
	char *v1[CONTROLLERS], *v2; /* the groups' names in their hierarchies */
};

static void membership_free(struct membership *m)
{
	for (int c = 0; c < CONTROLLERS; c++)
		free(m->v1[c]);
	free(m->v2);
}

/* "4:cpu,cpuacct:/user.slice", "0::/user.slice" */
static int read_membership(FILE *own, struct membership *m)
{
	AUTO_FREE char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, own) > 0) {
		char *list = strchr(line, ':');
		char *path = list ? strchr(list + 1, ':') : NULL;
		if (!path)
			return -EPROTO;
		*list++ = 0;
		*path++ = 0;
		path[strcspn(path, "\n")] = 0;
		if (strcmp(line, "0") == 0 && !m->v2 && !(m->v2 = strdup(path)))
			return -ENOMEM;
		for (int c = 0; c < CONTROLLERS; c++)
			if (!m->v1[c] && has_word(list, names[c].v1, ",") &&
			    !(m->v1[c] = strdup(path)))
				return -ENOMEM;
	}
	return 0;
}

/* proc(5): blank, tab, newline and backslash are written as octal numbers. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		if (from[0] == '\\' && from[1] && from[2] && from[3]) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = 0;
}

/* The directory of a group, if the mount shows it: a mount may begin below the root of the
 * hierarchy (in a container without a namespace of its own). */
static char *directory(const char *mount, const char *root, const char *group)
{
	size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
	char *path;

	if (strstr(group, "/.."))
		return NULL; /* outside the cgroup namespace */
	if (strncmp(group, root, n) != 0 || (n && group[n] != 0 && group[n] != '/'))
		return NULL;
	group += n;
	while (*group == '/')
		group++;
	if (asprintf(&path, "%s%s%s", mount, *group ? "/" : "", group) < 0)
		return NULL;
	return path;
}

struct mount_line {
	char *root, *at, *type, *options;
};

/* "36 35 0:31 /root /mount/point rw,relatime shared:1 - cgroup source rw,cpu" */
static bool split_mount(char *line, struct mount_line *m)
{
	char *field[5], *rest = line;
	char *end = strstr(line, " - ");

	if (!end)
		return false;
	*end = 0;
	end += 3;
	for (int i = 0; i < 5; i++)
		if (!(field[i] = strsep(&rest, " ")))
			return false;
	m->root = field[3];
	m->at = field[4];
	m->type = strsep(&end, " ");
	if (!strsep(&end, " ") || !end)
		return false;
	m->options = end;
	end[strcspn(end, " \n")] = 0;
	unescape(m->root);
	unescape(m->at);
	return true;
}

static void add_mount(const struct mount_line *l, const struct membership *m,
		      struct cgroup_map *out)
{
	if (strcmp(l->type, "cgroup2") == 0 && m->v2 && !out->v2) {
		out->v2 = directory(l->at, l->root, m->v2);
		out->v2_mount = strlen(l->at);
	}
	if (strcmp(l->type, "cgroup") != 0)
		return;
	for (int c = 0; c < CONTROLLERS; c++)
		if (m->v1[c] && !out->v1[c] && has_word(l->options, names[c].v1, ","))
			out->v1[c] = directory(l->at, l->root, m->v1[c]);
}

int cgroup_find(FILE *own, FILE *mounts, struct cgroup_map *out)
{
	struct membership m = {0};
	AUTO_FREE char *line = NULL;
	struct mount_line l;
	size_t room = 0;

	*out = (struct cgroup_map){0};
	int r = read_membership(own, &m);
	while (r == 0 && getline(&line, &room, mounts) > 0)
		if (split_mount(line, &l))
			add_mount(&l, &m, out);
	membership_free(&m);
	return r;
}

int cgroup_find_own(struct cgroup_map *out)
{
	FILE *own = fopen("/proc/self/cgroup", "re");
	int r = own ? 0 : -errno;
	FILE *mounts = own ? fopen("/proc/self/mountinfo", "re") : NULL;

	*out = (struct cgroup_map){0};
	if (r == 0)
		r = mounts ? cgroup_find(own, mounts, out) : -errno;
	if (mounts)
		fclose(mounts);
	if (own)
		fclose(own);
	return r;
}

void cgroup_map_free(struct cgroup_map *m)
{
	for (int c = 0; c < CONTROLLERS; c++)
		free(m->v1[c]);
	free(m->v2);
	*m = (struct cgroup_map){0};
}

/* ---- Which of them ----------------------------------------------------------------------- */

static char *read_in(const char *directory, const char *name)
{
	AUTO_FREE char *path = NULL;
	char text[4096];

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return NULL;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	ssize_t n = read(fd, text, sizeof text - 1);
	if (n < 0)
		return NULL;
	text[n] = 0;
	return strdup(text);
}

static bool may_write(const char *directory, const char *name)
{
	AUTO_FREE char *path = NULL;

	return asprintf(&path, "%s/%s", directory, name) >= 0 &&
	       faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

static bool lists(const char *directory, const char *name, unsigned controllers)
{
	AUTO_FREE char *list = read_in(directory, name);

	for (int c = 0; c < CONTROLLERS; c++)
		if (controllers & CONTROLLER_BIT(c) &&
		    (!list || !has_word(list, names[c].v2, " \n")))
			return false;
	return true;
}

/* A process is moved by who may write to the group that both places have in common. */
static bool may_make(const char *directory)
{
	return may_write(directory, "") && may_write(directory, "cgroup.procs");
}

static bool is_alone(const char *directory)
{
	AUTO_FREE char *list = read_in(directory, "cgroup.procs");
	char *end;

	return list && strtol(list, &end, 10) == getpid() && strcmp(end, "\n") == 0;
}

/* Of version 2: a parent for groups with all these controllers. */
static void choose_v2(const struct cgroup_map *m, unsigned controllers, struct cgroup_parent *out)
{
	AUTO_FREE char *path = m->v2 ? strdup(m->v2) : NULL;
	AUTO_FREE char *top = path ? strndup(path, m->v2_mount) : NULL;

	*out = (struct cgroup_parent){0};
	if (!top || !lists(top, "cgroup.controllers", controllers)) {
		out->reason = "there is no control group for it";
		out->cure = "mount cgroup2, or boot a kernel with the controller";
		return;
	}
	for (;;) {
		bool enabled = lists(path, "cgroup.subtree_control", controllers);
		bool own = strcmp(path, m->v2) == 0;
		out->leave = !enabled && own && is_alone(path) &&
			     lists(path, "cgroup.controllers", controllers);
		if (may_make(path) && (enabled || out->leave)) {
			out->version = 2;
			out->path = take_text(&path);
			return;
		}
		char *slash = strrchr(path, '/');
		if (strlen(path) <= m->v2_mount || !slash)
			break;
		*slash = 0;
	}
	if (may_make(top)) {
		out->reason = "no control group has the controller turned on for groups in it";
		out->cure = "write its name with a + to /sys/fs/cgroup/cgroup.subtree_control";
		return;
	}
	out->reason = "no control group is this user's to divide";
	out->cure = "run guise in one that is: systemd-run --user --scope -p Delegate=yes "
		    "guise run ...";
}

static void choose_v1(const char *path, struct cgroup_parent *out)
{
	*out = (struct cgroup_parent){0};
	if (may_write(path, "")) {
		out->version = 1;
		out->path = strdup(path);
		return;
	}
	out->reason = "no control group is this user's to divide";
	out->cure = "have root give one away (mkdir and chown in the hierarchy), or be root";
}

void cgroup_choose(const struct cgroup_map *m, unsigned controllers,
		   struct cgroup_parent out[CONTROLLERS])
{
	unsigned shared = 0;

	for (int c = 0; c < CONTROLLERS; c++) {
		out[c] = (struct cgroup_parent){0};
		if (!(controllers & CONTROLLER_BIT(c)))
			continue;
		if (m->v1[c]) {
			choose_v1(m->v1[c], &out[c]);
			continue;
		}
		choose_v2(m, CONTROLLER_BIT(c), &out[c]);
		if (out[c].version)
			shared |= CONTROLLER_BIT(c);
	}
	/* All in one group, not each in the best place for itself. */
	for (int c = 0; c < CONTROLLERS; c++) {
		if (!(shared & CONTROLLER_BIT(c)))
			continue;
		free(out[c].path);
		choose_v2(m, shared, &out[c]);
	}
}

/* The scheduler in use is the one in brackets (Documentation/block/switching-sched.rst). */
bool cgroup_weighs_io(void)
{
	bool weighs = false;
	glob_t disks;

	if (glob("/sys/block/*/queue", GLOB_NOSORT, NULL, &disks) != 0)
		return false;
	for (size_t i = 0; i < disks.gl_pathc && !weighs; i++) {
		AUTO_FREE char *text = read_in(disks.gl_pathv[i], "scheduler");
		weighs = text && strstr(text, "[bfq]");
	}
	globfree(&disks);
	return weighs;
}
