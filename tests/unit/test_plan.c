/* sandbox/plan.c, sandbox/layout.c: options become steps, in an order that holds. */
#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/plan.h"

Suite *plan_suite(void);

static char *const no_words[] = {NULL};

static struct box_options plain(void)
{
	return (struct box_options){
		.hostname = "box",
		.directory = "/",
		.program = "/opt/x/prog",
		.program_from = "/etc/passwd", /* a file that is there */
		.argv = no_words,
		.envp = no_words,
		.uid = 1000,
		.gid = 1000,
		.user = "somebody",
		.home = "/tmp",
	};
}

static void bind_to(struct box_options *o, const char *from, const char *to, bool writable)
{
	o->binds[o->n_binds++] = (struct bind){.from = from, .to = to, .writable = writable};
}

static struct plan make(const struct box_options *o)
{
	struct plan p;
	struct failure why = {0};

	ck_assert_msg(plan_make(o, &p, &why) == 0, "%s", why.text);
	return p;
}

/* Index of the only step of that kind with that place; -1 if there is none. */
static int find(const struct plan *p, enum step_kind kind, const char *to)
{
	int found = -1;

	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];
		if (s->kind != kind || (to && (!s->to || strcmp(s->to, to) != 0)))
			continue;
		ck_assert_int_eq(found, -1);
		found = (int)i;
	}
	return found;
}

static void refused(const struct box_options *o, const char *word)
{
	struct plan p;
	struct failure why = {0};

	ck_assert_int_eq(plan_make(o, &p, &why), -1);
	ck_assert_int_eq(why.status, EXIT_GUISE);
	ck_assert_msg(strstr(why.text, word) != NULL, "%s", why.text);
	ck_assert_uint_eq(p.n, 0);
}

START_TEST(default_is_closed)
{
	struct box_options o = plain();
	struct plan p = make(&o);
	int spaces = find(&p, STEP_NAMESPACES, NULL);
	int drop = find(&p, STEP_DROP, NULL);

	ck_assert_int_ge(spaces, 0);
	ck_assert_uint_eq(p.steps[spaces].number, CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS |
							  CLONE_NEWNET | CLONE_NEWIPC |
							  CLONE_NEWUTS | CLONE_NEWCGROUP);
	ck_assert_int_ge(find(&p, STEP_NETWORK, NULL), 0);
	ck_assert_int_ge(find(&p, STEP_TMPFS, "/tmp"), 0);
	ck_assert_int_ge(find(&p, STEP_DEVICE, "/dev/null"), 0);
	ck_assert_int_ge(find(&p, STEP_FILE, "/etc/passwd"), 0);
	ck_assert_int_ge(find(&p, STEP_READ_ONLY, "/opt/x/prog"), 0);
	for (size_t i = 0; i < p.n; i++)
		ck_assert_int_ne(p.steps[i].kind, STEP_WRITABLE);
	/* Rights go after everything that needs them and before the program's own steps. */
	ck_assert_int_lt(find(&p, STEP_CHECK_STDIO, NULL), spaces);
	ck_assert_int_lt(find(&p, STEP_SEAL, NULL), find(&p, STEP_PIVOT, NULL));
	ck_assert_int_lt(find(&p, STEP_PIVOT, NULL), drop);
	ck_assert_int_lt(find(&p, STEP_SESSION, NULL), drop);
	ck_assert_int_lt(drop, find(&p, STEP_GROUP, NULL));
	int landlock = find(&p, STEP_LANDLOCK, NULL); /* -1: this kernel has none */
	ck_assert(landlock < 0 || landlock == drop + 1);
	ck_assert_int_eq(find(&p, STEP_EXECUTE, "/opt/x/prog"), (int)p.n - 2);
	ck_assert_int_eq(find(&p, STEP_SETTLE, NULL), (int)p.n - 1);
	plan_free(&p);
}
END_TEST

START_TEST(places_are_steps_of_one_process_each)
{
	struct box_options o = plain();
	struct plan p = make(&o);
	enum step_place last = IN_SUPERVISOR;

	for (size_t i = 0; i < p.n; i++) {
		enum step_place now = step_place(p.steps[i].kind);
		ck_assert_int_ge(now, last);
		last = now;
	}
	plan_free(&p);
}
END_TEST

START_TEST(host_network_keeps_the_namespace)
{
	struct box_options o = plain();
	o.host_network = true;
	struct plan p = make(&o);

	ck_assert(!(p.steps[find(&p, STEP_NAMESPACES, NULL)].number & CLONE_NEWNET));
	ck_assert_int_eq(find(&p, STEP_NETWORK, NULL), -1);
	plan_free(&p);
}
END_TEST

START_TEST(directories_come_before_what_is_in_them)
{
	struct box_options o = plain();
	bind_to(&o, "/etc", "/a/b/c", true);
	bind_to(&o, "/usr", "/a", false);
	bind_to(&o, "/bin", "/a/b", false);
	struct plan p = make(&o);

	int a = find(&p, STEP_READ_ONLY, "/a");
	int b = find(&p, STEP_READ_ONLY, "/a/b");
	int c = find(&p, STEP_WRITABLE, "/a/b/c");
	ck_assert_int_ge(a, 0);
	ck_assert_int_lt(a, b);
	ck_assert_int_lt(b, c);
	plan_free(&p);
}
END_TEST

START_TEST(what_takes_the_place_of_the_hosts)
{
	struct box_options o = plain();
	o.root = "/usr";
	bind_to(&o, "/etc", "/a", false);
	o.binds[o.n_binds++] = (struct bind){.kind = BIND_HIDE, .to = "/a/secret"};
	o.binds[o.n_binds++] = (struct bind){.kind = BIND_HIDE, .to = "/etc/hosts"};
	o.binds[o.n_binds++] = (struct bind){.kind = BIND_TMPFS, .to = "/tmp", .text = "size=1m"};
	o.binds[o.n_binds++] = (struct bind){.kind = BIND_OVERLAY,
					     .from = "/etc",
					     .to = "/b",
					     .changes = "/nowhere/kept"};
	o.binds[o.n_binds++] =
		(struct bind){.kind = BIND_OVERLAY, .from = "/", .to = "/", .text = "size=1m"};
	struct plan p = make(&o);

	ck_assert_int_lt(find(&p, STEP_READ_ONLY, "/a"), find(&p, STEP_HIDE, "/a/secret"));
	ck_assert_int_lt(find(&p, STEP_READ_ONLY, "/etc/hosts"), find(&p, STEP_HIDE, "/etc/hosts"));
	/* The last "size" counts. */
	const char *text = p.steps[find(&p, STEP_TMPFS, "/tmp")].text;
	ck_assert_msg(strstr(text, "nr_inodes=") && strcmp(strrchr(text, ','), ",size=1m") == 0,
		      "%s", text);
	ck_assert_int_lt(find(&p, STEP_KEEP, "/nowhere/kept"), find(&p, STEP_NAMESPACES, NULL));
	ck_assert_str_eq(p.steps[find(&p, STEP_OVERLAY_KEPT, "/b")].text, "/nowhere/kept");
	/* The whole root: what is in --root, and nothing else for it. */
	ck_assert_str_eq(p.steps[find(&p, STEP_OVERLAY, "/")].from, "/usr");
	ck_assert_int_eq(find(&p, STEP_BASE, NULL), -1);
	plan_free(&p);
}
END_TEST

START_TEST(overlays_that_are_none)
{
	struct box_options o = plain();
	o.binds[o.n_binds++] = (struct bind){.kind = BIND_OVERLAY, .from = "/", .to = "/"};
	refused(&o, "--root");
	o.binds[0] = (struct bind){.kind = BIND_OVERLAY, .from = "/etc/passwd", .to = "/a"};
	refused(&o, "not a directory");
	o.binds[0] = (struct bind){.kind = BIND_OVERLAY,
				   .from = "/etc",
				   .to = "/a",
				   .changes = "/etc/kept"};
	refused(&o, "elsewhere");
	bind_to(&o, "/usr", "/c", true);
	o.binds[0].changes = "/usr/kept";
	refused(&o, "can write to /usr");
}
END_TEST

START_TEST(of_two_for_one_place_the_later_is_on_top)
{
	struct box_options o = plain();
	bind_to(&o, "/etc", "/a", false);
	bind_to(&o, "/usr", "/a", true);
	struct plan p = make(&o);

	ck_assert_int_lt(find(&p, STEP_READ_ONLY, "/a"), find(&p, STEP_WRITABLE, "/a"));
	plan_free(&p);
}
END_TEST

START_TEST(what_the_user_places_is_the_users)
{
	struct box_options o = plain();
	bind_to(&o, "/usr", "/tmp", true);
	bind_to(&o, "/usr", "/dev", false);
	bind_to(&o, "/etc/passwd", "/etc/passwd", false);
	struct plan p = make(&o);

	ck_assert_int_eq(find(&p, STEP_TMPFS, "/tmp"), -1);
	ck_assert_int_eq(find(&p, STEP_TMPFS, "/dev"), -1);
	ck_assert_int_eq(find(&p, STEP_DEVICE, "/dev/null"), -1);
	ck_assert_int_eq(find(&p, STEP_PTS, NULL), -1);
	ck_assert_int_eq(find(&p, STEP_FILE, "/etc/passwd"), -1);
	ck_assert_int_ge(find(&p, STEP_FILE, "/etc/group"), 0);
	plan_free(&p);
}
END_TEST

START_TEST(refuses_bad_places)
{
	static const struct {
		const char *from, *to, *word;
	} bad[] = {
		{"/etc", "/", "--root"},       {"/etc", "/.", "--root"},
		{"/etc", "etc", "absolute"},   {"/etc", "/a/../b", "absolute"},
		{"/etc", "/a/..", "absolute"}, {"/nowhere/at/all", "/a", "no such file"},
		{"/proc", "/a", "processes"},  {"/proc/self", "/a", "processes"},
		{"/sys", "/a", "kernel"},
	};
	struct box_options o = plain();

	bind_to(&o, bad[_i].from, bad[_i].to, false);
	refused(&o, bad[_i].word);
}
END_TEST

START_TEST(refuses_a_root_that_is_none)
{
	struct box_options o = plain();

	o.root = "/etc/passwd";
	refused(&o, "--root");
	o.root = "/nowhere/at/all";
	refused(&o, "--root");
}
END_TEST

START_TEST(the_roots_own_files_stay)
{
	char root[] = "/tmp/plan.XXXXXX", path[64];
	struct box_options o = plain();

	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(path, sizeof path, "%s/etc", root);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	snprintf(path, sizeof path, "%s/etc/passwd", root);
	FILE *f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	o.root = root;
	struct plan p = make(&o);
	unlink(path);
	path[strlen(path) - strlen("/passwd")] = 0;
	rmdir(path);
	rmdir(root);
	ck_assert_int_ge(find(&p, STEP_BASE, NULL), 0);
	ck_assert_int_eq(find(&p, STEP_FILE, "/etc/passwd"), -1);
	ck_assert_int_ge(find(&p, STEP_FILE, "/etc/group"), 0);
	plan_free(&p);
}
END_TEST

static uint64_t limit_in(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].kind == STEP_LIMIT && strcmp(p->steps[i].text, name) == 0)
			return p->steps[i].number;
	return 0;
}

START_TEST(limits_are_there_unless_lifted)
{
	struct box_options o = plain();
	struct plan p = make(&o);

	ck_assert_uint_eq(limit_in(&p, "pids"), 2048);
	ck_assert_uint_eq(limit_in(&p, "open-files"), 65536);
	ck_assert_uint_eq(limit_in(&p, "file-size"), 0);
	ck_assert_int_eq(find(&p, STEP_LIMIT_HOLDS, NULL), -1);
	plan_free(&p);
	o.limits.of[LIMIT_PIDS] = (struct limit){true, 7};
	o.limits.of[LIMIT_OPEN_FILES] = (struct limit){true, LIMIT_NONE};
	o.limits.of[LIMIT_FILE_SIZE] = (struct limit){true, 0};
	p = make(&o);
	ck_assert_uint_eq(limit_in(&p, "pids"), 7);
	ck_assert_uint_eq(limit_in(&p, "open-files"), 0);
	ck_assert_int_ge(find(&p, STEP_LIMIT_HOLDS, NULL), 0);
	plan_free(&p);
}
END_TEST

START_TEST(places_in_memory_take_the_size_asked_for)
{
	struct box_options o = plain();
	o.limits.of[LIMIT_DISK] = (struct limit){true, 65536};
	struct plan p = make(&o);
	const char *tmp = p.steps[find(&p, STEP_TMPFS, "/tmp")].text;

	ck_assert_msg(strstr(tmp, ",size=65536") != NULL, "%s", tmp);
	ck_assert_msg(strstr(tmp, "nr_inodes=") != NULL, "%s", tmp);
	plan_free(&p);
}
END_TEST

START_TEST(accounts_name_the_caller)
{
	struct box_options o = plain();
	struct plan p = make(&o);

	ck_assert_ptr_nonnull(strstr(p.steps[find(&p, STEP_FILE, "/etc/passwd")].text,
				     "\nsomebody:*:1000:1000:somebody:/tmp:/bin/sh\n"));
	ck_assert_ptr_nonnull(
		strstr(p.steps[find(&p, STEP_FILE, "/etc/group")].text, "\nsomebody:*:1000:\n"));
	plan_free(&p);
	o.uid = o.gid = 0;
	o.user = "root";
	p = make(&o);
	ck_assert_ptr_null(strstr(p.steps[find(&p, STEP_FILE, "/etc/passwd")].text, "\nroot:"));
	plan_free(&p);
}
END_TEST

START_TEST(prints_a_line_a_step)
{
	struct box_options o = plain();
	char *text;
	size_t size, lines = 0;
	FILE *out = open_memstream(&text, &size);
	struct plan p = make(&o);

	plan_print(&p, out);
	fclose(out);
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	ck_assert_uint_eq(lines, p.n);
	ck_assert_ptr_nonnull(
		strstr(text, "supervisor namespaces user pid mount net ipc uts cgroup\n"));
	ck_assert_ptr_nonnull(strstr(text, "init       ro /etc/passwd at /opt/x/prog\n"));
	ck_assert_ptr_nonnull(strstr(text, "guest      execute /opt/x/prog\n"));
	free(text);
	plan_free(&p);
}
END_TEST

START_TEST(failures_are_one_line_and_the_first_counts)
{
	struct failure f = {0};

	ck_assert_int_eq(failure_set(&f, EXIT_GUISE, "a\nb%s", "\033[1m"), -1);
	ck_assert_int_eq(failure_set(&f, EXIT_NOT_FOUND, "later"), -1);
	ck_assert_str_eq(f.text, "a?b?[1m");
	ck_assert_int_eq(f.status, EXIT_GUISE);
}
END_TEST

Suite *plan_suite(void)
{
	Suite *s = suite_create("plan");
	TCase *t = tcase_create("plan");

	tcase_add_test(t, default_is_closed);
	tcase_add_test(t, places_are_steps_of_one_process_each);
	tcase_add_test(t, host_network_keeps_the_namespace);
	tcase_add_test(t, directories_come_before_what_is_in_them);
	tcase_add_test(t, what_takes_the_place_of_the_hosts);
	tcase_add_test(t, overlays_that_are_none);
	tcase_add_test(t, of_two_for_one_place_the_later_is_on_top);
	tcase_add_test(t, what_the_user_places_is_the_users);
	tcase_add_loop_test(t, refuses_bad_places, 0, 9);
	tcase_add_test(t, refuses_a_root_that_is_none);
	tcase_add_test(t, the_roots_own_files_stay);
	tcase_add_test(t, limits_are_there_unless_lifted);
	tcase_add_test(t, places_in_memory_take_the_size_asked_for);
	tcase_add_test(t, accounts_name_the_caller);
	tcase_add_test(t, prints_a_line_a_step);
	tcase_add_test(t, failures_are_one_line_and_the_first_counts);
	suite_add_tcase(s, t);
	return s;
}
