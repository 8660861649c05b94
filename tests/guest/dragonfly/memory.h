/* Memory: sys/mman.h. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include "tests/guest/bsd.h"

enum { ADVISE_FREE = 5, SYNC = 0 };
#define MAP_STACK (0x400 | MAP_ANON | MAP_PRIVATE)

#endif
