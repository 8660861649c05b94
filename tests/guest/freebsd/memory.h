/* Memory: sys/mman.h. */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include "tests/guest/bsd.h"

enum { ADVISE_FREE = 5, SYNC = 0 };
#define INHERIT_ZERO 3
#define MAP_STACK 0x400
#define MAP_GUARD 0x2000
#define MAP_EXCL 0x4000
#define MAP_NOCORE 0x20000
#define MAP_PREFAULT_READ 0x40000
#define MAP_32BIT 0x80000
#define MAP_ALIGNED(n) ((long)(n) << 24)
#define PROT_MAX(prot) ((prot) << 16)

#endif
