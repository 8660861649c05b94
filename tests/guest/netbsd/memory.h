/* Memory: sys/mman.h. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include "tests/guest/bsd.h"

enum { ADVISE_FREE = 6, SYNC = 4 };
#define INHERIT_ZERO 4
#define MAP_STACK (0x2000 | MAP_ANON | MAP_PRIVATE)
#define MAP_ALIGNED(n) ((long)(n) << 24)

#endif
