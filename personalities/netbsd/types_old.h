/* Structures as older releases had them, for the calls of theirs that the kernel keeps (COMPAT_30, COMPAT_50,
 * COMPAT_90): before 6.0 a time_t had 32 bits, before 4.0 an inode's number; before 10.0 struct statvfs had no
 * label.  sys/compat/sys (time_types.h, stat.h, dirent.h, shm.h, sem.h, msg.h) of NetBSD 7.99, whose sys/statvfs.h
 * is still the old one. */
#ifndef GUISE_NETBSD_TYPES_OLD_H
#define GUISE_NETBSD_TYPES_OLD_H

#include "personalities/netbsd/types_file.h"
#include "personalities/netbsd/types_sysv.h"
#include "personalities/netbsd/types_time.h"

/* ---- Times -------------------------------------------------------------------------------------- */

/* What the kernel cuts (timespec_to_timespec50()) is cut here. */
#define HOST struct timespec
STRUCT(timespec50, 16, FIELD_CUT(0, measured32, tv_sec), FIELD(8, measured, tv_nsec));
#undef HOST
#define HOST struct itimerspec
STRUCT(itimerspec50, 32, INNER(0, timespec50, it_interval), INNER(16, timespec50, it_value));
#undef HOST
/* Both members are longs. */
#define HOST struct timeval
STRUCT(timeval50, 16, FIELD(0, measured, tv_sec), FIELD(8, measured, tv_usec));
#undef HOST
#define HOST struct itimerval
STRUCT(itimerval50, 32, INNER(0, timeval50, it_interval), INNER(16, timeval50, it_value));
#undef HOST
#define HOST struct times_us
STRUCT(times_us50, 32, FIELD(0, i64, t[0].tv_sec), FIELD(8, i64, t[0].tv_usec),
       FIELD(16, i64, t[1].tv_sec), FIELD(24, i64, t[1].tv_usec));
#undef HOST
#define HOST struct rusage
STRUCT(rusage50, 144, INNER(0, timeval50, ru_utime), INNER(16, timeval50, ru_stime),
       FIELD(32, measured, ru_maxrss), FIELD(40, measured, ru_ixrss), FIELD(48, measured, ru_idrss),
       FIELD(56, measured, ru_isrss), FIELD(64, measured, ru_minflt),
       FIELD(72, measured, ru_majflt), FIELD(80, measured, ru_nswap),
       FIELD(88, measured, ru_inblock), FIELD(96, measured, ru_oublock),
       FIELD(104, measured, ru_msgsnd), FIELD(112, measured, ru_msgrcv),
       FIELD(120, measured, ru_nsignals), FIELD(128, measured, ru_nvcsw),
       FIELD(136, measured, ru_nivcsw), );
#undef HOST

/* ---- Files -------------------------------------------------------------------------------------- */

NETBSD_LOOKS(dev32, 4, 8, LOOK_FILE);
#define HOST struct statx_timestamp
STRUCT(statx_time50, 16, FIELD_CUT(0, measured32, tv_sec), FIELD(8, measured, tv_nsec));
#undef HOST
#define HOST struct statx
STRUCT(stat13, 128, INNER_AS(0, dev32, stx_dev_major, "st_dev"),
       FIELD_CUT_AS(4, inode32, stx_ino, "st_ino"), FIELD_AS(8, mode, stx_mode, "st_mode"),
       FIELD_AS(12, u32, stx_nlink, "st_nlink"), FIELD_AS(16, u32, stx_uid, "st_uid"),
       FIELD_AS(20, u32, stx_gid, "st_gid"), INNER_AS(24, dev32, stx_rdev_major, "st_rdev"),
       INNER_AS(32, statx_time50, stx_atime, "st_atim"),
       INNER_AS(48, statx_time50, stx_mtime, "st_mtim"),
       INNER_AS(64, statx_time50, stx_ctime, "st_ctim"), FIELD_AS(80, i64, stx_size, "st_size"),
       FIELD_AS(88, i64, stx_blocks, "st_blocks"), FIELD_AS(96, i32, stx_blksize, "st_blksize"),
       INNER_AS(112, statx_time50, stx_btime, "st_birthtim"), );
STRUCT(stat30, 136, INNER_AS(0, dev32, stx_dev_major, "st_dev"),
       FIELD_AS(4, mode, stx_mode, "st_mode"), FIELD_AS(8, inode, stx_ino, "st_ino"),
       FIELD_AS(16, u32, stx_nlink, "st_nlink"), FIELD_AS(20, u32, stx_uid, "st_uid"),
       FIELD_AS(24, u32, stx_gid, "st_gid"), INNER_AS(28, dev32, stx_rdev_major, "st_rdev"),
       INNER_AS(32, statx_time50, stx_atime, "st_atim"),
       INNER_AS(48, statx_time50, stx_mtime, "st_mtim"),
       INNER_AS(64, statx_time50, stx_ctime, "st_ctim"),
       INNER_AS(80, statx_time50, stx_btime, "st_birthtim"), FIELD_AS(96, i64, stx_size, "st_size"),
       FIELD_AS(104, i64, stx_blocks, "st_blocks"),
       FIELD_AS(112, i32, stx_blksize, "st_blksize"), );
#undef HOST

#define HOST struct entry
STRUCT(dirent12, 8, FIELD_CUT(0, inode32, number), FIELD(4, u16, length), FIELD(6, u8, type),
       FIELD_CUT(7, u8, name_length));
#undef HOST

#define HOST struct filesystem
STRUCT(statvfs90, 2256, FIELD_AS(0, mount_flags, flags, "f_flag"),
       FIELD_AS(8, u64, block_size, "f_bsize"), FIELD_AS(16, u64, block_size, "f_frsize"),
       FIELD_AS(24, u64, io_size, "f_iosize"), FIELD_AS(32, u64, blocks, "f_blocks"),
       FIELD_AS(40, u64, blocks_free, "f_bfree"), FIELD_AS(48, i64, blocks_available, "f_bavail"),
       FIELD_AS(64, u64, files, "f_files"), FIELD_AS(72, i64, files_free, "f_ffree"),
       FIELD_AS(80, i64, files_free, "f_favail"), FIELD_AS(128, i32, id[0], "f_fsidx"),
       FIELD_AS(132, i32, id[1], "f_fsidx"), FIELD_AS(136, i32, id[0], "f_fsid"),
       FIELD_AS(144, u32, name_max, "f_namemax"), FIELD_AS(152, u32, owner, "f_owner"),
       INNER_AS(172, text32, type_name, "f_fstypename"),
       INNER_AS(204, text1024, mounted_on, "f_mntonname"),
       INNER_AS(1228, text1024, mounted_from, "f_mntfromname"), );
#undef HOST

/* ---- System V's objects --------------------------------------------------------------------------- */

#define HOST struct shmid64_ds
STRUCT(shmid_ds13, 72, INNER(0, ipc_perm, shm_perm), FIELD(32, u64, shm_segsz),
       FIELD(40, pid, shm_lpid), FIELD(44, pid, shm_cpid), FIELD(48, u32, shm_nattch),
       FIELD_CUT(52, measured32, shm_atime), FIELD_CUT(56, measured32, shm_dtime),
       FIELD_CUT(60, measured32, shm_ctime), );
#undef HOST
#define HOST struct msqid64_ds
STRUCT(msqid_ds13, 96, INNER(0, ipc_perm, msg_perm), FIELD(32, u64, msg_qnum),
       FIELD(40, u64, msg_qbytes), FIELD(48, pid, msg_lspid), FIELD(52, pid, msg_lrpid),
       FIELD_CUT(56, measured32, msg_stime), FIELD_CUT(60, measured32, msg_rtime),
       FIELD_CUT(64, measured32, msg_ctime), FIELD(88, u64, msg_cbytes), );
#undef HOST
#define HOST struct semid64_ds
STRUCT(semid_ds13, 56, INNER(0, ipc_perm, sem_perm), FIELD(32, u16, sem_nsems),
       FIELD_CUT(36, measured32, sem_otime), FIELD_CUT(40, measured32, sem_ctime), );
#undef HOST
SEM_ARG(semun13, semid_ds13);

#endif
