/* Hooks of FreeBSD's socket types, defined in socket.c. */
#ifndef GUISE_FREEBSD_SOCKET_H
#define GUISE_FREEBSD_SOCKET_H

#include "syscalls/socket.h"

address_hook freebsd_address_to_host, freebsd_address_to_guest;

/* msg_flags: an answer only, so that what is there before says nothing. */
int freebsd_answer_flags_to_host(struct call *c, const void *guest, void *host);
int freebsd_answer_flags_to_guest(struct call *c, const void *host, void *guest);

/* Options (socket_options.c). */
int freebsd_set_accept_filter(struct call *c, const struct option_call *o);
int freebsd_get_accept_filter(struct call *c, struct option_call *o);
int freebsd_get_tcp_info(struct call *c, struct option_call *o);
int freebsd_get_queue(struct call *c, struct option_call *o);
int freebsd_get_fib(struct call *c, struct option_call *o);
int freebsd_set_fib(struct call *c, const struct option_call *o);
int freebsd_set_cookie(struct call *c, const struct option_call *o);

/* The name of an option, for the trace: its level and number, as two arguments. */
size_t freebsd_tell_option(char *text, size_t size, const void *guest, size_t n);

#endif
