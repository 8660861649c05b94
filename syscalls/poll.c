/* Waiting for descriptors: poll and select, and their relatives with a signal mask. */
#include "syscalls/poll.h"

#include "syscalls/descriptors.h"
#include "syscalls/file.h"
#include "syscalls/linux.h"
#include "syscalls/signal.h"
#include "syscalls/time.h"

/* ---- Timeouts and masks ------------------------------------------------------- */

/* A relative timeout as the Linux call wants it: 0 (for ever) or a timespec in scratch
 * that tells what is left of it at this attempt. */
static int timeout_in_scratch(struct call *c, bool for_ever, uint64_t ns, uint64_t *at)
{
	int r;

	*at = 0;
	if (for_ever)
		return 0;
	if (ns) {
		r = deadline_from(c, CLOCK_MONOTONIC, ns);
		if (r == 0)
			r = remaining_ns(c, CLOCK_MONOTONIC, &ns);
		if (r < 0)
			return r;
	}
	*at = scratch_timespec(c, ns);
	return *at ? 0 : -ENOMEM;
}

/* Argument i, a timespec or null for no limit. */
static int timespec_argument(struct call *c, int i, bool *for_ever, uint64_t *ns)
{
	struct __kernel_timespec t;
	int r;

	*ns = 0;
	*for_ever = !c->a[i];
	if (*for_ever)
		return 0;
	r = get_guest(c, &t, c->a[i], sizeof t);
	return r < 0 ? r : ns_of_timespec(&t, ns);
}

/* The mask of argument i is the thread's for this call only. */
static int mask_for_call(struct call *c, int i)
{
	struct sigset set;
	int r;

	if (!c->a[i])
		return 0;
	r = arg_in(c, i, &set);
	if (r == 0)
		signal_borrow_mask(c, &set);
	return r;
}

uint32_t poll_now(struct call *c, int fd, uint32_t events)
{
	struct host_pollfd p = {.fd = fd, .events = (int16_t)events};
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, sizeof p);
	long r = at ? put_guest(c, at, &p, sizeof p) : -ENOMEM;
	if (r == 0)
		r = host(c, __NR_poll, at, 1, 0);
	if (r >= 0)
		r = get_guest(c, &p, at, sizeof p);
	c->scratch_used = mark;
	return r < 0 ? 0 : (uint16_t)p.revents;
}

/* ---- poll --------------------------------------------------------------------------- */

#define POLL_MOST 8192u /* entries: their Linux form has to fit scratch */
#define NEVER_OPEN INT32_MAX

/* Every system's entry is this; only the bits' numbers differ (the type of argument 0). */
struct guest_pollfd {
	int32_t fd;
	int16_t events;
	int16_t revents;
};

static uint64_t entry_at(const struct call *c, uint64_t i)
{
	return c->a[0] + i * sizeof(struct guest_pollfd);
}

/* What was in revents before is nothing to anybody, nor is an entry switched off by a negative
 * number.  Hidden descriptors are not open as far as the guest can tell. */
static int entries_in(struct call *c, uint64_t n, uint64_t at)
{
	for (uint64_t i = 0; i < n; i++) {
		struct guest_pollfd g;
		struct host_pollfd p = {.fd = -1};
		int r = get_guest(c, &g, entry_at(c, i), sizeof g);

		g.revents = 0;
		if (r == 0 && g.fd >= 0)
			r = to_host(c, c->row->args[0].type, &g, &p);
		if (r < 0)
			return r;
		if (descriptor_is_hidden(c->thread->process, p.fd))
			p.fd = NEVER_OPEN;
		r = put_guest(c, at + i * sizeof p, &p, sizeof p);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The end of what a pipe had to say is POLLHUP alone on Linux; elsewhere it can be read too,
 * as it can of a socket or a terminal. */
static int16_t end_of_pipe(struct call *c, const struct host_pollfd *p)
{
	const int16_t readable = POLLIN | POLLRDNORM;
	struct statx st;
	uint64_t empty;

	if (!(p->revents & POLLHUP) || (p->revents & readable) || !(p->events & readable))
		return 0;
	empty = empty_path(c);
	if (!empty || status_of(c, (uint64_t)p->fd, empty, AT_EMPTY_PATH, &st) < 0 ||
	    (st.stx_mode & S_IFMT) != S_IFIFO)
		return 0;
	return p->events & readable;
}

/* Only what was returned is written: the guest's own fields stay as they are. */
static int entries_out(struct call *c, uint64_t n, uint64_t at)
{
	for (uint64_t i = 0; i < n; i++) {
		struct guest_pollfd g;
		struct host_pollfd p;
		int r = get_guest(c, &p, at + i * sizeof p, sizeof p);

		if (r < 0)
			return r;
		p.revents |= end_of_pipe(c, &p);
		r = to_guest(c, c->row->args[0].type, &p, &g);
		if (r == 0)
			r = put_guest(c, entry_at(c, i) + offsetof(struct guest_pollfd, revents),
				      &g.revents, sizeof g.revents);
		if (r < 0)
			return r;
	}
	return 0;
}

static long poll_for(struct call *c, uint64_t n, uint64_t timeout)
{
	uint64_t at = 0;
	long ready;
	int r;

	if (n > POLL_MOST)
		return -EINVAL;
	if (n) {
		at = scratch(c, n * sizeof(struct host_pollfd));
		if (!at)
			return -ENOMEM;
		r = entries_in(c, n, at);
		if (r < 0)
			return r;
	}
	ready = host_wait(c, __NR_ppoll, at, n, timeout, 0, 0);
	if (ready < 0)
		return ready;
	r = entries_out(c, n, at);
	return r < 0 ? r : ready;
}

TRANSLATOR(poll)
{
	int ms = (int)c->a[2];
	uint64_t timeout;

	if (ms < -1)
		return -EINVAL; /* poll(2): neither INFTIM nor positive */
	int r = timeout_in_scratch(c, ms < 0, ms < 0 ? 0 : (uint64_t)ms * 1000000, &timeout);

	return r < 0 ? r : poll_for(c, (uint32_t)c->a[1], timeout);
}

/* How long a call waits, argument i, and with which mask, the one behind it. */
static long limits_of_call(struct call *c, int i, uint64_t *timeout)
{
	uint64_t ns;
	bool for_ever;
	long r = timespec_argument(c, i, &for_ever, &ns);

	if (r == 0)
		r = timeout_in_scratch(c, for_ever, ns, timeout);
	return r < 0 ? r : mask_for_call(c, i + 1);
}

TRANSLATOR(ppoll)
{
	uint64_t timeout;
	long r = limits_of_call(c, 2, &timeout);

	return r < 0 ? r : poll_for(c, (uint32_t)c->a[1], timeout);
}

/* ---- select ---------------------------------------------------------------------------- */

/* A set's bits are in the same places on both sides: long words, lowest bit first. */
static int no_hidden(struct call *c, int n, uint64_t set)
{
	for (int fd = HIDDEN_FIRST; set && fd < n; fd += 8) {
		uint8_t bits;
		int r = get_guest(c, &bits, set + (unsigned)fd / 8, 1);

		if (r < 0)
			return r;
		for (int bit = 0; bits && bit < 8; bit++)
			if ((bits >> bit & 1) && fd + bit < n &&
			    descriptor_is_hidden(c->thread->process, fd + bit))
				return -EBADF;
	}
	return 0;
}
_Static_assert(HIDDEN_FIRST % 8 == 0, "no_hidden() looks at whole bytes");

static long select_for(struct call *c, uint64_t timeout)
{
	int n = (int)c->a[0];

	for (int i = 1; i <= 3; i++) {
		int r = no_hidden(c, n, c->a[i]);

		if (r < 0)
			return r;
	}
	return host_wait(c, __NR_pselect6, n, c->a[1], c->a[2], c->a[3], timeout, 0);
}

TRANSLATOR(select)
{
	struct timeval t = {0};
	uint64_t ns = 0, timeout;
	int r = c->a[4] ? arg_in(c, 4, &t) : 0;

	if (r < 0)
		return r;
	if (t.tv_usec < 0 || t.tv_usec >= 1000000)
		return -EINVAL;
	r = ns_of_timespec(&(struct __kernel_timespec){t.tv_sec, t.tv_usec * 1000}, &ns);
	if (r == 0)
		r = timeout_in_scratch(c, !c->a[4], ns, &timeout);
	return r < 0 ? r : select_for(c, timeout);
}

TRANSLATOR(pselect)
{
	uint64_t timeout;
	long r = limits_of_call(c, 4, &timeout);

	return r < 0 ? r : select_for(c, timeout);
}
