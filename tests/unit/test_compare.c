/* trace/compare.c: what counts as the same call of two runs, and what does not. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "trace/compare.h"

Suite *compare_suite(void);

/* Calls of FreeBSD's (sys/syscall.h). */
enum {
	EXIT = 1,
	FORK = 2,
	OPEN = 5,
	GETPID = 20,
	SIGRETURN = 417,
	MMAP = 477,
	CLOCK_GETTIME = 232
};
#define USR1 30 /* sys/signal.h */

static FILE *runs[2];
static char *told;

static void begin(void)
{
	for (int i = 0; i < 2; i++) {
		runs[i] = tmpfile();
		ck_assert_ptr_nonnull(runs[i]);
	}
}

static void end(void)
{
	for (int i = 0; i < 2; i++)
		fclose(runs[i]);
	free(told);
	told = NULL;
}

static void keep(int run, const struct trace_record *t, const void *captures, size_t n)
{
	struct trace_line l = {.record = *t, .captures = captures, .n_captures = n};

	memcpy(l.record.system, "freebsd", sizeof "freebsd");
	compare_keep(runs[run], &l, true);
}

static void call(int run, uint32_t pid, uint32_t nr, uint64_t a0, int64_t result)
{
	keep(run,
	     &(struct trace_record){.kind = TRACE_CALL,
				    .pid = pid,
				    .tid = pid,
				    .nr = nr,
				    .a = {a0},
				    .result = result},
	     NULL, 0);
}

static void event(int run, uint32_t pid, enum trace_kind kind, uint32_t nr, uint64_t from)
{
	keep(run,
	     &(struct trace_record){
		     .kind = (uint8_t)kind, .pid = pid, .tid = pid, .nr = nr, .a = {from}},
	     NULL, 0);
}

static struct comparison compare(void)
{
	struct comparison c;
	size_t n;
	FILE *tell = open_memstream(&told, &n);

	ck_assert_int_eq(compare_runs(runs, (const char *const[]){"one", "other"}, tell, &c), 0);
	fclose(tell);
	return c;
}

START_TEST(numbers)
{
	const uint32_t child[2] = {3, 5};

	for (int i = 0; i < 2; i++) {
		call(i, 2, GETPID, 0, 2);
		call(i, 2, FORK, 0, child[i]);
		call(i, child[i], GETPID, 0, child[i]);
		event(i, child[i], TRACE_EXIT, 0, 0);
		event(i, 2, TRACE_EXIT, 0, 0);
	}
	struct comparison c = compare();
	ck_assert(!c.differs);
	ck_assert_uint_eq(c.threads, 2);
	ck_assert_uint_eq(c.calls, 5);
}
END_TEST

START_TEST(results)
{
	for (int i = 0; i < 2; i++) {
		call(i, 2, GETPID, 0, 2);
		call(i, 2, OPEN, 0x1000, i ? -2 : 3);
		event(i, 2, TRACE_EXIT, 0, 0);
	}
	ck_assert(compare().differs);
	ck_assert_ptr_nonnull(strstr(told, "process 2 differs at its call 2:"));
	ck_assert_ptr_nonnull(strstr(told, "one       open(0x1000, O_RDONLY, 0) = 3\n"));
	ck_assert_ptr_nonnull(strstr(told, "other     open(0x1000, O_RDONLY, 0) = -1 ENOENT\n"));
}
END_TEST

/* i: what the second run adds to the address it was given. */
START_TEST(addresses)
{
	const uint64_t add[] = {0, 8, 0x1000};
	const uint64_t at[2] = {0x10000, 0x7fff0000};

	for (int i = 0; i < 2; i++) {
		call(i, 2, OPEN, at[i] + 0x5010, 3);
		call(i, 2, MMAP, 0, (int64_t)at[i]);
		call(i, 2, OPEN, at[i] + 0x10, 4);
		call(i, 2, OPEN, at[i] + 0x10 + (i ? add[_i] : 0), 5);
	}
	ck_assert_int_eq(compare().differs, _i > 0);
}
END_TEST

/* i: the second one's end is missing, the first one's last call is. */
START_TEST(endings)
{
	for (int i = 0; i < 2; i++) {
		call(i, 2, GETPID, 0, 2);
		if (!i || _i)
			call(i, 2, OPEN, 0x1000, 3);
		if (!i || !_i)
			event(i, 2, TRACE_EXIT, 0, 0);
	}
	ck_assert_int_eq(compare().differs, !_i);
}
END_TEST

START_TEST(children)
{
	call(0, 2, FORK, 0, 3);
	call(1, 2, FORK, 0, 3);
	call(1, 3, GETPID, 0, 3);
	ck_assert(compare().differs);
	ck_assert_ptr_nonnull(strstr(told, "one       (nothing)\n"));
}
END_TEST

/* i: who sent it; a signal of one's own comes at the same place in both. */
START_TEST(handlers)
{
	call(0, 2, GETPID, 0, 2);
	event(0, 2, TRACE_SIGNAL, USR1, _i ? 2 : 9);
	call(0, 2, OPEN, 0x1000, 3);
	keep(0,
	     &(struct trace_record){.kind = TRACE_CALL,
				    .flags = TRACE_NO_RESULT,
				    .pid = 2,
				    .tid = 2,
				    .nr = SIGRETURN},
	     NULL, 0);
	event(0, 2, TRACE_EXIT, 0, 0);
	call(1, 2, GETPID, 0, 2);
	event(1, 2, TRACE_EXIT, 0, 0);
	struct comparison c = compare();
	ck_assert_int_eq(c.differs, _i);
	ck_assert(_i || c.left_out == 2);
}
END_TEST

START_TEST(times)
{
	for (uint64_t i = 0; i < 2; i++) {
		const struct {
			struct trace_capture head;
			uint64_t time[2];
		} c = {{.argument = 1, .flags = CAPTURE_AFTER, .length = 16}, {7 + i, 8 - i}};

		keep((int)i,
		     &(struct trace_record){.kind = TRACE_CALL,
					    .pid = 2,
					    .tid = 2,
					    .nr = CLOCK_GETTIME,
					    .a = {4, 0x2000}},
		     &c, sizeof c);
	}
	ck_assert(!compare().differs);
}
END_TEST

/* Nothing at all is no difference, and no harm. */
START_TEST(nothing)
{
	ck_assert(!compare().differs);
}
END_TEST

Suite *compare_suite(void)
{
	Suite *s = suite_create("compare");
	TCase *t = tcase_create("compare");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, numbers);
	tcase_add_test(t, results);
	tcase_add_loop_test(t, addresses, 0, 3);
	tcase_add_loop_test(t, endings, 0, 2);
	tcase_add_test(t, children);
	tcase_add_loop_test(t, handlers, 0, 2);
	tcase_add_test(t, times);
	tcase_add_test(t, nothing);
	suite_add_tcase(s, t);
	return s;
}
