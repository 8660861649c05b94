#include "sandbox/leftovers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sandbox/scope.h"

struct leftovers *leftovers_new(void)
{
	void *shared = mmap(NULL, sizeof(struct leftovers), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return NULL;
	((struct leftovers *)shared)->record = (struct record)RECORD_NONE;
	return shared;
}

void leftovers_free(struct leftovers *l)
{
	if (l)
		(void)munmap(l, sizeof *l); /* it is one mapping */
}

static bool same_modes(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag &&
	       a->c_cflag == b->c_cflag;
}

/* Not if the shell has it in other modes already.  All signals are blocked, and this is no
 * longer a process of the terminal's session: nobody stops it. */
static void restore_terminal(const struct leftovers *l)
{
	struct termios now;
	AUTO_CLOSE int tty = open(l->tty, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (tty < 0 || tcgetattr(tty, &now) < 0)
		return; /* gone */
	if (same_modes(&now, &l->modes_raw))
		(void)tcsetattr(tty, TCSANOW, &l->modes_saved); /* nobody to tell */
}

void leftovers_clean(void *leftovers)
{
	const struct leftovers *l = leftovers;

	if (l->raw && *l->tty)
		restore_terminal(l);
	if (*l->record.name)
		record_sweep(l->record.directory, l->record.name);
}
