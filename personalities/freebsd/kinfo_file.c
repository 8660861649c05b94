/* kern.proc.filedesc, cwd, nfds and kern.devname: descriptors as procstat and its library read
 * them.  sys/kern/kern_descrip.c, sys/sys/user.h; FreeBSD 15 and 13.2, whose records are the
 * same.  What a socket or a pipe is can be asked of the caller's own alone: other processes'
 * have their kind and no attributes (KF_ATTR_VALID is not set). */
#include "personalities/freebsd/kinfo.h"

#include <asm/socket.h>
#include <string.h>

#include "personalities/freebsd/file.h"
#include "syscalls/facts.h"
#include "syscalls/launch.h"
#include "syscalls/linux.h"
#include "syscalls/process.h"
#include "syscalls/socket.h"

#define MOST_PROCESSES 4096
#define MOST_DESCRIPTORS 8192

/* struct kinfo_file, up to the path */
struct kinfo_file {
	int32_t size, type, fd, references, flags, pad;
	int64_t offset;
	int32_t kind; /* kf_un.kf_file.kf_file_type, kf_sock: sendq */
	int32_t domain, socket_type, protocol;
	char addresses[240];
	uint64_t fsid, rdev, fileid, file_size;
	uint32_t fsid11, rdev11;
	uint16_t mode, pad2;
	uint32_t spare;
	uint16_t status, pad3;
	uint32_t pad4;
	uint64_t rights[2], rights_spare;
	char path[1024];
};
_Static_assert(sizeof(struct kinfo_file) == 1392, "KINFO_FILE_SIZE");
_Static_assert(offsetof(struct kinfo_file, fsid) == 288, "kf_file_fsid");
_Static_assert(offsetof(struct kinfo_file, mode) == 328, "kf_file_mode");
_Static_assert(offsetof(struct kinfo_file, status) == 336, "kf_status");
_Static_assert(offsetof(struct kinfo_file, path) == 368, "kf_path");

enum { FILE_VNODE = 1, FILE_SOCKET, FILE_PIPE, FILE_UNKNOWN = 255 };
enum {
	VNODE_REGULAR = 1,
	VNODE_DIRECTORY,
	VNODE_CHARACTERS = 4,
	VNODE_FIFO = 7,
	VNODE_OTHER = 255
};
enum { FD_DIRECTORY = -1, FD_ROOT = -2, FD_TEXT = -5 };
enum { FILE_ATTRIBUTES = 1 }; /* kf_status: KF_ATTR_VALID */
enum { FILE_READ = 1, FILE_WRITE = 2, FILE_APPEND = 4, FILE_NONBLOCK = 0x20 };

/* A record is as long as its path needs. */
static int out_record(struct sysctl *s, struct kinfo_file *k)
{
	size_t n = offsetof(struct kinfo_file, path) + strlen(k->path) + 1;

	k->size = (int32_t)((n + 7) & ~7UL);
	return sysctl_out(s, k, (size_t)k->size);
}

/* What Linux's link of the descriptor says. */
static void describe_link(const char *link, struct kinfo_file *k)
{
	if (link[0] == '/') {
		k->type = FILE_VNODE;
		kinfo_copy_name(k->path, sizeof k->path, link);
	} else {
		k->type = memcmp(link, "socket:", 7) == 0 ? FILE_SOCKET
			  : memcmp(link, "pipe:", 5) == 0 ? FILE_PIPE
							  : FILE_UNKNOWN;
	}
}

static int32_t kind_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return VNODE_REGULAR;
	case S_IFDIR:
		return VNODE_DIRECTORY;
	case S_IFCHR:
		return VNODE_CHARACTERS;
	case S_IFIFO:
		return VNODE_FIFO;
	default:
		return VNODE_OTHER;
	}
}

/* By its path: another process's descriptor is looked at from outside.  Where that leads to
 * another mount than the descriptor's, the file is none of the sandbox's tree: its path is the
 * host's affair. */
static void describe_file(struct call *c, struct kinfo_file *k, uint64_t mount)
{
	size_t mark = c->scratch_used;
	struct statx st;
	uint64_t path = scratch(c, sizeof k->path), at = scratch(c, sizeof st);

	k->kind = VNODE_OTHER;
	if (path && at && put_guest(c, path, k->path, sizeof k->path) == 0 &&
	    host(c, __NR_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW,
		 STATX_BASIC_STATS | STATX_MNT_ID, at) == 0 &&
	    get_guest(c, &st, at, sizeof st) == 0 && (!mount || mount == st.stx_mnt_id)) {
		k->status = FILE_ATTRIBUTES;
		k->kind = kind_of(st.stx_mode);
		k->mode = st.stx_mode;
		k->file_size = st.stx_size;
		k->fileid = st.stx_ino;
		(void)freebsd_dev_to_guest(c, &st.stx_dev_major, &k->fsid); /* cannot fail */
		(void)freebsd_dev_to_guest(c, &st.stx_rdev_major, &k->rdev);
	} else {
		memset(k->path, 0, sizeof k->path);
	}
	c->scratch_used = mark;
}

/* How it was opened. */
static void describe_opening(struct call *c, int pid, int fd, struct kinfo_file *k, uint64_t *mount)
{
	struct opening_facts o;

	*mount = 0;
	if (facts_opening(c, pid, fd, &o) < 0)
		return;
	*mount = o.mount;
	k->offset = (int64_t)o.position;
	k->flags = (o.flags & O_ACCMODE) == O_RDONLY   ? FILE_READ
		   : (o.flags & O_ACCMODE) == O_WRONLY ? FILE_WRITE
						       : FILE_READ | FILE_WRITE;
	k->flags |= (o.flags & O_APPEND ? FILE_APPEND : 0) |
		    (o.flags & O_NONBLOCK ? FILE_NONBLOCK : 0);
}

/* A socket's kind, a pipe's number: of the caller's own. */
static void describe_own(struct call *c, struct kinfo_file *k, const char *link)
{
	static const int options[] = {SO_DOMAIN, SO_TYPE, SO_PROTOCOL};
	int kind[COUNT(options)];

	if (k->type == FILE_PIPE) {
		const char *number = link + strlen("pipe:[");
		uint64_t pipe;

		k->status = facts_word(&number, &pipe, 10) ? FILE_ATTRIBUTES : 0;
		memcpy(&k->kind, &pipe, k->status ? sizeof pipe : 0); /* kf_pipe.kf_pipe_addr */
	}
	if (k->type != FILE_SOCKET)
		return;
	for (size_t i = 0; i < COUNT(options); i++)
		if (socket_get_option(c, k->fd, SOL_SOCKET, options[i], &kind[i], sizeof kind[i]))
			return;
	k->domain = kind[0] == AF_INET6 ? 28 : kind[0]; /* sys/socket.h */
	k->socket_type = kind[1];
	k->protocol = kind[2];
	k->status = FILE_ATTRIBUTES;
}

static int out_link(struct sysctl *s, int pid, const char *name, int fd)
{
	struct kinfo_file k = {.fd = fd, .references = 1, .flags = FILE_READ};
	uint64_t mount = 0;
	char link[FACTS_PATH];
	long r = facts_link(s->c, pid, name, link, sizeof link);

	if (r < 0)
		return (int)r;
	describe_link(link, &k);
	if (fd >= 0)
		describe_opening(s->c, pid, fd, &k, &mount);
	if (k.type == FILE_VNODE)
		describe_file(s->c, &k, mount);
	else if (fd >= 0 && pid == s->c->thread->process->pid)
		describe_own(s->c, &k, link);
	return out_record(s, &k);
}

int kinfo_directory(struct sysctl *s)
{
	struct kinfo_file k = {.fd = FD_DIRECTORY, .flags = FILE_READ};
	char link[FACTS_PATH];
	int pid = kinfo_pid(s);
	long r = pid < 0 ? pid : facts_link(s->c, pid, "cwd", link, sizeof link);

	if (r < 0)
		return (int)r;
	describe_link(link, &k);
	describe_file(s->c, &k, 0);
	k.size = sizeof k;
	return sysctl_out(s, &k, sizeof k);
}

static bool is_hidden(int fd)
{
	return fd >= HIDDEN_FIRST && fd <= HIDDEN_LAST;
}

int kinfo_files(struct sysctl *s)
{
	int32_t fds[MOST_DESCRIPTORS];
	char name[32] = "fd/";
	int pid = kinfo_pid(s), r;
	long n = pid < 0 ? pid : facts_list(s->c, pid, "fd", fds, COUNT(fds));

	if (n < 0)
		return (int)n;
	r = out_link(s, pid, "cwd", FD_DIRECTORY);
	if (r == 0)
		r = out_link(s, pid, "root", FD_ROOT);
	for (long i = 0; i < n && (r == 0 || r == -ESRCH); i++) {
		if (is_hidden(fds[i]))
			continue;
		name[3 + facts_number(name + 3, (uint64_t)fds[i])] = 0;
		r = out_link(s, pid, name, fds[i]); /* ESRCH: closed meanwhile */
	}
	return r == -ESRCH ? 0 : r;
}

/* The caller's own, whom 0 stands for (sys/kern/kern_descrip.c: sysctl_kern_proc_nfds). */
int kinfo_file_count(struct sysctl *s)
{
	int32_t fds[MOST_DESCRIPTORS], count = 0;
	if (s->depth != s->matched + 1 || s->path[s->matched] != 0)
		return -EINVAL;
	long n = facts_list(s->c, s->c->thread->process->pid, "fd", fds, COUNT(fds));

	if (n < 0)
		return (int)n;
	/* The list's own descriptor is the caller's for the moment. */
	for (long i = 0; i < n; i++)
		count += !is_hidden(fds[i]);
	count--;
	return sysctl_out(s, &count, sizeof count);
}

long kinfo_open_files(struct call *c)
{
	int32_t pids[MOST_PROCESSES], fds[MOST_DESCRIPTORS];
	long count = 0, n = facts_list(c, 0, "", pids, COUNT(pids));

	for (long i = 0; i < n; i++) {
		long of = facts_list(c, pids[i], "fd", fds, COUNT(fds));

		for (long k = 0; k < of; k++)
			count += !is_hidden(fds[k]);
		count -= of > 0 && pids[i] == c->thread->process->pid; /* the list's own */
	}
	return n < 0 ? n : count;
}

/* ---- Devices ----------------------------------------------------------------------------- */

/* Names of what the sandbox has in /dev. */
int kinfo_name_device(uint32_t major, uint32_t minor, char name[DEVICE_NAME])
{
	enum { PTS_FIRST = 136, PTS_LAST = 143, MEMORY = 1, TERMINAL = 5 };
	static const struct {
		uint32_t major, minor;
		const char *name;
	} names[] = {
		{MEMORY, 3, "null"},   {MEMORY, 5, "zero"},    {MEMORY, 7, "full"},
		{MEMORY, 8, "random"}, {MEMORY, 9, "urandom"}, {TERMINAL, 0, "tty"},
		{TERMINAL, 2, "ptmx"},
	};

	memset(name, 0, DEVICE_NAME);
	if (major >= PTS_FIRST && major <= PTS_LAST) {
		memcpy(name, "pts/", 4);
		(void)facts_number(name + 4,
				   minor + 256UL * (major - PTS_FIRST)); /* zeros follow */
		return 0;
	}
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].major == major && names[i].minor == minor) {
			kinfo_copy_name(name, DEVICE_NAME, names[i].name);
			return 0;
		}
	return -ENOENT;
}

/* The device's number comes in as the new value. */
int kinfo_device_name(struct sysctl *s)
{
	char name[DEVICE_NAME];
	uint64_t device;
	int r;

	if (!s->new || s->new_length != sizeof device)
		return -EINVAL;
	r = get_guest(s->c, &device, s->new, sizeof device);
	if (r == 0)
		r = kinfo_name_device(
			(uint32_t)(device >> 32 & 0xffffff00) | (uint32_t)(device >> 8 & 0xff),
			(uint32_t)(device >> 24 & 0xff00) | (uint32_t)(device & 0xffff00ff), name);
	return r < 0 ? r : sysctl_out_text(s, name);
}
