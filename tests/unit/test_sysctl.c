/* The sysctl table is in order, and the calls keep to their contract. */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "syscalls/engine/loop/loop.h"

Suite *sysctl_suite(void);

static struct process *process;
static struct loop_thread *thread;

static void setup(void)
{
	process = calloc(1, sizeof *process);
	thread = calloc(1, sizeof *thread);
	ck_assert(process && thread);
	for_each_personality(p)
		if (!strcmp(p->name, "freebsd"))
			loop_begin(thread, process, p);
	process->pid = getpid();
	process->release = 1402000;
	strcpy(process->release_name, "14.2-RELEASE");
	strcpy(process->path, "/bin/program");
}

static void teardown(void)
{
	free(thread);
	free(process);
}

#define AT(p) ((uint64_t)(uintptr_t)(p))

static long by_number(const int *path, size_t n, void *old, size_t *length, const void *new,
		      size_t new_length)
{
	const uint64_t a[] = {AT(path), n, AT(old), AT(length), AT(new), new_length};
	return loop_call(thread, 202, a, 6);
}

static long by_name(const char *name, void *old, size_t *length)
{
	const uint64_t a[] = {AT(name), strlen(name), AT(old), AT(length), 0, 0};
	return loop_call(thread, 570, a, 6);
}

/* From the first node on, `next` reaches every value once, in rising order; each has a name
 * that leads back to its number, and can be read. */
START_TEST(every_node_can_be_walked_named_and_read)
{
	int query[26] = {0, 2}, path[24];
	size_t depth = 0, count = 0;
	for (;;) {
		size_t length = sizeof path;
		memcpy(query, (int[]){0, 2}, 8);
		long r = by_number(query, 2 + depth, path, &length, NULL, 0);
		if (r == -ENOENT)
			break;
		ck_assert_int_eq(r, 0);
		depth = length / sizeof *path;
		memcpy(query + 2, path, length);
		count++;

		char name[256];
		int again[24];
		length = sizeof name;
		query[1] = 1;
		ck_assert_int_eq(by_number(query, 2 + depth, name, &length, NULL, 0), 0);
		size_t size = sizeof again;
		int to_number[] = {0, 3};
		ck_assert_int_eq(by_number(to_number, 2, again, &size, name, strlen(name)), 0);
		ck_assert_msg(size == depth * sizeof *path && !memcmp(again, path, size),
			      "two nodes are called %s, or its number is taken", name);

		char format[64];
		length = sizeof format;
		query[1] = 4;
		ck_assert_int_eq(by_number(query, 2 + depth, format, &length, NULL, 0), 0);
		size = 0;
		r = by_number(path, depth, NULL, &size, NULL, 0);
		/* There is no view of processes in here (facts.h). */
		bool unseen = r == -ESRCH && !strcmp(name, "kern.openfiles");
		ck_assert_msg(r == 0 || r == -EFAULT || unseen, "%s: %ld", name, r);
		if (r == 0 && !memcmp(format, &(uint32_t){0x80000002}, 4))
			ck_assert_msg(size == 4, "%s: an int of %zu bytes", name, size);
	}
	ck_assert_int_gt(count, 100);
}
END_TEST

START_TEST(lengths)
{
	char text[64];
	size_t length = 0;
	ck_assert_int_eq(by_name("kern.ostype", NULL, &length), 0);
	ck_assert_uint_eq(length, 8);
	length = 4;
	ck_assert_int_eq(by_name("kern.ostype", text, &length), -ENOMEM);
	ck_assert_uint_eq(length, 4);
	ck_assert_int_eq(memcmp(text, "Free", 4), 0);
	int number = 0;
	length = sizeof number;
	ck_assert_int_eq(by_name("kern.osreldate", &number, &length), 0);
	ck_assert_int_eq(number, 1402000);
	length = sizeof number;
	ck_assert_int_eq(by_name("hw.ncpu", &number, &length), 0);
	ck_assert_int_ge(number, 1);
	ck_assert_int_eq(by_name("hw", &number, &length), -EISDIR);
	ck_assert_int_eq(by_name("hw.nothing", &number, &length), -ENOENT);
}
END_TEST

START_TEST(writes_are_refused)
{
	int path[] = {1, 10};
	ck_assert_int_eq(by_number(path, 2, NULL, NULL, "x", 1), -EPERM);
	ck_assert_int_eq(by_number(path, 1, NULL, NULL, NULL, 0), -EINVAL);
	ck_assert_int_eq(by_number((int[]){1, 1, 1}, 3, NULL, NULL, NULL, 0), -ENOENT);
}
END_TEST

START_TEST(a_process_knows_itself)
{
	int path[] = {1, 14, 12, -1};
	char text[64];
	size_t length = sizeof text;
	ck_assert_int_eq(by_number(path, 4, text, &length, NULL, 0), 0);
	ck_assert_str_eq(text, "/bin/program");
	path[3] = 1;
	ck_assert_int_eq(by_number(path, 4, text, &length, NULL, 0), -ESRCH);
	ck_assert_int_eq(by_number(path, 3, text, &length, NULL, 0), -EINVAL);
}
END_TEST

Suite *sysctl_suite(void)
{
	Suite *s = suite_create("sysctl");
	TCase *t = tcase_create("sysctl");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_node_can_be_walked_named_and_read);
	tcase_add_test(t, lengths);
	tcase_add_test(t, writes_are_refused);
	tcase_add_test(t, a_process_knows_itself);
	suite_add_tcase(s, t);
	return s;
}
