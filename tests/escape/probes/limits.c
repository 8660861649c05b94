/* What a guest uses up, and races. */
#include "tests/escape/probes/probe.h"

#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/un.h>

#include <asm/statfs.h>

/* More than the machine should be made to make for one sandbox; a test never gets there. */
#define MANY_PROCESSES 40000

CHECK_OF("28", processes, SELF_NEVER, "the host has no limit to run into", "a bomb of processes")
{
	long limit = fact_number("PIDS"), made = 0, r = 0;
	if (!limit) {
		not_here("run without --pids");
		return;
	}
	while (made < limit * 4) {
		r = host(__NR_clone, 17, 0, 0, 0, 0);
		if (r == 0)
			for (;;)
				host(__NR_pause);
		if (r < 0)
			break;
		made++;
	}
	holds("EAGAIN", r == -EAGAIN && made <= limit);
}

CHECK_OF("28", descriptor_bomb, SELF_NEVER, "it ends the same outside", "a bomb of descriptors")
{
	long r = 0, n = 0;
	while (n < 2000000 && (r = host(__NR_fcntl, 0, F_DUPFD, 3)) >= 0)
		n++;
	holds("EMFILE", r == -EMFILE);
}

/* A size and a number of files, at every place that can be written to. */
static void bounded(const char *path)
{
	struct statfs s = {0};
	char name[64];
	join(name, sizeof name, path, "/probe", "");
	long fd = host(__NR_open, name, O_CREAT | O_WRONLY, 0600);
	if (fd < 0) {
		refused(path, fd);
		return;
	}
	host(__NR_close, fd);
	host(__NR_unlink, name);
	host(__NR_statfs, path, &s);
	if (s.f_type != TMPFS_MAGIC) {
		inform(path, s.f_type);
		return;
	}
	holds(path, s.f_blocks != 0 && s.f_blocks * 4096UL <= 2UL << 30);
	holds("files", s.f_files != 0 && s.f_files <= 1 << 20);
}

CHECK_OF("29", places, SELF_NEVER, "outside it is the host's disk",
	 "a bound on everything that can be filled: /, /tmp, /dev, /dev/shm, /run, /var/tmp")
{
	static const char *const paths[] = {"/",    "/tmp", "/dev", "/dev/shm", "/dev/pts",
					    "/etc", "/run", "/var", "/var/tmp", "/home"};
	for (size_t i = 0; i < COUNT(paths); i++)
		if (host(__NR_access, paths[i], 0) == 0)
			bounded(paths[i]);
}

CHECK_OF("29", filled, SELF_NEVER, "outside it is the host's memory",
	 "filling /dev/shm, bytes and files")
{
	long fd = host(__NR_open, "/dev/shm/fill", O_CREAT | O_RDWR, 0600), r = 0, n = 0;
	if (fd < 0) {
		refused("no such place", fd);
		return;
	}
	/* fallocate takes the memory without the time that writing would need. */
	while (n < 4096 && (r = host(__NR_fallocate, fd, 0, n << 20, 1 << 20)) == 0)
		n++;
	host(__NR_unlink, "/dev/shm/fill");
	host(__NR_close, fd);
	holds("ENOSPC", r == -ENOSPC);
	char name[64];
	for (n = 0, r = 0; n < 300000 && r >= 0; n++) {
		join(name, sizeof name, "/dev/shm/f", digits(n), "");
		r = host(__NR_mknod, name, 0100600, 0);
	}
	holds("of files", r == -ENOSPC);
	while (n-- > 0) {
		join(name, sizeof name, "/dev/shm/f", digits(n), "");
		host(__NR_unlink, name);
	}
}

CHECK_OF("29", memory_files, SELF_NEVER, "outside it is the host's memory",
	 "memory by memfd and shared mappings, under --memory (see test-bombs)")
{
	if (!fact_number("MEMORY")) {
		not_here("run without --memory");
		return;
	}
	long child = start_child();
	if (child == 0) {
		long fd = host(__NR_memfd_create, "fill", 0), n = 0, r = 0;
		while (n < fact_number("MEMORY") * 4 && r == 0)
			r = host(__NR_fallocate, fd, 0, n++ << 20, 1 << 20);
		end(r < 0 ? 0 : 1);
	}
	holds("ended", wait_child(child) != 1);
}

/* ---- Races ---------------------------------------------------------------------------------- */

#define LONGEST 4096

/* One process keeps changing the first letter of a path, so that it names something forbidden or
 * nothing at all, and another uses it: if anybody decided by what it read and the kernel then read
 * again, some of the calls would get there. */
static void flip(volatile char *path, char good, const volatile int *stop)
{
	const char bad = *path;
	while (!*stop) {
		*path = good;
		*path = bad;
	}
}

/*
 * Whether to try once more, after `tried` times of which `reached` got there.  Without a sandbox the race is run to
 * show that it can be won: two processes that share a processor may need more rounds than usual for that.
 */
static bool once_more(long tried, long reached)
{
	long rounds = fact_number("RACES");
	if (fact_number("BARE") && !reached)
		return tried < 10000000;
	return tried < (rounds ? rounds : 2000);
}

static void race(const char *what, const char *forbidden, long (*use)(const char *))
{
	char *path = shared_pages(2);
	volatile int *stop = (volatile int *)(path + LONGEST);
	long reached = 0;
	memcpy(path, forbidden, strlen(forbidden) + 1);
	long flipper = start_child();
	if (flipper == 0) {
		flip(path, 'x', stop);
		end(0);
	}
	for (long i = 0; once_more(i, reached); i++)
		reached += use(path);
	*stop = 1;
	wait_child(flipper);
	holds(what, reached == 0);
}

static long is_secret(const char *path)
{
	char text[8] = "";
	long fd = host(__NR_open, path, O_RDONLY);
	if (fd < 0)
		return 0;
	host(__NR_read, fd, text, sizeof text - 1);
	host(__NR_close, fd);
	return !strcmp(text + 1, "ecret:"); /* another probe may have changed the first letter */
}

static long is_connected(const char *path)
{
	struct sockaddr_un a = {.sun_family = 1};
	long s = host(__NR_socket, 1, 1 | 04000 /* SOCK_NONBLOCK */, 0);
	for (size_t i = 0; i + 1 < sizeof a.sun_path && path[i]; i++)
		a.sun_path[i] = path[i];
	long r = host(__NR_connect, s, &a, sizeof a);
	host(__NR_close, s);
	return r == 0 || r == -EAGAIN; /* or too many came before */
}

static long is_executed(const char *path)
{
	return host(__NR_access, path, 1) == 0;
}

CHECK_OF("21", path_races, SELF_PLAIN, NULL, "a path changed while open, connect and exec read it")
{
	race("open", fact("SECRET"), is_secret);
	race("connect", fact("SOCKET"), is_connected);
	race("exec", fact("EXECUTABLE"), is_executed);
}

/* The same with a link that is changed: nothing outside may be found by it. */
CHECK_OF("21", link_races, SELF_PLAIN, NULL, "a symbolic link changed while it is followed")
{
	long reached = 0;
	host(__NR_close, host(__NR_open, "good", O_CREAT | O_WRONLY, 0600));
	host(__NR_symlink, "good", "race-a");
	host(__NR_symlink, fact("SECRET"), "race-b");
	volatile int *stop = shared_pages(1);
	long flipper = start_child();
	if (flipper == 0) {
		while (!*stop)
			host(__NR_renameat2, AT_FDCWD, "race-a", AT_FDCWD, "race-b",
			     2 /* EXCHANGE */);
		end(0);
	}
	for (long i = 0; once_more(i, reached); i++)
		reached += is_secret("race-a");
	*stop = 1;
	wait_child(flipper);
	holds("open", reached == 0);
	host(__NR_unlink, "race-a");
	host(__NR_unlink, "race-b");
	host(__NR_unlink, "good");
}
