/* Kqueue filter SIGNAL: how often a signal came (sys/kern/kern_sig.c: filt_signal).
 *
 * The process has a count of each signal that some kqueue of its asks about, kept by the engine
 * whatever becomes of the signal: handled, ignored, or blocked.  A knote remembers the count it
 * told last.  The engine's handlers may take no lock; all they do is count and ring one eventfd,
 * which every such kqueue waits for. */
#include "syscalls/engine.h"
#include "syscalls/kqueue.h"
#include "syscalls/linux.h"
#include "syscalls/signal.h"

#include <asm/signal.h>
#include <linux/eventpoll.h>

/* include/linux/eventfd.h, which the exported headers lack */
#define EFD_CLOEXEC O_CLOEXEC
#define EFD_NONBLOCK O_NONBLOCK

static struct counted *counted_of(const struct call *c)
{
	return &c->thread->process->counted;
}

static uint32_t count_of(const struct call *c, const struct knote *k)
{
	return __atomic_load_n(&counted_of(c)->count[k->event.ident - 1], __ATOMIC_ACQUIRE);
}

/* What is no signal never comes. */
static bool is_signal(const struct call *c, const struct knote *k)
{
	return k->event.ident >= 1 && k->event.ident <= c->personality->max_signal;
}

/* One eventfd a process, in each kqueue that counts. */
static int join_bell(struct call *c, struct kqueue *kq)
{
	struct counted *counted = counted_of(c);
	int r = 0;
	if (kq->signals)
		return 0;
	if (counted->bell) {
		r = (int)kqueue_epoll_ctl(c, kq, EPOLL_CTL_ADD, counted->bell, EPOLLIN | EPOLLET,
					  TOKEN_SIGNALS);
	} else {
		r = kqueue_hidden_event(c, kq,
					host(c, __NR_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK),
					TOKEN_SIGNALS);
		if (r > 0)
			counted->bell = r;
	}
	return r < 0 ? r : 0;
}

static int count_on(struct call *c, int n)
{
	struct counted *counted = counted_of(c);
	if (counted->knotes[n - 1]++)
		return 0;
	sigset_add(&counted->set, n);
	return engine_counted_changed(c, n);
}

static void count_off(struct call *c, int n)
{
	struct counted *counted = counted_of(c);
	if (--counted->knotes[n - 1])
		return;
	sigset_remove(&counted->set, n);
	(void)engine_counted_changed(c, n); /* at worst Linux goes on telling what nobody counts */
}

static int attach_signal(struct call *c, struct knote *k)
{
	int n = (int)k->event.ident;
	const struct signal *s = is_signal(c, k) ? signal_by_guest(c->personality, n) : NULL;
	k->event.flags |= EVENT_CLEAR;
	if (!s)
		return 0;
	if (s->host == SIGSTOP) /* nobody is told of it */
		return -EINVAL;
	int r = join_bell(c, k->kq);
	if (r < 0)
		return r;
	r = count_on(c, n);
	if (r < 0) {
		count_off(c, n);
		return r;
	}
	k->kq->signals++;
	k->signal.counts = true;
	k->signal.told = count_of(c, k);
	return 0;
}

static void detach_signal(struct call *c, struct knote *k)
{
	struct kqueue *kq = k->kq;
	if (!k->signal.counts)
		return;
	count_off(c, (int)k->event.ident);
	if (--kq->signals == 0)
		(void)kqueue_epoll_ctl(c, kq, EPOLL_CTL_DEL, counted_of(c)->bell, 0,
				       0); /* it is there */
}

static int signal_again(struct call *c, struct knote *k, const struct event *change)
{
	(void)c;
	k->notes = change->notes;
	return 0;
}

static bool check_signal(struct call *c, struct knote *k)
{
	if (!k->signal.counts)
		return false;
	k->signal.now = count_of(c, k);
	k->event.data = k->signal.now - k->signal.told;
	return k->event.data != 0;
}

static void clear_signal(struct knote *k)
{
	k->signal.told = k->signal.now;
}

void kqueue_signals(struct call *c, struct kqueue *kq)
{
	const struct counted *counted = counted_of(c);
	for (size_t i = 0; i < COUNT(counted->set.bits); i++) {
		for (uint64_t bits = counted->set.bits[i]; bits; bits &= bits - 1) {
			uint64_t n = i * 64 + (unsigned)__builtin_ctzl(bits) + 1;
			struct knote *k = kqueue_find(kq, FILTER_SIGNAL, n);
			if (k && check_signal(c, k))
				kqueue_activate(c, k);
		}
	}
}

const struct filter kqueue_signal = {
	.notes = UINT32_MAX, /* filt_sigattach looks at none */
	.attach = attach_signal,
	.detach = detach_signal,
	.again = signal_again,
	.check = check_signal,
	.cleared = clear_signal,
};
