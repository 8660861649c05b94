/* What schedule.c and types_time.h share. */
#ifndef GUISE_FREEBSD_SCHEDULE_H
#define GUISE_FREEBSD_SCHEDULE_H

/* sys/kern/ksched.c: RTP_PRIO_MAX, and PRI_MAX_TIMESHARE - PRI_MIN_TIMESHARE */
#define REALTIME_PRIORITY_MAX 31
#define TIMESHARE_PRIORITY_MAX 103

enum rtprio_function { RTPRIO_LOOKUP, RTPRIO_SET };

#endif
