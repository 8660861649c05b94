/* Paths of the ...at family: see lookup.h. */
#include "syscalls/lookup.h"

#include "syscalls/beneath.h"
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
