/* Ways out through what is shared on purpose: a directory, a socket in it, the open files on
 * 0-2; and through what the guest makes for itself. */
#include "tests/escape/probes/probe.h"

#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/un.h>

CHECK_OF("38", self_descriptors, SELF_PLAIN, NULL,
	 "opening 0-2 again by /proc/self/fd, with more rights")
{
	static const char *const names[] = {"/proc/self/fd/0", "/proc/self/fd/1",
					    "/proc/self/fd/2", "/proc/thread-self/fd/0",
					    "/dev/fd/0",       "/dev/stdin"};
	for (size_t i = 0; i < COUNT(names); i++) {
		long fd = host(__NR_open, names[i], O_RDWR | O_NOCTTY);
		/* /dev/null and pipes are the same with any rights. */
		struct statx s = {0};
		host(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &s);
		refused(names[i], fd >= 0 && !S_ISREG(s.stx_mode) ? -ENOENT : fd);
	}
}

CHECK_OF("38", linked_descriptor, SELF_PLAIN, NULL, "giving the file on 0 a name by linkat")
{
	refused("linkat", host(__NR_linkat, 0, "", AT_FDCWD, "linked", AT_EMPTY_PATH));
	refused("by /proc", host(__NR_linkat, AT_FDCWD, "/proc/self/fd/0", AT_FDCWD, "linked",
				 AT_SYMLINK_FOLLOW));
	host(__NR_unlink, "linked");
}

/* The file on 0 is open for reading. */
CHECK_OF("38", read_only_input, SELF_NEVER, "the kernel refuses it everywhere",
	 "writing to a file that is open for reading")
{
	struct statx s = {0};
	host(__NR_statx, 0, "", AT_EMPTY_PATH, STATX_TYPE, &s);
	if (!S_ISREG(s.stx_mode)) {
		not_here("no file on 0");
		return;
	}
	refused("write", host(__NR_write, 0, "x", 1));
	refused("ftruncate", host(__NR_ftruncate, 0, 0));
	refused("fallocate", host(__NR_fallocate, 0, 0, 0, 100));
	refused("mmap", host(__NR_mmap, 0, 4096, 3, 1, 0, 0));
}

CHECK_OF("38", watches, SELF_PLAIN, NULL, "watching the host's files by inotify")
{
	long fd = host(__NR_inotify_init1, 0);
	char dir[4096];
	join(dir, sizeof dir, fact("SECRET"), "", "");
	refused("the secret", host(__NR_inotify_add_watch, fd, dir, 0xfff));
	refused("/proc/1", host(__NR_inotify_add_watch, fd, "/proc/1", 0xfff));
}

CHECK_OF("38", leases, SELF_PLAIN, NULL, "leases and notes, which reach the other users of a file")
{
	host(__NR_close, host(__NR_open, "leased", O_CREAT | O_RDWR, 0600));
	long fd = host(__NR_open, "leased", O_RDONLY), dir = host(__NR_open, ".", O_RDONLY);
	refused("F_SETLEASE", host(__NR_fcntl, fd, F_SETLEASE, 0));
	refused("F_NOTIFY", host(__NR_fcntl, dir, F_NOTIFY, 0xf));
	host(__NR_unlink, "leased");
}

struct message {
	void *name;
	int name_length;
	struct {
		void *base;
		size_t length;
	} * vector;
	size_t vectors;
	void *control;
	size_t control_length;
	int flags;
};

/* A pair of sockets carries only what the guest has; with another's credentials it would lie. */
CHECK_OF("38", credentials, SELF_PLAIN, NULL, "another's process and user in a message")
{
	int pair[2] = {-1, -1};
	const int one = 1;
	struct {
		size_t length;
		int level, type;
		int pid, uid, gid, spare;
	} control = {28, 1, 2 /* SCM_CREDENTIALS */, (int)fact_number("VICTIM"), 12345, 12345, 0};
	char byte = 'x';
	struct message m = {.vector = (void *)&(struct {
				    void *base;
				    size_t length;
			    }){&byte, 1},
			    .vectors = 1,
			    .control = &control,
			    .control_length = sizeof control};
	host(__NR_socketpair, 1, 2, 0, pair);
	host(__NR_setsockopt, pair[1], 1, 16 /* SO_PASSCRED */, &one, sizeof one);
	refused("user and process", host(__NR_sendmsg, pair[0], &m, 0));
	control.uid = (int)host(__NR_getuid), control.gid = (int)host(__NR_getgid);
	refused("process", host(__NR_sendmsg, pair[0], &m, 0));
}

/* A socket in a directory that is shared belongs to whoever listens there: that much is shared. */
CHECK_OF("38", shared_socket, SELF_NEVER, "it works by intent wherever the directory is shown",
	 "a socket of the host in the shared directory: what does it hand over?")
{
	struct sockaddr_un a = {.sun_family = 1};
	const char *path = fact("SHARED_SOCKET");
	char data[64], control[256];
	struct {
		void *base;
		size_t length;
	} v = {data, sizeof data};
	struct message m = {.vector = (void *)&v,
			    .vectors = 1,
			    .control = control,
			    .control_length = sizeof control};
	memcpy(a.sun_path, path, strlen(path) < 107 ? strlen(path) : 107);
	long s = host(__NR_socket, 1, 1, 0), r = host(__NR_connect, s, &a, sizeof a);
	if (r < 0) {
		refused("connect", r);
		return;
	}
	r = host(__NR_recvmsg, s, &m, 0x40 /* MSG_DONTWAIT */);
	if (r < 0)
		pause_ms(20), r = host(__NR_recvmsg, s, &m, 0x40);
	inform("connected to who listens there; bytes", r);
	int leads = 0;
	for (int fd = 3; fd < 64; fd++)
		leads += host(__NR_fchdir, fd) == 0;
	inform("directories it was given", leads);
}
