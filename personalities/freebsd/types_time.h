/* Clocks, limits, scheduling. */
#ifndef GUISE_FREEBSD_TYPES_TIME_H
#define GUISE_FREEBSD_TYPES_TIME_H

#include "personalities/freebsd/file.h"
#include "personalities/freebsd/schedule.h"
#include "syscalls/clock.h"
#include "syscalls/linux.h"
#include "syscalls/resource.h"
#include "syscalls/timer.h"

#include <linux/timerfd.h>

/* ---- Clocks (sys/_clock_id.h) ---------------------------------------------------- */

/* The fast ones are as coarse as the kernel's tick on both sides. */
NAMES(clock, i32, IS(0, CLOCK_REALTIME), IS_AS(1, CPU_CLOCK_OF(0, CPU_CLOCK_USER), "CLOCK_VIRTUAL"),
      IS_AS(2, CPU_CLOCK_OF(0, CPU_CLOCK_ALL), "CLOCK_PROF"), IS(4, CLOCK_MONOTONIC),
      IS_AS(5, CLOCK_MONOTONIC, "CLOCK_UPTIME"), IS_AS(7, CLOCK_MONOTONIC, "CLOCK_UPTIME_PRECISE"),
      IS_AS(8, CLOCK_MONOTONIC_COARSE, "CLOCK_UPTIME_FAST"),
      IS_AS(9, CLOCK_REALTIME, "CLOCK_REALTIME_PRECISE"),
      IS_AS(10, CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_FAST"),
      IS_AS(11, CLOCK_MONOTONIC, "CLOCK_MONOTONIC_PRECISE"),
      IS_AS(12, CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_FAST"),
      IS_AS(13, CLOCK_WHOLE_SECONDS, "CLOCK_SECOND"), IS(14, CLOCK_THREAD_CPUTIME_ID),
      IS(15, CLOCK_PROCESS_CPUTIME_ID), IS(16, CLOCK_TAI), /* since 15.0 */
);
NAMES(timer_flags, i32, BIT(1, TIMER_ABSTIME));

/* sys/timerfd.h */
NAMES(timerfd_clock, i32, IS(0, CLOCK_REALTIME), IS(4, CLOCK_MONOTONIC),
      IS_AS(5, CLOCK_MONOTONIC, "CLOCK_UPTIME"));
NAMES(timerfd_flags, i32, BIT_AS(0x4, O_NONBLOCK, "TFD_NONBLOCK"),
      BIT_AS(0x100000, O_CLOEXEC, "TFD_CLOEXEC"));
NAMES(timerfd_set_flags, i32, BIT(1, TFD_TIMER_ABSTIME), BIT(2, TFD_TIMER_CANCEL_ON_SET));

/* sys/time.h */
NAMES(cpu_clock_kind, i32, IS_AS(0, 0, "CPUCLOCK_WHICH_PID"),
      IS_AS(1, CPU_CLOCK_THREAD, "CPUCLOCK_WHICH_TID"));
NAMES(itimer, i32, IS(0, ITIMER_REAL), IS(1, ITIMER_VIRTUAL), IS(2, ITIMER_PROF));

/* sys/signal.h: struct sigevent.  SIGEV_THREAD is libc's own doing; SIGEV_KEVENT is for
 * asynchronous I/O. */
NAMES(event_how, i32, IS_AS(0, TIMER_EVENT_NONE, "SIGEV_NONE"),
      IS_AS(1, TIMER_EVENT_SIGNAL, "SIGEV_SIGNAL"),
      IS_AS(4, TIMER_EVENT_THREAD, "SIGEV_THREAD_ID"));
#define HOST struct timer_event
STRUCT(sigevent, 80, FIELD(0, event_how, how), FIELD(4, i32, signal), FIELD(8, u64, value),
       FIELD(16, i32, thread));
#undef HOST

/* Structures of Linux's layout. */
#define HOST struct timespec
STRUCT(timespec, 16, FIELD(0, measured, tv_sec), FIELD(8, measured, tv_nsec));
#undef HOST
#define HOST struct timeval
STRUCT(timeval, 16, FIELD(0, measured, tv_sec), FIELD(8, measured, tv_usec));
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

/* ---- Limits (sys/resource.h) -------------------------------------------------------- */

NAMES(resource, i32, IS(0, RLIMIT_CPU), IS(1, RLIMIT_FSIZE), IS(2, RLIMIT_DATA),
      IS(3, RLIMIT_STACK), IS(4, RLIMIT_CORE), IS(5, RLIMIT_RSS), IS(6, RLIMIT_MEMLOCK),
      IS(7, RLIMIT_NPROC), IS(8, RLIMIT_NOFILE), IS_AS(9, RESOURCE_UNLIMITED, "RLIMIT_SBSIZE"),
      IS_AS(10, RLIMIT_AS, "RLIMIT_VMEM"), IS_AS(11, RESOURCE_UNLIMITED, "RLIMIT_NPTS"),
      IS_AS(12, RESOURCE_UNLIMITED, "RLIMIT_SWAP"), IS_AS(13, RESOURCE_UNLIMITED, "RLIMIT_KQUEUES"),
      IS_AS(14, RESOURCE_UNLIMITED, "RLIMIT_UMTXP"),
      IS_AS(15, RESOURCE_UNLIMITED, "RLIMIT_PIPEBUF"), /* since 14.2 */
);
FREEBSD_CUSTOM(rlim, 8, 8); /* signed; infinity is the largest */
#define HOST struct rlimit64
STRUCT(rlimit, 16, FIELD(0, rlim, rlim_cur), FIELD(8, rlim, rlim_max));
#undef HOST

/* struct rusage is Linux's, member by member. */
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
NAMES(rusage_who, i32, IS(0, RUSAGE_SELF), IS(-1, RUSAGE_CHILDREN), IS(1, RUSAGE_THREAD));
NAMES(priority_of, i32, IS(0, PRIO_PROCESS), IS(1, PRIO_PGRP), IS(2, PRIO_USER));

/* ---- Scheduling (sys/sched.h, sys/rtprio.h, sys/priority.h) --------------------------- */

NAMES(policy, i32, IS(1, SCHED_FIFO), IS_AS(2, SCHED_NORMAL, "SCHED_OTHER"), IS(3, SCHED_RR));
/* The right column is the answer itself. */
NAMES(policy_max, i32, IS_AS(1, REALTIME_PRIORITY_MAX, "SCHED_FIFO"),
      IS_AS(2, TIMESHARE_PRIORITY_MAX, "SCHED_OTHER"), IS_AS(3, REALTIME_PRIORITY_MAX, "SCHED_RR"));
NAMES(policy_min, i32, IS_AS(1, 0, "SCHED_FIFO"), IS_AS(2, 0, "SCHED_OTHER"),
      IS_AS(3, 0, "SCHED_RR"));
NAMES(rtprio_class, u16, IS_AS(2, 2, "RTP_PRIO_REALTIME"), IS_AS(3, 3, "RTP_PRIO_NORMAL"),
      IS_AS(4, 4, "RTP_PRIO_IDLE"), IS_AS(10, 10, "RTP_PRIO_FIFO"));
struct rtprio {
	uint16_t type, priority;
};
#define HOST struct rtprio
STRUCT(rtprio, 4, FIELD(0, rtprio_class, type), FIELD_AS(2, u16, priority, "prio"));
#undef HOST
NAMES(rtprio_function, i32, IS_AS(0, RTPRIO_LOOKUP, "RTP_LOOKUP"), IS_AS(1, RTPRIO_SET, "RTP_SET"));

/* ---- Processors (sys/cpuset.h) ----------------------------------------------------------- */

NAMES(cpu_level, i32, IS_AS(1, PROCESSORS_OF_SYSTEM, "CPU_LEVEL_ROOT"),
      IS_AS(2, PROCESSORS_OF_SYSTEM, "CPU_LEVEL_CPUSET"),
      IS_AS(3, PROCESSORS_THEMSELVES, "CPU_LEVEL_WHICH"));
NAMES(cpu_which, i32, IS_AS(1, PROCESSORS_OF_THREAD, "CPU_WHICH_TID"),
      IS_AS(2, PROCESSORS_OF_PROCESS, "CPU_WHICH_PID"),
      IS_AS(9, PROCESSORS_OF_EITHER, "CPU_WHICH_TIDPID"));

/* Commands and flags have Linux's numbers (sys/membarrier.h); the sequence ones are not there. */
NAMES(membarrier_command, i32, IS_AS(0x00, 0x00, "MEMBARRIER_CMD_QUERY"),
      IS_AS(0x01, 0x01, "MEMBARRIER_CMD_GLOBAL"),
      IS_AS(0x02, 0x02, "MEMBARRIER_CMD_GLOBAL_EXPEDITED"),
      IS_AS(0x04, 0x04, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED"),
      IS_AS(0x08, 0x08, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"),
      IS_AS(0x10, 0x10, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"),
      IS_AS(0x20, 0x20, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE"),
      IS_AS(0x40, 0x40, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE"));

#endif
