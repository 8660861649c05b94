/* guise binfmt: the kernel itself starts other systems' programs through guise.
 *
 * The kernel finds a program of a system by the OSABI byte of its header and executes guise
 * instead, which it opened once and for all when it was told (flag F: so it is there in a
 * container or another root, too).  Flag P makes it pass both the path and the program's own
 * argv[0], and say so in the auxiliary vector: that is how main() knows.
 * Documentation/admin-guide/binfmt-misc.rst; fs/binfmt_misc.c, Linux 6.12: since 6.7 each user
 * namespace can mount one of its own. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli/command.h"
#include "loader/brand.h"
#include "sandbox/foreign.h"
#include "sandbox/scope.h"
#include "syscalls/launch.h"
#include "syscalls/personality.h"

#define PLACE "/proc/sys/fs/binfmt_misc"
#define LONGEST_INTERPRETER 127 /* BINPRM_BUF_SIZE - 1 */

struct given_options {
	bool mount;
};

#define AT(member) offsetof(struct given_options, member)
static const struct option_row rows[] = {
	{"mount", TAKES_NOTHING, AT(mount), NULL, "mount binfmt_misc first where it is not"},
};

struct request {
	struct given_options given;
	const struct personality *only; /* NULL: every system */
	char interpreter[PATH_MAX];
	struct failure *why;
};

/* ---- What is registered -------------------------------------------------------------- */

static bool wanted(const struct request *q, const struct personality *p)
{
	return p->rows && foreign_has_brand(p) && (!q->only || p == q->only);
}

static int find_interpreter(struct request *q)
{
	ssize_t n = readlink("/proc/self/exe", q->interpreter, sizeof q->interpreter - 1);

	if (n < 0)
		return failure_set(q->why, EXIT_GUISE,
				   "binfmt: /proc/self/exe: %s; mount proc at /proc",
				   strerror(errno));
	q->interpreter[n] = 0;
	if (n <= LONGEST_INTERPRETER && !strchr(q->interpreter, ':'))
		return 0;
	return failure_set(q->why, EXIT_GUISE,
			   "binfmt: %s: the kernel takes no path with a colon or longer than %d; "
			   "install guise elsewhere",
			   q->interpreter, LONGEST_INTERPRETER);
}

/* ---- The kernel's side ------------------------------------------------------------------ */

/* Opening something in it lets an automount happen. */
static bool is_mounted(void)
{
	struct statfs fs;

	(void)access(PLACE "/status", F_OK);
	return statfs(PLACE, &fs) == 0 && fs.f_type == BINFMTFS_MAGIC;
}

static int mount_it(struct request *q)
{
	if (mount("binfmt_misc", PLACE, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0)
		return 0;
	return failure_set(q->why, EXIT_GUISE, "binfmt: " PLACE ": cannot be mounted (%s); %s",
			   strerror(errno),
			   errno == EPERM ? "become root, or root of a user and mount namespace "
					    "(unshare -rm) on Linux 6.7 or later"
					  : "load the kernel's module binfmt_misc");
}

/* Its own in a user namespace, even where the host's can be seen. */
static int check_mounted(struct request *q)
{
	if (access(PLACE, F_OK) < 0)
		return failure_set(q->why, EXIT_GUISE,
				   "binfmt: this kernel has no binfmt_misc; load that module, or "
				   "take a kernel with CONFIG_BINFMT_MISC");
	if (is_mounted() && (!q->given.mount || access(PLACE "/register", W_OK) == 0))
		return 0;
	if (q->given.mount)
		return mount_it(q);
	return failure_set(q->why, EXIT_GUISE,
			   "binfmt: binfmt_misc is not mounted at " PLACE
			   "; give --mount, or mount -t binfmt_misc binfmt_misc " PLACE);
}

static int write_to(struct request *q, const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) >= 0)
		return 0;
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		return failure_set(q->why, EXIT_GUISE,
				   "binfmt: %s: %s; become root, or use --mount in a user and "
				   "mount namespace of your own (Linux 6.7)",
				   path, strerror(errno));
	return failure_set(q->why, EXIT_GUISE, "binfmt: %s: %s; see what is registered in " PLACE,
			   path, strerror(errno));
}

static int entry_path(const struct personality *p, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, PLACE "/guise-%s", p->name); /* fits */
	return access(path, F_OK) < 0 ? -errno : 0;
}

static int take_away(struct request *q, const struct personality *p)
{
	char path[PATH_MAX];

	return entry_path(p, path) < 0 ? 0 : write_to(q, path, "-1");
}

/* ---- The words ----------------------------------------------------------------------------- */

static int install(struct request *q, const struct personality *p)
{
	AUTO_FREE char *line = foreign_registration(p, q->interpreter);

	if (!line)
		return failure_set(q->why, EXIT_GUISE, "out of memory");
	if (take_away(q, p) < 0)
		return -1;
	return write_to(q, PLACE "/register", line);
}

static int print(struct request *q, const struct personality *p)
{
	AUTO_FREE char *line = foreign_registration(p, q->interpreter);

	if (!line)
		return failure_set(q->why, EXIT_GUISE, "out of memory");
	printf("%s\n", line);
	return 0;
}

/* The kernel tells an entry as "enabled", "interpreter PATH", "flags: PF", ... */
static int status(struct request *q, const struct personality *p)
{
	char path[PATH_MAX], line[PATH_MAX + 32], interpreter[PATH_MAX] = "";
	bool enabled = false;

	if (entry_path(p, path) < 0) {
		printf("%s: not installed\n", p->name);
		return 1;
	}
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		enabled |= strcmp(line, "enabled") == 0;
		if (strncmp(line, "interpreter ", 12) == 0)
			(void)snprintf(interpreter, sizeof interpreter, "%.*s", PATH_MAX - 1,
				       line + 12);
	}
	if (f)
		fclose(f);
	printf("%s: %s, %s\n", p->name, enabled ? "installed" : "disabled", interpreter);
	if (strcmp(interpreter, q->interpreter) != 0)
		printf("%s: this guise is another one, %s\n", p->name, q->interpreter);
	return !enabled;
}

static const struct {
	const char *name;
	int (*perform)(struct request *, const struct personality *);
	bool mounted; /* binfmt_misc must be */
} words[] = {
	{"install", install, true},
	{"remove", take_away, true},
	{"status", status, true},
	{"print", print, false},
};

static int perform(struct request *q, const char *word)
{
	size_t at = 0;
	int result = 0;

	while (at < COUNT(words) && strcmp(words[at].name, word) != 0)
		at++;
	if (at == COUNT(words))
		return failure_set(q->why, EXIT_GUISE,
				   "binfmt: %s: unknown; see guise binfmt --help", word);
	if (find_interpreter(q) < 0 || (words[at].mounted && check_mounted(q) < 0))
		return COMMAND_FAILED;
	for_each_personality(p) {
		if (!wanted(q, p))
			continue;
		int r = words[at].perform(q, p);
		if (r < 0)
			return COMMAND_FAILED;
		result |= r;
	}
	return result;
}

/* Options may stand between the words, too: the words into list, their number or what
 * options_parse() returned. */
static int read_words(struct request *q, int argc, char **argv, const char *list[2])
{
	int n = 0;

	for (;;) {
		int first = options_parse(&command_binfmt, &q->given, argc, argv, q->why);
		if (first < 0 || first == argc)
			return first < 0 ? first : n;
		if (n == 2)
			break;
		list[n++] = argv[first];
		argc -= first;
		argv += first;
	}
	return failure_set(q->why, EXIT_GUISE,
			   "binfmt: %s: one word too many; see guise binfmt --help", argv[1]);
}

static int binfmt(int argc, char **argv, struct failure *why)
{
	struct request q = {.why = why};
	const char *list[2];
	int n = read_words(&q, argc, argv, list);

	if (n < 0)
		return n;
	if (n == 0)
		return failure_set(why, EXIT_GUISE,
				   "binfmt: give install, remove, status or print; "
				   "see guise binfmt --help");
	if (n == 2) {
		q.only = brand_named(list[1]);
		if (!q.only || !wanted(&q, q.only))
			return failure_set(why, EXIT_GUISE,
					   "binfmt: %s: no system whose programs guise runs and "
					   "the kernel can tell by their header; leave it out",
					   list[1]);
	}
	return perform(&q, list[0]);
}

const struct command command_binfmt = {
	.name = "binfmt",
	.operands = "install|remove|status|print [SYSTEM]",
	.summary = "lets the kernel start other systems' programs by itself",
	.more = "\nprint gives the lines for /etc/binfmt.d/guise.conf.  status exits with 1 if something\n"
		"is not installed or not enabled.\n",
	.rows = rows,
	.n_rows = COUNT(rows),
	.run = binfmt,
};
