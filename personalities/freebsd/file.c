/* File calls and types that only FreeBSD has, or has its own way. */
#include "personalities/freebsd/file.h"

#include <string.h>

#include "syscalls/descriptors.h"
#include "syscalls/file.h"
#include "syscalls/ksem.h"
#include "syscalls/linux.h"
#include "syscalls/lookup.h"
#include "syscalls/text.h"

/* ---- Types ------------------------------------------------------------------------- */

/* For what only goes out. */
static int never_in(void)
{
	return -EINVAL;
}

/* dev_t from Linux's two numbers (makedev() in sys/types.h). */
static uint64_t make_dev(const void *host)
{
	uint32_t number[2]; /* major, minor */

	memcpy(number, host, sizeof number);
	return (uint64_t)(number[0] & 0xffffff00) << 32 | (number[0] & 0xff) << 8 |
	       (uint64_t)(number[1] & 0xff00) << 24 | (number[1] & 0xffff00ff);
}

int freebsd_dev_to_guest(struct call *c, const void *host, void *guest)
{
	uint64_t dev = make_dev(host);

	(void)c;
	memcpy(guest, &dev, sizeof dev);
	return 0;
}

int freebsd_dev_to_host(struct call *c, const void *guest, void *host)
{
	(void)c, (void)guest, (void)host;
	return never_in();
}

int freebsd_dev32_to_guest(struct call *c, const void *host, void *guest)
{
	uint32_t dev = (uint32_t)make_dev(host);

	(void)c;
	memcpy(guest, &dev, sizeof dev);
	return 0;
}

int freebsd_dev32_to_host(struct call *c, const void *guest, void *host)
{
	(void)c, (void)guest, (void)host;
	return never_in();
}

#define TEXT(size) \
	int freebsd_text##size##_to_guest(struct call *c, const void *host, void *guest) \
	{ \
		(void)c; \
		text_cut(guest, size, host); \
		return 0; \
	} \
	int freebsd_text##size##_to_host(struct call *c, const void *guest, void *host) \
	{ \
		(void)c, (void)guest, (void)host; \
		return never_in(); \
	}
TEXT(16)
TEXT(72)
TEXT(88)
TEXT(1024)

/* sys/mount.h: STATFS_VERSION and FREEBSD11_STATFS_VERSION */
#define VERSION(name, number) \
	int freebsd_##name##_to_guest(struct call *c, const void *host, void *guest) \
	{ \
		static const uint32_t version = number; \
\
		(void)c, (void)host; \
		memcpy(guest, &version, sizeof version); \
		return 0; \
	} \
	int freebsd_##name##_to_host(struct call *c, const void *guest, void *host) \
	{ \
		(void)c, (void)guest, (void)host; \
		return never_in(); \
	}
VERSION(statfs_version, 0x20140518)
VERSION(statfs11_version, 0x20030518)

/* sys/stat.h; Linux's are in include/linux/stat.h. */
#define UTIME_NOW_GUEST (-1)
#define UTIME_OMIT_GUEST (-2)
#define UTIME_NOW_HOST ((1L << 30) - 1)
#define UTIME_OMIT_HOST ((1L << 30) - 2)

int freebsd_utime_nsec_to_host(struct call *c, const void *guest, void *host)
{
	int64_t ns;

	(void)c;
	memcpy(&ns, guest, sizeof ns);
	if (ns == UTIME_NOW_GUEST)
		ns = UTIME_NOW_HOST;
	else if (ns == UTIME_OMIT_GUEST)
		ns = UTIME_OMIT_HOST;
	else if (ns < 0 || ns >= 1000000000)
		return -EINVAL;
	memcpy(host, &ns, sizeof ns);
	return 0;
}

int freebsd_utime_nsec_to_guest(struct call *c, const void *host, void *guest)
{
	(void)c;
	memcpy(guest, host, sizeof(int64_t));
	return 0;
}

/* rlim_t is signed: infinity is its largest value, and a negative one means that too
 * (kern_proc_setrlimit). */
int freebsd_rlim_to_host(struct call *c, const void *guest, void *host)
{
	uint64_t limit;

	(void)c;
	memcpy(&limit, guest, sizeof limit);
	if (limit >= INT64_MAX)
		limit = RLIM64_INFINITY;
	memcpy(host, &limit, sizeof limit);
	return 0;
}

int freebsd_rlim_to_guest(struct call *c, const void *host, void *guest)
{
	uint64_t limit;

	(void)c;
	memcpy(&limit, host, sizeof limit);
	if (limit > INT64_MAX)
		limit = INT64_MAX;
	memcpy(guest, &limit, sizeof limit);
	return 0;
}

/* A key of System V's: its low half. */
/* ---- Calls ---------------------------------------------------------------------------- */

/* sys/kern/vfs_vnops.c: vn_open_vnode(); a terminal becomes the controlling one by
 * TIOCSCTTY alone; a file never starts with the sticky bit (openatfp()). */
static const struct open_rules rules = {
	.always = O_NOCTTY,
	.mode = 06777,
	.nofollow = EMLINK,
	.is_socket = EOPNOTSUPP,
	.beneath = E_NOTCAPABLE,
};

TRANSLATOR(freebsd_open)
{
	return open_at(c, &rules);
}

TRANSLATOR(freebsd_pipe2)
{
	uint64_t flags, at;
	int32_t ends[2];
	long r = arg_value(c, 1, &flags);

	if (r < 0)
		return r;
	if (!(flags & O_CLOSE_ON_FORK))
		return host(c, __NR_pipe2, c->a[0], flags);
	at = scratch(c, sizeof ends);
	r = at ? host(c, __NR_pipe2, at, (uint32_t)flags) : -ENOMEM;
	return r < 0 ? r : descriptors_made(c, at, c->a[0], flags, ends);
}

/* A descriptor that only names a file locks nothing (sys_flock() in sys/kern/kern_descrip.c). */
TRANSLATOR(freebsd_flock)
{
	uint64_t fd, how;
	long r = arg_values(c, 0, &fd, 1, &how);

	if (r < 0)
		return r;
	r = host_wait(c, __NR_flock, fd, how);
	if (r != -EBADF)
		return r;
	long flags = host(c, __NR_fcntl, fd, F_GETFL);
	return flags >= 0 && (flags & O_PATH) ? -EOPNOTSUPP : r;
}

/* revoke(path): sys/kern/vfs_syscalls.c looks at the file first.  A device's other users are not
 * cut off. */
TRANSLATOR(freebsd_revoke)
{
	struct statx st;
	int r = status_of(c, (uint64_t)AT_FDCWD, c->a[0], 0, &st);

	if (r < 0)
		return r;
	return (st.stx_mode & S_IFMT) == S_IFCHR ? -EPERM : -EINVAL;
}

/* funlinkat(dir, path, fd, flags): only if the name still is the file open as fd. */
#define FD_NONE (-200)

/* Whether the name is that of what is open: 0 or -errno. */
static int check_open_name(struct call *c, const struct lookup *l)
{
	struct statx open, named;
	uint64_t fd, empty = empty_path(c);
	int r = empty ? arg_value(c, 2, &fd) : -ENOMEM;

	if (r == 0)
		r = status_of(c, fd, empty, AT_EMPTY_PATH, &open);
	if (r == 0)
		r = status_of(c, l->directory, l->path, AT_SYMLINK_NOFOLLOW, &named);
	if (r < 0)
		return r;
	return open.stx_ino == named.stx_ino && open.stx_dev_major == named.stx_dev_major &&
			       open.stx_dev_minor == named.stx_dev_minor
		       ? 0
		       : -EDEADLK;
}

TRANSLATOR(freebsd_funlinkat)
{
	struct lookup l;
	long r = lookup_begin(c, 0, 3, LOOKUP_NEVER, &l);

	if (r < 0)
		return r;
	if ((int32_t)c->a[2] != FD_NONE)
		r = check_open_name(c, &l);
	if (r == 0)
		r = host(c, __NR_unlinkat, l.directory, l.path, l.flags);
	lookup_end(c, &l);
	return r == -EISDIR ? -EPERM : r;
}

/* shm_open2(path, flags, mode, options, name).  The address 1 asks for an object without a
 * name (SHM_ANON); `name` is for debugging. */
#define SHM_ANON 1

static long open_object(struct call *c, uint64_t options, uint32_t extra_flags)
{
	struct memory_object o = {
		.name = c->a[0] == SHM_ANON ? 0 : c->a[0],
		.mode = (uint32_t)c->a[2],
		.sealable = options & SHM_OPTION_SEALABLE,
	};
	uint64_t flags;
	int r = arg_value(c, 1, &flags);

	if (r < 0)
		return r;
	if (!c->a[0])
		return -EFAULT;
	o.flags = (uint32_t)flags | extra_flags;
	return descriptor_made(c, open_memory_object(c, &o), flags);
}

TRANSLATOR(freebsd_shm_open2)
{
	uint64_t options;
	int r = arg_value(c, 3, &options);

	return r < 0 ? r : open_object(c, options, 0);
}

TRANSLATOR(freebsd_shm_open)
{
	return open_object(c, 0, O_CLOEXEC);
}

/* __specialfd(kind, request *, its size) (sys/specialfd.h) */
TRANSLATOR(freebsd_specialfd)
{
	const struct field *flag_types = c->row->args[1].type->fields;
	uint32_t request[2] = {0};
	uint64_t kind, flags;
	int r = arg_value(c, 0, &kind);

	if (r < 0)
		return r;
	size_t words = kind == SPECIAL_EVENT ? 2 : 1;
	if (c->a[2] != words * sizeof *request)
		return -EINVAL;
	r = get_guest(c, request, c->a[1], words * sizeof *request);
	if (r == 0)
		r = names_to_host(flag_types[kind].type, request[words - 1], 0, &flags);
	if (r < 0)
		return r;
	if (kind == SPECIAL_EVENT)
		return host(c, __NR_eventfd2, request[0], flags);
	return host(c, __NR_inotify_init1, flags);
}

/* ---- Odds and ends ------------------------------------------------------------------------ */

/* Every process is in the class it is born with (sys/kern/kern_loginclass.c). */
TRANSLATOR(freebsd_getloginclass)
{
	static const char class[] = "default";

	if (c->a[1] < sizeof class)
		return -ERANGE;
	return put_guest(c, c->a[0], class, sizeof class);
}

/* There is one routing table. */
TRANSLATOR(freebsd_setfib)
{
	return (int32_t)c->a[0] == 0 ? 0 : -EINVAL;
}

/* The answer is in the argument's own table. */
TRANSLATOR(freebsd_answer)
{
	uint64_t answer;
	int r = arg_value(c, 0, &answer);

	return r < 0 ? r : (long)answer;
}

/* Nothing happens unless somebody traces the process with ktrace, which nobody can. */
TRANSLATOR(freebsd_utrace)
{
	(void)c;
	return 0;
}

/* ---- Kernel semaphores: sys/kern/uipc_sem.c ------------------------------------------- */

/* ksem_init(id, value) */
TRANSLATOR(freebsd_ksem_init)
{
	struct ksem k = {.id = c->a[0], .mode = 0770, .value = (uint32_t)c->a[1]};

	return ksem_make(c, &k);
}

/* ksem_open(id, name, flags, mode, value) */
TRANSLATOR(freebsd_ksem_open)
{
	struct ksem k = {
		.id = c->a[0],
		.name = c->a[1],
		.mode = c->a[3],
		.value = (uint32_t)c->a[4],
	};
	int r = arg_value(c, 2, &k.flags);

	if (r == 0 && !k.name)
		r = -EFAULT;
	return r < 0 ? r : ksem_make(c, &k);
}
