/* Terminals, whose state the BSDs have in 4.4BSD's form: struct termios with plain numbers for
 * speeds, and characters at 4.4BSD's places.  The flags are each system's own. */
#ifndef GUISE_TERMINAL_H
#define GUISE_TERMINAL_H

#include "syscalls/abi.h"

/* A terminal's state, as Linux's TCGETS2 has it (include/uapi/asm-generic/termbits.h; that
 * header clashes with <termios.h>). */
struct terminal {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[19];
	uint32_t ispeed, ospeed;
};
_Static_assert(sizeof(struct terminal) == 44, "struct termios2");

#define BSD_TERMIOS 44 /* sizeof(struct termios) there */

/* Names types of the four words of flags. */
struct terminal_flags {
	const struct type *input, *output, *control, *local;
};
void terminal_from_bsd(const struct terminal_flags *flags, const void *guest, void *host);
void terminal_to_bsd(const struct terminal_flags *flags, const void *host, void *guest);

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

#endif
