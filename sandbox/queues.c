/* POSIX message queues are files of a file system of the IPC namespace's own.  mq_open goes
 * through that wherever it is mounted, or not, and Landlock asks for a rule about it as about any
 * other; a rule needs a descriptor, and a descriptor a mount.  It is mounted nowhere, and gone
 * once the rule is made.  Where it cannot be had there are no queues to open.
 */
#include <sys/mount.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

int step_queues(struct box *b, const struct step *s)
{
	AUTO_CLOSE int fs = fsopen("mqueue", FSOPEN_CLOEXEC);

	(void)s; /* there is but one */
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return 0; /* b->queues stays -1 */
	b->queues = fsmount(fs, FSMOUNT_CLOEXEC,
			    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return 0;
}
