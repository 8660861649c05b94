/* How the kernel's binfmt_misc is told of a system's programs. */
#ifndef GUISE_FOREIGN_H
#define GUISE_FOREIGN_H

#include <stdbool.h>

#include "syscalls/personality.h"

/* True if the kernel can tell that system's programs by their header, and does not run them
 * itself. */
bool foreign_has_brand(const struct personality *p);

/* The line for its `register`: executed instead is what is at `interpreter`, opened once and
 * for all (flag F), with the path and the program's own argv[0] (flag P).  To be freed; NULL:
 * no memory. */
char *foreign_registration(const struct personality *p, const char *interpreter);

#endif
