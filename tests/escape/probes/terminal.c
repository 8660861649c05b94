/* Ways out through the terminal: what is typed there is obeyed by the caller's shell. */
#include "tests/escape/probes/probe.h"

#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/tty.h>

#include <asm/ioctls.h>
#include <asm/termbits.h>

#define HIGH (1L << 32) /* an ioctl's number is 32 bits: a filter that compares 64 misses these */

/* The host looks whether anything was typed (host.c); here, only whether it was possible. */
CHECK_OF("27", typing, SELF_PLAIN, NULL, "typing into the caller's terminal: TIOCSTI, both widths")
{
	for (int fd = 0; fd <= 2; fd++) {
		refused("TIOCSTI", host(__NR_ioctl, fd, TIOCSTI, "#"));
		refused("with bit 32", host(__NR_ioctl, fd, HIGH | TIOCSTI, "#"));
		refused("TIOCLINUX", host(__NR_ioctl, fd, TIOCLINUX, "\3"));
		refused("TIOCLINUX with bit 32", host(__NR_ioctl, fd, HIGH | TIOCLINUX, "\3"));
		refused("TIOCSETD", host(__NR_ioctl, fd, TIOCSETD, &(int){N_HDLC}));
		refused("TIOCCONS", host(__NR_ioctl, fd, TIOCCONS, 0));
	}
}

/* The host looks at the modes when all is over. */
CHECK_OF("27", terminal_modes, SELF_PLAIN, "the host judges",
	 "leaving the caller's terminal in another mode")
{
	struct termios t;
	for (int fd = 0; fd <= 2; fd++) {
		if (host(__NR_ioctl, fd, TCGETS, &t) < 0)
			continue;
		t.c_lflag ^= ECHO;
		host(__NR_ioctl, fd, TCSETS, &t);
		inform("changed, on its own terminal or the caller's", fd);
		return;
	}
	not_here("no terminal among 0-2");
}

/* A sandbox may have terminals of its own; the host's lie in another file system. */
bool is_hosts_terminal(int fd)
{
	struct statx s = {0};
	host(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &s);
	return s.stx_dev_major == 0 && s.stx_dev_minor == (unsigned)fact_number("TERMINALS");
}

CHECK_OF("27", stolen_terminal, SELF_PLAIN, NULL, "making the caller's terminal one's own")
{
	for (int fd = 0; fd <= 2; fd++) {
		if (host(__NR_ioctl, fd, TCGETS, scratch) < 0)
			continue;
		bool own = !is_hosts_terminal(fd);
		holds("not the host's, or not to be had",
		      own || ({
			      long child = start_child();
			      if (child == 0) {
				      host(__NR_setsid);
				      end(host(__NR_ioctl, fd, TIOCSCTTY, 1) == 0 ||
					  host(__NR_ioctl, fd, HIGH | TIOCSCTTY, 1) == 0);
			      }
			      wait_child(child) == 0;
		      }));
		return;
	}
	not_here("no terminal among 0-2");
}

CHECK_OF("27", others_terminals, SELF_PLAIN, NULL, "terminals of the host by name")
{
	char path[64], name[512];
	int reached = 0;
	for (int n = 0; n < 64; n++) {
		join(path, sizeof path, "/dev/pts/", digits(n), "");
		long fd = host(__NR_open, path, O_RDWR | O_NOCTTY);
		reached += fd >= 0 && is_hosts_terminal((int)fd);
		if (fd >= 0)
			host(__NR_close, fd);
	}
	holds("none", reached == 0);
	join(name, sizeof name, "/proc/", fact("VICTIM"), "/fd/0");
	refused("by /proc", host(__NR_open, name, O_RDWR | O_NOCTTY));
	static const char *const consoles[] = {"/dev/console", "/dev/tty0", "/dev/tty1",
					       "/dev/vcs"};
	for (size_t i = 0; i < COUNT(consoles); i++)
		refused(consoles[i], host(__NR_open, consoles[i], O_RDWR | O_NOCTTY));
}
