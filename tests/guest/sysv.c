/* System V's shared memory, queues and semaphores.  Layouts: sys/ipc.h, sys/shm.h, sys/msg.h,
 * sys/sem.h. */
#include "tests/guest/guest.h"

enum { CREAT = 01000, EXCL = 02000, NOWAIT = 04000, UNDO = 010000 };
enum { RDONLY = 010000, RND = 020000 };
enum { MSG_NOERROR = 010000 };
enum { RMID, SET, STAT };
enum { GETNCNT = 3, GETPID, GETVAL, GETALL, GETZCNT, SETVAL, SETALL, SEM_STAT };
enum { ENOMSG = 83, EIDRM = 82 };

struct perm {
	uint32_t cuid, cgid, uid, gid;
	uint16_t mode, seq;
	int64_t key;
};
struct old_perm {
	uint16_t cuid, cgid, uid, gid, mode, seq;
	int64_t key;
};
struct shm_state {
	struct perm perm;
	uint64_t size;
	int32_t last, creator;
	uint32_t attached;
	int64_t attach_time, detach_time, change_time;
};
_Static_assert(sizeof(struct shm_state) == 80, "sys/shm.h");
struct old_shm_state {
	struct old_perm perm;
	int32_t size, last, creator;
	int16_t attached;
	int64_t attach_time, detach_time, change_time;
	void *internal;
};
_Static_assert(sizeof(struct old_shm_state) == 72, "struct shmid_ds_old");
struct msg_state {
	struct perm perm;
	void *first, *last;
	uint64_t bytes, messages, room;
	int32_t sender, receiver;
	int64_t send_time, receive_time, change_time;
};
_Static_assert(sizeof(struct msg_state) == 104, "sys/msg.h");
struct old_msg_state {
	struct old_perm perm;
	void *first, *last;
	uint64_t bytes, messages, room;
	int32_t sender, receiver;
	int64_t send_time, pad1, receive_time, pad2, change_time, pad3[5];
};
_Static_assert(sizeof(struct old_msg_state) == 152, "struct msqid_ds_old");
struct sem_state {
	struct perm perm;
	void *base;
	uint16_t n;
	int64_t operation_time, change_time;
};
_Static_assert(sizeof(struct sem_state) == 64, "sys/sem.h");
struct old_sem_state {
	struct old_perm perm;
	void *base;
	uint16_t n;
	int64_t operation_time, pad1, change_time, pad[5];
};
_Static_assert(sizeof(struct old_sem_state) == 104, "struct semid_ds_old");
struct operation {
	uint16_t which;
	int16_t add, flags;
};
union semun {
	int value;
	void *buffer;
};
struct message {
	long type;
	char text[32];
};

static void shared_memory(void)
{
	const long key = -77; /* the upper half is its sign */
	struct shm_state s;
	struct old_shm_state old;

	IS(1, sys(SYS_shmget, key, 5000, 0600), -ENOENT);
	long id = sys(SYS_shmget, key, 5000, CREAT | EXCL | 0640);
	CHECK(2, id >= 0);
	IS(3, sys(SYS_shmget, key, 5000, CREAT | EXCL | 0640), -EEXIST);
	IS(4, sys(SYS_shmget, key, 0, 0), id);
	IS(5, sys(SYS_shmget, key, 3 * PAGE, 0), -EINVAL);
	IS(6, sys(SYS_shmctl, id, STAT, &s), 0);
	IS(7, s.size, 2 * PAGE); /* whole pages */
	IS(8, s.perm.key, key);
	IS(9, s.perm.mode & 0777, 0640);
	IS(10, s.creator, sys(SYS_getpid));
	IS(11, sys(SYS_freebsd7_shmctl, id, STAT, &old), 0);
	CHECK(12, old.size == (int)(2 * PAGE) && old.perm.key == key && old.attached == 0);

	char *at = (char *)sys(SYS_shmat, id, 0, 0);
	CHECK(13, (long)at > 0);
	char *read_only = (char *)sys(SYS_shmat, id, 0, RDONLY);
	CHECK(14, (long)read_only > 0);
	at[PAGE] = 'x';
	IS(15, read_only[PAGE], 'x');
	IS(16, sys(SYS_read, 0, read_only, 0), 0);
	IS(17, sys(SYS_shmctl, id, STAT, &s), 0);
	IS(18, s.attached, 2);
	long pid = sys(SYS_fork);
	if (pid == 0) {
		at[1] = 'c';
		quit(0);
	}
	IS(19, wait_for(pid), 0);
	IS(20, at[1], 'c');
	/* A place of one's own, rounded or not at all; not over what is there. */
	char *room = pages(4);
	IS(21, sys(SYS_shmat, id, room, 0), -ENOMEM);
	IS(22, sys(SYS_munmap, room, 4 * PAGE), 0);
	IS(23, sys(SYS_shmat, id, room + 100, 0), -EINVAL);
	IS(24, sys(SYS_shmat, id, room + 100, RND), (long)room);
	IS(25, room[PAGE], 'x');
	IS(26, sys(SYS_shmdt, room), 0);
	IS(27, sys(SYS_shmdt, room), -EINVAL);
	IS(28, sys(SYS_shmat, id, 0x7e0000000000, 0), -ENOMEM); /* the engine's */
	IS(29, sys(SYS_shmat, id, 0, 0x100000), -EINVAL);

	s.perm.mode = 0600;
	s.perm.key = 0x123456789abc; /* not looked at */
	IS(30, sys(SYS_shmctl, id, SET, &s), 0);
	IS(31, sys(SYS_shmctl, id, STAT, &s), 0);
	IS(32, s.perm.mode & 0777, 0600);
	IS(33, sys(SYS_shmctl, id, 11, 0), -EINVAL); /* SHM_LOCK: sysv_shm.c has none */
	IS(34, sys(SYS_shmctl, id, STAT, 8), -EFAULT);
	IS(35, sys(SYS_shmctl, id, RMID, 0), 0);
	IS(36, sys(SYS_shmget, key, 0, 0), -ENOENT);
	IS(37, at[PAGE], 'x'); /* as long as it is attached */
	IS(38, sys(SYS_shmdt, at), 0);
	IS(39, sys(SYS_shmdt, read_only), 0);
	IS(40, sys(SYS_shmctl, id, STAT, &s), -EINVAL);
}

static void queues(void)
{
	struct message m = {7, "seven"}, got;
	struct msg_state s;
	struct old_msg_state old;

	long id = sys(SYS_msgget, 0, 0600);
	CHECK(41, id >= 0);
	IS(42, sys(SYS_msgsnd, id, &m, 6, 0), 0);
	m.type = 3;
	IS(43, sys(SYS_msgsnd, id, &m, 2, NOWAIT), 0);
	m.type = 0;
	IS(44, sys(SYS_msgsnd, id, &m, 2, 0), -EINVAL);
	IS(45, sys(SYS_msgctl, id, STAT, &s), 0);
	CHECK(46, s.messages == 2 && s.bytes == 8 && s.sender == sys(SYS_getpid) && !s.receiver);
	IS(47, s.perm.mode & 0777, 0600);
	IS(48, sys(SYS_freebsd7_msgctl, id, STAT, &old), 0);
	CHECK(49, old.messages == 2 && old.room == s.room && old.sender == s.sender);
	IS(50, sys(SYS_msgrcv, id, &got, sizeof got.text, 3, 0), 2);
	IS(51, got.type, 3);
	IS(52, sys(SYS_msgrcv, id, &got, 3, 0, 0), -E2BIG);
	IS(53, sys(SYS_msgrcv, id, &got, 3, 0, MSG_NOERROR), 3);
	IS(54, memcmp(got.text, "sev", 3), 0);
	IS(55, sys(SYS_msgrcv, id, &got, 3, 0, NOWAIT), -ENOMSG);
	IS(56, sys(SYS_msgrcv, id, &got, 3, 0, NOWAIT | 0x10000), -EINVAL);

	/* Room is given up, never won nor lost altogether. */
	s.room++;
	IS(57, sys(SYS_msgctl, id, SET, &s), -EPERM);
	s.room = 0;
	IS(58, sys(SYS_msgctl, id, SET, &s), -EINVAL);
	s.room = 20;
	IS(59, sys(SYS_msgctl, id, SET, &s), 0);
	m.type = 1;
	IS(60, sys(SYS_msgsnd, id, &m, 15, 0), 0);
	IS(61, sys(SYS_msgsnd, id, &m, 15, NOWAIT), -EAGAIN);
	/* Who waits is told of the end; who comes after it finds no queue. */
	long pid = sys(SYS_fork);
	if (pid == 0) {
		long r = sys(SYS_msgsnd, id, &m, 15, 0);
		quit(r == -EIDRM || r == -EINVAL ? 0 : 1);
	}
	sleep_ms(50);
	IS(62, sys(SYS_msgctl, id, RMID, 0), 0);
	IS(63, wait_for(pid), 0);
	IS(64, sys(SYS_msgsnd, id, &m, 1, 0), -EINVAL);
}

static void semaphores(void)
{
	struct operation take = {0, -1, 0}, try = {0, -1, NOWAIT}, undone = {1, 3, UNDO};
	struct operation beyond = {9, 1, 0};
	struct sem_state s;
	struct old_sem_state old;
	uint16_t values[2] = {1, 0};
	union semun state = {.buffer = &s}, old_state = {.buffer = &old};
	union semun all = {.buffer = values}, five = {.value = 5};

	long id = sys(SYS_semget, 0, 2, 0600);
	CHECK(65, id >= 0);
	IS(66, sys(SYS___semctl, id, 0, SETALL, &all), 0);
	IS(67, sys(SYS_semop, id, &take, 1), 0);
	IS(68, sys(SYS_semop, id, &try, 1), -EAGAIN);
	IS(69, sys(SYS___semctl, id, 0, GETPID, 0), sys(SYS_getpid));
	IS(70, sys(SYS___semctl, id, 1, SETVAL, &five), 0);
	IS(71, sys(SYS___semctl, id, 1, GETVAL, 0), 5);
	IS(72, sys(SYS___semctl, id, 2, GETVAL, 0), -EINVAL);
	/* What a process undoes as it ends. */
	long pid = sys(SYS_fork);
	if (pid == 0)
		quit(sys(SYS_semop, id, &undone, 1) == 0 && sys(SYS___semctl, id, 1, GETVAL, 0) == 8
			     ? 0
			     : 1);
	IS(73, wait_for(pid), 0);
	IS(74, sys(SYS___semctl, id, 1, GETVAL, 0), 5);

	/* A wait for another process. */
	pid = sys(SYS_fork);
	if (pid == 0) {
		struct operation give = {0, 1, 0};
		while (sys(SYS___semctl, id, 0, GETNCNT, 0) != 1)
			sleep_ms(1);
		quit(sys(SYS_semop, id, &give, 1) ? 1 : 0);
	}
	IS(75, sys(SYS_semop, id, &take, 1), 0);
	IS(76, wait_for(pid), 0);

	IS(77, sys(SYS___semctl, id, 0, GETALL, &all), 0);
	CHECK(78, values[0] == 0 && values[1] == 5);
	IS(79, sys(SYS___semctl, id, 0, STAT, &state), 0);
	CHECK(80, s.n == 2 && (s.perm.mode & 0777) == 0600 && s.change_time);
	IS(81, sys(SYS_freebsd7___semctl, id, 0, STAT, &old_state), 0);
	CHECK(82, old.n == 2 && old.operation_time == s.operation_time);
	s.perm.mode = 0640;
	IS(83, sys(SYS___semctl, id, 0, SET, &state), 0);
	IS(84, sys(SYS___semctl, id, 0, STAT, &state), 0);
	IS(85, s.perm.mode & 0777, 0640);
	IS(86, sys(SYS___semctl, id, 0, STAT, 8), -EFAULT);
	IS(87, sys(SYS___semctl, id, 0, 99, 0), -EINVAL);
	IS(88, sys(SYS_semop, id, &beyond, 1), -EFBIG);

	/* The last one out is told. */
	pid = sys(SYS_fork);
	if (pid == 0)
		quit(sys(SYS_semop, id, &take, 1) == -EIDRM ? 0 : 1);
	while (sys(SYS___semctl, id, 0, GETNCNT, 0) != 1)
		sleep_ms(1);
	IS(89, sys(SYS___semctl, id, 0, RMID, 0), 0);
	IS(90, wait_for(pid), 0);
	IS(91, sys(SYS___semctl, id, 0, GETVAL, 0), -EINVAL);
}

static void limits(void)
{
	int n = 0;
	size_t size = sizeof n;

	IS(92, sys(SYS___sysctlbyname, "kern.ipc.semmsl", 15, &n, &size, 0, 0), 0);
	IS(93, sys(SYS_semget, 0, n + 1, 0600), -EINVAL);
	IS(94, sys(SYS___sysctlbyname, "kern.ipc.msgmnb", 15, &n, &size, 0, 0), 0);
	CHECK(95, n > 0);
}

void test(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	shared_memory();
	queues();
	semaphores();
	limits();
}
