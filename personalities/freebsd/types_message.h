/* Flags of sending and receiving, as arguments and as an answer. */
#include "syscalls/linux.h"

/* sys/socket.h: MSG_*; bits for the kernel's own use are left out. */
NAMES(message_flags, i32, BIT(0x1, MSG_OOB), BIT(0x2, MSG_PEEK), BIT(0x4, MSG_DONTROUTE),
      BIT(0x8, MSG_EOR), BIT(0x10, MSG_TRUNC), BIT(0x20, MSG_CTRUNC), BIT(0x40, MSG_WAITALL),
      BIT(0x80, MSG_DONTWAIT), BIT(0x20000, MSG_NOSIGNAL), BIT(0x40000, MSG_CMSG_CLOEXEC),
      BIT(0x80000, MSG_WAITFORONE), GUEST_ONLY(0x400000, "MSG_CMSG_CLOFORK"), );
