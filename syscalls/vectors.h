/* Vector state of a signal's context that has room for no more than the 512 bytes every processor
 * has: what is beyond (the upper halves of wider registers) lies elsewhere on the same stack, and
 * words in the bytes that the processor leaves to software (464 to 511) say where.  A context that
 * a program has made by itself, or copied over, has none or stale ones: they count only while they
 * point into the same stack page by page, and the state they lead to is checked like any other. */
#ifndef GUISE_VECTORS_H
#define GUISE_VECTORS_H

#include <stddef.h>
#include <stdint.h>

struct thread;

#define VECTORS_LEGACY 512 /* bytes in the context itself */
size_t vectors_beyond(void); /* bytes of the rest; they lie at a multiple of 64 */

int vectors_keep(struct thread *t, uint64_t legacy, uint64_t rest);
int vectors_restore(struct thread *t, uint64_t legacy);

#endif
