/* Linux's signal calls: those of all systems, with the size of a set checked.
 *
 * Other systems' masks are mirrored to Linux lazily; here Linux must know them at once, since
 * its programs read blocked signals from descriptors (signalfd) and aim timers at threads. */
#include "personalities/linux/frame.h"
#include "syscalls/engine.h"
#include "syscalls/signal.h"

#include <linux/time.h>

#define WITH_SIZE(name, shared, argument) \
	long call_##shared(struct call *c); \
	TRANSLATOR(name) \
	{ \
		return c->a[argument] == SIGSET_SIZE ? call_##shared(c) : -EINVAL; \
	}

WITH_SIZE(linux_sigaction, sigaction, 3)
WITH_SIZE(linux_sigtimedwait, sigtimedwait, 3)
WITH_SIZE(linux_sigsuspend, sigsuspend, 1)

/* A shorter set is filled (kernel/signal.c, do_sigpending). */
TRANSLATOR(linux_sigpending)
{
	struct sigset set;
	int r;

	if (c->a[1] > SIGSET_SIZE)
		return -EINVAL;
	r = engine_pending(c, &set);
	set.bits[0] &= c->thread->mask.bits[0];
	return r < 0 ? r : put_guest(c, c->a[0], &set, c->a[1]);
}

long call_sigprocmask(struct call *c);
TRANSLATOR(linux_sigprocmask)
{
	long r;

	if (c->a[3] != SIGSET_SIZE)
		return -EINVAL;
	r = call_sigprocmask(c);
	if (c->a[1])
		engine_settle_masks(c);
	return r;
}

/* ---- Waiting with a mask ------------------------------------------------------------- */

/* The mask at a guest address, for this call alone; none at 0. */
static int borrow(struct call *c, uint64_t at, uint64_t size)
{
	struct sigset set = {0};
	int r;

	if (!at)
		return 0;
	if (size != SIGSET_SIZE)
		return -EINVAL;
	r = get_guest(c, set.bits, at, SIGSET_SIZE);
	if (r == 0)
		signal_borrow_mask(c, &set);
	return r;
}

TRANSLATOR(linux_ppoll)
{
	int r = borrow(c, c->a[3], c->a[4]);

	return r < 0 ? r : host_wait(c, __NR_ppoll, c->a[0], c->a[1], c->a[2], 0, 0);
}

/* The sixth argument points to the set's address and size. */
TRANSLATOR(linux_pselect6)
{
	uint64_t set[2] = {0};
	int r = c->a[5] ? get_guest(c, set, c->a[5], sizeof set) : 0;

	if (r == 0)
		r = borrow(c, set[0], set[1]);
	return r < 0 ? r
		     : host_wait(c, __NR_pselect6, c->a[0], c->a[1], c->a[2], c->a[3], c->a[4], 0);
}

/* epoll_pwait and epoll_pwait2: the timeout is a number or an address. */
TRANSLATOR(linux_epoll_pwait)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);

	if (r == 0)
		r = borrow(c, c->a[4], c->a[5]);
	return r < 0 ? r
		     : host_wait_call(c, (int)c->nr, fd, c->a[1], c->a[2], c->a[3], 0, SIGSET_SIZE);
}

/* Linux refuses times before the clock's beginning, which other systems take for passed. */
static int check_time(struct call *c, uint64_t at)
{
	struct __kernel_timespec t;
	int r = get_guest(c, &t, at, sizeof t);

	return r < 0 ? r : t.tv_sec < 0 ? -EINVAL : 0;
}

long call_nanosleep(struct call *c);
TRANSLATOR(linux_nanosleep)
{
	int r = check_time(c, c->a[0]);

	return r < 0 ? r : call_nanosleep(c);
}

/* On these two clocks a deadline can be kept; for the others the kernel has its say. */
long call_clock_nanosleep(struct call *c);
TRANSLATOR(linux_clock_nanosleep)
{
	int clock = (int)c->a[0];

	if (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC) {
		int r = check_time(c, c->a[2]);

		return r < 0 ? r : call_clock_nanosleep(c);
	}
	return host_wait(c, __NR_clock_nanosleep, c->a[0], c->a[1], c->a[2], c->a[3]);
}
