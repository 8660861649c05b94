/* Ways out through the kernel's own interfaces: mounts, devices, its settings and its tools. */
#include "tests/escape/probes/probe.h"

#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/fcntl.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/timex.h>

/* Numbers newer than Debian 12's headers: arch/x86/entry/syscalls/syscall_64.tbl, Linux 6.18. */
enum { NR_STATMOUNT = 457, NR_LISTMOUNT = 458, NR_OPEN_TREE_ATTR = 467 };

#define MNT_DETACH 2 /* linux/fs.h, not for programs */

CHECK_OF("5", mounts, SELF_SPACE, NULL, "mount, bind, remount, umount, pivot_root")
{
	host(__NR_mkdir, "/tmp/probe-mount", 0755);
	denied("tmpfs", host(__NR_mount, "x", "/tmp/probe-mount", "tmpfs", 0, 0));
	denied("bind", host(__NR_mount, "/tmp", "/tmp/probe-mount", 0, MS_BIND, 0));
	denied("proc", host(__NR_mount, "x", "/tmp/probe-mount", "proc", 0, 0));
	denied("propagation", host(__NR_mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0));
	denied("remount", host(__NR_mount, 0, "/tmp/probe-mount", 0, MS_REMOUNT | MS_BIND, 0));
	denied("move", host(__NR_mount, "/tmp/probe-mount", "/tmp", 0, MS_MOVE, 0));
	denied("umount2", host(__NR_umount2, "/tmp/probe-mount", MNT_DETACH));
	denied("pivot_root", host(__NR_pivot_root, "/tmp", "/tmp"));
}

CHECK_OF("5", new_mounts, SELF_SPACE, NULL, "fsopen, open_tree, move_mount, mount_setattr, fspick")
{
	struct mount_attr a = {.attr_clr = MOUNT_ATTR_RDONLY};
	long fs = host(__NR_fsopen, "tmpfs", 0);
	denied("fsopen", fs);
	denied("fsconfig", host(__NR_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0));
	denied("fsmount", host(__NR_fsmount, fs, 0, 0));
	denied("fspick", host(__NR_fspick, AT_FDCWD, "/tmp", 0));
	long tree = host(__NR_open_tree, AT_FDCWD, "/tmp", OPEN_TREE_CLONE);
	denied("open_tree", tree);
	denied("open_tree_attr", host(NR_OPEN_TREE_ATTR, AT_FDCWD, "/tmp", 1, &a, sizeof a));
	denied("move_mount",
	       host(__NR_move_mount, tree, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH));
	denied("mount_setattr", host(__NR_mount_setattr, AT_FDCWD, "/", 0, &a, sizeof a));
}

CHECK_OF("8", settings, SELF_PLAIN, NULL, "the kernel's settings, open for writing")
{
	static const char *const paths[] = {
		"/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/modprobe",
		"/proc/sys/kernel/hotplug",
		"/proc/sys/kernel/printk",
		"/proc/sys/kernel/sysrq",
		"/proc/sys/vm/overcommit_memory",
		"/proc/sys/fs/binfmt_misc/register",
		"/proc/sys/net/ipv4/ip_forward",
		"/proc/sysrq-trigger",
		"/proc/1/oom_score_adj",
		"/proc/bus/pci/00/00.0",
		"/sys/kernel/uevent_helper",
		"/sys/power/state",
		"/sys/kernel/mm/transparent_hugepage/enabled",
		"/sys/kernel/debug/sched/debug",
		"/sys/firmware/efi/vars",
	};
	for (size_t i = 0; i < COUNT(paths); i++)
		refused(paths[i], host(__NR_open, paths[i], O_WRONLY));
}

CHECK_OF("8", oom_score, SELF_PLAIN, "root may lack CAP_SYS_RESOURCE",
	 "being the last one killed for want of memory")
{
	long fd = host(__NR_open, "/proc/self/oom_score_adj", O_WRONLY);
	refused("-1000", fd < 0 ? fd : host(__NR_write, fd, "-1000", 5));
}

CHECK_OF("9", kernel_secrets, SELF_PLAIN, NULL, "kcore, kmsg, keys, kallsyms, timers, firmware")
{
	static const char *const paths[] = {
		"/proc/kcore",		"/proc/kmsg",	    "/dev/kmsg",
		"/proc/keys",		"/proc/timer_list", "/sys/firmware/acpi/tables",
		"/proc/sched_debug",	"/proc/iomem",	    "/sys/kernel/debug",
		"/sys/kernel/security", "/proc/slabinfo",   "/sys/kernel/tracing/trace",
	};
	char text[4096];
	for (size_t i = 0; i < COUNT(paths); i++) {
		long got = host(__NR_open, paths[i], O_RDONLY | O_NONBLOCK);
		/* Something empty may stand there.  The host's log is not to be eaten. */
		if (got >= 0 && !fact_number("BARE") && host(__NR_read, got, text, 64) <= 0)
			got = -ENODATA;
		refused(paths[i], got);
	}
	/* Addresses, unless they are printed as zeros. */
	long fd = host(__NR_open, "/proc/kallsyms", O_RDONLY), n = 0;
	bool address = false;
	if (fd >= 0)
		n = host(__NR_read, fd, text, 16);
	for (long i = 0; i < n; i++)
		address |= text[i] != '0';
	holds("no address of the kernel's", !address);
}

CHECK_OF("9", others_secrets, SELF_PLAIN, NULL, "environment and memory of guise and of init")
{
	static const char *const files[] = {"/environ", "/mem", "/maps", "/fd/0"};
	const char *const of[] = {"1", fact("VICTIM")};
	char path[256];
	for (size_t p = 0; p < COUNT(of); p++)
		for (size_t i = 0; i < COUNT(files); i++) {
			join(path, sizeof path, "/proc/", of[p], files[i]);
			refused(path, host(__NR_open, path, O_RDONLY));
		}
}

CHECK_OF("9", syslog, SELF_PLAIN, NULL, "the kernel's log by syslog(2)")
{
	denied("read", host(__NR_syslog, 3, scratch, sizeof scratch));
	denied("size", host(__NR_syslog, 10, 0, 0));
}

CHECK_OF("10", cgroups, SELF_PLAIN, NULL, "control groups: a new one, its limits, a release agent")
{
	static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified",
					    "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids",
					    "/sys/fs/cgroup/rdma"};
	static const char *const files[] = {"/release_agent", "/cgroup.procs",
					    "/memory.limit_in_bytes", "/pids.max", "/memory.max"};
	char path[256];
	for (size_t r = 0; r < COUNT(roots); r++) {
		join(path, sizeof path, roots[r], "/guise-probe", "");
		long made = host(__NR_mkdir, path, 0755);
		refused(roots[r], made);
		if (made >= 0)
			host(__NR_rmdir, path);
		for (size_t f = 0; f < COUNT(files); f++) {
			join(path, sizeof path, roots[r], files[f], "");
			refused(files[f], host(__NR_open, path, O_WRONLY));
		}
	}
}

CHECK_OF("11", device_nodes, SELF_PLAIN, NULL, "making a device, and opening it")
{
	static const struct {
		const char *name;
		unsigned mode, number;
	} wanted[] = {
		{"vda", S_IFBLK, 254 << 8},	  {"mem", S_IFCHR, 1 << 8 | 1},
		{"null", S_IFCHR, 1 << 8 | 3},	  {"kmsg", S_IFCHR, 1 << 8 | 11},
		{"fuse", S_IFCHR, 10 << 8 | 229},
	};
	const char *const places[] = {"", "/tmp/", "/dev/shm/"};
	char path[128];
	for (size_t p = 0; p < COUNT(places); p++)
		for (size_t i = 0; i < COUNT(wanted); i++) {
			join(path, sizeof path, places[p], "probe-", wanted[i].name);
			refused(path,
				host(__NR_mknod, path, wanted[i].mode | 0600, wanted[i].number));
			refused("opened", host(__NR_open, path, O_RDONLY | O_NONBLOCK));
			host(__NR_unlink, path);
		}
}

CHECK_OF("11", devices, SELF_PLAIN, NULL, "devices of the host that lead anywhere")
{
	static const char *const paths[] = {
		"/dev/mem",    "/dev/kmsg",    "/dev/vda",	    "/dev/sda",
		"/dev/kvm",    "/dev/vsock",   "/dev/loop-control", "/dev/loop0",
		"/dev/fuse",   "/dev/net/tun", "/dev/ttyS0",	    "/dev/console",
		"/dev/tty0",   "/dev/rtc0",    "/dev/userfaultfd",  "/dev/cuse",
		"/dev/autofs", "/dev/uinput",  "/dev/vhost-net",    "/dev/ppp",
	};
	for (size_t i = 0; i < COUNT(paths); i++)
		refused(paths[i], host(__NR_open, paths[i], O_RDONLY | O_NONBLOCK | O_NOCTTY));
}

/* The nodes there are stand for the host's own inodes. */
CHECK_OF("11", device_modes, SELF_NEVER, "it would change a device of the host's",
	 "changing a device that is there: mode, owner, times, name")
{
	static const char *const paths[] = {"/dev/null", "/dev/zero", "/dev/urandom", "/dev/tty"};
	for (size_t i = 0; i < COUNT(paths); i++) {
		refused("chmod", host(__NR_chmod, paths[i], 0600));
		refused("chown", host(__NR_chown, paths[i], host(__NR_getuid), 0));
		refused("utimensat", host(__NR_utimensat, AT_FDCWD, paths[i], 0, 0));
		refused("unlink", host(__NR_unlink, paths[i]));
		refused("truncate", host(__NR_rename, paths[i], "/dev/probe"));
	}
}

CHECK_OF("18", io_uring, SELF_PLAIN, NULL, "io_uring, whose calls pass by a filter")
{
	struct io_uring_params p = {0};
	denied("io_uring_setup", host(__NR_io_uring_setup, 4, &p));
	denied("io_uring_enter", host(__NR_io_uring_enter, -1, 1, 0, 0, 0, 0));
	denied("io_uring_register", host(__NR_io_uring_register, -1, 0, 0, 0));
}

CHECK_OF("18", tools, SELF_PLAIN, NULL, "userfaultfd, bpf, perf events, fanotify")
{
	union bpf_attr map = {0};
	map.map_type = BPF_MAP_TYPE_ARRAY, map.key_size = 4, map.value_size = 8,
	map.max_entries = 1;
	struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE,
					.size = sizeof event,
					.config = PERF_COUNT_SW_TASK_CLOCK,
					.exclude_kernel = 1};
	denied("userfaultfd", host(__NR_userfaultfd, O_CLOEXEC | 1));
	denied("bpf", host(__NR_bpf, BPF_MAP_CREATE, &map, sizeof map));
	denied("perf_event_open", host(__NR_perf_event_open, &event, 0, -1, -1, 0));
	denied("fanotify_init", host(__NR_fanotify_init, 0x200, 0));
	denied("lookup_dcookie", host(__NR_lookup_dcookie, 0, scratch, 16));
}

CHECK_OF("18", keys, SELF_PLAIN, NULL, "the keys of the caller's user")
{
	denied("keyctl", host(__NR_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
	denied("add_key", host(__NR_add_key, "user", "guise-probe", "x", 1, -2));
	denied("request_key", host(__NR_request_key, "user", "guise-probe", 0, 0));
}

/* Arguments that no kernel takes: a call that gets as far as disliking them was not refused. */
CHECK_OF("18", machine, SELF_PLAIN, NULL, "modules, kexec, reboot, swap, accounting, ports, quotas")
{
	denied("init_module", host(__NR_init_module, 0, 0, ""));
	denied("finit_module", host(__NR_finit_module, -1, "", 0));
	denied("delete_module", host(__NR_delete_module, "guise-no-such-module", 04000));
	denied("kexec_load", host(__NR_kexec_load, 0, 1000, 0, ~0));
	denied("kexec_file_load", host(__NR_kexec_file_load, -1, -1, 0, 0, ~0));
	denied("reboot", host(__NR_reboot, 1, 2, 3, 0));
	denied("swapon", host(__NR_swapon, "/guise-no-such-file", 0));
	denied("swapoff", host(__NR_swapoff, "/guise-no-such-file"));
	denied("acct", host(__NR_acct, "/guise-no-such-file"));
	denied("quotactl", host(__NR_quotactl, 0x800001 << 8, "/guise-no-such-file", 0, 0));
	denied("iopl", host(__NR_iopl, 3));
	denied("ioperm", host(__NR_ioperm, 0x80, 1, 1));
	denied("vhangup, by a child", ({
		       long child = through_gate() ? -1 : start_child();
		       if (child == 0) {
			       host(__NR_setsid);
			       end(host(__NR_vhangup) < 0 ? 0 : 1);
		       }
		       child < 0 ? host(__NR_vhangup) : wait_child(child) ? 0 : -EPERM;
	       }));
}

CHECK_OF("18", names, SELF_SPACE, NULL, "the host's name")
{
	denied("sethostname", host(__NR_sethostname, "probed", 6));
	denied("setdomainname", host(__NR_setdomainname, "probed", 6));
}

CHECK_OF("18", listing_mounts, SELF_PLAIN, NULL,
	 "what is mounted on the host, by statmount and listmount")
{
	const struct {
		unsigned size, spare;
		uint64_t id, param;
	} request = {24, 0, ~0UL, 0};
	uint64_t ids[512];
	long n = host(NR_LISTMOUNT, &request, ids, COUNT(ids), 0);
	refused("listmount", n > 0 ? 0 : n < 0 ? n : -ENOENT);
	refused("statmount", host(NR_STATMOUNT, &request, scratch, sizeof scratch, 0));
}

/* Setting a clock to what it shows, which only a guest without the right to is kept from. */
CHECK_OF("19", clocks, SELF_PLAIN, NULL, "the host's clocks")
{
	struct timex t = {0};
	denied("adjtimex", host(__NR_adjtimex, &t) < 0
				   ? -EPERM
				   : (t.modes = ADJ_STATUS, host(__NR_adjtimex, &t)));
	memset(&t, 0, sizeof t);
	t.modes = ADJ_TICK | ADJ_SETOFFSET | ADJ_NANO;
	t.time.tv_usec = -1;
	denied("clock_adjtime", host(__NR_clock_adjtime, 0, &t));
	const long bad[2] = {0, -1};
	/* Before it asks who calls, Linux looks at the value: valid ones are for a sandbox only. */
	denied("clock_settime", host(__NR_clock_settime, 0, bad));
	denied("settimeofday", host(__NR_settimeofday, bad, 0));
}
