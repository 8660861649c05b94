/* Memory calls that only FreeBSD has its own way. */
#include "syscalls/abi.h"
#include "syscalls/memory.h"
#include "syscalls/process.h"

long call_brk(struct call *c); /* memory.c */

/* The result is the break itself; an address below where it began only asks for it
 * (sys/vm/vm_unix.c: kern_break). */
TRANSLATOR(freebsd_break)
{
	const struct process *p = c->thread->process;
	long r = c->a[0] < p->brk_start ? 0 : call_brk(c);

	return r < 0 ? r : (long)((p->brk_now + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1));
}
