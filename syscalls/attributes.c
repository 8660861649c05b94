/* Extended attributes in two name spaces, users' and the system's, kept as Linux's "user." ones.
 *
 * get(file, namespace, name, data, size), set, delete, list(file, namespace, data, size);
 * the file is a path, a path whose last link is not followed, or a descriptor.  A null data
 * pointer asks for the size.  Too small a buffer gets what fits.  A list is a sequence of
 * names, each behind a byte that says how long it is. */
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

/* The file and the name space; only users' attributes are to be had. */
static int file_and_space(struct call *c, uint64_t *file)
{
	uint64_t space;
	int r;

	*file = c->a[0];
	r = c->row->args[0].pass == PASS_VALUE ? arg_value(c, 0, file) : 0;
	if (r == 0)
		r = arg_value(c, 1, &space);
	if (r < 0)
		return r;
	return space == ATTRIBUTES_OF_USERS ? 0 : -EPERM;
}

/* The Linux name of the attribute that argument 2 names, in scratch. */
static int full_name(struct call *c, uint64_t *at)
{
	char name[XATTR_NAME_MAX + 1] = PREFIX;
	long n = get_guest_string(c, name + PREFIX_LENGTH, c->a[2], sizeof name - PREFIX_LENGTH);

	if (n < 0)
		return n;
	if (!n)
		return -EINVAL;
	*at = scratch(c, sizeof name);
	if (!*at)
		return -ENOMEM;
	return put_guest(c, *at, name, PREFIX_LENGTH + (size_t)n + 1);
}

static long get(struct call *c, const struct calls *calls)
{
	uint64_t file, name, at, size = c->a[4];
	long n;
	int r = file_and_space(c, &file);

	if (r == 0)
		r = full_name(c, &name);
	if (r < 0)
		return r;
	if (!c->a[3])
		return host(c, calls->get, file, name, 0, 0);
	n = host(c, calls->get, file, name, c->a[3], size);
	if (n != -ERANGE && size)
		return n;
	at = scratch(c, XATTR_SIZE_MAX);
	if (!at)
		return -ENOMEM;
	n = host(c, calls->get, file, name, at, XATTR_SIZE_MAX);
	if (n < 0)
		return n;
	for (uint64_t i = 0; i < size && i < (uint64_t)n; i++) {
		char byte;

		r = get_guest(c, &byte, at + i, 1);
		if (r == 0)
			r = put_guest(c, c->a[3] + i, &byte, 1);
		if (r < 0)
			return r;
	}
	return size < (uint64_t)n ? (long)size : n;
}

static long set(struct call *c, const struct calls *calls)
{
	uint64_t file, name;
	long n;
	int r = file_and_space(c, &file);

	if (r == 0)
		r = full_name(c, &name);
	if (r < 0)
		return r;
	n = host(c, calls->set, file, name, c->a[3], c->a[4], 0);
	return n < 0 ? n : (long)c->a[4];
}

static long remove_one(struct call *c, const struct calls *calls)
{
	uint64_t file, name;
	int r = file_and_space(c, &file);

	if (r == 0)
		r = full_name(c, &name);
	return r < 0 ? r : host(c, calls->remove, file, name);
}

/* One name of Linux's list: its length with the NUL, or -errno. */
static long name_in_list(struct call *c, char *name, uint64_t at, uint64_t left)
{
	size_t room = left < XATTR_NAME_MAX + 1 ? left : XATTR_NAME_MAX + 1;
	long n = get_guest_string(c, name, at, room);

	return n < 0 ? n : n + 1;
}

static long list(struct call *c, const struct calls *calls)
{
	uint64_t file, at, done = 0;
	long n;
	int r = file_and_space(c, &file);

	if (r < 0)
		return r;
	at = scratch(c, XATTR_LIST_MAX);
	if (!at)
		return -ENOMEM;
	n = host(c, calls->list, file, at, XATTR_LIST_MAX);
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
		if (c->a[2]) {
			if (own + 1 > c->a[3] - done)
				break;
			entry[0] = (char)own;
			memcpy(entry + 1, name + PREFIX_LENGTH, own);
			r = put_guest(c, c->a[2] + done, entry, own + 1);
			if (r < 0)
				return r;
		}
		done += own + 1;
	}
	return n < 0 ? n : (long)done;
}

TRANSLATOR(attribute_get)
{
	return get(c, &by_path);
}
TRANSLATOR(attribute_get_link)
{
	return get(c, &by_link);
}
TRANSLATOR(attribute_get_fd)
{
	return get(c, &by_fd);
}
TRANSLATOR(attribute_set)
{
	return set(c, &by_path);
}
TRANSLATOR(attribute_set_link)
{
	return set(c, &by_link);
}
TRANSLATOR(attribute_set_fd)
{
	return set(c, &by_fd);
}
TRANSLATOR(attribute_delete)
{
	return remove_one(c, &by_path);
}
TRANSLATOR(attribute_delete_link)
{
	return remove_one(c, &by_link);
}
TRANSLATOR(attribute_delete_fd)
{
	return remove_one(c, &by_fd);
}
TRANSLATOR(attribute_list)
{
	return list(c, &by_path);
}
TRANSLATOR(attribute_list_link)
{
	return list(c, &by_link);
}
TRANSLATOR(attribute_list_fd)
{
	return list(c, &by_fd);
}
