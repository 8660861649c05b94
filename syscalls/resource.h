/* What a personality's tables of limits and processor sets refer to. */
#ifndef GUISE_RESOURCE_H
#define GUISE_RESOURCE_H

#include <stdint.h>

/* A limit that Linux does not have. */
#define RESOURCE_UNLIMITED 1000

/* Whose processors, and which of their sets. */
enum processors_of { PROCESSORS_OF_THREAD, PROCESSORS_OF_PROCESS, PROCESSORS_OF_EITHER };
enum processors_level { PROCESSORS_OF_SYSTEM, PROCESSORS_THEMSELVES };

/* The Linux number of a guest thread; 0 if it cannot be one. */
int host_thread_of(int64_t tid);

#endif
