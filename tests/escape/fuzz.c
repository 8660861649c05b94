/* A guest that makes calls at random, in sequences: what one call gave, the next is given.
 *
 *     fuzz SECONDS SEED [gate]
 *
 * Its own system's calls, through the translator, and with `gate` Linux's calls through the page
 * they reach Linux from as well.  What happens to itself does not matter; the script beside it
 * looks at the host.  Here it is watched that nothing hangs: a worker that makes no progress for
 * a while must be in a call that may wait, and must die when it is killed.  Exit status 0, or 9
 * with a line about the call.
 */
#include "tests/guest/guest.h"

#include <asm/unistd.h>

#ifdef NATIVE
#define SYS_fork __NR_fork
#define SYS_wait4 __NR_wait4
#define SYS_kill __NR_kill
#define SYS_getpid __NR_getpid
#define SYS_setpgid __NR_setpgid
#define SYS_nanosleep __NR_nanosleep
#define SYS_mmap __NR_mmap
#define SYS_clock_gettime __NR_clock_gettime
#define MONOTONIC 1
#define SHARED_MEMORY 0x21 /* MAP_SHARED | MAP_ANONYMOUS */
#define CALLS 470
#else
#define MONOTONIC 4
#define SHARED_MEMORY 0x1001 /* sys/mman.h */
#define CALLS 605
#endif

#define GATE 0x7e0000000000UL /* syscalls/engine/resident/layout.h; the call is at its start */
#define HOST_CALLS 470
#define STEPS 300 /* of a worker */
#define PATIENCE_MS 6000
#define TO_DIE_MS 5000
enum { SIGKILL = 9, WNOHANG = 1, WUNTRACED = 2 };

/* What a worker is at, where the watcher sees it. */
struct progress {
	volatile long steps, nr;
	volatile bool gate;
};

static struct progress *progress;
static bool with_gate;
static uint64_t seed;
static char memory[65536] __attribute__((aligned(4096)));
static long pool[32]; /* what calls gave */
static unsigned n_pool;

static uint64_t random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Own numbers of calls that may sleep for as long as they like. */
static bool may_wait(long nr, bool gate)
{
#define HOST_WAITS \
	__NR_read, __NR_readv, __NR_pread64, __NR_preadv, __NR_preadv2, __NR_write, __NR_writev, \
		__NR_pwrite64, __NR_pwritev, __NR_pwritev2, __NR_recvfrom, __NR_recvmsg, \
		__NR_recvmmsg, __NR_sendto, __NR_sendmsg, __NR_sendmmsg, __NR_accept, \
		__NR_accept4, __NR_connect, __NR_wait4, __NR_waitid, __NR_select, __NR_pselect6, \
		__NR_poll, __NR_ppoll, __NR_epoll_wait, __NR_epoll_pwait, __NR_epoll_pwait2, \
		__NR_nanosleep, __NR_clock_nanosleep, __NR_rt_sigsuspend, __NR_rt_sigtimedwait, \
		__NR_pause, __NR_futex, __NR_futex_waitv, __NR_flock, __NR_fcntl, __NR_open, \
		__NR_openat, __NR_openat2, __NR_creat, __NR_ioctl, __NR_close, __NR_dup2, \
		__NR_dup3, __NR_close_range, __NR_splice, __NR_tee, __NR_vmsplice, __NR_sendfile, \
		__NR_copy_file_range, __NR_msgrcv, __NR_msgsnd, __NR_semop, __NR_semtimedop, \
		__NR_mq_timedreceive, __NR_mq_timedsend, __NR_sync, __NR_syncfs, __NR_fsync, \
		__NR_fdatasync, __NR_exit, __NR_kill, __NR_tkill, __NR_tgkill, \
		__NR_rt_sigqueueinfo, __NR_rt_tgsigqueueinfo, __NR_pidfd_send_signal, __NR_vfork, \
		__NR_clone, __NR_execve, __NR_execveat, __NR_getrandom, __NR_restart_syscall, \
		__NR_ftruncate, __NR_fallocate, __NR_rt_sigreturn, __NR_io_getevents
#ifdef NATIVE
	static const short own[] = {HOST_WAITS}, *host = own;
#define N_HOST COUNT(own)
#else
	static const short own[] = {SYS_read,
				    SYS_readv,
				    SYS_ksem_wait,
				    SYS_ksem_timedwait,
				    SYS_pread,
				    SYS_preadv,
				    SYS_write,
				    SYS_writev,
				    SYS_pwrite,
				    SYS_pwritev,
				    SYS_recvfrom,
				    SYS_recvmsg,
				    SYS_sendto,
				    SYS_sendmsg,
				    SYS_accept,
				    SYS_accept4,
				    SYS_connect,
				    SYS_connectat,
				    SYS_wait4,
				    SYS_wait6,
				    SYS_select,
				    SYS_pselect,
				    SYS_poll,
				    SYS_ppoll,
				    SYS_kevent,
				    SYS_freebsd11_kevent,
				    SYS_nanosleep,
				    SYS_clock_nanosleep,
				    SYS_sigsuspend,
				    SYS_sigwait,
				    SYS_sigtimedwait,
				    SYS_sigwaitinfo,
				    SYS__umtx_op,
				    SYS_thr_suspend,
				    SYS_flock,
				    SYS_fcntl,
				    SYS_open,
				    SYS_openat,
				    SYS_ioctl,
				    SYS_close,
				    SYS_dup2,
				    SYS_close_range,
				    SYS_freebsd12_closefrom,
				    SYS_sendfile,
				    SYS_copy_file_range,
				    SYS_sync,
				    SYS_fsync,
				    SYS_fdatasync,
				    SYS_thr_exit,
				    SYS_kill,
				    SYS_thr_kill,
				    SYS_thr_kill2,
				    SYS_sigqueue,
				    SYS_vfork,
				    SYS_rfork,
				    SYS_execve,
				    SYS_fexecve,
				    SYS_getrandom,
				    SYS_ftruncate,
				    SYS_truncate,
				    SYS_posix_fallocate,
				    SYS_syscall,
				    SYS___syscall,
				    SYS_pdwait,
				    SYS_sigreturn,
				    SYS_thr_new,
				    SYS_posix_openpt,
				    SYS_msgrcv,
				    SYS_msgsnd,
				    SYS_semop,
				    SYS_kmq_timedreceive,
				    SYS_kmq_timedsend,
				    SYS_aio_suspend,
				    SYS_aio_waitcomplete,
				    SYS_aio_fsync,
				    SYS_freebsd6_pread,
				    SYS_freebsd6_pwrite};
	static const short host[] = {HOST_WAITS};
#define N_HOST COUNT(host)
#endif
	const short *list = gate ? host : own;
	size_t n = gate ? N_HOST : COUNT(own);
	for (size_t i = 0; i < n; i++)
		if (list[i] == nr)
			return true;
	return false;
}

static const char *const names[] = {
	"/",
	".",
	"..",
	"a",
	"b",
	"c/d",
	"/tmp/a",
	"/tmp",
	"/dev/null",
	"/dev/zero",
	"/dev/ptmx",
	"/dev/shm/a",
	"/dev/tty",
	"/proc/self/exe",
	"",
	"x/../a",
	"/etc/passwd",
	"/dev/full",
	"kern.ostype",
	"hw.ncpu",
};

static long small(void)
{
	static const long interesting[] = {0,	 1,    2,	   3,	   4,	  8,	9,   16,
					   17,	 28,   32,	   64,	   100,	  128,	255, 512,
					   1008, 1011, 1014,	   4096,   65536, -1,	-2,  -100,
					   1000, 1024, 0x7fffffff, 0x1002, 0x200, 0x601};
	if (random() % 2)
		return (long)(random() % 24);
	return interesting[random() % COUNT(interesting)];
}

/* Words that a call may take for numbers, sizes, short times, or pointers to more of them. */
static long object(void)
{
	char *at = memory + random() % 2048 * 16;
	for (int i = 0; i < 16; i++) {
		long v = random() % 3 ? small() : (long)(memory + random() % 32768);
		if (random() % 4 == 0)
			v = (long)(random() % 1000000); /* of a second */
		memcpy(at + i * 8, &v, 8);
	}
	return (long)at;
}

static long argument(void)
{
	switch (random() % 10) {
	case 0:
	case 1:
	case 2:
		return small();
	case 3:
	case 4:
		return object();
	case 5:
	case 6:
		return n_pool ? pool[random() % (n_pool < COUNT(pool) ? n_pool : COUNT(pool))]
			      : small();
	case 7:
		return (long)names[random() % COUNT(names)];
	case 8:
		return random() % 2 ? (long)(memory + random() % sizeof memory)
				    : (long)(GATE + random() % 0x20000);
	default:
		return random() % 2 ? (long)random() : 1L << random() % 64;
	}
}

typedef long gate_fn(long nr, long a, long b, long c, long d, long e, long f);

/* The watcher, and what it watches by, are to live on: no signal to it or to all. */
static bool is_excluded(long nr, bool gate, const long *a, long watcher)
{
	static const short own[] = {
#ifdef NATIVE
		__NR_kill,
		__NR_tkill,
		__NR_tgkill,
		__NR_rt_sigqueueinfo,
		__NR_rt_tgsigqueueinfo,
		__NR_pidfd_send_signal,
		__NR_prlimit64
#else
		SYS_kill, SYS_sigqueue, SYS_thr_kill2, SYS_pdkill
#endif
	};
	static const short host[] = {__NR_kill,
				     __NR_tkill,
				     __NR_tgkill,
				     __NR_rt_sigqueueinfo,
				     __NR_rt_tgsigqueueinfo,
				     __NR_pidfd_send_signal,
				     __NR_prlimit64};
	const short *list = gate ? host : own;
	size_t n = gate ? COUNT(host) : COUNT(own);
	for (size_t i = 0; i < n; i++)
		if (list[i] == nr)
			return (int)a[0] <= 1 || (int)a[0] == (int)watcher;
	return false;
}

static void step(long watcher)
{
	bool gate = with_gate && random() % 5 < 2;
	long nr = (long)(random() % (gate ? HOST_CALLS : CALLS)), a[8], r;
	for (size_t i = 0; i < COUNT(a); i++)
		a[i] = argument();
	if (is_excluded(nr, gate, a, watcher))
		return;
	progress->nr = nr;
	progress->gate = gate;
	long self = sys(SYS_getpid);
	r = gate ? ((gate_fn *)GATE)(nr, a[0], a[1], a[2], a[3], a[4], a[5]) : sys_call(nr, a);
	/* A second return ends, or they multiply. */
	if (r == 0 && sys(SYS_getpid) != self)
		quit(0);
	if (r > 0)
		pool[n_pool++ % COUNT(pool)] = r;
	progress->steps++;
}

static long now(void)
{
	long t[2];
	sys(SYS_clock_gettime, MONOTONIC, t);
	return t[0] * 1000 + t[1] / 1000000;
}

static void nap(void)
{
	const long t[2] = {0, 2000000};
	sys(SYS_nanosleep, t, 0);
}

static _Noreturn void hang(const char *what, long pid)
{
	print(what);
	print(progress->gate ? " in Linux call " : " in call ");
	print_number(progress->nr);
	print(", process ");
	print_number(pid);
	print("\n");
	/* The script looks at the process meanwhile. */
	for (int i = 0; i < 500; i++)
		nap();
	quit(9);
}

static void finish(long worker)
{
	int status;
	sys(SYS_kill, -worker, SIGKILL);
	sys(SYS_kill, worker, SIGKILL);
	long until = now() + TO_DIE_MS;
	while (sys(SYS_wait4, worker, &status, WNOHANG, 0) == 0) {
		if (now() > until)
			hang("cannot be killed", worker);
		nap();
	}
}

static void watch(long worker)
{
	long seen = -1, since = now();
	int status;
	/* One that stopped itself has come to its end, too. */
	while (sys(SYS_wait4, worker, &status, WNOHANG | WUNTRACED, 0) == 0) {
		if (progress->steps != seen) {
			seen = progress->steps;
			since = now();
		} else if (now() >
			   since + (may_wait(progress->nr, progress->gate) ? 150 : PATIENCE_MS)) {
			if (!may_wait(progress->nr, progress->gate))
				hang("no progress", worker);
			break;
		}
		nap();
	}
	finish(worker);
}

/* SIGSYS for a number nobody has, and the like, would end a worker after a few calls. */
static void ignore_signals(void)
{
	const long ignore[8] = {1 /* SIG_IGN */};
#ifdef NATIVE
	for (int n = 1; n <= 64; n++)
		sys(__NR_rt_sigaction, n, ignore, 0, 8);
#else
	for (int n = 1; n <= 128; n++)
		sys(SYS_sigaction, n, ignore, 0);
#endif
}

static long number(const char *s)
{
	long n = 0;
	while (*s >= '0' && *s <= '9')
		n = n * 10 + *s++ - '0';
	return n;
}

void test(int argc, char **argv, char **envp)
{
	CHECK(1, argc >= 3);
	long end = now() + number(argv[1]) * 1000, watcher = sys(SYS_getpid), workers = 0,
	     steps = 0;
	with_gate = argc > 3;
	seed = (uint64_t)number(argv[2]) * 0x9e3779b97f4a7c15 + 1;
	progress = (void *)sys(SYS_mmap, 0, PAGE, 3, SHARED_MEMORY, -1, 0);
	for (; now() < end; workers++) {
		uint64_t of_worker = random();
		progress->steps = 0;
		long worker = sys(SYS_fork);
		if (worker == 0) {
			sys(SYS_setpgid, 0, 0);
			seed = of_worker | 1;
			ignore_signals();
			for (int i = 0; i < STEPS; i++)
				step(watcher);
			quit(0);
		}
		if (worker < 0) {
			nap(); /* its orphans are still there */
			continue;
		}
		watch(worker);
		steps += progress->steps;
	}
	print("workers ");
	print_number(workers);
	print(", calls ");
	print_number(steps);
	print("\n");
}
