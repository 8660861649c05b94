/* What the files of the resident's signals share: signal.c (arrival, settling, delivery) and
 * mask.c (actions, masks, waiting, sending). */
#ifndef GUISE_RESIDENT_SIGNALS_H
#define GUISE_RESIDENT_SIGNALS_H

#include "syscalls/engine/resident/resident.h"

#include <asm/signal.h>

#define HOST_BIT(n) (1UL << ((n)-1))
/* Never blocked in Linux: faults, and how calls get here. */
#define SYNCHRONOUS \
	(HOST_BIT(SIGSEGV) | HOST_BIT(SIGBUS) | HOST_BIT(SIGFPE) | HOST_BIT(SIGILL) | \
	 HOST_BIT(SIGTRAP) | HOST_BIT(SIGSYS))

struct signal;
struct ucontext;

/* signal.c */
int set_host_action(int n, uint64_t handler, uint64_t flags);
void set_host_mask(uint64_t mask);
/* Linux's mask, unless a signal is in hand: then all stay blocked until it is settled, and
 * the answer is false.  In between nothing can arrive unseen. */
bool set_host_mask_unless_pending(struct resident *r, uint64_t mask);
void host_signal(int number, siginfo_t *si, struct ucontext *uc);
/* The guest's view of what Linux sent; info->number 0 if the guest has no such signal. */
void signals_convert(const struct resident *r, const siginfo_t *from, struct signal_info *info);
/* Linux delivers it again, marked as such: to one thread, or (0) to the process. */
void signals_queue(const struct resident *r, const siginfo_t *si, int host_tid);
/* Unblocked in Linux, or, if a signal is in hand, when that is settled. */
void signals_let_in(const uint64_t *host);
/* host_blocked has, of the Linux numbers of the guest's mask, those that no signal may overtake. */
void signals_block_queued(struct resident *r, uint64_t masked);
/* Held signals that the guest does not block any more, made up anew: true if there was one. */
bool signals_take_held(struct resident *r);

/* counted.c */
bool counted_needs_handler(const struct process *p, const struct signal *s, const struct action *a);
uint64_t counted_in_host(const struct process *p); /* Linux numbers never blocked there */
void count_signal(struct resident *r, int guest);
void count_arrived(struct resident *r, const siginfo_t *si, const struct signal_info *info);
/* A signal the guest blocks: true if it was taken care of. */
bool counted_held(struct resident *r, const siginfo_t *si, const struct signal_info *info);
struct signal_info held_signal(const struct resident *r, int guest);
void counted_give_back(struct resident *r);

#endif
