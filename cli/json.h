/* What --json prints. */
#ifndef GUISE_CLI_JSON_H
#define GUISE_CLI_JSON_H

#include <jansson.h>

struct failure;

/* Prints and forgets it: 0 or COMMAND_FAILED. */
int json_print(json_t *all, size_t indent, struct failure *why);

#endif
