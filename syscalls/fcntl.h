/* What a personality's description of fcntl refers to besides Linux's own commands. */
#ifndef GUISE_FCNTL_H
#define GUISE_FCNTL_H

#include "syscalls/abi.h"
#include "syscalls/linux.h"

/* Commands Linux lacks. */
enum fcntl_command {
	FCNTL_DUP2FD = 2000, /* onto the number in the argument */
	FCNTL_DUP2FD_CLOEXEC,
	FCNTL_DUP2FD_CLOSE_ON_FORK,
	FCNTL_DUP2FD_CLOSE_ON_BOTH,
	FCNTL_DUPFD_CLOSE_ON_FORK,
	FCNTL_OLD_GETLK, /* with the lock structure of older releases */
	FCNTL_OLD_SETLK,
	FCNTL_OLD_SETLKW,
	FCNTL_READ_AHEAD, /* how much to read ahead: 0 none */
	FCNTL_IS_UNION, /* is this directory a stack of several? */
	FCNTL_UNSUPPORTED, /* known, and refused as a file system would */
};

/* The types that fcntl's third argument may have, by command: the argument's own type is a
 * pointer whose fields, in this order, refer to them. */
enum fcntl_argument {
	FCNTL_ARG_LOCK,
	FCNTL_ARG_OLD_LOCK, /* the same as LOCK where there never was another */
	FCNTL_ARG_STATUS, /* open flags, as F_GETFL tells them */
	FCNTL_ARG_SETTABLE, /* those F_SETFL may change; it ignores all others */
	FCNTL_ARG_DESCRIPTOR, /* F_SETFD's flags */
	FCNTL_ARG_SEALS,
	N_FCNTL_ARGS,
};

/* Who gets the descriptor's signals: a process, or a group as a negative number; 0 or -errno.
 * Uses fcntl. */
int descriptor_owner(struct call *c, uint64_t fd, int32_t *owner);

#endif
