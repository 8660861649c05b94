/* System V's objects with DragonFly's structures: sys/ipc.h, sys/shm.h, sys/msg.h, sys/sem.h, 5.9. */
#include "tests/guest/guest.h"

enum { CREAT = 01000, EXCL = 02000, NOWAIT = 04000 };
enum { RMID, SET, STAT };
enum { GETVAL = 5, SETVAL = 8, SETALL };

struct perm {
	uint32_t cuid, cgid, uid, gid;
	uint16_t mode, seq;
	int64_t key;
};
struct shm_state {
	struct perm perm;
	uint64_t size;
	int32_t last, creator;
	uint32_t attached;
	int64_t attach_time, detach_time, change_time;
	void *internal;
};
_Static_assert(sizeof(struct shm_state) == 88, "struct shmid_ds");
struct msg_state {
	struct perm perm;
	void *first, *last;
	uint64_t bytes, messages, room;
	int32_t sender, receiver;
	int64_t send_time, pad1, receive_time, pad2, change_time, pad3[5];
};
_Static_assert(sizeof(struct msg_state) == 160, "struct msqid_ds");
struct sem_state {
	struct perm perm;
	void *base;
	uint16_t n;
	int64_t operation_time, pad1, change_time, pad2[5];
};
_Static_assert(sizeof(struct sem_state) == 112, "struct semid_ds");
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

	long id = sys(SYS_shmget, key, 5000, CREAT | EXCL | 0640);
	CHECK(1, id >= 0);
	memset(&s, 0xee, sizeof s);
	IS(2, sys(SYS_shmctl, id, STAT, &s), 0);
	CHECK(3, s.size == 2 * PAGE && s.perm.key == key && (s.perm.mode & 0777) == 0640);
	CHECK(4, s.creator == sys(SYS_getpid) && s.internal == 0);
	char *at = (char *)sys(SYS_shmat, id, 0, 0);
	CHECK(5, (long)at > 0);
	at[PAGE] = 'x';
	IS(6, sys(SYS_shmctl, id, STAT, &s), 0);
	CHECK(7, s.attached == 1 && s.attach_time > 0);
	IS(8, sys(SYS_shmctl, id, RMID, 0), 0);
	IS(9, sys(SYS_shmdt, at), 0);
	IS(10, sys(SYS_shmctl, id, STAT, &s), -EINVAL);
}

static void queues(void)
{
	struct message m = {7, "seven"}, got;
	struct msg_state s;

	long id = sys(SYS_msgget, 0, 0600);
	CHECK(11, id >= 0);
	IS(12, sys(SYS_msgsnd, id, &m, 6, 0), 0);
	IS(13, sys(SYS_msgctl, id, STAT, &s), 0);
	CHECK(14, s.bytes == 6 && s.messages == 1 && s.sender == sys(SYS_getpid));
	CHECK(15, s.send_time > 0 && s.receive_time == 0 && s.change_time > 0);
	IS(16, sys(SYS_msgrcv, id, &got, sizeof got.text, 7, 0), 6);
	CHECK(17, got.type == 7 && !strcmp(got.text, "seven"));
	IS(18, sys(SYS_msgrcv, id, &got, sizeof got.text, 0, NOWAIT), -83); /* ENOMSG */
	IS(19, sys(SYS_msgctl, id, RMID, 0), 0);
}

static void semaphores(void)
{
	uint16_t values[2] = {3, 4};
	struct sem_state s;
	union semun arg = {.buffer = values};

	long id = sys(SYS_semget, 0, 2, 0600);
	CHECK(20, id >= 0);
	IS(21, sys(SYS___semctl, id, 0, SETALL, &arg), 0);
	struct operation op = {1, -3, 0};
	IS(22, sys(SYS_semop, id, &op, 1), 0);
	IS(23, sys(SYS___semctl, id, 1, GETVAL, 0), 1);
	op = (struct operation){1, -3, NOWAIT};
	IS(24, sys(SYS_semop, id, &op, 1), -EAGAIN);
	arg.buffer = &s;
	IS(25, sys(SYS___semctl, id, 0, STAT, &arg), 0);
	CHECK(26, s.n == 2 && s.operation_time > 0 && s.change_time > 0);
	arg.value = 9;
	IS(27, sys(SYS___semctl, id, 0, SETVAL, &arg), 0);
	IS(28, sys(SYS___semctl, id, 0, GETVAL, 0), 9);
	IS(29, sys(SYS___semctl, id, 0, RMID, 0), 0);
}

void test(int argc, char **argv, char **envp)
{
	shared_memory();
	queues();
	semaphores();
}
