/* Clocks and limits: sys/time.h, sys/resource.h, sys/timerfd.h; NetBSD 10. */
#ifndef GUISE_NETBSD_TYPES_TIME_H
#define GUISE_NETBSD_TYPES_TIME_H

#include "personalities/netbsd/custom.h"
#include "syscalls/clock.h"
#include "syscalls/linux.h"
#include "syscalls/resource.h"
#include "syscalls/timer.h"

#include <linux/timerfd.h>

NAMES(clock_names, i32, IS(0, CLOCK_REALTIME),
      IS_AS(1, CPU_CLOCK_OF(0, CPU_CLOCK_USER), "CLOCK_VIRTUAL"),
      IS_AS(2, CPU_CLOCK_OF(0, CPU_CLOCK_ALL), "CLOCK_PROF"), IS(3, CLOCK_MONOTONIC),
      IS(0x20000000, CLOCK_THREAD_CPUTIME_ID), IS(0x40000000, CLOCK_PROCESS_CPUTIME_ID), );
NETBSD_CUSTOM_LIKE(clock, 4, 8, clock_names); /* or a process's or thread's, with its number */
NAMES(timer_flags, i32, BIT(1, TIMER_ABSTIME));
NAMES(timerfd_clock, i32, IS(0, CLOCK_REALTIME), IS(3, CLOCK_MONOTONIC));
NAMES(timerfd_flags, i32, BIT_AS(0x4, O_NONBLOCK, "TFD_NONBLOCK"),
      BIT_AS(0x400000, O_CLOEXEC, "TFD_CLOEXEC"));
NAMES(timerfd_set_flags, i32, BIT(1, TFD_TIMER_ABSTIME), BIT(2, TFD_TIMER_CANCEL_ON_SET));
NAMES(itimer, i32, IS(0, ITIMER_REAL), IS(1, ITIMER_VIRTUAL), IS(2, ITIMER_PROF));

/* sys/signal.h: struct sigevent.  SIGEV_THREAD is libc's own doing. */
NAMES(event_how, i32, IS_AS(0, TIMER_EVENT_NONE, "SIGEV_NONE"),
      IS_AS(1, TIMER_EVENT_SIGNAL, "SIGEV_SIGNAL"));
#define HOST struct timer_event
STRUCT(sigevent, 32, FIELD(0, event_how, how), FIELD(4, i32, signal), FIELD(8, u64, value));
#undef HOST

#define HOST struct timespec
STRUCT(timespec, 16, FIELD(0, measured, tv_sec), FIELD(8, measured, tv_nsec));
#undef HOST
/* suseconds_t is an int, before four bytes of nothing. */
#define HOST struct timeval
STRUCT(timeval, 16, FIELD(0, measured, tv_sec), FIELD(8, measured32, tv_usec));
#undef HOST
#define HOST struct timezone
STRUCT(timezone, 8, FIELD(0, i32, tz_minuteswest), FIELD(4, i32, tz_dsttime));
#undef HOST
#define HOST struct itimerval
STRUCT(itimerval, 32, INNER(0, timeval, it_interval), INNER(16, timeval, it_value));
#undef HOST
#define HOST struct itimerspec
STRUCT(itimerspec, 32, INNER(0, timespec, it_interval), INNER(16, timespec, it_value));
#undef HOST

NAMES(resource, i32, IS(0, RLIMIT_CPU), IS(1, RLIMIT_FSIZE), IS(2, RLIMIT_DATA),
      IS(3, RLIMIT_STACK), IS(4, RLIMIT_CORE), IS(5, RLIMIT_RSS), IS(6, RLIMIT_MEMLOCK),
      IS(7, RLIMIT_NPROC), IS(8, RLIMIT_NOFILE), IS_AS(9, RESOURCE_UNLIMITED, "RLIMIT_SBSIZE"),
      IS(10, RLIMIT_AS), IS_AS(11, RESOURCE_UNLIMITED, "RLIMIT_NTHR"), );
NETBSD_CUSTOM(rlim, 8, 8); /* infinity is the largest signed number */
#define HOST struct rlimit64
STRUCT(rlimit, 16, FIELD(0, rlim, rlim_cur), FIELD(8, rlim, rlim_max));
#undef HOST

#define HOST struct rusage
STRUCT(rusage, 144, INNER(0, timeval, ru_utime), INNER(16, timeval, ru_stime),
       FIELD(32, measured, ru_maxrss), FIELD(40, measured, ru_ixrss), FIELD(48, measured, ru_idrss),
       FIELD(56, measured, ru_isrss), FIELD(64, measured, ru_minflt),
       FIELD(72, measured, ru_majflt), FIELD(80, measured, ru_nswap),
       FIELD(88, measured, ru_inblock), FIELD(96, measured, ru_oublock),
       FIELD(104, measured, ru_msgsnd), FIELD(112, measured, ru_msgrcv),
       FIELD(120, measured, ru_nsignals), FIELD(128, measured, ru_nvcsw),
       FIELD(136, measured, ru_nivcsw), );
#undef HOST
NAMES(rusage_who, i32, IS(0, RUSAGE_SELF), IS(-1, RUSAGE_CHILDREN));
NAMES(priority_of, i32, IS(0, PRIO_PROCESS), IS(1, PRIO_PGRP), IS(2, PRIO_USER));

#endif
