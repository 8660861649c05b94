/* Signals' frames: personality.c's push_signal and describe_fault. */
#ifndef GUISE_DRAGONFLY_CONTEXT_H
#define GUISE_DRAGONFLY_CONTEXT_H

#include "syscalls/personality.h"
#include "syscalls/process.h"

int dragonfly_push_signal(struct thread *t, const struct signal_info *info, const struct action *a);
void dragonfly_describe_fault(struct signal_info *info);

#endif
