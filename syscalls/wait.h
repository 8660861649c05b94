/* What waiting translators share with personalities' types. */
#ifndef GUISE_WAIT_H
#define GUISE_WAIT_H

#include "syscalls/personality.h"

#define WAIT_USAGE_SIZE 144 /* struct rusage, the same on every system here */

/* A Linux wait status from what waitid tells. */
struct siginfo;
/* si_status, of waitid or of SIGCHLD, as the guest shall see it. */
int signal_child_status(const struct personality *p, const struct siginfo *si);
int wait_status_of(const struct siginfo *si);

/* A Linux wait status with the guest's signal numbers inside; "continued" (0xffff) is
 * the caller's to translate. */
int wait_status_to_guest(const struct personality *p, int status);

#endif
