/* Memory: Linux's calls, kept off what is the engine's. */
#include "syscalls/abi.h"
#include "syscalls/descriptors.h"
#include "syscalls/engine.h"
#include "syscalls/memory.h"
#include "syscalls/process.h"

#include <linux/mman.h>
#include <linux/shm.h>

/* Private, to be executed and not to be written. */
static bool is_code(uint64_t protection, uint64_t flags)
{
	return (protection & PROT_EXEC) && !(protection & PROT_WRITE) &&
	       (flags & MAP_TYPE) == MAP_PRIVATE;
}

/* What the engine has looks like the end of the address space, where Linux says ENOMEM. */
TRANSLATOR(linux_mmap)
{
	uint64_t at = c->a[0], flags = c->a[3];
	long r;

	if (!(flags & MAP_ANONYMOUS) && descriptor_is_hidden(c->thread->process, (int)c->a[4]))
		return -EBADF;
	if (engine_owns(at, c->a[1])) {
		if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
			return -ENOMEM;
		at = 0; /* a hint nobody can follow */
	}
	if (at < LOWEST_PLACE && !(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		at = 0; /* the filter sees no difference */
	if (flags & MAP_FIXED)
		engine_code_changed(c, at, c->a[1], false);
	r = host(c, __NR_mmap, at, c->a[1], c->a[2], flags, c->a[4], c->a[5]);
	if (is_error(r))
		return r;
	if (engine_owns((uint64_t)r, c->a[1])) {
		(void)host(c, __NR_munmap, r, c->a[1]); /* just made */
		return -ENOMEM;
	}
	engine_code_changed(c, (uint64_t)r, c->a[1], is_code(c->a[2], flags));
	return r;
}

/* munmap, mprotect, madvise and the like: address, length, and what to do. */
TRANSLATOR(linux_range)
{
	if (c->a[1] && engine_owns(c->a[0], c->a[1]))
		return -ENOMEM;
	if (c->nr == __NR_munmap || c->nr == __NR_mprotect || c->nr == __NR_pkey_mprotect)
		engine_code_changed(c, c->a[0], c->a[1], false);
	return host(c, c->nr, c->a[0], c->a[1], c->a[2], c->a[3]);
}

TRANSLATOR(linux_mremap)
{
	bool fixed = c->a[3] & MREMAP_FIXED;

	if (engine_owns(c->a[0], c->a[1]) || (fixed && engine_owns(c->a[4], c->a[2])))
		return -EFAULT;
	engine_code_changed(c, c->a[0], c->a[1], false);
	if (fixed)
		engine_code_changed(c, c->a[4], c->a[2], false);
	return host(c, __NR_mremap, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4]);
}

TRANSLATOR(linux_shmat)
{
	if ((c->a[2] & SHM_REMAP) || engine_owns(c->a[1], 1))
		return -EINVAL;
	return host(c, __NR_shmat, c->a[0], c->a[1], c->a[2]);
}

/* brk(2) of the kernel answers with the break there is, whether it could be moved or not. */
long call_brk(struct call *c);
TRANSLATOR(linux_brk)
{
	struct process *p = c->thread->process;

	if (c->a[0] >= p->brk_start)
		(void)call_brk(c); /* the answer tells */
	return (long)p->brk_now;
}
