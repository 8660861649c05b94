/* Every personality's tables: each row is whole, numbers and names are the system's own,
 * errors and signals are complete both ways. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "syscalls/launch.h"
#include "syscalls/personality.h"
#include "syscalls/process.h"
#include "syscalls/signal.h"

Suite *rows_suite(void);

#define LAST_HOST_CALL 548 /* above any of arch/x86/entry/syscalls/syscall_64.tbl, Linux 6.1 */
#define HOST_ERRNOS 133 /* EHWPOISON, the last of asm-generic/errno.h */

/* ---- What must hold in each row ---------------------------------------------------------- */

static const char *why(const struct personality *p, uint32_t nr)
{
	static char text[160];
	(void)snprintf(text, sizeof text, "%s, call %u", p->name, nr);
	return text;
}

static void check_uses(const struct personality *p, uint32_t nr, const struct row *row)
{
	const int16_t *use = row->uses;
	ck_assert_msg(use != NULL, "%s: no list of Linux calls", why(p, nr));
	for (; *use != END_OF_USES; use++)
		ck_assert_msg(*use >= 0 && *use <= LAST_HOST_CALL, "%s: uses %d", why(p, nr), *use);
}

static bool is_counted(unsigned pass)
{
	return (pass >= PASS_IN_BYTES && pass <= PASS_INOUT_ARRAY) || pass == PASS_IN_VECTORS ||
	       pass == PASS_OUT_VECTORS;
}

static void check_args(const struct personality *p, uint32_t nr, const struct row *row)
{
	bool ended = false;
	for (int i = 0; i < MAX_ARGS; i++) {
		const struct arg *a = &row->args[i];
		if (a->pass == PASS_NONE) {
			ended = true;
			continue;
		}
		ck_assert_msg(!ended && a->type, "%s: argument %d", why(p, nr), i);
		if (PASS_HOW(a->pass) > PASS_OUT_ARRAY)
			ck_assert_msg(a->pass & PASS_SHOWN, "%s: argument %d", why(p, nr), i);
		if (is_counted(PASS_HOW(a->pass)))
			ck_assert_msg(a->length < MAX_ARGS &&
					      row->args[a->length].pass == PASS_VALUE,
				      "%s: argument %d is counted by %d", why(p, nr), i, a->length);
	}
	ck_assert_msg(row->result != NULL, "%s: no type of result", why(p, nr));
}

static void check_row(const struct personality *p, uint32_t nr, const struct row *row)
{
	ck_assert_msg(row->name && row->name[0], "%s: no name", why(p, nr));
	check_args(p, nr, row);
	switch (row->kind) {
	case ROW_SAME:
		ck_assert_msg(row->host >= 0 && row->host <= LAST_HOST_CALL, "%s: Linux's %d",
			      why(p, nr), row->host);
		ck_assert_msg(row->uses && row->uses[0] == row->host && row->uses[1] == END_OF_USES,
			      "%s: uses another call than its own", why(p, nr));
		ck_assert(row->translate == same_call);
		break;
	case ROW_CALL:
		ck_assert_msg(row->translate != NULL, "%s: no translator", why(p, nr));
		check_uses(p, nr, row);
		break;
	case ROW_TODO:
	case ROW_REFUSED:
		ck_assert_msg(row->reason && strlen(row->reason) > 5, "%s: no reason", why(p, nr));
		ck_assert_msg(row->error < 0, "%s: no error", why(p, nr));
		break;
	default:
		ck_abort_msg("%s: kind %d", why(p, nr), row->kind);
	}
}

START_TEST(rows_are_whole)
{
	unsigned systems = 0;
	for_each_personality(p) {
		systems++;
		ck_assert(p->name && p->title);
		for (uint32_t nr = 0; nr < p->n_rows; nr++)
			if (p->rows[nr].kind != ROW_ABSENT)
				check_row(p, nr, &p->rows[nr]);
	}
	ck_assert_uint_ge(systems, 1);
}
END_TEST

START_TEST(numbers_out_of_range_have_no_row)
{
	for_each_personality(p) {
		ck_assert_ptr_null(find_row(p, p->n_rows));
		ck_assert_ptr_null(find_row(p, UINT32_MAX));
		ck_assert_ptr_null(find_row(p, 0x40000000));
	}
}
END_TEST

/* No translator is named twice for nothing, and no two rows of a system share a name unless
 * one of them is gone. */
START_TEST(names_are_unique)
{
	for_each_personality(p)
		for (uint32_t a = 0; a < p->n_rows; a++) {
			const struct row *x = &p->rows[a];
			if (x->kind != ROW_SAME && x->kind != ROW_CALL)
				continue;
			for (uint32_t b = a + 1; b < p->n_rows; b++) {
				const struct row *y = &p->rows[b];
				if (y->kind == ROW_SAME || y->kind == ROW_CALL)
					ck_assert_msg(strcmp(x->name, y->name), "%s: as %u",
						      why(p, a), b);
			}
		}
}
END_TEST

/* ---- The system's own list ---------------------------------------------------------------- */

static const struct listed {
	uint32_t nr;
	const char *name;
} freebsd_15[] =
	{
#define LISTED(number, text) {.nr = (number), .name = #text},
#include "tests/unit/freebsd_15_calls.def"
},
  freebsd_13[] =
	  {
#include "tests/unit/freebsd_13_2_calls.def"
},
  netbsd_10[] =
	  {
#include "tests/unit/netbsd_10_calls.def"
},
  dragonfly_5_9[] =
	  {
#include "tests/unit/dragonfly_5_9_calls.def"
#undef LISTED
},
  freebsd_capabilities[] = {
#define ALLOWED(number, text, ...) {.nr = (number), .name = #text},
#define NEEDS(...) ALLOWED(__VA_ARGS__)
#define CHECKED(...) ALLOWED(__VA_ARGS__)
#define LOOKS(...) ALLOWED(__VA_ARGS__)
#define POLLS(...) ALLOWED(__VA_ARGS__)
#define SENDS(...) ALLOWED(__VA_ARGS__)
#define OUTSIDE(...) ALLOWED(__VA_ARGS__)
#define READABLE(...)
#include "personalities/freebsd/capability.def"
};

static const struct personality *named(const char *name)
{
	for_each_personality(p)
		if (!strcmp(p->name, name))
			return p;
	ck_abort_msg("no personality %s", name);
}

/* An older release's name of a call may since have got a prefix that says so. */
static bool same_name(const char *ours, const char *theirs)
{
	const char *end = strstr(ours, theirs);
	if (!strcmp(ours, theirs))
		return true;
	return end && !strcmp(end, theirs) && !strncmp(ours, "freebsd", 7) && end[-1] == '_';
}

START_TEST(freebsd_numbers_are_its_own)
{
	const struct personality *p = named("freebsd");
	for (size_t i = 0; i < COUNT(freebsd_15); i++) {
		const struct row *row = find_row(p, freebsd_15[i].nr);
		ck_assert_msg(row != NULL, "no row %u, %s", freebsd_15[i].nr, freebsd_15[i].name);
		ck_assert_str_eq(row->name, freebsd_15[i].name);
	}
	for (size_t i = 0; i < COUNT(freebsd_13); i++) {
		const struct row *row = find_row(p, freebsd_13[i].nr);
		ck_assert_msg(row != NULL, "no row %u, %s", freebsd_13[i].nr, freebsd_13[i].name);
		ck_assert_msg(same_name(row->name, freebsd_13[i].name), "%u: %s, in 13.2 %s",
			      freebsd_13[i].nr, row->name, freebsd_13[i].name);
	}
}
END_TEST

/* Rights are asked for by number: it must be that call's.  Whoever makes a call of a descriptor
 * has to say what right that needs. */
START_TEST(freebsd_capabilities_are_its_calls)
{
	const struct personality *p = named("freebsd");
	for (size_t i = 0; i < COUNT(freebsd_capabilities); i++) {
		const struct row *row = find_row(p, freebsd_capabilities[i].nr);
		ck_assert_msg(row != NULL, "no row %u", freebsd_capabilities[i].nr);
		ck_assert_str_eq(row->name, freebsd_capabilities[i].name);
	}
}
END_TEST

static bool takes_descriptor(const struct row *row)
{
	for (int i = 0; i < MAX_ARGS && row->args[i].pass; i++)
		if (row->args[i].pass == PASS_VALUE &&
		    (row->args[i].type == &type_fd || row->args[i].type == &type_atfd))
			return row->kind == ROW_SAME || row->kind == ROW_CALL;
	return false;
}

static bool in_list(const struct listed *list, size_t n, uint32_t nr)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].nr == nr)
			return true;
	return false;
}

START_TEST(freebsd_descriptors_need_rights)
{
	const struct personality *p = named("freebsd");
	for (uint32_t nr = 0; nr < p->n_rows; nr++)
		if (takes_descriptor(&p->rows[nr]))
			ck_assert_msg(in_list(freebsd_capabilities, COUNT(freebsd_capabilities),
					      nr),
				      "%u, %s: not in capability.def", nr, p->rows[nr].name);
}
END_TEST

/* Every number of the list, and no other. */
static void check_numbers(const char *system, const struct listed *list, size_t n)
{
	const struct personality *p = named(system);
	for (size_t i = 0; i < n; i++) {
		const struct row *row = find_row(p, list[i].nr);
		ck_assert_msg(row != NULL, "no row %u, %s", list[i].nr, list[i].name);
		ck_assert_str_eq(row->name, list[i].name);
	}
	for (uint32_t nr = 0; nr < p->n_rows; nr++)
		ck_assert_msg(p->rows[nr].kind == ROW_ABSENT || in_list(list, n, nr),
			      "%u, %s, is not in the list", nr, p->rows[nr].name);
}

START_TEST(netbsd_numbers_are_its_own)
{
	check_numbers("netbsd", netbsd_10, COUNT(netbsd_10));
}
END_TEST

START_TEST(dragonfly_numbers_are_its_own)
{
	check_numbers("dragonfly", dragonfly_5_9, COUNT(dragonfly_5_9));
}
END_TEST

/* A row for a number no list has is one of the calls of old, which are not done. */
START_TEST(freebsd_has_no_other_numbers)
{
	const struct personality *p = named("freebsd");
	for (uint32_t nr = 0; nr < p->n_rows; nr++) {
		const struct row *row = &p->rows[nr];
		if (row->kind == ROW_ABSENT || in_list(freebsd_15, COUNT(freebsd_15), nr) ||
		    in_list(freebsd_13, COUNT(freebsd_13), nr))
			continue;
		ck_assert_msg(row->kind != ROW_SAME, "%u, %s, is in no list", nr, row->name);
	}
}
END_TEST

/* What is passed on as it is goes to the same number. */
START_TEST(host_numbers_are_the_hosts)
{
	for_each_personality(p)
		for (uint32_t nr = 0; p->is_host && nr < p->n_rows; nr++)
			if (p->rows[nr].kind == ROW_SAME)
				ck_assert_msg((uint32_t)p->rows[nr].host == nr, "%s", why(p, nr));
}
END_TEST

/* ---- Errors and signals ---------------------------------------------------------------------- */

/* EWOULDBLOCK's and EDEADLOCK's old places. */
static bool never_assigned(uint32_t host)
{
	return host == 41 || host == 58;
}

START_TEST(errors_go_both_ways)
{
	for_each_personality(p) {
		if (!p->rows)
			continue;
		for (uint32_t host = 1; host <= HOST_ERRNOS; host++) {
			if (never_assigned(host))
				continue;
			ck_assert_msg(host < p->n_errnos && p->errnos[host], "%s: Linux error %u",
				      p->name, host);
			ck_assert_msg(p->errnos[host] < p->n_errno_names &&
					      p->errno_names[p->errnos[host]],
				      "%s: error %u has no name", p->name, p->errnos[host]);
		}
		for (uint32_t guest = 1; guest < p->n_errno_names; guest++)
			if (!p->is_host || !never_assigned(guest))
				ck_assert_msg(p->errno_names[guest] &&
						      p->errno_names[guest][0] == 'E',
					      "%s: error %u has no name", p->name, guest);
	}
}
END_TEST

/* Shared numbers: 1 to 10 and 12 to 34 mean the same on every Unix. */
START_TEST(old_errors_are_alike)
{
	for_each_personality(p)
		for (uint32_t e = 1; p->rows && e <= 34; e++)
			if (e != 11)
				ck_assert_uint_eq(p->errnos[e], e);
}
END_TEST

START_TEST(signals_are_whole)
{
	for_each_personality(p) {
		if (!p->rows)
			continue;
		bool seen[256] = {false}, host[65] = {false};
		for (uint32_t i = 0; i < p->n_signals; i++) {
			const struct signal *s = &p->signals[i];
			ck_assert_msg(s->name && !strncmp(s->name, "SIG", 3), "%s: signal %d",
				      p->name, s->guest);
			ck_assert_msg(s->guest >= 1 && s->guest <= p->max_signal, "%s: signal %d",
				      p->name, s->guest);
			ck_assert_msg(!seen[s->guest], "%s: signal %d twice", p->name, s->guest);
			ck_assert_msg(s->host >= 1 && s->host <= 64, "%s: signal %d", p->name,
				      s->guest);
			ck_assert_msg(!host[s->host] || s->host == HOST_SIGNAL_CARRIER,
				      "%s: Linux signal %d twice", p->name, s->host);
			seen[s->guest] = host[s->host] = true;
			ck_assert(s->by_default <= SIGNAL_CONTINUES);
		}
		for (int n = 1; n <= 31; n++)
			ck_assert_msg(seen[n], "%s: no signal %d", p->name, n);
	}
}
END_TEST

/* From one program to the next: every signal of the same system, and of another one those
 * that have a Linux number of their own. */
START_TEST(sets_are_handed_over)
{
	for_each_personality(p) {
		struct sigset all = {0}, back;
		uint64_t words[HANDOVER_SET];

		for (uint32_t i = 0; i < p->n_signals; i++)
			sigset_add(&all, p->signals[i].guest);
		sigset_hand_over(p, &all, words);
		sigset_take_over(p, words, &back);
		ck_assert_mem_eq(&all, &back, sizeof all);
		for_each_personality(q) {
			struct sigset one = {0};

			if (!p->rows || !q->rows)
				continue;
			sigset_add(&one, signal_from_host(p, SIGUSR1));
			sigset_hand_over(p, &one, words);
			sigset_take_over(q, words, &back);
			ck_assert(sigset_has(&back, signal_from_host(q, SIGUSR1)));
			sigset_remove(&back, signal_from_host(q, SIGUSR1));
			ck_assert(!back.bits[0] && !back.bits[1]);
		}
	}
}
END_TEST

Suite *rows_suite(void)
{
	Suite *s = suite_create("rows");
	TCase *t = tcase_create("tables");
	tcase_add_test(t, rows_are_whole);
	tcase_add_test(t, numbers_out_of_range_have_no_row);
	tcase_add_test(t, names_are_unique);
	tcase_add_test(t, host_numbers_are_the_hosts);
	tcase_add_test(t, sets_are_handed_over);
	tcase_add_test(t, freebsd_numbers_are_its_own);
	tcase_add_test(t, freebsd_has_no_other_numbers);
	tcase_add_test(t, netbsd_numbers_are_its_own);
	tcase_add_test(t, dragonfly_numbers_are_its_own);
	tcase_add_test(t, freebsd_capabilities_are_its_calls);
	tcase_add_test(t, freebsd_descriptors_need_rights);
	tcase_add_test(t, errors_go_both_ways);
	tcase_add_test(t, old_errors_are_alike);
	tcase_add_test(t, signals_are_whole);
	suite_add_tcase(s, t);
	return s;
}
