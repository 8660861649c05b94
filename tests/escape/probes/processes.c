/* Ways out through processes: namespaces, other people's processes, tracing, filters. */
#include "tests/escape/probes/probe.h"

#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/ioprio.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/seccomp.h>
#include <linux/uio.h>

/* Linux's numbers.  URG is what nobody minds who does not wait for it. */
enum { SIGNAL_TERM = 15, SIGNAL_CHLD = 17, SIGNAL_STOP = 19, SIGNAL_URG = 23 };

#define AF_VSOCK 40

const char *first_allowed(void)
{
	const struct {
		const char *name;
		long result;
	} tried[] = {
		{"unshare", host(__NR_unshare, CLONE_NEWUSER)},
		{"the secret", host(__NR_open, fact("SECRET"), O_RDONLY)},
		{"mount", host(__NR_mount, "x", "/tmp", "tmpfs", 0, 0)},
		{"vsock", host(__NR_socket, AF_VSOCK, 1, 0)},
		{"ptrace", host(__NR_ptrace, PTRACE_TRACEME, 0, 0, 0)},
		{"the victim", host(__NR_kill, fact_number("VICTIM"), 0)},
	};
	for (size_t i = 0; i < COUNT(tried); i++)
		if (tried[i].result >= 0)
			return tried[i].name;
	return NULL;
}

/* ---- Namespaces ---------------------------------------------------------------------- */

/* In children: what one gets must not help the next. */
static long in_child(long nr, long a, long b)
{
	long *result = shared_pages(1);
	*result = -ECHILD;
	long child = start_child();
	if (child == 0) {
		*result = host(nr, a, b, 0, 0, 0);
		if (*result == 0 && (nr == __NR_clone || nr == __NR_clone3))
			end(0);
		if (*result > 0)
			wait_child(*result);
		end(0);
	}
	int status = wait_child(child);
	return *result == -ECHILD && status > 128 ? -EPERM : *result;
}

CHECK_OF("14", unshare, SELF_PLAIN, NULL, "new namespaces by unshare")
{
	static const struct {
		const char *name;
		long flag;
	} kinds[] = {{"user", CLONE_NEWUSER}, {"user and mount", CLONE_NEWUSER | CLONE_NEWNS},
		     {"mount", CLONE_NEWNS},  {"pid", CLONE_NEWPID},
		     {"net", CLONE_NEWNET},   {"ipc", CLONE_NEWIPC},
		     {"uts", CLONE_NEWUTS},   {"cgroup", CLONE_NEWCGROUP},
		     {"time", CLONE_NEWTIME}};
	for (size_t i = 0; i < COUNT(kinds); i++)
		denied(kinds[i].name, in_child(__NR_unshare, kinds[i].flag, 0));
}

CHECK_OF("14", clone, SELF_PLAIN, NULL, "new namespaces by clone")
{
	denied("user", in_child(__NR_clone, CLONE_NEWUSER | SIGNAL_CHLD, 0));
	denied("user and net", in_child(__NR_clone, CLONE_NEWUSER | CLONE_NEWNET | SIGNAL_CHLD, 0));
	denied("high bits set", in_child(__NR_clone, 1L << 33 | CLONE_NEWUSER | SIGNAL_CHLD, 0));
}

CHECK_OF("14", clone3, SELF_PLAIN, NULL, "new namespaces by clone3, whose flags no filter sees")
{
	static struct clone_args plain = {.exit_signal = SIGNAL_CHLD},
				 user = {.flags = CLONE_NEWUSER, .exit_signal = SIGNAL_CHLD};
	denied("user", in_child(__NR_clone3, (long)&user, sizeof user));
	denied("plain", in_child(__NR_clone3, (long)&plain, sizeof plain));
}

CHECK_OF("14", setns, SELF_PLAIN, NULL, "joining another's namespaces")
{
	const long of[] = {1, fact_number("VICTIM"), own_pid()};
	for (size_t i = 0; i < COUNT(of); i++) {
		long fd = host(__NR_pidfd_open, of[i], 0);
		denied(digits(of[i]), host(__NR_setns, fd, CLONE_NEWUTS));
		if (fd >= 0)
			host(__NR_close, fd);
	}
	refused("/proc/1/ns", host(__NR_open, "/proc/1/ns/mnt", O_RDONLY));
}

/* ---- Signals ----------------------------------------------------------------------------- */

CHECK_OF("15", signals, SELF_PLAIN, NULL, "signals to a process of the host")
{
	const long victim = fact_number("VICTIM");
	const char info[128] = {SIGNAL_URG, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1};
	refused("kill", host(__NR_kill, victim, SIGNAL_URG));
	refused("tkill", host(__NR_tkill, victim, SIGNAL_URG));
	refused("tgkill", host(__NR_tgkill, victim, victim, SIGNAL_URG));
	refused("rt_sigqueueinfo", host(__NR_rt_sigqueueinfo, victim, SIGNAL_URG, info));
	refused("group", host(__NR_kill, -victim, SIGNAL_URG));
	long fd = host(__NR_pidfd_open, victim, 0);
	refused("pidfd_open", fd);
	refused("pidfd_send_signal", host(__NR_pidfd_send_signal, fd, SIGNAL_URG, 0, 0));
}

/* The verdict is the host's: nothing of its own may have heard it (host.c). */
CHECK_OF("15", everybody, SELF_SPACE, "the host judges", "signals to everybody, and to one's group")
{
	host(__NR_setpgid, 0, host(__NR_getpgid, host(__NR_getppid)));
	host(__NR_kill, -1, SIGNAL_URG);
	host(__NR_kill, 0, SIGNAL_URG);
	inform("sent", 1);
}

CHECK_OF("15", init, SELF_NEVER, "process 1 of the host is left alone",
	 "killing and stopping process 1 of the sandbox")
{
	static const char fatal[] = {9, SIGNAL_STOP, 6, 11, 3, 1, 2, 31, SIGNAL_TERM};
	for (size_t i = 0; i < sizeof fatal; i++)
		host(__NR_kill, 1, fatal[i]);
	pause_ms(50);
	/* It still reaps: an orphan's end is seen only if its new parent looks at it. */
	holds("there", host(__NR_kill, 1, 0) != -ESRCH);
}

/* ---- Other processes --------------------------------------------------------------------- */

static long victim_of(size_t i)
{
	const long pids[] = {fact_number("VICTIM"), 1};
	return pids[i];
}

/* Outside of a sandbox, process 1 is not for trying. */
#define N_VICTIMS (fact_number("BARE") ? 1 : 2)

CHECK_OF("16", ptrace, SELF_PLAIN, NULL, "tracing guise, init, a process of the host")
{
	for (long i = 0; i < N_VICTIMS; i++) {
		long pid = victim_of(i);
		refused("seize", host(__NR_ptrace, PTRACE_SEIZE, pid, 0, 0));
		refused("attach", host(__NR_ptrace, PTRACE_ATTACH, pid, 0, 0));
		host(__NR_ptrace, PTRACE_DETACH, pid, 0, 0);
	}
}

CHECK_OF("16", memory, SELF_PLAIN, NULL, "memory of init or of the host's processes")
{
	char byte;
	const struct iovec local = {&byte, 1}, remote = {(void *)fact_number("VICTIM_DATA"), 1};
	for (long i = 0; i < N_VICTIMS; i++) {
		long pid = victim_of(i);
		refused("process_vm_readv",
			host(__NR_process_vm_readv, pid, &local, 1, &remote, 1, 0));
		refused("process_vm_writev",
			host(__NR_process_vm_writev, pid, &local, 1, &remote, 1, 0));
		refused("kcmp", host(__NR_kcmp, pid, own_pid(), 2, 0, 0));
		refused("move_pages", host(__NR_move_pages, pid, 0, 0, 0, 0, 0));
		refused("migrate_pages", host(__NR_migrate_pages, pid, 8, &byte, &byte));
		refused("robust list", host(__NR_get_robust_list, pid, scratch, scratch + 8));
	}
}

CHECK_OF("16", descriptors_of, SELF_PLAIN, NULL, "descriptors of init or of the host's processes")
{
	for (long i = 0; i < N_VICTIMS; i++) {
		long fd = host(__NR_pidfd_open, victim_of(i), 0);
		int got = 0;
		for (int n = 0; n < 32; n++)
			got += host(__NR_pidfd_getfd, fd, n, 0) >= 0;
		holds(digits(victim_of(i)), got == 0);
	}
}

CHECK_OF("16", others_settings, SELF_PLAIN, NULL, "limits, priority, processors of others")
{
	const long pid = fact_number("VICTIM");
	uint64_t mask[16] = {1}, limit[2];
	struct sched_attr attr = {.size = sizeof attr};
	refused("prlimit64", host(__NR_prlimit64, pid, RLIMIT_NOFILE, 0, limit));
	refused("policy", host(__NR_sched_setattr, pid, &attr, 0));
	/* One step, so that the host sees it, too; the rest is set to what it is. */
	refused("nice", host(__NR_setpriority, PRIO_PROCESS, pid, 1));
	long n = host(__NR_sched_getaffinity, pid, sizeof mask, mask);
	refused("affinity", host(__NR_sched_setaffinity, pid, n > 0 ? n : 8, mask));
	refused("io", host(__NR_ioprio_set, 1, pid, 2 << 13 | 4));
}

CHECK_OF("17", untraced, SELF_PLAIN, NULL, "a child that a tracer would not see")
{
	long *result = shared_pages(1);
	static const long flags[] = {CLONE_UNTRACED, CLONE_PTRACE, CLONE_UNTRACED | CLONE_PTRACE};
	for (size_t i = 0; i < COUNT(flags); i++) {
		long child = start_child();
		if (child == 0) {
			long r = host(__NR_clone, flags[i] | SIGNAL_CHLD, 0, 0, 0, 0);
			if (r == 0) {
				*result = first_allowed() ? 1 : 0;
				host(__NR_exit_group, 0);
			}
			pause_ms(20);
			end(0);
		}
		wait_child(child);
	}
	holds("as confined as any", *result == 0);
}

/* ---- Filters ------------------------------------------------------------------------------ */

static long put_filter(unsigned flags, unsigned verdict)
{
	const struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, verdict)};
	const struct sock_fprog program = {1, (struct sock_filter *)code};
	return host(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

CHECK_OF("22", second_filter, SELF_PLAIN, NULL, "a filter of its own that allows everything")
{
	const struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	const struct sock_fprog program = {1, (struct sock_filter *)code};
	host(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	put_filter(0, SECCOMP_RET_ALLOW);
	host(__NR_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
	still_confined("as confined as before");
}

CHECK_OF("22", listener, SELF_PLAIN, NULL, "a listener on top of the sandbox's")
{
	host(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	refused("listener", put_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER, SECCOMP_RET_ALLOW));
	still_confined("as confined as before");
}

/* ---- What is not the guest's alone --------------------------------------------------------- */

CHECK_OF("31", realtime, SELF_PLAIN, NULL, "priority over the host's processes")
{
	const int priority = 10;
	const struct sched_attr deadline = {.size = sizeof deadline,
					    .sched_policy = 6,
					    .sched_runtime = 10000000,
					    .sched_deadline = 30000000,
					    .sched_period = 30000000};
	refused("FIFO", host(__NR_sched_setscheduler, 0, 1, &priority));
	refused("round robin", host(__NR_sched_setscheduler, 0, 2, &priority));
	refused("deadline", host(__NR_sched_setattr, 0, &deadline, 0));
	refused("nice -10", host(__NR_setpriority, PRIO_PROCESS, 0, -10));
	refused("io", host(__NR_ioprio_set, 1, 0, 1 << 13));
}

CHECK_OF("31", core_dumps, SELF_PLAIN, NULL, "core dumps, which the host's core_pattern takes")
{
	const uint64_t all[2] = {~0UL, ~0UL}, some[2] = {4096, 4096};
	refused("no limit", host(__NR_prlimit64, 0, RLIMIT_CORE, all, 0));
	refused("a little", host(__NR_prlimit64, 0, RLIMIT_CORE, some, 0));
}

CHECK_OF("31", raised_limits, SELF_PLAIN, "root may lack CAP_SYS_RESOURCE",
	 "raising its own limits")
{
	static const int which[] = {RLIMIT_NOFILE, RLIMIT_NPROC,      RLIMIT_MEMLOCK,
				    RLIMIT_RTPRIO, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE};
	for (size_t i = 0; i < COUNT(which); i++) {
		uint64_t is[2] = {0};
		host(__NR_prlimit64, 0, which[i], 0, is);
		if (is[1] == ~0UL)
			continue;
		is[1]++;
		refused(digits(which[i]), host(__NR_prlimit64, 0, which[i], is, 0));
	}
}
