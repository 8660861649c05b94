/* Landlock: what the program may do with files, sockets and signals, said once more.
 *
 * The mounts decide what is there and what of it is writable; Landlock says the same of the
 * same plan by other means.  Should a descriptor of the host come in, or a mount be got
 * round, what is not beneath the sandbox's own root still cannot be opened, made, removed or
 * renamed, and what is shown read-only not written.
 *
 *	/                          read, execute
 *	writable places            all but making devices
 *	devices, pseudo-terminals  read, write, ioctl
 *	facts about processes      read (processes.c; not in the sandbox's tree)
 *	POSIX message queues       make, remove, read, write (queues.c; not in the tree either)
 *
 * A rule holds for everything beneath the place, and rules only add: a read-only place in a
 * writable one is held by its mount alone.  Rules are about what is seen at a path in the end,
 * so they are made after the pivot, by process 1, which comes under them too; from then on
 * nothing can be mounted.
 *
 * Signals and abstract sockets are kept to the sandbox.  TCP ports are governed only where
 * there is to be no network at all: with a network of its own the program may use its
 * loopback freely, with the host's it is the host's that was asked for.
 *
 * Not covered by Landlock (Linux 6.15): modes, owners, times and attributes of files, stat,
 * UDP and other sockets, named Unix sockets before version 9.
 *
 * Versions and numbers: Documentation/userspace-api/landlock.rst and
 * include/uapi/linux/landlock.h, Linux 6.15; those of version 9, Linux 7.1.
 */
#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

/* Newer than Debian 12's header. */
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define FS_RESOLVE_UNIX (1ULL << 16)
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

#define FS_FIRST (LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1) /* all of version 1 */
#define FS_READ \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_OF_FILES \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | \
	 LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV | FS_RESOLVE_UNIX)
#define FS_NODES (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define FS_WRITABLE (~(uint64_t)(FS_NODES | FS_IOCTL_DEV))
#define FS_DEVICE \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define FS_QUEUES \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

/* Before version 2 nothing could be renamed from one directory to another: of no use. */
#define OLDEST 2

/* What each version added. */
static const struct {
	unsigned version;
	struct landlock_scope adds;
	const char *lack; /* NULL: nothing worth a notice */
} versions[] = {
	{OLDEST,
	 {.files = FS_FIRST | LANDLOCK_ACCESS_FS_REFER},
	 "files are held by the mounts alone (Linux 5.19 and later also by Landlock)"},
	{3,
	 {.files = FS_TRUNCATE},
	 "truncation of files is held by the mounts alone (Linux 6.2 and later also by Landlock)"},
	{4,
	 {.ports = NET_BIND_TCP | NET_CONNECT_TCP},
	 "TCP ports are held by the network namespace alone (Linux 6.7 and later also by Landlock)"},
	{5,
	 {.files = FS_IOCTL_DEV},
	 "requests to devices are held by the filter alone (Linux 6.10 and later also by Landlock)"},
	{6,
	 {.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL},
	 "signals and abstract sockets are held by the namespaces alone (Linux 6.12 and later "
	 "also by Landlock)"},
	{9, {.files = FS_RESOLVE_UNIX}, NULL},
};

unsigned landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, /* errno: none */
			       LANDLOCK_CREATE_RULESET_VERSION);

	return version < OLDEST ? 0 : (unsigned)version;
}

struct landlock_scope landlock_all(unsigned version)
{
	struct landlock_scope all = {0};

	for (size_t i = 0; i < COUNT_OF(versions) && versions[i].version <= version; i++) {
		all.files |= versions[i].adds.files;
		all.ports |= versions[i].adds.ports;
		all.scoped |= versions[i].adds.scoped;
	}
	return all;
}

const char *landlock_lack(unsigned version, bool ports, unsigned i)
{
	for (size_t v = 0; v < COUNT_OF(versions); v++) {
		if (versions[v].version <= version || !versions[v].lack)
			continue;
		if ((!versions[v].adds.ports || ports) && i-- == 0)
			return versions[v].lack;
	}
	return NULL;
}

const char *landlock_cure(void)
{
	return "take Linux 5.19 or later with CONFIG_SECURITY_LANDLOCK, add landlock to its "
	       "lsm= parameter; in a container, allow landlock_create_ruleset and its family";
}

/* ---- Rules ---------------------------------------------------------------------- */

static int add_rule_of(int ruleset, int place, uint64_t rights)
{
	struct stat st;

	if (fstat(place, &st) < 0)
		return -errno;
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = S_ISDIR(st.st_mode) ? rights : rights & FS_OF_FILES,
		.parent_fd = place,
	};
	if (!rule.allowed_access)
		return 0; /* the kernel takes no empty rule */
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
		       ? -errno
		       : 0;
}

static int add_rule(int ruleset, const char *path, uint64_t rights)
{
	AUTO_CLOSE int place = open(path, O_PATH | O_CLOEXEC);

	if (place < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0; /* something was put over what it is in: there is nothing to allow */
	return place < 0 ? -errno : add_rule_of(ruleset, place, rights);
}

/* What a step makes possible at its place, besides reading. */
static uint64_t rights_of(const struct step *s)
{
	switch (s->kind) {
	case STEP_WRITABLE:
	case STEP_OVERLAY:
	case STEP_OVERLAY_KEPT:
		return FS_WRITABLE;
	case STEP_TMPFS:
		return s->number ? FS_WRITABLE : 0;
	case STEP_DEVICE:
	case STEP_PTS:
		return FS_DEVICE;
	default:
		return 0;
	}
}

/* Of two things for one place the later is seen. */
static bool is_covered(const struct plan *p, size_t i)
{
	for (size_t later = i + 1; p->steps[later].kind != STEP_PIVOT; later++)
		if (p->steps[later].to && strcmp(p->steps[later].to, p->steps[i].to) == 0)
			return true;
	return false;
}

static int add_rules(int ruleset, const struct plan *p, uint64_t governed)
{
	int r = add_rule(ruleset, "/", FS_READ);

	for (size_t i = 0; r == 0 && p->steps[i].kind != STEP_PIVOT; i++) {
		uint64_t rights = rights_of(&p->steps[i]) & governed;
		if (rights && !is_covered(p, i))
			r = add_rule(ruleset, p->steps[i].to, rights);
	}
	return r;
}

int landlock_begin(unsigned version, bool ports)
{
	struct landlock_scope scope = landlock_all(version);

	if (!ports)
		scope.ports = 0;
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &scope, sizeof scope, 0);
	return ruleset < 0 ? -errno : ruleset;
}

int landlock_allow_read(int ruleset, const char *path)
{
	return add_rule(ruleset, path, FS_READ);
}

int landlock_allow_write(int ruleset, const char *path)
{
	return add_rule(ruleset, path, FS_WRITABLE & landlock_all(landlock_version()).files);
}

int landlock_allow_device(int ruleset, const char *path)
{
	return add_rule(ruleset, path, FS_DEVICE & landlock_all(landlock_version()).files);
}

int landlock_enforce(struct box *b, int ruleset)
{
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) == 0)
		return 0;
	if (errno == E2BIG)
		return failure_set(b->why, EXIT_GUISE,
				   "sandbox: this process is in as many Landlock domains as "
				   "there can be; start guise from fewer sandboxes within "
				   "each other");
	return -errno;
}

int step_landlock(struct box *b, const struct step *s)
{
	unsigned version = (unsigned)s->number;
	AUTO_CLOSE int ruleset = landlock_begin(version, b->options->no_network);

	if (ruleset < 0)
		return ruleset;
	int r = add_rules(ruleset, b->plan, landlock_all(version).files);
	AUTO_CLOSE int queues = take(&b->queues);
	if (r == 0 && queues >= 0)
		r = add_rule_of(ruleset, queues, FS_QUEUES & landlock_all(version).files);
	if (r == 0 && b->processes >= 0)
		r = add_rule_of(ruleset, b->processes,
				LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
	return r < 0 ? r : landlock_enforce(b, ruleset);
}
