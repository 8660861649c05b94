/* The filters as they are built in, run on calls as the kernel would: what is let through with
 * which arguments, by number, whatever the rows say. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "syscalls/abi.h"
#include "syscalls/engine/resident/layout.h"

Suite *filter_suite(void);

/* $(B)/filter_*.c */
extern const struct sock_filter weaker_filter[], weaker_net_filter[];
extern const unsigned short weaker_filter_length, weaker_net_filter_length;
extern const struct sock_filter gate_filter[], native_filter[], settled_filter[];
extern const unsigned short gate_filter_length, native_filter_length, settled_filter_length;

/* The instructions both filters are made of; networking/filter.rst, Linux 6.1. */
static uint32_t run(const struct sock_filter *program, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *s = &program[pc];
		bool yes = false;

		switch (s->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			ck_assert_uint_le(s->k + 4, sizeof *d);
			memcpy(&a, (const char *)d + s->k, 4);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= s->k;
			continue;
		case BPF_RET | BPF_K:
			return s->k;
		case BPF_JMP | BPF_JA:
			pc += s->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == s->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= s->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > s->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = (a & s->k) != 0;
			break;
		default:
			ck_abort_msg("instruction %#x at %zu", s->code, pc);
		}
		pc += yes ? s->jt : s->jf;
	}
	ck_abort_msg("ran off the end");
}

static uint32_t filter(uint32_t arch, uint64_t ip, int nr, const uint64_t *args)
{
	struct seccomp_data d = {.nr = nr, .arch = arch, .instruction_pointer = ip};

	memcpy(d.args, args, sizeof d.args);
	return run(gate_filter, gate_filter_length, &d);
}

static uint32_t through_gate(int nr, const uint64_t *args)
{
	return filter(AUDIT_ARCH_X86_64, RESIDENT_BASE + 2, nr, args);
}

#define YES 0 /* let through */
#define E(e) (e) /* refused with that error */

#define N(name) __NR_##name, #name
static const struct {
	int nr;
	const char *name;
	uint64_t args[6];
	int expected;
} cases[] = {
	/* processes and threads as C libraries make them; no namespace by any bit */
	{N(clone), {17}, YES},
	{N(clone), {0x3d0f00}, YES},
	{N(clone), {0x01200011}, YES},
	{N(clone), {CLONE_NEWUSER | 17}, E(EPERM)},
	{N(clone), {CLONE_NEWNS | 17}, E(EPERM)},
	{N(clone), {CLONE_NEWPID}, E(EPERM)},
	{N(clone), {CLONE_NEWNET}, E(EPERM)},
	{N(clone), {CLONE_NEWIPC}, E(EPERM)},
	{N(clone), {CLONE_NEWUTS}, E(EPERM)},
	{N(clone), {CLONE_NEWCGROUP}, E(EPERM)},
	{N(clone), {0x80}, E(EPERM)},
	{N(clone), {CLONE_UNTRACED | 17}, E(EPERM)},
	{N(clone), {CLONE_PTRACE | 17}, E(EPERM)},
	{N(clone), {0xffffffff00000000 | CLONE_NEWUSER}, E(EPERM)},
	{N(clone3), {0x10000, 88}, E(ENOSYS)},
	{N(unshare), {CLONE_NEWUSER}, E(ENOSYS)},
	{N(unshare), {0}, E(ENOSYS)},
	{N(setns), {3}, E(ENOSYS)},

	/* memory: nothing low, whichever way it is asked for; no huge pages */
	{N(mmap), {0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS}, YES},
	{N(mmap), {0x10000, 4096, 3, MAP_PRIVATE | MAP_FIXED}, YES},
	{N(mmap), {0x7f0000000000, 4096, 3, MAP_PRIVATE | MAP_FIXED}, YES},
	{N(mmap), {0x100000000, 4096, 3, MAP_PRIVATE | MAP_FIXED}, YES},
	{N(mmap), {0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED}, E(EPERM)},
	{N(mmap), {0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE}, E(EPERM)},
	{N(mmap), {0xf000, 4096, 3, MAP_PRIVATE | MAP_FIXED}, E(EPERM)},
	{N(mmap), {0x1000, 4096, 3, MAP_PRIVATE}, E(EPERM)},
	{N(mmap), {0, 1 << 21, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB}, E(EPERM)},
	{N(mmap), {0x10000000, 1 << 21, 3, MAP_PRIVATE | MAP_HUGETLB}, E(EPERM)},
	{N(mremap), {0x10000, 4096, 8192, MREMAP_MAYMOVE}, YES},
	{N(mremap), {0x10000, 4096, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, 0x20000}, YES},
	{N(mremap), {0x10000, 4096, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, 0}, E(EPERM)},
	{N(mremap), {0x10000, 4096, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, 0xf000}, E(EPERM)},
	{N(shmat), {1, 0, 0}, YES},
	{N(shmat), {1, 0x20000, 0}, YES},
	{N(shmat), {1, 0x1000, 0}, E(EPERM)},
	{N(shmget), {0, 4096, 0600}, YES},
	{N(shmget), {0, 1 << 21, 04600}, E(EPERM)},
	{N(remap_file_pages), {0}, E(ENOSYS)},
	{N(memfd_create), {0, 1}, YES},
	{N(memfd_create), {0, 3 | 0x10}, YES},
	{N(memfd_create), {0, 4 /* MFD_HUGETLB */}, E(EINVAL)},
	{N(memfd_create), {0, 1 << 26 | 4}, E(EINVAL)},
	{N(memfd_secret), {0}, E(ENOSYS)},
	{N(madvise), {0, 0, MADV_DONTNEED}, YES},
	{N(madvise), {0, 0, MADV_FREE}, YES},
	{N(madvise), {0, 0, MADV_HUGEPAGE}, YES},
	{N(madvise), {0, 0, MADV_MERGEABLE}, E(EINVAL)},
	{N(madvise), {0, 0, 100 /* MADV_HWPOISON */}, E(EINVAL)},
	{N(madvise), {0, 0, 101}, E(EINVAL)},

	/* terminals: nothing typed, nothing taken over, also with high bits set */
	{N(ioctl), {0, TCGETS}, YES},
	{N(ioctl), {0, TIOCGWINSZ}, YES},
	{N(ioctl), {0, FIONREAD}, YES},
	{N(ioctl), {0, 0x100000000 | TCGETS}, YES},
	{N(ioctl), {0, TIOCSTI}, E(ENOTTY)},
	{N(ioctl), {0, 0x100000000 | TIOCSTI}, E(ENOTTY)},
	{N(ioctl), {0, TIOCLINUX}, E(ENOTTY)},
	{N(ioctl), {0, 0xffffffff00000000 | TIOCLINUX}, E(ENOTTY)},
	{N(ioctl), {0, TIOCCONS}, E(ENOTTY)},
	{N(ioctl), {0, TIOCSETD}, E(ENOTTY)},
	{N(ioctl), {0, 0x8914 /* SIOCSIFFLAGS */}, E(ENOTTY)},
	{N(ioctl), {0, 0x40086602 /* FS_IOC_SETFLAGS */}, E(ENOTTY)},
	{N(ioctl), {0, 0x4b46 /* KDSKBENT */}, E(ENOTTY)},
	{N(ioctl), {0, 0xae01 /* KVM_CREATE_VM */}, E(ENOTTY)},

	/* prctl */
	{N(prctl), {15}, YES},
	{N(prctl), {1, 9}, YES},
	{N(prctl), {38, 1}, YES},
	{N(prctl), {0x100000000 | 15}, YES},
	{N(prctl), {22 /* PR_SET_SECCOMP */, 2}, E(EINVAL)},
	{N(prctl), {0x100000000 | 22, 2}, E(EINVAL)},
	{N(prctl), {8 /* PR_SET_KEEPCAPS */, 1}, E(EINVAL)},
	{N(prctl), {24 /* PR_CAPBSET_DROP */}, E(EINVAL)},
	{N(prctl), {28 /* PR_SET_SECUREBITS */}, E(EINVAL)},
	{N(prctl), {31 /* PR_TASK_PERF_EVENTS_DISABLE */}, E(EINVAL)},
	{N(prctl), {35 /* PR_SET_MM */}, E(EINVAL)},
	{N(prctl), {47 /* PR_CAP_AMBIENT */, 2}, E(EINVAL)},
	{N(prctl), {59 /* PR_SET_SYSCALL_USER_DISPATCH */}, E(EINVAL)},
	{N(prctl), {62 /* PR_SCHED_CORE */}, E(EINVAL)},
	{N(prctl), {0x59616d61 /* PR_SET_PTRACER */, ~0UL}, E(EINVAL)},
	{N(arch_prctl), {0x1002, 4096}, YES},
	{N(arch_prctl), {0x1004}, E(EINVAL)},
	{N(arch_prctl), {0x5001}, E(EINVAL)},
	{N(seccomp), {1}, E(ENOSYS)},

	/* sockets */
	{N(socket), {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0}, YES},
	{N(socket), {AF_UNIX, SOCK_SEQPACKET, 0}, YES},
	{N(socket), {AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 6}, YES},
	{N(socket), {AF_INET, SOCK_DGRAM, 17}, YES},
	{N(socket), {AF_INET6, SOCK_DGRAM, 58}, YES},
	{N(socket), {AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0}, YES},
	{N(socket), {0x100000000 | AF_INET, SOCK_DGRAM, 0}, YES},
	{N(socket), {0x100000000 | AF_VSOCK, SOCK_STREAM, 0}, E(EPERM)},
	{N(socket), {AF_VSOCK, SOCK_STREAM, 0}, E(EPERM)},
	{N(socket), {AF_PACKET, SOCK_RAW, 0}, E(EPERM)},
	{N(socket), {AF_PACKET, SOCK_DGRAM, 0}, E(EPERM)},
	{N(socket), {AF_ALG, SOCK_SEQPACKET, 0}, E(EPERM)},
	{N(socket), {44 /* AF_XDP */, SOCK_RAW, 0}, E(EPERM)},
	{N(socket), {AF_BLUETOOTH, SOCK_STREAM, 0}, E(EPERM)},
	{N(socket), {15 /* AF_KEY */, SOCK_RAW, 2}, E(EPERM)},
	{N(socket), {AF_INET, SOCK_RAW, 1}, E(EPERM)},
	{N(socket), {AF_INET, SOCK_RAW | SOCK_CLOEXEC, 255}, E(EPERM)},
	{N(socket), {AF_INET, 10 /* SOCK_PACKET */, 0}, E(EPERM)},
	{N(socket), {AF_INET, SOCK_STREAM, 132 /* SCTP */}, E(EPERM)},
	{N(socket), {AF_INET, SOCK_STREAM, 262 /* MPTCP */}, E(EPERM)},
	{N(socket), {AF_INET, SOCK_DGRAM, 115 /* L2TP */}, E(EPERM)},
	{N(socket), {AF_INET, SOCK_SEQPACKET, 0}, E(EPERM)},
	{N(socket), {AF_NETLINK, SOCK_RAW, 12 /* NETFILTER */}, E(EPERM)},
	{N(socket), {AF_NETLINK, SOCK_RAW, 9 /* AUDIT */}, E(EPERM)},
	{N(socket), {AF_NETLINK, SOCK_RAW, 15 /* KOBJECT_UEVENT */}, E(EPERM)},
	{N(socket), {AF_NETLINK, SOCK_RAW, 16 /* GENERIC */}, E(EPERM)},
	{N(socketpair), {AF_UNIX, SOCK_STREAM, 0}, YES},
	{N(socketpair), {30 /* AF_TIPC */, SOCK_STREAM, 0}, E(EPERM)},
	{N(setsockopt), {3, SOL_SOCKET, SO_REUSEADDR}, YES},
	{N(setsockopt), {3, SOL_SOCKET, SO_REUSEPORT}, YES},
	{N(setsockopt), {3, SOL_SOCKET, SO_RCVTIMEO}, YES},
	{N(setsockopt), {3, SOL_SOCKET, SO_ATTACH_FILTER}, E(ENOPROTOOPT)},
	{N(setsockopt), {3, SOL_SOCKET, SO_ATTACH_BPF}, E(ENOPROTOOPT)},
	{N(setsockopt), {3, SOL_SOCKET, 51}, E(ENOPROTOOPT)},
	{N(setsockopt), {3, SOL_SOCKET, 52}, E(ENOPROTOOPT)},
	{N(setsockopt), {3, 6, 1 /* TCP_NODELAY */}, YES},
	{N(setsockopt), {3, 6, 31 /* TCP_ULP */}, E(ENOPROTOOPT)},
	{N(setsockopt), {3, 0, 1 /* IP_TOS */}, YES},
	{N(setsockopt), {3, 0, 64 /* IPT_SO_SET_REPLACE */}, E(ENOPROTOOPT)},
	{N(setsockopt), {3, 41, 26 /* IPV6_V6ONLY */}, YES},
	{N(setsockopt), {3, 41, 64}, E(ENOPROTOOPT)},
	{N(setsockopt), {3, 263 /* SOL_PACKET */, 5}, E(ENOPROTOOPT)},

	/* files */
	{N(chmod), {1, 01777}, YES},
	{N(chmod), {1, 04755}, E(EPERM)},
	{N(chmod), {1, 02755}, E(EPERM)},
	{N(fchmod), {3, 0755}, YES},
	{N(fchmod), {3, 0x100000000 | 06755}, E(EPERM)},
	{N(fchmodat), {3, 1, 0644}, YES},
	{N(fchmodat), {3, 1, 04644}, E(EPERM)},
	{N(mknodat), {3, 1, S_IFIFO | 0666}, YES},
	{N(mknodat), {3, 1, S_IFREG | 04666}, E(EPERM)},
	{N(openat), {3, 1, O_RDONLY, 06755}, YES}, /* nobody looks at the mode */
	{N(openat), {3, 1, O_CREAT | O_WRONLY, 0644}, YES},
	{N(openat), {3, 1, O_CREAT | O_WRONLY, 04755}, E(EPERM)},
	{N(openat), {3, 1, O_TMPFILE | O_RDWR, 02755}, E(EPERM)},
	{N(fcntl), {3, F_SETFL}, YES},
	{N(fcntl), {3, F_SETOWN}, YES},
	{N(fcntl), {3, F_DUPFD_CLOEXEC}, YES},
	{N(fcntl), {3, 0x100000000 | F_GETFD}, YES},
	{N(fcntl), {3, F_SETLEASE}, E(EINVAL)},
	{N(fcntl), {3, F_NOTIFY}, E(EINVAL)},
	{N(fcntl), {3, 1036 /* F_SET_RW_HINT */}, E(EINVAL)},
	{N(open_by_handle_at), {3}, E(ENOSYS)},
	{N(name_to_handle_at), {3, 0, 0, 0, 0x1000}, YES}, /* AT_EMPTY_PATH */
	{N(name_to_handle_at), {3}, E(EPERM)},
	{N(openat2), {3}, E(ENOSYS)},
	{N(chroot), {0}, E(ENOSYS)},
	{N(pivot_root), {0}, E(ENOSYS)},
	{N(mount), {0}, E(ENOSYS)},
	{N(umount2), {0}, E(ENOSYS)},
	{N(open_tree), {0}, E(ENOSYS)},
	{N(move_mount), {0}, E(ENOSYS)},
	{N(fsopen), {0}, E(ENOSYS)},
	{N(mount_setattr), {0}, E(ENOSYS)},
	{N(fanotify_init), {0x203, 0}, YES},
	{N(fanotify_init), {0x207, 0}, E(EPERM)}, /* FAN_CLASS_CONTENT */
	{N(fanotify_init), {3, 0}, E(EPERM)},
	{N(fanotify_mark), {3, 1}, YES},
	{N(fanotify_mark), {3, 0x11}, E(EPERM)}, /* FAN_MARK_MOUNT */
	{N(fanotify_mark), {3, 0x101}, E(EPERM)}, /* FAN_MARK_FILESYSTEM */
	{N(quotactl), {0}, E(ENOSYS)},
	{N(swapon), {0}, E(ENOSYS)},
	{N(acct), {0}, E(ENOSYS)},

	/* other processes, and the kernel */
	{N(ptrace), {0}, E(ENOSYS)},
	{N(process_vm_readv), {1}, E(ENOSYS)},
	{N(process_vm_writev), {1}, E(ENOSYS)},
	{N(process_madvise), {1}, E(ENOSYS)},
	{N(kcmp), {1, 1, 0}, YES},
	{N(kcmp), {1, 1, 4}, YES},
	{N(kcmp), {1, 1, 3}, E(EINVAL)}, /* KCMP_FS */
	{N(kcmp), {1, 1, 7}, E(EINVAL)}, /* KCMP_EPOLL_TFD */
	{N(pidfd_getfd), {1}, E(ENOSYS)},
	{N(move_pages), {1}, E(ENOSYS)},
	{N(migrate_pages), {1}, E(ENOSYS)},
	{N(mbind), {1}, E(ENOSYS)},
	{N(set_mempolicy), {1}, E(ENOSYS)},
	{N(sched_setscheduler), {0, SCHED_OTHER}, YES},
	{N(sched_setscheduler), {0, SCHED_IDLE | SCHED_RESET_ON_FORK}, YES},
	{N(sched_setscheduler), {0, SCHED_FIFO}, E(EPERM)},
	{N(sched_setscheduler), {0, SCHED_RR | SCHED_RESET_ON_FORK}, E(EPERM)},
	{N(sched_setscheduler), {0, 6 /* SCHED_DEADLINE */}, E(EPERM)},
	{N(bpf), {0}, E(ENOSYS)},
	{N(perf_event_open), {0}, E(ENOSYS)},
	{N(userfaultfd), {0}, E(ENOSYS)},
	{N(io_uring_setup), {1}, E(ENOSYS)},
	{N(io_uring_enter), {0}, E(ENOSYS)},
	{N(io_uring_register), {0}, E(ENOSYS)},
	{N(keyctl), {KEYCTL_JOIN_SESSION_KEYRING}, E(ENOSYS)},
	{N(add_key), {0}, E(ENOSYS)},
	{N(request_key), {0}, E(ENOSYS)},
	{N(personality), {0x0400000 /* READ_IMPLIES_EXEC */}, E(ENOSYS)},
	{N(personality), {0x0008 /* PER_LINUX32 */}, E(ENOSYS)},
	{N(modify_ldt), {1}, E(ENOSYS)},
	{N(init_module), {0}, E(ENOSYS)},
	{N(finit_module), {0}, E(ENOSYS)},
	{N(kexec_load), {0}, E(ENOSYS)},
	{N(reboot), {0}, E(ENOSYS)},
	{N(iopl), {3}, E(ENOSYS)},
	{N(ioperm), {0}, E(ENOSYS)},
	{N(syslog), {3}, E(ENOSYS)},
	{N(vhangup), {0}, E(ENOSYS)},
	{N(settimeofday), {0}, E(ENOSYS)},
	{N(clock_settime), {0}, E(ENOSYS)},
	{N(adjtimex), {0}, E(ENOSYS)},
	{N(clock_adjtime), {0}, E(ENOSYS)},
	{N(sethostname), {0}, E(ENOSYS)},
	{N(setdomainname), {0}, E(ENOSYS)},
	{N(lookup_dcookie), {0}, E(ENOSYS)},
	{N(uselib), {0}, E(ENOSYS)},
	{N(_sysctl), {0}, E(ENOSYS)},
};

START_TEST(arguments_decide)
{
	uint32_t got = through_gate(cases[_i].nr, cases[_i].args);
	uint32_t wanted = cases[_i].expected ? SECCOMP_RET_ERRNO | (uint32_t)cases[_i].expected
					     : SECCOMP_RET_ALLOW;

	ck_assert_msg(got == wanted, "case %d, %s(%#lx, %#lx, %#lx, %#lx): %#x, not %#x", _i,
		      cases[_i].name, cases[_i].args[0], cases[_i].args[1], cases[_i].args[2],
		      cases[_i].args[3], got, wanted);
}
END_TEST

static uint32_t natively(int nr, const uint64_t *args)
{
	struct seccomp_data d = {.nr = nr, .arch = AUDIT_ARCH_X86_64};

	memcpy(d.args, args, sizeof d.args);
	return run(native_filter, native_filter_length, &d);
}

/* A program may filter its own calls further where there is no resident; what a resident
 * alone is to use is refused. */
static bool differs_natively(int nr, const uint64_t *args)
{
	return nr == __NR_seccomp || (nr == __NR_prctl && (uint32_t)args[0] == 22) ||
	       nr == __NR_fanotify_init || nr == __NR_fanotify_mark || nr == __NR_name_to_handle_at;
}

/* The same without a resident; what is refused has the row's error, if it has one. */
START_TEST(arguments_decide_natively)
{
	uint32_t got = natively(cases[_i].nr, cases[_i].args);
	bool allowed = got == SECCOMP_RET_ALLOW;

	ck_assert(allowed || (got & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO);
	if (!differs_natively(cases[_i].nr, cases[_i].args))
		ck_assert_msg(allowed == !cases[_i].expected, "case %d, %s: %#x", _i,
			      cases[_i].name, got);
}
END_TEST

START_TEST(no_filter_listens)
{
	static const uint64_t plain[6] = {SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC};
	static const uint64_t listener[6] = {SECCOMP_SET_MODE_FILTER,
					     SECCOMP_FILTER_FLAG_NEW_LISTENER};

	ck_assert_uint_eq(natively(__NR_seccomp, plain), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(natively(__NR_seccomp, listener), SECCOMP_RET_ERRNO | EINVAL);
	ck_assert_uint_eq(through_gate(__NR_seccomp, plain), SECCOMP_RET_ERRNO | ENOSYS);
}
END_TEST

/* Only from the gate, only this architecture's numbers. */
START_TEST(other_ways_are_closed)
{
	static const uint64_t none[6];
	static const uint64_t elsewhere[] = {0x400000, RESIDENT_BASE - 1,
					     RESIDENT_BASE + RESIDENT_GATE_SIZE,
					     RESIDENT_BASE & 0xffffffff, RESIDENT_BASE | 1UL << 63};

	for (int nr = 0; nr < 1024; nr++) {
		for (size_t i = 0; i < COUNT(elsewhere); i++)
			ck_assert_uint_eq(filter(AUDIT_ARCH_X86_64, elsewhere[i], nr, none),
					  SECCOMP_RET_TRAP);
		ck_assert_uint_eq(filter(AUDIT_ARCH_I386, RESIDENT_BASE, nr, none),
				  SECCOMP_RET_TRAP);
		ck_assert_uint_eq(through_gate(nr | 0x40000000, none), SECCOMP_RET_ERRNO | ENOSYS);
		ck_assert_uint_eq(through_gate(nr | INT32_MIN, none), SECCOMP_RET_ERRNO | ENOSYS);
	}
}
END_TEST

static uint32_t settled(uint32_t arch, int nr, const uint64_t *args)
{
	struct seccomp_data d = {.nr = nr, .arch = arch};

	memcpy(d.args, args, sizeof d.args);
	return run(settled_filter, settled_filter_length, &d);
}

/* Process 1's lets what it starts call what any program may, and little else. */
START_TEST(process_1_is_held_too)
{
	static const uint64_t none[6], space[6] = {CLONE_NEWUSER | 17};
	static const int never[] = {
		__NR_mount,
		__NR_umount2,
		__NR_pivot_root,
		__NR_chroot,
		__NR_unshare,
		__NR_setns,
		__NR_ptrace,
		__NR_bpf,
		__NR_keyctl,
		__NR_io_uring_setup,
		__NR_open_by_handle_at,
		__NR_init_module,
		__NR_clone3,
		__NR_open_tree,
		__NR_move_mount,
		__NR_fsopen,
		__NR_sethostname,
		__NR_pidfd_getfd,
		__NR_process_vm_writev,
		__NR_perf_event_open,
	};
	static const int needed[] = {__NR_poll, __NR_wait4,  __NR_kill,	      __NR_recvfrom,
				     __NR_read, __NR_sendto, __NR_seccomp,    __NR_execveat,
				     __NR_dup3, __NR_setsid, __NR_exit_group, __NR_prlimit64};

	for (int nr = 0; nr < 1024; nr++) {
		bool allowed = settled(AUDIT_ARCH_X86_64, nr, none) == SECCOMP_RET_ALLOW;
		ck_assert_uint_eq(settled(AUDIT_ARCH_I386, nr, none), SECCOMP_RET_ERRNO | EPERM);
		ck_assert_uint_eq(settled(AUDIT_ARCH_X86_64, nr | 0x40000000, none),
				  SECCOMP_RET_ERRNO | EPERM);
		if (through_gate(nr, none) != (SECCOMP_RET_ERRNO | ENOSYS) ||
		    natively(nr, none) == SECCOMP_RET_ALLOW)
			ck_assert_msg(allowed, "%d", nr);
	}
	for (size_t i = 0; i < COUNT(never); i++)
		ck_assert_msg(settled(AUDIT_ARCH_X86_64, never[i], none) ==
				      (SECCOMP_RET_ERRNO | EPERM),
			      "%d", never[i]);
	for (size_t i = 0; i < COUNT(needed); i++)
		ck_assert_msg(settled(AUDIT_ARCH_X86_64, needed[i], none) == SECCOMP_RET_ALLOW,
			      "%d", needed[i]);
	ck_assert_uint_eq(settled(AUDIT_ARCH_X86_64, __NR_clone, none), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(settled(AUDIT_ARCH_X86_64, __NR_clone, space), SECCOMP_RET_ERRNO | EPERM);
}
END_TEST

/* Without namespaces: what nothing else would hold. */
START_TEST(nothing_is_left_to_namespaces)
{
	static const struct {
		int nr;
		uint64_t args[6];
		int alone, net;
	} weaker[] = {
		{__NR_read, {0}, YES, YES},
		{__NR_openat, {0}, YES, YES},
		{__NR_chmod, {0}, E(EPERM), E(EPERM)},
		{__NR_fchmod, {3, 0644}, E(EPERM), E(EPERM)},
		{__NR_fchownat, {0}, E(EPERM), E(EPERM)},
		{__NR_utimensat, {0}, E(EPERM), E(EPERM)},
		{__NR_fsetxattr, {3}, E(EPERM), E(EPERM)},
		{__NR_shmget, {0}, E(EPERM), E(EPERM)},
		{__NR_shmat, {0}, E(EPERM), E(EPERM)},
		{__NR_mq_open, {0}, E(EPERM), E(EPERM)},
		{__NR_socket, {AF_UNIX, SOCK_STREAM}, E(EPERM), E(EPERM)},
		{__NR_socket, {AF_INET, SOCK_DGRAM}, E(EPERM), YES},
		{__NR_socket, {AF_INET6, SOCK_STREAM}, E(EPERM), YES},
		{__NR_socket, {AF_NETLINK, SOCK_RAW}, E(EPERM), YES},
		{__NR_socketpair, {AF_UNIX, SOCK_STREAM}, YES, YES},
		{__NR_prlimit64, {0, 7}, YES, YES},
		{__NR_prlimit64, {1, 7}, E(EPERM), E(EPERM)},
		{__NR_setpriority, {0, 0, 5}, YES, YES},
		{__NR_setpriority, {0, 77, 5}, E(EPERM), E(EPERM)},
		{__NR_setpriority, {2 /* PRIO_USER */, 0, 5}, E(EPERM), E(EPERM)},
		{__NR_sched_setaffinity, {77}, E(EPERM), E(EPERM)},
		{__NR_prctl, {1 /* PR_SET_PDEATHSIG */, 0}, E(EPERM), E(EPERM)},
		{__NR_prctl, {15}, YES, YES},
	};

	for (size_t i = 0; i < COUNT(weaker); i++) {
		struct seccomp_data d = {.nr = weaker[i].nr, .arch = AUDIT_ARCH_X86_64};
		uint32_t want[] = {weaker[i].alone ? SECCOMP_RET_ERRNO | (uint32_t)weaker[i].alone
						   : SECCOMP_RET_ALLOW,
				   weaker[i].net ? SECCOMP_RET_ERRNO | (uint32_t)weaker[i].net
						 : SECCOMP_RET_ALLOW};

		memcpy(d.args, weaker[i].args, sizeof d.args);
		ck_assert_msg(run(weaker_filter, weaker_filter_length, &d) == want[0], "%zu", i);
		ck_assert_msg(run(weaker_net_filter, weaker_net_filter_length, &d) == want[1],
			      "%zu", i);
	}
}
END_TEST

Suite *filter_suite(void)
{
	Suite *s = suite_create("filter");
	TCase *t = tcase_create("calls");

	tcase_add_loop_test(t, arguments_decide, 0, (int)COUNT(cases));
	tcase_add_loop_test(t, arguments_decide_natively, 0, (int)COUNT(cases));
	tcase_add_test(t, no_filter_listens);
	tcase_add_test(t, other_ways_are_closed);
	tcase_add_test(t, nothing_is_left_to_namespaces);
	tcase_add_test(t, process_1_is_held_too);
	suite_add_tcase(s, t);
	return s;
}
