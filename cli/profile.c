/* The profile of a test runner: whatever starts a test's program through guise (go test
 * -exec, Cargo, Meson, CTest, the kernel's binfmt_misc) says nothing of what the test needs,
 * so it is found out here from where things are.
 *
 *   writable   the source tree the current directory is in, without its version control;
 *              the build tree the program is in; where coverage and fuzzing leave results
 *   read-only  GOROOT, module caches, the source a build tree elsewhere belongs to
 *   its own    an empty home directory and /tmp
 *
 * A tree that later programs are taken from (GOROOT, the caches, .git and its hooks, another
 * package's directory of the same go test) is never writable: a test must not decide what
 * runs outside the sandbox afterwards. */
#include "cli/profile.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/places.h"
#include "sandbox/scope.h"
#include "syscalls/abi.h"

static int out_of_memory(struct profile_request *q)
{
	return failure_set(q->why, EXIT_GUISE, "out of memory");
}

/* ---- Places ---------------------------------------------------------------------- */

static bool is_in(const char *path, const char *above)
{
	size_t n = strlen(above);

	return strncmp(path, above, n) == 0 && (path[n] == 0 || path[n] == '/');
}

static bool is_shown(const struct profile_request *q, const char *path)
{
	for (size_t i = 0; i < q->box->n_binds; i++)
		if (is_in(path, q->box->binds[i].to))
			return true;
	return false;
}

static int show(struct profile_request *q, const char *from, const char *to, bool writable)
{
	struct bind *b = &q->box->binds[q->box->n_binds];

	if (q->box->n_binds == BOX_BINDS)
		return failure_set(q->why, EXIT_GUISE, "more than %d places; combine some",
				   BOX_BINDS);
	*b = (struct bind){.from = strdup(from), .to = strdup(to), .writable = writable};
	q->box->n_binds++;
	return b->from && b->to ? 0 : out_of_memory(q);
}

/* A directory by its name and, where that goes through a symbolic link, by its real one;
 * nothing if it is not there or the caller did not write it as an absolute path. */
static int show_directory(struct profile_request *q, const char *path, bool writable)
{
	struct stat st;

	if (!path || path[0] != '/')
		return 0;
	AUTO_FREE char *real = realpath(path, NULL);
	AUTO_FREE char *name = names_absolute(path);
	if (!real || !name || strcmp(real, "/") == 0 || stat(real, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (!is_shown(q, real) && show(q, real, real, writable) < 0)
		return -1;
	if (strcmp(real, name) == 0 || is_shown(q, name))
		return 0;
	return show(q, real, name, writable);
}

static int show_below(struct profile_request *q, const char *directory, const char *name,
		      bool writable)
{
	AUTO_FREE char *path = NULL;

	if (!directory || !*directory)
		return 0;
	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return out_of_memory(q);
	return show_directory(q, path, writable);
}

/* The same for each directory of a list with colons. */
static int show_each_below(struct profile_request *q, const char *list, const char *name,
			   bool writable)
{
	for (; *list; list += strspn(list, ":")) {
		size_t n = strcspn(list, ":");
		AUTO_FREE char *directory = strndup(list, n);
		if (show_below(q, directory, name, writable) < 0)
			return -1;
		list += n;
	}
	return 0;
}

/* ---- Trees ------------------------------------------------------------------------- */

static bool has(const char *directory, const char *name)
{
	AUTO_FREE char *path = NULL;

	return asprintf(&path, "%s/%s", directory, name) >= 0 && access(path, F_OK) == 0;
}

static bool has_any(const char *directory, const char *const *names)
{
	for (; *names; names++)
		if (has(directory, *names))
			return true;
	return false;
}

/* Directories that hold other people's things, or all of one's own, are no project. */
static bool is_common(const char *directory)
{
	static const char *const common[] = {"/",    "/tmp", "/var/tmp", "/var", "/home",
					     "/usr", "/opt", "/srv",	 "/mnt", "/dev/shm"};
	const char *home = getenv("HOME");

	for (size_t i = 0; i < COUNT(common); i++)
		if (strcmp(directory, common[i]) == 0)
			return true;
	return home && strcmp(directory, home) == 0;
}

/* Cuts "/a/b" to "/a"; false once there is no more to look at. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = 0;
	return !is_common(path);
}

static const char *const projects[] = {
	"go.mod",	"go.work",     "Cargo.toml",   "meson.build", "CMakeLists.txt",
	"configure.ac", "BUILD.bazel", "package.json", "Makefile",    NULL,
};

/* The tree `directory` belongs to: what is under version control, or else the outermost
 * directory that is somebody's project; the directory itself if neither.  To be freed. */
static char *find_tree(const char *directory)
{
	AUTO_FREE char *at = strdup(directory);
	char *found = strdup(directory);

	while (at && found) {
		bool controlled = has_any(at, places_version_control);
		if (controlled || has_any(at, projects)) {
			free(found);
			found = strdup(at);
		}
		if (controlled || !go_up(at))
			break;
	}
	return found;
}

/* One mount for tree and current directory, so that files can be renamed between them.
 * What is shown read-only already (a package of GOROOT) stays so. */
static int add_source(struct profile_request *q)
{
	const char *here = q->box->working;

	q->box->working = NULL;
	if (!here || is_shown(q, here))
		return 0;
	AUTO_FREE char *tree = is_common(here) ? strdup(here) : find_tree(here);
	if (!tree)
		return out_of_memory(q);
	if (show(q, tree, tree, true) < 0)
		return -1;
	return places_protect(q->box, tree, q->why);
}

/* ---- Go -------------------------------------------------------------------------------- */

/* Distributions put parts of GOROOT elsewhere and link to them. */
static int add_links(struct profile_request *q, const char *directory)
{
	DIR *dir = opendir(directory);
	int r = 0;

	for (struct dirent *e; dir && r == 0 && (e = readdir(dir));) {
		AUTO_FREE char *path = NULL;
		if (e->d_type != DT_LNK || asprintf(&path, "%s/%s", directory, e->d_name) < 0)
			continue;
		AUTO_FREE char *real = realpath(path, NULL);
		if (real && !is_shown(q, real))
			r = show_directory(q, real, false);
	}
	if (dir)
		closedir(dir);
	return r;
}

/* Where the first "go" in PATH has its tree; to be freed, NULL if there is none. */
static char *find_go_root(void)
{
	AUTO_FREE char *list = strdup(getenv("PATH") ? getenv("PATH") : "");
	char *rest = list;

	for (char *directory; list && (directory = strsep(&rest, ":"));) {
		AUTO_FREE char *path = NULL;
		if (directory[0] != '/' || asprintf(&path, "%s/go", directory) < 0 ||
		    access(path, X_OK) < 0)
			continue;
		char *root = realpath(path, NULL);
		if (root && go_up(root) && go_up(root) && has(root, "src/runtime"))
			return root;
		free(root);
		return NULL;
	}
	return NULL;
}

/* cmd/go, 1.19: go test puts its own bin directory first in PATH, and later releases set
 * GOROOT too; GOMODCACHE is the first GOPATH's pkg/mod unless set, GOPATH ~/go unless set. */
static int add_go(struct profile_request *q, const char *home)
{
	AUTO_FREE char *found = getenv("GOROOT") ? NULL : find_go_root();
	const char *root = found ? found : getenv("GOROOT");
	const char *paths = getenv("GOPATH");

	if (root && (show_directory(q, root, false) < 0 || add_links(q, root) < 0))
		return -1;
	if (show_directory(q, getenv("GOMODCACHE"), false) < 0)
		return -1;
	if (!paths || !*paths)
		return show_below(q, home, "go/pkg/mod", false);
	return show_each_below(q, paths, "pkg/mod", false);
}

/* What go test -fuzz finds, and only that of the build cache: whoever can write the rest
 * decides what later builds link. */
static int add_go_results(struct profile_request *q, const char *home)
{
	const char *cache = getenv("GOCACHE");
	const char *caches = getenv("XDG_CACHE_HOME");
	int r;

	if (cache)
		r = show_below(q, cache, "fuzz", true);
	else if (caches && *caches)
		r = show_below(q, caches, "go-build/fuzz", true);
	else
		r = show_below(q, home, ".cache/go-build/fuzz", true);
	return r < 0 ? r : show_directory(q, getenv("GOCOVERDIR"), true);
}

/* ---- Cargo ------------------------------------------------------------------------------- */

/* Sources of dependencies; CARGO_HOME itself may hold credentials. */
static int add_cargo(struct profile_request *q, const char *home)
{
	static const char *const sources[] = {"registry/src", "git/checkouts"};
	AUTO_FREE char *fallback = NULL;
	const char *cargo = getenv("CARGO_HOME");

	if (!cargo && home) {
		if (asprintf(&fallback, "%s/.cargo", home) < 0)
			return out_of_memory(q);
		cargo = fallback;
	}
	for (size_t i = 0; i < COUNT(sources); i++)
		if (show_below(q, cargo, sources[i], false) < 0)
			return -1;
	return 0;
}

/* ---- The build tree ------------------------------------------------------------------------ */

/* CMake writes NAME:INTERNAL=VALUE lines.  To be freed; NULL if there is none. */
static char *cmake_source(const char *build)
{
	static const char key[] = "CMAKE_HOME_DIRECTORY:INTERNAL=";
	AUTO_FREE char *path = NULL;
	char *line = NULL, *found = NULL;
	size_t room = 0;

	if (asprintf(&path, "%s/CMakeCache.txt", build) < 0)
		return NULL;
	FILE *f = fopen(path, "re");
	while (f && !found && getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, key, sizeof key - 1) == 0)
			found = strdup(line + sizeof key - 1);
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

static char *meson_source(const char *build)
{
	AUTO_FREE char *path = NULL;
	const char *source = NULL;

	if (asprintf(&path, "%s/meson-info/meson-info.json", build) < 0)
		return NULL;
	json_t *all = json_load_file(path, 0, NULL);
	(void)json_unpack(all, "{s:{s:s}}", "directories", "source", &source);
	char *found = source ? strdup(source) : NULL;
	json_decref(all);
	return found;
}

static char *no_source(const char *build)
{
	return NULL;
}

/* By what a build tree is known, where its source is, and by what that is known.  The build tree
 * is writable inside: without the latter a program could name any directory there, and see it the
 * next time. */
static const struct {
	const char *mark;
	char *(*source)(const char *build);
	const char *source_mark;
} builds[] = {
	{"CMakeCache.txt", cmake_source, "CMakeLists.txt"},
	{"meson-info", meson_source, "meson.build"},
	{".rustc_info.json", no_source, ""}, /* Cargo's target directory */
};

/* go test builds each package's program in a directory of its own under go-build*, writes
 * its log there, and builds the next one beside it. */
static bool is_go_build(const char *directory)
{
	return strstr(directory, "/go-build") != NULL;
}

static int add_build(struct profile_request *q)
{
	AUTO_FREE char *at = strchr(q->program, '/') ? realpath(q->program, NULL) : NULL;

	if (!at || !go_up(at))
		return 0;
	if (is_go_build(at))
		return show_directory(q, at, true);
	do {
		for (size_t i = 0; i < COUNT(builds); i++) {
			if (!has(at, builds[i].mark))
				continue;
			AUTO_FREE char *source = builds[i].source(at);
			if (show_directory(q, at, true) < 0)
				return -1;
			if (!source || !has(source, builds[i].source_mark))
				return 0;
			return show_directory(q, source, false);
		}
	} while (go_up(at));
	return 0;
}

/* ---- All of it --------------------------------------------------------------------------------- */

/* The home directory has the name the environment says, and is empty. */
static void set_home(struct profile_request *q, const char *home)
{
	if (!home || home[0] != '/' || strspn(home, "/.") == strlen(home) || strpbrk(home, ":\n") ||
	    strcmp(home, "/tmp") == 0 || is_shown(q, home))
		return;
	q->box->home = home;
	q->box->empty_home = true;
}

static int runner(struct profile_request *q)
{
	const char *home = getenv("HOME");

	q->environment = ENVIRONMENT_RUNNER;
	/* What is read-only comes first: the current directory may be in it. */
	if (add_go(q, home) < 0 || add_cargo(q, home) < 0 || add_source(q) < 0 ||
	    add_build(q) < 0 || add_go_results(q, home) < 0)
		return -1;
	set_home(q, home);
	return 0;
}

static const struct {
	const char *name;
	int (*apply)(struct profile_request *);
} profiles[] = {{"runner", runner}};

bool profile_finds_out(const char *name)
{
	for (size_t i = 0; i < COUNT(profiles); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return true;
	return false;
}

int profile_apply(const char *name, struct profile_request *request)
{
	for (size_t i = 0; i < COUNT(profiles); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return profiles[i].apply(request);
	return 0; /* a profile of options only */
}
