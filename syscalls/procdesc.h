/* Process descriptors: pdfork(2) and its kin. */
#ifndef GUISE_PROCDESC_H
#define GUISE_PROCDESC_H

#include "syscalls/abi.h"

struct statx;

/* The flags of pdfork(), host form. */
enum process_descriptor_flags { DESCRIPTOR_DAEMON = 1, DESCRIPTOR_CLOSE_ON_EXEC = 2 };

/* Those of pdrfork() that there are: the first three together are pdfork(), the last is alone. */
enum rfork_flags {
	FORK_COPIES_DESCRIPTORS = 1,
	FORK_PROCESS = 2,
	FORK_DESCRIPTOR = 4,
	FORK_SPAWNS = 8,
};

/* The number of the process a descriptor stands for; EINVAL: it is not one, EBADF: not open. */
int procdesc_pid(struct call *c, int fd);

/* To be called before a descriptor is closed that is one. */
void procdesc_closing(struct call *c, int fd);

/* How the process ended, once it was waited for: a Linux wait status; else -EAGAIN. */
int procdesc_told(struct call *c, int fd);
bool procdesc_is_gone(struct call *c, int fd); /* dead and waited for */
/* A child was waited for: its descriptors go on telling how it ended. */
void procdesc_reaped(struct call *c, int pid, int status);

/* What fstat says of one (sys_procdesc.c: procdesc_stat): true if fd is one. */
bool procdesc_status(struct call *c, int fd, struct statx *st);

#endif
