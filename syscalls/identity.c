/* Who the process is: users, groups, the login name. */
#include <string.h>

#include "syscalls/linux.h"
#include "syscalls/process.h"

/* A user or group the namespace does not know is EINVAL to Linux; to the guest it is one
 * the caller may not become. */
static long identity_error(long r)
{
	return r == -EINVAL ? -EPERM : r;
}

TRANSLATOR(setuid)
{
	return identity_error(host(c, __NR_setuid, c->a[0]));
}

TRANSLATOR(setgid)
{
	return identity_error(host(c, __NR_setgid, c->a[0]));
}

#define UNCHANGED ((uint64_t)-1)

TRANSLATOR(seteuid)
{
	return identity_error(host(c, __NR_setresuid, UNCHANGED, c->a[0], UNCHANGED));
}

TRANSLATOR(setegid)
{
	return identity_error(host(c, __NR_setresgid, UNCHANGED, c->a[0], UNCHANGED));
}

TRANSLATOR(setreuid)
{
	return identity_error(host(c, __NR_setreuid, c->a[0], c->a[1]));
}

TRANSLATOR(setregid)
{
	return identity_error(host(c, __NR_setregid, c->a[0], c->a[1]));
}

TRANSLATOR(setresuid)
{
	return identity_error(host(c, __NR_setresuid, c->a[0], c->a[1], c->a[2]));
}

TRANSLATOR(setresgid)
{
	return identity_error(host(c, __NR_setresgid, c->a[0], c->a[1], c->a[2]));
}

/* No program here ever runs with another user's rights (no_new_privs). */
TRANSLATOR(issetugid)
{
	(void)c;
	return 0;
}

/* Old getgroups: the list begins with the effective group. */
#define GROUPS_MOST 1024

TRANSLATOR(getgroups_effective_first)
{
	uint32_t group;
	uint64_t at = scratch(c, GROUPS_MOST * sizeof group);
	long n, r;

	if (!at)
		return -ENOMEM;
	n = host(c, __NR_getgroups, GROUPS_MOST, at);
	if (n < 0)
		return n;
	if (!(int32_t)c->a[0])
		return n + 1;
	if ((int32_t)c->a[0] < n + 1)
		return -EINVAL;
	r = host(c, __NR_getegid);
	if (r < 0)
		return r;
	group = (uint32_t)r;
	r = put_guest(c, c->a[1], &group, sizeof group);
	for (long i = 0; r == 0 && i < n; i++) {
		r = get_guest(c, &group, at + (uint64_t)i * sizeof group, sizeof group);
		if (r == 0)
			r = put_guest(c, c->a[1] + (uint64_t)(i + 1) * sizeof group, &group,
				      sizeof group);
	}
	return r < 0 ? r : n + 1;
}

/* ---- The login name ---------------------------------------------------------------- */

#define LOGIN_MOST 33 /* MAXLOGNAME of every system that has these calls, NUL included */

/* getlogin(buffer, its size) */
TRANSLATOR(getlogin)
{
	struct process *p = c->thread->process;
	char name[LOGIN_MOST];
	size_t n;

	lock_take(&p->lock);
	memcpy(name, p->login, sizeof name);
	lock_release(&p->lock);
	name[sizeof name - 1] = 0;
	n = strlen(name) + 1;
	if (n > (uint32_t)c->a[1])
		return -ERANGE;
	return put_guest(c, c->a[0], name, n);
}

TRANSLATOR(setlogin)
{
	struct process *p = c->thread->process;
	char name[LOGIN_MOST] = {0};
	long r;

	if (host(c, __NR_geteuid) != 0)
		return -EPERM;
	r = get_guest_string(c, name, c->a[0], sizeof name);
	if (r < 0)
		return r == -ENAMETOOLONG ? -EINVAL : r;
	lock_take(&p->lock);
	memcpy(p->login, name, sizeof name);
	lock_release(&p->lock);
	return 0;
}
