/* Where the resident lives.  Read by C, by assembly and by the linker script.
 *
 * One range, fixed and far from everything: Linux puts its own mappings above it (the
 * lowest mmap base is 0x7eff... with the largest randomisation), programs lie below, so
 * that "whose code is this" is a comparison.
 *
 *	BASE            the gate: the one page whose system calls reach Linux
 *	BASE + 4 KiB    the image
 *	ARENA           thread slots, then pages for translators' state
 *	TRACE           the ring of trace records, if there is one
 *	LIMIT
 */
#ifndef GUISE_LAYOUT_H
#define GUISE_LAYOUT_H

#define RESIDENT_BASE 0x7e0000000000
#define RESIDENT_GATE_SIZE 0x1000
#define RESIDENT_ARENA 0x7e0010000000
#define RESIDENT_PAGES 0x7e0110000000
#define RESIDENT_TRACE 0x7e0210000000
#define RESIDENT_LIMIT 0x7e0211000000

/* A thread's slot: signal stack, translator stack and context, each behind a hole. */
#define SLOT_SIZE 0x80000
#define SLOT_SIGNAL_STACK 0x1000
#define SLOT_SIGNAL_STACK_END 0x10000
#define SLOT_STACK 0x11000
#define SLOT_STACK_END 0x40000
#define SLOT_CONTEXT 0x40000
#define SLOT_END 0x74000
#define MAX_SLOTS 8192

/* struct regs at the head of the context */
#define R_RAX 0
#define R_RDI 8
#define R_RSI 16
#define R_RDX 24
#define R_R10 32
#define R_R8 40
#define R_R9 48
#define R_RCX 56
#define R_R11 64
#define R_RBX 72
#define R_RBP 80
#define R_R12 88
#define R_R13 96
#define R_R14 104
#define R_R15 112
#define R_RSP 120
#define R_RIP 128
#define R_RFLAGS 136

/* struct resident behind struct thread */
#define T_SELF 512
#define T_STACK_TOP 520
#define T_PENDING 528

#define USER_CS 0x33
#define USER_SS 0x2b

/* What the gate returns when a signal was waiting before a sleeping call began. */
#define GATE_ABORTED -4090

#endif
