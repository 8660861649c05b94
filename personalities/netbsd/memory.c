/* mremap: sys/uvm/uvm_mremap.c, NetBSD 7.99.  A mapping goes only where nothing is, unlike Linux's with a fixed
 * address, which takes the place of what is there. */
#include "syscalls/abi.h"
#include "syscalls/engine.h"

#include <linux/mman.h>

enum { FIXED = 0x10 };

static long move_to(struct call *c, uint64_t from, uint64_t size, uint64_t to, uint64_t new_size)
{
	long r;

	if (to == from)
		return host(c, __NR_mremap, from, size, new_size, 0, 0);
	r = host(c, __NR_mmap, to, new_size, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (is_error(r))
		return -ENOMEM;
	r = host(c, __NR_mremap, from, size, new_size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (is_error(r))
		(void)host(c, __NR_munmap, to, new_size); /* of the reservation just made */
	return r;
}

/* mremap(address, size, new address, new size, flags) */
TRANSLATOR(netbsd_mremap)
{
	uint64_t from = c->a[0], to = c->a[4] & FIXED ? c->a[2] : 0, end;
	uint64_t size = (c->a[1] + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1);
	uint64_t new_size = (c->a[3] + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1);
	long r;

	if (((uint32_t)c->a[4] & ~(uint32_t)FIXED) || ((from | to) & (GUEST_PAGE - 1)))
		return -EINVAL;
	if (!size || !new_size || __builtin_add_overflow(from, size, &end) ||
	    __builtin_add_overflow(to, new_size, &end))
		return -EINVAL;
	if (engine_owns(from, size))
		return -EINVAL;
	if ((c->a[4] & FIXED) && (!to || engine_owns(to, new_size)))
		return -ENOMEM;
	engine_code_changed(c, from, size, false);
	r = c->a[4] & FIXED ? move_to(c, from, size, to, new_size)
			    : host(c, __NR_mremap, from, size, new_size, MREMAP_MAYMOVE, 0);
	return r == -EFAULT ? -EINVAL : r; /* nothing is there */
}
