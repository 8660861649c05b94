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
	struct reader_options o = {0};

	if (reader.ring)
		return;
	o.out = fopen("/dev/null", "w");
	if (!o.out || reader_open(&reader, &o, &ring, &bell) < 0)
		abort();
}

/* Byte n of the input, or 0. */
static uint8_t byte(const uint8_t *data, size_t size, size_t n)
{
	return n < size ? data[n] : 0;
}

#define HEAD 16 /* bytes of the input that choose the record's head; captures follow */

/* The input as a record of the first system that has rows: whatever call, whatever captures. */
static void one_record(const uint8_t *data, size_t size)
{
	struct trace_record t = {
		.kind = byte(data, size, 1) % (TRACE_KINDS + 1),
		.flags = byte(data, size, 2),
		.nr = byte(data, size, 3) | (uint32_t)byte(data, size, 4) << 8,
		.result = (int8_t)byte(data, size, 5),
		.pid = byte(data, size, 6),
		.tid = byte(data, size, 7),
	};
	size_t n = size > HEAD ? size - HEAD : 0;

	for_each_personality(p)
		if (p->rows && !t.system[0])
			memcpy(t.system, p->name, strnlen(p->name, sizeof t.system));
	for (int i = 0; i < MAX_ARGS; i++)
		t.a[i] = (uint64_t)(int8_t)byte(data, size, 8 + (size_t)i) << (i % 2 ? 0 : 8);
	if (n > sizeof reader.record - sizeof t)
		n = sizeof reader.record - sizeof t;
	memcpy(reader.record, &t, sizeof t);
	if (n)
		memcpy(reader.record + sizeof t, data + HEAD, n);
	reader_take(&reader, sizeof t + n);
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
