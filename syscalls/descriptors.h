/* What the engine has to remember of a process's descriptors.
 *
 * Most descriptors need nothing: their table entry is zero, or not even allocated.
 * An entry says that a number is hidden from the guest, that a kqueue watches it (the
 * registrations die when it is closed), or that it is a kqueue.  A process's table is
 * made at the first need.  Threads share it; a fork child has a copy by nature; a vfork
 * child, which shares memory but not descriptors, needs descriptors_copy().
 *
 * Who closes or makes descriptors tells this file:
 *
 *     close            descriptor_closing(), then the Linux call
 *     dup, F_DUPFD     the Linux call, then descriptor_duplicated()
 *     dup2, dup3       descriptor_duplicate_onto() does both
 *     closefrom, ...   descriptors_close_range()
 *     fork             descriptors_lock() before, descriptors_unlock() after on both sides,
 *                      then descriptors_forked() in the child
 */
#ifndef GUISE_DESCRIPTORS_H
#define GUISE_DESCRIPTORS_H

#include "syscalls/launch.h"
#include "syscalls/process.h"

enum descriptor_flags {
	DESCRIPTOR_HIDDEN = 1, /* the engine's own; for the guest the number is not open */
	DESCRIPTOR_HELPER = 2, /* serves a kqueue and is closed where that is not inherited */
	DESCRIPTOR_NO_SIGPIPE = 4, /* a socket that never raises SIGPIPE */
	DESCRIPTOR_SHUT_WRITE = 8, /* the guest shut its sending side down */
	DESCRIPTOR_CONNECTING = 16, /* a connect is under way: its error is not yet known */
	DESCRIPTOR_CLOSE_ON_FORK = 32, /* children do not get it (of the number, not the file) */
	DESCRIPTOR_SHUT_LISTENING = 128, /* no connection will come of it any more */
	DESCRIPTOR_LOCAL_DATAGRAM = 64, /* sending never waits for room */
};

struct kqueue; /* kqueue.c */
struct watch;

struct descriptor {
	struct kqueue *kqueue; /* this descriptor is a kqueue */
	struct watch *watches; /* kqueues watch this descriptor */
	uint32_t flags;
	int32_t pid, maker; /* it stands for a process (procdesc.c); who made that */
	int32_t status; /* how that ended, and PROCDESC_TOLD, once it was waited for */
	uint32_t rights; /* what may be done with it: a set of the personality's; 0: everything */
	int32_t error; /* a socket's error that kevent reported before the guest asked for it */
};

#define PROCDESC_TOLD 0x10000

/* Large enough for Linux's default fs.nr_open. */
#define DESCRIPTORS_MAX (1u << 20)
#define DESCRIPTORS_CHUNK 2048u

struct descriptors {
	struct lock lock; /* all that is below, and every kqueue of the process */
	uint32_t end; /* no entry at or above is in use */
	uint32_t watches; /* made so far: tells a registration from an earlier one of its number */
	uint32_t processes; /* entries with a pid */
	uint32_t n_left; /* children left alone by their descriptors, to be waited for */
	int32_t left[64];
	struct kqueue *kqueues;
	void *cell_blocks; /* memory of knotes and watches, see kqueue.c */
	void *free_cells;
	struct descriptor *chunks[DESCRIPTORS_MAX / DESCRIPTORS_CHUNK];
};

/* The entry of a descriptor, or NULL if nothing was ever remembered of it. */
struct descriptor *descriptor_find(const struct process *p, int fd);

/* The same, made if it is missing; NULL if the number is out of range or memory is short. */
struct descriptor *descriptor_make(struct process *p, int fd);

/* Sets and clears flags.  Setting can fail for want of memory: -ENOMEM. */
int descriptor_set(struct process *p, int fd, uint32_t flags);
void descriptor_clear(struct process *p, int fd, uint32_t flags);
bool descriptor_has(const struct process *p, int fd, uint32_t flags);

bool descriptor_is_hidden_high(const struct process *p, int fd);

/* True if the number is the engine's own: the reserved range, or one hidden since. */
static inline bool descriptor_is_hidden(const struct process *p, int fd)
{
	return fd >= HIDDEN_FIRST && descriptor_is_hidden_high(p, fd);
}

/* A descriptor just made, or an error, with the flags of the call that made it: with
 * O_CLOSE_ON_FORK, children do not get it.  A thread that forks between Linux's call and this
 * one still shares it.  Itself, or -errno (then it is closed).  Makes the call close. */
long descriptor_made(struct call *c, long fd, uint64_t flags);

/* Gives both ends of a pair just made to the guest, flagged the same way: 0, or -errno (then
 * they are closed).  at: where Linux put them.  Makes the call close. */
long descriptors_made(struct call *c, uint64_t at, uint64_t to, uint64_t flags, int32_t ends[2]);

/* Moves a descriptor just made out of the guest's reach and hides it: its new number, or
 * -errno (then fd is closed).  Makes the calls fcntl, close. */
int descriptor_hide(struct call *c, int fd);

/* What closing a descriptor that kqueues watch may make, for rows. */
#define USES_CLOSING \
	USES(epoll_ctl, close, write, eventfd2, fcntl, fanotify_mark, openat, name_to_handle_at, \
	     fstatfs, waitid)

/* To be called BEFORE the Linux call that closes fd: drops what is remembered of it.
 * Makes the calls of USES_CLOSING (all only if a kqueue is concerned). */
void descriptor_closing(struct call *c, int fd);

/* What telling kqueues that a file was moved in makes, for rows. */
#define USES_MOVED USES(fstat, lseek, epoll_ctl, close, write, eventfd2, fcntl)

/* To be called when the descriptor's position has changed. */
void descriptor_moved(struct call *c, int fd);

/* To be called after the Linux call that made `to` a duplicate of `from`. */
void descriptor_duplicated(struct call *c, int from, int to);

/* dup2 and dup3 in one: `to` is closed if it was open.  host_flags: 0 or O_CLOEXEC.
 * The case from == to is the caller's.  EBADF for hidden numbers on either side.
 * Makes the calls dup3, fcntl and those of descriptor_closing(). */
long descriptor_duplicate_onto(struct call *c, int from, int to, uint32_t host_flags);

/* close_range without the hidden ones; host_flags as Linux's (0, or CLOSE_RANGE_CLOEXEC,
 * which closes nothing yet).  Makes the calls close_range and those of descriptor_closing(). */
long descriptors_close_range(struct call *c, uint32_t first, uint32_t last, uint32_t host_flags);

/* Around fork, so that the child finds the table in order.  No-ops without a table. */
void descriptors_lock(struct process *p);
void descriptors_unlock(struct process *p);

/* In a fork's child: kqueues are not inherited.  Makes the call close. */
void descriptors_forked(struct call *c);

/* In a vfork's child, whose memory is its parent's: a table of its own, without the kqueues
 * (which are closed in the child).  *to may become NULL (nothing remembered): 0 or -ENOMEM.
 * Makes the call close.  The copy goes with descriptors_free() when the child execs or exits. */
int descriptors_copy(struct call *c, const struct descriptors *from, struct descriptors **to);
void descriptors_free(struct descriptors *d);

#endif
