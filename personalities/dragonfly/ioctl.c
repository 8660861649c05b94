/* ioctl: DragonFly's numbers, and its terminals. */
#include "syscalls/ioctl.h"

#include "personalities/dragonfly/custom.h"
#include "syscalls/linux.h"
#include "syscalls/terminal.h"

/* ---- Terminals (sys/termios.h; Linux: include/uapi/asm-generic/termbits.h) ------------------------ */

/* A Linux name would clash with libc's of another value. */
NAMES(termios_iflag, u32, BIT_AS(0x0001, 0x0001, "IGNBRK"), BIT_AS(0x0002, 0x0002, "BRKINT"),
      BIT_AS(0x0004, 0x0004, "IGNPAR"), BIT_AS(0x0008, 0x0008, "PARMRK"),
      BIT_AS(0x0010, 0x0010, "INPCK"), BIT_AS(0x0020, 0x0020, "ISTRIP"),
      BIT_AS(0x0040, 0x0040, "INLCR"), BIT_AS(0x0080, 0x0080, "IGNCR"),
      BIT_AS(0x0100, 0x0100, "ICRNL"), BIT_AS(0x0200, 0x0400, "IXON"),
      BIT_AS(0x0400, 0x1000, "IXOFF"), BIT_AS(0x0800, 0x0800, "IXANY"),
      BIT_AS(0x2000, 0x2000, "IMAXBEL"), );
NAMES(termios_oflag, u32, BIT_AS(0x01, 0x0001, "OPOST"), BIT_AS(0x02, 0x0004, "ONLCR"),
      PART_AS(0x04, 0x04, 0x1800, 0x1800, "OXTABS"), BIT_AS(0x10, 0x0008, "OCRNL"),
      BIT_AS(0x20, 0x0010, "ONOCR"), BIT_AS(0x40, 0x0020, "ONLRET"), );
NAMES(termios_cflag, u32, PART_AS(0x0300, 0x0000, 0x30, 0x00, "CS5"),
      PART_AS(0x0300, 0x0100, 0x30, 0x10, "CS6"), PART_AS(0x0300, 0x0200, 0x30, 0x20, "CS7"),
      PART_AS(0x0300, 0x0300, 0x30, 0x30, "CS8"), BIT_AS(0x0400, 0x0040, "CSTOPB"),
      BIT_AS(0x0800, 0x0080, "CREAD"), BIT_AS(0x1000, 0x0100, "PARENB"),
      BIT_AS(0x2000, 0x0200, "PARODD"), BIT_AS(0x4000, 0x0400, "HUPCL"),
      BIT_AS(0x8000, 0x0800, "CLOCAL"), BIT_AS(0x30000, 0x80000000, "CRTSCTS"), );
NAMES(termios_lflag, u32, BIT_AS(0x0001, 0x0800, "ECHOKE"), BIT_AS(0x0002, 0x0010, "ECHOE"),
      BIT_AS(0x0004, 0x0020, "ECHOK"), BIT_AS(0x0008, 0x0008, "ECHO"),
      BIT_AS(0x0010, 0x0040, "ECHONL"), BIT_AS(0x0020, 0x0400, "ECHOPRT"),
      BIT_AS(0x0040, 0x0200, "ECHOCTL"), BIT_AS(0x0080, 0x0001, "ISIG"),
      BIT_AS(0x0100, 0x0002, "ICANON"), BIT_AS(0x0400, 0x8000, "IEXTEN"),
      BIT_AS(0x0800, 0x10000, "EXTPROC"), BIT_AS(0x400000, 0x0100, "TOSTOP"),
      BIT_AS(0x800000, 0x1000, "FLUSHO"), BIT_AS(0x20000000, 0x4000, "PENDIN"),
      BIT_AS(0x80000000, 0x0080, "NOFLSH"), );

static const struct terminal_flags flags = {&type_termios_iflag, &type_termios_oflag,
					    &type_termios_cflag, &type_termios_lflag};

int dragonfly_termios_to_host(struct call *c, const void *guest, void *host)
{
	(void)c;
	terminal_from_bsd(&flags, guest, host);
	return 0;
}

int dragonfly_termios_to_guest(struct call *c, const void *host, void *guest)
{
	(void)c;
	terminal_to_bsd(&flags, host, guest);
	return 0;
}

DRAGONFLY_CUSTOM(termios, BSD_TERMIOS, sizeof(struct terminal));

struct winsize {
	uint16_t rows, columns, width, height;
};
#define HOST struct winsize
STRUCT(winsize, 8, FIELD(0, u16, rows), FIELD(2, u16, columns), FIELD(4, u16, width),
       FIELD(6, u16, height));
#undef HOST

/* TIOCM_*: the first nine are the same. */
NAMES(modem_lines, i32, BIT_AS(0x001, 0x001, "TIOCM_LE"), BIT_AS(0x002, 0x002, "TIOCM_DTR"),
      BIT_AS(0x004, 0x004, "TIOCM_RTS"), BIT_AS(0x008, 0x008, "TIOCM_ST"),
      BIT_AS(0x010, 0x010, "TIOCM_SR"), BIT_AS(0x020, 0x020, "TIOCM_CTS"),
      BIT_AS(0x040, 0x040, "TIOCM_DCD"), BIT_AS(0x080, 0x080, "TIOCM_RI"),
      BIT_AS(0x100, 0x100, "TIOCM_DSR"), );

/* ---- The table ------------------------------------------------------------------------------------ */

static const struct ioctl ioctls[] = {
#define IOCTL(nm, direction, group, number, size, hw, t, linux_request, v) \
	{.name = #nm, \
	 .guest = REQUEST(direction, group, number, size), \
	 .how = hw, \
	 .type = &type_##t, \
	 .host = (linux_request), \
	 .value = (v)},
#include "personalities/dragonfly/ioctl.def"
#undef IOCTL
};

TRANSLATOR(dragonfly_ioctl)
{
	return ioctl_by_table(c, ioctls, COUNT(ioctls));
}
