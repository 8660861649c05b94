/* guise run --check: the program by both engines, their calls compared (trace/compare.h).
 *
 * One run after the other, each in a process of its own that is a guise run in all respects, with
 * the same input and nothing to keep of what it changes, so that the second sees what the first
 * saw.  Addresses are not randomised, which makes more of them alike.
 *
 *	input		a file is read by both from where it stands; a pipe is read to its end
 *			first; a terminal is not there
 *	output		both write to pipes, as which they look the same to them.  The first
 *			run's, by the resident, is passed on; of the second's only what guise
 *			itself has to say
 *
 * Where they differ, the resident does it once more: a program that differs from itself says
 * nothing about engines. */
#include "cli/check.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#include "syscalls/launch.h"
#include "syscalls/trace.h"
#include "trace/compare.h"
#include "trace/reader.h"

#define MOST_INPUT (256UL << 20) /* bytes kept of a pipe */
#define MOST_WORDS 4096 /* bytes kept of the second run's standard error */

/* One run, and what is known of it. */
struct attempt {
	const char *engine;
	FILE *kept;
	int status;
	char words[MOST_WORDS];
	size_t n_words;
};

struct check {
	const struct run_options *given;
	char **argv;
	int input;
	off_t from; /* where it stands; -1: it is no file */
	struct failure *why;
};

/* ---- Input ------------------------------------------------------------------------ */

static int copy_input(int to, struct failure *why)
{
	char bytes[65536];
	size_t all = 0;

	for (;;) {
		ssize_t n = read(0, bytes, sizeof bytes);

		if (n == 0)
			return 0;
		if (n < 0)
			return failure_set(why, EXIT_GUISE,
					   "--check: standard input: %s; give a file",
					   strerror(errno));
		all += (size_t)n;
		if (all > MOST_INPUT || write(to, bytes, (size_t)n) != n)
			return failure_set(why, EXIT_GUISE,
					   "--check: standard input: too long to be kept for two "
					   "runs; give a file");
	}
}

static int open_input(struct check *c)
{
	struct stat st;
	bool is_there = fstat(0, &st) == 0;

	c->from = 0;
	if (is_there && S_ISREG(st.st_mode)) {
		c->input = fcntl(0, F_DUPFD_CLOEXEC, 3);
		c->from = lseek(0, 0, SEEK_CUR);
	} else if (is_there && !S_ISCHR(st.st_mode)) {
		c->input = memfd_create("input", MFD_CLOEXEC);
		if (c->input >= 0 && copy_input(c->input, c->why) < 0)
			return -1;
	} else {
		c->input = open("/dev/null", O_RDONLY | O_CLOEXEC);
		c->from = -1;
	}
	return c->input < 0 ? failure_set(c->why, EXIT_GUISE, "--check: standard input: %s",
					  strerror(errno))
			    : 0;
}

/* ---- One run ------------------------------------------------------------------------ */

static int run_kept(const struct check *c, const struct attempt *a, struct failure *why)
{
	const struct reader_options options = {.keep = a->kept};
	struct run_options given = *c->given;
	struct reader *reader = malloc(sizeof *reader);
	struct run_trace t = {
		.box = {.drain = reader_drain, .reader = reader},
		.flags = SETTINGS_TRACE,
		.string = TRACE_STRING_MAX,
	};
	int e = reader ? reader_open(reader, &options, &t.box.ring, &t.box.bell) : -ENOMEM;

	if (e < 0)
		return failure_set(why, EXIT_GUISE, "--check: no memory for the trace: %s",
				   strerror(-e));
	given.check = false;
	given.ephemeral = true;
	given.engine = a->engine;
	int status = run_program(&given, &t, c->argv, why);
	reader_close(reader);
	if (status >= 0 && (fflush(a->kept) != 0 || ferror(a->kept)))
		return failure_set(why, EXIT_GUISE,
				   "--check: no room in /tmp for the calls; make some");
	return status;
}

static _Noreturn void be_attempt(const struct check *c, const struct attempt *a, int out, int err)
{
	struct failure why = {0};
	int status;

	(void)personality(ADDR_NO_RANDOMIZE); /* else addresses are compared all the same */
	if (dup2(c->input, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(EXIT_GUISE);
	if (c->from >= 0)
		(void)lseek(0, c->from, SEEK_SET); /* it is a file */
	status = run_kept(c, a, &why);
	if (status < 0) {
		dprintf(2, "guise: %s\n", why.text);
		status = why.status;
	}
	_exit(status);
}

static void pass_on(int to, const char *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(to, bytes, n);

		if (done < 0)
			return; /* nobody reads it any more: the runs go on */
		bytes += done;
		n -= (size_t)done;
	}
}

/* What comes by the pipes, until both are closed. */
static void listen_to(struct attempt *a, int from[2], bool first)
{
	struct pollfd fds[2] = {{.fd = from[0], .events = POLLIN},
				{.fd = from[1], .events = POLLIN}};
	char bytes[65536];

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0)
			continue; /* a signal */
		for (int i = 0; i < 2; i++) {
			ssize_t n = fds[i].fd >= 0 && fds[i].revents
					    ? read(from[i], bytes, sizeof bytes)
					    : 1;

			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			if (n <= 0)
				fds[i].fd = -1;
			else if (first)
				pass_on(i + 1, bytes, (size_t)n);
			else if (i && (size_t)n <= sizeof a->words - a->n_words) {
				memcpy(a->words + a->n_words, bytes, (size_t)n);
				a->n_words += (size_t)n;
			}
		}
	}
}

static int make_attempt(const struct check *c, struct attempt *a, bool first)
{
	int out[2], err[2], status;

	a->kept = tmpfile();
	if (!a->kept || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		return failure_set(c->why, EXIT_GUISE, "--check: no place for the calls: %s",
				   strerror(errno));
	(void)fcntl(fileno(a->kept), F_SETFD, FD_CLOEXEC); /* it is open */
	pid_t pid = fork();
	if (pid == 0)
		be_attempt(c, a, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	if (pid > 0)
		listen_to(a, (int[]){out[0], err[0]}, first);
	close(out[0]);
	close(err[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return failure_set(c->why, EXIT_GUISE, "--check: no process for it: %s",
				   strerror(errno));
	a->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

/* ---- Both ------------------------------------------------------------------------------- */

static int compare(const struct attempt *a, const struct attempt *b, FILE *tell,
		   struct comparison *out, struct failure *why)
{
	int e = compare_runs((FILE *const[]){a->kept, b->kept},
			     (const char *const[]){a->engine, b->engine}, tell, out);

	if (e < 0)
		return failure_set(why, EXIT_GUISE, "--check: the calls cannot be compared: %s",
				   strerror(-e));
	return 0;
}

/* The program's own doing? */
static int explain(const struct check *c, const struct attempt *first)
{
	struct attempt again = {.engine = first->engine};
	struct comparison both;

	if (make_attempt(c, &again, false) < 0 || compare(first, &again, NULL, &both, c->why) < 0)
		return COMMAND_FAILED;
	fclose(again.kept);
	if (both.differs || again.status != first->status)
		fprintf(stderr, "guise: --check: two runs by the resident differ, too: it may be "
				"the program's own doing\n");
	return EXIT_DIFFERS;
}

static int judge(const struct check *c, const struct attempt *a, const struct attempt *b)
{
	struct comparison both;

	if (compare(a, b, stderr, &both, c->why) < 0)
		return COMMAND_FAILED;
	if (a->status != b->status)
		fprintf(stderr, "guise: --check: exit status %d by the resident, %d by ptrace\n",
			a->status, b->status);
	if (both.differs || a->status != b->status)
		return explain(c, a);
	fprintf(stderr, "guise: --check: %zu calls and events of %zu threads are alike", both.calls,
		both.threads);
	if (both.left_out)
		fprintf(stderr, ", %zu were not compared", both.left_out);
	fputc('\n', stderr);
	return a->status;
}

/* What would outlive the first run, or is not of both. */
static int refuse(const struct run_options *g, struct failure *why)
{
	const char *lack = g->engine	      ? "--engine"
			   : g->stats	      ? "--stats"
			   : g->core	      ? "--core"
			   : g->report	      ? "--report"
			   : g->weaker	      ? "--weaker"
			   : g->dry_run	      ? "--dry-run"
			   : g->print_profile ? "--print-profile"
					      : NULL;

	if (lack)
		return failure_set(why, EXIT_GUISE, "--check: not with %s; leave one out", lack);
	for (size_t i = 0; i < g->places.n; i++) {
		const struct given *place = &g->places.list[i];

		if (strcmp(place->option, "rw") == 0 || strstr(place->value, "upper="))
			return failure_set(why, EXIT_GUISE,
					   "--check: --%s %s: the second run would see what the "
					   "first one changed; give --overlay",
					   place->option, place->value);
	}
	return 0;
}

int check_run(const struct run_options *given, char **argv, struct failure *why)
{
	struct check c = {.given = given, .argv = argv, .why = why};
	struct attempt *a = calloc(2, sizeof *a);
	int status = COMMAND_FAILED;

	if (!a)
		return failure_set(why, EXIT_GUISE, "out of memory");
	a[0].engine = "resident";
	a[1].engine = "ptrace";
	if (refuse(given, why) == 0 && open_input(&c) == 0 && make_attempt(&c, &a[0], true) == 0) {
		status = a[0].status;
		if (status < EXIT_GUISE || status > EXIT_NOT_FOUND)
			status = make_attempt(&c, &a[1], false) < 0 ? COMMAND_FAILED : a[1].status;
		if (status == EXIT_GUISE)
			pass_on(2, a[1].words, a[1].n_words);
		else if (a[1].kept && status >= 0)
			status = judge(&c, &a[0], &a[1]);
	}
	for (int i = 0; i < 2; i++)
		if (a[i].kept)
			fclose(a[i].kept);
	free(a);
	return status;
}
