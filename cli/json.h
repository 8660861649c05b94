/* What is told as JSON. */
#ifndef GUISE_CLI_JSON_H
#define GUISE_CLI_JSON_H

#include <jansson.h>
#include <stdio.h>

struct failure;

/* Prints and forgets it: 0 or COMMAND_FAILED. */
int json_print(json_t *all, size_t indent, struct failure *why);

/* The same to a file, which messages call `where`. */
int json_write(json_t *all, FILE *out, size_t indent, const char *where, struct failure *why);

#endif
