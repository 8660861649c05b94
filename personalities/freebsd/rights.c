/* Rights of descriptors, and the calls that limit and tell them: sys/kern/sys_capability.c.
 *
 * A descriptor's entry holds the number of its set; 0 is everything.  The sets of a process are
 * made as they are asked for and stay: programs ask for few, mostly the same for many
 * descriptors.  fork copies them with all memory, a vfork child adds to its parent's. */
#include "personalities/freebsd/capability.h"

#include <linux/fcntl.h>
#include <string.h>

#include "syscalls/linux.h"

#define SETS_PAGE (GUEST_PAGE / sizeof(struct right_set))
#define SET_PAGES 256

struct right_sets {
	struct lock lock;
	uint32_t n; /* in use, from number 1 on */
	struct right_set *pages[SET_PAGES];
};

static const struct right_set everything = {
	.rights = {CAP_ALL0, CAP_ALL1},
	.fcntls = CAP_FCNTL_ALL,
	.n_ioctls = CAP_IOCTLS_ALL,
};

/* ---- Sets --------------------------------------------------------------------------- */

static struct right_set *set_at(const struct right_sets *all, uint32_t number)
{
	return &all->pages[(number - 1) / SETS_PAGE][(number - 1) % SETS_PAGE];
}

static size_t ioctl_bytes(const struct right_set *s)
{
	return s->n_ioctls > 0 ? (size_t)s->n_ioctls * sizeof *s->ioctls : 0;
}

static bool same_set(const struct right_set *a, const struct right_set *b)
{
	return !memcmp(a->rights, b->rights, sizeof a->rights) && a->fcntls == b->fcntls &&
	       a->n_ioctls == b->n_ioctls &&
	       (a->n_ioctls <= 0 || !memcmp(a->ioctls, b->ioctls, ioctl_bytes(a)));
}

static int add_set(struct right_sets *all, const struct right_set *s)
{
	struct right_set **page = &all->pages[all->n / SETS_PAGE];
	size_t bytes = ioctl_bytes(s);
	uint64_t *ioctls = NULL;

	if (all->n == SET_PAGES * SETS_PAGE)
		return -ENOMEM;
	if (!*page)
		*page = engine_pages(GUEST_PAGE);
	if (bytes)
		ioctls = engine_pages(bytes);
	if (!*page || (bytes && !ioctls))
		return -ENOMEM;
	if (bytes)
		memcpy(ioctls, s->ioctls, bytes);
	all->n++;
	*set_at(all, all->n) = *s;
	set_at(all, all->n)->ioctls = ioctls;
	return (int)all->n;
}

/* Threads may come here at once: the first to store its table wins. */
static struct right_sets *sets_make(struct process *p)
{
	struct right_sets *was = __atomic_load_n(&p->right_sets, __ATOMIC_ACQUIRE), *all;

	if (was)
		return was;
	all = engine_pages(sizeof *all);
	if (!all || __atomic_compare_exchange_n(&p->right_sets, &was, all, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
		return all;
	engine_free_pages(all, sizeof *all);
	return was;
}

/* The number of a set: 0 for everything, or -ENOMEM. */
static int number_of(struct process *p, const struct right_set *s)
{
	struct right_sets *all;
	int number = 0;

	if (same_set(s, &everything))
		return 0;
	all = sets_make(p);
	if (!all)
		return -ENOMEM;
	lock_take(&all->lock);
	for (uint32_t i = 1; !number && i <= all->n; i++)
		number = same_set(s, set_at(all, i)) ? (int)i : 0;
	if (!number)
		number = add_set(all, s);
	lock_release(&all->lock);
	return number;
}

int rights_give(struct process *p, int fd, const struct right_set *s)
{
	int number = number_of(p, s);
	struct descriptor *entry = number > 0 ? descriptor_make(p, fd) : descriptor_find(p, fd);

	if (number < 0 || (number && !entry))
		return -ENOMEM;
	if (entry)
		__atomic_store_n(&entry->rights, (uint32_t)number, __ATOMIC_RELEASE);
	if (number)
		process_guard(p);
	return 0;
}

const struct right_set *rights_of(const struct process *p, int fd)
{
	const struct descriptor *entry = descriptor_find(p, fd);
	uint32_t number = entry ? __atomic_load_n(&entry->rights, __ATOMIC_ACQUIRE) : 0;

	return number ? set_at(p->right_sets, number) : NULL;
}

/* Sets that are made later are the maker's alone: its own table, and copies of the sets. */
int freebsd_copy_state(struct process *child, const struct process *parent)
{
	const struct right_sets *from = parent->right_sets;
	struct right_sets *to = from ? sets_make(child) : NULL;

	if (from && !to)
		return -ENOMEM;
	for (uint32_t i = 1; from && i <= from->n; i++)
		if (add_set(to, set_at(from, i)) < 0)
			return -ENOMEM;
	return 0;
}

static bool has(const struct right_set *s, uint64_t right)
{
	return !right || (s->rights[RIGHT_WORD(right)] & right) == right;
}

int rights_need(const struct process *p, int fd, uint64_t right)
{
	const struct right_set *s = rights_of(p, fd);

	return !s || has(s, right) ? 0 : -E_NOTCAPABLE;
}

int rights_inherit(struct process *p, int from, int to)
{
	const struct right_set *s = rights_of(p, from);

	return s ? rights_give(p, to, s) : 0;
}

/* ---- The calls ----------------------------------------------------------------------------- */

TRANSLATOR(freebsd_cap_enter)
{
	struct process *p = c->thread->process;

	p->is_capability_mode = true;
	process_guard(p);
	return 0;
}

TRANSLATOR(freebsd_cap_getmode)
{
	uint32_t mode = c->thread->process->is_capability_mode;

	return put_guest(c, c->a[0], &mode, sizeof mode);
}

/* An open descriptor's set, to be changed; 0 or -errno. */
static int open_set(struct call *c, int arg, int *fd, struct right_set *s)
{
	uint64_t number;
	const struct right_set *now;
	int r = arg_value(c, arg, &number);

	if (r == 0)
		r = (int)host(c, __NR_fcntl, number, F_GETFD);
	if (r < 0)
		return r;
	*fd = (int)number;
	now = rights_of(c->thread->process, *fd);
	*s = now ? *now : everything;
	return 0;
}

/* sys/caprights.h: the version and the number of words in the top two bits, which word it is in
 * the next five; cap_rights_is_valid(). */
static bool is_valid(const uint64_t rights[2])
{
	return !(rights[0] & ~CAP_ALL0) && rights[0] & ~RIGHT_BITS && !(rights[1] & ~CAP_ALL1) &&
	       rights[1] & ~RIGHT_BITS;
}

TRANSLATOR(freebsd_cap_rights_limit)
{
	uint64_t rights[2];
	struct right_set s;
	int fd, r = get_guest(c, rights, c->a[1], sizeof rights);

	if (r < 0)
		return r;
	if (!is_valid(rights))
		return -EINVAL;
	r = open_set(c, 0, &fd, &s);
	if (r < 0)
		return r;
	if (!has(&s, rights[0]) || !has(&s, rights[1]))
		return -E_NOTCAPABLE;
	memcpy(s.rights, rights, sizeof rights);
	if (!has(&s, CAP_IOCTL))
		s.n_ioctls = 0;
	if (!has(&s, CAP_FCNTL))
		s.fcntls = 0;
	return rights_give(c->thread->process, fd, &s);
}

/* (version, fd, rights) */
TRANSLATOR(freebsd_cap_rights_get)
{
	struct right_set s;
	int fd, r;

	if (c->a[0] & UINT32_MAX)
		return -EINVAL;
	r = open_set(c, 1, &fd, &s);
	return r < 0 ? r : put_guest(c, c->a[2], s.rights, sizeof s.rights);
}

static bool has_ioctl(const struct right_set *s, uint64_t request)
{
	for (int32_t i = 0; i < s->n_ioctls; i++)
		if (s->ioctls[i] == request)
			return true;
	return s->n_ioctls == CAP_IOCTLS_ALL;
}

/* (fd, requests, how many) */
TRANSLATOR(freebsd_cap_ioctls_limit)
{
	uint64_t requests[CAP_IOCTLS_MAX], n = c->a[2];
	struct right_set s;
	int fd, r;

	if (n > CAP_IOCTLS_MAX)
		return -EINVAL;
	r = get_guest(c, requests, c->a[1], n * sizeof *requests);
	if (r == 0)
		r = open_set(c, 0, &fd, &s);
	if (r < 0)
		return r;
	if (s.n_ioctls != CAP_IOCTLS_ALL && s.n_ioctls < (int32_t)n)
		return -E_NOTCAPABLE;
	for (uint64_t i = 0; i < n; i++)
		if (!has_ioctl(&s, requests[i]))
			return -E_NOTCAPABLE;
	s.n_ioctls = (int32_t)n;
	s.ioctls = requests;
	return rights_give(c->thread->process, fd, &s);
}

/* (fd, requests, room): how many there are; all of them is SSIZE_MAX. */
TRANSLATOR(freebsd_cap_ioctls_get)
{
	struct right_set s;
	int fd, r = open_set(c, 0, &fd, &s);

	if (r < 0)
		return r;
	if (s.n_ioctls == CAP_IOCTLS_ALL)
		return INT64_MAX;
	uint64_t n = (uint64_t)s.n_ioctls < c->a[2] ? (uint64_t)s.n_ioctls : c->a[2];
	if (c->a[1] && n)
		r = put_guest(c, c->a[1], s.ioctls, n * sizeof *s.ioctls);
	return r < 0 ? r : s.n_ioctls;
}

TRANSLATOR(freebsd_cap_fcntls_limit)
{
	uint32_t commands = (uint32_t)c->a[1];
	struct right_set s;
	int fd, r;

	if (commands & ~CAP_FCNTL_ALL)
		return -EINVAL;
	r = open_set(c, 0, &fd, &s);
	if (r < 0)
		return r;
	if (commands & ~s.fcntls)
		return -E_NOTCAPABLE;
	s.fcntls = commands;
	return rights_give(c->thread->process, fd, &s);
}

TRANSLATOR(freebsd_cap_fcntls_get)
{
	struct right_set s;
	int fd, r = open_set(c, 0, &fd, &s);

	return r < 0 ? r : put_guest(c, c->a[1], &s.fcntls, sizeof s.fcntls);
}
