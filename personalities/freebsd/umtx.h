/* What the parts of _umtx_op share: words of the guest's, sleeping on them, waking. */
#ifndef GUISE_FREEBSD_UMTX_H
#define GUISE_FREEBSD_UMTX_H

#include "syscalls/abi.h"

enum { UMTX_SHARED = 1 }; /* USYNC_PROCESS_SHARED, in every object's flags */
#define UMTX_ALL INT32_MAX

/* A bare timespec, and a struct _umtx_time. */
enum { SHORT_TIME = 16, LONG_TIME = 24 };

/* How long to wait, as the call said. */
struct umtx_limit {
	bool has;
	bool is_relative;
	int clock; /* Linux's */
	uint64_t end; /* in ns of that clock */
	uint64_t at; /* scratch for Linux's timespec */
};
/* From a struct _umtx_time of that size, or a bare timespec: 0 or -errno. */
int umtx_limit(struct call *c, struct umtx_limit *l, uint64_t at, uint64_t size);
/* From a bare timespec on a clock of the guest's. */
int umtx_limit_on(struct call *c, struct umtx_limit *l, uint64_t at, uint32_t clock,
		  bool is_absolute);

/* An object's word, and whom its flags let wait there. */
struct umtx_word {
	uint64_t at;
	bool is_shared;
	uint32_t who; /* bits: only these are woken by a wake for them; 0 is everyone */
};

int umtx_get(struct call *c, uint64_t at, uint32_t *value);
int umtx_put(struct call *c, uint64_t at, uint32_t value);
int umtx_add(struct call *c, uint64_t at, uint32_t n, uint32_t *was);
/* Bits set and cleared, whatever else the word is. */
int umtx_change(struct call *c, uint64_t at, uint32_t set, uint32_t clear);

/* Sleeps while the word has that value: 0 woken, -EAGAIN it has another, -ETIMEDOUT, -EINTR,
 * CALL_AGAIN; with a slice (ns, 0: none) also -EAGAIN when that is over. */
long umtx_sleep_on(struct call *c, const struct umtx_word *w, uint32_t value,
		   const struct umtx_limit *l, uint64_t slice);
long umtx_wake_up(struct call *c, const struct umtx_word *w, uint32_t n);
/* How many sleep there. */
long umtx_sleepers(struct call *c, const struct umtx_word *w);

/* umtx_mutex.c: UMTX_OP_MUTEX_* and SET_CEILING */
enum umtx_mode { UMTX_TRY, UMTX_LOCK, UMTX_AWAIT };
long umtx_mutex_lock(struct call *c, uint64_t at, const struct umtx_limit *l, enum umtx_mode mode);
long umtx_mutex_unlock(struct call *c, uint64_t at, bool is_dead);
long umtx_mutex_wake(struct call *c, uint64_t at);
long umtx_mutex_repair(struct call *c, uint64_t at, uint32_t flags);
long umtx_mutex_set_ceiling(struct call *c, uint64_t at, uint32_t ceiling, uint64_t old);
/* The caller ends: the robust mutexes it holds are marked so. */
void umtx_mutex_owner_ends(struct call *c);

/* umtx_rwlock.c: UMTX_OP_RW_* */
long umtx_read_lock(struct call *c, uint64_t at, uint32_t flags, const struct umtx_limit *l);
long umtx_write_lock(struct call *c, uint64_t at, const struct umtx_limit *l);
long umtx_rw_unlock(struct call *c, uint64_t at);

/* umtx_cond.c: UMTX_OP_CV_* */
long umtx_cond_wait(struct call *c);
long umtx_cond_wake(struct call *c, uint64_t cond, uint32_t n);

/* umtx_sem.c: UMTX_OP_SEM2_*, UMTX_OP_SEM_* */
long umtx_sem2_wait(struct call *c);
long umtx_sem2_wake(struct call *c);
long umtx_sem_wait(struct call *c);
long umtx_sem_wake(struct call *c);

/* umtx_object.c: UMTX_OP_SHM(_, flags, address); openat, read, ftruncate, unlinkat, close */
long umtx_object(struct call *c);

#endif
