/* See vectors.h. */
#include "syscalls/vectors.h"

#include "syscalls/engine.h"

#define SOFTWARE_BYTES 464

struct beyond {
	uint64_t magic; /* with the address mixed in, so that a copy elsewhere is none */
	uint64_t at;
	uint64_t size;
};
#define BEYOND_MAGIC 0x646e6f7965620a31UL
_Static_assert(SOFTWARE_BYTES + sizeof(struct beyond) <= VECTORS_LEGACY, "there is room");

size_t vectors_beyond(void)
{
	return engine_vector_size() - VECTORS_LEGACY;
}

int vectors_keep(struct thread *t, uint64_t legacy, uint64_t rest)
{
	struct beyond b = {.magic = BEYOND_MAGIC ^ legacy, .at = rest, .size = vectors_beyond()};
	int e = engine_save_vectors(t, legacy, rest, b.size);

	return e < 0 ? e : thread_put(t, legacy + SOFTWARE_BYTES, &b, sizeof b);
}

int vectors_restore(struct thread *t, uint64_t legacy)
{
	struct beyond b;
	bool more;

	if (thread_get(t, &b, legacy + SOFTWARE_BYTES, sizeof b) < 0)
		return -EFAULT;
	more = b.magic == (BEYOND_MAGIC ^ legacy) && b.at > legacy && b.at - legacy < GUEST_PAGE &&
	       b.size == vectors_beyond();
	return engine_load_vectors(t, legacy, more ? b.at : 0, more ? b.size : 0);
}
