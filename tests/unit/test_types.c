/* The walks over type descriptions: both directions, and what is refused. */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls/abi.h"
#include "syscalls/engine/loop/loop.h"
#include "syscalls/launch.h"

Suite *types_suite(void);

NAMES(flags, i32, PART_AS(0x3, 0x0, 0x3, 0x0, "READ"), PART_AS(0x3, 0x1, 0x3, 0x1, "WRITE"),
      BIT_AS(0x10, 0x400, "APPEND"), BIT_AS(0x20, 0, "NOTHING"), GUEST_ONLY(0x40, "LOCK"));
NAMES(clock, i32, IS_AS(0, 0, "REALTIME"), IS_AS(4, 1, "MONOTONIC"), IS_AS(-1, 77, "NEGATIVE"));
NAMES(no_zero, i32, IS_AS(1, 10, "ONE"));

struct pair {
	int64_t wide;
	uint32_t narrow;
	int32_t flags;
};
#define HOST struct pair
STRUCT(pair, 16, FIELD(0, u32, narrow), FIELD(4, flags, flags), FIELD(8, i32, wide));
STRUCT(pair_cut, 16, FIELD_CUT(0, i32, wide));
STRUCT(pair_same, 16, FIELD(0, i64, wide), FIELD(8, u32, narrow), FIELD(12, i32, flags));
STRUCT(pair_gap, 16, FIELD(0, i64, wide), FIELD(8, u32, narrow));
#undef HOST

static struct loop_thread *thread;
static struct process *process;
static struct call call;

static void setup(void)
{
	thread = calloc(1, sizeof *thread);
	process = calloc(1, sizeof *process);
	ck_assert_ptr_nonnull(thread);
	ck_assert_ptr_nonnull(process);
	loop_begin(thread, process, NULL);
	call = (struct call){.thread = &thread->thread};
}

static void teardown(void)
{
	free(thread);
	free(process);
}

START_TEST(names_go_to_the_host)
{
	uint64_t h = 99;

	ck_assert_int_eq(names_to_host(&type_flags, 0x11, 0, &h), 0);
	ck_assert_uint_eq(h, 0x401);
	ck_assert_int_eq(names_to_host(&type_flags, 0x20, 0, &h), 0);
	ck_assert_uint_eq(h, 0);
	ck_assert_int_eq(names_to_host(&type_clock, 4, 0, &h), 0);
	ck_assert_uint_eq(h, 1);
	ck_assert_int_eq(names_to_host(&type_clock, 0xffffffff, 0, &h), 0);
	ck_assert_uint_eq(h, 77);
}
END_TEST

START_TEST(undeclared_names_are_refused)
{
	uint64_t h = 99;

	ck_assert_int_eq(names_to_host(&type_flags, 0x3, 0, &h), -EINVAL);
	ck_assert_int_eq(names_to_host(&type_flags, 0x80, 0, &h), -EINVAL);
	ck_assert_int_eq(names_to_host(&type_clock, 5, 0, &h), -EINVAL);
	ck_assert_int_eq(names_to_host(&type_no_zero, 0, 0, &h), -EINVAL);
	ck_assert_uint_eq(h, 99);
}
END_TEST

START_TEST(guest_only_names_need_leave)
{
	uint64_t h = 99;

	ck_assert_int_eq(names_to_host(&type_flags, 0x41, 0, &h), -EINVAL);
	ck_assert_int_eq(names_to_host(&type_flags, 0x41, 0x40, &h), 0);
	ck_assert_uint_eq(h, 0x1);
}
END_TEST

START_TEST(names_come_back)
{
	uint64_t g = 99;

	ck_assert_int_eq(names_to_guest(&type_flags, 0x401, &g), 0);
	ck_assert_uint_eq(g, 0x11);
	ck_assert_int_eq(names_to_guest(&type_flags, 0x800, &g), -EINVAL);
	ck_assert_uint_eq(names_to_guest_known(&type_flags, 0xc01), 0x11);
	ck_assert_int_eq(names_to_guest(&type_clock, 1, &g), 0);
	ck_assert_uint_eq(g, 4);
	ck_assert_int_eq(names_to_guest(&type_clock, 0, &g), 0);
	ck_assert_uint_eq(g, 0);
}
END_TEST

/* More values than a thread remembers, each way, and all of them again: what it remembers is what the
 * names say, for the one type, value and direction only. */
START_TEST(names_are_remembered)
{
	static const struct type *const types[] = {&type_flags, &type_clock, &type_no_zero};
	uint64_t known, seen;

	for (int round = 0; round < 3; round++)
		for (uint64_t value = 0; value < 0x80; value++)
			for (size_t i = 0; i < COUNT(types); i++) {
				known = seen = 99;
				ck_assert_int_eq(names_in(&call, types[i], value, &seen),
						 names_to_host(types[i], value, 0, &known));
				ck_assert_uint_eq(seen, known);
				known = seen = 99;
				ck_assert_int_eq(names_out(&call, types[i], value, &seen),
						 names_to_guest(types[i], value, &known));
				ck_assert_uint_eq(seen, known);
				ck_assert_int_eq(names_out(&call, types[i], value, &seen),
						 names_to_guest(types[i], value, &known));
				ck_assert_uint_eq(seen, known);
			}
}
END_TEST

START_TEST(structures_go_both_ways)
{
	struct pair p = {.wide = -5, .narrow = 7, .flags = 0x401}, back;
	unsigned char guest[16];

	memset(guest, 0xee, sizeof guest);
	ck_assert_int_eq(to_guest(&call, &type_pair, &p, guest), 0);
	ck_assert_int_eq(((int32_t *)guest)[0], 7);
	ck_assert_int_eq(((int32_t *)guest)[1], 0x11);
	ck_assert_int_eq(((int32_t *)guest)[2], -5);
	ck_assert_int_eq(((int32_t *)guest)[3], 0); /* not covered: zero, nothing leaks */
	ck_assert_int_eq(to_host(&call, &type_pair, guest, &back), 0);
	ck_assert_int_eq(memcmp(&p, &back, sizeof p), 0);
}
END_TEST

START_TEST(what_does_not_fit_is_an_error)
{
	struct pair p = {.wide = 1LL << 40};
	unsigned char guest[16] = {0};
	int32_t negative = -1;

	ck_assert_int_eq(to_guest(&call, &type_pair, &p, guest), -EOVERFLOW);
	ck_assert_int_eq(to_guest(&call, &type_pair_cut, &p, guest), 0);
	memcpy(guest + 4, &negative, 4); /* bits nobody declared */
	ck_assert_int_eq(to_host(&call, &type_pair, guest, &p), -EINVAL);
}
END_TEST

START_TEST(same_layouts_are_found)
{
	ck_assert(same_layout(&type_pair_same));
	ck_assert(!same_layout(&type_pair));
	ck_assert(!same_layout(&type_pair_gap)); /* the gap's bytes would pass uncontrolled */
	ck_assert(same_layout(&type_u64));
	ck_assert(!same_layout(&type_flags));
}
END_TEST

START_TEST(strings_are_bounded)
{
	char to[8];

	ck_assert_int_eq(get_guest_string(&call, to, (uint64_t) "short", sizeof to), 5);
	ck_assert_str_eq(to, "short");
	ck_assert_int_eq(get_guest_string(&call, to, (uint64_t) "much too long", sizeof to),
			 -ENAMETOOLONG);
	ck_assert_int_eq(get_guest_string(&call, to, 8, sizeof to), -EFAULT);
}
END_TEST

START_TEST(hidden_descriptors_are_not_open)
{
	uint64_t h;

	ck_assert_int_eq(value_to_host(&call, &type_fd, 5, &h), 0);
	ck_assert_int_eq(value_to_host(&call, &type_fd, HIDDEN_RESIDENT, &h), -EBADF);
	ck_assert_int_eq(value_to_host(&call, &type_fd, HIDDEN_LAST, &h), -EBADF);
	ck_assert_int_eq(value_to_host(&call, &type_atfd, (uint64_t)-100, &h), 0);
	ck_assert_int_eq((int)h, -100);
}
END_TEST

START_TEST(handovers_survive_the_trip)
{
	struct handover h = {.flags = HANDOVER_FIRST, .mask = {1, 1UL << 63}, .ignored = {42, 0}},
			back;
	char text[HANDOVER_TEXT];

	handover_encode(text, &h);
	ck_assert_int_eq(handover_decode(&back, text), 0);
	ck_assert_int_eq(memcmp(&h, &back, sizeof h), 0);
	text[3] = 'x';
	ck_assert_int_eq(handover_decode(&back, text), -EINVAL);
	ck_assert_int_eq(handover_decode(&back, ""), -EINVAL);
}
END_TEST

Suite *types_suite(void)
{
	Suite *s = suite_create("types");
	TCase *t = tcase_create("walks");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, names_go_to_the_host);
	tcase_add_test(t, undeclared_names_are_refused);
	tcase_add_test(t, guest_only_names_need_leave);
	tcase_add_test(t, names_come_back);
	tcase_add_test(t, names_are_remembered);
	tcase_add_test(t, structures_go_both_ways);
	tcase_add_test(t, what_does_not_fit_is_an_error);
	tcase_add_test(t, same_layouts_are_found);
	tcase_add_test(t, strings_are_bounded);
	tcase_add_test(t, hidden_descriptors_are_not_open);
	tcase_add_test(t, handovers_survive_the_trip);
	suite_add_tcase(s, t);
	return s;
}
