/* Files, directories, descriptors: sys/fcntl.h, sys/stat.h, sys/dirent.h, sys/statvfs.h, sys/mount.h,
 * sys/unistd.h, sys/poll.h; DragonFly 5.9. */
#ifndef GUISE_DRAGONFLY_TYPES_FILE_H
#define GUISE_DRAGONFLY_TYPES_FILE_H

#include "personalities/dragonfly/custom.h"
#include "syscalls/fcntl.h"
#include "syscalls/file.h"
#include "syscalls/ioctl.h"
#include "syscalls/linux.h"
#include "syscalls/mqueue.h"
#include "syscalls/poll.h"

/* mode_t, 16 bits wide. */
static INT_LOOKS(mode, 2, false, LOOK_OCTAL);

/* The directory of an ...at call. */
NAMES(directory_names, i32, IS_AS((int32_t)0xfffafdcd, AT_FDCWD, "AT_FDCWD"));
static const struct type type_directory = {.name = "directory",
					   .kind = KIND_CUSTOM,
					   .is_signed = true,
					   .guest_size = 4,
					   .host_size = 8,
					   .like = &type_directory_names,
					   .custom = {dragonfly_directory_to_host,
						      dragonfly_directory_to_guest}};
#define DIRECTORY V(directory)

/* ---- Opening ---------------------------------------------------------------------------- */

NAMES(open_flags, i32, PART(0x3, 0x0, O_ACCMODE, O_RDONLY), PART(0x3, 0x1, O_ACCMODE, O_WRONLY),
      PART(0x3, 0x2, O_ACCMODE, O_RDWR), BIT(0x00000004, O_NONBLOCK), BIT(0x00000008, O_APPEND),
      BIT_AS(0x00000010, OPEN_SHLOCK, "O_SHLOCK"), BIT_AS(0x00000020, OPEN_EXLOCK, "O_EXLOCK"),
      BIT_AS(0x00000040, FASYNC, "O_ASYNC"), BIT(0x00000080, O_SYNC), BIT(0x00000100, O_NOFOLLOW),
      BIT(0x00000200, O_CREAT), BIT(0x00000400, O_TRUNC), BIT(0x00000800, O_EXCL),
      BIT(0x00008000, O_NOCTTY), BIT_AS(0x00010000, 0, "O_DIRECT"), /* a hint */
      BIT(0x00020000, O_CLOEXEC),
      /* For one call (extpread and its like), no open file has them. */
      GUEST_ONLY(0x00040000, "O_FBLOCKING"), GUEST_ONLY(0x00080000, "O_FNONBLOCKING"),
      GUEST_ONLY(0x00100000, "O_FAPPEND"), GUEST_ONLY(0x00200000, "O_FOFFSET"),
      GUEST_ONLY(0x00400000, "O_FSYNCWRITE"), GUEST_ONLY(0x00800000, "O_FASYNCWRITE"),
      BIT(0x08000000, O_DIRECTORY), );

/* What F_SETFL changes; it ignores the rest (FCNTLFLAGS). */
NAMES(settable_flags, i32, BIT(0x00000004, O_NONBLOCK), BIT(0x00000008, O_APPEND),
      BIT_AS(0x00000040, FASYNC, "O_ASYNC"), BIT(0x00000080, O_SYNC), );

NAMES(pipe_flags, i32, BIT(0x00000004, O_NONBLOCK), BIT(0x00020000, O_CLOEXEC), );

/* ---- Flags of the ...at calls ------------------------------------------------------------- */

NAMES(at_file, i32, BIT(1, AT_SYMLINK_NOFOLLOW), );
NAMES(at_access, i32, BIT(1, AT_SYMLINK_NOFOLLOW), BIT(4, AT_EACCESS), );
NAMES(at_link, i32, BIT(8, AT_SYMLINK_FOLLOW), );
NAMES(at_unlink, i32, BIT(2, AT_REMOVEDIR), );

NAMES(access_mode, i32, BIT(1, X_OK), BIT(2, W_OK), BIT(4, R_OK));
NAMES(whence, i32, IS(0, SEEK_SET), IS(1, SEEK_CUR), IS(2, SEEK_END), IS(3, SEEK_DATA),
      IS(4, SEEK_HOLE));

/* ---- stat ----------------------------------------------------------------------------------- */

DRAGONFLY_LOOKS(dev, 4, 8, LOOK_FILE);

#define HOST struct statx_timestamp
STRUCT(statx_time, 16, FIELD(0, measured, tv_sec), FIELD(8, measured, tv_nsec));
#undef HOST
#define HOST struct statx
STRUCT(stat, 128, FIELD_AS(0, inode, stx_ino, "st_ino"), FIELD_AS(8, u32, stx_nlink, "st_nlink"),
       INNER_AS(12, dev, stx_dev_major, "st_dev"), FIELD_AS(16, mode, stx_mode, "st_mode"),
       FIELD_AS(20, u32, stx_uid, "st_uid"), FIELD_AS(24, u32, stx_gid, "st_gid"),
       INNER_AS(28, dev, stx_rdev_major, "st_rdev"), INNER_AS(32, statx_time, stx_atime, "st_atim"),
       INNER_AS(48, statx_time, stx_mtime, "st_mtim"),
       INNER_AS(64, statx_time, stx_ctime, "st_ctim"), FIELD_AS(80, i64, stx_size, "st_size"),
       FIELD_AS(88, i64, stx_blocks, "st_blocks"),
       FIELD_AS(96, u32, stx_blksize, "__old_st_blksize"),
       FIELD_AS(112, i64, stx_blksize, "st_blksize"), );
#undef HOST

/* ---- Directories -------------------------------------------------------------------------------- */

/* The length of a record is not told: it is the name's, up to a multiple of eight.  DT_* have Linux's numbers. */
#define HOST struct entry
STRUCT(dirent, 16, FIELD(0, u64, number), FIELD(8, u16, name_length), FIELD(10, u8, type));
#undef HOST
/* A buffer of such records, of as many bytes as argument n says. */
#define OUT_RECORDS(t, n) \
	{ \
		.type = &type_##t, .pass = PASS_OUT_BYTES, .length = (n) \
	}

/* ---- File systems --------------------------------------------------------------------------------- */

#define MOUNT_FLAGS(n, width) \
	NAMES(n, width, BIT_AS(0x00000001, FILESYSTEM_READ_ONLY, "MNT_RDONLY"), \
	      BIT_AS(0x00000002, FILESYSTEM_SYNCHRONOUS, "MNT_SYNCHRONOUS"), \
	      BIT_AS(0x00000004, FILESYSTEM_NO_EXEC, "MNT_NOEXEC"), \
	      BIT_AS(0x00000008, FILESYSTEM_NO_SETUID, "MNT_NOSUID"), \
	      BIT_AS(0x00001000, FILESYSTEM_LOCAL, "MNT_LOCAL"), \
	      BIT_AS(0x10000000, FILESYSTEM_NO_ATIME, "MNT_NOATIME"), )
MOUNT_FLAGS(mount_flags, u32);
/* statvfs tells two of them alone (sys/statvfs.h). */
NAMES(statvfs_flags, u64, BIT_AS(0x1, FILESYSTEM_READ_ONLY, "ST_RDONLY"),
      BIT_AS(0x2, FILESYSTEM_NO_SETUID, "ST_NOSUID"), BIT_AS(0, FILESYSTEM_SYNCHRONOUS, ""),
      BIT_AS(0, FILESYSTEM_NO_EXEC, ""), BIT_AS(0, FILESYSTEM_LOCAL, ""),
      BIT_AS(0, FILESYSTEM_NO_ATIME, ""), );
NAMES(getfsstat_mode, i32, IS_AS(1, 1, "MNT_WAIT"), IS_AS(2, 2, "MNT_NOWAIT"));

/* Texts, cut to their field with a NUL. */
DRAGONFLY_LOOKS(text16, 16, 16, LOOK_TEXT);
DRAGONFLY_LOOKS(text80, 80, 1024, LOOK_TEXT);
DRAGONFLY_CUSTOM(fsid, 8, 4);

#define HOST struct filesystem
STRUCT(statfs, 320, FIELD_AS(8, u64, block_size, "f_bsize"), FIELD_AS(16, u64, io_size, "f_iosize"),
       FIELD_AS(24, u64, blocks, "f_blocks"), FIELD_AS(32, u64, blocks_free, "f_bfree"),
       FIELD_AS(40, i64, blocks_available, "f_bavail"), FIELD_AS(48, u64, files, "f_files"),
       FIELD_AS(56, i64, files_free, "f_ffree"), FIELD_AS(64, i32, id[0], "f_fsid"),
       FIELD_AS(68, i32, id[1], "f_fsid"), FIELD_AS(72, u32, owner, "f_owner"),
       FIELD_AS(76, u32, type, "f_type"), FIELD_AS(80, mount_flags, flags, "f_flags"),
       INNER_AS(104, text16, type_name, "f_fstypename"),
       INNER_AS(120, text80, mounted_on, "f_mntonname"),
       INNER_AS(218, text80, mounted_from, "f_mntfromname"), );
STRUCT(statvfs, 160, FIELD_AS(0, u64, block_size, "f_bsize"),
       FIELD_AS(8, u64, block_size, "f_frsize"), FIELD_AS(16, u64, blocks, "f_blocks"),
       FIELD_AS(24, u64, blocks_free, "f_bfree"), FIELD_AS(32, i64, blocks_available, "f_bavail"),
       FIELD_AS(40, u64, files, "f_files"), FIELD_AS(48, i64, files_free, "f_ffree"),
       FIELD_AS(56, i64, files_free, "f_favail"), INNER_AS(64, fsid, id[0], "f_fsid"),
       FIELD_AS(72, statvfs_flags, flags, "f_flag"), FIELD_AS(80, u32, name_max, "f_namemax"),
       FIELD_AS(88, u32, owner, "f_owner"), FIELD_AS(92, u32, type, "f_type"), );
#undef HOST

/* The right column is the answer itself (syscalls/file.h). */
NAMES(pathconf_name, i32, IS_AS(1, 65000, "_PC_LINK_MAX"), IS_AS(2, 255, "_PC_MAX_CANON"),
      IS_AS(3, 255, "_PC_MAX_INPUT"), IS_AS(4, PATHCONF_NAME_MAX, "_PC_NAME_MAX"),
      IS_AS(5, 1024, "_PC_PATH_MAX"), IS_AS(6, LINUX_PIPE_BUF, "_PC_PIPE_BUF"),
      IS_AS(7, 1, "_PC_CHOWN_RESTRICTED"), IS_AS(8, 1, "_PC_NO_TRUNC"),
      IS_AS(9, 0xff, "_PC_VDISABLE"), );

DRAGONFLY_CUSTOM(utime_nsec, 8, 8); /* UTIME_NOW and UTIME_OMIT have numbers of their own */
#define HOST struct times
STRUCT(times, 32, FIELD(0, i64, t[0].tv_sec), INNER(8, utime_nsec, t[0].tv_nsec),
       FIELD(16, i64, t[1].tv_sec), INNER(24, utime_nsec, t[1].tv_nsec));
#undef HOST
#define HOST struct times_us
STRUCT(times_us, 32, FIELD(0, i64, t[0].tv_sec), FIELD(8, i64, t[0].tv_usec),
       FIELD(16, i64, t[1].tv_sec), FIELD(24, i64, t[1].tv_usec));
#undef HOST

/* ---- fcntl ------------------------------------------------------------------------------------------- */

NAMES(fcntl_command, i32, IS(0, F_DUPFD), IS(1, F_GETFD), IS(2, F_SETFD), IS(3, F_GETFL),
      IS(4, F_SETFL), IS(5, F_GETOWN), IS(6, F_SETOWN), IS(7, F_GETLK), IS(8, F_SETLK),
      IS(9, F_SETLKW), IS_AS(10, FCNTL_DUP2FD, "F_DUP2FD"), IS(17, F_DUPFD_CLOEXEC),
      IS_AS(18, FCNTL_DUP2FD_CLOEXEC, "F_DUP2FD_CLOEXEC"), );

NAMES(lock_type, i16, IS(1, F_RDLCK), IS(2, F_UNLCK), IS(3, F_WRLCK));
NAMES(whence16, i16, IS(0, SEEK_SET), IS(1, SEEK_CUR), IS(2, SEEK_END));
#define HOST struct flock
STRUCT(flock, 24, FIELD(0, i64, l_start), FIELD(8, i64, l_len), FIELD(16, pid, l_pid),
       FIELD(20, lock_type, l_type), FIELD(22, whence16, l_whence));
#undef HOST
NAMES(descriptor_flags, i32, BIT(1, FD_CLOEXEC), );
static const struct field fields_fcntl_arg[N_FCNTL_ARGS] = {
	[FCNTL_ARG_LOCK] = UNION_FIELD("lock", flock),
	[FCNTL_ARG_OLD_LOCK] = UNION_FIELD("old_lock", flock),
	[FCNTL_ARG_STATUS] = UNION_FIELD("status", open_flags),
	[FCNTL_ARG_SETTABLE] = UNION_FIELD("settable", settable_flags),
	[FCNTL_ARG_DESCRIPTOR] = UNION_FIELD("descriptor", descriptor_flags),
	[FCNTL_ARG_SEALS] = UNION_FIELD("none", i32), /* no command is about them */
};
static const struct type type_fcntl_arg = {
	.name = "fcntl_arg",
	.kind = KIND_POINTER,
	.guest_size = 8,
	.host_size = 8,
	.count = N_FCNTL_ARGS,
	.fields = fields_fcntl_arg,
};

/* LOCK_* have Linux's numbers. */
NAMES(flock_op, i32, BIT_AS(1, 1, "LOCK_SH"), BIT_AS(2, 2, "LOCK_EX"), BIT_AS(4, 4, "LOCK_NB"),
      BIT_AS(8, 8, "LOCK_UN"));

/* ---- Polling --------------------------------------------------------------------------------------------- */

/* POLLWRNORM is POLLOUT. */
NAMES(poll_events, i16, BIT(0x0001, POLLIN), BIT(0x0002, POLLPRI), BIT(0x0004, POLLOUT),
      BIT(0x0008, POLLERR), BIT(0x0010, POLLHUP), BIT(0x0020, POLLNVAL), BIT(0x0040, POLLRDNORM),
      BIT(0x0080, POLLRDBAND), BIT(0x0100, POLLWRBAND), );
#define HOST struct host_pollfd
STRUCT(pollfd, 8, FIELD(0, i32, fd), FIELD(4, poll_events, events), FIELD(6, poll_events, revents));
#undef HOST

/* ---- ioctl ------------------------------------------------------------------------------------------------ */

static const struct name names_requests[] = {
#define IOCTL(nm, direction, group, number, size, ...) \
	IS_AS(REQUEST(direction, group, number, size), 0, #nm),
#include "personalities/dragonfly/ioctl.def"
#undef IOCTL
};
static const struct type type_requests = {.name = "requests",
					  .kind = KIND_NAMES,
					  .look = LOOK_HEX,
					  .guest_size = 4,
					  .host_size = 4,
					  .count = COUNT(names_requests),
					  .names = names_requests};
SEEN(ioctl_request, u64, requests);

/* ---- Sending files: sys/socket.h; the kernel looks at no flag ------------------------------------------- */

NAMES(sendfile_flags, i32, BIT_AS(0, 0, "0"));

/* ---- Message queues: sys/mqueue.h ------------------------------------------------------------------------- */

NAMES(mq_open_flags, i32, PART(0x3, 0x0, O_ACCMODE, O_RDONLY), PART(0x3, 0x1, O_ACCMODE, O_WRONLY),
      PART(0x3, 0x2, O_ACCMODE, O_RDWR), BIT(0x00000004, O_NONBLOCK), BIT(0x00000200, O_CREAT),
      BIT(0x00000800, O_EXCL), );
NAMES(mq_flags, i64, BIT(0x4, O_NONBLOCK), );
#define HOST struct mq_attr
STRUCT(mq_attr, 32, FIELD(0, mq_flags, mq_flags), FIELD(8, i64, mq_maxmsg),
       FIELD(16, i64, mq_msgsize), FIELD(24, i64, mq_curmsgs));
#undef HOST

#endif
