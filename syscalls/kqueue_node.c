/* Files that knotes ask about, as nodes: found by a hash of their file system and handle, and
 * marked for fanotify with what is wanted by now.  Of a directory that may be removed the parent is
 * marked, too.  kqueue_file.c says why. */
#include "syscalls/kqueue_node.h"

#include <string.h>

#include "syscalls/linux.h"

/* include/uapi/linux/fcntl.h, Linux 6.5: a handle only to compare */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif

/* An entry goes: removed, or replaced by another. */
#define OF_PARENT (FAN_DELETE | FAN_MOVED_TO | FAN_ONDIR)

/* What Linux is asked for, to be able to tell a note. */
static const struct source {
	uint32_t note;
	uint64_t file, directory;
} sources[] = {
	/* clang-format off */
	{NOTE_DELETE,		FAN_ATTRIB,			FAN_MOVE_SELF},
	{NOTE_WRITE,		FAN_MODIFY,			ENTRIES},
	{NOTE_EXTEND,		FAN_MODIFY,			ENTRIES},
	{NOTE_ATTRIB,		FAN_ATTRIB | FAN_MODIFY,	FAN_ATTRIB},
	{NOTE_LINK,		FAN_ATTRIB,			ENTRIES},
	{NOTE_RENAME,		FAN_MOVE_SELF,			FAN_MOVE_SELF},
	{NOTE_OPEN,		FAN_OPEN,			FAN_OPEN},
	{NOTE_CLOSE,		FAN_CLOSE_NOWRITE,		FAN_CLOSE_NOWRITE},
	{NOTE_CLOSE_WRITE,	FAN_CLOSE_WRITE,		FAN_CLOSE_WRITE},
	{NOTE_ACCESS,		FAN_ACCESS,			FAN_ACCESS},
	/* clang-format on */
};

uint64_t node_wanted(const struct watch *w)
{
	uint32_t notes = w->vnode ? w->vnode->notes : 0;
	uint64_t mask = 0;
	for (size_t i = 0; i < COUNT(sources); i++)
		if (notes & sources[i].note)
			mask |= w->is_directory ? sources[i].directory : sources[i].file;
	if (w->read && w->kind == WATCH_FILE)
		mask |= w->is_directory ? ENTRIES : FAN_MODIFY;
	return mask && w->is_directory ? mask | FAN_ONDIR : mask;
}

static bool wants_parent(const struct watch *w)
{
	return w->is_directory && w->vnode && (w->vnode->notes & NOTE_DELETE);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}

static uint64_t key_of_name(const struct file_name *name)
{
	uint64_t hash = mix((uint32_t)name->system[0], (uint32_t)name->system[1]);
	hash = mix(mix(hash, (uint32_t)name->type), name->n);
	for (uint32_t i = 0; i < name->n && i < LARGEST_HANDLE; i++)
		hash = mix(hash, name->bytes[i]);
	return hash;
}

static long get_handle(struct call *c, int fd, struct file_name *name)
{
	const size_t size = sizeof *name - offsetof(struct file_name, n);
	uint64_t at = scratch(c, size), id = scratch(c, sizeof(uint64_t)), empty = scratch(c, 1);
	name->n = LARGEST_HANDLE;
	if (!at || !id || !empty)
		return -ENOMEM;
	long r = put_guest(c, at, &name->n, sizeof name->n);
	if (r == 0)
		r = put_guest(c, empty, "", 1);
	if (r == 0)
		r = host(c, __NR_name_to_handle_at, fd, empty, at, id,
			 AT_EMPTY_PATH | AT_HANDLE_FID);
	if (r == -EINVAL)
		r = host(c, __NR_name_to_handle_at, fd, empty, at, id, AT_EMPTY_PATH);
	return r < 0 ? r : get_guest(c, &name->n, at, size);
}

long node_system(struct call *c, int fd, struct statfs *fs)
{
	uint64_t at = scratch(c, sizeof *fs);
	long r = at ? host(c, __NR_fstatfs, fd, at) : -ENOMEM;
	return r < 0 ? r : get_guest(c, fs, at, sizeof *fs);
}

/* The key that events about the file will have. */
static int key_of(struct call *c, int fd, uint64_t *key)
{
	size_t mark = c->scratch_used;
	struct file_name name = {0};
	struct statfs fs;
	long r = get_handle(c, fd, &name);
	if (r >= 0)
		r = node_system(c, fd, &fs);
	c->scratch_used = mark;
	if (r < 0)
		return (int)r;
	memcpy(name.system, &fs.f_fsid, sizeof name.system);
	*key = key_of_name(&name);
	return 0;
}

static struct node **bucket(struct kqueue *kq, uint64_t key)
{
	return &kq->nodes[key % NODE_BUCKETS];
}

static struct node *node_of_key(struct kqueue *kq, uint64_t key)
{
	struct node *n = *bucket(kq, key);
	while (n && n->key != key)
		n = n->chain;
	return n;
}

struct node *node_find(struct kqueue *kq, const struct file_name *name)
{
	return node_of_key(kq, key_of_name(name));
}

static struct node *make_node(struct kqueue *kq, uint64_t key)
{
	struct node *n = node_of_key(kq, key);
	if (n)
		return n;
	n = kqueue_cell(kq->table);
	if (!n)
		return NULL;
	n->key = key;
	n->chain = *bucket(kq, key);
	*bucket(kq, key) = n;
	return n;
}

/* Nothing is asked of it any more. */
static void free_node(struct kqueue *kq, struct node *n)
{
	struct node **at = bucket(kq, n->key);
	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
	kqueue_free_cell(kq->table, n);
}

/* ---- Marks ------------------------------------------------------------------------ */

static long mark(struct call *c, struct kqueue *kq, unsigned flags, uint64_t mask, int fd,
		 const char *path)
{
	size_t used = c->scratch_used, size = path ? strlen(path) + 1 : 0;
	uint64_t at = path ? scratch(c, size) : 0;
	long r = path ? at ? put_guest(c, at, path, size) : -ENOMEM : 0;
	if (r == 0)
		r = host(c, __NR_fanotify_mark, kq->notifier, flags, mask, fd, at);
	c->scratch_used = used;
	return r;
}

static int make_notifier(struct call *c, struct kqueue *kq)
{
	if (kq->notifier >= 0)
		return 0;
	long fd = host(c, __NR_fanotify_init,
		       FAN_CLOEXEC | FAN_NONBLOCK | FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
	int r = kqueue_hidden_event(c, kq, fd, TOKEN_FILES);
	if (r < 0)
		return r;
	kq->notifier = r;
	return 0;
}

static uint64_t wanted_of(const struct node *n)
{
	uint64_t mask = n->children ? OF_PARENT : 0;
	for (const struct watch *w = n->watches; w; w = w->same_node)
		mask |= node_wanted(w);
	return mask;
}

/* Asks for what is wanted by now of the file that fd, or path from there, is. */
static int renew(struct call *c, struct kqueue *kq, struct node *n, int fd, const char *path)
{
	uint64_t mask = wanted_of(n), more = mask & ~n->mask, less = n->mask & ~mask;
	long r = more ? mark(c, kq, FAN_MARK_ADD, mask, fd, path) : 0;
	if (r < 0)
		return (int)r;
	if (less)
		(void)mark(c, kq, FAN_MARK_REMOVE, less, fd, path); /* else more comes than asked */
	n->mask = mask;
	if (!n->watches && !n->children)
		free_node(kq, n);
	return 0;
}

/* A descriptor that only names a directory (O_PATH) cannot be marked by itself. */
static int renew_own(struct call *c, struct watch *w, struct node *n)
{
	int r = renew(c, w->kq, n, w->fd, NULL);
	return r == -EBADF && w->is_directory ? renew(c, w->kq, n, w->fd, ".") : r;
}

static void remove_watch(struct watch **list, struct watch *w, size_t next)
{
	while (*list != w)
		list = (struct watch **)((char *)*list + next);
	*list = *(struct watch **)((char *)w + next);
}

static void leave_node(struct call *c, struct watch *w)
{
	struct node *n = w->node;
	if (!n)
		return;
	remove_watch(&n->watches, w, offsetof(struct watch, same_node));
	w->node = NULL;
	(void)renew_own(c, w, n); /* only less is asked for */
}

static int enter_node(struct call *c, struct watch *w)
{
	uint64_t key;
	int r = key_of(c, w->fd, &key);
	if (r < 0)
		return r;
	struct node *n = make_node(w->kq, key);
	if (!n)
		return -ENOMEM;
	w->node = n;
	w->same_node = n->watches;
	n->watches = w;
	return 0;
}

/* ---- A directory's parent ----------------------------------------------------------- */

static int parent_key(struct call *c, const struct watch *w, uint64_t *key)
{
	size_t used = c->scratch_used;
	uint64_t at = scratch(c, sizeof "..");
	long fd = at ? put_guest(c, at, "..", sizeof "..") : -ENOMEM;
	if (fd == 0)
		fd = host(c, __NR_openat, w->fd, at, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	c->scratch_used = used;
	if (fd < 0)
		return (int)fd;
	int r = key_of(c, (int)fd, key);
	(void)host(c, __NR_close, fd); /* only its name was wanted */
	return r;
}

/* If the directory has moved, a mark stays behind where it was: what it says finds no node. */
static void leave_parent(struct call *c, struct watch *w)
{
	struct node *n = w->parent;
	uint64_t key;
	if (!n)
		return;
	remove_watch(&n->children, w, offsetof(struct watch, same_parent));
	w->parent = NULL;
	if (parent_key(c, w, &key) == 0 && key == n->key)
		(void)renew(c, w->kq, n, w->fd, ".."); /* only less is asked for */
	else if (!n->watches && !n->children)
		free_node(w->kq, n);
}

/* Without a parent that can be read, removal is not seen. */
static void enter_parent(struct call *c, struct watch *w)
{
	uint64_t key;
	if (parent_key(c, w, &key) < 0)
		return;
	struct node *n = make_node(w->kq, key);
	if (!n)
		return;
	w->parent = n;
	w->same_parent = n->children;
	n->children = w;
	if (renew(c, w->kq, n, w->fd, "..") < 0)
		leave_parent(c, w);
}

void node_moved(struct call *c, struct watch *w)
{
	if (!w->parent)
		return;
	leave_parent(c, w);
	enter_parent(c, w);
}

/* ---- Watches ---------------------------------------------------------------------------- */

static int mark_node(struct call *c, struct watch *w)
{
	int r = make_notifier(c, w->kq);
	if (r == 0 && !w->node)
		r = enter_node(c, w);
	if (r == 0)
		r = renew_own(c, w, w->node);
	return r;
}

int node_mark(struct call *c, struct watch *w)
{
	int r = 0;
	if (w->node || node_wanted(w))
		r = mark_node(c, w);
	if (r < 0)
		leave_node(c, w);
	if (w->parent && !wants_parent(w))
		leave_parent(c, w);
	if (r == 0 && !w->parent && wants_parent(w))
		enter_parent(c, w);
	return r;
}

void node_leave(struct call *c, struct watch *w)
{
	leave_node(c, w);
	leave_parent(c, w);
}
