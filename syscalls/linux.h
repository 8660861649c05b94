/* Linux constants and structures that the kernel's exported headers lack or only have in
 * files that clash with others, and the bits guise adds above them for its own use.
 * Values: Linux 6.1 include/linux and include/uapi, x86-64. */
#ifndef GUISE_LINUX_H
#define GUISE_LINUX_H

#include <asm/posix_types.h>
#include <asm/statfs.h>
#include <linux/fadvise.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/types.h>
#include <stddef.h>

/* ---- Files (include/linux/fs.h, include/uapi/linux/fs.h) ----------------- */

#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif
#ifndef SEEK_DATA
#define SEEK_DATA 3
#define SEEK_HOLE 4
#endif

/* linux/stat.h leaves these to libc when it sees one. */
#ifndef S_IFMT
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#endif

#ifndef F_OK
#define F_OK 0
#define X_OK 1
#define W_OK 2
#define R_OK 4
#endif

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE 1
#define FALLOC_FL_PUNCH_HOLE 2
#endif

/* What getdents64 returns; the name follows at offset 19 (include/linux/dirent.h). */
struct linux_dirent64 {
	__u64 d_ino;
	__s64 d_off;
	__u16 d_reclen;
	__u8 d_type;
	char d_name[];
} __attribute__((packed));
_Static_assert(offsetof(struct linux_dirent64, d_name) == 19, "as the kernel has it");

/* statfs's f_flags (include/linux/statfs.h). */
#define ST_RDONLY 0x0001
#define ST_NOSUID 0x0002
#define ST_NODEV 0x0004
#define ST_NOEXEC 0x0008
#define ST_SYNCHRONOUS 0x0010
#define ST_NOATIME 0x0400

#define LINUX_PIPE_BUF 4096
#define LINUX_NAME_MAX 255

/* ---- Polling (include/uapi/asm-generic/poll.h) ---------------------------- */

#ifndef POLLIN
#define POLLIN 0x0001
#define POLLPRI 0x0002
#define POLLOUT 0x0004
#define POLLERR 0x0008
#define POLLHUP 0x0010
#define POLLNVAL 0x0020
#define POLLRDNORM 0x0040
#define POLLRDBAND 0x0080
#define POLLWRNORM 0x0100
#define POLLWRBAND 0x0200
#define POLLRDHUP 0x2000
#endif

/* ---- Clocks of CPU time (include/linux/posix-timers_types.h) -------------- */

/* A clock that counts a process's or a thread's CPU time: the complement of its number,
 * three bits up; 0 is the caller. */
#define CPU_CLOCK_OF(id, kind) ((int)((~(unsigned)(id) << 3) | (kind)))
#define CPU_CLOCK_ALL 0u /* user and system */
#define CPU_CLOCK_USER 1u
#define CPU_CLOCK_SCHED 2u /* the scheduler's, to the nanosecond */
#define CPU_CLOCK_THREAD 4u

/* ---- Scheduling (include/uapi/linux/sched.h, which clashes with <sched.h>) ---- */

#ifndef SCHED_NORMAL
#define SCHED_NORMAL 0
#define SCHED_FIFO 1
#define SCHED_RR 2
#define SCHED_BATCH 3
#define SCHED_IDLE 5
#endif

/* ---- Extended attributes (include/uapi/linux/limits.h) --------------------- */

#ifndef XATTR_NAME_MAX
#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536
#define XATTR_LIST_MAX 65536
#endif

/* ---- Sockets (include/linux/socket.h, include/linux/net.h) ---------------- */

#ifndef AF_UNSPEC
#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_PACKET 17
#define AF_VSOCK 40
#endif

#ifndef SOCK_STREAM
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_RDM 4
#define SOCK_SEQPACKET 5
#define SOCK_CLOEXEC 02000000
#define SOCK_NONBLOCK 04000
#endif

/* ---- Descriptors' flags: Linux has FD_CLOEXEC, bit 0 ----------------------- */

#define SENDFILE_NO_WAIT 1 /* sendfile, which has no flags there: send what is in memory */
#define FD_CLOSE_ON_FORK 0x10000 /* DESCRIPTOR_CLOSE_ON_FORK (descriptors.h) */
#define CLOSE_RANGE_CLOSE_ON_FORK (1ULL << 32) /* and of close_range */
#define O_CLOSE_ON_FORK (1ULL << 37) /* the same, where one is made: descriptor_made() */

#ifndef SCM_RIGHTS
#define SCM_RIGHTS 1
#endif
#ifndef SCM_CREDENTIALS
#define SCM_CREDENTIALS 2
#endif

#ifndef SHUT_RD
#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2
#endif

#ifndef MSG_OOB
#define MSG_OOB 0x1
#define MSG_PEEK 0x2
#define MSG_DONTROUTE 0x4
#define MSG_CTRUNC 0x8
#define MSG_TRUNC 0x20
#define MSG_DONTWAIT 0x40
#define MSG_EOR 0x80
#define MSG_WAITALL 0x100
#define MSG_ERRQUEUE 0x2000
#define MSG_NOSIGNAL 0x4000
#define MSG_MORE 0x8000
#define MSG_WAITFORONE 0x10000
#define MSG_CMSG_CLOEXEC 0x40000000
#endif

/* ---- Errors no Linux call returns, for calls only other systems have -------- */

enum {
	E_NOTCAPABLE = 140, /* a descriptor or lookup does not permit this */
	E_CAPMODE, /* not permitted in capability mode */
	E_FTYPE, /* not a file of the right kind */
	E_PROCLIM, /* the user's limit of processes */
	E_DOOFUS, /* an error of the program itself */
	E_INTEGRITY, /* stored data failed a check */
};

#endif
