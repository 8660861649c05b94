/* A process that removes what the supervisor would have, if that is killed. */
#ifndef GUISE_CLEANER_H
#define GUISE_CLEANER_H

#include <sys/types.h>

/* Starts it.  It calls clean(what) once this process has ended, whatever ended it, and is
 * then gone.  Nothing that is opened later is known to it, and no descriptor is left open:
 * it works by names.  The process id, or -errno. */
pid_t cleaner_start(void (*clean)(void *what), void *what);
/* This process cleans up itself. */
void cleaner_stop(pid_t cleaner);

#endif
