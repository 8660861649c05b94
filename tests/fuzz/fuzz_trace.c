/* The reader of the trace's ring, on anything a guest might write there. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct reader reader;
static int ring, bell;

static void open_once(void)
{
	struct reader_options o = {.out = fopen("/dev/null", "w")};

	if (reader.ring)
		return;
	if (!o.out || reader_open(&reader, &o, &ring, &bell) < 0)
		abort();
}

/* The input as one well-formed record of the first system that has rows. */
static void one_record(const uint8_t *data, size_t size)
{
	struct trace_record t = {0};
	size_t n = sizeof t;

	for_each_personality(p)
		if (p->rows)
			memcpy(t.system, p->name, strnlen(p->name, sizeof t.system));
	memcpy(reader.record, data, size);
	if (size < n)
		memset(reader.record + size, 0, n - size);
	else
		n = size;
	memcpy(reader.record + offsetof(struct trace_record, system), t.system, sizeof t.system);
	reader_take(&reader, n);
}

/* The input as what lies in the ring, words that say "complete" where the input asks. */
static void in_the_ring(const uint8_t *data, size_t size)
{
	char *room = (char *)reader.ring + TRACE_HEAD;
	uint64_t from = reader.tail;

	for (size_t i = 0; i < size; i += TRACE_ALIGN) {
		uint64_t word = TRACE_MAGIC ^ (from + i);
		char *at = room + (from + i) % TRACE_ROOM;

		memcpy(at, data + i, size - i < TRACE_ALIGN ? size - i : TRACE_ALIGN);
		if (data[i] & 1)
			memcpy(at, &word, sizeof word);
	}
	memcpy(&reader.ring->asleep, data, size < 4 ? size : 4);
	reader.ring->head = from + ((size + TRACE_ALIGN - 1) & ~(TRACE_ALIGN - 1));
	if (size > 8 && data[1] == 0xff)
		memcpy(&reader.ring->head, data, 8);
	(void)reader_drain(&reader, false);
	(void)reader_drain(&reader, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	open_once();
	if (!size || size > TRACE_LARGEST)
		return 0;
	reader.options.clock = data[0] & 2;
	reader.options.since_last = data[0] & 4;
	reader.options.spent = data[0] & 8;
	reader.options.summary = data[0] & 16;
	one_record(data, size);
	in_the_ring(data, size);
	return 0;
}
