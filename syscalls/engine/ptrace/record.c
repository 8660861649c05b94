/* The ring of trace records as the supervisor reaches it.
 *
 * It writes for all guests, who do not see the ring: who waits for the reader, be it for room or
 * until a stack was looked at, is the supervisor, and with it every guest. */
#include "syscalls/engine/ptrace/supervisor.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void map(char *at, uint64_t from, size_t size)
{
	if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, HIDDEN_TRACE,
		 (off_t)from) == MAP_FAILED)
		die(EXIT_GUISE, "cannot map the ring of the trace: %s", strerror(errno));
}

void record_open(void)
{
	char *at = mmap(NULL, TRACE_MAP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die(EXIT_GUISE, "no memory for the ring of the trace: %s", strerror(errno));
	map(at, 0, TRACE_FILE);
	map(at + TRACE_FILE, TRACE_HEAD, TRACE_ROOM);
	supervisor.ring = (struct trace_ring *)at;
}

const struct settings *engine_settings(void)
{
	return &supervisor.settings;
}

struct trace_ring *engine_ring(void)
{
	return supervisor.ring;
}

void engine_ring_bell(void)
{
	uint64_t one = 1;

	(void)!write(HIDDEN_BELL, &one, sizeof one); /* full: it rings already */
}

void engine_ring_wait(uint32_t *turn, uint32_t seen, const uint64_t timeout[2])
{
	(void)syscall(SYS_futex, turn, FUTEX_WAIT, seen, timeout); /* the caller looks again */
}

/* Pens tell the reader of writers that die between two steps.  When this one does, everybody dies
 * with it. */
struct trace_pen *pen_take(struct thread *t, uint32_t size)
{
	(void)t;
	(void)size;
	return NULL;
}

void pen_give_back(struct thread *t, struct trace_pen *pen)
{
	(void)t;
	(void)pen;
}
