/* The same attempts by the calls of a foreign guest's own system: FreeBSD's.  Numbers come from
 * the rows; structures and constants from FreeBSD 15, sys/sys.
 *
 * Nothing but guise makes these calls, so there is no bare run in which they breach; four of
 * them do under options that open the sandbox (test-probes). */
#ifndef NATIVE
#include "guest_numbers_freebsd.h"

#include "tests/escape/probes/probe.h"

long own_call(long nr, const long a[8]);

#define own(nr, ...) OWN_ARGS(nr __VA_OPT__(, ) __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0)
#define OWN_ARGS(nr, a, b, c, d, e, f, g, h, ...) \
	own_result((nr), (const long[8]){(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), \
					 (long)(f), (long)(g), (long)(h)})

/* sys/errno.h: what differs from Linux's among the words for a refusal. */
static long own_result(long nr, const long a[8])
{
	static const struct {
		short own, host;
	} errors[] = {{35, EAGAIN},	  {43, EPROTONOSUPPORT}, {45, EOPNOTSUPP},
		      {47, EAFNOSUPPORT}, {78, ENOSYS},		 {93, EPERM}};
	long r = own_call(nr, a);
	for (size_t i = 0; i < COUNT(errors); i++)
		if (r == -errors[i].own)
			return -errors[i].host;
	return r;
}

#define OWN(number, id, text) \
	CHECK_OF(number, id, SELF_NEVER, "the system's own calls are made by nothing but guise", \
		 text)

enum { O_RDWR = 2, O_CREAT = 0x200, O_DIRECTORY = 0x20000 };

OWN("1", own_secret, "the host's files by their names and by .., chroot, fchroot, jail")
{
	const char *secret = fact("SECRET");
	long dir = own(SYS_open, "/", O_DIRECTORY);
	refused("open", own(SYS_open, secret, 0));
	denied("chroot", own(SYS_chroot, "/tmp"));
	denied("fchroot", own(SYS_fchroot, dir));
	denied("jail", own(SYS_jail, scratch));
	denied("jail_set", own(SYS_jail_set, scratch, 0, 0));
	denied("jail_attach", own(SYS_jail_attach, 1));
	denied("jail_remove", own(SYS_jail_remove, 1));
	refused("jail_get", own(SYS_jail_get, scratch, 0, 0));
	for (int i = 0; i < 64; i++)
		own(SYS_chdir, "..");
	refused("above", own(SYS_openat, -100, secret + 1, 0));
}

OWN("3", own_descriptors, "descriptors but 0-2; reading, moving, closing the translator's")
{
	int strange = 0;
	for (int fd = 3; fd < 4096; fd++)
		strange += own(SYS_fcntl, fd, 1) >= 0;
	holds("none but 0-2", strange == 0);
	for (int fd = 1008; fd < 1016; fd++) {
		refused("dup", own(SYS_dup, fd));
		refused("dup2 from", own(SYS_dup2, fd, 5));
		refused("dup2 onto", own(SYS_dup2, 0, fd));
		refused("fchdir", own(SYS_fchdir, fd));
		refused("read", own(SYS_read, fd, scratch, 8));
		refused("write", own(SYS_write, fd, scratch, 8));
		refused("fexecve", own(SYS_fexecve, fd, scratch, scratch));
		refused("close", own(SYS_close, fd));
	}
	own(SYS_close_range, 3, ~0u, 0);
	own(SYS_freebsd12_closefrom, 3);
	holds("they survive", host(__NR_fcntl, 1008, 1) >= 0);
}

OWN("5", own_mounts, "mount, nmount, unmount, and file systems' own doors")
{
	denied("mount", own(SYS_mount, "tmpfs", "/tmp", 0, 0));
	denied("nmount", own(SYS_nmount, scratch, 2, 0));
	denied("unmount", own(SYS_unmount, "/tmp", 0));
	denied("nfssvc", own(SYS_nfssvc, 0, 0));
	denied("quotactl", own(SYS_quotactl, "/", 0, 0, 0));
	denied("swapon", own(SYS_swapon, "/dev/null"));
	denied("acct", own(SYS_acct, 0));
}

OWN("8", own_settings, "the kernel's settings by sysctl, its environment by kenv")
{
	static const char *const names[] = {"kern.hostname",	"kern.corefile", "kern.maxproc",
					    "kern.securelevel", "vm.overcommit", "kern.bootfile"};
	const char value[] = "9";
	for (size_t i = 0; i < COUNT(names); i++)
		refused(names[i],
			own(SYS___sysctlbyname, names[i], strlen(names[i]), 0, 0, value, 1));
	refused("kenv", own(SYS_kenv, 1, "probe", value, 2));
}

OWN("11", own_devices, "devices: made, opened, changed")
{
	static const char *const paths[] = {"/dev/mem",	 "/dev/kmem", "/dev/io",  "/dev/pci",
					    "/dev/klog", "/dev/ada0", "/dev/bpf", "/dev/vda"};
	refused("character", own(SYS_mknodat, -100, "probe", 0020666, 0x101));
	refused("block", own(SYS_mknodat, -100, "probe", 0060666, 0xfe00));
	for (size_t i = 0; i < COUNT(paths); i++)
		refused(paths[i], own(SYS_open, paths[i], 0));
	refused("chmod", own(SYS_chmod, "/dev/null", 0600));
	refused("revoke", own(SYS_revoke, "/dev/null"));
}

OWN("12", own_handles, "files by handle")
{
	denied("getfh", own(SYS_getfh, "/", scratch));
	denied("getfhat", own(SYS_getfhat, -100, "/", scratch, 0));
	denied("fhopen", own(SYS_fhopen, scratch, 0));
	denied("fhstat", own(SYS_fhstat, scratch, scratch));
	denied("fhlink", own(SYS_fhlink, scratch, "x"));
}

OWN("13", own_users, "other users, groups, logins, credentials")
{
	refused("setuid", own(SYS_setuid, 12345));
	refused("setgroups", own(SYS_setgroups, 1, scratch));
	refused("setresuid", own(SYS_setresuid, 12345, 12345, 12345));
	refused("setcred", own(SYS_setcred, 0, scratch, 64));
	refused("setloginclass", own(SYS_setloginclass, "root"));
	refused("setauid", own(SYS_setauid, scratch));
	refused("mac", own(SYS___mac_set_proc, scratch));
}

OWN("15", own_signals, "signals to a process of the host, to everybody, to one's group")
{
	const long victim = fact_number("VICTIM");
	refused("kill", own(SYS_kill, victim, 16));
	refused("group", own(SYS_kill, -victim, 16));
	refused("sigqueue", own(SYS_sigqueue, victim, 16, 0));
	refused("thr_kill2", own(SYS_thr_kill2, victim, victim, 16));
	own(SYS_setpgid, 0, own(SYS_getpgid, own(SYS_getppid)));
	own(SYS_kill, -1, 16); /* SIGURG: the host looks whether it came (host.c) */
	own(SYS_kill, 0, 16);
}

OWN("16", own_tracing, "ptrace, ktrace, procctl and descriptors of other processes")
{
	const long pids[] = {fact_number("VICTIM"), 1};
	for (size_t i = 0; i < COUNT(pids); i++) {
		int value = 1;
		refused("ptrace", own(SYS_ptrace, 10, pids[i], 0, 0));
		refused("ktrace", own(SYS_ktrace, "trace", 0, 1, pids[i]));
		for (int what = 1; what < 28; what++)
			refused(digits(what), own(SYS_procctl, 0, pids[i], what, &value));
		refused("wait", own(SYS_wait4, pids[i], scratch, 1, 0));
		refused("rtprio", own(SYS_rtprio, 1, pids[i], scratch));
	}
}

OWN("18", own_machine, "modules, reboot, ports, profiling, auditing, packet filters")
{
	denied("kldload", own(SYS_kldload, "/tmp/x.ko"));
	denied("kldunload", own(SYS_kldunload, 1));
	denied("reboot", own(SYS_reboot, 0));
	denied("auditon", own(SYS_auditon, 0, scratch, 4));
	denied("setaudit", own(SYS_setaudit, scratch));
	refused("sysarch: I/O ports", own(SYS_sysarch, 4, scratch));
	refused("sysarch: LDT", own(SYS_sysarch, 1, scratch));
	refused("profil", own(SYS_profil, scratch, 64, 0, 1));
	refused("pmc", own(SYS_nlm_syscall, 0, 0, 0, 0));
	refused("rctl", own(SYS_rctl_add_rule, "user:0:maxproc:deny=1", 22, 0, 0));
}

OWN("19", own_clocks, "the host's clocks")
{
	const long now[2] = {1000000000, 0};
	denied("settimeofday", own(SYS_settimeofday, now, 0));
	denied("clock_settime", own(SYS_clock_settime, 0, now));
	denied("adjtime", own(SYS_adjtime, now, 0));
	denied("ntp_adjtime", own(SYS_ntp_adjtime, scratch));
}

OWN("24", own_sockets, "the host's local sockets and shared memory")
{
	struct {
		unsigned char length, family;
		char path[104];
	} a = {106, 1, ""};
	char name[128];
	size_t n = strlen(fact("SOCKET"));
	memcpy(a.path, fact("SOCKET"), n < 103 ? n : 103);
	long s = own(SYS_socket, 1, 1, 0);
	refused("path", own(SYS_connect, s, &a, sizeof a));
	n = strlen(fact("ABSTRACT"));
	a.path[0] = 0;
	memcpy(a.path + 1, fact("ABSTRACT"), n);
	a.length = (unsigned char)(n + 3);
	refused("abstract", own(SYS_connect, s, &a, n + 3));
	join(name, sizeof name, "/", fact("NAME"), "");
	refused("shm_open", own(SYS_shm_open2, name, O_RDWR, 0600, 0, 0));
	refused("shm_unlink", own(SYS_shm_unlink, name));
	refused("shmget", own(SYS_shmget, fact_number("KEY"), 0, 0));
	refused("msgget", own(SYS_msgget, fact_number("KEY"), 0));
	refused("semget", own(SYS_semget, fact_number("KEY"), 0, 0));
}

OWN("25", own_families, "socket families that lead past the network's namespace")
{
	/* sys/socket.h: ROUTE, KEY, NETGRAPH, BLUETOOTH, SYSTEM, ARP, SCLUSTER, IEEE80211,
	 * INET_SDP, HYPERV, DIVERT, NETLINK but for routes */
	static const int families[] = {17, 29, 32, 36, 33, 35, 34, 37, 40, 43, 44};
	for (size_t i = 0; i < COUNT(families); i++)
		refused(digits(families[i]), own(SYS_socket, families[i], 3, 0));
	refused("raw", own(SYS_socket, 2, 3, 255));
	refused("raw icmp", own(SYS_socket, 2, 3, 1));
	refused("raw v6", own(SYS_socket, 28, 3, 58));
	for (int protocol = 1; protocol < 32; protocol++)
		refused("netlink", own(SYS_socket, 38, 3, protocol));
}

OWN("26", own_connections, "TCP to the host's loopback and addresses")
{
	const long port = fact_number("PORT");
	struct {
		unsigned char length, family;
		unsigned short port;
		unsigned address;
		char zero[8];
	} a = {16, 2, (unsigned short)(port << 8 | (port >> 8 & 0xff)), 0x0100007f, ""};
	refused("loopback", own(SYS_connect, own(SYS_socket, 2, 1, 0), &a, sizeof a));
	a.address = (unsigned)fact_number("ADDRESS");
	if (a.address)
		refused("its own", own(SYS_connect, own(SYS_socket, 2, 1, 0), &a, sizeof a));
}

OWN("27", own_typing, "typing into the caller's terminal")
{
	/* sys/ttycom.h: TIOCSTI, TIOCCONS, TIOCSETD (gone) */
	for (int fd = 0; fd <= 2; fd++) {
		refused("TIOCSTI", own(SYS_ioctl, fd, 0x80017472, "#"));
		refused("with bit 32", own(SYS_ioctl, fd, 0x180017472, "#"));
		refused("TIOCCONS", own(SYS_ioctl, fd, 0x80047462, scratch));
		refused("Linux's number", own(SYS_ioctl, fd, 0x5412, "#"));
	}
}

OWN("31", own_limits, "core dumps, priorities, raised limits")
{
	const long all[2] = {0x7fffffffffffffff, 0x7fffffffffffffff};
	const struct {
		unsigned short type, priority;
	} realtime = {2, 0};
	refused("core", own(SYS_setrlimit, 4, all));
	refused("rtprio", own(SYS_rtprio, 1, 0, &realtime));
	refused("nice", own(SYS_setpriority, 0, 0, -10));
	refused("FIFO", own(SYS_sched_setscheduler, 0, 1, &realtime));
}

OWN("33", own_set_user_id, "leaving a set-user-id program to the host")
{
	static const char *const made = "own-made";
	long fd = own(SYS_open, made, O_CREAT | O_RDWR, 0755);
	char st[224] = "";
	own(SYS_chmod, made, 06755);
	own(SYS_fchmod, fd, 06755);
	own(SYS_fchmodat, -100, made, 06755, 0);
	own(SYS_lchmod, made, 06755);
	long r = own(SYS_fstat, fd, st);
	holds("by chmod",
	      r == 0 && !(*(unsigned short *)(st + 24) & 06000)); /* st_mode: sys/stat.h */
	own(SYS_unlink, made);
	own(SYS_umask, 0);
	fd = own(SYS_open, made, O_CREAT | O_RDWR, 06755);
	r = own(SYS_fstat, fd, st);
	holds("by making one", fd < 0 || (r == 0 && !(*(unsigned short *)(st + 24) & 06000)));
	own(SYS_unlink, made);
}
#endif
