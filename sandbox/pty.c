#include "sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sandbox/scope.h"

/* The sandbox's own devpts: no path of the host's leads to it, nor is any opened. */
#define MASTER "/dev/pts/ptmx"

int pty_make(const struct terminal_wish *wish, int *master, int *slave)
{
	int locked = 0;
	AUTO_CLOSE int outer = open(MASTER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (outer < 0 || ioctl(outer, TIOCSPTLCK, &locked) < 0)
		return -errno;
	AUTO_CLOSE int inner = ioctl(outer, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (inner < 0 || tcsetattr(inner, TCSANOW, &wish->modes) < 0 ||
	    ioctl(inner, TIOCSWINSZ, &wish->size) < 0 || ioctl(inner, TIOCSCTTY, 0) < 0)
		return -errno;
	*master = take(&outer);
	*slave = take(&inner);
	return 0;
}

int pty_become(const struct terminal_wish *wish, int slave)
{
	for (int fd = 0; fd <= 2; fd++)
		if (wish->replaced >> fd & 1 && dup2(slave, fd) < 0)
			return -errno;
	/* All signals are blocked: the background may do this. */
	return wish->foreground && tcsetpgrp(slave, getpid()) < 0 ? -errno : 0;
}
