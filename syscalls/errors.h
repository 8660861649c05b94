/* Error numbers that reach the guest as data, not as a call's failure. */
#ifndef GUISE_ERRORS_H
#define GUISE_ERRORS_H

#include "syscalls/personality.h"

/* The guest's number of a Linux error (both positive); EINVAL's for one it has no name for. */
static inline int guest_error(const struct call *c, int error)
{
	const struct personality *p = c->personality;
	if (error == 0)
		return 0;
	if (error > 0 && (uint32_t)error < p->n_errnos && p->errnos[error])
		return p->errnos[error];
	return p->errnos[EINVAL];
}

#endif
