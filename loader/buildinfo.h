/* What Go's linker writes into every program: the system it was built for. */
#ifndef GUISE_BUILDINFO_H
#define GUISE_BUILDINFO_H

#include "loader/image.h"

/* The word after GOOS= in the build information at offset, of at most `size` bytes, into facts->built_for;
 * nothing, if there is none or it is not there. */
void buildinfo_read(const struct image_source *source, uint64_t offset, uint64_t size,
		    struct elf_facts *facts);

#endif
