/* Stacks of threads that hold still, as text: one line a frame, the innermost first.
 *
 *	 > PATH(FUNCTION+0xOFFSET) [0xADDRESS] FILE:LINE
 *
 * ADDRESS is that within the file, as nm(1) and addr2line(1) know it; FILE and LINE are what Go's
 * table says.  Everything read is the guest's (view.h): a stack may be wrong, but it ends.
 */
#ifndef GUISE_TRACE_STACK_H
#define GUISE_TRACE_STACK_H

#include "syscalls/abi.h"
#include "trace/view.h"

struct stacks;

/* NULL: out of memory. */
struct stacks *stacks_new(void);
void stacks_free(struct stacks *s);

/* The stack of a thread with these registers, of the sandbox's process pid (as numbered inside):
 * text to be freed, "" if there is none to be had; NULL: out of memory. */
char *stacks_take(struct stacks *s, uint32_t pid, const struct regs *regs);
/* The process ended or runs another program: its memory is another's, or nobody's.  (The child of
 * a vfork leaves memory behind that lives on, so that cannot be seen from there.) */
void stacks_forget(struct stacks *s, uint32_t pid);

#endif
