/* Paths that may not lead out of the directory they start from, walked by name.
 *
 * openat2 would do it in one call, but takes flags and mode in memory, where no filter sees
 * them: through it a hostile program could leave set-user-id files to the host.
 *
 * No component but the last is ever opened other than as a directory that is no symbolic
 * link, from the directory before it: links are read and put in front of what is left.  Of
 * what was passed the text is kept; ".." takes its last name away and walks it again from the
 * start.  So whatever is renamed meanwhile, the walk is where it began or below.
 */
#include "syscalls/beneath.h"

#include <linux/fcntl.h>
#include <string.h>

#include "syscalls/linux.h"

#define MOST_LINKS 32 /* MAXSYMLINKS of sys/param.h, 4.4BSD */
#define LONGEST 4096
#define LONGEST_NAME 255

struct walk {
	struct call *c;
	uint64_t start;
	uint64_t at; /* start, or a descriptor of ours */
	uint64_t name, link; /* scratch */
	unsigned links;
	bool places, follows; /* the last name is not opened; and is gone after, if it is a link */
	char done[LONGEST]; /* from start to at, without links */
	char rest[LONGEST];
};

static void go_back(struct walk *w)
{
	if (w->at != w->start)
		(void)host(w->c, __NR_close, w->at); /* just opened: cannot fail */
	w->at = w->start;
}

/* What is left becomes head, then tail (a part of it: empty, or from a slash on). */
static int put_before(struct walk *w, const char *head, const char *tail)
{
	size_t n = strlen(head), more = strlen(tail);

	if (n + more >= sizeof w->rest)
		return -ENAMETOOLONG;
	memmove(w->rest + n, tail, more + 1);
	memcpy(w->rest, head, n);
	return 0;
}

static int go_up(struct walk *w, const char *tail)
{
	size_t n = strlen(w->done);

	if (n == 0)
		return -EXDEV;
	while (n > 0 && w->done[n - 1] != '/')
		n--;
	w->done[n ? n - 1 : 0] = 0;
	go_back(w);
	int r = put_before(w, w->done, tail);
	w->done[0] = 0;
	return r;
}

/* 1 if the name there is a link, which is then in front of what is left. */
static long follow(struct walk *w, const char *tail)
{
	char text[LONGEST];
	long n = host(w->c, __NR_readlinkat, w->at, w->name, w->link, LONGEST - 1);

	if (n == -EINVAL || n == -ENOENT)
		return 0;
	if (n < 0)
		return n;
	if (++w->links > MOST_LINKS)
		return -ELOOP;
	if (get_guest(w->c, text, w->link, (size_t)n) < 0)
		return -EFAULT;
	text[n] = 0;
	if (text[0] == '/')
		return -EXDEV;
	int r = put_before(w, text, tail);
	return r < 0 ? r : 1;
}

static long go_down(struct walk *w, const char *name, const char *tail)
{
	size_t n = strlen(w->done), more = strlen(name);
	long r = follow(w, tail);

	if (r)
		return r < 0 ? r : 0;
	r = host(w->c, __NR_openat, w->at, w->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		 0);
	if (r < 0)
		return r;
	go_back(w);
	w->at = (uint64_t)r;
	if (n + 1 + more >= sizeof w->done)
		return -ENAMETOOLONG;
	if (n)
		w->done[n++] = '/';
	memcpy(w->done + n, name, more + 1);
	return put_before(w, "", tail);
}

#define MORE (-4095L) /* not there yet */

static long open_last(struct walk *w, uint32_t flags, uint32_t mode)
{
	bool follows = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	long r = follows ? follow(w, "") : 0;

	if (r)
		return r < 0 ? r : MORE;
	return host_wait(w->c, __NR_openat, w->at, w->name, flags | O_NOFOLLOW, mode);
}

/* A slash behind the last name asks for a directory, which a link to one is. */
static long place_last(struct walk *w, const char *name, const char *slash)
{
	long r = w->follows || *slash ? follow(w, slash) : 0;
	size_t n = strlen(name);

	if (r)
		return r < 0 ? r : MORE;
	return *slash ? put_guest(w->c, w->name + n, "/", 2) : 0;
}

static bool only_slashes(const char *text)
{
	while (*text == '/')
		text++;
	return !*text;
}

/* One component further; the descriptor (or 0, of a place) once it was the last. */
static long step(struct walk *w, uint32_t flags, uint32_t mode)
{
	const char *from = w->rest;
	char name[LONGEST_NAME + 1];
	size_t n = 0;
	long r;

	while (*from == '/')
		from++;
	while (from[n] && from[n] != '/')
		n++;
	if (n > LONGEST_NAME)
		return -ENAMETOOLONG;
	memcpy(name, n ? from : ".", n ? n : 1);
	name[n ? n : 1] = 0;
	if (put_guest(w->c, w->name, name, strlen(name) + 1) < 0)
		return -EFAULT;
	if (strcmp(name, "..") == 0)
		r = go_up(w, from + n);
	else if (w->places && only_slashes(from + n))
		return place_last(w, name, from[n] ? "/" : "");
	else if (!from[n])
		return open_last(w, flags, mode);
	else if (strcmp(name, ".") == 0)
		r = put_before(w, "", from + n);
	else
		r = go_down(w, name, from + n);
	return r < 0 ? r : MORE;
}

static long begin(struct walk *w, uint64_t path)
{
	long r = get_guest_string(w->c, w->rest, path, sizeof w->rest);

	if (r < 0)
		return r;
	if (!w->rest[0])
		return -ENOENT;
	if (w->rest[0] == '/')
		return -EXDEV;
	w->name = scratch(w->c, LONGEST_NAME + 2);
	w->link = scratch(w->c, LONGEST);
	return w->name && w->link ? 0 : -ENOMEM;
}

long beneath_open(struct call *c, uint64_t dir, uint64_t path, uint32_t flags, uint32_t mode)
{
	struct walk w = {.c = c, .start = dir, .at = dir};
	long r = begin(&w, path);

	if (r < 0)
		return r;
	do
		r = step(&w, flags, mode);
	while (r == MORE);
	go_back(&w);
	return r;
}

long beneath_place(struct call *c, uint64_t dir, uint64_t path, bool follows, struct place *to)
{
	struct walk w = {.c = c, .start = dir, .at = dir, .places = true, .follows = follows};
	long r = begin(&w, path);

	if (r < 0)
		return r;
	do
		r = step(&w, 0, 0);
	while (r == MORE);
	if (r < 0) {
		go_back(&w);
		return r;
	}
	to->directory = w.at;
	to->name = w.name;
	to->is_ours = w.at != dir;
	return 0;
}
