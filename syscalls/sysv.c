/* System V's queues, semaphores and shared memory: see sysv.h. */
#include "syscalls/sysv.h"

#include "syscalls/engine.h"
#include "syscalls/memory.h"

#include <string.h>

#define PERMISSIONS 0777u

/* ---- Keys --------------------------------------------------------------------------- */

int sysv_key_to_host(struct call *c, const void *guest, void *host)
{
	(void)c;
	memcpy(host, guest, sizeof(int32_t));
	return 0;
}

int sysv_key_to_guest(struct call *c, const void *host, void *guest)
{
	int32_t key;
	int64_t wide;

	(void)c;
	memcpy(&key, host, sizeof key);
	wide = key;
	memcpy(guest, &wide, sizeof wide);
	return 0;
}

/* ---- Shared memory ------------------------------------------------------------------ */

/* Segments are whole pages (shmget_allocate_segment() rounds what it is asked for). */
TRANSLATOR(shmget)
{
	uint64_t flags, size;
	int r = arg_value(c, 2, &flags);

	if (r < 0)
		return r;
	if (__builtin_add_overflow(c->a[1], GUEST_PAGE - 1, &size))
		return -EINVAL;
	return host(c, __NR_shmget, c->a[0], size & ~(GUEST_PAGE - 1), flags);
}

static int shm_state(struct call *c, uint64_t id, struct shmid64_ds *state)
{
	uint64_t at = scratch(c, sizeof *state);
	long r = at ? host(c, __NR_shmctl, id, IPC_STAT, at) : -ENOMEM;

	return r < 0 ? (int)r : get_guest(c, state, at, sizeof *state);
}

/* Where a segment shall be: *at becomes a place the guest may have, or -errno. */
static int place_segment(uint64_t *at, uint64_t size, uint64_t flags)
{
	if (flags & SHM_RND)
		*at &= ~(GUEST_PAGE - 1);
	if (*at & (GUEST_PAGE - 1))
		return -EINVAL;
	return *at < LOWEST_PLACE || engine_owns(*at, size) ? -ENOMEM : 0;
}

/* shmat(segment, address, flags).  The segment is looked at first: it may be too long for the
 * place it is wanted at, which is then the engine's. */
TRANSLATOR(shmat)
{
	struct shmid64_ds state;
	uint64_t flags, at = c->a[1];
	long r = arg_value(c, 2, &flags);

	if (r == 0)
		r = shm_state(c, c->a[0], &state);
	if (r == 0 && at)
		r = place_segment(&at, state.shm_segsz, flags);
	if (r < 0)
		return r;
	if (at)
		engine_code_changed(c, at, state.shm_segsz, false);
	else
		flags &= ~(uint64_t)SHM_REMAP;
	r = host(c, __NR_shmat, c->a[0], at, flags & ~(uint64_t)SHM_RND);
	if (r == -EINVAL && at)
		return -ENOMEM; /* something is there */
	if (!is_error(r) && engine_owns((uint64_t)r, state.shm_segsz)) {
		(void)host(c, __NR_shmdt, r); /* just attached */
		return -ENOMEM;
	}
	return r;
}

static long put_shm_state(struct call *c)
{
	struct shmid64_ds state;
	int r = shm_state(c, c->a[0], &state);

	state.shm_perm.mode &= PERMISSIONS;
	return r < 0 ? r : arg_out(c, 2, &state);
}

static long set_shm_state(struct call *c)
{
	struct shmid64_ds state;
	uint64_t at = scratch(c, sizeof state);
	int r = at ? arg_in(c, 2, &state) : -ENOMEM;

	if (r == 0)
		r = put_guest(c, at, &state, sizeof state);
	return r < 0 ? r : host(c, __NR_shmctl, c->a[0], IPC_SET, at);
}

TRANSLATOR(shmctl)
{
	uint64_t command;
	int r = arg_value(c, 1, &command);

	if (r < 0)
		return r;
	if (command == IPC_STAT)
		return put_shm_state(c);
	if (command == IPC_SET)
		return set_shm_state(c);
	return host(c, __NR_shmctl, c->a[0], command, 0);
}

/* ---- Queues --------------------------------------------------------------------------- */

static int msg_state(struct call *c, uint64_t id, struct msqid64_ds *state)
{
	uint64_t at = scratch(c, sizeof *state);
	long r = at ? host(c, __NR_msgctl, id, IPC_STAT, at) : -ENOMEM;

	return r < 0 ? (int)r : get_guest(c, state, at, sizeof *state);
}

/* Room in a queue is not given up altogether, and only the superuser gives it more:
 * kern_msgctl(), sysv_msg.c. */
static long set_msg_state(struct call *c)
{
	struct msqid64_ds state, now;
	uint64_t at = scratch(c, sizeof state);
	int r = at ? arg_in(c, 2, &state) : -ENOMEM;

	if (r == 0)
		r = msg_state(c, c->a[0], &now);
	if (r == 0 && state.msg_qbytes > now.msg_qbytes)
		r = -EPERM;
	else if (r == 0 && !state.msg_qbytes)
		r = -EINVAL;
	if (r == 0)
		r = put_guest(c, at, &state, sizeof state);
	return r < 0 ? r : host(c, __NR_msgctl, c->a[0], IPC_SET, at);
}

TRANSLATOR(msgctl)
{
	struct msqid64_ds state;
	uint64_t command;
	int r = arg_value(c, 1, &command);

	if (r < 0)
		return r;
	if (command == IPC_SET)
		return set_msg_state(c);
	if (command != IPC_STAT)
		return host(c, __NR_msgctl, c->a[0], command, 0);
	r = msg_state(c, c->a[0], &state);
	return r < 0 ? r : arg_out(c, 2, &state);
}

/* ---- Semaphores ------------------------------------------------------------------------- */

static const struct type *state_type(const struct call *c)
{
	return c->row->args[3].type->fields[SEM_ARG_STATE].type;
}

/* IPC_STAT of an identifier, or SEM_STAT of a place in the table, whose identifier it returns. */
static long put_sem_state(struct call *c, uint64_t command, uint64_t to)
{
	struct semid64_ds state;
	uint64_t at = scratch(c, sizeof state);
	long r, id = at ? host(c, __NR_semctl, c->a[0], 0, command, at) : -ENOMEM;

	if (id < 0)
		return id;
	r = get_guest(c, &state, at, sizeof state);
	if (r == 0)
		r = put_object(c, state_type(c), to, &state);
	return r < 0 ? r : id;
}

static long set_sem_state(struct call *c, uint64_t from)
{
	struct semid64_ds state;
	uint64_t at = scratch(c, sizeof state);
	int r = at ? get_object(c, state_type(c), from, &state) : -ENOMEM;

	if (r == 0)
		r = put_guest(c, at, &state, sizeof state);
	return r < 0 ? r : host(c, __NR_semctl, c->a[0], 0, IPC_SET, at);
}

/* semctl(set, which of it, command, union *) */
TRANSLATOR(semctl)
{
	uint64_t command, value = 0;
	int r = arg_value(c, 2, &command);

	if (r < 0)
		return r;
	switch (command) {
	case IPC_STAT:
	case SEM_STAT:
	case IPC_SET:
	case GETALL:
	case SETALL:
	case SETVAL:
		r = get_guest(c, &value, c->a[3], sizeof value);
		if (r < 0)
			return r;
		break;
	default:
		break;
	}
	if (command == IPC_STAT || command == SEM_STAT)
		return put_sem_state(c, command, value);
	if (command == IPC_SET)
		return set_sem_state(c, value);
	return host(c, __NR_semctl, c->a[0], c->a[1], command, value);
}

/* ---- Limits ------------------------------------------------------------------------------ */

int sysv_shm_limits(struct call *c, struct shminfo64 *to)
{
	uint64_t at = scratch(c, sizeof *to);
	long r = at ? host(c, __NR_shmctl, 0, IPC_INFO, at) : -ENOMEM;

	return r < 0 ? (int)r : get_guest(c, to, at, sizeof *to);
}

int sysv_sem_limits(struct call *c, struct seminfo *to)
{
	uint64_t at = scratch(c, sizeof *to);
	long r = at ? host(c, __NR_semctl, 0, 0, IPC_INFO, at) : -ENOMEM;

	return r < 0 ? (int)r : get_guest(c, to, at, sizeof *to);
}

int sysv_msg_limits(struct call *c, struct msginfo *to)
{
	uint64_t at = scratch(c, sizeof *to);
	long r = at ? host(c, __NR_msgctl, 0, IPC_INFO, at) : -ENOMEM;

	return r < 0 ? (int)r : get_guest(c, to, at, sizeof *to);
}
