/* kqueue: its parts, and what descriptors.c has to tell it.
 *
 * A kqueue is an epoll instance plus what this file describes; the guest's descriptor is
 * the epoll instance itself, so poll(), select() and another kqueue can watch it.
 *
 * A knote is one registration (ident, filter).  Those about a descriptor hang on a watch,
 * of which there is one for a descriptor in a kqueue, and which is one epoll registration:
 *
 * - If all its knotes are level-triggered the registration is too, and Linux says at every
 *   wait anew what is ready.
 * - Otherwise (EV_CLEAR, NOTE_LOWAT, an unconnected socket) it is edge-triggered.  A
 *   level-triggered knote then stays queued after it was reported and is looked at again
 *   by the next kevent.
 *
 * Everything Linux cannot wait for by itself (user events, expired timers, what did not fit
 * into the guest's event list, files) is queued here, and the bell, an edge-triggered
 * eventfd in the epoll instance, is rung so that sleepers and pollers see it.  All timers
 * of a kqueue share one timerfd.
 *
 * The lock of the descriptor table protects all of it and is never held while sleeping.
 */
#ifndef GUISE_KQUEUE_H
#define GUISE_KQUEUE_H

#include "syscalls/descriptors.h"

struct stat;

/* A system's filter numbers are translated to these by its type of struct event. */
enum event_filter {
	FILTER_NONE, /* the change is skipped */
	FILTER_READ,
	FILTER_WRITE,
	FILTER_TIMER,
	FILTER_USER,
	FILTER_VNODE,
	FILTER_PROC,
	FILTER_SIGNAL,
	FILTER_PROCDESC,
	FILTER_AIO,
	FILTER_FS, /* from here on: known by name, refused */
	FILTER_LIO,
	FILTER_SENDFILE,
	FILTER_EMPTY,
	FILTER_JAIL,
	FILTER_JAILDESC,
	N_FILTERS,
};

enum event_flags {
	EVENT_ADD = 0x1,
	EVENT_DELETE = 0x2,
	EVENT_ENABLE = 0x4,
	EVENT_DISABLE = 0x8,
	EVENT_ONESHOT = 0x10,
	EVENT_CLEAR = 0x20,
	EVENT_RECEIPT = 0x40,
	EVENT_DISPATCH = 0x80,
	EVENT_FORCE_ONESHOT = 0x100,
	EVENT_KEEP_UDATA = 0x200,
	EVENT_SYSTEM = 0xf000, /* the kernel's own: ignored in a change */
	EVENT_OWN = 0x2000, /* one of those: made by a call of the system's own */
	EVENT_ERROR = 0x4000,
	EVENT_EOF = 0x8000,
};

enum event_notes {
	/* READ and WRITE */
	NOTE_LOW_WATER = 0x1,
	NOTE_AS_POLL = 0x2, /* a file is readable at its end, too */
	/* VNODE */
	NOTE_DELETE = 0x1,
	NOTE_WRITE = 0x2,
	NOTE_EXTEND = 0x4,
	NOTE_ATTRIB = 0x8,
	NOTE_LINK = 0x10,
	NOTE_RENAME = 0x20,
	NOTE_REVOKE = 0x40,
	NOTE_OPEN = 0x80,
	NOTE_CLOSE = 0x100,
	NOTE_CLOSE_WRITE = 0x200,
	NOTE_ACCESS = 0x400,
	NOTE_ANY_VNODE = 0x7ff,
	/* PROC and PROCDESC */
	NOTE_EXIT = 0x80000000,
	NOTE_FORK = 0x40000000,
	NOTE_EXEC = 0x20000000,
	NOTE_TRACK = 0x1,
	NOTE_TRACK_FAILED = 0x2,
	NOTE_CHILD = 0x4,
	/* TIMER */
	NOTE_SECONDS = 0x1,
	NOTE_MSECONDS = 0x2,
	NOTE_USECONDS = 0x4,
	NOTE_NSECONDS = 0x8,
	NOTE_UNIT = 0xf,
	NOTE_ABSOLUTE = 0x10,
	/* USER */
	NOTE_TRIGGER = 0x01000000,
	NOTE_USER_FLAGS = 0x00ffffff,
	NOTE_USER_HOW = 0xc0000000,
	NOTE_USER_AND = 0x40000000,
	NOTE_USER_OR = 0x80000000,
	NOTE_USER_COPY = 0xc0000000,
};

/* struct kevent's host form. */
struct event {
	uint64_t ident;
	int16_t filter; /* enum event_filter */
	uint16_t flags;
	uint32_t notes;
	int64_t data;
	uint64_t udata;
	uint64_t ext[4];
};

/* The flags of kqueue1() and kqueuex(), host form. */
enum kqueue_flags { KQUEUE_CLOSE_ON_EXEC = 1 };

enum knote_status {
	KNOTE_ACTIVE = 1, /* its condition was met and not yet reported */
	KNOTE_QUEUED = 2,
	KNOTE_DISABLED = 4,
	KNOTE_CHECKED = 8, /* what event says is of this very kevent */
	KNOTE_FILED = 16, /* in the table by ident and filter */
};

struct knote {
	struct event event; /* as it will be reported */
	struct kqueue *kq;
	struct knote *next, *previous; /* in the queue */
	struct knote *chain; /* in the table */
	struct watch *watch; /* of the descriptor it waits for, or NULL */
	int64_t parameter; /* data as the guest set it */
	int64_t seen; /* of a file with EV_CLEAR: its size, and one more, when last looked at */
	uint32_t notes; /* fflags as the guest set them */
	uint32_t status;
	union {
		bool triggered;
		struct {
			int32_t entry; /* on the board; -1: none */
			int32_t pid;
			bool over;
			bool awaits; /* it is dead, but nobody has said how it ended */
		} process;
		struct {
			uint32_t now, told; /* how many had come */
			bool counts;
		} signal;
		struct {
			uint64_t at, period; /* ns on the monotonic clock */
			struct knote *later, *sooner;
			bool running;
		} timer;
	};
};

enum watch_kind {
	WATCH_STREAM, /* a connection-oriented socket */
	WATCH_SOCKET, /* any other */
	WATCH_PIPE,
	WATCH_KQUEUE,
	WATCH_FILE, /* epoll refuses it: the knotes are looked at, not waited for */
	WATCH_OTHER,
};

struct watch {
	struct kqueue *kq;
	struct watch *same_fd; /* the next one of this descriptor */
	struct watch *next, *previous; /* of this kqueue */
	struct knote *read, *write, *vnode, *process; /* one a filter */
	struct node *node, *parent; /* kqueue_file.c; NULL: not marked */
	struct watch *same_node, *same_parent;
	struct file_state {
		int64_t size;
		uint64_t links;
		uint32_t mode, uid, gid;
	} was; /* when last looked at, for VNODE */
	int32_t fd;
	uint32_t number; /* descriptors.watches when it was made */
	uint32_t events; /* what epoll is asked for; 0: not registered */
	uint8_t kind;
	bool edge; /* must be edge-triggered, see watch_events() */
	bool listening;
	bool no_read, no_write; /* a pipe end open only the other way: never an event */
	bool is_directory;
	bool is_process; /* a process descriptor */
	bool polls; /* counted in kqueue.files */
};

#define KNOTE_BUCKETS 256
#define NODE_BUCKETS 128

/* Less than a page. */
struct kqueue {
	struct kqueue *next;
	struct descriptors *table;
	int32_t fd; /* a descriptor that is this kqueue */
	uint32_t references; /* number of such descriptors */
	uint32_t sleepers; /* threads in epoll_pwait2 */
	bool closed; /* no descriptor left; goes with its last sleeper */
	bool rung; /* the bell's edge was not yet seen */
	int32_t bell, alarm; /* eventfd and timerfd, hidden; -1: none yet */
	int32_t notifier; /* fanotify, hidden; -1: none yet */
	uint64_t alarm_at; /* 0: not armed */
	uint32_t files; /* READ and WRITE of files that have to be looked at again and again */
	uint32_t signals; /* knotes that count them */
	uint32_t words; /* knotes that await one on how a process ended */
	uint32_t queued;
	struct knote *first, *last; /* the queue */
	struct knote *first_timer, *last_timer;
	struct watch *watches;
	struct knote *table_of[KNOTE_BUCKETS];
	struct node *nodes[NODE_BUCKETS];
};

/* What there is to a filter. */
struct filter {
	bool is_descriptor; /* the ident is one, and a watch knows the knote */
	bool is_polled; /* epoll says when to look */
	bool is_own; /* the guest itself adds none */
	uint32_t notes; /* fflags it takes */
	/* A new knote: 0 or -errno. */
	int (*attach)(struct call *c, struct knote *k);
	void (*detach)(struct call *c, struct knote *k);
	/* The guest registers it again: 0 or -errno. */
	int (*again)(struct call *c, struct knote *k, const struct event *change);
	/* Is its condition met?  Fills k->event. */
	bool (*check)(struct call *c, struct knote *k);
	/* It was reported with EV_CLEAR. */
	void (*cleared)(struct knote *k);
};

/* What kevent() makes, for rows. */
#define USES_KEVENT \
	USES(epoll_pwait2, poll, ioctl, getsockopt, fstat, lseek, read) \
	USES(pidfd_open, pidfd_send_signal, waitid, kill) \
	USES(timerfd_create, timerfd_settime, clock_gettime, fanotify_init) USES_CLOSING

/* Arguments of kevent, the same on every system. */
enum { ARG_KQUEUE, ARG_CHANGES, ARG_N_CHANGES, ARG_EVENTS, ARG_N_EVENTS, ARG_TIMEOUT };

/* kqueue.c */
extern const struct filter *const kqueue_filters[N_FILTERS]; /* NULL: none of that name */
const struct filter *kqueue_filter(const struct knote *k);
void kqueue_free(struct call *c, struct kqueue *kq);
struct knote *kqueue_find_knote(struct kqueue *kq, const struct event *e);
void *kqueue_cell(struct descriptors *d);
void kqueue_free_cell(struct descriptors *d, void *cell);
void kqueue_activate(struct call *c, struct knote *k); /* to the queue, unless disabled */
void kqueue_dequeue(struct knote *k);
int kqueue_ring(struct call *c, struct kqueue *kq);
int kqueue_make_bell(struct call *c, struct kqueue *kq);
int kqueue_hidden_event(struct call *c, struct kqueue *kq, long fd, uint64_t token);
void kqueue_drop(struct call *c, struct knote *k);
void kqueue_file(struct knote *k); /* where kqueue_find() finds it */
/* The knote of a filter whose ident is no descriptor. */
struct knote *kqueue_find(struct kqueue *kq, int filter, uint64_t ident);
void kqueue_close_helper(struct call *c, int fd);
long kqueue_epoll_ctl(struct call *c, const struct kqueue *kq, int op, int fd, uint32_t events,
		      uint64_t token);

/* What epoll tells us back: a watch's number and descriptor, or one of these. */
#define TOKEN_BELL UINT64_MAX
#define TOKEN_ALARM (UINT64_MAX - 1)
#define TOKEN_FILES (UINT64_MAX - 2)
#define TOKEN_SIGNALS (UINT64_MAX - 3)
#define TOKEN_BOARD (UINT64_MAX - 4)

/* A change made by another call than kevent, for the guest's descriptor: 0 or -errno.  Uses
 * eventfd2, fcntl, epoll_ctl, write, close. */
int kqueue_change(struct call *c, int fd, const struct event *change);

/* kqueue_aio.c */
extern const struct filter kqueue_aio;

/* kqueue_change.c: all changes in order: what kevent is to return, or 0 with *go_on set to wait. */
long kqueue_apply(struct call *c, struct kqueue *kq, bool *go_on);

/* kqueue_ready.c: with what epoll says of the descriptor */
bool watch_can_read(struct call *c, struct knote *k, uint32_t got);
bool watch_can_write(struct call *c, struct knote *k, uint32_t got);

/* kqueue_watch.c */
extern const struct filter kqueue_read, kqueue_write;
struct watch *watch_find(const struct kqueue *kq, int fd);
struct knote **watch_place(struct watch *w, int filter); /* of its knote for the filter */
struct knote *watch_any(const struct watch *w); /* one of its knotes, or NULL */
/* The filter's attach and detach, as far as the watch is concerned. */
int watch_attach(struct call *c, struct knote *k);
void watch_detach(struct call *c, struct knote *k);
/* A watch of PROC's own descriptor, which is hidden, and closed on failure. */
int watch_hidden(struct call *c, struct knote *k, int fd);
int watch_stat(struct call *c, int fd, struct stat *st);
int watch_renew(struct call *c, struct watch *w, bool look_again);
void watch_happened(struct call *c, struct kqueue *kq, uint64_t token, uint32_t events);
bool watch_is_level(const struct watch *w);

/* kqueue_file.c */
extern const struct filter kqueue_vnode;
bool file_check(struct call *c, struct knote *k); /* READ and WRITE of a file */
void file_look_at(struct call *c, struct watch *w);
void file_look_at_all(struct call *c, struct kqueue *kq);
bool file_is_one(struct call *c, const struct watch *w); /* it has a name, or had one */
int file_mark(struct call *c, struct watch *w); /* as its knotes want it */
void file_unmark(struct call *c, struct watch *w);
void file_happened(struct call *c, struct kqueue *kq); /* the notifier has something */

/* kqueue_signal.c */
extern const struct filter kqueue_signal;
void kqueue_signals(struct call *c, struct kqueue *kq); /* some came */

/* kqueue_process.c */
extern const struct filter kqueue_process, kqueue_procdesc;
void process_news(struct call *c, struct kqueue *kq); /* the board's bell rang */
void process_ended(struct call *c, struct knote *k); /* as its pidfd says */
void process_look_at_all(struct call *c, struct kqueue *kq);

/* kqueue_timer.c */
extern const struct filter kqueue_timer, kqueue_user;
void kqueue_alarm(struct call *c, struct kqueue *kq); /* timers that are due */

/* For descriptors.c; all with the table's lock held.
 * fd is about to be closed: registrations for it end. */
void kqueue_unwatch(struct call *c, int fd, struct descriptor *d);
/* The position in its file has changed. */
void kqueue_moved(struct call *c, const struct descriptor *d);
/* One descriptor fewer, or one more, that is this kqueue. */
void kqueue_closing(struct call *c, int fd, struct descriptor *d);
void kqueue_duplicated(struct kqueue *kq);
/* Gives all memory of the process's kqueues back at once. */
void kqueue_free_all(struct descriptors *d);

#endif
