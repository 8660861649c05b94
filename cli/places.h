/* The options that say what is where inside: --ro, --rw, --tmpfs, --hide, --overlay. */
#ifndef GUISE_PLACES_H
#define GUISE_PLACES_H

#include "cli/command.h"
#include "sandbox/options.h"

/* All of them, in their order, into binds: 0 or -1 with *why filled in. */
int places_read(const struct given_list *given, struct box_options *box, struct failure *why);

/* The working directory as one of the binds. */
int places_show_working(struct box_options *box, struct failure *why);
/* The directories in which version control keeps its own; the last is NULL. */
extern const char *const places_version_control[];

/* Version control in a directory that is writable inside stays as it is: its hooks and its
 * configuration are what the host runs later. */
int places_protect(struct box_options *box, const char *directory, struct failure *why);
/* What is written there is thrown away. */
void places_throw_away(struct bind *b);

void places_free(struct bind *b);

#endif
