/* What a call asks of capability mode and of rights that only its arguments tell.
 * capability_checks.c and capability_exec.c have them, capability.def says which call has which. */
#ifndef GUISE_FREEBSD_CAPABILITY_CHECKS_H
#define GUISE_FREEBSD_CAPABILITY_CHECKS_H

#include "personalities/freebsd/capability.h"

/* sys/fcntl.h */
#define OPEN_APPEND 0x8UL
#define OPEN_LOCKING 0x30UL /* O_SHLOCK | O_EXLOCK */
#define OPEN_SYNC 0x01000080UL /* O_SYNC | O_DSYNC */
#define OPEN_NOFOLLOW 0x100UL
#define OPEN_CREATE 0x200UL
#define OPEN_TRUNCATE 0x400UL
#define OPEN_EXCLUSIVE 0x800UL
#define OPEN_EXECUTE 0x00040000UL
#define OPEN_PATH 0x00400000UL

/* What a directory needs for a file to be opened from it: flags_to_rights(), vfs_syscalls.c. */
uint64_t capability_open_rights(uint64_t flags);

/* poll and ppoll, and sendmsg, made. */
long capability_poll(struct call *c);
long capability_send(struct call *c);

/* 0 or -errno. */
#define CHECK(n) int capability_check_##n(struct call *c)
CHECK(own_process);
CHECK(sendto);
CHECK(sendmsg);
CHECK(named);
CHECK(socket);
CHECK(mmap);
CHECK(fcntl);
CHECK(ioctl);
CHECK(kevent);
CHECK(select);
CHECK(copy_range);
CHECK(shm_open);
CHECK(cpuset);
CHECK(sysarch);
CHECK(aio_read);
CHECK(aio_write);
CHECK(aio_fsync);
CHECK(lio);
CHECK(fexecve);
#undef CHECK

static inline const struct process *process_of(const struct call *c)
{
	return c->thread->process;
}

static inline bool in_mode(const struct call *c)
{
	return process_of(c)->is_capability_mode;
}

static inline int need(const struct call *c, uint64_t fd, uint64_t right)
{
	return rights_need(process_of(c), (int)fd, right);
}

#endif
