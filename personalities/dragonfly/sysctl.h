/* The Linux calls that reading DragonFly's tree makes (sysctl.c). */
#ifndef GUISE_DRAGONFLY_SYSCTL_H
#define GUISE_DRAGONFLY_SYSCTL_H

#define SYSCTL_USES USES(sched_getaffinity, sysinfo, prlimit64, uname, clock_gettime, getrandom)

#endif
