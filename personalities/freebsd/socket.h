/* Hooks of FreeBSD's socket types, defined in socket.c. */
#ifndef GUISE_FREEBSD_SOCKET_H
#define GUISE_FREEBSD_SOCKET_H

#include "syscalls/socket.h"

address_hook freebsd_address_to_host, freebsd_address_to_guest;

/* msg_flags: an answer only, so that what is there before says nothing. */
int freebsd_answer_flags_to_host(struct call *c, const void *guest, void *host);
int freebsd_answer_flags_to_guest(struct call *c, const void *host, void *guest);

/* The name of an option, for the trace: its level and number, as two arguments. */
size_t freebsd_tell_option(char *text, size_t size, const void *guest, size_t n);

#endif
