/* Linux's siginfo to the guest's and back. */
#include "syscalls/signal_info.h"

#include "syscalls/signal.h"
#include "syscalls/timer.h"
#include "syscalls/wait.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <string.h>

/* si_code of what guise queues itself: the code the guest shall see is in si_errno, and
 * for HOST_SIGNAL_CARRIER the guest's number above it. */
#define CODE_WRAPPED (-60)
#define WRAP(number, code) ((int)((uint32_t)(number) << 20 | (uint32_t)(code)))
/* ... and of what Linux sent and guise queues again: Linux's code is in si_errno. */
#define CODE_REQUEUED (-61)
/* With CODE_WRAPPED the same is a bit of si_errno. */
#define WRAP_AGAIN 0x10000000

static int code_from_host(int code)
{
	switch (code) {
	case SI_USER:
		return CODE_USER;
	case SI_QUEUE:
		return CODE_QUEUE;
	case SI_TIMER:
		return CODE_TIMER;
	case SI_MESGQ:
		return CODE_MESGQ;
	case SI_ASYNCIO:
		return CODE_ASYNCIO;
	case SI_TKILL:
		return CODE_THREAD;
	case SI_KERNEL:
		return CODE_KERNEL;
	default:
		return code;
	}
}

static void set_host(struct signal_info *info, const siginfo_t *si)
{
	_Static_assert(sizeof info->host == sizeof *si, "struct signal_info");
	memcpy(info->host, si, sizeof info->host);
	info->has_host = true;
}

void signal_info_from_host(const struct process *process, const void *siginfo,
			   struct signal_info *info)
{
	const struct personality *p = process->personality;
	siginfo_t si;

	memcpy(&si, siginfo, sizeof si);
	*info = (struct signal_info){0};
	if (si.si_code == CODE_REQUEUED) {
		si.si_code = si.si_errno;
		si.si_errno = 0;
	}
	info->number = signal_from_host(p, si.si_signo);
	info->host_code = si.si_code;
	info->pid = si.si_pid;
	info->uid = si.si_uid;
	if (si.si_code == CODE_WRAPPED) {
		uint32_t wrapped = (uint32_t)si.si_errno;

		info->code = (int)(wrapped & 0xfffff);
		if (signal_is_carrier(p, si.si_signo))
			info->number = (int)(wrapped >> 20 & 0x7f);
		info->value = (uint64_t)si.si_ptr;
		info->to_thread = info->code == CODE_THREAD;
		return;
	}
	set_host(info, &si);
	info->code = code_from_host(si.si_code);
	info->to_thread = si.si_code == SI_TKILL;
	if (si.si_signo == SIGCHLD && si.si_code > 0)
		info->status = signal_child_status(p, &si);
	else if (si.si_code == SI_QUEUE || si.si_code == SI_TIMER || si.si_code == SI_MESGQ)
		info->value = (uint64_t)si.si_ptr;
	if (si.si_code == SI_TIMER) {
		info->timer = si.si_tid;
		info->overrun = si.si_overrun;
		info->pid = 0;
		info->uid = 0;
		info->to_thread = timer_tells_thread(process, si.si_tid);
	}
	/* A write to a broken pipe is the writing thread's own affair. */
	if (si.si_signo == SIGPIPE && si.si_pid == process->pid)
		info->to_thread = true;
}

void signal_info_wrap(void *siginfo, int host, int n, int code, uint64_t value)
{
	siginfo_t *si = siginfo;

	memset(si, 0, sizeof *si);
	si->si_signo = host;
	si->si_code = CODE_WRAPPED;
	si->si_errno = WRAP(n, code);
	si->si_ptr = (void *)value;
}

void signal_info_again(void *siginfo)
{
	siginfo_t *si = siginfo;

	if (si->si_code == CODE_WRAPPED) {
		si->si_errno |= WRAP_AGAIN;
	} else if (si->si_code != CODE_REQUEUED) {
		si->si_errno = si->si_code;
		si->si_code = CODE_REQUEUED;
	}
}

bool signal_info_is_again(const void *siginfo)
{
	const siginfo_t *si = siginfo;

	return si->si_code == CODE_REQUEUED ||
	       (si->si_code == CODE_WRAPPED && (si->si_errno & WRAP_AGAIN));
}
