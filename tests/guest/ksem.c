/* Kernel semaphores (sys/kern/uipc_sem.c), kcmp (sys/kern/sys_generic.c), abort2
 * (sys/kern/kern_exit.c). */
#include "tests/guest/guest.h"

enum { O_RDWR = 2, O_CREAT = 0x200, O_EXCL = 0x800 };
#define SLEEPERS 4

static int value_of(long id)
{
	int value = -1;

	IS(1, sys(SYS_ksem_getvalue, id, &value), 0);
	return value;
}

static void nameless(void)
{
	struct timespec past = {1, 0}, before = {-5, 0}, wrong = {0, 1000000000};
	long id = -1, copy;

	IS(10, sys(SYS_ksem_init, &id, 0x80000000u), -EINVAL);
	IS(11, sys(SYS_ksem_init, 8, 1), -EFAULT);
	IS(12, sys(SYS_ksem_init, &id, 2), 0);
	IS(13, sys(SYS_fcntl, id, 1), 1); /* closed by execve */
	IS(14, value_of(id), 2);
	IS(15, sys(SYS_ksem_wait, id), 0);
	IS(16, sys(SYS_ksem_trywait, id), 0);
	IS(17, sys(SYS_ksem_trywait, id), -EAGAIN);
	IS(18, sys(SYS_ksem_timedwait, id, &past), -ETIMEDOUT);
	IS(19, sys(SYS_ksem_timedwait, id, &before), -ETIMEDOUT);
	IS(20, sys(SYS_ksem_timedwait, id, &wrong), -EINVAL);
	IS(21, sys(SYS_ksem_timedwait, id, 8), -EFAULT);
	IS(22, sys(SYS_ksem_post, id), 0);
	IS(23, sys(SYS_ksem_timedwait, id, &past), 0);
	IS(24, sys(SYS_ksem_getvalue, id, 8), -EFAULT);
	IS(25, sys(SYS_ksem_close, id), -EINVAL); /* which is for those with a name */
	copy = sys(SYS_dup, id);
	IS(26, sys(SYS_ksem_post, copy), 0);
	IS(27, value_of(id), 1);
	IS(28, sys(SYS_ksem_destroy, id), 0);
	IS(29, sys(SYS_ksem_post, id), -EINVAL);
	IS(30, sys(SYS_ksem_post, copy), -EINVAL); /* gone by whatever descriptor */
	IS(31, sys(SYS_close, copy), 0);
	IS(32, sys(SYS_ksem_init, &id, 0x7fffffff), 0);
	IS(33, sys(SYS_ksem_post, id), -EOVERFLOW);
	IS(34, sys(SYS_ksem_destroy, id), 0);
	IS(35, sys(SYS_ksem_post, 0), -EINVAL);
	IS(36, sys(SYS_ksem_post, 999), -EINVAL);
}

static void named(void)
{
	long id, other;

	IS(40, sys(SYS_ksem_open, &id, "/no/such", 0, 0, 0), -ENOENT);
	IS(41, sys(SYS_ksem_open, &id, "here", O_CREAT, 0600, 0), -EINVAL);
	IS(42, sys(SYS_ksem_open, &id, 0, O_CREAT, 0600, 0), -EFAULT);
	IS(43, sys(SYS_ksem_open, &id, "/a/b", O_CREAT | O_RDWR, 0600, 0), -EINVAL);
	IS(44, sys(SYS_ksem_open, &id, "/a/b", O_CREAT | O_EXCL, 0600, 3), 0);
	IS(45, sys(SYS_ksem_open, &other, "/a/b", O_CREAT | O_EXCL, 0600, 3), -EEXIST);
	IS(46, sys(SYS_ksem_open, &other, "/a/b", O_CREAT, 0600, 9), 0);
	IS(47, value_of(other), 3);
	IS(48, sys(SYS_ksem_wait, other), 0);
	IS(49, value_of(id), 2);
	IS(50, sys(SYS_ksem_destroy, id), -EINVAL);
	IS(51, sys(SYS_ksem_close, other), 0);
	IS(52, sys(SYS_ksem_close, other), -EINVAL);
	IS(53, sys(SYS_ksem_unlink, "/a/b"), 0);
	IS(54, sys(SYS_ksem_unlink, "/a/b"), -ENOENT);
	IS(55, sys(SYS_ksem_post, id), 0); /* who has it keeps it */
	/* A memory object of the same name is another thing. */
	other = sys(SYS_shm_open2, "/a/b", O_RDWR | O_CREAT, 0600, 0, 0);
	CHECK(56, other >= 0);
	IS(57, sys(SYS_ksem_open, &id, "/a/b", 0, 0, 0), -ENOENT);
	IS(58, sys(SYS_ksem_post, other), -EINVAL);
	IS(59, sys(SYS_shm_unlink, "/a/b"), 0);
}

/* Children sleep; each post lets one go on. */
static void between_processes(void)
{
	long id, done, children[SLEEPERS];

	IS(60, sys(SYS_ksem_init, &id, 0), 0);
	IS(61, sys(SYS_ksem_init, &done, 0), 0);
	for (int i = 0; i < SLEEPERS; i++) {
		children[i] = sys(SYS_fork);
		if (children[i] == 0) {
			if (sys(SYS_ksem_wait, id) == 0)
				(void)sys(SYS_ksem_post, done);
			quit(0);
		}
		CHECK(62, children[i] > 0);
	}
	for (int i = 0; i < SLEEPERS; i++) {
		IS(63, sys(SYS_ksem_post, id), 0);
		IS(64, sys(SYS_ksem_wait, done), 0);
	}
	for (int i = 0; i < SLEEPERS; i++)
		IS(65, wait_for(children[i]), 0);
	IS(66, value_of(id), 0);
	IS(67, sys(SYS_ksem_destroy, id), 0);
	IS(68, sys(SYS_ksem_destroy, done), 0);
}

/* Not destroyed while somebody waits.  Who comes too late finds nothing to wait for: once more. */
static void in_use(void)
{
	long id, r = 0;

	for (long ms = 1; r == 0 && ms < 10000; ms *= 2) {
		IS(70, sys(SYS_ksem_init, &id, 0), 0);
		long child = sys(SYS_fork);
		if (child == 0)
			quit(sys(SYS_ksem_wait, id) == 0 ? 1 : 2);
		sleep_ms(ms);
		r = sys(SYS_ksem_destroy, id);
		if (r == -EBUSY)
			IS(71, sys(SYS_ksem_post, id), 0);
		IS(72, wait_for(child), r == 0 ? 2 << 8 : 1 << 8);
	}
	IS(73, r, -EBUSY);
	IS(74, sys(SYS_ksem_destroy, id), 0);
}

enum { KCMP_FILE = 100, KCMP_FILEOBJ, KCMP_FILES, KCMP_SIGHAND, KCMP_VM };

static void compared(void)
{
	long me = sys(SYS_getpid), both[2], a, b, copy, r;

	a = sys(SYS_open, "/", 0);
	b = sys(SYS_open, "/", 0);
	copy = sys(SYS_dup, a);
	IS(80, sys(SYS_kcmp, me, me, KCMP_FILE, a, copy), 0);
	r = sys(SYS_kcmp, me, me, KCMP_FILE, a, b);
	CHECK(81, r == 1 || r == 2);
	IS(82, sys(SYS_kcmp, me, me, KCMP_FILE, b, a), 3 - r);
	IS(83, sys(SYS_kcmp, me, me, KCMP_FILEOBJ, a, b), 0);
	IS(84, sys(SYS_pipe2, both, 0), 0);
	IS(85, sys(SYS_kcmp, me, me, KCMP_FILEOBJ, a, (int)both[0]), 3);
	IS(86, sys(SYS_kcmp, me, me, KCMP_FILE, a, 999), -EBADF);
	IS(87, sys(SYS_kcmp, me, me, 5, 0, 0), -EINVAL);
	IS(88, sys(SYS_kcmp, me, 0x3fffffff, KCMP_VM, 0, 0), -ESRCH);
	for (int what = KCMP_FILES; what <= KCMP_VM; what++)
		IS(89, sys(SYS_kcmp, me, me, what, 0, 0), 0);
	long child = sys(SYS_fork);
	if (child == 0) {
		IS(90, sys(SYS_kcmp, me, sys(SYS_getpid), KCMP_FILE, a, copy), 0);
		r = sys(SYS_kcmp, me, sys(SYS_getpid), KCMP_VM, 0, 0);
		CHECK(91, r == 1 || r == 2);
		quit(0);
	}
	IS(92, wait_for(child), 0);
}

/* The child's end as wait4 tells it. */
static int end_of_abort2(const char *why, int n, void *arguments)
{
	uint32_t all[4] = {~0u, ~0u, ~0u, ~0u};
	long child = sys(SYS_fork);

	if (child == 0) {
		(void)sys(SYS_sigprocmask, 3, all, 0);
		(void)sys(SYS_abort2, why, n, arguments);
		quit(7);
	}
	return wait_for(child) & 0x7f;
}

static void aborts(void)
{
	void *arguments[16] = {0};

	IS(100, end_of_abort2("because", 16, arguments), 6);
	IS(101, end_of_abort2(0, 0, 0), 6);
	IS(102, end_of_abort2("because", 17, arguments), 9);
	IS(103, end_of_abort2("because", -1, arguments), 9);
	IS(104, end_of_abort2("because", 1, 0), 9);
	IS(105, end_of_abort2((const char *)8, 0, 0), 9);
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	nameless();
	named();
	between_processes();
	in_use();
	compared();
	aborts();
}
