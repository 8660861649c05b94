/* Clocks, sleeping and interval timers. */
#include "time.h"

struct itimerval {
	struct timeval interval, value;
};

static long ns(const struct timespec *t)
{
	return t->sec * 1000000000 + t->nsec;
}

static void clocks(void)
{
	static const int ids[] = {CLOCKS};
	for (size_t i = 0; i < COUNT(ids); i++) {
		struct timespec t = {-1, -1};
		IS(1, sys(SYS_clock_gettime, ids[i], &t), 0);
		CHECK(2, t.sec >= 0 && t.nsec >= 0 && t.nsec < 1000000000);
		IS(3, sys(SYS_clock_getres, ids[i], &t), 0);
		CHECK(4, ns(&t) > 0);
	}
	struct timespec a, b;
	IS(5, sys(SYS_clock_gettime, 99, &a), -EINVAL);
	IS(6, sys(SYS_clock_gettime, NO_CLOCK, &a), -EINVAL);
#ifdef CLOCK_SECOND
	sys(SYS_clock_gettime, CLOCK_SECOND, &a);
	IS(7, a.nsec, 0);
#else
	sys(SYS_clock_gettime, 0, &a);
#endif
	sys(SYS_clock_gettime, 0, &b);
	CHECK(8, b.sec - a.sec <= 1 && b.sec > 1600000000);
	sys(SYS_clock_gettime, MONOTONIC, &a);
	for (int i = 0; i < 1000; i++) {
		sys(SYS_clock_gettime, MONOTONIC, &b);
		CHECK(9, ns(&b) >= ns(&a));
		a = b;
	}
	struct timeval tv = {0, 0};
	struct {
		int west, dst;
	} zone = {7, 7};
	IS(10, sys(SYS_gettimeofday, &tv, &zone), 0);
	sys(SYS_clock_gettime, 0, &a);
	CHECK(11, a.sec - tv.sec <= 1 && zone.west == 0 && zone.dst == 0);
	IS(12, sys(SYS_gettimeofday, 0, 0), 0);
	/* Nobody in here may set the clock. */
	IS(13, sys(SYS_clock_settime, 0, &a), -EPERM);
	IS(14, sys(SYS_settimeofday, &tv, 0), -EPERM);
}

static void sleeping(void)
{
	struct timespec t = {0, 30000000}, left = {5, 5};
	long before = now_ms();
	IS(15, sys(SYS_nanosleep, &t, &left), 0);
	CHECK(16, now_ms() - before >= 30);
	t.nsec = 1000000000;
	IS(17, sys(SYS_nanosleep, &t, 0), -EINVAL);
	t = (struct timespec){-1, 0};
	IS(18, sys(SYS_nanosleep, &t, 0), 0); /* past already */

#ifdef SYS_clock_nanosleep
	/* Its error is its result: sys/kern/kern_time.c. */
	long out[2];
	t = (struct timespec){0, 30000000};
	before = now_ms();
	IS(19, raw(out, SYS_clock_nanosleep, MONOTONIC, 0, (long)&t, 0), 0);
	CHECK(20, out[0] == 0 && now_ms() - before >= 30);
	t.nsec = -1;
	IS(21, raw(out, SYS_clock_nanosleep, MONOTONIC, 0, (long)&t, 0), 0);
	IS(22, out[0], EINVAL);
	sys(SYS_clock_gettime, MONOTONIC, &t);
	t.nsec += 40000000;
	if (t.nsec >= 1000000000)
		t.sec++, t.nsec -= 1000000000;
	before = now_ms();
	IS(23, sys(SYS_clock_nanosleep, MONOTONIC, 1, &t, 0), 0); /* TIMER_ABSTIME */
	CHECK(24, now_ms() - before >= 39 && now_ms() - before < 1000);
	IS(25, sys(SYS_clock_nanosleep, MONOTONIC, 1, &t, 0), 0); /* gone by */
	before = now_ms();
	sys(SYS_clock_gettime, 0, &t);
	t.sec -= 10;
	IS(26, sys(SYS_clock_nanosleep, 0, 1, &t, 0), 0);
	CHECK(27, now_ms() - before < 1000);
#endif
}

static void timers(void)
{
	struct itimerval it = {{0, 0}, {100, 0}}, old = {{9, 9}, {9, 9}};
	IS(28, sys(SYS_setitimer, 0, &it, &old), 0);
	CHECK(29, old.value.sec == 0 && old.value.usec == 0 && old.interval.sec == 0);
	IS(30, sys(SYS_getitimer, 0, &old), 0);
	CHECK(31, old.value.sec >= 98 && old.value.sec <= 100);
	it.value.sec = 0;
	IS(32, sys(SYS_setitimer, 0, &it, &old), 0);
	CHECK(33, old.value.sec >= 98);
	IS(34, sys(SYS_setitimer, 7, &it, 0), -EINVAL);
	it.value.usec = 1000000;
	IS(35, sys(SYS_setitimer, 0, &it, 0), -EINVAL);
	/* A timer that nobody catches ends its process by SIGALRM, 14. */
	long child = sys(SYS_fork);
	if (child == 0) {
		it.value.usec = 20000;
		sys(SYS_setitimer, 0, &it, 0);
		sleep_ms(5000);
		quit(9);
	}
	IS(36, wait_for(child) & 0x7f, 14);
}

void test(int argc, char **argv, char **envp)
{
	clocks();
	sleeping();
	timers();
}
