/* kern.proc.*: what the tree of values (sysctl.def) refers to. */
#ifndef GUISE_FREEBSD_KINFO_H
#define GUISE_FREEBSD_KINFO_H

#include "syscalls/sysctl.h"

int kinfo_processes(struct sysctl *s); /* kern.proc.{all,pid,pgrp,session,tty,uid,...} */
int kinfo_arguments(struct sysctl *s);
int kinfo_environment(struct sysctl *s);
int kinfo_path(struct sysctl *s);
int kinfo_directory(struct sysctl *s);
int kinfo_files(struct sysctl *s);
int kinfo_file_count(struct sysctl *s);
int kinfo_groups(struct sysctl *s);
int kinfo_limit(struct sysctl *s);
int kinfo_vector(struct sysctl *s);
int kinfo_trampoline(struct sysctl *s);
int kinfo_device_name(struct sysctl *s); /* kern.devname */

/* The name of a device in /dev: 0 or -ENOENT. */
#define DEVICE_NAME 32
int kinfo_name_device(uint32_t major, uint32_t minor, char name[DEVICE_NAME]);

/* As much of a name as there is room for, to where all is zero. */
void kinfo_copy_name(char *to, size_t size, const char *from);

/* Descriptors of all processes together. */
long kinfo_open_files(struct call *c);

/* The process the path's next number names, or -errno. */
int kinfo_pid(const struct sysctl *s);

#endif
