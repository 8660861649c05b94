/* Semaphores and message queues as NetBSD asks for them: sys/kern/uipc_sem.c, sys_mqueue.c, sysv_sem.c,
 * sysv_shm.c; 7.99. */
#include <string.h>

#include "syscalls/aio.h"
#include "syscalls/errors.h"
#include "syscalls/ksem.h"
#include "syscalls/linux.h"
#include "syscalls/sysv.h"

long call_mq_send(struct call *c);
long call_shmctl(struct call *c);

/* ---- Kernel semaphores: a descriptor each ------------------------------------------------------------ */

/* _ksem_init(value, id) */
TRANSLATOR(netbsd_ksem_init)
{
	struct ksem k = {.id = c->a[1], .mode = 0700, .value = (uint32_t)c->a[0]};

	return ksem_make(c, &k);
}

/* A slash and one component. */
static int check_name(struct call *c, uint64_t at)
{
	enum { SEM_MAX_NAMELEN = 14 };
	char name[SEM_MAX_NAMELEN + 1];
	long n = get_guest_string(c, name, at, sizeof name);

	if (n < 0)
		return (int)n;
	return n >= 2 && name[0] == '/' && !strchr(name + 1, '/') ? 0 : -EINVAL;
}

/* _ksem_open(name, flags, mode, value, id): who does not make one finds none of a bad name. */
TRANSLATOR(netbsd_ksem_open)
{
	struct ksem k = {
		.id = c->a[4],
		.name = c->a[0],
		.mode = c->a[2],
		.value = (uint32_t)c->a[3],
	};
	int r = arg_value(c, 1, &k.flags);

	if (r == 0)
		r = check_name(c, k.name);
	if (r == -EINVAL && !(k.flags & O_CREAT))
		r = -ENOENT;
	return r < 0 ? r : ksem_make(c, &k);
}

long call_ksem_unlink(struct call *c);
TRANSLATOR(netbsd_ksem_unlink)
{
	int r = check_name(c, c->a[0]);

	if (r == -EINVAL)
		r = -ENOENT; /* nobody could make it */
	return r < 0 ? r : call_ksem_unlink(c);
}

/* ---- Message queues -------------------------------------------------------------------------------------- */

enum { MQ_PRIO_MAX = 32 };

TRANSLATOR(netbsd_mq_send)
{
	return (uint32_t)c->a[3] >= MQ_PRIO_MAX ? -EINVAL : call_mq_send(c);
}

TRANSLATOR(netbsd_mq_timedsend)
{
	struct timespec until;
	uint64_t fd, at = c->a[4] ? scratch(c, sizeof until) : 0;
	int r = (uint32_t)c->a[3] >= MQ_PRIO_MAX ? -EINVAL : arg_value(c, 0, &fd);

	if (r == 0 && c->a[4])
		r = at ? arg_in(c, 4, &until) : -ENOMEM;
	if (r == 0 && c->a[4])
		r = put_guest(c, at, &until, sizeof until);
	return r < 0 ? r : host_wait(c, __NR_mq_timedsend, fd, c->a[1], c->a[2], c->a[3], at);
}

/* ---- Asynchronous I/O: sys/kern/sys_aio.c ------------------------------------------------------------ */

/* aio_error(block): what it came to is the result, and only that there is none an error. */
long call_aio_error(struct call *c);
TRANSLATOR(netbsd_aio_error)
{
	long r = aio_is_done(c, c->a[0]) ? call_aio_error(c) : 0;

	if (r < 0)
		return guest_error(c, (int)-r);
	return aio_is_done(c, c->a[0]) ? 0 : -EINVAL;
}

long call_aio_suspend(struct call *c);
TRANSLATOR(netbsd_aio_suspend)
{
	return (int32_t)c->a[1] <= 0 ? -EAGAIN : call_aio_suspend(c);
}

/* ---- System V's objects ------------------------------------------------------------------------------------ */

/* To keep a segment in memory is the superuser's (KAUTH_SYSTEM_SYSVIPC). */
TRANSLATOR(netbsd_shmctl)
{
	uint64_t command;
	int r = arg_value(c, 1, &command);

	if (r < 0)
		return r;
	return command == SHM_LOCK || command == SHM_UNLOCK ? -EPERM : call_shmctl(c);
}

/* semconfig(what): what it froze once is not frozen any more. */
TRANSLATOR(netbsd_semconfig)
{
	(void)c;
	return 0;
}
