/* Asynchronous I/O: sys/aio.h, NetBSD 7.99. */
#ifndef GUISE_NETBSD_TYPES_AIO_H
#define GUISE_NETBSD_TYPES_AIO_H

#include "personalities/netbsd/types_time.h"
#include "syscalls/aio.h"

NAMES(lio_opcode, i32, IS_AS(0, AIO_NOTHING, "LIO_NOP"), IS_AS(1, AIO_WRITE, "LIO_WRITE"),
      IS_AS(2, AIO_READ, "LIO_READ"));
/* The private part, from 72 on, is the kernel's own. */
#define HOST struct aio_block
STRUCT(aiocb, 88, FIELD_AS(0, i64, offset, "aio_offset"), FIELD_AS(8, u64, buffer, "aio_buf"),
       FIELD_AS(16, u64, bytes, "aio_nbytes"), FIELD_AS(24, i32, fd, "aio_fildes"),
       FIELD_AS(28, lio_opcode, kind, "aio_lio_opcode"),
       INNER_AS(40, sigevent, event, "aio_sigevent"));
#undef HOST

/* A list of addresses of blocks. */
static const struct field fields_aiocbs[] = {UNION_FIELD("block", aiocb)};
static const struct type type_aiocbs = {.name = "aiocbs",
					.kind = KIND_POINTER,
					.guest_size = 8,
					.host_size = 8,
					.count = 1,
					.fields = fields_aiocbs};

NAMES(lio_mode, i32, IS_AS(0, AIO_LIST_NOWAIT, "LIO_NOWAIT"), IS_AS(1, AIO_LIST_WAIT, "LIO_WAIT"));
NAMES(aio_sync, i32, IS_AS(0x80, AIO_SYNC_ALL, "O_SYNC"), IS_AS(0x10000, AIO_SYNC_DATA, "O_DSYNC"));

#endif
