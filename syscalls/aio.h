/* Asynchronous I/O: what a personality's description of a block refers to, and its state. */
#ifndef GUISE_AIO_H
#define GUISE_AIO_H

#include "syscalls/abi.h"
#include "syscalls/timer.h"

/* What is asked for (lio_opcode). */
enum aio_kind {
	AIO_NOTHING,
	AIO_WRITE = 1,
	AIO_READ = 2,
	AIO_VECTORS = 4, /* with either: the buffer is a list, the bytes are its length */
	AIO_HERE = 0x40, /* with either: where the file stands, instead of the offset */
};

/* Besides those of timers: an event in a kqueue, whose descriptor is in place of the signal and
 * whose flags are in place of the thread. */
enum { AIO_EVENT_KQUEUE = 3 };

struct aio_block {
	int32_t fd;
	uint32_t kind; /* of lio_listio */
	int64_t offset;
	uint64_t buffer, bytes;
	int64_t status, error; /* of a call that failed: -1, and Linux's number; for aio_error */
	struct timer_event event;
};

/* What every beginning may make besides its own. */
#define USES_AIO USES(fcntl, futex, epoll_ctl, eventfd2, write, close)

/* lio_listio's mode. */
enum { AIO_LIST_NOWAIT, AIO_LIST_WAIT };
/* aio_fsync's. */
enum { AIO_SYNC_ALL, AIO_SYNC_DATA };
/* aio_cancel's answer: there is nothing left to cancel. */
#define AIO_ALL_DONE 3

/* Is there an operation of that block whose result was not asked for? */
bool aio_is_done(struct call *c, uint64_t block);

#endif
