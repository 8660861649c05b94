/* The threads of a process, as lwp_list.c keeps them. */
#ifndef GUISE_NETBSD_LWP_LIST_H
#define GUISE_NETBSD_LWP_LIST_H

#include "syscalls/process.h"

enum lwp_state { LWP_FREE, LWP_RUNS, LWP_RUNS_DETACHED, LWP_ENDED };

struct lwps {
	int32_t pid; /* whose list it is */
	uint32_t changes; /* counted up at each; waiters sleep on it */
	uint32_t n, room;
	uint64_t controls; /* guest address of the page with lwpctls to give away */
	uint32_t n_controls; /* given away of that page */
	struct lwp {
		int32_t id;
		int32_t waits_for; /* 0: nobody */
		uint32_t state; /* enum lwp_state */
		uint32_t protections; /* _sched_protect()s that were not taken back */
		bool is_suspended;
		uint64_t control; /* guest address of its lwpctl; 0: none */
	} lwp[];
};

/* All with the process's lock held.
 * lwps_of:        the list of the calling process, made at first; NULL: no memory.
 * lwps_find:      a thread in it, or NULL.
 * lwps_make_room: a place for one more: 0 or -ENOMEM.  Pointers into the list are stale then.
 * lwps_changed:   wakes who sleeps on the count. */
struct lwps *lwps_of(struct process *p);
struct lwp *lwps_find(struct lwps *l, int32_t id);
int lwps_make_room(struct call *c, struct lwp **place);
void lwps_changed(struct call *c, struct lwps *l);

enum { CPU_NONE = -1, CPU_EXITED = -2 }; /* LWPCTL_CPU_*, sys/lwpctl.h */

#endif
