/* System V's queues, semaphores and shared memory: sys/ipc.h, sys/msg.h, sys/sem.h, sys/shm.h; DragonFly 5.9. */
#ifndef GUISE_DRAGONFLY_TYPES_SYSV_H
#define GUISE_DRAGONFLY_TYPES_SYSV_H

#include "personalities/dragonfly/custom.h"
#include "personalities/dragonfly/types_file.h"
#include "syscalls/sysv.h"

#define IPC_MODES \
	BIT_AS(0400, 0400, "0400"), BIT_AS(0200, 0200, "0200"), BIT_AS(0100, 0100, "0100"), \
		BIT_AS(040, 040, "040"), BIT_AS(020, 020, "020"), BIT_AS(010, 010, "010"), \
		BIT_AS(04, 04, "04"), BIT_AS(02, 02, "02"), BIT_AS(01, 01, "01")

/* What means nothing to a call that makes is no error to it (IPC_NOWAIT, IPC_M). */
NAMES(ipc_get_flags, i32, BIT(001000, IPC_CREAT), BIT(002000, IPC_EXCL),
      BIT_AS(004000, 0, "IPC_NOWAIT"), BIT_AS(010000, 0, "IPC_M"), IPC_MODES, );
NAMES(shmat_flags, i32, BIT(010000, SHM_RDONLY), BIT(020000, SHM_RND), );
NAMES(msg_flags, i32, BIT(004000, IPC_NOWAIT), BIT(010000, MSG_NOERROR), );

NAMES(ipc_command, i32, IS(0, IPC_RMID), IS(1, IPC_SET), IS(2, IPC_STAT));
NAMES(sem_command, i32, IS(0, IPC_RMID), IS(1, IPC_SET), IS(2, IPC_STAT), IS(3, GETNCNT),
      IS(4, GETPID), IS(5, GETVAL), IS(6, GETALL), IS(7, GETZCNT), IS(8, SETVAL), IS(9, SETALL),
      IS(10, SEM_STAT));

#define HOST struct ipc64_perm
STRUCT(ipc_perm, 32, FIELD(0, u32, cuid), FIELD(4, u32, cgid), FIELD(8, u32, uid),
       FIELD(12, u32, gid), FIELD(16, mode, mode), FIELD(18, u16, seq), INNER(24, key, key));
#undef HOST

#define HOST struct shmid64_ds
STRUCT(shmid_ds, 88, INNER(0, ipc_perm, shm_perm), FIELD(32, u64, shm_segsz),
       FIELD(40, pid, shm_lpid), FIELD(44, pid, shm_cpid), FIELD(48, u32, shm_nattch),
       FIELD(56, measured, shm_atime), FIELD(64, measured, shm_dtime),
       FIELD(72, measured, shm_ctime), );
#undef HOST

#define HOST struct msqid64_ds
STRUCT(msqid_ds, 160, INNER(0, ipc_perm, msg_perm), FIELD(48, u64, msg_cbytes),
       FIELD(56, u64, msg_qnum), FIELD(64, u64, msg_qbytes), FIELD(72, pid, msg_lspid),
       FIELD(76, pid, msg_lrpid), FIELD(80, measured, msg_stime), FIELD(96, measured, msg_rtime),
       FIELD(112, measured, msg_ctime), );
#undef HOST

#define HOST struct semid64_ds
STRUCT(semid_ds, 112, INNER(0, ipc_perm, sem_perm), FIELD(40, u16, sem_nsems),
       FIELD(48, measured, sem_otime), FIELD(64, measured, sem_ctime), );
#undef HOST

static const struct field fields_semun[N_SEM_ARGS] = {
	[SEM_ARG_STATE] = UNION_FIELD("buf", semid_ds),
};
static const struct type type_semun = {.name = "semun",
				       .kind = KIND_POINTER,
				       .guest_size = 8,
				       .host_size = 8,
				       .count = N_SEM_ARGS,
				       .fields = fields_semun};

#endif
