/* The kernel's own semaphores, behind descriptors. */
#ifndef GUISE_KSEM_H
#define GUISE_KSEM_H

#include "syscalls/abi.h"

/* What a new or found one is asked for. */
struct ksem {
	uint64_t id; /* guest address: 64 bits for the descriptor */
	uint64_t name; /* guest address, 0 for none */
	uint64_t flags; /* O_CREAT, O_EXCL: Linux's */
	uint64_t mode;
	uint32_t value;
};
/* 0 or -errno. */
long ksem_make(struct call *c, const struct ksem *k);
#define USES_KSEM_MAKE \
	USES(openat, memfd_create, fchmod, pwrite64, ftruncate, linkat, unlinkat, close)
/* Of every other call that is given one. */
#define USES_KSEM USES(mmap, munmap)

#endif
