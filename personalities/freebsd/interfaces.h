/* net.routetable (interfaces.c). */
#ifndef GUISE_FREEBSD_INTERFACES_H
#define GUISE_FREEBSD_INTERFACES_H

#include "syscalls/sysctl.h"

int freebsd_interfaces(struct sysctl *s);

#endif
