/* What a personality's description of a message queue's attributes refers to. */
#ifndef GUISE_MQUEUE_H
#define GUISE_MQUEUE_H

#include "syscalls/abi.h"

#include <linux/mqueue.h>

#endif
