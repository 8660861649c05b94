/* What mappings are asked for beyond Linux's flags: host bits above those Linux uses, for
 * personalities' flag types to map to. */
#ifndef GUISE_MEMORY_H
#define GUISE_MEMORY_H

#define MAP_X_GUARD (1UL << 40) /* no memory, no access */
#define MAP_X_STACK (1UL << 41) /* as large as it says from the start */
#define MAP_X_EXCL (1UL << 42) /* with MAP_FIXED: fail where something is */
#define MAP_X_NO_CORE (1UL << 43) /* not in a core file */
#define MAP_X_ALIGN_SHIFT 48 /* log2 of the alignment, 8 bits; 0: none */

/* The same for protections: what the mapping may ever have, PROT_ bits from here on; 0: nothing
 * is said of it. */
#define PROT_X_MOST_SHIFT 32
#define PROT_X_MOST(prot) ((uint64_t)(prot) << PROT_X_MOST_SHIFT)

#define PROT_X_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

/* Nothing is ever mapped below: where the sysctl vm.mmap_min_addr should be, and the filter
 * sees to it where it is not. */
#define LOWEST_PLACE 0x10000

/* madvise: advice that Linux lacks. */
#define ADVISE_NOTHING 0x1000 /* a hint Linux has no use for */
#define ADVISE_REFUSED 0x1001 /* EPERM: for the superuser of the real machine */

#endif
