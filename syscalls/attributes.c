/* Extended attributes in two name spaces, users' and the system's, kept as Linux's "user." ones.
 *
 * get(file, namespace, name, data, size), set, delete, list(file, namespace, data, size);
 * the file is a path, a path whose last link is not followed, or a descriptor.  A null data
 * pointer asks for the size.  Too small a buffer gets what fits.  A list is a sequence of
 * names, each behind a byte that says how long it is.
 *
 * Or by the name alone, as Linux has them: get(file, name, data, size), set(..., flags), remove,
 * list(file, data, size), each name in it before a NUL.  The space is then what the name begins
 * with; it is the whole name all the same, so that both ways lead to one attribute. */
#include <string.h>

#include "syscalls/attributes.h"
#include "syscalls/file.h"

#define PREFIX "user."
#define PREFIX_LENGTH 5u

struct calls {
	int get, set, remove, list;
};
static const struct calls by_path = {__NR_getxattr, __NR_setxattr, __NR_removexattr,
				     __NR_listxattr};
static const struct calls by_link = {__NR_lgetxattr, __NR_lsetxattr, __NR_lremovexattr,
				     __NR_llistxattr};
static const struct calls by_fd = {__NR_fgetxattr, __NR_fsetxattr, __NR_fremovexattr,
				   __NR_flistxattr};

/* What a call names, the rest of its arguments from `rest` on. */
struct attribute {
	uint64_t file;
	uint64_t name; /* the Linux name, in scratch */
	int rest;
};

static int file_of(struct call *c, uint64_t *file)
{
	*file = c->a[0];
	return c->row->args[0].pass == PASS_VALUE ? arg_value(c, 0, file) : 0;
}

/* The file and the name space; only users' attributes are to be had. */
static int file_and_space(struct call *c, uint64_t *file)
{
	uint64_t space;
	int r = file_of(c, file);

	if (r == 0)
		r = arg_value(c, 1, &space);
	if (r < 0)
		return r;
	return space == ATTRIBUTES_OF_USERS ? 0 : -EPERM;
}

/* The Linux name of an attribute, in scratch. */
static int full_name(struct call *c, const char *own, size_t n, uint64_t *at)
{
	char name[XATTR_NAME_MAX + 1] = PREFIX;

	if (!n)
		return -EINVAL;
	memcpy(name + PREFIX_LENGTH, own, n + 1);
	*at = scratch(c, sizeof name);
	return *at ? put_guest(c, *at, name, PREFIX_LENGTH + n + 1) : -ENOMEM;
}

static int by_space(struct call *c, struct attribute *a)
{
	char name[XATTR_NAME_MAX + 1 - PREFIX_LENGTH];
	int r = file_and_space(c, &a->file);
	long n = r < 0 ? r : get_guest_string(c, name, c->a[2], sizeof name);

	a->rest = 3;
	return n < 0 ? (int)n : full_name(c, name, (size_t)n, &a->name);
}

/* Whose names begin so are the system's. */
static bool is_of_system(const char *name)
{
	static const char *const spaces[] = {"system.", "security.", "trusted."};

	for (size_t i = 0; i < COUNT(spaces); i++)
		if (!strncmp(name, spaces[i], strlen(spaces[i])))
			return true;
	return false;
}

static int by_name(struct call *c, struct attribute *a)
{
	char name[XATTR_NAME_MAX + 1 - PREFIX_LENGTH];
	int r = file_of(c, &a->file);
	long n = r < 0 ? r : get_guest_string(c, name, c->a[1], sizeof name);

	a->rest = 2;
	if (n < 0)
		return (int)n;
	return is_of_system(name) ? -EPERM : full_name(c, name, (size_t)n, &a->name);
}

static long get(struct call *c, const struct calls *calls, int r, const struct attribute *a)
{
	uint64_t data = c->a[a->rest], size = c->a[a->rest + 1], at;
	long n;

	if (r < 0)
		return r;
	if (!data)
		return host(c, calls->get, a->file, a->name, 0, 0);
	n = host(c, calls->get, a->file, a->name, data, size);
	if (n != -ERANGE && size)
		return n;
	at = scratch(c, XATTR_SIZE_MAX);
	if (!at)
		return -ENOMEM;
	n = host(c, calls->get, a->file, a->name, at, XATTR_SIZE_MAX);
	if (n < 0)
		return n;
	for (uint64_t i = 0; i < size && i < (uint64_t)n; i++) {
		char byte;

		r = get_guest(c, &byte, at + i, 1);
		if (r == 0)
			r = put_guest(c, data + i, &byte, 1);
		if (r < 0)
			return r;
	}
	return size < (uint64_t)n ? (long)size : n;
}

static long set(struct call *c, const struct calls *calls, int r, const struct attribute *a,
		uint64_t flags)
{
	return r < 0 ? r
		     : host(c, calls->set, a->file, a->name, c->a[a->rest], c->a[a->rest + 1],
			    flags);
}

static long set_sized(struct call *c, const struct calls *calls, int r, const struct attribute *a)
{
	long n = set(c, calls, r, a, 0);

	return n < 0 ? n : (long)c->a[a->rest + 1];
}

static long set_named(struct call *c, const struct calls *calls, int r, const struct attribute *a)
{
	uint64_t flags = 0;

	if (r == 0)
		r = arg_value(c, 4, &flags);
	return set(c, calls, r, a, flags);
}

static long remove_one(struct call *c, const struct calls *calls, int r, const struct attribute *a)
{
	return r < 0 ? r : host(c, calls->remove, a->file, a->name);
}

/* One name of Linux's list: its length with the NUL, or -errno. */
static long name_in_list(struct call *c, char *name, uint64_t at, uint64_t left)
{
	size_t room = left < XATTR_NAME_MAX + 1 ? left : XATTR_NAME_MAX + 1;
	long n = get_guest_string(c, name, at, room);

	return n < 0 ? n : n + 1;
}

/* An entry is its name behind its length, or before a NUL. */
static long list(struct call *c, const struct calls *calls, uint64_t file, int rest, bool counted)
{
	uint64_t data = c->a[rest], room = c->a[rest + 1], done = 0;
	uint64_t at = scratch(c, XATTR_LIST_MAX);
	long n = at ? host(c, calls->list, file, at, XATTR_LIST_MAX) : -ENOMEM;

	for (uint64_t i = 0; n > 0 && i < (uint64_t)n;) {
		char entry[1 + XATTR_NAME_MAX + 1], name[XATTR_NAME_MAX + 1];
		long length = name_in_list(c, name, at + i, (uint64_t)n - i);
		size_t own;

		if (length < 0)
			return length;
		i += (uint64_t)length;
		if ((size_t)length <= PREFIX_LENGTH + 1 || memcmp(name, PREFIX, PREFIX_LENGTH))
			continue;
		own = (size_t)length - 1 - PREFIX_LENGTH;
		if (data) {
			int r;

			if (own + 1 > room - done)
				break;
			entry[0] = (char)own;
			memcpy(entry + counted, name + PREFIX_LENGTH, own + 1);
			r = put_guest(c, data + done, entry, own + 1);
			if (r < 0)
				return r;
		}
		done += own + 1;
	}
	return n < 0 ? n : (long)done;
}

static long list_space(struct call *c, const struct calls *calls)
{
	uint64_t file;
	int r = file_and_space(c, &file);

	return r < 0 ? r : list(c, calls, file, 2, true);
}

/* All spaces there are to see, which is the users'. */
static long list_named(struct call *c, const struct calls *calls)
{
	uint64_t file;
	int r = file_of(c, &file);

	return r < 0 ? r : list(c, calls, file, 1, false);
}

/* Each call has three forms. */
#define FORM(name, how, calls, work) \
	TRANSLATOR(name) \
	{ \
		struct attribute a = {0}; \
		int r = how(c, &a); \
\
		return work(c, &calls, r, &a); \
	}
#define FORMS(name, how, work) \
	FORM(name, how, by_path, work) \
	FORM(name##_link, how, by_link, work) \
	FORM(name##_fd, how, by_fd, work)
#define LIST(name, calls, work) \
	TRANSLATOR(name) \
	{ \
		return work(c, &calls); \
	}
#define LISTS(name, work) \
	LIST(name, by_path, work) LIST(name##_link, by_link, work) LIST(name##_fd, by_fd, work)

FORMS(attribute_get, by_space, get)
FORMS(attribute_set, by_space, set_sized)
FORMS(attribute_delete, by_space, remove_one)
LISTS(attribute_list, list_space)
FORMS(xattr_get, by_name, get)
FORMS(xattr_set, by_name, set_named)
FORMS(xattr_remove, by_name, remove_one)
LISTS(xattr_list, list_named)
