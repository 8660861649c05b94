/* What tests/guest/kqueue.c cannot see: several threads in one kqueue, sockets that are not
 * connected, errors of connecting, more events than room, and descriptors' own table. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "syscalls/kqueue.h"
#include "syscalls/engine/loop/loop.h"

Suite *kqueue_suite(void);

/* sys/event.h, amd64 */
struct kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata;
	uint64_t ext[4];
};
enum {
	G_READ = -1,
	G_WRITE = -2,
	G_AIO = -3,
	G_VNODE = -4,
	G_TIMER = -7,
	G_USER = -11,
	G_SENDFILE = -12,
	G_EMPTY = -13,
};
enum { G_ADD = 1, G_DELETE = 2, G_ONESHOT = 0x10, G_CLEAR = 0x20, G_EOF = 0x8000 };
#define G_TRIGGER 0x01000000u

static struct process *process;
static struct loop_thread *first;
static struct kevent events[64];

static struct loop_thread *new_thread(void)
{
	struct loop_thread *t = calloc(1, sizeof *t);
	ck_assert_ptr_nonnull(t);
	if (first) { /* another one of the same process */
		t->thread = first->thread;
		return t;
	}
	for_each_personality(p)
		if (!strcmp(p->name, "freebsd"))
			loop_begin(t, process, p);
	return t;
}

static void setup(void)
{
	process = calloc(1, sizeof *process);
	ck_assert_ptr_nonnull(process);
	first = NULL;
	first = new_thread();
}

static void teardown(void)
{
	descriptors_free(process->descriptors);
	free(first);
	free(process);
}

#define CALL_ON(t, nr, ...) \
	loop_call(t, nr, (const uint64_t[]){__VA_ARGS__}, \
		  sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))
#define AT(p) ((uint64_t)(uintptr_t)(p))

static long new_kqueue(void)
{
	return CALL_ON(first, 362, 0);
}

static void close_(long fd)
{
	ck_assert_int_eq(CALL_ON(first, 6, (uint64_t)fd), 0);
}

static long change(long kq, uint64_t ident, int filter, int flags, uint32_t notes, int64_t data)
{
	struct kevent c = {.ident = ident,
			   .filter = (int16_t)filter,
			   .flags = (uint16_t)flags,
			   .fflags = notes,
			   .data = data};
	return CALL_ON(first, 560, (uint64_t)kq, AT(&c), 1, 0, 0, 0);
}

static long collect_some(long kq, long ms, size_t room)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	return CALL_ON(first, 560, (uint64_t)kq, 0, 0, AT(events), room, AT(&t));
}

static long collect(long kq, long ms)
{
	return collect_some(kq, ms, 64);
}

/* ---- Threads -------------------------------------------------------------------- */

struct sleeper {
	pthread_t thread;
	struct loop_thread *t;
	long kq, result;
	struct kevent event;
};

static void *sleep_in(void *argument)
{
	struct sleeper *s = argument;
	s->result = CALL_ON(s->t, 560, (uint64_t)s->kq, 0, 0, AT(&s->event), 1, 0);
	return NULL;
}

static void start(struct sleeper *s, long kq)
{
	*s = (struct sleeper){.kq = kq, .t = new_thread()};
	ck_assert_int_eq(pthread_create(&s->thread, NULL, sleep_in, s), 0);
	usleep(20000);
}

static void finish(struct sleeper *s)
{
	ck_assert_int_eq(pthread_join(s->thread, NULL), 0);
	free(s->t);
}

START_TEST(trigger_wakes_a_sleeper)
{
	struct sleeper s;
	long kq = new_kqueue();
	ck_assert_int_eq(change(kq, 1, G_USER, G_ADD | G_CLEAR, 0, 0), 0);
	start(&s, kq);
	ck_assert_int_eq(change(kq, 1, G_USER, 0, G_TRIGGER, 0), 0);
	finish(&s);
	ck_assert_int_eq(s.result, 1);
	ck_assert_int_eq(s.event.filter, G_USER);
	close_(kq);
}
END_TEST

START_TEST(what_is_added_wakes_a_sleeper)
{
	struct sleeper s;
	int p[2];
	long kq = new_kqueue();
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], "x", 1), 1);
	start(&s, kq);
	ck_assert_int_eq(change(kq, (uint64_t)p[0], G_READ, G_ADD, 0, 0), 0);
	finish(&s);
	ck_assert_int_eq(s.result, 1);
	ck_assert_int_eq(s.event.data, 1);
	close_(p[0]);
	close_(p[1]);
	close_(kq);
}
END_TEST

START_TEST(a_timer_added_wakes_a_sleeper)
{
	struct sleeper s;
	long kq = new_kqueue();
	start(&s, kq);
	ck_assert_int_eq(change(kq, 3, G_TIMER, G_ADD | G_ONESHOT, 0, 10), 0);
	finish(&s);
	ck_assert_int_eq(s.result, 1);
	ck_assert_int_eq(s.event.filter, G_TIMER);
	close_(kq);
}
END_TEST

START_TEST(closing_wakes_all_sleepers)
{
	struct sleeper s[3];
	long kq = new_kqueue();
	for (int i = 0; i < 3; i++)
		start(&s[i], kq);
	close_(kq);
	for (int i = 0; i < 3; i++) {
		finish(&s[i]);
		ck_assert_int_eq(s[i].result, -EBADF);
	}
	ck_assert_ptr_null(process->descriptors->kqueues);
}
END_TEST

/* ---- Sockets -------------------------------------------------------------------- */

static uint64_t host_socket(struct sockaddr_in *a)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	ck_assert_int_ge(fd, 0);
	return (uint64_t)fd;
}

/* As the guest's sockaddr_in: a byte of length, a byte of family. */
static long connect_(uint64_t fd, const struct sockaddr_in *a)
{
	unsigned char guest[16];
	memcpy(guest, a, sizeof guest);
	guest[0] = 16;
	guest[1] = 2;
	return CALL_ON(first, 98, fd, AT(guest), 16);
}

START_TEST(unconnected_sockets_say_nothing)
{
	struct sockaddr_in a;
	long kq = new_kqueue();
	uint64_t fd = host_socket(&a);
	ck_assert_int_eq(change(kq, fd, G_READ, G_ADD, 0, 0), 0);
	ck_assert_int_eq(change(kq, fd, G_WRITE, G_ADD, 0, 0), 0);
	ck_assert_int_eq(collect(kq, 20), 0);
	/* Until they are connected. */
	socklen_t n = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &n), 0);
	(void)connect_(fd, &a);
	ck_assert_int_eq(collect(kq, 1000), 1);
	ck_assert_int_eq(events[0].filter, G_WRITE);
	ck_assert_int_gt(events[0].data, 1000);
	ck_assert_int_eq(collect(kq, 0), 1); /* a level */
	close(listener);
	close_((long)fd);
	close_(kq);
}
END_TEST

START_TEST(failed_connect_tells_its_error_twice)
{
	struct sockaddr_in a;
	int error = 0;
	uint32_t size = sizeof error;
	long kq = new_kqueue();
	int closed = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t fd = host_socket(&a);
	socklen_t n = sizeof a;
	ck_assert_int_eq(bind(closed, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(getsockname(closed, (struct sockaddr *)&a, &n), 0);
	long r = connect_(fd, &a);
	if (r == -EINPROGRESS) { /* over loopback it may fail at once */
		ck_assert_int_eq(change(kq, fd, G_WRITE, G_ADD | G_CLEAR, 0, 0), 0);
		ck_assert_int_eq(collect(kq, 1000), 1);
		ck_assert(events[0].flags & G_EOF);
		ck_assert_int_eq(events[0].fflags, 61); /* ECONNREFUSED */
		ck_assert_int_eq(CALL_ON(first, 118, fd, 0xffff, 0x1007, AT(&error), AT(&size)), 0);
		ck_assert_int_eq(error, 61);
	} else {
		ck_assert_int_eq(r, -ECONNREFUSED);
	}
	close(closed);
	close_((long)fd);
	close_(kq);
}
END_TEST

/* ---- Room and order ---------------------------------------------------------------- */

START_TEST(events_beyond_the_room_come_next)
{
	int p[20][2];
	bool seen[1024] = {false};
	long kq = new_kqueue();
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, p[i]), 0);
		ck_assert_int_eq(write(p[i][1], "x", 1), 1);
		ck_assert_int_eq(change(kq, (uint64_t)p[i][0], G_READ, G_ADD | G_CLEAR, 0, 0), 0);
		ck_assert_int_eq(change(kq, (uint64_t)p[i][0], G_WRITE, G_ADD | G_CLEAR, 0, 0), 0);
	}
	int count = 0;
	for (long n; (n = collect_some(kq, 0, 3)) > 0; count += (int)n) {
		ck_assert_int_le(n, 3);
		for (long i = 0; i < n; i++)
			seen[events[i].ident + (events[i].filter == G_READ ? 0 : 512)] = true;
	}
	ck_assert_int_eq(count, 40);
	for (int i = 0; i < 20; i++)
		ck_assert(seen[p[i][0]] && seen[p[i][0] + 512]);
	for (int i = 0; i < 20; i++) {
		close_(p[i][0]);
		close(p[i][1]);
	}
	close_(kq);
}
END_TEST

START_TEST(both_kinds_of_trigger_on_one_descriptor)
{
	int p[2];
	long kq = new_kqueue();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
	ck_assert_int_eq(change(kq, (uint64_t)p[0], G_READ, G_ADD, 0, 0), 0);
	ck_assert_int_eq(change(kq, (uint64_t)p[0], G_WRITE, G_ADD | G_CLEAR, 0, 0), 0);
	ck_assert_int_eq(collect(kq, 0), 1);
	ck_assert_int_eq(events[0].filter, G_WRITE);
	ck_assert_int_eq(collect(kq, 0), 0);
	ck_assert_int_eq(write(p[1], "abc", 3), 3);
	ck_assert_int_ge(collect(kq, 0), 1);
	for (int i = 0; i < 3; i++) { /* the level stays, the edge does not */
		ck_assert_int_eq(collect(kq, 0), 1);
		ck_assert_int_eq(events[0].filter, G_READ);
		ck_assert_int_eq(events[0].data, 3);
	}
	char buf[3];
	ck_assert_int_eq(read(p[0], buf, 3), 3);
	ck_assert_int_eq(collect(kq, 0), 0);
	ck_assert_int_eq(write(p[1], "d", 1), 1);
	ck_assert_int_ge(collect(kq, 100), 1);
	close_(p[0]);
	close(p[1]);
	close_(kq);
}
END_TEST

START_TEST(refused_filters_and_flags)
{
	long kq = new_kqueue();
	ck_assert_int_eq(change(kq, 0, G_EMPTY, G_ADD, 1, 0), -EINVAL);
	ck_assert_int_eq(change(kq, 0, G_AIO, G_ADD, 0, 0), -EPERM);
	ck_assert_int_eq(change(kq, 0, G_SENDFILE, G_ADD, 0, 0), -ENXIO);
	ck_assert_int_eq(change(kq, (uint64_t)kq, G_VNODE, G_ADD, 1, 0), -EINVAL);
	ck_assert_int_eq(change(kq, 1, G_USER, G_ADD | 0x400, 0, 0), -EINVAL);
	ck_assert_int_eq(change(kq, (uint64_t)kq, G_READ, G_ADD, 0, 0), -EINVAL);
	ck_assert_int_eq(change(kq, HIDDEN_FIRST, G_READ, G_ADD, 0, 0), -EBADF);
	ck_assert_int_eq(change(kq, 1UL << 40, G_READ, G_ADD, 0, 0), -EBADF);
	ck_assert_int_eq(change(kq, 1, G_READ, G_ADD, 8, 0), -EINVAL);
	close_(kq);
}
END_TEST

/* One file under several descriptors is one mark, and none when all are closed. */
START_TEST(files_are_marked_once)
{
	char name[] = "/tmp/kqueue-unit-XXXXXX";
	long kq = new_kqueue();
	int fd[3] = {mkstemp(name)};
	ck_assert_int_ge(fd[0], 0);
	fd[1] = dup(fd[0]);
	fd[2] = open(name, O_RDWR);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(change(kq, (uint64_t)fd[i], G_VNODE, G_ADD | G_CLEAR, 2, 0), 0);
	struct kqueue *k = process->descriptors->kqueues;
	size_t nodes = 0;
	for (size_t i = 0; i < NODE_BUCKETS; i++)
		nodes += k->nodes[i] != NULL;
	ck_assert_uint_eq(nodes, 1);
	ck_assert_int_eq(write(fd[1], "x", 1), 1);
	ck_assert_int_eq(collect(kq, 1000), 3);
	close_(fd[0]);
	close_(fd[2]);
	ck_assert_int_eq(write(fd[1], "x", 1), 1);
	ck_assert_int_eq(collect(kq, 1000), 1);
	ck_assert_uint_eq(events[0].ident, fd[1]);
	close_(fd[1]);
	for (size_t i = 0; i < NODE_BUCKETS; i++)
		ck_assert_ptr_null(k->nodes[i]);
	ck_assert_int_eq(collect(kq, 0), 0);
	unlink(name);
	close_(kq);
}
END_TEST

/* Directories, and one inside another: each is the other's parent or child. */
START_TEST(directories_and_parents)
{
	char name[64] = "/tmp/kqueue-unit-XXXXXX", inner[80];
	long kq = new_kqueue();
	ck_assert_ptr_nonnull(mkdtemp(name));
	snprintf(inner, sizeof inner, "%s/d", name);
	ck_assert_int_eq(mkdir(inner, 0700), 0);
	int out = open(name, O_RDONLY | O_DIRECTORY), in = open(inner, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(change(kq, (uint64_t)out, G_VNODE, G_ADD | G_CLEAR, 0x13, 0), 0);
	ck_assert_int_eq(change(kq, (uint64_t)in, G_VNODE, G_ADD | G_CLEAR, 1, 0), 0);
	ck_assert_int_eq(rmdir(inner), 0);
	ck_assert_int_eq(collect(kq, 1000), 2);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(events[i].fflags, events[i].ident == (uint64_t)in ? 1 : 0x12);
	ck_assert_int_eq(change(kq, (uint64_t)in, G_VNODE, G_DELETE, 0, 0), 0);
	ck_assert_int_eq(mkdir(inner, 0700), 0); /* the outer one is watched still */
	ck_assert_int_eq(collect(kq, 1000), 1);
	close_(in);
	close_(out);
	rmdir(inner);
	rmdir(name);
	close_(kq);
}
END_TEST

/* A closed kqueue leaves no helper behind, and a file can be watched to its end. */
START_TEST(nothing_is_left)
{
	int before = dup(0);
	for (int i = 0; i < 3000; i++) {
		long kq = new_kqueue();
		ck_assert_int_ge(kq, 0);
		ck_assert_int_eq(change(kq, 1, G_USER, G_ADD, 0, 0), 0);
		ck_assert_int_eq(change(kq, 2, G_TIMER, G_ADD, 0, 1000), 0);
		close_(kq);
	}
	int after = dup(0);
	ck_assert_int_eq(after, before + 1);
	close(before);
	close(after);
	ck_assert_int_eq(fcntl(HIDDEN_LAST + 1, F_GETFD), -1);
}
END_TEST

START_TEST(close_range_spares_the_hidden)
{
	long kq = new_kqueue();
	ck_assert_int_eq(change(kq, 1, G_USER, G_ADD, 0, 0), 0);
	int low = dup(0), high = fcntl(0, F_DUPFD, 2000);
	ck_assert_int_ge(low, 3);
	ck_assert_int_ge(high, 2000);
	ck_assert_int_eq(CALL_ON(first, 575, (uint64_t)low, UINT32_MAX, 0), 0);
	ck_assert_int_eq(fcntl(low, F_GETFD), -1);
	ck_assert_int_eq(fcntl(high, F_GETFD), -1);
	ck_assert_int_eq(change(kq, 1, G_USER, 0, G_TRIGGER, 0), 0);
	ck_assert_int_eq(collect(kq, 100), 1);
	close_(kq);
}
END_TEST

Suite *kqueue_suite(void)
{
	Suite *s = suite_create("kqueue");
	TCase *t = tcase_create("kqueue");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, trigger_wakes_a_sleeper);
	tcase_add_test(t, what_is_added_wakes_a_sleeper);
	tcase_add_test(t, a_timer_added_wakes_a_sleeper);
	tcase_add_test(t, closing_wakes_all_sleepers);
	tcase_add_test(t, unconnected_sockets_say_nothing);
	tcase_add_test(t, failed_connect_tells_its_error_twice);
	tcase_add_test(t, events_beyond_the_room_come_next);
	tcase_add_test(t, both_kinds_of_trigger_on_one_descriptor);
	tcase_add_test(t, refused_filters_and_flags);
	tcase_add_test(t, files_are_marked_once);
	tcase_add_test(t, directories_and_parents);
	tcase_add_test(t, nothing_is_left);
	tcase_add_test(t, close_range_spares_the_hidden);
	suite_add_tcase(s, t);
	return s;
}
