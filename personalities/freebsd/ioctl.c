/* ioctl: FreeBSD's numbers, and its terminals. */
#include "syscalls/ioctl.h"

#include <string.h>

#include "personalities/freebsd/file.h"
#include "personalities/freebsd/kinfo.h"
#include "syscalls/file.h"
#include "syscalls/linux.h"

/* ---- Terminals (sys/_termios.h; Linux: include/uapi/asm-generic/termbits.h) ------------ */

/* A Linux name would clash with libc's of another value. */
NAMES(termios_iflag, u32, BIT_AS(0x0001, 0x0001, "IGNBRK"), BIT_AS(0x0002, 0x0002, "BRKINT"),
      BIT_AS(0x0004, 0x0004, "IGNPAR"), BIT_AS(0x0008, 0x0008, "PARMRK"),
      BIT_AS(0x0010, 0x0010, "INPCK"), BIT_AS(0x0020, 0x0020, "ISTRIP"),
      BIT_AS(0x0040, 0x0040, "INLCR"), BIT_AS(0x0080, 0x0080, "IGNCR"),
      BIT_AS(0x0100, 0x0100, "ICRNL"), BIT_AS(0x0200, 0x0400, "IXON"),
      BIT_AS(0x0400, 0x1000, "IXOFF"), BIT_AS(0x0800, 0x0800, "IXANY"),
      BIT_AS(0x2000, 0x2000, "IMAXBEL"), BIT_AS(0x4000, 0x4000, "IUTF8"), );
NAMES(termios_oflag, u32, BIT_AS(0x01, 0x0001, "OPOST"), BIT_AS(0x02, 0x0004, "ONLCR"),
      PART_AS(0x04, 0x04, 0x1800, 0x1800, "TAB3"), BIT_AS(0x10, 0x0008, "OCRNL"),
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

struct guest_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t cc[20];
	uint32_t ispeed, ospeed;
};
_Static_assert(sizeof(struct guest_termios) == 44, "sys/_termios.h");

/* Guest index of a control character by Linux's.  VERASE2, VDSUSP and VSTATUS have none. */
static const struct {
	uint8_t guest, host;
} characters[] = {
	{8, 0}, /* VINTR */
	{9, 1}, /* VQUIT */
	{3, 2}, /* VERASE */
	{5, 3}, /* VKILL */
	{0, 4}, /* VEOF */
	{17, 5}, /* VTIME */
	{16, 6}, /* VMIN */
	{12, 8}, /* VSTART */
	{13, 9}, /* VSTOP */
	{10, 10}, /* VSUSP */
	{1, 11}, /* VEOL */
	{6, 12}, /* VREPRINT */
	{15, 13}, /* VDISCARD */
	{4, 14}, /* VWERASE */
	{14, 15}, /* VLNEXT */
	{2, 16}, /* VEOL2 */
};
#define HOST_VTIME 5
#define HOST_VMIN 6

/* "No character" is 0xff there and 0 on Linux (_POSIX_VDISABLE); the two counts are numbers. */
#define NO_CHARACTER 0xff

static bool is_count(uint8_t host_index)
{
	return host_index == HOST_VTIME || host_index == HOST_VMIN;
}

/* The mode bits a terminal lacks are left out, as the guest's kernel masks them off
 * (TTYSUP_* in sys/kern/tty.c): tcsetattr() succeeds if any of the changes could be made. */
static uint32_t flags_to_host(const struct type *t, uint32_t guest)
{
	uint64_t declared = 0, host = 0;

	for (unsigned i = 0; i < t->count; i++)
		if ((guest & t->names[i].mask) == t->names[i].guest)
			declared |= t->names[i].mask;
	(void)names_to_host(t, guest & declared, 0, &host); /* only declared bits are left */
	return (uint32_t)host;
}

/* Speeds are plain numbers on both sides, which Linux takes in its bits for them. */
#define SPEED_IS_NUMBER 0x1000u /* BOTHER */
#define INPUT_SPEED_IS_NUMBER (SPEED_IS_NUMBER << 16)

int freebsd_termios_to_host(struct call *c, const void *guest, void *host)
{
	struct guest_termios g;
	struct terminal h = {0};

	(void)c;
	memcpy(&g, guest, sizeof g);
	h.iflag = flags_to_host(&type_termios_iflag, g.iflag);
	h.oflag = flags_to_host(&type_termios_oflag, g.oflag);
	h.cflag = flags_to_host(&type_termios_cflag, g.cflag);
	h.lflag = flags_to_host(&type_termios_lflag, g.lflag);
	h.ospeed = g.ospeed;
	h.ispeed = g.ispeed ? g.ispeed : g.ospeed; /* 0: the same as the output's */
	if (h.ospeed)
		h.cflag |= SPEED_IS_NUMBER | INPUT_SPEED_IS_NUMBER;
	for (size_t i = 0; i < COUNT(characters); i++) {
		uint8_t ch = g.cc[characters[i].guest];

		if (ch == NO_CHARACTER && !is_count(characters[i].host))
			ch = 0;
		h.cc[characters[i].host] = ch;
	}
	memcpy(host, &h, sizeof h);
	return 0;
}

int freebsd_termios_to_guest(struct call *c, const void *host, void *guest)
{
	struct guest_termios g = {0};
	struct terminal h;

	(void)c;
	memcpy(&h, host, sizeof h);
	memset(g.cc, NO_CHARACTER, sizeof g.cc);
	g.iflag = (uint32_t)names_to_guest_known(&type_termios_iflag, h.iflag);
	g.oflag = (uint32_t)names_to_guest_known(&type_termios_oflag, h.oflag);
	g.cflag = (uint32_t)names_to_guest_known(&type_termios_cflag, h.cflag);
	g.lflag = (uint32_t)names_to_guest_known(&type_termios_lflag, h.lflag);
	g.ispeed = h.ispeed;
	g.ospeed = h.ospeed;
	for (size_t i = 0; i < COUNT(characters); i++) {
		uint8_t ch = h.cc[characters[i].host];

		if (!ch && !is_count(characters[i].host))
			ch = NO_CHARACTER;
		g.cc[characters[i].guest] = ch;
	}
	memcpy(guest, &g, sizeof g);
	return 0;
}

FREEBSD_CUSTOM(termios, sizeof(struct guest_termios), sizeof(struct terminal));

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

/* ---- The table --------------------------------------------------------------------------- */

#define D_TTY 4 /* sys/conf.h */

/* include/uapi/asm-generic/ioctls.h and termbits.h */
enum {
	TCOOFF = 0,
	TCOON = 1,
};
#define LINUX_TCSBRK 0x5409u
#define LINUX_TCXONC 0x540au
#define LINUX_TCFLSH 0x540bu
#define LINUX_TIOCEXCL 0x540cu
#define LINUX_TIOCNXCL 0x540du
#define LINUX_TIOCSCTTY 0x540eu
#define LINUX_TIOCGPGRP 0x540fu
#define LINUX_TIOCSPGRP 0x5410u
#define LINUX_TIOCOUTQ 0x5411u
#define LINUX_TIOCGWINSZ 0x5413u
#define LINUX_TIOCSWINSZ 0x5414u
#define LINUX_TIOCMGET 0x5415u
#define LINUX_TIOCMBIS 0x5416u
#define LINUX_TIOCMBIC 0x5417u
#define LINUX_TIOCMSET 0x5418u
#define LINUX_FIONREAD 0x541bu
#define LINUX_TIOCPKT 0x5420u
#define LINUX_FIONBIO 0x5421u
#define LINUX_TIOCNOTTY 0x5422u
#define LINUX_TIOCGETD 0x5424u
#define LINUX_TIOCSBRK 0x5427u
#define LINUX_TIOCCBRK 0x5428u
#define LINUX_TIOCGSID 0x5429u
#define LINUX_FIOASYNC 0x5452u
#define LINUX_TCGETS2 0x802c542au
#define LINUX_TCSETS2 0x402c542bu
#define LINUX_TCSETSW2 0x402c542cu
#define LINUX_TCSETSF2 0x402c542du
#define LINUX_TIOCGPTN 0x80045430u

static const struct ioctl ioctls[] = {
#define IOCTL(nm, direction, group, number, size, hw, t, linux_request, v) \
	{.name = #nm, \
	 .guest = REQUEST(direction, group, number, size), \
	 .how = hw, \
	 .type = &type_##t, \
	 .host = (linux_request), \
	 .value = (v)},
#include "personalities/freebsd/ioctl.def"
#undef IOCTL
};

/* FIODGNAME: struct fiodgname_arg has room and address for a device's name (sys/filio.h,
 * sys/fs/devfs/devfs_vnops.c). */
static long name_of_device(struct call *c, long answer)
{
	struct {
		int32_t room, padding;
		uint64_t to;
	} arg;
	enum { TERMINALS = 5, PTMX = 2 }; /* Linux's numbers of /dev/ptmx */
	char name[DEVICE_NAME];
	struct statx st;
	uint64_t fd, empty = empty_path(c);
	int r = arg_value(c, 0, &fd);

	if (r == 0)
		r = empty ? status_of(c, fd, empty, AT_EMPTY_PATH, &st) : -ENOMEM;
	if (r == 0)
		r = get_guest(c, &arg, c->a[2], sizeof arg);
	if (r < 0)
		return r;
	if (st.stx_rdev_major == TERMINALS && st.stx_rdev_minor == PTMX)
		return answer; /* a master, whose name the table knows */
	if ((st.stx_mode & S_IFMT) != S_IFCHR ||
	    kinfo_name_device(st.stx_rdev_major, st.stx_rdev_minor, name) < 0)
		return -ENOTTY;
	if (arg.room < 0 || (size_t)arg.room < strlen(name) + 1)
		return -EINVAL;
	return put_guest(c, arg.to, name, strlen(name) + 1);
}

#define FIODGNAME 0x80106678u /* _IOW('f', 120, struct fiodgname_arg) */

TRANSLATOR(freebsd_ioctl)
{
	long r = ioctl_by_table(c, ioctls, COUNT(ioctls));

	/* The table knows a pseudo-terminal's master, which goes by the other side's name. */
	return r < 0 && (uint32_t)c->a[1] == FIODGNAME ? name_of_device(c, r) : r;
}
