/* What only the trace reads: Linux reads and writes it where it is.
 * include/uapi, Linux 6.1, x86-64. */
#ifndef GUISE_LINUX_TYPES_SHOWN_H
#define GUISE_LINUX_TYPES_SHOWN_H

#include "personalities/linux/types.h"
#include "syscalls/linux.h"
#include "syscalls/socket.h"
#include "syscalls/text.h"

#include <asm/stat.h>
#include <linux/eventpoll.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/sched.h>

/* ---- Files ------------------------------------------------------------------------------ */

static INT_LOOKS(mode, 4, false, LOOK_OCTAL);
#define LINUX_O_SYNC 04010000
#define LINUX_O_TMPFILE 020200000
NAMES(open_flag_names, u32, PART_AS(3, 0, 3, 0, "O_RDONLY"), PART_AS(3, 1, 3, 1, "O_WRONLY"),
      PART_AS(3, 2, 3, 2, "O_RDWR"), BIT(O_CREAT, O_CREAT), BIT(O_EXCL, O_EXCL),
      BIT(O_NOCTTY, O_NOCTTY), BIT(O_TRUNC, O_TRUNC), BIT(O_APPEND, O_APPEND),
      BIT(O_NONBLOCK, O_NONBLOCK), BIT_AS(LINUX_O_SYNC, LINUX_O_SYNC, "O_SYNC"),
      BIT(O_DSYNC, O_DSYNC), BIT(O_DIRECT, O_DIRECT),
      BIT_AS(LINUX_O_TMPFILE, LINUX_O_TMPFILE, "O_TMPFILE"), BIT(O_DIRECTORY, O_DIRECTORY),
      BIT(O_NOFOLLOW, O_NOFOLLOW), BIT(O_NOATIME, O_NOATIME), BIT(O_CLOEXEC, O_CLOEXEC),
      BIT(O_PATH, O_PATH));
SEEN(open_flags, u32, open_flag_names);
NAMES(pipe_flag_names, u32, BIT(O_NONBLOCK, O_NONBLOCK), BIT(O_DIRECT, O_DIRECT),
      BIT(O_CLOEXEC, O_CLOEXEC));
SEEN(pipe_flags, u32, pipe_flag_names);
NAMES(at_flag_names, u32, BIT(0x100, AT_SYMLINK_NOFOLLOW), BIT(0x200, AT_REMOVEDIR),
      BIT(0x400, AT_SYMLINK_FOLLOW), BIT(0x800, AT_NO_AUTOMOUNT), BIT(0x1000, AT_EMPTY_PATH));
SEEN(at_flags, u32, at_flag_names);
NAMES(access_names, u32, IS_AS(0, 0, "F_OK"), BIT_AS(1, 1, "X_OK"), BIT_AS(2, 2, "W_OK"),
      BIT_AS(4, 4, "R_OK"));
SEEN(access_mode, u32, access_names);
NAMES(whence_names, u32, IS_AS(0, 0, "SEEK_SET"), IS_AS(1, 1, "SEEK_CUR"), IS_AS(2, 2, "SEEK_END"),
      IS_AS(3, 3, "SEEK_DATA"), IS_AS(4, 4, "SEEK_HOLE"));
SEEN(whence, u32, whence_names);
NAMES(fcntl_names, i32, IS(F_DUPFD, F_DUPFD), IS(F_GETFD, F_GETFD), IS(F_SETFD, F_SETFD),
      IS(F_GETFL, F_GETFL), IS(F_SETFL, F_SETFL), IS(F_GETLK, F_GETLK), IS(F_SETLK, F_SETLK),
      IS(F_SETLKW, F_SETLKW), IS(F_SETOWN, F_SETOWN), IS(F_GETOWN, F_GETOWN),
      IS(F_DUPFD_CLOEXEC, F_DUPFD_CLOEXEC), IS(F_SETPIPE_SZ, F_SETPIPE_SZ),
      IS(F_GETPIPE_SZ, F_GETPIPE_SZ), IS(F_ADD_SEALS, F_ADD_SEALS), IS(F_GET_SEALS, F_GET_SEALS));
SEEN(fcntl_command, i32, fcntl_names);
#define HOST struct stat
STRUCT(stat, 144, FIELD(0, inode, st_dev), FIELD(8, inode, st_ino), FIELD(16, u64, st_nlink),
       FIELD(24, mode, st_mode), FIELD(28, u32, st_uid), FIELD(32, u32, st_gid),
       FIELD(40, u64, st_rdev), FIELD(48, i64, st_size), FIELD(56, i64, st_blksize),
       FIELD(64, i64, st_blocks), INNER_AS(72, timespec, st_atime, "st_atim"),
       INNER_AS(88, timespec, st_mtime, "st_mtim"), INNER_AS(104, timespec, st_ctime, "st_ctim"));
#undef HOST

/* ---- Memory ------------------------------------------------------------------------------- */

NAMES(prot_names, u32, IS_AS(0, 0, "PROT_NONE"), BIT(PROT_READ, PROT_READ),
      BIT(PROT_WRITE, PROT_WRITE), BIT(PROT_EXEC, PROT_EXEC));
SEEN(prot, u32, prot_names);
NAMES(map_names, u32, PART(0xf, 1, 0xf, MAP_SHARED), PART(0xf, 2, 0xf, MAP_PRIVATE),
      PART(0xf, 3, 0xf, MAP_SHARED_VALIDATE), BIT(0x10, MAP_FIXED),
      BIT_AS(0x20, MAP_ANONYMOUS, "MAP_ANONYMOUS"), BIT(0x40, MAP_32BIT), BIT(0x100, MAP_GROWSDOWN),
      BIT_AS(0x800, 0, "MAP_DENYWRITE"), BIT(0x2000, MAP_LOCKED), BIT(0x4000, MAP_NORESERVE),
      BIT(0x8000, MAP_POPULATE), BIT(0x20000, MAP_STACK), BIT(0x40000, MAP_HUGETLB),
      BIT(0x100000, MAP_FIXED_NOREPLACE));
SEEN(map_flags, u32, map_names);
NAMES(advice_names, i32, IS(0, MADV_NORMAL), IS(1, MADV_RANDOM), IS(2, MADV_SEQUENTIAL),
      IS(3, MADV_WILLNEED), IS(4, MADV_DONTNEED), IS(8, MADV_FREE), IS(12, MADV_MERGEABLE),
      IS(14, MADV_HUGEPAGE), IS(15, MADV_NOHUGEPAGE), IS(16, MADV_DONTDUMP));
SEEN(advice, i32, advice_names);

/* ---- Processes ------------------------------------------------------------------------------ */

static const struct name names_signal_names[] = {
#define SIGNAL(n, d, text) IS_AS(n, n, text),
#include "personalities/linux/signals.def"
#undef SIGNAL
	IS_AS(0, 0, "0"),
};
static const struct type type_signal_names = {.name = "signal_names",
					      .kind = KIND_NAMES,
					      .is_signed = true,
					      .guest_size = 4,
					      .host_size = 4,
					      .count = COUNT(names_signal_names),
					      .names = names_signal_names};
SEEN(signal, i32, signal_names);

static size_t tell_status(char *to, size_t size, const void *guest, size_t n)
{
	enum { CONTINUED = 0xffff };
	static const char *const names[] = {
#define SIGNAL(number, d, text) [number] = (text),
#include "personalities/linux/signals.def"
#undef SIGNAL
	};
	struct text t = {.to = to, .size = size};
	uint32_t status;

	if (n < sizeof status)
		return 0;
	memcpy(&status, guest, sizeof status);
	text_wait_status(&t, status, CONTINUED, names, COUNT(names));
	return t.n;
}
static const struct type type_wait_status = {.name = "wait_status",
					     .kind = KIND_INT,
					     .guest_size = 4,
					     .host_size = 4,
					     .tell = tell_status};
NAMES(clone_names, u64, BIT(0x100, CLONE_VM), BIT(0x200, CLONE_FS), BIT(0x400, CLONE_FILES),
      BIT(0x800, CLONE_SIGHAND), BIT(0x1000, CLONE_PIDFD), BIT(0x4000, CLONE_VFORK),
      BIT(0x10000, CLONE_THREAD), BIT(0x40000, CLONE_SYSVSEM), BIT(0x80000, CLONE_SETTLS),
      BIT(0x100000, CLONE_PARENT_SETTID), BIT(0x200000, CLONE_CHILD_CLEARTID),
      BIT(0x400000, CLONE_DETACHED), BIT(0x1000000, CLONE_CHILD_SETTID),
      PART_AS(0xff, SIGCHLD, 0xff, SIGCHLD, "SIGCHLD"));
SEEN(clone_flags, u64, clone_names);
#define FUTEX_IS(n) PART_AS(FUTEX_CMD_MASK & 0x7f, n, 0x7f, n, #n)
NAMES(futex_names, i32, FUTEX_IS(FUTEX_WAIT), FUTEX_IS(FUTEX_WAKE), FUTEX_IS(FUTEX_REQUEUE),
      FUTEX_IS(FUTEX_CMP_REQUEUE), FUTEX_IS(FUTEX_WAKE_OP), FUTEX_IS(FUTEX_LOCK_PI),
      FUTEX_IS(FUTEX_UNLOCK_PI), FUTEX_IS(FUTEX_TRYLOCK_PI), FUTEX_IS(FUTEX_WAIT_BITSET),
      FUTEX_IS(FUTEX_WAKE_BITSET), FUTEX_IS(FUTEX_WAIT_REQUEUE_PI), FUTEX_IS(FUTEX_CMP_REQUEUE_PI),
      BIT(FUTEX_PRIVATE_FLAG, FUTEX_PRIVATE_FLAG), BIT(FUTEX_CLOCK_REALTIME, FUTEX_CLOCK_REALTIME));
SEEN(futex_op, i32, futex_names);

/* ---- Time ----------------------------------------------------------------------------------- */

NAMES(clock_names, i32, IS(0, CLOCK_REALTIME), IS(1, CLOCK_MONOTONIC),
      IS(2, CLOCK_PROCESS_CPUTIME_ID), IS(3, CLOCK_THREAD_CPUTIME_ID), IS(4, CLOCK_MONOTONIC_RAW),
      IS(5, CLOCK_REALTIME_COARSE), IS(6, CLOCK_MONOTONIC_COARSE), IS(7, CLOCK_BOOTTIME));
SEEN(clock, i32, clock_names);
NAMES(timer_names, u32, BIT(1, TIMER_ABSTIME));
SEEN(timer_flags, u32, timer_names);
#define HOST struct timeval
STRUCT(timeval, 16, FIELD(0, measured, tv_sec), FIELD(8, measured, tv_usec));
#undef HOST

/* ---- Waiting --------------------------------------------------------------------------------- */

struct shown_pollfd {
	int32_t fd;
	int16_t events, revents;
};
NAMES(poll_events, i16, BIT(0x1, POLLIN), BIT(0x2, POLLPRI), BIT(0x4, POLLOUT), BIT(0x8, POLLERR),
      BIT(0x10, POLLHUP), BIT(0x20, POLLNVAL), BIT(0x40, POLLRDNORM), BIT(0x80, POLLRDBAND),
      BIT(0x2000, POLLRDHUP));
#define HOST struct shown_pollfd
STRUCT(pollfd, 8, FIELD(0, i32, fd), FIELD(4, poll_events, events), FIELD(6, poll_events, revents));
#undef HOST
NAMES(epoll_names, i32, IS(1, EPOLL_CTL_ADD), IS(2, EPOLL_CTL_DEL), IS(3, EPOLL_CTL_MOD));
SEEN(epoll_op, i32, epoll_names);
NAMES(epoll_events, u32, BIT_AS(0x1, 0, "EPOLLIN"), BIT_AS(0x2, 0, "EPOLLPRI"),
      BIT_AS(0x4, 0, "EPOLLOUT"), BIT_AS(0x8, 0, "EPOLLERR"), BIT_AS(0x10, 0, "EPOLLHUP"),
      BIT_AS(0x40, 0, "EPOLLRDNORM"), BIT_AS(0x2000, 0, "EPOLLRDHUP"),
      BIT_AS(0x10000000, 0, "EPOLLEXCLUSIVE"), BIT_AS(0x20000000, 0, "EPOLLWAKEUP"),
      BIT_AS(0x40000000, 0, "EPOLLONESHOT"), BIT_AS(0x80000000, 0, "EPOLLET"));
#define HOST struct epoll_event
STRUCT(epoll_event, 12, FIELD(0, epoll_events, events), FIELD(4, hex64, data));
#undef HOST

/* ---- Sockets --------------------------------------------------------------------------------- */

static int address_itself(struct call *c, const void *from, void *to)
{
	(void)c;
	memcpy(to, from, sizeof(struct address));
	return 0;
}
ADDRESS_TYPE(sockaddr, address_itself, address_itself);
NAMES(domain_names, i32, IS_AS(0, 0, "AF_UNSPEC"), IS_AS(1, 1, "AF_UNIX"), IS_AS(2, 2, "AF_INET"),
      IS_AS(10, 10, "AF_INET6"), IS_AS(16, 16, "AF_NETLINK"), IS_AS(17, 17, "AF_PACKET"));
SEEN(domain, i32, domain_names);
#define SOCKET_IS(n, text) PART_AS(0xf, n, 0xf, n, text)
NAMES(socket_names, i32, SOCKET_IS(1, "SOCK_STREAM"), SOCKET_IS(2, "SOCK_DGRAM"),
      SOCKET_IS(3, "SOCK_RAW"), SOCKET_IS(5, "SOCK_SEQPACKET"),
      BIT_AS(O_NONBLOCK, O_NONBLOCK, "SOCK_NONBLOCK"),
      BIT_AS(O_CLOEXEC, O_CLOEXEC, "SOCK_CLOEXEC"));
SEEN(socket_type, i32, socket_names);
NAMES(accept_names, u32, BIT_AS(O_NONBLOCK, O_NONBLOCK, "SOCK_NONBLOCK"),
      BIT_AS(O_CLOEXEC, O_CLOEXEC, "SOCK_CLOEXEC"));
SEEN(accept_flags, u32, accept_names);
NAMES(level_names, i32, IS_AS(0, 0, "SOL_IP"), IS_AS(1, 1, "SOL_SOCKET"), IS_AS(6, 6, "SOL_TCP"),
      IS_AS(17, 17, "SOL_UDP"), IS_AS(41, 41, "SOL_IPV6"));
SEEN(option_level, i32, level_names);
#define HOST struct host_message
STRUCT(msghdr, 56, FIELD_TO(0, name, "msg_name", PASS_IN, sockaddr, 1),
       FIELD_AS(8, u32, name_length, "msg_namelen"),
       FIELD_TO(16, vectors, "msg_iov", PASS_IN_VECTORS, ptr, 3),
       FIELD_AS(24, u64, n_vectors, "msg_iovlen"),
       FIELD_TO(32, control, "msg_control", PASS_IN_BYTES, u8, 5),
       FIELD_AS(40, u64, control_length, "msg_controllen"),
       FIELD_AS(48, hex32, flags, "msg_flags"));
#undef HOST

#endif
