/* The guard of a process that limited itself: see capability.h.
 *
 * A call is refused, or made by its row's translator.  A path that must not lead out of the
 * directory it starts from (in capability mode, or from a descriptor that is limited:
 * fgetvp_lookup(), kern_descrip.c) is walked here, and the translator gets the directory and the
 * one name that are left of it. */
#include "personalities/freebsd/capability_checks.h"

#include <linux/fcntl.h>
#include <string.h>

#include "syscalls/beneath.h"
#include "syscalls/linux.h"

/* Whether a path's last name is followed where it is a symbolic link. */
enum follows {
	NEVER,
	ALWAYS,
	UNLESS_FLAG, /* the last argument has AT_SYMLINK_NOFOLLOW */
	IF_FLAG, /* ... AT_SYMLINK_FOLLOW; the second path is never followed */
	UNLESS_WATCHED, /* ... IN_DONT_FOLLOW */
	AS_OPENED, /* as open(2) says */
};

#define AT_NOFOLLOW 0x200UL /* sys/fcntl.h */
#define AT_FOLLOW 0x400UL
#define IN_NOFOLLOW 0x02000000UL /* sys/inotify.h */

/* One line of capability.def. */
struct capability {
	const char *name;
	bool in_mode; /* capability mode leaves it */
	uint8_t follows; /* enum follows */
	long (*make)(struct call *); /* instead of the row */
	int (*check)(struct call *); /* what only its arguments tell: 0 or -errno */
	uint64_t rights[2]; /* its first and second descriptor need */
};

/* ---- The table --------------------------------------------------------------------------- */

#define ALLOWED(nr, nm) [nr] = {.name = #nm, .in_mode = true},
#define NEEDS(nr, nm, ...) [nr] = {.name = #nm, .in_mode = true, .rights = {__VA_ARGS__}},
#define CHECKED(nr, nm, how, ...) \
	[nr] = {.name = #nm, \
		.in_mode = true, \
		.check = capability_check_##how, \
		.rights = {__VA_ARGS__}},
#define LOOKS(nr, nm, how, ...) \
	[nr] = {.name = #nm, .in_mode = true, .follows = (how), .rights = {__VA_ARGS__}},
#define SENDS(nr, nm) \
	[nr] = {.name = #nm, \
		.in_mode = true, \
		.check = capability_check_sendmsg, \
		.make = capability_send},
#define POLLS(nr, nm) [nr] = {.name = #nm, .in_mode = true, .make = capability_poll},
#define OUTSIDE(nr, nm, ...) [nr] = {.name = #nm, .rights = {__VA_ARGS__}},
#define READABLE(nm)
static const struct capability capabilities[] = {
#include "personalities/freebsd/capability.def"
};
#undef ALLOWED
#undef NEEDS
#undef CHECKED
#undef LOOKS
#undef SENDS
#undef POLLS
#undef OUTSIDE
#undef READABLE

#define ALLOWED(...)
#define NEEDS(...)
#define CHECKED(...)
#define LOOKS(...)
#define SENDS(...)
#define POLLS(...)
#define OUTSIDE(...)
#define READABLE(nm) nm,
static const char *const readable[] = {
#include "personalities/freebsd/capability.def"
};

static const struct capability *capability_of(uint32_t nr)
{
	return nr < COUNT(capabilities) && capabilities[nr].name ? &capabilities[nr] : NULL;
}

bool freebsd_capability_reads(const char *name)
{
	for (size_t i = 0; i < COUNT(readable); i++)
		if (!strcmp(readable[i], name))
			return true;
	return false;
}

/* ---- Lookups: namei_setup(), vfs_lookup.c -------------------------------------------------- */

static bool follows(const struct call *c, const struct capability *k, int n)
{
	uint64_t last = 0;

	for (int i = 0; i < MAX_ARGS && c->row->args[i].pass; i++)
		last = c->a[i];
	switch ((enum follows)k->follows) {
	case ALWAYS:
		return true;
	case UNLESS_FLAG:
		return !(last & AT_NOFOLLOW);
	case IF_FLAG:
		return n == 0 && last & AT_FOLLOW;
	case UNLESS_WATCHED:
		return !(last & IN_NOFOLLOW);
	case AS_OPENED:
		return !(c->a[2] & OPEN_NOFOLLOW) &&
		       (c->a[2] & (OPEN_CREATE | OPEN_EXCLUSIVE)) != (OPEN_CREATE | OPEN_EXCLUSIVE);
	case NEVER:
		break;
	}
	return false;
}

/* The path in argument i + 1, from the directory in argument i, which needs `right`.  What is
 * left of it takes their place; 1 if the directory is then ours to close. */
static int look_up(struct call *c, int i, uint64_t right, bool follow)
{
	struct place place;
	char first;
	long r;

	if (in_mode(c) && (int)c->a[i] == AT_FDCWD)
		return -E_CAPMODE;
	if (get_guest(c, &first, c->a[i + 1], 1) < 0)
		return 0; /* the call's own failure */
	if (first == '/')
		return in_mode(c) ? -E_NOTCAPABLE : 0;
	r = need(c, c->a[i], right | CAP_LOOKUP);
	if (r < 0 || !first || !(in_mode(c) || rights_of(process_of(c), (int)c->a[i])) ||
	    descriptor_is_hidden(process_of(c), (int)c->a[i]))
		return (int)r;
	r = beneath_place(c, (uint64_t)(int)c->a[i], c->a[i + 1], follow, &place);
	if (r < 0)
		return r == -EXDEV ? -E_NOTCAPABLE : (int)r;
	c->a[i] = place.directory;
	c->a[i + 1] = place.name;
	return place.is_ours;
}

/* The calls of a lookup, and what undoes it, are part of no row. */
static const struct row lookup_row = {
	.name = "lookup beneath a directory",
	.uses = (const int16_t[]){__NR_openat, __NR_readlinkat, __NR_close, END_OF_USES},
};

static bool is_lookup(const struct row *row, int i)
{
	return row->args[i].type == &type_atfd && i + 1 < MAX_ARGS &&
	       row->args[i + 1].pass == PASS_PATH;
}

/* Every descriptor of the call, by its place among them; bit i of *ours: argument i is to be
 * closed. */
static int check_descriptors(struct call *c, const struct capability *k, unsigned *ours)
{
	const struct row *row = c->row;
	int n = 0, r = 0;

	for (int i = 0; r >= 0 && i < MAX_ARGS && row->args[i].pass && n < 2; i++) {
		if (row->args[i].type != &type_fd && row->args[i].type != &type_atfd)
			continue;
		if (row->args[i].pass != PASS_VALUE)
			continue;
		uint64_t right = k->follows == AS_OPENED ? capability_open_rights(c->a[2])
							 : k->rights[n];
		if (is_lookup(row, i)) {
			bool follow = follows(c, k, n);
			c->row = &lookup_row;
			r = look_up(c, i, right, follow);
			c->row = row;
			*ours |= r > 0 ? 1u << i : 0;
		} else if (right) {
			r = need(c, c->a[i], right);
		}
		n++;
	}
	return r < 0 ? r : 0;
}

/* A directory of ours is closed, and the call is as the guest made it: it may be made again. */
static void undo(struct call *c, const uint64_t *was, unsigned ours)
{
	const struct row *row = c->row;

	c->row = &lookup_row;
	for (; ours; ours &= ours - 1)
		(void)host(c, __NR_close, c->a[__builtin_ctz(ours)]); /* opened by look_up() */
	c->row = row;
	memcpy(c->a, was, sizeof c->a);
}

/* A file opened below a limited directory, and a connection accepted, are limited likewise. */
static long inherit(struct call *c, const struct capability *k, long fd)
{
	const struct row *row = c->row;
	bool accepts = k->rights[0] == CAP_ACCEPT;
	char first = '/';

	if (fd < 0 || !(accepts || k->follows == AS_OPENED))
		return fd;
	if (!accepts && get_guest(c, &first, c->a[1], 1) == 0 && first == '/')
		return fd;
	if (rights_inherit(c->thread->process, (int)c->a[0], (int)fd) == 0)
		return fd;
	c->row = &lookup_row;
	(void)host(c, __NR_close, fd); /* just opened; rather none than one with all rights */
	c->row = row;
	return -ENOMEM;
}

long freebsd_guard(struct call *c)
{
	const struct capability *k = capability_of(c->nr);
	uint64_t was[MAX_ARGS];
	unsigned ours = 0;
	long r;

	if (in_mode(c) && !(k && k->in_mode))
		return -E_CAPMODE;
	if (!k || !c->row)
		return dispatch_row(c);
	memcpy(was, c->a, sizeof was);
	r = k->check ? k->check(c) : 0;
	if (r == 0)
		r = check_descriptors(c, k, &ours);
	if (r == 0)
		r = k->make ? k->make(c) : dispatch_row(c);
	undo(c, was, ours);
	return inherit(c, k, r);
}
