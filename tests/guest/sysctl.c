/* sysctl by number and by name: sys/sysctl.h, kern/kern_sysctl.c. */
#include "tests/guest/guest.h"

static char text[1024];
static size_t len;

static long by_number(const int *name, unsigned n, void *out, size_t room)
{
	len = room;
	return sys(SYS___sysctl, name, n, out, &len, 0, 0);
}

static long by_name(const char *name, void *out, size_t room)
{
	len = room;
	return sys(SYS___sysctlbyname, name, strlen(name), out, &len, 0, 0);
}

void test(int argc, char **argv, char **envp)
{
	int ostype[] = {1, 1}, osrelease[] = {1, 2}, osreldate[] = {1, 24}, hostname[] = {1, 10};
	int ncpu[] = {6, 3}, pagesize[] = {6, 7}, machine[] = {6, 1}, none[] = {1, 9999};
	int value = 0;

	IS(1, by_number(ostype, 2, text, sizeof text), 0);
	CHECK(2, !strcmp(text, "FreeBSD") && len == 8);
	IS(3, by_number(osrelease, 2, text, sizeof text), 0);
	CHECK(4, text[0] >= '1' && text[0] <= '9' && len == strlen(text) + 1);
	IS(5, by_number(osreldate, 2, &value, sizeof value), 0);
	CHECK(6, value >= 1200000 && value < 2000000 && len == 4);
	IS(7, by_number(ncpu, 2, &value, sizeof value), 0);
	CHECK(8, value >= 1 && value < 4096);
	IS(9, by_number(pagesize, 2, &value, sizeof value), 0);
	IS(10, value, 4096);
	IS(11, by_number(machine, 2, text, sizeof text), 0);
	IS(12, strcmp(text, "amd64"), 0);
	IS(13, by_number(hostname, 2, text, sizeof text), 0);

	/* How much room is wanted; too little room is ENOMEM with what fits. */
	len = 0;
	IS(14, sys(SYS___sysctl, ostype, 2, 0, &len, 0, 0), 0);
	IS(15, len, 8);
	memset(text, 'x', sizeof text);
	IS(16, by_number(ostype, 2, text, 4), -ENOMEM);
	CHECK(17, !memcmp(text, "Free", 4) && text[4] == 'x');
	IS(18, by_number(none, 2, text, sizeof text), -ENOENT);
	IS(19, sys(SYS___sysctl, ostype, 25, text, &len, 0, 0), -EINVAL);
	IS(20, sys(SYS___sysctl, ostype, 1, text, &len, 0, 0) < 0, 1);
	/* A constant is not to be set. */
	len = sizeof text;
	IS(21, sys(SYS___sysctl, ostype, 2, 0, 0, "Linux", 6), -EPERM);

	IS(22, by_name("kern.ostype", text, sizeof text), 0);
	IS(23, strcmp(text, "FreeBSD"), 0);
	IS(24, by_name("kern.osreldate", &value, sizeof value), 0);
	CHECK(25, value >= 1200000);
	IS(26, by_name("hw.ncpu", &value, sizeof value), 0);
	IS(27, by_name("hw.pagesize", &value, sizeof value), 0);
	IS(28, value, 4096);
	IS(29, by_name("no.such.name", text, sizeof text), -ENOENT);
	IS(30, by_name("kern.smp.maxcpus", &value, sizeof value), 0);
	CHECK(31, value >= 1);
	int maxcpus = value;
	long stack = 0;
	IS(32, by_name("kern.usrstack", &stack, sizeof stack), 0);
	CHECK(33, stack > (long)&value && stack - (long)&value < 1L << 30);

	/* {0,3} turns a name into numbers, which then work. */
	int oid[24] = {0}, to_oid[] = {0, 3};
	len = sizeof oid;
	IS(34, sys(SYS___sysctl, to_oid, 2, oid, &len, "kern.smp.maxcpus", 16), 0);
	CHECK(35, len >= 8 && len % 4 == 0);
	int same = 0;
	IS(36, by_number(oid, (unsigned)(len / 4), &same, sizeof same), 0);
	IS(37, same, maxcpus);
	len = sizeof oid;
	IS(38, sys(SYS___sysctl, to_oid, 2, oid, &len, "kern.ostype", 11), 0);
	CHECK(39, len == 8 && oid[0] == 1 && oid[1] == 1);
	len = sizeof oid;
	IS(40, sys(SYS___sysctl, to_oid, 2, oid, &len, "no.such.name", 12), -ENOENT);
	IS(41, sys(SYS___sysctlbyname, 16, 11, text, &len, 0, 0), -EFAULT);
	/* What the libraries ask for at start. */
	long pages_free = 0;
	IS(42, by_name("hw.availpages", &pages_free, sizeof pages_free), 0);
	IS(43, by_name("kern.sched.cpusetsize", &value, sizeof value) <= 0, 1);
	IS(44, by_name("kern.hostname", text, sizeof text), 0);
	IS(45, by_name("kern.version", text, sizeof text), 0);
	CHECK(46, !memcmp(text, "FreeBSD ", 8));
	/* cpuset_getaffinity(WHICH, TID, this thread): what hw.ncpu counts. */
	unsigned char set[128] = {0};
	IS(47, sys(SYS_cpuset_getaffinity, 3, 1, -1L, sizeof set, set), 0);
	int n = 0;
	for (int i = 0; i < 1024; i++)
		n += set[i / 8] >> i % 8 & 1;
	by_name("hw.ncpu", &value, sizeof value);
	CHECK(48, n >= 1 && n <= value);
	char random[16] = {0}, zero[16] = {0};
	IS(49, sys(SYS_getrandom, random, 16, 0), 16);
	CHECK(50, memcmp(random, zero, 16));
	IS(51, sys(SYS_getrandom, random, 16, 0x100), -EINVAL);
	/* The loopback and its address, as routing messages. */
	static unsigned char list[16384];
	int routes[] = {4, 17, 0, 0, 3, 0};
	len = sizeof list;
	IS(52, sys(SYS___sysctl, routes, 6, list, &len, 0, 0), 0);
	size_t at = 0;
	int loopbacks = 0, own = 0;
	while (at + 16 <= len && list[at] + 256 * list[at + 1] >= 16) {
		const unsigned char *m = list + at;
		CHECK(53, m[2] == 5 && (m[3] == 0xe || m[3] == 0xc));
		loopbacks += m[3] == 0xe && m[8] & 8 && m[16] == 0x18;
		/* ifa_msghdr, netmask, address */
		own += m[3] == 0xc && m[20] == 16 && m[21] == 2 && m[24] == 255 && m[40] == 127;
		at += m[0] + 256U * m[1];
	}
	IS(54, at, len);
	CHECK(55, loopbacks == 1 && own >= 1);
	size_t needed = 0;
	IS(56, sys(SYS___sysctl, routes, 6, 0, &needed, 0, 0), 0);
	IS(57, needed, len);
	IS(58, sys(SYS___sysctl, routes, 5, 0, &needed, 0, 0), -EISDIR);
	routes[4] = 77;
	IS(59, sys(SYS___sysctl, routes, 6, 0, &needed, 0, 0), -EINVAL);
}
