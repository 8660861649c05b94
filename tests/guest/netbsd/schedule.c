/* What threads show and are told of processors, priorities and CPU time: sys/lwpctl.h, sys/sched.h, sys/time.h;
 * _lwp_wakeup. */
#include "tests/guest/guest.h"

enum { GREGS = 56, RIP = 21, RSP = 24 };
enum { CPU_NONE = -1, CPU_EXITED = -2 };
enum { ENODEV = 19 };

static int *volatile control;
static volatile long ended;
static volatile int stops;

static char *map(size_t n)
{
	return (char *)sys(SYS_mmap, 0, n, 3, 0x1002, -1, 0);
}

static void run_thread(void)
{
	int *own = NULL;

	if (sys(SYS__lwp_ctl, 1, &own) == 0)
		control = own;
	if (stops) {
		ended = sys(SYS__lwp_suspend, sys(SYS__lwp_self));
		sys(SYS__lwp_exit);
	}
	ended = sys(SYS____lwp_park60, 3, 0, 0, 0, 0, 0);
	sys(SYS__lwp_exit);
}

static int begin(void)
{
	static char context[784] __attribute__((aligned(16)));
	char *stack = map(16 * PAGE);
	int id = 0;

	IS(1, sys(SYS_getcontext, context), 0);
	((long *)(context + GREGS))[RIP] = (long)run_thread;
	((long *)(context + GREGS))[RSP] = (long)stack + 16 * (long)PAGE - 8;
	*(long *)(context + GREGS + 26 * 8) = (long)stack; /* _mc_tlsbase */
	IS(2, sys(SYS__lwp_create, context, 0, &id), 0);
	return id;
}

static void controls(void)
{
	int *own = NULL, *again = NULL;

	IS(10, sys(SYS__lwp_ctl, 4, &own), -ENODEV);
	IS(11, sys(SYS__lwp_ctl, 2, &own), -ENODEV); /* LWPCTL_FEATURE_PCTR */
	IS(12, sys(SYS__lwp_ctl, 1, &own), 0);
	CHECK(13, own && *own >= 0 && *own < 4096);
	IS(14, sys(SYS__lwp_ctl, 1, &again), 0);
	CHECK(15, own == again);
	IS(16, sys(SYS__lwp_ctl, 1, 8), -EFAULT);
	IS(17, sys(SYS__lwp_wakeup, 99999999), -ESRCH);

	int id = begin();
	while (!control || *control != CPU_NONE)
		sys(SYS_sched_yield);
	CHECK(18, control != own);
	/* A child begins anew, and its parent's threads are still there. */
	long pid = sys(SYS_fork);
	if (pid == 0)
		quit(sys(SYS__lwp_ctl, 1, &again) == 0 && *again >= 0 ? 7 : 8);
	int status = 0;
	IS(24, sys(SYS_wait4, pid, &status, 0, 0), pid);
	IS(25, status, 7 << 8);

	/* It is about to sleep, or does: what comes first cuts it short or is not lost. */
	long r = sys(SYS__lwp_wakeup, id);
	CHECK(19, r == 0 || r == -ENODEV);
	IS(20, sys(SYS__lwp_wait, id, 0), 0);
	CHECK(21, ended == -EINTR || ended == -EALREADY);
	IS(22, *control, CPU_EXITED);
	CHECK(23, *own >= 0);
}

/* Only itself: Linux stops whole processes. */
static void stop(void)
{
	IS(80, sys(SYS__lwp_suspend, sys(SYS__lwp_self)), -EDEADLK);
	IS(81, sys(SYS__lwp_suspend, 99999999), -ESRCH);
	IS(82, sys(SYS__lwp_continue, 99999999), -ESRCH);
	stops = 1;
	ended = -1;
	int id = begin();
	IS(83, sys(SYS__lwp_suspend, id), -EOPNOTSUPP);
	struct timespec soon = {0, 20000000};
	sys(SYS_nanosleep, &soon, 0);
	IS(84, ended, -1);
	while (ended == -1) { /* it may not have stopped yet */
		long r = sys(SYS__lwp_continue, id);
		CHECK(85, r == 0 || r == -ESRCH);
		sys(SYS_sched_yield);
	}
	IS(86, ended, 0);
	IS(87, sys(SYS__lwp_wait, id, 0), 0);
	IS(88, sys(SYS__lwp_continue, id), -ESRCH);
}

static void priorities(void)
{
	int policy = -1, priority = -1;
	unsigned set[2] = {~0u, ~0u};

	IS(30, sys(SYS__sched_getparam, 0, 0, &policy, &priority), 0);
	CHECK(31, policy == 0 && priority >= 0 && priority <= 63);
	IS(32, sys(SYS__sched_getparam, sys(SYS_getpid), sys(SYS__lwp_self), 0, &priority), 0);
	IS(33, sys(SYS__sched_getparam, 0, 99999999, 0, &priority), -ESRCH);
	IS(34, sys(SYS__sched_getparam, 0, 0, 0, 8), -EFAULT);
	priority = -1;
	IS(35, sys(SYS__sched_setparam, 0, 0, 0, &priority), 0);
	priority = 20;
	IS(36, sys(SYS__sched_setparam, 0, 0, 0, &priority), -EINVAL);
	IS(37, sys(SYS__sched_setparam, 0, 0, 1, &priority), -EPERM);
	IS(38, sys(SYS__sched_setparam, 0, 0, 3, &priority), -EINVAL);
	priority = 64;
	IS(39, sys(SYS__sched_setparam, 0, 0, 1, &priority), -EINVAL);
	IS(40, sys(SYS__sched_getaffinity, 0, 0, 4, set), 0);
	CHECK(41, set[0] == 0 && set[1] == ~0u);
	IS(42, sys(SYS__sched_getaffinity, 0, 0, 0, set), -EINVAL);
	IS(43, sys(SYS__sched_setaffinity, 0, 0, 4, set), -EPERM);
	IS(44, sys(SYS__sched_protect, -1), -EINVAL);
	IS(45, sys(SYS__sched_protect, 10), 0);
	IS(46, sys(SYS__sched_protect, 64), -EPERM);
	IS(47, sys(SYS__sched_protect, -1), 0);
	IS(48, sys(SYS__sched_protect, -1), -EINVAL);
}

static void clocks(void)
{
	struct timespec t, whole;
	unsigned clock = 0;

	IS(60, sys(SYS_clock_getcpuclockid2, 1, 0, &clock), 0);
	IS(61, clock, 0x40000000 | sys(SYS_getpid));
	IS(62, sys(SYS_clock_gettime, clock, &t), 0);
	IS(63, sys(SYS_clock_gettime, 0x40000000, &whole), 0);
	CHECK(64, whole.sec > t.sec || (whole.sec == t.sec && whole.nsec >= t.nsec));
	IS(65, sys(SYS_clock_getcpuclockid2, 2, sys(SYS__lwp_self), &clock), 0);
	IS(66, clock, 0x20000000 | sys(SYS__lwp_self));
	IS(67, sys(SYS_clock_gettime, clock, &t), 0);
	CHECK(68, t.sec == 0 && t.nsec > 0);
	IS(69, sys(SYS_clock_getcpuclockid2, 3, 0, &clock), -EINVAL);
	IS(70, sys(SYS_clock_gettime, 0x10000000, &t), -EINVAL);
	IS(71, sys(SYS_clock_gettime, 4, &t), -EINVAL);
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	controls();
	stop();
	priorities();
	clocks();
}
