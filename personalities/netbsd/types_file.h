/* Files, directories, descriptors: sys/fcntl.h, sys/stat.h, sys/dirent.h, sys/statvfs.h, sys/fstypes.h,
 * sys/unistd.h, sys/poll.h; NetBSD 10. */
#ifndef GUISE_NETBSD_TYPES_FILE_H
#define GUISE_NETBSD_TYPES_FILE_H

#include "personalities/netbsd/custom.h"
#include "syscalls/attributes.h"
#include "syscalls/fcntl.h"
#include "syscalls/file.h"
#include "syscalls/ioctl.h"
#include "syscalls/linux.h"
#include "syscalls/poll.h"

static INT_LOOKS(mode, 4, false, LOOK_OCTAL);

/* ---- Opening ---------------------------------------------------------------------------- */

NAMES(open_flags, i32, PART(0x3, 0x0, O_ACCMODE, O_RDONLY), PART(0x3, 0x1, O_ACCMODE, O_WRONLY),
      PART(0x3, 0x2, O_ACCMODE, O_RDWR), BIT(0x00000004, O_NONBLOCK), BIT(0x00000008, O_APPEND),
      BIT_AS(0x00000010, OPEN_SHLOCK, "O_SHLOCK"), BIT_AS(0x00000020, OPEN_EXLOCK, "O_EXLOCK"),
      BIT_AS(0x00000040, FASYNC, "O_ASYNC"), BIT(0x00000080, O_SYNC), BIT(0x00000100, O_NOFOLLOW),
      BIT(0x00000200, O_CREAT), BIT(0x00000400, O_TRUNC), BIT(0x00000800, O_EXCL),
      BIT(0x00008000, O_NOCTTY), BIT(0x00010000, O_DSYNC), GUEST_ONLY(0x00020000, "O_RSYNC"),
      GUEST_ONLY(0x00040000, "O_ALT_IO"), BIT_AS(0x00080000, 0, "O_DIRECT"), /* a hint */
      BIT(0x00200000, O_DIRECTORY), BIT(0x00400000, O_CLOEXEC),
      BIT_AS(0x00800000, OPEN_EXEC, "O_SEARCH"), GUEST_ONLY(0x01000000, "O_NOSIGPIPE"),
      GUEST_ONLY(0x02000000, "O_REGULAR"), BIT_AS(0x04000000, OPEN_EXEC, "O_EXEC"), );

/* What F_SETFL changes; it ignores the rest (FCNTLFLAGS). */
NAMES(settable_flags, i32, BIT(0x00000004, O_NONBLOCK), BIT(0x00000008, O_APPEND),
      BIT_AS(0x00000040, FASYNC, "O_ASYNC"), BIT(0x00000080, O_SYNC), BIT(0x00010000, O_DSYNC), );

NAMES(pipe_flags, i32, BIT(0x00000004, O_NONBLOCK), BIT(0x00400000, O_CLOEXEC),
      GUEST_ONLY(0x01000000, "O_NOSIGPIPE"), );

/* ---- Flags of the ...at calls ------------------------------------------------------------- */

NAMES(at_file, i32, BIT(0x0200, AT_SYMLINK_NOFOLLOW), );
NAMES(at_access, i32, BIT(0x0100, AT_EACCESS), BIT(0x0200, AT_SYMLINK_NOFOLLOW), );
NAMES(at_link, i32, BIT(0x0400, AT_SYMLINK_FOLLOW), );
NAMES(at_unlink, i32, BIT(0x0800, AT_REMOVEDIR), );

NAMES(access_mode, i32, BIT(1, X_OK), BIT(2, W_OK), BIT(4, R_OK));
NAMES(whence, i32, IS(0, SEEK_SET), IS(1, SEEK_CUR), IS(2, SEEK_END));

/* ---- stat ----------------------------------------------------------------------------------- */

NETBSD_LOOKS(dev, 8, 8, LOOK_FILE);

#define HOST struct statx_timestamp
STRUCT(statx_time, 16, FIELD(0, measured, tv_sec), FIELD(8, measured, tv_nsec));
#undef HOST
#define HOST struct statx
STRUCT(stat, 152, INNER_AS(0, dev, stx_dev_major, "st_dev"), FIELD_AS(8, mode, stx_mode, "st_mode"),
       FIELD_AS(16, inode, stx_ino, "st_ino"), FIELD_AS(24, u32, stx_nlink, "st_nlink"),
       FIELD_AS(28, u32, stx_uid, "st_uid"), FIELD_AS(32, u32, stx_gid, "st_gid"),
       INNER_AS(40, dev, stx_rdev_major, "st_rdev"), INNER_AS(48, statx_time, stx_atime, "st_atim"),
       INNER_AS(64, statx_time, stx_mtime, "st_mtim"),
       INNER_AS(80, statx_time, stx_ctime, "st_ctim"),
       INNER_AS(96, statx_time, stx_btime, "st_birthtim"), FIELD_AS(112, i64, stx_size, "st_size"),
       FIELD_AS(120, i64, stx_blocks, "st_blocks"),
       FIELD_AS(128, i32, stx_blksize, "st_blksize"), );
#undef HOST

/* ---- Directories -------------------------------------------------------------------------------- */

/* DT_* have Linux's numbers. */
#define HOST struct entry
STRUCT(dirent, 13, FIELD(0, u64, number), FIELD(8, u16, length), FIELD(10, u16, name_length),
       FIELD(12, u8, type));
#undef HOST
/* A buffer of such records, of as many bytes as argument n says. */
#define OUT_RECORDS(t, n) \
	{ \
		.type = &type_##t, .pass = PASS_OUT_BYTES, .length = (n) \
	}

/* ---- File systems --------------------------------------------------------------------------------- */

NAMES(mount_flags, u64, BIT_AS(0x00000001, FILESYSTEM_READ_ONLY, "ST_RDONLY"),
      BIT_AS(0x00000002, FILESYSTEM_SYNCHRONOUS, "ST_SYNCHRONOUS"),
      BIT_AS(0x00000004, FILESYSTEM_NO_EXEC, "ST_NOEXEC"),
      BIT_AS(0x00000008, FILESYSTEM_NO_SETUID, "ST_NOSUID"),
      BIT_AS(0x00001000, FILESYSTEM_LOCAL, "ST_LOCAL"),
      BIT_AS(0x04000000, FILESYSTEM_NO_ATIME, "ST_NOATIME"), );
NAMES(getfsstat_mode, i32, IS_AS(1, 1, "ST_WAIT"), IS_AS(2, 2, "ST_NOWAIT"));

/* Texts, cut to their field with a NUL. */
NETBSD_LOOKS(text32, 32, 16, LOOK_TEXT);
NETBSD_LOOKS(text1024, 1024, 1024, LOOK_TEXT);

#define HOST struct filesystem
STRUCT(statvfs, 3296, FIELD_AS(0, mount_flags, flags, "f_flag"),
       FIELD_AS(8, u64, block_size, "f_bsize"), FIELD_AS(16, u64, block_size, "f_frsize"),
       FIELD_AS(24, u64, io_size, "f_iosize"), FIELD_AS(32, u64, blocks, "f_blocks"),
       FIELD_AS(40, u64, blocks_free, "f_bfree"), FIELD_AS(48, i64, blocks_available, "f_bavail"),
       FIELD_AS(64, u64, files, "f_files"), FIELD_AS(72, i64, files_free, "f_ffree"),
       FIELD_AS(80, i64, files_free, "f_favail"), FIELD_AS(128, i32, id[0], "f_fsidx"),
       FIELD_AS(132, i32, id[1], "f_fsidx"), FIELD_AS(136, i32, id[0], "f_fsid"),
       FIELD_AS(144, u32, name_max, "f_namemax"), FIELD_AS(152, u32, owner, "f_owner"),
       INNER_AS(192, text32, type_name, "f_fstypename"),
       INNER_AS(224, text1024, mounted_on, "f_mntonname"),
       INNER_AS(1248, text1024, mounted_from, "f_mntfromname"), );
#undef HOST

/* The right column is the answer itself (syscalls/file.h). */
NAMES(pathconf_name, i32, IS_AS(1, 65000, "_PC_LINK_MAX"), IS_AS(2, 255, "_PC_MAX_CANON"),
      IS_AS(3, 255, "_PC_MAX_INPUT"), IS_AS(4, PATHCONF_NAME_MAX, "_PC_NAME_MAX"),
      IS_AS(5, 1024, "_PC_PATH_MAX"), IS_AS(6, LINUX_PIPE_BUF, "_PC_PIPE_BUF"),
      IS_AS(7, 1, "_PC_CHOWN_RESTRICTED"), IS_AS(8, 1, "_PC_NO_TRUNC"),
      IS_AS(9, 0xff, "_PC_VDISABLE"), IS_AS(10, 1, "_PC_SYNC_IO"),
      IS_AS(11, 64, "_PC_FILESIZEBITS"), IS_AS(12, 1024, "_PC_SYMLINK_MAX"),
      IS_AS(13, 1, "_PC_2_SYMLINKS"), IS_AS(14, 0, "_PC_ACL_EXTENDED"), );

/* UTIME_NOW and UTIME_OMIT have Linux's numbers. */
#define HOST struct times
STRUCT(times, 32, FIELD(0, i64, t[0].tv_sec), FIELD(8, i64, t[0].tv_nsec),
       FIELD(16, i64, t[1].tv_sec), FIELD(24, i64, t[1].tv_nsec));
#undef HOST
/* suseconds_t is an int. */
#define HOST struct times_us
STRUCT(times_us, 32, FIELD(0, i64, t[0].tv_sec), FIELD(8, i32, t[0].tv_usec),
       FIELD(16, i64, t[1].tv_sec), FIELD(24, i32, t[1].tv_usec));
#undef HOST

/* ---- fcntl ------------------------------------------------------------------------------------------- */

NAMES(fcntl_command, i32, IS(0, F_DUPFD), IS(1, F_GETFD), IS(2, F_SETFD), IS(3, F_GETFL),
      IS(4, F_SETFL), IS(5, F_GETOWN), IS(6, F_SETOWN), IS(7, F_GETLK), IS(8, F_SETLK),
      IS(9, F_SETLKW), IS(12, F_DUPFD_CLOEXEC), );

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
NAMES(fadvice, i32, IS(0, POSIX_FADV_NORMAL), IS(1, POSIX_FADV_RANDOM),
      IS(2, POSIX_FADV_SEQUENTIAL), IS(3, POSIX_FADV_WILLNEED), IS(4, POSIX_FADV_DONTNEED),
      IS(5, POSIX_FADV_NOREUSE));
/* The right column is whether the data alone are wanted. */
NAMES(fsync_how, i32, BIT_AS(0x10, 1, "FDATASYNC"), BIT_AS(0x20, 2, "FFILESYNC"),
      BIT_AS(0x40, 0, "FDISKSYNC"));

NAMES(eventfd_flags, i32, BIT_AS(0x2, 1, "EFD_SEMAPHORE"), BIT_AS(0x4, O_NONBLOCK, "EFD_NONBLOCK"),
      BIT_AS(0x400000, O_CLOEXEC, "EFD_CLOEXEC"));

/* ---- Attributes: sys/extattr.h, sys/xattr.h ------------------------------------------------------------- */

NAMES(attribute_space, i32, IS_AS(1, ATTRIBUTES_OF_USERS, "EXTATTR_NAMESPACE_USER"),
      IS_AS(2, ATTRIBUTES_OF_SYSTEM, "EXTATTR_NAMESPACE_SYSTEM"));
/* XATTR_CREATE, XATTR_REPLACE (linux/xattr.h): not both at once. */
NAMES(xattr_flags, i32, IS_AS(0, 0, "0"), IS_AS(1, 1, "XATTR_CREATE"),
      IS_AS(2, 2, "XATTR_REPLACE"));

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
#include "personalities/netbsd/ioctl.def"
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

#endif
