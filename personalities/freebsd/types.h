/* FreeBSD's types, guest side on the left and Linux on the right, by topic.
 * Layouts and numbers: FreeBSD 15 headers (named in each file), checked against 13.2. */
#include "personalities/freebsd/types_aio.h"
#include "personalities/freebsd/types_file.h"
#include "personalities/freebsd/types_process.h"
#include "personalities/freebsd/types_socket.h"
#include "personalities/freebsd/types_sysv.h"
#include "personalities/freebsd/types_time.h"
