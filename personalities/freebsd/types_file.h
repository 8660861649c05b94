/* Files, directories, descriptors, terminals. */
#ifndef GUISE_FREEBSD_TYPES_FILE_H
#define GUISE_FREEBSD_TYPES_FILE_H

#include "personalities/freebsd/file.h"
#include "syscalls/attributes.h"
#include "syscalls/fcntl.h"
#include "syscalls/file.h"
#include "syscalls/linux.h"
#include "syscalls/poll.h"

/* mode_t, 16 bits wide (sys/_types.h). */
static INT_LOOKS(mode, 2, false, LOOK_OCTAL);

/* ---- Opening (sys/fcntl.h) ------------------------------------------------------ */

NAMES(open_flags, i32, PART(0x3, 0x0, O_ACCMODE, O_RDONLY), PART(0x3, 0x1, O_ACCMODE, O_WRONLY),
      PART(0x3, 0x2, O_ACCMODE, O_RDWR), BIT(0x00000004, O_NONBLOCK), BIT(0x00000008, O_APPEND),
      BIT_AS(0x00000010, OPEN_SHLOCK, "O_SHLOCK"), BIT_AS(0x00000020, OPEN_EXLOCK, "O_EXLOCK"),
      BIT_AS(0x00000040, FASYNC, "O_ASYNC"), BIT(0x00000080, O_SYNC), BIT(0x00000100, O_NOFOLLOW),
      BIT(0x00000200, O_CREAT), BIT(0x00000400, O_TRUNC), BIT(0x00000800, O_EXCL),
      BIT(0x00008000, O_NOCTTY),
      BIT_AS(0x00010000, 0, "O_DIRECT"), /* may bypass the cache; no alignment asked */
      BIT(0x00020000, O_DIRECTORY),
      BIT_AS(0x00040000, OPEN_EXEC, "O_EXEC"), /* O_SEARCH is the same */
      BIT_AS(0x00080000, 0, "O_TTY_INIT"), /* what a terminal does anyway */
      BIT(0x00100000, O_CLOEXEC),
      BIT_AS(0x00200000, 0, "O_VERIFY"), /* asks mac_veriexec, if that is loaded */
      BIT(0x00400000, O_PATH), BIT_AS(0x00800000, OPEN_BENEATH, "O_RESOLVE_BENEATH"),
      BIT(0x01000000, O_DSYNC), BIT_AS(0x02000000, OPEN_EMPTY, "O_EMPTY_PATH"),
      GUEST_ONLY(0x04000000, "O_NAMEDATTR"), BIT_AS(0x08000000, O_CLOSE_ON_FORK, "O_CLOFORK"), );

/* What F_SETFL changes; it ignores the rest (FCNTLFLAGS).  O_DIRECT is a hint: see above. */
NAMES(settable_flags, i32, BIT(0x00000004, O_NONBLOCK), BIT(0x00000008, O_APPEND),
      BIT_AS(0x00000040, FASYNC, "O_ASYNC"), BIT(0x00000080, O_SYNC), BIT(0x01000000, O_DSYNC), );

/* sys/kern/tty_pts.c: sys_posix_openpt() takes no others. */
NAMES(openpt_flags, i32, PART(0x3, 0x0, O_ACCMODE, O_RDONLY), PART(0x3, 0x2, O_ACCMODE, O_RDWR),
      BIT(0x00008000, O_NOCTTY), BIT(0x00100000, O_CLOEXEC), );

NAMES(pipe_flags, i32, BIT(0x00000004, O_NONBLOCK), BIT(0x00100000, O_CLOEXEC),
      BIT_AS(0x08000000, O_CLOSE_ON_FORK, "O_CLOFORK"), );

/* ---- Flags of the ...at calls (sys/fcntl.h) ---------------------------------------- */

NAMES(at_file, i32, BIT(0x0200, AT_SYMLINK_NOFOLLOW),
      BIT_AS(0x2000, AT_BENEATH, "AT_RESOLVE_BENEATH"), BIT(0x4000, AT_EMPTY_PATH), );
NAMES(at_access, i32, BIT(0x0100, AT_EACCESS), BIT(0x0200, AT_SYMLINK_NOFOLLOW),
      BIT_AS(0x2000, AT_BENEATH, "AT_RESOLVE_BENEATH"), BIT(0x4000, AT_EMPTY_PATH), );
/* A link to what a descriptor has open is the superuser's to make. */
NAMES(at_link, i32, BIT(0x0400, AT_SYMLINK_FOLLOW),
      BIT_AS(0x2000, AT_BENEATH, "AT_RESOLVE_BENEATH"), GUEST_ONLY(0x4000, "AT_EMPTY_PATH"), );
NAMES(at_unlink, i32, BIT(0x0800, AT_REMOVEDIR),
      BIT_AS(0x2000, AT_BENEATH, "AT_RESOLVE_BENEATH"), );
NAMES(at_rename, i32, BIT_AS(0x0001, RENAME_NOREPLACE, "AT_RENAME_NOREPLACE"));

NAMES(access_mode, i32, BIT(1, X_OK), BIT(2, W_OK), BIT(4, R_OK));

/* sys/unistd.h */
NAMES(whence, i32, IS(0, SEEK_SET), IS(1, SEEK_CUR), IS(2, SEEK_END), IS(3, SEEK_DATA),
      IS(4, SEEK_HOLE));

/* ---- stat (sys/stat.h) ---------------------------------------------------------------- */

FREEBSD_LOOKS(dev, 8, 8, LOOK_FILE);
FREEBSD_LOOKS(dev32, 4, 8, LOOK_FILE); /* cut off, as the kernel does (freebsd11_cvtstat) */

#define HOST struct statx_timestamp
STRUCT(statx_time, 16, FIELD(0, measured, tv_sec), FIELD(8, measured, tv_nsec));
#undef HOST

#define HOST struct statx
STRUCT(stat, 224, INNER_AS(0, dev, stx_dev_major, "st_dev"), FIELD_AS(8, inode, stx_ino, "st_ino"),
       FIELD_AS(16, u64, stx_nlink, "st_nlink"), FIELD_AS(24, mode, stx_mode, "st_mode"),
       FIELD_AS(28, u32, stx_uid, "st_uid"), FIELD_AS(32, u32, stx_gid, "st_gid"),
       INNER_AS(40, dev, stx_rdev_major, "st_rdev"), INNER_AS(48, statx_time, stx_atime, "st_atim"),
       INNER_AS(64, statx_time, stx_mtime, "st_mtim"),
       INNER_AS(80, statx_time, stx_ctime, "st_ctim"),
       INNER_AS(96, statx_time, stx_btime, "st_birthtim"), FIELD_AS(112, i64, stx_size, "st_size"),
       FIELD_AS(120, i64, stx_blocks, "st_blocks"),
       FIELD_AS(128, i32, stx_blksize, "st_blksize"), );
/* Before 12.0. */
STRUCT(stat11, 120, INNER_AS(0, dev32, stx_dev_major, "st_dev"),
       FIELD_CUT_AS(4, inode32, stx_ino, "st_ino"), FIELD_AS(8, mode, stx_mode, "st_mode"),
       FIELD_CUT_AS(10, u16, stx_nlink, "st_nlink"), FIELD_AS(12, u32, stx_uid, "st_uid"),
       FIELD_AS(16, u32, stx_gid, "st_gid"), INNER_AS(20, dev32, stx_rdev_major, "st_rdev"),
       INNER_AS(24, statx_time, stx_atime, "st_atim"),
       INNER_AS(40, statx_time, stx_mtime, "st_mtim"),
       INNER_AS(56, statx_time, stx_ctime, "st_ctim"), FIELD_AS(72, i64, stx_size, "st_size"),
       FIELD_AS(80, i64, stx_blocks, "st_blocks"), FIELD_AS(88, i32, stx_blksize, "st_blksize"),
       INNER_AS(104, statx_time, stx_btime, "st_birthtim"), );
/* NetBSD's, which these numbers once served. */
STRUCT(nstat, 128, INNER_AS(0, dev32, stx_dev_major, "st_dev"),
       FIELD_CUT_AS(4, inode32, stx_ino, "st_ino"), FIELD_AS(8, u32, stx_mode, "st_mode"),
       FIELD_AS(12, u32, stx_nlink, "st_nlink"), FIELD_AS(16, u32, stx_uid, "st_uid"),
       FIELD_AS(20, u32, stx_gid, "st_gid"), INNER_AS(24, dev32, stx_rdev_major, "st_rdev"),
       INNER_AS(32, statx_time, stx_atime, "st_atim"),
       INNER_AS(48, statx_time, stx_mtime, "st_mtim"),
       INNER_AS(64, statx_time, stx_ctime, "st_ctim"), FIELD_AS(80, i64, stx_size, "st_size"),
       FIELD_AS(88, i64, stx_blocks, "st_blocks"), FIELD_AS(96, i32, stx_blksize, "st_blksize"),
       INNER_AS(112, statx_time, stx_btime, "st_birthtim"), );
#undef HOST

/* ---- Directories (sys/dirent.h) --------------------------------------------------------- */

/* DT_* have Linux's numbers. */
#define HOST struct entry
STRUCT(dirent, 24, FIELD(0, u64, number), FIELD(8, i64, next), FIELD(16, u16, length),
       FIELD(18, u8, type), FIELD(20, u16, name_length));
STRUCT(dirent11, 8, FIELD_CUT(0, u32, number), FIELD(4, u16, length), FIELD(6, u8, type),
       FIELD(7, u8, name_length));
#undef HOST
/* A buffer of such records, of as many bytes as argument n says. */
#define OUT_RECORDS(t, n) \
	{ \
		.type = &type_##t, .pass = PASS_OUT_BYTES, .length = (n) \
	}

/* ---- File systems (sys/mount.h) ----------------------------------------------------------- */

NAMES(mount_flags, u64, BIT_AS(0x00000001, FILESYSTEM_READ_ONLY, "MNT_RDONLY"),
      BIT_AS(0x00000002, FILESYSTEM_SYNCHRONOUS, "MNT_SYNCHRONOUS"),
      BIT_AS(0x00000004, FILESYSTEM_NO_EXEC, "MNT_NOEXEC"),
      BIT_AS(0x00000008, FILESYSTEM_NO_SETUID, "MNT_NOSUID"),
      BIT_AS(0x00001000, FILESYSTEM_LOCAL, "MNT_LOCAL"),
      BIT_AS(0x10000000, FILESYSTEM_NO_ATIME, "MNT_NOATIME"), );
NAMES(mount_flags32, u32, BIT_AS(0x00000001, FILESYSTEM_READ_ONLY, "MNT_RDONLY"),
      BIT_AS(0x00000002, FILESYSTEM_SYNCHRONOUS, "MNT_SYNCHRONOUS"),
      BIT_AS(0x00000004, FILESYSTEM_NO_EXEC, "MNT_NOEXEC"),
      BIT_AS(0x00000008, FILESYSTEM_NO_SETUID, "MNT_NOSUID"),
      BIT_AS(0x00001000, FILESYSTEM_LOCAL, "MNT_LOCAL"),
      BIT_AS(0x10000000, FILESYSTEM_NO_ATIME, "MNT_NOATIME"), );
NAMES(getfsstat_mode, i32, IS_AS(1, 1, "MNT_WAIT"), IS_AS(2, 2, "MNT_NOWAIT"));

/* Texts, cut to their field with a NUL. */
FREEBSD_LOOKS(text16, 16, 16, LOOK_TEXT);
FREEBSD_LOOKS(text1024, 1024, 1024, LOOK_TEXT);
FREEBSD_LOOKS(text88, 88, 1024, LOOK_TEXT);
FREEBSD_LOOKS(text72, 72, 1024, LOOK_TEXT);
/* f_version: each structure's own. */
FREEBSD_CUSTOM(statfs_version, 4, 4);
FREEBSD_CUSTOM(statfs11_version, 4, 4);

#define HOST struct filesystem
STRUCT(statfs, 2344, FIELD(0, statfs_version, version), FIELD(4, u32, type),
       FIELD(8, mount_flags, flags), FIELD(16, u64, block_size), FIELD(24, u64, io_size),
       FIELD(32, u64, blocks), FIELD(40, u64, blocks_free), FIELD(48, i64, blocks_available),
       FIELD(56, u64, files), FIELD(64, i64, files_free), FIELD(184, u32, name_max),
       FIELD(188, u32, owner), FIELD(192, i32, id[0]), FIELD(196, i32, id[1]),
       INNER(280, text16, type_name), INNER(296, text1024, mounted_from),
       INNER(1320, text1024, mounted_on), );
STRUCT(statfs11, 472, FIELD(0, statfs11_version, version), FIELD(4, u32, type),
       FIELD(8, mount_flags, flags), FIELD(16, u64, block_size), FIELD(24, u64, io_size),
       FIELD(32, u64, blocks), FIELD(40, u64, blocks_free), FIELD(48, i64, blocks_available),
       FIELD(56, u64, files), FIELD(64, i64, files_free), FIELD(184, u32, name_max),
       FIELD(188, u32, owner), FIELD(192, i32, id[0]), FIELD(196, i32, id[1]),
       INNER(280, text16, type_name), INNER(296, text88, mounted_from),
       INNER(384, text88, mounted_on), );
/* Before 5.0 (struct ostatfs). */
STRUCT(statfs4, 304, FIELD(8, u64, block_size), FIELD(16, u64, io_size), FIELD(24, u64, blocks),
       FIELD(32, u64, blocks_free), FIELD(40, i64, blocks_available), FIELD(48, u64, files),
       FIELD(56, i64, files_free), FIELD(64, i32, id[0]), FIELD(68, i32, id[1]),
       FIELD(72, u32, owner), FIELD(76, u32, type), FIELD(80, mount_flags32, flags),
       INNER(104, text16, type_name), INNER(120, text72, mounted_on),
       INNER(210, text72, mounted_from), );
#undef HOST

/* sys/unistd.h.  The right column is the answer itself (syscalls/file.h). */
NAMES(pathconf_name, i32, IS_AS(1, 65000, "_PC_LINK_MAX"), IS_AS(2, 255, "_PC_MAX_CANON"),
      IS_AS(3, 255, "_PC_MAX_INPUT"), IS_AS(4, PATHCONF_NAME_MAX, "_PC_NAME_MAX"),
      IS_AS(5, 1024, "_PC_PATH_MAX"), IS_AS(6, LINUX_PIPE_BUF, "_PC_PIPE_BUF"),
      IS_AS(7, 1, "_PC_CHOWN_RESTRICTED"), IS_AS(8, 1, "_PC_NO_TRUNC"),
      IS_AS(9, 0xff, "_PC_VDISABLE"), IS_AS(10, 4096, "_PC_ALLOC_SIZE_MIN"),
      IS_AS(12, 64, "_PC_FILESIZEBITS"), IS_AS(14, 4096, "_PC_REC_INCR_XFER_SIZE"),
      IS_AS(15, 1 << 20, "_PC_REC_MAX_XFER_SIZE"), IS_AS(16, 4096, "_PC_REC_MIN_XFER_SIZE"),
      IS_AS(17, 4096, "_PC_REC_XFER_ALIGN"), IS_AS(18, 1024, "_PC_SYMLINK_MAX"),
      IS_AS(59, 0, "_PC_ACL_EXTENDED"), IS_AS(60, 3, "_PC_ACL_PATH_MAX"),
      IS_AS(61, 0, "_PC_CAP_PRESENT"), IS_AS(62, 0, "_PC_INF_PRESENT"),
      IS_AS(63, 0, "_PC_MAC_PRESENT"), IS_AS(64, 0, "_PC_ACL_NFS4"),
      IS_AS(65, 1, "_PC_DEALLOC_PRESENT"), IS_AS(66, 0, "_PC_NAMEDATTR_ENABLED"),
      IS_AS(67, 0, "_PC_HAS_NAMEDATTR"), IS_AS(68, 0, "_PC_HAS_HIDDENSYSTEM"),
      IS_AS(69, 0, "_PC_CLONE_BLKSIZE"), IS_AS(70, 0, "_PC_CASE_INSENSITIVE"), );

/* ---- Times of files (sys/stat.h: UTIME_NOW -1, UTIME_OMIT -2) ------------------------------ */

FREEBSD_CUSTOM(utime_nsec, 8, 8);
#define HOST struct times
STRUCT(times, 32, FIELD(0, i64, t[0].tv_sec), FIELD(8, utime_nsec, t[0].tv_nsec),
       FIELD(16, i64, t[1].tv_sec), FIELD(24, utime_nsec, t[1].tv_nsec));
#undef HOST
#define HOST struct times_us
STRUCT(times_us, 32, FIELD(0, i64, t[0].tv_sec), FIELD(8, i64, t[0].tv_usec),
       FIELD(16, i64, t[1].tv_sec), FIELD(24, i64, t[1].tv_usec));
#undef HOST

/* ---- fcntl (sys/fcntl.h) --------------------------------------------------------------------- */

NAMES(fcntl_command, i32, IS(0, F_DUPFD), IS(1, F_GETFD), IS(2, F_SETFD), IS(3, F_GETFL),
      IS(4, F_SETFL), IS(5, F_GETOWN), IS(6, F_SETOWN), IS_AS(7, FCNTL_OLD_GETLK, "F_OGETLK"),
      IS_AS(8, FCNTL_OLD_SETLK, "F_OSETLK"), IS_AS(9, FCNTL_OLD_SETLKW, "F_OSETLKW"),
      IS_AS(10, FCNTL_DUP2FD, "F_DUP2FD"), IS(11, F_GETLK), IS(12, F_SETLK), IS(13, F_SETLKW),
      IS_AS(15, FCNTL_READ_AHEAD, "F_READAHEAD"), IS_AS(16, FCNTL_READ_AHEAD, "F_RDAHEAD"),
      IS(17, F_DUPFD_CLOEXEC), IS_AS(18, FCNTL_DUP2FD_CLOEXEC, "F_DUP2FD_CLOEXEC"),
      IS(19, F_ADD_SEALS), IS(20, F_GET_SEALS), IS_AS(21, FCNTL_IS_UNION, "F_ISUNIONSTACK"),
      IS_AS(22, FCNTL_UNSUPPORTED, "F_KINFO"), /* would tell the path, which nobody keeps */
      IS_AS(23, FCNTL_DUPFD_CLOSE_ON_FORK, "F_DUPFD_CLOFORK"),
      /* dup3's, with the descriptor's flags from bit 16 on */
      IS_AS(24, FCNTL_DUP2FD, "F_DUP3FD"),
      IS_AS(24 | 1 << 16, FCNTL_DUP2FD_CLOEXEC, "F_DUP3FD|FD_CLOEXEC"),
      IS_AS(24 | 4 << 16, FCNTL_DUP2FD_CLOSE_ON_FORK, "F_DUP3FD|FD_CLOFORK"),
      IS_AS(24 | 5 << 16, FCNTL_DUP2FD_CLOSE_ON_BOTH, "F_DUP3FD|FD_CLOEXEC|FD_CLOFORK"), );

NAMES(lock_type, i16, IS(1, F_RDLCK), IS(2, F_UNLCK), IS(3, F_WRLCK));
NAMES(whence16, i16, IS(0, SEEK_SET), IS(1, SEEK_CUR), IS(2, SEEK_END));

/* l_sysid at 24 is zero: no lock here belongs to another machine. */
#define HOST struct flock
STRUCT(flock, 32, FIELD(0, i64, l_start), FIELD(8, i64, l_len), FIELD(16, pid, l_pid),
       FIELD(20, lock_type, l_type), FIELD(22, whence16, l_whence));
STRUCT(oflock, 24, FIELD(0, i64, l_start), FIELD(8, i64, l_len), FIELD(16, pid, l_pid),
       FIELD(20, lock_type, l_type), FIELD(22, whence16, l_whence));
#undef HOST

NAMES(descriptor_flags, i32, BIT(1, FD_CLOEXEC), BIT_AS(4, FD_CLOSE_ON_FORK, "FD_CLOFORK"), );
NAMES(seals, i32, BIT(1, F_SEAL_SEAL), BIT(2, F_SEAL_SHRINK), BIT(4, F_SEAL_GROW),
      BIT(8, F_SEAL_WRITE));

static const struct field fields_fcntl_arg[N_FCNTL_ARGS] = {
	[FCNTL_ARG_LOCK] = UNION_FIELD("lock", flock),
	[FCNTL_ARG_OLD_LOCK] = UNION_FIELD("old_lock", oflock),
	[FCNTL_ARG_STATUS] = UNION_FIELD("status", open_flags),
	[FCNTL_ARG_SETTABLE] = UNION_FIELD("settable", settable_flags),
	[FCNTL_ARG_DESCRIPTOR] = UNION_FIELD("descriptor", descriptor_flags),
	[FCNTL_ARG_SEALS] = UNION_FIELD("seals", seals),
};
static const struct type type_fcntl_arg = {
	.name = "fcntl_arg",
	.kind = KIND_POINTER,
	.guest_size = 8,
	.host_size = 8,
	.count = N_FCNTL_ARGS,
	.fields = fields_fcntl_arg,
};

/* ---- ioctl ------------------------------------------------------------------------------------ */

static const struct name names_requests[] = {
#define IOCTL(nm, direction, group, number, size, ...) \
	IS_AS(REQUEST(direction, group, number, size), 0, #nm),
#include "personalities/freebsd/ioctl.def"
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

/* sys/fcntl.h: LOCK_*, Linux's numbers. */
NAMES(flock_op, i32, BIT_AS(1, 1, "LOCK_SH"), BIT_AS(2, 2, "LOCK_EX"), BIT_AS(4, 4, "LOCK_NB"),
      BIT_AS(8, 8, "LOCK_UN"));

NAMES(fadvice, i32, IS(0, POSIX_FADV_NORMAL), IS(1, POSIX_FADV_RANDOM),
      IS(2, POSIX_FADV_SEQUENTIAL), IS(3, POSIX_FADV_WILLNEED), IS(4, POSIX_FADV_DONTNEED),
      IS(5, POSIX_FADV_NOREUSE));

/* sys/unistd.h */
NAMES(close_range_flags, i32, BIT_AS(4, 4, "CLOSE_RANGE_CLOEXEC"),
      BIT_AS(8, CLOSE_RANGE_CLOSE_ON_FORK, "CLOSE_RANGE_CLOFORK"), );
NAMES(copy_range_flags, u32, GUEST_ONLY(0x00800000, "COPY_FILE_RANGE_CLONE"));

/* sys/socket.h.  The upper half says how far to read ahead.  All but SF_NODISKIO, which asks
 * to fail where others wait for the disk, change nothing a program could observe. */
NAMES(sendfile_flags, u16, BIT_AS(0x01, SENDFILE_NO_WAIT, "SF_NODISKIO"),
      BIT_AS(0x02, 0, "SF_MNOWAIT"),
      GUEST_ONLY(0x04, "SF_SYNC"), /* to wait until nobody looks at the file's pages any more */
      BIT_AS(0x08, 0, "SF_USER_READAHEAD"), BIT_AS(0x10, 0, "SF_NOCACHE"), );

/* sys/fcntl.h: SPACECTL_* and struct spacectl_range */
NAMES(space_command, i32, IS_AS(1, 1, "SPACECTL_DEALLOC"));
#define HOST struct space_range
struct space_range {
	int64_t offset, length;
};
STRUCT(space_range, 16, FIELD_AS(0, i64, offset, "r_offset"), FIELD_AS(8, i64, length, "r_len"));
#undef HOST

/* ---- Attributes (sys/extattr.h) --------------------------------------------------------------- */

NAMES(attribute_space, i32, IS_AS(1, ATTRIBUTES_OF_USERS, "EXTATTR_NAMESPACE_USER"),
      IS_AS(2, ATTRIBUTES_OF_SYSTEM, "EXTATTR_NAMESPACE_SYSTEM"));

/* ---- Memory objects (sys/mman.h) ---------------------------------------------------------------- */

NAMES(shm_flags, i32, PART(0x3, 0x0, O_ACCMODE, O_RDONLY), PART(0x3, 0x2, O_ACCMODE, O_RDWR),
      BIT(0x00000200, O_CREAT), BIT(0x00000400, O_TRUNC), BIT(0x00000800, O_EXCL),
      BIT(0x00100000, O_CLOEXEC), BIT_AS(0x08000000, O_CLOSE_ON_FORK, "O_CLOFORK"), );
NAMES(shm_options, i32, BIT_AS(1, SHM_OPTION_SEALABLE, "SHM_ALLOW_SEALING"),
      BIT_AS(2, SHM_OPTION_GROWS, "SHM_GROW_ON_WRITE"), GUEST_ONLY(4, "SHM_LARGEPAGE"), );
NAMES(shm_rename_flags, i32, BIT_AS(1, RENAME_NOREPLACE, "SHM_RENAME_NOREPLACE"),
      BIT_AS(2, RENAME_EXCHANGE, "SHM_RENAME_EXCHANGE"), );

/* ---- Special descriptors (sys/specialfd.h, sys/eventfd.h, sys/inotify.h) --------------------------- */

NAMES(special_kind, i32, IS_AS(1, SPECIAL_EVENT, "SPECIALFD_EVENTFD"),
      IS_AS(2, SPECIAL_INOTIFY, "SPECIALFD_INOTIFY"));
NAMES(eventfd_flags, i32, BIT_AS(0x1, 1, "EFD_SEMAPHORE"), BIT_AS(0x4, O_NONBLOCK, "EFD_NONBLOCK"),
      BIT_AS(0x100000, O_CLOEXEC, "EFD_CLOEXEC"));
NAMES(inotify_flags, i32, BIT_AS(0x4, O_NONBLOCK, "IN_NONBLOCK"),
      BIT_AS(0x100000, O_CLOEXEC, "IN_CLOEXEC"));
static const struct field fields_special_arg[] = {
	[SPECIAL_EVENT] = UNION_FIELD("event", eventfd_flags),
	[SPECIAL_INOTIFY] = UNION_FIELD("inotify", inotify_flags),
};
static const struct type type_special_arg = {
	.name = "special_arg",
	.kind = KIND_POINTER,
	.guest_size = 8,
	.host_size = 8,
	.count = COUNT(fields_special_arg),
	.fields = fields_special_arg,
};

/* Events and options have Linux's numbers, but IN_MASK_CREATE (Linux 0x10000000 too) and
 * those that only come back. */
NAMES(inotify_mask, u32, BIT_AS(0x00000001, 0x00000001, "IN_ACCESS"),
      BIT_AS(0x00000002, 0x00000002, "IN_MODIFY"), BIT_AS(0x00000004, 0x00000004, "IN_ATTRIB"),
      BIT_AS(0x00000008, 0x00000008, "IN_CLOSE_WRITE"),
      BIT_AS(0x00000010, 0x00000010, "IN_CLOSE_NOWRITE"), BIT_AS(0x00000020, 0x00000020, "IN_OPEN"),
      BIT_AS(0x00000040, 0x00000040, "IN_MOVED_FROM"),
      BIT_AS(0x00000080, 0x00000080, "IN_MOVED_TO"), BIT_AS(0x00000100, 0x00000100, "IN_CREATE"),
      BIT_AS(0x00000200, 0x00000200, "IN_DELETE"), BIT_AS(0x00000400, 0x00000400, "IN_DELETE_SELF"),
      BIT_AS(0x00000800, 0x00000800, "IN_MOVE_SELF"), BIT_AS(0x01000000, 0x01000000, "IN_ONLYDIR"),
      BIT_AS(0x02000000, 0x02000000, "IN_DONT_FOLLOW"),
      BIT_AS(0x04000000, 0x04000000, "IN_EXCL_UNLINK"),
      BIT_AS(0x10000000, 0x10000000, "IN_MASK_CREATE"),
      BIT_AS(0x20000000, 0x20000000, "IN_MASK_ADD"),
      BIT_AS(0x80000000, 0x80000000, "IN_ONESHOT"), );

/* ---- Polling (sys/poll.h) -------------------------------------------------------------------------- */

/* POLLWRNORM is POLLOUT.  Linux's POLLWRNORM is only reported where it was asked for. */
NAMES(poll_events, i16, BIT(0x0001, POLLIN), BIT(0x0002, POLLPRI), BIT(0x0004, POLLOUT),
      BIT(0x0008, POLLERR), BIT(0x0010, POLLHUP), BIT(0x0020, POLLNVAL), BIT(0x0040, POLLRDNORM),
      BIT(0x0080, POLLRDBAND), BIT(0x0100, POLLWRBAND), GUEST_ONLY(0x2000, "POLLINIGNEOF"),
      BIT(0x4000, POLLRDHUP), );
#define HOST struct host_pollfd
STRUCT(pollfd, 8, FIELD(0, i32, fd), FIELD(4, poll_events, events), FIELD(6, poll_events, revents));
#undef HOST

#endif
