/* NetBSD's types, guest side on the left and Linux on the right, by topic.
 * Layouts and numbers: NetBSD 10 headers (named in each file). */
#include "personalities/netbsd/types_aio.h"
#include "personalities/netbsd/types_file.h"
#include "personalities/netbsd/types_old.h"
#include "personalities/netbsd/types_process.h"
#include "personalities/netbsd/types_socket.h"
#include "personalities/netbsd/types_sysv.h"
#include "personalities/netbsd/types_time.h"
