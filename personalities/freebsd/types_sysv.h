/* System V's queues, semaphores and shared memory, and POSIX's queues: sys/ipc.h, sys/msg.h, sys/sem.h, sys/shm.h.
 * Those called old served to 7.0 (ipc_perm_old and others). */
#ifndef GUISE_FREEBSD_TYPES_SYSV_H
#define GUISE_FREEBSD_TYPES_SYSV_H

#include "personalities/freebsd/file.h"
#include "personalities/freebsd/types_file.h"
#include "syscalls/ksem.h"
#include "syscalls/mqueue.h"
#include "syscalls/sysv.h"

#define IPC_MODES \
	BIT_AS(0400, 0400, "0400"), BIT_AS(0200, 0200, "0200"), BIT_AS(0100, 0100, "0100"), \
		BIT_AS(040, 040, "040"), BIT_AS(020, 020, "020"), BIT_AS(010, 010, "010"), \
		BIT_AS(04, 04, "04"), BIT_AS(02, 02, "02"), BIT_AS(01, 01, "01")

/* What means nothing to a call that makes is no error to it (IPC_NOWAIT, IPC_M). */
NAMES(ipc_get_flags, i32, BIT(001000, IPC_CREAT), BIT(002000, IPC_EXCL),
      BIT_AS(004000, 0, "IPC_NOWAIT"), BIT_AS(010000, 0, "IPC_M"), IPC_MODES, );
NAMES(shmat_flags, i32, BIT(010000, SHM_RDONLY), BIT(020000, SHM_RND), BIT(040000, SHM_REMAP), );
NAMES(msg_flags, i32, BIT(004000, IPC_NOWAIT), BIT(010000, MSG_NOERROR), );

/* SHM_LOCK and SHM_UNLOCK are defined, but the kernel has nothing behind them. */
NAMES(ipc_command, i32, IS(0, IPC_RMID), IS(1, IPC_SET), IS(2, IPC_STAT));
NAMES(sem_command, i32, IS(0, IPC_RMID), IS(1, IPC_SET), IS(2, IPC_STAT), IS(3, GETNCNT),
      IS(4, GETPID), IS(5, GETVAL), IS(6, GETALL), IS(7, GETZCNT), IS(8, SETVAL), IS(9, SETALL),
      IS(10, SEM_STAT));

#define HOST struct ipc64_perm
STRUCT(ipc_perm, 32, FIELD(0, u32, cuid), FIELD(4, u32, cgid), FIELD(8, u32, uid),
       FIELD(12, u32, gid), FIELD(16, mode, mode), FIELD(18, u16, seq), INNER(24, key, key));
STRUCT(ipc_perm_old, 24, FIELD_CUT(0, u16, cuid), FIELD_CUT(2, u16, cgid), FIELD_CUT(4, u16, uid),
       FIELD_CUT(6, u16, gid), FIELD(8, mode, mode), FIELD(10, u16, seq), INNER(16, key, key));
#undef HOST

#define HOST struct shmid64_ds
STRUCT(shmid_ds, 80, INNER(0, ipc_perm, shm_perm), FIELD(32, u64, shm_segsz),
       FIELD(40, pid, shm_lpid), FIELD(44, pid, shm_cpid), FIELD(48, u32, shm_nattch),
       FIELD(56, measured, shm_atime), FIELD(64, measured, shm_dtime),
       FIELD(72, measured, shm_ctime), );
STRUCT(shmid_ds_old, 72, INNER(0, ipc_perm_old, shm_perm), FIELD_CUT(24, i32, shm_segsz),
       FIELD(28, pid, shm_lpid), FIELD(32, pid, shm_cpid), FIELD_CUT(36, i16, shm_nattch),
       FIELD(40, measured, shm_atime), FIELD(48, measured, shm_dtime),
       FIELD(56, measured, shm_ctime), );
#undef HOST

#define HOST struct msqid64_ds
STRUCT(msqid_ds, 104, INNER(0, ipc_perm, msg_perm), FIELD(48, u64, msg_cbytes),
       FIELD(56, u64, msg_qnum), FIELD(64, u64, msg_qbytes), FIELD(72, pid, msg_lspid),
       FIELD(76, pid, msg_lrpid), FIELD(80, measured, msg_stime), FIELD(88, measured, msg_rtime),
       FIELD(96, measured, msg_ctime), );
STRUCT(msqid_ds_old, 152, INNER(0, ipc_perm_old, msg_perm), FIELD(40, u64, msg_cbytes),
       FIELD(48, u64, msg_qnum), FIELD(56, u64, msg_qbytes), FIELD(64, pid, msg_lspid),
       FIELD(68, pid, msg_lrpid), FIELD(72, measured, msg_stime), FIELD(88, measured, msg_rtime),
       FIELD(104, measured, msg_ctime), );
#undef HOST

#define HOST struct semid64_ds
STRUCT(semid_ds, 64, INNER(0, ipc_perm, sem_perm), FIELD(40, u16, sem_nsems),
       FIELD(48, measured, sem_otime), FIELD(56, measured, sem_ctime), );
STRUCT(semid_ds_old, 104, INNER(0, ipc_perm_old, sem_perm), FIELD(32, u16, sem_nsems),
       FIELD(40, measured, sem_otime), FIELD(56, measured, sem_ctime), );
#undef HOST

#define SEM_ARG(n, state) \
	static const struct field fields_##n[N_SEM_ARGS] = { \
		[SEM_ARG_STATE] = UNION_FIELD("buf", state), \
	}; \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_POINTER, \
					     .guest_size = 8, \
					     .host_size = 8, \
					     .count = N_SEM_ARGS, \
					     .fields = fields_##n}
SEM_ARG(semun, semid_ds);
SEM_ARG(semun_old, semid_ds_old);

/* ---- POSIX message queues (sys/mqueue.h) -------------------------------------------------- */

NAMES(mq_open_flags, i32, PART(0x3, 0x0, O_ACCMODE, O_RDONLY), PART(0x3, 0x1, O_ACCMODE, O_WRONLY),
      PART(0x3, 0x2, O_ACCMODE, O_RDWR), BIT(0x00000004, O_NONBLOCK), BIT(0x00000200, O_CREAT),
      BIT(0x00000800, O_EXCL), BIT_AS(0x00100000, 0, "O_CLOEXEC"), /* as they are anyway */
);
NAMES(mq_flags, i64, BIT(0x4, O_NONBLOCK), );
#define HOST struct mq_attr
STRUCT(mq_attr, 64, FIELD(0, mq_flags, mq_flags), FIELD(8, i64, mq_maxmsg),
       FIELD(16, i64, mq_msgsize), FIELD(24, i64, mq_curmsgs));
#undef HOST

/* ---- Kernel semaphores (sys/kern/uipc_sem.c) ---------------------------------------------- */

NAMES(ksem_flags, i32, BIT(0x00000200, O_CREAT), BIT(0x00000800, O_EXCL));

#endif
