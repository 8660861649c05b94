/* Bytes in and out: the padded forms of old calls, copying between files, sendfile. */
#include <asm/socket.h>
#include <linux/fs.h>
#include <string.h>

#include "syscalls/descriptors.h"
#include "syscalls/file.h"
#include "syscalls/socket.h"

/* ---- Old forms -------------------------------------------------------------------- */

/* pread and pwrite with an unused word before the offset. */
static long padded_transfer(struct call *c, int nr)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);

	return r < 0 ? r : host_wait(c, nr, fd, c->a[1], c->a[2], c->a[4]);
}

TRANSLATOR(padded_pread)
{
	return padded_transfer(c, __NR_pread64);
}

TRANSLATOR(padded_pwrite)
{
	return padded_transfer(c, __NR_pwrite64);
}

TRANSLATOR(padded_preadv)
{
	return padded_transfer(c, __NR_preadv);
}

TRANSLATOR(padded_pwritev)
{
	return padded_transfer(c, __NR_pwritev);
}

/* Who waits in a kqueue for a file to have more to read may be waiting for this. */
static long seek(struct call *c, int offset_at, int whence_at)
{
	uint64_t fd, whence;
	long r = arg_values(c, 0, &fd, whence_at, &whence);

	if (r == 0)
		r = host(c, __NR_lseek, fd, c->a[offset_at], whence);
	if (r >= 0)
		descriptor_moved(c, (int)fd);
	return r;
}

TRANSLATOR(lseek)
{
	return seek(c, 1, 2);
}

TRANSLATOR(padded_lseek)
{
	return seek(c, 2, 3);
}

TRANSLATOR(padded_truncate)
{
	return host(c, __NR_truncate, c->a[0], c->a[2]);
}

TRANSLATOR(padded_ftruncate)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);

	return r < 0 ? r : host(c, __NR_ftruncate, fd, c->a[2]);
}

/* A pipe whose ends come back in two registers. */
TRANSLATOR(pipe_in_registers)
{
	int ends[2];
	uint64_t at = scratch(c, sizeof ends);
	long r;

	if (!at)
		return -ENOMEM;
	r = host(c, __NR_pipe2, at, 0);
	if (r == 0)
		r = get_guest(c, ends, at, sizeof ends);
	if (r < 0)
		return r;
	set_second_result(c, (uint64_t)ends[1]);
	return ends[0];
}

/* ---- Space -------------------------------------------------------------------------- */

TRANSLATOR(posix_fallocate)
{
	uint64_t fd;
	long r = arg_value(c, 0, &fd);

	if (r == 0)
		r = host_wait(c, __NR_fallocate, fd, 0, c->a[1], c->a[2]);
	return r == -EOPNOTSUPP ? -EINVAL : r; /* POSIX's name for a file system without it */
}

/* The same with an unused word after the descriptor. */
TRANSLATOR(padded_fallocate)
{
	c->a[1] = c->a[2];
	c->a[2] = c->a[3];
	return call_posix_fallocate(c);
}

/* fdiscard(fd, unused, offset, length): a hole. */
TRANSLATOR(padded_discard)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);

	if (r == 0 && ((int64_t)c->a[2] < 0 || (int64_t)c->a[3] <= 0))
		r = -EINVAL;
	return r < 0 ? r
		     : host_wait(c, __NR_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 c->a[2], c->a[3]);
}

/* posix_fadvise(fd, unused, offset, length, advice) */
TRANSLATOR(padded_fadvise)
{
	uint64_t fd, advice;
	int r = arg_values(c, 0, &fd, 4, &advice);

	return r < 0 ? r : host(c, __NR_fadvise64, fd, c->a[2], c->a[3], advice);
}

/* fspacectl(fd, command, range in, flags, range out): a hole; nothing is left to do after. */
struct space {
	int64_t offset, length;
};

/* Never beyond the end of the file, where Linux may refuse to go; *s is what is left to do
 * (sys/kern/vfs_default.c: vop_stddeallocate). */
static long punch(struct call *c, uint64_t fd, struct space *s)
{
	uint64_t empty = empty_path(c);
	int64_t inside, n = s->length;
	struct statx st;
	long r = empty ? status_of(c, fd, empty, AT_EMPTY_PATH, &st) : -ENOMEM;

	if (r < 0)
		return r;
	inside = (int64_t)st.stx_size - s->offset;
	if (n > inside)
		n = inside > 0 ? inside : 1; /* to be told whether it may be written at all */
	r = host_wait(c, __NR_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, s->offset,
		      n);
	if (r == -EFBIG && inside <= 0)
		r = 0;
	*s = (struct space){.offset = s->offset + (inside > 0 ? n : 0)};
	return r;
}

TRANSLATOR(fspacectl)
{
	uint64_t fd, command;
	struct space s;
	long r = arg_values(c, 0, &fd, 1, &command);

	if (r == 0)
		r = get_guest(c, &s, c->a[2], sizeof s);
	if (r < 0)
		return r;
	if (c->a[3] || s.offset < 0 || s.length <= 0 || s.length > INT64_MAX - s.offset)
		return -EINVAL;
	r = punch(c, fd, &s);
	if (r < 0 || !c->a[4])
		return r;
	return put_guest(c, c->a[4], &s, sizeof s);
}

/* ---- copy_file_range ----------------------------------------------------------------- */

#define COPY_MOST 65536u

/* Where a side of the copy stands: the guest's offset, or the descriptor's own. */
static long position_of(struct call *c, uint64_t fd, uint64_t at, int64_t *position)
{
	if (at)
		return get_guest(c, position, at, sizeof *position);
	*position = host(c, __NR_lseek, fd, 0, SEEK_CUR);
	return *position < 0 ? (long)*position : 0;
}

static long set_position(struct call *c, uint64_t fd, uint64_t at, int64_t position)
{
	long r;

	if (at)
		return put_guest(c, at, &position, sizeof position);
	r = host(c, __NR_lseek, fd, position, SEEK_SET);
	return r < 0 ? r : 0;
}

/* Between file systems Linux refuses; the guest's kernel copies.  One piece at a time: the
 * call may copy less than was asked. */
static long copy_piece(struct call *c, uint64_t in, uint64_t out)
{
	uint64_t at = scratch(c, COPY_MOST), size = c->a[4] < COPY_MOST ? c->a[4] : COPY_MOST;
	int64_t from, to;
	long n, r;

	if (!at)
		return -ENOMEM;
	r = position_of(c, in, c->a[1], &from);
	if (r == 0)
		r = position_of(c, out, c->a[3], &to);
	if (r < 0)
		return r;
	n = host(c, __NR_pread64, in, at, size, from);
	if (n <= 0)
		return n;
	n = host(c, __NR_pwrite64, out, at, n, to);
	if (n < 0)
		return n;
	r = set_position(c, in, c->a[1], from + n);
	if (r == 0)
		r = set_position(c, out, c->a[3], to + n);
	return r < 0 ? r : n;
}

TRANSLATOR(copy_file_range)
{
	uint64_t in, out, flags;
	long r = arg_values(c, 0, &in, 2, &out);

	if (r == 0)
		r = arg_value(c, 5, &flags);
	if (r < 0)
		return r;
	r = host_wait(c, __NR_copy_file_range, in, c->a[1], out, c->a[3], c->a[4], 0);
	if (r == -EOVERFLOW)
		return -EINVAL; /* an offset below 0, or one that would pass the largest */
	return r == -EXDEV || r == -EOPNOTSUPP ? copy_piece(c, in, out) : r;
}

/* ---- sendfile --------------------------------------------------------------------------- */

/* sendfile(file, socket, offset, count (0: all), headers and trailers, bytes sent *, flags).
 * Nothing is sent twice: once bytes have gone out, an interruption is reported with their
 * number instead of the call being made anew. */
struct send {
	uint64_t file, socket;
	int64_t sent;
};

/* The vectors before and after the file (struct sf_hdtr of the systems that have it). */
struct around {
	uint64_t before;
	int32_t n_before, padding;
	uint64_t after;
	int32_t n_after, padding_after;
};
struct vector {
	uint64_t at, length;
};
#define VECTORS_MOST 1024

static long send_bytes(struct call *c, struct send *s, uint64_t at, uint64_t n)
{
	while (n) {
		long r = host_wait(c, __NR_write, s->socket, at, n);

		if (r < 0)
			return r;
		s->sent += r;
		at += (uint64_t)r;
		n -= (uint64_t)r;
	}
	return 0;
}

static long send_vectors(struct call *c, struct send *s, uint64_t at, int32_t n)
{
	if (!at)
		return 0;
	if (n < 0 || n > VECTORS_MOST)
		return -EINVAL;
	for (int32_t i = 0; i < n; i++) {
		struct vector v;
		long r = get_guest(c, &v, at + (uint64_t)i * sizeof v, sizeof v);

		if (r == 0)
			r = send_bytes(c, s, v.at, v.length);
		if (r < 0)
			return r;
	}
	return 0;
}

#define SEND_MOST 0x7ffff000u /* Linux's own limit of one transfer */

static long send_file(struct call *c, struct send *s, int64_t offset, uint64_t count)
{
	uint64_t at = scratch(c, sizeof offset), left = count ? count : UINT64_MAX;
	long r;

	if (!at)
		return -ENOMEM;
	while (left) {
		r = put_guest(c, at, &offset, sizeof offset);
		if (r == 0)
			r = host_wait(c, __NR_sendfile, s->socket, s->file, at,
				      left < SEND_MOST ? left : SEND_MOST);
		if (r <= 0)
			return r;
		s->sent += r;
		offset += r;
		left -= (uint64_t)r;
	}
	return 0;
}

/* Only what lies in memory (SENDFILE_NO_WAIT); -EBUSY as soon as something does not, or where
 * Linux cannot tell. */
static long send_cached(struct call *c, struct send *s, int64_t offset, uint64_t count)
{
	uint64_t at = scratch(c, COPY_MOST), piece = scratch(c, sizeof(struct vector));
	uint64_t left = count ? count : UINT64_MAX;

	if (!at || !piece)
		return -ENOMEM;
	while (left) {
		struct vector v = {at, left < COPY_MOST ? left : COPY_MOST};
		long r = put_guest(c, piece, &v, sizeof v);

		if (r == 0)
			r = host(c, __NR_preadv2, s->file, piece, 1, offset, 0, RWF_NOWAIT);
		if (r <= 0)
			return r == -EAGAIN || r == -EOPNOTSUPP ? -EBUSY : r;
		offset += r;
		left -= (uint64_t)r;
		r = send_bytes(c, s, at, (uint64_t)r);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A connected stream (sys/kern/kern_sendfile.c: sendfile_getsock, vn_sendfile). */
static long check_socket(struct call *c, struct send *s)
{
	uint32_t room = sizeof((struct address *)0)->bytes;
	uint64_t at = scratch(c, room), length_at = scratch(c, sizeof room);
	int type = 0;
	long r = socket_get_option(c, (int)s->socket, SOL_SOCKET, SO_TYPE, &type, sizeof type);

	if (r < 0)
		return r;
	if (type != SOCK_STREAM)
		return -EINVAL;
	if (!at || !length_at)
		return -ENOMEM;
	r = put_guest(c, length_at, &room, sizeof room);
	return r < 0 ? r : host(c, __NR_getpeername, s->socket, at, length_at);
}

TRANSLATOR(sendfile)
{
	struct around around = {0};
	struct send s = {0};
	uint64_t flags;
	long r = arg_value(c, 0, &s.file);

	if (r == 0)
		r = arg_value(c, 1, &s.socket);
	if (r == 0)
		r = arg_value(c, 6, &flags);
	if (r == 0 && c->a[4])
		r = get_guest(c, &around, c->a[4], sizeof around);
	if (r < 0)
		return r;
	if ((int64_t)c->a[2] < 0)
		return -EINVAL;
	r = check_socket(c, &s);
	if (r == 0)
		r = send_vectors(c, &s, around.before, around.n_before);
	if (r == 0 && (flags & SENDFILE_NO_WAIT))
		r = send_cached(c, &s, (int64_t)c->a[2], c->a[3]);
	else if (r == 0)
		r = send_file(c, &s, (int64_t)c->a[2], c->a[3]);
	if (r == 0)
		r = send_vectors(c, &s, around.after, around.n_after);
	if (r == CALL_AGAIN && !s.sent)
		return r;
	if (r == CALL_AGAIN)
		r = -EINTR;
	/* Whether it could be said is not said (sys/kern/kern_sendfile.c: sendfile). */
	if (c->a[5])
		(void)put_guest(c, c->a[5], &s.sent, sizeof s.sent);
	return r;
}
