/* Descriptors: making, copying, closing them, and fcntl. */
#include "syscalls/fcntl.h"

#include <linux/close_range.h>

#include "syscalls/descriptors.h"

/* ---- close and dup ---------------------------------------------------------- */

TRANSLATOR(close)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);

	if (r < 0)
		return r;
	make_bare(c, __NR_close);
	descriptor_closing(c, (int)fd);
	return host(c, __NR_close, fd);
}

/* Everything from a number on; a negative one means all. */
TRANSLATOR(closefrom)
{
	int first = (int)c->a[0];

	return descriptors_close_range(c, first < 0 ? 0 : (uint32_t)first, UINT32_MAX, 0);
}

/* Those that are open are not for children; which they are only Linux knows, one by one. */
static int keep_range(struct call *c, uint32_t first, uint32_t last)
{
	struct process *p = c->thread->process;
	int r = 0;

	if (last < first)
		return -EINVAL;
	for (uint32_t fd = first; fd <= last && fd < DESCRIPTORS_MAX && r == 0; fd++)
		if (!descriptor_is_hidden(p, (int)fd) && host(c, __NR_fcntl, fd, F_GETFD) >= 0)
			r = descriptor_set(p, (int)fd, DESCRIPTOR_CLOSE_ON_FORK);
	return r;
}

TRANSLATOR(close_range)
{
	uint32_t first = (uint32_t)c->a[0], last = (uint32_t)c->a[1];
	uint64_t flags;
	int r = arg_value(c, 2, &flags);

	if (r == 0 && (flags & CLOSE_RANGE_CLOSE_ON_FORK)) {
		r = keep_range(c, first, last);
		if (!(flags & CLOSE_RANGE_CLOEXEC))
			return r;
	}
	return r < 0 ? r : descriptors_close_range(c, first, last, (uint32_t)flags);
}

static long duplicate(struct call *c, uint64_t fd, int command, uint64_t least)
{
	long to = host(c, __NR_fcntl, fd, command, least);

	if (to >= 0)
		descriptor_duplicated(c, (int)fd, (int)to);
	return to;
}

TRANSLATOR(dup)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);

	return r < 0 ? r : duplicate(c, fd, F_DUPFD, 0);
}

static long duplicate_onto(struct call *c, int from, int to, uint32_t flags)
{
	if (from != to)
		return descriptor_duplicate_onto(c, from, to, flags);
	long r = host(c, __NR_fcntl, from, F_GETFD);
	return r < 0 ? r : to;
}

TRANSLATOR(dup2)
{
	uint64_t from, to;
	int r = arg_values(c, 0, &from, 1, &to);

	return r < 0 ? r : duplicate_onto(c, (int)from, (int)to, 0);
}

/* ---- fcntl --------------------------------------------------------------------- */

static const struct type *argument_type(struct call *c, enum fcntl_argument which)
{
	return c->row->args[2].type->fields[which].type;
}

/* Bits a names type speaks for. */
static uint64_t declared_bits(const struct type *t)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < t->count; i++)
		bits |= t->names[i].mask;
	return bits;
}

static long get_status_flags(struct call *c, uint64_t fd)
{
	long r = host(c, __NR_fcntl, fd, F_GETFL);

	if (r < 0)
		return r;
	return (long)names_to_guest_known(argument_type(c, FCNTL_ARG_STATUS), (uint64_t)r);
}

/* What F_SETFL cannot change it ignores, as the guest's own kernel does.  Linux ignores a
 * change to synchronous writing too, which the guest would not: then it is told. */
static long set_status_flags(struct call *c, uint64_t fd)
{
	const struct type *t = argument_type(c, FCNTL_ARG_SETTABLE);
	uint64_t wanted;
	int r = names_to_host(t, c->a[2] & declared_bits(t), 0, &wanted);
	long now;

	if (r < 0)
		return r;
	wanted &= UINT32_MAX;
	if (wanted & O_SYNC) {
		now = host(c, __NR_fcntl, fd, F_GETFL);
		if (now < 0)
			return now;
		if (wanted & O_SYNC & ~(uint64_t)now)
			return -EOPNOTSUPP;
	}
	return host(c, __NR_fcntl, fd, F_SETFL, wanted);
}

int descriptor_owner(struct call *c, uint64_t fd, int32_t *owner)
{
	struct f_owner_ex o;
	uint64_t at = scratch(c, sizeof o);
	long r;

	if (!at)
		return -ENOMEM;
	r = host(c, __NR_fcntl, fd, F_GETOWN_EX, at);
	if (r == 0)
		r = get_guest(c, &o, at, sizeof o);
	if (r == 0)
		*owner = o.type == F_OWNER_PGRP ? -o.pid : o.pid;
	return (int)r;
}

/* A group, as a negative number, must not look like an error. */
static long get_owner(struct call *c, uint64_t fd)
{
	int32_t owner;
	int r = descriptor_owner(c, fd, &owner);

	return r < 0 ? r : (long)(uint32_t)owner;
}

static long lock_record(struct call *c, uint64_t fd, int command, enum fcntl_argument which)
{
	const struct type *t = argument_type(c, which);
	struct flock lock;
	uint64_t at = scratch(c, sizeof lock);
	long r;

	if (!at)
		return -ENOMEM;
	r = get_object(c, t, c->a[2], &lock);
	if (r == 0)
		r = put_guest(c, at, &lock, sizeof lock);
	if (r < 0)
		return r;
	r = host_wait(c, __NR_fcntl, fd, command, at);
	if (r < 0 || command != F_GETLK)
		return r;
	r = get_guest(c, &lock, at, sizeof lock);
	return r < 0 ? r : put_object(c, t, c->a[2], &lock);
}

/* How much to read ahead is the kernel's own affair on Linux; whether to is not. */
static long read_ahead(struct call *c, uint64_t fd)
{
	int advice = c->a[2] ? POSIX_FADV_NORMAL : POSIX_FADV_RANDOM;
	long r = host(c, __NR_fadvise64, fd, 0, 0, advice);

	return r == -ESPIPE ? -EBADF : r;
}

static long change_seals(struct call *c, uint64_t fd)
{
	uint64_t seals;
	int r = names_to_host(argument_type(c, FCNTL_ARG_SEALS), c->a[2], 0, &seals);

	return r < 0 ? r : host(c, __NR_fcntl, fd, F_ADD_SEALS, seals);
}

static long get_seals(struct call *c, uint64_t fd)
{
	long r = host(c, __NR_fcntl, fd, F_GET_SEALS);

	if (r < 0)
		return r;
	return (long)names_to_guest_known(argument_type(c, FCNTL_ARG_SEALS), (uint64_t)r);
}

static long get_descriptor_flags(struct call *c, uint64_t fd)
{
	long r = host(c, __NR_fcntl, fd, F_GETFD);

	if (r < 0)
		return r;
	if (descriptor_has(c->thread->process, (int)fd, DESCRIPTOR_CLOSE_ON_FORK))
		r |= FD_CLOSE_ON_FORK;
	return (long)names_to_guest_known(argument_type(c, FCNTL_ARG_DESCRIPTOR), (uint64_t)r);
}

static long set_descriptor_flags(struct call *c, uint64_t fd)
{
	struct process *p = c->thread->process;
	uint64_t flags;
	long r = names_to_host(argument_type(c, FCNTL_ARG_DESCRIPTOR), c->a[2], 0, &flags);

	if (r == 0)
		r = host(c, __NR_fcntl, fd, F_SETFD, flags & FD_CLOEXEC);
	if (r == 0 && (flags & FD_CLOSE_ON_FORK))
		return descriptor_set(p, (int)fd, DESCRIPTOR_CLOSE_ON_FORK);
	if (r == 0)
		descriptor_clear(p, (int)fd, DESCRIPTOR_CLOSE_ON_FORK);
	return r;
}

static long duplicate_close_on_fork(struct call *c, uint64_t fd)
{
	long to = duplicate(c, fd, F_DUPFD, (uint64_t)(int64_t)(int)c->a[2]);

	return descriptor_made(c, to, O_CLOSE_ON_FORK);
}

/* Onto the number in the argument, which then has these flags. */
static long duplicate_flagged(struct call *c, uint64_t fd, uint32_t flags)
{
	int to = (int)c->a[2];
	long r = duplicate_onto(c, (int)fd, to, flags & FD_CLOEXEC ? O_CLOEXEC : 0);

	if (r >= 0 && (int)fd == to && flags & FD_CLOEXEC)
		(void)host(c, __NR_fcntl, fd, F_SETFD, FD_CLOEXEC); /* it is open */
	if (r < 0 || !(flags & FD_CLOSE_ON_FORK))
		return r;
	if ((int)fd != to)
		return descriptor_made(c, to, O_CLOSE_ON_FORK);
	r = descriptor_set(c->thread->process, to, DESCRIPTOR_CLOSE_ON_FORK);
	return r < 0 ? r : to;
}

static long is_open(struct call *c, uint64_t fd)
{
	long r = host(c, __NR_fcntl, fd, F_GETFD);

	return r < 0 ? r : 0;
}

TRANSLATOR(fcntl)
{
	uint64_t fd, command;
	long r = arg_values(c, 0, &fd, 1, &command);

	if (r < 0)
		return r;
	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return duplicate(c, fd, (int)command, (uint64_t)(int64_t)(int)c->a[2]);
	case FCNTL_DUP2FD:
		return duplicate_flagged(c, fd, 0);
	case FCNTL_DUP2FD_CLOEXEC:
		return duplicate_flagged(c, fd, FD_CLOEXEC);
	case FCNTL_DUP2FD_CLOSE_ON_FORK:
		return duplicate_flagged(c, fd, FD_CLOSE_ON_FORK);
	case FCNTL_DUP2FD_CLOSE_ON_BOTH:
		return duplicate_flagged(c, fd, FD_CLOEXEC | FD_CLOSE_ON_FORK);
	case FCNTL_DUPFD_CLOSE_ON_FORK:
		return duplicate_close_on_fork(c, fd);
	case F_GETFD:
		return get_descriptor_flags(c, fd);
	case F_SETFD:
		return set_descriptor_flags(c, fd);
	case F_GETFL:
		return get_status_flags(c, fd);
	case F_SETFL:
		return set_status_flags(c, fd);
	case F_GETOWN:
		return get_owner(c, fd);
	case F_SETOWN:
		return host(c, __NR_fcntl, fd, F_SETOWN, (int)c->a[2]);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
		return lock_record(c, fd, (int)command, FCNTL_ARG_LOCK);
	case FCNTL_OLD_GETLK:
		return lock_record(c, fd, F_GETLK, FCNTL_ARG_OLD_LOCK);
	case FCNTL_OLD_SETLK:
		return lock_record(c, fd, F_SETLK, FCNTL_ARG_OLD_LOCK);
	case FCNTL_OLD_SETLKW:
		return lock_record(c, fd, F_SETLKW, FCNTL_ARG_OLD_LOCK);
	case FCNTL_READ_AHEAD:
		return read_ahead(c, fd);
	case F_ADD_SEALS:
		return change_seals(c, fd);
	case F_GET_SEALS:
		return get_seals(c, fd);
	case FCNTL_IS_UNION:
		return is_open(c, fd);
	case FCNTL_UNSUPPORTED:
		r = is_open(c, fd);
		return r < 0 ? r : -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}
