/* Options -> plan: what the program will find where. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/landlock.h"
#include "sandbox/plan.h"
#include "sandbox/scope.h"
#include "sandbox/weaker.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

/* Everything writable is bounded: a program must not be able to fill the host's memory. */
#define ROOT_OPTIONS "mode=0755,size=16m,nr_inodes=65536"
#define TMP_OPTIONS "mode=1777,size=1g,nr_inodes=262144"
#define HOME_OPTIONS "mode=0700,size=1g,nr_inodes=262144"
#define SHM_OPTIONS "mode=1777,size=256m,nr_inodes=16384"
#define USERS_OPTIONS "mode=0755,size=1g,nr_inodes=262144"
#define DEV_OPTIONS "mode=0755,size=64k,nr_inodes=64"

/* What a program gets to see of the host without asking: how to resolve names, whom to
 * trust, what time it is.  No directory that may hold a secret (such as /etc/ssl). */
enum about {
	ITSELF, /* where the host is, and what of a network it has: no root directory knows */
	SYSTEM, /* what the host's system brings along: a root directory has its own, or none */
};
static const struct {
	const char *path;
	enum about about;
	bool is_for_networks;
} host_files[] = {
	{"/etc/resolv.conf", ITSELF, true},
	{"/etc/hosts", ITSELF, true},
	{"/etc/localtime", ITSELF, false},
	{"/etc/nsswitch.conf", SYSTEM, true},
	{"/etc/services", SYSTEM, true},
	{"/etc/protocols", SYSTEM, true},
	{"/etc/ssl/certs", SYSTEM, false},
	{"/etc/ssl/cert.pem", SYSTEM, false},
	{"/etc/pki/tls/certs", SYSTEM, false},
	{"/etc/pki/ca-trust/extracted", SYSTEM, false},
	{"/usr/share/ca-certificates", SYSTEM, false},
	{"/usr/share/zoneinfo", SYSTEM, false},
};

/* Documentation/admin-guide/devices.txt, Linux 6.1 */
static const struct {
	const char *path;
	unsigned major, minor;
} devices[] = {
	{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

#define MEMORY_DEVICES 1 /* their major number: the same for everybody, without a state */

const char *box_device(dev_t number)
{
	for (size_t i = 0; major(number) == MEMORY_DEVICES && i < COUNT_OF(devices); i++)
		if (minor(number) == devices[i].minor && devices[i].major == MEMORY_DEVICES)
			return devices[i].path;
	return NULL;
}

struct layout {
	const struct box_options *options;
	struct plan *places; /* what is to be mounted, not in order yet */
	struct failure *why;
	int base; /* --root, or -1 */
};

/* ---- Places ------------------------------------------------------------------- */

static int out_of_memory(struct layout *l)
{
	return failure_set(l->why, EXIT_GUISE, "out of memory");
}

static int add(struct layout *l, struct plan *p, const struct step *s)
{
	return plan_add(p, s) < 0 ? out_of_memory(l) : 0;
}

/* True if path is `above` or something beneath it. */
static bool beneath(const char *path, const char *above)
{
	size_t n = strlen(above);

	return strncmp(path, above, n) == 0 && (path[n] == 0 || path[n] == '/');
}

/* What the user gave a place to is the user's: nothing of ours is put on or under it. */
static bool users_own(const struct layout *l, const char *path)
{
	const struct box_options *o = l->options;

	for (size_t i = 0; i < o->n_binds; i++) {
		enum bind_kind kind = o->binds[i].kind;
		if (kind != BIND_HIDE && kind != BIND_FREEZE && beneath(path, o->binds[i].to))
			return true;
	}
	return o->working && beneath(path, o->working);
}

static bool in_base(const struct layout *l, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	if (l->base < 0)
		return false;
	int fd = (int)syscall(SYS_openat2, l->base, path, &how, sizeof how);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int add_ours(struct layout *l, const struct step *s)
{
	return users_own(l, s->to) ? 0 : add(l, l->places, s);
}

/* The base's own file comes first, except for the resolver's: that is about the network
 * the host is in, not about the system. */
static int add_host_file(struct layout *l, const char *path)
{
	bool resolver = strcmp(path, "/etc/resolv.conf") == 0 && l->options->host_network;

	if (access(path, R_OK) < 0 || (in_base(l, path) && !resolver))
		return 0;
	return add_ours(l, &(struct step){.kind = STEP_READ_ONLY,
					  .from = (char *)path,
					  .to = (char *)path});
}

static int add_text(struct layout *l, const char *path, char *text)
{
	if (!text)
		return out_of_memory(l);
	if (in_base(l, path))
		return 0;
	return add_ours(l, &(struct step){.kind = STEP_FILE, .to = (char *)path, .text = text});
}

#define NOBODY "nobody:*:65534:65534:nobody:/nonexistent:/bin/false\n"

/* passwd(5) and group(5): the caller, and the two every system has. */
static int add_accounts(struct layout *l)
{
	const struct box_options *o = l->options;
	AUTO_FREE char *passwd = NULL;
	AUTO_FREE char *group = NULL;
	int n;

	if (o->uid == 0)
		n = asprintf(&passwd, "root:*:0:0:root:%s:/bin/sh\n" NOBODY, o->home);
	else
		n = asprintf(&passwd,
			     "root:*:0:0:root:/:/bin/sh\n" NOBODY "%s:*:%u:%u:%s:%s:/bin/sh\n",
			     o->user, o->uid, o->gid, o->user, o->home);
	if (n < 0 || add_text(l, "/etc/passwd", passwd) < 0)
		return out_of_memory(l);
	if (o->gid == 0)
		n = asprintf(&group, "root:*:0:\nnogroup:*:65534:\n");
	else
		n = asprintf(&group, "root:*:0:\nnogroup:*:65534:\n%s:*:%u:\n", o->user, o->gid);
	return n < 0 ? out_of_memory(l) : add_text(l, "/etc/group", group);
}

/* A writable place in memory. */
static int add_memory(struct layout *l, const char *to, const char *options)
{
	AUTO_FREE char *text = limits_tmpfs(&l->options->limits, options);

	if (!text)
		return out_of_memory(l);
	return add_ours(
		l, &(struct step){.kind = STEP_TMPFS, .to = (char *)to, .text = text, .number = 1});
}

static int add_devices(struct layout *l)
{
	const struct step ours[] = {
		{.kind = STEP_TMPFS, .to = (char *)"/dev", .text = (char *)DEV_OPTIONS},
		{.kind = STEP_PTS, .to = (char *)"/dev/pts"},
		{.kind = STEP_LINK, .to = (char *)"/dev/ptmx", .text = (char *)"pts/ptmx"},
	};

	for (size_t i = 0; i < COUNT_OF(ours); i++)
		if (add_ours(l, &ours[i]) < 0)
			return -1;
	if (add_memory(l, "/dev/shm", SHM_OPTIONS) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(devices); i++) {
		char *path = (char *)devices[i].path;
		if (access(path, F_OK) < 0)
			continue;
		const struct step s = {.kind = STEP_DEVICE,
				       .from = path,
				       .to = path,
				       .number = makedev(devices[i].major, devices[i].minor)};
		if (add_ours(l, &s) < 0)
			return -1;
	}
	return 0;
}

/* And the links in /dev that say it by other names. */
static int add_procfs(struct layout *l)
{
	static const struct {
		const char *path, *target;
	} links[] = {
		{"/dev/fd", "/proc/self/fd"},
		{"/dev/stdin", "/proc/self/fd/0"},
		{"/dev/stdout", "/proc/self/fd/1"},
		{"/dev/stderr", "/proc/self/fd/2"},
	};

	if (add_ours(l, &(struct step){.kind = STEP_PROCFS, .to = (char *)"/proc"}) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		const struct step s = {.kind = STEP_LINK,
				       .to = (char *)links[i].path,
				       .text = (char *)links[i].target};
		if (add_ours(l, &s) < 0)
			return -1;
	}
	return 0;
}

static int add_ours_all(struct layout *l)
{
	const struct box_options *o = l->options;

	if (add_memory(l, "/tmp", TMP_OPTIONS) < 0 || add_devices(l) < 0)
		return -1;
	if (o->procfs && add_procfs(l) < 0)
		return -1;
	if (o->empty_home && add_memory(l, o->home, HOME_OPTIONS) < 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(host_files); i++) {
		if ((o->no_network && host_files[i].is_for_networks) ||
		    (o->root && host_files[i].about == SYSTEM))
			continue;
		if (add_host_file(l, host_files[i].path) < 0)
			return -1;
	}
	return add_accounts(l);
}

/* ---- What the user named ---------------------------------------------------------- */

/* A view of the host's processes or kernel is not a file to share. */
static int check_source(struct layout *l, const char *from)
{
	struct statfs fs;

	if (statfs(from, &fs) < 0 && errno == ENOENT)
		return failure_set(l->why, EXIT_GUISE,
				   "%s: no such file or directory; check the path", from);
	if (statfs(from, &fs) < 0)
		return failure_set(l->why, EXIT_GUISE, "%s: %s; check its permissions", from,
				   strerror(errno));
	if (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC)
		return failure_set(
			l->why, EXIT_GUISE,
			"%s: shows the host's processes or kernel; a sandbox cannot have it", from);
	return 0;
}

static int check_place(struct layout *l, const char *to)
{
	const char *bad = strstr(to, "/../");
	size_t n = strlen(to);

	if (to[0] != '/' || bad || (n >= 3 && strcmp(to + n - 3, "/..") == 0))
		return failure_set(l->why, EXIT_GUISE,
				   "%s: not an absolute path without ..; give one", to);
	if (strspn(to, "/.") == n)
		return failure_set(l->why, EXIT_GUISE,
				   "%s: nothing can be put there; use --root DIR for a whole root",
				   to);
	return 0;
}

static int add_bind(struct layout *l, const char *from, const char *to, bool writable)
{
	if (check_source(l, from) < 0 || check_place(l, to) < 0)
		return -1;
	return add(l, l->places,
		   &(struct step){.kind = writable ? STEP_WRITABLE : STEP_READ_ONLY,
				  .from = (char *)from,
				  .to = (char *)to});
}

/* Bounds of the memory that is given, and those that are not. */
static char *memory_text(struct layout *l, const char *usual, const char *given)
{
	AUTO_FREE char *bounded = limits_tmpfs(&l->options->limits, usual);
	char *text = NULL;

	if (!given || !*given)
		return take_text(&bounded);
	if (bounded && asprintf(&text, "%s,%s", bounded, given) < 0)
		text = NULL;
	return text;
}

static bool is_root(const struct bind *b)
{
	return b->kind == BIND_OVERLAY && strcmp(b->to, "/") == 0;
}

/* The last overlay over the root directory, or NULL. */
static const struct bind *root_overlay(const struct box_options *o)
{
	for (size_t i = o->n_binds; i > 0; i--)
		if (is_root(&o->binds[i - 1]))
			return &o->binds[i - 1];
	return NULL;
}

/* What is below it: of the whole root directory, --root. */
static const char *lower_of(const struct box_options *o, const struct bind *b)
{
	return is_root(b) ? o->root : b->from;
}

static int add_overlay(struct layout *l, struct plan *p, const struct bind *b)
{
	struct stat st;
	const char *from = lower_of(l->options, b);

	if (!from || (is_root(b) && strcmp(b->from, "/") != 0))
		return failure_set(l->why, EXIT_GUISE,
				   "--overlay %s: of the root directory only --root DIR can be "
				   "written to; give both",
				   b->from);
	if (check_source(l, from) < 0 || (!is_root(b) && check_place(l, b->to) < 0))
		return -1;
	if (stat(from, &st) < 0 || !S_ISDIR(st.st_mode))
		return failure_set(l->why, EXIT_GUISE, "%s: not a directory; --overlay takes one",
				   from);
	AUTO_FREE char *text = b->changes ? strdup(b->changes)
					  : memory_text(l, USERS_OPTIONS, b->text);
	if (!text)
		return out_of_memory(l);
	return add(l, p,
		   &(struct step){.kind = b->changes ? STEP_OVERLAY_KEPT : STEP_OVERLAY,
				  .from = (char *)from,
				  .to = (char *)b->to,
				  .text = text});
}

/* Changes are kept where the program cannot reach them but through the overlay. */
static int check_changes(struct layout *l, const struct bind *kept)
{
	const struct box_options *o = l->options;
	AUTO_FREE char *real = realpath(kept->changes, NULL);
	const char *changes = real ? real : kept->changes;
	const char *reaching = o->working && beneath(changes, o->working) ? o->working : NULL;

	for (size_t i = 0; i < o->n_binds; i++) {
		const struct bind *b = &o->binds[i];
		AUTO_FREE char *from = b->from ? realpath(lower_of(o, b), NULL) : NULL;
		bool reaches = b->kind == BIND_OVERLAY || (b->kind == BIND_HOST && b->writable);
		if (from && reaches && (beneath(changes, from) || beneath(from, changes)))
			reaching = b->from;
	}
	if (!reaching)
		return 0;
	return failure_set(l->why, EXIT_GUISE,
			   "%s: changes cannot be kept there, the program can write to %s; give a "
			   "directory elsewhere",
			   kept->changes, reaching);
}

static int add_kept(struct layout *l, struct plan *out)
{
	const struct box_options *o = l->options;

	for (size_t i = 0; i < o->n_binds; i++) {
		const struct bind *b = &o->binds[i];
		const struct step keep = {.kind = STEP_KEEP,
					  .from = (char *)lower_of(o, b),
					  .to = (char *)b->changes};
		if (b->changes && (check_changes(l, b) < 0 || add(l, out, &keep) < 0))
			return -1;
	}
	return 0;
}

static int add_place(struct layout *l, const struct bind *b)
{
	const enum step_kind kind = b->kind == BIND_HIDE ? STEP_HIDE : STEP_FREEZE;

	if (b->kind == BIND_HOST)
		return add_bind(l, b->from, b->to, b->writable);
	if (b->kind == BIND_OVERLAY)
		return is_root(b) && l->options->root ? 0 : add_overlay(l, l->places, b);
	if (check_place(l, b->to) < 0)
		return -1;
	if (b->kind != BIND_TMPFS)
		return add(l, l->places, &(struct step){.kind = kind, .to = (char *)b->to});
	AUTO_FREE char *text = memory_text(l, USERS_OPTIONS, b->text);
	if (!text)
		return out_of_memory(l);
	return add(
		l, l->places,
		&(struct step){.kind = STEP_TMPFS, .to = (char *)b->to, .text = text, .number = 1});
}

static int add_users(struct layout *l)
{
	const struct box_options *o = l->options;

	if (o->working && add_bind(l, o->working, o->working, true) < 0)
		return -1;
	for (size_t i = 0; i < o->n_binds; i++)
		if (add_place(l, &o->binds[i]) < 0)
			return -1;
	return o->program_from ? add_bind(l, o->program_from, o->program, false) : 0;
}

static unsigned depth(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += path[0] == '/' && path[1] != '/' && path[1] != 0;
	return n;
}

/* A directory before what lies in it; otherwise in the order given, so that of two things
 * for one place the later is seen. */
static int add_in_order(struct layout *l, struct plan *out)
{
	unsigned deepest = 0;

	for (size_t i = 0; i < l->places->n; i++)
		if (depth(l->places->steps[i].to) > deepest)
			deepest = depth(l->places->steps[i].to);
	for (unsigned d = 1; d <= deepest; d++)
		for (size_t i = 0; i < l->places->n; i++)
			if (depth(l->places->steps[i].to) == d &&
			    add(l, out, &l->places->steps[i]) < 0)
				return -1;
	return 0;
}

/* ---- All of it ---------------------------------------------------------------------- */

static int add_plain(struct layout *l, struct plan *out, const enum step_kind *kinds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (add(l, out, &(struct step){.kind = kinds[i]}) < 0)
			return -1;
	return 0;
}

static int add_start(struct layout *l, struct plan *out)
{
	static const enum step_kind beside[] = {STEP_NO_NESTING, STEP_FIRST_TO_GO, STEP_COUNTS};
	static const enum step_kind inside[] = {STEP_TIE, STEP_MAP_USER};
	const struct box_options *o = l->options;
	const struct step spaces = {
		.kind = STEP_NAMESPACES,
		.number = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
			  CLONE_NEWCGROUP | (o->host_network ? 0 : CLONE_NEWNET) |
			  (o->own_time ? CLONE_NEWTIME : 0),
	};
	const struct step network = {.kind = STEP_NETWORK, .number = !o->no_network};
	const struct step name = {.kind = STEP_HOSTNAME, .to = (char *)o->hostname};
	const struct step root = {.kind = STEP_ROOT, .text = (char *)ROOT_OPTIONS};

	if (add(l, out, &(struct step){.kind = STEP_CHECK_STDIO}) < 0 ||
	    (!o->native && add(l, out, &(struct step){.kind = STEP_IMAGES}) < 0) ||
	    add_kept(l, out) < 0 || limits_start(o, out, l->why) < 0 || add(l, out, &spaces) < 0 ||
	    (!o->native && add(l, out, &(struct step){.kind = STEP_FILL}) < 0) ||
	    (!o->host_network && add(l, out, &network) < 0) ||
	    add_plain(l, out, beside, COUNT_OF(beside)) < 0 ||
	    add_plain(l, out, inside, COUNT_OF(inside)) < 0 || limits_init(o, out, l->why) < 0)
		return -1;
	if (add(l, out, &name) < 0 ||
	    add(l, out, &(struct step){.kind = o->native ? STEP_REFUSE_FOREIGN : STEP_PROCESSES}) <
		    0 ||
	    (landlock_version() && add(l, out, &(struct step){.kind = STEP_QUEUES}) < 0) ||
	    add(l, out, &(struct step){.kind = STEP_STDIO}) < 0 || add(l, out, &root) < 0)
		return -1;
	if (!o->root)
		return 0;
	if (root_overlay(o))
		return add_overlay(l, out, root_overlay(o));
	return add(l, out, &(struct step){.kind = STEP_BASE, .from = (char *)o->root});
}

/* Where the kernel has none, the mounts and namespaces hold alone. */
static int add_landlock(struct layout *l, struct plan *out)
{
	unsigned version = landlock_version();

	return version ? add(l, out, &(struct step){.kind = STEP_LANDLOCK, .number = version}) : 0;
}

static int add_end(struct layout *l, struct plan *out)
{
	static const enum step_kind settle[] = {STEP_SEAL, STEP_PIVOT};
	static const enum step_kind guest[] = {STEP_GROUP, STEP_NO_CORE, STEP_SIGNALS};
	const struct box_options *o = l->options;
	const struct step descriptors = {.kind = o->native ? STEP_NATIVE_DESCRIPTORS
							   : STEP_DESCRIPTORS};
	const struct step enter = {.kind = STEP_ENTER, .to = (char *)o->directory};
	const struct step execute = {.kind = o->native ? STEP_NATIVE_EXECUTE : STEP_EXECUTE,
				     .to = (char *)o->program};

	if (add_plain(l, out, settle, COUNT_OF(settle)) < 0 || add(l, out, &enter) < 0 ||
	    add(l, out, &(struct step){.kind = STEP_SETTLED}) < 0 ||
	    add(l, out, &(struct step){.kind = STEP_SESSION}) < 0 ||
	    add(l, out, &(struct step){.kind = STEP_DROP}) < 0 || add_landlock(l, out) < 0 ||
	    add_plain(l, out, guest, COUNT_OF(guest)) < 0)
		return -1;
	if (!o->native && add(l, out, &(struct step){.kind = STEP_AWAIT}) < 0)
		return -1;
	if (add(l, out, &descriptors) < 0 || limits_guest(o, out, l->why) < 0)
		return -1;
	if (o->native && add(l, out, &(struct step){.kind = STEP_NATIVE_FILTER}) < 0)
		return -1;
	if (add(l, out, &execute) < 0)
		return -1;
	return add(l, out, &(struct step){.kind = STEP_SETTLE});
}

static int open_base(struct layout *l)
{
	const char *root = l->options->root;

	if (!root)
		return 0;
	l->base = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->base < 0)
		return failure_set(l->why, EXIT_GUISE, "%s: %s; give a directory with --root", root,
				   strerror(errno));
	return 0;
}

int plan_make(const struct box_options *o, struct plan *out, struct failure *why)
{
	struct plan places = {0};
	struct layout l = {.options = o, .places = &places, .why = why, .base = -1};

	if (o->no_namespaces)
		return weaker_plan(o, out, why);
	*out = (struct plan){0};
	int r = open_base(&l);
	if (r == 0)
		r = add_ours_all(&l);
	if (r == 0)
		r = add_users(&l);
	if (r == 0)
		r = add_start(&l, out);
	if (r == 0)
		r = add_in_order(&l, out);
	if (r == 0)
		r = add_end(&l, out);
	if (l.base >= 0)
		close(l.base);
	plan_free(&places);
	if (r < 0)
		plan_free(out);
	return r;
}
