/* Linux's siginfo and the guest's view of it.  Here it is `void`: kernel and libc declare the
 * same 128 bytes by two names. */
#ifndef GUISE_SIGNAL_INFO_H
#define GUISE_SIGNAL_INFO_H

#include "syscalls/personality.h"
#include "syscalls/process.h"

/* What Linux sent to the process; info->number 0 if the guest has no such signal. */
void signal_info_from_host(const struct process *process, const void *siginfo,
			   struct signal_info *info);
/* The guest's signal n, with its code and value, as Linux is to send it (and the guest's ids are
 * to be filled in). */
void signal_info_wrap(void *siginfo, int host, int n, int code, uint64_t value);
/* Sent by Linux and queued again: marked as such. */
void signal_info_again(void *siginfo);
bool signal_info_is_again(const void *siginfo);

#endif
