/* musl 1.2.3 has no statx(2). */
#include_next <sys/stat.h>
#ifndef FRONT_SYS_STAT_H
#define FRONT_SYS_STAT_H
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
static inline int statx(int at, const char *path, int flags, unsigned mask, struct statx *out)
{
	return (int)syscall(SYS_statx, at, path, flags, mask, out);
}
#endif
