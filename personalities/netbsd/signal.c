/* Signals that NetBSD sends and tells of its own way: sys/kern/sys_sig.c, sys_lwp.c, sys/compat/common/kern_50.c;
 * 7.99. */
#include <string.h>

#include "personalities/netbsd/lwp.h"
#include "syscalls/engine.h"
#include "syscalls/signal.h"
#include "syscalls/text.h"

/* ---- Sending ---------------------------------------------------------------------------------------- */

TRANSLATOR(netbsd_lwp_kill)
{
	int n = (int)c->a[1];

	if (n < 0 || (uint32_t)n > c->personality->max_signal)
		return -EINVAL;
	if (!netbsd_thread(c, (int32_t)c->a[0]))
		return -ESRCH;
	return n ? engine_send(c, c->thread->process->pid, (int32_t)c->a[0], n, CODE_THREAD, 0) : 0;
}

/* The first words of siginfo_t, of a signal that was sent with a value. */
struct sent_info {
	int32_t signal, code, error, pad;
	int32_t pid;
	uint32_t uid;
	uint64_t value;
};
enum { SI_USER_ = 0, SI_QUEUE_ = -1 };

long call_kill(struct call *c);
long call_sigqueue(struct call *c);
/* sigqueueinfo(process, info), which sigqueue() is made with: the sender's numbers are the kernel's to say. */
TRANSLATOR(netbsd_sigqueueinfo)
{
	struct sent_info info;
	int r = get_guest(c, &info, c->a[1], sizeof info);

	if (r < 0)
		return r;
	c->a[1] = (uint32_t)info.signal;
	c->a[2] = info.value;
	switch (info.code) {
	case SI_USER_:
		return call_kill(c);
	case SI_QUEUE_:
		return (int32_t)c->a[0] > 0 ? call_sigqueue(c) : -EINVAL;
	default:
		return -EPERM;
	}
}

/* ---- Waiting ---------------------------------------------------------------------------------------- */

long call_sigtimedwait(struct call *c);
/* Before 6.0 it did not say which signal came. */
TRANSLATOR(netbsd_sigtimedwait_old)
{
	long r = call_sigtimedwait(c);

	return r > 0 ? 0 : r;
}

/* ---- For the trace ------------------------------------------------------------------------------------ */

size_t netbsd_tell_status(char *to, size_t size, const void *guest, size_t n)
{
	enum { CONTINUED = 0xffff };
	static const char *const names[] = {
#define SIGNAL(g, h, d, name) [g] = (name),
#include "personalities/netbsd/signals.def"
#undef SIGNAL
	};
	struct text t = {.to = to, .size = size};
	uint32_t status;

	if (n < sizeof status)
		return 0;
	memcpy(&status, guest, sizeof status);
	text_wait_status(&t, status, CONTINUED, names, COUNT(names));
	return t.n;
}
