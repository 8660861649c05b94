/* The probes of a hostile guest: what a program tries in order to get out of its sandbox.
 *
 * One program, built for two systems from this folder.  A check is a function that attempts
 * something and says what came of it; each runs in a child of its own, with a time limit, and
 * ends as one line on standard output:
 *
 *     PROBE <tab> NAME <tab> HELD|BREACH|INFO|BROKEN <tab> what was refused how
 *
 * BROKEN is a check that did not get as far as its question (it crashed, it hung); it counts as
 * a failure, so that a probe cannot pass by being wrong.  A check that passes by being unable
 * to fail is found by `probe self`, which runs them outside of any sandbox (host.c, test-probes).
 *
 * The attempts are Linux calls, made with host(): by a Linux program as it makes every call, or
 * (`gate`) through the page of the translator from which calls reach Linux, which is what a
 * guest that knows guise would do.  What a foreign guest's own calls could reach is in own.c.
 */
#ifndef PROBE_H
#define PROBE_H

#include <asm/errno.h>
#include <asm/unistd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { BROKEN, INFO, HELD, BREACH, N_VERDICTS };

/* Where a check may run without a sandbox around it. */
enum self {
	SELF_PLAIN, /* anywhere: it changes nothing that lasts */
	SELF_SPACE, /* in namespaces that are thrown away */
	SELF_NEVER, /* nowhere: `why` says why not */
};

struct check {
	const char *probe; /* number in docs/security.md */
	const char *name;
	const char *what; /* the row of the table */
	enum self self;
	const char *why; /* it must not, or may not breach there */
	void (*run)(void);
};

/* CHECK_OF("5", mounts, SELF_SPACE, NULL, "mounts, old calls and new") { ... } */
#define CHECK_OF(number, id, where, reason, text) \
	static void check_##id(void); \
	static const struct check entry_##id \
		__attribute__((used, section("checks"), aligned(8))) = { \
			.probe = number, \
			.name = #id, \
			.what = text, \
			.self = where, \
			.why = reason, \
			.run = check_##id, \
	}; \
	static void check_##id(void)

/* A Linux call: its result, or the negative error number. */
#define host(nr, ...) HOST_ARGS(nr __VA_OPT__(, ) __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define HOST_ARGS(nr, a, b, c, d, e, f, ...) \
	host_call((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
long host_call(long nr, long a, long b, long c, long d, long e, long f);

/* Is it the gate that host() goes through? */
bool through_gate(void);
/* The translator is in this process. */
bool has_resident(void);

/* What the test around us knows and the sandbox must not give away: the value after NAME= in
 * the environment, or "" and 0. */
const char *fact(const char *name);
long fact_number(const char *name);

/* ---- What came of it ------------------------------------------------------------- */

/* An attempt that must fail. */
void refused(const char *what, long result);
/* An attempt that must not even be understood: only the errors of a refusal will do, so that a
 * call which was reached and disliked its arguments counts as a breach. */
void denied(const char *what, long result);
/* A fact that must hold. */
void holds(const char *what, bool it_does);
/* Something worth telling, without a verdict of its own. */
void inform(const char *what, long value);
/* The question does not arise here; says why. */
void not_here(const char *why);
/* The check itself cannot go on. */
_Noreturn void broken(const char *what, long value);

/* The calls no sandboxed program may make, asked again: after the guest has done something that
 * was meant to get rid of the filter. */
void still_confined(const char *after);
/* The same, where nothing may be called but host(): the first that worked, or NULL. */
const char *first_allowed(void);

/* ---- Processes --------------------------------------------------------------------- */

/* A child that is killed with the check.  Its exit status is what `wait_child` returns; 128 + n
 * for a signal. */
long start_child(void);
_Noreturn void end(int status);
int wait_child(long pid);
void pause_ms(long ms);
long own_pid(void);
/* Memory that children share. */
void *shared_pages(size_t n);
/* What 0-2 or a name under /dev/pts stands for is the host's. */
bool is_hosts_terminal(int fd);
/* The environment, with the facts. */
char **surroundings(void);
/* Replaces the program by itself in a role (main.c); comes back only if that failed. */
long become_self(const char *role);
/* Memory that every check may scribble on. */
extern char scratch[65536];

/* ---- Strings ------------------------------------------------------------------------- */

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
/* to = a b c, cut to size */
char *join(char *to, size_t size, const char *a, const char *b, const char *c);
/* The digits of n, in memory that lasts until the next but seven. */
const char *digits(long n);

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#endif
