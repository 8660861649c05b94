/* System V's objects, POSIX's queues, the kernel's semaphores, lists of robust locks, sigqueue: sys/ipc.h, sys/shm.h,
 * sys/sem.h, sys/msg.h, sys/mqueue.h, sys/futex.h; sys/kern/uipc_sem.c. */
#include "tests/guest/guest.h"
#include "signal.h"

enum { CREAT = 01000, EXCL = 02000, NOWAIT = 04000 };
enum { RMID, SET, STAT };
enum { ENOMSG = 83 };

struct perm {
	uint32_t uid, gid, cuid, cgid, mode;
	uint16_t seq;
	int64_t key;
};
_Static_assert(sizeof(struct perm) == 32, "sys/ipc.h");

static void shared_memory(void)
{
	const long key = -77; /* the upper half is its sign */
	struct {
		struct perm perm;
		uint64_t size;
		int32_t last, creator;
		uint32_t attached;
		int64_t attach_time, detach_time, change_time;
		void *internal;
	} s;
	struct {
		struct perm perm;
		uint64_t size;
		int32_t last, creator;
		uint32_t attached;
		int32_t attach_time, detach_time, change_time;
		void *internal;
	} old;
	_Static_assert(sizeof s == 88 && sizeof old == 72, "sys/shm.h");
	long id = sys(SYS_shmget, key, 5000, CREAT | EXCL | 0640);

	CHECK(1, id >= 0);
	IS(2, sys(SYS_shmget, key, 0, 0), id);
	IS(3, sys(SYS___shmctl50, id, STAT, &s), 0);
	CHECK(4, s.perm.key == key && (s.perm.mode & 0777) == 0640 && s.size >= 5000);
	CHECK(5, s.creator == sys(SYS_getpid) && s.perm.uid == s.perm.cuid && s.change_time > 0);
	IS(6, sys(SYS_compat_50___shmctl13, id, STAT, &old), 0);
	CHECK(7, old.perm.key == key && old.change_time == (int32_t)s.change_time && !old.attached);
	char *at = (char *)sys(SYS_shmat, id, 0, 0);
	CHECK(8, (long)at > 0);
	at[4999] = 'x';
	s.perm.mode = 0600;
	IS(9, sys(SYS___shmctl50, id, SET, &s), 0);
	IS(10, sys(SYS___shmctl50, id, STAT, &s), 0);
	CHECK(11, (s.perm.mode & 0777) == 0600 && s.attached == 1);
	IS(12, sys(SYS___shmctl50, id, 3, 0), -EPERM); /* SHM_LOCK */
	IS(13, sys(SYS___shmctl50, id, 5, 0), -EINVAL);
	IS(14, sys(SYS___shmctl50, id, RMID, 0), 0);
	IS(15, sys(SYS_shmdt, at), 0);
	IS(16, sys(SYS_shmget, key, 0, 0), -ENOENT);
}

static void queues(void)
{
	struct {
		long type;
		char text[16];
	} m = {7, "seven"}, got;
	struct {
		struct perm perm;
		uint64_t messages, room;
		int32_t sender, receiver;
		int64_t send_time, receive_time, change_time;
		void *first, *last;
		uint64_t bytes;
	} s;
	_Static_assert(sizeof s == 104, "sys/msg.h");
	long id = sys(SYS_msgget, 0, 0600);

	CHECK(20, id >= 0);
	IS(21, sys(SYS_msgsnd, id, &m, 6, NOWAIT), 0);
	IS(22, sys(SYS___msgctl50, id, STAT, &s), 0);
	CHECK(23,
	      s.messages == 1 && s.bytes == 6 && s.sender == sys(SYS_getpid) && s.send_time > 0);
	IS(24, sys(SYS_msgrcv, id, &got, 16, 8, NOWAIT), -ENOMSG);
	IS(25, sys(SYS_msgrcv, id, &got, 16, 0, NOWAIT), 6);
	CHECK(26, got.type == 7 && !strcmp(got.text, "seven"));
	IS(27, sys(SYS___msgctl50, id, RMID, 0), 0);
}

static void sets(void)
{
	enum { GETALL = 6, SETVAL = 8, GETVAL = 5 };
	struct {
		uint16_t which;
		int16_t add, flags;
	} up = {1, 3, NOWAIT}, down = {1, -4, NOWAIT};
	struct {
		struct perm perm;
		uint16_t n;
		int64_t operation_time, change_time;
		void *base;
	} s;
	union {
		int value;
		void *buffer;
	} arg;
	uint16_t values[2];
	_Static_assert(sizeof s == 64, "sys/sem.h");
	long id = sys(SYS_semget, 0, 2, 0600);

	CHECK(30, id >= 0);
	arg.value = 5;
	IS(31, sys(SYS_____semctl50, id, 0, SETVAL, &arg), 0);
	IS(32, sys(SYS_semop, id, &up, 1), 0);
	IS(33, sys(SYS_semop, id, &down, 1), -EAGAIN);
	IS(34, sys(SYS_____semctl50, id, 1, GETVAL, &arg), 3);
	arg.buffer = values;
	IS(35, sys(SYS_____semctl50, id, 0, GETALL, &arg), 0);
	CHECK(36, values[0] == 5 && values[1] == 3);
	arg.buffer = &s;
	IS(37, sys(SYS_____semctl50, id, 0, STAT, &arg), 0);
	CHECK(38, s.n == 2 && s.operation_time > 0 && (s.perm.mode & 0777) == 0600);
	IS(39, sys(SYS_____semctl50, id, 0, RMID, &arg), 0);
	IS(40, sys(SYS_semconfig, 0), 0);
}

static void messages(void)
{
	struct {
		long flags, most, size, now;
	} a = {.most = 4, .size = 32}, got;
	struct {
		int32_t sec, pad;
		int64_t nsec;
	} past = {.sec = 1};
	char text[32];
	unsigned priority;
	long q;

	sys(SYS_mq_unlink, "/netbsd.ipc"); /* of a run that was cut short */
	IS(50, sys(SYS_mq_open, "/netbsd.ipc", O_RDWR, 0, 0), -ENOENT);
	q = sys(SYS_mq_open, "/netbsd.ipc", O_RDWR | O_CREAT | O_EXCL, 0600, &a);
	CHECK(51, q >= 0);
	IS(52, sys(SYS_mq_send, q, "low", 3, 1), 0);
	IS(53, sys(SYS___mq_timedsend50, q, "high", 4, 31, 0), 0);
	IS(54, sys(SYS_mq_send, q, "no", 2, 32), -EINVAL); /* MQ_PRIO_MAX */
	IS(55, sys(SYS_mq_getattr, q, &got), 0);
	CHECK(56, got.most == 4 && got.size == 32 && got.now == 2 && got.flags == 0);
	IS(57, sys(SYS_mq_receive, q, text, 32, &priority), 4);
	CHECK(58, priority == 31 && !memcmp(text, "high", 4));
	IS(59, sys(SYS_compat_50_mq_timedsend, q, "x", 1, 0, &past), 0);
	IS(66, sys(SYS_compat_50_mq_timedreceive, q, text, 32, 0, &past), 3);
	IS(67, sys(SYS_mq_receive, q, text, 32, 0), 1);
	IS(60, sys(SYS_compat_50_mq_timedreceive, q, text, 32, 0, &past), -ETIMEDOUT);
	got.flags = O_NONBLOCK;
	IS(61, sys(SYS_mq_setattr, q, &got, &a), 0);
	IS(62, sys(SYS_mq_receive, q, text, 32, 0), -EAGAIN);
	IS(63, sys(SYS_mq_unlink, "/netbsd.ipc"), 0);
	IS(64, sys(SYS_mq_close, q), 0);
	IS(65, sys(SYS_mq_close, q), -EBADF);
}

static void semaphores(void)
{
	struct timespec past = {1, 0};
	unsigned value;
	long id = -1, other;

	IS(70, sys(SYS__ksem_init, 1, &id), 0);
	IS(71, sys(SYS__ksem_wait, id), 0);
	IS(72, sys(SYS__ksem_trywait, id), -EAGAIN);
	IS(73, sys(SYS__ksem_timedwait, id, &past), -ETIMEDOUT);
	long pid = sys(SYS_fork);
	if (pid == 0)
		quit((int)sys(SYS__ksem_post, id));
	IS(74, sys(SYS__ksem_wait, id), 0);
	IS(75, sys(SYS_wait4, pid, 0, 0, 0), pid);
	IS(76, sys(SYS__ksem_getvalue, id, &value), 0);
	IS(77, value, 0);
	IS(78, sys(SYS__ksem_destroy, id), 0);
	IS(79, sys(SYS__ksem_post, id), -EINVAL);
	IS(80, sys(SYS__ksem_open, "/nb.sem", 0, 0, 0, &id), -ENOENT);
	IS(81, sys(SYS__ksem_open, "nb.sem", O_CREAT, 0600, 0, &id), -EINVAL);
	IS(82, sys(SYS__ksem_open, "/much.too.long.", O_CREAT, 0600, 0, &id), -ENAMETOOLONG);
	IS(83, sys(SYS__ksem_open, "/nb.sem", O_CREAT | O_EXCL, 0600, 2, &id), 0);
	IS(84, sys(SYS__ksem_open, "/nb.sem", O_CREAT, 0600, 9, &other), 0);
	IS(85, sys(SYS__ksem_wait, other), 0);
	IS(86, sys(SYS__ksem_getvalue, id, &value), 0);
	IS(87, value, 1);
	IS(88, sys(SYS__ksem_unlink, "/nb.sem"), 0);
	IS(89, sys(SYS__ksem_unlink, "nb.sem"), -ENOENT);
	IS(90, sys(SYS__ksem_close, id), 0);
	IS(91, sys(SYS__ksem_close, other), 0);
}

/* A lock whose owner ends: the word says so, and who sleeps on it is woken. */
static void robust_lists(void)
{
	enum { FUTEX_WAIT = 0, OWNER_DIED = 0x40000000, WAITERS = (int)0x80000000 };
	struct {
		long head, offset, pending;
		struct {
			long next;
			int word, pad;
		} lock;
	} *shared = (void *)sys(SYS_mmap, 0, PAGE, 3, 0x1001, -1, 0);
	long size = 0, *head = 0;

	IS(100, sys(SYS___futex_set_robust_list, shared, 8), -EINVAL);
	long pid = sys(SYS_fork);
	if (pid == 0) {
		shared->offset = 8;
		shared->head = (long)&shared->lock.next;
		shared->lock.next = (long)&shared->head;
		shared->lock.word = (int)sys(SYS__lwp_self);
		if (sys(SYS___futex_set_robust_list, shared, 24) < 0)
			quit(1);
		if (sys(SYS___futex_get_robust_list, 0, &head, &size) < 0 || (void *)head != shared)
			quit(2);
		quit(size == 24 ? 0 : 3);
	}
	int status = -1;
	IS(101, sys(SYS_wait4, pid, &status, 0, 0), pid);
	IS(102, status, 0);
	CHECK(103, shared->lock.word & OWNER_DIED);
}

static volatile int got_signal, got_code, got_value;
static void handler(int n, int *info, void *context)
{
	(void)context;
	got_signal = n;
	got_code = info[1];
	got_value = info[6];
}

static void sent_values(void)
{
	enum { SIGUSR1 = 30, SI_QUEUE = -1 };
	struct sigaction a = {.handler = handler, .flags = 0x40};
	int info[32] = {SIGUSR1, SI_QUEUE, 0, 0, 1, 2, 4711};

	IS(110, set_action(SIGUSR1, &a, 0), 0);
	IS(111, sys(SYS_sigqueueinfo, sys(SYS_getpid), info), 0);
	CHECK(112, got_signal == SIGUSR1 && got_code == SI_QUEUE && got_value == 4711);
	info[1] = 5;
	IS(113, sys(SYS_sigqueueinfo, sys(SYS_getpid), info), -EPERM);
	IS(114, sys(SYS_sigqueueinfo, sys(SYS_getpid), 8), -EFAULT);
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	shared_memory();
	queues();
	sets();
	messages();
	semaphores();
	robust_lists();
	sent_values();
}
