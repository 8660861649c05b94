/* A Linux program that prints what rights it has: nothing to be read in /proc, so each is
 * asked for.  Beside it stands what it should be. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bad;

static void expect(const char *what, long got, long wanted)
{
	printf("%s %ld\n", what, got);
	bad += got != wanted;
}

int main(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2] = {{0}};
	const struct sched_param first = {.sched_priority = 1};
	struct rlimit core;
	long bounding = 0;

	for (int cap = 0; cap < 64; cap++)
		bounding += prctl(PR_CAPBSET_READ, cap) == 1;
	expect("bounding", bounding, 0);
	expect("capget", syscall(SYS_capget, &header, caps), 0);
	expect("effective", caps[0].effective | caps[1].effective, 0);
	expect("permitted", caps[0].permitted | caps[1].permitted, 0);
	expect("inheritable", caps[0].inheritable | caps[1].inheritable, 0);
	expect("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	expect("securebits", prctl(PR_GET_SECUREBITS) & SECBIT_NOROOT, SECBIT_NOROOT);
	expect("securebits locked", prctl(PR_GET_SECUREBITS) & SECBIT_NOROOT_LOCKED,
	       SECBIT_NOROOT_LOCKED);
	expect("core limit", getrlimit(RLIMIT_CORE, &core) == 0 ? (long)core.rlim_max : -1, 0);
	expect("real time", sched_setscheduler(0, SCHED_FIFO, &first), -1);
	expect("nice", setpriority(PRIO_PROCESS, 0, -5), -1);
	expect("session inside", getsid(0) > 0, 1);
	/* Process 1 is a member of the sandbox like any other, and cannot be looked into. */
	expect("parent", getppid(), 1);
	if (getppid() != 1)
		return 2;
	expect("ptrace", syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, 1, 0, 0), -1);
	expect("pidfd_getfd", syscall(438 /* pidfd_getfd */, syscall(434, 1, 0), 0, 0), -1);
	expect("kill", syscall(SYS_kill, 1, 9), 0); /* taken and ignored, or forbidden */
	return bad ? 1 : 0;
}
