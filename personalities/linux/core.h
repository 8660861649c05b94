#ifndef GUISE_LINUX_CORE_H
#define GUISE_LINUX_CORE_H

#include "syscalls/core.h"

extern const struct core_format linux_core;

#endif
