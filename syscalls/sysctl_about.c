/* Questions about a tree of 4.4BSD's kind, asked as values under 0: names, numbers, formats, the next one.
 * sys/kern/kern_sysctl.c of the systems that have it. */
#include "syscalls/sysctl.h"

#include <string.h>

/* Under 0 (CTL_SYSCTL): their numbers. */
enum {
	ABOUT_NAME = 1,
	ABOUT_NEXT,
	ABOUT_NUMBERS,
	ABOUT_FORMAT,
	ABOUT_DESCRIPTION,
	ABOUT_NEXT_SHOWN
};

/* sys/sysctl.h: CTLTYPE_*, and a format for those that have no other. */
static const struct {
	uint32_t kind;
	const char *format;
} forms[] = {
	[SYSCTL_BRANCH] = {1, "N"}, [SYSCTL_INT] = {2, "I"},	[SYSCTL_UINT] = {6, "IU"},
	[SYSCTL_LONG] = {7, "L"},   [SYSCTL_ULONG] = {8, "LU"}, [SYSCTL_STRING] = {3, "A"},
	[SYSCTL_BYTE] = {10, "CU"}, [SYSCTL_OPAQUE] = {5, ""},
};
_Static_assert(COUNT(forms) == N_SYSCTL_FORMS, "a kind for every form");
#define FLAG_READ 0x80000000u /* CTLFLAG_RD */

/* The rest of the path names a node, all of which has to be there. */
static const struct sysctl_node *node_of_rest(const struct sysctl *s,
					      const struct sysctl_tree *tree)
{
	const struct sysctl_node *node = sysctl_find(tree, s->path + 2, s->depth - 2);
	return node && (node->depth == s->depth - 2 || node->takes_more) ? node : NULL;
}

static int about_next(struct sysctl *s, const struct sysctl_tree *tree)
{
	const struct sysctl_node *next = sysctl_next(tree, s->path + 2, s->depth - 2);
	return next ? sysctl_out(s, next->path, next->depth * sizeof *next->path) : -ENOENT;
}

static int about_format(struct sysctl *s, const struct sysctl_node *node)
{
	uint32_t kind = forms[node->form].kind | FLAG_READ;
	int r = sysctl_out(s, &kind, sizeof kind);
	return r < 0 ? r
		     : sysctl_out_text(s, node->format && *node->format ? node->format
									: forms[node->form].format);
}

int sysctl_get_name(struct call *c, char name[SYSCTL_NAME], uint64_t at, uint64_t length)
{
	if (length >= SYSCTL_NAME)
		return length >= 1024 ? -ENAMETOOLONG : -ENOENT; /* MAXPATHLEN; none is so long */
	int r = get_guest(c, name, at, length);
	if (r < 0)
		return r;
	name[length] = 0;
	length = strlen(name);
	if (length && name[length - 1] == '.')
		name[length - 1] = 0;
	return 0;
}

static int about_numbers(struct sysctl *s, const struct sysctl_tree *tree)
{
	char name[SYSCTL_NAME];
	if (!s->new || !s->new_length)
		return -ENOENT;
	int r = sysctl_get_name(s->c, name, s->new, s->new_length);
	if (r < 0)
		return r;
	const struct sysctl_node *node = sysctl_find_name(tree, name);
	return node ? sysctl_out(s, node->path, node->depth * sizeof *node->path) : -ENOENT;
}

int sysctl_about(struct sysctl *s, const struct sysctl_tree *tree)
{
	switch (s->path[1]) {
	case ABOUT_NUMBERS:
		return about_numbers(s, tree);
	case ABOUT_NEXT:
	case ABOUT_NEXT_SHOWN:
		return about_next(s, tree);
	case ABOUT_NAME:
	case ABOUT_FORMAT:
	case ABOUT_DESCRIPTION:
		break;
	default:
		return -ENOENT;
	}
	const struct sysctl_node *node = s->depth > 2 ? node_of_rest(s, tree) : NULL;
	if (!node)
		return -ENOENT;
	if (s->path[1] == ABOUT_FORMAT)
		return about_format(s, node);
	return sysctl_out_text(s, s->path[1] == ABOUT_NAME ? node->name : "");
}
