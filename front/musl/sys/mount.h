/* musl 1.2.3 has mount(2) and its flags; the calls since Linux 5.2 as glibc 2.36 has them. */
#include_next <sys/mount.h>
#ifndef FRONT_SYS_MOUNT_H
#define FRONT_SYS_MOUNT_H
#include <linux/mount.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int fsopen(const char *type, unsigned flags)
{
	return (int)syscall(SYS_fsopen, type, flags);
}

static inline int fsconfig(int fs, unsigned command, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fs, command, key, value, aux);
}

static inline int fsmount(int fs, unsigned flags, unsigned attributes)
{
	return (int)syscall(SYS_fsmount, fs, flags, attributes);
}

static inline int open_tree(int at, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, at, path, flags);
}

static inline int move_mount(int from, const char *path, int to, const char *there, unsigned flags)
{
	return (int)syscall(SYS_move_mount, from, path, to, there, flags);
}

static inline int mount_setattr(int at, const char *path, unsigned flags, struct mount_attr *attr,
				size_t size)
{
	return (int)syscall(SYS_mount_setattr, at, path, flags, attr, size);
}
#endif
