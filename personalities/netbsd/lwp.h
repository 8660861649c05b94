/* What the files about threads and the types share. */
#ifndef GUISE_NETBSD_LWP_H
#define GUISE_NETBSD_LWP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct thread;

/* sys/lwp.h: flags of _lwp_create */
enum { LWP_DETACHED = 0x40 };

/* One of this process that runs, or NULL. */
struct thread *netbsd_thread(struct call *c, int32_t id);

/* On the page of _lwp_ctl, if the thread has one. */
void netbsd_show_asleep(struct call *c, bool asleep);

/* A wait status in words. */
size_t netbsd_tell_status(char *text, size_t size, const void *guest, size_t n);

#endif
