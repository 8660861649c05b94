/* What Linux tells of the processes inside: a procfs that only the resident knows.
 *
 * A system's calls tell a program much that Linux tells in /proc alone: the list of
 * processes, the path of an open file, what is mounted where.  So the sandbox has a procfs of
 * its own pid namespace on a hidden descriptor (HIDDEN_PROCESSES), mounted nowhere, and the
 * resident reads it through syscalls/facts.c.  A program that comes to it by jumping into the
 * gate finds little worth having:
 *
 *   subset=pid          no /proc/sys, no /proc/kcore: nothing but the processes
 *   hidepid=ptraceable  and of those only what the program may look into anyway
 *   read-only           /proc/PID/mem and the like cannot be written
 *   nosymfollow         /proc/PID/{fd,root,cwd,exe,ns} can be read as links and not followed:
 *                       no descriptor is opened again with other rights, no root is left
 *
 * Since it has nothing of the host, Linux allows it where the host's own /proc is covered
 * in part, too (fs/proc/root.c: proc_fill_super, Linux 5.13).  Where it is not to be had, the
 * calls that need it fail as their rows say.
 */
#include <errno.h>
#include <sys/mount.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* Linux 5.14 */
#endif

int step_processes(struct box *b, const struct step *s)
{
	static const struct {
		const char *key, *value;
	} options[] = {{"subset", "pid"}, {"hidepid", "ptraceable"}};
	AUTO_CLOSE int fs = fsopen("proc", FSOPEN_CLOEXEC);

	for (unsigned i = 0; fs >= 0 && i < sizeof options / sizeof *options; i++)
		if (fsconfig(fs, FSCONFIG_SET_STRING, options[i].key, options[i].value, 0) < 0)
			return 0; /* b->processes stays -1 */
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return 0;
	b->processes = fsmount(fs, FSMOUNT_CLOEXEC,
			       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				       MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW);
	return 0;
}
