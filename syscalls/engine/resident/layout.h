/* Where the resident lives.  Read by C, by assembly and by the linker script.
 *
 * One range, fixed and far from everything: Linux puts its own mappings above it (the
 * lowest mmap base is 0x7eff... with the largest randomisation), programs lie below, so
 * that "whose code is this" is a comparison.
 *
 *	BASE            the gate: the one page whose system calls reach Linux
 *	BASE + 4 KiB    the image
 *	FIRST_PAGES     pages for translators' state
 *	ARENA           thread slots
 *	PAGES           more pages
 *	TRACE           the ring of trace records, if there is one
 *	BOARD           what processes tell each other; behind it the tally
 *	LIMIT
 *
 * Image, first pages and first slot share 2 MiB, which is one page of Linux's page tables:
 * every fork copies them, every exec and exit takes them down.
 */
#ifndef GUISE_LAYOUT_H
#define GUISE_LAYOUT_H

#define RESIDENT_BASE 0x7e0000000000
#define RESIDENT_GATE_SIZE 0x1000
#define RESIDENT_IMAGE_OFFSET 0x1000 /* of RESIDENT_BASE in its file */
#define RESIDENT_FIRST_PAGES 0x7e0000140000
#define RESIDENT_ARENA 0x7e0000180000 /* a multiple of SLOT_SIZE */
#define RESIDENT_PAGES 0x7e0110000000
#define RESIDENT_TRACE 0x7e0210000000
#define RESIDENT_BOARD 0x7e0211000000
#define RESIDENT_LIMIT 0x7e0211100000

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
#define T_SELF 768
#define T_STACK_TOP 776
#define T_PENDING 784
#define T_CELL 792

/* struct process, at the thread's T_PROCESS */
#define T_PROCESS 144
#define P_PERSONALITY 0
#define P_QUICK 8

/* struct personality */
#define PERSONALITY_ERROR_FLAG 136

/* enum quick, HIDDEN_FIRST */
#define Q_NUMBER 0x3fff
#define Q_QUICK 0x4000
#define Q_DESCRIPTOR 0x8000
#define Q_CALLS 1024
#define Q_HIDDEN 1008

/* What resident_call() ends with: how to go on. */
#define CALL_LEAVES 0 /* the quick way out, for a plain result */
#define CALL_RESUMES 1 /* all registers are to be loaded */

#define ARITHMETIC_FLAGS 0x8d5 /* OF SF ZF AF PF CF */
#define USUAL_FLAGS 0x202 /* all others, in a program that is not traced */

#define USER_CS 0x33
#define USER_SS 0x2b

/* Calls between two that are timed (tally.h): a power of two, 256 at most. */
#define T_SAMPLE 256

/* What the gate returns when a signal was waiting before a sleeping call began. */
#define GATE_ABORTED -4090

#endif
