/* Hooks of NetBSD's socket types, defined in socket.c. */
#ifndef GUISE_NETBSD_SOCKET_H
#define GUISE_NETBSD_SOCKET_H

#include "syscalls/socket.h"

address_hook netbsd_address_to_host, netbsd_address_to_guest;

#endif
