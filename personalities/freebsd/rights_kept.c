/* Rights on their way: to the program that is executed, and with descriptors in a message.
 *
 * Linux knows nothing of them, so they are written to a file in memory.  exec leaves its number
 * to the next program's start code.  In a message it goes as one more descriptor behind those it
 * is about; the receiver knows it by its seals and its first words, takes it out and gives the
 * others the rights it tells.  (Only descriptors that are limited have such company.) */
#include "personalities/freebsd/capability.h"

#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <string.h>

#include "syscalls/linux.h"

#define KEPT_MAGIC 0x7374686769722e73UL
#define KEPT_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* The file: this, and one of the next for each descriptor. */
struct kept {
	uint64_t magic;
	uint64_t is_capability_mode;
};
struct kept_set {
	int32_t fd; /* in a message: which of its descriptors */
	uint32_t fcntls;
	int32_t n_ioctls;
	int32_t padding;
	uint64_t rights[2];
	uint64_t ioctls[CAP_IOCTLS_MAX];
};

static size_t ioctl_bytes(int32_t n)
{
	return n > 0 ? (size_t)n * sizeof(uint64_t) : 0;
}

static size_t kept_bytes(int32_t n_ioctls)
{
	return offsetof(struct kept_set, ioctls) + ioctl_bytes(n_ioctls);
}

static const int16_t uses[] = {__NR_memfd_create, __NR_write, __NR_pread64,
			       __NR_fcntl,	  __NR_close, END_OF_USES};
static const struct row own_row = {.name = "rights on their way", .uses = uses};

/* The same call, as one that is the translator's own. */
static struct call own_call(const struct call *c)
{
	struct call own = *c;

	own.row = &own_row;
	return own;
}

/* ---- Writing ------------------------------------------------------------------------- */

static long add(struct call *c, long file, const void *from, size_t n)
{
	size_t mark = c->scratch_used;
	uint64_t at = scratch(c, n);
	long r = at ? put_guest(c, at, from, n) : -ENOMEM;

	if (r == 0)
		r = host(c, __NR_write, file, at, n);
	c->scratch_used = mark;
	if (r >= 0 && (size_t)r != n)
		r = -EIO;
	return r < 0 ? r : 0;
}

static long add_set(struct call *c, long file, int fd, const struct right_set *s)
{
	struct kept_set k = {.fd = fd, .fcntls = s->fcntls, .n_ioctls = s->n_ioctls};

	memcpy(k.rights, s->rights, sizeof k.rights);
	if (s->n_ioctls > 0)
		memcpy(k.ioctls, s->ioctls, ioctl_bytes(s->n_ioctls));
	return add(c, file, &k, kept_bytes(s->n_ioctls));
}

static long file_make(struct call *c, uint32_t flags, bool is_capability_mode)
{
	struct kept head = {.magic = KEPT_MAGIC, .is_capability_mode = is_capability_mode};
	uint64_t name = scratch(c, sizeof "rights");
	long file = name ? put_guest(c, name, "rights", sizeof "rights") : -ENOMEM, r;

	if (file == 0)
		file = host(c, __NR_memfd_create, name, flags);
	if (file < 0)
		return file;
	r = add(c, file, &head, sizeof head);
	if (r < 0)
		(void)host(c, __NR_close, file); /* just made */
	return r < 0 ? r : file;
}

/* ---- Reading ------------------------------------------------------------------------- */

static long get_file(struct call *c, int file, void *to, size_t n, uint64_t at)
{
	size_t mark = c->scratch_used;
	uint64_t room = scratch(c, n);
	long r = room ? host(c, __NR_pread64, file, room, n, at) : -ENOMEM;

	if (r > 0 && get_guest(c, to, room, (size_t)r) < 0)
		r = -EFAULT;
	c->scratch_used = mark;
	return r;
}

static long get_head(struct call *c, int file, struct kept *head)
{
	long r = get_file(c, file, head, sizeof *head, 0);

	if (r < 0)
		return r;
	return r == sizeof *head && head->magic == KEPT_MAGIC ? 0 : -EINVAL;
}

/* The set at *at, which is moved past it: 1, 0 at the end, -errno. */
static long get_set(struct call *c, int file, uint64_t *at, struct kept_set *k)
{
	long n = get_file(c, file, k, sizeof *k, *at);

	if (n <= 0)
		return n;
	if ((size_t)n < kept_bytes(0) || k->n_ioctls < CAP_IOCTLS_ALL ||
	    k->n_ioctls > CAP_IOCTLS_MAX || (size_t)n < kept_bytes(k->n_ioctls))
		return -EINVAL;
	*at += kept_bytes(k->n_ioctls);
	return 1;
}

static int take(struct process *p, int fd, struct kept_set *k)
{
	struct right_set s = {.fcntls = k->fcntls, .n_ioctls = k->n_ioctls, .ioctls = k->ioctls};

	memcpy(s.rights, k->rights, sizeof s.rights);
	return rights_give(p, fd, &s);
}

/* ---- Through exec ------------------------------------------------------------------------ */

static long keep_all(struct call *c, long file)
{
	const struct process *p = c->thread->process;
	uint32_t end = p->descriptors ? p->descriptors->end : 0;
	long r = 0;

	for (uint32_t fd = 0; r == 0 && fd < end; fd++) {
		const struct right_set *s = rights_of(p, (int)fd);
		/* Neither one that closes now nor one that has closed. */
		if (s && host(c, __NR_fcntl, fd, F_GETFD) == 0)
			r = add_set(c, file, (int)fd, s);
	}
	return r;
}

int freebsd_guard_hand_over(struct call *c, int *fd)
{
	struct call own = own_call(c);
	long file, r;

	own.scratch_used = 0;
	file = file_make(&own, 0, c->thread->process->is_capability_mode);
	if (file < 0)
		return (int)file;
	r = keep_all(&own, file);
	if (r < 0)
		(void)host(&own, __NR_close, file); /* just made */
	*fd = (int)file;
	return (int)r;
}

int freebsd_guard_take_up(struct call *c, int fd)
{
	struct process *p = c->thread->process;
	uint64_t at = sizeof(struct kept);
	struct kept_set k;
	struct kept head;
	long r = get_head(c, fd, &head);

	if (r < 0)
		return (int)r;
	p->is_capability_mode = head.is_capability_mode;
	process_guard(p);
	while ((r = get_set(c, fd, &at, &k)) > 0) {
		int e = take(p, k.fd, &k);
		if (e < 0)
			return e;
	}
	return (int)r;
}

/* ---- With a message ------------------------------------------------------------------------ */

long rights_pack(struct call *c, const int *fds, size_t n)
{
	struct call own = own_call(c);
	long file = file_make(&own, MFD_CLOEXEC | MFD_ALLOW_SEALING, false), r = 0;

	c->scratch_used = own.scratch_used;
	if (file < 0)
		return file;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct right_set *s = rights_of(c->thread->process, fds[i]);
		r = s ? add_set(&own, file, (int)i, s) : 0;
	}
	if (r == 0)
		r = host(&own, __NR_fcntl, file, F_ADD_SEALS, KEPT_SEALS);
	if (r < 0)
		(void)host(&own, __NR_close, file); /* just made */
	return r < 0 ? r : file;
}

void rights_drop(struct call *c, int packed)
{
	struct call own = own_call(c);

	(void)host(&own, __NR_close, packed); /* our own */
}

/* A descriptor whose rights cannot be told must not have them all. */
static void close_all(struct call *c, const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)host(c, __NR_close, fds[i]); /* just received */
}

size_t rights_unpack(struct call *c, const int *fds, size_t n)
{
	struct call own = own_call(c);
	uint64_t at = sizeof(struct kept);
	struct kept_set k;
	struct kept head;
	long r;

	if (n < 2 || host(&own, __NR_fcntl, fds[n - 1], F_GET_SEALS) != KEPT_SEALS ||
	    get_head(&own, fds[n - 1], &head) < 0)
		return n;
	while ((r = get_set(&own, fds[n - 1], &at, &k)) > 0) {
		r = k.fd < 0 || (size_t)k.fd >= n - 1 ? -EINVAL
						      : take(c->thread->process, fds[k.fd], &k);
		if (r < 0)
			break;
	}
	(void)host(&own, __NR_close, fds[n - 1]); /* just received */
	if (r < 0)
		close_all(&own, fds, n - 1);
	return r < 0 ? 0 : n - 1;
}
