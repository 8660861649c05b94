/* Calls whose arguments decide what they need: see capability_checks.h. */
#include "personalities/freebsd/capability_checks.h"

#include <linux/fcntl.h>
#include <string.h>

#include "syscalls/linux.h"

#define ACCESS_MODE 0x3UL
#define MAP_IS_SHARED 0x1UL /* sys/mman.h */
#define MAP_NO_FILE 0x3400UL /* MAP_STACK, MAP_ANON, MAP_GUARD */

static int no_global_name(const struct call *c)
{
	return in_mode(c) ? -E_CAPMODE : 0;
}

/* kern_sig.c: a process in capability mode signals itself alone. */
int capability_check_own_process(struct call *c)
{
	return in_mode(c) && (int)c->a[0] != process_of(c)->pid ? -E_CAPMODE : 0;
}

/* kern_sendit(), sendit(): an address needs the right to connect, and is none in the mode. */
static int check_send(struct call *c, uint64_t name)
{
	int r = need(c, c->a[0], name ? CAP_WRITE | CAP_CONNECT : CAP_WRITE);

	return r == 0 && name ? no_global_name(c) : r;
}

int capability_check_sendto(struct call *c)
{
	return check_send(c, c->a[4]);
}

/* struct msghdr, struct cmsghdr; the bytes of that begin at 16. */
struct message {
	uint64_t name, name_length, vectors, n_vectors, control;
	uint32_t control_length, flags;
};
struct control {
	uint32_t length;
	int32_t level, type;
};
#define CONTROL_DATA 16u
#define CONTROL_MOST 8192u
#define PASSED_MOST 253 /* of Linux: include/net/scm.h */

int capability_check_sendmsg(struct call *c)
{
	struct message m;
	int r = get_guest(c, &m, c->a[1], sizeof m);

	return r < 0 ? r : check_send(c, m.name);
}

/* A list of control messages, the guest's, and what is to be sent instead. */
struct controls {
	unsigned char bytes[CONTROL_MOST + 2 * CONTROL_DATA];
	uint32_t length;
	uint32_t last; /* where the last one with descriptors is; no place: 0xffffffff */
	int fds[PASSED_MOST];
	size_t n;
};

/* Its descriptors; false if anything is wrong with it, which the translator says. */
static bool find_passed(struct controls *all)
{
	struct control k;

	all->last = UINT32_MAX;
	for (uint32_t i = 0; all->length - i >= CONTROL_DATA; i += (k.length + 7) & ~7u) {
		memcpy(&k, all->bytes + i, sizeof k);
		if (k.length < CONTROL_DATA || k.length > all->length - i)
			return false;
		if (k.level == 0xffff && k.type == 1) { /* SOL_SOCKET, SCM_RIGHTS */
			size_t n = (k.length - CONTROL_DATA) / sizeof(int);
			if (n > PASSED_MOST - all->n)
				return false;
			memcpy(all->fds + all->n, all->bytes + i + CONTROL_DATA, n * sizeof(int));
			all->n += n;
			all->last = i;
		}
		if (all->length - i < ((k.length + 7) & ~7u))
			break;
	}
	return all->n;
}

/* One more descriptor in the last message that has some. */
static void add_passed(struct controls *all, int fd)
{
	struct control k;
	uint32_t end, next, moves;

	memcpy(&k, all->bytes + all->last, sizeof k);
	end = all->last + CONTROL_DATA + (k.length - CONTROL_DATA) / 4 * 4;
	next = all->last + ((k.length + 7) & ~7u);
	moves = (end + 4 + 7) & ~7u;
	if (next < all->length)
		memmove(all->bytes + moves, all->bytes + next, all->length - next);
	all->length = next < all->length ? moves + all->length - next : moves;
	memcpy(all->bytes + end, &fd, sizeof fd);
	k.length = end + 4 - all->last;
	memcpy(all->bytes + all->last, &k, sizeof k);
}

static bool any_limited(const struct call *c, const struct controls *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (rights_of(process_of(c), all->fds[i]))
			return true;
	return false;
}

/* sendmsg with `file` behind its descriptors. */
static long send_with(struct call *c, struct controls *all, struct message m, int file)
{
	uint64_t was = c->a[1], list, at;
	int r;

	add_passed(all, file);
	list = scratch(c, all->length);
	at = scratch(c, sizeof m);
	if (!list || !at)
		return -ENOMEM;
	m.control = list;
	m.control_length = all->length;
	r = put_guest(c, list, all->bytes, all->length);
	if (r == 0)
		r = put_guest(c, at, &m, sizeof m);
	if (r < 0)
		return r;
	c->a[1] = at;
	long sent = dispatch_row(c);
	c->a[1] = was;
	return sent;
}

long capability_send(struct call *c)
{
	struct controls all = {.n = 0};
	struct message m;
	int r = get_guest(c, &m, c->a[1], sizeof m);

	if (r < 0 || !m.control || m.control_length > CONTROL_MOST)
		return r < 0 ? r : dispatch_row(c);
	all.length = m.control_length;
	r = get_guest(c, all.bytes, m.control, m.control_length);
	if (r < 0)
		return r;
	if (!find_passed(&all) || !any_limited(c, &all))
		return dispatch_row(c);
	if (all.n == PASSED_MOST)
		return -EINVAL;
	long file = rights_pack(c, all.fds, all.n);
	if (file < 0)
		return file;
	long sent = send_with(c, &all, m, (int)file);
	rights_drop(c, (int)file);
	return sent;
}

/* bind and connect know global names alone; bindat and connectat (dir, socket, address) have
 * others: none that begin at the root. */
int capability_check_named(struct call *c)
{
	enum { LOCAL = 1 };
	struct {
		uint8_t length, family, first;
	} address;
	bool at = c->row->args[0].type == &type_atfd;

	if (!at || (int)c->a[0] == AT_FDCWD)
		return no_global_name(c);
	if (!in_mode(c) || get_guest(c, &address, c->a[2], sizeof address) < 0)
		return 0; /* an address that cannot be read is the translator's to refuse */
	return address.family == LOCAL && address.first == '/' ? -E_NOTCAPABLE : 0;
}

/* Protocols with PR_CAPATTACH: local ones, TCP and UDP. */
int capability_check_socket(struct call *c)
{
	enum { LOCAL = 1, INET = 2, INET6 = 28, STREAM = 1, DATAGRAM = 2, TYPE = 0xff };
	uint64_t domain = c->a[0], type = c->a[1] & TYPE;
	bool may = domain == LOCAL ||
		   ((domain == INET || domain == INET6) && (type == STREAM || type == DATAGRAM));

	return may ? 0 : no_global_name(c);
}

uint64_t capability_open_rights(uint64_t flags)
{
	uint64_t rights = CAP_LOOKUP;

	if (flags & OPEN_EXECUTE) {
		rights |= CAP_FEXECVE;
		if (flags & OPEN_PATH)
			return rights;
	} else {
		if ((flags & ACCESS_MODE) != 1)
			rights |= CAP_READ;
		if (flags & ACCESS_MODE)
			rights |= CAP_WRITE;
		if ((flags & ACCESS_MODE) && !(flags & (OPEN_APPEND | OPEN_TRUNCATE)))
			rights |= CAP_SEEK;
	}
	rights |= flags & OPEN_CREATE ? CAP_CREATE : 0;
	rights |= flags & OPEN_TRUNCATE ? CAP_FTRUNCATE : 0;
	rights |= flags & OPEN_SYNC ? CAP_FSYNC : 0;
	return rights | (flags & OPEN_LOCKING ? CAP_FLOCK : 0);
}

/* (address, length, protection, flags, fd): kern_mmap(), vm/vm_mmap.c */
int capability_check_mmap(struct call *c)
{
	enum { PROT_READ_ = 1, PROT_WRITE_ = 2, PROT_EXEC_ = 4 };
	uint64_t rights = CAP_MMAP;

	if (c->a[3] & MAP_NO_FILE)
		return 0;
	if (c->a[2] & PROT_READ_)
		rights |= CAP_MMAP_R;
	if ((c->a[2] & PROT_WRITE_) && (c->a[3] & MAP_IS_SHARED))
		rights |= CAP_MMAP_W;
	if (c->a[2] & PROT_EXEC_)
		rights |= CAP_MMAP_X;
	return need(c, c->a[4], rights);
}

/* kern_fcntl() */
int capability_check_fcntl(struct call *c)
{
	enum { GETFL = 3, SETOWN = 6, OLD_GETLK, OLD_SETLK, OLD_SETLKW, GETLK = 11, SETLKW = 13 };
	enum { SETLK_REMOTE = 14, KINFO = 22 };
	uint64_t command = (uint32_t)c->a[1];
	const struct right_set *s = rights_of(process_of(c), (int)c->a[0]);

	if (command >= GETFL && command <= SETOWN) {
		int r = need(c, c->a[0], CAP_FCNTL);
		return r < 0 || !s || s->fcntls >> command & 1 ? r : -E_NOTCAPABLE;
	}
	if (command == KINFO)
		return in_mode(c) ? -E_CAPMODE : need(c, c->a[0], CAP_FCNTL);
	if ((command >= OLD_GETLK && command <= OLD_SETLKW) ||
	    (command >= GETLK && command <= SETLK_REMOTE))
		return need(c, c->a[0], CAP_FLOCK);
	return 0;
}

int capability_check_ioctl(struct call *c)
{
	const struct right_set *s = rights_of(process_of(c), (int)c->a[0]);
	int r = need(c, c->a[0], CAP_IOCTL);

	if (r < 0 || !s || s->n_ioctls == CAP_IOCTLS_ALL)
		return r;
	for (int32_t i = 0; i < s->n_ioctls; i++)
		if ((uint32_t)s->ioctls[i] == (uint32_t)c->a[1])
			return 0;
	return -E_NOTCAPABLE;
}

/* (queue, changes, their number, events, their number): kern_kevent(), kqueue_register().  What
 * is asked about a descriptor needs CAP_EVENT. */
int capability_check_kevent(struct call *c)
{
	enum { READ = -1, WRITE = -2, VNODE = -4, PROCDESC = -8, EMPTY = -13 };
	size_t size = c->row->args[1].type->guest_size;
	struct {
		uint64_t ident;
		int16_t filter;
	} change;
	int r = 0;

	if ((int)c->a[2] > 0)
		r = need(c, c->a[0], CAP_KQUEUE_CHANGE);
	if (r == 0 && (int)c->a[4] > 0)
		r = need(c, c->a[0], CAP_KQUEUE_EVENT);
	for (uint64_t i = 0; r == 0 && i < (uint64_t)(int)c->a[2] && (int)c->a[2] > 0; i++) {
		r = get_guest(c, &change.ident, c->a[1] + i * size, 8);
		if (r == 0)
			r = get_guest(c, &change.filter, c->a[1] + i * size + 8, 2);
		if (r == 0 &&
		    (change.filter == READ || change.filter == WRITE || change.filter == VNODE ||
		     change.filter == PROCDESC || change.filter == EMPTY))
			r = need(c, change.ident, CAP_EVENT);
	}
	return r;
}

/* (most, read, write, except): selscan().  A set is of whole words; none that is limited is
 * above those of which anything is remembered. */
int capability_check_select(struct call *c)
{
	const struct descriptors *known = process_of(c)->descriptors;
	uint64_t most = (int)c->a[0] > 0 ? (uint32_t)c->a[0] : 0, word;
	int r = 0;

	if (!known || most > known->end)
		most = known ? known->end : 0;
	for (int set = 1; set <= 3; set++)
		for (uint64_t fd = 0; r == 0 && c->a[set] && fd < most; fd++) {
			if (fd % 64 == 0)
				r = get_guest(c, &word, c->a[set] + fd / 8, sizeof word);
			if (r == 0 && word >> (fd % 64) & 1)
				r = need(c, fd, CAP_EVENT);
		}
	return r;
}

/* struct pollfd */
struct polled {
	int32_t fd;
	int16_t events, revents;
};
#define POLL_INVALID 0x20
#define POLL_MOST (SCRATCH_SIZE / 2 / sizeof(struct polled))

static bool cannot_poll(const struct call *c, int32_t fd)
{
	return need(c, (uint64_t)fd, CAP_EVENT) < 0;
}

/* In a copy of the list those without CAP_EVENT are none: how many, or -errno. */
static long list_polled(struct call *c, uint64_t list)
{
	struct polled p;
	long n = 0;

	for (uint64_t i = 0; i < (uint32_t)c->a[1]; i++) {
		int r = get_guest(c, &p, c->a[0] + i * sizeof p, sizeof p);
		bool cannot = r == 0 && p.fd >= 0 && cannot_poll(c, p.fd);

		n += cannot;
		p.fd = cannot ? -1 : p.fd;
		if (r == 0)
			r = put_guest(c, list + i * sizeof p, &p, sizeof p);
		if (r < 0)
			return r;
	}
	return n;
}

/* What was found goes to the guest's list, and what must not be asked about is invalid. */
static long tell_polled(struct call *c, uint64_t list)
{
	struct polled p, own;
	long n = 0;

	for (uint64_t i = 0; i < (uint32_t)c->a[1]; i++) {
		int r = get_guest(c, &p, list + i * sizeof p, sizeof p);

		if (r == 0)
			r = get_guest(c, &own, c->a[0] + i * sizeof p, sizeof own);
		own.revents = own.fd >= 0 && p.fd < 0 ? POLL_INVALID : p.revents;
		if (r == 0)
			r = put_guest(c, c->a[0] + i * sizeof p, &own, sizeof own);
		if (r < 0)
			return r;
		n += own.revents != 0;
	}
	return n;
}

/* pollscan(): a descriptor without CAP_EVENT is invalid, and then nothing is waited for.
 * poll has its timeout in the register, ppoll at an address. */
long capability_poll(struct call *c)
{
	static const uint64_t at_once[2];
	uint64_t given[3] = {c->a[0], c->a[1], c->a[2]}, list, time;
	long r;

	if ((uint32_t)c->a[1] > POLL_MOST)
		return -EINVAL;
	list = scratch(c, POLL_MOST * sizeof(struct polled));
	time = scratch(c, sizeof at_once);
	r = list && time ? list_polled(c, list) : -ENOMEM;
	if (r <= 0)
		return r < 0 ? r : dispatch_row(c);
	c->a[0] = list;
	c->a[2] = c->row->args[2].pass == PASS_VALUE ? 0 : time;
	r = put_guest(c, time, at_once, sizeof at_once);
	if (r == 0)
		r = dispatch_row(c);
	memcpy(c->a, given, sizeof given);
	return r < 0 ? r : tell_polled(c, list);
}

/* (in, its offset, out, its offset): an offset of its own is as with pread and pwrite. */
int capability_check_copy_range(struct call *c)
{
	int r = need(c, c->a[0], c->a[1] ? CAP_PREAD : CAP_READ);

	return r < 0 ? r : need(c, c->a[2], c->a[3] ? CAP_PWRITE : CAP_WRITE);
}

/* Only objects without a name. */
int capability_check_shm_open(struct call *c)
{
	enum { SHM_ANON_ = 1 };

	return c->a[0] == SHM_ANON_ ? 0 : no_global_name(c);
}

/* cpuset_capmode_allowed(): (level, which, id), of the caller itself. */
int capability_check_cpuset(struct call *c)
{
	enum { LEVEL_WHICH = 3, WHICH_TID = 1, WHICH_PID = 2 };
	int64_t id = (int64_t)c->a[2];
	bool own = id == -1 || (c->a[1] == WHICH_TID && id == c->thread->tid) ||
		   (c->a[1] == WHICH_PID && id == process_of(c)->pid);
	bool may = c->a[0] == LEVEL_WHICH && (c->a[1] == WHICH_TID || c->a[1] == WHICH_PID) && own;

	return may ? 0 : no_global_name(c);
}

/* amd64/sys_machdep.c: descriptor tables to be read, bases, vector state; no I/O ports. */
int capability_check_sysarch(struct call *c)
{
	enum { OF_I386 = 0x3f8b, GET_FSBASE = 128 };
	uint32_t what = (uint32_t)c->a[0];
	bool may = what < 32 ? OF_I386 >> what & 1 : what >= GET_FSBASE;

	return may ? 0 : no_global_name(c);
}

/* An aiocb begins with its descriptor. */
static int check_aio(struct call *c, int arg, uint64_t right)
{
	int32_t fd;
	int r = get_guest(c, &fd, c->a[arg], sizeof fd);

	return r < 0 ? r : need(c, (uint64_t)fd, right);
}

int capability_check_aio_read(struct call *c)
{
	return check_aio(c, 0, CAP_PREAD);
}

int capability_check_aio_write(struct call *c)
{
	return check_aio(c, 0, CAP_PWRITE);
}

int capability_check_aio_fsync(struct call *c)
{
	return check_aio(c, 1, CAP_FSYNC);
}

/* (mode, list, how many): aio_lio_opcode is at 48. */
int capability_check_lio(struct call *c)
{
	enum { LIO_WRITE = 1, LIO_READ = 2, LIO_KIND = 3, AT = 48, MOST = 1024 };
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < (uint32_t)c->a[2] && i < MOST; i++) {
		uint64_t block;
		int32_t fd, kind = 0;

		r = get_guest(c, &block, c->a[1] + 8 * i, sizeof block);
		if (r < 0 || !block)
			continue;
		r = get_guest(c, &fd, block, sizeof fd);
		if (r == 0)
			r = get_guest(c, &kind, block + AT, sizeof kind);
		if (r == 0 && kind & LIO_KIND)
			r = need(c, (uint64_t)fd, kind & LIO_WRITE ? CAP_PWRITE : CAP_PREAD);
	}
	return r;
}
