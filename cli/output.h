/* A file that an option names, for what is told when all is over. */
#ifndef GUISE_OUTPUT_H
#define GUISE_OUTPUT_H

#include <stdio.h>

#include "sandbox/failure.h"

/* Before the program starts; "-" is standard error, in a copy of its own.  NULL: *why says it. */
FILE *output_open(const char *option, const char *path, struct failure *why);

/* 0 if everything was written, or -1. */
int output_close(FILE *out, const char *option, const char *path, struct failure *why);

#endif
