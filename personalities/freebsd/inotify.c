/* FreeBSD 15's inotify (sys/kern/vfs_inotify.c, sys/sys/inotify.h), which is Linux's but for:
 *
 *   the directory    inotify_add_watch_at has one, Linux's call takes paths only: the watch is
 *                    asked for by the directory's own path
 *   the names        are padded to 4 bytes, Linux's to 16.  Who reads by the records' lengths
 *                    sees no difference.  But a buffer that is just large enough there is too
 *                    small for Linux, which fails: only then the event is read into one of ours
 *                    and handed on without the padding, so that every other read stays Linux's
 *
 * An event that has been read cannot be put back.  If it does not fit even so (there it would
 * stay, and the read fail), it is told as what it then is: events were lost, IN_Q_OVERFLOW. */
#include "personalities/freebsd/inotify.h"

#include <linux/inotify.h>
#include <string.h>

#include "syscalls/facts.h"
#include "syscalls/lookup.h"

#define HEAD sizeof(struct inotify_event)
/* Linux's largest record: a name of NAME_MAX and its NUL.  No disk's block is so small that a
 * read of one past the page cache would come this way. */
#define MOST (HEAD + 256)

static uint32_t length_of_name(const struct inotify_event *e, const char *name)
{
	uint32_t n = 0;

	while (n < e->len && name[n])
		n++;
	return e->len ? (n + 1 + 3) & ~3U : 0;
}

/* Linux's records of n bytes, the names' padding taken out, to the guest's buffer. */
static long hand_on(struct call *c, const char *from, size_t n, uint64_t to, size_t room)
{
	struct inotify_event e, lost = {.wd = -1, .mask = IN_Q_OVERFLOW};
	char out[MOST];
	size_t used = 0;
	int r;

	for (size_t at = 0; at + HEAD <= n; at += HEAD + e.len) {
		uint32_t padded;

		memcpy(&e, from + at, HEAD);
		padded = e.len;
		e.len = length_of_name(&e, from + at + HEAD);
		if (used + HEAD + e.len > room) {
			memcpy(out, &lost, HEAD);
			used = HEAD;
			break;
		}
		memcpy(out + used, &e, HEAD);
		memcpy(out + used + HEAD, from + at + HEAD, e.len);
		used += HEAD + e.len;
		e.len = padded;
	}
	r = put_guest(c, to, out, used);
	return r < 0 ? r : (long)used;
}

/* A read(fd, buffer, bytes) that failed. */
long freebsd_read_failed(struct call *c, long error)
{
	size_t room = c->a[2] & ~3UL, size = (room + 15) & ~15UL;
	char bytes[MOST];
	uint64_t at;
	long n;

	/* Any other descriptor that refuses a read for its length alone wants fewer, or more. */
	if (error != -EINVAL || c->a[2] > MOST || room <= HEAD || size == c->a[2])
		return error;
	at = scratch(c, size);
	n = at ? host_wait(c, __NR_read, c->a[0], at, size) : -ENOMEM;
	if (n < 0)
		return n;
	if ((size_t)n > sizeof bytes || get_guest(c, bytes, at, (size_t)n) < 0)
		return -EIO; /* our own memory */
	return hand_on(c, bytes, (size_t)n, c->a[1], room);
}

/* inotify_add_watch_at(fd, dir, path, mask) */
TRANSLATOR(freebsd_inotify_add_watch_at)
{
	uint64_t fd, dir, mask, path = c->a[2];
	char first = '/', whole[FACTS_PATH];
	long r = arg_values(c, 0, &fd, 1, &dir);

	if (r == 0)
		r = arg_value(c, 3, &mask);
	if (r == 0 && (int)dir != AT_FDCWD)
		r = get_guest(c, &first, path, 1);
	if (r < 0)
		return r;
	if (first != '/') {
		r = first ? lookup_whole(c, (int)dir, path, whole, sizeof whole) : -ENOENT;
		path = r < 0 ? 0 : scratch(c, (size_t)r + 1);
		if (r >= 0)
			r = path ? put_guest(c, path, whole, (size_t)r + 1) : -ENOMEM;
	}
	return r < 0 ? r : host(c, __NR_inotify_add_watch, fd, path, mask);
}
