/* guise run: looks at the program, makes the plan, performs it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/check.h"
#include "cli/cores.h"
#include "cli/names.h"
#include "cli/places.h"
#include "cli/profile.h"
#include "cli/profile_file.h"
#include "cli/release.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/tally.h"
#include "sandbox/box.h"
#include "sandbox/landlock.h"
#include "sandbox/scope.h"
#include "syscalls/personality.h"

#define HOME "/tmp"
#define HOSTNAME "guise"
#define WEAKER_NAMES "no-namespaces"
#define ENGINE_NAMES "native|resident|ptrace"
#define LONGEST_HOSTNAME 64 /* sethostname(2) */

#define AT(member) offsetof(struct run_options, member)
static const struct option_row rows[] = {
	{"profile", TAKES_TEXT, AT(profile), PROFILE_NAMES, "options that belong together"},
	{"ro", TAKES_LIST, AT(places), "PATH[:DEST]", "show PATH inside, read-only"},
	{"rw", TAKES_LIST, AT(places), "PATH[:DEST]", "show PATH inside, writable"},
	{"tmpfs", TAKES_LIST, AT(places), "PATH[:size=S,mode=M,inodes=N]",
	 "an empty writable directory in memory"},
	{"hide", TAKES_LIST, AT(places), "PATH", "show something empty instead"},
	{"overlay", TAKES_LIST, AT(places), "PATH[:DEST][:size=S|:upper=DIR]",
	 "show PATH writable, throw changes away or keep them in DIR"},
	{"ephemeral", TAKES_NOTHING, AT(ephemeral), NULL,
	 "throw away what is changed in the current directory"},
	{"proc", TAKES_NOTHING, AT(procfs), NULL, "a read-only /proc of the processes inside"},
	{"root", TAKES_TEXT, AT(root), "DIR", "what is in DIR is the root directory, read-only"},
	{"no-cwd", TAKES_NOTHING, AT(no_working), NULL, "do not show the current directory"},
	{"chdir", TAKES_TEXT, AT(directory), "DIR", "start in DIR (the current directory)"},
	{"net", TAKES_TEXT, AT(net), "none|host|off",
	 "loopback only (none), the host's network, or not even loopback"},
	{"no-tty", TAKES_NOTHING, AT(life.no_terminal), NULL,
	 "no terminal of its own: the caller's as it is"},
	{"weaker", TAKES_TEXT, AT(weaker), WEAKER_NAMES,
	 "no namespaces: Landlock and the filter alone hold"},
	{"time-namespace", TAKES_NOTHING, AT(time_namespace), NULL,
	 "clocks of its own, though nobody inside can set them"},
	{"hostname", TAKES_TEXT, AT(hostname), "NAME", "the host's name inside (" HOSTNAME ")"},
	{"env", TAKES_LIST, AT(environment), "NAME[=VALUE]", "set NAME, or pass it on"},
	{"keep-env", TAKES_NOTHING, AT(keep_environment), NULL, "pass on the whole environment"},
	{"clear-env", TAKES_NOTHING, AT(clear_environment), NULL, "pass on nothing but --env"},
	{"cpus", TAKES_TEXT, AT(limits.of[LIMIT_CPUS]), "N", "no more than N processors' time"},
	{"cpu-weight", TAKES_TEXT, AT(limits.of[LIMIT_CPU_WEIGHT]), "N",
	 "so much when others want it too (100)"},
	{"memory", TAKES_TEXT, AT(limits.of[LIMIT_MEMORY]), "SIZE", "at most SIZE of memory"},
	{"swap", TAKES_TEXT, AT(limits.of[LIMIT_SWAP]), "SIZE", "and of swap, with --memory (0)"},
	{"io-weight", TAKES_TEXT, AT(limits.of[LIMIT_IO_WEIGHT]), "N",
	 "as --cpu-weight, of the disks"},
	{"io-max", TAKES_LIST, AT(limits.io), "PATH:RATES",
	 "a disk's rbps=, wbps=, riops=, wiops="},
	{"pids", TAKES_TEXT, AT(limits.of[LIMIT_PIDS]), "N", "at most N processes and threads"},
	{"open-files", TAKES_TEXT, AT(limits.of[LIMIT_OPEN_FILES]), "N",
	 "at most N descriptors in a process"},
	{"file-size", TAKES_TEXT, AT(limits.of[LIMIT_FILE_SIZE]), "SIZE",
	 "no file grows beyond SIZE"},
	{"disk", TAKES_TEXT, AT(limits.of[LIMIT_DISK]), "SIZE",
	 "at most SIZE in each of /tmp, /dev/shm, ..."},
	{"best-effort", TAKES_NOTHING, AT(limits.best_effort), NULL,
	 "go on without limits that cannot be enforced"},
	{"timeout", TAKES_TEXT, AT(life.timeout), "DURATION", "end it after so long (status 124)"},
	{"kill-after", TAKES_TEXT, AT(life.kill_after), "DURATION",
	 "and by force after so long again (" GRACE_SECONDS "s)"},
	{"name", TAKES_TEXT, AT(life.name), "NAME", "by which guise ps and others know it"},
	{"personality", TAKES_TEXT, AT(personality), "SYSTEM",
	 "the program's system, if it does not say"},
	{"release", TAKES_TEXT, AT(release), "R", "the system release it is told it runs on"},
	{"engine", TAKES_TEXT, AT(engine), ENGINE_NAMES,
	 "who makes the calls: the kernel itself, for Linux programs, the resident, or a supervisor"},
	{"no-patch", TAKES_NOTHING, AT(no_patch), NULL, "make every call by the slow way (a trap)"},
	{"check", TAKES_NOTHING, AT(check), NULL,
	 "run it by resident and by supervisor, and compare what it asks of its system"},
	{"check-uses", TAKES_NOTHING, AT(check_uses), NULL,
	 "stop at a Linux call its row does not name"},
	{"quiet", TAKES_NOTHING, AT(quiet), NULL,
	 "do not say what this kernel cannot enforce twice"},
	{"report", TAKES_TEXT, AT(report), "FILE",
	 "list what it left that the host may run later (-: on standard error)"},
	{"core", TAKES_TEXT, AT(core), "FILE",
	 "where to a fatal signal leaves a core file (%p: its process)"},
	{"core-size", TAKES_TEXT, AT(core_size), "SIZE", "at most SIZE for all of them (4G)"},
	{"stats", TAKES_NOTHING, AT(stats), NULL,
	 "tell at the end how calls were made, and what the translator cost"},
	{"stats-json", TAKES_TEXT, AT(stats_json), "FILE", "write that to FILE, as JSON"},
	{"print-profile", TAKES_NOTHING, AT(print_profile), NULL,
	 "print the options as a profile file, and do nothing"},
	{"dry-run", TAKES_NOTHING, AT(dry_run), NULL, "print what would be done, and do nothing"},
};

/* All that lives as long as the run. */
struct run {
	struct run_options given;
	const char *name; /* of the program, as it was asked for */
	struct box_options box;
	struct program_name program;
	struct profile_file file; /* if the profile is one */
	struct run_options printed; /* by --print-profile */
	struct failure *why;
	char *working;
	char *directory;
	char *user;
	enum environment_base environment;
};

/* ---- Options ------------------------------------------------------------------- */

static int read_net(struct run *r)
{
	const char *weaker = r->given.weaker;
	const char *net = r->given.net ? r->given.net : weaker ? "off" : "none";

	r->box.no_namespaces = weaker;
	if (weaker && strcmp(weaker, WEAKER_NAMES) != 0)
		return failure_set(r->why, EXIT_GUISE, "--weaker %s: unknown; give " WEAKER_NAMES,
				   weaker);

	r->box.host_network = strcmp(net, "host") == 0;
	r->box.no_network = strcmp(net, "off") == 0;
	r->box.own_time = r->given.time_namespace;
	if (r->box.host_network || r->box.no_network || strcmp(net, "none") == 0)
		return 0;
	return failure_set(r->why, EXIT_GUISE, "--net %s: unknown; give none, host or off", net);
}

static int read_hostname(struct run *r)
{
	const char *name = r->given.hostname ? r->given.hostname : HOSTNAME;

	r->box.hostname = name;
	if (*name && strlen(name) <= LONGEST_HOSTNAME)
		return 0;
	return failure_set(r->why, EXIT_GUISE, "--hostname: empty or longer than %d; shorten it",
			   LONGEST_HOSTNAME);
}

static int copy_setting(struct run *r, const char *option, const char *from, char *to, size_t size)
{
	if (!from)
		return 0;
	if (!*from || strlen(from) >= size)
		return failure_set(r->why, EXIT_GUISE,
				   "--%s: empty or too long; give a name of "
				   "up to %zu letters",
				   option, size - 1);
	strcpy(to, from);
	return 0;
}

/* Of any system: which it is shows later. */
static bool is_release(const char *text)
{
	uint32_t number;

	for_each_personality(p)
		if (release_number(text, p, &number) == 0)
			return true;
	return false;
}

static bool counts_calls(const struct run_options *g)
{
	return g->stats || g->stats_json;
}

static int read_settings(struct run *r)
{
	const struct run_options *g = &r->given;
	struct settings *s = &r->box.settings;

	s->magic = SETTINGS_MAGIC;
	s->flags = (g->check_uses ? SETTINGS_CHECK_USES : 0) |
		   (g->no_patch ? SETTINGS_NO_PATCH : 0) | (counts_calls(g) ? SETTINGS_TALLY : 0);
	if (copy_setting(r, "personality", g->personality, s->personality, sizeof s->personality) <
	    0)
		return -1;
	if (g->personality && !brand_named(g->personality))
		return failure_set(r->why, EXIT_GUISE,
				   "--personality %s: unknown; `guise calls` lists the systems",
				   g->personality);
	if (g->release && !is_release(g->release))
		return failure_set(r->why, EXIT_GUISE,
				   "--release %s: not a release; give one like 14.2-RELEASE, 14.2 "
				   "or 1402000",
				   g->release);
	return copy_setting(r, "release", g->release, s->release, sizeof s->release);
}

static void tell(const char *line)
{
	fprintf(stderr, "guise: %s\n", line);
}

static int read_limits(struct run *r)
{
	r->box.tell = tell;
	int e = limits_read(&r->given.limits, &r->box.limits, r->why);
	r->box.limits.quiet = r->given.quiet;
	return e;
}

/* What the caller left open is nobody's inside. */
int run_close_others(struct failure *why)
{
	if (close_range(3, ~0U, 0) < 0)
		return failure_set(why, EXIT_GUISE, "cannot close descriptors: %s",
				   strerror(errno));
	return 0;
}

/* The root directory is never shown whole: there the program starts in its own root. */
static int find_working(struct run *r)
{
	if (r->given.no_working)
		return 0;
	r->working = getcwd(NULL, 0);
	if (!r->working || r->working[0] != '/')
		return failure_set(
			r->why, EXIT_GUISE,
			"the current directory is gone; go to another, or give --no-cwd");
	if (strcmp(r->working, "/") != 0)
		r->box.working = r->working;
	return 0;
}

static int find_directory(struct run *r)
{
	const char *given = r->given.directory;

	if (find_working(r) < 0)
		return -1;
	r->box.directory = r->box.working ? r->box.working : "/";
	if (!given)
		return 0;
	r->directory = given[0] == '/' ? strdup(given) : names_absolute(given);
	if (!r->directory)
		return failure_set(r->why, EXIT_GUISE, "--chdir %s: %s; check the path", given,
				   strerror(errno));
	r->box.directory = r->directory;
	return 0;
}

/* Before --ro and --rw are read: they have the last word. */
static int read_profile(struct run *r)
{
	struct profile_request q = {.program = r->name, .box = &r->box, .why = r->why};

	r->box.home = HOME;
	if (!r->given.profile)
		return 0;
	int e = profile_apply(r->given.profile, &q);
	r->environment = q.environment;
	return e;
}

static int find_user(struct run *r)
{
	const struct run_options *g = &r->given;
	enum environment_base base = g->keep_environment    ? ENVIRONMENT_ALL
				     : g->clear_environment ? ENVIRONMENT_NONE
							    : r->environment;

	if (g->keep_environment && g->clear_environment)
		return failure_set(r->why, EXIT_GUISE,
				   "--keep-env and --clear-env exclude each other; give one");
	r->box.uid = geteuid();
	r->box.gid = getegid();
	r->box.systems_root = limits_is_systems_root(r->box.uid);
	r->box.own_numbers = r->box.systems_root && limits_has_numbers();
	r->user = names_user(r->box.uid);
	r->box.user = r->user;
	if (r->user)
		r->box.envp = names_environment(base, &g->environment, r->user, r->box.home);
	if (!r->box.envp)
		return failure_set(r->why, EXIT_GUISE, "out of memory");
	return 0;
}

/* What is writable so far was not named by the user: it gets an overlay each, or at least what
 * the host runs later is kept out of it. */
static int guard_working(struct run *r)
{
	if (!r->given.ephemeral)
		return r->box.working ? places_protect(&r->box, r->box.working, r->why) : 0;
	if (r->box.working && places_show_working(&r->box, r->why) < 0)
		return -1;
	for (size_t i = 0; i < r->box.n_binds; i++)
		if (r->box.binds[i].writable)
			places_throw_away(&r->box.binds[i]);
	return 0;
}

static int find_root(struct run *r)
{
	r->box.root = r->given.root;
	r->box.procfs = r->given.procfs;
	if (r->given.procfs && !landlock_version())
		return failure_set(r->why, EXIT_GUISE,
				   "--proc: without Landlock a program could open its descriptors "
				   "anew by it, with other rights; %s",
				   landlock_cure());
	if (guard_working(r) < 0)
		return -1;
	return places_read(&r->given.places, &r->box, r->why);
}

/* The file's options below those that were given, and the profile it inherits instead of it. */
static int read_profile_file(struct run *r)
{
	const char *name = r->given.profile;
	AUTO_FREE char *path = NULL;

	if (!name || (!profile_file_is_named(name) && profile_is_known(name)))
		return 0;
	path = profile_file_is_named(name) ? strdup(name) : profile_file_find(name);
	if (!path)
		return failure_set(r->why, EXIT_GUISE,
				   "--profile %s: unknown; give " PROFILE_NAMES
				   " or a file, or keep it in ~/.config/guise/profiles as %s.yaml",
				   name, name);
	const bool keep = r->given.keep_environment, clear = r->given.clear_environment;
	if (profile_file_read(path, &command_run, &r->file, r->why) < 0 ||
	    profile_file_apply(&r->file, &r->given, r->why) < 0)
		return -1;
	if (keep != clear) { /* one was given: the file's other does not count */
		r->given.keep_environment = keep;
		r->given.clear_environment = clear;
	}
	r->given.profile = r->file.inherits;
	if (!r->file.inherits || profile_is_known(r->file.inherits))
		return 0;
	return failure_set(r->why, EXIT_GUISE, "%s:%u: inherits: %s: unknown; give " PROFILE_NAMES,
			   path, r->file.inherits_line, r->file.inherits);
}

static int print_profile(struct run *r)
{
	const char *profile = r->given.profile;
	const char *inherits = profile && profile_finds_out(profile) ? profile : NULL;

	if (profile_file_print(&command_run, &r->printed, inherits, stdout) == 0)
		return 0;
	return failure_set(r->why, EXIT_GUISE,
			   "--print-profile: a value is no UTF-8 text; a profile cannot hold it");
}

static int read_options(struct run *r)
{
	int (*const readers[])(struct run *) = {read_net,    read_hostname,  read_settings,
						read_limits, find_directory, read_profile,
						find_root,   find_user};

	if (read_profile_file(r) < 0)
		return -1;
	if (r->given.print_profile)
		r->printed = r->given;
	if (r->given.profile &&
	    profile_presets(r->given.profile, &command_run, &r->given, r->why) < 0)
		return -1;
	if (r->given.print_profile && r->given.profile && !profile_finds_out(r->given.profile))
		r->printed = r->given;
	for (size_t i = 0; i < COUNT(readers); i++)
		if (readers[i](r) < 0)
			return -1;
	return 0;
}

/* ---- The program ------------------------------------------------------------------ */

static int report(struct run *r, const char *file, const struct inspection *i)
{
	const char *library_path = NULL;
	struct inspect_problem list[INSPECT_PROBLEMS];
	char *const *env = r->box.envp;

	for (; *env; env++)
		if (strncmp(*env, "LD_LIBRARY_PATH=", 16) == 0)
			library_path = *env + 16;
	const struct inspect_view view = {names_open, &r->box, library_path};
	size_t n = inspect_problems(i, &view, list, COUNT(list));
	for (size_t p = 0; p < n; p++)
		if (list[p].status)
			return failure_set(r->why, list[p].status, "%s: %s", file, list[p].what);
	return 0;
}

/* --personality stands in for what the file does not say. */
static void force_system(const struct run *r, struct inspection *i)
{
	const struct personality *p = brand_named(r->box.settings.personality);

	if (p && !i->is_script)
		i->system = p;
}

static int inspect(struct run *r, const char *file, int fd, struct inspection *i)
{
	int e = inspect_file(fd, i);

	if (e < 0)
		return failure_set(r->why, EXIT_NOT_RUNNABLE, "%s: %s; check the file", file,
				   strerror(-e));
	force_system(r, i);
	if (names_host_system(i, &r->box, r->why) < 0)
		return -1;
	if (i->image.facts.interpreter[0])
		inspect_libraries(fd, i); /* what it cannot tell is not checked */
	e = report(r, file, i);
	inspect_free(i);
	return e;
}

/* A script's interpreter that is not shown inside otherwise comes along from the host. */
static int add_interpreter(struct run *r, const char *path, const struct program_name *found)
{
	struct bind *b = &r->box.binds[r->box.n_binds];
	int there = names_open(&r->box, path);

	if (there >= 0)
		close(there);
	if (!found->host[0] || there >= 0)
		return 0;
	if (r->box.n_binds == BOX_BINDS)
		return failure_set(r->why, EXIT_GUISE, "more than %d places; combine some",
				   BOX_BINDS);
	b->from = strdup(found->host);
	b->to = names_absolute(path);
	r->box.n_binds++;
	return b->from && b->to ? 0 : failure_set(r->why, EXIT_GUISE, "out of memory");
}

static int check_script(struct run *r, const char *file, const char *path,
			struct inspection *interpreter)
{
	struct program_name found;
	char name[PATH_MAX + 64];

	if (names_interpreter(&r->box, file, path, &found, r->why) < 0)
		return -1;
	AUTO_CLOSE int fd = found.fd;
	(void)snprintf(name, sizeof name, "%s: a script for %s", file, path); /* cut, if ever */
	if (inspect(r, name, fd, interpreter) < 0 || add_interpreter(r, path, &found) < 0)
		return -1;
	if (!interpreter->is_script)
		return 0;
	return failure_set(r->why, EXIT_NOT_RUNNABLE,
			   "%s, which is itself a script; name a program after #!", name);
}

static int find_program(struct run *r, const char *name)
{
	struct inspection i;
	struct program_name *p = &r->program;

	if (names_program(&r->box, name, p, r->why) < 0)
		return -1;
	AUTO_CLOSE int fd = p->fd;
	r->box.program = p->inside;
	r->box.program_from = p->host[0] ? p->host : NULL;
	if (inspect(r, name, fd, &i) < 0)
		return -1;
	if (i.is_script) {
		const struct inspection script = i;
		if (check_script(r, name, script.script_interpreter, &i) < 0)
			return -1;
	}
	r->box.personality = i.system;
	int there = p->host[0] ? names_open(&r->box, p->inside) : -1;
	if (there >= 0) {
		close(there);
		if (r->box.host_system)
			r->box.program_from = NULL; /* it came with the rest */
	}
	return 0;
}

/* ---- The engine ------------------------------------------------------------------- */

/* What only a resident can do for a program. */
static const char *needs_resident(const struct run *r, const struct run_trace *trace)
{
	const struct run_options *g = &r->given;

	return trace			      ? "tracing"
	       : !r->box.personality	      ? "this program"
	       : !r->box.personality->is_host ? "a program of another system"
	       : g->release		      ? "--release"
	       : g->no_patch		      ? "--no-patch"
	       : g->check_uses		      ? "--check-uses"
	       : counts_calls(g)	      ? "--stats"
	       : g->core		      ? "--core"
					      : NULL;
}

/* What a supervisor does not do yet, or has nothing of. */
static int check_traced(struct run *r)
{
	const struct run_options *g = &r->given;
	const char *lack = counts_calls(g) ? "--stats"
			   : g->core	   ? "--core"
			   : g->weaker	   ? "--weaker"
					   : NULL;

	return lack ? failure_set(r->why, EXIT_GUISE,
				  "--engine ptrace: not with %s; take the resident for that", lack)
		    : 0;
}

/* The host's own programs run without a resident, unless they are to start others. */
static int choose_engine(struct run *r, const struct run_trace *trace)
{
	const char *engine = r->given.engine, *need = needs_resident(r, trace);

	r->box.native = !need;
	if (!engine)
		return 0;
	r->box.native = strcmp(engine, "native") == 0;
	r->box.traced = strcmp(engine, "ptrace") == 0;
	if (!r->box.native && !r->box.traced && strcmp(engine, "resident") != 0)
		return failure_set(r->why, EXIT_GUISE,
				   "--engine %s: unknown; give native, resident or ptrace", engine);
	if (r->box.traced)
		return check_traced(r);
	if (r->box.native && need)
		return failure_set(r->why, EXIT_GUISE,
				   "--engine native: %s needs a resident; leave the option out",
				   need);
	return 0;
}

/* What joins a sandbox without a resident has to do without one too. */
static int check_other(int fd, const char *path, bool native, struct failure *why)
{
	struct inspection i;
	int e = inspect_file(fd, &i);

	if (e < 0)
		return failure_set(why, EXIT_NOT_RUNNABLE, "%s: %s; check the file", path,
				   strerror(-e));
	bool foreign = !i.is_script && (!i.system || !i.system->is_host);
	inspect_free(&i);
	if (!native || !foreign)
		return 0;
	return failure_set(
		why, EXIT_NOT_RUNNABLE,
		"%s: a program of another system; start the sandbox with --engine resident", path);
}

/* ---- All of it ----------------------------------------------------------------------- */

/* A right this kernel's Landlock does not have yet: the other layers hold it alone. */
static void give_notice(const struct run *r)
{
	unsigned version = landlock_version();
	const char *lack;

	for (unsigned i = 0; (lack = landlock_lack(version, r->box.no_network, i)); i++)
		fprintf(stderr, "guise: notice: %s\n", lack);
}

/* What a program can change must not decide what the next may do. */
static int check_profile_file(const struct run *r, const struct plan *plan)
{
	AUTO_FREE char *file = r->file.name ? realpath(r->file.name, NULL) : NULL;

	for (size_t i = 0; file && i < plan->n; i++) {
		const struct step *s = &plan->steps[i];
		AUTO_FREE char *from = s->kind == STEP_WRITABLE ? realpath(s->from, NULL) : NULL;
		size_t n = from ? strlen(from) : 0;
		if (from && strncmp(file, from, n) == 0 && (file[n] == '/' || file[n] == 0))
			return failure_set(r->why, EXIT_GUISE,
					   "%s: the program could change this profile, %s is "
					   "writable; keep it elsewhere",
					   r->file.name, from);
	}
	return 0;
}

/* What it did is told even if guise failed in the end. */
static int run_and_report(struct run *r, const struct plan *plan)
{
	struct report report;

	if (report_open(&report, r->given.report, r->why) < 0)
		return COMMAND_FAILED;
	int status = counts_calls(&r->given) ? tally_run(&r->given, plan, &r->box, r->why)
					     : box_run(plan, &r->box, r->why);
	return report_write(&report, plan, r->why) < 0 ? COMMAND_FAILED : status;
}

static int perform(struct run *r)
{
	struct plan plan;
	int status = 0;

	if (plan_make(&r->box, &plan, r->why) < 0)
		return COMMAND_FAILED;
	if (check_profile_file(r, &plan) < 0) {
		plan_free(&plan);
		return COMMAND_FAILED;
	}
	if (!r->given.quiet)
		give_notice(r);
	if (r->given.dry_run)
		plan_print(&plan, stdout);
	else
		status = run_and_report(r, &plan);
	plan_free(&plan);
	return status;
}

static void let_go(struct run *r)
{
	for (size_t i = 0; i < r->box.n_binds; i++) {
		places_free(&r->box.binds[i]);
	}
	for (char **v = (char **)r->box.envp; v && *v; v++)
		free(*v);
	free((char **)r->box.envp);
	lives_free(&r->box);
	free(r->working);
	free(r->directory);
	free(r->user);
	profile_file_free(&r->file);
}

static int perform_watched(struct run *r, const struct run_trace *trace)
{
	struct run_cores cores;
	int status = COMMAND_FAILED;

	if (run_cores_begin(&cores, &r->given, trace, r->why) == 0) {
		r->box.trace = cores.trace.box;
		r->box.settings.flags |= cores.trace.flags;
		r->box.settings.trace_string = cores.trace.string;
		status = perform(r);
	}
	run_cores_end(&cores);
	return status;
}

static int read_and_perform(struct run *r, const struct run_trace *trace)
{
	int status = COMMAND_FAILED;

	if (read_options(r) == 0 && r->given.print_profile)
		status = print_profile(r);
	else if (!r->why->status && find_program(r, r->name) == 0 && choose_engine(r, trace) == 0 &&
		 lives_read(&r->given.life, &r->box, r->why) == 0) {
		r->box.check_program = check_other;
		release_of_userland(&r->box);
		status = perform_watched(r, trace);
	}
	if (status == COMMAND_FAILED)
		profile_file_locate(&r->file, r->why);
	let_go(r);
	return status;
}

static int run_argv(struct run *r, const struct run_trace *trace, char **argv)
{
	r->name = argv[0] ? argv[0] : "";
	r->box.argv = argv;
	return read_and_perform(r, trace);
}

/* The one of this process.  Not on the stack: of its ten pages a start touches two or three, and
 * these are zero without being written to. */
static struct run *the_run(struct failure *why)
{
	static struct run run;

	run.why = why;
	return &run;
}

int run_program(const struct run_options *given, const struct run_trace *trace, char **argv,
		struct failure *why)
{
	struct run *r = the_run(why);

	r->given = *given;
	return run_argv(r, trace, argv);
}

static int run(int argc, char **argv, struct failure *why)
{
	struct run *r = the_run(why);
	int first = options_parse(&command_run, &r->given, argc, argv, why);

	if (first < 0)
		return first;
	if (first == argc && !r->given.print_profile)
		return failure_set(why, EXIT_GUISE, "run: no program; see guise run --help");
	if (run_close_others(why) < 0)
		return COMMAND_FAILED;
	if (r->given.check)
		return check_run(&r->given, argv + first, why);
	return run_argv(r, NULL, argv + first);
}

int run_for_kernel(int argc, char **argv, struct failure *why)
{
	struct run *r = the_run(why);

	r->given.profile = "runner";
	if (argc < 3)
		return failure_set(why, EXIT_GUISE,
				   "started by the kernel without a program; register it with "
				   "guise binfmt install");
	if (run_close_others(why) < 0)
		return COMMAND_FAILED;
	r->name = argv[1];
	r->box.argv = argv + 2;
	return read_and_perform(r, NULL);
}

const struct command command_run = {
	.name = "run",
	.operands = "[--] PROGRAM [ARGUMENTS...]",
	.summary = "runs a program in a sandbox",
	.more = "\nThe exit status is the program's; 128+N if Linux signal N ended it; 125 if guise\n"
		"failed, 126 if the file is not a program it can run, 127 if it was not found.\n",
	.rows = rows,
	.n_rows = COUNT(rows),
	.run = run,
};
