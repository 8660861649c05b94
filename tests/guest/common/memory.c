/* Memory: mmap's flags (sys/mman.h) and bad pointers. */
#include "file.h"
#include "memory.h"
#include "signal.h"

#define GATE 0x7e0000000000L /* where the engine lives: an address like any other to the guest */

static void mappings(void)
{
	long at = sys(SYS_mmap, 0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE, -1, 0);
	CHECK(1, at > 0 && at % (long)PAGE == 0);
	((char *)at)[2 * PAGE] = 7;
	IS(2, sys(SYS_mprotect, at, PAGE, PROT_READ), 0);
	IS(3, sys(SYS_munmap, at + PAGE, PAGE), 0);
	IS(4, ((char *)at)[2 * PAGE], 7);
	IS(5,
	   sys(SYS_mmap, at + PAGE, PAGE, PROT_READ | PROT_WRITE,
	       MAP_ANON | MAP_PRIVATE | MAP_FIXED, -1, 0),
	   at + PAGE);
	long r;
#ifdef MAP_EXCL
	/* It asks not to replace what is there. */
	r = sys(SYS_mmap, at + PAGE, PAGE, PROT_READ, MAP_ANON | MAP_PRIVATE | MAP_FIXED | MAP_EXCL,
		-1, 0);
	CHECK(6, r == -EINVAL || r == -ENOMEM);
	IS(7, sys(SYS_munmap, at + PAGE, PAGE), 0);
	IS(8,
	   sys(SYS_mmap, at + PAGE, PAGE, PROT_READ, MAP_ANON | MAP_PRIVATE | MAP_FIXED | MAP_EXCL,
	       -1, 0),
	   at + PAGE);
#endif
	IS(9, sys(SYS_mmap, at + 1, PAGE, PROT_READ, MAP_ANON | MAP_PRIVATE | MAP_FIXED, -1, 0),
	   -EINVAL);
	IS(10, sys(SYS_mmap, 0, 0, PROT_READ, MAP_ANON | MAP_PRIVATE, -1, 0), -EINVAL);
	/* An anonymous mapping has no descriptor. */
	IS(11, sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_ANON | MAP_PRIVATE, 0, 0), -EINVAL);
	IS(12, sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, 999, 0), -EBADF);
	/* Neither shared nor private is private. */
	r = sys(SYS_mmap, 0, PAGE, PROT_NONE, MAP_ANON, -1, 0);
	CHECK(13, r > 0);
	IS(14, sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_ANON | MAP_PRIVATE | 0x8000, -1, 0), -EINVAL);

#ifdef MAP_GUARD
	r = sys(SYS_mmap, 0, 4 * PAGE, PROT_NONE, MAP_GUARD, -1, 0);
	CHECK(15, r > 0);
	IS(16, sys(SYS_write, 1, (void *)r, 1), -EFAULT);
	IS(17, sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_GUARD, -1, 0), -EINVAL);
#endif
	r = sys(SYS_mmap, 0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_STACK, -1, 0);
	CHECK(18, r > 0);
	((char *)r)[16 * PAGE - 1] = 1;
#ifdef MAP_ALIGNED
	r = sys(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE | MAP_ALIGNED(21),
		-1, 0);
	CHECK(19, r > 0 && r % (1L << 21) == 0);
#endif
#ifdef MAP_32BIT
	r = sys(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE | MAP_32BIT, -1,
		0);
	CHECK(20, r > 0 && r < 1L << 31);
	r = sys(SYS_mmap, 0, PAGE, PROT_READ,
		MAP_ANON | MAP_PRIVATE | MAP_NOCORE | MAP_PREFAULT_READ, -1, 0);
	CHECK(21, r > 0);
#endif
	IS(22, sys(SYS_munmap, at, 1UL << 60), -EINVAL);
	IS(23, sys(SYS_munmap, at, 0), -EINVAL);
}

static void files(void)
{
	long fd = sys(SYS_open, "m", 2 | 0x200, 0600);
	sys(SYS_ftruncate, fd, 2 * PAGE);
	sys(SYS_pwrite, fd, "second", 6, PAGE);
	char *shared = (char *)sys(SYS_mmap, 0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				   0);
	char *private = (char *)sys(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
				    PAGE);
	IS(24, memcmp(shared + PAGE, "second", 6), 0);
	IS(25, memcmp(private, "second", 6), 0);
	private[0] = 'S';
	IS(26, shared[PAGE], 's');
	shared[0] = 'x';
	IS(27, sys(SYS_msync, shared, PAGE, SYNC), 0);
	char c = 0;
	IS(28, sys(SYS_pread, fd, &c, 1, 0), 1);
	IS(29, c, 'x');
	/* An offset within a page shows in the address: vm/vm_mmap.c kern_mmap(). */
	IS(30, sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 100) % (long)PAGE, 100);
	long ro = sys(SYS_open, "m", 0);
	IS(31, sys(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0), -EACCES);
	/* Shared anonymous memory is shared with a child; private is not. */
	char *anon = (char *)sys(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_ANON | MAP_SHARED,
				 -1, 0);
	char *zero = (char *)sys(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE,
				 -1, 0);
	zero[0] = 9;
#ifdef INHERIT_ZERO
	IS(32, sys(SYS_minherit, zero, PAGE, INHERIT_ZERO), 0);
#endif
	long child = sys(SYS_fork);
	if (child == 0) {
		anon[0] = 5;
		private[0] = 'Q';
#ifdef INHERIT_ZERO
		quit(zero[0]);
#else
		quit(zero[0] != 9);
#endif
	}
	IS(33, wait_for(child), 0);
	IS(34, anon[0], 5);
	IS(35, private[0], 'S');
	IS(36, zero[0], 9);
}

static void advice(void)
{
	char *p = pages(2);
	p[0] = 1;
	IS(37, sys(SYS_madvise, p, PAGE, 0), 0);
	IS(38, sys(SYS_madvise, p, PAGE, 3), 0);
	IS(39, sys(SYS_madvise, p, PAGE, ADVISE_FREE), 0);
	IS(40, sys(SYS_madvise, p, PAGE, 777), -EINVAL);
	unsigned char vec[2] = {0};
	p[0] = p[PAGE] = 1;
	IS(41, sys(SYS_mincore, p, 2 * PAGE, vec), 0);
	CHECK(42, (vec[0] & 1) && (vec[1] & 1));
	/* MADV_DONTNEED is a hint: private memory keeps what is in it, madvise(2). */
	p[0] = 42;
	IS(43, sys(SYS_madvise, p, PAGE, 4), 0);
	IS(44, p[0], 42);
	IS(45, sys(SYS_mlock, p, PAGE) == 0 ? sys(SYS_munlock, p, PAGE) : 0, 0);
}

static void bad_pointers(void)
{
	const long bad = 0x10;
	const long noncanonical = 0x7000000000000000;
	long out[2];
	int ends[2];
	make_pipe(ends, 0);
	long fd = sys(SYS_open, "m", 2);
	IS(46, sys(SYS_read, fd, bad, 10), -EFAULT);
	IS(47, sys(SYS_write, fd, bad, 10), -EFAULT);
	IS(48, sys(SYS_read, fd, noncanonical, 10), -EFAULT);
	IS(49, sys(SYS_open, bad, 0), -EFAULT);
	IS(50, sys(SYS_open, noncanonical, 0), -EFAULT);
	IS(51, sys(SYS_open, -1L, 0), -EFAULT);
	IS(52, sys(SYS_fstat, fd, bad), -EFAULT);
	IS(53, sys(SYS_fstat, fd, noncanonical), -EFAULT);
#ifndef PIPE2_IN_REGISTERS
	IS(54, sys(SYS_pipe2, bad, 0), -EFAULT);
#endif
	IS(55, sys(SYS_clock_gettime, 0, bad), -EFAULT);
	IS(56, sys(SYS_clock_gettime, MONOTONIC, noncanonical), -EFAULT);
	IS(57, sys(SYS_nanosleep, bad, 0), -EFAULT);
	IS(58, sys(SYS_gettimeofday, bad, 0), -EFAULT);
	IS(59, set_action(30, (void *)bad, 0), -EFAULT);
	IS(60, sys(SYS_sigprocmask, 1, bad, 0), -EFAULT);
	IS(61, sys(SYS_sigaltstack, bad, 0), -EFAULT);
	IS(62, sys(SYS_readv, fd, bad, 1), -EFAULT);
	IS(63, sys(SYS_poll, bad, 1, 0), -EFAULT);
	IS(64, sys(SYS_getrlimit, 8, bad), -EFAULT);
	IS(65, sys(SYS_getrusage, 0, bad), -EFAULT);
	IS(66, sys(SYS_execve, bad, 0, 0), -EFAULT);
	IS(67, sys(SYS___sysctl, bad, 2, 0, 0, 0, 0), -EFAULT);
	long kq = sys(SYS_kqueue);
	IS(68, sys(SYS_kevent, kq, bad, 1, 0, 0, 0), -EFAULT);
	IS(69, sys(SYS_socketpair, 1, 1, 0, bad), -EFAULT);
	IS(70, sys(SYS_getsockname, fd, bad, bad) < 0, 1);
#ifdef SYS_thr_self
	IS(71, sys(SYS_thr_self, bad), -EFAULT);
#endif
	IS(72, sys(SYS_fcntl, fd, F_SETLK, bad), -EFAULT);
	IS(73, read_entries(sys(SYS_open, ".", O_DIRECTORY), (char *)bad, 512), -EFAULT);
	IS(74, raw(out, SYS_getpid), 0); /* still well */
	sys(SYS_close, ends[0]);
	sys(SYS_close, ends[1]);
}

/* Objects that begin in memory and end where there is none. */
static void half_mapped(void)
{
	char *p = pages(1);
	char *end = p + PAGE;
	long fd = sys(SYS_open, "m", 2);
	IS(75, sys(SYS_fstat, fd, end - 100), -EFAULT);
	IS(76, sys(SYS_fstat, fd, end - sizeof(struct stat)), 0);
#ifndef PIPE2_IN_REGISTERS
	IS(77, sys(SYS_pipe2, end - 4, 0), -EFAULT);
#endif
	IS(78, sys(SYS_clock_gettime, MONOTONIC, end - 8), -EFAULT);
	/* A name may end with the last byte, not go past it. */
	end[-2] = 'm';
	end[-1] = '\0';
	IS(79, sys(SYS_access, end - 2, 0), 0);
	end[-1] = 'm';
	IS(80, sys(SYS_access, end - 2, 0), -EFAULT);
	long kq = sys(SYS_kqueue);
	IS(81, sys(SYS_kevent, kq, end - 20, 1, 0, 0, 0), -EFAULT);
	memset(p, 0, PAGE);
	IS(82, set_action(30, (void *)(end - 20), 0), -EFAULT);
	IS(83, set_action(30, (void *)(end - 32), 0), 0);
	/* Read-only memory is no place for a result. */
	sys(SYS_mprotect, p, PAGE, PROT_READ);
	IS(84, sys(SYS_fstat, fd, p), -EFAULT);
	IS(85, sys(SYS_clock_gettime, MONOTONIC, p), -EFAULT);
	IS(86, sys(SYS_read, fd, p, 10), -EFAULT);
}

#ifdef PROT_MAX
#define ANY (PROT_READ | PROT_WRITE | PROT_EXEC)

static long limited(long n, int most)
{
	return sys(SYS_mmap, 0, n * (long)PAGE, PROT_READ | PROT_MAX(most), MAP_ANON | MAP_PRIVATE,
		   -1, 0);
}

/* What a mapping may become at most, mmap(2) and mprotect(2). */
static void limits(void)
{
	const int both = PROT_READ | PROT_WRITE;
	long p = limited(4, both);

	CHECK(95, p > 0);
	IS(96, sys(SYS_mprotect, p, PAGE, both), 0);
	IS(97, sys(SYS_mprotect, p, PAGE, PROT_READ | PROT_EXEC), -EACCES);
	IS(98, sys(SYS_mmap, 0, PAGE, both | PROT_MAX(PROT_READ), MAP_ANON, -1, 0), -EOPNOTSUPP);
	IS(99, sys(SYS_mprotect, p, PAGE, PROT_EXEC | PROT_MAX(PROT_READ)), -EOPNOTSUPP);
	IS(100, sys(SYS_mprotect, p, PAGE, PROT_READ | PROT_MAX(ANY)), -EACCES);
	/* Less from now on, of two pages in the middle. */
	IS(101, sys(SYS_mprotect, p + PAGE, 2 * PAGE, PROT_READ | PROT_MAX(PROT_READ)), 0);
	IS(102, sys(SYS_mprotect, p + 2 * PAGE, PAGE, both), -EACCES);
	IS(103, sys(SYS_mprotect, p, 4 * PAGE, both), -EACCES);
	IS(104, sys(SYS_mprotect, p + 3 * PAGE, PAGE, both), 0);
	IS(105, sys(SYS_mprotect, p, PAGE, both), 0);
	/* A child has the same limits, and one's own are nobody else's. */
	long child = sys(SYS_fork);
	if (child == 0) {
		IS(106, sys(SYS_mprotect, p + PAGE, PAGE, both), -EACCES);
		IS(107, sys(SYS_munmap, p, 4 * PAGE), 0);
		quit(0);
	}
	IS(108, wait_for(child), 0);
	IS(109, sys(SYS_mprotect, p + PAGE, PAGE, both), -EACCES);
	/* Another mapping in its place has none. */
	IS(110, sys(SYS_mmap, p + PAGE, PAGE, PROT_READ, MAP_ANON | MAP_PRIVATE | MAP_FIXED, -1, 0),
	   p + PAGE);
	IS(111, sys(SYS_mprotect, p + PAGE, PAGE, ANY), 0);
	IS(112, sys(SYS_mprotect, p + 2 * PAGE, PAGE, both), -EACCES);
	IS(113, sys(SYS_munmap, p + 2 * PAGE, PAGE), 0);
	IS(114,
	   sys(SYS_mmap, p + 2 * PAGE, PAGE, PROT_READ, MAP_ANON | MAP_PRIVATE | MAP_FIXED, -1, 0),
	   p + 2 * PAGE);
	IS(115, sys(SYS_mprotect, p + 2 * PAGE, PAGE, both), 0);
	/* More of them than one piece of the list has room for; then each second one again. */
	long many[400];
	for (int i = 0; i < 400; i++)
		many[i] = limited(1, i % 2 ? PROT_READ : both);
	for (int i = 0; i < 400; i++)
		IS(116, sys(SYS_mprotect, many[i], PAGE, both), i % 2 ? -EACCES : 0);
	for (int i = 0; i < 400; i++)
		IS(117, sys(SYS_munmap, many[i], PAGE), 0);
	long again = sys(SYS_mmap, 0, 400 * PAGE, PROT_READ, MAP_ANON | MAP_PRIVATE, -1, 0);
	IS(118, sys(SYS_mprotect, again, 400 * PAGE, ANY), 0);
}
#endif

/* The engine's own memory is nothing a guest call can touch. */
static void engine(void)
{
	CHECK(87, sys(SYS_mmap, GATE, PAGE, PROT_READ | PROT_WRITE,
		      MAP_ANON | MAP_PRIVATE | MAP_FIXED, -1, 0) < 0);
	CHECK(88, sys(SYS_munmap, GATE, PAGE) < 0);
	CHECK(89, sys(SYS_mprotect, GATE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) < 0);
	CHECK(90, sys(SYS_mmap, GATE - (long)PAGE, 4 * PAGE, PROT_READ,
		      MAP_ANON | MAP_PRIVATE | MAP_FIXED, -1, 0) < 0);
	CHECK(91, sys(SYS_madvise, GATE, PAGE, ADVISE_FREE) < 0);
	CHECK(92, sys(SYS_munmap, 0, 0x7fffffff0000) < 0);
	int ends[2];
	make_pipe(ends, 0);
	sys(SYS_write, ends[1], "x", 1);
	IS(93, sys(SYS_read, ends[0], GATE, 1), -EFAULT);
	IS(94, sys(SYS_fstat, ends[0], GATE), -EFAULT);
}

void test(int argc, char **argv, char **envp)
{
	mappings();
	files();
	advice();
	bad_pointers();
	half_mapped();
#ifdef PROT_MAX
	limits();
#endif
	engine();
}
