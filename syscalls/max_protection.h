/* What a mapping's protection may become at most, where its maker said so: max_protection of a
 * vm_map_entry (sys/vm/vm_map.h).  Linux knows no such thing for memory of a process's
 * own, so the ranges are kept here.  A mapping nobody limited is in none. */
#ifndef GUISE_MAX_PROTECTION_H
#define GUISE_MAX_PROTECTION_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct max_protections;

/* Around a change of mappings, with which what is kept changes: nobody else changes it meanwhile.
 * limits: it may add a range.  1; 0: nothing is kept, and there is nothing to set; -ENOMEM: no room
 * for what it might add.  max_protection_end() takes the first two. */
int max_protection_begin(struct process *p, bool limits);
void max_protection_end(struct process *p, int begun);

/* What every page of it may have; PROT_ bits. */
uint64_t max_protection_of(const struct process *p, uint64_t at, uint64_t n);
/* It may have no more than most now, whatever was before; all three bits: it is not limited. */
void max_protection_set(struct process *p, uint64_t at, uint64_t n, uint64_t most);

/* For a child whose memory is not a copy of this one's: 0 or -ENOMEM. */
int max_protection_copy(struct process *to, const struct process *from);

#endif
