/* getsockopt and setsockopt, by the personality's table of options. */
#include <asm/socket.h>
#include <linux/in.h>
#include <string.h>

#include "syscalls/descriptors.h"
#include "syscalls/errors.h"
#include "syscalls/linux.h"
#include "syscalls/socket.h"

/* The largest option value: no guest's is longer. */
#define MAX_VALUE 1024

int socket_get_option(struct call *c, int fd, int level, int option, void *to, size_t size)
{
	uint32_t length = (uint32_t)size;
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, size), length_at = scratch(c, sizeof length);
	long r = at && length_at ? put_guest(c, length_at, &length, sizeof length) : -ENOMEM;
	if (r == 0)
		r = host(c, __NR_getsockopt, fd, level, option, at, length_at);
	if (r == 0)
		r = get_guest(c, &length, length_at, sizeof length);
	if (r == 0)
		r = get_guest(c, to, at, length < size ? length : size);
	c->scratch_used = mark;
	return (int)r;
}

int socket_set_option(struct call *c, int fd, int level, int option, const void *from, size_t size)
{
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, size);
	long r = at ? put_guest(c, at, from, size) : -ENOMEM;
	if (r == 0)
		r = host(c, __NR_setsockopt, fd, level, option, at, size);
	c->scratch_used = mark;
	return (int)r;
}

/* ---- Finding ----------------------------------------------------------------- */

/* Where a level's number means local sockets and something else, the socket decides. */
static int domain_of(struct call *c, const struct socket_rules *rules, int fd, int level)
{
	int domain = 0;
	if (level != rules->local_level)
		return 0;
	int r = socket_get_option(c, fd, SOL_SOCKET, SO_DOMAIN, &domain, sizeof domain);
	return r < 0 ? r : domain;
}

static bool fits_domain(const struct option *o, int domain)
{
	return !domain || (o->domain == AF_UNIX) == (domain == AF_UNIX);
}

static int find_option(struct call *c, const struct socket_rules *rules, struct option_call *o)
{
	uint64_t fd;
	int level = (int)c->a[1], name = (int)c->a[2];
	int r = arg_value(c, 0, &fd);
	if (r == 0)
		r = domain_of(c, rules, (int)fd, level);
	if (r < 0)
		return r;
	*o = (struct option_call){.fd = (int)fd, .value = c->a[3]};
	for (size_t i = 0; i < rules->n_options; i++) {
		const struct option *at = &rules->options[i];
		if (at->guest_level == level && at->guest == name && fits_domain(at, r)) {
			o->option = at;
			return 0;
		}
	}
	return -ENOPROTOOPT;
}

static int host_option(struct call *c, const struct option_call *o)
{
	int domain;

	if (!o->option->host_elsewhere)
		return o->option->host;
	int r = socket_get_option(c, o->fd, SOL_SOCKET, SO_DOMAIN, &domain, sizeof domain);
	if (r < 0)
		return r;
	return domain == AF_INET || domain == AF_INET6 ? o->option->host
						       : o->option->host_elsewhere;
}

/* ---- Reading ----------------------------------------------------------------- */

static int give_int(struct call *c, struct option_call *o, int value)
{
	o->used = o->length < sizeof value ? o->length : sizeof value;
	return put_guest(c, o->value, &value, o->used);
}

static int get_bytes(struct call *c, struct option_call *o)
{
	unsigned char value[MAX_VALUE];
	uint32_t length = o->length < sizeof value ? o->length : sizeof value;
	uint64_t at = scratch(c, sizeof value), length_at = scratch(c, sizeof length);
	long r = at && length_at ? put_guest(c, length_at, &length, sizeof length) : -ENOMEM;
	if (r == 0)
		r = host(c, __NR_getsockopt, o->fd, o->option->host_level, o->option->host, at,
			 length_at);
	if (r == 0)
		r = get_guest(c, &length, length_at, sizeof length);
	if (r < 0)
		return (int)r;
	o->used = length < o->length ? length : o->length;
	r = get_guest(c, value, at, o->used);
	return r < 0 ? (int)r : put_guest(c, o->value, value, o->used);
}

/* An error that kevent had to take from the socket comes first. */
static int socket_error(struct call *c, const struct option_call *o, int *error)
{
	struct descriptor *d = descriptor_find(c->thread->process, o->fd);
	if (d)
		descriptor_clear(c->thread->process, o->fd, DESCRIPTOR_CONNECTING);
	*error = d ? __atomic_exchange_n(&d->error, 0, __ATOMIC_RELAXED) : 0;
	if (*error)
		return 0;
	return socket_get_option(c, o->fd, SOL_SOCKET, SO_ERROR, error, sizeof *error);
}

static int int_to_guest(struct call *c, const struct option_call *o, int *value)
{
	const struct option *option = o->option;
	uint64_t guest;
	int r;
	switch (option->form) {
	case OPTION_FLAG:
		*value = *value ? option->guest : 0;
		return 0;
	case OPTION_BUFFER:
		*value /= 2;
		return 0;
	case OPTION_DONT_FRAGMENT:
		*value = *value == IP_PMTUDISC_DO;
		return 0;
	case OPTION_NAMES:
		r = names_to_guest(option->type, (uint32_t)*value, &guest);
		*value = (int)guest;
		return r;
	case OPTION_ERROR:
		*value = guest_error(c, *value);
		return 0;
	default:
		return 0;
	}
}

static int get_value(struct call *c, struct option_call *o)
{
	const struct option *option = o->option;
	int value = 0, r = 0, number;
	if (option->form == OPTION_CUSTOM)
		return option->get ? option->get(c, o) : -ENOPROTOOPT;
	if (option->form == OPTION_BYTES)
		return get_bytes(c, o);
	if (option->form == OPTION_NO_SIGPIPE) {
		/* Still, it has to be a socket. */
		r = socket_get_option(c, o->fd, SOL_SOCKET, SO_TYPE, &value, sizeof value);
		value = descriptor_has(c->thread->process, o->fd, DESCRIPTOR_NO_SIGPIPE)
				? option->guest
				: 0;
		return r < 0 ? r : give_int(c, o, value);
	}
	number = host_option(c, o);
	if (number < 0)
		return number;
	if (option->form == OPTION_ERROR)
		r = socket_error(c, o, &value);
	else
		r = socket_get_option(c, o->fd, option->host_level, number, &value, sizeof value);
	if (r == 0)
		r = int_to_guest(c, o, &value);
	return r < 0 ? r : give_int(c, o, value);
}

long socket_get(struct call *c, const struct socket_rules *rules)
{
	struct option_call o;
	int r = find_option(c, rules, &o);
	if (r < 0)
		return r;
	if (!o.value)
		return 0; /* nothing is asked for (sys/kern/uipc_syscalls.c: kern_getsockopt) */
	r = get_guest(c, &o.length, c->a[4], sizeof o.length);
	if (r < 0)
		return r;
	if ((int32_t)o.length < 0)
		return -EINVAL;
	r = get_value(c, &o);
	return r < 0 ? r : put_guest(c, c->a[4], &o.used, sizeof o.used);
}

/* ---- Writing ----------------------------------------------------------------- */

static int set_bytes(struct call *c, const struct option_call *o)
{
	unsigned char value[MAX_VALUE];
	if (o->length < o->option->size || o->length > sizeof value)
		return -EINVAL;
	int r = get_guest(c, value, o->value, o->length);
	if (r < 0)
		return r;
	return socket_set_option(c, o->fd, o->option->host_level, o->option->host, value,
				 o->length);
}

static int set_no_sigpipe(struct call *c, const struct option_call *o, int value)
{
	int type;
	int r = socket_get_option(c, o->fd, SOL_SOCKET, SO_TYPE, &type, sizeof type);
	if (r < 0)
		return r;
	if (value)
		return descriptor_set(c->thread->process, o->fd, DESCRIPTOR_NO_SIGPIPE);
	descriptor_clear(c->thread->process, o->fd, DESCRIPTOR_NO_SIGPIPE);
	return 0;
}

static int set_value(struct call *c, const struct option_call *o)
{
	const struct option *option = o->option;
	int value;
	if (option->read_only || (option->form == OPTION_CUSTOM && !option->set))
		return -ENOPROTOOPT;
	if (option->form == OPTION_CUSTOM)
		return option->set(c, o);
	if (option->form == OPTION_BYTES)
		return set_bytes(c, o);
	if (o->length < sizeof value)
		return -EINVAL;
	int r = get_guest(c, &value, o->value, sizeof value);
	if (r < 0)
		return r;
	if (option->form == OPTION_NO_SIGPIPE)
		return set_no_sigpipe(c, o, value);
	if (option->form == OPTION_FLAG)
		value = !!value;
	if (option->form == OPTION_DONT_FRAGMENT)
		value = value ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
	if (option->form == OPTION_BUFFER && value <= 0)
		return -EINVAL;
	int number = host_option(c, o);
	if (number < 0)
		return number;
	return socket_set_option(c, o->fd, option->host_level, number, &value, sizeof value);
}

long socket_set(struct call *c, const struct socket_rules *rules)
{
	struct option_call o;
	int r = find_option(c, rules, &o);
	if (r < 0)
		return r;
	o.length = (uint32_t)c->a[4];
	if ((int32_t)o.length < 0)
		return o.value ? -EINVAL : -EFAULT;
	if (!o.value && o.length)
		return -EFAULT;
	return set_value(c, &o);
}
