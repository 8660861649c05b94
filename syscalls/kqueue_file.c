/* Kqueue filters of files: VNODE, and READ and WRITE of regular files and directories.
 *
 * Linux tells of changes to a file by inotify, which wants its path, and by fanotify, which
 * takes a descriptor.  A descriptor is all that kevent gives, and there is no /proc to make a
 * path of it, so it is fanotify: one notifier a kqueue, which needs no privilege as long as it
 * reports file handles (fanotify_init(2), Linux 5.13).  A file that knotes ask about is a node,
 * found by a hash of its file system and handle; several descriptors may share one.
 *
 * What Linux says is not what the systems with kqueue say (sys/kern/vfs_subr.c: vop_*_post), so
 * the file is looked at again:
 *
 *     FAN_ATTRIB     a link more, a link less or anything else: the number of links tells
 *     FAN_MODIFY     a write or a truncation: the size tells, as far as it can
 *     rmdir          says nothing to a directory that is still open, only to its parent: that
 *                    is marked, too, and the directory's number of links is then zero
 *
 * Not seen: the removal of a directory that is the root of a mount, or whose parent may not be
 * read.  A truncation counts as a write.  Of several changes between two looks, those that one
 * look cannot tell apart are told as one.  NOTE_REVOKE never comes: nothing inside unmounts or
 * revokes.
 *
 * A file system without handles (EOPNOTSUPP) has no VNODE, and READ of its files is looked at
 * regularly instead. */
#include <asm/stat.h>
#include <linux/fanotify.h>
#include <linux/magic.h>
#include <string.h>

#include "syscalls/kqueue.h"
#include "syscalls/linux.h"

/* include/uapi/linux/fcntl.h, Linux 6.5: a handle only to compare */
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif

/* ---- READ and WRITE ----------------------------------------------------------- */

static bool readable(struct call *c, struct knote *k)
{
	struct stat st;
	long offset = host(c, __NR_lseek, k->watch->fd, 0, SEEK_CUR);
	int r = watch_stat(c, k->watch->fd, &st);
	if (r < 0 || offset < 0)
		return false;
	/* With EV_CLEAR a file is news only when it has grown or shrunk. */
	bool news = !(k->event.flags & EVENT_CLEAR) || k->seen != st.st_size + 1;
	k->seen = st.st_size + 1;
	k->event.data = st.st_size - offset;
	return news && (k->event.data || (k->notes & NOTE_AS_POLL));
}

static bool writable(struct knote *k)
{
	bool news = !(k->event.flags & EVENT_CLEAR) || !k->seen;
	k->seen = 1;
	k->event.data = 0;
	return news;
}

bool file_check(struct call *c, struct knote *k)
{
	return k->event.filter == FILTER_READ ? readable(c, k) : writable(k);
}

static void look_at(struct call *c, struct knote *k)
{
	if (k && !(k->status & (KNOTE_DISABLED | KNOTE_QUEUED)) && file_check(c, k)) {
		k->status |= KNOTE_CHECKED;
		kqueue_activate(c, k);
	}
}

void file_look_at(struct call *c, struct watch *w)
{
	look_at(c, w->read);
	look_at(c, w->write);
}

void file_look_at_all(struct call *c, struct kqueue *kq)
{
	if (!kq->files)
		return;
	for (struct watch *w = kq->watches; w; w = w->next)
		if (w->polls)
			file_look_at(c, w);
}

static void poll_file(struct watch *w, bool polls)
{
	w->kq->files += polls - w->polls;
	w->polls = polls;
}

/* ---- Nodes ---------------------------------------------------------------------- */

struct node {
	struct node *chain;
	uint64_t key;
	uint64_t mask; /* what the notifier is asked for */
	struct watch *watches; /* of this file */
	struct watch *children; /* of directories in it */
};

/* What happens to the entries of a directory. */
#define ENTRIES (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO)
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

static uint64_t wanted(const struct watch *w)
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

#define LARGEST_HANDLE 128 /* MAX_HANDLE_SZ, include/linux/exportfs.h */

/* Two words of the file system, then the handle as name_to_handle_at() has it. */
struct file_name {
	int32_t system[2];
	uint32_t n;
	int32_t type;
	unsigned char bytes[LARGEST_HANDLE];
};

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

static long get_system(struct call *c, int fd, struct statfs *fs)
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
		r = get_system(c, fd, &fs);
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

static struct node *find_node(struct kqueue *kq, uint64_t key)
{
	struct node *n = *bucket(kq, key);
	while (n && n->key != key)
		n = n->chain;
	return n;
}

static struct node *make_node(struct kqueue *kq, uint64_t key)
{
	struct node *n = find_node(kq, key);
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
		mask |= wanted(w);
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

bool file_is_one(struct call *c, const struct watch *w)
{
	size_t used = c->scratch_used;
	struct statfs fs;
	switch (w->kind) {
	case WATCH_STREAM:
	case WATCH_SOCKET:
	case WATCH_KQUEUE:
		return false;
	case WATCH_PIPE:
		break;
	default:
		return true;
	}
	long r = get_system(c, w->fd, &fs);
	c->scratch_used = used;
	return r == 0 && fs.f_type != PIPEFS_MAGIC;
}

/* ---- Watches -------------------------------------------------------------------------- */

/* As kevent's manual has it: what Linux refuses for want of something is want of memory. */
static int mark_error(int r)
{
	switch (r) {
	case -EMFILE:
	case -ENOSPC:
		return -ENOMEM;
	case -EBADF: /* O_PATH and no directory */
	case -ENODEV:
	case -EXDEV:
	case -ENOSYS:
		return -EOPNOTSUPP;
	default:
		return r;
	}
}

static int mark_node(struct call *c, struct watch *w)
{
	int r = make_notifier(c, w->kq);
	if (r == 0 && !w->node)
		r = enter_node(c, w);
	if (r == 0)
		r = renew_own(c, w, w->node);
	return r;
}

int file_mark(struct call *c, struct watch *w)
{
	int r = 0;
	if (w->node || wanted(w))
		r = mark_node(c, w);
	if (r < 0)
		leave_node(c, w);
	if (w->parent && !wants_parent(w))
		leave_parent(c, w);
	if (r == 0 && !w->parent && wants_parent(w))
		enter_parent(c, w);
	poll_file(w, w->kind == WATCH_FILE && w->read && !w->node);
	return w->vnode ? mark_error(r) : 0;
}

void file_unmark(struct call *c, struct watch *w)
{
	leave_node(c, w);
	leave_parent(c, w);
	poll_file(w, false);
}

/* ---- What happened ---------------------------------------------------------------------- */

static int look_again(struct call *c, const struct watch *w, struct file_state *now)
{
	struct stat st;
	int r = watch_stat(c, w->fd, &st);
	if (r < 0)
		return r;
	*now = (struct file_state){.size = st.st_size,
				   .links = st.st_nlink,
				   .mode = st.st_mode,
				   .uid = st.st_uid,
				   .gid = st.st_gid};
	return 0;
}

static uint32_t notes_of_links(const struct file_state *was, const struct file_state *now)
{
	bool other = was->mode != now->mode || was->uid != now->uid || was->gid != now->gid;
	if (now->links == was->links)
		return NOTE_ATTRIB;
	return (now->links < was->links ? NOTE_DELETE : NOTE_LINK) | (other ? NOTE_ATTRIB : 0);
}

static uint32_t notes_of_state(struct call *c, struct watch *w, uint64_t happened)
{
	struct file_state was = w->was;
	uint32_t notes = 0;
	if (look_again(c, w, &w->was) < 0)
		return 0;
	if (happened & FAN_ATTRIB)
		notes |= w->is_directory ? NOTE_ATTRIB : notes_of_links(&was, &w->was);
	if (happened & FAN_MODIFY)
		notes |= NOTE_WRITE | (w->was.size > was.size ? NOTE_EXTEND : 0) |
			 (w->was.size < was.size ? NOTE_ATTRIB : 0);
	return notes;
}

/* vop_create_post, vop_mkdir_post, vop_rename_post and their like.  A name that goes and one
 * that comes are taken for one that changes. */
static uint32_t notes_of_entries(uint64_t happened)
{
	const uint64_t both = FAN_MOVED_FROM | FAN_MOVED_TO;
	uint64_t moved = happened & both;
	uint32_t notes = happened & ENTRIES ? NOTE_WRITE : 0;
	bool across = moved && moved != both;
	if (across)
		notes |= NOTE_EXTEND;
	if ((happened & FAN_ONDIR) && (across || (happened & (FAN_CREATE | FAN_DELETE))))
		notes |= NOTE_LINK;
	return notes;
}

static uint32_t notes_of(struct call *c, struct watch *w, uint64_t happened)
{
	static const struct {
		uint64_t host;
		uint32_t note;
	} direct[] = {{FAN_OPEN, NOTE_OPEN},
		      {FAN_CLOSE_NOWRITE, NOTE_CLOSE},
		      {FAN_CLOSE_WRITE, NOTE_CLOSE_WRITE},
		      {FAN_ACCESS, NOTE_ACCESS},
		      {FAN_MOVE_SELF, NOTE_RENAME}};
	uint32_t notes = w->is_directory ? notes_of_entries(happened) : 0;
	for (size_t i = 0; i < COUNT(direct); i++)
		if (happened & direct[i].host)
			notes |= direct[i].note;
	if (happened & (FAN_ATTRIB | FAN_MODIFY))
		notes |= notes_of_state(c, w, happened);
	return notes;
}

static void tell(struct call *c, struct knote *k, uint32_t notes)
{
	if (!k || !(notes & k->notes))
		return;
	k->event.notes |= notes & k->notes;
	kqueue_activate(c, k);
}

static void happened_to(struct call *c, struct watch *w, uint64_t happened)
{
	tell(c, w->vnode, notes_of(c, w, happened));
	if (w->read && (happened & (FAN_MODIFY | ENTRIES))) {
		w->read->seen = 0;
		look_at(c, w->read);
	}
	if ((happened & FAN_MOVE_SELF) && w->parent) {
		leave_parent(c, w);
		enter_parent(c, w);
	}
}

/* A directory went from the one it was in. */
static void happened_to_child(struct call *c, struct watch *w)
{
	struct file_state now;
	if (w->was.links == 0 || look_again(c, w, &now) < 0 || now.links)
		return;
	w->was = now;
	tell(c, w->vnode, NOTE_DELETE);
}

static void happened_to_node(struct call *c, struct node *n, uint64_t happened)
{
	struct watch *next;
	for (struct watch *w = n->children; w && (happened & FAN_ONDIR); w = next) {
		next = w->same_parent;
		happened_to_child(c, w);
	}
	for (struct watch *w = n->watches; w; w = next) {
		next = w->same_node;
		happened_to(c, w, happened & (wanted(w) | FAN_ONDIR));
	}
}

/* The notifier's queue was full: anything may have happened. */
static void happened_to_all(struct call *c, struct kqueue *kq)
{
	for (struct watch *w = kq->watches; w; w = w->next) {
		if (w->node)
			happened_to(c, w, wanted(w));
		if (w->parent)
			happened_to_child(c, w);
	}
}

/* One record of the notifier's, n bytes of it there: how many it takes, or 0 if it is none. */
static uint32_t take_record(struct call *c, struct kqueue *kq, const char *at, size_t n)
{
	struct fanotify_event_metadata m;
	struct fanotify_event_info_fid info;
	struct file_name name = {0};
	const size_t handle = sizeof m + offsetof(struct fanotify_event_info_fid, handle);
	const size_t head = sizeof name.n + sizeof name.type;
	if (n < sizeof m)
		return 0;
	memcpy(&m, at, sizeof m);
	if (m.event_len < sizeof m || m.event_len > n)
		return 0;
	if (m.mask & FAN_Q_OVERFLOW) {
		happened_to_all(c, kq);
		return m.event_len;
	}
	if (m.event_len < handle + head)
		return m.event_len;
	memcpy(&info, at + sizeof m, sizeof info);
	memcpy(&name.n, at + handle, head);
	if (info.hdr.info_type != FAN_EVENT_INFO_TYPE_FID || name.n > LARGEST_HANDLE ||
	    m.event_len < handle + head + name.n)
		return m.event_len;
	memcpy(name.system, &info.fsid, sizeof name.system);
	memcpy(name.bytes, at + handle + head, name.n);
	struct node *node = find_node(kq, key_of_name(&name));
	if (node) /* else it went while this was on its way */
		happened_to_node(c, node, m.mask);
	return m.event_len;
}

#define RECORDS 2048

void file_happened(struct call *c, struct kqueue *kq)
{
	char records[RECORDS];
	size_t used = c->scratch_used;
	uint64_t at = scratch(c, sizeof records);
	long n;
	while (at && (n = host(c, __NR_read, kq->notifier, at, sizeof records)) > 0) {
		if (get_guest(c, records, at, (size_t)n) < 0)
			break;
		uint32_t step = 1;
		for (size_t i = 0; i < (size_t)n && step; i += step)
			step = take_record(c, kq, records + i, (size_t)n - i);
	}
	c->scratch_used = used;
}

/* vfs_vnops.c: vn_seek tells the knotes, too. */
void kqueue_moved(struct call *c, const struct descriptor *d)
{
	for (struct watch *w = d->watches; w; w = w->same_fd) {
		uint32_t queued = w->kq->queued;
		look_at(c, w->read);
		if (w->kq->queued > queued)
			(void)kqueue_ring(c, w->kq); /* else they see it at the next event */
	}
}

/* ---- The filter ---------------------------------------------------------------------------- */

static int attach_vnode(struct call *c, struct knote *k)
{
	int r = watch_attach(c, k);
	if (r < 0)
		return r;
	r = look_again(c, k->watch, &k->watch->was);
	if (r < 0)
		watch_detach(c, k);
	return r;
}

static int vnode_again(struct call *c, struct knote *k, const struct event *change)
{
	k->notes = change->notes;
	k->parameter = change->data;
	return file_mark(c, k->watch);
}

static bool check_vnode(struct call *c, struct knote *k)
{
	(void)c;
	return k->event.notes != 0;
}

const struct filter kqueue_vnode = {
	.is_descriptor = true,
	.notes = NOTE_ANY_VNODE,
	.attach = attach_vnode,
	.detach = watch_detach,
	.again = vnode_again,
	.check = check_vnode,
};
