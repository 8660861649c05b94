/* sandbox/cgroup_find.c, cgroup.c: where control groups are, and what they count. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/cgroup.h"

Suite *cgroup_suite(void);

static struct cgroup_map find(const char *own, const char *mounts)
{
	FILE *a = fmemopen((char *)own, strlen(own), "re");
	FILE *b = fmemopen((char *)mounts, strlen(mounts), "re");
	struct cgroup_map m;

	ck_assert_int_eq(cgroup_find(a, b, &m), 0);
	fclose(a);
	fclose(b);
	return m;
}

#define V2(root, at) \
	"30 23 0:26 " root " " at " rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1(root, at, names) "31 23 0:27 " root " " at " rw shared:5 - cgroup cgroup rw," names "\n"
#define OTHER "22 29 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"

START_TEST(finds_the_unified_hierarchy)
{
	struct cgroup_map m = find("0::/user.slice/session-1.scope\n",
				   OTHER V2("/", "/sys/fs/cgroup"));

	ck_assert_str_eq(m.v2, "/sys/fs/cgroup/user.slice/session-1.scope");
	ck_assert_uint_eq(m.v2_mount, strlen("/sys/fs/cgroup"));
	for (int c = 0; c < CONTROLLERS; c++)
		ck_assert_ptr_null(m.v1[c]);
	cgroup_map_free(&m);
}
END_TEST

START_TEST(finds_one_hierarchy_per_controller)
{
	struct cgroup_map m =
		find("4:memory:/a\n3:cpu,cpuacct:/\n2:pids:/b/c\n1:name=systemd:/\n0::/u\n",
		     V1("/", "/sys/fs/cgroup/cpu,cpuacct", "cpu,cpuacct")
			     V1("/", "/sys/fs/cgroup/memory", "memory")
				     V1("/", "/sys/fs/cgroup/my\\040pids", "pids")
					     V2("/", "/sys/fs/cgroup/unified"));

	ck_assert_str_eq(m.v1[CONTROLLER_CPU], "/sys/fs/cgroup/cpu,cpuacct");
	ck_assert_str_eq(m.v1[CONTROLLER_MEMORY], "/sys/fs/cgroup/memory/a");
	ck_assert_str_eq(m.v1[CONTROLLER_PIDS], "/sys/fs/cgroup/my pids/b/c");
	ck_assert_ptr_null(m.v1[CONTROLLER_IO]);
	ck_assert_str_eq(m.v2, "/sys/fs/cgroup/unified/u");
	cgroup_map_free(&m);
}
END_TEST

START_TEST(sees_only_what_a_container_shows)
{
	struct cgroup_map m = find("5:memory:/docker/x/in\n4:pids:/docker/y\n0::/../else\n",
				   V1("/docker/x", "/sys/fs/cgroup/memory", "memory")
					   V1("/docker/x", "/sys/fs/cgroup/pids", "pids")
						   V2("/", "/sys/fs/cgroup/unified"));

	ck_assert_str_eq(m.v1[CONTROLLER_MEMORY], "/sys/fs/cgroup/memory/in");
	ck_assert_ptr_null(m.v1[CONTROLLER_PIDS]);
	ck_assert_ptr_null(m.v2);
	cgroup_map_free(&m);
}
END_TEST

START_TEST(nonsense_is_an_error_or_nothing)
{
	FILE *own = fmemopen((char *)"nonsense\n", 9, "re");
	FILE *mounts = fmemopen((char *)OTHER, strlen(OTHER), "re");
	struct cgroup_map m;

	ck_assert_int_lt(cgroup_find(own, mounts, &m), 0);
	fclose(own);
	fclose(mounts);
	cgroup_map_free(&m);
	m = find("0::/a\n", "a - b\n - \n1 2 3\n1 2 3 4 5 6 - cgroup2\n" OTHER);
	ck_assert_ptr_null(m.v2);
	cgroup_map_free(&m);
}
END_TEST

/* ---- Directories that look like groups --------------------------------------------------- */

static void put(const char *directory, const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void take_away(const char *directory)
{
	char command[300];

	(void)snprintf(command, sizeof command, "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

/* /top/a/b: the caller is in b, with the pids written there. */
static struct cgroup_map tree(char *top, const char *enabled_in_a, const char *pids)
{
	char path[200];
	struct cgroup_map m = {.v2_mount = strlen(top)};

	ck_assert_ptr_nonnull(mkdtemp(top));
	put(top, "cgroup.controllers", "cpu io memory pids\n");
	put(top, "cgroup.subtree_control", "cpu memory pids\n");
	put(top, "cgroup.procs", "");
	(void)snprintf(path, sizeof path, "%s/a", top);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	put(path, "cgroup.controllers", "cpu memory pids\n");
	put(path, "cgroup.subtree_control", enabled_in_a);
	put(path, "cgroup.procs", "");
	(void)snprintf(path, sizeof path, "%s/a/b", top);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	put(path, "cgroup.controllers", enabled_in_a);
	put(path, "cgroup.subtree_control", "");
	put(path, "cgroup.procs", pids);
	ck_assert_int_ge(asprintf(&m.v2, "%s/a/b", top), 0);
	return m;
}

START_TEST(takes_the_nearest_group_that_can)
{
	char top[] = "/tmp/cgroup.XXXXXX", alone[32];
	struct cgroup_parent p[CONTROLLERS];
	unsigned memory = CONTROLLER_BIT(CONTROLLER_MEMORY), cpu = CONTROLLER_BIT(CONTROLLER_CPU);
	struct cgroup_map m = tree(top, "memory pids\n", "1\n2\n");

	cgroup_choose(&m, memory, p);
	ck_assert_uint_eq(p[CONTROLLER_MEMORY].version, 2);
	ck_assert_str_eq(p[CONTROLLER_MEMORY].path + strlen(top), "/a");
	ck_assert(!p[CONTROLLER_MEMORY].leave);
	free(p[CONTROLLER_MEMORY].path);
	/* One group for both: where both are. */
	cgroup_choose(&m, memory | cpu, p);
	ck_assert_str_eq(p[CONTROLLER_MEMORY].path, top);
	ck_assert_str_eq(p[CONTROLLER_CPU].path, top);
	free(p[CONTROLLER_MEMORY].path);
	free(p[CONTROLLER_CPU].path);
	/* What is nowhere does not stand in the way of what is. */
	cgroup_choose(&m, memory | CONTROLLER_BIT(CONTROLLER_IO), p);
	ck_assert_uint_eq(p[CONTROLLER_IO].version, 0);
	ck_assert_ptr_nonnull(p[CONTROLLER_IO].reason);
	ck_assert_str_eq(p[CONTROLLER_MEMORY].path + strlen(top), "/a");
	free(p[CONTROLLER_MEMORY].path);
	/* Alone in its own, guise leaves it. */
	(void)snprintf(alone, sizeof alone, "%d\n", getpid());
	put(m.v2, "cgroup.procs", alone);
	cgroup_choose(&m, memory, p);
	ck_assert_str_eq(p[CONTROLLER_MEMORY].path + strlen(top), "/a/b");
	ck_assert(p[CONTROLLER_MEMORY].leave);
	free(p[CONTROLLER_MEMORY].path);
	cgroup_map_free(&m);
	take_away(top);
}
END_TEST

START_TEST(counts_what_the_files_say)
{
	char top[] = "/tmp/cgroup.XXXXXX";
	struct cgroup_usage u;

	ck_assert_ptr_nonnull(mkdtemp(top));
	const char *const paths[] = {top};
	cgroup_usage(NULL, 0, &u);
	ck_assert_uint_eq(u.memory, CGROUP_UNKNOWN);
	put(top, "memory.current", "4096\n");
	put(top, "memory.max", "max\n");
	put(top, "memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\n");
	put(top, "cpu.stat", "usage_usec 77\nuser_usec 7\nnr_throttled 1\nthrottled_usec 5\n");
	put(top, "io.stat", "8:0 rbytes=10 wbytes=1 rios=1\n8:16 rbytes=20 wbytes=2 rios=1\n");
	cgroup_usage(paths, 1, &u);
	ck_assert_uint_eq(u.memory, 4096);
	ck_assert_uint_eq(u.memory_limit, CGROUP_UNKNOWN);
	ck_assert_uint_eq(u.out_of_memory, 1);
	ck_assert_uint_eq(u.limit_hit, 2);
	ck_assert_uint_eq(u.cpu_usec, 77);
	ck_assert_uint_eq(u.throttled_usec, 5);
	ck_assert_uint_eq(u.io_read, 30);
	ck_assert_uint_eq(u.io_written, 3);
	ck_assert_uint_eq(u.pids, CGROUP_UNKNOWN);
	take_away(top);
	ck_assert_ptr_nonnull(mkdtemp(strcpy(top, "/tmp/cgroup.XXXXXX")));
	put(top, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
	put(top, "cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_time 5000\n");
	put(top, "blkio.throttle.io_service_bytes",
	    "8:0 Read 10\n8:0 Write 5\n8:0 Total 15\nTotal 15\n");
	cgroup_usage(paths, 1, &u);
	ck_assert_uint_eq(u.out_of_memory, 3);
	ck_assert_uint_eq(u.limit_hit, CGROUP_UNKNOWN);
	ck_assert_uint_eq(u.throttled_usec, 5);
	ck_assert_uint_eq(u.io_read, 10);
	ck_assert_uint_eq(u.io_written, 5);
	take_away(top);
}
END_TEST

Suite *cgroup_suite(void)
{
	Suite *s = suite_create("cgroup");
	TCase *t = tcase_create("cgroup");

	tcase_add_test(t, finds_the_unified_hierarchy);
	tcase_add_test(t, finds_one_hierarchy_per_controller);
	tcase_add_test(t, sees_only_what_a_container_shows);
	tcase_add_test(t, nonsense_is_an_error_or_nothing);
	tcase_add_test(t, takes_the_nearest_group_that_can);
	tcase_add_test(t, counts_what_the_files_say);
	suite_add_tcase(s, t);
	return s;
}
