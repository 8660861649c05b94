/* Descriptors 0-2 that are files: opened again, as files on a read-only mount.
 *
 * The owner of a file can change its mode, times and attributes through any descriptor of it,
 * one opened for reading too: a program given `< ~/.ssh/id_ed25519` could make that readable
 * for everybody.  The kernel refuses that where the mount the file was opened on is read-only.
 * So what the caller opened for reading only, and devices (which are written to on a
 * read-only mount as on any other), process 1 opens again through a copy of the mount that
 * is, while it still sees the host's paths.
 *
 * Where that cannot be done (the file has no name any more, or may not be opened by it) the
 * program has the caller's descriptor; so it has for a file that is open for writing, which a
 * read-only mount would refuse.  guise(1)'s security page says what it can do with that.
 *
 * `guise exec` does the same in a process that makes namespaces for nothing else.
 *
 * The place in the file is the new one's own.  It is carried over in the beginning, and back
 * when the program has ended: `{ guise run head -n 1; cat; } <file`.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/channel.h"
#include "sandbox/scope.h"

/* What its owner, the program, could change and need not. */
static bool is_concerned(const struct box *b, int fd, int flags, const struct stat *st)
{
	if (st->st_uid != geteuid() || flags & O_PATH || b->wish.replaced >> fd & 1)
		return false;
	if (S_ISREG(st->st_mode))
		return (flags & O_ACCMODE) == O_RDONLY;
	return S_ISCHR(st->st_mode) && !box_device(st->st_rdev);
}

/* The directory's mount, for nobody else, read-only. */
static int read_only_copy(const char *directory)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	AUTO_CLOSE int tree = open_tree(AT_FDCWD, directory, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return -errno;
	return take(&tree);
}

/* The same file, or -1. */
static int open_again(int fd, int flags, const struct stat *st)
{
	char link[32], path[PATH_MAX];
	struct stat now;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd); /* fits */
	ssize_t n = readlink(link, path, sizeof path - 1);
	char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
	if (!slash)
		return -1;
	path[n] = 0;
	*slash = 0;
	AUTO_CLOSE int tree = read_only_copy(slash == path ? "/" : path);
	if (tree < 0)
		return -1;
	/* What is not waited for here is not there: the type is known, but the name may lead
	 * to something else by now. */
	int wanted = flags & (O_ACCMODE | O_APPEND | O_DIRECT | O_NONBLOCK);
	AUTO_CLOSE int again = openat(tree, slash + 1,
				      wanted | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (again < 0 || fstat(again, &now) < 0 || now.st_dev != st->st_dev ||
	    now.st_ino != st->st_ino || now.st_rdev != st->st_rdev ||
	    fcntl(again, F_SETFL, wanted) < 0)
		return -1;
	return take(&again);
}

/* Out of the way of 0-2. */
static int keep(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int replace(struct box *b, int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!is_concerned(b, fd, flags, &st))
		return 0;
	AUTO_CLOSE int again = open_again(fd, flags, &st);
	if (again < 0)
		return 0; /* the caller's, then */
	off_t place = lseek(fd, 0, SEEK_CUR);
	if (place >= 0) {
		b->stdio[fd] = (struct box_stdio){.callers = keep(fd), .programs = keep(again)};
		if (b->stdio[fd].callers < 0 || b->stdio[fd].programs < 0 ||
		    lseek(again, place, SEEK_SET) < 0)
			return -errno;
	}
	return dup2(again, fd) < 0 ? -errno : 0;
}

int step_stdio(struct box *b, const struct step *s)
{
	for (int fd = 0; fd <= 2; fd++) {
		int r = replace(b, fd);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- For a program that joins a running sandbox ------------------------------------- */

/* A process of its own, in namespaces that end with it: it may make such mounts there.  Sends
 * what it could open. */
static _Noreturn void open_elsewhere(int channel, const int flags[3], const struct stat st[3],
				     unsigned concerned)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		_exit(EXIT_GUISE); /* not to be had: the caller's, then */
	for (int fd = 0; fd <= 2; fd++) {
		const struct message m = {.number = (uint32_t)fd};
		struct channel_descriptors give = {.n = 1};
		if (!(concerned >> fd & 1))
			continue;
		give.fd[0] = open_again(fd, flags[fd], &st[fd]);
		if (give.fd[0] >= 0 && channel_send(channel, &m, &give) < 0)
			_exit(EXIT_GUISE);
	}
	_exit(0);
}

static int receive_all(struct box *b, int channel)
{
	struct channel_descriptors got;
	struct message m;
	int r;

	while ((r = channel_receive(channel, &m, &got)) > 0) {
		if (got.n != 1 || m.number > 2) {
			channel_close_all(&got);
			return -EBADMSG;
		}
		int fd = (int)m.number;
		off_t place = lseek(fd, 0, SEEK_CUR);
		b->stdio[fd] = (struct box_stdio){.callers = keep(fd), .programs = got.fd[0]};
		if (b->stdio[fd].callers < 0 ||
		    (place >= 0 && lseek(got.fd[0], place, SEEK_SET) < 0))
			return -errno;
	}
	return r;
}

int stdio_elsewhere(struct box *b)
{
	int flags[3], channel[2];
	struct stat st[3];
	unsigned concerned = 0;

	for (int fd = 0; fd <= 2; fd++) {
		flags[fd] = fcntl(fd, F_GETFL);
		if (flags[fd] < 0 || fstat(fd, &st[fd]) < 0)
			return -errno;
		concerned |= (unsigned)is_concerned(b, fd, flags[fd], &st[fd]) << fd;
	}
	if (!concerned)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
		return -errno;
	pid_t child = fork();
	if (child == 0) {
		close(channel[0]);
		open_elsewhere(channel[1], flags, st, concerned);
	}
	int r = child < 0 ? -errno : 0;
	close(channel[1]);
	if (r == 0)
		r = receive_all(b, channel[0]);
	close(channel[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

void stdio_carry_back(const struct box *b)
{
	for (int fd = 0; fd <= 2; fd++) {
		const struct box_stdio *s = &b->stdio[fd];
		off_t place = s->programs > 0 ? lseek(s->programs, 0, SEEK_CUR) : -1;

		if (place >= 0)
			(void)lseek(s->callers, place, SEEK_SET); /* where the other got to */
	}
}
