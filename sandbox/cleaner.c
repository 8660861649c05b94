/* What the kernel does not let go of by itself when the supervisor ends (a control group)
 * needs somebody who is still there after a SIGKILL.  Process 1 is not: it dies with the
 * supervisor, and is in the group besides.  So a process is put beside the supervisor, in a
 * process group of its own so that no signal to the caller's reaches it, which waits for the
 * supervisor's end.  Whichever of the two is killed, the other one cleans up; if
 * both are, the next sandbox does. */
#include "sandbox/cleaner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Signals stay blocked, as the supervisor has them. */
static _Noreturn void stand_by(pid_t supervisor, void (*clean)(void *), void *what)
{
	(void)close_range(0, ~0U, 0); /* cannot fail: a plain range */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)chdir("/"); /* or it stays: it keeps a directory busy, no more */
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, supervisor, 0), .events = POLLIN};
	/* Gone before it could be watched, this process has another parent. */
	while (end.fd >= 0 && getppid() == supervisor && poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	clean(what);
	_exit(0);
}

pid_t cleaner_start(void (*clean)(void *what), void *what)
{
	pid_t supervisor = getpid();
	pid_t pid = fork();

	if (pid == 0)
		stand_by(supervisor, clean, what);
	/* Here, not there: before there is anything to clean, both can be killed at once. */
	if (pid > 0)
		(void)setpgid(pid, pid); /* a child that executes nothing: cannot fail */
	return pid < 0 ? -errno : pid;
}

void cleaner_stop(pid_t cleaner)
{
	if (cleaner <= 0)
		return;
	(void)kill(cleaner, SIGKILL); /* it is our child: there until it is waited for */
	while (waitpid(cleaner, NULL, 0) < 0 && errno == EINTR)
		;
}
