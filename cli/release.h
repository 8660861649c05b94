/* The release programs are told they run on. */
#ifndef GUISE_RELEASE_H
#define GUISE_RELEASE_H

#include "sandbox/options.h"

/* That of the userland which the sandbox shows, as its run-time linker's note has it, into the
 * settings; left empty where there is none, and the program's own note counts. */
void release_of_userland(struct box_options *box);

#endif
