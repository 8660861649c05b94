/* Capsicum: what capability mode and rights of descriptors allow.
 *
 * A process in capability mode has given up every global name: it may make the calls that are
 * marked so in capability.def, find files only below directories it has open, and signal itself.
 * Rights belong to a descriptor, in that mode or not: a call needs those that capability.def (or
 * a function named there) tells, a duplicate, a file opened below a directory and an accepted
 * connection have those of what they came from.  Both go through fork and exec.
 *
 * Nothing of this costs a process that never asked for it.  The first limit makes the process a
 * guarded one (process_guard()): each of its calls is looked at here before the row's translator
 * gets it (capability.c), and none is made in the quick way any more.  Sets of rights never
 * change and are kept once for all descriptors that have the same (rights.c).
 *
 * The translator shares the program's memory: this holds a program that keeps to its system's
 * calls, as Capsicum's users do to limit what their own parsers are led to.  Against one that
 * is out to break it stands what stands around the whole sandbox. */
#ifndef GUISE_FREEBSD_CAPABILITY_H
#define GUISE_FREEBSD_CAPABILITY_H

#include "syscalls/descriptors.h"
#include "syscalls/process.h"

/* sys/capsicum.h: bits 57 and 58 say which of the two words a right is in. */
#define RIGHT(word, bit) (1UL << (57 + (word)) | (bit))
#define RIGHT_WORD(right) ((right) >> 58 & 1)
#define RIGHT_BITS ((1UL << 57) - 1)

#define CAP_READ RIGHT(0, 0x1UL)
#define CAP_WRITE RIGHT(0, 0x2UL)
#define CAP_SEEK_TELL RIGHT(0, 0x4UL)
#define CAP_SEEK (CAP_SEEK_TELL | 0x8UL)
#define CAP_PREAD (CAP_SEEK | CAP_READ)
#define CAP_PWRITE (CAP_SEEK | CAP_WRITE)
#define CAP_MMAP RIGHT(0, 0x10UL)
#define CAP_MMAP_R (CAP_MMAP | CAP_SEEK | CAP_READ)
#define CAP_MMAP_W (CAP_MMAP | CAP_SEEK | CAP_WRITE)
#define CAP_MMAP_X (CAP_MMAP | CAP_SEEK | 0x20UL)
#define CAP_CREATE RIGHT(0, 0x40UL)
#define CAP_FEXECVE RIGHT(0, 0x80UL)
#define CAP_FSYNC RIGHT(0, 0x100UL)
#define CAP_FTRUNCATE RIGHT(0, 0x200UL)
#define CAP_LOOKUP RIGHT(0, 0x400UL)
#define CAP_FCHDIR RIGHT(0, 0x800UL)
#define CAP_FCHFLAGS RIGHT(0, 0x1000UL)
#define CAP_FCHMOD RIGHT(0, 0x2000UL)
#define CAP_FCHOWN RIGHT(0, 0x4000UL)
#define CAP_FCNTL RIGHT(0, 0x8000UL)
#define CAP_FLOCK RIGHT(0, 0x10000UL)
#define CAP_FPATHCONF RIGHT(0, 0x20000UL)
#define CAP_FSTAT RIGHT(0, 0x80000UL)
#define CAP_FSTATFS RIGHT(0, 0x100000UL)
#define CAP_FUTIMES RIGHT(0, 0x200000UL)
#define CAP_LINKAT_TARGET (CAP_LOOKUP | 0x400000UL)
#define CAP_MKDIRAT (CAP_LOOKUP | 0x800000UL)
#define CAP_MKFIFOAT (CAP_LOOKUP | 0x1000000UL)
#define CAP_MKNODAT (CAP_LOOKUP | 0x2000000UL)
#define CAP_RENAMEAT_SOURCE (CAP_LOOKUP | 0x4000000UL)
#define CAP_SYMLINKAT (CAP_LOOKUP | 0x8000000UL)
#define CAP_UNLINKAT (CAP_LOOKUP | 0x10000000UL)
#define CAP_ACCEPT RIGHT(0, 0x20000000UL)
#define CAP_BIND RIGHT(0, 0x40000000UL)
#define CAP_CONNECT RIGHT(0, 0x80000000UL)
#define CAP_GETPEERNAME RIGHT(0, 0x100000000UL)
#define CAP_GETSOCKNAME RIGHT(0, 0x200000000UL)
#define CAP_GETSOCKOPT RIGHT(0, 0x400000000UL)
#define CAP_LISTEN RIGHT(0, 0x800000000UL)
#define CAP_SETSOCKOPT RIGHT(0, 0x2000000000UL)
#define CAP_SHUTDOWN RIGHT(0, 0x4000000000UL)
#define CAP_BINDAT (CAP_LOOKUP | 0x8000000000UL)
#define CAP_CONNECTAT (CAP_LOOKUP | 0x10000000000UL)
#define CAP_LINKAT_SOURCE (CAP_LOOKUP | 0x20000000000UL)
#define CAP_RENAMEAT_TARGET (CAP_LOOKUP | 0x40000000000UL)
#define CAP_ALL0 RIGHT(0, 0xfffffffffffUL)
#define CAP_EVENT RIGHT(1, 0x20UL)
#define CAP_KQUEUE_EVENT RIGHT(1, 0x40UL)
#define CAP_IOCTL RIGHT(1, 0x80UL)
#define CAP_PDGETPID RIGHT(1, 0x200UL)
#define CAP_SEM_GETVALUE RIGHT(1, 0x4UL)
#define CAP_SEM_POST RIGHT(1, 0x8UL)
#define CAP_SEM_WAIT RIGHT(1, 0x10UL)
#define CAP_PDWAIT RIGHT(1, 0x400UL)
#define CAP_PDKILL RIGHT(1, 0x800UL)
#define CAP_EXTATTR_DELETE RIGHT(1, 0x1000UL)
#define CAP_EXTATTR_GET RIGHT(1, 0x2000UL)
#define CAP_EXTATTR_LIST RIGHT(1, 0x4000UL)
#define CAP_EXTATTR_SET RIGHT(1, 0x8000UL)
#define CAP_ACL_CHECK RIGHT(1, 0x10000UL)
#define CAP_ACL_DELETE RIGHT(1, 0x20000UL)
#define CAP_ACL_GET RIGHT(1, 0x40000UL)
#define CAP_ACL_SET RIGHT(1, 0x80000UL)
#define CAP_KQUEUE_CHANGE RIGHT(1, 0x100000UL)
#define CAP_INOTIFY_ADD RIGHT(1, 0x200000UL)
#define CAP_INOTIFY_RM RIGHT(1, 0x400000UL)
#define CAP_ALL1 RIGHT(1, 0x7fffffUL)

/* Of fcntl, those that cap_fcntls_limit speaks of: F_GETFL, F_SETFL, F_GETOWN, F_SETOWN. */
#define CAP_FCNTL_ALL 0x78u
#define CAP_IOCTLS_MAX 256
#define CAP_IOCTLS_ALL (-1)

/* One set of rights, which any number of descriptors may have. */
struct right_set {
	uint64_t rights[2];
	uint32_t fcntls; /* bit n: fcntl's command n */
	int32_t n_ioctls; /* CAP_IOCTLS_ALL */
	uint64_t *ioctls;
};

/* What a descriptor has; NULL: everything. */
const struct right_set *rights_of(const struct process *p, int fd);
/* ENOTCAPABLE's negative if it lacks some of it. */
int rights_need(const struct process *p, int fd, uint64_t right);
/* Gives `to` what `from` has: 0 or -ENOMEM. */
/* Of a fork's child, in an engine that does not copy them with all memory. */
int freebsd_copy_state(struct process *child, const struct process *parent);
int rights_inherit(struct process *p, int from, int to);

/* Gives fd a set: 0 or -ENOMEM. */
int rights_give(struct process *p, int fd, const struct right_set *s);

/* A message's n descriptors with what they are limited to, which goes as one more of them: its
 * number, or -errno.  It is dropped when it
 * was sent; and taken out of those that came: how many there are besides.  Calls of their own, which are part of no row. */
long rights_pack(struct call *c, const int *fds, size_t n);
void rights_drop(struct call *c, int packed);
size_t rights_unpack(struct call *c, const int *fds, size_t n);

/* personality.h */
long freebsd_guard(struct call *c);
int freebsd_guard_hand_over(struct call *c, int *fd);
int freebsd_guard_take_up(struct call *c, int fd);

/* A value of the sysctl tree that capability mode leaves readable. */
bool freebsd_capability_reads(const char *name);

#endif
