/* sandbox/landlock.c: what a plan's places allow, without any mount or namespace to help. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/landlock.h"

Suite *landlock_suite(void);

static unsigned count_lacks(unsigned version, bool ports)
{
	unsigned n = 0;

	while (landlock_lack(version, ports, n))
		n++;
	return n;
}

START_TEST(each_version_lacks_less)
{
	/* files, truncation, ports, devices, signals and sockets */
	ck_assert_uint_eq(count_lacks(0, true), 5);
	ck_assert_uint_eq(count_lacks(2, true), 4);
	ck_assert_uint_eq(count_lacks(3, true), 3);
	ck_assert_uint_eq(count_lacks(3, false), 2);
	ck_assert_uint_eq(count_lacks(5, true), 1);
	ck_assert_uint_eq(count_lacks(6, true), 0);
	ck_assert_uint_eq(count_lacks(99, true), 0);
	ck_assert_ptr_nonnull(strstr(landlock_lack(4, true, 0), "6.10"));
	ck_assert_ptr_nonnull(strstr(landlock_lack(4, true, 1), "6.12"));
}
END_TEST

START_TEST(each_version_governs_more)
{
	ck_assert_uint_eq(landlock_all(0).files, 0);
	ck_assert_uint_eq(landlock_all(2).files, 0x3fff);
	ck_assert_uint_eq(landlock_all(3).files, 0x7fff);
	ck_assert_uint_eq(landlock_all(3).ports, 0);
	ck_assert_uint_eq(landlock_all(4).ports, 3);
	ck_assert_uint_eq(landlock_all(5).files, 0xffff);
	ck_assert_uint_eq(landlock_all(5).scoped, 0);
	ck_assert_uint_eq(landlock_all(7).scoped, 3);
}
END_TEST

/* ---- In force ---------------------------------------------------------------------- */

static char directory[] = "/tmp/landlock-XXXXXX";
static char open_place[64], sub[80], shut_place[64], device[] = "/dev/null";

static int listener;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static socklen_t address_size;

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(open_place, sizeof open_place, "%s/open", directory);
	(void)snprintf(shut_place, sizeof shut_place, "%s/shut", directory);
	(void)snprintf(sub, sizeof sub, "%s/sub", open_place);
	ck_assert_int_eq(mkdir(open_place, 0755) | mkdir(shut_place, 0755) | mkdir(sub, 0755), 0);
	address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				   (size_t)snprintf(address.sun_path + 1, 100, "%s", directory));
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, address_size), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
}

static void tear_down(void)
{
	char file[128];

	close(listener);
	(void)snprintf(file, sizeof file, "%s/y", sub);
	unlink(file);
	rmdir(sub);
	rmdir(open_place);
	rmdir(shut_place);
	rmdir(directory);
	strcpy(directory, "/tmp/landlock-XXXXXX");
}

/* The child's checks: exit status 0, or the line of the one that failed. */
#define HOLDS(x) \
	do { \
		if (!(x)) \
			return (__LINE__ - 100) & 127; \
	} while (0)

static int make_file(const char *place, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", place, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		return -errno;
	return close(fd);
}

static int check_files(void)
{
	char from[128], to[128];

	HOLDS(make_file(open_place, "x") == 0);
	HOLDS(make_file(shut_place, "x") == -EACCES);
	(void)snprintf(from, sizeof from, "%s/x", open_place);
	(void)snprintf(to, sizeof to, "%s/y", shut_place);
	HOLDS(rename(from, to) < 0 && (errno == EACCES || errno == EXDEV));
	(void)snprintf(to, sizeof to, "%s/y", sub);
	HOLDS(rename(from, to) == 0);
	HOLDS(truncate(to, 1) == 0);
	HOLDS(mknod(from, S_IFCHR | 0600, 0) < 0 && errno == EACCES);
	HOLDS(mkdir(shut_place, 0700) < 0 && errno == EEXIST);
	HOLDS(rmdir(shut_place) < 0 && errno == EACCES);
	HOLDS(open(device, O_RDWR) >= 0);
	HOLDS(open("/dev/zero", O_RDWR) < 0 && errno == EACCES);
	HOLDS(open("/etc/passwd", O_RDONLY) >= 0);
	return 0;
}

static int check_scopes(void)
{
	if (landlock_version() < 6)
		return 0;
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	HOLDS(s >= 0);
	HOLDS(connect(s, (struct sockaddr *)&address, address_size) < 0 && errno == EPERM);
	HOLDS(kill(getppid(), 0) < 0 && errno == EPERM);
	HOLDS(kill(getpid(), 0) == 0);
	return 0;
}

static int confined(void)
{
	struct plan plan = {0};
	struct failure why = {0};
	struct box_options options = {0};
	struct box b = {.plan = &plan, .options = &options, .why = &why};
	const struct step steps[] = {
		{.kind = STEP_WRITABLE, .to = shut_place}, /* and then something else there */
		{.kind = STEP_WRITABLE, .to = open_place},  {.kind = STEP_DEVICE, .to = device},
		{.kind = STEP_READ_ONLY, .to = shut_place}, {.kind = STEP_PIVOT},
	};
	const struct step step = {.kind = STEP_LANDLOCK, .number = landlock_version()};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		HOLDS(plan_add(&plan, &steps[i]) == 0);
	HOLDS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	HOLDS(step_landlock(&b, &step) == 0);
	plan_free(&plan);
	int r = check_files();
	return r ? r : check_scopes();
}

START_TEST(places_are_what_they_allow)
{
	int status;

	if (!landlock_version())
		return; /* nothing that could be in force; guise doctor tells it */
	pid_t child = fork();
	if (child == 0)
		_exit(confined());
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_msg(WEXITSTATUS(status) == 0, "line %d failed", WEXITSTATUS(status) + 100);
}
END_TEST

Suite *landlock_suite(void)
{
	Suite *s = suite_create("landlock");
	TCase *versions = tcase_create("versions");
	TCase *force = tcase_create("in force");

	tcase_add_test(versions, each_version_lacks_less);
	tcase_add_test(versions, each_version_governs_more);
	tcase_add_unchecked_fixture(force, set_up, tear_down);
	tcase_add_test(force, places_are_what_they_allow);
	suite_add_tcase(s, versions);
	suite_add_tcase(s, force);
	return s;
}
