/* Files that VNODE, and READ of regular files, ask Linux about (kqueue_node.c). */
#ifndef GUISE_KQUEUE_NODE_H
#define GUISE_KQUEUE_NODE_H

#include "syscalls/kqueue.h"

#include <linux/fanotify.h>

/* One file; several descriptors may be of it. */
struct node {
	struct node *chain;
	uint64_t key;
	uint64_t mask; /* what the notifier is asked for */
	struct watch *watches; /* of this file */
	struct watch *children; /* of directories in it */
};

/* What happens to the entries of a directory. */
#define ENTRIES (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO)

#define LARGEST_HANDLE 128 /* MAX_HANDLE_SZ, include/linux/exportfs.h */

/* Two words of the file system, then the handle as name_to_handle_at() has it. */
struct file_name {
	int32_t system[2];
	uint32_t n;
	int32_t type;
	unsigned char bytes[LARGEST_HANDLE];
};

/* NULL: none is asked about that has this name. */
struct node *node_find(struct kqueue *kq, const struct file_name *name);
/* What the notifier is to tell of the watch's file. */
uint64_t node_wanted(const struct watch *w);
/* A directory's parent has to be found anew. */
void node_moved(struct call *c, struct watch *w);
/* What the watch asks for has changed: 0 or -errno, after which the watch has no node. */
int node_mark(struct call *c, struct watch *w);
void node_leave(struct call *c, struct watch *w);
/* Of the file system that the descriptor's file is on. */
struct statfs;
long node_system(struct call *c, int fd, struct statfs *fs);

#endif
