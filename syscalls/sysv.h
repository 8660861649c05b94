/* System V's queues, semaphores and shared memory: Linux's own, in the sandbox's own IPC
 * namespace, where nothing of the host's is seen.
 *
 * Identifiers, keys, operations and messages are the same words everywhere; what differs are
 * the states (IPC_STAT), the numbers of commands, and who rounds a size.  A personality
 * describes the states on Linux's 64-bit ones, which are named here. */
#ifndef GUISE_SYSV_H
#define GUISE_SYSV_H

#include "syscalls/abi.h"

#include <linux/ipc.h>
#include <linux/msg.h>
#include <linux/sem.h>
#include <linux/shm.h>

/* A key of 64 bits; what makes keys (ftok) fills 32, and who is given one cuts it. */
int sysv_key_to_host(struct call *c, const void *guest, void *host);
int sysv_key_to_guest(struct call *c, const void *host, void *guest);
static __attribute__((unused)) const struct type type_key = {
	.name = "key",
	.kind = KIND_CUSTOM,
	.guest_size = 8,
	.host_size = 4,
	.custom = {.to_host = sysv_key_to_host, .to_guest = sysv_key_to_guest},
};

/* semctl's last argument is the address of a union of a number and addresses.  The type of that
 * argument has the state among its fields. */
enum sem_argument { SEM_ARG_STATE, N_SEM_ARGS };

/* How much there may be of what (IPC_INFO): 0 or -errno. */
int sysv_shm_limits(struct call *c, struct shminfo64 *to); /* shmctl */
int sysv_sem_limits(struct call *c, struct seminfo *to); /* semctl */
int sysv_msg_limits(struct call *c, struct msginfo *to); /* msgctl */

#endif
