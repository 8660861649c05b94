/* Signals between the two numberings. */
#ifndef GUISE_SIGNAL_H
#define GUISE_SIGNAL_H

#include "syscalls/launch.h"
#include "syscalls/personality.h"
#include "syscalls/process.h"

/* The table's line for a guest number, or NULL. */
const struct signal *signal_by_guest(const struct personality *p, int guest);
/* Guest number of a Linux one; 0 if it carries none by itself. */
int signal_from_host(const struct personality *p, int host);
/* True if that Linux signal stands for several of the system's: it has more than Linux. */
static inline bool signal_is_carrier(const struct personality *p, int host)
{
	return host == HOST_SIGNAL_CARRIER && p->max_signal > HOST_SIGNAL_CARRIER;
}
int signal_default_of(const struct personality *p, int guest);
/* Linux numbers (bit n-1) of a guest set. */
uint64_t sigset_to_host(const struct personality *p, const struct sigset *s);
/* A set as one program hands it to the next, which may be of another system: Linux numbers
 * in words[0], the system's own of those that share a carrier in the others. */
void sigset_hand_over(const struct personality *p, const struct sigset *s,
		      uint64_t words[HANDOVER_SET]);
void sigset_take_over(const struct personality *p, const uint64_t words[HANDOVER_SET],
		      struct sigset *s);

/* The thread's mask from now on (KILL and STOP left out). */
void signal_set_mask(struct call *c, const struct sigset *mask);
/* The mask for the length of this one call. */
void signal_borrow_mask(struct call *c, const struct sigset *mask);
bool signal_on_altstack(const struct thread *t);

/* The guest's registers out of a frame of Linux's; rflags as they stand there. */
struct sigcontext;
void signal_registers(const struct sigcontext *from, struct regs *to);

/* What a personality's sigaltstack type describes as its host side. */
struct altstack {
	uint64_t base, size;
	uint32_t flags;
};

/* The mask a handler runs with. */
void mask_for_handler(struct sigset *mask, const struct action *a, int n);

/* si_codes that do not come from a fault, as guise carries them; each system numbers them
 * its own way (personality->signal_code). */
enum signal_code {
	CODE_USER = 0x10001,
	CODE_QUEUE,
	CODE_TIMER,
	CODE_ASYNCIO,
	CODE_MESGQ,
	CODE_KERNEL,
	CODE_THREAD,
};

/* sigaction(number, action, old action): with the trampoline, where it is not in the structure. */
long signal_act(struct call *c, const uint64_t *trampoline);

/* kill(a[0], a[1]), for other calls. */
long call_kill(struct call *c);

#endif
