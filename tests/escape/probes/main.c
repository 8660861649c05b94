/* The runner of the probes: see probe.h.
 *
 *     probe list              the checks: probe, name, where they run bare, what they ask
 *     probe calls|gate [NAME] all of them, or one, by the one way or the other
 *     probe self plain|space  those that may run without a sandbox, each expected to breach
 */
#include "tests/guest/guest.h"

#include "tests/escape/probes/probe.h"

#include <linux/stat.h>

#include "syscalls/engine/resident/layout.h"

#ifdef NATIVE
#define SYS_fork __NR_fork
#define SYS_wait4 __NR_wait4
#define SYS_kill __NR_kill
#define SYS_getpid __NR_getpid
#define SYS_setpgid __NR_setpgid
#define SYS_nanosleep __NR_nanosleep
#define SYS_mmap __NR_mmap
#define SYS_execve __NR_execve
#define SYS_open __NR_open
#define SHARED_MEMORY 0x21 /* MAP_SHARED | MAP_ANONYMOUS */
#define STATUS_SIGSYS 31
#else
#define SHARED_MEMORY 0x1001 /* sys/mman.h */
#define STATUS_SIGSYS 12 /* sys/signal.h */
#endif
enum { WNOHANG = 1, SIGKILL = 9 };

#define PATIENCE_MS 20000

/* What a check has found so far, where its parent sees it. */
struct report {
	enum verdict verdict;
	char text[2048];
};

static struct report *report;
static bool gate_way;
static char **environment, *program;
char scratch[65536] __attribute__((aligned(4096)));

extern const struct check __start_checks[], __stop_checks[];

/* ---- Calls -------------------------------------------------------------------------- */

typedef long gate_fn(long nr, long a, long b, long c, long d, long e, long f);

long host_call(long nr, long a, long b, long c, long d, long e, long f)
{
	if (gate_way)
		return ((gate_fn *)RESIDENT_BASE)(nr, a, b, c, d, e, f);
#ifdef NATIVE
	return sys(nr, a, b, c, d, e, f);
#else
	return -ENOSYS; /* never: main() allows a foreign guest nothing but the gate */
#endif
}

/* The system's own calls, for own.c. */
long own_call(long nr, const long a[8]);
long own_call(long nr, const long a[8])
{
	return sys_call(nr, a);
}

bool through_gate(void)
{
	return gate_way;
}

#ifdef NATIVE
static int wait_for(long pid)
{
	int status = -1;
	while (sys(SYS_wait4, pid, &status, 0, 0) == -EINTR)
		;
	return status;
}
#endif

/* The child that looks dies of it where there is none. */
bool has_resident(void)
{
	static int known;
	if (known)
		return known == 1;
	long child = sys(SYS_fork);
	if (child == 0)
		quit(*(volatile char *)RESIDENT_BASE == 0);
	known = child > 0 && (wait_for(child) & 0x7f) == 0 ? 1 : 2;
	return known == 1;
}

/* ---- Words ------------------------------------------------------------------------------ */

char *join(char *to, size_t size, const char *a, const char *b, const char *c)
{
	const char *parts[] = {a, b, c};
	size_t n = 0;
	for (int i = 0; i < 3; i++)
		for (const char *s = parts[i]; *s && n + 1 < size; s++)
			to[n++] = *s;
	to[n] = 0;
	return to;
}

const char *digits(long n)
{
	static char texts[8][24];
	static unsigned next;
	char *at = texts[next++ % 8] + 23;
	unsigned long left = n < 0 ? -(unsigned long)n : (unsigned long)n;
	*at = 0;
	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (n < 0)
		*--at = '-';
	return at;
}

static void note(const char *what, const char *result)
{
	size_t n = strlen(report->text);
	char *at = report->text + n;
	size_t room = sizeof report->text - n;
	if (room < 8)
		return;
	if (n)
		*at++ = ';', *at++ = ' ', room -= 2;
	join(at, room, what, " ", result);
}

static const char *error_name(long e)
{
	static const char *const names[] = {
		[EPERM] = "EPERM",   [ENOENT] = "ENOENT", [ESRCH] = "ESRCH",
		[EBADF] = "EBADF",   [ECHILD] = "ECHILD", [EAGAIN] = "EAGAIN",
		[ENOMEM] = "ENOMEM", [EACCES] = "EACCES", [EFAULT] = "EFAULT",
		[ENODEV] = "ENODEV", [EINVAL] = "EINVAL", [EMFILE] = "EMFILE",
		[ENOTTY] = "ENOTTY", [ENOSPC] = "ENOSPC", [EROFS] = "EROFS",
		[ENOSYS] = "ENOSYS", [ENXIO] = "ENXIO",	  [ENOTDIR] = "ENOTDIR",
	};
	if (e > 0 && e < (long)COUNT(names) && names[e])
		return names[e];
	return digits(-e);
}

const char *fact(const char *name)
{
	for (char **e = environment; *e; e++) {
		size_t n = 0;
		while (name[n] && (*e)[n] == name[n])
			n++;
		if (!name[n] && (*e)[n] == '=')
			return *e + n + 1;
	}
	return "";
}

long fact_number(const char *name)
{
	const char *s = fact(name);
	long n = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	return n;
}

static void out(const char *s)
{
	sys(SYS_write, 1, s, strlen(s));
}

/* ---- Verdicts ---------------------------------------------------------------------------- */

static void at_least(enum verdict v)
{
	if (report->verdict < v)
		report->verdict = v;
}

void refused(const char *what, long result)
{
	if (result >= 0) {
		at_least(BREACH);
		note(what, "WORKED");
		return;
	}
	at_least(HELD);
	note(what, error_name(-result));
}

static bool is_denial(long e)
{
	static const short denials[] = {EPERM,	EACCES,	      ENOSYS,	       EROFS,
					ENOTTY, EAFNOSUPPORT, EPROTONOSUPPORT, EOPNOTSUPP};
	for (size_t i = 0; i < COUNT(denials); i++)
		if (denials[i] == e)
			return true;
	return false;
}

void denied(const char *what, long result)
{
	if (result < 0 && is_denial(-result)) {
		refused(what, result);
		return;
	}
	at_least(BREACH);
	note(what, result < 0 ? error_name(-result) : "WORKED");
	if (result < 0)
		note(what, "REACHED");
}

void holds(const char *what, bool it_does)
{
	at_least(it_does ? HELD : BREACH);
	note(what, it_does ? "yes" : "NO");
}

void inform(const char *what, long value)
{
	at_least(INFO);
	note(what, digits(value));
}

void not_here(const char *why)
{
	at_least(INFO);
	note("not here:", why);
}

void broken(const char *what, long value)
{
	note(what, digits(value));
	report->verdict = BROKEN;
	quit(1);
}

void still_confined(const char *after)
{
	const char *allowed = first_allowed();
	holds(after, !allowed);
	if (allowed)
		note("allowed:", allowed);
}

/* ---- Processes ------------------------------------------------------------------------------ */

long start_child(void)
{
	long pid = sys(SYS_fork);
	if (pid < 0)
		broken("fork", pid);
	return pid;
}

void end(int status)
{
	quit(status);
}

int wait_child(long pid)
{
	int status = wait_for(pid);
	return status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
}

void pause_ms(long ms)
{
	const long t[2] = {ms / 1000, ms % 1000 * 1000000};
	sys(SYS_nanosleep, t, 0);
}

long own_pid(void)
{
	return sys(SYS_getpid);
}

void *shared_pages(size_t n)
{
	long at = sys(SYS_mmap, 0, n * PAGE, 3, SHARED_MEMORY, -1, 0);
	if (at < 0)
		broken("mmap", at);
	return (void *)at;
}

char **surroundings(void)
{
	return environment;
}

long become_self(const char *role)
{
	char *const argv[] = {program, gate_way ? "gate" : "calls", "-", (char *)role, NULL};
	return sys(SYS_execve, program, argv, environment);
}

/* ---- All of them -------------------------------------------------------------------------- */

static void line(const char *const *fields, size_t n)
{
	static char text[4096];
	text[0] = 0;
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(text);
		join(text + at, sizeof text - at, fields[i], i + 1 < n ? "\t" : "\n", "");
	}
	out(text);
}

/* The status of a check's process, which is gone afterwards with all its children. */
static int finish(long pid)
{
	int status = -1;
	for (int waited = 0; sys(SYS_wait4, pid, &status, WNOHANG, 0) == 0; waited++) {
		if (waited == PATIENCE_MS) {
			note("took too long", "");
			report->verdict = BROKEN;
			sys(SYS_kill, pid, SIGKILL);
			sys(SYS_wait4, pid, &status, 0, 0);
			break;
		}
		pause_ms(1);
	}
	sys(SYS_kill, -pid, SIGKILL);
	return status;
}

/* A call that ends its maker with SIGSYS was refused, if that was all that happened. */
static void judge(int status)
{
	int signal = status & 0x7f;
	if (!signal)
		return;
	if (signal == STATUS_SIGSYS) {
		at_least(HELD);
		note("killed by", "SIGSYS");
		return;
	}
	note("killed by signal", digits(signal));
	if (report->verdict != BREACH)
		report->verdict = BROKEN;
}

static void run_check(const struct check *c)
{
	static const char *const names[] = {
		[BROKEN] = "BROKEN", [HELD] = "HELD", [INFO] = "INFO", [BREACH] = "BREACH"};
	_Static_assert(COUNT(names) == N_VERDICTS, "name every verdict");

	memset(report, 0, sizeof *report);
	long pid = start_child();
	if (pid == 0) {
		sys(SYS_setpgid, 0, 0);
		c->run();
		quit(0);
	}
	judge(finish(pid));
	line((const char *const[]){c->probe, c->name, names[report->verdict], report->text}, 4);
}

static void list(const struct check *c)
{
	static const char *const places[] = {
		[SELF_PLAIN] = "plain", [SELF_SPACE] = "space", [SELF_NEVER] = "never"};
	line((const char *const[]){c->probe, c->name, places[c->self], c->what,
				   c->why ? c->why : ""},
	     5);
}

static void run_all(const char *way, const char *only)
{
	for (const struct check *c = __start_checks; c < __stop_checks; c++) {
		if (!strcmp(way, "list"))
			list(c);
		else if (!strcmp(way, "self") &&
			 c->self != (*only == 'p' ? SELF_PLAIN : SELF_SPACE))
			continue;
		else if (!strcmp(way, "self") || !only || !strcmp(only, c->name))
			run_check(c);
	}
}

/* The other sandbox of a check: something listens there. */
static _Noreturn void listen_here(void)
{
	const long port = fact_number("OTHER_PORT");
	const struct {
		uint16_t family, port;
		uint32_t address;
		char zero[8];
	} a = {2, __builtin_bswap16((uint16_t)port), 0x0100007f, ""};
	long s = host(__NR_socket, 2, 1, 0);
	if (host(__NR_bind, s, &a, sizeof a) < 0 || host(__NR_listen, s, 5) < 0)
		quit(3);
	out("listening\n");
	for (;;)
		pause_ms(1000);
}

/* Outside: two names of a hostile image change places all the time. */
static _Noreturn void flip_names(void)
{
	out("flipping\n");
	for (;;)
		host(__NR_renameat2, -100, fact("ONE"), -100, fact("OTHER"),
		     2 /* RENAME_EXCHANGE */);
}

/* Inside: what stands where devices belong is a device, or nothing. */
static _Noreturn void look_at_devices(void)
{
	static const struct {
		const char *path;
		uint32_t minor;
	} devices[] = {{"/dev/null", 3}, {"/dev/zero", 5}, {"/dev/full", 7}, {"/dev/random", 8}};
	for (size_t i = 0; i < COUNT(devices); i++) {
		struct statx s = {0};
		if (host(__NR_statx, -100, devices[i].path, 0, STATX_BASIC_STATS, &s) < 0)
			continue;
		if ((s.stx_mode & S_IFMT) != S_IFCHR || s.stx_rdev_major != 1 ||
		    s.stx_rdev_minor != devices[i].minor)
			quit(1);
	}
	quit(0);
}

/* What become_self() is for: the status says what the new program found. */
static _Noreturn void play(const char *role)
{
	if (!strcmp(role, "confined"))
		quit(first_allowed() ? 1 : 0);
	if (!strcmp(role, "privileged"))
		quit(host(__NR_geteuid) != host(__NR_getuid));
	if (!strcmp(role, "listen"))
		listen_here();
	if (!strcmp(role, "flip"))
		flip_names();
	if (!strcmp(role, "devices"))
		look_at_devices();
	if (!strcmp(role, "sleep")) {
		out("sleeping\n");
		pause_ms(600000);
	}
	quit(2);
}

void test(int argc, char **argv, char **envp)
{
	const char *way = argc > 1 ? argv[1] : "", *only = argc > 2 ? argv[2] : NULL;
	CHECK(1, argc > 1);
	program = argv[0];
	environment = envp;
	report = shared_pages(1);
	if (fact("PROGRAM")[0])
		program = (char *)fact("PROGRAM");
	gate_way = !strcmp(way, "gate");
	if (argc > 3)
		play(argv[3]);
#ifndef NATIVE
	/* A foreign guest's Linux calls go through the gate: read is number 0 there, and EBADF 9. */
	CHECK(2, gate_way || !strcmp(way, "list"));
#endif
	if (gate_way)
		IS(3, host(__NR_read, -1, 0, 0), -9);
	run_all(way, only);
}
