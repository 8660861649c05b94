#include "cli/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/scope.h"
#include "syscalls/abi.h"

/* ---- Names ----------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int keep(char ***names, long n, const char *name)
{
	/* Room for a power of two, grown when one is reached. */
	if ((n & (n - 1)) == 0) {
		char **more = reallocarray(*names, n ? 2 * (size_t)n : 1, sizeof **names);
		if (!more)
			return -ENOMEM;
		*names = more;
	}
	(*names)[n] = strdup(name);
	return (*names)[n] ? 0 : -ENOMEM;
}

long tree_names(int at, char ***names)
{
	long n = 0;
	int r = 0;
	int copy = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	*names = NULL;
	if (!dir)
		return -errno;
	for (struct dirent *e; r == 0 && (errno = 0, e = readdir(dir));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = keep(names, n, e->d_name);
		n += r == 0;
	}
	if (r == 0)
		r = -errno;
	closedir(dir);
	if (r < 0) {
		tree_names_free(*names, n);
		*names = NULL;
		return r;
	}
	if (n > 0)
		qsort(*names, (size_t)n, sizeof **names, by_name);
	return n;
}

void tree_names_free(char **names, long n)
{
	for (long i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

int tree_enter(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int tree_append(char path[TREE_PATH], const char *name)
{
	size_t n = strlen(path);

	if (n + strlen(name) + 2 > TREE_PATH)
		return -ENAMETOOLONG;
	if (n > 0)
		path[n++] = '/';
	strcpy(path + n, name);
	return 0;
}

void tree_cut(char path[TREE_PATH])
{
	char *slash = strrchr(path, '/');

	*(slash ? slash : path) = 0;
}

static bool is_plain(const char *path)
{
	for (; *path; path++)
		if (*path < ' ' || *path > '~' || *path == '"' || *path == '\\')
			return false;
	return true;
}

void tree_print_path(FILE *out, const char *path)
{
	if (is_plain(path)) {
		fputs(path, out);
		return;
	}
	putc('"', out);
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			fprintf(out, "\\%c", *path);
		else if (*path < ' ' || *path > '~')
			fprintf(out, "\\%03o", (unsigned char)*path);
		else
			putc(*path, out);
	}
	putc('"', out);
}

/* ---- Risks --------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* True if a directory of that name is on the path. */
static bool is_below(const char *path, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = path; (at = strstr(at, name)); at++)
		if ((at == path || at[-1] == '/') && at[n] == '/')
			return true;
	return false;
}

static const char *named_risk(const char *path)
{
	static const struct {
		const char *directory, *file; /* one of them */
		const char *why;
	} known[] = {
		{".git", NULL, "git runs hooks and filters from there"},
		{".hg", NULL, "Mercurial runs hooks from there"},
		{".jj", NULL, "Jujutsu runs tools from there"},
		{".svn", NULL, "Subversion reads it"},
		{".bzr", NULL, "Bazaar reads it"},
		{".vscode", NULL, "an editor runs tasks from there"},
		{".idea", NULL, "an editor runs tasks from there"},
		{".husky", NULL, "git hooks are linked to it"},
		{".ssh", NULL, "decides who may log in, and runs commands"},
		{".config", NULL, "configures the user's programs"},
		{".github", NULL, "runs when it is pushed"},
		{".cargo", NULL, "Cargo runs what it names"},
		{NULL, ".git", "git reads another repository because of it"},
		{NULL, ".gitmodules", "git fetches from where it says"},
		{NULL, ".gitattributes", "git runs filters because of it"},
		{NULL, ".envrc", "direnv runs it"},
		{NULL, ".bashrc", "a shell runs it"},
		{NULL, ".bash_profile", "a shell runs it"},
		{NULL, ".bash_logout", "a shell runs it"},
		{NULL, ".profile", "a shell runs it"},
		{NULL, ".zshrc", "a shell runs it"},
		{NULL, ".zshenv", "a shell runs it"},
		{NULL, ".zprofile", "a shell runs it"},
		{NULL, ".inputrc", "a shell reads it"},
		{NULL, ".gdbinit", "a debugger runs it"},
		{NULL, ".lldbinit", "a debugger runs it"},
		{NULL, ".vimrc", "an editor runs it"},
		{NULL, ".exrc", "an editor runs it"},
		{NULL, ".nvim.lua", "an editor runs it"},
		{NULL, ".dir-locals.el", "an editor reads it"},
		{NULL, ".editorconfig", "an editor reads it"},
		{NULL, ".npmrc", "npm reads it"},
		{NULL, ".yarnrc.yml", "yarn reads it"},
		{NULL, ".pre-commit-config.yaml", "pre-commit runs what it names"},
		{NULL, "Makefile", "make runs it"},
		{NULL, "makefile", "make runs it"},
		{NULL, "GNUmakefile", "make runs it"},
		{NULL, "CMakeLists.txt", "cmake runs it"},
		{NULL, "meson.build", "meson runs it"},
		{NULL, "package.json", "npm runs scripts from it"},
		{NULL, "build.rs", "Cargo runs it"},
		{NULL, "setup.py", "pip runs it"},
		{NULL, "conftest.py", "pytest runs it"},
		{NULL, "sitecustomize.py", "python runs it"},
		{NULL, "Jenkinsfile", "a build server runs it"},
		{NULL, ".gitlab-ci.yml", "a build server runs it"},
		{NULL, "Dockerfile", "an image builder runs it"},
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].directory ? is_below(path, known[i].directory)
				       : strcmp(base_of(path), known[i].file) == 0)
			return known[i].why;
	return NULL;
}

/* A relative link that climbs out of the tree it is in. */
static bool leads_out(const char *path, const char *target)
{
	long level = 0;

	if (target[0] == '/')
		return true;
	for (const char *p = path; (p = strchr(p, '/')); p++)
		level++;
	for (const char *p = target; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && strncmp(p, "..", 2) == 0)
			level--;
		else if (n > 0 && !(n == 1 && *p == '.'))
			level++;
		if (level < 0)
			return true;
		p += n;
		p += strspn(p, "/");
	}
	return false;
}

const char *tree_risk(const char *path, const struct stat *st, const char *target)
{
	const char *name = base_of(path);

	switch (st->st_mode & S_IFMT) {
	case S_IFDIR:
		return is_plain(name) ? NULL : "an odd name";
	case S_IFLNK:
		if (target && leads_out(path, target))
			return "a symbolic link that leads out";
		break;
	case S_IFREG:
		if (st->st_mode & (S_ISUID | S_ISGID))
			return "runs as its owner";
		break;
	case S_IFIFO:
		return "a pipe: whoever opens it waits";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a device";
	}
	const char *known = named_risk(path);
	if (known)
		return known;
	if (S_ISREG(st->st_mode) && st->st_mode & 0111)
		return "a program";
	if (*name == '-')
		return "a name that looks like an option";
	return is_plain(name) ? NULL : "an odd name";
}
