/* A terminal's state between 4.4BSD's form and Linux's. */
#include "syscalls/terminal.h"

#include <string.h>

struct bsd_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t cc[20];
	uint32_t ispeed, ospeed;
};
_Static_assert(sizeof(struct bsd_termios) == BSD_TERMIOS, "the same everywhere");

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

void terminal_from_bsd(const struct terminal_flags *flags, const void *guest, void *host)
{
	struct bsd_termios g;
	struct terminal h = {0};

	memcpy(&g, guest, sizeof g);
	h.iflag = flags_to_host(flags->input, g.iflag);
	h.oflag = flags_to_host(flags->output, g.oflag);
	h.cflag = flags_to_host(flags->control, g.cflag);
	h.lflag = flags_to_host(flags->local, g.lflag);
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
}

void terminal_to_bsd(const struct terminal_flags *flags, const void *host, void *guest)
{
	struct bsd_termios g = {0};
	struct terminal h;

	memcpy(&h, host, sizeof h);
	memset(g.cc, NO_CHARACTER, sizeof g.cc);
	g.iflag = (uint32_t)names_to_guest_known(flags->input, h.iflag);
	g.oflag = (uint32_t)names_to_guest_known(flags->output, h.oflag);
	g.cflag = (uint32_t)names_to_guest_known(flags->control, h.cflag);
	g.lflag = (uint32_t)names_to_guest_known(flags->local, h.lflag);
	g.ispeed = h.ispeed;
	g.ospeed = h.ospeed;
	for (size_t i = 0; i < COUNT(characters); i++) {
		uint8_t ch = h.cc[characters[i].host];

		if (!ch && !is_count(characters[i].host))
			ch = NO_CHARACTER;
		g.cc[characters[i].guest] = ch;
	}
	memcpy(guest, &g, sizeof g);
}
