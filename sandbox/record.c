/* Records of running sandboxes.
 *
 *	$XDG_RUNTIME_DIR/guise/         or /run/user/UID/guise, /run/guise for root,
 *	                                or else /tmp/guise-UID
 *		NAME                    about it; locked as long as its supervisor lives
 *		NAME.sock               where its supervisor listens
 *
 * The lock (flock(2)) goes with the supervisor however that ends, so nobody needs to be
 * believed: a record that can be locked is of a dead one, and is removed by who finds it.
 * Between the making of a file and its locking it looks dead; its maker looks whether it is
 * still there, and makes another if not.
 *
 * The directory is the user's alone (checked, not hoped for), which is what keeps other
 * users from the sockets; it is removed with the last record.
 */
#include "sandbox/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox/scope.h"

#define SOCKET ".sock"
#define TRIES 20
#define LARGEST 65536 /* a record's text */

bool record_name_is_good(const char *name)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t n = strlen(name);

	if (n == 0 || n >= RECORD_NAME || !strchr(plain, name[0]))
		return false;
	for (; *name; name++)
		if (!strchr(plain, *name) && !strchr("._-", *name))
			return false;
	size_t end = sizeof SOCKET - 1;
	return n < end || strcmp(name - end, SOCKET) != 0;
}

/* ---- The directory ----------------------------------------------------------------- */

#define PLACES 4

static bool is_safe_above(const char *path);

/* Where it may be, the best first; what does not apply is empty.  What the environment says
 * is all there is. */
static void find_places(char places[PLACES][PATH_MAX])
{
	const char *given = getenv("XDG_RUNTIME_DIR");
	unsigned uid = geteuid();

	memset(places, 0, PLACES * sizeof *places);
	if (given && given[0] == '/' && strlen(given) < PATH_MAX - 16)
		(void)snprintf(places[0], PATH_MAX, "%s/guise", given); /* all fit */
	if (*places[0] && is_safe_above(places[0]))
		return;
	(void)snprintf(places[1], PATH_MAX, "/run/user/%u/guise", uid);
	if (uid == 0)
		(void)snprintf(places[2], PATH_MAX, "/run/guise");
	(void)snprintf(places[3], PATH_MAX, "/tmp/guise-%u", uid);
}

static bool is_ours_alone(int directory)
{
	struct stat st;

	return fstat(directory, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 077);
}

/* Who can write to the directory above could put another in its place; in /tmp only its
 * owner can, by the sticky bit. */
static bool is_safe_above(const char *path)
{
	AUTO_FREE char *above = strdup(path);
	struct stat st;

	if (!above)
		return false;
	*strrchr(above, '/') = 0;
	if (lstat(above, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	return (st.st_uid == geteuid() || st.st_uid == 0) &&
	       (!(st.st_mode & 022) || st.st_mode & S_ISVTX);
}

static int open_place(const char *path, bool make)
{
	if (!*path || !is_safe_above(path))
		return -ENOENT;
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return is_ours_alone(fd) ? take(&fd) : -EPERM;
}

static int open_first(char chosen[PATH_MAX])
{
	char places[PLACES][PATH_MAX];
	int r = -ENOENT;

	find_places(places);
	for (size_t i = 0; i < PLACES; i++) {
		if (!*places[i])
			continue;
		memcpy(chosen, places[i], PATH_MAX); /* before there is anything to clean */
		int fd = open_place(places[i], true);
		if (fd >= 0)
			return fd;
		r = fd;
	}
	return r;
}

/* ---- One ----------------------------------------------------------------------------- */

static void remove_from(int directory, const char *name)
{
	char socket_name[RECORD_NAME + sizeof SOCKET];

	(void)snprintf(socket_name, sizeof socket_name, "%s" SOCKET, name); /* fits */
	/* The record last: as long as it is there, nobody else takes the name.  Whatever is
	 * gone already is gone. */
	(void)unlinkat(directory, socket_name, 0);
	(void)unlinkat(directory, name, 0);
}

/* True if the open file is what the name leads to. */
static bool is_there(int directory, const char *name, int file)
{
	struct stat there, here;

	return fstatat(directory, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(file, &here) == 0 && there.st_dev == here.st_dev &&
	       there.st_ino == here.st_ino;
}

/* Removes it if nobody holds its lock. */
static bool is_dead(int directory, const char *name, int file)
{
	if (flock(file, LOCK_SH | LOCK_NB) < 0)
		return false;
	/* Alone with it, or else who is there too removes it. */
	if (flock(file, LOCK_EX | LOCK_NB) == 0 && is_there(directory, name, file))
		remove_from(directory, name);
	return true;
}

static int open_record(int directory, const char *name, int flags)
{
	int fd = openat(directory, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

/* A new one, locked; -EAGAIN: somebody swept meanwhile. */
static int make_locked(int directory, const char *name)
{
	AUTO_CLOSE int file = open_record(directory, name, O_RDWR | O_CREAT | O_EXCL);

	if (file == -EEXIST) {
		AUTO_CLOSE int other = open_record(directory, name, O_RDONLY);
		if (other >= 0 && !is_dead(directory, name, other))
			return -EEXIST;
		return -EAGAIN;
	}
	if (file < 0)
		return file == -ENOENT ? -EAGAIN : file; /* the directory is gone */
	if (flock(file, LOCK_EX) < 0)
		return -errno;
	return is_there(directory, name, file) ? take(&file) : -EAGAIN;
}

static int address_of(const char *directory, const char *name, struct sockaddr_un *a)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	int n = snprintf(a->sun_path, sizeof a->sun_path, "%s/%s" SOCKET, directory, name);
	return n < (int)sizeof a->sun_path ? 0 : -ENAMETOOLONG;
}

static int listen_at(const char *directory, const char *name)
{
	struct sockaddr_un a;
	int r = address_of(directory, name, &a);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (r < 0)
		return r;
	if (fd < 0)
		return -errno;
	(void)unlink(a.sun_path); /* what a dead one left */
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 16) < 0)
		return -errno;
	return take(&fd);
}

static int try_to_make(struct record *r, const char *name, const void *text, size_t n)
{
	AUTO_CLOSE int directory = open_first(r->directory);

	if (directory < 0)
		return directory == -ENOENT ? -EAGAIN : directory;
	AUTO_CLOSE int file = make_locked(directory, name);
	if (file < 0) {
		(void)rmdir(r->directory); /* if it is empty: a full disk */
		return file;
	}
	AUTO_CLOSE int listener = listen_at(r->directory, name);
	ssize_t written = listener < 0 ? -1 : write(file, text, n);
	if (written != (ssize_t)n) {
		int error = listener < 0 ? listener : written < 0 ? -errno : -ENOSPC;
		remove_from(directory, name);
		(void)rmdir(r->directory); /* if it was the first one */
		return error;
	}
	r->file = take(&file);
	r->listener = take(&listener);
	return 0;
}

int record_make(struct record *r, const char *name, const void *text, size_t size)
{
	int e = -EAGAIN;

	r->file = r->listener = -1;
	if (!record_name_is_good(name))
		return -EINVAL;
	strcpy(r->name, name); /* it is good */
	for (int i = 0; i < TRIES && e == -EAGAIN; i++)
		e = try_to_make(r, name, text, size);
	return e;
}

void record_sweep(const char *path, const char *name)
{
	AUTO_CLOSE int directory = open_place(path, false);

	if (directory < 0)
		return; /* gone with the last record */
	AUTO_CLOSE int file = open_record(directory, name, O_RDONLY);
	if (file >= 0)
		(void)is_dead(directory, name, file);
	(void)rmdir(path); /* if it was the last one */
}

void record_remove(struct record *r)
{
	if (r->file < 0)
		return;
	AUTO_CLOSE int directory = open_place(r->directory, false);
	if (directory >= 0 && is_there(directory, r->name, r->file))
		remove_from(directory, r->name);
	(void)rmdir(r->directory); /* if it was the last one */
	close(r->file);
	close(r->listener);
	r->file = r->listener = -1;
}

/* ---- All ------------------------------------------------------------------------------ */

static int show(int directory, const char *name, void *mine, record_found *found)
{
	AUTO_CLOSE int file = open_record(directory, name, O_RDONLY);

	if (file < 0 || is_dead(directory, name, file))
		return 0;
	AUTO_FREE char *text = calloc(1, LARGEST + 1);
	if (!text)
		return -ENOMEM;
	ssize_t n = read(file, text, LARGEST);
	return n > 0 ? found(mine, name, text, (size_t)n) : 0; /* empty: it is being made */
}

static int each_in(const char *path, void *mine, record_found *found)
{
	int r = 0, directory = open_place(path, false);
	DIR *dir = directory < 0 ? NULL : fdopendir(directory);

	if (!dir) {
		if (directory >= 0)
			close(directory);
		return 0;
	}
	for (struct dirent *e; r == 0 && (e = readdir(dir));)
		if (e->d_type == DT_REG && record_name_is_good(e->d_name))
			r = show(directory, e->d_name, mine, found);
	closedir(dir);
	(void)rmdir(path); /* if there was none but dead ones */
	return r;
}

static bool is_repeated(char places[PLACES][PATH_MAX], size_t i)
{
	for (size_t before = 0; before < i; before++)
		if (strcmp(places[before], places[i]) == 0)
			return true;
	return false;
}

int record_each(record_found *found, void *mine)
{
	char places[PLACES][PATH_MAX];
	int r = 0;

	find_places(places);
	for (size_t i = 0; r == 0 && i < PLACES; i++)
		if (!is_repeated(places, i))
			r = each_in(places[i], mine, found);
	return r;
}

static int connect_in(const char *path, const char *name)
{
	struct sockaddr_un a;
	AUTO_CLOSE int directory = open_place(path, false);

	if (directory < 0)
		return -ENOENT;
	AUTO_CLOSE int file = open_record(directory, name, O_RDONLY);
	if (file < 0 || is_dead(directory, name, file))
		return -ENOENT;
	int r = address_of(path, name, &a);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (r < 0)
		return r;
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return errno == ECONNREFUSED ? -ENOENT : -errno; /* it has just ended */
	return take(&fd);
}

int record_connect(const char *name)
{
	char places[PLACES][PATH_MAX];
	int r = -ENOENT;

	if (!record_name_is_good(name))
		return -ENOENT;
	find_places(places);
	for (size_t i = 0; i < PLACES && r == -ENOENT; i++)
		r = connect_in(places[i], name);
	return r;
}
