/* Hooks of DragonFly's socket types, defined in socket.c. */
#ifndef GUISE_DRAGONFLY_SOCKET_H
#define GUISE_DRAGONFLY_SOCKET_H

#include "syscalls/socket.h"

address_hook dragonfly_address_to_host, dragonfly_address_to_guest;

#endif
