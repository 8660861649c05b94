/* Go's build information (src/debug/buildinfo/buildinfo.go, Go 1.18 and later): a header of 32 bytes with a
 * magic word, then the compiler's version and the list of what was built in, each with its length before it.
 * The linker puts it at the beginning of the writable segment.  Programs before 1.18 have pointers
 * there, and the list says nothing of the system. */
#include "loader/buildinfo.h"

#include <string.h>

#define HEADER 32
#define MAGIC "\xff Go buildinf:"
#define FLAGS_AT 15
#define INLINE_STRINGS 2
#define LIST_MOST 65536 /* of its bytes: the settings come last, after every module's line */
#define STEP 512

static const char key[] = "\nbuild\tGOOS=";
#define KEY (sizeof key - 1)

/* Bytes of one step, and a name's after it. */
struct window {
	char bytes[STEP + sizeof key + sizeof((struct elf_facts *)0)->built_for];
	size_t n;
};

static void look(struct window *w, const struct image_source *s, uint64_t at, uint64_t end)
{
	uint64_t n = end - at < sizeof w->bytes ? end - at : sizeof w->bytes;
	long got = s->read_at(s->context, w->bytes, n, at);

	w->n = got > 0 ? (size_t)got : 0;
}

/* A length of at most three bytes of seven bits; 0: a longer one, or none. */
static size_t length_at(const struct window *w, size_t at, size_t *length)
{
	*length = 0;
	for (size_t i = 0; i < 3 && at + i < w->n; i++) {
		unsigned char c = (unsigned char)w->bytes[at + i];

		*length |= (size_t)(c & 0x7f) << (7 * i);
		if (!(c & 0x80))
			return i + 1;
	}
	return 0;
}

static bool take_name(const struct window *w, size_t at, char *to, size_t size)
{
	for (size_t n = 0; n < size && at + n < w->n; n++)
		if (w->bytes[at + n] == '\n') {
			memcpy(to, w->bytes + at, n);
			to[n] = 0;
			return n > 0;
		}
	return false;
}

/* True if that was the place, whatever stands there. */
static bool find_name(const struct window *w, struct elf_facts *facts)
{
	for (size_t i = 0; i < STEP && i + KEY <= w->n; i++)
		if (!memcmp(w->bytes + i, key, KEY)) {
			(void)take_name(w, i + KEY, facts->built_for, sizeof facts->built_for);
			return true;
		}
	return false;
}

void buildinfo_read(const struct image_source *s, uint64_t offset, uint64_t size,
		    struct elf_facts *facts)
{
	struct window w;
	size_t version, list, at = HEADER, n;
	uint64_t end;

	look(&w, s, offset, offset + size);
	if (w.n < HEADER || memcmp(w.bytes, MAGIC, sizeof MAGIC - 1) ||
	    !(w.bytes[FLAGS_AT] & INLINE_STRINGS))
		return;
	n = length_at(&w, at, &version);
	at += n + version;
	if (!n || at >= w.n)
		return;
	n = length_at(&w, at, &list);
	at += n;
	if (!n || list > LIST_MOST || list > size - at)
		return;
	end = offset + at + list;
	for (uint64_t from = offset + at; from < end; from += STEP) {
		look(&w, s, from, end);
		if (!w.n || find_name(&w, facts))
			return;
	}
}
