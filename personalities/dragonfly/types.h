/* DragonFly's types, guest side on the left and Linux on the right, by topic.
 * Layouts and numbers: DragonFly 5.9 headers (named in each file). */
#include "personalities/dragonfly/types_file.h"
#include "personalities/dragonfly/types_process.h"
#include "personalities/dragonfly/types_socket.h"
#include "personalities/dragonfly/types_sysv.h"
#include "personalities/dragonfly/types_time.h"
