/* What a freestanding guest program needs: an entry, calls with their raw results, and
 * CHECK.  Call numbers are the rows' own (guest_numbers_SYSTEM.h is made from them); what else
 * is a system's own its headers say (tests/guest/SYSTEM/: system.h is included here, the others
 * by the programs that need them).
 *
 * A program defines `void test(int argc, char **argv, char **envp)`.  Its exit status is the
 * number of the first check that failed, 0 if all held.
 *
 * The programs of tests/guest/common/ are built for every system that has a system.h, but for
 * those that its file `lacks` names with a reason.  Where systems differ a header has a name for
 * it; what only some have is asked for by its number or name (#ifdef SYS_...).
 *
 * The same text builds for Linux with -DNATIVE (bench/): there sys() is Linux's convention.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef NATIVE
#include <asm/unistd.h>
#define SYS__exit __NR_exit_group
#define SYS_write __NR_write
#define LOAD_BLOCK "	mov %rsp, %rdi\n"
#else
#include "system.h"
#endif

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define PAGE 4096UL

/* sys/errno.h, those the tests expect. */
/* clang-format off */
enum {
	EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, E2BIG = 7, ENOEXEC = 8, EBADF = 9, ECHILD = 10,
	EDEADLK = 11, ENOMEM = 12, EACCES = 13, EFAULT = 14, EBUSY = 16, EEXIST = 17, ENOTDIR = 20,
	EISDIR = 21, EINVAL = 22, EMFILE = 24, ENOTTY = 25, EFBIG = 27, ENOSPC = 28, ESPIPE = 29,
	EROFS = 30, EMLINK = 31, EPIPE = 32, ERANGE = 34, EAGAIN = 35, EINPROGRESS = 36,
	EALREADY = 37, ENOTSOCK = 38, EDESTADDRREQ = 39, EMSGSIZE = 40, ENOPROTOOPT = 42,
	EPROTONOSUPPORT = 43, EOPNOTSUPP = 45, EAFNOSUPPORT = 47, EADDRINUSE = 48,
	EADDRNOTAVAIL = 49, ECONNABORTED = 53, ECONNRESET = 54, EISCONN = 56, ENOTCONN = 57, ETIMEDOUT = 60,
	ECONNREFUSED = 61, ELOOP = 62, ENAMETOOLONG = 63, ENOTEMPTY = 66, ENOSYS = 78,
	EFTYPE = 79,	EOVERFLOW = 84, ENOTCAPABLE = 93,
};
/* clang-format on */

/* The call itself: a[0..7] as the system's libc would pass them, results to out[0] (rax) and
 * out[1] (rdx); returns the carry flag.  The seventh and eighth argument lie at rsp+8, after
 * the slot where a libc stub's return address would be. */
int raw_call(long nr, const long a[8], long out[2]);
__asm__(".pushsection .text\n"
	".cfi_sections .debug_frame\n"
	".global raw_call\n"
	".type raw_call, @function\n"
	"raw_call:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %rbx, 0\n"
	"	push %rbp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %rbp, 0\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %rbx\n"
	"	mov %rdx, %rbp\n"
	"	sub $24, %rsp\n"
	"	.cfi_adjust_cfa_offset 24\n"
	"	mov 48(%rbx), %rcx\n"
	"	mov %rcx, 8(%rsp)\n"
	"	mov 56(%rbx), %rcx\n"
	"	mov %rcx, 16(%rsp)\n"
	"	mov 0(%rbx), %rdi\n"
	"	mov 8(%rbx), %rsi\n"
	"	mov 16(%rbx), %rdx\n"
	"	mov 24(%rbx), %r10\n"
	"	mov 32(%rbx), %r8\n"
	"	mov 40(%rbx), %r9\n"
	"	test %rax, %rax\n" /* carry clear, whatever it was */
	"	syscall\n"
	"	mov %rax, 0(%rbp)\n"
	"	mov %rdx, 8(%rbp)\n"
	"	setc %al\n"
	"	movzbl %al, %eax\n"
	"	lea 24(%rsp), %rsp\n"
	"	.cfi_adjust_cfa_offset -24\n"
	"	pop %rbp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	pop %rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size raw_call, . - raw_call\n"
	".popsection\n");

/* as_given(nr, args...): the result, or the negative error number. */
static inline long call_as_given(long nr, const long a[8])
{
	long out[2];
	if (raw_call(nr, a, out))
		return -out[0];
	return out[0];
}
#define as_given(nr, ...) \
	SYS_ARGS(call_as_given, nr __VA_OPT__(, ) __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0)

#ifdef NATIVE
#define sys_call call_as_given
#define call_raw raw_call
#else
/* With the arguments where the system's own function puts them. */
static inline int call_raw(long nr, const long a[8], long out[2])
{
	long padded[8];
	int pad = pad_before(nr);
	for (int i = 0, from = 0; i < 8; i++)
		padded[i] = i == pad ? 0 : a[from++];
	return raw_call(nr, padded, out);
}

static inline long sys_call(long nr, const long a[8])
{
	long out[2];
	if (call_raw(nr, a, out))
		return -out[0];
	return result_of(nr, out);
}
#endif

/* sys(nr, args...): what the system's own function makes of it, or the negative error number. */
#define sys(nr, ...) SYS_ARGS(sys_call, nr __VA_OPT__(, ) __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0)
#define SYS_ARGS(fn, nr, a, b, c, d, e, f, g, h, ...) \
	fn((nr), (const long[8]){(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f), \
				 (long)(g), (long)(h)})

/* raw(out, nr, args...): the carry flag; out[0] and out[1] are what came back. */
#define raw(out, nr, ...) RAW_ARGS(out, nr __VA_OPT__(, ) __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0)
#define RAW_ARGS(out, nr, a, b, c, d, e, f, g, h, ...) \
	call_raw((nr), \
		 (const long[8]){(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f), \
				 (long)(g), (long)(h)}, \
		 (out))

#define noinline __attribute__((noinline))

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

void *memcpy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)to)[i] = ((const char *)from)[i];
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	if ((uintptr_t)to <= (uintptr_t)from)
		return memcpy(to, from, n);
	while (n--)
		((volatile char *)to)[n] = ((const char *)from)[n];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((volatile char *)to)[i] = (char)c;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;
	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;
	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

static inline void print(const char *s)
{
	sys(SYS_write, 2, s, strlen(s));
}

static inline void print_number(long n)
{
	char text[24];
	char *at = text + sizeof text - 1;
	unsigned long left = n < 0 ? -(unsigned long)n : (unsigned long)n;
	*at = '\0';
	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (n < 0)
		*--at = '-';
	print(at);
}

static inline __attribute__((noreturn)) void quit(int status)
{
	for (;;)
		sys(SYS__exit, status);
}

static noinline __attribute__((noreturn)) void check_failed(int n, const char *what)
{
	print("check ");
	print_number(n);
	print(" failed: ");
	print(what);
	print("\n");
	quit(n);
}

/* One fact.  n is the exit status if it does not hold: below 125, and used once a program. */
#define CHECK(n, cond) \
	do { \
		_Static_assert((n) > 0 && (n) < 125, "1 to 124"); \
		if (!(cond)) \
			check_failed(n, #cond); \
	} while (0)

/* The same for a value, which is printed when it is not the one expected. */
#define IS(n, value, expected) is(n, (long)(value), (long)(expected), #value)
static inline void is(int n, long value, long expected, const char *what)
{
	if (value == expected)
		return;
	print("got ");
	print_number(value);
	print(", expected ");
	print_number(expected);
	print("; ");
	check_failed(n, what);
}

void test(int argc, char **argv, char **envp);

__attribute__((used)) static void start(long *block)
{
	test((int)block[0], (char **)block + 1, (char **)block + block[0] + 2);
	quit(0);
}
__asm__(".pushsection .text\n"
	".global _start\n"
	"_start:\n" LOAD_BLOCK "	and $-16, %rsp\n"
	"	xor %ebp, %ebp\n"
	"	call start\n"
	"	hlt\n"
	".popsection\n");

#ifndef NATIVE
struct timespec {
	long sec, nsec;
};

static inline long now_ms(void)
{
	struct timespec t;
	sys(SYS_clock_gettime, MONOTONIC, &t);
	return t.sec * 1000 + t.nsec / 1000000;
}

static inline void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	sys(SYS_nanosleep, &t, 0);
}

/* Fresh zeroed memory; the page after it is not mapped. */
static inline char *pages(size_t n)
{
	long at = sys(SYS_mmap, 0, (n + 1) * PAGE, 3, 0x1002, -1, 0);
	if (at < 0)
		check_failed(124, "mmap");
	sys(SYS_munmap, at + n * PAGE, PAGE);
	return (char *)at;
}

/* The exit status of a child made by fork: wait4's word. */
static inline int wait_for(long pid)
{
	int status = -1;
	while (sys(SYS_wait4, pid, &status, 0, 0) == -EINTR)
		;
	return status;
}
#endif

#endif
