/* POSIX message queues: Linux's, in the sandbox's own IPC namespace.  The guest's descriptor is
 * Linux's, which poll and close know; names begin with a slash or not, and have no other. */
#include "syscalls/mqueue.h"

#include <string.h>

#include "syscalls/linux.h"
#include "syscalls/timer.h"

#define NAME_MOST 255u

/* The name as Linux takes it: without the slash. */
static int queue_name(struct call *c, uint64_t from, uint64_t *at)
{
	char name[NAME_MOST + 1];
	const char *bare = name;
	long n = get_guest_string(c, name, from, sizeof name);

	if (n < 0)
		return (int)n;
	if (n < 2 || strchr(name + 1, '/'))
		return -EINVAL;
	if (*bare == '/')
		bare++;
	if (!strcmp(bare, ".") || !strcmp(bare, ".."))
		return -EINVAL;
	*at = scratch(c, sizeof name);
	return *at ? put_guest(c, *at, bare, strlen(bare) + 1) : -ENOMEM;
}

/* mq_open(name, flags, mode, attributes or null) */
TRANSLATOR(mq_open)
{
	struct mq_attr attributes;
	uint64_t flags, name, at = 0;
	long r = arg_value(c, 1, &flags);

	if (r == 0 && (flags & O_ACCMODE) == O_ACCMODE)
		r = -EINVAL;
	if (r == 0 && (flags & O_CREAT) && c->a[3]) {
		r = arg_in(c, 3, &attributes);
		at = scratch(c, sizeof attributes);
		if (r == 0)
			r = at ? put_guest(c, at, &attributes, sizeof attributes) : -ENOMEM;
	}
	if (r == 0)
		r = queue_name(c, c->a[0], &name);
	return r < 0 ? r : host(c, __NR_mq_open, name, flags, c->a[2] & 0777, at);
}

TRANSLATOR(mq_unlink)
{
	uint64_t name;
	int r = queue_name(c, c->a[0], &name);

	return r < 0 ? r : host(c, __NR_mq_unlink, name);
}

/* mq_notify(queue, event or null) */
TRANSLATOR(mq_notify)
{
	struct timer_event event;
	struct host_event to;
	uint64_t fd, at = 0;
	long r = arg_value(c, 0, &fd);

	if (r == 0 && c->a[1]) {
		r = arg_in(c, 1, &event);
		if (r == 0)
			r = timer_event_to_host(c, &event, &to);
		at = scratch(c, sizeof to);
		if (r == 0)
			r = at ? put_guest(c, at, &to, sizeof to) : -ENOMEM;
	}
	return r < 0 ? r : host(c, __NR_mq_notify, fd, at);
}

/* Without a time they wait for ever. */
static long transfer(struct call *c, int nr)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);

	return r < 0 ? r : host_wait(c, nr, fd, c->a[1], c->a[2], c->a[3], 0);
}

TRANSLATOR(mq_send)
{
	return transfer(c, __NR_mq_timedsend);
}

TRANSLATOR(mq_receive)
{
	return transfer(c, __NR_mq_timedreceive);
}

/* mq_getattr(queue, attributes) */
TRANSLATOR(mq_getattr)
{
	struct mq_attr attributes;
	uint64_t fd, at = scratch(c, sizeof attributes);
	long r = arg_value(c, 0, &fd);

	if (r == 0)
		r = at ? host(c, __NR_mq_getsetattr, fd, 0, at) : -ENOMEM;
	if (r == 0)
		r = get_guest(c, &attributes, at, sizeof attributes);
	return r < 0 ? r : arg_out(c, 1, &attributes);
}
