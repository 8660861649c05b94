/* Kqueue filters of files: VNODE, and READ and WRITE of regular files and directories.
 *
 * Linux tells of changes to a file by inotify, which wants its path, and by fanotify, which
 * takes a descriptor.  A descriptor is all that kevent gives, and there is no /proc to make a
 * path of it, so it is fanotify: one notifier a kqueue, which needs no privilege as long as it
 * reports file handles (fanotify_init(2), Linux 5.13).  A file that knotes ask about is a node
 * (kqueue_node.c); several descriptors may share one.
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
#include <linux/magic.h>
#include <string.h>

#include "syscalls/kqueue_node.h"
#include "syscalls/linux.h"

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

int file_mark(struct call *c, struct watch *w)
{
	int r = node_mark(c, w);
	poll_file(w, w->kind == WATCH_FILE && w->read && !w->node);
	return w->vnode ? mark_error(r) : 0;
}

void file_unmark(struct call *c, struct watch *w)
{
	node_leave(c, w);
	poll_file(w, false);
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
	long r = node_system(c, w->fd, &fs);
	c->scratch_used = used;
	return r == 0 && fs.f_type != PIPEFS_MAGIC;
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

/* The systems tell these in one hint, all of which counts if any of it was asked for (vop_write_post,
 * vop_mkdir_post and their like, then filt_vfsvnode, vfs_subr.c; genfs and ufs likewise). */
static uint32_t told_together(const struct watch *w)
{
	return NOTE_WRITE | NOTE_EXTEND | (w->is_directory ? NOTE_LINK : 0);
}

static void tell(struct call *c, struct knote *k, uint32_t notes)
{
	if (!k || !(notes & k->notes))
		return;
	uint32_t told = notes & k->notes, together = told_together(k->watch);
	if (told & together)
		told |= notes & together;
	k->event.notes |= told;
	kqueue_activate(c, k);
}

static void happened_to(struct call *c, struct watch *w, uint64_t happened)
{
	tell(c, w->vnode, notes_of(c, w, happened));
	if (w->read && (happened & (FAN_MODIFY | ENTRIES))) {
		w->read->seen = 0;
		look_at(c, w->read);
	}
	if (happened & FAN_MOVE_SELF)
		node_moved(c, w);
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
		happened_to(c, w, happened & (node_wanted(w) | FAN_ONDIR));
	}
}

/* The notifier's queue was full: anything may have happened. */
static void happened_to_all(struct call *c, struct kqueue *kq)
{
	for (struct watch *w = kq->watches; w; w = w->next) {
		if (w->node)
			happened_to(c, w, node_wanted(w));
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
	struct node *node = node_find(kq, &name);
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
