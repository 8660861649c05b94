/* The request of `guise exec`, as a file in memory: a head, then its strings, each with its
 * end.  Packed by the caller's guise, handed from the supervisor to process 1, unpacked by a
 * process that forked from that and leads a session for the new program, as process 1 does
 * for the first. */
#include "sandbox/join.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/cleaner.h"
#include "sandbox/control.h"
#include "sandbox/leftovers.h"
#include "sandbox/scope.h"

#define LARGEST (4 << 20) /* twice what Linux gives a program by default */

struct head {
	struct terminal_wish wish;
	uint32_t arguments, variables, directories; /* of these so many strings, in this order */
};

/* ---- Packing ----------------------------------------------------------------------- */

static uint32_t put_all(FILE *f, char *const *list)
{
	uint32_t n = 0;

	for (; list && list[n]; n++)
		(void)fwrite(list[n], 1, strlen(list[n]) + 1, f); /* ferror() tells */
	return n;
}

/* The file, or -errno. */
static int pack(const struct join_request *r, const struct terminal_wish *wish)
{
	char *const directory[] = {(char *)r->directory, NULL};
	struct head h = {.wish = *wish};
	int fd = memfd_create("request", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w+");

	if (!f)
		return -errno;
	(void)fwrite(&h, sizeof h, 1, f); /* ferror() tells */
	h.arguments = put_all(f, r->argv);
	h.variables = put_all(f, r->environment);
	h.directories = put_all(f, directory);
	bool too_long = ftell(f) > LARGEST;
	rewind(f);
	(void)fwrite(&h, sizeof h, 1, f);
	bool failed = fflush(f) != 0 || ferror(f);
	int copy = failed || too_long ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	(void)fclose(f); /* flushed already */
	return copy >= 0 ? copy : too_long ? -E2BIG : -EIO;
}

static int ask(struct box *b, int connection, const char *name, const struct join_request *r)
{
	struct message m = {.kind = MESSAGE_EXEC};
	int channel[2];
	AUTO_CLOSE int request = pack(r, &b->wish);

	if (request < 0)
		return failure_set(b->why, EXIT_GUISE, "%s: arguments or environment: %s", name,
				   strerror(-request));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
		return failure_set(b->why, EXIT_GUISE, "%s: no channel: %s", name, strerror(errno));
	struct channel_descriptors give = {
		.n = JOIN_DESCRIPTORS,
		.fd = {0, 1, 2, [JOIN_CHANNEL] = channel[1], [JOIN_REQUEST] = request},
	};
	for (int fd = 0; fd <= 2; fd++)
		if (b->stdio[fd].programs > 0)
			give.fd[fd] = b->stdio[fd].programs;
	int e = control_ask(connection, name, &m, &give, b->why);
	close(channel[1]);
	if (e < 0)
		close(channel[0]);
	else
		b->channel = channel[0];
	return e;
}

static int join(struct box *b, int connection, const char *name, const struct join_request *r,
		int signals)
{
	static const struct step stdio = {.kind = STEP_CHECK_STDIO};

	int e = step_check_stdio(b, &stdio);
	if (e == 0)
		e = stdio_elsewhere(b);
	if (e < 0)
		return failure_set(b->why, EXIT_GUISE, "descriptors 0-2: %s", strerror(-e));
	if (ask(b, connection, name, r) < 0)
		return -1;
	int status = box_attend(b, signals);
	stdio_carry_back(b);
	close(b->channel);
	if (b->why->status)
		return -1;
	if (status < 0)
		return failure_set(b->why, EXIT_GUISE, "%s: ended before the program did", name);
	return status;
}

int box_join(int connection, const char *name, const struct join_request *r,
	     const struct box_options *options, struct failure *why)
{
	struct terminal terminal = TERMINAL_NONE;
	struct control control = CONTROL_NONE;
	struct box b = {
		.options = options,
		.why = why,
		.channel = -1,
		.terminal = &terminal,
		.control = &control,
		.pty = -1,
	};
	AUTO_CLOSE int signals = box_take_signals(&b);

	if (signals < 0)
		return failure_set(why, EXIT_GUISE, "cannot watch signals: %s", strerror(-signals));
	terminal.left = leftovers_new();
	if (!options->no_terminal)
		terminal_find(&terminal, &b.wish);
	if (b.wish.replaced && terminal.left)
		b.cleaner = cleaner_start(leftovers_clean, terminal.left);
	int status = join(&b, connection, name, r, signals);
	terminal_close(&terminal);
	cleaner_stop(b.cleaner);
	leftovers_free(terminal.left);
	box_give_signals_back(&b);
	return status;
}

/* ---- Unpacking ------------------------------------------------------------------------- */

static char *read_all(int fd, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct head) || st.st_size > LARGEST)
		return NULL;
	AUTO_FREE char *text = calloc(1, (size_t)st.st_size + 1);
	if (!text || pread(fd, text, (size_t)st.st_size, 0) != st.st_size)
		return NULL;
	*size = (size_t)st.st_size;
	return take_text(&text);
}

/* n strings from *at on, after those of `before`; NULL if there are not so many. */
static char **get_all(char **at, const char *end, uint32_t n, char *const *before)
{
	size_t have = 0;

	while (before && before[have])
		have++;
	char **list = calloc(have + n + 1, sizeof *list);
	if (!list)
		return NULL;
	memcpy(list, before, have * sizeof *list);
	for (uint32_t i = 0; i < n; i++) {
		if (*at >= end) {
			free(list);
			return NULL;
		}
		list[have + i] = *at;
		*at += strlen(*at) + 1;
	}
	return list;
}

/* A variable given later counts: the earlier one goes. */
static void settle(char **environment)
{
	for (size_t i = 0; environment[i]; i++) {
		size_t name = strcspn(environment[i], "=") + 1;
		bool later = false;
		for (size_t j = i + 1; environment[j] && !later; j++)
			later = strncmp(environment[i], environment[j], name) == 0;
		if (!later)
			continue;
		for (size_t j = i; environment[j]; j++)
			environment[j] = environment[j + 1];
		i--;
	}
}

int join_unpack(struct box *b, int fd, struct box_options *o)
{
	struct head h;
	size_t size;
	AUTO_FREE char *text = read_all(fd, &size);

	if (!text)
		return -EINVAL;
	*o = *b->options;
	memcpy(&h, text, sizeof h);
	char *at = text + sizeof h;
	if (h.arguments < 1 || h.arguments > size || h.variables > size || h.directories > 1)
		return -EINVAL;
	o->argv = get_all(&at, text + size, h.arguments, NULL);
	char **environment = get_all(&at, text + size, h.variables, o->envp);
	char **directory = get_all(&at, text + size, h.directories, NULL);
	if (!o->argv || !environment || !directory)
		return -EINVAL;
	settle(environment);
	o->envp = environment;
	o->directory = directory[0];
	b->options = o;
	b->wish = h.wish;
	text = NULL; /* the lists point into it */
	return 0;
}

/* ---- The program -------------------------------------------------------------------------- */

static bool is_executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* A name in PATH, or a path from where it begins; to an absolute one. */
static char *find_program(const char *name, char *const *environment)
{
	const char *path = "";
	char *found = NULL;

	if (name[0] == '/')
		return strdup(name);
	if (strchr(name, '/')) {
		AUTO_FREE char *here = getcwd(NULL, 0);
		return here && asprintf(&found, "%s/%s", here, name) >= 0 ? found : NULL;
	}
	for (; *environment; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0)
			path = *environment + 5;
	for (size_t n; *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if (n && asprintf(&found, "%.*s/%s", (int)n, path, name) < 0)
			return NULL;
		if (n && is_executable(found))
			return found;
		free(found);
		found = NULL;
	}
	return NULL;
}

/* The plan, with another program at its end. */
static const struct plan *redirect(const struct plan *p, char *program)
{
	struct plan *copy = malloc(sizeof *copy);
	struct step *steps = calloc(p->n, sizeof *steps);

	if (!copy || !steps)
		return NULL;
	memcpy(steps, p->steps, p->n * sizeof *steps);
	for (size_t i = 0; i < p->n; i++)
		if (steps[i].kind == STEP_EXECUTE || steps[i].kind == STEP_NATIVE_EXECUTE)
			steps[i].to = program;
	*copy = (struct plan){.steps = steps, .n = p->n, .room = p->n};
	return copy;
}

int join_prepare(struct box *b)
{
	const struct box_options *o = b->options;
	const char *name = o->argv[0];
	struct stat st;

	if (o->directory && chdir(o->directory) < 0)
		return failure_set(b->why, EXIT_GUISE,
				   "--chdir %s: %s; give a directory of the sandbox", o->directory,
				   strerror(errno));
	char *program = find_program(name, o->envp);
	if (!program || stat(program, &st) < 0)
		return failure_set(b->why, EXIT_NOT_FOUND, "%s: not found in the sandbox", name);
	if (!is_executable(program))
		return failure_set(b->why, EXIT_NOT_RUNNABLE, "%s: not an executable file", name);
	if (o->check_program) {
		AUTO_CLOSE int fd = open(program, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && o->check_program(fd, program, o->native, b->why) < 0)
			return -1;
	}
	b->plan = redirect(b->plan, program);
	return b->plan ? 0 : failure_set(b->why, EXIT_GUISE, "out of memory");
}
