/* The trace: what residents write and a reader outside the sandbox prints.
 *
 * A ring in a file in memory, mapped by the reader and by every process of the sandbox, its
 * data twice in a row, so that a record never has to be split.
 *
 *     producer   takes room by moving head, copies its record there, then writes the first
 *                word: MAGIC ^ position.  Positions only grow, so nothing old is ever taken
 *                for something new, and nothing has to be wiped.
 *     reader     takes what is complete from tail on, then moves tail.
 *
 * A producer that dies between the two leaves a hole.  So that the reader can tell it from a
 * record that is only late, a producer first takes a pen and writes there where it is about to
 * take room, and how much.  A pen's owner is a robust futex: when the thread dies, however it
 * does, Linux itself marks the pen (set_robust_list(2), list_op_pending).  A hole whose pen is
 * a dead thread's is passed at once, and nothing else with it; the call it was of never
 * came back to the program.  One whose pen is alive is waited for: for very long if the thread
 * is stopped just there, then its pen is taken from it, and it writes its record anew.
 *
 * Full: the producer waits on `turn` (or, lossy, counts what is lost).
 * A thread whose stack the reader is to look at says so in its record (TRACE_WAITS), and does not
 * go on before tail is past it.
 * Idle: the reader sleeps on an event descriptor, the bell, and says so in `asleep`.
 *
 * The guest can write all of this: to the reader it is input like any other.
 */
#ifndef GUISE_TRACE_H
#define GUISE_TRACE_H

#include <stdint.h>

#include "syscalls/abi.h"

#define TRACE_PENS 512
#define TRACE_HEAD (4096UL + 64UL * TRACE_PENS)
#define TRACE_ROOM (4UL << 20) /* of data; a power of two */
#define TRACE_FILE (TRACE_HEAD + TRACE_ROOM)
#define TRACE_MAP (TRACE_HEAD + 2 * TRACE_ROOM)
#define TRACE_MAGIC 0x67c5a1e97b3d0f2bUL
#define TRACE_ALIGN 8UL /* of records and captures */
#define TRACE_LARGEST 16384UL /* one record */
#define TRACE_STRING 32 /* bytes shown of what is read and written, if nothing else is said */
#define TRACE_STRING_MAX 4096
#define TRACE_PATH 1024

/* What the reader does meanwhile. */
enum trace_sleep {
	TRACE_AWAKE, /* it will look again by itself */
	TRACE_DOZES, /* so it will, but wake it when the ring fills */
	TRACE_SLEEPS, /* wake it at the next record */
};

/* Of one record being written. */
struct trace_pen {
	_Alignas(64) uint32_t owner; /* the thread's number inside, 0: free; FUTEX_OWNER_DIED */
	uint32_t size; /* of the record */
	uint64_t position; /* where it goes, or: */
};
#define TRACE_TAKEN 1UL /* besides: the room is this one's */
#define TRACE_NOWHERE UINT64_MAX /* room is not asked for */
#define TRACE_REVOKED (UINT64_MAX - 2) /* the reader went past it: write it anew */

struct trace_ring {
	_Alignas(64) uint64_t head; /* where the next record goes */
	_Alignas(64) uint64_t tail; /* what was read */
	uint32_t turn; /* moves whenever tail did: to wait on */
	_Alignas(64) uint32_t asleep; /* enum trace_sleep */
	uint32_t waiting; /* producers that wait for room */
	uint64_t lost;
	_Alignas(4096) struct trace_pen pens[TRACE_PENS];
};
_Static_assert(sizeof(struct trace_ring) == TRACE_HEAD, "whole pages");

enum trace_kind {
	TRACE_CALL, /* from its beginning to its end */
	TRACE_ENTER, /* begun: it may sleep, or not come back */
	TRACE_LEAVE, /* the end of what was begun: result, and what was written */
	TRACE_SIGNAL, /* nr is delivered; result: code; a: sender, its user, address, value */
	TRACE_KILLED, /* by signal nr */
	TRACE_EXIT, /* the process, with status `result` */
	TRACE_THREAD, /* began; result: its number */
	TRACE_THREAD_EXIT,
	TRACE_PROGRAM, /* a program begins; its path is captured */
	TRACE_CORE, /* a signal ends the process: struct core_request is captured; it waits */
	TRACE_KINDS,
};

enum trace_flags {
	TRACE_NO_RESULT = 1, /* the call does not come back, or set the registers itself */
	TRACE_RESTARTS = 2, /* interrupted: it will be made anew */
	TRACE_EXECUTES = 4, /* TRACE_ENTER: if it succeeds, TRACE_PROGRAM follows */
	TRACE_WAITS = 8, /* the thread holds still until the reader is past the record */
};

struct trace_record {
	uint64_t word;
	uint32_t size; /* all of it, a multiple of TRACE_ALIGN */
	uint8_t kind;
	uint8_t flags;
	uint16_t padding;
	char system[8]; /* the personality's name, cut */
	uint32_t pid, tid; /* as Linux numbers them inside */
	uint64_t begun, spent; /* ns of CLOCK_MONOTONIC; 0 unless asked for */
	uint64_t a[MAX_ARGS];
	int64_t result; /* negative errno is Linux's */
	uint32_t nr;
	uint32_t padding2;
	/* captures */
};
_Static_assert(sizeof(struct trace_record) % 8 == 0, "captures are aligned");

enum trace_capture_flags {
	CAPTURE_AFTER = 1, /* taken when the call was done */
	CAPTURE_CUT = 2, /* there was more */
	CAPTURE_FAULT = 4, /* the address is bad */
};

/* What a pointer argument pointed to; the next begins at the next multiple of 8. */
struct trace_capture {
	uint8_t argument;
	uint8_t flags;
	uint8_t field; /* not the argument but this field, from 1, of the structure it points to */
	uint8_t padding;
	uint32_t length;
	/* bytes */
};

/* In place of an argument: the guest's registers as they were at the call (struct regs). */
#define TRACE_REGISTERS 0xff

/* Of PASS_IN_STRINGS and the vectors' bytes: one such head and its bytes after the other, each
 * beginning at a multiple of 8. */
struct trace_piece {
	uint64_t address, whole; /* and how much there is, of a vector */
	uint32_t length;
	uint32_t flags;
};

#endif
