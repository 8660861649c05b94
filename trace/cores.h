/* Where core files go (core.h writes them). */
#ifndef GUISE_TRACE_CORES_H
#define GUISE_TRACE_CORES_H

#include <stdint.h>

struct cores;

/* path: %p in the name stands for the process's number; most: bytes of all files together.
 * 0 or -errno, such as that there is no such directory. */
int cores_open(const char *path, uint64_t most, struct cores **out);
void cores_close(struct cores *c);

#endif
