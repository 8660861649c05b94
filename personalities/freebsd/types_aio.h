/* Asynchronous I/O: sys/aio.h. */
#ifndef GUISE_FREEBSD_TYPES_AIO_H
#define GUISE_FREEBSD_TYPES_AIO_H

#include "personalities/freebsd/types_time.h"
#include "syscalls/aio.h"

/* With an event in a kqueue, too: sigev_notify_kqueue is where the signal is,
 * sigev_notify_kevent_flags where the thread. */
NAMES(aio_event_how, i32, IS_AS(0, TIMER_EVENT_NONE, "SIGEV_NONE"),
      IS_AS(1, TIMER_EVENT_SIGNAL, "SIGEV_SIGNAL"), IS_AS(3, AIO_EVENT_KQUEUE, "SIGEV_KEVENT"),
      IS_AS(4, TIMER_EVENT_THREAD, "SIGEV_THREAD_ID"));
#define HOST struct timer_event
STRUCT(aio_sigevent, 80, FIELD(0, aio_event_how, how), FIELD(4, i32, signal), FIELD(8, u64, value),
       FIELD(16, i32, thread));
#undef HOST

/* The private part, from 56 on, is the kernel's own. */
#define HOST struct aio_block
STRUCT(aiocb, 160, FIELD_AS(0, i32, fd, "aio_fildes"), FIELD_AS(8, i64, offset, "aio_offset"),
       FIELD_AS(16, u64, buffer, "aio_buf"), FIELD_AS(24, u64, bytes, "aio_nbytes"),
       FIELD_AS(48, u32, kind, "aio_lio_opcode"), FIELD_AS(56, i64, status, "status"),
       FIELD_AS(64, i64, error, "error"), INNER_AS(80, aio_sigevent, event, "aio_sigevent"));
#undef HOST

/* To 6.0: the event, which is shorter, is before the rest. */
#define HOST struct timer_event
STRUCT(osigevent, 16, FIELD(0, event_how, how), FIELD(4, i32, signal), FIELD(8, u64, value));
#undef HOST
#define HOST struct aio_block
STRUCT(oaiocb, 80, FIELD_AS(0, i32, fd, "aio_fildes"), FIELD_AS(8, i64, offset, "aio_offset"),
       FIELD_AS(16, u64, buffer, "aio_buf"), FIELD_AS(24, u64, bytes, "aio_nbytes"),
       INNER_AS(32, osigevent, event, "aio_sigevent"), FIELD_AS(48, u32, kind, "aio_lio_opcode"),
       FIELD_AS(56, i64, status, "status"), FIELD_AS(64, i64, error, "error"));
#undef HOST

/* A list of addresses of blocks. */
#define AIO_LIST(n, block) \
	static const struct field fields_##n[] = {UNION_FIELD("block", block)}; \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_POINTER, \
					     .guest_size = 8, \
					     .host_size = 8, \
					     .count = 1, \
					     .fields = fields_##n}
AIO_LIST(aiocbs, aiocb);
AIO_LIST(oaiocbs, oaiocb);

NAMES(lio_mode, i32, IS_AS(0, AIO_LIST_NOWAIT, "LIO_NOWAIT"), IS_AS(1, AIO_LIST_WAIT, "LIO_WAIT"));
/* sys/fcntl.h */
NAMES(aio_sync, i32, IS_AS(0x80, AIO_SYNC_ALL, "O_SYNC"),
      IS_AS(0x1000000, AIO_SYNC_DATA, "O_DSYNC"));

#endif
