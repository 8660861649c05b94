/* Clocks without a system call: Linux's own vDSO, called where it lies.
 *
 * Its clock functions use no vector registers and no thread-local storage, so a translator
 * may call them.  What the vDSO cannot answer it asks the kernel from its own text, outside
 * the gate: the SIGSYS handler knows that range and makes the call for it (signal.c).  It
 * writes to a local, never to the guest's memory: a fault in there would be nobody's.
 */
#include "syscalls/engine/resident/resident.h"

#include <linux/elf.h>
#include <linux/time.h>
#include <string.h>

static uint64_t dynamic(const Elf64_Dyn *d, int64_t tag)
{
	for (; d->d_tag != DT_NULL; d++)
		if (d->d_tag == tag)
			return space.vdso + d->d_un.d_ptr;
	return 0;
}

/* The address of a function in the vDSO's symbol table; 0 if it is not there. */
static uint64_t find(const Elf64_Dyn *d, const char *name)
{
	const Elf64_Sym *symbols = (const void *)dynamic(d, DT_SYMTAB);
	const char *strings = (const void *)dynamic(d, DT_STRTAB);
	const uint32_t *hash = (const void *)dynamic(d, DT_HASH);

	/* The second word of the hash table is the number of symbols. */
	for (uint32_t i = 0; symbols && strings && hash && i < hash[1]; i++)
		if (symbols[i].st_shndx && !strcmp(strings + symbols[i].st_name, name))
			return space.vdso + symbols[i].st_value;
	return 0;
}

/* At the first clock that is asked for: most programs that are started end without.  Two threads may both do it. */
static void look_for_clock(uint64_t base)
{
	const Elf64_Ehdr *e = (const void *)base;
	const Elf64_Phdr *p;
	const Elf64_Dyn *d = NULL;

	if (!e)
		return;
	p = (const void *)(base + e->e_phoff);
	for (int i = 0; i < e->e_phnum; i++) {
		uint64_t end = base + p[i].p_vaddr + p[i].p_memsz;

		if (p[i].p_type == PT_LOAD && end > space.vdso_end)
			space.vdso_end = end;
		if (p[i].p_type == PT_DYNAMIC)
			d = (const void *)(base + p[i].p_offset);
	}
	if (d)
		space.vdso_clock_gettime = find(d, "__vdso_clock_gettime");
}

/* Those the vDSO reads from its page; for the others it would only trap. */
static bool is_quick(int clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_TAI || clock == CLOCK_REALTIME_COARSE ||
	       clock == CLOCK_MONOTONIC_COARSE;
}

long engine_clock(struct call *c, int clock, struct __kernel_timespec *now)
{
	int (*read)(int, struct __kernel_timespec *);

	(void)c;
	if (!__atomic_load_n(&space.vdso_is_known, __ATOMIC_ACQUIRE)) {
		look_for_clock(space.vdso);
		__atomic_store_n(&space.vdso_is_known, true, __ATOMIC_RELEASE);
	}
	read = (void *)space.vdso_clock_gettime;
	if (read && is_quick(clock))
		return read(clock, now);
	return LINUX(clock_gettime, clock, now);
}
