/* Paths of the ...at family: see lookup.h. */
#include "syscalls/lookup.h"

#include "syscalls/beneath.h"
#include "syscalls/facts.h"
#include "syscalls/file.h"

static bool follows(enum lookup_last last, uint64_t flags)
{
	switch (last) {
	case LOOKUP_UNLESS_NOFOLLOW:
		return !(flags & AT_SYMLINK_NOFOLLOW);
	case LOOKUP_IF_FOLLOW:
		return flags & AT_SYMLINK_FOLLOW;
	case LOOKUP_NEVER:
		break;
	}
	return false;
}

/* What was no link when it was looked at is not followed if it has become one. */
static uint64_t without_following(enum lookup_last last, uint64_t flags)
{
	if (last == LOOKUP_UNLESS_NOFOLLOW)
		flags |= AT_SYMLINK_NOFOLLOW;
	return last == LOOKUP_IF_FOLLOW ? flags & ~(uint64_t)AT_SYMLINK_FOLLOW : flags;
}

bool lookup_is_empty(struct call *c, const struct lookup *l)
{
	char first;

	return (l->flags & AT_EMPTY_PATH) && get_guest(c, &first, l->path, 1) == 0 && !first;
}

int lookup_begin(struct call *c, int at, int flags, enum lookup_last last, struct lookup *to)
{
	struct place place;
	long r = arg_values(c, at, &to->directory, flags, &to->flags);
	bool is_beneath = to->flags & AT_BENEATH;

	to->path = c->a[at + 1];
	to->is_ours = false;
	to->flags &= ~AT_BENEATH;
	if (r == 0 && !to->path)
		return -EFAULT; /* with AT_EMPTY_PATH Linux 6.11 takes it for an empty one */
	if (r < 0 || !is_beneath || lookup_is_empty(c, to))
		return (int)r;
	r = beneath_place(c, to->directory, to->path, follows(last, to->flags), &place);
	if (r < 0)
		return r == -EXDEV ? -E_NOTCAPABLE : (int)r;
	to->directory = place.directory;
	to->path = place.name;
	to->is_ours = place.is_ours;
	to->flags = without_following(last, to->flags);
	return 0;
}

void lookup_end(struct call *c, const struct lookup *l)
{
	if (l->is_ours)
		(void)host(c, __NR_close, l->directory); /* just opened: cannot fail */
}

/* Whether a path still leads to what is open. */
static bool leads_to(struct call *c, const char *path, size_t n, const struct statx *open)
{
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, n + 1);
	struct statx found;
	bool is_there = at && put_guest(c, at, path, n + 1) == 0 &&
			status_of(c, (uint64_t)AT_FDCWD, at, AT_SYMLINK_NOFOLLOW, &found) == 0;

	c->scratch_used = mark;
	return is_there && open->stx_ino == found.stx_ino &&
	       open->stx_dev_major == found.stx_dev_major &&
	       open->stx_dev_minor == found.stx_dev_minor;
}

long lookup_whole(struct call *c, int directory, uint64_t path, char *to, size_t size)
{
	uint64_t empty = empty_path(c);
	struct statx open;
	long n = empty ? status_of(c, (uint64_t)directory, empty, AT_EMPTY_PATH, &open) : -ENOMEM;
	long more;

	if (n < 0)
		return n;
	if ((open.stx_mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	n = facts_path(c, directory, to, size - 1);
	if (n == -ENAMETOOLONG)
		return n;
	if (n < 0 || !leads_to(c, to, (size_t)n, &open))
		return -EOPNOTSUPP;
	to[n++] = '/';
	more = get_guest_string(c, to + n, path, size - (size_t)n);
	return more < 0 ? more : n + more;
}
