/* Where the stub's page is in every traced process, and its image, which sandboxes place. */
#ifndef GUISE_STUB_H
#define GUISE_STUB_H

#include <stddef.h>

#define STUB_BASE 0x7e0000000000
#define STUB_CALL (STUB_BASE + 0x100) /* syscall; int3 */
#define STUB_CALLED (STUB_CALL + 3)
#define STUB_SWAP (STUB_BASE + 0x110) /* lock cmpxchg %edx, (%rdi); int3 */
#define STUB_SWAPPED (STUB_SWAP + 5)

extern const unsigned char *const stub_image;
extern const size_t stub_size;

#endif
