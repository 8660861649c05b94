/* abort2 and kcmp: sys/kern/kern_exit.c, sys/kern/sys_generic.c; FreeBSD 15. */
#include <linux/kcmp.h>

#include "syscalls/abi.h"
#include "syscalls/engine.h"
#include "syscalls/file.h"
#include "syscalls/process.h"

/* ---- abort2 ----------------------------------------------------------------------------- */

enum { SIGABRT_ = 6, SIGKILL_ = 9 };
#define REASON_MOST 128
#define ARGUMENTS_MOST 16

static bool is_proper(struct call *c)
{
	uint64_t arguments[ARGUMENTS_MOST];
	int n = (int)c->a[1];
	char reason[REASON_MOST];
	long r = 0;

	if (n < 0 || n > ARGUMENTS_MOST)
		return false;
	if (n)
		r = get_guest(c, arguments, c->a[2], (size_t)n * sizeof *arguments);
	if (r == 0 && c->a[0])
		r = get_guest_string(c, reason, c->a[0], sizeof reason);
	return r >= 0 || r == -ENAMETOOLONG; /* a longer reason is cut */
}

/* abort2(why, n, arguments): it does not return, blocked and handled or not; who calls it wrongly is
 * killed. */
TRANSLATOR(freebsd_abort2)
{
	struct signal_info info = {.number = is_proper(c) ? SIGABRT_ : SIGKILL_, .is_fault = true};

	sigset_add(&c->thread->mask, info.number);
	engine_raise(c->thread, &info);
	return 0;
}

/* ---- kcmp ------------------------------------------------------------------------------- */

enum { FILE_ = 100, FILEOBJ, FILES, SIGHAND, VM }; /* sys/unistd.h */
enum { ANOTHER_TYPE = 3 };

static long compare(struct call *c, int what)
{
	uint64_t first, second;

	if (what != KCMP_FILE)
		return host(c, __NR_kcmp, c->a[0], c->a[1], what, 0, 0);
	if (value_to_host(c, &type_fd, c->a[3], &first) < 0 ||
	    value_to_host(c, &type_fd, c->a[4], &second) < 0)
		return -EBADF;
	return host(c, __NR_kcmp, c->a[0], c->a[1], what, first, second);
}

static long order(uint64_t a, uint64_t b)
{
	return a == b ? 0 : a < b ? 1 : 2;
}

/* As the system tells its descriptors apart. */
static enum class { FILE_SYSTEM, PIPE, SOCKET, OTHER } class_of(const struct statx *st)
{
	switch (st->stx_mode & S_IFMT) {
	case S_IFSOCK:
		return SOCKET;
	case S_IFIFO:
		return PIPE;
	case 0:
		return OTHER;
	default:
		return FILE_SYSTEM;
	}
}

/* What is opened: files, pipes and sockets have numbers of their own.  What has none (a kqueue) is
 * not opened twice. */
static long compare_objects(struct call *c)
{
	uint64_t nothing = empty_path(c);
	long same = compare(c, KCMP_FILE), r;
	struct statx a, b;

	if (same <= 0)
		return same;
	if ((int)c->a[0] != c->thread->process->pid || (int)c->a[1] != c->thread->process->pid)
		return -EPERM;
	if (!nothing)
		return -ENOMEM;
	r = status_of(c, c->a[3], nothing, AT_EMPTY_PATH, &a);
	if (r == 0)
		r = status_of(c, c->a[4], nothing, AT_EMPTY_PATH, &b);
	if (r < 0)
		return r;
	if (class_of(&a) != class_of(&b))
		return ANOTHER_TYPE;
	if (class_of(&a) == OTHER)
		return same;
	r = order((uint64_t)a.stx_dev_major << 32 | a.stx_dev_minor,
		  (uint64_t)b.stx_dev_major << 32 | b.stx_dev_minor);
	return r ? r : order(a.stx_ino, b.stx_ino);
}

/* kcmp(process, process, what, descriptor, descriptor) */
TRANSLATOR(freebsd_kcmp)
{
	switch ((int)c->a[2]) {
	case FILE_:
		return compare(c, KCMP_FILE);
	case FILEOBJ:
		return compare_objects(c);
	case FILES:
		return compare(c, KCMP_FILES);
	case SIGHAND:
		return compare(c, KCMP_SIGHAND);
	case VM:
		return compare(c, KCMP_VM);
	default:
		return -EINVAL;
	}
}
