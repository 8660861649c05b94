/* The table's layout is that of Go 1.18 and later: runtime/symtab.go (pcHeader, pcvalue),
 * runtime/runtime2.go (_func) and internal/abi/symtab.go of Go 1.18, 1.20 and 1.26.
 *
 *	header      magic u32, 0 u16, smallest instruction u8, bytes of a pointer u8, then words:
 *	            functions, files, text, and the offsets of names, units, files, values, functions
 *	functions   {entry u32, record u32} each, entries counted from text; the end of the last
 *	record      entry u32, name, arguments, deferreturn, frame, file, line, n, unit, [first
 *	            line, since 1.20,] kind u8, flags u8
 *	values      what changes along a function: {change of the value, how far} in a row, as
 *	            varints, the first with its sign in the lowest bit
 *
 * The table comes from a file the guest may have written: every offset is checked where it is used.
 */
#include "trace/gotable.h"

#include <string.h>

#define MAGIC_1_18 0xfffffff0U
#define MAGIC_1_20 0xfffffff1U
#define HEADER 72
#define FLAG_FIRST 1 /* internal/abi/symtab.go: FuncFlagTopFrame, FuncFlagSPWrite */
#define FLAG_MOVES_STACK 2

/* Offsets within a function's record. */
enum { OF_NAME = 4, OF_FRAME = 16, OF_FILE = 20, OF_LINE = 24, OF_UNIT = 32 };

static bool get(const struct gotable *t, uint64_t at, void *to, size_t n)
{
	if (at > t->size || n > t->size - at)
		return false;
	memcpy(to, t->data + at, n);
	return true;
}

static bool get32(const struct gotable *t, uint64_t at, uint32_t *to)
{
	return get(t, at, to, sizeof *to);
}

static bool get_offset(const struct gotable *t, unsigned word, size_t *to)
{
	uint64_t value;

	if (!get(t, 8 + 8UL * word, &value, sizeof value) || value > t->size)
		return false;
	*to = value;
	return true;
}

bool gotable_open(struct gotable *t, const void *data, size_t size, uint64_t text)
{
	uint32_t magic;
	uint8_t widths[4];

	*t = (struct gotable){.data = data, .size = size};
	if (size < HEADER || !get32(t, 0, &magic) || !get(t, 4, widths, sizeof widths) ||
	    (magic != MAGIC_1_18 && magic != MAGIC_1_20) || widths[2] != 1 || widths[3] != 8)
		return false;
	t->flags = magic == MAGIC_1_18 ? 37 : 41;
	if (!get(t, 8, &t->n_functions, 8) || !get(t, 24, &t->text, 8) ||
	    !get_offset(t, 3, &t->names) || !get_offset(t, 4, &t->units) ||
	    !get_offset(t, 5, &t->files) || !get_offset(t, 6, &t->values) ||
	    !get_offset(t, 7, &t->functions))
		return false;
	if (!t->text) /* since Go 1.26 */
		t->text = text;
	return t->n_functions && t->n_functions <= (size - t->functions) / 8;
}

/* A string that ends within the table. */
static const char *text_at(const struct gotable *t, size_t table, uint32_t offset)
{
	uint64_t at = (uint64_t)table + offset;

	if (at >= t->size || !memchr(t->data + at, 0, t->size - at))
		return NULL;
	return (const char *)t->data + at;
}

static bool get_varint(const struct gotable *t, uint64_t *at, uint32_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 35 && *at < t->size; shift += 7) {
		uint8_t byte = t->data[(*at)++];

		*value |= shift < 32 ? (uint32_t)(byte & 0x7f) << shift : 0;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

/* The value at `offset` bytes from the function's beginning; -1 if there is none.  Every turn
 * takes bytes of the table, so it ends. */
static int64_t value_at(const struct gotable *t, uint32_t table, uint64_t offset)
{
	uint64_t at = (uint64_t)t->values + table, reached = 0;
	int64_t value = -1;

	if (!table)
		return -1;
	for (bool first = true;; first = false) {
		uint32_t change, step;

		if (!get_varint(t, &at, &change) || (!change && !first) ||
		    !get_varint(t, &at, &step))
			return -1;
		value += (int32_t)(change >> 1) ^ -(int32_t)(change & 1);
		reached += step;
		if (offset < reached)
			return value;
	}
}

/* Index of the last function that begins at or before the offset. */
static uint64_t search(const struct gotable *t, uint32_t offset)
{
	uint64_t low = 0, high = t->n_functions;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		uint32_t entry = 0;

		(void)get32(t, t->functions + 8 * middle, &entry); /* gotable_open() looked */
		if (entry <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static const char *file_of(const struct gotable *t, uint64_t record, uint64_t offset)
{
	uint32_t table, unit, name;
	int64_t file;

	if (!get32(t, record + OF_FILE, &table) || !get32(t, record + OF_UNIT, &unit))
		return NULL;
	file = value_at(t, table, offset);
	if (file < 0 || !get32(t, t->units + 4 * ((uint64_t)unit + (uint64_t)file), &name))
		return NULL;
	return name == UINT32_MAX ? NULL : text_at(t, t->files, name);
}

bool gotable_find(const struct gotable *t, uint64_t address, struct gofunction *out)
{
	uint64_t offset = address - t->text, record, index;
	uint32_t entry, at, name, frame, line, end;
	uint8_t flags;

	if (address < t->text || offset > UINT32_MAX)
		return false;
	index = search(t, (uint32_t)offset);
	if (!get32(t, t->functions + 8 * index, &entry) || entry > offset ||
	    !get32(t, t->functions + 8 * index + 4, &at) ||
	    !get32(t, t->functions + 8 * index + 8, &end) || offset >= end)
		return false;
	record = (uint64_t)t->functions + at;
	if (!get32(t, record + OF_NAME, &name) || !get32(t, record + OF_FRAME, &frame) ||
	    !get32(t, record + OF_LINE, &line) || !get(t, record + t->flags, &flags, 1))
		return false;
	*out = (struct gofunction){
		.name = text_at(t, t->names, name),
		.file = file_of(t, record, offset - entry),
		.entry = t->text + entry,
		.line = value_at(t, line, offset - entry),
		.frame = value_at(t, frame, offset - entry),
		.is_first = flags & FLAG_FIRST,
		.moves_stack = flags & FLAG_MOVES_STACK,
	};
	return out->name;
}
