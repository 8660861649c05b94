/* ioctl: the request is looked up in the personality's table, which says how its argument
 * crosses over. */
#include "syscalls/ioctl.h"

#include <string.h>

#include "syscalls/fcntl.h"
#include "syscalls/linux.h"

#define LINUX_TIOCGPTN 0x80045430u /* include/uapi/asm-generic/ioctls.h */
#define OBJECT_MOST 64u

static const struct ioctl *find(const struct ioctl *table, size_t n, uint32_t request)
{
	for (size_t i = 0; i < n; i++)
		if ((uint32_t)table[i].guest == request)
			return &table[i];
	return NULL;
}

static long with_object(struct call *c, const struct ioctl *i, uint64_t fd)
{
	char object[OBJECT_MOST];
	uint64_t at = scratch(c, i->type->host_size);
	long r = 0;

	if (!at || i->type->host_size > sizeof object)
		return -ENOMEM;
	if (i->how == IOCTL_IN) {
		r = get_object(c, i->type, c->a[2], object);
		if (r == 0)
			r = put_guest(c, at, object, i->type->host_size);
		return r < 0 ? r : host_wait(c, __NR_ioctl, fd, i->host, at);
	}
	r = host(c, __NR_ioctl, fd, i->host, at);
	if (r >= 0)
		r = get_guest(c, object, at, i->type->host_size);
	return r < 0 ? r : put_object(c, i->type, c->a[2], object);
}

static long int_argument(struct call *c, int32_t *value)
{
	return get_guest(c, value, c->a[2], sizeof *value);
}

/* Read is bit 0 and write bit 1, neither means both; Linux counts the three cases. */
static long flush(struct call *c, const struct ioctl *i, uint64_t fd)
{
	static const uint8_t queue[] = {2, 0, 1, 2};
	int32_t what;
	long r = int_argument(c, &what);

	return r < 0 ? r : host(c, __NR_ioctl, fd, i->host, queue[what & 3]);
}

static long set_owner(struct call *c, uint64_t fd)
{
	int32_t owner;
	long r = int_argument(c, &owner);

	return r < 0 ? r : host(c, __NR_fcntl, fd, F_SETOWN, owner);
}

static long get_owner(struct call *c, uint64_t fd)
{
	int32_t owner;
	int r = descriptor_owner(c, fd, &owner);

	return r < 0 ? r : put_guest(c, c->a[2], &owner, sizeof owner);
}

static long terminal_number(struct call *c, uint64_t fd, int32_t *number)
{
	uint64_t at = scratch(c, sizeof *number);
	long r;

	if (!at)
		return -ENOMEM;
	r = host(c, __NR_ioctl, fd, LINUX_TIOCGPTN, at);
	return r < 0 ? r : get_guest(c, number, at, sizeof *number);
}

/* {int size; void *buffer}: "pts/N", as below /dev. */
static long device_name(struct call *c, uint64_t fd)
{
	struct {
		int32_t size, padding;
		uint64_t buffer;
	} where;
	char name[16] = "pts/", digits[12];
	size_t n = 4, d = 0;
	int32_t number;
	long r = get_guest(c, &where, c->a[2], sizeof where);

	if (r == 0)
		r = terminal_number(c, fd, &number);
	if (r < 0)
		return r == -ENOTTY ? -EINVAL : r;
	do {
		digits[d++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (d)
		name[n++] = digits[--d];
	name[n++] = 0;
	if (where.size < (int32_t)n)
		return -EINVAL;
	return put_guest(c, where.buffer, name, n);
}

static long is_master(struct call *c, uint64_t fd)
{
	int32_t number;
	long r = terminal_number(c, fd, &number);

	return r == -ENOTTY ? -EINVAL : r;
}

#define LINUX_TIOCGWINSZ 0x5413u

/* Only devices have a kind. */
static long device_kind(struct call *c, const struct ioctl *i, uint64_t fd)
{
	uint64_t at = scratch(c, sizeof(struct statx)), empty = scratch(c, 1);
	struct statx st;
	int32_t kind = i->value >> 16;
	long r;

	if (!at || !empty)
		return -ENOMEM;
	r = put_guest(c, empty, "", 1);
	if (r == 0)
		r = host(c, __NR_statx, fd, empty, AT_EMPTY_PATH, STATX_TYPE, at);
	if (r == 0)
		r = get_guest(c, &st, at, sizeof st);
	if (r < 0)
		return r;
	if ((st.stx_mode & S_IFMT) != S_IFCHR)
		return -ENOTTY;
	if (host(c, __NR_ioctl, fd, LINUX_TIOCGWINSZ, at) == 0)
		kind = i->value & 0xffff;
	return put_guest(c, c->a[2], &kind, sizeof kind);
}

long ioctl_by_table(struct call *c, const struct ioctl *table, size_t n)
{
	const struct ioctl *i = find(table, n, (uint32_t)c->a[1]);
	uint64_t fd;
	long r = arg_value(c, 0, &fd);

	if (r < 0)
		return r;
	if (!i) {
		r = host(c, __NR_fcntl, fd, F_GETFD);
		return r < 0 ? r : -ENOTTY;
	}
	switch (i->how) {
	case IOCTL_NONE:
		return host(c, __NR_ioctl, fd, i->host, 0);
	case IOCTL_IN:
	case IOCTL_OUT:
		return with_object(c, i, fd);
	case IOCTL_VALUE:
		return host_wait(c, __NR_ioctl, fd, i->host, i->value);
	case IOCTL_FLUSH:
		return flush(c, i, fd);
	case IOCTL_REFUSED:
		return -i->value;
	case IOCTL_CLOEXEC:
		return host(c, __NR_fcntl, fd, F_SETFD, i->value);
	case IOCTL_SET_OWNER:
		return set_owner(c, fd);
	case IOCTL_GET_OWNER:
		return get_owner(c, fd);
	case IOCTL_DEVICE_NAME:
		return device_name(c, fd);
	case IOCTL_IS_MASTER:
		return is_master(c, fd);
	case IOCTL_DEVICE_KIND:
		return device_kind(c, i, fd);
	default:
		return -ENOTTY;
	}
}
